package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"roleos/internal/artefact"
	"roleos/internal/report/say"
)

// TerminalOptions sets what the terminal can show.
type TerminalOptions struct {
	Width   int      // columns; default 80, at least 40
	Colour  bool     // may write colours (ANSI SGR); decided by the caller, who knows NO_COLOR and whether it is a terminal
	Unicode bool     // may write characters beyond ASCII
	Saved   []string // paths of fuller reports written beside this one, shown near the end
}

// The most lines of each list. The rest is counted, and is in the HTML report.
const (
	termHeadlines = 3
	termIssues    = 6
	termThemes    = 20
	termAlerts    = 4
	termSegments  = 4
	termFindings  = 3
	termGates     = 3
)

// Terminal writes the report for a terminal: what the records say first, then
// what to look at, then the rest in short lists. No line is wider than the given
// width but a path or a command, which people copy. Nothing from a record can
// move the cursor or change a colour.
func Terminal(w io.Writer, v View, o TerminalOptions) error {
	if o.Width <= 0 {
		o.Width = 80
	}
	t := &term{o: o, width: max(o.Width, 40), more: "…"}
	if !o.Unicode {
		t.more = "..."
	}
	t.head(&v)
	t.summary(&v)
	t.issues(&v)
	t.themes(&v)
	t.alerts(&v)
	t.segments(&v)
	t.data(&v)
	t.waits(&v)
	_, err := io.WriteString(w, t.b.String())
	return err
}

type style string

const (
	none    style = ""
	bold    style = "1"
	dim     style = "2"
	accent  style = "36"
	caution style = "33"
	alarm   style = "31"
)

type term struct {
	o     TerminalOptions
	width int
	more  string
	b     strings.Builder
}

