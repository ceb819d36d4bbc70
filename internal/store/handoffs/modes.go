package handoffs

import (
	"context"
	"database/sql"
	"time"

	"roleos/guardrails/delegation"
	"roleos/internal/fault"
)

// AddEvent appends what happened to an agent's work. The same mark twice is once;
// fresh reports whether it was new.
func (s *Store) AddEvent(ctx context.Context, agent, mark string, e delegation.Event) (fresh bool, err error) {
	res, err := s.db.Exec(ctx, `INSERT INTO mode_events (agent, mark, step, kind, draft, done_by, text, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (agent, mark) DO NOTHING`,
		agent, mark, e.Step, string(e.Kind), e.Draft, e.By, clean(e.Text), nanos(e.At))
	if err != nil {
		return false, failed("mode", err)
	}
	n, err := res.RowsAffected()
	return n == 1, failed("mode", err)
}

// Events returns an agent's history, oldest first.
func (s *Store) Events(ctx context.Context, agent string) ([]delegation.Event, error) {
	var out []delegation.Event
	err := s.each(ctx, "modes", `SELECT step, kind, draft, done_by, text, at FROM mode_events WHERE agent = ? ORDER BY seq`, []any{agent}, func(r *sql.Rows) error {
		var e delegation.Event
		var at int64
		if err := r.Scan(&e.Step, &e.Kind, &e.Draft, &e.By, &e.Text, &at); err != nil {
			return err
		}
		e.At = fromNanos(at)
		out = append(out, e)
		return nil
	})
	return out, err
}

// Signed is a standing delegation as it was signed.
type Signed struct {
	ID        string
	Agent     string
	Bytes     []byte
	Signature []byte
	Key       string
	Granted   time.Time
	Expires   time.Time
	Revoked   time.Time // zero while it holds
}

// AddStanding stores a standing delegation.
func (s *Store) AddStanding(ctx context.Context, d Signed) error {
	_, err := s.db.Exec(ctx, `INSERT INTO standings (id, agent, body, signature, signer, granted_at, expires_at, revoked_at) VALUES (?, ?, ?, ?, ?, ?, ?, 0)`,
		d.ID, d.Agent, d.Bytes, d.Signature, d.Key, nanos(d.Granted), nanos(d.Expires))
	return failed("standing", err)
}

// Standings returns an agent's standing delegations, oldest first; those of all
// agents for "".
func (s *Store) Standings(ctx context.Context, agent string) ([]Signed, error) {
	return s.standings(ctx, `WHERE agent = ? OR ? = '' ORDER BY granted_at, id`, agent, agent)
}

// Standing returns one; fault.NotFound when there is none.
func (s *Store) Standing(ctx context.Context, id string) (Signed, error) {
	all, err := s.standings(ctx, `WHERE id = ?`, id)
	if err == nil && len(all) == 0 {
		err = fault.New(fault.NotFound, "store.standing", "there is no standing delegation %q", id)
	}
	if err != nil {
		return Signed{}, err
	}
	return all[0], nil
}

func (s *Store) standings(ctx context.Context, where string, args ...any) ([]Signed, error) {
	var out []Signed
	err := s.each(ctx, "standings", `SELECT id, agent, body, signature, signer, granted_at, expires_at, revoked_at FROM standings `+where, args, func(r *sql.Rows) error {
		var d Signed
		var granted, expires, revoked int64
		if err := r.Scan(&d.ID, &d.Agent, &d.Bytes, &d.Signature, &d.Key, &granted, &expires, &revoked); err != nil {
			return err
		}
		d.Granted, d.Expires, d.Revoked = fromNanos(granted), fromNanos(expires), fromNanos(revoked)
		out = append(out, d)
		return nil
	})
	return out, err
}

// RevokeStandings takes every standing delegation of the agent back and returns
// how many held.
func (s *Store) RevokeStandings(ctx context.Context, agent string, at time.Time) (int, error) {
	res, err := s.db.Exec(ctx, `UPDATE standings SET revoked_at = ? WHERE agent = ? AND revoked_at = 0 AND expires_at > ?`, nanos(at), agent, nanos(at))
	if err != nil {
		return 0, failed("standing", err)
	}
	n, err := res.RowsAffected()
	return int(n), failed("standing", err)
}

// Release is what was published under a standing delegation.
type Release struct {
	Draft      string    `json:"draft"`
	Digest     string    `json:"digest"`
	Agent      string    `json:"agent"`
	Standing   string    `json:"standing"`
	Sampled    bool      `json:"sampled"` // a person looks at it afterwards
	At         time.Time `json:"at"`
	ReviewedAt time.Time `json:"reviewed_at,omitzero"`
	ReviewedBy string    `json:"reviewed_by,omitempty"`
	Clean      bool      `json:"clean"`
	Text       string    `json:"text,omitempty"`
}

// AddRelease stores a release; one that is there stays as it is.
func (s *Store) AddRelease(ctx context.Context, r Release) error {
	_, err := s.db.Exec(ctx, `INSERT INTO releases (draft, digest, agent, standing, sampled, at, reviewed_at, reviewed_by, clean, text) VALUES (?, ?, ?, ?, ?, ?, 0, '', 0, '') ON CONFLICT (draft, digest) DO NOTHING`,
		r.Draft, r.Digest, r.Agent, r.Standing, bit(r.Sampled), nanos(r.At))
	return failed("release", err)
}

// ReviewRelease notes what a person found afterwards; fault.Conflict when somebody has.
func (s *Store) ReviewRelease(ctx context.Context, r Release) error {
	res, err := s.db.Exec(ctx, `UPDATE releases SET reviewed_at = ?, reviewed_by = ?, clean = ?, text = ? WHERE draft = ? AND digest = ? AND reviewed_at = 0`,
		nanos(r.ReviewedAt), r.ReviewedBy, bit(r.Clean), clean(r.Text), r.Draft, r.Digest)
	if err != nil {
		return failed("release", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return failed("release", err)
	}
	return fault.New(fault.Conflict, "store.release", "%s was looked at afterwards already", r.Draft)
}

// Releases returns what was published under standing delegations, oldest first;
// of one agent, or of all for "".
func (s *Store) Releases(ctx context.Context, agent string) ([]Release, error) {
	var out []Release
	err := s.each(ctx, "releases", `SELECT draft, digest, agent, standing, sampled, at, reviewed_at, reviewed_by, clean, text FROM releases
		WHERE agent = ? OR ? = '' ORDER BY at, draft`, []any{agent, agent}, func(r *sql.Rows) error {
		var x Release
		var sampled, at, reviewed, ok int64
		if err := r.Scan(&x.Draft, &x.Digest, &x.Agent, &x.Standing, &sampled, &at, &reviewed, &x.ReviewedBy, &ok, &x.Text); err != nil {
			return err
		}
		x.Sampled, x.Clean, x.At, x.ReviewedAt = sampled != 0, ok != 0, fromNanos(at), fromNanos(reviewed)
		out = append(out, x)
		return nil
	})
	return out, err
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
