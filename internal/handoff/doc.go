// Package handoff takes a draft across a boundary: draft, contract, review,
// publish, acknowledge, start, close, with a clock for what was promised.
//
// It decides which move a draft may make and who may make it, and it checks the
// contract itself, so that no agent can skip its gate. It never drafts, never
// applies a change, and never takes silence for a yes.
package handoff
