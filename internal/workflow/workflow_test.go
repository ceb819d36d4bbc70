package workflow_test

import (
	"errors"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"roleos/internal/workflow"
)

func at(minute int) time.Time { return time.Date(2026, 11, 2, 9, minute, 0, 0, time.UTC) }

func discover(t interface{ Fatal(...any) }) workflow.Definition {
	d, err := workflow.Read(workflow.Embedded(), "discover.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The table in Status's comment is what people read, so it is what is tested.
func TestStepsMoveAsTheTableSays(t *testing.T) {
	src, err := os.ReadFile("state.go")
	if err != nil {
		t.Fatal(err)
	}
	table := map[workflow.Status][]string{}
	for _, m := range regexp.MustCompile(`(?m)^//\t(\w+) +-> (.*)$`).FindAllStringSubmatch(string(src), -1) {
		table[workflow.Status(m[1])] = strings.Split(m[2], ", ")
	}
	if len(table) != 8 {
		t.Fatalf("the table has %d statuses, want 8", len(table))
	}
	for from, next := range table {
		for to := range table {
			if _, err := from.To(to); (err == nil) != slices.Contains(next, string(to)) {
				t.Errorf("%s -> %s: %v", from, to, err)
			}
		}
	}
}

func TestDiscoverHasItsSevenSteps(t *testing.T) {
	d := discover(t)
	if len(d.Triggers) != 2 {
		t.Errorf("%d triggers, want a new cycle and a pattern alert", len(d.Triggers))
	}
	want := []string{"gather", "synthesise", "validate", "frame", "share", "hand off"} // after the trigger
	if !slices.Equal(d.Phases(), want) {
		t.Errorf("phases %v, want %v", d.Phases(), want)
	}
}

// step sends events and returns the state; it fails the test when one is refused.
func after(t testing.TB, d workflow.Definition, s workflow.State, events ...workflow.Event) workflow.State {
	t.Helper()
	for i, e := range events {
		if e.At.IsZero() {
			e.At = at(i)
		}
		var err error
		if s, err = workflow.Next(d, s, e); err != nil {
			t.Fatalf("%s of %s: %v", e.Kind, e.Step, err)
		}
	}
	return s
}

func done(step, draft string) workflow.Event {
	return workflow.Event{Kind: workflow.EventDone, Step: step, Draft: draft}
}

func begun(step, draft string) workflow.Event {
	return workflow.Event{Kind: workflow.EventBegun, Step: step, Run: "run-" + step, Draft: draft}
}

func seen(draft, stands string) workflow.Event {
	return workflow.Event{Kind: workflow.EventSeen, Draft: draft, Stands: stands, By: "person:ana"}
}

// framed brings a run to the step that frames the problem.
func framed(t testing.TB, d workflow.Definition) workflow.State {
	t.Helper()
	return after(t, d, workflow.Begin(d, at(0)), done("gather", ""),
		begun("synthesise-feedback", "fs"), done("synthesise-feedback", "fs"),
		begun("synthesise-stakeholders", "sl"), done("synthesise-stakeholders", "sl"),
		workflow.Event{Kind: workflow.EventSkipped, Step: "synthesise-market", Note: "no feeds"},
		seen("sl", "approved"), seen("fs", "published"))
}

func TestDiscoverRunsFromFolderToPitch(t *testing.T) {
	d := discover(t)
	s := workflow.Begin(d, at(0))
	if got := s.In(workflow.Ready); !slices.Equal(got, []string{"gather"}) {
		t.Fatalf("ready at first: %v", got)
	}
	s = after(t, d, s, done("gather", ""))
	if got := s.In(workflow.Ready); len(got) != 3 {
		t.Errorf("three syntheses are ready side by side, got %v", got)
	}
	s = framed(t, d)
	if x, _ := s.Step("validate-market"); x.Status != workflow.Skipped {
		t.Errorf("without feeds there is nothing to validate: %s", x.Status)
	}
	if got := s.In(workflow.Ready); !slices.Equal(got, []string{"frame"}) {
		t.Fatalf("ready after the reviews: %v", got)
	}
	if got := workflow.Joined(d, s, "frame"); !slices.Equal(got, []string{"fs", "sl"}) {
		t.Errorf("the brief builds on %v", got)
	}
	s = after(t, d, s, begun("frame", "pb"), done("frame", "pb"), seen("pb", "approved"), seen("pb", "published"))
	if got := s.In(workflow.Waiting); !slices.Equal(got, []string{"hand-off"}) {
		t.Fatalf("waiting after publication: %v", got)
	}
	s = after(t, d, s, seen("pb", "acknowledged"), begun("shape", "sp"), done("shape", "sp"))
	if s.Status != workflow.RunOpen {
		t.Errorf("the run is %s before the pitch is reviewed", s.Status)
	}
	if s = after(t, d, s, seen("sp", "approved")); s.Status != workflow.RunDone {
		t.Errorf("the run is %s, want done", s.Status)
	}
	if _, err := workflow.Next(d, s, done("shape", "other")); err == nil {
		t.Error("a run that is done takes no more events")
	}
}

func TestARefusedBriefWaitsForItsAuthorAgain(t *testing.T) {
	d := discover(t)
	s := after(t, d, framed(t, d), begun("frame", "pb"), done("frame", "pb"), seen("pb", "approved"), seen("pb", "published"))
	s = after(t, d, s, seen("pb", "drafted"))
	if got := s.In(workflow.Waiting); !slices.Equal(got, []string{"review-brief"}) {
		t.Errorf("waiting after a refusal: %v", got)
	}
	x, _ := s.Step("review-brief")
	if !strings.Contains(x.Note, "went back") {
		t.Errorf("note %q does not say why", x.Note)
	}
	// The publication that was undone has to be made again.
	s = after(t, d, s, seen("pb", "approved"))
	if got := s.In(workflow.Waiting); !slices.Equal(got, []string{"share"}) {
		t.Errorf("waiting after the second approval: %v", got)
	}
}

func TestARejectedDraftIsMadeAgainOnRequest(t *testing.T) {
	d := discover(t)
	s := after(t, d, framed(t, d), begun("frame", "pb"), done("frame", "pb"), seen("pb", "rejected"))
	if s.Status != workflow.RunStopped {
		t.Fatalf("the run is %s, want stopped", s.Status)
	}
	s = after(t, d, s, workflow.Event{Kind: workflow.EventRedo, Step: "review-brief", By: "person:ana"})
	x, _ := s.Step("frame")
	if x.Status != workflow.Ready || x.Attempt != 2 || x.Draft != "" {
		t.Errorf("frame is %+v, want ready for its second attempt", x)
	}
	s = after(t, d, s, begun("frame", "pb2"), done("frame", "pb2"), seen("pb2", "approved"))
	if got := s.In(workflow.Waiting); !slices.Equal(got, []string{"share"}) {
		t.Errorf("waiting: %v", got)
	}
}

func TestAFailureStopsOnlyWhatNeedsIt(t *testing.T) {
	d := discover(t)
	s := after(t, d, workflow.Begin(d, at(0)), done("gather", ""), begun("synthesise-feedback", "fs"),
		workflow.Event{Kind: workflow.EventFailed, Step: "synthesise-feedback", Note: "no text column"})
	if s.Status != workflow.RunOpen || len(s.In(workflow.Ready)) != 2 {
		t.Errorf("the run is %s with %v ready", s.Status, s.In(workflow.Ready))
	}
	s = after(t, d, s, workflow.Event{Kind: workflow.EventRedo, Step: "synthesise-feedback"})
	if x, _ := s.Step("synthesise-feedback"); x.Status != workflow.Ready || x.Attempt != 2 {
		t.Errorf("after redo: %+v", x)
	}
}

func TestWithoutAnySynthesisThereIsNoBrief(t *testing.T) {
	d := discover(t)
	s := after(t, d, workflow.Begin(d, at(0)), done("gather", ""))
	for _, id := range []string{"synthesise-feedback", "synthesise-stakeholders", "synthesise-market"} {
		s = after(t, d, s, workflow.Event{Kind: workflow.EventSkipped, Step: id, Note: "nothing to read"})
	}
	if x, _ := s.Step("frame"); s.Status != workflow.RunStopped || x.Status != workflow.Failed {
		t.Errorf("the run is %s, frame is %s", s.Status, x.Status)
	}
}

func TestACancelledRunKeepsWhatWasDone(t *testing.T) {
	d := discover(t)
	s := after(t, d, framed(t, d), workflow.Event{Kind: workflow.EventCancelled, Note: "no cycle after all"})
	x, _ := s.Step("synthesise-feedback")
	y, _ := s.Step("frame")
	if s.Status != workflow.RunCancelled || x.Status != workflow.Done || y.Status != workflow.Cancelled {
		t.Errorf("run %s, synthesis %s, frame %s", s.Status, x.Status, y.Status)
	}
}

func TestATimerIsOverWhenItsTimeIs(t *testing.T) {
	d, err := workflow.Read(fstest.MapFS{"wait.yaml": {Data: []byte(head("wait") + "steps:\n- {id: pause, phase: p, kind: timer, for: 48h, says: s}\n")}}, "wait.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := workflow.Begin(d, at(0))
	if _, err := workflow.Next(d, s, workflow.Event{Kind: workflow.EventElapsed, Step: "pause", At: at(0).Add(47 * time.Hour)}); err == nil {
		t.Error("a timer is over an hour early")
	}
	if s = after(t, d, s, workflow.Event{Kind: workflow.EventElapsed, Step: "pause", At: at(0).Add(48 * time.Hour)}); s.Status != workflow.RunDone {
		t.Errorf("the run is %s", s.Status)
	}
}

// Whatever happens in whatever order: told twice is once, no step moves but as
// the table says, and nothing begins before what it needs is over.
func TestAnyOrderOfEventsKeepsTheRules(t *testing.T) {
	d := discover(t)
	rapid.Check(t, func(r *rapid.T) {
		s := workflow.Begin(d, at(0))
		for range rapid.IntRange(1, 60).Draw(r, "events") {
			e := anyEvent(r, d, s)
			next, err := workflow.Next(d, s, e)
			if err != nil {
				if !reflect.DeepEqual(next, s) {
					r.Fatalf("a refused %s of %s changed the run", e.Kind, e.Step)
				}
				continue
			}
			for i, x := range next.Steps {
				if was := s.Steps[i].Status; was != x.Status && !reachable(was, x.Status) {
					r.Fatalf("%s of %s: step %s went from %s to %s", e.Kind, e.Step, x.ID, was, x.Status)
				}
				step, _ := d.Step(x.ID)
				for _, need := range step.Needs {
					if n, _ := next.Step(need); (x.Status == workflow.Ready || x.Status == workflow.Waiting) && !n.Status.Over() {
						r.Fatalf("%s of %s: %s is %s though %s is %s", e.Kind, e.Step, x.ID, x.Status, need, n.Status)
					}
				}
			}
			if e.Kind != workflow.EventRedo && next.Status == workflow.RunOpen {
				if again, err := workflow.Next(d, next, e); err == nil && !reflect.DeepEqual(again, next) {
					r.Fatalf("%s of %s told twice is not once", e.Kind, e.Step)
				}
			}
			s = next
		}
	})
}

// reachable allows a move by one event and what settles after it.
func reachable(from, to workflow.Status) bool {
	if _, err := from.To(to); err == nil {
		return true
	}
	for _, between := range []workflow.Status{workflow.Pending, workflow.Ready, workflow.Waiting} {
		_, a := from.To(between)
		_, b := between.To(to)
		if errors.Join(a, b) == nil {
			return true
		}
	}
	return false
}

func anyEvent(r *rapid.T, d workflow.Definition, s workflow.State) workflow.Event {
	step := rapid.SampledFrom(d.Steps).Draw(r, "step")
	e := workflow.Event{Step: step.ID, At: at(5), Kind: rapid.SampledFrom([]string{
		workflow.EventBegun, workflow.EventDone, workflow.EventSkipped, workflow.EventFailed, workflow.EventSeen, workflow.EventSeen, workflow.EventRedo,
	}).Draw(r, "kind")}
	x, _ := s.Step(step.ID)
	switch {
	case e.Kind == workflow.EventSeen:
		of, _ := s.Step(step.Of)
		e.Draft = of.Draft
		e.Stands = rapid.SampledFrom([]string{"drafted", "validated", "in_review", "approved", "published", "acknowledged", "rejected"}).Draw(r, "stands")
	case step.Kind == workflow.Agent:
		e.Draft, e.Run = x.Draft, x.Run
		if e.Draft == "" {
			e.Draft, e.Run = "d-"+step.ID, "r-"+step.ID
		}
	}
	return e
}

// However the branches come in, the step that joins them gets the same drafts.
func TestBranchesAreJoinedByContent(t *testing.T) {
	d := discover(t)
	events := []workflow.Event{
		seen("fs", "approved"), seen("sl", "approved"), seen("mb", "published"),
	}
	rapid.Check(t, func(r *rapid.T) {
		s := after(t, d, workflow.Begin(d, at(0)), done("gather", ""))
		for _, e := range rapid.Permutation([]workflow.Event{
			done("synthesise-feedback", "fs"), done("synthesise-stakeholders", "sl"), done("synthesise-market", "mb"),
		}).Draw(r, "drafts") {
			s = after(t, d, s, begun(e.Step, e.Draft), e)
		}
		s = after(t, d, s, rapid.Permutation(events).Draw(r, "reviews")...)
		if got := workflow.Joined(d, s, "frame"); !slices.Equal(got, []string{"fs", "sl", "mb"}) {
			r.Fatalf("joined %v", got)
		}
		if got := s.In(workflow.Ready); !slices.Equal(got, []string{"frame"}) {
			r.Fatalf("ready: %v", got)
		}
	})
}

func head(id string) string {
	return "kind: Workflow\nid: " + id + "\nname: N\nversion: 1.0.0\nrole: pm\nstage: discover\npurpose: p\n" +
		"governance: {workflow_owner: pm, source_of_truth: s, service_level: s, audit_trail: a}\n"
}

func TestWorkflowsAreReadStrictly(t *testing.T) {
	agent := "- {id: a, phase: p, kind: agent, agent: x, gives: g, says: s}\n"
	for name, c := range map[string]struct{ text, want string }{
		"unknown key":   {head("x") + "stepps: []\n", "x.yaml:9:1"},
		"no governance": {"kind: Workflow\nid: x\nname: N\nversion: 1.0.0\nrole: pm\nstage: s\npurpose: p\nsteps:\n" + agent, "this is a copilot, not a specialist: name governance.workflow_owner, governance.source_of_truth"},
		"no steps":      {head("x"), "a workflow has 1 to 100 steps"},
		"kind":          {head("x") + "steps:\n- {id: a, phase: p, kind: robot, says: s}\n", `x.yaml:10:27: step a has kind "robot"`},
		"needs":         {head("x") + "steps:\n- {id: a, phase: p, kind: agent, agent: x, gives: g, says: s, needs: [b]}\n", `step a needs "b", and no step above it`},
		"circle":        {head("x") + "steps:\n- {id: a, phase: p, kind: agent, agent: x, gives: g, says: s, needs: [a]}\n", `step a needs "a"`},
		"twice":         {head("x") + "steps:\n" + agent + agent, `there are two steps "a"`},
		"from":          {head("x") + "steps:\n" + agent + "- {id: b, phase: p, kind: agent, agent: x, gives: h, says: s, from: [g]}\n", "step b builds on a g, and no step that it needs gives one"},
		"of":            {head("x") + "steps:\n" + agent + "- {id: b, phase: p, kind: human, of: a, by: \"role:pm\", says: s}\n", `about the draft of "a", which is no agent step that it needs`},
		"foreign field": {head("x") + "steps:\n- {id: a, phase: p, kind: agent, agent: x, gives: g, says: s, for: 2h}\n", "step a is of kind agent, which has no for"},
		"lacks":         {head("x") + "steps:\n- {id: a, phase: p, kind: agent, gives: g, says: s}\n", "step a is of kind agent and needs agent"},
		"timer":         {head("x") + "steps:\n- {id: a, phase: p, kind: timer, for: soon, says: s}\n", `"soon" is no time to wait`},
		"check":         {head("x") + "steps:\n- {id: a, phase: p, kind: gate, check: vibes, says: s}\n", `"vibes" is no check`},
		"trigger":       {head("x") + "triggers:\n- {on: friday, says: s}\nsteps:\n" + agent, `"friday" begins nothing`},
		"reads":         {head("x") + "steps:\n- {id: a, phase: p, kind: agent, agent: x, gives: g, says: s, reads: [mind]}\n", `"mind" is no kind of input`},
	} {
		_, err := workflow.Read(fstest.MapFS{"x.yaml": {Data: []byte(c.text)}}, "x.yaml")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}
