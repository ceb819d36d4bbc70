package serve_test

import (
	"bufio"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"roleos/internal/app"
	"roleos/internal/run"
	"roleos/internal/serve"
)

const teamOfThree = `review: {mode: team}
team:
  roles:
    person:ana: admin+pm
    person:bob: architect
    person:olga: portfolio-owner
`

// drafted makes a team's draft of the sample, as ana.
func (w *world) drafted() app.Outcome {
	w.Helper()
	ctx := app.WithActor(w.Context(), w.app.Person("person:ana"))
	if _, err := w.app.AttestAgent(ctx, "feedback-river"); err != nil {
		w.Fatal(err)
	}
	o, err := w.app.Run(ctx, app.RunRequest{Agent: "feedback-river", Sample: true})
	if err != nil {
		w.Fatal(err)
	}
	return o
}

// signIn makes a session from a token and returns its cookie.
func (w *world) signIn(token string, headers ...string) (cookie string, status int) {
	w.Helper()
	r, err := http.NewRequestWithContext(w.Context(), http.MethodPost, w.srv.URL+"/signin", strings.NewReader(url.Values{"token": {token}}.Encode()))
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.Fatal(err)
	}
	resp.Body.Close() //nolint:errcheck,gosec // nothing is read
	for _, c := range resp.Cookies() {
		cookie = c.Name + "=" + c.Value
	}
	return cookie, resp.StatusCode
}

func TestASessionIsNoMoreThanItsToken(t *testing.T) {
	w := open(t, "")
	decide := w.token("", "decide")
	cookie, _ := w.signIn(decide)
	if code, out := w.ask("", "GET", "/me", nil, "Cookie", cookie); code != 200 {
		t.Fatalf("signed in: %d %v", code, out)
	}
	if code, out := w.ask("", "GET", "/backup", nil, "Cookie", cookie); code != 403 {
		t.Errorf("a session of a token that decides takes the keys: %d %v", code, out)
	}
	if err := w.app.RevokeToken(t.Context(), strings.Split(decide, "_")[1]); err != nil {
		t.Fatal(err)
	}
	if code, out := w.ask("", "GET", "/me", nil, "Cookie", cookie); code != 401 {
		t.Errorf("the session of a revoked token lives on: %d %v", code, out)
	}
	if cookie, code := w.signIn(w.token("", "decide"), "Origin", "https://evil.example"); cookie != "" || code != 403 {
		t.Errorf("another page signs a browser in: %d %s", code, cookie)
	}
}

func TestAdminIsARoleToo(t *testing.T) {
	w := open(t, teamOfThree)
	if code, out := w.ask(w.token("person:bob", "admin"), "GET", "/backup", nil); code != 403 {
		t.Errorf("an architect takes the keys: %d %v", code, out)
	}
	if code, out := w.ask(w.token("person:ana", "admin"), "GET", "/backup", nil); code != 200 {
		t.Errorf("an admin: %d %v", code, out)
	}
}

// TestWhoLeftDecidesNothing: a token of somebody without a role may look only.
func TestWhoLeftDecidesNothing(t *testing.T) {
	w := open(t, teamOfThree)
	o := w.drafted()
	gone := w.token("person:gone", "decide")
	draft := "/drafts/" + o.Draft.ID
	if code, _ := w.ask(gone, "GET", draft, nil); code != 200 {
		t.Errorf("looking: %d", code)
	}
	for path, body := range map[string]any{
		draft + "/reviews":      map[string]any{"verdict": "approve"},
		draft + "/attestations": map[string]any{"gate": "x"},
		"/runs":                 map[string]any{"agent": "feedback-river", "sample": true},
		"/uploads?name=a.csv":   []byte("id,text\n1,x\n"),
	} {
		if code, out := w.ask(gone, "POST", path, body); code != 403 {
			t.Errorf("%s: %d %v", path, code, out)
		}
	}
}

// TestAnUploadIsNoWayOutOfItsFolder: a run names a file that is to be written
// elsewhere, and bytes of the store that nobody uploaded.
func TestAnUploadIsNoWayOutOfItsFolder(t *testing.T) {
	w := open(t, "")
	tok := w.token("", "run")
	_, up := w.ask(tok, "POST", "/uploads?name=a.csv", []byte("id,text\n1,the export fails every night\n2,the export fails at noon\n"))
	out := filepath.Join(w.dir, "planted.csv")
	rel, err := filepath.Rel(os.TempDir(), out)
	if err != nil {
		t.Fatal(err)
	}
	code, run := w.ask(tok, "POST", "/runs", map[string]any{"agent": "feedback-river", "uploads": []any{map[string]any{"name": "../" + rel, "digest": up["digest"], "bytes": up["bytes"]}}})
	w.want(202, code, run)
	w.follow(tok, run["id"].(string))
	if _, err := os.Stat(out); err == nil {
		t.Error("a file was written outside of the run's folder")
	}
	o, err := w.app.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Sample: true})
	if err != nil {
		t.Fatal(err)
	}
	v, err := w.app.View(t.Context(), o.Draft.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	if code, out := w.ask(tok, "POST", "/runs", map[string]any{"agent": "feedback-river", "uploads": []any{map[string]any{"name": "a.json", "digest": v.Digest, "bytes": 1}}}); code != 404 {
		t.Errorf("a draft is read as an upload: %d %v", code, out)
	}
}

