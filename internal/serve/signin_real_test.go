package serve_test

import (
	"bufio"
	"fmt"
	"html"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"roleos/config"
	"roleos/internal/app"
	"roleos/internal/identity/oidctest"
	"roleos/internal/serve"
)

// TestARealProvider signs a person in at oidc-provider, a certified implementation,
// signs them out there, and sees their session end here by its back channel.
// .ci/oidc brings the provider along.
func TestARealProvider(t *testing.T) {
	packages := os.Getenv("ROLEOS_TEST_OIDC")
	if packages == "" {
		t.Skip("SKIPPED: ROLEOS_TEST_OIDC names no folder with the npm package oidc-provider; .ci/oidc does")
	}
	script, err := os.ReadFile("testdata/oidc/provider.mjs")
	if err != nil {
		t.Fatal(err)
	}
	run := filepath.Join(packages, "provider.mjs") // packages are found beside the script
	if err := os.WriteFile(run, script, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // only for a free port
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()

	// The provider has to know the service's address and the service the provider's.
	var handler http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	defer srv.Close()
	node := exec.CommandContext(t.Context(), "node", run, fmt.Sprint(port), srv.URL)
	node.Stderr = os.Stderr
	out, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	defer node.Process.Kill() //nolint:errcheck // it ends with the test
	if lines := bufio.NewScanner(out); !lines.Scan() || lines.Text() != "ready" {
		t.Fatalf("the provider says %q", lines.Text())
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		config.FileName:   strings.Replace(fmt.Sprintf(providerSettings, fmt.Sprintf("http://127.0.0.1:%d", port)), "    roles:", "    scopes: openid email groups\n    roles:", 1),
		"provider.secret": oidctest.Secret,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, _, err := config.Load(config.Options{Workspace: dir, User: "ana"})
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), app.Options{Config: cfg})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close() //nolint:errcheck // thrown away
	o := serve.Options{App: a, Config: cfg, Store: a.Store()}
	pages(&o)
	service, err := serve.New(o)
	if err != nil {
		t.Fatal(err)
	}
	handler = service.Handler()
	s := &signing{&world{T: t, app: a, srv: srv, dir: dir}, nil}

	ana := s.browser()
	form := regexp.MustCompile(`(?s)<form[^>]*action="([^"]+)"[^>]*>(.*?)</form>`)
	field := regexp.MustCompile(`<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"`)
	submit := func(p shownPage, more url.Values) shownPage {
		t.Helper()
		m := form.FindStringSubmatch(p.body)
		if m == nil {
			t.Fatalf("%s holds no form: %d %.600s", p.at, p.status, p.body)
		}
		to, err := p.at.Parse(html.UnescapeString(m[1]))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range field.FindAllStringSubmatch(m[2], -1) {
			more.Set(f[1], html.UnescapeString(f[2]))
		}
		return s.page(ana.PostForm(to.String(), more)) //nolint:noctx // this process
	}
	p := s.page(ana.Get(srv.URL + "/signin/provider?to=/audit")) //nolint:noctx // this process
	p = submit(p, url.Values{"login": {"ana"}, "password": {"sample"}})
	if strings.Contains(p.at.Path, "/interaction/") { // it asks whether we may know who she is
		p = submit(p, url.Values{})
	}
	if p.status != http.StatusOK || p.at.String() != srv.URL+"/audit" {
		t.Fatalf("she lands on %s with %d: %.800s", p.at, p.status, p.body)
	}
	if id, roles := s.me(ana); id != "person:ana@example.org" || !slices.Equal(roles, []string{"author", "pm"}) {
		t.Fatalf("she is %s with %v", id, roles)
	}

	offered := s.page(ana.Get(srv.URL + "/signin?out")) //nolint:noctx // this process
	end := regexp.MustCompile(`href="(http://127[^"]+)"`).FindStringSubmatch(offered.body)
	if end == nil {
		t.Fatalf("there is no way to the provider's sign-out: %s", offered.body)
	}
	p = s.page(ana.Get(html.UnescapeString(end[1]))) //nolint:noctx // this process
	p = submit(p, url.Values{"logout": {"yes"}})
	if p.at.Path != "/signin" {
		t.Errorf("the provider's sign-out leads to %s: %d %.600s", p.at, p.status, p.body)
	}
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if id, _ := s.me(ana); id == "" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the provider signed her out, and her session here goes on")
		}
	}
}
