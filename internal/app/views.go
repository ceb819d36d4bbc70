package app

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"roleos/contracts"
	"roleos/internal/artefact"
	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/handoff"
	"roleos/internal/report"
	"roleos/internal/store"
)

// View returns everything a report shows of revision n, the newest for 0.
func (a *App) View(ctx context.Context, draft string, n int) (report.View, error) {
	d, rev, s, err := a.synthesis(ctx, draft, n)
	if err != nil {
		return report.View{}, err
	}
	records, err := a.Records(ctx, d.Records)
	if err != nil {
		return report.View{}, err
	}
	gates, err := gatesOf(rev.Check)
	if err != nil {
		return report.View{}, err
	}
	reviews, err := a.db.Reviews(ctx, draft)
	if err != nil {
		return report.View{}, err
	}
	said := ""
	for _, r := range reviews {
		if r.Verdict == handoff.RequestChanges || r.Verdict == handoff.Reject {
			said = r.Text
		}
	}
	return report.View{
		Said: said, Draft: d.ID, Revision: strconv.Itoa(rev.N), Digest: rev.Digest, State: string(d.State), Generated: rev.At,
		Synthesis: s, Records: lookup(records), Gates: gates, Next: NextFor(d, rev.Passed), Solo: a.solo(),
	}, nil
}

// gatesOf reads a contract's result as it is stored.
func gatesOf(check []byte) ([]report.Gate, error) {
	var result contracts.Result
	if err := json.Unmarshal(check, &result); err != nil {
		return nil, fault.Wrap(err, fault.Internal, "app.view", "a stored contract result is not readable")
	}
	var out []report.Gate
	for _, g := range result.Gates {
		status := string(g.Status)
		if g.Status != contracts.Passed && (g.Enforcement == contracts.Warn || g.Enforcement == contracts.Audit) {
			status = "warned"
		}
		out = append(out, report.Gate{
			ID: g.ID, Says: g.Says, Status: status, Where: g.Where, Observed: g.Observed, Mend: g.Mend,
		})
	}
	return out, nil
}

// Recheck runs the pinned contract over the newest revision again, from its
// stored bytes and records.
func (a *App) Recheck(ctx context.Context, draft string) (report.View, error) {
	v, err := a.View(ctx, draft, 0)
	if err != nil {
		return v, err
	}
	d, err := a.db.Draft(ctx, draft)
	if err != nil {
		return v, err
	}
	rev, err := a.db.Revision(ctx, draft, 0)
	if err != nil {
		return v, err
	}
	records, err := a.Records(ctx, d.Records)
	if err != nil {
		return v, err
	}
	check, err := a.gate.Check(ctx, d.Contract, rev.Body, records)
	if err != nil {
		return v, err
	}
	v.Gates, err = gatesOf(check.Report)
	return v, err
}

func (a *App) synthesis(ctx context.Context, draft string, n int) (handoff.Draft, handoff.Revision, artefact.FeedbackSynthesis, error) {
	var s artefact.FeedbackSynthesis
	d, err := a.db.Draft(ctx, draft)
	if err != nil {
		return d, handoff.Revision{}, s, err
	}
	rev, err := a.db.Revision(ctx, draft, n)
	if err != nil {
		return d, rev, s, err
	}
	if err := json.Unmarshal(rev.Body, &s); err != nil {
		return d, rev, s, fault.Wrap(err, fault.Internal, "app.view", "revision %d of %s is not readable", rev.N, draft)
	}
	return d, rev, s, nil
}

// lookup finds records by id; the index is built at the first question.
func lookup(records []evidence.Record) func(string) (evidence.Record, bool) {
	var index map[string]int
	return func(id string) (evidence.Record, bool) {
		if index == nil {
			index = make(map[string]int, len(records))
			for i := range records {
				index[records[i].ID] = i
			}
		}
		i, ok := index[id]
		if !ok {
			return evidence.Record{}, false
		}
		return records[i], true
	}
}

// NextFor returns the exact commands that a draft in this state waits for.
// passed says whether its newest revision passed the contract.
func NextFor(d handoff.Draft, passed bool) []string {
	switch d.State {
	case handoff.Drafted:
		if passed { // changes were requested
			return []string{"roleos review edit --help", "roleos drafts show " + d.ID + " --quotes"}
		}
		return []string{"roleos drafts show " + d.ID + " --gates"}
	case handoff.Validated, handoff.InReview:
		return []string{"roleos review approve " + d.ID, "roleos drafts show " + d.ID + " --quotes"}
	case handoff.Approved:
		if d.ChangeSet != "" {
			return []string{"roleos plan show " + d.ChangeSet, "roleos plan confirm " + d.ChangeSet}
		}
		return []string{"roleos resume"}
	case handoff.Published, handoff.Acknowledged, handoff.Started, handoff.Closed, handoff.Rejected:
	}
	return nil
}

// Drafts lists the drafts in one of the states, newest first; no states means all.
func (a *App) Drafts(ctx context.Context, states []handoff.State) ([]handoff.Draft, error) {
	var out []handoff.Draft
	for cursor := ""; ; {
		page, next, err := a.db.ListDrafts(ctx, store.DraftFilter{}, cursor, 200)
		if err != nil {
			return nil, err
		}
		for _, d := range page {
			if len(states) == 0 || slices.Contains(states, d.State) {
				out = append(out, d)
			}
		}
		if cursor = next; next == "" {
			return out, nil
		}
	}
}

