package targettest

import (
	"bytes"
	"context"
	"encoding/json"
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

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/change/keyfile"
	"roleos/internal/store"
)

// The environment of a child process.
const (
	crashDir   = "ROLEOS_CRASH_DIR"
	crashPoint = "ROLEOS_CRASH_POINT"
)

// Scenario is one change set on a target that lives in a directory and survives
// the process.
type Scenario struct {
	// Open opens the target in dir, made by Prepare. hook, when the target calls
	// it inside its writes, adds points at which the process is killed.
	Open func(dir string, hook func(point string)) (change.Registered, error)
	// Prepare fills dir before the first process.
	Prepare func(t *testing.T, dir string)
	// Changes is what the set does.
	Changes []change.Intended
	// Envelope allows the changes.
	Envelope guardrails.Envelope
	// Effects counts what has happened in dir for each change: 1 for once.
	Effects func(t *testing.T, dir string) []int
}

// Main runs the scenario in a child process and exits; in the parent it does
// nothing. Call it first in TestMain with the scenarios by name.
func Main(scenarios map[string]Scenario) {
	name, dir, ok := strings.Cut(os.Getenv(crashDir), "=")
	if !ok {
		return
	}
	at, _ := strconv.Atoi(os.Getenv(crashPoint))
	n := 0
	var last string
	hook := func(point string) {
		n++
		last = point
		if n == at {
			fmt.Println(point)
			if self, err := os.FindProcess(os.Getpid()); err == nil {
				_ = self.Kill() // SIGKILL: no deferred call, no signal handler, nothing flushed
			}
			select {}
		}
	}
	state, err := live(context.Background(), scenarios[name], dir, hook)
	fmt.Printf("%s %d\n", state, n)
	if err != nil {
		fmt.Fprintln(os.Stderr, last, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// live takes the scenario's set from wherever it is to its end.
func live(ctx context.Context, sc Scenario, dir string, hook func(string)) (change.State, error) {
	db, err := store.Open(ctx, store.Options{URL: "sqlite:" + filepath.Join(dir, "db", "roleos.db")})
	if err != nil {
		return "", err
	}
	defer db.Close()
	reg, err := sc.Open(dir, hook)
	if err != nil {
		return "", err
	}
	ids := 0
	svc, err := change.New(change.Options{
		Sets: db, Effects: db, Grants: db, Tx: db, Audit: noAudit{}, Keys: keyfile.New(filepath.Join(dir, "keys")),
		Targets: []change.Registered{reg}, Policy: change.Policy{Version: "1", Environment: "workspace", Solo: true},
		Now: time.Now, Hook: hook,
		NewID: func() string { ids++; return fmt.Sprintf("%d-%d-%d", time.Now().UnixNano(), os.Getpid(), ids) },
	})
	if err != nil {
		return "", err
	}
	if _, err := svc.Settle(ctx); err != nil {
		return "", err
	}
	set, err := svc.Plan(ctx, change.Proposal{
		Key: "the one", By: guardrails.Principal{ID: "agent:one"}, Intent: "crash test", Target: reg.Manifest.Name, Changes: sc.Changes, Envelope: sc.Envelope,
	})
	if err != nil {
		return "", err
	}
	if set.State == change.Planned {
		if set, err = svc.Stage(ctx, set.ID); err != nil {
			return set.State, err
		}
	}
	if set.State == change.Staged {
		v, err := svc.Show(ctx, set.ID)
		if err != nil {
			return set.State, err
		}
		answer := change.Answer{Text: v.Ask.Want, View: v.Shown.Digest, Shown: time.Now()}
		if _, err := svc.Confirm(ctx, set.ID, guardrails.Principal{ID: "ann", Person: true}, answer); err != nil {
			return set.State, err
		}
	}
	out, err := svc.Resume(ctx, set.ID)
	if out.Set.State == change.Halted {
		err = nil // a fair end; the effects say what happened
	}
	return out.Set.State, err
}

// Crash kills a process that applies the named scenario at every point of its
// life, kills the one that goes on as well, lets a third one finish, and counts
// the effects: each exactly once. In short mode every third point is tried.
func Crash(t *testing.T, name string, sc Scenario) {
	total := 0
	{
		dir := t.TempDir()
		sc.Prepare(t, dir)
		out, err := child(t, name, dir, 0)
		if err != nil {
			t.Fatalf("the undisturbed run: %v\n%s", err, out)
		}
		if _, err := fmt.Sscanf(out, "applied %d", &total); err != nil || total == 0 {
			t.Fatalf("the undisturbed run ended %q", out)
		}
		once(t, sc, dir, "undisturbed")
	}
	step := 1
	if testing.Short() {
		step = 3
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, 8) // the processes mostly wait for the disk
	killed := 0
	for at := 1; at <= total; at += step {
		killed++
		dir := t.TempDir()
		sc.Prepare(t, dir)
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			killAt(t, name, sc, dir, at)
		})
	}
	wg.Wait()
	t.Logf("%s: killed at %d of %d points, every effect exactly once: %v", name, killed, total, !t.Failed())
}

// killAt kills a process at one point, and after that the one that goes on at
// the same distance; the third has to finish.
func killAt(t *testing.T, name string, sc Scenario, dir string, at int) {
	t.Helper()
	point, err := child(t, name, dir, at)
	point = strings.TrimSpace(point)
	if !wasKilled(err) {
		t.Errorf("point %d: the process was not killed: %v\n%s", at, err, point)
		return
	}
	second, err := child(t, name, dir, at)
	if second = strings.TrimSpace(second); wasKilled(err) {
		point += " and " + second
	} else if err != nil {
		t.Errorf("killed at %q, the next process ended %q: %v", point, second, err)
		return
	}
	out, err := child(t, name, dir, 0)
	if err != nil || !strings.HasPrefix(out, "applied ") {
		t.Errorf("killed at %q, the last process ended %q: %v", point, out, err)
		return
	}
	once(t, sc, dir, point)
}

func wasKilled(err error) bool {
	exit, ok := errors.AsType[*exec.ExitError](err)
	return ok && (!exit.Exited() || runtime.GOOS == "windows") // there a killed process counts as exited
}

func once(t *testing.T, sc Scenario, dir, point string) {
	t.Helper()
	for i, n := range sc.Effects(t, dir) {
		if n != 1 {
			t.Errorf("killed at %q: effect %d happened %d times", point, i+1, n)
		}
	}
}

func child(t *testing.T, name, dir string, at int) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), crashDir+"="+name+"="+dir, crashPoint+"="+strconv.Itoa(at),
		"GORACE=atexit_sleep_ms=0") // else every child built with -race sleeps a second at its end
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if errs.Len() > 0 && at == 0 {
		t.Log(errs.String())
	}
	return out.String(), err
}

// noAudit only checks that a detail can be written down.
type noAudit struct{}

func (noAudit) Append(_ context.Context, _, _, _ string, detail any) error {
	_, err := json.Marshal(detail)
	return err
}

func cancelledContext(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
