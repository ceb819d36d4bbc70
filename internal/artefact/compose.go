package artefact

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"roleos/internal/evidence"
)

// Compose computes the synthesis of records that o outlines. It is a pure
// function: the same outline, records and policy give the same bytes, whoever
// made the outline. It fails when a record is counted twice or is unknown.
func Compose(o Outline, records []evidence.Record, p Policy) (FeedbackSynthesis, error) {
	c, err := corpus(o.Themes, records, p, p.SegmentWeights)
	if err != nil {
		return FeedbackSynthesis{}, fmt.Errorf("compose the synthesis: %w", err)
	}
	b := &builder{policy: p, corpus: c, records: records}
	s := &b.out
	s.Schema, s.Title, s.Sample, s.Sources = SynthesisSchema, o.Title, o.Sample, o.Sources
	s.Findings, s.Rejected, s.Method, s.Redaction = o.Findings, o.Rejected, o.Method, o.Redaction
	s.Gaps = slices.Clone(o.Gaps)
	s.Redirects = o.Redirects
	s.Unassigned = c.Loose()

	b.periods()
	b.dimensions()
	b.themes(o.Themes)
	b.groups(o.Groups)
	b.trends()
	b.cells()
	b.issues()
	b.alerts(o.Validated)
	b.summary()
	b.fill()
	if b.err != nil {
		return FeedbackSynthesis{}, fmt.Errorf("compose the synthesis: %w", b.err)
	}
	return b.out, nil
}

// builder writes every number together with the figure that backs it.
type builder struct {
	policy  Policy
	corpus  *evidence.Corpus
	records []evidence.Record
	out     FeedbackSynthesis
	err     error
}

func (b *builder) figure(f evidence.Figure) {
	b.out.Figures = evidence.Numbered(b.out.Figures, f)
}

func (b *builder) eval(q evidence.Query) evidence.Result {
	r, err := b.corpus.Eval(q, nil)
	if err != nil && b.err == nil {
		b.err = err
	}
	return r
}

// number computes q, backs the number at the pointer with it, and returns it.
func (b *builder) number(at, unit string, q evidence.Query) float64 {
	v := b.eval(q).Value
	b.figure(evidence.Figure{At: at, Unit: unit, Value: v, Query: q})
	return v
}

func (b *builder) count(at string, of *evidence.Selector) int {
	return int(b.number(at, "records", evidence.Query{Op: evidence.OpCount, Of: of}))
}

// stated backs a number that follows from other numbers of the draft.
func (b *builder) stated(at, unit string, v float64, q evidence.Query) float64 {
	v = evidence.Round(v)
	b.figure(evidence.Figure{At: at, Unit: unit, Value: v, Query: q})
	return v
}

// row backs a row of numbers.
func (b *builder) row(at, unit string, q evidence.Query) []float64 {
	r := b.eval(q)
	b.figure(evidence.Figure{At: at, Unit: unit, Value: r.Value, Values: r.Values, Query: q})
	return r.Values
}

func (b *builder) themes(in []Grouping) {
	first := make(map[string]int, len(b.records))
	for i := range b.records {
		first[b.records[i].ID] = i
	}
	order := slices.Clone(in)
	at := func(g Grouping) int {
		if len(g.Records) == 0 {
			return math.MaxInt
		}
		return first[g.Records[0]]
	}
	slices.SortStableFunc(order, func(x, y Grouping) int {
		return cmp.Or(cmp.Compare(len(y.Records), len(x.Records)), cmp.Compare(at(x), at(y)), cmp.Compare(x.ID, y.ID))
	})
	for i, g := range order {
		at := fmt.Sprintf("/themes/%d", i)
		own := &evidence.Selector{Theme: g.ID}
		t := Theme{
			ID: g.ID, Label: g.Label, Statement: g.Statement, Says: g.Says, Parent: g.Parent,
			RecordIDs: g.Records, AlsoIn: g.Mentions, Signals: g.Signals, Quotes: g.Quotes,
			Phrases: g.Phrases, Validated: g.Validated, Edited: g.Edited,
		}
		t.Signals = t.Signals.rounded()
		t.Count = b.count(at+"/count", own)
		t.Share = b.number(at+"/share", "share", evidence.Query{Op: evidence.OpShare, Of: own})
		t.ShareLow = b.number(at+"/share_low", "share", evidence.Query{Op: evidence.OpLow, Of: own})
		t.ShareHigh = b.number(at+"/share_high", "share", evidence.Query{Op: evidence.OpHigh, Of: own})
		t.Intensity = b.number(at+"/intensity", "score", evidence.Query{Op: evidence.OpMean, Measure: MeasureIntensity, Of: own})
		t.Praise = b.number(at+"/praise", "score", evidence.Query{Op: evidence.OpMean, Measure: MeasurePraise, Of: own})
		t.Confidence = b.stated(at+"/confidence", "score", b.policy.Confidence(t.Signals),
			evidence.Query{Op: evidence.OpMethod, Measure: MethodConfidence, Number: at + "/signals"})
		t.Level = level(b.policy.Level(t.Confidence), t.Count)
		t.NeedsCheck = t.Level == "low" && t.Validated == ""
		b.out.Themes = append(b.out.Themes, t)
	}
}

