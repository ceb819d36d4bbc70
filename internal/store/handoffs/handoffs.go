package handoffs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"roleos/internal/clock"
	"roleos/internal/fault"
	"roleos/internal/handoff"
	"roleos/internal/store"
)

// Store keeps handoffs in a store's database.
type Store struct{ db *store.DB }

// New returns the handoffs of db.
func New(db *store.DB) *Store { return &Store{db} }

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func fromNanos(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// clean replaces what a text column cannot hold: NUL and broken UTF-8.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

func failed(what string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	return fault.Wrap(err, fault.Internal, "store."+what, "the store failed")
}

// each runs a query and gives every row to f.
func (s *Store) each(ctx context.Context, what, query string, args []any, f func(*sql.Rows) error) error {
	rows, err := s.db.Read(ctx, query, args...)
	if err != nil {
		return failed(what, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return failed(what, err)
		}
	}
	return failed(what, errors.Join(rows.Err(), rows.Close()))
}

// AddMove appends m and returns its number in the draft, from 1.
func (s *Store) AddMove(ctx context.Context, m handoff.Move) (n int, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		n = 0
		err := s.each(ctx, "move", `SELECT coalesce(max(n), 0) FROM handoff_moves WHERE draft = ?`, []any{m.Draft}, func(r *sql.Rows) error { return r.Scan(&n) })
		if err != nil {
			return err
		}
		n++
		_, err = s.db.Exec(ctx, `INSERT INTO handoff_moves (draft, n, from_state, to_state, digest, done_by, role, text, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			m.Draft, n, string(m.From), string(m.To), m.Digest, m.By, m.Role, clean(m.Text), nanos(m.At))
		return failed("move", err)
	})
	return n, err
}

// Moves returns a draft's moves, oldest first; those of all drafts for "".
func (s *Store) Moves(ctx context.Context, draft string) ([]handoff.Move, error) {
	var out []handoff.Move
	err := s.each(ctx, "moves", `SELECT draft, n, from_state, to_state, digest, done_by, role, text, at FROM handoff_moves
		WHERE draft = ? OR ? = '' ORDER BY at, draft, n`, []any{draft, draft}, func(r *sql.Rows) error {
		var m handoff.Move
		var at int64
		if err := r.Scan(&m.Draft, &m.N, &m.From, &m.To, &m.Digest, &m.By, &m.Role, &m.Text, &at); err != nil {
			return err
		}
		m.At = fromNanos(at)
		out = append(out, m)
		return nil
	})
	return out, err
}

// Contracts returns the contract of every draft that has moved, by the draft's id.
func (s *Store) Contracts(ctx context.Context) (map[string]string, error) {
	of := map[string]string{}
	err := s.each(ctx, "contracts", `SELECT id, contract FROM drafts WHERE id IN (SELECT draft FROM handoff_moves)`, nil, func(r *sql.Rows) error {
		var draft, contract string
		if err := r.Scan(&draft, &contract); err != nil {
			return err
		}
		of[draft] = contract
		return nil
	})
	return of, err
}

// AddClock stores c; a clock of that id that is there already stays as it is.
func (s *Store) AddClock(ctx context.Context, c clock.Clock, next time.Time) error {
	body, err := json.Marshal(c)
	if err != nil {
		return failed("clock", err)
	}
	_, err = s.db.Exec(ctx, `INSERT INTO clocks (id, draft, started_at, next_at, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
		c.ID, c.Draft, nanos(c.Started), nanos(next), string(body))
	return failed("clock", err)
}

// MoveClock replaces was by c; fault.Conflict when the stored clock is not was.
func (s *Store) MoveClock(ctx context.Context, c, was clock.Clock, next time.Time) error {
	body, err := json.Marshal(c)
	if err != nil {
		return failed("clock", err)
	}
	old, err := json.Marshal(was)
	if err != nil {
		return failed("clock", err)
	}
	res, err := s.db.Exec(ctx, `UPDATE clocks SET next_at = ?, body = ? WHERE id = ? AND body = ?`, nanos(next), string(body), c.ID, string(old))
	if err != nil {
		return failed("clock", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return failed("clock", err)
	}
	return fault.New(fault.Conflict, "store.clock", "the clock %s has moved meanwhile", c.ID).WithMend("look at it again")
}

// Clocks returns a draft's clocks, oldest first; those of all drafts for "".
func (s *Store) Clocks(ctx context.Context, draft string) ([]clock.Clock, error) {
	return s.clocks(ctx, `SELECT body FROM clocks WHERE draft = ? OR ? = '' ORDER BY started_at, id`, draft, draft)
}

// OpenClocks returns the clocks that have something to do and those of drafts
// between publication and close, oldest first.
func (s *Store) OpenClocks(ctx context.Context) ([]clock.Clock, error) {
	return s.clocks(ctx, `SELECT body FROM clocks WHERE next_at > 0 OR draft IN (SELECT id FROM drafts WHERE state IN (?, ?, ?)) ORDER BY started_at, id`,
		string(handoff.Published), string(handoff.Acknowledged), string(handoff.Started))
}

// DueClocks returns at most limit clocks that have something to do by now, the
// longest waiting first.
func (s *Store) DueClocks(ctx context.Context, now time.Time, limit int) ([]clock.Clock, error) {
	return s.clocks(ctx, `SELECT body FROM clocks WHERE next_at > 0 AND next_at < ? ORDER BY next_at, id LIMIT ?`, nanos(now), limit)
}

func (s *Store) clocks(ctx context.Context, query string, args ...any) ([]clock.Clock, error) {
	var out []clock.Clock
	err := s.each(ctx, "clocks", query, args, func(r *sql.Rows) error {
		var body string
		if err := r.Scan(&body); err != nil {
			return err
		}
		var c clock.Clock
		if err := json.Unmarshal([]byte(body), &c); err != nil {
			return err
		}
		out = append(out, c)
		return nil
	})
	return out, err
}

// AddAttestation stores a; fault.Conflict when the person has attested the gate
// for these bytes already.
func (s *Store) AddAttestation(ctx context.Context, a handoff.Attestation) error {
	res, err := s.db.Exec(ctx, `INSERT INTO attestations (id, draft, gate, role, digest, done_by, text, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (draft, gate, digest, done_by) DO NOTHING`, a.ID, a.Draft, a.Gate, a.Role, a.Digest, a.By, clean(a.Text), nanos(a.At))
	if err != nil {
		return failed("attestation", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return failed("attestation", err)
	}
	return fault.New(fault.Conflict, "store.attestation", "%s has attested gate %s of this revision already", a.By, a.Gate)
}

// Attestations returns a draft's attestations, oldest first.
func (s *Store) Attestations(ctx context.Context, draft string) ([]handoff.Attestation, error) {
	var out []handoff.Attestation
	err := s.each(ctx, "attestations", `SELECT id, draft, gate, role, digest, done_by, text, at FROM attestations WHERE draft = ? ORDER BY seq`, []any{draft}, func(r *sql.Rows) error {
		var a handoff.Attestation
		var at int64
		if err := r.Scan(&a.ID, &a.Draft, &a.Gate, &a.Role, &a.Digest, &a.By, &a.Text, &at); err != nil {
			return err
		}
		a.At = fromNanos(at)
		out = append(out, a)
		return nil
	})
	return out, err
}

// Recheck stores what the contract now says of a revision. The revision's bytes
// stay; fault.Conflict when they are not those of r.
func (s *Store) Recheck(ctx context.Context, r handoff.Revision) error {
	return s.db.InTx(ctx, func(ctx context.Context) error {
		check, err := s.db.PutBlob(ctx, r.Check)
		if err != nil {
			return err
		}
		passed := 0
		if r.Passed {
			passed = 1
		}
		res, err := s.db.Exec(ctx, `UPDATE revisions SET contract = ?, passed = ? WHERE draft = ? AND n = ? AND digest = ?`, check, passed, r.Draft, r.N, r.Digest)
		if err != nil {
			return failed("recheck", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 1 {
			return failed("recheck", err)
		}
		return fault.New(fault.Conflict, "store.recheck", "draft %s has no revision %d of these bytes", r.Draft, r.N)
	})
}
