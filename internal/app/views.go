package app

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"

	"roleos/agents/feedbackriver"
	"roleos/contracts"
	"roleos/internal/artefact"
	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/handoff"
	"roleos/internal/report"
	"roleos/internal/report/page"
	"roleos/internal/store"
)

// View returns everything that is shown of revision n, the newest for 0.
func (a *App) View(ctx context.Context, draft string, n int) (Document, error) {
	d, rev, k, err := a.revision(ctx, draft, n)
	if err != nil {
		return Document{}, err
	}
	records, err := a.Records(ctx, d.Records)
	if err != nil {
		return Document{}, err
	}
	gates, err := gatesOf(rev.Check)
	if err != nil {
		return Document{}, err
	}
	reviews, err := a.db.Reviews(ctx, draft)
	if err != nil {
		return Document{}, err
	}
	said := ""
	for _, r := range reviews {
		if r.Verdict == handoff.RequestChanges || r.Verdict == handoff.Reject {
			said = r.Text
		}
	}
	mode, why, refused, err := a.wayOf(ctx, d)
	if err != nil {
		return Document{}, err
	}
	if refused != "" {
		said = refused
	}
	next := nextAt(d, rev.Passed, gates)
	doc := Document{
		View: report.View{
			Said: said, Draft: d.ID, Revision: strconv.Itoa(rev.N), Digest: rev.Digest, State: string(d.State), Generated: rev.At,
			Records: lookup(records), Gates: gates, Next: next, Solo: a.solo(), Mode: mode, ModeWhy: why,
		},
		Kind: d.Kind, Body: rev.Body,
	}
	if k.Page == nil {
		doc.Synthesis, err = parseSynthesis(rev.Body)
		return doc, err
	}
	sources, err := a.db.Sources(ctx, d.Records)
	if err != nil {
		return doc, err
	}
	doc.SourceName = func(id string) string { return sourceName(sources, id) }
	p, err := k.Page(rev.Body, doc.Records, doc.SourceName)
	p.Facts = append(p.Facts, staleFacts(rev.Body)...)
	doc.Page = &p
	return doc, err
}

// NextOf is NextFor with the gate named that the revision waits for.
func NextOf(d handoff.Draft, rev handoff.Revision) []string {
	gates, err := gatesOf(rev.Check)
	if err != nil {
		return NextFor(d, rev.Passed)
	}
	return nextAt(d, rev.Passed, gates)
}

// nextAt is NextFor with the first gate that waits for a person named.
func nextAt(d handoff.Draft, passed bool, gates []report.Gate) []string {
	next := NextFor(d, passed)
	for i, n := range next {
		for _, g := range gates {
			if g.Status == string(contracts.Waiting) {
				next[i] = strings.Replace(n, " GATE", " "+g.ID, 1)
				break
			}
		}
	}
	return next
}

// Brief is where revision n of a draft stands, the newest for 0, without what it
// says: what a list or a program asks for often.
type Brief struct {
	Draft  handoff.Draft
	Digest string
	Gates  []report.Gate
	Next   []string
}

