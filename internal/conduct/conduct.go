package conduct

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"roleos/internal/fault"
	"roleos/internal/workflow"
)

// Runs keeps the runs of workflows.
type Runs interface {
	// SaveWorkflowRun writes a run one above the stored one's Seq; fault.Conflict.
	SaveWorkflowRun(ctx context.Context, r workflow.Run) error
	WorkflowRun(ctx context.Context, id string) (workflow.Run, error)
}

// Desk does what steps need done.
type Desk interface {
	// Draft lets an agent draft and waits for it. The same job twice is once.
	Draft(ctx context.Context, j Job) (draft string, err error)
	// Stands returns the state of a draft.
	Stands(ctx context.Context, draft string) (string, error)
	// Readable returns those of the paths that hold inputs of the kinds.
	Readable(ctx context.Context, paths, kinds []string) ([]string, error)
	// Sorted says where the files below the paths go.
	Sorted(ctx context.Context, paths []string) (Sorting, error)
	// Vouched fails with fault.Denied when nobody answers for the agent any more.
	Vouched(ctx context.Context, agent string) error
}

// Job is one draft that a step asks for.
type Job struct {
	Run   string // id of its run, the same for the same attempt of the same step
	Agent string
	Paths []string // what it reads
	From  []string // drafts that it builds on
	By    string   // who began the workflow
}

// Auditor writes to the tamper-evident log, in the transaction of ctx.
type Auditor interface {
	Append(ctx context.Context, kind, actor, subject string, detail any) error
}

// Transactor runs f in one transaction that travels in its context.
type Transactor interface {
	InTx(ctx context.Context, f func(context.Context) error) error
}

// Service leads runs. It is safe for concurrent use: of two that lead one run
// each event is told once.
type Service struct {
	Runs  Runs
	Desk  Desk
	Audit Auditor
	Tx    Transactor
	Now   func() time.Time
	// Most is how many agents of one run draft at a time; at least one.
	Most int
	// Said is told what happens, step by step; nil for nobody. It may be called
	// from several goroutines.
	Said func(step, what string)
}

// Begin keeps a new run. Lead goes on with it.
func (s *Service) Begin(ctx context.Context, id string, d workflow.Definition, in workflow.Input, by string) (workflow.Run, error) {
	now := s.Now().UTC()
	r := workflow.Run{ID: id, Definition: d, Input: in, State: workflow.Begin(d, now), Seq: 1, StartedBy: by, CreatedAt: now, UpdatedAt: now}
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Runs.SaveWorkflowRun(ctx, r); err != nil {
			return err
		}
		return s.Audit.Append(ctx, "workflow.started", by, id, map[string]any{"workflow": d.String(), "trigger": in.Trigger, "of": in.Of, "paths": len(in.Paths), "itself": in.Itself})
	})
	return r, err
}

// Lead goes on with a run until everything in it waits for a person or a time, or
// is over. An interrupted run goes on with the next Lead. What fails is noted on
// its step and is no error of Lead.
func (s *Service) Lead(ctx context.Context, id string) (workflow.Run, error) {
	for last := 0; ; {
		r, err := s.look(ctx, id)
		if err != nil || r.State.Status != workflow.RunOpen {
			return r, err
		}
		work := slices.Concat(r.State.In(workflow.Ready), r.State.In(workflow.Running))
		if len(work) == 0 {
			if r.Seq == last {
				return r, nil
			}
			last = r.Seq // what has just come up may be over already: a draft is where it is
			continue
		}
		if err := s.work(ctx, r, work); err != nil {
			return r, err
		}
	}
}

// look tells the run where its drafts stand and which timers are over.
func (s *Service) look(ctx context.Context, id string) (workflow.Run, error) {
	r, err := s.Runs.WorkflowRun(ctx, id)
	if err != nil || r.State.Status == workflow.RunDone || r.State.Status == workflow.RunCancelled {
		return r, err
	}
	var events []workflow.Event
	seen := map[string]bool{}
	now := s.Now().UTC()
	for _, x := range r.State.Steps {
		step, _ := r.Definition.Step(x.ID)
		if step.Kind == workflow.Timer && x.Status == workflow.Waiting && !now.Before(x.Due) {
			events = append(events, workflow.Event{Kind: workflow.EventElapsed, Step: x.ID, At: now})
		}
		if step.Of == "" || x.Draft == "" || seen[x.Draft] || (x.Status != workflow.Waiting && x.Status != workflow.Done) {
			continue
		}
		seen[x.Draft] = true
		stands, err := s.Desk.Stands(ctx, x.Draft)
		if err != nil {
			return r, err
		}
		events = append(events, workflow.Event{Kind: workflow.EventSeen, Draft: x.Draft, Stands: stands, At: now})
	}
	for _, e := range events {
		if r, err = s.tell(ctx, id, e, "roleos"); err != nil {
			return r, err
		}
	}
	return r, nil
}

