package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"roleos/internal/artefact"
	"roleos/internal/report/say"
	"roleos/internal/report/term"
)

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
	t := &screen{term.New(o)}
	f := v.Frame()
	f.TerminalHead(t.Term, v.title(), v.Synthesis.Sample)
	t.Rule()
	t.summary(&v)
	t.issues(&v)
	t.themes(&v)
	t.alerts(&v)
	t.segments(&v)
	t.data(&v)
	f.TerminalNext(t.Term)
	_, err := io.WriteString(w, t.String())
	return err
}

// TerminalOptions sets what the terminal can show.
type TerminalOptions = term.Options

type screen struct{ *term.Term }

func (t *screen) summary(v *View) {
	coverage := v.coverage()
	if coverage != "" {
		t.Para("", coverage, term.Caution)
	}
	t.Para("", v.lead(), term.None)
	shown, alerted := 0, false
	for _, h := range v.Synthesis.Summary.Headlines {
		// The first alert is news; the others stand in their own list below.
		alert := slices.ContainsFunc(v.Synthesis.Alerts, func(a artefact.Alert) bool { return a.Statement == h.Text })
		if h.Text != coverage && shown < termHeadlines && !(alert && alerted) {
			shown++
			alerted = alerted || alert
			t.Para(t.Sign("• ", "* "), h.Text, term.None)
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

func (t *screen) issues(v *View) {
	list := v.Synthesis.Issues
	if len(list) == 0 {
		return
	}
	t.Heading("LOOK AT FIRST", "score 0 to 100; factors 0 to 1")
	const col = 7
	factors := list[0].Factors
	room := t.Width() - 3 - 1 - 6 - col*len(factors)
	if room < 24 { // no room for factors: they are in the other reports
		factors, room = nil, t.Width()-3-1-6
	}
	room = min(room, term.Longest(list[:min(len(list), termIssues)], func(is artefact.Issue) string { return t.Plain(is.Title) }))
	head := "   " + say.Fit("Issue", room, "") + " " + fmt.Sprintf("%6s", "Score")
	for _, f := range factors {
		head += fmt.Sprintf("%*s", col, say.Cut(t.Plain(shortFactor(f.Name)), col-1, ""))
	}
	t.Line(t.Paint(term.Dim, head))
	for i, is := range list {
		if i == termIssues {
			break
		}
		s := fmt.Sprintf("%2d ", is.Rank) + say.Fit(t.Plain(is.Title), room, t.More()) + " " + t.Paint(term.Bold, fmt.Sprintf("%6s", say.Score(is.Score)))
		for k := range factors {
			cell := ""
			if k < len(is.Factors) {
				cell = say.Factor(is.Factors[k].Value)
			}
			s += fmt.Sprintf("%*s", col, cell)
		}
		t.Line(s)
	}
	t.Rest(len(list)-termIssues, "issue", "issues")
}

func (t *screen) themes(v *View) {
	list := v.Synthesis.Themes
	if len(list) == 0 {
		return
	}
	t.Heading("THEMES", "share of all records; trend; confidence")
	most := 0.0
	for _, th := range list {
		most = max(most, th.Share)
	}
	const fixed = 2 + 7 + 8 + 2 + 10 + 6 // gaps, count, share, gap, trend, level
	bars := min(30, max(0, (t.Width()-fixed)/3))
	room := min(t.Width()-fixed-bars, term.Longest(list[:min(len(list), termThemes)], func(th artefact.Theme) string { return t.Plain(th.Label) }))
	for i, th := range list {
		if i == termThemes {
			break
		}
		level, s := t.Plain(th.Level), term.None
		if th.NeedsCheck {
			level, s = level+" ?", term.Caution
		}
		t.Line(say.Fit(t.Plain(th.Label), room, t.More()) + "  " + t.Paint(term.Accent, t.Bar(th.Share, most, bars)) +
			fmt.Sprintf("%7s%8s  ", say.Count(th.Count), say.Share(th.Share)) + say.Fit(t.trend(th.Trend), 10, "") + t.Paint(s, say.Cut(level, 6, "")))
	}
	t.Rest(len(list)-termThemes, "theme", "themes")
	if n := len(v.flagged()); n > 0 {
		t.Para("", "? = low confidence: read its records before you rely on it.", term.Caution)
	}
}

func (t *screen) trend(tr *artefact.Trend) string {
	if tr == nil {
		return ""
	}
	switch tr.Direction {
	case artefact.Rising:
		return t.Sign("↗ rising", "rising")
	case artefact.Falling:
		return t.Sign("↘ falling", "falling")
	case artefact.Steady:
		return t.Sign("→ steady", "steady")
	case artefact.TooLittle:
		return t.Sign("· thin", "thin")
	}
	return ""
}
