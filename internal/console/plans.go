package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"roleos/guardrails"
	"roleos/internal/app"
	"roleos/internal/change"
	"roleos/internal/fault"
	"roleos/internal/handoff"
	"roleos/internal/report/say"
)

// Plans reads and confirms change sets.
type Plans interface {
	PlanPage(ctx context.Context, state change.State, cursor string) ([]change.Set, string, error)
	ShowPlan(ctx context.Context, id string) (app.Plan, error)
	StagePlan(ctx context.Context, id string) (app.Plan, error)
	ConfirmPlan(ctx context.Context, id, answer string) (guardrails.Grant, error)
	// BuiltOn returns the drafts that were made from what the set publishes or takes back.
	BuiltOn(ctx context.Context, id string) ([]handoff.Draft, error)
}

// Acting does what was confirmed, takes it back, or ends it.
type Acting interface {
	ApplyPlan(ctx context.Context, id string) (app.Plan, error)
	UndoPlan(ctx context.Context, id string) (app.Plan, error)
	RejectPlan(ctx context.Context, id, reason string) (app.Plan, error)
}

type plansPage struct {
	State  string
	States []change.State
	Sets   []change.Set
	Next   string
}

func (c *Console) plans(w http.ResponseWriter, r *http.Request, s session) error {
	q := r.URL.Query()
	p := plansPage{State: q.Get("state"), States: []change.State{
		change.Planned, change.Staged, change.Granted, change.Applying, change.Applied, change.Halted, change.Rejected, change.Stale,
	}}
	var err error
	if p.Sets, p.Next, err = c.o.App.PlanPage(r.Context(), change.State(p.State), q.Get("after")); err != nil {
		return err
	}
	return c.show(w, r, s, http.StatusOK, "plans", layout{Title: "Change sets", Active: "plans", Page: p})
}

type planPage struct {
	app.Plan
	Limits  []limit
	Changes []shownChange
	Drifts  []shownDrift
	Can     map[string]bool // what can be done now: stage, confirm, apply, undo, reject
	Reading string          // what reading it takes at least
	Built   []handoff.Draft // made from what taking it back takes away
	Form    form
}

// limit is one limit of the envelope with how much of it the set takes.
type limit struct {
	Name, This, Most string
	Part             int // percent, 0 to 100
	Over             bool
}

type shownChange struct {
	change.ShownChange
	Lines []diffLine
}

type shownDrift struct {
	Object string
	Lines  []diffLine
}

// diffLine is one line of a unified difference.
type diffLine struct{ Class, Sign, Text string }

// maxOpenLines is how many lines of a difference are shown before the rest folds.
const maxOpenLines = 60

// Head and Tail split a long difference.
func head(lines []diffLine) []diffLine { return lines[:min(len(lines), maxOpenLines)] }

func tail(lines []diffLine) []diffLine { return lines[min(len(lines), maxOpenLines):] }

// Head returns the lines that stand open.
func (s shownChange) Head() []diffLine { return head(s.Lines) }

// Tail returns the lines that are folded.
func (s shownChange) Tail() []diffLine { return tail(s.Lines) }

func diffLines(diff string) []diffLine {
	var out []diffLine
	for l := range strings.Lines(diff) {
		l = strings.TrimSuffix(l, "\n")
		d := diffLine{Sign: " ", Text: l}
		switch {
		case strings.HasPrefix(l, "@@"), strings.HasPrefix(l, "---"), strings.HasPrefix(l, "+++"), strings.HasPrefix(l, "\\"):
			d.Class, d.Sign = "at", ""
		case strings.HasPrefix(l, "+"):
			d = diffLine{"in", "+", l[1:]}
		case strings.HasPrefix(l, "-"):
			d = diffLine{"out", "−", l[1:]}
		case strings.HasPrefix(l, " "):
			d.Text = l[1:]
		}
		out = append(out, d)
	}
	return out
}