// fewRecords is the size below which a theme's level is at most medium: the
// signals of two or three records hang on each single one of them.
const fewRecords = 4

func level(l string, records int) string {
	if l == "high" && records < fewRecords {
		return "medium"
	}
	return l
}

func (s Signals) rounded() Signals {
	for _, f := range []*float64{&s.Silhouette, &s.Stability, &s.InnerEdges, &s.Cohesion, &s.Margin, &s.Named, &s.Marker} {
		*f = evidence.Round(*f)
	}
	return s
}

func (b *builder) summary() {
	s := &b.out.Summary
	s.Records = b.count("/summary/records", nil)
	s.Assigned = s.Records - len(b.out.Unassigned)
	b.stated("/summary/assigned", "records", float64(s.Assigned), evidence.Query{Op: evidence.OpCount, Of: &evidence.Selector{Assigned: true}})
	s.AssignedShare = b.number("/summary/assigned_share", "share", evidence.Query{Op: evidence.OpShare, Of: &evidence.Selector{Assigned: true}})
	s.Themes = len(b.out.Themes)
	for _, t := range b.out.Themes {
		if t.NeedsCheck {
			s.NeedCheck++
		}
	}
	b.stated("/summary/themes", "themes", float64(s.Themes), evidence.Query{Op: evidence.OpItems, Number: "/themes"})
	b.stated("/summary/need_check", "themes", float64(s.NeedCheck), evidence.Query{Op: evidence.OpItems, Number: "/themes", Measure: "needs_check"})
	for i := range b.records {
		t := b.records[i].Time
		if t.IsZero() {
			continue
		}
		if s.From.IsZero() || t.Before(s.From) {
			s.From = t
		}
		if t.After(s.To) {
			s.To = t
		}
	}
	b.headlines()
}

// fill replaces nil slices and maps, so that the JSON always has a list where
// its schema says list.
func (b *builder) fill() {
	s := &b.out
	notNil(&s.Sources)
	notNil(&s.Themes)
	notNil(&s.Groups)
	notNil(&s.Segments)
	notNil(&s.Periods)
	notNil(&s.Issues)
	notNil(&s.Alerts)
	notNil(&s.Unassigned)
	notNil(&s.Findings)
	notNil(&s.Gaps)
	notNil(&s.Rejected)
	notNil(&s.Figures)
	notNil(&s.Method.Steps)
	notNil(&s.Method.Limits)
	notNil(&s.Method.Notes)
	notNil(&s.Summary.Headlines)
	if s.Redirects == nil {
		s.Redirects = map[string]string{}
	}
	if s.Redaction.Masked == nil {
		s.Redaction.Masked = map[string]int{}
	}
	s.Formula.SegmentWeights = maps.Clone(b.policy.SegmentWeights)
	if s.Formula.SegmentWeights == nil {
		s.Formula.SegmentWeights = map[string]float64{}
	}
	for i := range s.Themes {
		t := &s.Themes[i]
		notNil(&t.RecordIDs)
		notNil(&t.AlsoIn)
		notNil(&t.Segments)
		notNil(&t.Quotes)
		notNil(&t.Phrases)
	}
	for i := range s.Findings {
		notNil(&s.Findings[i].Where)
	}
}

func notNil[T any](s *[]T) {
	if *s == nil {
		*s = []T{}
	}
}
