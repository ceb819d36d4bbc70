package brief

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"roleos/internal/artefact"
	"roleos/internal/evidence"
	"roleos/internal/scaffold"
	"roleos/internal/stat"
)

// mostOther is how many data points of each other kind it shows.
const mostOther = 8

// mostEvidence is how many data points of feedback a brief shows; the others are
// in the synthesis.
const mostEvidence = 6

// Compose makes the brief that o outlines. It is a pure function: the same
// outline and records give the same bytes. It fails when a record is counted
// twice, is unknown, or is quoted otherwise than it reads.
func Compose(o Outline, records []evidence.Record) (ProblemBrief, error) {
	c, err := corpus(o.Themes, records)
	if err != nil {
		return ProblemBrief{}, fmt.Errorf("compose the brief: %w", err)
	}
	b := &builder{o: o, corpus: c}
	out := &b.out
	*out = ProblemBrief{
		Schema: Schema, Sample: o.Sample, Sources: o.Sources, From: o.From, Statements: o.Statements, Signals: o.Signals,
		Conflicts: slices.Clone(o.Conflicts), Rationale: slices.Clone(o.Rationale), Criteria: slices.Clone(o.Criteria), Aims: o.Aims, Baselines: slices.Clone(o.Baselines),
		Constraints: o.Constraints, NoneKnown: o.NoneKnown, Dependencies: o.Dependencies, Ethics: o.Ethics, Exclusions: o.Exclusions,
		Assumptions: o.Assumptions, Questions: o.Questions, Dropped: o.Dropped, Edits: o.Edits, Findings: o.Findings, Method: o.Method,
		Redaction: o.Redaction, Themes: slices.Clone(o.Themes), Rejected: o.Rejected, Suggested: o.Suggested,
	}
	b.choose()
	b.themes()
	b.size()
	b.segments()
	b.evidence()
	b.stakeholders()
	b.relate()
	b.measures()
	b.statement()
	b.gaps()
	b.fill()
	for _, q := range out.Quotes() {
		r, ok := c.Record(q.RecordID)
		if !ok {
			return ProblemBrief{}, fmt.Errorf("compose the brief: it quotes record %q, which is not among the records", q.RecordID)
		}
		if err := evidence.CheckQuote(r, q); err != nil {
			return ProblemBrief{}, fmt.Errorf("compose the brief: %w", err)
		}
	}
	if b.err != nil {
		return ProblemBrief{}, fmt.Errorf("compose the brief: %w", b.err)
	}
	return *out, nil
}

// builder writes every number together with the figure that backs it.
type builder struct {
	o      Outline
	corpus *evidence.Corpus
	out    ProblemBrief
	focus  *Theme          // nil: none
	about  map[string]bool // subject words of the focus
	err    error
}

func (b *builder) figure(at, unit string, v float64, q evidence.Query) {
	b.out.Figures = evidence.Numbered(b.out.Figures, evidence.Figure{At: at, Unit: unit, Value: v, Query: q})
}

// number computes q, backs the number at the pointer with it and returns it.
func (b *builder) number(at, unit string, q evidence.Query) float64 {
	r, err := b.corpus.Eval(q, nil)
	if err != nil && b.err == nil {
		b.err = err
	}
	b.figure(at, unit, r.Value, q)
	return r.Value
}

// choose finds the theme that the brief is about: the one a person named, else
// the first issue of the synthesis.
func (b *builder) choose() {
	best := -1
	for i, t := range b.out.Themes {
		if t.ID == artefact.Unassigned {
			continue
		}
		if b.o.Focus != "" && t.ID == b.o.Focus {
			best = i
			break
		}
		if b.o.Focus == "" && t.Rank > 0 && (best < 0 || t.Rank < b.out.Themes[best].Rank) {
			best = i
		}
	}
	b.about = map[string]bool{}
	switch {
	case best >= 0:
		b.focus = &b.out.Themes[best]
		b.about = b.telling(scaffold.Words(append([]string{b.focus.Label}, b.focus.Phrases...)...))
	case b.o.Stated != nil:
		b.about = scaffold.Words(b.o.Stated.Text)
	}
}

func (b *builder) themes() {
	for i := range b.out.Themes {
		t := &b.out.Themes[i]
		at, own := fmt.Sprintf("/themes/%d", i), &evidence.Selector{Theme: t.ID}
		t.Count = int(b.number(at+"/count", "records", evidence.Query{Op: evidence.OpCount, Of: own}))
		t.Share = b.number(at+"/share", "share", evidence.Query{Op: evidence.OpShare, Of: own, Per: &evidence.Selector{Assigned: true}})
	}
}

