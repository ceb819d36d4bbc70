package engine_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"roleos/internal/engine"
	"roleos/internal/store"
	"roleos/internal/store/storetest"
)

// testLease keeps the tests short. The rescue of a process takes about this long
// and a second.
const testLease = 4 * time.Second

// patience is for machines that do much else at the same time.
const patience = 40 * time.Second

// starved skips a test whose process was fenced though nobody froze it: it got no
// processor for half a lease, and the fence did what it is for.
func starved(t *testing.T) {
	t.Helper()
	t.Skipf("SKIPPED, NOT TESTED: this machine is so busy that a process was silent for %v", testLease/2)
}

// replicaHelper starts the run named by its id, reports, and lives on.
func replicaHelper() {
	ctx := context.Background()
	w := world(os.Getenv(effectsEnv))
	db, err := store.Open(ctx, store.Options{URL: os.Getenv(urlEnv)})
	fatal(err)
	e, err := engine.Open(ctx, engine.Options{DB: db, ExecutorID: os.Getenv(nameEnv), Lease: testLease, Fenced: func() {
		_ = w.effect("fenced")
		os.Exit(7)
	}})
	fatal(err)
	runs, err := engine.Define(e, "story", func(c *engine.Context, _ int) (string, error) { return story(c, db, w, 150*time.Millisecond) })
	fatal(err)
	fatal(e.Launch(ctx))
	fatal(runs.Start(ctx, "r", 0))
	fmt.Println("started")
	_, err = runs.Wait(ctx, "r")
	fatal(err)
	fmt.Println("finished")
	time.Sleep(time.Minute)
	os.Exit(0)
}

// replica starts a process that executes the run "r" and returns when it has
// begun the calls.
func replica(t *testing.T, url, effects, name string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), helperEnv+"=replica", urlEnv+"="+url, effectsEnv+"="+effects, nameEnv+"="+name)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "started\n" {
		t.Fatalf("the replica said %q, %v", line, err)
	}
	for begin := time.Now(); !strings.Contains(read(effects), "call"); time.Sleep(5 * time.Millisecond) {
		if strings.Contains(read(effects), "fenced") {
			starved(t)
		}
		if time.Since(begin) > patience {
			t.Fatal("the replica does not get to the calls")
		}
	}
	return cmd
}

func read(path string) string {
	b, _ := os.ReadFile(path)
	return string(b)
}

// rescuer opens an engine of this process that looks after others.
func rescuer(t *testing.T, url, effects, name string) (w *engine.Workflow[int, string], fenced <-chan struct{}) {
	t.Helper()
	lost := make(chan struct{})
	db := storetest.Open(t, url)
	e := open(t, db, engine.Options{ExecutorID: name, Lease: testLease, Fenced: func() { close(lost) }})
	w = define(t, e, "story", func(c *engine.Context, _ int) (string, error) {
		return story(c, db, world(effects), 150*time.Millisecond)
	})
	must(t, e.Launch(t.Context()))
	if _, err := e.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w, lost
}

// finish waits for the run and checks what happened in the world.
func finish(t *testing.T, w *engine.Workflow[int, string], fenced <-chan struct{}, url, effects string, within time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	go func() {
		select {
		case <-fenced:
			cancel()
		case <-ctx.Done():
		}
	}()
	begin := time.Now()
	out, err := w.Wait(ctx, "r")
	select {
	case <-fenced:
		starved(t)
	default:
	}
	if err != nil || out != "ABCD" {
		t.Fatalf("after %v: %q, %v; effects: %s", time.Since(begin), out, err, read(effects))
	}
	t.Logf("rescued and finished in %v", time.Since(begin).Round(10*time.Millisecond))
	happened := read(effects)
	for _, once := range []string{"read", "write"} {
		if n := strings.Count(happened, once); n != 1 {
			t.Errorf("%q happened %d times:\n%s", once, n, happened)
		}
	}
	for _, call := range []string{"call a", "call b", "call c", "call d"} {
		if n := strings.Count(happened, call); n < 1 || n > 2 {
			t.Errorf("%q happened %d times:\n%s", call, n, happened)
		}
	}
	rows, err := storetest.Open(t, url).Query(t.Context(), `SELECT signature, updated_at FROM mappings`)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var name string
		var n int
		must(t, rows.Scan(&name, &n))
		if n != 1 {
			t.Errorf("the writes of %s happened %d times", name, n)
		}
	}
	must(t, rows.Err())
}

