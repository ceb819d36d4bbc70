package columns

import (
	"slices"
	"strings"
)

// A segment column repeats its values: at most maxSegmentValues of them, in
// less than a fifth of the rows. More than maxSegments make a report unreadable.
const (
	maxSegmentValues = 40
	maxSegments      = 8
)

// repeats reports whether a column's values are few enough to be groups.
func (d *detector) repeats(i int, named bool) bool {
	s := &d.stats[i]
	n := len(s.values)
	most := float64(s.filled) * 0.2
	if named && s.filled < 60 {
		most = max(most, float64(s.filled)*0.5)
	}
	return n >= 1 && n <= maxSegmentValues && float64(n) <= most && share(s.bytes, s.filled) <= 60
}

func (d *detector) channelScore(i int) (float64, string) {
	m := channelWords.match(d.names[i])
	if m < 2 || !d.repeats(i, true) || strings.Contains(d.stats[i].first, "://") || d.stats[i].numbers*2 > d.stats[i].filled {
		return 0, ""
	}
	return float64(10*m) + share(d.stats[i].filled, d.sample), "name"
}

func (d *detector) accountScore(i int) (float64, string) {
	s := &d.stats[i]
	m := accountWords.match(d.names[i])
	switch {
	case m < 2 || s.wordsEach() > 6 || s.stamps*2 > s.filled && s.dates > 0:
		return 0, ""
	case len(s.values) < 2 && s.filled > 5:
		return 0, ""
	}
	return float64(10*m) + share(s.filled, d.sample), "name"
}

func (d *detector) segments() {
	if d.closed[Segment] {
		return
	}
	type candidate struct {
		i     int
		named bool
	}
	var found []candidate
	for i := range d.cols {
		s := &d.stats[i]
		whole := segmentWords.match(d.names[i]) == 3
		if !d.free(i) || s.filled == 0 || personal.match(d.names[i]) >= 2 && !whole || strings.Contains(s.first, "://") {
			continue
		}
		named := segmentWords.match(d.names[i]) >= 2 || len(d.names[i]) <= 4 && segmentWords.match(d.names[i]) == 1
		switch {
		case len(s.values) < 2 || share(s.stamps, s.filled) > 0.5 && s.dates > 0:
		case !d.repeats(i, named):
		case named:
			found = append(found, candidate{i, true})
		case s.numbers*2 > s.filled || s.wordsEach() > 5 || share(s.filled, d.sample) < 0.3:
		default:
			found = append(found, candidate{i, false})
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int {
		switch {
		case a.named == b.named:
			return 0
		case a.named:
			return -1
		}
		return 1
	})
	// One item of a question with many items stands for it: the rest would crowd out other questions.
	asked := map[string]bool{}
	found = slices.DeleteFunc(found, func(c candidate) bool {
		question, _, many := strings.Cut(d.cols[c.i].Name, " / ")
		again := many && asked[question]
		asked[question] = true
		return again
	})
	found = found[:min(len(found), maxSegments)]
	slices.SortFunc(found, func(a, b candidate) int { return a.i - b.i })
	for _, c := range found {
		why := "content"
		if c.named {
			why = "name"
		}
		d.take(Segment, c.i, why)
	}
}
