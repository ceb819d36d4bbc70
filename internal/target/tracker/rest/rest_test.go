package rest_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"roleos/internal/change"
	"roleos/internal/fault"
	"roleos/internal/target/tracker/rest"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "-5": 0, "30": 30 * time.Second, "1h": 0, "soon": 0, "99999999999999999999": 0,
		"Sun, 01 Mar 2026 12:01:00 GMT": time.Minute, "Sun, 01 Mar 2026 11:00:00 GMT": 0,
	} {
		if got := rest.RetryAfter(http.Header{"Retry-After": {value}}, now); got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
}

func client(t *testing.T, h http.HandlerFunc) *rest.Client {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	c, err := rest.New(rest.Options{
		Base: srv.URL, Now: time.Now, Timeout: 300 * time.Millisecond,
		Token:  func(context.Context) (string, error) { return "t0ken", nil },
		Header: func(h http.Header, token string) { h.Set("Authorization", token) },
		Sleep:  func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAnAnswerIsBounded(t *testing.T) {
	chunk := []byte(strings.Repeat("x", 1<<20))
	c := client(t, func(w http.ResponseWriter, _ *http.Request) {
		for range rest.MaxAnswer>>20 + 2 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	if _, err := c.Do(t.Context(), rest.Request{Method: http.MethodPost, Path: "x"}); fault.KindOf(err) != fault.Unavailable || errors.Is(err, change.ErrNotDone) {
		t.Errorf("%v", err)
	}
}

// A write that takes too long is not sent again, and nobody claims to know what became of it.
func TestASlowWriteIsSentOnce(t *testing.T) {
	hits := make(chan string, 10)
	c := client(t, func(_ http.ResponseWriter, r *http.Request) {
		hits <- r.Method
		<-r.Context().Done()
	})
	for method, want := range map[string]int{http.MethodPost: 1, http.MethodPut: 1, http.MethodPatch: 1, http.MethodGet: 3} {
		_, err := c.Do(t.Context(), rest.Request{Method: method, Path: "x"})
		if fault.KindOf(err) != fault.Unavailable || errors.Is(err, change.ErrNotDone) {
			t.Errorf("%s: %v", method, err)
		}
		if n := len(hits); n != want {
			t.Errorf("%s was sent %d times, want %d", method, n, want)
		}
		for len(hits) > 0 {
			<-hits
		}
	}
}