func (b *builder) size() {
	if b.focus == nil {
		return
	}
	own, all := &evidence.Selector{Theme: b.focus.ID}, &evidence.Selector{Assigned: true}
	b.out.Size = &Size{
		Records:    int(b.number("/size/records", "records", evidence.Query{Op: evidence.OpCount, Of: own})),
		Population: int(b.number("/size/population", "records", evidence.Query{Op: evidence.OpCount, Of: all})),
		Share:      b.number("/size/share", "share", evidence.Query{Op: evidence.OpShare, Of: own, Per: all}),
		ShareLow:   b.number("/size/share_low", "share", evidence.Query{Op: evidence.OpLow, Of: own, Per: all}),
		ShareHigh:  b.number("/size/share_high", "share", evidence.Query{Op: evidence.OpHigh, Of: own, Per: all}),
		Rank:       b.focus.Rank, Trend: b.focus.Trend, Confidence: b.focus.Confidence, Validated: b.focus.Validated,
	}
}

// segments tests the problem in every segment value against the other records
// that have a value.
func (b *builder) segments() {
	var ps []float64
	for i, d := range b.o.Dimensions {
		x := Dimension{Name: d.Name, Cells: []Cell{}}
		for j, c := range d.Cells {
			if b.focus == nil {
				continue
			}
			r, err := b.corpus.Eval(b.cell(d.Name, c.Value), nil)
			if err != nil && b.err == nil {
				b.err = err
			}
			p := r.Parts
			ps = append(ps, p["p"])
			x.Cells = append(x.Cells, Cell{
				Value: c.Value, Count: int(p["count"]), Share: p["share"], RestShare: p["rest_share"], Lift: p["lift"], P: p["p"], Verdict: artefact.AsExpected,
			})
			q := b.cell(d.Name, c.Value)
			q.Number, q.Family = fmt.Sprintf("/segments/%d/cells/%d/p", i, j), []string{"/segments/*/cells/*/p"}
			b.figure(fmt.Sprintf("/segments/%d/cells/%d", i, j), "cell", 0, q)
			b.out.Figures[len(b.out.Figures)-1].Parts = p
		}
		b.out.Segments = append(b.out.Segments, x)
	}
	qs, k := stat.BenjaminiHochberg(ps), 0
	for i := range b.out.Segments {
		for j := range b.out.Segments[i].Cells {
			c := &b.out.Segments[i].Cells[j]
			c.Q = evidence.Round(qs[k])
			k++
			if c.Q <= 0.05 {
				c.Verdict = artefact.Under
				if c.Lift > 1 {
					c.Verdict = artefact.Over
				}
			}
			at := fmt.Sprintf("/segments/%d/cells/%d", i, j)
			for f := range b.out.Figures {
				if b.out.Figures[f].At == at {
					b.out.Figures[f].Parts["q"] = c.Q
				}
			}
		}
	}
}

func (b *builder) cell(name, value string) evidence.Query {
	return evidence.Query{
		Op:      evidence.OpCell,
		Of:      &evidence.Selector{Theme: b.focus.ID, Segment: name, Value: value},
		Per:     &evidence.Selector{Assigned: true, Segment: name, Value: value},
		Rest:    &evidence.Selector{Theme: b.focus.ID, Segment: name, NotValue: value},
		RestPer: &evidence.Selector{Assigned: true, Segment: name, NotValue: value},
	}
}

// evidence takes the quotes of the focus, then further records that say it in
// other words, then what stakeholders, the market and measures say of it.
func (b *builder) evidence() {
	dropped := map[string]bool{}
	for _, d := range b.o.Dropped {
		dropped[d.ID] = true
	}
	seen, texts := map[string]bool{}, map[string]bool{}
	of := map[string]int{}
	add := func(kind, theme, who string, q evidence.Quote) {
		if of[kind]++; of[kind] > mostOther && kind != "feedback" {
			return
		}
		d := Datum{ID: NewID("e", q.RecordID, strconv.Itoa(q.Start), strconv.Itoa(q.End)), Kind: kind, Record: q.RecordID, Theme: theme, Who: who, Quote: q}
		if key := strings.ToLower(q.Text); !dropped[d.ID] && !seen[d.ID] && !texts[key] {
			seen[d.ID], texts[key] = true, true
			b.out.Evidence = append(b.out.Evidence, d)
		}
	}
	if b.focus != nil {
		for _, q := range b.feedback() {
			add("feedback", b.focus.ID, b.speaker(q.RecordID), q)
		}
	}
	for _, s := range b.o.Suggested {
		q, err := b.suggested(s)
		if err != nil && b.err == nil {
			b.err = err
		}
		if err == nil && s.By != "" && b.focus != nil && s.Theme == b.focus.ID {
			add("feedback", b.focus.ID, b.speaker(s.Record), q)
		}
	}
	for _, s := range b.o.Statements {
		if (s.Kind == "request" || s.Kind == "concern" || s.Kind == "proposal") && b.names(s.Quote.Text) {
			add("stakeholder", "", s.Who, s.Quote)
		}
	}
	for _, s := range b.o.Signals {
		if b.names(s.Quote.Text) || b.names(s.Title) {
			add("market", "", s.Title, s.Quote)
		}
	}
	for _, m := range b.o.Baselines {
		if m.Quote != nil && b.names(m.Metric) {
			add("measure", "", "", *m.Quote)
		}
	}
}

