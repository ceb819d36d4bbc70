package artefact

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"roleos/internal/evidence"
	"roleos/internal/stat"
)

// Bounds of the segment breakdown: more would be a table nobody reads.
const (
	maxDimensions = 6
	maxValues     = 8
	minValueCount = 5 // a value with fewer records is not broken down
	minExpected   = 1 // a cell is tested when at least this many records were to be expected in it, or seen
)

const segmentGap = "Segment breakdown"

// dimensions finds the ways the records are divided, most complete first.
func (b *builder) dimensions() {
	var names []string
	known := map[string]int{}
	values := map[string]map[string]int{}
	note := func(name, value string) {
		if value == "" {
			return
		}
		if values[name] == nil {
			values[name] = map[string]int{}
			names = append(names, name)
		}
		known[name]++
		values[name][value]++
	}
	for i := range b.records {
		r := &b.records[i]
		for _, a := range r.Segments {
			note(a.Name, a.Value)
		}
		if !slices.ContainsFunc(r.Segments, func(a evidence.Attr) bool { return a.Name == "channel" }) {
			note("channel", r.Channel)
		}
	}
	slices.SortStableFunc(names, func(x, y string) int { return cmp.Compare(known[y], known[x]) })
	for _, name := range names {
		d, ok := dimension(name, values[name])
		if ok && len(b.out.Segments) < maxDimensions {
			b.out.Segments = append(b.out.Segments, d)
		}
	}
	edges := b.edges()
	for i := range b.out.Segments {
		d := &b.out.Segments[i]
		any := &evidence.Selector{Segment: d.Name}
		d.Known = b.count(fmt.Sprintf("/segments/%d/known", i), any)
		for j := range d.Values {
			v := &d.Values[j]
			at := fmt.Sprintf("/segments/%d/values/%d", i, j)
			own := &evidence.Selector{Segment: d.Name, Value: v.Value}
			v.Count = b.count(at+"/count", own)
			v.Share = b.number(at+"/share", "share", evidence.Query{Op: evidence.OpShare, Of: own, Per: any})
			if len(edges) == 0 {
				continue
			}
			for _, n := range b.row(at+"/counts", "records", evidence.Query{Op: evidence.OpCounts, Of: own, Periods: edges}) {
				v.Counts = append(v.Counts, int(n))
			}
			v.ChangeP = b.row(at+"/change_p", "p", evidence.Query{Op: evidence.OpChanges, Of: own, Per: any, Periods: edges, Least: b.policy.Least})
		}
	}
	if len(b.out.Segments) == 0 {
		b.out.Gaps = append(b.out.Gaps, noSegments(names))
	}
}

// noSegments says why nothing is broken down, given the dimensions there are.
func noSegments(names []string) Gap {
	g := Gap{
		What: segmentGap, Why: "No column divides the records into segments.",
		Mend: "Export the plan, region or channel of each record and name the columns with --map segment=COLUMN,COLUMN.",
	}
	switch few := fmt.Sprintf("fewer than two values with %d records each.", minValueCount); {
	case len(names) == 1:
		g.Why, g.Mend = "The segment "+names[0]+" has "+few, "Use a larger export, or a column with fewer and larger values."
	case len(names) > 1:
		shown := names[:min(len(names), maxDimensions)]
		list := strings.Join(shown, ", ")
		if n := len(names) - len(shown); n > 0 {
			list += fmt.Sprintf(" and %d more", n)
		}
		g.Why, g.Mend = "The segments ("+list+") have "+few, "Use a larger export, or columns with fewer and larger values."
	}
	return g
}

// dimension keeps the values that occur often enough; fewer than two of them divide nothing.
func dimension(name string, counts map[string]int) (Dimension, bool) {
	d := Dimension{Name: name}
	for v, n := range counts {
		if n >= minValueCount {
			d.Values = append(d.Values, SegmentValue{Value: v, Count: n})
		}
	}
	slices.SortFunc(d.Values, func(x, y SegmentValue) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Value, y.Value))
	})
	if len(d.Values) > maxValues {
		d.Values = d.Values[:maxValues]
	}
	d.Omitted = len(counts) - len(d.Values)
	return d, len(d.Values) >= 2
}

// cells tests every theme in every segment value against the rest of the
// records that have a value of that dimension.
func (b *builder) cells() {
	type place struct{ theme, cell int }
	var ps []float64
	var places []place
	for i := range b.out.Themes {
		t := &b.out.Themes[i]
		for _, d := range b.out.Segments {
			for _, v := range d.Values {
				q := cellQuery(t.ID, d.Name, v.Value)
				parts := b.eval(q).Parts
				if parts["count"] < minExpected && float64(t.Count)*v.Share < minExpected {
					continue
				}
				places, ps = append(places, place{i, len(t.Segments)}), append(ps, parts["p"])
				t.Segments = append(t.Segments, Cell{
					Segment: d.Name, Value: v.Value, Count: int(parts["count"]), Share: parts["share"],
					RestShare: parts["rest_share"], Lift: parts["lift"], P: parts["p"],
				})
			}
		}
	}
	for k, q := range bh(ps) {
		i, j := places[k].theme, places[k].cell
		t := &b.out.Themes[i]
		c := &t.Segments[j]
		c.Q = evidence.Round(q)
		c.Verdict = AsExpected
		if c.Q <= b.policy.Q {
			c.Verdict = Under
			if c.Lift > 1 {
				c.Verdict = Over
			}
		}
		at := fmt.Sprintf("/themes/%d/segments/%d", i, j)
		query := cellQuery(t.ID, c.Segment, c.Value)
		query.Number, query.Family = at+"/p", cellFamily()
		b.figure(evidence.Figure{At: at, Unit: "cell", Query: query, Parts: map[string]float64{
			"count": float64(c.Count), "share": c.Share, "rest_share": c.RestShare, "lift": c.Lift, "p": c.P, "q": c.Q,
		}})
	}
}

func cellQuery(theme, segment, value string) evidence.Query {
	return evidence.Query{
		Op:      evidence.OpCell,
		Of:      &evidence.Selector{Theme: theme, Segment: segment, Value: value},
		Per:     &evidence.Selector{Segment: segment, Value: value},
		Rest:    &evidence.Selector{Theme: theme, Segment: segment, NotValue: value},
		RestPer: &evidence.Selector{Segment: segment, NotValue: value},
	}
}

func bh(ps []float64) []float64 { return stat.BenjaminiHochberg(ps) }

func adjust(themes []Theme, p func(Theme) float64) []float64 {
	ps := make([]float64, len(themes))
	for i, t := range themes {
		ps[i] = p(t)
	}
	return bh(ps)
}
