package artefact

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"roleos/internal/evidence"
)

// Bounds of a readable and judgeable time line.
const (
	minPeriods = 4
	maxPeriods = 26
)

// granularity is one way to cut time into periods.
type granularity struct {
	name  string
	start func(time.Time) time.Time // of the period that holds t
	next  func(time.Time) time.Time
	label func(time.Time) string
}

func granularities() []granularity {
	day := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	month := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC) }
	return []granularity{
		{"day", day, func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }, func(t time.Time) string { return t.Format("2006-01-02") }},
		{
			"week",
			func(t time.Time) time.Time { return day(t).AddDate(0, 0, -(int(t.Weekday())+6)%7) },
			func(t time.Time) time.Time { return t.AddDate(0, 0, 7) },
			func(t time.Time) string { y, w := t.ISOWeek(); return fmt.Sprintf("%d-W%02d", y, w) },
		},
		{"month", month, func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }, func(t time.Time) string { return t.Format("2006-01") }},
		{
			"quarter",
			func(t time.Time) time.Time { return month(t).AddDate(0, -(int(t.Month())-1)%3, 0) },
			func(t time.Time) time.Time { return t.AddDate(0, 3, 0) },
			func(t time.Time) string { return fmt.Sprintf("%d-Q%d", t.Year(), (int(t.Month())+2)/3) },
		},
		{
			"year",
			func(t time.Time) time.Time { return time.Date(t.Year(), 1, 1, 0, 0, 0, 0, time.UTC) },
			func(t time.Time) time.Time { return t.AddDate(1, 0, 0) },
			func(t time.Time) string { return t.Format("2006") },
		},
	}
}

const timeGap = "Trends and alerts"

// computed reports whether the gap follows from the records, so that Compose
// writes it again.
func (g Gap) computed() bool { return g.What == timeGap || g.What == segmentGap }

// periods picks the finest granularity whose periods are full enough to judge.
func (b *builder) periods() {
	var times []time.Time
	for i := range b.records {
		if !b.records[i].Time.IsZero() {
			times = append(times, b.records[i].Time.UTC())
		}
	}
	gap := func(format string, args ...any) {
		b.out.Gaps = append(b.out.Gaps, Gap{
			What: timeGap, Why: fmt.Sprintf(format, args...),
			Mend: "Export the time of each record and name its column with --map time=COLUMN.",
		})
	}
	if 2*len(times) < len(b.records) || len(times) == 0 {
		gap("%d of %d records carry a time.", len(times), len(b.records))
		return
	}
	slices.SortFunc(times, time.Time.Compare)
	first, last := times[0], times[len(times)-1]
	for _, g := range granularities() {
		var edges []time.Time
		for t := g.start(first); len(edges) <= maxPeriods; t = g.next(t) {
			edges = append(edges, t)
			if t.After(last) {
				break
			}
		}
		n := len(edges) - 1
		if n > maxPeriods || !edges[n].After(last) || n >= minPeriods && len(times) < n*b.policy.Least {
			continue // too many, or too thin on average
		}
		if n < minPeriods {
			break
		}
		counts := b.perPeriod(edges)
		for i, c := range counts {
			b.out.Periods = append(b.out.Periods, Period{
				Start: edges[i], End: edges[i+1], Label: g.label(edges[i]), Records: c, Thin: c < b.policy.Least,
			})
		}
		return
	}
	gap("%d records with a time between %s and %s do not fill %d periods of %d records each.",
		len(times), first.Format("2006-01-02"), last.Format("2006-01-02"), minPeriods, b.policy.Least)
}

// perPeriod counts all records by period and backs each Period's number.
func (b *builder) perPeriod(edges []time.Time) []int {
	out := make([]int, len(edges)-1)
	for i := range out {
		out[i] = b.count(fmt.Sprintf("/periods/%d/records", i), &evidence.Selector{From: edges[i], To: edges[i+1]})
	}
	return out
}

func (b *builder) edges() []time.Time {
	var e []time.Time
	for _, p := range b.out.Periods {
		e = append(e, p.Start)
	}
	if n := len(b.out.Periods); n > 0 {
		e = append(e, b.out.Periods[n-1].End)
	}
	return e
}

