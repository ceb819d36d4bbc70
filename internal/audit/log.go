package audit

import (
	"context"
	"encoding/json"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"roleos/internal/fault"
)

const (
	maxPage = 500     // leaves read at once
	maxSize = 1 << 40 // records; tlog's arithmetic does not end beyond 1<<62
)

// Log appends to and reads from the audit log. It is safe for concurrent use
// when its storage is.
type Log struct {
	storage     Storage
	checkpoints Checkpoints
	keys        Keys
	now         func() time.Time
	mode        string
}

// New returns a log over storage. checkpoints may be nil: then none are kept
// beside the log.
func New(storage Storage, checkpoints Checkpoints, keys Keys, now func() time.Time) *Log {
	return &Log{storage: storage, checkpoints: checkpoints, keys: keys, now: now}
}

// WithMode returns the same log, marking every record it appends with mode.
func (l *Log) WithMode(mode string) *Log {
	c := *l
	c.mode = mode
	return &c
}

// Append adds one record in the transaction of ctx, so that it is there exactly
// when the writes it tells of are. detail is written as JSON; nil leaves it out.
// It fails with fault.Conflict when another replica appended first: the caller
// runs its transaction again.
func (l *Log) Append(ctx context.Context, kind, actor, subject string, detail any) error {
	const op = "audit.append"
	r := Record{At: l.now().UTC(), Kind: kind, Actor: actor, Subject: subject, Mode: l.mode}
	if detail != nil {
		raw, err := json.Marshal(detail)
		if err != nil {
			return fault.Wrap(err, fault.Invalid, op, "the detail of audit record %q cannot be written as JSON", kind)
		}
		r.Detail = raw
	}
	size, err := l.storage.Size(ctx)
	if err != nil {
		return err
	}
	if size < 0 || size >= maxSize {
		return fault.New(fault.Internal, op, "the audit log says it has %d records", size)
	}
	r.Seq = size + 1
	leaf := Leaf{Seq: r.Seq, Subject: subject}
	if leaf.Bytes, err = r.encode(); err != nil {
		return err
	}
	hashes, err := tlog.StoredHashes(size, leaf.Bytes, l.reader(ctx))
	if err != nil {
		return err
	}
	return l.storage.Append(ctx, leaf, tlog.StoredHashIndex(0, size), hashes)
}

// List returns up to limit records after seq number after, oldest first. limit
// is cut to 500; 0 or less means 500.
func (l *Log) List(ctx context.Context, after int64, limit int) ([]Record, error) {
	if limit <= 0 || limit > maxPage {
		limit = maxPage
	}
	leaves, err := l.storage.Leaves(ctx, after, limit)
	if err != nil {
		return nil, err
	}
	out := make([]Record, len(leaves))
	for i, leaf := range leaves {
		if out[i], err = decode(leaf); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// About returns what the log says about a subject, oldest first. Each record is
// proved against the log's hashes; one that is not what was written fails with
// fault.Denied. What the log's index does not know of is not found.
func (l *Log) About(ctx context.Context, subject string) ([]Record, error) {
	leaves, err := l.storage.About(ctx, subject)
	if err != nil || len(leaves) == 0 {
		return nil, err
	}
	size, err := l.storage.Size(ctx)
	if err != nil {
		return nil, err
	}
	read := l.reader(ctx)
	root, err := tlog.TreeHash(size, read)
	if err != nil {
		return nil, err
	}
	out := make([]Record, 0, len(leaves))
	for _, leaf := range leaves {
		if _, err := l.path(Head{Size: size, Root: root}, leaf, read); err != nil {
			return nil, err
		}
		r, err := decode(leaf)
		if err != nil {
			return nil, err
		}
		if r.Subject == subject {
			out = append(out, r)
		}
	}
	return out, nil
}

// reader reads tree hashes; a missing one is an error.
func (l *Log) reader(ctx context.Context) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		if len(indexes) == 0 {
			return nil, nil
		}
		hashes, err := l.storage.Hashes(ctx, indexes)
		if err != nil {
			return nil, err
		}
		if len(hashes) != len(indexes) {
			return nil, fault.New(fault.Internal, "audit.read", "asked for %d tree hashes, got %d", len(indexes), len(hashes))
		}
		for i, h := range hashes {
			if h == (tlog.Hash{}) {
				level, n := tlog.SplitStoredHashIndex(indexes[i])
				return nil, fault.New(fault.Internal, "audit.read", "the audit log lost the hash over records %d to %d", n<<level+1, (n+1)<<level).
					WithMend("Run: roleos audit verify")
			}
		}
		return hashes, nil
	})
}
