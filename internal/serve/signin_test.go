package serve_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"roleos/config"
	"roleos/internal/app"
	"roleos/internal/console"
	"roleos/internal/fault"
	"roleos/internal/identity/oidctest"
	"roleos/internal/serve"
)

func atProvider() map[string]map[string]any {
	person := func(sub, email string, groups ...any) map[string]any {
		return map[string]any{"sub": sub, "email": email, "email_verified": true, "groups": groups}
	}
	return map[string]map[string]any{
		"ana": person("a-1", "ana@example.org", "product", "staff"), "olga": person("o-2", "olga@example.org", "owners"),
		"bob": person("b-3", "bob@example.org", "builders"), "visitor": person("v-4", "visitor@example.org", "staff"),
	}
}

const providerSettings = `review: {mode: team}
serve:
  oidc:
    issuer: %s
    client_id: roleos-test
    client_secret_file: provider.secret
    roles: {product: pm+author, owners: portfolio-owner, builders: architect}
`

// signing is a service whose people sign in at a provider.
type signing struct {
	*world
	provider *oidctest.Provider
}

func withProvider(t *testing.T) *signing {
	t.Helper()
	p := oidctest.New(t, atProvider())
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "provider.secret"), []byte(oidctest.Secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return &signing{openIn(t, dir, fmt.Sprintf(providerSettings, p.URL), pages), p}
}

// pages puts the console behind the service, as the command does.
func pages(o *serve.Options) {
	a := o.App
	o.Console = func(session func(*http.Request) (app.Actor, string, bool)) (http.Handler, error) {
		return console.New(console.Options{App: a, Session: session, SignIn: "/signin", Now: time.Now, Logger: o.Logger})
	}
}

// browser keeps cookies and follows redirects, as a person's does.
func (s *signing) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

type shownPage struct {
	status int
	at     *url.URL
	body   string
}

func (s *signing) page(resp *http.Response, err error) shownPage {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // read whole
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		s.Fatal(err)
	}
	return shownPage{resp.StatusCode, resp.Request.URL, string(data)}
}

// signIn goes to a page, is sent to the provider and comes back as the person.
func (s *signing) signIn(c *http.Client, person, to string) shownPage {
	s.Helper()
	asked := s.page(c.Get(s.srv.URL + to)) //nolint:noctx // this process
	link := regexp.MustCompile(`href="(/signin/provider[^"]*)"`).FindStringSubmatch(asked.body)
	if link == nil {
		s.Fatalf("there is no way to the provider on %s: %s", asked.at, asked.body)
	}
	at := s.page(c.Get(s.srv.URL + strings.ReplaceAll(link[1], "&amp;", "&"))) //nolint:noctx // this process
	if at.at.Path != "/authorize" {
		return at
	}
	return s.page(c.PostForm(at.at.String(), url.Values{"person": {person}})) //nolint:noctx // this process
}

// me is who the API says the browser is; "" for nobody.
func (s *signing) me(c *http.Client) (id string, roles []string) {
	s.Helper()
	p := s.page(c.Get(s.srv.URL + "/api/v1/me")) //nolint:noctx // this process
	if p.status != http.StatusOK {
		return "", nil
	}
	var out struct {
		ID    string   `json:"id"`
		Roles []string `json:"roles"`
	}
	if err := json.Unmarshal([]byte(p.body), &out); err != nil {
		s.Fatal(err)
	}
	return out.ID, out.Roles
}

func (s *signing) cookie(c *http.Client, name string) string {
	at, err := url.Parse(s.srv.URL)
	if err != nil {
		s.Fatal(err)
	}
	for _, k := range c.Jar.Cookies(at) {
		if k.Name == name {
			return k.Value
		}
	}
	return ""
}

