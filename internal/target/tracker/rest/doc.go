// Package rest sends one request to a tracker's REST interface and says what
// became of it: done, certainly not done, or not known.
//
// It decides what may be tried again: a read after a failure, anything after an
// answer that says "not now", and never a write whose answer is missing. It
// bounds times, sizes and redirects, and keeps the token out of addresses and
// errors. It knows nothing about issues.
package rest
