package report

import (
	"fmt"
	"slices"
	"strings"

	"roleos/internal/artefact"
	"roleos/internal/report/say"
)

func (d *doc) segments(p heatPart) {
	if len(p.Tables) == 0 {
		return
	}
	d.Heading(2, "", "Who it comes from")
	d.Para("Share of a segment's records that belong to the theme. Bold with ▲ or ▼ where a test says it is more or less than elsewhere (Fisher's exact test, q ≤ 0.05).")
	for _, t := range p.Tables {
		head := []mark{"Theme"}
		for _, dim := range t.Dims {
			for _, x := range dim.Values {
				head = append(head, md(dim.Name+" "+x.Name)+" ("+md(x.Value)+")")
			}
		}
		var rows [][]mark
		for _, r := range append(slices.Clone(t.Open), t.Folded...) {
			c := []mark{linked(r.Label, r.Anchor)}
			for _, x := range r.Cells {
				if x.Sign != "" {
					c = append(c, "**"+md(x.Sign)+" "+md(x.Share)+"**")
				} else {
					c = append(c, md(x.Share))
				}
			}
			rows = append(rows, c)
		}
		d.Table(head, func(i int) bool { return i > 0 }, rows)
	}
	d.Bullets(all(p.Omitted)...)
	if p.RowsLeft != "" {
		d.Para(md(p.RowsLeft), " in none of these tables.")
	}
}

func (d *doc) alerts(v *View) {
	d.Heading(2, "", "Alerts")
	rows := v.alertRows()
	switch {
	case len(rows) == 0 && len(v.Synthesis.Periods) > 0:
		d.Para("No share left its own history.")
	case len(rows) == 0:
		d.Para("Without enough records that carry a time, nothing can be said about change.")
	}
	for _, a := range rows {
		m := "**" + md(a.Kind) + ".** " + md(a.Statement) + " " + md(a.Count) + ": " + md(a.Change) + ". " + md(a.Sure) + ". Test: " + md(say.Sentence(a.Test))
		if a.Validated != "" {
			m += " Confirmed by " + md(a.Validated) + "."
		}
		d.Line("- ", m)
	}
	d.Line()
}

func (d *doc) loose(p loosePart) {
	d.Heading(2, "", "Fits nowhere")
	if p.Total == "" {
		d.Para("Every record fits a theme.")
		return
	}
	d.Para(md(p.Total), " no theme. They are listed here and not forced into one.")
	var rows [][]mark
	for _, r := range append(slices.Clone(p.Open), p.Folded...) {
		rows = append(rows, []mark{md(r.ID), md(r.Place), md(r.Text)})
	}
	d.Table([]mark{"Record", "Place", "Text"}, func(int) bool { return false }, rows)
	if p.Rest != "" {
		d.Para(md(p.Rest), " more are not listed here.")
	}
}

func (d *doc) data(v *View) {
	s := &v.Synthesis
	d.Heading(2, "", "About the data")
	for _, f := range warningsFirst(s.Findings) {
		m := "**" + md(f.Severity) + "**: " + md(f.Message)
		if len(f.Where) > 0 {
			m += " (" + md(strings.Join(f.Where, "; ")) + ")"
		}
		d.Line("- ", m)
	}
	if len(s.Findings) == 0 {
		d.Line("Nothing about the data stood out.")
	}
	d.Line()
	if len(s.Gaps) > 0 {
		d.Heading(3, "", "What could not be said")
	}
	d.Bullets(convert(s.Gaps, func(g artefact.Gap) mark {
		return "**" + md(g.What) + "**: " + md(say.Sentence(g.Why)) + " " + md(g.Mend)
	})...)
	if len(s.Rejected) > 0 {
		d.Heading(3, "", "Statements that were rejected")
	}
	d.Bullets(convert(s.Rejected, func(r artefact.Rejection) mark { return md(say.Sentence(r.Statement)) + " Rejected: " + md(r.Why) })...)
}

func convert[T any](list []T, f func(T) mark) []mark {
	out := make([]mark, len(list))
	for i, x := range list {
		out[i] = f(x)
	}
	return out
}

func (d *doc) method(m methodPart) {
	d.Heading(2, "", "Method and limits")
	if m.Analyst != "" {
		d.Para(md(m.Analyst))
	}
	for i, s := range m.Steps {
		d.Line(mark(fmt.Sprintf("%d. ", i+1)), md(s))
	}
	d.Line()
	d.Bullets(append(all(m.Limits), all(m.Notes)...)...)
	d.Para(md(m.Redaction))
	if len(m.Sources) > 0 {
		d.Table([]mark{"File", "Format", "Size", "Records", "Digest"}, func(i int) bool { return i == 2 || i == 3 },
			rowsOf(m.Sources, func(x sourceRow) []string { return []string{x.Name, x.Format, x.Size, x.Records, x.Digest} }))
	}
	d.Bullets(convertPairs(m.Redirects)...)
}

func convertPairs(list []pair) []mark {
	out := make([]mark, len(list))
	for i, p := range list {
		out[i] = "theme " + md(p.Name) + " is now " + md(p.Value)
	}
	return out
}

func rowsOf[T any](list []T, f func(T) []string) [][]mark {
	out := make([][]mark, len(list))
	for i, x := range list {
		out[i] = all(f(x))
	}
	return out
}

func (d *doc) evidence(rows []evidenceRow) {
	d.Heading(2, "", "Evidence")
	if len(rows) == 0 {
		d.Para("No record is quoted.")
		return
	}
	d.Para("Every record quoted above, with its place in its file. What is quoted is bold.")
	for _, r := range rows {
		d.Line(`<a id="`, mark(r.Anchor), `"></a>`)
		d.Line()
		parts := []mark{"**" + md(r.ID) + "**"}
		for _, s := range []string{r.Place, r.Time, r.About} {
			if s != "" {
				parts = append(parts, md(s))
			}
		}
		d.Para(joinMarks(parts, ", "))
		var text mark
		for _, run := range r.Runs {
			m := md(run.Text)
			if m == "" {
				continue
			}
			if run.Mark {
				m = "<b>" + m + "</b>"
			}
			if text != "" {
				text += " "
			}
			text += m
		}
		d.Para("> ", text)
	}
}

func joinMarks(list []mark, sep mark) mark {
	var out mark
	for i, m := range list {
		if i > 0 {
			out += sep
		}
		out += m
	}
	return out
}
