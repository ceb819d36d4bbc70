package problemframer

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"roleos/agents"
	"roleos/agents/wording"
	"roleos/internal/artefact"
	"roleos/internal/artefact/brief"
	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/scaffold"
)

// Version names the offline analyst's method; it changes when its results may.
const Version = "framing/1"

// Options set how the agent drafts. The zero value drafts without a model.
type Options struct {
	// Wording names the model that words the problem; usually none.
	Wording wording.Options
}

// Agent is the Problem Framer with the offline analyst.
type Agent struct{ o Options }

// New returns the agent.
func New(o Options) *Agent { return &Agent{o: o} }

// Draft implements agents.Agent. It fails with fault.Invalid when there is
// nothing to frame: neither an artefact to build on nor a context document.
func (a *Agent) Draft(ctx context.Context, t agents.Task) (agents.Draft, error) {
	o, err := a.Outline(ctx, t)
	if err != nil {
		return agents.Draft{}, err
	}
	taint, err := a.worded(ctx, &o, t)
	if err != nil {
		return agents.Draft{}, err
	}
	b, err := brief.Compose(o, t.Records)
	if err != nil {
		return agents.Draft{}, err
	}
	body, err := b.Marshal()
	if err != nil {
		return agents.Draft{}, err
	}
	return agents.Draft{Kind: brief.Kind, Title: b.Title, Body: body, Taint: t.Taint(taint...)}, nil
}

// Outline collects what the inputs say and leaves numbers, wording and gaps to Compose.
func (a *Agent) Outline(ctx context.Context, t agents.Task) (brief.Outline, error) {
	const op = "problemframer.draft"
	if err := ctx.Err(); err != nil {
		return brief.Outline{}, err
	}
	progress := func(stage string) {
		if t.Progress != nil {
			t.Progress(stage, 0, 0)
		}
	}
	o := brief.Outline{Sample: t.Sample, Sources: t.Sources, Findings: t.Findings, Redaction: t.Redaction, Method: method()}
	u := newUpstream(t.Records)
	progress("Reading the artefacts it builds on")
	for _, up := range t.Upstream {
		o.From = append(o.From, brief.Input{Kind: up.Kind, Draft: up.Draft, Digest: up.Digest, State: up.State})
		if err := u.read(&o, up); err != nil {
			return o, fault.Wrap(err, fault.Invalid, op, "%s %s is not readable", up.Kind, up.Draft)
		}
	}
	progress("Reading the context")
	s := scaffold.Read(rest(t.Records, o.Themes))
	if len(t.Upstream) == 0 && len(s.Items) == 0 {
		return o, fault.New(fault.Invalid, op, "there is nothing to frame: no artefact to build on, and no context document").
			WithMend("Draft and approve a synthesis first: roleos run feedback-river --in export.csv\nThen: roleos run problem-framer --from DRAFT --in context/")
	}
	fill(&o, s)
	o.Findings = append(slices.Clone(o.Findings), unread(t, o, s)...)
	if t.Focus != "" {
		id, ok := find(o.Themes, t.Focus)
		if !ok {
			return o, fault.New(fault.NotFound, op, "there is no theme %q to focus on", t.Focus).
				WithMend("Themes with their ids: roleos drafts show %s", cmp.Or(draftOf(t, "feedback-synthesis"), "DRAFT"))
		}
		o.Focus, o.Asked = id, true
	}
	progress("Wording the problem")
	return o, nil
}

// rest returns the records that the synthesis does not count: feedback that
// happens to hold a heading is no context document.
func rest(records []evidence.Record, themes []brief.Theme) []evidence.Record {
	counted := map[string]bool{}
	for _, t := range themes {
		for _, id := range t.RecordIDs {
			counted[id] = true
		}
	}
	var out []evidence.Record
	for _, r := range records {
		if !counted[r.ID] {
			out = append(out, r)
		}
	}
	return out
}

// unread names the files in which nothing was recognised: what a person gave and
// the brief does not use must not go by in silence.
func unread(t agents.Task, o brief.Outline, s scaffold.Scaffold) []artefact.Finding {
	used := map[string]bool{}
	for _, d := range s.Documents {
		used[d.Source] = true
	}
	cited := map[string]bool{}
	for _, x := range o.Themes {
		for _, id := range x.RecordIDs {
			cited[id] = true
		}
	}
	for _, x := range o.Statements {
		cited[x.Quote.RecordID] = true
	}
	for _, x := range o.Signals {
		cited[x.Quote.RecordID] = true
	}
	for _, r := range t.Records {
		used[r.Source] = used[r.Source] || cited[r.ID]
	}
	var out []artefact.Finding
	for _, src := range t.Sources {
		if used[src.ID] {
			continue
		}
		if s.Published[src.ID] {
			out = append(out, artefact.Finding{
				Kind: "own_report", Severity: "info", Where: []string{src.Name}, Count: src.Records,
				Message: src.Name + " is a published draft and was not read as context.",
			})
			continue
		}
		out = append(out, artefact.Finding{
			Kind: "context_unread", Severity: "warning", Where: []string{src.Name}, Count: src.Records,
			Message: src.Name + ": nothing in it was recognised as context, and no artefact cites it. Write it as Markdown with “kind: constraints” or another kind in its front matter, or with headings such as “Constraints”.",
		})
	}
	return out
}

func find(themes []brief.Theme, focus string) (string, bool) {
	for _, t := range themes {
		if t.ID != artefact.Unassigned && (t.ID == focus || strings.EqualFold(t.Label, focus)) {
			return t.ID, true
		}
	}
	return "", false
}

func method() artefact.Method {
	return artefact.Method{
		Analyst: "offline", Version: Version,
		Steps: []string{
			"The problem is the first issue of the feedback synthesis, or the theme that a person named.",
			"Data points are the theme's quotes, then records of it that differ most from those, then what stakeholders, the market and measures say in its words.",
			"Counts, shares and segments are computed again from the records; a segment is called heavier or lighter at a false-discovery rate of 5 %.",
			"Rationale, criteria, constraints, dependencies and ethics are lines of the context documents, copied word for word with who owns them.",
			"A stated measure is a criterion when its line holds metric, comparator, target, unit and deadline; its baseline is the measured value of nearly the same metric in the same unit.",
			"What no line holds is written down as a gap.",
		},
		Limits: []string{
			"Whether a statement or a priority speaks of the problem is decided by shared words: another wording for the same thing is not seen.",
			"Context lines are taken as their owners wrote them; whether they are still true is not checked.",
		},
		Notes: []string{},
	}
}

// draftOf returns the draft of the kind that the task builds on, "" for none.
func draftOf(t agents.Task, kind string) string {
	for _, a := range t.Upstream {
		if a.Kind == kind {
			return a.Draft
		}
	}
	return ""
}
