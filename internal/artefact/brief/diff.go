package brief

import (
	"fmt"

	"roleos/internal/artefact"
)

// Diff lists what a reader would notice between two revisions of a brief.
func Diff(a, b ProblemBrief) []artefact.Difference {
	var out artefact.Differences
	add := out.Add
	add("problem", "", a.Problem.Label, b.Problem.Label)
	compare := func(kind string, x, y []item) {
		was, is := map[string]string{}, map[string]bool{}
		for _, i := range x {
			was[i.id] = i.text
		}
		for _, i := range y {
			is[i.id] = true
			if before, ok := was[i.id]; ok {
				add(kind+" changed", i.id, before, i.text)
			} else {
				add(kind+" added", i.id, "", i.text)
			}
		}
		for _, i := range x {
			if !is[i.id] {
				add(kind+" gone", i.id, i.text, "")
			}
		}
	}
	compare("evidence", list(a.Evidence, datum), list(b.Evidence, datum))
	compare("rationale", list(a.Rationale, line), list(b.Rationale, line))
	compare("criterion", list(a.Criteria, criterion), list(b.Criteria, criterion))
	compare("aim", list(a.Aims, line), list(b.Aims, line))
	compare("constraint", list(a.Constraints, constraint), list(b.Constraints, constraint))
	compare("none known", list(a.NoneKnown, none), list(b.NoneKnown, none))
	compare("dependency", list(a.Dependencies, dependency), list(b.Dependencies, dependency))
	compare("ethics", list(a.Ethics, line), list(b.Ethics, line))
	compare("exclusion", list(a.Exclusions, line), list(b.Exclusions, line))
	compare("assumption", list(a.Assumptions, line), list(b.Assumptions, line))
	compare("gap", list(a.Gaps, gap), list(b.Gaps, gap))
	compare("dropped", list(a.Dropped, dropped), list(b.Dropped, dropped))
	return out
}

// item is one entry of a list as a difference shows it.
type item struct{ id, text string }

func list[T any](in []T, f func(T) item) []item {
	out := make([]item, len(in))
	for i, x := range in {
		out[i] = f(x)
	}
	return out
}

func datum(d Datum) item    { return item{d.ID, "“" + Short(d.Quote.Text, 80) + "”"} }
func line(l Line) item      { return item{l.ID, l.Text} }
func none(n NoneKnown) item { return item{n.Of, n.Text} }
func criterion(c Criterion) item {
	return item{c.ID, fmt.Sprintf("%s: %s %s %s by %s", c.Metric, c.Comparator, c.Number, c.Unit, c.Deadline)}
}
func constraint(c Constraint) item { return item{c.ID, c.Kind + ": " + c.Text} }
func dependency(d Dependency) item { return item{d.ID, d.Text + " (blocking: " + d.Blocking + ")"} }
func dropped(d Dropped) item       { return item{d.ID, d.Reason} }
func gap(g Gap) item {
	if g.By != "" {
		return item{g.ID, g.What + "; answered: " + g.Answer}
	}
	return item{g.ID, g.What}
}