// work carries out the steps, several at a time.
func (s *Service) work(ctx context.Context, r workflow.Run, ids []string) error {
	slots := make(chan struct{}, max(s.Most, 1))
	errs := make([]error, len(ids))
	var all sync.WaitGroup
	for i, id := range ids {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			errs[i] = s.step(ctx, r, id)
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// step carries out one step and tells the run what came of it.
func (s *Service) step(ctx context.Context, r workflow.Run, id string) error {
	step, _ := r.Definition.Step(id)
	x, _ := r.State.Step(id)
	tell := func(e workflow.Event) error {
		e.Step, e.At = id, s.Now().UTC()
		_, err := s.tell(ctx, r.ID, e, "roleos")
		return err
	}
	paths, err := s.Desk.Readable(ctx, r.Input.Paths, step.Reads)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return tell(workflow.Event{Kind: workflow.EventFailed, Note: reason(err)})
	case step.Kind == workflow.Gate:
		sorted, err := s.Desk.Sorted(ctx, r.Input.Paths)
		if err != nil {
			return tell(workflow.Event{Kind: workflow.EventFailed, Note: reason(err)})
		}
		if len(paths) == 0 {
			return tell(workflow.Event{Kind: workflow.EventFailed, Note: sorted.nothing(r.ID, id)})
		}
		return tell(workflow.Event{Kind: workflow.EventDone, Note: plural(len(paths), "file", "files") + ". " + sorted.account(r.Definition)})
	case step.Optional && len(paths) == 0:
		return tell(workflow.Event{Kind: workflow.EventSkipped, Note: "the input holds nothing for it"})
	}
	if err := s.Desk.Vouched(ctx, step.Agent); err != nil {
		if step.Optional && fault.KindOf(err) == fault.NotFound {
			line, _, _ := strings.Cut(reason(err), "\n")
			return tell(workflow.Event{Kind: workflow.EventSkipped, Note: line})
		}
		return fmt.Errorf("step %s: %w", id, err) // it stays ready: whoever answers for the agent can mend that
	}
	job := Job{
		Run: RunID(r.ID, id, x.Attempt), Agent: step.Agent, Paths: paths, From: workflow.Joined(r.Definition, r.State, id), By: r.StartedBy,
	}
	if err := tell(workflow.Event{Kind: workflow.EventBegun, Run: job.Run}); err != nil {
		return err
	}
	s.say(id, "begun")
	draft, err := s.Desk.Draft(ctx, job)
	switch {
	case ctx.Err() != nil:
		return ctx.Err() // interrupted, not failed: the next Lead goes on
	case err != nil:
		s.say(id, "failed")
		return tell(workflow.Event{Kind: workflow.EventFailed, Note: reason(err)})
	}
	s.say(id, "drafted "+draft)
	return tell(workflow.Event{Kind: workflow.EventDone, Draft: draft})
}

// RunID names the run of a step's attempt.
func RunID(run, step string, attempt int) string {
	return fmt.Sprintf("%s.%s.%d", run, step, attempt)
}

// tell applies one event to the stored run, again when somebody else changed it
// meanwhile.
func (s *Service) tell(ctx context.Context, id string, e workflow.Event, by string) (workflow.Run, error) {
	const tries = 20
	for n := 1; ; n++ {
		r, err := s.once(ctx, id, e, by)
		if fault.KindOf(err) != fault.Conflict || n == tries {
			return r, err
		}
		// The event may be impossible by now, or somebody was faster: look again.
		now, err2 := s.Runs.WorkflowRun(ctx, id)
		if err2 != nil {
			return r, err2
		}
		if now.Seq == r.Seq {
			return now, err
		}
	}
}

func (s *Service) once(ctx context.Context, id string, e workflow.Event, by string) (r workflow.Run, err error) {
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if r, err = s.Runs.WorkflowRun(ctx, id); err != nil {
			return err
		}
		next, err := workflow.Next(r.Definition, r.State, e)
		if err != nil {
			return err
		}
		if next.Status == r.State.Status && slices.Equal(next.Steps, r.State.Steps) {
			return nil // told before
		}
		was := r.State.Status
		r.State, r.Seq, r.UpdatedAt = next, r.Seq+1, e.At
		if err := s.Runs.SaveWorkflowRun(ctx, r); err != nil {
			r.Seq--
			return err
		}
		if err := s.Audit.Append(ctx, "workflow."+e.Kind, by, id, e); err != nil || was == next.Status || e.Kind == workflow.EventCancelled {
			return err
		}
		return s.Audit.Append(ctx, "workflow.run_"+string(next.Status), by, id, map[string]any{"workflow": r.Definition.String()})
	})
	return r, err
}

// Redo takes a failed step up again. Lead goes on with it.
func (s *Service) Redo(ctx context.Context, id, step, by string) (workflow.Run, error) {
	return s.tell(ctx, id, workflow.Event{Kind: workflow.EventRedo, Step: step, By: by, At: s.Now().UTC()}, by)
}

// Cancel ends a run. What it has made stays.
func (s *Service) Cancel(ctx context.Context, id, why, by string) (workflow.Run, error) {
	return s.tell(ctx, id, workflow.Event{Kind: workflow.EventCancelled, Note: why, By: by, At: s.Now().UTC()}, by)
}

func (s *Service) say(step, what string) {
	if s.Said != nil {
		s.Said(step, what)
	}
}

// reason is what a step keeps of an error: its words, and what would mend it.
func reason(err error) string {
	const most = 600
	text := []rune(err.Error())
	if len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(text)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
