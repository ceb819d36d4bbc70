package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"roleos/internal/fault"
	"roleos/internal/identity"
)

// PutToken stores a new token.
func (db *DB) PutToken(ctx context.Context, t identity.Token) error {
	scopes := make([]string, len(t.Scopes))
	for i, s := range t.Scopes {
		scopes[i] = string(s)
	}
	_, err := db.q(ctx).ExecContext(ctx, `INSERT INTO tokens (id, digest, person, name, scopes, created_at, expires_at, revoked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		t.ID, t.Digest, t.Person, clean(t.Name), strings.Join(scopes, " "), nanos(t.CreatedAt), nanos(t.ExpiresAt), nanos(t.RevokedAt))
	return db.failed("token", err)
}

const tokenColumns = `id, digest, person, name, scopes, created_at, expires_at, revoked_at`

func scanToken(row interface{ Scan(...any) error }) (identity.Token, error) {
	var t identity.Token
	var scopes string
	var created, expires, revoked int64
	err := row.Scan(&t.ID, &t.Digest, &t.Person, &t.Name, &scopes, &created, &expires, &revoked)
	for s := range strings.FieldsSeq(scopes) {
		t.Scopes = append(t.Scopes, identity.Scope(s))
	}
	t.CreatedAt, t.ExpiresAt, t.RevokedAt = fromNanos(created), fromNanos(expires), fromNanos(revoked)
	return t, err
}

// Token returns the token with the public id; fault.NotFound.
func (db *DB) Token(ctx context.Context, id string) (identity.Token, error) {
	t, err := scanToken(db.r(ctx).QueryRowContext(ctx, `SELECT `+tokenColumns+` FROM tokens WHERE id = ?`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return t, noToken(id)
	}
	return t, db.failed("token", err)
}

func noToken(id string) error {
	return fault.New(fault.NotFound, "store.token", "there is no token %q", id).WithMend("`roleos token list` shows what there is")
}

// Tokens returns all tokens, newest first.
func (db *DB) Tokens(ctx context.Context) ([]identity.Token, error) {
	rows, err := db.r(ctx).QueryContext(ctx, `SELECT `+tokenColumns+` FROM tokens ORDER BY created_at DESC, id`)
	if err != nil {
		return nil, db.failed("token", err)
	}
	defer rows.Close()
	var out []identity.Token
	for rows.Next() {
		t, err := scanToken(rows)
		if err != nil {
			return nil, db.failed("token", err)
		}
		out = append(out, t)
	}
	return out, db.failed("token", rows.Err())
}

// RevokeToken ends a token; fault.NotFound. Revoking again changes nothing.
func (db *DB) RevokeToken(ctx context.Context, id string, at time.Time) error {
	t, err := db.Token(ctx, id)
	if err != nil || !t.RevokedAt.IsZero() {
		return err
	}
	_, err = db.q(ctx).ExecContext(ctx, `UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at = ?`, nanos(at), id, nanos(time.Time{}))
	return db.failed("token", err)
}

// PutSession stores a new session and forgets those that have expired.
func (db *DB) PutSession(ctx context.Context, s identity.Session) error {
	if _, err := db.q(ctx).ExecContext(ctx, `DELETE FROM sessions WHERE expires_at <= ?`, nanos(s.CreatedAt)); err != nil {
		return db.failed("session", err)
	}
	_, err := db.q(ctx).ExecContext(ctx, `INSERT INTO sessions (digest, person, roles, csrf, token, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		s.Digest, s.Person, strings.Join(s.Roles, " "), s.CSRF, s.Token, nanos(s.CreatedAt), nanos(s.ExpiresAt))
	return db.failed("session", err)
}

// Session returns the session; fault.NotFound, also when it has expired at now.
func (db *DB) Session(ctx context.Context, digest string, now time.Time) (identity.Session, error) {
	s := identity.Session{Digest: digest}
	var roles string
	var created, expires int64
	err := db.r(ctx).QueryRowContext(ctx, `SELECT person, roles, csrf, token, created_at, expires_at FROM sessions WHERE digest = ? AND expires_at > ?`, digest, nanos(now)).
		Scan(&s.Person, &roles, &s.CSRF, &s.Token, &created, &expires)
	if errors.Is(err, sql.ErrNoRows) {
		return s, fault.New(fault.NotFound, "store.session", "the session has ended").WithMend("Sign in again.")
	}
	if roles != "" {
		s.Roles = strings.Fields(roles)
	}
	s.CreatedAt, s.ExpiresAt = fromNanos(created), fromNanos(expires)
	return s, db.failed("session", err)
}

// EndSession forgets a session. A missing one is no error.
func (db *DB) EndSession(ctx context.Context, digest string) error {
	_, err := db.q(ctx).ExecContext(ctx, `DELETE FROM sessions WHERE digest = ?`, digest)
	return db.failed("session", err)
}
