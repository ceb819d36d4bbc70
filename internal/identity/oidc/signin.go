package oidc

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"roleos/internal/fault"
	"roleos/internal/identity"
)

// AttemptLife is how long a person may take to sign in at the provider.
const AttemptLife = 15 * time.Minute

// Attempt is a sign-in that was begun. Only the browser that began it keeps it.
type Attempt struct {
	State    string    `json:"s"`
	Nonce    string    `json:"n"`
	Verifier string    `json:"v"` // PKCE
	To       string    `json:"t"` // the page that was asked for
	At       time.Time `json:"a"`
}

// Begin returns where the browser goes to sign in. redirect is the address of this
// service that the provider sends it back to. It fails with fault.Unavailable when
// the provider does not answer.
func (p *Provider) Begin(ctx context.Context, redirect, to string) (address string, a Attempt, err error) {
	f, err := p.look(ctx)
	if err != nil {
		return "", a, err
	}
	a = Attempt{To: to, At: p.o.Now().UTC()}
	for _, into := range []*string{&a.State, &a.Nonce, &a.Verifier} {
		if *into, err = p.random(); err != nil {
			return "", a, err
		}
	}
	c, err := p.oauth(f, redirect)
	if err != nil {
		return "", a, err
	}
	return c.AuthCodeURL(a.State, oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier)), a, nil
}

// random returns 256 bits as RFC 7636 asks of a verifier.
func (p *Provider) random() (string, error) {
	source := p.o.Random
	if source == nil {
		source = rand.Reader
	}
	b := make([]byte, 32)
	if _, err := io.ReadFull(source, b); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// Finish returns who came back from the provider with the query q. What is not
// genuine, and who is in no group that has a role, is fault.Denied; a provider that
// does not answer is fault.Unavailable.
func (p *Provider) Finish(ctx context.Context, a Attempt, redirect string, q url.Values) (identity.Account, error) {
	const op = "oidc.finish"
	var none identity.Account
	f, err := p.look(ctx)
	if err != nil {
		return none, err
	}
	code, err := p.answer(f, a, q)
	if err != nil {
		return none, err
	}
	c, err := p.oauth(f, redirect)
	if err != nil {
		return none, err
	}
	ctx = oidc.ClientContext(ctx, p.client)
	tokens, err := c.Exchange(ctx, code, oauth2.VerifierOption(a.Verifier))
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		// Its text holds the provider's whole answer.
		return none, fault.New(fault.Denied, op, "the provider does not take the answer that it gave your browser (%s)", known(refused.ErrorCode)).
			WithMend("Sign in again. If that does not help, whoever runs the service checks serve.oidc.client_id and serve.oidc.client_secret_file.")
	}
	if err != nil {
		return none, fault.New(fault.Unavailable, op, "the OpenID provider %s did not answer when it was asked who you are", p.o.Issuer)
	}
	raw, ok := tokens.Extra("id_token").(string)
	if !ok || len(raw) > maxAnswer {
		return none, doubt("it gave no ID token")
	}
	id, claims, err := p.genuine(ctx, f, raw, a.Nonce, tokens.AccessToken)
	if err != nil {
		return none, err
	}
	_, named := at(claims, p.o.PersonClaim)
	if _, grouped := at(claims, p.o.GroupsClaim); !(named && grouped) && f.says.UserInfo != "" {
		more, err := f.provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
		switch {
		case err != nil:
			return none, fault.New(fault.Unavailable, op, "the OpenID provider %s did not answer when it was asked for your groups", p.o.Issuer)
		case more.Subject != id.Subject: // OpenID Connect Core 5.3.2
			return none, doubt("it tells of somebody else than who signed in")
		}
		var said map[string]any
		if err := more.Claims(&said); err != nil {
			return none, doubt("what it tells of you is not readable")
		}
		for name, value := range said {
			if _, there := claims[name]; !there {
				claims[name] = value
			}
		}
	}
	return p.account(id.Subject, claims)
}

