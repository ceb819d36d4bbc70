package ingest

import (
	"fmt"

	"roleos/internal/evidence"
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
		f := b.notes.add("bad_time", b.label, warning, b.where(r, b.layout.Time), 1)
		f.Message = fmt.Sprintf("%s, column %q: %s not be read as a time; %s kept without one.", b.label,
			b.layout.Columns[b.layout.Time].Name, count(f.Count, "value could", "values could"), theseRecords(f.Count))
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
