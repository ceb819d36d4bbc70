package serve_test

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"roleos/config"
	"roleos/internal/app"
	"roleos/internal/fault"
	"roleos/internal/serve"
)

// world is a service over a fresh workspace.
type world struct {
	*testing.T
	app *app.App
	srv *httptest.Server
	dir string
}

func open(t *testing.T, settings string, with ...func(*serve.Options)) *world {
	t.Helper()
	return openIn(t, t.TempDir(), settings, with...)
}

func openIn(t *testing.T, dir, settings string, with ...func(*serve.Options)) *world {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, config.FileName), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, _, err := config.Load(config.Options{Workspace: dir, User: "ana"})
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), app.Options{Config: cfg})
	if err != nil {
		t.Fatal(err)
	}
	options := serve.Options{App: a, Config: cfg, Store: a.Store(), Version: "test"}
	for _, f := range with {
		f(&options)
	}
	s, err := serve.New(options)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, app: a, srv: httptest.NewServer(s.Handler()), dir: dir}
	t.Cleanup(func() { w.srv.Close(); _ = a.Close() })
	return w
}

func (w *world) token(person string, scopes ...string) string {
	w.Helper()
	text, _, err := w.app.CreateToken(w.Context(), rand.Reader, person, "test", scopes, time.Hour)
	if err != nil {
		w.Fatal(err)
	}
	return text
}