func TestAPersonSignsInAtTheProvider(t *testing.T) {
	s := withProvider(t)
	ana := s.browser()
	if p := s.signIn(ana, "ana", "/queue?state=all"); p.status != http.StatusOK || p.at.RequestURI() != "/queue?state=all" {
		t.Fatalf("she lands on %s with %d: %s", p.at, p.status, p.body)
	}
	if id, roles := s.me(ana); id != "person:ana@example.org" || !slices.Equal(roles, []string{"author", "pm"}) {
		t.Errorf("she is %s with %v", id, roles)
	}
	if s.cookie(ana, "roleos-signin") != "" {
		t.Error("the sign-in is kept after it ended")
	}
	first := s.cookie(ana, "roleos")
	s.signIn(ana, "ana", "/signin")
	stale := s.browser()
	at, _ := url.Parse(s.srv.URL)
	stale.Jar.SetCookies(at, []*http.Cookie{{Name: "roleos", Value: first}})
	if id, _ := s.me(stale); id != "" || s.cookie(ana, "roleos") == first {
		t.Error("signing in again leaves the old session alive")
	}
	records, err := s.app.AuditPage(t.Context(), "person:ana@example.org", 0)
	if err != nil || len(records) != 2 || !strings.Contains(string(records[0].Detail), `"roles":["author","pm"]`) {
		t.Errorf("the log says %v, %v", records, err)
	}
	for name, value := range atProvider()["ana"] { // what the provider told stays there
		if text, ok := value.(string); ok && name == "sub" && strings.Contains(string(records[0].Detail), text) {
			t.Errorf("the log holds %s", name)
		}
	}
	nobody := s.browser()
	if p := s.signIn(nobody, "visitor", "/"); p.status != http.StatusForbidden || !strings.Contains(p.body, "none of their groups has a role here") || !strings.Contains(p.body, "builders, owners, product") {
		t.Errorf("who has no role: %d %s", p.status, p.body)
	}
	if id, _ := s.me(nobody); id != "" {
		t.Errorf("who has no role is %s", id)
	}
	if p := s.signIn(s.browser(), "refuse", "/"); p.status != http.StatusForbidden || !strings.Contains(p.body, "refused or given up") || !strings.Contains(p.body, "/signin/provider") {
		t.Errorf("who gives up: %d %s", p.status, p.body)
	}
	if code, _ := s.ask(s.token("person:ci", "read"), "GET", "/drafts", nil); code != 200 {
		t.Errorf("a token beside the provider: %d", code)
	}
}

func TestASessionEndsWithItsReasons(t *testing.T) {
	s := withProvider(t)
	form := regexp.MustCompile(`name="csrf" value="([^"]+)"`)
	ana := s.browser()
	page := s.signIn(ana, "ana", "/")
	out := s.page(ana.PostForm(s.srv.URL+"/signout", url.Values{"csrf": form.FindStringSubmatch(page.body)[1:]})) //nolint:noctx // this process
	if !strings.Contains(out.body, "You are signed out of roleos.") || !strings.Contains(out.body, s.provider.URL+"/end?client_id=") {
		t.Errorf("after signing out: %s", out.body)
	}
	if id, _ := s.me(ana); id != "" {
		t.Errorf("signed out and still %s", id)
	}

	// The provider says that it signed her out.
	tell := func(token string) int {
		return s.page(http.PostForm(s.srv.URL+"/signin/ended", url.Values{"logout_token": {token}})).status //nolint:noctx // this process
	}
	s.signIn(ana, "ana", "/")
	bob := s.browser()
	s.signIn(bob, "bob", "/")
	if code := tell(s.provider.Logout("a-1", "", nil) + "x"); code != http.StatusBadRequest {
		t.Errorf("a forged message: %d", code)
	}
	if id, _ := s.me(ana); id == "" {
		t.Error("a forged message signs people out")
	}
	if code := tell(s.provider.Logout("a-1", "", nil)); code != http.StatusOK {
		t.Errorf("a genuine message: %d", code)
	}
	a, _ := s.me(ana)
	if b, _ := s.me(bob); a != "" || b == "" {
		t.Errorf("after ana was signed out, there are %q and %q", a, b)
	}

	// The settings let people in otherwise.
	cfg, _, err := config.Load(config.Options{Workspace: s.dir, User: "ana"})
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*config.Config){
		"the same settings":    func(*config.Config) {},
		"another role":         func(c *config.Config) { c.Serve.OIDC.Roles = map[string][]string{"builders": {"qa"}} },
		"no provider any more": func(c *config.Config) { c.Serve.OIDC.Issuer = config.None },
	} {
		c := cfg
		change(&c)
		other, err := serve.New(serve.Options{App: s.app, Config: c, Store: s.app.Store()})
		if err != nil {
			t.Fatal(err)
		}
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.AddCookie(&http.Cookie{Name: "roleos", Value: s.cookie(bob, "roleos")})
		if _, _, ok := other.Session(r); ok != (name == "the same settings") {
			t.Errorf("with %s the session holds: %v", name, ok)
		}
	}
}

