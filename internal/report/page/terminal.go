package page

import (
	"cmp"
	"io"
	"slices"
	"strings"

	"roleos/internal/report/say"
	"roleos/internal/report/term"
)

// The most of each block that a terminal shows. The rest is counted, and is in
// the HTML form.
const (
	termItems   = 12
	termQuotes  = 3
	termRows    = 20
	termGaps    = 8
	termNested  = 1 // quotes of one entry
	termMatrix  = 30
	quoteLines  = 4
	nameColumns = 28
)

// Terminal writes the page for a terminal. No line is wider than the given
// width but a path or a command, which people copy. Nothing from a record can
// move the cursor or change a colour.
func Terminal(w io.Writer, p Page, f Frame, o term.Options) error {
	t := &screen{term.New(o)}
	f.TerminalHead(t.Term, title(p), p.Sample)
	var known []string
	for _, x := range p.Facts {
		known = append(known, x.Label+": "+x.Value)
	}
	t.Para("", strings.Join(known, t.Sign(" · ", " | ")), term.Dim)
	t.Rule()
	t.Para("", p.Lead, term.None)
	for _, s := range p.Sections {
		t.section(s)
	}
	if !p.Alone {
		f.TerminalNext(t.Term)
	}
	_, err := io.WriteString(w, t.String())
	return err
}

type screen struct{ *term.Term }

func (t *screen) section(s Section) {
	t.Heading(strings.ToUpper(t.Plain(s.Title)), "")
	if s.Folded {
		t.Para("", cmp.Or(s.Lead, "In the full report."), term.Dim)
		return
	}
	t.Para("", s.Lead, term.None)
	shown := false
	for _, b := range s.Blocks {
		if shown {
			t.Line("")
		}
		shown = t.block(b) || shown
	}
	if !shown {
		t.Para("", "There is nothing to show here.", term.Dim)
	}
}

func colour(tone Tone) term.Style {
	switch tone {
	case Good:
		return term.Accent
	case Bad:
		return term.Alarm
	case Unsure:
		return term.Caution
	case Notable:
		return term.Bold
	case Plain:
	}
	return term.None
}

// block reports whether there was anything to show.
func (t *screen) block(b Block) bool {
	switch b := b.(type) {
	case Text:
		t.Para("", b.Text, term.None)
		return strings.TrimSpace(b.Text) != ""
	case List:
		t.list(b)
	case Table:
		t.table(b)
	case Quotes:
		t.quotes("", b.Quotes, termQuotes)
		return len(b.Quotes) > 0
	case Matrix:
		t.matrix(b)
	case Cards:
		t.cards(b)
	case Gaps:
		for _, g := range b.Gaps[:min(len(b.Gaps), termGaps)] {
			line := say.Sentence(g.What) + " " + say.Sentence(g.Why)
			if g.Mend != "" {
				line += " To mend it: " + say.Sentence(g.Mend)
			}
			t.Para("? ", line, term.Caution)
		}
		t.Rest(len(b.Gaps)-termGaps, "gap", "gaps")
		return len(b.Gaps) > 0
	case Bars:
		t.bars(b)
	}
	return true
}

func (t *screen) list(b List) {
	if len(b.Items) == 0 {
		t.Para("", "None.", term.Dim)
	}
	for i, it := range b.Items[:min(len(b.Items), termItems)] {
		lead := t.Sign("• ", "* ")
		if b.Ordered {
			lead = say.Fit(say.Count(i+1)+".", 4, "")
		}
		text := it.Text
		if it.Note != "" {
			text += " (" + it.Note + ")"
		}
		t.Tagged(lead, tag(it.Tag), cmp.Or(colour(it.Tone), term.Bold), text)
		t.quotes(strings.Repeat(" ", say.Width(lead)), it.Quotes, termNested)
	}
	t.Rest(len(b.Items)-termItems, "entry", "entries")
}

// tag sets a tag off from what follows, also without colours.
func tag(s string) string {
	if s = strings.TrimSpace(s); s == "" || strings.HasSuffix(s, ":") {
		return s
	}
	return s + ":"
}

