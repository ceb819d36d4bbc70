package page

import (
	"io"
	"slices"
	"strings"

	"roleos/internal/report/frame"
	"roleos/internal/report/markdown"
	"roleos/internal/report/say"
)

type mark = markdown.Mark

// Markdown writes the page as GitHub-flavoured Markdown. Every text is escaped:
// it can form no table cell, link, mention, heading or HTML.
func Markdown(w io.Writer, p Page, f Frame) error {
	d := &doc{}
	text := markdown.Text
	d.Heading(1, "", text(title(p)))
	if p.Sample {
		d.Para("> ", text(frame.SampleNote))
	}
	for _, x := range facts(p, f) {
		d.Line("- ", text(x.Label), ": ", text(x.Value))
	}
	for _, x := range f.About() {
		d.Line("- ", text(x.Label), ": ", text(x.Value))
	}
	d.Line()
	if p.Lead != "" {
		d.Para(text(p.Lead))
	}
	for i, s := range parts(p, Links{}) {
		d.section(s, p.Sections[i])
	}
	if !p.Alone {
		f.Markdown(&d.Doc)
	}
	_, err := io.WriteString(w, d.String())
	return err
}

type doc struct{ markdown.Doc }

func (d *doc) section(v part, s Section) {
	d.Heading(2, v.Anchor, markdown.Text(s.Title))
	if s.Folded {
		d.Para("<details><summary>Show</summary>")
	}
	if s.Lead != "" {
		d.Para(markdown.Text(s.Lead))
	}
	if len(v.Blocks) == 0 {
		d.Para("There is nothing to show here.")
	}
	for _, b := range s.Blocks {
		d.block(b)
	}
	if s.Folded {
		d.Para("</details>")
	}
}

func (d *doc) block(b Block) {
	switch b := b.(type) {
	case Text:
		for _, p := range strings.Split(b.Text, "\n\n") {
			if strings.TrimSpace(p) != "" {
				d.Para(markdown.Text(p))
			}
		}
	case List:
		d.list(b)
	case Table:
		d.table(b)
	case Quotes:
		for _, q := range b.Quotes {
			d.quote("", q)
		}
	case Matrix:
		d.matrix(b)
	case Cards:
		d.cards(b)
	case Gaps:
		for _, g := range b.Gaps {
			d.Line("- **", markdown.Text(g.What), "**: ", markdown.Text(say.Sentence(g.Why)), mend(g.Mend))
		}
		d.Line()
	case Bars:
		rows := make([][]mark, len(b.Bars))
		for i, x := range b.Bars {
			rows[i] = []mark{markdown.Text(x.Name), markdown.Text(x.Label)}
		}
		d.caption(b.Caption)
		d.Table([]mark{"", ""}, func(i int) bool { return i == 1 }, rows)
	}
}

func mend(s string) mark {
	if s == "" {
		return ""
	}
	return " To mend it: " + markdown.Text(s)
}

func (d *doc) caption(s string) {
	if s != "" {
		d.Para(markdown.Text(s))
	}
}

func (d *doc) list(b List) {
	if len(b.Items) == 0 {
		d.Para("None.")
		return
	}
	for _, it := range b.Items {
		lead, indent := mark("- "), "  "
		if b.Ordered {
			lead, indent = "1. ", "   "
		}
		var m mark
		if it.Tag != "" {
			m = "**" + markdown.Text(tag(it.Tag)) + "** "
		}
		m += markdown.Text(it.Text)
		if it.Note != "" {
			m += " (" + markdown.Text(it.Note) + ")"
		}
		d.Line(lead, m)
		for _, q := range it.Quotes {
			d.Line()
			d.quote(indent, q)
		}
	}
	d.Line()
}

// quote writes a quote whose every line begins with indent.
func (d *doc) quote(indent string, q Quote) {
	in := mark(indent)
	d.Line(in, "> ", markdown.Text(q.Text))
	d.Line(in, ">")
	d.Line(in, "> ", markdown.Text(whence(q)))
	d.Line()
}

// whence says who said a quote and where it stands.
func whence(q Quote) string {
	var list []string
	for _, s := range []string{q.Who, q.RecordID, q.Where} {
		if s != "" && !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return strings.Join(list, ", ")
}

func (d *doc) table(b Table) {
	d.caption(b.Caption)
	head := b.Head
	columns := len(head)
	for _, r := range b.Rows {
		columns = max(columns, len(r))
	}
	if columns == 0 {
		d.Para("There is nothing to show here.")
		return
	}
	fill := func(r []string) []mark {
		out := make([]mark, columns)
		copy(out, markdown.Texts(r))
		return out
	}
	rows := make([][]mark, len(b.Rows))
	for i, r := range b.Rows {
		rows[i] = fill(r)
	}
	d.Table(fill(head), func(i int) bool { return slices.Contains(b.Right, i) }, rows)
	if b.Omitted > 0 {
		d.Para(markdown.Text(say.Plural(b.Omitted, "more row is", "more rows are")), " not shown here.")
	}
}

func (d *doc) matrix(b Matrix) {
	t := Table{Caption: b.Caption, Head: append([]string{b.Corner}, b.Columns...)}
	var notes []mark
	for _, r := range b.Rows {
		row := []string{r.Name}
		for i, c := range r.Cells {
			row = append(row, c.Mark)
			if c.Note != "" && i < len(b.Columns) {
				notes = append(notes, markdown.Text(r.Name)+", "+markdown.Text(b.Columns[i])+": "+markdown.Text(c.Note))
			}
		}
		t.Rows = append(t.Rows, row)
	}
	d.table(t)
	for _, k := range b.Key {
		d.Line("- ", markdown.Text(k.Label), " = ", markdown.Text(k.Value))
	}
	d.Line()
	if len(notes) > 0 {
		d.Para("<details><summary>What stands behind the marks</summary>")
		d.Bullets(notes...)
		d.Para("</details>")
	}
}

func (d *doc) cards(b Cards) {
	if b.Title != "" {
		d.Heading(3, "", markdown.Text(b.Title))
	}
	d.caption(b.Note)
	for _, s := range b.Sides {
		m := markdown.Text(s.Text)
		if s.Title != "" {
			m = "**" + markdown.Text(tag(s.Title)) + "** " + m
		}
		d.Line("- ", m)
		for _, q := range s.Quotes {
			d.Line()
			d.quote("  ", q)
		}
	}
	d.Line()
}
