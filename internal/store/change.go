package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/fault"
)

const setColumns = `id, idem, digest, state, proof, proposer, target, intent, undoes, money, tokens, owner, reason, created_at, updated_at, begun_at`

// PutChangeSet stores a new change set with its effects; fault.Conflict when
// its id or key exists.
func (db *DB) PutChangeSet(ctx context.Context, s change.Set, effects []change.Effect) error {
	return db.InTx(ctx, func(ctx context.Context) error {
		body, err := db.PutBlob(ctx, s.Bytes)
		if err != nil {
			return err
		}
		proof, err := json.Marshal(s.Proof)
		if err != nil {
			return db.failed("change set", err)
		}
		_, err = db.q(ctx).ExecContext(ctx,
			`INSERT INTO change_sets (`+setColumns+`, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			s.ID, sql.NullString{String: s.Key, Valid: s.Key != ""}, s.Digest, string(s.State), proof, clean(s.By), s.Target, clean(s.Intent), s.Undoes,
			s.Cost.Money, s.Cost.Tokens, s.Owner, clean(s.Reason), nanos(s.CreatedAt), nanos(s.UpdatedAt), nanos(s.BegunAt), body)
		if duplicate(err) {
			return fault.New(fault.Conflict, "store.change", "there is a change set %s already, or one of the same proposal", s.ID)
		}
		if err != nil {
			return db.failed("change set", err)
		}
		for _, e := range effects {
			_, err := db.q(ctx).ExecContext(ctx,
				`INSERT INTO effects (set_id, n, op, object, class, objects, touched, state, seen, note, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
				e.Set, e.Index, clean(e.Op), clean(e.Object), e.Class.String(), e.Objects, e.Touched, string(e.State), e.Seen, clean(e.Note), nanos(e.At))
			if err != nil {
				return db.failed("effect", err)
			}
		}
		return nil
	})
}

// ChangeSet returns the change set with its bytes; fault.NotFound.
func (db *DB) ChangeSet(ctx context.Context, id string) (change.Set, error) {
	s, err := scanSet(db.r(ctx).QueryRowContext(ctx, `SELECT `+setColumns+` FROM change_sets WHERE id = ?`, clean(id)))
	if errors.Is(err, sql.ErrNoRows) {
		return s, fault.New(fault.NotFound, "store.change", "there is no change set %q", id).WithMend("`roleos plan list` shows what there is")
	}
	if err != nil {
		return s, db.failed("change set", err)
	}
	var body string
	if err := db.r(ctx).QueryRowContext(ctx, `SELECT body FROM change_sets WHERE id = ?`, s.ID).Scan(&body); err != nil {
		return s, db.failed("change set", err)
	}
	if s.Erased, err = db.IsErased(ctx, body); err != nil {
		return s, err
	}
	s.Bytes, err = db.Blob(ctx, body)
	return s, err
}

func scanSet(row interface{ Scan(...any) error }) (change.Set, error) {
	var s change.Set
	var key sql.NullString
	var proof []byte
	var created, updated, begun int64
	err := row.Scan(&s.ID, &key, &s.Digest, &s.State, &proof, &s.By, &s.Target, &s.Intent, &s.Undoes, &s.Cost.Money, &s.Cost.Tokens,
		&s.Owner, &s.Reason, &created, &updated, &begun)
	if err != nil {
		return s, err
	}
	s.Key, s.CreatedAt, s.UpdatedAt, s.BegunAt = key.String, fromNanos(created), fromNanos(updated), fromNanos(begun)
	return s, json.Unmarshal(proof, &s.Proof)
}

// MoveChangeSet writes state, proof, owner, reason and times; fault.Conflict
// when the stored state is not was.
func (db *DB) MoveChangeSet(ctx context.Context, s change.Set, was change.State) error {
	proof, err := json.Marshal(s.Proof)
	if err != nil {
		return db.failed("change set", err)
	}
	res, err := db.q(ctx).ExecContext(ctx,
		`UPDATE change_sets SET state = ?, proof = ?, owner = ?, reason = ?, updated_at = ?, begun_at = ? WHERE id = ? AND state = ?`,
		string(s.State), proof, s.Owner, clean(s.Reason), nanos(s.UpdatedAt), nanos(s.BegunAt), s.ID, string(was))
	return db.movedOne(res, err, "change set %s has moved on meanwhile", s.ID)
}

