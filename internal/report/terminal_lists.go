package report

import (
	"fmt"
	"strings"

	"roleos/internal/artefact"
	"roleos/internal/report/say"
	"roleos/internal/report/term"
)

func (t *screen) alerts(v *View) {
	list := v.Synthesis.Alerts
	if len(list) == 0 {
		return
	}
	t.Heading("ALERTS", "a share that left its own history")
	for i, a := range list {
		if i == termAlerts {
			break
		}
		t.Para("! ", strings.TrimSuffix(a.Statement, ".")+" ("+say.Sureness("q", a.Q)+").", term.None)
	}
	t.Rest(len(list)-termAlerts, "alert", "alerts")
}

// kindWord names a kind of alert.
func kindWord(k artefact.AlertKind) string {
	switch k {
	case artefact.Emerging:
		return "Emerging"
	case artefact.Spiking:
		return "Spiking"
	case artefact.Fading:
		return "Fading"
	}
	return string(k)
}

func (t *screen) segments(v *View) {
	list := v.standouts()
	if len(list) == 0 {
		return
	}
	t.Heading("WHO IT COMES FROM", "tested at q <= 0.05; share of the segment, then elsewhere")
	const figures = 2 + 7 + 3 + 7 + 6 // share, slash, share, ratio
	room := t.Width() - 3 - figures
	top := list[:min(len(list), termSegments)]
	who := min(room*2/5, term.Longest(top, func(s standout) string { return t.Plain(s.Cell.Segment + " " + s.Cell.Value) }))
	room = min(room, who+term.Longest(top, func(s standout) string { return t.Plain(s.Theme.Label) }))
	for _, s := range top {
		sign := t.Paint(term.Accent, t.Sign("▲", "+"))
		if s.Cell.Verdict == artefact.Under {
			sign = t.Paint(term.Dim, t.Sign("▼", "-"))
		}
		ratio := t.Plain(say.Times(s.Cell.Lift))
		t.Line(sign + " " + say.Fit(t.Plain(s.Cell.Segment+" "+s.Cell.Value), who, t.More()) + " " + say.Fit(t.Plain(s.Theme.Label), room-who, t.More()) +
			fmt.Sprintf("  %7s / %7s%6s", say.Share(s.Cell.Share), say.Share(s.Cell.RestShare), ratio))
	}
	t.Rest(len(list)-termSegments, "difference", "differences")
}

func (t *screen) data(v *View) {
	s := &v.Synthesis
	if len(s.Findings)+len(s.Gaps) == 0 {
		return
	}
	t.Heading("ABOUT THE DATA", "")
	shown := 0
	for _, f := range warningsFirst(s.Findings) {
		if shown == termFindings {
			break
		}
		shown++
		st := term.None
		if f.Severity == "warning" {
			st = term.Caution
		}
		t.Para(t.Sign("• ", "* "), f.Message, st)
	}
	t.Rest(len(s.Findings)-shown, "finding", "findings")
	for i, g := range s.Gaps {
		if i == 2 {
			break
		}
		t.Para(t.Sign("• ", "* "), "Not said: "+say.Sentence(g.What)+" "+say.Sentence(g.Why), term.None)
	}
	t.Rest(len(s.Gaps)-2, "gap", "gaps")
}
