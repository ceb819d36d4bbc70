// Package targettest is the one suite that every target passes: plan,
// before-state, stage, apply, read back, inverse, drift, idempotency, limits,
// and a process killed at every point of a change set's life.
//
// It decides what a target has to do for change sets to be safe on it. It never
// knows anything about one target alone.
package targettest