func TestAKilledReplicasRunIsRescuedByALivingOne(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: waits for leases")
	}
	t.Parallel()
	url, effects := storetest.PostgresURL(t), filepath.Join(t.TempDir(), "effects")
	cmd := replica(t, url, effects, "one")
	w, fenced := rescuer(t, url, effects, "two")
	must(t, cmd.Process.Kill()) // kill -9
	finish(t, w, fenced, url, effects, patience)
}

func TestAReplicaThatStartsAgainTakesItsOwnRunsAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: starts processes")
	}
	t.Parallel()
	url, effects := storetest.PostgresURL(t), filepath.Join(t.TempDir(), "effects")
	cmd := replica(t, url, effects, "one")
	must(t, cmd.Process.Kill())
	_ = cmd.Wait()
	begin := time.Now()
	w, fenced := rescuer(t, url, effects, "one")
	finish(t, w, fenced, url, effects, patience)
	t.Logf("all in all %v", time.Since(begin).Round(10*time.Millisecond))
}

func TestAFrozenReplicaThatWakesStopsItselfAndNothingHangs(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: waits for leases")
	}
	t.Parallel()
	for _, test := range []struct {
		name string
		wake time.Duration // after it froze
	}{
		{"after others finished its run", testLease + 4*time.Second},
		{"while others execute its run", testLease + 600*time.Millisecond},
		{"before others claim it", testLease*2/3 + 50*time.Millisecond},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			url, effects := storetest.PostgresURL(t), filepath.Join(t.TempDir(), "effects")
			cmd := replica(t, url, effects, "one")
			w, fenced := rescuer(t, url, effects, "two")
			must(t, cmd.Process.Signal(syscall.SIGSTOP))
			time.AfterFunc(test.wake, func() { _ = cmd.Process.Signal(syscall.SIGCONT) })
			finish(t, w, fenced, url, effects, patience)
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			select {
			case <-ended:
			case <-time.After(patience):
				t.Fatal("the frozen replica lives on")
			}
			if code := cmd.ProcessState.ExitCode(); code != 7 || !strings.Contains(read(effects), "fenced") {
				t.Fatalf("exit code %d, want that of the fence", code)
			}
		})
	}
}

// TestTwoLivingReplicasLeaveEachOtherAlone keeps two engines alive over several
// leases under load.
func TestTwoLivingReplicasLeaveEachOtherAlone(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: waits for leases")
	}
	t.Parallel()
	url := storetest.PostgresURL(t)
	var engines [2]*engine.Engine
	var runs [2]*engine.Workflow[int, int]
	fenced := make(chan string, 2)
	for i := range engines {
		db := storetest.Open(t, url)
		name := fmt.Sprint("replica", i)
		engines[i] = open(t, db, engine.Options{ExecutorID: name, Lease: testLease, Fenced: func() { fenced <- name }})
		runs[i] = define(t, engines[i], "count", func(c *engine.Context, n int) (int, error) {
			for i := range n {
				if _, err := engine.Step(c, fmt.Sprint(i), func(context.Context) (int, error) { time.Sleep(20 * time.Millisecond); return i, nil }); err != nil {
					return 0, err
				}
			}
			return n, nil
		})
		must(t, engines[i].Launch(t.Context()))
		_, err := engines[i].Resume(t.Context())
		must(t, err)
	}
	for i := range runs {
		must(t, runs[i].Start(t.Context(), fmt.Sprint("run", i), 60))
		must(t, runs[1-i].Start(t.Context(), fmt.Sprint("run", i), 60)) // the other asks too
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	go func() {
		select {
		case name := <-fenced:
			fenced <- name
			cancel()
		case <-ctx.Done():
		}
	}()
	for i := range runs {
		n, err := runs[i].Wait(ctx, fmt.Sprint("run", 1-i))
		if len(fenced) > 0 {
			starved(t)
		}
		if err != nil || n != 60 {
			t.Fatal(n, err)
		}
		if ids, err := engines[i].Resume(ctx); err != nil || len(ids) != 0 {
			t.Fatalf("a living replica's runs were claimed: %v %v", ids, err)
		}
	}
}

// TestReplicasMayBeStartedTogetherOnAFreshDatabase makes DBOS's tables once,
// though its migrations build indexes that wait for every other transaction.
func TestReplicasMayBeStartedTogetherOnAFreshDatabase(t *testing.T) {
	url := storetest.PostgresURL(t)
	t.Parallel()
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			db, err := store.Open(t.Context(), store.Options{URL: url})
			if err != nil {
				t.Error(err)
				return
			}
			defer db.Close()
			e, err := engine.Open(t.Context(), engine.Options{DB: db, ExecutorID: fmt.Sprint("replica", i)})
			if err != nil {
				t.Error(err)
				return
			}
			if err := e.Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
