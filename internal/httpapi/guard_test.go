package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

type keptStore struct {
	Store
	claimed map[string]bool
	answers map[string][]byte
}

func (s *keptStore) ClaimReply(_ context.Context, key, _ string, _ time.Time) error {
	s.claimed[key] = true
	return nil
}

func (s *keptStore) KeepReply(ctx context.Context, key string, answer []byte) error {
	if answer == nil {
		delete(s.claimed, key)
	} else {
		s.answers[key] = answer
	}
	return ctx.Err()
}

// TestAKeyComesBack: what panicked, and what a client did not wait for, may be
// tried again under its key; what was done is answered from what was kept.
func TestAKeyComesBack(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(w http.ResponseWriter, gone func())
		kept bool
	}{
		{"done", func(w http.ResponseWriter, _ func()) { _, _ = w.Write([]byte("{}")) }, true},
		{"done while the client went away", func(w http.ResponseWriter, gone func()) { gone(); _, _ = w.Write([]byte("{}")) }, true},
		{"not done, since the client went away", func(w http.ResponseWriter, gone func()) { gone(); w.WriteHeader(statusGone) }, false},
		{"failed", func(w http.ResponseWriter, _ func()) { w.WriteHeader(500) }, false},
		{"panicked", func(http.ResponseWriter, func()) { panic("x") }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &keptStore{claimed: map[string]bool{}, answers: map[string][]byte{}}
			a := &api{Options: Options{Store: s, Logger: slog.New(slog.DiscardHandler), Now: time.Now}}
			ctx, gone := context.WithCancel(t.Context())
			defer gone()
			r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/x", strings.NewReader("{}"))
			r.Header.Set("Idempotency-Key", "a-long-key")
			func() {
				defer func() { _ = recover() }()
				a.once(httptest.NewRecorder(), r, "c a-long-key", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { c.do(w, gone) }))
			}()
			if got := len(s.answers) == 1; got != c.kept || s.claimed["c a-long-key"] != c.kept {
				t.Errorf("kept %v, claimed %v", got, s.claimed)
			}
		})
	}
}

func FuzzWellFormed(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":1,"a":2}`, `{"a":{"b":[1,{"c":"\u0000"}]}}`, `[`, `"`, `{"k":1,"K":2}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := wellFormed(data); err != nil && len(data) > 12 && strings.Contains(err.Error(), string(data)) {
			t.Errorf("the error repeats what was sent: %v", err)
		}
	})
}
