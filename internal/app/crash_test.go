package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"roleos/config"
	"roleos/guardrails/delegation"
	"roleos/internal/app"
	"roleos/internal/artefact"
	"roleos/internal/change"
	"roleos/internal/handoff"
	"roleos/internal/run"
	"roleos/internal/sample"
)

// The child process is told through these what to do.
const (
	childDir   = "ROLEOS_TEST_CRASH_DIR"   // workspace
	childPoint = "ROLEOS_TEST_CRASH_POINT" // kill at this hook call, counted from 1; 0 never
	childAlone = "ROLEOS_TEST_CRASH_ALONE" // "true": the agent publishes under a standing delegation
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(modelDir); dir != "" {
		if err := wordSample(dir, os.Getenv(modelURL)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if dir := os.Getenv(childDir); dir != "" {
		point, _ := strconv.Atoi(os.Getenv(childPoint))
		if err := drive(dir, point); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// drive takes the workspace from wherever it is to a published synthesis, as a
// person would, and kills its own process at the given boundary. It prints how
// many boundaries it passed.
func drive(dir string, point int) error {
	ctx := context.Background()
	cfg, _, err := config.Load(config.Options{Workspace: dir, User: "tester"})
	if err != nil {
		return err
	}
	alone := os.Getenv(childAlone) == "true"
	options := app.Options{Config: cfg}
	if alone {
		options.Manifest = trusting
	}
	var passed atomic.Int64 // boundaries are passed by several goroutines
	options.Hook = func(string) {
		if passed.Add(1) == int64(point) {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // nothing of this process runs on
		}
	}
	a, err := app.Open(ctx, options)
	if err != nil {
		return err
	}
	if alone {
		m, err := a.AgentModes(ctx, "feedback-river")
		if err == nil && m.Standing == nil {
			_, err = a.SetMode(ctx, app.SetMode{Agent: "feedback-river", Mode: delegation.Autonomous, Text: "a test"})
		}
		if err != nil {
			return err
		}
	}
	if _, err := a.Resume(ctx, "", nil); err != nil {
		return fmt.Errorf("resume: %w", err)
	}
	drafts, err := a.Drafts(ctx, nil)
	if err != nil {
		return err
	}
	if len(drafts) == 0 {
		file := filepath.Join(cfg.Dir, "sample.csv") // read as a file: the embedded sample is never published alone
		if err := os.WriteFile(file, sample.CSV(), 0o600); err != nil {
			return err
		}
		o, err := a.Run(ctx, app.RunRequest{Agent: "feedback-river", Paths: []string{file}})
		if err != nil {
			return fmt.Errorf("run: %w", err)
		}
		drafts = append(drafts, o.Draft)
	}
	d := drafts[0]
	if d.State == handoff.Validated && !alone {
		if d, _, err = a.Approve(ctx, d.ID, "", ""); err != nil {
			return fmt.Errorf("approve: %w", err)
		}
	}
	if d.State == handoff.Approved && !alone {
		if err := publish(ctx, a, d.ChangeSet); err != nil {
			return err
		}
	}
	err = a.Close()
	fmt.Println(passed.Load())
	return err
}

func publish(ctx context.Context, a *app.App, set string) error {
	plan, err := a.ShowPlan(ctx, set)
	if err != nil {
		return err
	}
	if plan.State == change.Staged {
		if _, err := a.ConfirmPlan(ctx, set, plan.Ask.Want); err != nil {
			return fmt.Errorf("confirm: %w", err)
		}
	}
	if _, err := a.ApplyPlan(ctx, set); err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	return nil
}

// child runs drive in a process of its own and returns how many boundaries it
// passed, or -1 when it was killed.
func child(t *testing.T, dir string, point int, alone bool) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0", childDir+"="+dir, childPoint+"="+strconv.Itoa(point), childAlone+"="+strconv.FormatBool(alone))
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if exit := new(exec.ExitError); errors.As(err, &exit) && !exit.Exited() && ctx.Err() == nil {
		return -1
	}
	if err != nil {
		t.Fatalf("point %d: %v\n%s", point, err, errs.String())
	}
	n, err := strconv.Atoi(string(bytes.TrimSpace(out.Bytes())))
	if err != nil {
		t.Fatalf("point %d: %v", point, err)
	}
	return n
}

// TestKilledAtEveryBoundaryNothingIsLostOrTwice kills the process at every
// journalled step and every ledger state between a file and its published
// synthesis, lets another process go on, and looks at what is there. That is with
// ROLEOS_TEST_CRASH=full; without it every third boundary is tried, and every
// ninth with -short.
func TestKilledAtEveryBoundaryNothingIsLostOrTwice(t *testing.T) {
	step := 3 // every boundary takes minutes under the race detector
	if testing.Short() {
		step = 9
	}
	killEverywhere(t, step, false)
}

// TestKilledWhilePublishingAlone does the same with an agent that publishes under
// a standing delegation, where no person comes by to go on.
func TestKilledWhilePublishingAlone(t *testing.T) {
	step := 6
	if testing.Short() {
		step = 18
	}
	killEverywhere(t, step, true)
}

func killEverywhere(t *testing.T, step int, alone bool) {
	whole := t.TempDir()
	points := child(t, whole, 0, alone)
	if points < 30 {
		t.Fatalf("only %d boundaries were passed; the hook is not wired", points)
	}
	want := check(t, whole, "never killed", alone)
	if os.Getenv("ROLEOS_TEST_CRASH") == "full" {
		step = 1
	}
	for point := 1; point <= points; point += step {
		t.Run(strconv.Itoa(point), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			// How many boundaries there are differs by a few with the timing.
			if child(t, dir, point, alone) != -1 && point < points-5 {
				t.Fatalf("the process was not killed at boundary %d of %d", point, points)
			}
			child(t, dir, 0, alone)
			if got := check(t, dir, "killed and gone on", alone); !bytes.Equal(got, want) {
				t.Error("the synthesis differs from the one of a process that was never killed")
			}
		})
	}
}

// check returns the published synthesis after looking at all that must hold.
func check(t *testing.T, dir, when string, alone bool) []byte {
	t.Helper()
	cfg, _, err := config.Load(config.Options{Workspace: dir, User: "tester"})
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), app.Options{Config: cfg})
	if err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	defer a.Close() //nolint:errcheck // a test reads only
	bad := func(format string, args ...any) { t.Errorf("%s: %s", when, fmt.Sprintf(format, args...)) }

	drafts, err := a.Drafts(t.Context(), nil)
	if err != nil || len(drafts) != 1 {
		t.Fatalf("%s: %d drafts (%v), want 1", when, len(drafts), err)
	}
	if d := drafts[0]; d.State != handoff.Published || d.Revision != 1 {
		bad("the draft is %s at revision %d", d.State, d.Revision)
	}
	plans, err := a.Plans(t.Context())
	if err != nil || len(plans) != 1 || plans[0].State != change.Applied {
		bad("change sets %+v (%v), want one that is applied", plans, err)
	}
	plan, err := a.ShowPlan(t.Context(), drafts[0].ChangeSet)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range plan.Effects {
		if e.State != change.EffectDone {
			bad("effect %s is %s", e.Object, e.State)
		}
	}
	runs, err := a.Runs(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range runs {
		if r.Status != run.Succeeded {
			bad("run %s (%s) is %s: %s", r.ID, r.Kind, r.Status, r.Error)
		}
	}
	records, err := a.AuditRecords(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	once := map[string]int{}
	for _, r := range records {
		once[r.Kind]++
	}
	yes := "review.approve"
	if alone {
		yes = "review.release"
	}
	waiting, err := a.Handoffs(t.Context(), false)
	if err != nil || len(waiting) != 1 || len(waiting[0].Clocks) != 1 || !waiting[0].Clocks[0].Running() {
		bad("handoffs %+v (%v), want one with one clock that runs", waiting, err)
	}
	for _, kind := range []string{"draft.validated", yes, "change.planned", "change.granted", "change.applied", "draft.published"} {
		if once[kind] != 1 {
			bad("the audit log has %s %d times", kind, once[kind])
		}
	}
	if r, _, err := a.VerifyAudit(t.Context(), ""); err != nil || !r.Intact() {
		bad("the audit log is not intact: %v %v", r.Problems, err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "context", "feedback", "*", "*"))
	if err != nil || len(files) != 2 {
		bad("published files %v (%v), want two", files, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "reports", drafts[0].ID+".html")); err != nil {
		bad("no report: %v", err)
	}
	body, err := os.ReadFile(filepath.Join(dir, "context", "feedback", drafts[0].ID, "synthesis.json"))
	if err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	var s artefact.FeedbackSynthesis
	if err := json.Unmarshal(body, &s); err != nil {
		t.Fatal(err)
	}
	return body
}