// movedOne turns a compare-and-set that changed no row into fault.Conflict.
func (db *DB) movedOne(res sql.Result, err error, format string, args ...any) error {
	if err != nil {
		return db.failed("change", err)
	}
	n, err := res.RowsAffected()
	if err != nil || n == 1 {
		return db.failed("change", err)
	}
	return fault.New(fault.Conflict, "store.change", format, args...).WithMend("look at it again")
}

// ListChangeSets returns the newest change sets first, without their bytes, at
// most limit (1 to 1000; 0 means 50), beginning behind cursor, and the cursor of
// the next page, "" at the end.
func (db *DB) ListChangeSets(ctx context.Context, f change.Filter, cursor string, limit int) (sets []change.Set, next string, err error) {
	p, err := newPage(cursor, limit)
	if err != nil {
		return nil, "", err
	}
	p.equal("state", string(f.State))
	p.equal("target", f.Target)
	p.equal("idem", f.Key)
	p.equal("undoes", f.Undoes)
	p.equal("owner", f.Owner)
	query, args := p.query(`SELECT ` + setColumns + ` FROM change_sets`)
	rows, err := db.r(ctx).QueryContext(ctx, query, args...)
	if err != nil {
		return nil, "", db.failed("change sets", err)
	}
	defer rows.Close()
	for rows.Next() {
		s, err := scanSet(rows)
		if err != nil {
			return nil, "", db.failed("change sets", err)
		}
		sets = append(sets, s)
	}
	if len(sets) > p.limit {
		sets = sets[:p.limit]
		next = pageAfter(sets[p.limit-1].CreatedAt, sets[p.limit-1].ID)
	}
	return sets, next, db.failed("change sets", rows.Err())
}

// Effects returns a change set's effects in order.
func (db *DB) Effects(ctx context.Context, set string) ([]change.Effect, error) {
	rows, err := db.r(ctx).QueryContext(ctx,
		`SELECT n, op, object, class, objects, touched, state, seen, note, at FROM effects WHERE set_id = ? ORDER BY n`, clean(set))
	if err != nil {
		return nil, db.failed("effects", err)
	}
	defer rows.Close()
	var out []change.Effect
	for rows.Next() {
		e := change.Effect{Set: set}
		var class string
		var at int64
		if err := rows.Scan(&e.Index, &e.Op, &e.Object, &class, &e.Objects, &e.Touched, &e.State, &e.Seen, &e.Note, &at); err != nil {
			return nil, db.failed("effects", err)
		}
		if err := e.Class.UnmarshalText([]byte(class)); err != nil {
			return nil, db.failed("effects", err)
		}
		e.At = fromNanos(at)
		out = append(out, e)
	}
	return out, db.failed("effects", rows.Err())
}

// MoveEffect writes state, seen, note and time; fault.Conflict when the stored
// state is not was, or its set's owner is not the one given.
func (db *DB) MoveEffect(ctx context.Context, e change.Effect, was change.EffectState, owner string) error {
	res, err := db.q(ctx).ExecContext(ctx,
		`UPDATE effects SET state = ?, seen = ?, note = ?, at = ? WHERE set_id = ? AND n = ? AND state = ?
		 AND EXISTS (SELECT 1 FROM change_sets WHERE id = effects.set_id AND owner = ?)`,
		string(e.State), e.Seen, clean(e.Note), nanos(e.At), e.Set, e.Index, string(was), owner)
	return db.movedOne(res, err, "effect %d of %s has moved on meanwhile", e.Index+1, e.Set)
}

