// Package gate holds the kinds of check a contract can ask for.
//
// It decides whether one gate compiles against its artefact's schema and
// whether one draft passes it. There are five kinds: automatic (an expression
// or the schema itself), grounded (quotes, figures and records against the
// evidence), threshold (numbers within bounds), attestation (a person of a role
// has said so of exactly these bytes) and carry (nothing that stood upstream is
// lost without a word). It never repairs a draft, never reads a word's meaning,
// never takes silence for a yes, and an error while checking is never a pass.
package gate
