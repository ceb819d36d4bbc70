package workflow

import (
	"slices"
	"time"

	"roleos/internal/fault"
)

// What happened to a step or to the run.
const (
	EventBegun     = "begun"     // roleos began the step; Run is set, of an agent Draft too
	EventDone      = "done"      // an agent drafted, or a gate passed
	EventSkipped   = "skipped"   // there is nothing for the step; Note says why
	EventFailed    = "failed"    // Note says why
	EventSeen      = "seen"      // Draft stands where Stands says; Step plays no part
	EventElapsed   = "elapsed"   // the time of a timer is over
	EventRedo      = "redo"      // a person wants a failed step again
	EventCancelled = "cancelled" // the run ends; Note says why
)

// Event is one thing that happened.
type Event struct {
	Kind   string    `json:"kind"`
	Step   string    `json:"step,omitempty"`
	Run    string    `json:"run,omitempty"`
	Draft  string    `json:"draft,omitempty"`
	Stands string    `json:"stands,omitempty"`
	By     string    `json:"by,omitempty"`
	Note   string    `json:"note,omitempty"`
	At     time.Time `json:"at"`
}

// Next returns the state after the event. An event that changes nothing returns
// the state as it was, so that telling twice is once. It fails with
// fault.Conflict when the event cannot happen in this state.
func Next(d Definition, s State, e Event) (State, error) {
	if s.Status == RunDone || s.Status == RunCancelled {
		return s, fault.New(fault.Conflict, "workflow.next", "the run is %s", s.Status)
	}
	if e.Kind == EventCancelled {
		return cancelled(s, e), nil
	}
	if e.Kind == EventSeen {
		return seen(d, s, e)
	}
	step, ok := d.Step(e.Step)
	i := slices.IndexFunc(s.Steps, func(x StepState) bool { return x.ID == e.Step })
	if !ok || i < 0 {
		return s, fault.New(fault.Conflict, "workflow.next", "the run has no step %q", e.Step)
	}
	next := State{Status: s.Status, Note: s.Note, Steps: slices.Clone(s.Steps)}
	moved, err := move(d, next, step, &next.Steps[i], e)
	if err != nil {
		return s, err
	}
	if !moved {
		return s, nil
	}
	return settle(d, next, e.At), nil
}

func cancelled(s State, e Event) State {
	next := State{Status: RunCancelled, Note: e.Note, Steps: slices.Clone(s.Steps)}
	for i, x := range next.Steps {
		if _, err := x.Status.To(Cancelled); err == nil {
			next.Steps[i].Status, next.Steps[i].Since = Cancelled, e.At
		}
	}
	return next
}

// move applies an event to its step and reports whether anything changed.
func move(d Definition, s State, step Step, x *StepState, e Event) (bool, error) {
	to := func(status Status) (bool, error) {
		next, err := x.Status.To(status)
		if err != nil {
			return false, fault.Wrap(err, fault.Conflict, "workflow.next", "step %s", step.ID)
		}
		x.Status, x.Since, x.By, x.Note = next, e.At, e.By, e.Note
		return true, nil
	}
	ours := step.Kind == Agent || step.Kind == Gate
	switch {
	case e.Kind == EventElapsed || e.Kind == EventRedo:
	case !ours:
		return false, fault.New(fault.Conflict, "workflow.next", "step %s is for people; roleos cannot say that it is %s", step.ID, e.Kind)
	case x.Status == Pending:
		return false, fault.New(fault.Conflict, "workflow.next", "step %s has not come up yet", step.ID)
	}
	switch e.Kind {
	case EventBegun:
		if x.Run == e.Run && e.Run != "" {
			return false, nil // another leader was faster
		}
		x.Run, x.Draft = e.Run, e.Draft
		return to(Running)
	case EventDone:
		if x.Status == Done && x.Draft == e.Draft {
			return false, nil
		}
		x.Draft = e.Draft
		return to(Done)
	case EventSkipped:
		if x.Status == Skipped {
			return false, nil
		}
		return to(Skipped)
	case EventFailed:
		if x.Status == Failed {
			return false, nil
		}
		return to(Failed)
	case EventElapsed:
		if x.Status == Done {
			return false, nil
		}
		if step.Kind != Timer || e.At.Before(x.Due) {
			return false, fault.New(fault.Conflict, "workflow.next", "step %s is not due", step.ID)
		}
		return to(Done)
	case EventRedo:
		return redo(d, s, step, x, e)
	}
	return false, fault.New(fault.Conflict, "workflow.next", "%q happens to no step", e.Kind)
}

