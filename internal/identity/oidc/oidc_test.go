package oidc_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"roleos/internal/fault"
	"roleos/internal/identity"
	"roleos/internal/identity/oidc"
	"roleos/internal/identity/oidctest"
)

const redirect = "https://roleos.example/signin/callback"

func people() map[string]map[string]any {
	return map[string]map[string]any{
		"ana": {"sub": "a-1", "email": "Ana@example.org", "email_verified": true, "groups": []any{"product", "reviewers"}},
		"bo":  {"sub": "b-2", "email": "bo@example.org", "email_verified": true, "groups": []any{"visitors"}},
	}
}

func settings(p *oidctest.Provider) oidc.Options {
	return oidc.Options{
		Issuer: p.URL, ClientID: oidctest.ClientID, Secret: func() (string, error) { return oidctest.Secret, nil }, Now: time.Now,
		Roles: map[string][]string{"product": {"pm", "author"}, "reviewers": {"reviewer", "pm"}},
	}
}

func client(t *testing.T, o oidc.Options) *oidc.Provider {
	t.Helper()
	c, err := oidc.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// leave begins a sign-in and returns what the browser brings back.
func leave(t *testing.T, c *oidc.Provider, person string) (oidc.Attempt, url.Values) {
	t.Helper()
	address, attempt, err := c.Begin(t.Context(), redirect, "/queue")
	if err != nil {
		t.Fatal(err)
	}
	return attempt, visit(t, address, person)
}

func visit(t *testing.T, address, person string) url.Values {
	t.Helper()
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := browser.PostForm(address, url.Values{"person": {person}}) //nolint:noctx // this process
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // not read
	back, err := resp.Location()
	if err != nil || !strings.HasPrefix(back.String(), redirect+"?") {
		t.Fatalf("the provider answers %d and leads to %v", resp.StatusCode, back)
	}
	return back.Query()
}

func signIn(t *testing.T, c *oidc.Provider, person string) (identity.Account, error) {
	t.Helper()
	attempt, q := leave(t, c, person)
	return c.Finish(t.Context(), attempt, redirect, q)
}

func TestAPersonComesWithTheRolesOfTheirGroups(t *testing.T) {
	for name, change := range map[string]func(*oidctest.Provider, *oidc.Options){
		"as it is":         func(*oidctest.Provider, *oidc.Options) {},
		"told apart":       func(p *oidctest.Provider, _ *oidc.Options) { p.UserInfoOnly = true },
		"keys at any time": func(p *oidctest.Provider, _ *oidc.Options) { p.Rotate() },
		"clocks apart": func(p *oidctest.Provider, _ *oidc.Options) {
			p.Now = func() time.Time { return time.Now().Add(50 * time.Second) }
		},
		"a nested claim": func(p *oidctest.Provider, o *oidc.Options) {
			p.People["ana"]["realm_access"] = map[string]any{"roles": []any{"product", "reviewers"}}
			o.GroupsClaim = "realm_access.roles"
		},
		"a claim named like an address": func(p *oidctest.Provider, o *oidc.Options) {
			p.People["ana"]["https://example.org/groups"] = []any{"product", 7, "reviewers"}
			o.GroupsClaim = "https://example.org/groups"
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := oidctest.New(t, people())
			o := settings(p)
			change(p, &o)
			a, err := signIn(t, client(t, o), "ana")
			if err != nil {
				t.Fatal(err)
			}
			if a.Person != "person:ana@example.org" || !slices.Equal(a.Roles, []string{"author", "pm", "reviewer"}) || a.Issuer != p.URL || a.Subject != "a-1" || a.Session == "" && !p.UserInfoOnly {
				t.Errorf("%+v", a)
			}
		})
	}
}