// suggested finds a suggestion in its record again.
func (b *builder) suggested(s Suggestion) (evidence.Quote, error) {
	r, ok := b.corpus.Record(s.Record)
	if !ok {
		return evidence.Quote{}, fmt.Errorf("suggestion %s is of record %q, which is not among the records", s.ID, s.Record)
	}
	span, ok := evidence.Locate(r.Text, s.Text)
	if !ok {
		return evidence.Quote{}, fmt.Errorf("suggestion %s does not stand in record %q", s.ID, s.Record)
	}
	q, _ := r.Quote(span.Start, span.End)
	return q, evidence.CheckQuote(r, q)
}

func (b *builder) speaker(record string) string {
	if r, ok := b.corpus.Record(record); ok {
		return cmp.Or(r.Origin.Speaker, r.Account)
	}
	return ""
}

// names reports whether a text names the subject of the focus: one of its words
// when it has one or two, else two of them.
func (b *builder) names(text string) bool {
	n := scaffold.Shared(b.about, scaffold.Words(text))
	return n >= 2 || n == 1 && len(b.about) <= 4
}

// feedback returns the quotes of the theme and, up to mostEvidence, whole records
// of it that differ most from those already taken.
func (b *builder) feedback() []evidence.Quote {
	out := slices.Clone(b.focus.Quotes)
	if len(out) > mostEvidence {
		return out[:mostEvidence]
	}
	taken := map[string]bool{}
	var words []map[string]bool
	for _, q := range out {
		taken[q.RecordID] = true
		words = append(words, scaffold.Words(q.Text))
	}
	type candidate struct {
		q evidence.Quote
		w map[string]bool
	}
	var more []candidate
	for _, rid := range b.focus.RecordIDs {
		r, ok := b.corpus.Record(rid)
		if !ok || taken[rid] || len(r.Text) > 300 {
			continue
		}
		text := strings.TrimSpace(r.Text)
		start := strings.Index(r.Text, text)
		q, ok := r.Quote(start, start+len(text))
		if w := scaffold.Words(text); ok && evidence.CheckQuote(r, q) == nil && scaffold.Shared(w, b.about) > 0 && len(more) < 500 {
			more = append(more, candidate{q, w})
		}
	}
	for len(out) < mostEvidence && len(more) > 0 {
		best, least := 0, 2.0
		for i, c := range more {
			near := 0.0
			for _, w := range words {
				near = max(near, float64(scaffold.Shared(c.w, w))/float64(max(len(c.w), len(w), 1)))
			}
			if near < least {
				best, least = i, near
			}
		}
		out, words = append(out, more[best].q), append(words, more[best].w)
		more = slices.Delete(more, best, best+1)
	}
	return out
}

// stances says in words what a kind of statement means for the problem.
var stances = map[string]string{ //nolint:gochecknoglobals // an immutable table
	"request": "asks for it", "concern": "is concerned about it", "proposal": "proposes something for it", "commitment": "has committed to it",
	"decision": "has decided on it", "question": "asks about it", "action": "acts on it",
}

func (b *builder) stakeholders() {
	at := map[string]int{}
	for _, name := range b.o.Heard {
		if _, ok := at[name]; !ok && name != "" {
			at[name] = len(b.out.Stakeholders)
			b.out.Stakeholders = append(b.out.Stakeholders, Stakeholder{Name: name, Said: []string{}})
		}
	}
	for _, s := range b.o.Statements {
		if !b.names(s.Quote.Text) || s.Who == "" {
			continue
		}
		i, ok := at[s.Who]
		if !ok {
			i = len(b.out.Stakeholders)
			at[s.Who] = i
			b.out.Stakeholders = append(b.out.Stakeholders, Stakeholder{Name: s.Who, Said: []string{}})
		}
		x := &b.out.Stakeholders[i]
		x.Said = append(x.Said, s.ID)
		if says := stances[s.Kind]; says != "" && !strings.Contains(x.Stance, says) {
			x.Stance = strings.TrimPrefix(x.Stance+", "+says, ", ")
		}
	}
	slices.SortStableFunc(b.out.Stakeholders, func(x, y Stakeholder) int { return cmp.Compare(len(y.Said), len(x.Said)) })
}

