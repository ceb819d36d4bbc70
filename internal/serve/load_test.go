package serve_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"math"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"roleos/config"
	"roleos/internal/app"
	"roleos/internal/audit"
	"roleos/internal/evidence"
	"roleos/internal/handoff"
	"roleos/internal/store"
	"roleos/internal/store/storetest"
)

// Of TestLoad: how long people come, as 10m or, the second for PostgreSQL, as
// 10m,5m; and the page it writes.
const (
	loadFor  = "ROLEOS_TEST_LOAD"
	loadPage = "ROLEOS_TEST_LOAD_PAGE"
)

const (
	loadDrafts  = 100_000
	loadRecords = 1_000_000
	loadUsers   = 200
	loadWaiting = 32 // one draft in so many waits for a review; the others are closed
	loadPause   = 2 * time.Second
	// The goals at the 99th percentile.
	loadRead     = 100 * time.Millisecond
	loadDecision = 250 * time.Millisecond
)

// TestLoad measures what internal/docs/load.md says, with the built binary as the
// service: people read and decide in the console and through the API.
func TestLoad(t *testing.T) {
	first, second, both := strings.Cut(os.Getenv(loadFor), ",")
	if !both {
		second = first
	}
	onSQLite, err := time.ParseDuration(first)
	if err != nil {
		t.Skip("SKIPPED: a measurement of minutes; set " + loadFor + "=10m")
	}
	onPostgres, err := time.ParseDuration(second)
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "roleos")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "roleos/cmd/roleos")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var page bytes.Buffer
	for _, on := range []struct {
		name, settings string
		length         time.Duration
	}{
		{"SQLite", "", onSQLite},
		{"PostgreSQL", "postgres", onPostgres},
	} {
		t.Run(on.name, func(t *testing.T) {
			settings := on.settings
			if settings != "" {
				settings = "store:\n  url: " + strconv.Quote(storetest.PostgresURL(t)) + "\n"
			}
			fmt.Fprintf(&page, "## %s, %v\n\n%s\n", on.name, on.length, load(t, binary, settings, on.length))
		})
	}
	t.Log("\n" + page.String())
	if path := os.Getenv(loadPage); path != "" && !t.Failed() {
		head, err := os.ReadFile("testdata/load.md")
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf(string(head), runtime.GOOS, runtime.GOARCH, runtime.NumCPU()) + strings.TrimRight(page.String(), "\n") + "\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// load fills a workspace, serves it, lets people come, and returns a table.
func load(t *testing.T, binary, settings string, length time.Duration) string {
	dir := t.TempDir()
	var team strings.Builder
	team.WriteString(settings + "review: {mode: team}\nteam:\n  roles:\n    person:ana: admin+pm\n")
	for u := range loadUsers {
		fmt.Fprintf(&team, "    person:p%d: pm+reviewer\n", u)
	}
	if err := os.WriteFile(filepath.Join(dir, config.FileName), []byte(team.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	waiting, tokens := fillForLoad(t, dir)
	t.Logf("%d drafts, %d records in %v", loadDrafts, loadRecords, time.Since(begun).Round(time.Second))

	s := serveBinary(t, binary, dir)
	m := &measured{took: map[string][]time.Duration{}, failed: map[string][]string{}}
	ctx, stop := context.WithTimeout(t.Context(), length)
	defer stop()
	var all sync.WaitGroup
	for u, token := range tokens {
		all.Go(func() { newVisitor(t, s.addr, token, u, waiting).stay(ctx, m) })
	}
	var memory []float64
	every := max(length/120, time.Second)
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-time.After(every):
			memory = append(memory, s.resident(t))
		}
	}
	all.Wait()
	return m.table(t, length) + "\n" + flat(memory, every) + "\n"
}

// fillForLoad makes drafts of one real draft, through the store: each has a
// revision, and a thirty-second part of them waits. Sets of records hold the
// draft's own records, with a field that makes each set another one.
func fillForLoad(t *testing.T, dir string) (waiting, tokens []string) {
	cfg, _, err := config.Load(config.Options{Workspace: dir, User: "ana"})
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), app.Options{Config: cfg})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close() //nolint:errcheck // the service opens it anew
	w := &world{T: t, app: a}
	first := w.drafted().Draft
	db := a.Store()
	d, err := db.Draft(t.Context(), first.ID)
	if err != nil {
		t.Fatal(err)
	}
	records, err := a.Records(t.Context(), d.Records)
	if err != nil {
		t.Fatal(err)
	}
	sources, err := db.Sources(t.Context(), d.Records)
	if err != nil {
		t.Fatal(err)
	}
	sets := make([]string, (loadRecords+len(records)-1)/len(records))
	for at := 0; at < len(sets); at += 200 {
		if err := db.InTx(t.Context(), func(ctx context.Context) error {
			for n := at; n < min(at+200, len(sets)); n++ {
				copied := slices.Clone(records)
				for i := range copied {
					copied[i].Fields = append(slices.Clone(copied[i].Fields), evidence.Attr{Name: "copy", Value: strconv.Itoa(n)})
				}
				if sets[n], err = db.PutRecords(ctx, store.RecordSet{Sources: sources, Records: copied}); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	for at := 0; at < loadDrafts; at += 1000 {
		if err := db.InTx(t.Context(), func(ctx context.Context) error {
			for i := at; i < at+1000; i++ {
				c := d
				c.ID, c.Records, c.State = fmt.Sprintf("fs-%010d", i), sets[i%len(sets)], handoff.Closed
				c.CreatedAt = d.CreatedAt.Add(-time.Duration(i) * time.Minute)
				c.UpdatedAt = c.CreatedAt
				switch i % loadWaiting {
				case 0:
					c.State = handoff.Validated
				case 1:
					if i%500 == 1 {
						c.State = handoff.Published
					}
				}
				if err := db.SaveDraft(ctx, c, nil); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	log := audit.New(db.Audit(), db.Audit(), func(context.Context) (audit.Key, error) {
		secret, err := os.ReadFile(filepath.Join(dir, ".roleos", "keys", "audit.key"))
		if err != nil {
			return audit.Key{}, err
		}
		return audit.ParseKey(strings.TrimSpace(string(secret)))
	}, time.Now)
	head, err := db.Revisions(t.Context(), d.ID, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < loadDrafts; i += loadWaiting {
		waiting = append(waiting, fmt.Sprintf("fs-%010d", i))
	}
	for part := range slices.Chunk(waiting, 100) { // only what the log knows is published
		if err := db.InTx(t.Context(), func(ctx context.Context) error {
			for _, id := range part {
				if err := log.Append(ctx, "draft.made", "agent:feedback-river", id, map[string]any{"digest": head[0].Digest, "revision": 1}); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Exec(t.Context(), `INSERT INTO revisions (draft, n, digest, contract, passed, written_by, note, at)
		SELECT d.id, r.n, r.digest, r.contract, r.passed, r.written_by, r.note, r.at FROM drafts d, revisions r WHERE r.draft = ? AND d.id <> r.draft`, d.ID); err != nil {
		t.Fatal(err)
	}
	for u := range loadUsers {
		text, _, err := a.CreateToken(t.Context(), rand.Reader, fmt.Sprintf("person:p%d", u), "load", []string{"decide"}, 24*time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, text)
	}
	return waiting, tokens
}

// serving is a roleos serve of its own process.
type serving struct {
	addr string
	pid  int
}

func serveBinary(t *testing.T, binary, dir string) serving {
	t.Helper()
	cmd := exec.Command(binary, "serve", "-C", dir, "--serve-listen", "127.0.0.1:0") //nolint:noctx // ended below
	cmd.Env = append(os.Environ(), "USER=ana", "ROLEOS_PRINCIPAL=person:ana")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the service ended badly: %v", err)
		}
		if n := strings.Count(errs.String(), "level=ERROR"); n > 0 {
			t.Errorf("the service logged %d errors, the last of them:\n%s", n, errs.String()[max(0, errs.Len()-2000):])
		}
	})
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if at := strings.Index(line, "http://"); at >= 0 {
			go io.Copy(io.Discard, lines) //nolint:errcheck // until it ends
			return serving{addr: strings.TrimSpace(line[at:]), pid: cmd.Process.Pid}
		}
		if err != nil {
			t.Fatalf("the service does not start: %v\n%s", err, errs.String())
		}
	}
}

// resident returns the memory that the service holds, in MB.
func (s serving) resident(t *testing.T) float64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), "VmRSS:")
	kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	if err != nil {
		t.Fatal(err)
	}
	return kb / 1024
}

// visitor is one person with a browser and a program.
type visitor struct {
	t           *testing.T
	base, token string
	client      *http.Client
	random      *mathrand.Rand
	waiting     []string // everybody's
	mine        []string // decided on by nobody else
}

func newVisitor(t *testing.T, base, token string, u int, waiting []string) *visitor {
	v := &visitor{
		t: t, base: base, token: token, waiting: waiting, random: mathrand.New(mathrand.NewPCG(uint64(u), 7)), //nolint:gosec // a load, no secret
		client: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Transport: &http.Transport{MaxIdleConnsPerHost: 2}},
	}
	for i := u; i < len(waiting); i += loadUsers {
		v.mine = append(v.mine, waiting[i])
	}
	return v
}

// stay signs in, and does something, waits and goes on until ctx ends.
func (v *visitor) stay(ctx context.Context, m *measured) {
	wait := func(d time.Duration) {
		select {
		case <-ctx.Done():
		case <-time.After(d):
		}
	}
	wait(time.Duration(v.random.Int64N(int64(loadPause))))
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, v.base+"/signin", strings.NewReader(url.Values{"token": {v.token}}.Encode()))
	if err != nil {
		v.t.Error(err)
		return
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := v.client.Do(r)
	if err != nil {
		if ctx.Err() == nil {
			v.t.Error(err)
		}
		return
	}
	resp.Body.Close() //nolint:errcheck,gosec // empty
	if len(resp.Cookies()) == 0 {
		v.t.Errorf("not signed in: %d", resp.StatusCode)
		return
	}
	cookie := resp.Cookies()[0]
	for ctx.Err() == nil {
		a := v.choose()
		r, err := http.NewRequestWithContext(ctx, a.method, v.base+a.path, strings.NewReader(a.body))
		if err != nil {
			v.t.Error(err)
			return
		}
		if strings.HasPrefix(a.path, "/api/") {
			r.Header.Set("Authorization", "Bearer "+v.token)
			r.Header.Set("Content-Type", "application/json")
		} else {
			r.AddCookie(cookie)
		}
		begun := time.Now()
		resp, err := v.client.Do(r)
		var body []byte
		if err == nil {
			body, err = io.ReadAll(resp.Body)
			resp.Body.Close() //nolint:errcheck,gosec // read whole
		}
		d := time.Since(begun)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			m.fail(a.name, err.Error())
		case resp.StatusCode >= 300:
			m.fail(a.name, fmt.Sprintf("%d %.200s", resp.StatusCode, body))
		default:
			m.add(a.name, d)
		}
		wait(time.Duration(v.random.ExpFloat64() * float64(loadPause)))
	}
}

type deed struct{ name, method, path, body string }

// What is a decision; the other deeds are reads.
const (
	commenting = "API: comment"
	sending    = "API: ask for changes"
	approving  = "API: approve, which plans and proves the publication"
)

// choose returns what a person does next: nine in ten times they read.
func (v *visitor) choose() deed {
	id := v.waiting[v.random.IntN(len(v.waiting))]
	get := func(name, path string) deed { return deed{name, http.MethodGet, path, ""} }
	switch n := v.random.IntN(100); {
	case n < 10:
		return get("API: drafts", "/api/v1/drafts")
	case n < 20:
		return get("API: drafts that wait", "/api/v1/drafts?state=validated")
	case n < 33:
		return get("API: one draft", "/api/v1/drafts/"+id)
	case n < 36:
		return get("API: its quotes", "/api/v1/drafts/"+id+"/quotes")
	case n < 40:
		return get("API: open handoffs", "/api/v1/handoffs")
	case n < 50:
		return get("console: home", "/")
	case n < 60:
		return get("console: queue", "/queue")
	case n < 75:
		return get("console: draft", "/drafts/"+id)
	case n < 80:
		return get("console: themes", "/drafts/"+id+"/themes")
	case n < 85:
		return get("console: handoffs", "/handoffs")
	case n < 90:
		return get("console: audit", "/audit")
	case n >= 96 && len(v.mine) > 0:
		id, v.mine = v.mine[0], v.mine[1:]
		if n < 98 {
			return deed{sending, http.MethodPost, "/api/v1/drafts/" + id + "/reviews", `{"verdict":"request_changes","text":"the first two look alike"}`}
		}
		return deed{approving, http.MethodPost, "/api/v1/drafts/" + id + "/reviews", `{"verdict":"approve"}`}
	}
	return deed{commenting, http.MethodPost, "/api/v1/drafts/" + id + "/reviews", `{"verdict":"comment","text":"seen"}`}
}

// measured collects what deeds took. It is safe for concurrent use.
type measured struct {
	mu     sync.Mutex
	took   map[string][]time.Duration
	failed map[string][]string
}

func (m *measured) add(name string, d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.took[name] = append(m.took[name], d)
}

var id = regexp.MustCompile(`fs-[0-9]{10}`)

func (m *measured) fail(name, why string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failed[name] = append(m.failed[name], id.ReplaceAllString(why, "DRAFT"))
}

// table returns a row for each deed and one for reads and for decisions.
func (m *measured) table(t *testing.T, length time.Duration) string {
	var b strings.Builder
	b.WriteString("| what | requests | median | 99 % | slowest | failed |\n|---|---:|---:|---:|---:|---:|\n")
	quantile := func(all []time.Duration, q float64) time.Duration {
		if len(all) == 0 {
			return 0
		}
		slices.Sort(all)
		return all[int(math.Ceil(q*float64(len(all))))-1]
	}
	row := func(name string, all []time.Duration, failed int) {
		at := func(q float64) string { return fmt.Sprintf("%.1f ms", quantile(all, q).Seconds()*1000) }
		fmt.Fprintf(&b, "| %s | %d | %s | %s | %s | %d |\n", name, len(all), at(0.5), at(0.99), at(1), failed)
	}
	var reads, decisions []time.Duration
	var failedReads, failedDecisions int
	names := map[string]bool{}
	for n := range m.took {
		names[n] = true
	}
	for n := range m.failed {
		names[n] = true
	}
	order := slices.SortedFunc(func(yield func(string) bool) {
		for n := range names {
			if !yield(n) {
				return
			}
		}
	}, cmp.Compare[string])
	for _, n := range order {
		row(n, m.took[n], len(m.failed[n]))
		if n == commenting || n == sending || n == approving {
			decisions, failedDecisions = append(decisions, m.took[n]...), failedDecisions+len(m.failed[n])
		} else {
			reads, failedReads = append(reads, m.took[n]...), failedReads+len(m.failed[n])
		}
		why := map[string]int{}
		for _, w := range m.failed[n] {
			why[w]++
		}
		for w, times := range why {
			t.Logf("%s failed %d times: %s", n, times, w)
		}
	}
	row("**all reads**", reads, failedReads)
	row("**all decisions**", decisions, failedDecisions)
	reached := func(all []time.Duration, goal time.Duration) string {
		if quantile(all, 0.99) < goal {
			return "reached"
		}
		return "not reached"
	}
	fmt.Fprintf(&b, "\nReads under %v: %s. Decisions under %v: %s. %.0f requests a second.",
		loadRead, reached(reads, loadRead), loadDecision, reached(decisions, loadDecision), float64(len(reads)+len(decisions))/length.Seconds())
	return b.String()
}

// flat says in words what the memory did.
func flat(mb []float64, every time.Duration) string {
	if len(mb) < 4 {
		return "Memory: not watched long enough."
	}
	half := mb[len(mb)/2:]
	// The slope of least squares over the second half.
	var x, y, xx, xy float64
	for i, v := range half {
		f := float64(i)
		x, y, xx, xy = x+f, y+v, xx+f*f, xy+f*v
	}
	n := float64(len(half))
	slope := (n*xy - x*y) / (n*xx - x*x) / every.Minutes()
	return fmt.Sprintf("Memory of the service: %.0f MB after a quarter of the time, %.0f MB at the half, %.0f MB at the end, %.0f MB at most; in the second half it changed by %+.1f MB a minute.",
		mb[len(mb)/4], mb[len(mb)/2], mb[len(mb)-1], slices.Max(mb), slope)
}
