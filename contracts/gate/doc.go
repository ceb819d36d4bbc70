// Package gate holds the kinds of check a contract can ask for.
//
// It decides whether one gate compiles against its artefact's schema and
// whether one draft passes it. There are three kinds: automatic (an expression
// or the schema itself), grounded (quotes, figures and records against the
// evidence) and threshold (numbers within bounds). It never repairs a draft,
// never reads a word's meaning, and an error while checking is never a pass.
package gate
