package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"roleos/internal/audit"
	"roleos/internal/notify"
	"roleos/internal/store"
	"roleos/internal/store/outbox"
	"roleos/internal/store/storetest"
	"roleos/internal/target/webhook"
	"roleos/internal/target/webhook/webhooktest"
)

// hook tells a receiver that is gone, as the service's does.
type hook struct{ *webhook.Sender }

func (h hook) Send(ctx context.Context, id string, body []byte) error {
	err := h.Sender.Send(ctx, id, body)
	if errors.Is(err, webhook.ErrGone) {
		return fmt.Errorf("%w: %w", notify.ErrGone, err)
	}
	return err
}

// clock is a time that the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type sized struct {
	*audit.Log
	storage audit.Storage
}

func (s sized) Size(ctx context.Context) (int64, error) { return s.storage.Size(ctx) }

func world(t *testing.T, db *store.DB) (*audit.Log, *clock, func(r *webhooktest.Receiver, name string, types ...notify.Type) *notify.Relay) {
	t.Helper()
	c := &clock{now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	log := audit.New(db.Audit(), db.Audit(), nil, c.Now)
	return log, c, func(r *webhooktest.Receiver, name string, types ...notify.Type) *notify.Relay {
		s, err := webhook.NewSender(webhook.Endpoint{URL: r.URL, Secret: webhooktest.Secret, Private: true, Timeout: time.Second}, c.Now)
		if err != nil {
			t.Fatal(err)
		}
		return &notify.Relay{
			Log: sized{log, db.Audit()}, Store: outbox.New(db), Now: c.Now, Jitter: func() float64 { return 0 },
			Endpoints: []notify.Endpoint{{Name: name, Types: types, Sender: hook{s}}},
		}
	}
}

func happen(t *testing.T, db *store.DB, log *audit.Log, kind, subject string) {
	t.Helper()
	if err := db.InTx(t.Context(), func(ctx context.Context) error { return log.Append(ctx, kind, "roleos", subject, nil) }); err != nil {
		t.Fatal(err)
	}
}

func look(t *testing.T, r *notify.Relay) {
	t.Helper()
	if err := r.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func states(t *testing.T, db *store.DB) map[string]int {
	t.Helper()
	out := map[string]int{}
	all, err := outbox.New(db).List(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		out[d.State()]++
	}
	return out
}

func TestEveryEventArrivesOnceFromNowOn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		log, _, relay := world(t, db)
		r := webhooktest.New(t)
		happen(t, db, log, "run.failed", "run-before")
		all, some := relay(r, "all"), relay(r, "some", notify.RunFailed)
		look(t, all)
		look(t, some)
		for i := range 30 {
			happen(t, db, log, []string{"run.failed", "change.applied", "run.started"}[i%3], fmt.Sprintf("x-%d", i))
		}
		look(t, all)
		look(t, all)
		if len(r.Taken()) != 20 || states(t, db)["sent"] != 20 {
			t.Errorf("%d events arrived, %v", len(r.Taken()), states(t, db))
		}
		for id, body := range r.Bodies() {
			if strings.Contains(body, "run-before") || r.Taken()[id] != 1 {
				t.Errorf("%s arrived %d times: %s", id, r.Taken()[id], body)
			}
		}
		look(t, some)
		times := 0
		for _, n := range r.Taken() {
			times += n
		}
		if len(r.Taken()) != 20 || times != 30 {
			t.Errorf("%d events in %d messages; the second endpoint asked for ten", len(r.Taken()), times)
		}
	})
}

