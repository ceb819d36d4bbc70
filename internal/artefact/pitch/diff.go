package pitch

import (
	"roleos/internal/artefact"
	"roleos/internal/artefact/brief"
)

// Diff lists what a reader would notice between two revisions of a pitch.
func Diff(a, b ShapedPitch) []artefact.Difference {
	var out artefact.Differences
	add := out.Add
	add("problem", "", a.Problem.Statement, b.Problem.Statement)
	add("appetite", "", appetite(a.Appetite), appetite(b.Appetite))
	compare := func(kind string, x, y map[string]string, order []string) {
		for _, id := range order {
			before, was := x[id]
			after, is := y[id]
			switch {
			case was && is:
				add(kind+" changed", id, before, after)
			case is:
				add(kind+" added", id, "", after)
			default:
				add(kind+" gone", id, before, "")
			}
		}
	}
	for _, l := range []struct {
		kind string
		x, y map[string]string
		ids  []string
	}{
		entry("element", a.Elements, b.Elements, part),
		entry("rabbit hole", a.RabbitHoles, b.RabbitHoles, part),
		entry("no-go", a.NoGos, b.NoGos, part),
		entry("kill criterion", a.Kill, b.Kill, part),
		entry("feasibility", a.Feasibility, b.Feasibility, func(v View) (string, string) { return v.ID, v.View + ": " + v.Note }),
		entry("evidence", a.Evidence, b.Evidence, func(d brief.Datum) (string, string) { return d.ID, d.Quote.Text }),
		entry("criterion", a.Criteria, b.Criteria, func(c brief.Criterion) (string, string) { return c.ID, c.Says }),
		entry("constraint", a.Constraints, b.Constraints, func(c brief.Constraint) (string, string) { return c.ID, c.Text }),
		entry("dependency", a.Dependencies, b.Dependencies, func(d brief.Dependency) (string, string) { return d.ID, d.Text }),
		entry("gap", a.Gaps, b.Gaps, func(g brief.Gap) (string, string) { return g.ID, g.What + " " + g.Answer }),
		entry("dropped", a.Dropped, b.Dropped, func(d brief.Dropped) (string, string) { return d.ID, d.Reason }),
	} {
		compare(l.kind, l.x, l.y, l.ids)
	}
	return out
}

// entry maps both lists by id; ids are in the second's order, then what is gone.
func entry[T any](kind string, a, b []T, of func(T) (id, text string)) (out struct {
	kind string
	x, y map[string]string
	ids  []string
},
) {
	out.kind, out.x, out.y = kind, map[string]string{}, map[string]string{}
	for _, v := range b {
		id, text := of(v)
		out.y[id] = text
		out.ids = append(out.ids, id)
	}
	for _, v := range a {
		id, text := of(v)
		out.x[id] = text
		if _, ok := out.y[id]; !ok {
			out.ids = append(out.ids, id)
		}
	}
	return out
}

func part(p Part) (string, string) { return p.ID, p.Text }

func appetite(a *Appetite) string {
	if a == nil {
		return "none"
	}
	return a.Number + " " + a.Unit
}
