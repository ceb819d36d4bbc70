package run

import (
	"fmt"
	"slices"
	"time"
)

// Status is where a run stands:
//
//	queued    -> running, cancelled
//	running   -> succeeded, failed, cancelled
//	succeeded -> nothing
//	failed    -> nothing
//	cancelled -> nothing
//
// A killed process leaves its runs running; resuming them is no move. A failed
// run has said why; what mends it is a new run.
type Status string

// The states of a run.
const (
	Queued    Status = "queued"
	Running   Status = "running"
	Succeeded Status = "succeeded"
	Failed    Status = "failed"
	Cancelled Status = "cancelled"
)

func (s Status) next() []Status {
	switch s {
	case Queued:
		return []Status{Running, Cancelled}
	case Running:
		return []Status{Succeeded, Failed, Cancelled}
	case Succeeded, Failed, Cancelled:
		return nil
	}
	return nil
}

// To returns the state after a move to next, or an error that names both.
func (s Status) To(next Status) (Status, error) {
	if slices.Contains(s.next(), next) {
		return next, nil
	}
	return s, fmt.Errorf("a %s run cannot become %s", s, next)
}

// Done reports whether the run will not go on by itself.
func (s Status) Done() bool { return s == Succeeded || s == Failed || s == Cancelled }

// Run is one durable execution of an agent or a publication.
type Run struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind"`  // draft, publish
	Agent     string    `json:"agent"` // feedback-river, ...
	Status    Status    `json:"status"`
	Input     []byte    `json:"-"`               // JSON the run was started with
	Step      string    `json:"step,omitempty"`  // last step begun
	Draft     string    `json:"draft,omitempty"` // what it produced
	Error     string    `json:"error,omitempty"` // why it failed, for a person
	StartedBy string    `json:"started_by"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}