// Families over which false discoveries are bounded.
func trendFamily() []string { return []string{"/themes/*/trend/p"} }

func changeFamily() []string {
	return []string{"/themes/*/trend/change_p/*", "/segments/*/values/*/change_p/*"}
}

func cellFamily() []string { return []string{"/themes/*/segments/*/p"} }

func (b *builder) trends() {
	edges := b.edges()
	if len(edges) == 0 {
		return
	}
	for i := range b.out.Themes {
		t := &b.out.Themes[i]
		at := fmt.Sprintf("/themes/%d/trend", i)
		own := &evidence.Selector{Theme: t.ID}
		tr := &Trend{}
		for _, v := range b.row(at+"/counts", "records", evidence.Query{Op: evidence.OpCounts, Of: own, Periods: edges}) {
			tr.Counts = append(tr.Counts, int(v))
		}
		tr.Shares = b.row(at+"/shares", "share", evidence.Query{Op: evidence.OpShares, Of: own, Periods: edges})
		tr.ChangeP = b.row(at+"/change_p", "p", evidence.Query{Op: evidence.OpChanges, Of: own, Periods: edges, Least: b.policy.Least})
		halves := b.halves(t.ID)
		halves.Op = evidence.OpBalance
		tr.Balance = b.number(at+"/balance", "ratio", halves)
		halves.Op = evidence.OpFisher
		tr.P = b.number(at+"/p", "p", halves)
		t.Trend = tr
	}
	qs := adjust(b.out.Themes, func(t Theme) float64 { return t.Trend.P })
	for i := range b.out.Themes {
		tr := b.out.Themes[i].Trend
		at := fmt.Sprintf("/themes/%d/trend", i)
		tr.Q = b.stated(at+"/q", "q", qs[i], evidence.Query{Op: evidence.OpFDR, Number: at + "/p", Family: trendFamily()})
		switch {
		case b.out.Themes[i].Count < b.policy.Least/2:
			tr.Direction = TooLittle
		case tr.Q > b.policy.Q:
			tr.Direction = Steady
		case tr.Balance > 0.5:
			tr.Direction = Rising
		default:
			tr.Direction = Falling
		}
	}
}

// halves compares a theme's share in the later half of the periods with the earlier half.
func (b *builder) halves(theme string) evidence.Query {
	e := b.edges()
	mid := e[len(e)/2]
	first, last := e[0], e[len(e)-1]
	return evidence.Query{
		Of: &evidence.Selector{Theme: theme, From: mid, To: last}, Per: &evidence.Selector{From: mid, To: last},
		Rest: &evidence.Selector{Theme: theme, From: first, To: mid}, RestPer: &evidence.Selector{From: first, To: mid},
	}
}

// series is one share followed over the periods.
type series struct {
	at        string // pointer of its object
	theme     string
	label     string
	segment   string
	value     string
	changeP   []float64
	validated string            // who confirmed its theme
	ofAll     evidence.Selector // what its share is taken of
	own       evidence.Selector
}

