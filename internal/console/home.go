package console

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"roleos/internal/change"
	"roleos/internal/handoff"
	"roleos/internal/run"
)

// homeList is how many entries each list of the home page has.
const homeList = 8

type homePage struct {
	Waiting []row
	More    bool
	Clocks  []handoffRow
	Plans   []change.Set
	Running []run.Run
	Failed  []run.Run
	Empty   bool // nothing was ever drafted
}

// row is one draft of a list with what it waits for.
type row struct {
	handoff.Draft
	Waits string
	Tone  string
}

func rowOf(d handoff.Draft) row {
	w, tone := waits(d)
	return row{d, w, tone}
}

// waits says what a draft waits for.
func waits(d handoff.Draft) (what, tone string) {
	switch d.State {
	case handoff.Drafted:
		return "an edit", "unsure"
	case handoff.Validated:
		return "a first review", "good"
	case handoff.InReview:
		return "a verdict", "good"
	case handoff.Approved:
		return "a confirmation", "notable"
	case handoff.Published:
		return "the next role", "notable"
	case handoff.Acknowledged:
		return "the start of the work", ""
	case handoff.Started, handoff.Closed, handoff.Rejected:
	}
	return "nothing", ""
}

func (c *Console) home(w http.ResponseWriter, r *http.Request, s session) error {
	var p homePage
	waiting, more, err := c.waiting(r.Context(), "")
	if err != nil {
		return err
	}
	p.Waiting, p.More = waiting[:min(len(waiting), homeList)], more || len(waiting) > homeList
	handed, err := c.o.App.Handoffs(r.Context(), false)
	if err != nil {
		return err
	}
	for _, v := range handed[:min(len(handed), homeList)] {
		p.Clocks = append(p.Clocks, rowOfHandoff(v))
	}
	for _, st := range []change.State{change.Staged, change.Granted, change.Planned, change.Halted} {
		list, _, err := c.o.App.PlanPage(r.Context(), st, "")
		if err != nil {
			return err
		}
		p.Plans = append(p.Plans, list[:min(len(list), homeList)]...)
	}
	if p.Running, _, err = c.o.App.RunPage(r.Context(), run.Running, "", ""); err != nil {
		return err
	}
	if p.Failed, _, err = c.o.App.RunPage(r.Context(), run.Failed, "", ""); err != nil {
		return err
	}
	p.Failed = p.Failed[:min(len(p.Failed), 3)]
	if len(p.Waiting)+len(p.Clocks)+len(p.Plans)+len(p.Running)+len(p.Failed) == 0 {
		any, _, err := c.o.App.DraftPage(r.Context(), "", "", "")
		if err != nil {
			return err
		}
		p.Empty = len(any) == 0
	}
	return c.show(w, r, s, http.StatusOK, "home", layout{Title: "Home", Active: "home", Live: len(p.Running) > 0, Page: p})
}

// waiting returns the drafts that wait for a person, the longest waiting first,
// of the first page of each state; more when there are others.
func (c *Console) waiting(ctx context.Context, kind string) (out []row, more bool, err error) {
	for _, st := range []handoff.State{handoff.Validated, handoff.InReview, handoff.Approved, handoff.Drafted} {
		list, others, err := c.o.App.LongestWaiting(ctx, st, kind)
		if err != nil {
			return nil, false, err
		}
		more = more || others
		for _, d := range list {
			out = append(out, rowOf(d))
		}
	}
	slices.SortStableFunc(out, func(a, b row) int {
		return cmp.Or(a.UpdatedAt.Compare(b.UpdatedAt), cmp.Compare(a.ID, b.ID))
	})
	return out, more, nil
}

type queuePage struct {
	State, Kind string
	Cursor      string
	States      []handoff.State
	Kinds       []string
	Rows        []row
	Next        string
	More        bool
}

// queueStates are the states that can be asked for.
//
//nolint:gochecknoglobals // an immutable table
var queueStates = []handoff.State{
	handoff.Drafted, handoff.Validated, handoff.InReview, handoff.Approved, handoff.Published, handoff.Acknowledged,
	handoff.Started, handoff.Closed, handoff.Rejected,
}

func (c *Console) queue(w http.ResponseWriter, r *http.Request, s session) error {
	q := r.URL.Query()
	p := queuePage{State: q.Get("state"), Kind: q.Get("kind"), Cursor: q.Get("after"), States: queueStates}
	for _, m := range c.known {
		if !slices.Contains(p.Kinds, m.Output.Artefact) {
			p.Kinds = append(p.Kinds, m.Output.Artefact)
		}
	}
	if p.State == "" {
		p.State = "waiting"
	}
	var err error
	if p.State == "waiting" {
		p.Rows, p.More, err = c.waiting(r.Context(), p.Kind)
	} else {
		st := handoff.State(p.State)
		if p.State == "all" {
			st = ""
		}
		var list []handoff.Draft
		list, p.Next, err = c.o.App.DraftPage(r.Context(), st, p.Kind, p.Cursor)
		for _, d := range list {
			p.Rows = append(p.Rows, rowOf(d))
		}
	}
	if err != nil {
		return err
	}
	return c.show(w, r, s, http.StatusOK, "queue", layout{Title: "Queue", Active: "queue", Page: p})
}
