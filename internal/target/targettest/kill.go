package targettest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"roleos/internal/change"
	"roleos/internal/store/storetest"
)

// FullEnv names the variable that, set to "full", has Crash kill at every
// point. Without it every fifth point is tried, and every tenth in short mode.
const FullEnv = "ROLEOS_TEST_CRASH"

// Crash kills a process that applies the named scenario at the points of its
// life, kills the one that goes on as well, lets a third one finish, and counts
// the effects: each exactly once. It does so with the ledger in SQLite and,
// when ROLEOS_TEST_POSTGRES is set, in PostgreSQL; otherwise that part is
// skipped and says so.
//
// When ROLEOS_TEST_CRASH_MATRIX names a file, what was measured is added to it.
func Crash(t *testing.T, name string, sc Scenario) {
	t.Run("ledger in sqlite", func(t *testing.T) {
		crash(t, name, sc, "SQLite", func(dir string) string { return "sqlite:" + filepath.Join(dir, "db", "roleos.db") })
	})
	t.Run("ledger in postgres", func(t *testing.T) {
		if os.Getenv(storetest.PostgresEnv) == "" {
			t.Skipf("SKIPPED, NOT TESTED WITH THE LEDGER IN POSTGRESQL: %s is not set", storetest.PostgresEnv)
		}
		crash(t, name, sc, "PostgreSQL", func(string) string { return storetest.PostgresURL(t) })
	})
}

// step returns how many points lie from one that is tried to the next.
func step() int {
	switch {
	case os.Getenv(FullEnv) == "full":
		return 1
	case testing.Short():
		return 10
	}
	return 5
}

// process is one life of a scenario: where it happens, and what came of it.
type process struct {
	name, dir, ledger string
}

func crash(t *testing.T, name string, sc Scenario, ledger string, url func(dir string) string) {
	begun := time.Now()
	fresh := func() process {
		p := process{name: name, dir: t.TempDir()}
		sc.Prepare(t, p.dir)
		p.ledger = url(p.dir)
		return p
	}
	p := fresh()
	first := p.run(t, 0)
	if first.err != nil || first.state != change.Applied || first.points == 0 {
		t.Fatalf("the undisturbed run ended %q: %v\n%s", first.state, first.err, first.errs)
	}
	row := Row{Target: name, Ledger: ledger, Points: first.points}
	row.count(t, sc, p.dir, "undisturbed", 0)
	row = Row{Target: name, Ledger: ledger, Points: first.points} // it counts for nothing

	var mu sync.Mutex
	var wg sync.WaitGroup
	slots := make(chan struct{}, 2*runtime.NumCPU()) // the processes mostly wait for the disk
	for at := 1; at <= first.points; at += step() {
		p := fresh()
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			p.killAt(t, sc, at, &row, &mu)
		})
	}
	wg.Wait()
	row.Seconds = time.Since(begun).Seconds()
	t.Logf("%s: %d kills at %d of %d points, %d of %d runs ended with every effect exactly once, %d unknown",
		name, row.Kills, row.Tried, row.Points, row.Exact, row.Tried, row.Unknown)
	if err := row.note(os.Getenv(MatrixEnv)); err != nil {
		t.Error(err)
	}
}

// killAt kills a process at one point, and after that the one that goes on at
// the same distance; the third has to finish.
func (p process) killAt(t *testing.T, sc Scenario, at int, row *Row, mu *sync.Mutex) {
	t.Helper()
	mine := Row{Tried: 1}
	defer func() {
		mu.Lock()
		defer mu.Unlock()
		row.add(mine)
	}()
	one := p.run(t, at)
	if !wasKilled(one.err) {
		t.Errorf("point %d: the process was not killed: %v\n%s", at, one.err, one.errs)
		return
	}
	point := one.point
	mine.Kills++
	two := p.run(t, at)
	if wasKilled(two.err) {
		mine.Kills++
		point += " and " + two.point
	} else if two.err != nil {
		t.Errorf("killed at %q, the next process ended: %v\n%s", point, two.err, two.errs)
		return
	}
	three := p.run(t, 0)
	for _, out := range []life{one, two, three} {
		mine.Happened += out.happened
		mine.Not += out.not
	}
	fair := three.state == change.Applied || (sc.Unsettled && three.state == change.Halted && three.unknown > 0)
	if three.err != nil || !fair {
		t.Errorf("killed at %q, the last process ended %q: %v\n%s", point, three.state, three.err, three.errs)
	}
	mine.count(t, sc, p.dir, point, three.unknown)
}

// count asks the target how often each effect happened.
func (r *Row) count(t *testing.T, sc Scenario, dir, point string, unknown int) {
	t.Helper()
	exact := true
	counts := sc.Effects(t, dir)
	for i, n := range counts {
		exact = exact && n == 1
		if n > 1 || (n != 1 && unknown == 0) {
			t.Errorf("killed at %q: effect %d happened %d times", point, i+1, n)
		}
	}
	if unknown > 0 {
		r.Unknown++
		return
	}
	r.Planned += len(sc.Changes)
	for _, n := range counts {
		r.Effects += n
	}
	if exact {
		r.Exact++
	}
}

func wasKilled(err error) bool {
	exit, ok := errors.AsType[*exec.ExitError](err)
	return ok && (!exit.Exited() || runtime.GOOS == "windows") // there a killed process counts as exited
}

// life is what one process said.
type life struct {
	err             error
	errs            string
	point           string       // where it was killed
	state           change.State // in which it left the set
	points, unknown int
	happened, not   int // interrupted writes that it settled, by what read back
}

func (p process) run(t *testing.T, at int) life {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), crashDir+"="+p.name+"="+p.dir, crashPoint+"="+strconv.Itoa(at), crashLedger+"="+p.ledger,
		"GORACE=atexit_sleep_ms=0") // else every child built with -race sleeps a second at its end
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	l := life{err: cmd.Run(), errs: errs.String()}
	for line := range strings.Lines(out.String()) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case saysPoint:
			l.point = rest
		case saysSettled:
			switch change.EffectState(rest) {
			case change.EffectDone:
				l.happened++
			case change.EffectGranted:
				l.not++
			default: // unknown; the end tells
			}
		case saysEnd:
			_, err := fmt.Sscan(rest, &l.state, &l.points, &l.unknown)
			l.err = cmp.Or(l.err, err)
		}
	}
	return l
}