func (c *Console) plan(w http.ResponseWriter, r *http.Request, s session) error {
	v, err := c.o.App.ShowPlan(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	p := planOf(v, s)
	if p.Can["undo"] || v.Undoes != "" {
		if p.Built, err = c.o.App.BuiltOn(r.Context(), v.ID); err != nil {
			return err
		}
	}
	return c.show(w, r, s, http.StatusOK, "plan", layout{Title: "Change set " + v.ID, Active: "plans", Page: p})
}

// inWords writes the windows that limits are named after as people say them.
func inWords(limit string) string {
	return strings.NewReplacer(" in 24h0m0s", " in a day", " in 1h0m0s", " in an hour", " in 1ns", "").Replace(limit)
}

func planOf(v app.Plan, s session) planPage {
	p := planPage{Plan: v, Can: map[string]bool{}, Form: form{CSRF: s.csrf, Draft: v.Draft, Digest: v.Digest}}
	for _, command := range v.Next {
		if f := strings.Fields(command); len(f) > 2 {
			p.Can[f[2]] = true
		} else if len(f) == 2 { // roleos resume
			p.Can["apply"] = true
		}
	}
	for _, l := range v.Limits {
		x := limit{Name: inWords(l.Name), This: say.Count(int(l.This)), Most: say.Count(int(l.Most)), Over: l.This > l.Most}
		switch {
		case l.Most > 0:
			x.Part = int(min(100, 100*l.This/l.Most))
		case l.This > 0:
			x.Part = 100
		}
		p.Limits = append(p.Limits, x)
	}
	for _, ch := range v.Changes {
		p.Changes = append(p.Changes, shownChange{ch, diffLines(ch.Diff)})
	}
	for _, d := range v.Drift {
		p.Drifts = append(p.Drifts, shownDrift{d.Object, diffLines(d.Diff)})
	}
	if v.Reading > 0 {
		p.Reading = span(v.Reading)
	}
	return p
}

// act does one of the things that can be done with a change set.
func (c *Console) act(_ http.ResponseWriter, r *http.Request, _ session) (to, done string, err error) {
	id, verb := r.PathValue("id"), r.PathValue("verb")
	to = "/plans/" + url.PathEscape(id)
	done = map[string]string{"stage": "staged", "confirm": "confirmed", "apply": "applied", "undo": "staged", "reject": "ended"}[verb]
	switch verb {
	case "stage":
		_, err = c.o.App.StagePlan(r.Context(), id)
	case "confirm":
		err = c.confirm(r, id)
	case "apply":
		_, err = c.o.App.ApplyPlan(r.Context(), id)
	case "undo":
		var p app.Plan
		if p, err = c.o.App.UndoPlan(r.Context(), id); err == nil {
			to = "/plans/" + url.PathEscape(p.ID)
		}
	case "reject":
		_, err = c.o.App.RejectPlan(r.Context(), id, strings.TrimSpace(r.PostFormValue("text")))
	default:
		err = fault.New(fault.NotFound, "console.plan", "a change set cannot be %q", verb)
	}
	return to, done, err
}

// confirm passes a typed answer on, for the page that it was typed on only: what
// another tab was shown since does not count.
func (c *Console) confirm(r *http.Request, id string) error {
	v, err := c.o.App.ShowPlan(r.Context(), id)
	if err != nil {
		return err
	}
	if seen := r.PostFormValue("digest"); seen == "" || seen != v.Digest {
		return fault.New(fault.Stale, "console.confirm", "what would be done now is not what this page showed").
			WithMend("Read it again, and confirm what stands there then.")
	}
	_, err = c.o.App.ConfirmPlan(r.Context(), id, r.PostFormValue("answer"))
	return err
}

// Destructive reports whether something is lost that cannot simply be had back.
func (p planPage) Destructive() bool {
	return p.Ask.Name || slices.ContainsFunc(p.Changes, func(ch shownChange) bool { return ch.Class.Destructive() })
}
