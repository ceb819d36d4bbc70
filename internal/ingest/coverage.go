package ingest

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// Coverage: where the collection, not the customers, may explain a change.

const day = 24 * time.Hour

// gaps reports runs of days without records that are far longer than usual: at
// least three days, and more than three times as long as 95 of 100 pauses
// between days with records. It needs twenty days with records.
func (s *session) gaps() {
	seen := map[int64]int{}
	for i := range s.result.Records {
		if t := s.result.Records[i].Time; !t.IsZero() {
			seen[t.Unix()/86400]++
		}
	}
	days := slices.Sorted(maps.Keys(seen))
	if len(days) < 20 {
		return
	}
	steps := make([]int64, 0, len(days)-1)
	for i := 1; i < len(days); i++ {
		steps = append(steps, days[i]-days[i-1])
	}
	sorted := slices.Sorted(slices.Values(steps))
	usual := sorted[(len(sorted)-1)*95/100]
	if len(sorted) < 60 { // the longest of few would define what is usual
		usual = sorted[(len(sorted)-1)*8/10]
	}
	for i, step := range steps {
		if step <= max(3*usual, usual+3) {
			continue
		}
		from := time.Unix((days[i]+1)*86400, 0).UTC().Format(time.DateOnly)
		to := time.Unix((days[i+1]-1)*86400, 0).UTC().Format(time.DateOnly)
		f := s.notes.add("gap", from, warning, from+" to "+to, int(step-1))
		f.Message = fmt.Sprintf("No record is from %s to %s (%d days), while the usual pause is at most %s. A change around it may come from the collection.",
			from, to, step-1, count(int(usual), "day", "days"))
	}
}

// lateStarts reports a channel or a source whose records begin late although
// there were so many records before that chance does not explain it: with the share
// it has since its first record, none before has a probability below one in a million.
func (s *session) lateStarts() {
	type point struct {
		at    int64
		value [2]string
	}
	var points []point
	for i := range s.result.Records {
		r := &s.result.Records[i]
		if !r.Time.IsZero() {
			points = append(points, point{r.Time.Unix(), [2]string{r.Channel, r.Source}})
		}
	}
	slices.SortStableFunc(points, func(a, b point) int { return cmp.Compare(a.at, b.at) })
	for dim, what := range []string{"Channel", "Source"} {
		first, total := map[string]int{}, map[string]int{}
		for i, p := range points {
			v := p.value[dim]
			if v == "" {
				continue
			}
			if total[v] == 0 {
				first[v] = i
			}
			total[v]++
		}
		if len(total) < 2 {
			continue
		}
		for _, v := range slices.Sorted(maps.Keys(total)) {
			before, n := first[v], total[v]
			share := float64(n) / float64(len(points)-before)
			start, from, to := points[before].at, points[0].at, points[len(points)-1].at
			if n < 20 || float64(start-from) < 0.1*float64(to-from) || share >= 1 && before == 0 ||
				float64(before)*math.Log1p(-min(share, 1-1e-12)) > math.Log(1e-6) {
				continue
			}
			name := v
			if dim == 1 {
				name = s.name(v)
			}
			f := s.notes.add("late_start", what+v, warning, fmt.Sprintf("%s %s", what, name), n)
			f.Message = fmt.Sprintf("%s %q begins on %s, after %s records without it. Volumes before and after do not compare.",
				what, name, time.Unix(start, 0).UTC().Format(time.DateOnly), grouped(before))
		}
	}
}
