package identity

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/hex"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"roleos/internal/fault"
)

// Scope is what a token may be used for. A narrower scope never widens what the
// person behind it may do.
type Scope string

// The scopes. Read shows; Run uploads and starts agents; Decide reviews,
// attests, confirms and acknowledges; Admin manages tokens.
const (
	Read   Scope = "read"
	Run    Scope = "run"
	Decide Scope = "decide"
	Admin  Scope = "admin"
)

// Scopes returns all scopes, narrowest first.
func Scopes() []Scope { return []Scope{Read, Run, Decide, Admin} }

// Person is who is behind a request.
type Person struct {
	ID    string   `json:"id"` // "person:ana"
	Roles []string `json:"roles"`
}

// Token is an API token as it is stored: its secret is not.
type Token struct {
	ID        string    `json:"id"` // public part, shown in lists
	Digest    string    `json:"-"`  // hex SHA-256 of the secret part
	Person    string    `json:"person"`
	Name      string    `json:"name"` // what it is for
	Scopes    []Scope   `json:"scopes"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
	RevokedAt time.Time `json:"revoked_at,omitzero"`
}

// Prefix begins every token, so that scanners for leaked secrets find them.
const Prefix = "roleos_"

const (
	idBytes     = 5  // 8 characters
	secretBytes = 20 // 32 characters, 160 bits
)

// MaxLife is the longest a token is good for.
const MaxLife = 366 * 24 * time.Hour

// SessionLife is how long a signed-in browser stays so.
const SessionLife = 12 * time.Hour

//nolint:gochecknoglobals // immutable
var (
	base32Lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
	tokenForm   = regexp.MustCompile(`^` + Prefix + `([a-z2-7]{8})_([a-z2-7]{32})$`)
)

// NewToken makes a token for a person. The text is shown once and never again.
// It fails with fault.Invalid for no name, no or unknown scopes, and a life of
// nothing or more than MaxLife.
func NewToken(random io.Reader, person, name string, scopes []Scope, now time.Time, life time.Duration) (text string, t Token, err error) {
	const op = "identity.token"
	switch {
	case strings.TrimSpace(name) == "" || len(name) > 100:
		return "", t, fault.New(fault.Invalid, op, "a token needs a name of at most 100 characters that says what it is for")
	case len(scopes) == 0:
		return "", t, fault.New(fault.Invalid, op, "a token needs a scope: read, run, decide or admin")
	case life <= 0 || life > MaxLife:
		return "", t, fault.New(fault.Invalid, op, "a token is good for at most %d days", int(MaxLife.Hours()/24))
	}
	for _, s := range scopes {
		if !slices.Contains(Scopes(), s) {
			return "", t, fault.New(fault.Invalid, op, "there is no scope %q; the scopes are read, run, decide and admin", s)
		}
	}
	id, err := randomText(random, idBytes)
	if err != nil {
		return "", t, err
	}
	secret, err := randomText(random, secretBytes)
	if err != nil {
		return "", t, err
	}
	t = Token{
		ID: id, Digest: digest(secret), Person: person, Name: strings.TrimSpace(name), Scopes: slices.Clone(scopes),
		CreatedAt: now.UTC(), ExpiresAt: now.Add(life).UTC(),
	}
	return Prefix + id + "_" + secret, t, nil
}

func randomText(random io.Reader, n int) (string, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", err
	}
	return base32Lower.EncodeToString(b), nil
}

func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// ParseToken returns the public id and the secret of a token's text, or false.
func ParseToken(text string) (id, secret string, ok bool) {
	m := tokenForm.FindStringSubmatch(text)
	if m == nil {
		return "", "", false
	}
	return m[1], m[2], true
}

// Check refuses a secret that is not the token's, and a token that is revoked,
// has expired, or is not for the scope. It says which only to who has the secret.
func (t Token) Check(secret string, scope Scope, now time.Time) error {
	const op = "identity.token"
	if subtle.ConstantTimeCompare([]byte(digest(secret)), []byte(t.Digest)) != 1 {
		return errUnknown()
	}
	switch {
	case !t.RevokedAt.IsZero():
		return fault.New(fault.Denied, op, "the token %s was revoked", t.ID)
	case !now.Before(t.ExpiresAt):
		return fault.New(fault.Denied, op, "the token %s expired on %s", t.ID, t.ExpiresAt.Format("2 January 2006"))
	case !slices.Contains(t.Scopes, scope):
		return fault.New(fault.Denied, op, "the token %s is not for %q", t.ID, scope).WithMend("Make one that is: roleos token create --scope %s", scope)
	}
	return nil
}

// Live reports whether the token is neither revoked nor expired.
func (t Token) Live(now time.Time) bool { return t.RevokedAt.IsZero() && now.Before(t.ExpiresAt) }

// errUnknown says nothing about why.
func errUnknown() error {
	return fault.New(fault.Denied, "identity.token", "the token is not known here").WithMend("Make one: roleos token create")
}

// Session is a signed-in browser as it is stored.
type Session struct {
	Digest string   // hex SHA-256 of the cookie's value
	Person string   // "person:ana"
	Roles  []string // as they were when the person signed in; nil: those of the settings
	Token  string   // public id of the token that it was made from, and ends with; "" for none
	// Provider is the mark of the OpenID provider's settings under which the person
	// was let in, and with which it ends; "" for none. There is a token or a provider.
	Provider string
	// AtProvider is the provider's name for its own session; "" when it gave none.
	AtProvider string
	CSRF       string // what every form of the session carries
	CreatedAt  time.Time
	ExpiresAt  time.Time
}

// NewSession makes a session; cookie is the value that only the browser keeps.
func NewSession(random io.Reader, person string, roles []string, now time.Time) (cookie string, s Session, err error) {
	cookie, err = randomText(random, 32)
	if err != nil {
		return "", s, err
	}
	csrf, err := randomText(random, 20)
	if err != nil {
		return "", s, err
	}
	return cookie, Session{
		Digest: digest(cookie), Person: person, Roles: roles, CSRF: csrf, CreatedAt: now.UTC(), ExpiresAt: now.Add(SessionLife).UTC(),
	}, nil
}

// From binds a session to the token that it was made from: it ends when the token
// does at the latest, and is for no more than the token is.
func (s Session) From(t Token) Session {
	s.Token = t.ID
	if t.ExpiresAt.Before(s.ExpiresAt) {
		s.ExpiresAt = t.ExpiresAt
	}
	return s
}

// By binds a session to the account and the settings that let a person in.
func (s Session) By(a Account, mark string) Session {
	s.Provider, s.AtProvider = mark, a.Session
	return s
}

// Account is a person as an OpenID provider knows them.
type Account struct {
	Issuer  string `json:"issuer"`  // of the provider
	Subject string `json:"subject"` // the provider's name for the account, which never changes
	Session string `json:"-"`       // the provider's name for its session; "" when it gave none
	// Person is who the account is here, "person:ana": what the provider calls them
	// now at their first sign-in, and the same ever after.
	Person  string    `json:"person"`
	Roles   []string  `json:"-"` // that their groups hold, sorted
	FirstAt time.Time `json:"first_at"`
}

// Code returns a text that nobody guesses.
func Code(random io.Reader) (string, error) { return randomText(random, secretBytes) }

// SessionDigest returns how the session of a cookie is found.
func SessionDigest(cookie string) string { return digest(cookie) }

// Genuine reports whether a form carries the session's own mark.
func (s Session) Genuine(csrf string) bool {
	return csrf != "" && subtle.ConstantTimeCompare([]byte(csrf), []byte(s.CSRF)) == 1
}

// Store keeps tokens and sessions.
type Store interface {
	PutToken(ctx context.Context, t Token) error
	// Token returns the token with the public id; fault.NotFound.
	Token(ctx context.Context, id string) (Token, error)
	// Tokens returns all tokens, newest first.
	Tokens(ctx context.Context) ([]Token, error)
	// RevokeToken ends a token; fault.NotFound. Revoking again changes nothing.
	RevokeToken(ctx context.Context, id string, at time.Time) error
	PutSession(ctx context.Context, s Session) error
	// Session returns the session; fault.NotFound, also when it has expired at now.
	Session(ctx context.Context, digest string, now time.Time) (Session, error)
	// EndSession forgets a session. A missing one is no error.
	EndSession(ctx context.Context, digest string) error
	// EndAt forgets the sessions of an account's person, or the one that the provider
	// names, and returns how many there were.
	EndAt(ctx context.Context, issuer, subject, session string) (int, error)
}

// Bearer returns the token that a request's Authorization header names, once it
// is checked. Every way of being wrong but the last three of Check is one answer.
func Bearer(ctx context.Context, store Store, header string, scope Scope, now time.Time) (Token, error) {
	scheme, text, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return Token{}, errUnknown()
	}
	id, secret, ok := ParseToken(strings.TrimSpace(text))
	if !ok {
		return Token{}, errUnknown()
	}
	t, err := store.Token(ctx, id)
	if fault.KindOf(err) == fault.NotFound {
		return Token{}, errUnknown()
	}
	if err != nil {
		return Token{}, err
	}
	return t, t.Check(secret, scope, now)
}
