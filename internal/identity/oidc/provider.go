package oidc

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"roleos/internal/fault"
)

// Limits of what is asked of a provider.
const (
	maxAnswer = 1 << 20          // bytes of one answer
	patience  = 10 * time.Second // for one answer
	foundFor  = time.Hour        // after which the provider's description and keys are read again
	lostFor   = 3 * time.Second  // for which one that does not describe itself is not asked again
	leeway    = time.Minute      // by which its clock may be off
)

// Options says who signs people in. Issuer, ClientID, Roles and Now are required.
type Options struct {
	Issuer   string
	ClientID string
	// Secret returns the client's secret; nil for a public client.
	Secret func() (string, error)
	Scopes []string // openid among them
	// PersonClaim names the claim that a person's id is made of; default email.
	PersonClaim string
	// GroupsClaim names the claim that lists the groups, or is a path with dots to
	// it; default groups.
	GroupsClaim string
	Roles       map[string][]string // group -> roles of its members
	Now         func() time.Time
	Random      io.Reader // of states, nonces and verifiers; default crypto/rand
	// Transport reaches the provider; nil: directly, with TLS 1.2 or later.
	Transport http.RoundTripper
}

// Provider signs people in at one OpenID provider. It is safe for concurrent use
// and asks the provider nothing before the first person comes.
type Provider struct {
	o      Options
	client *http.Client

	mu     sync.Mutex
	found  *found
	lost   error // why it was not found, at lostAt
	lostAt time.Time

	ending chan struct{} // bounds how many messages about signed-out people are read at once
}

// found is what a provider says of itself.
type found struct {
	provider *oidc.Provider
	at       time.Time
	says     struct {
		Auth       string   `json:"authorization_endpoint"`
		Token      string   `json:"token_endpoint"`
		Keys       string   `json:"jwks_uri"`
		UserInfo   string   `json:"userinfo_endpoint"`
		End        string   `json:"end_session_endpoint"`
		NamesSelf  bool     `json:"authorization_response_iss_parameter_supported"`
		TokenAuth  []string `json:"token_endpoint_auth_methods_supported"`
		Challenges []string `json:"code_challenge_methods_supported"`
	}
}

