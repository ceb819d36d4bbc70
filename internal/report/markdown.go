package report

import (
	"io"
	"slices"
	"strings"

	"roleos/internal/report/frame"
	"roleos/internal/report/markdown"
)

// Markdown writes the whole report as GitHub-flavoured Markdown: what the HTML
// form shows, as text and tables. Every text from a record, a file or a person
// is escaped: it can form no table cell, link, mention, heading or HTML.
// https://github.github.com/gfm/
func Markdown(w io.Writer, v View) error {
	d := &doc{}
	a := newAppendix(&v)
	p := v.themesPart(a)
	d.opening(&v)
	d.issues(v.issuesPart())
	d.themes(p)
	d.segments(v.heatPart())
	d.alerts(&v)
	d.loose(v.loosePart())
	d.data(&v)
	d.method(v.methodPart())
	f := v.Frame()
	f.Markdown(&d.Doc)
	d.evidence(a.rows())
	_, err := io.WriteString(w, d.String())
	return err
}

// mark is Markdown that is safe to write.
type mark = markdown.Mark

func md(s string) mark { return markdown.Text(s) }

func all(list []string) []mark { return markdown.Texts(list) }

func linked(label, anchor string) mark { return markdown.Linked(label, anchor) }

type doc struct{ markdown.Doc }

func (d *doc) opening(v *View) {
	f := v.Frame()
	d.Heading(1, "", md(v.title()))
	if v.Synthesis.Sample {
		d.Para("> ", md(frame.SampleNote))
	}
	if c := v.coverage(); c != "" {
		d.Para("> **", md(c), "**")
	}
	for _, m := range append(v.meta(), pairs(f.About())...) {
		d.Line("- ", md(m.Name), ": ", md(m.Value))
	}
	d.Line()
	d.Heading(2, "", "Summary")
	d.Para(md(v.lead()))
	for _, h := range v.Synthesis.Summary.Headlines {
		if h.Text != v.coverage() { // it stands above
			d.Line("- ", md(h.Text))
		}
	}
	d.Line()
}

func (d *doc) issues(p issuesPart) {
	d.Heading(2, "", "What to look at first")
	rows := append(slices.Clone(p.Open), p.Folded...)
	if len(rows) == 0 {
		d.Para("There is no issue to rank.")
		return
	}
	head := []mark{"#", "Issue", "Score"}
	for _, l := range p.Legend {
		head = append(head, md(l.Name)+" ("+md(l.Weight)+")")
	}
	var cells [][]mark
	for _, r := range rows {
		c := []mark{md(r.Rank), linked(r.Label, r.Anchor), md(r.Score)}
		cells = append(cells, append(c, all(r.Values)...))
	}
	d.Para("In brackets: the weight of each factor.")
	d.Table(head, func(i int) bool { return i != 1 }, cells)
	d.Bullets(all(p.Formula)...)
	for _, w := range p.Weights {
		d.Line("- segment weight of ", md(w.Name), ": ", md(w.Value))
	}
	d.Line()
	d.Para("<details><summary>Why each score</summary>")
	for _, r := range rows {
		d.Para("**", md(r.Rank), ". ", md(r.Label), "**")
		for _, y := range r.Why {
			d.Line("- ", md(y.Name), " ", md(y.Value), ": ", md(y.Means))
		}
		d.Line()
	}
	d.Para("</details>")
}

func (d *doc) themes(p themesPart) {
	d.Heading(2, "", "Themes")
	rows := append(slices.Clone(p.Open), p.Folded...)
	if len(rows) == 0 {
		d.Para("No theme was found.")
		return
	}
	var cells [][]mark
	for _, r := range rows {
		level := md(r.Level) + " " + md(r.Confidence)
		if r.Check {
			level = "**" + level + ", needs a check**"
		}
		if r.Validated != "" {
			level += ", " + md(r.Validated)
		}
		cells = append(cells, []mark{linked(r.Label, r.Anchor), md(r.Group), md(r.Count), md(r.Share), md(r.Interval), md(r.Trend), level})
	}
	d.Table([]mark{"Theme", "Group", "Records", "Share", "95 % interval", "Trend", "Confidence"},
		func(i int) bool { return i >= 2 && i <= 4 }, cells)
	for _, s := range append(slices.Clone(p.Sections), p.More...) {
		d.theme(s)
	}
	if p.Without != "" {
		d.Para(md(p.Without), " no section of their own here.")
	}
}

func (d *doc) theme(s section) {
	d.Heading(3, s.Anchor, md(s.Label))
	d.Para(md(s.Statement))
	if s.Says != nil {
		d.Para(cited(*s.Says))
	}
	d.Para("Theme id ", md(s.ID))
	facts := []mark{
		md(s.Records) + ", " + md(s.Share) + " (" + md(s.Interval) + ")",
		"confidence " + md(s.Level) + " " + md(s.Confidence),
	}
	if s.Check {
		facts[1] += ", **needs a person's check**"
	}
	if s.Trend != "" {
		facts = append(facts, "trend "+md(s.Trend)+". "+md(s.TrendNote))
	}
	for _, c := range s.Over {
		facts = append(facts, "over in "+md(c.Who)+": "+md(c.Says)+" ("+md(c.Sure)+")")
	}
	for _, c := range s.Under {
		facts = append(facts, "under in "+md(c.Who)+": "+md(c.Says)+" ("+md(c.Sure)+")")
	}
	if s.AlsoIn != "" {
		facts = append(facts, md(s.AlsoIn))
	}
	if s.Validated != "" {
		facts = append(facts, md(s.Validated))
	}
	if s.Praise != "" {
		facts = append(facts, md(s.Praise))
	}
	if s.Edited {
		facts = append(facts, "a person changed this theme")
	}
	if len(s.Phrases) > 0 {
		facts = append(facts, "told apart by: "+md(strings.Join(s.Phrases, ", ")))
	}
	d.Bullets(facts...)
	for _, q := range s.Quotes {
		text := md(q.Text)
		if q.Cut {
			text += " …"
		}
		d.Line("> ", text)
		d.Line(">")
		d.Para("> ", cited(q))
	}
	if len(s.Periods) > 0 {
		parts := make([]string, len(s.Periods))
		for i, p := range s.Periods {
			parts[i] = p.Label + " " + p.Share
		}
		d.Para("By period: ", md(strings.Join(parts, ", ")))
	}
}

func cited(q quoteRow) mark {
	m := linked(q.ID, q.Anchor)
	if q.Place != "" {
		m += ", " + md(q.Place)
	}
	return m
}
