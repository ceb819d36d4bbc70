package workflow

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// Occasions are the reasons there are for a workflow to begin by itself.
type Occasions struct {
	// Cycle is the time between two cycles; zero when nothing begins with a cycle.
	Cycle time.Duration
	// Alerts reports whether an alert begins a run.
	Alerts bool
	// Draft is the newest draft that a trigger is about, made outside of any
	// workflow, and Patterns are the alerts it reports, in words that stay the
	// same for the same pattern.
	Draft    string
	Patterns []string
}

// Beginning is a run that begins by itself, now or later.
type Beginning struct {
	// ID is the run's: the same occasion has the same, so it begins once, whoever
	// looks and however often.
	ID    string    `json:"id"`
	Input Input     `json:"input"`           // without its paths
	Due   time.Time `json:"due"`             // from then on
	After string    `json:"after,omitempty"` // the run that has to be over first
}

// Now reports whether the run begins.
func (b Beginning) Now(now time.Time) bool { return b.After == "" && !now.Before(b.Due) }

// Upcoming returns the next run that begins by itself; false when nothing makes
// one begin. runs are those of the workflow, the newest first. A run knows the alerts there
// were when it began, so none of them begins another; and while a run is not over,
// no other begins by itself.
func (d Definition) Upcoming(o Occasions, runs []Run, now time.Time) (Beginning, bool) {
	b := Beginning{Due: now}
	for _, r := range runs {
		if r.State.Status != RunDone && r.State.Status != RunCancelled {
			b.After = r.ID
		}
	}
	triggered := func(on string) bool {
		return slices.ContainsFunc(d.Triggers, func(t Trigger) bool { return t.On == on })
	}
	if fresh := o.fresh(runs); o.Alerts && triggered(OnAlert) && len(fresh) > 0 {
		b.Input = Input{Trigger: OnAlert, Of: o.Draft, Patterns: o.Patterns}
		b.ID = d.runID(OnAlert, strings.Join(fresh, "\x00"))
		return b, true
	}
	if o.Cycle <= 0 || !triggered(OnCycle) {
		return Beginning{}, false
	}
	last := "the first"
	for _, r := range runs {
		if r.Input.Trigger == OnCycle {
			last, b.Due = r.ID, r.CreatedAt.Add(o.Cycle)
			break
		}
	}
	b.Input = Input{Trigger: OnCycle, Patterns: o.Patterns}
	b.ID = d.runID(OnCycle, last)
	return b, true
}

// fresh returns the patterns that no run knew of, sorted.
func (o Occasions) fresh(runs []Run) []string {
	known := map[string]bool{}
	for _, r := range runs {
		if r.Input.Of != "" && r.Input.Of == o.Draft { // a person began it because of this draft
			return nil
		}
		for _, p := range r.Input.Patterns {
			known[p] = true
		}
	}
	var out []string
	for _, p := range o.Patterns {
		if !known[p] {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (d Definition) runID(parts ...string) string {
	sum := sha256.Sum256([]byte(d.ID + "\x00" + strings.Join(parts, "\x00")))
	return "wf-" + hex.EncodeToString(sum[:5])
}
