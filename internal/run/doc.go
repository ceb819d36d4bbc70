// Package run holds what a durable execution is: its states and the moves between them.
//
// It decides which move is allowed. It never executes anything; that is the
// engine's work.
package run
