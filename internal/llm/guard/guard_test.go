package guard

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"roleos/internal/llm"
)

type answer func(*http.Request) (*http.Response, error)

func (a answer) RoundTrip(r *http.Request) (*http.Response, error) { return a(r) }

func reply(r *http.Request, status int, kind, body string, headers ...string) *http.Response {
	h := http.Header{"Content-Type": {kind}}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r}
}

func TestKeysOfLibrariesNeverLeave(t *testing.T) {
	var sent *http.Request
	c := Client(Options{Provider: "p", Host: "api.example.com", Header: "X-Api-Key", Key: func(context.Context) (string, error) { return "real", nil }, Base: answer(func(r *http.Request) (*http.Response, error) {
		sent = r
		return reply(r, 200, "application/json", `{}`), nil
	})})
	req, _ := http.NewRequestWithContext(t.Context(), "POST", "https://api.example.com/v1?key=lib&alt=json", strings.NewReader("{}"))
	req.Header.Set("Authorization", "Bearer lib")
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if sent.URL.RawQuery != "alt=json" || sent.Header.Get("Authorization") != "" || sent.Header.Get("X-Api-Key") != "real" {
		t.Errorf("%s %v", sent.URL, sent.Header)
	}
	req, _ = http.NewRequestWithContext(t.Context(), "GET", "https://evil.example.com/", nil)
	if resp, err := c.Do(req); llm.AsError(err) == nil || llm.AsError(err).Kind != llm.Invalid {
		t.Error("another host was reached", err)
		_ = resp.Body.Close()
	}
}

func TestRetryAfterIsReadInAllItsForms(t *testing.T) {
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name, value string
		want        time.Duration
	}{
		{"Retry-After", "7", 7 * time.Second},
		{"Retry-After", "0.5", 500 * time.Millisecond},
		{"Retry-After", "Tue, 01 Sep 2026 12:00:30 GMT", 30 * time.Second},
		{"Retry-After", "Tue, 01 Sep 2026 11:00:00 GMT", 0},
		{"Retry-After", "soon", 0},
		{"Retry-After", "-5", 0},
		{"Retry-After", "1e300", 0},
		{"Retry-After", "9999999", 24 * time.Hour},
		{"Retry-After-Ms", "250", 250 * time.Millisecond},
	} {
		if got := retryAfter(http.Header{http.CanonicalHeaderKey(c.name): {c.value}}, now); got != c.want {
			t.Errorf("%s: %s is %s, want %s", c.name, c.value, got, c.want)
		}
	}
}

func TestMessagesOfProvidersAreOneLineWithoutAKey(t *testing.T) {
	for in, want := range map[string]string{
		"wrong key: topsecret!":                          "wrong key: [key]!",
		"Incorrect API key provided: sk-proj-abcdef1234": "Incorrect API key provided: [key]",
		"two\r\nlines\x1b[31m":                           "two lines [31m",
		strings.Repeat("x", 400):                         strings.Repeat("x", 300) + "…",
	} {
		if got := clean(in, "topsecret"); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
}

func TestAnswersHaveABound(t *testing.T) {
	long := strings.Repeat("a", 1<<20)
	for _, kind := range []string{"application/json", "text/event-stream", "application/octet-stream"} {
		tr := New(Options{Provider: "p", Host: "h", Base: answer(func(r *http.Request) (*http.Response, error) {
			resp := reply(r, 200, kind, "")
			resp.Body = io.NopCloser(io.MultiReader(repeat(long, MaxAnswerBytes>>20+1)...))
			return resp, nil
		})})
		req, _ := http.NewRequestWithContext(t.Context(), "GET", "https://h/", nil)
		resp, err := tr.RoundTrip(req)
		if err == nil {
			_, err = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
		if e, ok := errors.AsType[*llm.Error](err); !ok || e.Kind != llm.TooLarge {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func repeat(s string, n int) []io.Reader {
	var out []io.Reader
	for range n {
		out = append(out, strings.NewReader(s))
	}
	return out
}

func TestCommentsOfAStreamAreLeftOut(t *testing.T) {
	in := ": hello\n\n\n: again\ndata: a\r\n\n\n\n:x\n\ndata: b\n\ndata: c"
	e := &events{body: io.NopCloser(strings.NewReader(in)), left: 1 << 10, fail: func(err error) error { return err }}
	got, err := io.ReadAll(e)
	if err != nil || string(got) != "data: a\r\n\ndata: b\n\ndata: c" {
		t.Errorf("%q %v", got, err)
	}
}

// FuzzFailure feeds bodies of failed answers, which are anybody's bytes.
func FuzzFailure(f *testing.F) {
	f.Add(`{"error":{"message":"m","code":429}}`, 429)
	f.Add(`[{"error":{"code":503,"status":"UNAVAILABLE"}}]`, 200)
	f.Add(`{"error":"text"}`, 500)
	tr := New(Options{Provider: "p", Host: "h"})
	f.Fuzz(func(t *testing.T, body string, status int) {
		e := tr.explained(status, []byte(body), "topsecret")
		if len([]rune(e.Message)) > 301 || strings.Contains(e.Message, "topsecret") || strings.ContainsAny(e.Message, "\n\x1b") {
			t.Errorf("%q", e.Message)
		}
		holdsError([]byte(body))
	})
}

func FuzzEvents(f *testing.F) {
	f.Add([]byte(": a\n\ndata: x\n\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		e := &events{body: io.NopCloser(bytes.NewReader(in)), left: 1 << 16, fail: func(err error) error { return err }}
		got, err := io.ReadAll(e)
		if err == nil && bytes.HasPrefix(got, []byte(":")) {
			t.Errorf("%q", got)
		}
	})
}
