package telemetry_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"roleos/internal/fault"
	"roleos/internal/telemetry"
)

// spansOf runs f with a Tracer and returns the lines it left.
func spansOf(t *testing.T, f func(*telemetry.Tracer)) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "spans.jsonl")
	tr, err := telemetry.OpenTraces(t.Context(), telemetry.TraceOptions{File: file, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	f(tr)
	if err := tr.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestARunBelongsToItsRequestAndARescuedOneLinksToIt(t *testing.T) {
	const trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	mark := "00-" + trace + "-" + span + "-01"
	got := spansOf(t, func(tr *telemetry.Tracer) {
		for _, resumed := range []bool{false, true} {
			ctx, end := tr.Run(t.Context(), "draft", "run-1", mark, resumed)
			if m := tr.Mark(ctx); strings.Contains(m, trace) == resumed || m == "" {
				t.Errorf("resumed %v: it goes on as %q", resumed, m)
			}
			end(nil)
		}
		_, end := tr.Run(t.Context(), "draft", "run-2", "no mark\r\nat all", true)
		end(nil)
	})
	lines := strings.Split(strings.TrimSpace(got), "\n")
	if len(lines) != 3 || !strings.Contains(lines[0], `"parent":"`+span+`"`) || strings.Contains(lines[0], "links") ||
		!strings.Contains(lines[1], `"links":["`+trace+"/"+span+`"]`) || strings.Contains(lines[1], "parent") || strings.Contains(lines[2], "parent") {
		t.Errorf("%s", got)
	}
}

func TestAnErrorIsTheNameOfItsKind(t *testing.T) {
	got := spansOf(t, func(tr *telemetry.Tracer) {
		_, end := tr.Step(t.Context(), "collect")
		end(fault.New(fault.Invalid, "x", "row 7 holds a secret"))
		_, end = tr.Step(t.Context(), "draft")
		end(context.Canceled)
		_, end = tr.Step(t.Context(), "check")
		end(errors.New("a secret"))
		_, done := tr.Change(t.Context(), "effect", "cs-1", "update")
		done("unknown", nil)
	})
	for _, want := range []string{`"error":"invalid"`, `"error":"canceled"`, `"error":"internal"`, `"error":"unknown"`, `"name":"effect update"`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	if strings.Contains(got, "secret") {
		t.Errorf("%s", got)
	}
}

// TestACollectorThatFailsDisturbsNobody: it answers late, sends elsewhere, or is
// not there; the work goes on, closing ends, and the log says so once.
func TestACollectorThatFailsDisturbsNobody(t *testing.T) {
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	stuck := make(chan struct{})
	defer close(stuck)
	for name, answer := range map[string]http.HandlerFunc{
		"refuses": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
		"sends elsewhere": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		},
		"hangs": func(http.ResponseWriter, *http.Request) { <-stuck },
	} {
		collector := httptest.NewServer(answer)
		var log bytes.Buffer
		tr, err := telemetry.OpenTraces(t.Context(), telemetry.TraceOptions{
			URL: collector.URL + "/v1/traces?x", Headers: map[string]string{"Authorization": "Bearer hush"}, Logger: slog.New(slog.NewTextHandler(&log, nil)),
		})
		if err != nil {
			t.Fatal(err)
		}
		_, end := tr.Step(t.Context(), "collect")
		end(nil)
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		began := time.Now()
		_ = tr.Close(ctx)
		cancel()
		if d := time.Since(began); d > 3*time.Second {
			t.Errorf("%s: closing took %s", name, d)
		}
		if n := strings.Count(log.String(), "\n"); n < 1 || n > 2 || strings.Contains(log.String(), "hush") {
			t.Errorf("%s: the log says %q", name, log.String())
		}
	}
	if elsewhere.Load() != 0 {
		t.Error("traces were sent to where a collector pointed")
	}
}

func TestATraceIsContinuedAndItsRouteIsATemplate(t *testing.T) {
	got := spansOf(t, func(tr *telemetry.Tracer) {
		mux := http.NewServeMux()
		mux.HandleFunc("GET /drafts/{id}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
		h, err := telemetry.Requests(telemetry.NewRegistry(), tr, mux)
		if err != nil {
			t.Fatal(err)
		}
		for _, target := range []string{"/drafts/fs-1?word=secret", "/nowhere/secret", "/healthz", "/static/x.css"} {
			r := httptest.NewRequest(http.MethodGet, target, nil)
			r.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
			r.Header.Set("Baggage", "person=secret")
			h.ServeHTTP(httptest.NewRecorder(), r)
		}
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("SECRET", "/", nil))
	})
	lines := strings.Split(strings.TrimSpace(got), "\n")
	if len(lines) != 3 || !strings.Contains(lines[0], `"name":"GET /drafts/{id}"`) || !strings.Contains(lines[0], `"parent":"00f067aa0ba902b7"`) ||
		!strings.Contains(lines[0], `"error":`) || !strings.Contains(lines[1], `"name":"GET"`) || !strings.Contains(lines[2], `"name":"_OTHER"`) ||
		strings.Contains(strings.ToLower(got), "secret") || strings.Contains(got, "fs-1") {
		t.Errorf("%s", got)
	}
}