// TestWhatIsNotGenuineIsRefused has the provider, or somebody in its place, do each
// thing wrong. Nobody is signed in, and the reason is one that may be shown.
func TestWhatIsNotGenuineIsRefused(t *testing.T) {
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	claim := func(name string, value any) func(*oidctest.Provider) {
		return func(p *oidctest.Provider) {
			p.Bend = func(c map[string]any) {
				if c[name] = value; value == nil {
					delete(c, name)
				}
			}
		}
	}
	answer := func(name, value string) func(*oidctest.Provider) {
		return func(p *oidctest.Provider) { p.Answer = func(q url.Values) { q.Set(name, value) } }
	}
	past, future := time.Now().Add(-2*time.Minute).Unix(), time.Now().Add(2*time.Minute).Unix()
	for name, c := range map[string]struct {
		bend func(*oidctest.Provider)
		says string
	}{
		"another nonce":            {claim("nonce", "of-another-sign-in"), "another sign-in"},
		"no nonce":                 {claim("nonce", nil), "another sign-in"},
		"made for somebody else":   {claim("aud", "another-client"), "not made for this service"},
		"given to somebody else":   {claim("azp", "another-client"), "given to another service"},
		"for many, given to none":  {claim("aud", []string{oidctest.ClientID, "another-client"}), "given to another service"},
		"another issuer":           {claim("iss", "https://evil.example"), "not signed by a key of its own"},
		"expired":                  {claim("exp", past), "expired"},
		"never expires":            {claim("exp", nil), "expired"},
		"issued in the future":     {claim("iat", future), "from the future"},
		"never issued":             {claim("iat", nil), "from the future"},
		"not yet good":             {claim("nbf", future), "from the future"},
		"nobody":                   {claim("sub", ""), "names nobody"},
		"a very long name":         {claim("sub", strings.Repeat("x", 256)), "names nobody"},
		"another access token":     {claim("at_hash", base64.RawURLEncoding.EncodeToString(make([]byte, 16))), "do not belong together"},
		"another state":            {answer("state", "forged"), "begun no such sign-in"},
		"another provider answers": {answer("iss", "https://evil.example"), "does not come from"},
		"nobody says who answers":  {func(p *oidctest.Provider) { p.Answer = func(q url.Values) { q.Del("iss") } }, "does not come from"},
		"a made-up code":           {answer("code", "guessed"), "does not take the answer"},
		"no code":                  {answer("code", ""), "holds no code"},
		"two codes":                {func(p *oidctest.Provider) { p.Answer = func(q url.Values) { q.Add("code", "second") } }, "twice"},
		"an error made up":         {answer("error", "<script>call 555-0100</script>"), "in words that are known here"},
		"an error":                 {answer("error", "login_required"), "login_required"},
		"not signed": {func(p *oidctest.Provider) {
			p.Sign = func(payload []byte) string {
				return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString(payload) + "."
			}
		}, "not signed"},
		"signed with the client's secret": {func(p *oidctest.Provider) {
			p.Describe = func(d map[string]any) { d["id_token_signing_alg_values_supported"] = []string{"HS256", "none"} }
			p.Sign = func(payload []byte) string {
				return oidctest.Signed(jose.HS256, []byte(oidctest.Secret+strings.Repeat(" ", 32)), payload)
			}
		}, "not signed"},
		"signed with another key": {func(p *oidctest.Provider) {
			p.Sign = func(payload []byte) string {
				return oidctest.Signed(jose.ES256, jose.JSONWebKey{Key: other, KeyID: "unknown"}, payload)
			}
		}, "not signed"},
		"signed with another key of no name": {func(p *oidctest.Provider) {
			p.Sign = func(payload []byte) string { return oidctest.Signed(jose.ES256, other, payload) }
		}, "not signed"},
		"no claims": {func(p *oidctest.Provider) { p.Sign = func([]byte) string { return "x.y.z" } }, "not signed"},
	} {
		t.Run(name, func(t *testing.T) {
			p := oidctest.New(t, people())
			c.bend(p)
			a, err := signIn(t, client(t, settings(p)), "ana")
			if err == nil || fault.KindOf(err) != fault.Denied || a.Person != "" {
				t.Fatalf("%+v, %v", a, err)
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("it says %q, expected something with %q", err, c.says)
			}
			f, _ := errors.AsType[*fault.Error](err)
			if f.Mend == "" || strings.ContainsAny(err.Error(), "<>") || strings.Contains(err.Error(), "do not show") || strings.Contains(err.Error(), oidctest.Secret) {
				t.Errorf("it is shown as %q", err)
			}
		})
	}
}