// relate marks what speaks of this problem and what of the portfolio as a whole,
// the former first.
func (b *builder) relate() {
	for i := range b.out.Rationale {
		l := &b.out.Rationale[i]
		l.General = l.By == "" && !b.names(l.Text)
	}
	for i := range b.out.Criteria {
		c := &b.out.Criteria[i]
		c.General = c.By == "" && !b.names(c.Metric)
	}
	said := map[string]string{}
	for _, s := range b.o.Statements {
		said[s.ID] = s.Quote.Text
	}
	for i := range b.out.Conflicts {
		c := &b.out.Conflicts[i]
		c.General = !b.names(c.About) && !slices.ContainsFunc(c.Sides, func(id string) bool { return b.names(said[id]) })
	}
	slices.SortStableFunc(b.out.Conflicts, func(x, y Conflict) int { return order(x.General, y.General) })
	slices.SortStableFunc(b.out.Rationale, func(x, y Line) int { return order(x.General, y.General) })
	slices.SortStableFunc(b.out.Criteria, func(x, y Criterion) int { return order(x.General, y.General) })
	// Where a measure names the problem, those of other things would only distract.
	if n := slices.IndexFunc(b.out.Criteria, func(c Criterion) bool { return c.General }); n > 0 {
		b.out.Criteria, b.out.Others = b.out.Criteria[:n:n], slices.Clone(b.out.Criteria[n:])
	}
}

func order(x, y bool) int {
	switch {
	case x == y:
		return 0
	case y:
		return -1
	}
	return 1
}

// measures gives criteria their baselines and backs both with the words that state them.
func (b *builder) measures() {
	b.criteria("/success_criteria", b.out.Criteria)
	b.criteria("/other_criteria", b.out.Others)
	for i, x := range b.out.Baselines {
		at := fmt.Sprintf("/baselines/%d", i)
		b.figure(at+"/value", x.Unit, evidence.Round(x.Value), evidence.Query{Op: evidence.OpStated, Number: at + "/says", Measure: x.Number})
	}
}

func (b *builder) criteria(list string, criteria []Criterion) {
	for i := range criteria {
		c := &criteria[i]
		at := fmt.Sprintf("%s/%d", list, i)
		c.Source = b.source(c.Quote, c.By)
		if c.Baseline == nil {
			c.Baseline = b.baseline(c.Metric, c.Unit)
		}
		b.figure(at+"/target", c.Unit, evidence.Round(c.Target), evidence.Query{Op: evidence.OpStated, Number: at + "/says", Measure: c.Number})
		if c.Baseline != nil {
			b.figure(at+"/baseline/value", c.Baseline.Unit, evidence.Round(c.Baseline.Value),
				evidence.Query{Op: evidence.OpStated, Number: at + "/baseline/says", Measure: c.Baseline.Number})
		}
	}
}

// source names the file that a quote is from, or the person.
func (b *builder) source(q *evidence.Quote, by string) string {
	if q == nil {
		return by
	}
	if r, ok := b.corpus.Record(q.RecordID); ok {
		for _, s := range b.o.Sources {
			if s.ID == r.Source {
				return s.Name
			}
		}
	}
	return "record " + q.RecordID
}

// baseline returns the measured baseline of a metric: the same unit and nearly the
// same words, none of which makes another measure of it.
func (b *builder) baseline(metric, unit string) *Baseline {
	want := scaffold.Words(metric)
	var best *Baseline
	most := 0.6
	for i := range b.o.Baselines {
		x := &b.o.Baselines[i]
		have := scaffold.Words(x.Metric)
		union := len(want) + len(have) - scaffold.Shared(want, have)
		if union == 0 || !strings.EqualFold(x.Unit, unit) || !scaffold.SameMeasure(metric, x.Metric) {
			continue
		}
		if s := float64(scaffold.Shared(want, have)) / float64(union); s >= most && (best == nil || s > most) {
			best, most = x, s
		}
	}
	if best == nil {
		return nil
	}
	x := *best
	return &x
}

// NewID makes a stable id from what it names.
func NewID(prefix string, parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return prefix + "-" + hex.EncodeToString(sum[:5])
}

// Marshal writes the brief; the same brief gives the same bytes.
func (b ProblemBrief) Marshal() ([]byte, error) { return json.Marshal(b) }
