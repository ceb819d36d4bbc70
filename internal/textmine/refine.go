package textmine

import (
	"context"
	"slices"

	"roleos/internal/textmine/graph"
	"roleos/internal/textmine/vec"
)

const (
	innerShare   = 0.55 // a group that keeps less of its members' edge weight inside is none
	rounds       = 6    // of rows choosing anew
	wordPrior    = 40   // words of the whole corpus added to each group's, so that a rare word decides nothing
	voteStrength = 2    // neighbours' votes count like this many words
	voteFloor    = 0.02 // share of the vote that a group without one has
)

// refine dissolves groups that do not hold together, lets rows at the edge of a group change to the one whose words
// they use, leaves out the odd ones, takes groups that are still too small apart, and keeps what is said often.
func (m *model) refine(ctx context.Context, c *corpus, minUnits int) error {
	m.groups = graph.Number(m.group)
	weak := m.tooSmall(c, minUnits)
	for g, share := range m.innerEdges() {
		weak[g] = weak[g] || share < innerShare
	}
	m.dissolve(weak)
	for range rounds {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !m.chooseByWords(c) {
			break
		}
	}
	m.leaveOut(c)
	m.dissolve(m.tooSmall(c, minUnits))
	m.keepRepeated(c, minUnits)
	return nil
}

// keepRepeated makes a text that occurs often enough for a theme one of its own, when it ended in none: what many say in
// the same words is no stranger.
func (m *model) keepRepeated(c *corpus, minUnits int) {
	for i, g := range m.group {
		if g < 0 && int(c.count[m.sample[i]]) >= minUnits {
			m.group[i] = int32(m.groups)
			m.groups++
		}
	}
}

// tooSmall marks the groups with fewer than minUnits units.
func (m *model) tooSmall(c *corpus, minUnits int) []bool {
	size := make([]int, m.groups)
	for i, g := range m.group {
		if g >= 0 {
			size[g] += int(c.count[m.sample[i]])
		}
	}
	small := make([]bool, m.groups)
	for g, n := range size {
		small[g] = n < minUnits
	}
	return small
}

// dissolve takes the marked groups apart: each member joins the group most of its neighbours are in, or none.
func (m *model) dissolve(marked []bool) {
	before := slices.Clone(m.group)
	vote := make([]int64, m.groups)
	for i, g := range before {
		if g < 0 || !marked[g] {
			continue
		}
		m.group[i] = -1
		if m.odd[i] {
			continue
		}
		best := int32(-1)
		for _, e := range m.graph.Edges(i) {
			h := before[e.To]
			if h < 0 || marked[h] {
				continue
			}
			vote[h] += e.Weight
			if best < 0 || vote[h] > vote[best] || vote[h] == vote[best] && h < best {
				best = h
			}
		}
		for _, e := range m.graph.Edges(i) {
			if h := before[e.To]; h >= 0 {
				vote[h] = 0
			}
		}
		m.group[i] = best
	}
	m.groups = graph.Number(m.group)
}

// chooseByWords lets every row choose once among the groups of its neighbours, all at the same time: by how likely its
// words are in the group without it (naive Bayes) and by its neighbours' votes. It reports whether any row changed.
func (m *model) chooseByWords(c *corpus) (changed bool) {
	w := countWords(c, m)
	next := slices.Clone(m.group)
	vote := make([]int64, m.groups)
	var candidates []int32
	for i, r := range m.sample {
		candidates = candidates[:0]
		var all int64
		for _, e := range m.graph.Edges(i) {
			all += e.Weight
			if g := m.group[e.To]; g >= 0 {
				if vote[g] == 0 {
					candidates = append(candidates, g)
				}
				vote[g] += e.Weight
			}
		}
		slices.Sort(candidates)
		best, most := m.group[i], 0.0
		for q, g := range candidates {
			share := float64(vote[g]) / float64(all)
			fit := float64(voteStrength*vec.Ln(share+voteFloor)) + w.fit(c.at(r), g, g == m.group[i])
			if q == 0 || fit > most {
				best, most = g, fit
			}
			vote[g] = 0
		}
		// A row without a group has no close neighbour; words alone do not bring it into one.
		if m.group[i] >= 0 && best != m.group[i] {
			next[i] = best
			changed = true
		}
	}
	m.group = next
	return changed
}

// wordCounts counts the words of each group.
type wordCounts struct {
	inGroup []map[int32]int32
	total   []float64
	share   []float64 // of each word in all groups
}

func countWords(c *corpus, m *model) *wordCounts {
	w := &wordCounts{make([]map[int32]int32, m.groups), make([]float64, m.groups), make([]float64, len(c.words))}
	for g := range w.inGroup {
		w.inGroup[g] = map[int32]int32{}
	}
	all := 0.0
	for i, r := range m.sample {
		for _, t := range c.at(r) {
			if g := m.group[i]; g >= 0 {
				w.inGroup[g][t]++
				w.total[g]++
			}
			w.share[t]++
			all++
		}
	}
	for t := range w.share {
		w.share[t] /= max(all, 1)
	}
	return w
}

// fit returns the log likelihood ratio of the terms in the group against the whole; a member's own words are left out.
func (w *wordCounts) fit(terms []int32, g int32, member bool) float64 {
	total := w.total[g]
	if member {
		total -= float64(len(terms))
	}
	sum := 0.0
	for _, t := range terms {
		n := float64(w.inGroup[g][t])
		if member {
			n--
		}
		prior := float64(wordPrior * w.share[t])
		sum += vec.Ln((max(n, 0) + prior) / float64((total+wordPrior)*w.share[t]))
	}
	return sum
}
