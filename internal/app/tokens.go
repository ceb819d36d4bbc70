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
