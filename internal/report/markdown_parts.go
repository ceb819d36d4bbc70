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
	d.heading(2, "", "Who it comes from")
	d.para("Share of a segment's records that belong to the theme. Bold with ▲ or ▼ where a test says it is more or less than elsewhere (Fisher's exact test, q ≤ 0.05).")
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
		d.table(head, func(i int) bool { return i > 0 }, rows)
	}
	d.bullets(all(p.Omitted)...)
	if p.RowsLeft != "" {
		d.para(md(p.RowsLeft), " in none of these tables.")
	}
}

func (d *doc) alerts(v *View) {
	d.heading(2, "", "Alerts")
	rows := v.alertRows()
	switch {
	case len(rows) == 0 && len(v.Synthesis.Periods) > 0:
		d.para("No share left its own history.")
	case len(rows) == 0:
		d.para("Without enough records that carry a time, nothing can be said about change.")
	}
	for _, a := range rows {
		m := "**" + md(a.Kind) + ".** " + md(a.Statement) + " " + md(a.Count) + ": " + md(a.Change) + ". " + md(a.Sure) + ". Test: " + md(say.Sentence(a.Test))
		if a.Validated != "" {
			m += " Confirmed by " + md(a.Validated) + "."
		}
		d.line("- ", m)
	}
	d.line()
}

func (d *doc) loose(p loosePart) {
	d.heading(2, "", "Fits nowhere")
	if p.Total == "" {
		d.para("Every record fits a theme.")
		return
	}
	d.para(md(p.Total), " no theme. They are listed here and not forced into one.")
	var rows [][]mark
	for _, r := range append(slices.Clone(p.Open), p.Folded...) {
		rows = append(rows, []mark{md(r.ID), md(r.Place), md(r.Text)})
	}
	d.table([]mark{"Record", "Place", "Text"}, func(int) bool { return false }, rows)
	if p.Rest != "" {
		d.para(md(p.Rest), " more are not listed here.")
	}
}

func (d *doc) data(v *View) {
	s := &v.Synthesis
	d.heading(2, "", "About the data")
	for _, f := range warningsFirst(s.Findings) {
		m := "**" + md(f.Severity) + "**: " + md(f.Message)
		if len(f.Where) > 0 {
			m += " (" + md(strings.Join(f.Where, "; ")) + ")"
		}
		d.line("- ", m)
	}
	if len(s.Findings) == 0 {
		d.line("Nothing about the data stood out.")
	}
	d.line()
	if len(s.Gaps) > 0 {
		d.heading(3, "", "What could not be said")
	}
	d.bullets(convert(s.Gaps, func(g artefact.Gap) mark {
		return "**" + md(g.What) + "**: " + md(say.Sentence(g.Why)) + " " + md(g.Mend)
	})...)
	if len(s.Rejected) > 0 {
		d.heading(3, "", "Statements that were rejected")
	}
	d.bullets(convert(s.Rejected, func(r artefact.Rejection) mark { return md(say.Sentence(r.Statement)) + " Rejected: " + md(r.Why) })...)
}

func convert[T any](list []T, f func(T) mark) []mark {
	out := make([]mark, len(list))
	for i, x := range list {
		out[i] = f(x)
	}
	return out
}

func (d *doc) method(m methodPart) {
	d.heading(2, "", "Method and limits")
	if m.Analyst != "" {
		d.para(md(m.Analyst))
	}
	for i, s := range m.Steps {
		d.line(mark(fmt.Sprintf("%d. ", i+1)), md(s))
	}
	d.line()
	d.bullets(append(all(m.Limits), all(m.Notes)...)...)
	d.para(md(m.Redaction))
	if len(m.Sources) > 0 {
		d.table([]mark{"File", "Format", "Size", "Records", "Digest"}, func(i int) bool { return i == 2 || i == 3 },
			rowsOf(m.Sources, func(x sourceRow) []string { return []string{x.Name, x.Format, x.Size, x.Records, x.Digest} }))
	}
	d.bullets(convertPairs(m.Redirects)...)
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

func (d *doc) checks(v *View) {
	d.heading(2, "", "Checks")
	d.para(md(v.gateLine()), " ", md(v.standing()))
	if v.Said != "" {
		d.para("The reviewer said: “", md(v.Said), "”")
	}
	if v.Solo {
		d.para("Solo mode: the author and the reviewer may be the same person.")
	}
	for _, g := range v.Gates {
		m := "**" + md(g.Status) + "** " + md(g.ID) + ": " + md(g.Says)
		if !g.Passed() {
			m += " " + md(say.Sentence(g.Where)) + " " + md(say.Sentence(g.Observed)) + " " + md(g.Mend)
		}
		d.line("- ", m)
	}
	d.line()
	for _, n := range v.Next {
		d.para("Next: ", md(n))
	}
}

func (d *doc) evidence(rows []evidenceRow) {
	d.heading(2, "", "Evidence")
	if len(rows) == 0 {
		d.para("No record is quoted.")
		return
	}
	d.para("Every record quoted above, with its place in its file. What is quoted is bold.")
	for _, r := range rows {
		d.line(`<a id="`, mark(r.Anchor), `"></a>`)
		d.line()
		parts := []mark{"**" + md(r.ID) + "**"}
		for _, s := range []string{r.Place, r.Time, r.About} {
			if s != "" {
				parts = append(parts, md(s))
			}
		}
		d.para(joinMarks(parts, ", "))
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
		d.para("> ", text)
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
