package textmine

import (
	"cmp"
	"context"
	"slices"

	"roleos/internal/textmine/vec"
)

// Signals is what speaks for or against a theme being real. Each is 0..1, more is better, but Size.
type Signals struct {
	Silhouette float64 // how much nearer members are to their own centre than to the next (0.5 when equally near)
	Stability  float64 // how well the theme is found again when similarities are disturbed (mean Jaccard index)
	InnerEdges float64 // share of the members' edge weight that stays inside
	Cohesion   float64 // mean similarity of members to their centre
	Margin     float64 // mean margin of its docs
	Size       int     // docs
}

const (
	maxCentral = 12
	alike      = vec.One / 10 * 9 // two units more similar than this say the same
)

// describe adds what is known about each theme from the sample: signals, central units, parents.
func (r *result) describe(ctx context.Context, c *corpus, m *model, o Options) error {
	o.Progress("signals", 3, 4)
	// From here on the sample's groups are themes; rows of dissolved groups have none.
	themeOf := make([]int32, m.groups)
	for g := range themeOf {
		themeOf[g] = -1
	}
	for t, g := range r.group {
		themeOf[g] = int32(t)
	}
	theme := make([]int32, len(m.group))
	for i, g := range m.group {
		theme[i] = -1
		if g >= 0 {
			theme[i] = themeOf[g]
		}
	}
	grouped := *m
	grouped.group, grouped.groups = theme, len(r.Themes)
	own, next := grouped.centrality()
	stability := grouped.stability()
	inner := grouped.innerEdges()
	unitOf := firstUnits(c)
	for t, members := range grouped.membersByGroup() {
		th := &r.Themes[t]
		s := Signals{Stability: clamp(stability[t]), InnerEdges: inner[t], Size: len(th.Docs)}
		for _, i := range members {
			a, b := 1-own[i], 1-next[i]
			s.Silhouette += (b - a) / max(a, b, 1e-9)
			s.Cohesion += own[i]
		}
		n := float64(max(len(members), 1))
		s.Silhouette = clamp(s.Silhouette/n/2 + 0.5)
		s.Cohesion = clamp(s.Cohesion / n)
		for _, d := range th.Docs {
			s.Margin += r.Margin[d]
		}
		s.Margin = clamp(s.Margin / float64(max(len(th.Docs), 1)))
		if len(members) == 1 { // one text said often: there is nothing in it that could not belong together
			s.Silhouette, s.Stability, s.InnerEdges, s.Cohesion, s.Margin = 1, 1, 1, 1, 1
		}
		th.Signals = s
		th.Central = grouped.central(members, own, unitOf)
	}
	return r.addParents(ctx, m, theme, o.Seed)
}

func clamp(x float64) float64 { return min(max(x, 0), 1) }

func firstUnits(c *corpus) []int32 {
	first := make([]int32, c.rows())
	for u := len(c.row) - 1; u >= 0; u-- {
		if r := c.row[u]; r >= 0 {
			first[r] = int32(u)
		}
	}
	return first
}

// centrality returns each sample row's similarity to its own centre and to the best other one.
func (m *model) centrality() (own, next []float64) {
	centers := m.centers()
	own, next = make([]float64, len(m.group)), make([]float64, len(m.group))
	sim := make([]int32, centers.Rows+8)
	for i, g := range m.group {
		if g < 0 {
			continue
		}
		centers.Dots(m.at.Row(i), 0, centers.Rows, sim)
		best := int32(0)
		for h, s := range sim[:centers.Rows] {
			if int32(h) != g {
				best = max(best, s)
			}
		}
		own[i], next[i] = cosine(sim[g]), cosine(best)
	}
	return own, next
}

func cosine(sim int32) float64 { return float64(sim) / (vec.One * vec.One) }

// stability returns, per group, the mean over the disturbed groupings of the best Jaccard index with one of its groups
// (Hennig 2007, https://doi.org/10.1016/j.csda.2006.11.025).
func (m *model) stability() []float64 {
	out := make([]float64, m.groups)
	members := m.membersByGroup()
	for _, group := range m.disturbed {
		size := make([]int, len(group)+1)
		for _, g := range group {
			size[g]++
		}
		common := make([]int, len(group)+1)
		for t, rows := range members {
			best := 0.0
			for _, i := range rows {
				common[group[i]]++
			}
			for _, i := range rows {
				g := group[i]
				best = max(best, float64(common[g])/float64(len(rows)+size[g]-common[g]))
			}
			for _, i := range rows {
				common[group[i]] = 0
			}
			out[t] += best / float64(len(m.disturbed))
		}
	}
	return out
}

func (m *model) innerEdges() []float64 {
	inside, all := make([]int64, m.groups), make([]int64, m.groups)
	for i, g := range m.group {
		if g < 0 {
			continue
		}
		for _, e := range m.graph.Edges(i) {
			all[g] += e.Weight
			if m.group[e.To] == g {
				inside[g] += e.Weight
			}
		}
	}
	out := make([]float64, m.groups)
	for g, w := range all {
		if w > 0 {
			out[g] = float64(inside[g]) / float64(w)
		}
	}
	return out
}

// central returns units of the most central rows that differ from each other.
func (m *model) central(members []int32, own []float64, unitOf []int32) []int {
	order := slices.Clone(members)
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(own[b], own[a]) })
	var chosen []int32
	var units []int
	for _, i := range order {
		if len(chosen) == maxCentral {
			break
		}
		if slices.ContainsFunc(chosen, func(j int32) bool {
			return vec.DotInt16(m.at.Row(int(i)), m.at.Row(int(j)))>>14 > alike
		}) {
			continue
		}
		chosen = append(chosen, i)
		units = append(units, int(unitOf[m.sample[i]]))
	}
	return units
}