// TestAFailingEndpoint answers wrongly, slowly, or not at all, each in a real way.
func TestAFailingEndpoint(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		log, c, relay := world(t, db)
		r := webhooktest.New(t)
		x := relay(r, "x")
		look(t, x)
		hijack := func(f func(conn io.ReadWriteCloser)) func(http.ResponseWriter) {
			return func(w http.ResponseWriter) {
				conn, _, err := w.(http.Hijacker).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				f(conn)
				_ = conn.Close()
			}
		}
		for name, do := range map[string]func(http.ResponseWriter){
			"refuses": func(w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) },
			"sends elsewhere": func(w http.ResponseWriter) {
				w.Header().Set("Location", r.URL+"/x")
				w.WriteHeader(http.StatusFound)
			},
			"hangs up":           hijack(func(io.ReadWriteCloser) {}),
			"speaks another way": hijack(func(conn io.ReadWriteCloser) { _, _ = conn.Write([]byte("220 mail.example ESMTP\r\n")) }),
			"never answers":      func(http.ResponseWriter) { time.Sleep(1200 * time.Millisecond) },
		} {
			r.Does(do)
			happen(t, db, log, "run.failed", "run-"+strings.ReplaceAll(name, " ", ""))
			look(t, x)
			waiting, err := outbox.New(db).List(t.Context(), "x", "waiting")
			if err != nil || len(waiting) != 1 || waiting[0].Tries != 1 || waiting[0].Failed == "" || strings.Contains(waiting[0].Failed, r.URL) {
				t.Fatalf("%s: %+v, %v", name, waiting, err)
			}
			look(t, x) // it is not due
			if r.Asked() != 1 {
				t.Errorf("%s: it was asked %d times at once", name, r.Asked())
			}
			r.Does(nil)
			c.pass(6 * time.Second)
			look(t, x)
			if got := states(t, db); got["waiting"] != 0 {
				t.Errorf("%s: after it came back there are %v", name, got)
			}
		}
		if len(r.Taken()) != 5 {
			t.Errorf("%d of 5 events arrived", len(r.Taken()))
		}

		// For good: given up after three days, and sent again when somebody says so.
		r.Does(func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) })
		happen(t, db, log, "run.failed", "run-late")
		for range 4 * 24 * 12 {
			look(t, x)
			c.pass(5 * time.Minute)
		}
		if got := states(t, db); got["dead"] != 1 || r.Asked() != notify.Tries() {
			t.Errorf("after four days: %v, tried %d times", got, r.Asked())
		}
		r.Does(nil)
		look(t, x)
		if n, err := outbox.New(db).Again(t.Context(), "", "", c.Now()); err != nil || n != 1 {
			t.Errorf("%d are tried anew, %v", n, err)
		}
		look(t, x)
		if len(r.Taken()) != 6 {
			t.Error("what was given up and sent again did not arrive")
		}
		r.Does(func(w http.ResponseWriter) { w.WriteHeader(http.StatusGone) })
		happen(t, db, log, "run.failed", "run-gone")
		look(t, x)
		if got := states(t, db); got["dead"] != 1 || got["waiting"] != 0 {
			t.Errorf("an endpoint that is gone: %v", got)
		}
		c.pass(31 * 24 * time.Hour)
		look(t, x)
		if got := states(t, db); got["sent"] != 0 || got["dead"] != 1 {
			t.Errorf("a month later: %v", got)
		}
	})
}

// TestReplicasSendOnce: several processes look at one store at the same time.
func TestReplicasSendOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		log, _, relay := world(t, db)
		r := webhooktest.New(t)
		look(t, relay(r, "x"))
		for i := range 40 {
			happen(t, db, log, "change.applied", fmt.Sprintf("cs-%d", i))
		}
		var all sync.WaitGroup
		for range 3 {
			one := relay(r, "x")
			all.Go(func() {
				for range 3 {
					if err := one.Look(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		for id, n := range r.Taken() {
			if n != 1 {
				t.Errorf("%s was sent %d times", id, n)
			}
		}
		if len(r.Taken()) != 40 {
			t.Errorf("%d of 40 arrived", len(r.Taken()))
		}
	})
}

// TestAProcessThatEndsWhileItSends leaves one delivery behind, which another takes
// up after the lease; what the first one says too late changes nothing.
func TestAProcessThatEndsWhileItSends(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		log, c, relay := world(t, db)
		r := webhooktest.New(t)
		x := relay(r, "x")
		look(t, x)
		happen(t, db, log, "run.failed", "run-1")
		ctx, kill := context.WithCancel(t.Context())
		r.Does(func(http.ResponseWriter) { kill() })
		if err := x.Look(ctx); err == nil {
			t.Fatal("it was killed, and says nothing")
		}
		r.Does(nil)
		other := relay(r, "x")
		look(t, other)
		if len(r.Taken()) != 0 {
			t.Error("another process sends what may be on its way")
		}
		late, err := outbox.New(db).Claim(t.Context(), "x", c.Now().Add(21*time.Second), c.Now().Add(41*time.Second), 1)
		if err != nil || len(late) != 1 || late[0].Tries != 2 {
			t.Fatalf("%+v, %v", late, err)
		}
		slow := late[0]
		slow.Leased, slow.Dead = c.Now().Add(20*time.Second), c.Now()
		if err := outbox.New(db).Tried(t.Context(), slow); err != nil {
			t.Fatal(err)
		}
		c.pass(42 * time.Second)
		look(t, other)
		if len(r.Taken()) != 1 || !slices.Equal([]int{1}, []int{states(t, db)["sent"]}) {
			t.Errorf("arrived %v, %v", r.Taken(), states(t, db))
		}
	})
}
