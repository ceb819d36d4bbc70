package markdown

import (
	"strings"

	"roleos/internal/report/say"
)

// Mark is Markdown that is safe to write. A text becomes one by Text only.
type Mark string

// Text escapes text for any place inside a line, also at its start.
func Text(s string) Mark {
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
	return Mark(b.String())
}

// Doc is a document that grows. The zero value is empty.
type Doc struct{ b strings.Builder }

// Line writes its parts as one line.
func (d *Doc) Line(parts ...Mark) {
	for _, p := range parts {
		d.b.WriteString(string(p))
	}
	d.b.WriteByte('\n')
}

// Para writes a paragraph.
func (d *Doc) Para(parts ...Mark) {
	d.Line(parts...)
	d.Line()
}

// Heading writes a heading of the level, with an anchor when id is not empty. An id
// is letters, digits and "-_.:" only.
func (d *Doc) Heading(level int, id string, parts ...Mark) {
	if id != "" {
		d.Line(`<a id="`, Mark(id), `"></a>`)
		d.Line()
	}
	d.Para(append([]Mark{Mark(strings.Repeat("#", level) + " ")}, parts...)...)
}

// Table writes a table whose columns named in right are aligned to the right.
func (d *Doc) Table(head []Mark, right func(i int) bool, rows [][]Mark) {
	row := func(cells []Mark) {
		d.b.WriteString("|")
		for _, c := range cells {
			d.b.WriteString(" " + string(c) + " |")
		}
		d.b.WriteByte('\n')
	}
	row(head)
	rule := make([]Mark, len(head))
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
	d.Line()
}

// Texts escapes every text of a list.
func Texts(list []string) []Mark {
	out := make([]Mark, len(list))
	for i, s := range list {
		out[i] = Text(s)
	}
	return out
}

// Bullets writes a list.
func (d *Doc) Bullets(list ...Mark) {
	for _, m := range list {
		d.Line("- ", m)
	}
	if len(list) > 0 {
		d.Line()
	}
}

// String returns what was written.
func (d *Doc) String() string { return d.b.String() }

// Linked links a label to its section, when it has one.
func Linked(label, anchor string) Mark {
	if anchor == "" {
		return Text(label)
	}
	return "[" + Text(label) + "](#" + Mark(anchor) + ")"
}
