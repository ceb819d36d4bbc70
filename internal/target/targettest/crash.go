package targettest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/change/keyfile"
	"roleos/internal/store"
)

// The environment of a child process.
const (
	crashDir    = "ROLEOS_CRASH_DIR"    // scenario and directory
	crashPoint  = "ROLEOS_CRASH_POINT"  // kill at this hook call, counted from 1; 0 never
	crashLedger = "ROLEOS_CRASH_LEDGER" // URL of the store
)

// What a child process says on its standard output, one word and what follows
// it on a line: an effect that was settled by reading back and as what, the
// point where the process is about to be killed, how it came to its end.
const (
	saysSettled = "settled"
	saysPoint   = "point"
	saysEnd     = "end"
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
	// Unsettled says that reading the target back cannot always tell what became
	// of an interrupted write. Then a set may end with an unknown effect; each
	// effect still happens once at most. The zero value wants every effect settled.
	Unsettled bool
}

// Main runs the scenario in a child process and exits; in the parent it does
// nothing. Call it first in TestMain with the scenarios by name.
func Main(scenarios map[string]Scenario) {
	name, dir, ok := strings.Cut(os.Getenv(crashDir), "=")
	if !ok {
		return
	}
	at, _ := strconv.Atoi(os.Getenv(crashPoint))
	settling := false
	n := 0
	hook := func(point string) {
		n++
		if to, ok := settledAs(point); ok && settling {
			fmt.Println(saysSettled, to)
		}
		if n == at {
			fmt.Println(saysPoint, point)
			if self, err := os.FindProcess(os.Getpid()); err == nil {
				_ = self.Kill() // SIGKILL: no deferred call, no signal handler, nothing flushed
			}
			select {}
		}
	}
	out, err := live(context.Background(), scenarios[name], dir, hook, &settling)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	unknown := 0
	for _, e := range out.Effects {
		if e.State == change.EffectUnknown {
			unknown++
		}
	}
	fmt.Println(saysEnd, out.Set.State, n, unknown)
	os.Exit(0)
}

// settledAs returns the state that an executing effect has just been moved to.
func settledAs(point string) (to string, ok bool) {
	if !strings.HasPrefix(point, "after effect ") {
		return "", false
	}
	_, to, ok = strings.Cut(point, string(change.EffectExecuting)+">")
	return to, ok
}

// live takes the scenario's set from wherever it is to its end. settling is
// true while interrupted effects are read back.
func live(ctx context.Context, sc Scenario, dir string, hook func(string), settling *bool) (change.Outcome, error) {
	db, err := store.Open(ctx, store.Options{URL: os.Getenv(crashLedger)})
	if err != nil {
		return change.Outcome{}, err
	}
	defer db.Close()
	reg, err := sc.Open(dir, hook)
	if err != nil {
		return change.Outcome{}, err
	}
	ids := 0
	svc, err := change.New(change.Options{
		Sets: db, Effects: db, Grants: db, Tx: db, Audit: noAudit{}, Keys: keyfile.New(filepath.Join(dir, "keys")),
		Targets: []change.Registered{reg}, Policy: change.Policy{Version: "1", Environment: "workspace", Solo: true},
		Now: time.Now, Hook: hook,
		NewID: func() string { ids++; return fmt.Sprintf("%d-%d-%d", time.Now().UnixNano(), os.Getpid(), ids) },
	})
	if err != nil {
		return change.Outcome{}, err
	}
	*settling = true
	if _, err := svc.Settle(ctx); err != nil {
		return change.Outcome{}, err
	}
	*settling = false
	set, err := svc.Plan(ctx, change.Proposal{
		Key: "the one", By: guardrails.Principal{ID: "agent:one"}, Intent: "crash test", Target: reg.Manifest.Name, Changes: sc.Changes, Envelope: sc.Envelope,
	})
	if err != nil {
		return change.Outcome{}, err
	}
	if set.State.Done() {
		return svc.Get(ctx, set.ID)
	}
	if set.State == change.Planned {
		if set, err = svc.Stage(ctx, set.ID); err != nil {
			return change.Outcome{}, err
		}
	}
	if set.State == change.Staged {
		v, err := svc.Show(ctx, set.ID)
		if err != nil {
			return change.Outcome{}, err
		}
		answer := change.Answer{Text: v.Ask.Want, View: v.Shown.Digest, Shown: time.Now()}
		if _, err := svc.Confirm(ctx, set.ID, guardrails.Principal{ID: "ann", Person: true}, answer); err != nil {
			return change.Outcome{}, err
		}
	}
	out, err := svc.Resume(ctx, set.ID)
	if out.Set.State == change.Halted {
		err = nil // a fair end; the effects say what happened
	}
	return out, err
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
