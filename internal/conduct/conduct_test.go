package conduct_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"roleos/internal/conduct"
	"roleos/internal/fault"
	"roleos/internal/workflow"
)

// house keeps runs and drafts in memory. Every call may be the one at which the
// process dies.
type house struct {
	mu     sync.Mutex
	runs   map[string]workflow.Run
	drafts map[string]string // draft -> where it stands
	jobs   map[string]conduct.Job
	made   map[string]int // run id -> how often it was really drafted
	lacks  []string       // kinds of input that are not there
	lapsed string         // agent nobody answers for
	dies   func() bool
	die    context.CancelFunc
	told   []string
}

func newHouse() *house {
	return &house{
		runs: map[string]workflow.Run{}, drafts: map[string]string{}, jobs: map[string]conduct.Job{}, made: map[string]int{},
		dies: func() bool { return false }, die: func() {},
	}
}

func (h *house) boundary(ctx context.Context) error {
	if h.dies() {
		h.die()
	}
	return ctx.Err()
}

func (h *house) SaveWorkflowRun(ctx context.Context, r workflow.Run) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.boundary(ctx); err != nil {
		return err
	}
	if h.runs[r.ID].Seq != r.Seq-1 {
		return fault.New(fault.Conflict, "test", "changed meanwhile")
	}
	h.runs[r.ID] = r
	return nil
}

func (h *house) WorkflowRun(_ context.Context, id string) (workflow.Run, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.runs[id], nil
}

func (h *house) Draft(ctx context.Context, j conduct.Job) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.boundary(ctx); err != nil {
		return "", err
	}
	if j.Agent == "broken" {
		return "", errors.New("no text column")
	}
	draft := "d:" + j.Run
	if _, there := h.drafts[draft]; !there {
		h.made[j.Run]++
		h.jobs[j.Run] = j
		h.drafts[draft] = "validated"
	}
	return draft, h.boundary(ctx)
}

func (h *house) Stands(_ context.Context, draft string) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.drafts[draft], nil
}

func (h *house) Readable(ctx context.Context, paths, kinds []string) ([]string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if slices.ContainsFunc(kinds, func(k string) bool { return !slices.Contains(h.lacks, k) }) {
		return paths, ctx.Err()
	}
	return nil, ctx.Err()
}

func (h *house) Sorted(_ context.Context, _ []string) (conduct.Sorting, error) {
	return conduct.Sorting{
		Kinds:  map[string][]string{workflow.Feedback: {"a.csv"}, workflow.Context: {"plan.md"}},
		Unread: []conduct.Unread{{Name: "x.xml", Why: "it is markup"}},
	}, nil
}

func (h *house) Vouched(_ context.Context, agent string) error {
	if agent == h.lapsed {
		return fault.New(fault.Denied, "test", "nobody answers for %s", agent)
	}
	return nil
}

func (h *house) Append(_ context.Context, kind, _, _ string, _ any) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told = append(h.told, kind)
	return nil
}

func (h *house) InTx(ctx context.Context, f func(context.Context) error) error { return f(ctx) }

func (h *house) service() *conduct.Service {
	return &conduct.Service{
		Runs: h, Desk: h, Audit: h, Tx: h, Most: 3,
		Now: func() time.Time { return time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC) },
	}
}