func TestACodeAndAVerifierAreUsedOnce(t *testing.T) {
	p := oidctest.New(t, people())
	c := client(t, settings(p))
	attempt, q := leave(t, c, "ana")
	if _, err := c.Finish(t.Context(), attempt, redirect, q); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Finish(t.Context(), attempt, redirect, q); fault.KindOf(err) != fault.Denied {
		t.Errorf("a code is good twice: %v", err)
	}
	// A code that somebody stole is worth nothing to another browser.
	_, stolen := leave(t, c, "ana")
	mine, _ := leave(t, c, "bo")
	stolen.Set("state", mine.State)
	if _, err := c.Finish(t.Context(), mine, redirect, stolen); fault.KindOf(err) != fault.Denied {
		t.Errorf("another browser's code is taken: %v", err)
	}
	// A sign-in that was left open.
	old, q := leave(t, c, "ana")
	old.At = old.At.Add(-oidc.AttemptLife - time.Second)
	if _, err := c.Finish(t.Context(), old, redirect, q); fault.KindOf(err) != fault.Denied || !strings.Contains(err.Error(), "minutes ago") {
		t.Errorf("an old sign-in: %v", err)
	}
	if _, err := c.Finish(t.Context(), oidc.Attempt{}, redirect, url.Values{"state": {""}, "code": {"x"}}); fault.KindOf(err) != fault.Denied {
		t.Errorf("a sign-in that nobody began: %v", err)
	}
}

// TestAWithdrawnKeyIsNotGoodForEver: the library keeps every key it has seen.
func TestAWithdrawnKeyIsNotGoodForEver(t *testing.T) {
	p := oidctest.New(t, people())
	now := time.Now()
	o := settings(p)
	o.Now = func() time.Time { return now }
	p.Now = o.Now
	c := client(t, o)
	if _, err := signIn(t, c, "ana"); err != nil {
		t.Fatal(err)
	}
	p.Rotate()
	p.Sign = p.Withdraw()
	now = now.Add(61 * time.Minute)
	if a, err := signIn(t, c, "ana"); fault.KindOf(err) != fault.Denied || a.Person != "" {
		t.Errorf("a key that the provider withdrew an hour ago signs: %+v %v", a, err)
	}
}

func TestWhoIsNotLetIn(t *testing.T) {
	for name, c := range map[string]struct {
		person string
		bend   func(*oidctest.Provider, *oidc.Options)
		says   string
	}{
		"in no group with a role": {"bo", nil, "none of their groups has a role here"},
		"a group almost named":    {"ana", func(p *oidctest.Provider, _ *oidc.Options) { p.People["ana"]["groups"] = []any{"Product", "product "} }, "none of their groups"},
		"no groups":               {"ana", func(p *oidctest.Provider, _ *oidc.Options) { delete(p.People["ana"], "groups") }, "none of their groups"},
		"groups of another form": {"ana", func(p *oidctest.Provider, _ *oidc.Options) {
			p.People["ana"]["groups"] = map[string]any{"product": true}
		}, "no list of groups"},
		"too many groups":           {"ana", func(p *oidctest.Provider, _ *oidc.Options) { delete(p.People["ana"], "groups"); p.Bend = overage }, "leaves them out"},
		"an unverified address":     {"ana", func(p *oidctest.Provider, _ *oidc.Options) { p.People["ana"]["email_verified"] = false }, "has not verified"},
		"nobody says it is":         {"ana", func(p *oidctest.Provider, _ *oidc.Options) { delete(p.People["ana"], "email_verified") }, "has not verified"},
		"a name that is none":       {"ana", func(p *oidctest.Provider, _ *oidc.Options) { p.People["ana"]["email"] = "ana\n@x\x00" }, "does not say who you are"},
		"a claim that is not there": {"ana", func(_ *oidctest.Provider, o *oidc.Options) { o.PersonClaim = "nickname" }, "nickname"},
		"who gives up":              {"refuse", nil, "refused or given up"},
		"the wrong secret":          {"ana", func(_ *oidctest.Provider, o *oidc.Options) { o.Secret = func() (string, error) { return "wrong", nil } }, "invalid_client"},
		"somebody else's user info": {"ana", func(p *oidctest.Provider, _ *oidc.Options) {
			p.UserInfoOnly, p.Bend = true, func(c map[string]any) { c["sub"] = "x-9" }
		}, "somebody else"},
	} {
		t.Run(name, func(t *testing.T) {
			p := oidctest.New(t, people())
			o := settings(p)
			if c.bend != nil {
				c.bend(p, &o)
			}
			a, err := signIn(t, client(t, o), c.person)
			if fault.KindOf(err) != fault.Denied || a.Person != "" || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%+v, %v", a, err)
			}
		})
	}
}

func overage(c map[string]any) {
	c["_claim_names"] = map[string]any{"groups": "src1"}
	c["_claim_sources"] = map[string]any{"src1": map[string]any{"endpoint": "https://graph.example/groups"}}
}