func (t *term) paint(s style, text string) string {
	if !t.o.Colour || s == none || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// say picks a sign for the terminal.
func (t *term) say(unicode, ascii string) string {
	if t.o.Unicode {
		return unicode
	}
	return ascii
}

func (t *term) plain(s string) string { return say.Plain(s, !t.o.Unicode) }

func (t *term) line(s string) { t.b.WriteString(strings.TrimRight(s, " ") + "\n") }

// para writes text wrapped, the first line after lead, the others under it.
func (t *term) para(lead, text string, s style) {
	indent := say.Width(lead)
	for i, l := range say.Wrap(t.plain(text), t.width-indent) {
		if i > 0 {
			lead = strings.Repeat(" ", indent)
		}
		t.line(lead + t.paint(s, l))
	}
}

func (t *term) heading(text, note string) {
	t.line("")
	note = t.plain(note)
	if n := say.Width(text) + 2 + say.Width(note); note != "" && n <= t.width {
		t.line(t.paint(bold, text) + "  " + t.paint(dim, note))
		return
	}
	t.line(t.paint(bold, say.Cut(text, t.width, t.more)))
}

// rest says how many entries of a list are not shown.
func (t *term) rest(n int, one, many string) {
	if n > 0 {
		t.line(t.paint(dim, say.Cut(fmt.Sprintf("   and %s more %s in the full report", say.Count(n), say.Verb(n, one, many)), t.width, t.more)))
	}
}

func (t *term) head(v *View) {
	t.line(t.paint(bold, say.Cut(t.plain(v.title()), t.width, t.more)))
	var parts []string
	if v.Draft != "" {
		parts = append(parts, v.Draft)
	}
	if v.Revision != "" {
		parts = append(parts, "revision "+v.Revision)
	}
	if d, _ := say.Clip(v.Digest, len("sha256:")+12); d != "" {
		parts = append(parts, d)
	}
	if v.Solo {
		parts = append(parts, "solo mode")
	}
	if len(parts) > 0 {
		t.line(t.paint(dim, say.Cut(t.plain(strings.Join(parts, t.say(" · ", " | "))), t.width, t.more)))
	}
	if v.Synthesis.Sample {
		t.para("", sampleNote, caution)
	}
	t.line(t.paint(dim, strings.Repeat(t.say("─", "-"), t.width)))
}

func (t *term) summary(v *View) {
	coverage := v.coverage()
	if coverage != "" {
		t.para("", coverage, caution)
	}
	t.para("", v.lead(), none)
	shown, alerted := 0, false
	for _, h := range v.Synthesis.Summary.Headlines {
		// The first alert is news; the others stand in their own list below.
		alert := slices.ContainsFunc(v.Synthesis.Alerts, func(a artefact.Alert) bool { return a.Statement == h.Text })
		if h.Text != coverage && shown < termHeadlines && !(alert && alerted) {
			shown++
			alerted = alerted || alert
			t.para(t.say("• ", "* "), h.Text, none)
		}
	}
}

// shortFactor names a factor in at most six columns.
func shortFactor(key string) string {
	switch key {
	case "intensity":
		return "Intens"
	case "segment_weight":
		return "Segmt"
	case "confidence":
		return "Confid"
	}
	name := factorName(key)
	if name == "" {
		return ""
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

func (t *term) issues(v *View) {
	list := v.Synthesis.Issues
	if len(list) == 0 {
		return
	}
	t.heading("LOOK AT FIRST", "score 0 to 100; factors 0 to 1")
	const col = 7
	factors := list[0].Factors
	room := t.width - 3 - 1 - 6 - col*len(factors)
	if room < 24 { // no room for factors: they are in the other reports
		factors, room = nil, t.width-3-1-6
	}
	room = min(room, longest(list[:min(len(list), termIssues)], func(is artefact.Issue) string { return t.plain(is.Title) }))
	head := "   " + say.Fit("Issue", room, "") + " " + fmt.Sprintf("%6s", "Score")
	for _, f := range factors {
		head += fmt.Sprintf("%*s", col, say.Cut(t.plain(shortFactor(f.Name)), col-1, ""))
	}
	t.line(t.paint(dim, head))
	for i, is := range list {
		if i == termIssues {
			break
		}
		s := fmt.Sprintf("%2d ", is.Rank) + say.Fit(t.plain(is.Title), room, t.more) + " " + t.paint(bold, fmt.Sprintf("%6s", say.Score(is.Score)))
		for k := range factors {
			cell := ""
			if k < len(is.Factors) {
				cell = say.Factor(is.Factors[k].Value)
			}
			s += fmt.Sprintf("%*s", col, cell)
		}
		t.line(s)
	}
	t.rest(len(list)-termIssues, "issue", "issues")
}

func (t *term) themes(v *View) {
	list := v.Synthesis.Themes
	if len(list) == 0 {
		return
	}
	t.heading("THEMES", "share of all records; trend; confidence")
	most := 0.0
	for _, th := range list {
		most = max(most, th.Share)
	}
	const fixed = 2 + 7 + 8 + 2 + 10 + 6 // gaps, count, share, gap, trend, level
	bars := min(30, max(0, (t.width-fixed)/3))
	room := min(t.width-fixed-bars, longest(list[:min(len(list), termThemes)], func(th artefact.Theme) string { return t.plain(th.Label) }))
	for i, th := range list {
		if i == termThemes {
			break
		}
		level, s := t.plain(th.Level), none
		if th.NeedsCheck {
			level, s = level+" ?", caution
		}
		t.line(say.Fit(t.plain(th.Label), room, t.more) + "  " + t.paint(accent, t.bar(th.Share, most, bars)) +
			fmt.Sprintf("%7s%8s  ", say.Count(th.Count), say.Share(th.Share)) + say.Fit(t.trend(th.Trend), 10, "") + t.paint(s, say.Cut(level, 6, "")))
	}
	t.rest(len(list)-termThemes, "theme", "themes")
	if n := len(v.flagged()); n > 0 {
		t.para("", "? = low confidence: read its records before you rely on it.", caution)
	}
}

// longest returns the columns of the longest name, at least a few.
func longest[T any](list []T, name func(T) string) int {
	n := 12
	for _, x := range list {
		n = max(n, say.Width(name(x)))
	}
	return n
}

// bar draws value against most in n columns, in eighths where the terminal can.
func (t *term) bar(value, most float64, n int) string {
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

func (t *term) trend(tr *artefact.Trend) string {
	if tr == nil {
		return ""
	}
	switch tr.Direction {
	case artefact.Rising:
		return t.say("↗ rising", "rising")
	case artefact.Falling:
		return t.say("↘ falling", "falling")
	case artefact.Steady:
		return t.say("→ steady", "steady")
	case artefact.TooLittle:
		return t.say("· thin", "thin")
	}
	return ""
}
