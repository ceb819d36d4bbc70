package report

import (
	"io"
	"slices"
	"strings"

	"roleos/internal/report/say"
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
	d.checks(&v)
	d.evidence(a.rows())
	_, err := io.WriteString(w, d.b.String())
	return err
}

// mark is Markdown that is safe to write. Text becomes one by md only.
type mark string

// md escapes text for any place inside a line, also at its start.
func md(s string) mark {
	s = say.OneLine(say.Reveal(s))
	var b strings.Builder
	var last rune
	digits := true // only digits so far: "1." would begin a list
	for i, r := range s {
		next := rune(0)
		if n := i + len(string(r)); n < len(s) {
			next = []rune(s[n:min(len(s), n+4)])[0]
		}
		switch {
		case strings.ContainsRune("\\`*_{}[]<>|~$&", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		case i == 0 && strings.ContainsRune("-+=", r), (r == '.' || r == ')') && i > 0 && digits && (next == ' ' || next == 0):
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == ':' && next == '/', r == '.' && (last == 'w' || last == 'W'): // https://, www.
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '@':
			b.WriteString("@<!-- -->") // neither a mention nor an address
		case r == '#':
			b.WriteString(`\#`)
			if next != ' ' && next != 0 {
				b.WriteString("<!-- -->") // no link to an issue
			}
		default:
			b.WriteRune(r)
		}
		digits = digits && r >= '0' && r <= '9'
		last = r
	}
	return mark(b.String())
}

type doc struct{ b strings.Builder }

func (d *doc) line(parts ...mark) {
	for _, p := range parts {
		d.b.WriteString(string(p))
	}
	d.b.WriteByte('\n')
}

func (d *doc) para(parts ...mark) {
	d.line(parts...)
	d.line()
}

func (d *doc) heading(level int, id string, parts ...mark) {
	if id != "" {
		// The id is an anchor: letters, digits and "-_.:" only.
		d.line(`<a id="`, mark(id), `"></a>`)
		d.line()
	}
	d.para(append([]mark{mark(strings.Repeat("#", level) + " ")}, parts...)...)
}

// table writes a table whose columns named in right are aligned to the right.
func (d *doc) table(head []mark, right func(i int) bool, rows [][]mark) {
	row := func(cells []mark) {
		d.b.WriteString("|")
		for _, c := range cells {
			d.b.WriteString(" " + string(c) + " |")
		}
		d.b.WriteByte('\n')
	}
	row(head)
	rule := make([]mark, len(head))
	for i := range head {
		rule[i] = "---"
		if right(i) {
			rule[i] = "---:"
		}
	}
	row(rule)
	for _, r := range rows {
		row(r)
	}
	d.line()
}

func all(list []string) []mark {
	out := make([]mark, len(list))
	for i, s := range list {
		out[i] = md(s)
	}
	return out
}

func (d *doc) bullets(list ...mark) {
	for _, m := range list {
		d.line("- ", m)
	}
	if len(list) > 0 {
		d.line()
	}
}

func (d *doc) opening(v *View) {
	d.heading(1, "", md(v.title()))
	if v.Synthesis.Sample {
		d.para("> ", md(sampleNote))
	}
	if c := v.coverage(); c != "" {
		d.para("> **", md(c), "**")
	}
	for _, m := range append(v.meta(), v.about()...) {
		d.line("- ", md(m.Name), ": ", md(m.Value))
	}
	d.line()
	d.heading(2, "", "Summary")
	d.para(md(v.lead()))
	for _, h := range v.Synthesis.Summary.Headlines {
		if h.Text != v.coverage() { // it stands above
			d.line("- ", md(h.Text))
		}
	}
	d.line()
}

func (d *doc) issues(p issuesPart) {
	d.heading(2, "", "What to look at first")
	rows := append(slices.Clone(p.Open), p.Folded...)
	if len(rows) == 0 {
		d.para("There is no issue to rank.")
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
	d.para("In brackets: the weight of each factor.")
	d.table(head, func(i int) bool { return i != 1 }, cells)
	d.bullets(all(p.Formula)...)
	for _, w := range p.Weights {
		d.line("- segment weight of ", md(w.Name), ": ", md(w.Value))
	}
	d.line()
	d.para("<details><summary>Why each score</summary>")
	for _, r := range rows {
		d.para("**", md(r.Rank), ". ", md(r.Label), "**")
		for _, y := range r.Why {
			d.line("- ", md(y.Name), " ", md(y.Value), ": ", md(y.Means))
		}
		d.line()
	}
	d.para("</details>")
}

// linked links a label to its section, when it has one.
func linked(label, anchor string) mark {
	if anchor == "" {
		return md(label)
	}
	return "[" + md(label) + "](#" + mark(anchor) + ")"
}

func (d *doc) themes(p themesPart) {
	d.heading(2, "", "Themes")
	rows := append(slices.Clone(p.Open), p.Folded...)
	if len(rows) == 0 {
		d.para("No theme was found.")
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
	d.table([]mark{"Theme", "Group", "Records", "Share", "95 % interval", "Trend", "Confidence"},
		func(i int) bool { return i >= 2 && i <= 4 }, cells)
	for _, s := range append(slices.Clone(p.Sections), p.More...) {
		d.theme(s)
	}
	if p.Without != "" {
		d.para(md(p.Without), " no section of their own here.")
	}
}

func (d *doc) theme(s section) {
	d.heading(3, s.Anchor, md(s.Label))
	d.para(md(s.Statement))
	if s.Says != nil {
		d.para(cited(*s.Says))
	}
	d.para("Theme id ", md(s.ID))
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
	d.bullets(facts...)
	for _, q := range s.Quotes {
		text := md(q.Text)
		if q.Cut {
			text += " …"
		}
		d.line("> ", text)
		d.line(">")
		d.para("> ", cited(q))
	}
	if len(s.Periods) > 0 {
		parts := make([]string, len(s.Periods))
		for i, p := range s.Periods {
			parts[i] = p.Label + " " + p.Share
		}
		d.para("By period: ", md(strings.Join(parts, ", ")))
	}
}

func cited(q quoteRow) mark {
	m := linked(q.ID, q.Anchor)
	if q.Place != "" {
		m += ", " + md(q.Place)
	}
	return m
}