func discover(t interface{ Fatal(...any) }) workflow.Definition {
	d, err := workflow.Read(workflow.Embedded(), "discover.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// people moves every draft that a step waits for one state on.
func (h *house) people(r workflow.Run) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	moved := false
	for _, x := range r.State.Steps {
		step, _ := r.Definition.Step(x.ID)
		if x.Status == workflow.Waiting && x.Draft != "" {
			h.drafts[x.Draft] = map[workflow.Kind]string{workflow.Human: "approved", workflow.Publish: "published", workflow.Handoff: "acknowledged"}[step.Kind]
			moved = true
		}
	}
	return moved
}

func TestARunStopsWherePeopleActAndGoesOnAfterThem(t *testing.T) {
	h := newHouse()
	s := h.service()
	if _, err := s.Begin(t.Context(), "wf-1", discover(t), workflow.Input{Paths: []string{"in"}, Trigger: workflow.OnCycle}, "person:ana"); err != nil {
		t.Fatal(err)
	}
	var waits []string
	for {
		r, err := s.Lead(t.Context(), "wf-1")
		if err != nil {
			t.Fatal(err)
		}
		if r.State.Status == workflow.RunDone {
			break
		}
		waits = append(waits, strings.Join(r.State.In(workflow.Waiting), "+"))
		if !h.people(r) {
			t.Fatalf("nobody can do anything: %+v", r.State)
		}
	}
	want := []string{"validate-feedback+validate-stakeholders+validate-market", "review-brief", "share", "hand-off", "review-pitch"}
	if !slices.Equal(waits, want) {
		t.Errorf("waited at %v, want %v", waits, want)
	}
	if got := h.jobs["wf-1.frame.1"].From; len(got) != 3 || got[0] != "d:wf-1.synthesise-feedback.1" {
		t.Errorf("the brief builds on %v", got)
	}
	if !slices.Contains(h.told, "workflow.run_done") {
		t.Errorf("the log does not say that the run is done: %v", h.told)
	}
}

// Killed anywhere, any number of times, and led again: everything happens once.
func TestKilledAnywhereNothingIsBegunTwice(t *testing.T) {
	d := discover(t)
	rapid.Check(t, func(r *rapid.T) {
		h := newHouse()
		s := h.service()
		if _, err := s.Begin(context.Background(), "wf-1", d, workflow.Input{Paths: []string{"in"}}, "person:ana"); err != nil {
			r.Fatal(err)
		}
		kills := 0
		for range 200 {
			ctx, cancel := context.WithCancel(context.Background())
			left := rapid.IntRange(1, 12).Draw(r, "boundaries until death")
			h.die, h.dies = cancel, func() bool { left--; return left == 0 && kills < 20 }
			run, err := s.Lead(ctx, "wf-1")
			cancel()
			if err != nil {
				kills++
				continue
			}
			if run.State.Status == workflow.RunDone {
				break
			}
			h.people(run)
		}
		run, _ := h.WorkflowRun(context.Background(), "wf-1")
		if run.State.Status != workflow.RunDone {
			r.Fatalf("the run is %s after %d kills", run.State.Status, kills)
		}
		if len(h.made) != 5 {
			r.Fatalf("%d drafts were made, want 5: %v", len(h.made), h.made)
		}
		for id, n := range h.made {
			if n != 1 {
				r.Fatalf("%s was drafted %d times", id, n)
			}
		}
	})
}

func TestWhatIsNotThereIsLeftOutAndWhatFailsIsSaid(t *testing.T) {
	h := newHouse()
	h.lacks = []string{workflow.Feed}
	d := discover(t)
	for i := range d.Steps {
		if d.Steps[i].ID == "synthesise-stakeholders" {
			d.Steps[i].Agent = "broken"
		}
	}
	s := h.service()
	if _, err := s.Begin(t.Context(), "wf-1", d, workflow.Input{Paths: []string{"in"}}, "person:ana"); err != nil {
		t.Fatal(err)
	}
	r, err := s.Lead(t.Context(), "wf-1")
	if err != nil {
		t.Fatal(err)
	}
	market, _ := r.State.Step("synthesise-market")
	talks, _ := r.State.Step("synthesise-stakeholders")
	if market.Status != workflow.Skipped || talks.Status != workflow.Failed || talks.Note != "no text column" {
		t.Errorf("market %+v, stakeholders %+v", market, talks)
	}
	// Taken up again, it has another run.
	if _, err := s.Redo(t.Context(), "wf-1", "synthesise-stakeholders", "person:ana"); err != nil {
		t.Fatal(err)
	}
	r, _ = s.Lead(t.Context(), "wf-1")
	if talks, _ := r.State.Step("synthesise-stakeholders"); talks.Attempt != 2 || talks.Run != "wf-1.synthesise-stakeholders.2" {
		t.Errorf("second attempt %+v", talks)
	}
}

func TestAnAgentNobodyAnswersForIsNotBegun(t *testing.T) {
	h := newHouse()
	h.lapsed = "market-scanner"
	s := h.service()
	if _, err := s.Begin(t.Context(), "wf-1", discover(t), workflow.Input{Paths: []string{"in"}}, "person:ana"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Lead(t.Context(), "wf-1"); fault.KindOf(err) != fault.Denied {
		t.Errorf("error %v, want a denial", err)
	}
	if n := len(h.made); n != 2 {
		t.Errorf("%d drafts were made, want the other two", n)
	}
	h.lapsed = ""
	r, err := s.Lead(t.Context(), "wf-1")
	if err != nil || len(r.State.In(workflow.Waiting)) != 3 {
		t.Errorf("after the attestation: waiting %v, %v", r.State.In(workflow.Waiting), err)
	}
}

func TestTwoLeadersTellEachEventOnce(t *testing.T) {
	h := newHouse()
	s := h.service()
	if _, err := s.Begin(t.Context(), "wf-1", discover(t), workflow.Input{Paths: []string{"in"}}, "person:ana"); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		all.Go(func() {
			_, errs[i] = (&conduct.Service{Runs: h, Desk: h, Audit: quiet{}, Tx: h, Now: s.Now, Most: 3}).Lead(t.Context(), "wf-1")
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	r, _ := h.WorkflowRun(t.Context(), "wf-1")
	if fmt.Sprint(r.State.In(workflow.Waiting)) != "[validate-feedback validate-stakeholders validate-market]" || len(h.made) != 3 {
		t.Errorf("waiting %v after %d drafts", r.State.In(workflow.Waiting), len(h.made))
	}
}

type quiet struct{}

func (quiet) Append(context.Context, string, string, string, any) error { return nil }
