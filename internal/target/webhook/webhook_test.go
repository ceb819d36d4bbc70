package webhook_test

import (
	"context"
	"encoding/base64"
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
	"roleos/internal/fault"
	"roleos/internal/store/storetest"
	"roleos/internal/target/targettest"
	"roleos/internal/target/webhook"
)

// The example of https://docs.svix.com/receiving/verifying-payloads/how-manual
const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func at() time.Time { return time.Unix(1614265330, 0) }

func open(t *testing.T, e webhook.Endpoint) *webhook.Target {
	t.Helper()
	tgt, err := webhook.New(map[string]webhook.Endpoint{"team": e}, at)
	if err != nil {
		t.Fatal(err)
	}
	return tgt
}

func message(body string) change.Write {
	return change.Write{Key: "p5jXN8AQM9LWM0D4loKWxJek", Op: webhook.Send, Object: "team/weekly", Body: []byte(body), Before: guardrails.Absent}
}

func TestSuite(t *testing.T) {
	targettest.Run(t, func(t *testing.T) targettest.Fixture {
		return targettest.Fixture{
			Registered: change.Registered{Manifest: webhook.Manifest("team-chat"), Target: open(t, webhook.Endpoint{URL: "https://example.com/", Secret: secret})},
			Refused: []change.Intended{
				{Op: webhook.Send, Object: "other/weekly", Body: []byte("x")},
				{Op: webhook.Send, Object: "https://evil.example/x", Body: []byte("x")},
				{Op: webhook.Send, Object: "team", Body: []byte("x")},
				{Op: webhook.Send, Object: "team/", Body: []byte("x")},
				{Op: webhook.Send, Object: "team/\u202ex", Body: []byte("x")},
				{Op: webhook.Send, Object: "team/empty"},
				{Op: webhook.Send, Object: "team/big", Body: make([]byte, webhook.MaxBytes+1)},
				{Op: "get", Object: "team/weekly", Body: []byte("x")},
			},
		}
	})
}

func TestSignedAsTheStandardSays(t *testing.T) {
	var got http.Header
	var body []byte
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = r.Header
		body, _ = io.ReadAll(r.Body)
	}))
	defer srv.Close()
	tgt := open(t, webhook.Endpoint{URL: srv.URL, Secret: secret, Private: true})
	if err := tgt.Apply(t.Context(), message(`{"test": 2432232314}`)); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
		"webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
	} {
		if got.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, got.Get(name), want)
		}
	}
	if string(body) != `{"test": 2432232314}` {
		t.Errorf("%q was sent", body)
	}
}

func TestReachesNothingPrivate(t *testing.T) {
	var hits atomic.Int32
	srv := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer srv.Close()
	port := srv.URL[strings.LastIndex(srv.URL, ":"):]
	for _, host := range []string{
		"127.0.0.1", "localhost", "[::1]", "0.0.0.0", "[::]", "[::ffff:127.0.0.1]", "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "[fe80::1]",
		"[fc00::1]", "100.64.0.1", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "224.0.0.1", "255.255.255.255", "2130706433", "0x7f.1", "127.1",
	} {
		tgt, err := webhook.New(map[string]webhook.Endpoint{"team": {URL: "https://" + host + port, Secret: secret}}, at)
		if err != nil {
			continue
		}
		if err := tgt.Apply(t.Context(), message("x")); !errors.Is(err, change.ErrNotDone) {
			t.Errorf("%s: %v", host, err)
		}
	}
	if hits.Load() > 0 {
		t.Errorf("%d messages reached a private address", hits.Load())
	}
}

func TestEndpointsAreCheckedWhenNamed(t *testing.T) {
	ok := webhook.Endpoint{URL: "https://example.com/hook", Secret: secret}
	for name, edit := range map[string]func(*webhook.Endpoint){
		"http":         func(e *webhook.Endpoint) { e.URL = "http://example.com" },
		"file":         func(e *webhook.Endpoint) { e.URL, e.Private = "file:///etc/passwd", true },
		"a user":       func(e *webhook.Endpoint) { e.URL = "https://user:pass@example.com" },
		"no host":      func(e *webhook.Endpoint) { e.URL = "https:///x" },
		"no secret":    func(e *webhook.Endpoint) { e.Secret = "" },
		"short secret": func(e *webhook.Endpoint) { e.Secret = "whsec_" + base64.StdEncoding.EncodeToString([]byte("short")) },
		"plain secret": func(e *webhook.Endpoint) { e.Secret = strings.TrimPrefix(secret, "whsec_") },
	} {
		e := ok
		edit(&e)
		if _, err := webhook.New(map[string]webhook.Endpoint{"team": e}, at); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if _, err := webhook.New(map[string]webhook.Endpoint{"a/b": ok}, at); err == nil {
		t.Error("a name with a slash is accepted")
	}
}

// What a person's confirmation of an irreversible message leads to, answer by answer.
func TestThroughTheDoor(t *testing.T) {
	for name, tt := range map[string]struct {
		answer http.HandlerFunc // nil: nobody listens
		want   change.EffectState
		hits   int32
	}{
		"accepted":         {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, change.EffectDone, 1},
		"redirected":       {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusTemporaryRedirect) }, change.EffectUnknown, 1},
		"broken":           {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, change.EffectUnknown, 1},
		"cut off":          {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, change.EffectUnknown, 1},
		"nobody listening": {nil, change.EffectFailed, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var hits atomic.Int32
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { hits.Add(1); tt.answer(w, r) }))
			defer srv.Close()
			if tt.answer == nil {
				srv.Close()
			}
			svc := service(t, open(t, webhook.Endpoint{URL: srv.URL, Secret: secret, Private: true}))
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
			if err != nil || !v.Ask.Name || v.Shown.Proof.Staged {
				t.Fatalf("%+v %v", v.Ask, err)
			}
			if _, err := svc.Confirm(t.Context(), set.ID, guardrails.Principal{ID: "ann", Person: true}, change.Answer{Text: set.ID, View: v.Shown.Digest, Shown: at()}); fault.KindOf(err) != fault.NeedsConfirmation {
				t.Fatal(err)
			}
			if _, err := svc.Confirm(t.Context(), set.ID, guardrails.Principal{ID: "ann", Person: true}, change.Answer{Text: "team-chat", View: v.Shown.Digest, Shown: at()}); err != nil {
				t.Fatal(err)
			}
			out, err := svc.Apply(t.Context(), set.ID)
			if (err == nil) != (tt.want == change.EffectDone) || out.Effects[0].State != tt.want || hits.Load() != tt.hits {
				t.Errorf("%s, %d hits, %v", out.Effects[0].State, hits.Load(), err)
			}
			if _, err := svc.Apply(t.Context(), set.ID); err == nil || hits.Load() != tt.hits {
				t.Error("it was sent again")
			}
		})
	}
}

type noAudit struct{}

func (noAudit) Append(context.Context, string, string, string, any) error { return nil }

func service(t *testing.T, tgt *webhook.Target) *change.Service {
	t.Helper()
	db := storetest.Open(t, storetest.SQLiteURL(t))
	n := 0
	svc, err := change.New(change.Options{
		Sets: db, Effects: db, Grants: db, Tx: db, Audit: noAudit{}, Keys: keyfile.New(t.TempDir()),
		Targets: []change.Registered{{Manifest: webhook.Manifest("team-chat"), Target: tgt}},
		Policy:  change.Policy{Version: "1", Environment: "workspace", Solo: true}, Now: at,
		NewID: func() string { n++; return fmt.Sprint("id-", n) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return svc
}
