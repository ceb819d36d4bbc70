package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/change/keyfile"
	"roleos/internal/store/storetest"
	"roleos/internal/target/webhook"
)

func TestAnEndpointThatIsSlowOrEndlessIsLeft(t *testing.T) {
	var hits atomic.Int32
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		ok     bool // the endpoint has said 2xx
	}{
		"never answers": {func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
		}, false},
		"answers without end": {func(w http.ResponseWriter, r *http.Request) {
			for chunk := strings.Repeat("x", 4096); r.Context().Err() == nil; {
				if _, err := w.Write([]byte(chunk)); err != nil {
					return
				}
			}
		}, true},
		"trickles": {func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write([]byte("x")); err != nil {
					return
				}
				_ = http.NewResponseController(w).Flush()
				time.Sleep(10 * time.Millisecond)
			}
		}, true},
		"has huge headers": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Large", strings.Repeat("x", 1<<20))
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				hits.Add(1)
				_, _ = io.Copy(io.Discard, r.Body) // only then the server notices that the other side is gone
				tt.answer(w, r)
			}))
			defer srv.Close()
			tgt := open(t, webhook.Endpoint{URL: srv.URL, Secret: secret, Private: true, Timeout: 500 * time.Millisecond})
			begun, before := time.Now(), hits.Load()
			err := tgt.Apply(t.Context(), message("x"))
			if took := time.Since(begun); took > 5*time.Second {
				t.Errorf("it was waited for %s", took)
			}
			if (err == nil) != tt.ok || errors.Is(err, change.ErrNotDone) {
				t.Errorf("%v; that nothing arrived cannot be known", err)
			}
			if n := hits.Load() - before; n != 1 {
				t.Errorf("it was sent %d times", n)
			}
		})
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	var hits atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer other.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		srv := httptest.NewServer(http.RedirectHandler(other.URL, status))
		tgt := open(t, webhook.Endpoint{URL: srv.URL, Secret: secret, Private: true})
		if err := tgt.Apply(t.Context(), message("x")); err == nil {
			t.Errorf("%d counts as sent", status)
		}
		srv.Close()
	}
	if hits.Load() > 0 {
		t.Error("a redirect was followed")
	}
}

// A process that dies while it sends leaves a message of which nobody knows:
// the next process says so and does not send again.
func TestAnInterruptedMessageIsUnknownAndNotSentAgain(t *testing.T) {
	for _, point := range []string{"before write 0", "after write 0"} {
		t.Run(point, func(t *testing.T) {
			var hits atomic.Int32
			srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
			defer srv.Close()
			tgt := open(t, webhook.Endpoint{URL: srv.URL, Secret: secret, Private: true})
			db, keys := storetest.Open(t, storetest.SQLiteURL(t)), keyfile.New(t.TempDir())
			n := 0
			start := func(hook func(string)) *change.Service {
				svc, err := change.New(change.Options{
					Sets: db, Effects: db, Grants: db, Tx: db, Audit: noAudit{}, Keys: keys,
					Targets: []change.Registered{{Manifest: webhook.Manifest("team-chat"), Target: tgt}},
					Policy:  change.Policy{Version: "1", Environment: "workspace", Solo: true}, Now: at,
					NewID: func() string { n++; return fmt.Sprint("id-", n) }, Hook: hook,
				})
				if err != nil {
					t.Fatal(err)
				}
				return svc
			}
			svc := start(func(p string) {
				if p == point {
					panic("killed")
				}
			})
			set, err := svc.Plan(t.Context(), change.Proposal{
				By: guardrails.Principal{ID: "agent:one"}, Intent: "tell the team", Target: "team-chat",
				Changes: []change.Intended{{Op: webhook.Send, Object: "team/weekly", Body: []byte("{}")}},
				Envelope: guardrails.Envelope{
					Allow:  []guardrails.Rule{{Target: "team-chat", Op: webhook.Send, Under: []string{"team"}, Most: 3}},
					Window: time.Hour, Rate: guardrails.Rate{Most: 3, Per: time.Hour}, Stop: guardrails.Stop{After: time.Minute}, Irreversible: true,
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := svc.Stage(t.Context(), set.ID); err != nil {
				t.Fatal(err)
			}
			v, err := svc.Show(t.Context(), set.ID)
			if err != nil {
				t.Fatal(err)
			}
			answer := change.Answer{Text: "team-chat", View: v.Shown.Digest, Shown: at()}
			if _, err := svc.Confirm(t.Context(), set.ID, guardrails.Principal{ID: "ann", Person: true}, answer); err != nil {
				t.Fatal(err)
			}
			func() {
				defer func() { _ = recover() }()
				_, _ = svc.Apply(context.WithoutCancel(t.Context()), set.ID)
				t.Error("the process was not stopped")
			}()
			sent := hits.Load()
			next := start(nil)
			if left, err := next.Settle(t.Context()); err != nil || len(left) > 0 {
				t.Errorf("%d sets would go on, %v", len(left), err)
			}
			out, err := next.Get(t.Context(), set.ID)
			if err != nil || out.Set.State != change.Halted || out.Effects[0].State != change.EffectUnknown {
				t.Errorf("%s, %s, %v", out.Set.State, out.Effects[0].State, err)
			}
			if _, err := next.Resume(t.Context(), set.ID); err == nil || hits.Load() != sent {
				t.Errorf("it was sent again: %v", err)
			}
		})
	}
}