// ask sends a request and returns the status and the decoded answer.
func (w *world) ask(token, method, path string, body any, headers ...string) (int, map[string]any) {
	w.Helper()
	var in io.Reader
	kind := "application/json"
	switch b := body.(type) {
	case nil:
	case []byte:
		in, kind = bytes.NewReader(b), "application/octet-stream"
	default:
		data, err := json.Marshal(b)
		if err != nil {
			w.Fatal(err)
		}
		in = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(w.Context(), method, w.srv.URL+"/api/v1"+path, in)
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := w.srv.Client().Do(r)
	if err != nil {
		w.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // read whole
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		w.Fatal(err)
	}
	out := map[string]any{}
	if strings.Contains(resp.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(data, &out); err != nil {
			w.Fatalf("%s %s: %v in %s", method, path, err, data)
		}
	}
	if resp.StatusCode >= 400 && resp.Header.Get("Content-Type") != "application/problem+json" {
		w.Errorf("%s %s: %d is no problem document but %s", method, path, resp.StatusCode, resp.Header.Get("Content-Type"))
	}
	out["_etag"] = resp.Header.Get("ETag")
	out["_replayed"] = resp.Header.Get("Idempotent-Replayed")
	return resp.StatusCode, out
}

// metrics reads /metrics.
func (w *world) metrics() string {
	w.Helper()
	resp, err := w.srv.Client().Get(w.srv.URL + "/metrics") //nolint:noctx // this process
	if err != nil {
		w.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // read whole
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		w.Fatal(err)
	}
	return string(data)
}

func (w *world) want(status, got int, out map[string]any) {
	w.Helper()
	if got != status {
		w.Fatalf("status %d, want %d: %v", got, status, out)
	}
}

// TestFromAFileToAPublication takes a file over the API to a published synthesis.
func TestFromAFileToAPublication(t *testing.T) {
	w := open(t, "")
	tok := w.token("", "decide")
	var rows bytes.Buffer
	rows.WriteString("id,text\n")
	for _, s := range []string{"the export of my report fails every night", "cannot reset my password, the link is dead"} {
		for i := range 12 {
			rows.WriteString(string(rune('a'+i)) + s[:3] + "," + s + " number " + string(rune('a'+i)) + "\n")
		}
	}
	code, up := w.ask(tok, "POST", "/uploads?name=support.csv", rows.Bytes())
	w.want(201, code, up)
	code, run := w.ask(tok, "POST", "/runs", map[string]any{"agent": "feedback-river", "uploads": []any{map[string]any{"name": up["name"], "digest": up["digest"], "bytes": up["bytes"]}}}, "Idempotency-Key", "first-run")
	w.want(202, code, run)
	code, again := w.ask(tok, "POST", "/runs", map[string]any{"agent": "feedback-river", "uploads": []any{map[string]any{"name": up["name"], "digest": up["digest"], "bytes": up["bytes"]}}}, "Idempotency-Key", "first-run")
	w.want(202, code, again)
	if again["id"] != run["id"] || again["_replayed"] != "true" {
		t.Errorf("the same request again started another run: %v and %v", run["id"], again["id"])
	}
	if code, other := w.ask(tok, "POST", "/runs", map[string]any{"agent": "feedback-river", "sample": true}, "Idempotency-Key", "first-run"); code != 422 {
		t.Errorf("a key used for another request: %d %v", code, other)
	}
	if last := w.follow(tok, run["id"].(string)); last != "succeeded" {
		t.Fatalf("the run ended as %s", last)
	}
	draft := "/drafts/" + run["draft"].(string)
	code, d := w.ask(tok, "GET", draft, nil)
	w.want(200, code, d)
	if d["state"] != "validated" || d["_etag"] == "" {
		t.Fatalf("the draft is %v with tag %v", d["state"], d["_etag"])
	}
	if code, stale := w.ask(tok, "POST", draft+"/reviews", map[string]any{"verdict": "approve"}, "If-Match", `"sha256:00"`); code != 412 {
		t.Errorf("approving what is not the newest revision: %d %v", code, stale)
	}
	code, approved := w.ask(tok, "POST", draft+"/reviews", map[string]any{"verdict": "approve"}, "If-Match", d["_etag"].(string))
	w.want(201, code, approved)
	plan := approved["plan"].(map[string]any)
	id := "/plans/" + plan["id"].(string)
	if code, out := w.ask(tok, "POST", id+"/confirm", map[string]any{"answer": "yes"}); code != 428 {
		t.Errorf("yes confirms: %d %v", code, out)
	}
	code, out := w.ask(tok, "POST", id+"/confirm", map[string]any{"answer": plan["ask"].(map[string]any)["want"]})
	w.want(200, code, out)
	code, out = w.ask(tok, "POST", id+"/apply", nil)
	w.want(200, code, out)
	if files, _ := filepath.Glob(filepath.Join(w.dir, "context", "feedback", "*", "synthesis.json")); len(files) != 1 {
		t.Errorf("published %v", files)
	}
	if m := w.metrics(); !strings.Contains(m, `roleos_drafts{kind="feedback-synthesis",state="published"} 1`) ||
		!strings.Contains(m, `roleos_effects{state="done"} 2`) || !strings.Contains(m, "roleos_store_up 1") || strings.Contains(m, run["draft"].(string)) {
		t.Errorf("metrics:\n%s", m)
	}
	code, proof := w.ask(tok, "GET", "/audit/3/proof", nil)
	w.want(200, code, proof)
	code, v := w.ask(tok, "GET", "/audit/verification", nil)
	w.want(200, code, v)
	if v["intact"] != true {
		t.Errorf("the log: %v", v)
	}
}

// follow reads a run's stream to its end and returns the last status.
func (w *world) follow(token, id string) string {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), http.MethodGet, w.srv.URL+"/api/v1/runs/"+id+"/events", nil)
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := w.srv.Client().Do(r)
	if err != nil {
		w.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // read whole
	last := ""
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var beat struct{ Run struct{ Status string } }
		if err := json.Unmarshal([]byte(data), &beat); err != nil {
			w.Fatal(err)
		}
		last = beat.Run.Status
	}
	return last
}

