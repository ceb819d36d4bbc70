package ingest

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/ingest/columns"
	"roleos/internal/ingest/tabular"
)

// timeColumn gathers what the cells of a time column leave open until all are seen.
type timeColumn struct {
	open    []openTime // read as month/day so far
	forced  [2]int     // dates that only one order explains
	zoned   int
	bare    int // times of day without zone
	serials int
	bad     int
}

type openTime struct {
	record int
	stamp  columns.Stamp
}

func (b *builder) time(rec *evidence.Record, r *tabular.Row, cell string) {
	t := &b.times
	st, ok := columns.Parse(cell)
	if !ok {
		t.bad++
		name, where := b.layout.Columns[b.layout.Time].Name, b.where(r, b.layout.Time)
		if b.o.Strict && b.failed == nil {
			b.failed = fault.New(fault.Invalid, "ingest", "%s: %q is no time that can be read", where, tabular.Clip(b.shown(name, cell))).
				WithMend("Mend the value, or read without --strict to keep such records without a time.")
		}
		f := b.notes.add("bad_time", b.label, warning, where, 1)
		f.Message = fmt.Sprintf("%s, column %q: %s not be read as a time; %s kept without one. The first: %s.", b.label,
			name, count(f.Count, "value could", "values could"), theseRecords(f.Count), f.Where[0])
		return
	}
	rec.Time = st.Time(columns.MonthFirst)
	switch {
	case st.Ambiguous():
		t.open = append(t.open, openTime{len(b.result.Records) - 1, st})
	default:
		if o, ok := columns.Forced(cell); ok {
			t.forced[o]++
		}
	}
	switch {
	case st.Serial():
		t.serials++
	case st.Zoned:
		t.zoned++
	case st.Clock:
		t.bare++
	}
}

func theseRecords(n int) string {
	if n == 1 {
		return "the record is"
	}
	return "the records are"
}

// finishTimes settles the order of day and month and says what was assumed.
func (b *builder) finishTimes() {
	if b.layout.Time < 0 {
		return
	}
	t, name := &b.times, b.layout.Columns[b.layout.Time].Name
	say := func(kind, severity string, n int, format string, args ...any) {
		f := b.notes.add(kind, b.label, severity, b.label+", column "+name, n)
		f.Message = fmt.Sprintf("%s, column %q: ", b.label, name) + fmt.Sprintf(format, args...)
	}
	if t.forced[columns.DayFirst] > t.forced[columns.MonthFirst] {
		for _, o := range t.open {
			b.result.Records[o.record].Time = o.stamp.Time(columns.DayFirst)
		}
	}
	switch {
	case len(t.open) == 0:
	case t.forced[0] > 0 && t.forced[1] > 0:
		say("ambiguous_dates", warning, len(t.open), "some dates put the day first and some the month; %s such as 3/4 %s read the way most are.",
			count(len(t.open), "date", "dates"), was(len(t.open)))
	case t.forced[0]+t.forced[1] == 0:
		say("ambiguous_dates", warning, len(t.open), "dates such as 3/4/2025 may be 4 March or 3 April, and no date in the column settles which. They were read as month/day.")
	}
	if t.serials > 0 {
		say("excel_serial_dates", info, t.serials, "%s stored as Excel's day number; read as dates.", count(t.serials, "date is", "dates are"))
	}
	switch {
	case t.zoned > 0 && t.bare > 0:
		say("mixed_zones", warning, t.bare, "%s a time zone and %s not; those were read as UTC.", count(t.zoned, "time names", "times name"), count(t.bare, "does", "do"))
	case t.bare+t.serials > 0:
		say("no_zone", info, t.bare+t.serials, "the times name no time zone; read as UTC.")
	}
}

// Coverage: where the collection, not the customers, may explain a change.

// gaps reports runs of days without records that are far longer than usual: at
// least three days, and more than three times as long as 95 of 100 pauses
// between days with records. It needs twenty days with records.
func (s *reading) gaps() {
	seen := map[int64]int{}
	for i := range s.result.Records {
		if t := s.result.Records[i].Time; !t.IsZero() && s.result.Records[i].Origin.Kind == "" {
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
func (s *reading) lateStarts() {
	s.lateStart("Channel", func(i int) string { return s.result.Records[i].Channel }, func(v string) string { return v })
	s.lateStart("Source", func(i int) string { return s.result.Records[i].Source }, func(v string) string { return s.names[v] })
}

func (s *reading) lateStart(what string, value func(i int) string, shown func(string) string) {
	type span struct{ first, total int64 }
	spans := map[string]span{}
	var from, to, dated int64
	records := s.result.Records
	for i := range records {
		if records[i].Time.IsZero() || records[i].Origin.Kind != "" { // a meeting begins when it begins
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
			if t := records[i].Time; !t.IsZero() && records[i].Origin.Kind == "" && t.Unix() < sp.first {
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
