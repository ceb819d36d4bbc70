package console_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"roleos/config"
	"roleos/internal/app"
	"roleos/internal/console"
	"roleos/internal/run"
)

// token is what forms carry in these tests.
const token = "sample-token"

// site is a console over a real workspace on SQLite, in solo mode.
type site struct {
	*httptest.Server
	app  *app.App
	logs *bytes.Buffer
}

func newSite(t testing.TB) *site {
	t.Helper()
	return siteIn(t, t.TempDir())
}

// siteIn serves the workspace in dir. Who sends the cookie who=NAME is that
// person; without one it is the one who opened the workspace.
func siteIn(t testing.TB, dir string) *site {
	t.Helper()
	cfg, _, err := config.Load(config.Options{Workspace: dir, User: "sample"})
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), app.Options{Config: cfg})
	if err != nil {
		t.Fatal(err)
	}
	s := &site{app: a, logs: &bytes.Buffer{}}
	c, err := console.New(console.Options{
		App: a, Now: time.Now, Logger: slog.New(slog.NewTextHandler(s.logs, nil)),
		Session: func(r *http.Request) (app.Actor, string, bool) {
			if r.Header.Get("X-Nobody") != "" {
				return app.Actor{}, "", false
			}
			if who, err := r.Cookie("who"); err == nil {
				return a.Person("person:" + who.Value), token, true
			}
			return a.Person(cfg.Principal), token, true
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Server = httptest.NewServer(c)
	t.Cleanup(func() {
		s.Close()
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		if s.logs.Len() > 0 {
			t.Errorf("the console logged errors: %s", s.logs)
		}
	})
	return s
}

// answer is a page that came back.
type answer struct {
	t      testing.TB
	status int
	path   string // after redirects
	body   string
	header http.Header
	root   *html.Node
}

func (s *site) do(t testing.TB, r *http.Request) answer {
	t.Helper()
	resp, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	root, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return answer{t, resp.StatusCode, resp.Request.URL.RequestURI(), string(body), resp.Header, root}
}

func (s *site) get(t testing.TB, path string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s.do(t, r)
}

func (s *site) post(t testing.TB, path string, values url.Values) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+path, strings.NewReader(values.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.do(t, r)
}

// upload sends a form with files as a browser does.
func (s *site) upload(t testing.TB, fields url.Values, name string, data []byte) answer {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, k := range []string{"csrf", "agent", "sample", "from"} {
		if v := fields.Get(k); v != "" {
			if err := w.WriteField(k, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	f, err := w.CreateFormFile("file", name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/new", &b)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", w.FormDataContentType())
	return s.do(t, r)
}

// form returns the fields of the first form whose action and, when given, op are these.
func (a answer) form(action, op string) url.Values {
	a.t.Helper()
	for n := range a.root.Descendants() {
		if n.Type != html.ElementNode || n.Data != "form" || attr(n, "action") != action {
			continue
		}
		values := url.Values{}
		for in := range n.Descendants() {
			if in.Type == html.ElementNode && in.Data == "input" && attr(in, "type") == "hidden" {
				values.Set(attr(in, "name"), attr(in, "value"))
			}
		}
		if op == "" || values.Get("op") == op {
			return values
		}
	}
	a.t.Fatalf("%s (%d) has no form to %s %s:\n%s", a.path, a.status, action, op, a.text())
	return nil
}

func (a answer) text() string {
	var b strings.Builder
	for n := range a.root.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// says fails the test when a page lacks one of the texts.
func (a answer) says(texts ...string) answer {
	a.t.Helper()
	all := strings.ReplaceAll(a.text(), "\u00a0", " ")
	for _, x := range texts {
		if !strings.Contains(all, x) {
			a.t.Errorf("%s (%d) does not say %q:\n%.1500s", a.path, a.status, x, all)
		}
	}
	return a
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// drafted runs the sample and returns its draft.
func (s *site) drafted(t testing.TB) string {
	t.Helper()
	o, err := s.app.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Sample: true})
	if err != nil {
		t.Fatal(err)
	}
	return o.Draft.ID
}

// done waits for a run that was begun.
func (s *site) done(t testing.TB, id string) run.Run {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	var last run.Run
	if err := s.app.Follow(ctx, id, func(b app.Beat) error { last = b.Run; return nil }); err != nil {
		t.Fatal(err)
	}
	return last
}

// queries returns 315 real support queries, or skips loudly.
func queries(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("../../../shared/data/feedback/samples_315/banking77_0.csv")
	if err != nil {
		t.Skipf("SKIPPED: no real feedback beside the project: %v", err)
	}
	return data
}
