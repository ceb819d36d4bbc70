package audit

import (
	"context"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Hash is a hash of the tree: 32 bytes.
type Hash = tlog.Hash

// Verifiers finds the public key that signed a checkpoint.
type Verifiers = note.Verifiers

// Leaf is one record as it is stored: its bytes are made once and never again.
type Leaf struct {
	Seq   int64 // from 1; the leaf's index in the tree is Seq-1
	Bytes []byte
	// Subject is what the record is about, to find it by; set by Append.
	Subject string
}

// Storage keeps leaves and tree hashes. Every method joins the transaction in
// ctx when there is one. It must be safe for concurrent use.
type Storage interface {
	// Size returns how many leaves were appended, from a counter of its own, so
	// that a lost leaf does not lower it. In a transaction it also locks the
	// counter, so that of two appending replicas one waits or fails.
	Size(ctx context.Context) (int64, error)
	// Append stores the leaf, its hashes at first, first+1, ... and Size = leaf.Seq.
	// It fails with fault.Conflict when the leaf or a hash exists, or when Size was not leaf.Seq-1.
	Append(ctx context.Context, leaf Leaf, first int64, hashes []Hash) error
	// Leaves returns up to limit leaves with Seq > after, in order of Seq, just
	// as they are stored: what is missing is left out.
	Leaves(ctx context.Context, after int64, limit int) ([]Leaf, error)
	// About returns the leaves that were appended under the subject, in order of
	// Seq. It only finds: the log proves what it returns.
	About(ctx context.Context, subject string) ([]Leaf, error)
	// Hashes returns the hashes at the indexes, in their order; a missing one is
	// the zero Hash. It is asked for at most 2,048 at once.
	Hashes(ctx context.Context, indexes []int64) ([]Hash, error)
}

// Checkpoints keeps signed checkpoints beside the log. They narrow down where a
// log was changed; only a checkpoint kept elsewhere proves that nothing was cut off.
type Checkpoints interface {
	// SaveCheckpoint keeps note for a log of that size. Saving a size again
	// replaces nothing and is no error.
	SaveCheckpoint(ctx context.Context, size int64, note []byte) error
	// Checkpoints returns up to limit checkpoints, largest size first.
	Checkpoints(ctx context.Context, limit int) ([][]byte, error)
}

// Keys gives the key that signs and the keys that are believed. It is called
// when a checkpoint is made or read, not before.
type Keys func(ctx context.Context) (Key, error)

// Key signs checkpoints and verifies them. Verifiers may hold retired keys too.
type Key struct {
	Signer    note.Signer
	Verifiers Verifiers
}