// New returns the provider of the settings. It fails with fault.Invalid when they
// leave something out.
func New(o Options) (*Provider, error) {
	if o.Issuer == "" || o.ClientID == "" || len(o.Roles) == 0 || o.Now == nil {
		return nil, fault.New(fault.Invalid, "oidc.new", "an OpenID provider needs an issuer, a client id, and groups that are mapped to roles").
			WithMend("Set serve.oidc.issuer, serve.oidc.client_id and serve.oidc.roles.")
	}
	o.PersonClaim, o.GroupsClaim = cmp.Or(o.PersonClaim, "email"), cmp.Or(o.GroupsClaim, "groups")
	if len(o.Scopes) == 0 {
		o.Scopes = []string{oidc.ScopeOpenID, "profile", "email"}
	}
	if o.Transport == nil {
		o.Transport = &http.Transport{
			DialContext:     (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, TLSHandshakeTimeout: 5 * time.Second,
			MaxIdleConns: 4, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10,
		}
	}
	return &Provider{o: o, ending: make(chan struct{}, 4), client: &http.Client{
		Timeout: patience, Transport: bounded{o.Transport},
		// A provider is where its settings say, nowhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Issuer returns the provider's name for itself, as it stands in the settings.
func (p *Provider) Issuer() string { return p.o.Issuer }

// Host returns how a person would call the provider.
func (p *Provider) Host() string {
	u, err := url.Parse(p.o.Issuer)
	if err != nil {
		return p.o.Issuer
	}
	return u.Host
}

// Mark changes with everything that decides who is let in as what. A session that
// was begun under another one has ended.
func (p *Provider) Mark() string {
	data, err := json.Marshal([]any{p.o.Issuer, p.o.ClientID, p.o.PersonClaim, p.o.GroupsClaim, p.o.Roles})
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}

// EndURL is where a person ends the session with the provider itself; "" when it
// has no such page. back is where they come from.
func (p *Provider) EndURL(ctx context.Context, back string) string {
	f, err := p.look(ctx)
	if err != nil || f.says.End == "" {
		return ""
	}
	u, err := url.Parse(f.says.End)
	if err != nil {
		return ""
	}
	q := u.Query()
	q.Set("client_id", p.o.ClientID)
	q.Set("post_logout_redirect_uri", back)
	u.RawQuery = q.Encode()
	return u.String()
}

// look returns what the provider says of itself, read at most an hour ago.
func (p *Provider) look(ctx context.Context) (*found, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.o.Now()
	switch {
	case p.found != nil && now.Sub(p.found.at) < foundFor:
		return p.found, nil
	case p.lost != nil && now.Sub(p.lostAt) < lostFor:
		return nil, p.lost
	}
	// Of whoever asked first: that they left is not the provider's failure.
	f, err := p.discover(context.WithoutCancel(ctx))
	p.lost, p.lostAt = err, now
	if err == nil {
		p.found = f
	}
	return f, err
}

func (p *Provider) discover(ctx context.Context) (*found, error) {
	const op = "oidc.discover"
	// The library keeps the client of this context for the keys it looks up later.
	told, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.o.Issuer)
	var other *oidc.IssuerMismatchError
	switch {
	case errors.As(err, &other):
		return nil, fault.New(fault.Unavailable, op, "the provider calls itself %.200q, and the settings call it %q", other.Discovered, p.o.Issuer).
			WithMend("Write serve.oidc.issuer exactly as the provider does, with or without the slash at its end.")
	case err != nil:
		return nil, fault.New(fault.Unavailable, op, "the OpenID provider %s does not describe itself: %.200s", p.o.Issuer, strings.ToValidUTF8(err.Error(), "")).
			WithMend("Its description is expected at %s/.well-known/openid-configuration", strings.TrimSuffix(p.o.Issuer, "/"))
	}
	f := &found{provider: told, at: p.o.Now()}
	if err := told.Claims(&f.says); err != nil {
		return nil, fault.New(fault.Unavailable, op, "the description of the OpenID provider %s is not readable", p.o.Issuer)
	}
	for name, address := range map[string]string{"authorization_endpoint": f.says.Auth, "token_endpoint": f.says.Token, "jwks_uri": f.says.Keys} {
		if !p.safe(address) {
			return nil, fault.New(fault.Unavailable, op, "the %s of the OpenID provider %s is no https address", name, p.o.Issuer)
		}
	}
	if f.says.UserInfo != "" && !p.safe(f.says.UserInfo) || f.says.End != "" && !p.safe(f.says.End) {
		return nil, fault.New(fault.Unavailable, op, "an address in the description of the OpenID provider %s is no https address", p.o.Issuer)
	}
	if c := f.says.Challenges; len(c) > 0 && !slices.Contains(c, "S256") {
		return nil, fault.New(fault.Unavailable, op, "the OpenID provider %s takes no PKCE with S256", p.o.Issuer)
	}
	return f, nil
}

// safe reports whether an address of the provider's is https; http does when the
// provider itself is on this machine.
func (p *Provider) safe(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil {
		return false
	}
	home, err := url.Parse(p.o.Issuer)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http" && home.Scheme == "http" && u.Hostname() == home.Hostname())
}

// oauth is the client as the provider knows it.
func (p *Provider) oauth(f *found, redirect string) (*oauth2.Config, error) {
	c := &oauth2.Config{
		ClientID: p.o.ClientID, RedirectURL: redirect, Scopes: p.o.Scopes,
		// Said outright: guessing would send a code twice, and a code works once.
		Endpoint: oauth2.Endpoint{AuthURL: f.says.Auth, TokenURL: f.says.Token, AuthStyle: oauth2.AuthStyleInParams},
	}
	if p.o.Secret == nil {
		return c, nil
	}
	if m := f.says.TokenAuth; len(m) == 0 || slices.Contains(m, "client_secret_basic") {
		c.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
	}
	secret, err := p.o.Secret()
	if err != nil {
		return nil, err
	}
	c.ClientSecret = secret
	return c, nil
}

// verifier checks ID tokens and logout tokens. Times are checked here, because the
// library gives exp no leeway.
func (p *Provider) verifier(f *found) *oidc.IDTokenVerifier {
	return f.provider.Verifier(&oidc.Config{ClientID: p.o.ClientID, SkipExpiryCheck: true, Now: p.o.Now})
}

// bounded ends an answer after maxAnswer bytes.
type bounded struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, fmt.Errorf("%s does not answer: %w", r.URL.Host, err)
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	return resp, nil
}