func TestAProviderThatIsNoHelp(t *testing.T) {
	for name, change := range map[string]func(d map[string]any){
		"calls itself otherwise":    func(d map[string]any) { d["issuer"] = d["issuer"].(string) + "/" },
		"takes no PKCE":             func(d map[string]any) { d["code_challenge_methods_supported"] = []string{"plain"} },
		"sends people elsewhere":    func(d map[string]any) { d["authorization_endpoint"] = "http://other.example/authorize" },
		"has its keys on the web":   func(d map[string]any) { d["jwks_uri"] = "http://other.example/keys" },
		"ends sessions in a script": func(d map[string]any) { d["end_session_endpoint"] = "javascript:alert(1)" },
		"is very long":              func(d map[string]any) { d["x"] = strings.Repeat("x", 2<<20) },
	} {
		t.Run(name, func(t *testing.T) {
			p := oidctest.New(t, people())
			p.Describe = change
			_, _, err := client(t, settings(p)).Begin(t.Context(), redirect, "/")
			if fault.KindOf(err) != fault.Unavailable || len(err.Error()) > 1000 {
				t.Errorf("%.500v", err)
			}
		})
	}
	// One that leads elsewhere is not followed, and one that is down not asked in a row.
	asked := 0
	gone := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.Redirect(w, r, "https://evil.example"+r.URL.Path, http.StatusFound)
	}))
	defer gone.Close()
	c := client(t, oidc.Options{Issuer: gone.URL, ClientID: "x", Roles: map[string][]string{"g": {"pm"}}, Now: time.Now})
	for range 5 {
		if _, _, err := c.Begin(t.Context(), redirect, "/"); fault.KindOf(err) != fault.Unavailable {
			t.Error(err)
		}
	}
	if asked != 1 {
		t.Errorf("it was asked %d times in a row", asked)
	}
}

func TestSignedOutByTheProvider(t *testing.T) {
	p := oidctest.New(t, people())
	c := client(t, settings(p))
	if e, err := c.Ended(t.Context(), p.Logout("a-1", "s-7", nil)); err != nil || e != (oidc.Ended{Subject: "a-1", Session: "s-7"}) {
		t.Errorf("%+v, %v", e, err)
	}
	set := func(name string, value any) func(map[string]any) {
		return func(c map[string]any) { c[name] = value }
	}
	for name, token := range map[string]string{
		"nothing":              "",
		"an ID token":          p.Logout("a-1", "", set("nonce", "n")),
		"no event":             p.Logout("a-1", "", set("events", map[string]any{})),
		"another client's":     p.Logout("a-1", "", set("aud", "another")),
		"another provider's":   p.Logout("a-1", "", set("iss", "https://evil.example")),
		"old":                  p.Logout("a-1", "", set("iat", time.Now().Add(-10*time.Minute).Unix())),
		"expired":              p.Logout("a-1", "", set("exp", time.Now().Add(-2*time.Minute).Unix())),
		"about nobody":         p.Logout("", "", nil),
		"signed by nobody":     base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + ".e30.",
		"changed on its way":   p.Logout("a-1", "", nil)[1:],
		"without a name of it": p.Logout("a-1", "", set("jti", "")),
	} {
		if e, err := c.Ended(t.Context(), token); fault.KindOf(err) != fault.Denied {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
	if at := c.EndURL(t.Context(), "https://roleos.example/signin"); !strings.HasPrefix(at, p.URL+"/end?client_id="+oidctest.ClientID+"&post_logout_redirect_uri=https%3A") {
		t.Error(at)
	}
}

// TestTheMarkFollowsTheSettings: a session ends when the settings that let its
// person in change.
func TestTheMarkFollowsTheSettings(t *testing.T) {
	p := oidctest.New(t, people())
	one, two := settings(p), settings(p)
	two.Roles["product"] = []string{"pm"}
	if a, b := client(t, one).Mark(), client(t, settings(p)).Mark(); a != b || a == "" {
		t.Errorf("the same settings give %q and %q", a, b)
	}
	if client(t, one).Mark() == client(t, two).Mark() {
		t.Error("other roles, and the same mark")
	}
}

// TestWhoLeavesKeepsNobodyOut: a browser that goes away while the provider is asked
// to describe itself says nothing about the provider; others sign in meanwhile.
func TestWhoLeavesKeepsNobodyOut(t *testing.T) {
	p := oidctest.New(t, people())
	c := client(t, settings(p))
	gone, leave := context.WithCancel(t.Context())
	leave()
	_, _, _ = c.Begin(gone, redirect, "/")
	if _, err := signIn(t, c, "ana"); err != nil {
		t.Errorf("after somebody left: %v", err)
	}
}
