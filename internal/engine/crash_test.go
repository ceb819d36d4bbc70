package engine_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"roleos/internal/engine"
	"roleos/internal/store"
	"roleos/internal/store/storetest"
)

// What a re-executed test binary is told through its environment.
const (
	helperEnv  = "ENGINE_TEST_HELPER" // which helper to be
	urlEnv     = "ENGINE_TEST_URL"
	effectsEnv = "ENGINE_TEST_EFFECTS" // file that a line is appended to for every effect
	killAtEnv  = "ENGINE_TEST_KILL_AT" // number of the boundary to die at; 0: none
	nameEnv    = "ENGINE_TEST_NAME"
)

func TestMain(m *testing.M) {
	switch os.Getenv(helperEnv) {
	case "":
		os.Exit(m.Run())
	case "crash":
		crashHelper()
	case "replica":
		replicaHelper()
	}
	os.Exit(2)
}

func fatal(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// world is the file that tells what happened in the world: a line per effect.
type world string

func (w world) effect(name string) error {
	f, err := os.OpenFile(string(w), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = fmt.Fprintln(f, name)
	return err
}

// story is a run with every kind of step. Its Tx steps count in the store.
func story(c *engine.Context, db *store.DB, w world, pause time.Duration) (string, error) {
	if _, err := engine.Step(c, "read", func(context.Context) (int, error) { return 1, w.effect("read") }); err != nil {
		return "", err
	}
	for _, name := range []string{"save", "publish"} {
		if _, err := engine.Tx(c, name, func(ctx context.Context) (int, error) {
			_, err := db.Exec(ctx, `INSERT INTO mappings (signature, body, updated_at) VALUES (?, ?, 1)
				ON CONFLICT (signature) DO UPDATE SET updated_at = mappings.updated_at + 1`, c.ID()+"/"+name, []byte{})
			return 0, err
		}); err != nil {
			return "", err
		}
	}
	words, err := engine.Map(c, "call", []string{"a", "b", "c", "d"}, 2, func(ctx context.Context, s string) (string, error) {
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(pause):
		}
		return strings.ToUpper(s), w.effect("call " + s)
	})
	if err != nil {
		return "", err
	}
	return engine.Step(c, "write", func(context.Context) (string, error) { return strings.Join(words, ""), w.effect("write") })
}

// crashHelper resumes or starts the run "r" and dies at the given boundary.
func crashHelper() {
	ctx := context.Background()
	at, _ := strconv.Atoi(os.Getenv(killAtEnv))
	var mu sync.Mutex // held while dying, so that nothing else goes on
	n := 0
	hook := func(point string) {
		mu.Lock()
		defer mu.Unlock()
		if n++; n == at {
			fmt.Println("killed at", point)
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			time.Sleep(time.Hour)
		}
	}
	db, err := store.Open(ctx, store.Options{URL: os.Getenv(urlEnv)})
	fatal(err)
	e, err := engine.Open(ctx, engine.Options{DB: db, ExecutorID: "crasher", Hook: hook})
	fatal(err)
	w, err := engine.Define(e, "story", func(c *engine.Context, _ int) (string, error) { return story(c, db, world(os.Getenv(effectsEnv)), 0) })
	fatal(err)
	fatal(e.Launch(ctx))
	_, err = e.Resume(ctx)
	fatal(err)
	fatal(w.Start(ctx, "r", 0))
	out, err := w.Wait(ctx, "r")
	fatal(err)
	fatal(e.Close(ctx))
	fatal(db.Close())
	fmt.Println("result", out)
	os.Exit(0)
}

// TestKilledAtEveryBoundary runs the story in a process that kills itself with
// SIGKILL at boundary 1, then in another one at boundary 1 of what is left, and
// so on through boundary n for every n, and looks at what happened in the world.
func TestKilledAtEveryBoundary(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: starts some dozens of processes")
	}
	t.Parallel()
	for name, url := range map[string]func(testing.TB) string{"sqlite": storetest.SQLiteURL, "postgres": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := map[string]bool{}
			for at := 1; ; at++ {
				if name == "postgres" && at%5 != 0 {
					continue // the boundaries are the same; a fresh database takes longer
				}
				if at > 60 {
					t.Fatal("the story never ends")
				}
				point, done := killOnce(t, url(t), at)
				if done {
					break
				}
				seen[strings.SplitN(point, ":", 3)[0]+":"+strings.SplitN(point, ":", 3)[1]] = true
			}
			for _, want := range []string{"run:starting", "run:started", "step:before", "step:after", "step:recorded", "tx:inside", "tx:committed", "run:returned"} {
				if !seen[want] && name == "sqlite" {
					t.Errorf("no process was killed at %s", want)
				}
			}
		})
	}
}

// killOnce kills a process at the boundary, finishes in another, and checks.
func killOnce(t *testing.T, url string, at int) (point string, done bool) {
	t.Helper()
	effects := filepath.Join(t.TempDir(), "effects")
	run := func(at int) string {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), helperEnv+"=crash", urlEnv+"="+url, effectsEnv+"="+effects, killAtEnv+"="+strconv.Itoa(at))
		out, err := cmd.CombinedOutput()
		if err != nil && !strings.Contains(err.Error(), "killed") {
			t.Fatalf("boundary %d: %v\n%s", at, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	first := run(at)
	point, killed := strings.CutPrefix(first, "killed at ")
	if out := run(0); out != "result ABCD" {
		t.Fatalf("killed at %s; then: %s", first, out)
	}

	counts := map[string]int{}
	f, err := os.Open(effects)
	must(t, err)
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		counts[s.Text()]++
	}
	extra := 0
	for _, name := range []string{"read", "call a", "call b", "call c", "call d", "write"} {
		if counts[name] < 1 {
			t.Errorf("killed at %s: %q never happened", point, name)
		}
		extra += counts[name] - 1
	}
	// Only what was under way and not journalled may have happened again: one
	// step, or the two items of Map that run at a time.
	inFlight := 1
	if strings.Contains(point, "call") {
		inFlight = 2
	}
	if extra > inFlight {
		t.Errorf("killed at %s: %v, %d effects more than journalled ones", point, counts, extra)
	}
	if killed && (strings.HasPrefix(point, "step:before:read") || strings.HasPrefix(point, "step:recorded:read") || strings.HasPrefix(point, "run:")) && extra != 0 {
		t.Errorf("killed at %s: %v, a journalled step happened again", point, counts)
	}
	db, err := store.Open(t.Context(), store.Options{URL: url})
	must(t, err)
	defer db.Close()
	for _, name := range []string{"save", "publish"} {
		rows, err := db.Query(t.Context(), `SELECT updated_at FROM mappings WHERE signature = ?`, "r/"+name)
		must(t, err)
		n := 0
		for rows.Next() {
			must(t, rows.Scan(&n))
		}
		must(t, rows.Close())
		if n != 1 {
			t.Errorf("killed at %s: the writes of %s happened %d times, want exactly once", point, name, n)
		}
	}
	return point, !killed
}
