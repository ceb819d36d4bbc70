package scaffold

import (
	"slices"
	"strings"
	"time"

	"roleos/internal/evidence"
)

// The columns of a table of measures, by the names they may have.
var (
	metricColumns   = []string{"metric", "measure", "kpi"}
	valueColumns    = []string{"value", "baseline", "current"}
	unitColumns     = []string{"unit"}
	measuredColumns = []string{"measured", "period", "as_of", "date"}
)

// cells takes a line of a Markdown table of measures. It returns false for any
// other line.
func (d *reader) cells(r *evidence.Record, line string, start int, s *Scaffold) bool {
	body := strings.TrimSpace(line)
	if !strings.HasPrefix(body, "|") {
		d.columns = nil
		return false
	}
	cells := strings.Split(strings.Trim(body, "|"), "|")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	if column(cells, metricColumns) >= 0 && column(cells, valueColumns) >= 0 {
		d.columns, d.last = cells, -1
		return true
	}
	if d.columns == nil {
		return false
	}
	if strings.Trim(body, "|-: \t") == "" {
		return true
	}
	cell := func(names []string) string {
		if i := column(d.columns, names); i >= 0 && i < len(cells) {
			return cells[i]
		}
		return ""
	}
	metric, value, unit, measured := cell(metricColumns), cell(valueColumns), cell(unitColumns), cell(measuredColumns)
	q, ok := quote(r, start+strings.Index(line, body), start+len(strings.TrimRight(line, " \t")))
	if metric == "" || value == "" || !ok {
		return false
	}
	if bare := strings.TrimSpace(strings.TrimSuffix(value, "%")); unit == "" && bare != value {
		value, unit = bare, "%"
	}
	it := Item{Section: Baseline, Source: r.Source, Owner: d.doc.Owner, Date: d.doc.Date, Quote: q}
	it.Text = metric + ": " + strings.TrimSpace(value+" "+unit)
	if n, known := evidence.ParseNumber(value); known {
		it.Measure = &Measure{Metric: metric, Number: value, Value: n, Unit: unit, Measured: measured}
	} else {
		it.fill()
	}
	s.Items, d.last = append(s.Items, it), -1
	return true
}

// column returns the place of the first column with one of the names, or -1.
func column(columns, names []string) int {
	return slices.IndexFunc(columns, func(c string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(strings.Trim(c, "*_ "), n) })
	})
}

// row reads one row of a table whose columns say what it holds: section (or
// kind) with text, or metric with value, unit and the time it was measured.
func (d *reader) row(r *evidence.Record, s *Scaffold) {
	it := Item{Source: r.Source, Owner: attr(r, "owner", "by"), Date: attr(r, "measured", "period", "as_of", "date")}
	if it.Date == "" && !r.Time.IsZero() {
		it.Date = r.Time.Format(time.DateOnly)
	}
	metric, value := attr(r, metricColumns...), attr(r, valueColumns...)
	kind := strings.ToLower(attr(r, "kind", "section"))
	section, _ := sectionOf(kind)
	if section == None {
		section = kinds[kind]
	}
	n, ok := evidence.ParseNumber(strings.Trim(value, " %"))
	unit := attr(r, "unit")
	if unit == "" && strings.HasSuffix(strings.TrimSpace(value), "%") {
		unit = "%"
	}
	// The column of the metric is the only one with words in it, so that the row's
	// text may be the metric itself.
	const few = 12 // words
	if metric == "" && ok && unit != "" && it.Date != "" && len(strings.Fields(r.Text)) <= few {
		metric = strings.Join(strings.Fields(r.Text), " ")
	}
	switch {
	case metric != "" && ok:
		it.Section, it.Text = Baseline, metric+": "+strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "%")+" "+unit)
		it.Measure = &Measure{Metric: metric, Number: strings.Trim(value, " %"), Value: n, Unit: unit, Measured: it.Date}
	case section != None && kind != "":
		it.Section, it.Text, it.ID = section, strings.TrimSpace(r.Text), attr(r, "id")
		it.Class = headingClass(attr(r, "class", "type"))
		it.fill()
	default:
		return
	}
	q, ok := quote(r, 0, len(r.Text))
	if !ok {
		return
	}
	it.Quote = q
	s.Items = append(s.Items, it)
}
