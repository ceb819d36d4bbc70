package store

import (
	"cmp"
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
	_, err := db.q(ctx).ExecContext(ctx, `INSERT INTO sessions (digest, person, roles, csrf, token, provider, at_provider, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		s.Digest, s.Person, strings.Join(s.Roles, " "), s.CSRF, s.Token, s.Provider, s.AtProvider, nanos(s.CreatedAt), nanos(s.ExpiresAt))
	return db.failed("session", err)
}

// Session returns the session; fault.NotFound, also when it has expired at now.
func (db *DB) Session(ctx context.Context, digest string, now time.Time) (identity.Session, error) {
	s := identity.Session{Digest: digest}
	var roles string
	var created, expires int64
	err := db.r(ctx).QueryRowContext(ctx, `SELECT person, roles, csrf, token, provider, at_provider, created_at, expires_at FROM sessions WHERE digest = ? AND expires_at > ?`, digest, nanos(now)).
		Scan(&s.Person, &roles, &s.CSRF, &s.Token, &s.Provider, &s.AtProvider, &created, &expires)
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

// EndAt forgets the sessions of an account's person that the provider began, or
// the one that it names, and returns how many there were.
func (db *DB) EndAt(ctx context.Context, issuer, subject, session string) (int, error) {
	query, args := `DELETE FROM sessions WHERE provider <> '' AND person IN (SELECT person FROM accounts WHERE issuer = ? AND subject = ?)`, []any{issuer, subject}
	switch {
	case session != "" && subject != "":
		query, args = query+` AND at_provider = ?`, append(args, session)
	case session != "":
		query, args = `DELETE FROM sessions WHERE provider <> '' AND at_provider = ?`, []any{session}
	}
	res, err := db.q(ctx).ExecContext(ctx, query, args...)
	if err != nil {
		return 0, db.failed("session", err)
	}
	n, err := res.RowsAffected()
	return int(n), db.failed("session", err)
}

// Bind returns who an account is here: the person it has been since its first
// sign-in, else a.Person from now on. It fails with fault.Conflict when that person
// is another account.
func (db *DB) Bind(ctx context.Context, a identity.Account) (person string, err error) {
	err = db.InTx(ctx, func(ctx context.Context) error {
		err := db.q(ctx).QueryRowContext(ctx, `SELECT person FROM accounts WHERE issuer = ? AND subject = ?`, a.Issuer, a.Subject).Scan(&person)
		if !errors.Is(err, sql.ErrNoRows) {
			return db.failed("account", err)
		}
		var others int
		if err := db.q(ctx).QueryRowContext(ctx, `SELECT count(*) FROM accounts WHERE person = ?`, a.Person).Scan(&others); err != nil {
			return db.failed("account", err)
		}
		if others > 0 {
			return fault.New(fault.Conflict, "store.account", "another account has signed in as %s before", a.Person)
		}
		person = a.Person
		_, err = db.q(ctx).ExecContext(ctx, `INSERT INTO accounts (issuer, subject, person, first_at) VALUES (?, ?, ?, ?)`, a.Issuer, a.Subject, a.Person, nanos(a.FirstAt))
		return db.failed("account", err)
	})
	return person, err
}

// Accounts returns who has signed in at a provider, by person.
func (db *DB) Accounts(ctx context.Context) ([]identity.Account, error) {
	rows, err := db.r(ctx).QueryContext(ctx, `SELECT issuer, subject, person, first_at FROM accounts ORDER BY person`)
	if err != nil {
		return nil, db.failed("account", err)
	}
	defer rows.Close()
	var out []identity.Account
	for rows.Next() {
		var a identity.Account
		var first int64
		if err := rows.Scan(&a.Issuer, &a.Subject, &a.Person, &first); err != nil {
			return nil, db.failed("account", err)
		}
		a.FirstAt = fromNanos(first)
		out = append(out, a)
	}
	return out, db.failed("account", rows.Err())
}

// Unbind forgets which account a person is, and ends the sessions that it began;
// fault.NotFound. The next account that is called so is that person.
func (db *DB) Unbind(ctx context.Context, person string) error {
	return db.InTx(ctx, func(ctx context.Context) error {
		if _, err := db.q(ctx).ExecContext(ctx, `DELETE FROM sessions WHERE provider <> '' AND person = ?`, person); err != nil {
			return db.failed("session", err)
		}
		res, err := db.q(ctx).ExecContext(ctx, `DELETE FROM accounts WHERE person = ?`, person)
		if err != nil {
			return db.failed("account", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return cmp.Or(db.failed("account", err), error(fault.New(fault.NotFound, "store.account", "nobody has signed in as %q", person).WithMend("`roleos account list` shows who has")))
		}
		return nil
	})
}