// TestAnAccountStaysThePersonItWas: who wrote something must not become somebody
// else by another address, nor anybody else become them.
func TestAnAccountStaysThePersonItWas(t *testing.T) {
	s := withProvider(t)
	ana := s.browser()
	s.signIn(ana, "ana", "/")
	s.provider.People["ana"]["email"] = "renamed@example.org"
	again := s.browser()
	s.signIn(again, "ana", "/")
	if id, _ := s.me(again); id != "person:ana@example.org" {
		t.Errorf("with another address she is %s", id)
	}
	s.provider.People["visitor"] = map[string]any{"sub": "m-9", "email": "ana@example.org", "email_verified": true, "groups": []any{"owners"}}
	other := s.browser()
	if p := s.signIn(other, "visitor", "/"); p.status != http.StatusForbidden || !strings.Contains(p.body, "another account of the provider has signed in as person:ana@example.org") {
		t.Errorf("another account of the same name: %d %s", p.status, p.body)
	}
	if err := s.app.ForgetAccount(t.Context(), "person:ana@example.org"); err != nil {
		t.Fatal(err)
	}
	if id, _ := s.me(ana); id != "" {
		t.Error("a forgotten account's session goes on")
	}
	s.signIn(other, "visitor", "/")
	if id, roles := s.me(other); id != "person:ana@example.org" || !slices.Equal(roles, []string{"portfolio-owner"}) {
		t.Errorf("the new account is %s with %v", id, roles)
	}
	if err := s.app.ForgetAccount(t.Context(), "person:nobody"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("forgetting nobody: %v", err)
	}
}

// TestComingBackLeadsNowhereElse: neither the page that was asked for nor the
// provider's answer leads a browser off, or signs it in as somebody it is not.
func TestComingBackLeadsNowhereElse(t *testing.T) {
	s := withProvider(t)
	for _, to := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, "javascript:alert(1)", "/signin", "/signout", "queue"} {
		c := s.browser()
		at := s.page(c.Get(s.srv.URL + "/signin/provider?to=" + url.QueryEscape(to)))                               //nolint:noctx // this process
		if p := s.page(c.PostForm(at.at.String(), url.Values{"person": {"ana"}})); p.at.String() != s.srv.URL+"/" { //nolint:noctx // this process
			t.Errorf("%q leads to %s", to, p.at)
		}
	}
	// Somebody hands another person the address that would sign them in as themselves.
	mine := s.browser()
	at := s.page(mine.Get(s.srv.URL + "/signin/provider")) //nolint:noctx // this process
	mine.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := mine.PostForm(at.at.String(), url.Values{"person": {"bob"}}) //nolint:noctx // this process
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	victim := s.browser()
	if p := s.page(victim.Get(resp.Header.Get("Location"))); p.status != http.StatusForbidden || !strings.Contains(p.body, "begun no such sign-in") { //nolint:noctx // this process
		t.Errorf("an address that was handed on: %d %s", p.status, p.body)
	}
	if id, _ := s.me(victim); id != "" {
		t.Errorf("the victim is %s", id)
	}
}

func TestAProviderThatIsDown(t *testing.T) {
	s := withProvider(t)
	s.provider.Close()
	p := s.page(s.browser().Get(s.srv.URL + "/signin/provider")) //nolint:noctx // this process
	if p.status != http.StatusBadGateway || !strings.Contains(p.body, "does not sign people in at the moment") || !strings.Contains(p.body, "With a token instead") {
		t.Errorf("%d %s", p.status, p.body)
	}
}

func TestAProviderNeedsATeamWithAnAddress(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*config.Config)
		says   string
	}{
		"a solo workspace":      {func(c *config.Config) { c.Review.Mode = "solo" }, "nobody signs in"},
		"no address of its own": {func(c *config.Config) { c.Serve.Listen = "0.0.0.0:0" }, "serve.origin is not"},
		"a secret not there":    {func(c *config.Config) { c.Serve.OIDC.ClientSecretFile = "none.secret" }, "cannot be read"},
	} {
		cfg, _, err := config.Load(config.Options{Workspace: t.TempDir(), User: "ana"})
		if err != nil {
			t.Fatal(err)
		}
		cfg.Review.Mode = "team"
		cfg.Serve.OIDC = config.OIDC{Issuer: "https://id.example", ClientID: "x", ClientSecretFile: config.None, Scopes: "openid", Roles: map[string][]string{"g": {"pm"}}}
		c.change(&cfg)
		if _, err := serve.New(serve.Options{Config: cfg}); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
