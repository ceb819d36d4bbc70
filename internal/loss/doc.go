// Package loss measures how many planted facts survive a chain of handoffs, with
// and without contracts.
//
// It decides what a stage passes on when its page is short: a deterministic
// summariser ranks what it was given and keeps what fits. With a contract, the
// real contracts.Check looks at every draft before it crosses. It never asks a
// model, never looks at which entry is a planted fact when it ranks, and is no
// part of the product: its tests run it and write internal/docs/loss.md.
package loss
