package oidctest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html/template"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// The one client that the provider knows.
const (
	ClientID = "roleos-test"
	Secret   = "sample secret/with + signs"
)

// Provider is the provider; its fields may be changed between sign-ins.
type Provider struct {
	*httptest.Server
	// People are the claims of each person by the name on the button.
	People map[string]map[string]any
	// Redirects are where a browser may be sent back to; empty: anywhere.
	Redirects []string
	// Bend changes the claims of the next ID tokens.
	Bend func(claims map[string]any)
	// Sign signs instead of the provider: what it returns is the ID token.
	Sign func(payload []byte) string
	// Answer changes what the browser takes back.
	Answer func(q url.Values)
	// Describe changes the provider's description of itself.
	Describe func(d map[string]any)
	// UserInfoOnly leaves everything but sub out of the ID token.
	UserInfoOnly bool
	Now          func() time.Time

	mu       sync.Mutex
	keys     []key // the last one signs
	codes    map[string]grant
	access   map[string]string // access token -> person
	sessions map[string]string // cookie -> person
	asked    map[string]int    // path -> requests
}

type key struct {
	id     string
	secret *ecdsa.PrivateKey
}

type grant struct {
	person, redirect, nonce, challenge, session string
}

// New starts a provider that ends with the test.
func New(t testing.TB, people map[string]map[string]any) *Provider {
	t.Helper()
	p := &Provider{People: people, Now: time.Now, codes: map[string]grant{}, access: map[string]string{}, sessions: map[string]string{}, asked: map[string]int{}}
	p.Rotate()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.description)
	mux.HandleFunc("GET /keys", p.published)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("GET /userinfo", p.userInfo)
	mux.HandleFunc("GET /end", p.end)
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.asked[r.URL.Path]++
		p.mu.Unlock()
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Server.Close)
	return p
}

// Asked returns how often the path was asked for.
func (p *Provider) Asked(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[path]
}

// Rotate makes a new key that signs from now on; those before stay published.
func (p *Provider) Rotate() {
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = append(p.keys, key{id: text()[:8], secret: secret})
}

// Withdraw publishes only the newest key from now on, and returns a signer with the
// one before it.
func (p *Provider) Withdraw() func(payload []byte) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.keys[len(p.keys)-2]
	p.keys = p.keys[len(p.keys)-1:]
	return func(payload []byte) string {
		return Signed(jose.ES256, jose.JSONWebKey{Key: old.secret, KeyID: old.id}, payload)
	}
}

// Signed returns the payload as a JWT.
func Signed(alg jose.SignatureAlgorithm, key any, payload []byte) string {
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		panic(err)
	}
	signed, err := s.Sign(payload)
	if err != nil {
		panic(err)
	}
	out, err := signed.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return out
}

// Logout returns a message that says that the person, or their session, was signed
// out; bend may change its claims.
func (p *Provider) Logout(subject, session string, bend func(claims map[string]any)) string {
	claims := map[string]any{
		"iss": p.URL, "aud": ClientID, "iat": p.Now().Unix(), "exp": p.Now().Add(2 * time.Minute).Unix(), "jti": text(),
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
	}
	if subject != "" {
		claims["sub"] = subject
	}
	if session != "" {
		claims["sid"] = session
	}
	if bend != nil {
		bend(claims)
	}
	return p.sign(claims)
}

func (p *Provider) sign(claims map[string]any) string {
	payload, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.Sign != nil {
		return p.Sign(payload)
	}
	k := p.keys[len(p.keys)-1]
	return Signed(jose.ES256, jose.JSONWebKey{Key: k.secret, KeyID: k.id}, payload)
}

func (p *Provider) description(w http.ResponseWriter, _ *http.Request) {
	d := map[string]any{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
		"userinfo_endpoint": p.URL + "/userinfo", "end_session_endpoint": p.URL + "/end", "response_types_supported": []string{"code"},
		"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"ES256"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic"}, "code_challenge_methods_supported": []string{"S256"},
		"authorization_response_iss_parameter_supported": true, "backchannel_logout_supported": true, "backchannel_logout_session_supported": true,
	}
	if p.Describe != nil {
		p.Describe(d)
	}
	answer(w, http.StatusOK, d)
}