// quotes writes at most n quotes, each cut to a few lines.
func (t *screen) quotes(indent string, list []Quote, n int) {
	for _, q := range list[:min(len(list), n)] {
		bar := indent + t.Sign("│ ", "| ")
		room := t.Width() - say.Width(bar)
		lines := say.Wrap(t.Plain("“"+strings.TrimSpace(q.Text)+"”"), room)
		if len(lines) > quoteLines {
			lines = lines[:quoteLines]
			last := lines[quoteLines-1]
			lines[quoteLines-1] = say.Cut(last, room-say.Width(t.More()), "") + t.More()
		}
		for _, l := range lines {
			t.Line(t.Paint(term.Dim, bar) + l)
		}
		for _, l := range say.Wrap(t.Plain(whence(q)), room) {
			t.Line(t.Paint(term.Dim, bar+l))
		}
	}
	if rest := len(list) - n; rest > 0 {
		t.Line(t.Paint(term.Dim, indent+say.Cut("and "+say.Plural(rest, "more quote", "more quotes")+" in the full report", t.Width()-say.Width(indent), t.More())))
	}
}

func (t *screen) cards(b Cards) {
	if b.Title != "" {
		t.Para("", b.Title, cmp.Or(colour(b.Tone), term.Bold))
	}
	t.Para("", b.Note, term.Dim)
	for _, s := range b.Sides {
		t.Tagged(t.Sign("• ", "* "), tag(s.Title), term.Bold, s.Text)
		t.quotes("  ", s.Quotes, termNested)
	}
}

func (t *screen) bars(b Bars) {
	t.Para("", b.Caption, term.Dim)
	list := b.Bars[:min(len(b.Bars), termRows)]
	name := min(nameColumns, t.Width()/3, term.Longest(list, func(x Bar) string { return t.Plain(x.Name) }))
	label := 0
	for _, x := range list {
		label = max(label, say.Width(t.Plain(x.Label)))
	}
	label = min(label, t.Width()/3)
	most := 0.0
	for _, x := range list {
		most = max(most, x.Share)
	}
	room := min(40, t.Width()-name-label-3)
	for _, x := range list {
		t.Line(say.Fit(t.Plain(x.Name), name, t.More()) + "  " + t.Paint(term.Accent, t.Bar(x.Share, max(most, 1), room)) + " " +
			say.Cut(t.Plain(x.Label), label, t.More()))
	}
	t.Rest(len(b.Bars)-termRows, "bar", "bars")
}

// matrix writes the marks under short column names; long ones get a number and
// stand below.
func (t *screen) matrix(b Matrix) {
	t.Para("", b.Caption, term.Dim)
	rows := b.Rows[:min(len(b.Rows), termMatrix)]
	name := min(nameColumns, t.Width()/3, max(say.Width(t.Plain(b.Corner)), term.Longest(rows, func(r MatrixRow) string { return t.Plain(r.Name) })))
	room := t.Width() - name - 1
	wide := 3
	for _, r := range rows {
		for _, c := range r.Cells {
			wide = max(wide, min(10, say.Width(t.Plain(c.Mark))))
		}
	}
	heads, longest := make([]string, len(b.Columns)), wide
	for _, c := range b.Columns {
		longest = max(longest, say.Width(t.Plain(c)))
	}
	short := (longest+1)*len(b.Columns) <= room
	for i, c := range b.Columns {
		heads[i] = "C" + say.Count(i+1)
		if short {
			heads[i] = t.Plain(c)
		}
		wide = max(wide, say.Width(heads[i]))
	}
	each := max(1, room/(wide+1)) // columns side by side
	for from := 0; from < len(b.Columns); from += each {
		to := min(from+each, len(b.Columns))
		line := say.Fit(t.Plain(b.Corner), name, t.More()) + " "
		for _, h := range heads[from:to] {
			line += say.Fit(h, wide, "") + " "
		}
		t.Line(t.Paint(term.Dim, strings.TrimRight(line, " ")))
		for _, r := range rows {
			line := say.Fit(t.Plain(r.Name), name, t.More()) + " "
			for i := from; i < to && i < len(r.Cells); i++ {
				c := r.Cells[i]
				line += t.Paint(colour(c.Tone), say.Fit(cmp.Or(t.Plain(c.Mark), t.Sign("·", ".")), wide, t.More())) + " "
			}
			t.Line(line)
		}
	}
	t.Rest(len(b.Rows)-len(rows), "row", "rows")
	if !short {
		for i, c := range b.Columns {
			t.Para(say.Fit(heads[i], 4, "")+" ", c, term.Dim)
		}
	}
	var key []string
	for _, k := range b.Key {
		key = append(key, k.Label+" = "+k.Value)
	}
	t.Para("", strings.Join(slices.Compact(key), "; "), term.Dim)
}
