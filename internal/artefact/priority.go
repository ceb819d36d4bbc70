package artefact

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"roleos/internal/evidence"
)

// The factors of an issue's score, in the order they are shown.
const (
	FactorReach         = "reach"
	FactorIntensity     = "intensity"
	FactorGrowth        = "growth"
	FactorSegmentWeight = "segment_weight"
	FactorConfidence    = "confidence"
)

// Factors returns the names of all factors in the order they are shown.
func Factors() []string {
	return []string{FactorReach, FactorIntensity, FactorGrowth, FactorSegmentWeight, FactorConfidence}
}

// FormulaText says how a score is made.
const FormulaText = "score = 100 x sum(weight x factor) / sum(weight). " +
	"reach: records of the theme over those of the largest theme. " +
	"intensity: mean strength of trouble in its records' words. " +
	"growth: share in the later half of the time over the sum of both halves' shares, 0.5 when unchanged or unknown. " +
	"segment_weight: mean weight of its records' segments over the largest weight. " +
	"confidence: how surely its records belong together."

// issues ranks the themes. Places are known only after ranking, so factors are
// computed first and backed afterwards.
func (b *builder) issues() {
	s := &b.out
	s.Formula = Formula{Text: FormulaText, Weights: maps.Clone(b.policy.Weights)}
	if len(s.Themes) == 0 {
		return
	}
	largest := s.Themes[0].ID
	type ranked struct {
		theme   int
		score   float64
		factors []Factor
		queries []evidence.Query
	}
	all := make([]ranked, len(s.Themes))
	for i, t := range s.Themes {
		own := &evidence.Selector{Theme: t.ID}
		at := fmt.Sprintf("/themes/%d", i)
		queries := []evidence.Query{
			{Op: evidence.OpShare, Of: own, Per: &evidence.Selector{Theme: largest}},
			{Op: evidence.OpSame, Number: at + "/intensity"},
			{Op: evidence.OpNeutral},
			{Op: evidence.OpMean, Measure: MeasureSegmentWeight, Of: own},
			{Op: evidence.OpSame, Number: at + "/confidence"},
		}
		growth := 0.5
		if t.Trend != nil {
			queries[2] = evidence.Query{Op: evidence.OpSame, Number: at + "/trend/balance"}
			growth = t.Trend.Balance
		}
		values := []float64{b.eval(queries[0]).Value, t.Intensity, growth, b.eval(queries[3]).Value, t.Confidence}
		r := ranked{theme: i, queries: queries}
		sum, total := 0.0, 0.0
		for k, name := range Factors() {
			f := Factor{Name: name, Value: evidence.Round(values[k]), Weight: b.policy.Weights[name]}
			f.Means = means(name, t, f.Value, s, len(b.policy.SegmentWeights) > 0)
			r.factors = append(r.factors, f)
			sum += f.Weight * f.Value
			total += f.Weight
		}
		if total > 0 {
			r.score = evidence.Round(100 * sum / total)
		}
		all[i] = r
	}
	slices.SortStableFunc(all, func(x, y ranked) int { return cmp.Compare(y.score, x.score) })
	for i, r := range all {
		at := fmt.Sprintf("/issues/%d", i)
		t := s.Themes[r.theme]
		q := evidence.Query{Op: evidence.OpWeighted}
		for k, f := range r.factors {
			place := fmt.Sprintf("%s/factors/%d/value", at, k)
			b.stated(place, "score", f.Value, r.queries[k])
			q.Terms = append(q.Terms, evidence.Term{Number: place, Weight: f.Weight})
		}
		b.stated(at+"/score", "score", r.score, q)
		s.Issues = append(s.Issues, Issue{Rank: i + 1, ThemeID: t.ID, Title: t.Label, Score: r.score, Factors: r.factors})
	}
}

func means(name string, t Theme, v float64, s *FeedbackSynthesis, weighted bool) string {
	switch name {
	case FactorReach:
		return fmt.Sprintf("%d records (%s), the largest theme has %d", t.Count, percent(t.Share), s.Themes[0].Count)
	case FactorIntensity:
		return fmt.Sprintf("%.2f of 1 for words of trouble", v)
	case FactorGrowth:
		if t.Trend == nil {
			return "no time line; counted as unchanged"
		}
		return fmt.Sprintf("%.2f, where 0.50 is unchanged (%s)", v, t.Trend.Direction)
	case FactorSegmentWeight:
		if !weighted {
			return "no segment weights are set; every record weighs the same"
		}
		return fmt.Sprintf("%.2f of the largest segment weight", v)
	case FactorConfidence:
		return fmt.Sprintf("%.2f, %s", v, t.Level)
	}
	return ""
}

// percent writes a share for reading: with one decimal, and none where it would
// only be noise.
func percent(share float64) string {
	if share == 0 || share == 1 {
		return fmt.Sprintf("%.0f %%", 100*share)
	}
	return fmt.Sprintf("%.1f %%", 100*share)
}

// headlines says in at most five sentences what a reader should take away.
func (b *builder) headlines() {
	s := &b.out
	say := func(numbers []string, format string, args ...any) {
		if len(s.Summary.Headlines) < 5 {
			s.Summary.Headlines = append(s.Summary.Headlines, Headline{Text: fmt.Sprintf(format, args...), Numbers: numbers})
		}
	}
	if len(s.Themes) == 0 {
		return
	}
	t := s.Themes[0]
	say([]string{"/themes/0/count", "/summary/records", "/themes/0/share"},
		"“%s” is the largest theme: %d of %d records (%s).", t.Label, t.Count, s.Summary.Records, percent(t.Share))
	if top := s.Issues[0]; top.ThemeID != t.ID {
		say([]string{"/issues/0/score"}, "“%s” comes first in priority with a score of %.0f of 100.", top.Title, top.Score)
	}
	for i, a := range s.Alerts {
		if i < 2 {
			at := fmt.Sprintf("/alerts/%d", i)
			say([]string{at + "/share", at + "/share_before"}, "%s", a.Statement)
		}
	}
	if i, j, ok := b.strongestOver(); ok {
		c := s.Themes[i].Segments[j]
		at := fmt.Sprintf("/themes/%d/segments/%d", i, j)
		say([]string{at + "/share", at + "/rest_share"}, "“%s” weighs more for %s %s: %s of its records, %s of the others.",
			s.Themes[i].Label, c.Segment, c.Value, percent(c.Share), percent(c.RestShare))
	}
	if n := s.Summary.NeedCheck; n > 0 {
		say([]string{"/summary/need_check"}, "A person has to check %d of %d themes: their records may not belong together.", n, len(s.Themes))
	}
}

func (b *builder) strongestOver() (theme, cell int, ok bool) {
	least := 1.0
	for i, t := range b.out.Themes {
		for j, c := range t.Segments {
			if c.Verdict == Over && c.P < least {
				theme, cell, ok, least = i, j, true, c.P
			}
		}
	}
	return theme, cell, ok
}
