package store

import (
	"context"
	"strings"

	"roleos/internal/audit"
	"roleos/internal/fault"
)

// Audit keeps the audit log's leaves, tree hashes and checkpoints. It only adds.
type Audit struct{ db *DB }

var (
	_ audit.Storage     = (*Audit)(nil)
	_ audit.Checkpoints = (*Audit)(nil)
)

// Audit returns the storage of the audit log.
func (db *DB) Audit() *Audit { return &Audit{db} }

// Size returns how many leaves were appended. In a transaction it also keeps
// others from appending until that ends.
func (a *Audit) Size(ctx context.Context) (int64, error) {
	query := `SELECT size FROM audit_size WHERE one = 1`
	if a.db.dialect == Postgres && a.db.Joined(ctx) {
		query += ` FOR UPDATE`
	}
	var size int64
	err := a.db.r(ctx).QueryRowContext(ctx, query).Scan(&size)
	return size, a.db.failed("audit", err)
}

// Append stores the leaf, its hashes at first, first+1, ... and the new size. It
// fails with fault.Conflict when one of them is there or the size was not
// leaf.Seq-1; then nothing is stored.
func (a *Audit) Append(ctx context.Context, leaf audit.Leaf, first int64, hashes []audit.Hash) error {
	return a.db.InTx(ctx, func(ctx context.Context) error {
		q := a.db.q(ctx)
		taken := fault.New(fault.Conflict, "store.audit", "audit record %d was appended by another writer", leaf.Seq)
		res, err := q.ExecContext(ctx, `UPDATE audit_size SET size = ? WHERE one = 1 AND size = ?`, leaf.Seq, leaf.Seq-1)
		if err != nil {
			return a.db.failed("audit", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			if err != nil {
				return a.db.failed("audit", err)
			}
			return taken
		}
		body := leaf.Bytes
		if body == nil {
			body = []byte{}
		}
		insert := func(query string, args ...any) error {
			_, err := q.ExecContext(ctx, query, args...)
			if duplicate(err) {
				return taken
			}
			return a.db.failed("audit", err)
		}
		if err := insert(`INSERT INTO audit_leaves (seq, body) VALUES (?, ?)`, leaf.Seq, body); err != nil {
			return err
		}
		if leaf.Subject != "" {
			if err := insert(`INSERT INTO audit_subjects (subject, seq) VALUES (?, ?)`, leaf.Subject, leaf.Seq); err != nil {
				return err
			}
		}
		if len(hashes) == 0 {
			return nil
		}
		args := make([]any, 0, 2*len(hashes))
		for i := range hashes {
			args = append(args, first+int64(i), hashes[i][:])
		}
		return insert(`INSERT INTO audit_hashes (idx, hash) VALUES `+list("(?, ?)", len(hashes)), args...)
	})
}

// Leaves returns up to limit leaves with Seq > after, in order of Seq, just as
// they are stored.
func (a *Audit) Leaves(ctx context.Context, after int64, limit int) ([]audit.Leaf, error) {
	return a.leaves(ctx, `SELECT seq, body FROM audit_leaves WHERE seq > ? ORDER BY seq LIMIT ?`, after, limit)
}

// About returns the leaves that were appended under the subject, in order of Seq.
func (a *Audit) About(ctx context.Context, subject string) ([]audit.Leaf, error) {
	return a.leaves(ctx, `SELECT l.seq, l.body FROM audit_subjects s JOIN audit_leaves l ON l.seq = s.seq WHERE s.subject = ? ORDER BY l.seq`, subject)
}

func (a *Audit) leaves(ctx context.Context, query string, args ...any) ([]audit.Leaf, error) {
	rows, err := a.db.r(ctx).QueryContext(ctx, query, args...)
	if err != nil {
		return nil, a.db.failed("audit", err)
	}
	defer rows.Close()
	var out []audit.Leaf
	for rows.Next() {
		var l audit.Leaf
		if err := rows.Scan(&l.Seq, &l.Bytes); err != nil {
			return nil, a.db.failed("audit", err)
		}
		out = append(out, l)
	}
	return out, a.db.failed("audit", rows.Err())
}

// maxHashes is how many hashes are read by one statement: databases bound the
// number of its parameters.
const maxHashes = 2048

// Hashes returns the hashes at the indexes, in their order; a missing or damaged
// one is the zero Hash.
func (a *Audit) Hashes(ctx context.Context, indexes []int64) ([]audit.Hash, error) {
	at := make(map[int64][]int, len(indexes))
	for i, idx := range indexes {
		at[idx] = append(at[idx], i)
	}
	out := make([]audit.Hash, len(indexes))
	for len(indexes) > 0 {
		part := indexes[:min(maxHashes, len(indexes))]
		indexes = indexes[len(part):]
		if err := a.hashes(ctx, part, func(idx int64, h audit.Hash) {
			for _, i := range at[idx] {
				out[i] = h
			}
		}); err != nil {
			return nil, a.db.failed("audit", err)
		}
	}
	return out, nil
}

func (a *Audit) hashes(ctx context.Context, indexes []int64, each func(idx int64, h audit.Hash)) error {
	args := make([]any, len(indexes))
	for i, idx := range indexes {
		args[i] = idx
	}
	rows, err := a.db.r(ctx).QueryContext(ctx, `SELECT idx, hash FROM audit_hashes WHERE idx IN (`+list("?", len(args))+`)`, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var idx int64
		var raw []byte
		if err := rows.Scan(&idx, &raw); err != nil {
			return err
		}
		var h audit.Hash
		if len(raw) == len(h) {
			copy(h[:], raw)
		}
		each(idx, h)
	}
	return rows.Err()
}

// SaveCheckpoint keeps note for a log of that size; a size that is there stays.
func (a *Audit) SaveCheckpoint(ctx context.Context, size int64, note []byte) error {
	_, err := a.db.q(ctx).ExecContext(ctx, `INSERT INTO audit_checkpoints (size, note) VALUES (?, ?) ON CONFLICT (size) DO NOTHING`, size, note)
	return a.db.failed("audit", err)
}

// Checkpoints returns up to limit checkpoints, largest size first.
func (a *Audit) Checkpoints(ctx context.Context, limit int) ([][]byte, error) {
	rows, err := a.db.r(ctx).QueryContext(ctx, `SELECT note FROM audit_checkpoints ORDER BY size DESC LIMIT ?`, limit)
	if err != nil {
		return nil, a.db.failed("audit", err)
	}
	defer rows.Close()
	var out [][]byte
	for rows.Next() {
		var note []byte
		if err := rows.Scan(&note); err != nil {
			return nil, a.db.failed("audit", err)
		}
		out = append(out, note)
	}
	return out, a.db.failed("audit", rows.Err())
}

// list returns n times item with commas between.
func list(item string, n int) string {
	return strings.TrimSuffix(strings.Repeat(item+", ", n), ", ")
}