// Used adds up what by has begun on target since then, without the set except:
// every effect of sets that are being applied, and of others every effect that
// was tried. Counts are sorted by operation.
func (db *DB) Used(ctx context.Context, by, target string, since time.Time, except string) (change.Usage, error) {
	var u change.Usage
	begun := ` FROM change_sets s WHERE s.proposer = ? AND s.target = ? AND s.begun_at > 0 AND s.begun_at >= ? AND s.id <> ?`
	args := []any{clean(by), target, nanos(since), except}
	rows, err := db.r(ctx).QueryContext(ctx, `SELECT e.op, CAST(sum(e.objects) AS BIGINT), CAST(sum(e.touched) AS BIGINT)`+
		strings.Replace(begun, "change_sets s", "change_sets s JOIN effects e ON e.set_id = s.id", 1)+
		` AND (s.state = 'applying' OR e.state <> 'granted') GROUP BY e.op ORDER BY e.op`, args...)
	if err != nil {
		return u, db.failed("usage", err)
	}
	defer rows.Close()
	for rows.Next() {
		var c guardrails.Count
		var touched int64
		if err := rows.Scan(&c.Op, &c.Objects, &touched); err != nil {
			return u, db.failed("usage", err)
		}
		u.Counts = append(u.Counts, c)
		u.Total += c.Objects
		u.Touched += touched
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return u, db.failed("usage", err)
	}
	err = db.r(ctx).QueryRowContext(ctx, `SELECT CAST(coalesce(sum(s.money), 0) AS BIGINT), CAST(coalesce(sum(s.tokens), 0) AS BIGINT)`+begun, args...).Scan(&u.Cost.Money, &u.Cost.Tokens)
	return u, db.failed("usage", err)
}

// PutGrant stores a grant and voids the set's other pending and open ones;
// fault.Conflict when its id exists.
func (db *DB) PutGrant(ctx context.Context, g change.StoredGrant) error {
	return db.InTx(ctx, func(ctx context.Context) error {
		_, err := db.q(ctx).ExecContext(ctx, `UPDATE grants SET state = ?, at = ? WHERE set_id = ? AND state IN (?, ?)`,
			string(change.GrantVoid), nanos(g.At), g.Set, string(change.GrantPending), string(change.GrantOpen))
		if err != nil {
			return db.failed("grant", err)
		}
		var n int64
		if err := db.q(ctx).QueryRowContext(ctx, `SELECT coalesce(max(n), 0) FROM grants WHERE set_id = ?`, g.Set).Scan(&n); err != nil {
			return db.failed("grant", err)
		}
		_, err = db.q(ctx).ExecContext(ctx,
			`INSERT INTO grants (id, n, set_id, body, signature, signer, state, expires_at, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			g.ID, n+1, g.Set, g.Bytes, g.Signature, g.Key, string(g.State), nanos(g.Expires), nanos(g.At))
		if duplicate(err) {
			return fault.New(fault.Conflict, "store.grant", "there is a grant %s already", g.ID)
		}
		return db.failed("grant", err)
	})
}

// LastGrant returns the set's newest grant; fault.NotFound.
func (db *DB) LastGrant(ctx context.Context, set string) (change.StoredGrant, error) {
	g := change.StoredGrant{Set: set}
	var expires, at int64
	err := db.r(ctx).QueryRowContext(ctx,
		`SELECT id, body, signature, signer, state, expires_at, at FROM grants WHERE set_id = ? ORDER BY n DESC LIMIT 1`, clean(set)).
		Scan(&g.ID, &g.Bytes, &g.Signature, &g.Key, &g.State, &expires, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return g, fault.New(fault.NotFound, "store.grant", "%q has not been confirmed", set)
	}
	g.Expires, g.At = fromNanos(expires), fromNanos(at)
	return g, db.failed("grant", err)
}

// MoveGrant changes a grant's state; fault.Conflict when the stored state is not was.
func (db *DB) MoveGrant(ctx context.Context, g change.StoredGrant, was change.GrantState) error {
	res, err := db.q(ctx).ExecContext(ctx, `UPDATE grants SET state = ?, at = ? WHERE id = ? AND state = ?`,
		string(g.State), nanos(g.At), g.ID, string(was))
	return db.movedOne(res, err, "the confirmation %s has been used or taken back meanwhile", g.ID)
}
