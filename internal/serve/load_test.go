package serve_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"roleos/internal/app"
	"roleos/internal/store/storetest"
)

// loadSet turns the measurement of TestLoad on.
const loadSet = "ROLEOS_TEST_LOAD"

const (
	loadDrafts = 100_000
	loadOpened = 500 // of them have revisions and are opened; lists hold all
	loadUsers  = 200
	loadFor    = 20 * time.Second
)

// TestLoad measures what internal/docs/load.md says: 200 people who read and now
// and then comment, on a store with 100,000 drafts, over HTTP in this process.
func TestLoad(t *testing.T) {
	if os.Getenv(loadSet) == "" {
		t.Skip("SKIPPED: a measurement of minutes; set " + loadSet + "=1")
	}
	t.Run("SQLite", func(t *testing.T) { load(t, open(t, "")) })
	t.Run("PostgreSQL", func(t *testing.T) {
		load(t, open(t, "store:\n  url: "+strconv.Quote(storetest.PostgresURL(t))+"\n"))
	})
}

// fill copies a draft until there are loadDrafts, through the store.
func (w *world) fill(draft string) []string {
	w.Helper()
	db := w.app.Store()
	d, err := db.Draft(w.Context(), draft)
	if err != nil {
		w.Fatal(err)
	}
	rev, err := db.Revision(w.Context(), draft, 0)
	if err != nil {
		w.Fatal(err)
	}
	ids := []string{}
	for at := 0; at < loadDrafts; at += 500 {
		err := db.InTx(w.Context(), func(ctx context.Context) error {
			for i := at; i < at+500; i++ {
				c, r := d, rev
				c.ID, c.ChangeSet = fmt.Sprintf("fs-%010d", i), ""
				c.CreatedAt = d.CreatedAt.Add(-time.Duration(i) * time.Minute)
				c.UpdatedAt, r.Draft = c.CreatedAt, c.ID
				if err := db.SaveDraft(ctx, c, nil); err != nil {
					return err
				}
				if i >= loadOpened {
					continue
				}
				if err := db.AddRevision(ctx, r); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			w.Fatal(err)
		}
	}
	for i := range loadOpened {
		ids = append(ids, fmt.Sprintf("fs-%010d", i))
	}
	return ids
}

func load(t *testing.T, w *world) {
	o, err := w.app.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Sample: true})
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	ids := w.fill(o.Draft.ID)
	t.Logf("%d drafts in %v", loadDrafts, time.Since(begun).Round(time.Second))
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: loadUsers}}
	var mu sync.Mutex
	took := map[string][]time.Duration{}
	failed := map[string]int{}
	ctx, stop := context.WithTimeout(t.Context(), loadFor)
	defer stop()
	var users sync.WaitGroup
	for u := range loadUsers {
		token := w.token("", "decide")
		random := rand.New(rand.NewPCG(uint64(u), 7)) //nolint:gosec // a load, no secret
		users.Go(func() {
			for ctx.Err() == nil {
				what, method, path, body := act(random, ids)
				r, err := http.NewRequestWithContext(t.Context(), method, w.srv.URL+"/api/v1"+path, strings.NewReader(body))
				if err != nil {
					t.Error(err)
					return
				}
				r.Header.Set("Authorization", "Bearer "+token)
				r.Header.Set("Content-Type", "application/json")
				at := time.Now()
				resp, err := client.Do(r)
				d := time.Since(at)
				mu.Lock()
				if err == nil && resp.StatusCode < 300 {
					took[what] = append(took[what], d)
				} else {
					failed[what]++
				}
				mu.Unlock()
				if err == nil {
					resp.Body.Close() //nolint:errcheck,gosec // the time is measured, not the body
				}
				select {
				case <-ctx.Done():
				case <-time.After(time.Duration(random.Int64N(int64(4 * time.Second)))):
				}
			}
		})
	}
	users.Wait()
	names := []string{"list drafts", "queue", "get draft", "open handoffs", "comment"}
	for _, n := range names {
		all := took[n]
		slices.Sort(all)
		if len(all) == 0 {
			t.Errorf("%s: none, %d failed", n, failed[n])
			continue
		}
		at := func(q float64) time.Duration {
			return all[int(q*float64(len(all)-1))].Round(100 * time.Microsecond)
		}
		t.Logf("| %s | %d | %v | %v | %v | %d |", n, len(all), at(0.5), at(0.99), at(1), failed[n])
	}
}

// act chooses what a person does next: nine in ten times they read.
func act(random *rand.Rand, ids []string) (what, method, path, body string) {
	id := ids[random.IntN(len(ids))]
	switch random.IntN(10) {
	case 0, 1, 2:
		return "list drafts", http.MethodGet, "/drafts", ""
	case 3, 4:
		return "queue", http.MethodGet, "/drafts?state=validated", ""
	case 5, 6, 7:
		return "get draft", http.MethodGet, "/drafts/" + id, ""
	case 8:
		return "open handoffs", http.MethodGet, "/handoffs", ""
	}
	return "comment", http.MethodPost, "/drafts/" + id + "/reviews", `{"verdict":"comment","text":"seen"}`
}
