package textmine

import (
	"slices"

	"roleos/internal/textmine/graph"
)

const (
	oddNearest = 7  // nearest texts whose mean similarity says whether a text is odd; fewer in small sets
	oddSpread  = 15 // quarters of the distance from the median to the lower quartile at which a text becomes odd
	oddEdges   = 3  // tenths that an odd text's edges weigh: it may not hold groups together
	smallSet   = 60 // texts below which chance makes groups, so that a theme must have a word in common
)

// findOdd marks the rows that are much less similar to their nearest than rows are in this set: their mean similarity
// lies as far below the median as four times the quartile does, less a little, or below isolated. Sets differ in how
// close their texts are, which is why no fixed bound does. A text that occurs minTheme times is a theme of its own.
func (m *model) findOdd(c *corpus, minTheme int) {
	n := m.at.Rows
	m.odd, m.oddBelow = make([]bool, n), isolated
	if n == 0 {
		return
	}
	q := max(min(oddNearest, n/20), 2)
	mean := make([]int32, n)
	for i := range mean {
		_, sim := m.near.Row(i)
		sum, of := int32(0), int32(0)
		for _, s := range sim[:min(q, n-1)] {
			sum += s >> 14
			of++
		}
		mean[i] = sum / max(of, 1)
	}
	order := slices.Clone(mean)
	slices.Sort(order)
	median, lower := order[n/2], order[n/4]
	m.oddBelow = max(median-(median-lower)*oddSpread/4, isolated)
	for i, v := range mean {
		m.odd[i] = v < m.oddBelow && int(c.count[m.sample[i]]) < minTheme
	}
}

// leaveOut takes the odd rows out of their groups, and in a small set the groups apart of which no word is in half the rows.
func (m *model) leaveOut(c *corpus) {
	for i, odd := range m.odd {
		if odd {
			m.group[i] = -1
		}
	}
	if len(m.sample) < smallSet {
		for _, rows := range m.membersByGroup() {
			if len(rows) > 1 && !m.shareWord(c, rows) {
				for _, i := range rows {
					m.group[i] = -1
				}
			}
		}
	}
	m.groups = graph.Number(m.group)
}

// shareWord reports whether a word other than a negation or number is in half of the rows.
func (m *model) shareWord(c *corpus, rows []int32) bool {
	count := map[int32]int{}
	for _, i := range rows {
		terms := c.at(m.sample[i])
		for q, t := range terms {
			if w := c.words[t]; w == "not" || w == "no" || w == number || slices.Contains(terms[:q], t) {
				continue
			}
			if count[t]++; 2*count[t] >= len(rows) && count[t] > 1 {
				return true
			}
		}
	}
	return false
}