// Brief returns where a draft stands; it reads no records.
func (a *App) Brief(ctx context.Context, draft string, n int) (Brief, error) {
	d, rev, _, err := a.revision(ctx, draft, n)
	if err != nil {
		return Brief{}, err
	}
	gates, err := gatesOf(rev.Check)
	return Brief{d, rev.Digest, gates, nextAt(d, rev.Passed, gates)}, err
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
func (a *App) Recheck(ctx context.Context, draft string) (Document, error) {
	v, err := a.View(ctx, draft, 0)
	if err != nil {
		return v, err
	}
	check, err := a.Handoff.Recheck(ctx, draft)
	if err != nil {
		return v, err
	}
	v.Gates, err = gatesOf(check.Report)
	return v, err
}

// revision returns revision n of a draft, the newest for 0, with its kind.
func (a *App) revision(ctx context.Context, draft string, n int) (handoff.Draft, handoff.Revision, kind, error) {
	d, err := a.db.Draft(ctx, draft)
	if err != nil {
		return d, handoff.Revision{}, kind{}, err
	}
	k, ok := a.kinds()[d.Kind]
	if !ok {
		return d, handoff.Revision{}, k, fault.New(fault.Internal, "app.view", "draft %s is a %s, which this version of roleos does not know", draft, d.Kind)
	}
	rev, err := a.db.Revision(ctx, draft, n)
	return d, rev, k, err
}

// synthesis returns revision n of a feedback synthesis.
func (a *App) synthesis(ctx context.Context, draft string, n int) (handoff.Draft, handoff.Revision, artefact.FeedbackSynthesis, error) {
	d, rev, k, err := a.revision(ctx, draft, n)
	if err != nil {
		return d, rev, artefact.FeedbackSynthesis{}, err
	}
	if k.ID != feedbackriver.Kind {
		return d, rev, artefact.FeedbackSynthesis{}, fault.New(fault.Invalid, "app.synthesis", "draft %s is a %s; themes are in feedback syntheses only", draft, d.Kind)
	}
	s, err := parseSynthesis(rev.Body)
	return d, rev, s, err
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
			if d.Kind != feedbackriver.Kind {
				return []string{"roleos review change " + d.ID + " --help", "roleos drafts show " + d.ID + " --quotes"}
			}
			return []string{"roleos review edit --help", "roleos drafts show " + d.ID + " --quotes"}
		}
		return []string{"roleos drafts show " + d.ID + " --gates"}
	case handoff.Validated, handoff.InReview:
		if !passed { // a gate waits for a person's word
			return []string{"roleos drafts show " + d.ID + " --gates", "roleos review attest " + d.ID + " GATE"}
		}
		return []string{"roleos review approve " + d.ID, "roleos drafts show " + d.ID + " --quotes"}
	case handoff.Approved:
		if d.ChangeSet != "" {
			return []string{"roleos plan show " + d.ChangeSet, "roleos plan confirm " + d.ChangeSet}
		}
		return []string{"roleos resume"}
	case handoff.Published:
		return []string{"roleos handoff acknowledge " + d.ID, "roleos handoff refuse " + d.ID + " --text \"...\""}
	case handoff.Acknowledged:
		return []string{"roleos handoff start " + d.ID, "roleos handoff refuse " + d.ID + " --text \"...\""}
	case handoff.Started:
		return []string{"roleos handoff close " + d.ID}
	case handoff.Closed, handoff.Rejected:
	}
	return nil
}

// Drafts lists the drafts in one of the states, newest first; no states means all.
func (a *App) Drafts(ctx context.Context, states []handoff.State) ([]handoff.Draft, error) {
	if len(states) == 0 {
		states = []handoff.State{""} // any
	}
	var out []handoff.Draft
	for _, st := range states {
		for cursor := ""; ; {
			page, next, err := a.db.ListDrafts(ctx, store.DraftFilter{State: st}, cursor, 1000)
			if err != nil {
				return nil, err
			}
			out = append(out, page...)
			if cursor = next; next == "" {
				break
			}
		}
	}
	slices.SortStableFunc(out, func(x, y handoff.Draft) int {
		return cmp.Or(y.CreatedAt.Compare(x.CreatedAt), strings.Compare(y.ID, x.ID))
	})
	return out, nil
}

// Cited is one quote of a draft with its number, by which people ask for its row.
type Cited struct {
	N       int            `json:"n"`                  // from 1
	ThemeID string         `json:"theme_id,omitempty"` // what it is quoted for: a theme, a statement
	Theme   string         `json:"theme,omitempty"`
	Quote   evidence.Quote `json:"quote"`
	Place   string         `json:"place"`
}

