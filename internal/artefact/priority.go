package artefact

import (
	"cmp"
	"fmt"
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

// FormulaText says how a score is made when every factor has data behind it.
const FormulaText = "score = 100 x sum(weight x factor) / sum(weight) x (1 - praise). " +
	"reach: records of the theme over those of the largest theme. " +
	"intensity: mean strength of trouble in its records' words. " +
	"growth: share in the later half of the time over the sum of both halves' shares, 0.5 when unchanged. " +
	"segment_weight: mean weight of its records' segments over the largest weight. " +
	"confidence: how surely its records belong together. " +
	"praise: share of its records that praise and name no trouble."

// scored returns the factors that have data behind them, and a sentence on each
// that has none. A factor without data would lift or lower every score alike.
func (b *builder) scored() (names []string, left string) {
	for _, name := range Factors() {
		why := ""
		switch {
		case name == FactorGrowth && len(b.out.Periods) == 0:
			why = "there is no time line"
		case name == FactorSegmentWeight && len(b.policy.SegmentWeights) == 0:
			why = "no segment weights are set"
		case name == FactorSegmentWeight && !b.weighted():
			why = "no record has a segment with a weight"
		}
		if why != "" {
			left += fmt.Sprintf(" Left out: %s, because %s.", name, why)
			continue
		}
		names = append(names, name)
	}
	return names, left
}

// weighted reports whether any record has a segment value with a weight.
func (b *builder) weighted() bool {
	for i := range b.records {
		for k := range b.policy.SegmentWeights {
			name := segmentName(k)
			if v := b.records[i].Segment(name); v != "" && name+"="+v == k {
				return true
			}
		}
	}
	return false
}

// issues ranks the themes. Places are known only after ranking, so factors are
// computed first and backed afterwards.
func (b *builder) issues() {
	s := &b.out
	names, left := b.scored()
	s.Formula = Formula{Text: FormulaText + left, Weights: map[string]float64{}}
	for _, name := range names {
		s.Formula.Weights[name] = b.policy.Weights[name]
	}
	type ranked struct {
		theme   int
		score   float64
		factors []Factor
		queries []evidence.Query
	}
	all := make([]ranked, len(s.Themes))
	for i, t := range s.Themes {
		r := ranked{theme: i}
		sum, total := 0.0, 0.0
		for _, name := range names {
			q, v := b.factor(name, i)
			f := Factor{Name: name, Value: evidence.Round(v), Weight: b.policy.Weights[name]}
			f.Means = means(name, t, f.Value, s)
			r.factors, r.queries = append(r.factors, f), append(r.queries, q)
			sum += f.Weight * f.Value
			total += f.Weight
		}
		if total > 0 {
			r.score = evidence.Round(100 * sum / total * (1 - t.Praise))
		}
		all[i] = r
	}
	slices.SortStableFunc(all, func(x, y ranked) int { return cmp.Compare(y.score, x.score) })
	for i, r := range all {
		at := fmt.Sprintf("/issues/%d", i)
		t := s.Themes[r.theme]
		q := evidence.Query{Op: evidence.OpWeighted, Number: at + "/praise"}
		for k, f := range r.factors {
			place := fmt.Sprintf("%s/factors/%d/value", at, k)
			b.stated(place, "score", f.Value, r.queries[k])
			q.Terms = append(q.Terms, evidence.Term{Number: place, Weight: f.Weight})
		}
		b.stated(at+"/praise", "score", t.Praise, evidence.Query{Op: evidence.OpSame, Number: fmt.Sprintf("/themes/%d/praise", r.theme)})
		b.stated(at+"/score", "score", r.score, q)
		s.Issues = append(s.Issues, Issue{Rank: i + 1, ThemeID: t.ID, Title: t.Label, Score: r.score, Praise: t.Praise, Factors: r.factors})
	}
}

// factor returns the value of a factor of the theme at index i, and its query.
func (b *builder) factor(name string, i int) (evidence.Query, float64) {
	t := &b.out.Themes[i]
	own, at := &evidence.Selector{Theme: t.ID}, fmt.Sprintf("/themes/%d", i)
	same := func(field string, v float64) (evidence.Query, float64) {
		return evidence.Query{Op: evidence.OpSame, Number: at + field}, v
	}
	q := evidence.Query{Op: evidence.OpShare, Of: own, Per: &evidence.Selector{Theme: b.out.Themes[0].ID}}
	switch name {
	case FactorIntensity:
		return same("/intensity", t.Intensity)
	case FactorGrowth:
		return same("/trend/balance", t.Trend.Balance)
	case FactorSegmentWeight:
		q = evidence.Query{Op: evidence.OpMean, Measure: MeasureSegmentWeight, Of: own}
	case FactorConfidence:
		return same("/confidence", t.Confidence)
	}
	return q, b.eval(q).Value
}

func means(name string, t Theme, v float64, s *FeedbackSynthesis) string {
	switch name {
	case FactorReach:
		return fmt.Sprintf("%s (%s), the largest theme has %d", records(t.Count), percent(t.Share), s.Themes[0].Count)
	case FactorIntensity:
		return fmt.Sprintf("%.2f of 1 for words of trouble", v)
	case FactorGrowth:
		return fmt.Sprintf("%.2f, where 0.50 is unchanged (%s)", v, t.Trend.Direction)
	case FactorSegmentWeight:
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
