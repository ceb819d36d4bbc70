package ingest

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// Coverage: where the collection, not the customers, may explain a change.

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

// mostStarts bounds how many channels or sources are compared.
const mostStarts = 64

// lateStarts reports a channel or a source whose records begin late although
// there were so many records before that chance does not explain it: with the share
// it has since its first record, none before has a probability below one in a million.
func (s *session) lateStarts() {
	s.lateStart("Channel", func(i int) string { return s.result.Records[i].Channel }, func(v string) string { return v })
	s.lateStart("Source", func(i int) string { return s.result.Records[i].Source }, s.name)
}

func (s *session) lateStart(what string, value func(i int) string, shown func(string) string) {
	type span struct{ first, total int64 }
	spans := map[string]span{}
	var from, to, dated int64
	records := s.result.Records
	for i := range records {
		if records[i].Time.IsZero() {
			continue
		}
		at := records[i].Time.Unix()
		if dated++; dated == 1 {
			from, to = at, at
		}
		from, to = min(from, at), max(to, at)
		v := value(i)
		sp, known := spans[v]
		if !known {
			if len(spans) == mostStarts {
				return
			}
			sp.first = at
		}
		spans[v] = span{min(sp.first, at), sp.total + 1}
	}
	delete(spans, "")
	if len(spans) < 2 {
		return
	}
	for _, v := range slices.Sorted(maps.Keys(spans)) {
		sp := spans[v]
		if sp.total < 20 || float64(sp.first-from) < 0.1*float64(to-from) {
			continue
		}
		before := int64(0)
		for i := range records {
			if t := records[i].Time; !t.IsZero() && t.Unix() < sp.first {
				before++
			}
		}
		share := float64(sp.total) / float64(dated-before)
		if float64(before)*math.Log1p(-min(share, 1-1e-12)) > math.Log(1e-6) {
			continue
		}
		f := s.notes.add("late_start", what+v, warning, what+" "+shown(v), int(sp.total))
		f.Message = fmt.Sprintf("%s %q begins on %s, after %s records without it. Volumes before and after do not compare.",
			what, shown(v), time.Unix(sp.first, 0).UTC().Format(time.DateOnly), grouped(int(before)))
	}
}