// answer returns the code that the provider gave the browser.
func (p *Provider) answer(f *found, a Attempt, q url.Values) (string, error) {
	const op = "oidc.finish"
	for _, name := range []string{"state", "iss", "error", "code"} {
		if len(q[name]) > 1 {
			return "", doubt("its answer says " + name + " twice")
		}
	}
	age := p.o.Now().Sub(a.At)
	switch {
	case a.State == "" || subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(a.State)) != 1:
		return "", fault.New(fault.Denied, op, "this browser has begun no such sign-in, or another one since").WithMend("Sign in again, in one tab.")
	case age > AttemptLife || age < 0:
		return "", fault.New(fault.Denied, op, "this sign-in was begun more than %d minutes ago", int(AttemptLife.Minutes())).WithMend("Sign in again.")
	case q.Has("iss") && q.Get("iss") != p.o.Issuer, f.says.NamesSelf && !q.Has("iss"):
		return "", doubt("the answer does not come from " + p.o.Issuer)
	}
	switch e := q.Get("error"); e {
	case "":
	case "access_denied":
		return "", fault.New(fault.Denied, op, "the sign-in was refused or given up at %s", p.Host()).WithMend("Sign in again, or ask who runs %s to let you use roleos.", p.Host())
	case "temporarily_unavailable", "server_error":
		return "", fault.New(fault.Unavailable, op, "%s could not sign you in (%s)", p.Host(), e).WithMend("Try again in a minute.")
	default:
		return "", fault.New(fault.Denied, op, "%s did not sign you in (%s)", p.Host(), known(e)).
			WithMend("Sign in again. If that does not help, whoever runs the service checks what the provider knows of this client.")
	}
	if q.Get("code") == "" {
		return "", doubt("its answer holds no code")
	}
	return q.Get("code"), nil
}

// genuine returns the ID token and its claims once everything about it is checked.
func (p *Provider) genuine(ctx context.Context, f *found, raw, nonce, access string) (*oidc.IDToken, map[string]any, error) {
	id, err := p.verifier(f).Verify(ctx, raw)
	if err != nil { // its text may hold parts of the token
		return nil, nil, doubt("its ID token is not signed by a key of its own, or not made for this service")
	}
	var claims map[string]any
	if err := id.Claims(&claims); err != nil {
		return nil, nil, doubt("its ID token is not readable")
	}
	var more struct {
		Party     string      `json:"azp"`
		NotBefore json.Number `json:"nbf"`
	}
	if err := id.Claims(&more); err != nil {
		return nil, nil, doubt("its ID token is not readable")
	}
	notBefore, _ := more.NotBefore.Float64()
	now := p.o.Now()
	switch {
	case id.Subject == "" || len(id.Subject) > 255:
		return nil, nil, doubt("its ID token names nobody")
	case more.Party != "" && more.Party != p.o.ClientID, more.Party == "" && len(id.Audience) > 1:
		return nil, nil, doubt("its ID token was given to another service")
	case subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(nonce)) != 1:
		return nil, nil, doubt("its ID token belongs to another sign-in")
	case id.Expiry.IsZero() || now.After(id.Expiry.Add(leeway)):
		return nil, nil, doubt("its ID token has expired")
	case id.IssuedAt.IsZero() || id.IssuedAt.After(now.Add(leeway)) || notBefore > float64(now.Add(leeway).Unix()):
		return nil, nil, doubt("its ID token is from the future")
	case id.AccessTokenHash != "" && id.VerifyAccessToken(access) != nil:
		return nil, nil, doubt("its two tokens do not belong together")
	}
	return id, claims, nil
}

// Ended is whom a provider has signed out: one session of theirs when it names one.
type Ended struct{ Subject, Session string }

// maxEndedAge is how old a message about a signed-out person may be; an older one
// could end a session that was begun since.
const maxEndedAge = 5 * time.Minute

// Ended reads a message by which the provider says that it signed somebody out
// (OpenID Connect Back-Channel Logout).
func (p *Provider) Ended(ctx context.Context, token string) (Ended, error) {
	f, err := p.look(ctx)
	if err != nil {
		return Ended{}, err
	}
	select {
	case p.ending <- struct{}{}:
		defer func() { <-p.ending }()
	case <-ctx.Done():
		return Ended{}, ctx.Err()
	}
	t, err := p.verifier(f).VerifyLogout(oidc.ClientContext(ctx, p.client), token)
	if err != nil {
		return Ended{}, doubt("its message is not signed by a key of its own, or says nothing that ends a session")
	}
	now := p.o.Now()
	if now.After(t.Expiry.Add(leeway)) || t.IssuedAt.IsZero() || t.IssuedAt.After(now.Add(leeway)) || now.Sub(t.IssuedAt) > maxEndedAge {
		return Ended{}, doubt("its message is too old")
	}
	return Ended{Subject: t.Subject, Session: t.SessionID}, nil
}

// doubt refuses what may not be the provider's. People cannot mend it.
func doubt(what string) error {
	return fault.New(fault.Denied, "oidc.finish", "the provider's answer is not to be trusted: %s", what).
		WithMend("Sign in again. If it stays like this, tell whoever runs the service.")
}

// known returns an error code of the specifications, and nothing that somebody else
// made up: these words are shown to people.
func known(code string) string {
	if slices.Contains([]string{
		"invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope", "invalid_client", "invalid_grant", "unsupported_grant_type",
		"interaction_required", "login_required", "account_selection_required", "consent_required", "invalid_request_uri", "request_not_supported",
	}, code) {
		return code
	}
	return "it does not say why in words that are known here"
}