func (p *Provider) published(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var set jose.JSONWebKeySet
	for _, k := range p.keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: k.secret.Public(), KeyID: k.id, Use: "sig", Algorithm: "ES256"})
	}
	answer(w, http.StatusOK, set)
}

// authorize shows who may sign in, or goes back with a code for who did.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	redirect := q.Get("redirect_uri")
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case q.Get("client_id") != ClientID:
		http.Error(w, "no such client", http.StatusBadRequest)
		return
	case redirect == "" || len(p.Redirects) > 0 && !slices.Contains(p.Redirects, redirect):
		http.Error(w, "no such redirect address", http.StatusBadRequest)
		return
	}
	back := url.Values{"state": {q.Get("state")}, "iss": {p.URL}}
	person, session := "", text()
	if c, err := r.Cookie("provider"); err == nil {
		person, session = p.sessions[c.Value], c.Value
	}
	if r.Method == http.MethodPost {
		person = r.PostFormValue("person")
	}
	switch {
	case q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43 || !strings.Contains(" "+q.Get("scope")+" ", " openid "):
		back.Set("error", "invalid_request")
	case person == "refuse":
		back.Set("error", "access_denied")
	case p.People[person] == nil:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = template.Must(template.New("").Parse(`<!doctype html><title>Sample provider</title><main><h1>Who are you?</h1><form method="post">
{{range .}}<button name="person" value="{{.}}" id="{{.}}">{{.}}</button> {{end}}<button name="person" value="refuse" id="refuse">nobody</button></form></main>`)).
			Execute(w, slices.Sorted(maps.Keys(p.People)))
		return
	default:
		p.sessions[session] = person
		http.SetCookie(w, &http.Cookie{Name: "provider", Value: session, Path: "/", HttpOnly: true})
		code := text()
		p.codes[code] = grant{person: person, redirect: redirect, nonce: q.Get("nonce"), challenge: q.Get("code_challenge"), session: session}
		back.Set("code", code)
	}
	if p.Answer != nil {
		p.Answer(back)
	}
	http.Redirect(w, r, redirect+"?"+back.Encode(), http.StatusSeeOther)
}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	id, secret, ok := r.BasicAuth()
	id, _ = url.QueryUnescape(id)
	secret, _ = url.QueryUnescape(secret) // RFC 6749 2.3.1
	if !ok || id != ClientID || secret != Secret {
		answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client", "error_description": "do not show this"})
		return
	}
	p.mu.Lock()
	g, ok := p.codes[r.PostFormValue("code")]
	delete(p.codes, r.PostFormValue("code"))
	p.mu.Unlock()
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !ok || r.PostFormValue("grant_type") != "authorization_code" || r.PostFormValue("redirect_uri") != g.redirect ||
		base64.RawURLEncoding.EncodeToString(sum[:]) != g.challenge {
		answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant", "error_description": "do not show this"})
		return
	}
	access := text()
	p.mu.Lock()
	p.access[access] = g.person
	p.mu.Unlock()
	half := sha256.Sum256([]byte(access))
	claims := map[string]any{
		"iss": p.URL, "aud": ClientID, "iat": p.Now().Unix(), "exp": p.Now().Add(5 * time.Minute).Unix(), "nonce": g.nonce, "sid": g.session,
		"at_hash": base64.RawURLEncoding.EncodeToString(half[:16]),
	}
	for name, value := range p.People[g.person] {
		if name == "sub" || !p.UserInfoOnly {
			claims[name] = value
		}
	}
	if p.Bend != nil {
		p.Bend(claims)
	}
	answer(w, http.StatusOK, map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": p.sign(claims)})
}

func (p *Provider) userInfo(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	claims := p.People[p.access[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]]
	p.mu.Unlock()
	if claims == nil {
		answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_token"})
		return
	}
	answer(w, http.StatusOK, claims)
}

// end ends the browser's session here and offers the way back.
func (p *Provider) end(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie("provider"); err == nil {
		p.mu.Lock()
		delete(p.sessions, c.Value)
		p.mu.Unlock()
	}
	http.SetCookie(w, &http.Cookie{Name: "provider", Path: "/", MaxAge: -1})
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = template.Must(template.New("").Parse(`<!doctype html><title>Sample provider</title><main><h1>Signed out</h1><a id="back" href="{{.}}">Back</a></main>`)).
		Execute(w, r.URL.Query().Get("post_logout_redirect_uri"))
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func text() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
