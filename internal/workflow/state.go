package workflow

import (
	"slices"
	"time"

	"roleos/internal/fault"
)

// Status is where a step stands:
//
//	pending   -> ready, waiting, skipped, failed, cancelled
//	ready     -> running, done, skipped, failed, pending, cancelled
//	running   -> done, skipped, failed, cancelled
//	waiting   -> done, failed, pending, cancelled
//	failed    -> ready, waiting, pending, cancelled
//	done      -> ready, waiting, failed
//	skipped   -> nothing
//	cancelled -> nothing
//
// A done step waits again when its draft went back, for instance because the next
// role refused it. An agent's done step is ready again when its draft was rejected
// and a person asked for another.
type Status string

// The statuses of a step. The zero value is none of them.
const (
	Pending   Status = "pending" // what it needs is not over
	Ready     Status = "ready"   // roleos can begin it
	Running   Status = "running" // roleos works on it
	Waiting   Status = "waiting" // for a person, or for a time to pass
	Done      Status = "done"
	Skipped   Status = "skipped" // there was nothing to do
	Failed    Status = "failed"
	Cancelled Status = "cancelled"
)

func (s Status) next() []Status {
	switch s {
	case Pending:
		return []Status{Ready, Waiting, Skipped, Failed, Cancelled}
	case Ready:
		return []Status{Running, Done, Skipped, Failed, Pending, Cancelled}
	case Running:
		return []Status{Done, Skipped, Failed, Cancelled}
	case Waiting:
		return []Status{Done, Failed, Pending, Cancelled}
	case Failed:
		return []Status{Ready, Waiting, Pending, Cancelled}
	case Done:
		return []Status{Ready, Waiting, Failed}
	case Skipped, Cancelled:
		return nil
	}
	return nil
}

// To returns the status after a move to next, or an error that names both.
func (s Status) To(next Status) (Status, error) {
	if slices.Contains(s.next(), next) {
		return next, nil
	}
	return s, fault.New(fault.Conflict, "workflow.step", "a step that is %s cannot become %s", s, next)
}

// Over reports whether what needs the step may begin.
func (s Status) Over() bool { return s == Done || s == Skipped }

// RunStatus is where a run of a workflow stands.
type RunStatus string

// The statuses of a run.
const (
	RunOpen      RunStatus = "open"    // something is ready, running or waiting
	RunStopped   RunStatus = "stopped" // a step failed, and nothing else can move
	RunDone      RunStatus = "done"
	RunCancelled RunStatus = "cancelled"
)

// StepState is where one step of a run stands.
type StepState struct {
	ID      string    `json:"id"`
	Status  Status    `json:"status"`
	Attempt int       `json:"attempt"` // from 1; 0 before the first
	Run     string    `json:"run,omitempty"`
	Draft   string    `json:"draft,omitempty"`  // of an agent, and of the steps about its draft
	Stands  string    `json:"stands,omitempty"` // the draft's state, as it was last seen
	Due     time.Time `json:"due,omitzero"`     // of a timer
	By      string    `json:"by,omitempty"`     // who ended it
	Note    string    `json:"note,omitempty"`
	Since   time.Time `json:"since,omitzero"` // when it came to this status
}

// State is where a run of a workflow stands. It is a value: Next returns another.
type State struct {
	Status RunStatus   `json:"status"`
	Note   string      `json:"note,omitempty"` // why it was cancelled
	Steps  []StepState `json:"steps"`          // as the definition has them
}

// Step returns the step with the id.
func (s State) Step(id string) (StepState, bool) {
	i := slices.IndexFunc(s.Steps, func(x StepState) bool { return x.ID == id })
	if i < 0 {
		return StepState{}, false
	}
	return s.Steps[i], true
}

// In returns the ids of the steps with the status.
func (s State) In(status Status) []string {
	var out []string
	for _, x := range s.Steps {
		if x.Status == status {
			out = append(out, x.ID)
		}
	}
	return out
}

// Begin returns the first state of a run that begins at the time.
func Begin(d Definition, at time.Time) State {
	s := State{Status: RunOpen}
	for _, step := range d.Steps {
		s.Steps = append(s.Steps, StepState{ID: step.ID, Status: Pending, Since: at})
	}
	return settle(d, s, at)
}

// Joined returns the drafts that an agent step builds on: of every kind that it
// names, those of the steps before it, in the order of the definition. In which
// order they were made or approved plays no part.
func Joined(d Definition, s State, id string) []string {
	step, _ := d.Step(id)
	var out []string
	for _, before := range d.before(id) {
		b, _ := d.Step(before)
		st, _ := s.Step(before)
		if b.Kind == Agent && st.Status == Done && slices.Contains(step.From, b.Gives) {
			out = append(out, st.Draft)
		}
	}
	return out
}