// Quotes numbers every quote of a draft, in the order in which it shows them.
func (a *App) Quotes(ctx context.Context, draft string, n int) ([]Cited, error) {
	d, rev, k, err := a.revision(ctx, draft, n)
	if err != nil {
		return nil, err
	}
	claims, err := k.Claims(rev.Body)
	if err != nil {
		return nil, err
	}
	records, err := a.Records(ctx, d.Records)
	if err != nil {
		return nil, err
	}
	sources, err := a.db.Sources(ctx, d.Records)
	if err != nil {
		return nil, err
	}
	find := lookup(records)
	var out []Cited
	for _, claim := range claims {
		c := Cited{N: len(out) + 1, ThemeID: claim.Of, Theme: claim.Label, Quote: claim.Quote}
		if r, ok := find(claim.Quote.RecordID); ok {
			c.Place = r.Where(sourceName(sources, r.Source))
		}
		out = append(out, c)
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
	d, rev, k, err := a.revision(ctx, draft, n)
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
		if len(quotes) == 0 {
			return Row{}, fault.New(fault.NotFound, op, "draft %s has no record %q, and it quotes nothing", draft, which).
				WithMend("What it says: roleos drafts show %s", draft)
		}
		return Row{}, fault.New(fault.NotFound, op, "draft %s has no quote and no record %q; its quotes are numbered 1 to %d", draft, which, len(quotes)).
			WithMend("List them: roleos drafts show %s --quotes", draft)
	}
	if row.Quote != nil {
		if err := evidence.CheckQuote(&r, *row.Quote); err != nil {
			return Row{}, fault.Wrap(err, fault.Internal, op, "quote %s of revision %d is not in its record", which, rev.N)
		}
	}
	sources, err := a.db.Sources(ctx, d.Records)
	if err != nil {
		return Row{}, err
	}
	row.Record, row.Text, row.Place = r, r.Text, r.Where(sourceName(sources, r.Source))
	if k.ID == feedbackriver.Kind {
		s, err := parseSynthesis(rev.Body)
		if err != nil {
			return Row{}, err
		}
		for _, t := range s.Themes {
			if slices.Contains(t.RecordIDs, r.ID) || slices.Contains(t.AlsoIn, r.ID) {
				row.Themes = append(row.Themes, t)
			}
		}
	}
	if original && len(r.Masks) > 0 {
		if row.Text, err = a.db.Original(ctx, d.Records, r.ID); err != nil {
			return Row{}, err
		}
		err := a.db.InTx(ctx, func(ctx context.Context) error {
			return a.log.Append(ctx, "original.shown", a.actor(ctx), r.ID, map[string]any{"draft": draft})
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
	d, late, k, err := a.revision(ctx, draft, to)
	if err != nil {
		return Comparison{}, err
	}
	if from == 0 {
		from = late.N - 1
	}
	if from < 1 || from >= late.N {
		return Comparison{}, fault.New(fault.Invalid, "app.diff", "draft %s has revisions 1 to %d; there is nothing between %d and %d to compare", draft, d.Revision, from, late.N)
	}
	early, err := a.db.Revision(ctx, draft, from)
	if err != nil {
		return Comparison{}, err
	}
	differences, err := k.Diff(early.Body, late.Body)
	if err != nil {
		return Comparison{}, err
	}
	c := Comparison{Draft: draft, From: from, To: late.N, Notes: []string{}, Differences: differences}
	for n := from + 1; n <= late.N; n++ {
		r, err := a.db.Revision(ctx, draft, n)
		if err != nil {
			return Comparison{}, err
		}
		c.Notes = append(c.Notes, strconv.Itoa(n)+" by "+r.By+": "+r.Note)
	}
	return c, nil
}

// Document is one revision of a draft, ready to be shown in any form.
type Document struct {
	report.View // its Synthesis is set for feedback syntheses only
	Kind        string
	Body        []byte     // the revision's bytes
	Page        *page.Page // of every other kind
}

// JSON writes the artefact.
func (d Document) JSON(w io.Writer) error { return report.JSON(w, d.Body) }

// Markdown writes the whole document as GitHub-flavoured Markdown.
func (d Document) Markdown(w io.Writer) error {
	if d.Page == nil {
		return report.Markdown(w, d.View)
	}
	return page.Markdown(w, *d.Page, d.Frame())
}

// HTML writes the document as one file that needs nothing beside it.
func (d Document) HTML(w io.Writer) error {
	if d.Page == nil {
		return report.HTML(w, d.View)
	}
	return page.HTML(w, *d.Page, d.Frame())
}

// Terminal writes the document for a terminal.
func (d Document) Terminal(w io.Writer, o report.TerminalOptions) error {
	if d.Page == nil {
		return report.Terminal(w, d.View, o)
	}
	return page.Terminal(w, *d.Page, d.Frame(), o)
}

// CSV writes one row per record; only syntheses divide records.
func (d Document) CSV(w io.Writer, o report.CSVOptions) error {
	if d.Page != nil {
		return fault.New(fault.Invalid, "app.csv", "a %s is no table of records", d.Kind).WithMend("Use -o text, json, md or html.")
	}
	return report.CSV(w, d.View, o)
}