// Cited is one quote of a draft with its number, by which people ask for its row.
type Cited struct {
	N       int            `json:"n"` // from 1
	ThemeID string         `json:"theme_id"`
	Theme   string         `json:"theme"`
	Quote   evidence.Quote `json:"quote"`
	Place   string         `json:"place"`
}

// Quotes numbers every quote of a draft, in the order in which it shows them.
func (a *App) Quotes(ctx context.Context, draft string, n int) ([]Cited, error) {
	d, _, s, err := a.synthesis(ctx, draft, n)
	if err != nil {
		return nil, err
	}
	records, err := a.Records(ctx, d.Records)
	if err != nil {
		return nil, err
	}
	find := lookup(records)
	var out []Cited
	for _, t := range s.Themes {
		all := t.Quotes
		if t.Says != nil && !slices.Contains(all, *t.Says) {
			all = append([]evidence.Quote{*t.Says}, all...)
		}
		for _, q := range all {
			c := Cited{N: len(out) + 1, ThemeID: t.ID, Theme: t.Label, Quote: q}
			if r, ok := find(q.RecordID); ok {
				c.Place = r.Where(sourceName(s.Sources, r.Source))
			}
			out = append(out, c)
		}
	}
	return out, nil
}

func sourceName(sources []evidence.Source, id string) string {
	for _, s := range sources {
		if s.ID == id {
			return s.Name
		}
	}
	return id
}

// Row is the record behind a claim.
type Row struct {
	Record evidence.Record  `json:"record"`
	Place  string           `json:"place"`
	Quote  *evidence.Quote  `json:"quote,omitempty"`
	Themes []artefact.Theme `json:"-"` // that count or mention it
	Text   string           `json:"text"`
}

// Marked returns the text with the quote between guillemets; show makes each part fit to be shown.
func (r Row) Marked(show func(string) string) string {
	if r.Quote == nil || r.Quote.End > len(r.Text) {
		return show(r.Text)
	}
	parts := []string{show(r.Text[:r.Quote.Start]), "»" + show(r.Text[r.Quote.Start:r.Quote.End]) + "«", show(r.Text[r.Quote.End:])}
	return strings.TrimSpace(strings.Join(parts, " "))
}

// Evidence walks from a claim to its row: which is a quote's number or a record's
// id. The original text is shown on request only, and the audit log says to whom.
func (a *App) Evidence(ctx context.Context, draft string, n int, which string, original bool) (Row, error) {
	const op = "app.evidence"
	d, rev, s, err := a.synthesis(ctx, draft, n)
	if err != nil {
		return Row{}, err
	}
	quotes, err := a.Quotes(ctx, draft, n)
	if err != nil {
		return Row{}, err
	}
	var row Row
	id := which
	if i, err := strconv.Atoi(which); err == nil && i >= 1 && i <= len(quotes) {
		row.Quote = &quotes[i-1].Quote
		id = row.Quote.RecordID
	}
	r, err := a.db.Record(ctx, d.Records, id)
	if err != nil {
		return Row{}, fault.New(fault.NotFound, op, "draft %s has no quote and no record %q; its quotes are numbered 1 to %d", draft, which, len(quotes)).
			WithMend("List them: roleos drafts show %s --quotes", draft)
	}
	if row.Quote != nil {
		if err := evidence.CheckQuote(&r, *row.Quote); err != nil {
			return Row{}, fault.Wrap(err, fault.Internal, op, "quote %s of revision %d is not in its record", which, rev.N)
		}
	}
	row.Record, row.Text, row.Place = r, r.Text, r.Where(sourceName(s.Sources, r.Source))
	for _, t := range s.Themes {
		if slices.Contains(t.RecordIDs, r.ID) || slices.Contains(t.AlsoIn, r.ID) {
			row.Themes = append(row.Themes, t)
		}
	}
	if original && len(r.Masks) > 0 {
		if row.Text, err = a.db.Original(ctx, d.Records, r.ID); err != nil {
			return Row{}, err
		}
		err := a.db.InTx(ctx, func(ctx context.Context) error {
			return a.log.Append(ctx, "original.shown", a.cfg.Principal, r.ID, map[string]any{"draft": draft})
		})
		if err != nil {
			return Row{}, err
		}
	}
	return row, nil
}

// Comparison is what changed between two revisions.
type Comparison struct {
	Draft       string                `json:"draft"`
	From        int                   `json:"from"`
	To          int                   `json:"to"`
	Notes       []string              `json:"notes"` // what people said they did, oldest first
	Differences []artefact.Difference `json:"differences"`
}

// Diff compares revisions from and to; 0 means the newest, and the one before it.
func (a *App) Diff(ctx context.Context, draft string, from, to int) (Comparison, error) {
	d, late, b, err := a.synthesis(ctx, draft, to)
	if err != nil {
		return Comparison{}, err
	}
	if from == 0 {
		from = late.N - 1
	}
	if from < 1 || from >= late.N {
		return Comparison{}, fault.New(fault.Invalid, "app.diff", "draft %s has revisions 1 to %d; there is nothing between %d and %d to compare", draft, d.Revision, from, late.N)
	}
	_, _, x, err := a.synthesis(ctx, draft, from)
	if err != nil {
		return Comparison{}, err
	}
	c := Comparison{Draft: draft, From: from, To: late.N, Notes: []string{}, Differences: artefact.Diff(x, b)}
	for n := from + 1; n <= late.N; n++ {
		r, err := a.db.Revision(ctx, draft, n)
		if err != nil {
			return Comparison{}, err
		}
		c.Notes = append(c.Notes, strconv.Itoa(n)+" by "+r.By+": "+r.Note)
	}
	return c, nil
}
