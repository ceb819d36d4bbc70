package app

import (
	"cmp"
	"context"
	"io"
	"regexp"
	"slices"
	"time"

	"roleos/internal/fault"
	"roleos/internal/identity"
)

// CreateToken makes a token for a person, "" for the actor, and returns its text,
// which is kept nowhere. Each scope includes those before it.
func (a *App) CreateToken(ctx context.Context, random io.Reader, person, name string, scopes []string, life time.Duration) (string, identity.Token, error) {
	person = cmp.Or(person, a.actor(ctx))
	if !regexp.MustCompile(`^person:[a-z0-9][a-z0-9._@+-]{0,79}$`).MatchString(person) {
		return "", identity.Token{}, fault.New(fault.Invalid, "app.token", "%q is no person", person).WithMend("Write person:NAME, for example person:ana.")
	}
	if a.solo() && person != a.cfg.Principal {
		return "", identity.Token{}, fault.New(fault.Invalid, "app.token", "a solo workspace has one person, %s", a.cfg.Principal).
			WithMend("For several people: review.mode: team and team.roles in roleos.yaml.")
	}
	widest := -1
	for _, s := range scopes {
		i := slices.Index(identity.Scopes(), identity.Scope(s))
		if i < 0 {
			return "", identity.Token{}, fault.New(fault.Invalid, "app.token", "there is no scope %q", s).WithMend("Scopes: read, run, decide, admin.")
		}
		widest = max(widest, i)
	}
	text, t, err := identity.NewToken(random, person, name, identity.Scopes()[:widest+1], a.now(), life)
	if err != nil {
		return "", t, err
	}
	return text, t, a.db.InTx(ctx, func(ctx context.Context) error {
		if err := a.db.PutToken(ctx, t); err != nil {
			return err
		}
		return a.log.Append(ctx, "token.created", a.actor(ctx), t.ID, map[string]any{"person": t.Person, "scopes": t.Scopes, "until": t.ExpiresAt})
	})
}

// Tokens lists all tokens, newest first.
func (a *App) Tokens(ctx context.Context) ([]identity.Token, error) { return a.db.Tokens(ctx) }

// RevokeToken ends a token at once.
func (a *App) RevokeToken(ctx context.Context, id string) error {
	return a.db.InTx(ctx, func(ctx context.Context) error {
		if err := a.db.RevokeToken(ctx, id, a.now()); err != nil {
			return err
		}
		return a.log.Append(ctx, "token.revoked", a.actor(ctx), id, nil)
	})
}

// SignIn lets the account's person in: it says who they are here, keeps the
// session that begin makes for them, and notes in the audit log with which roles
// they came. It fails with fault.Denied when that person is another account.
func (a *App) SignIn(ctx context.Context, account identity.Account, begin func(identity.Account) (identity.Session, error)) error {
	account.FirstAt = a.now().UTC()
	err := a.db.InTx(ctx, func(ctx context.Context) error {
		who := account
		var err error
		if who.Person, err = a.db.Bind(ctx, account); err != nil {
			return err
		}
		session, err := begin(who)
		if err != nil {
			return err
		}
		if err := a.db.PutSession(ctx, session); err != nil {
			return err
		}
		return a.log.Append(ctx, "session.begun", who.Person, who.Person, map[string]any{"provider": who.Issuer, "roles": who.Roles})
	})
	if fault.KindOf(err) == fault.Conflict {
		return fault.New(fault.Denied, "app.signin", "another account of the provider has signed in as %s before, and who somebody is does not change", account.Person).
			WithMend("When it is the same person, whoever runs the service forgets the old account: roleos account forget %s", account.Person)
	}
	return err
}

// Ended ends the sessions of an account that the provider has signed out, or the
// one that it names.
func (a *App) Ended(ctx context.Context, issuer, subject, session string) error {
	_, err := a.db.EndAt(ctx, issuer, subject, session)
	return err
}

// Accounts returns who has signed in at a provider, by person.
func (a *App) Accounts(ctx context.Context) ([]identity.Account, error) { return a.db.Accounts(ctx) }

// ForgetAccount lets another account become the person, and ends the sessions of
// the one that was.
func (a *App) ForgetAccount(ctx context.Context, person string) error {
	return a.db.InTx(ctx, func(ctx context.Context) error {
		all, err := a.db.Accounts(ctx)
		if err != nil {
			return err
		}
		if err := a.db.Unbind(ctx, person); err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(x identity.Account) bool { return x.Person == person })
		return a.log.Append(ctx, "account.forgotten", a.actor(ctx), person, map[string]any{"provider": all[i].Issuer, "subject": all[i].Subject})
	})
}
