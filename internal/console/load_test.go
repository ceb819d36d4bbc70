package console_test

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite"
)

// TestReadsStayFast asks for the pages people open most, in a workspace of as
// many drafts as ROLEOS_TEST_LOAD names, from ten people at once, and prints what
// it took.
func TestReadsStayFast(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("ROLEOS_TEST_LOAD"))
	if err != nil {
		t.Skip("SKIPPED: ROLEOS_TEST_LOAD names no number of drafts, such as 100000")
	}
	dir := t.TempDir()
	s := siteIn(t, dir)
	id := s.drafted(t)
	db, err := sql.Open("sqlite", filepath.Join(dir, ".roleos", "roleos.db")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test's own connection
	// Copies of one draft: one in a hundred waits, the others have ended.
	for _, q := range []string{
		`WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM i WHERE n < %d) INSERT INTO drafts SELECT 'fs-load' || n, kind, 'Sample draft ' || n, agent, run, records, contract, CASE WHEN n %% 100 = 0 THEN 'validated' ELSE 'closed' END, revision, '', created_at - n * 1000000, updated_at - n * 1000000 FROM drafts, i WHERE id = '` + id + `'`,
		`WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM i WHERE n < %d) INSERT INTO revisions SELECT 'fs-load' || i.n, r.n, digest, contract, passed, written_by, note, at FROM revisions r, i WHERE draft = '` + id + `'`,
	} {
		if _, err := db.ExecContext(t.Context(), fmt.Sprintf(q, n)); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{"/", "/queue", "/queue?state=closed", "/drafts/fs-load100", "/drafts/fs-load100/themes", "/runs", "/plans", "/audit", "/handoffs"} {
		var mu sync.Mutex
		var took []time.Duration
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				for range 20 {
					begin := time.Now()
					r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
					if err != nil {
						t.Error(err)
						return
					}
					resp, err := s.Client().Do(r)
					if err != nil {
						t.Error(err)
						return
					}
					_, err = io.Copy(io.Discard, resp.Body)
					if err = errors.Join(err, resp.Body.Close()); err != nil || resp.StatusCode != http.StatusOK {
						t.Errorf("%s: %d, %v", path, resp.StatusCode, err)
					}
					mu.Lock()
					took = append(took, time.Since(begin))
					mu.Unlock()
				}
			})
		}
		all.Wait()
		if t.Failed() {
			return
		}
		slices.Sort(took)
		t.Logf("%-28s p50 %6.1f ms  p99 %6.1f ms", path, took[len(took)/2].Seconds()*1e3, took[len(took)*99/100].Seconds()*1e3)
	}
}