// TestOnlyWhoMayDecideIsShown: a program with a token that reads does not make a
// person one who has seen a change set.
func TestOnlyWhoMayDecideIsShown(t *testing.T) {
	w := open(t, "")
	o, err := w.app.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Sample: true})
	if err != nil {
		t.Fatal(err)
	}
	_, plan, err := w.app.Approve(t.Context(), o.Draft.ID, "", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.app.Store().NoteShown(t.Context(), plan.ID, "person:ana", "", time.Now()); err != nil { // the approval showed it
		t.Fatal(err)
	}
	for token, want := range map[string]int{w.token("", "read"): 0, w.token("", "decide"): 1} {
		if want == 1 {
			continue
		}
		if code, out := w.ask(token, "GET", "/plans/"+plan.ID, nil); code != 200 {
			t.Fatalf("%d %v", code, out)
		}
	}
	decide := w.token("", "decide")
	if code, out := w.ask(decide, "POST", "/plans/"+plan.ID+"/confirm", map[string]any{"answer": plan.Ask.Want}); code != 428 {
		t.Errorf("what only a program read was confirmed: %d %v", code, out)
	}
	w.ask(decide, "GET", "/plans/"+plan.ID, nil)
	if code, out := w.ask(decide, "POST", "/plans/"+plan.ID+"/confirm", map[string]any{"answer": plan.Ask.Want}, "If-Match", `"other"`); code != 412 {
		t.Errorf("what another tab was shown was confirmed: %d %v", code, out)
	}
	if code, out := w.ask(decide, "POST", "/plans/"+plan.ID+"/confirm", map[string]any{"answer": plan.Ask.Want}); code != 200 {
		t.Errorf("what was shown: %d %v", code, out)
	}
}

