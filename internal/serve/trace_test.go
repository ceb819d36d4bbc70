package serve_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"roleos/config"
	"roleos/internal/app"
	"roleos/internal/serve"
	"roleos/internal/telemetry"
)

// seen is a span as the file has it.
type seen struct {
	Name, Error, Trace, Span, Parent string
	Links                            []string
	About                            map[string]any
}

// traced opens a service whose spans go to a file and to a collector on this
// machine, and returns what both hold once it is closed.
func traced(t *testing.T, settings map[string]string) (w *world, close func() ([]seen, string)) {
	t.Helper()
	var mu sync.Mutex
	var posted bytes.Buffer
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = io.Copy(&posted, r.Body)
		fmt.Fprintf(&posted, "\n%s %s %v\n", r.Method, r.URL.Path, r.Header.Get("X-Team"))
	}))
	t.Cleanup(collector.Close)
	dir := t.TempDir()
	file := filepath.Join(dir, "spans.jsonl")
	cfg, _, err := config.Load(config.Options{Workspace: dir, User: "zacharias", Flags: settings})
	if err != nil {
		t.Fatal(err)
	}
	traces, err := telemetry.OpenTraces(t.Context(), telemetry.TraceOptions{
		URL: collector.URL + "/v1/traces", Headers: map[string]string{"X-Team": "red"}, File: file, Content: cfg.Telemetry.Content, Version: "test",
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), app.Options{Config: cfg, Traces: traces})
	if err != nil {
		t.Fatal(err)
	}
	s, err := serve.New(serve.Options{App: a, Config: cfg, Store: a.Store(), Traces: traces, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	w = &world{T: t, app: a, srv: httptest.NewServer(s.Handler()), dir: dir}
	return w, func() ([]seen, string) {
		w.srv.Close()
		_ = a.Close()
		if err := traces.Close(context.Background()); err != nil {
			t.Error(err)
		}
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var out []seen
		for line := range strings.Lines(string(body)) {
			var x seen
			if err := json.Unmarshal([]byte(line), &x); err != nil {
				t.Fatal(err)
			}
			out = append(out, x)
		}
		mu.Lock()
		defer mu.Unlock()
		return out, string(body) + posted.String()
	}
}

// asking puts every request of a test into one trace, as a client that is traced does.
const asking = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

// TestOneTraceLeadsFromARequestToItsEffect takes a file with planted words over
// the API to a publication and looks for every span, and for the words.
func TestOneTraceLeadsFromARequestToItsEffect(t *testing.T) {
	w, closed := traced(t, map[string]string{"model.provider": "fake", "model.name": "helpful"})
	tok := w.token("", "decide")
	through := []string{"Traceparent", asking}
	var rows bytes.Buffer
	rows.WriteString("id,text,customer\n")
	for i := range 24 {
		fmt.Fprintf(&rows, "r%d,the quokka export of my report fails every night number %c,Wilhelmina\n", i, 'a'+i)
	}
	code, up := w.ask(tok, "POST", "/uploads?name=marzipan.csv", rows.Bytes(), through...)
	w.want(201, code, up)
	code, run := w.ask(tok, "POST", "/runs", map[string]any{"agent": "feedback-river", "uploads": []any{map[string]any{"name": up["name"], "digest": up["digest"], "bytes": up["bytes"]}}}, through...)
	w.want(202, code, run)
	if last := w.follow(tok, run["id"].(string)); last != "succeeded" {
		t.Fatalf("the run ended as %s", last)
	}
	draft := "/drafts/" + run["draft"].(string)
	code, d := w.ask(tok, "GET", draft, nil, through...)
	w.want(200, code, d)
	code, approved := w.ask(tok, "POST", draft+"/reviews", map[string]any{"verdict": "approve", "text": "rhubarb"}, append([]string{"If-Match", d["_etag"].(string)}, through...)...)
	w.want(201, code, approved)
	plan := approved["plan"].(map[string]any)
	id := "/plans/" + plan["id"].(string)
	code, out := w.ask(tok, "POST", id+"/confirm", map[string]any{"answer": plan["ask"].(map[string]any)["want"]}, through...)
	w.want(200, code, out)
	code, out = w.ask(tok, "POST", id+"/apply", nil, through...)
	w.want(200, code, out)
	if code, _ := w.ask(tok, "GET", "/drafts/turnip-soup?kumquat=1", nil, through...); code != 404 {
		t.Errorf("a draft that is not there: %d", code)
	}
	_ = w.metrics()

	spans, everything := closed()
	byID := map[string]seen{}
	for _, s := range spans {
		byID[s.Span] = s
	}
	way := func(s seen) string { // names from the request to the span
		names := s.Name
		for s.Parent != "" && s.Parent != asking[36:52] {
			if s = byID[s.Parent]; s.Name == "" {
				return "? > " + names
			}
			names = s.Name + " > " + names
		}
		return names
	}
	for _, want := range []string{
		"POST /api/v1/runs > run draft > step collect",
		"POST /api/v1/runs > run draft > step draft > chat helpful",
		"POST /api/v1/runs > run draft > step check > gate quotes-grounded",
		"POST /api/v1/drafts/{id}/reviews > run publish > step plan > plan",
		"POST /api/v1/drafts/{id}/reviews > run publish > step stage > stage > prove",
		"POST /api/v1/plans/{id}/confirm > grant",
		"POST /api/v1/plans/{id}/apply > run apply > step apply > apply > effect create",
		"GET /api/v1/drafts/{id}",
	} {
		found := 0
		for _, s := range spans {
			if strings.HasPrefix(way(s), want) && strings.HasSuffix(s.Name, want[strings.LastIndex(want, "> ")+1:][1:]) || way(s) == want {
				found++
				if s.Trace != asking[3:35] {
					t.Errorf("%s is in trace %s", want, s.Trace)
				}
			}
		}
		if found == 0 {
			t.Errorf("no span %s", want)
		}
	}
	if t.Failed() {
		for _, s := range spans {
			t.Log(way(s), s.About, s.Error)
		}
	}
	for _, secret := range []string{
		"quokka", "Wilhelmina", "marzipan", "zacharias", "rhubarb", "turnip", "kumquat", tok, tok[len(tok)-20:], w.dir, "Publish “", "person:",
	} {
		if strings.Contains(everything, secret) {
			t.Errorf("%q is in the spans", secret)
		}
	}
	for _, want := range []string{"POST /v1/traces red", "gen_ai.usage.input_tokens", "roleos.outcome", "step collect"} {
		if !strings.Contains(everything, want) {
			t.Errorf("no %q in what was exported", want)
		}
	}
}

// TestContentIsInSpansOnlyWhenAskedFor is the other side of the search above.
func TestContentIsInSpansOnlyWhenAskedFor(t *testing.T) {
	w, closed := traced(t, map[string]string{"model.provider": "fake", "model.name": "helpful", "telemetry.content": "true"})
	if _, err := w.app.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Sample: true}); err != nil {
		t.Fatal(err)
	}
	spans, _ := closed()
	for _, s := range spans {
		if in, _ := s.About[telemetry.GenAIInput].(string); strings.Contains(in, "Between the marks") && s.About[telemetry.GenAIOutput] != nil {
			return
		}
	}
	t.Error("no span holds what the model was asked and answered")
}
