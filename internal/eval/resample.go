package eval

import (
	"math/rand/v2"
	"slices"
)

// fewGroups is the number of groups below which single things are resampled:
// four meetings say little about the spread between meetings.
const fewGroups = 5

// draw returns rounds resamples of the outcomes, always the same for a seed.
//
// Findings are drawn with replacement, whole groups at once when there are
// enough (Efron and Tibshirani, An Introduction to the Bootstrap, 1993).
// Groupings are halved without replacement: a record drawn twice always agrees
// with itself, which flatters every measure of pairs. Half samples spread as
// full ones do (Politis, Romano, Wolf, Subsampling, 1999).
func draw(m Method, o []Outcome, seed uint64, rounds int) [][]Outcome {
	picks := positions(m, o, seed, rounds)
	out := make([][]Outcome, len(picks))
	for i, p := range picks {
		out[i] = make([]Outcome, len(p))
		for j, k := range p {
			out[i][j] = o[k]
		}
	}
	return out
}

func positions(m Method, o []Outcome, seed uint64, rounds int) [][]int {
	r := rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)) //nolint:gosec // a fixed seed is the point
	if len(o) == 0 {
		return nil
	}
	units := groups(o)
	out := make([][]int, rounds)
	for i := range out {
		if m == Grouping {
			out[i] = r.Perm(len(o))[:(len(o)+1)/2]
			continue
		}
		for range units {
			out[i] = append(out[i], units[r.IntN(len(units))]...)
		}
	}
	return out
}

// groups returns the positions that are drawn together.
func groups(o []Outcome) [][]int {
	at := map[string]int{}
	var out [][]int
	for i, x := range o {
		if x.Group == "" {
			out = append(out, []int{i})
			continue
		}
		k, ok := at[x.Group]
		if !ok {
			k = len(out)
			at[x.Group] = k
			out = append(out, nil)
		}
		out[k] = append(out[k], i)
	}
	if len(out) >= fewGroups {
		return out
	}
	out = nil
	for i := range o {
		out = append(out, []int{i})
	}
	return out
}

// paired draws the same things from both. Of a grouping these are the records
// both have; findings are drawn group by group, or apart when there are too few groups.
func paired(m Method, before, after []Outcome, seed uint64) (x, y [][]Outcome) {
	if m == Grouping {
		is := map[string]Outcome{}
		for _, o := range after {
			is[o.ID] = o
		}
		var b, a []Outcome
		for _, o := range before {
			if n, ok := is[o.ID]; ok {
				b, a = append(b, o), append(a, n)
			}
		}
		for _, p := range positions(m, b, seed, rounds(len(b))) {
			bs, as := make([]Outcome, len(p)), make([]Outcome, len(p))
			for j, k := range p {
				bs[j], as[j] = b[k], a[k]
			}
			x, y = append(x, bs), append(y, as)
		}
		return x, y
	}
	var names []string
	of := map[string][2][]Outcome{}
	for i, list := range [][]Outcome{before, after} {
		for _, o := range list {
			g, ok := of[o.Group]
			if !ok {
				names = append(names, o.Group)
			}
			g[i] = append(g[i], o)
			of[o.Group] = g
		}
	}
	slices.Sort(names)
	if len(names) < fewGroups {
		return draw(m, before, seed, rounds(len(before))), draw(m, after, seed+1, rounds(len(before)))
	}
	r := rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)) //nolint:gosec // a fixed seed is the point
	for range rounds(len(before) + len(after)) {
		var bs, as []Outcome
		for range names {
			g := of[names[r.IntN(len(names))]]
			bs, as = append(bs, g[0]...), append(as, g[1]...)
		}
		x, y = append(x, bs), append(y, as)
	}
	return x, y
}

// interval returns the 2.5 and 97.5 percentiles. Of half samples they are taken
// around their own mean, because smaller samples score differently, and put
// around the value.
func interval(m Method, value float64, samples []float64) (low, high float64) {
	if len(samples) == 0 {
		return value, value
	}
	s := slices.Clone(samples)
	slices.Sort(s)
	at := func(p float64) float64 { return s[min(len(s)-1, int(p*float64(len(s))))] }
	low, high = at(.025), at(.975)
	if m == Grouping {
		mean := 0.0
		for _, v := range s {
			mean += v / float64(len(s))
		}
		low, high = value+low-mean, value+high-mean
	}
	return low, high
}