// alerts reports, for each series, the strongest change among the recent
// periods that is both surprising (q) and large (ratio).
func (b *builder) alerts(validated map[string]string) {
	edges := b.edges()
	if len(edges) == 0 {
		return
	}
	all := b.series()
	type tested struct{ series, period int }
	var ps []float64
	var which []tested
	for i, s := range all {
		for j, p := range s.changeP {
			ps, which = append(ps, p), append(which, tested{i, j})
		}
	}
	qs := bh(ps)
	recent := len(edges) - 1 - max(2, (len(edges)-1)/4)
	best := make([]int, len(all)) // index into which, plus one
	for k, w := range which {
		if w.period < recent || qs[k] > b.policy.Q {
			continue
		}
		if c := best[w.series]; c == 0 || ps[k] < ps[c-1] {
			best[w.series] = k + 1
		}
	}
	var out []alertDraft
	for i, k := range best {
		if k == 0 {
			continue
		}
		if a, ok := b.alert(all[i], which[k-1].period, ps[k-1], qs[k-1]); ok {
			out = append(out, a)
		}
	}
	slices.SortStableFunc(out, func(x, y alertDraft) int { return cmp.Compare(x.P, y.P) })
	for i, a := range out {
		at := fmt.Sprintf("/alerts/%d", i)
		source := fmt.Sprintf("%s/change_p/%d", a.series.at, a.period)
		own, per := a.series.within(edges[a.period], edges[a.period+1])
		was, wasPer := a.series.within(edges[0], edges[a.period])
		q := evidence.Query{Of: &own, Per: &per, Rest: &was, RestPer: &wasPer}
		a.Count = b.count(at+"/count", &own)
		q.Op = evidence.OpShare
		a.Share = b.number(at+"/share", "share", evidence.Query{Op: evidence.OpShare, Of: &own, Per: &per})
		a.Before = b.number(at+"/share_before", "share", evidence.Query{Op: evidence.OpShare, Of: &was, Per: &wasPer})
		q.Op = evidence.OpLift
		a.Ratio = b.number(at+"/ratio", "ratio", q)
		a.P = b.stated(at+"/p", "p", a.P, evidence.Query{Op: evidence.OpSame, Number: source})
		a.Q = b.stated(at+"/q", "q", a.Q, evidence.Query{Op: evidence.OpFDR, Number: source, Family: changeFamily()})
		a.Test = "share of the period against all earlier periods, two-sided beta-binomial, Benjamini-Hochberg over all series and periods"
		a.Statement = a.sentence()
		a.Validated = cmp.Or(a.series.validated, validated[a.Segment+"="+a.Value])
		b.out.Alerts = append(b.out.Alerts, a.Alert)
	}
}

type alertDraft struct {
	Alert
	series series
	period int
	when   string
}

func (b *builder) series() []series {
	var out []series
	for i, t := range b.out.Themes {
		out = append(out, series{
			at: fmt.Sprintf("/themes/%d/trend", i), theme: t.ID, label: t.Label, changeP: t.Trend.ChangeP, validated: t.Validated,
			own: evidence.Selector{Theme: t.ID},
		})
	}
	for i, d := range b.out.Segments {
		for j, v := range d.Values {
			out = append(out, series{
				at: fmt.Sprintf("/segments/%d/values/%d", i, j), segment: d.Name, value: v.Value, changeP: v.ChangeP,
				own: evidence.Selector{Segment: d.Name, Value: v.Value}, ofAll: evidence.Selector{Segment: d.Name},
			})
		}
	}
	return out
}

// within returns the series' own selector and its base, both within [from, to).
func (s series) within(from, to time.Time) (own, base evidence.Selector) {
	own, base = s.own, s.ofAll
	own.From, own.To, base.From, base.To = from, to, from, to
	return own, base
}

// alert names the kind of a surprising change, or reports false when it is too small.
func (b *builder) alert(s series, period int, p, q float64) (alertDraft, bool) {
	edges := b.edges()
	own, base := s.within(edges[period], edges[period+1])
	was, wasBase := s.within(edges[0], edges[period])
	ratio := b.eval(evidence.Query{Op: evidence.OpLift, Of: &own, Per: &base, Rest: &was, RestPer: &wasBase}).Value
	before := int(b.eval(evidence.Query{Op: evidence.OpCount, Of: &was}).Value)
	a := alertDraft{series: s, period: period, Alert: Alert{
		ThemeID: s.theme, Segment: s.segment, Value: s.value, Period: b.out.Periods[period].Label, P: p, Q: q,
	}, when: b.out.Periods[period].When()}
	switch {
	case ratio >= b.policy.Ratio && before <= max(2, period/2): // hardly seen so far: at most one record in two periods
		a.Kind = Emerging
	case ratio >= b.policy.Ratio:
		a.Kind = Spiking
	case ratio <= 1/b.policy.Ratio:
		a.Kind = Fading
	default:
		return alertDraft{}, false
	}
	return a, true
}

func (a alertDraft) sentence() string {
	what := "“" + a.series.label + "”"
	if a.Segment != "" {
		what = fmt.Sprintf("Feedback from %s %s", a.Segment, a.Value)
	}
	return fmt.Sprintf("%s is %s: %s of the records %s, %s before.", what, a.Kind, percent(a.Share), a.when, percent(a.Before))
}
