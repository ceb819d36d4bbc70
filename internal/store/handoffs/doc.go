// Package handoffs keeps the way of drafts across their boundaries: every change
// of state, the clocks, what fell due and whom it was sent to, and attestations.
//
// It decides which of two writers wins and that nothing is kept twice. It never
// decides what is due or who may act, and it never changes a notice or a move
// once it is written. Every method joins the transaction in its context.
package handoffs