// redo takes a failed step up again. A step whose draft was rejected gets another
// draft: its agent's step is taken up again.
func redo(d Definition, s State, step Step, x *StepState, e Event) (bool, error) {
	if x.Status != Failed {
		return false, fault.New(fault.Conflict, "workflow.redo", "step %s is %s; only a step that failed is taken up again", step.ID, x.Status)
	}
	again := step.ID
	if step.Of != "" {
		again = step.Of
	}
	for i, other := range s.Steps {
		switch {
		case other.ID == again:
			s.Steps[i] = StepState{ID: other.ID, Status: Ready, Attempt: other.Attempt + 1, Since: e.At}
		case slices.Contains(d.before(other.ID), again) && (other.Status == Ready || other.Status == Waiting || other.Status == Failed):
			s.Steps[i] = StepState{ID: other.ID, Status: Pending, Attempt: other.Attempt, Since: e.At}
		}
	}
	return true, nil
}

// Reached reports whether a draft in that state has passed the step.
func (s Step) Reached(stands string) bool {
	from := map[Kind]string{Human: "approved", Publish: "published", Handoff: "acknowledged"}[s.Kind]
	if s.Until != "" {
		from = s.Until
	}
	order := []string{"approved", "published", "acknowledged", "started", "closed"}
	at := slices.Index(order, stands)
	return at >= 0 && at >= slices.Index(order, from)
}

// seen follows a draft in every step that is about it: forward when it reached
// what the step waits for, back when it left that again.
func seen(d Definition, s State, e Event) (State, error) {
	next := State{Status: s.Status, Note: s.Note, Steps: slices.Clone(s.Steps)}
	for i := range next.Steps {
		x := &next.Steps[i]
		step, _ := d.Step(x.ID)
		if of, ok := s.Step(step.Of); !ok || of.Draft != e.Draft || e.Draft == "" || (x.Status != Waiting && x.Status != Done) {
			continue // about another draft, not its turn, or over for good
		}
		x.Stands = e.Stands
		to, note := x.Status, x.Note
		switch {
		case step.Reached(e.Stands):
			to, note = Done, ""
		case e.Stands == "rejected":
			to, note = Failed, "the draft was rejected"
		case x.Status == Done:
			to, note = Waiting, "the draft went back: it is "+e.Stands+" again"
		}
		if to != x.Status {
			x.Status, x.Since, x.By, x.Note = to, e.At, e.By, note
		}
	}
	if slices.Equal(next.Steps, s.Steps) {
		return s, nil
	}
	return settle(d, next, e.At), nil
}

// settle lets steps begin whose needs are over, takes back those whose needs are
// not over any more, and ends the run when all are. What was built stays.
func settle(d Definition, s State, at time.Time) State {
	for i, x := range s.Steps {
		if (x.Status == Ready || x.Status == Waiting) && !d.over(s, x.ID) {
			s.Steps[i].Status, s.Steps[i].Since, s.Steps[i].Note = Pending, at, ""
			if x.Status == Ready {
				s.Steps[i].Attempt--
			}
		}
	}
	for changed := true; changed; {
		changed = false
		for i := range s.Steps {
			if s.Steps[i].Status != Pending {
				continue
			}
			step, _ := d.Step(s.Steps[i].ID)
			if open(d, s, step, &s.Steps[i], at) {
				changed = true
			}
		}
	}
	over, moving, failed := true, false, false
	for _, x := range s.Steps {
		over = over && x.Status.Over()
		moving = moving || x.Status == Ready || x.Status == Running || x.Status == Waiting
		failed = failed || x.Status == Failed
	}
	switch {
	case over:
		s.Status = RunDone
	case !moving && failed:
		s.Status = RunStopped
	default:
		s.Status = RunOpen
	}
	return s
}

// over reports whether everything before the step is over.
func (d Definition) over(s State, id string) bool {
	return !slices.ContainsFunc(d.before(id), func(b string) bool {
		x, _ := s.Step(b)
		return !x.Status.Over()
	})
}

// open lets a step begin when what it needs is over.
func open(d Definition, s State, step Step, x *StepState, at time.Time) bool {
	if !d.over(s, step.ID) {
		return false
	}
	x.Since, x.Note = at, ""
	if of, ok := s.Step(step.Of); ok {
		if of.Status == Skipped {
			x.Status, x.Note = Skipped, "there is no draft to look at"
			return true
		}
		x.Draft = of.Draft
	}
	switch step.Kind {
	case Agent:
		x.Status, x.Attempt = Ready, x.Attempt+1
		if len(step.From) > 0 && len(Joined(d, s, step.ID)) == 0 {
			x.Status, x.Note = Failed, "none of what it builds on was made"
		}
	case Gate:
		x.Status, x.Attempt = Ready, x.Attempt+1
	case Timer:
		x.Status, x.Due = Waiting, step.Deadline(at)
	case Human, Publish, Handoff:
		x.Status = Waiting
	}
	return true
}
