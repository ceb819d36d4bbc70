package term

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"roleos/internal/report/say"
)

// Options sets what the terminal can show.
type Options struct {
	Width   int      // columns; default 80, at least 40
	Colour  bool     // may write colours (ANSI SGR); decided by the caller, who knows NO_COLOR and whether it is a terminal
	Unicode bool     // may write characters beyond ASCII
	Saved   []string // paths of fuller reports written beside this one, shown near the end
}

// Style is a colour or a weight.
type Style string

// The styles.
const (
	None    Style = ""
	Bold    Style = "1"
	Dim     Style = "2"
	Accent  Style = "36"
	Caution Style = "33"
	Alarm   Style = "31"
)

// Term collects lines.
type Term struct {
	o     Options
	width int
	more  string
	b     strings.Builder
}

// New returns an empty Term.
func New(o Options) *Term {
	t := &Term{o: o, width: max(cmp.Or(max(o.Width, 0), 80), 40), more: "…"}
	if !o.Unicode {
		t.more = "..."
	}
	return t
}

// Width returns the columns of a line.
func (t *Term) Width() int { return t.width }

// More returns what a cut text ends with.
func (t *Term) More() string { return t.more }

// Options returns what the terminal can show.
func (t *Term) Options() Options { return t.o }

// String returns what was written.
func (t *Term) String() string { return t.b.String() }

// Paint colours text where the terminal may.
func (t *Term) Paint(s Style, text string) string {
	if !t.o.Colour || s == None || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// Sign picks a sign for the terminal.
func (t *Term) Sign(unicode, ascii string) string {
	if t.o.Unicode {
		return unicode
	}
	return ascii
}

// Plain makes foreign text fit for one line.
func (t *Term) Plain(s string) string { return say.Plain(s, !t.o.Unicode) }

// Line writes s, which is no wider than the terminal and holds no foreign text that Plain did not see.
func (t *Term) Line(s string) { t.b.WriteString(strings.TrimRight(s, " ") + "\n") }

// Para writes text wrapped, the first line after lead, the others under it.
func (t *Term) Para(lead, text string, s Style) {
	indent := say.Width(lead)
	for i, l := range say.Wrap(t.Plain(text), t.width-indent) {
		if i > 0 {
			lead = strings.Repeat(" ", indent)
		}
		t.Line(lead + t.Paint(s, l))
	}
}

// Heading writes a heading with a note beside it where it fits.
func (t *Term) Heading(text, note string) {
	t.Line("")
	note = t.Plain(note)
	if n := say.Width(text) + 2 + say.Width(note); note != "" && n <= t.width {
		t.Line(t.Paint(Bold, text) + "  " + t.Paint(Dim, note))
		return
	}
	t.Line(t.Paint(Bold, say.Cut(text, t.width, t.more)))
}

// Rest says how many entries of a list are not shown.
func (t *Term) Rest(n int, one, many string) {
	if n > 0 {
		t.Line(t.Paint(Dim, say.Cut(fmt.Sprintf("   and %s more %s in the full report", say.Count(n), say.Verb(n, one, many)), t.width, t.more)))
	}
}

// Longest returns the columns of the longest name, at least a few.
func Longest[T any](list []T, name func(T) string) int {
	n := 12
	for _, x := range list {
		n = max(n, say.Width(name(x)))
	}
	return n
}

// Bar draws value against most in n columns, in eighths where the terminal can.
func (t *Term) Bar(value, most float64, n int) string {
	if !(most > 0 && value >= 0) || n <= 0 {
		return strings.Repeat(" ", max(n, 0))
	}
	eighths := int(math.Round(min(value/most, 1) * float64(8*n)))
	if value > 0 {
		eighths = max(eighths, 1)
	}
	if !t.o.Unicode {
		return say.Fit(strings.Repeat("#", min(n, (eighths+7)/8)), n, "")
	}
	s := strings.Repeat("█", eighths/8)
	if r := eighths % 8; r > 0 {
		s += string([]rune("▏▎▍▌▋▊▉")[r-1])
	}
	return say.Fit(s, n, "")
}

// Command writes a path or a command on a line of its own: it is copied, so it
// is cut neither by a wrap nor by an ellipsis.
func (t *Term) Command(lead, text string, s Style) {
	t.Line(lead + t.Paint(s, say.Plain(text, false)))
}

// Rule writes a line across.
func (t *Term) Rule() { t.Line(t.Paint(Dim, strings.Repeat(t.Sign("─", "-"), t.width))) }

// Tagged writes a tag in its own style and a text behind it, wrapped.
func (t *Term) Tagged(lead, tag string, s Style, text string) {
	tag = t.Plain(tag)
	if tag == "" {
		t.Para(lead, text, None)
		return
	}
	indent := say.Width(lead)
	for i, l := range say.Wrap(tag+" "+t.Plain(text), t.width-indent) {
		if i == 0 {
			if rest, ok := strings.CutPrefix(l, tag); ok {
				l = t.Paint(s, tag) + rest
			}
		} else {
			lead = strings.Repeat(" ", indent)
		}
		t.Line(lead + l)
	}
}
