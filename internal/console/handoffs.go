package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"roleos/internal/app"
	"roleos/internal/fault"
	"roleos/internal/handoff"
)

// Handoffs shows both sides of a handoff.
type Handoffs interface {
	Handoffs(ctx context.Context, all bool) ([]app.HandoffView, error)
	ShowHandoff(ctx context.Context, draft string) (app.HandoffView, error)
	HandoffCounts(ctx context.Context) ([]handoff.Count, error)
}

// Answering takes what people say on a handoff.
type Answering interface {
	Answer(ctx context.Context, draft string, verb handoff.Verb, digest, text string) (handoff.Draft, error)
	Attest(ctx context.Context, draft, gate, digest, text string) (handoff.Draft, handoff.Revision, error)
}

type handoffsPage struct {
	All     bool
	Rows    []handoffRow
	Counted bool
	Counts  []handoff.Count
}

// handoffRow is one handoff with the clock that runs.
type handoffRow struct {
	app.HandoffView
	Clock *running
}

// running is a clock as a person reads it.
type running struct {
	handoff.Timing
	Waits string // what is expected, and of whom
	Left  string
	Tone  string
}

func rowOfHandoff(v app.HandoffView) handoffRow {
	row := handoffRow{HandoffView: v}
	if t, ok := v.Running(); ok {
		c := readClock(t)
		row.Clock = &c
	}
	return row
}

// soon is how much time may be left before a clock is marked.
const soon = 4 * time.Hour

func readClock(t handoff.Timing) running {
	c := running{Timing: t, Waits: state(t.Expect) + " by the " + strings.TrimPrefix(t.Role, "role:")}
	working := ""
	if t.Working {
		working = " of working time"
	}
	switch {
	case !t.Ended.IsZero():
		c.Left = string(t.End)
	case t.Paused != "":
		c.Left, c.Tone = "paused with "+span(t.Left)+working+" left: "+t.Paused, "notable"
	case t.Left < 0:
		c.Left, c.Tone = span(-t.Left)+working+" late", "bad"
	case t.Left < soon:
		c.Left, c.Tone = span(t.Left)+working+" left", "unsure"
	default:
		c.Left, c.Tone = span(t.Left)+working+" left", "good"
	}
	return c
}

func (c *Console) handoffs(w http.ResponseWriter, r *http.Request, s session) error {
	p := handoffsPage{All: r.URL.Query().Get("all") != ""}
	list, err := c.o.App.Handoffs(r.Context(), p.All)
	if err != nil {
		return err
	}
	for _, v := range list {
		p.Rows = append(p.Rows, rowOfHandoff(v))
	}
	if r.URL.Query().Get("counts") != "" { // it reads every draft there is
		if p.Counts, err = c.o.App.HandoffCounts(r.Context()); err != nil {
			return err
		}
		p.Counted = true
	}
	return c.show(w, r, s, http.StatusOK, "handoffs", layout{Title: "Handoffs", Active: "handoffs", Page: p})
}

type handoffPage struct {
	app.HandoffView
	Clocks  []running
	Notices []string
	Can     map[string]bool // acknowledge, refuse, start, close, pause, resume
	Form    form
}

func (c *Console) handoff(w http.ResponseWriter, r *http.Request, s session) error {
	v, err := c.o.App.ShowHandoff(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	p := handoffPage{HandoffView: v, Can: map[string]bool{}, Form: form{CSRF: s.csrf, Draft: v.Draft, Digest: v.Digest}}
	for _, t := range v.Clocks {
		p.Clocks = append(p.Clocks, readClock(t))
	}
	for _, n := range v.Notices {
		p.Notices = append(p.Notices, app.NoticeText(n))
	}
	switch v.State {
	case handoff.Published:
		p.Can["acknowledge"], p.Can["refuse"] = true, true
	case handoff.Acknowledged:
		p.Can["start"], p.Can["refuse"] = true, true
	case handoff.Started:
		p.Can["close"] = true
	case handoff.Drafted, handoff.Validated, handoff.InReview, handoff.Approved, handoff.Closed, handoff.Rejected:
	}
	if t, ok := v.Running(); ok {
		p.Can["pause"], p.Can["resume"] = t.Paused == "", t.Paused != ""
	}
	return c.show(w, r, s, http.StatusOK, "handoff", layout{Title: "Handoff of " + v.Title, Active: "handoffs", Page: p})
}

// answer takes what the taking side says about the revision that was shown.
func (c *Console) answer(_ http.ResponseWriter, r *http.Request, _ session) (to, done string, err error) {
	id, digest := r.PathValue("id"), r.PostFormValue("digest")
	if digest == "" {
		return "", "", fault.New(fault.Invalid, "console.handoff", "the form does not say which revision it is about").WithMend("Open the handoff again.")
	}
	_, err = c.o.App.Answer(r.Context(), id, handoff.Verb(r.PathValue("verb")), digest, strings.TrimSpace(r.PostFormValue("text")))
	return "/handoffs/" + url.PathEscape(id), "taken", err
}

// attest takes a person's word on a gate, for the revision that was shown.
func (c *Console) attest(w http.ResponseWriter, r *http.Request, s session) (to, done string, err error) {
	id, digest := r.PathValue("id"), r.PostFormValue("digest")
	if digest == "" {
		return "", "", fault.New(fault.Invalid, "console.attest", "the form does not say which revision it is about").WithMend("Open the draft again.")
	}
	_, _, err = c.o.App.Attest(r.Context(), id, r.PostFormValue("gate"), digest, strings.TrimSpace(r.PostFormValue("text")))
	if err != nil && stale(err) {
		return "", "", c.moved(w, r, s, err)
	}
	return "/drafts/" + url.PathEscape(id), "attested", err
}
