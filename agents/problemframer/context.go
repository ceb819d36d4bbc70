package problemframer

import (
	"roleos/internal/artefact/brief"
	"roleos/internal/evidence"
	"roleos/internal/scaffold"
)

// fill puts each line of the context where the brief has a place for it.
func fill(o *brief.Outline, s scaffold.Scaffold) {
	for _, it := range s.Items {
		q := it.Quote
		line := brief.Line{ID: it.ID, Text: it.Text, Quote: &q, Owner: it.Owner}
		if it.Pending {
			o.Questions = append(o.Questions, line)
			continue
		}
		switch it.Section {
		case scaffold.Priority:
			o.Rationale = append(o.Rationale, line)
		case scaffold.Target:
			c, ok := criterion(it)
			if ok {
				o.Criteria = append(o.Criteria, c)
			} else {
				o.Aims = append(o.Aims, line)
			}
		case scaffold.Baseline:
			if b, ok := baseline(it); ok {
				o.Baselines = append(o.Baselines, b)
			} else {
				o.Questions = append(o.Questions, line)
			}
		case scaffold.Constraint:
			if it.Nothing {
				o.NoneKnown = append(o.NoneKnown, brief.NoneKnown{Of: it.Class, Text: it.Text, Quote: &q, Owner: it.Owner})
				continue
			}
			o.Constraints = append(o.Constraints, brief.Constraint{ID: it.ID, Kind: it.Class, Text: it.Text, Quote: &q, Owner: it.Owner})
		case scaffold.Dependency:
			if it.Nothing {
				o.NoneKnown = append(o.NoneKnown, brief.NoneKnown{Of: brief.Dependencies, Text: it.Text, Quote: &q, Owner: it.Owner})
				continue
			}
			o.Dependencies = append(o.Dependencies, brief.Dependency{ID: it.ID, Text: it.Text, Blocking: string(it.Blocking), Quote: &q, Owner: it.Owner})
		case scaffold.Ethics:
			o.Ethics = append(o.Ethics, line)
		case scaffold.Exclusion, scaffold.NoGo:
			o.Exclusions = append(o.Exclusions, line)
		case scaffold.Assumption:
			o.Assumptions = append(o.Assumptions, line)
		case scaffold.RabbitHole:
			o.Questions = append(o.Questions, line)
		case scaffold.None, scaffold.Appetite, scaffold.Option, scaffold.Kill, scaffold.Feasible: // for the pitch
		}
	}
}

// criterion makes a success criterion of a target that holds all its parts.
func criterion(it scaffold.Item) (brief.Criterion, bool) {
	if it.Measure == nil {
		return brief.Criterion{}, false
	}
	c, ok := brief.NewCriterion(*it.Measure)
	q := it.Quote
	c.ID, c.Says, c.Quote, c.Owner = it.ID, it.Text, &q, it.Owner
	if v, known := evidence.ParseNumber(it.Measure.From); known {
		c.Baseline = &brief.Baseline{ID: it.ID + "-from", Metric: c.Metric, Value: v, Number: it.Measure.From, Unit: c.Unit, Says: it.Text, Quote: &q}
	}
	return c, ok
}

// baseline makes a baseline of a line that says what is measured, how much, in what.
func baseline(it scaffold.Item) (brief.Baseline, bool) {
	m := it.Measure
	if m == nil || m.Metric == "" || m.Unit == "" {
		return brief.Baseline{}, false
	}
	q := it.Quote
	return brief.Baseline{ID: it.ID, Metric: m.Metric, Value: m.Value, Number: m.Number, Unit: m.Unit, Measured: m.Measured, Says: it.Text, Quote: &q}, true
}