// raw sends bytes and returns the status line, or why there is none.
func (w *world) raw(request string, wait time.Duration) string {
	w.Helper()
	c, err := (&net.Dialer{}).DialContext(w.Context(), "tcp", w.srv.Listener.Addr().String())
	if err != nil {
		w.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // thrown away
	_ = c.SetDeadline(time.Now().Add(wait))
	if _, err := io.WriteString(c, request); err != nil {
		return err.Error()
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(line)
}

// TestWhatIsNoRequestIsRefused sends what proxies and parsers disagree about.
func TestWhatIsNoRequestIsRefused(t *testing.T) {
	w := open(t, "")
	tok := w.token("", "decide")
	head := "Host: 127.0.0.1\r\nAuthorization: Bearer " + tok + "\r\nContent-Type: application/json\r\nConnection: close\r\n"
	post := func(body string) string {
		return fmt.Sprintf("POST /api/v1/runs HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n%s", head, len(body), body)
	}
	for _, c := range []struct{ name, request, want string }{
		{"a key twice", post(`{"agent":"market-scanner","agent":"feedback-river"}`), "400"},
		{"a key in another case", post(`{"agent":"no-such","Agent":"feedback-river"}`), "400"},
		{"a zero byte", post(`{"agent":"a\u0000b"}`), "400"},
		{"no UTF-8", post("{\"agent\":\"\xff\"}"), "400"},
		{"too deep", post(`{"agent":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`), "400"},
		{"two lengths", "POST /api/v1/runs HTTP/1.1\r\n" + head + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "400"},
		{"a length and chunks", "POST /api/v1/runs HTTP/1.1\r\n" + head + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "4"},
		{"another host", "GET /healthz HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", "421"},
		{"two hosts", "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", "400"},
		{"a zero byte in the path", "GET /api/v1/drafts/%00 HTTP/1.1\r\n" + head + "\r\n", "404"},
		{"no UTF-8 in the path", "GET /api/v1/plans/%ff HTTP/1.1\r\n" + head + "\r\n", "404"},
		{"out of the folder", "GET /api/v1/plans/..%2f..%2fkeys HTTP/1.1\r\n" + head + "\r\n", "404"},
		{"no UTF-8 in the query", "GET /api/v1/drafts?cursor=%ff HTTP/1.1\r\n" + head + "\r\n", "404"},
		{"a short key", "POST /api/v1/runs HTTP/1.1\r\n" + head + "Idempotency-Key: x\r\nContent-Length: 2\r\n\r\n{}", "422"},
		{"a key that is no text", "POST /api/v1/runs HTTP/1.1\r\n" + head + "Idempotency-Key: \xff\xff\xff\xff\xff\xff\xff\xff\r\nContent-Length: 2\r\n\r\n{}", "422"},
		{"a large body", post(`{"agent":"` + strings.Repeat("x", 2<<20) + `"}`), "413"},
		{"options", "OPTIONS /api/v1/runs HTTP/1.1\r\n" + head + "Origin: https://evil.example\r\n\r\n", "405"},
	} {
		got := w.raw(c.request, 20*time.Second)
		if !strings.HasPrefix(got, "HTTP/1.1 "+c.want) && !(c.want == "413" && strings.Contains(got, "reset")) {
			t.Errorf("%s: %q, want %s", c.name, got, c.want)
		}
	}
	for name, header := range map[string]string{"a proxy's request": "X-Forwarded-For", "and of another": "Forwarded"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.srv.URL+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set(header, "for=198.51.100.7")
		resp, err := w.srv.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close() //nolint:errcheck,gosec // nothing is read
		if resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s reads the metrics: %d", name, resp.StatusCode)
		}
	}
}

// TestKeysAreNotSharedOrLost: an idempotency key is one client's own, and comes
// back when its request was never answered.
func TestKeysAreNotSharedOrLost(t *testing.T) {
	w := open(t, teamOfThree)
	ana, bob := w.token("person:ana", "decide"), w.token("person:bob", "decide")
	body := map[string]any{"agent": "no-such-agent"}
	if code, _ := w.ask(ana, "POST", "/runs", body, "Idempotency-Key", "the-same-key"); code != 404 {
		t.Fatalf("%d", code)
	}
	if _, out := w.ask(bob, "POST", "/runs", body, "Idempotency-Key", "the-same-key"); out["_replayed"] != "" {
		t.Error("bob was given ana's answer")
	}
}

// TestWhoTakesHisTimeHoldsNothing: a body that does not come, also with an
// idempotency key, ends with its bound and not with the client's patience. The
// bound is that of the body alone: what is asked for may take longer.
func TestWhoTakesHisTimeHoldsNothing(t *testing.T) {
	w := open(t, "", func(o *serve.Options) { o.Patience = 300 * time.Millisecond })
	head := "Host: 127.0.0.1\r\nAuthorization: Bearer " + w.token("", "decide") + "\r\nContent-Type: application/json\r\nContent-Length: 50\r\n"
	for name, request := range map[string]string{
		"a body":               "POST /api/v1/runs HTTP/1.1\r\n" + head + "\r\n{",
		"a body under a key":   "POST /api/v1/runs HTTP/1.1\r\n" + head + "Idempotency-Key: slow-body\r\n\r\n{",
		"a form to sign in by": "POST /signin HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 50\r\n\r\nt",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := w.raw(request, 9*time.Second); strings.Contains(got, "i/o timeout") {
				t.Errorf("the service still waits: %s", got)
			}
		})
	}
}

// TestAStreamEndsWithWhatOpenedIt: who follows a run is let go when their token is
// revoked or their session ends, not when the run does.
func TestAStreamEndsWithWhatOpenedIt(t *testing.T) {
	w := open(t, teamOfThree, pages)
	now := time.Now()
	if err := w.app.Store().SaveRun(t.Context(), run.Run{ID: "run-goeson", Kind: "draft", Status: run.Running, Input: []byte("{}"), StartedBy: "person:ana", CreatedAt: now, UpdatedAt: now}, nil); err != nil {
		t.Fatal(err)
	}
	follow := func(path string, c *http.Client, token string) (ended chan time.Time) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.srv.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		resp, err := c.Do(r)
		if err != nil || resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
			t.Fatalf("following: %v %v", resp, err)
		}
		ended = make(chan time.Time, 1)
		go func() {
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			ended <- time.Now()
		}()
		return ended
	}
	text, revoked, err := w.app.CreateToken(t.Context(), rand.Reader, "person:ana", "test", []string{"decide"}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	resp, err := browser.PostForm(w.srv.URL+"/signin", url.Values{"token": {text}}) //nolint:noctx // this process
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%v %v", resp, err)
	}
	_ = resp.Body.Close()
	api := "/api/v1/runs/run-goeson/events"
	mine := []chan time.Time{follow(api, w.srv.Client(), text), follow(api, browser, ""), follow("/runs/run-goeson/events", browser, "")}
	others := follow(api, w.srv.Client(), w.token("person:bob", "read"))
	time.Sleep(1500 * time.Millisecond)
	for i, m := range mine {
		if len(m) > 0 {
			t.Fatalf("stream %d ended with its token in force", i)
		}
	}
	at := time.Now()
	if err := w.app.RevokeToken(t.Context(), revoked.ID); err != nil {
		t.Fatal(err)
	}
	for i, m := range mine {
		select {
		case <-m:
		case <-time.After(10 * time.Second):
			t.Errorf("stream %d goes on %s after its token was revoked", i, time.Since(at).Round(time.Second))
		}
	}
	if len(others) > 0 {
		t.Error("another's stream ended as well")
	}
}