func TestTokensAreHeldToTheirScopes(t *testing.T) {
	w := open(t, "")
	read, run, decide := w.token("", "read"), w.token("", "run"), w.token("", "decide")
	for _, c := range []struct {
		name, token, method, path string
		want                      int
	}{
		{"nobody reads", "", "GET", "/drafts", 401},
		{"nobody writes", "", "POST", "/runs", 401},
		{"no token", "roleos_x", "GET", "/drafts", 401},
		{"reads", read, "GET", "/drafts", 200},
		{"does not run", read, "POST", "/runs", 403},
		{"does not decide", run, "POST", "/plans/cs-1/apply", 403},
		{"decides about what is there", decide, "POST", "/plans/cs-1/apply", 404},
		{"does not back up", decide, "GET", "/backup", 403},
		{"backs up", w.token("", "admin"), "GET", "/backup", 200},
		{"other method", decide, "DELETE", "/drafts", 405},
		{"no such path", decide, "GET", "/nothing", 404},
	} {
		if code, out := w.ask(c.token, c.method, c.path, nil); code != c.want {
			t.Errorf("%s: %d, want %d: %v", c.name, code, c.want, out)
		}
	}
}

func TestWhatWasSentIsNotEchoed(t *testing.T) {
	w := open(t, "")
	for path, body := range map[string]any{
		"/runs":          map[string]any{"agent": strings.Repeat("secret-", 30)},
		"/workflow-runs": map[string]any{"workflow": "secret-\xff"}, // sent as \ufffd
	} {
		code, out := w.ask(w.token("", "decide"), "POST", path, body)
		data, _ := json.Marshal(out)
		if code != 422 && code != 404 || strings.Contains(string(data), "secret-") {
			t.Errorf("%s: %d %s", path, code, data)
		}
	}
}

func TestASoloWorkspaceStaysOnItsMachine(t *testing.T) {
	for addr, ok := range map[string]bool{
		"127.0.0.1:0": true, "[::1]:0": true, "localhost:8080": true, "0.0.0.0:8484": false, ":8484": false, "192.168.1.5:80": false, "example.org:80": false, "x": false,
	} {
		dir := t.TempDir()
		cfg, _, err := config.Load(config.Options{Workspace: dir, User: "ana"})
		if err != nil {
			t.Fatal(err)
		}
		cfg.Serve.Listen = addr
		_, err = serve.New(serve.Options{Config: cfg})
		if (err == nil) != ok || err != nil && fault.KindOf(err) == fault.Internal {
			t.Errorf("%s: %v", addr, err)
		}
	}
}

func TestTheSoloAddressSignsInOnce(t *testing.T) {
	dir := t.TempDir()
	cfg, _, err := config.Load(config.Options{Workspace: dir, User: "ana"})
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), app.Options{Config: cfg})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close() //nolint:errcheck // thrown away
	s, err := serve.New(serve.Options{App: a, Config: cfg, Store: a.Store()})
	if err != nil {
		t.Fatal(err)
	}
	get := func(path, cookie, host string) *http.Response {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Host = host
		if cookie != "" {
			r.Header.Set("Cookie", cookie)
		}
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		return w.Result()
	}
	url := s.SignInURL("127.0.0.1:8484")
	if r := get(url, "", "evil.example"); r.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("under another name: %d", r.StatusCode)
	}
	first := get(url, "", "127.0.0.1:8484")
	if first.StatusCode != http.StatusSeeOther || len(first.Cookies()) != 1 || !first.Cookies()[0].HttpOnly {
		t.Fatalf("signing in: %d %v", first.StatusCode, first.Cookies())
	}
	if r := get(url, "", "127.0.0.1:8484"); r.StatusCode != http.StatusForbidden {
		t.Errorf("the address works twice: %d", r.StatusCode)
	}
	cookie := first.Cookies()[0].Name + "=" + first.Cookies()[0].Value
	if r := get("/api/v1/me", cookie, "localhost:8484"); r.StatusCode != http.StatusOK {
		t.Errorf("signed in: %d", r.StatusCode)
	}
	// A write needs the mark that only pages of roleos carry.
	r := httptest.NewRequest(http.MethodPost, "/api/v1/runs", strings.NewReader(`{"agent":"feedback-river","sample":true}`))
	r.Host = "localhost"
	r.Header.Set("Cookie", cookie)
	r.Header.Set("Content-Type", "application/json")
	out := httptest.NewRecorder()
	s.Handler().ServeHTTP(out, r)
	if out.Code != http.StatusUnauthorized {
		t.Errorf("a write from another page: %d %s", out.Code, out.Body)
	}
}
