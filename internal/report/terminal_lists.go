package report

import (
	"fmt"
	"strings"

	"roleos/internal/artefact"
	"roleos/internal/report/say"
)

func (t *term) alerts(v *View) {
	list := v.Synthesis.Alerts
	if len(list) == 0 {
		return
	}
	t.heading("ALERTS", "a share that left its own history")
	for i, a := range list {
		if i == termAlerts {
			break
		}
		t.para("! ", strings.TrimSuffix(a.Statement, ".")+" ("+say.Sureness("q", a.Q)+").", none)
	}
	t.rest(len(list)-termAlerts, "alert", "alerts")
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

func (t *term) segments(v *View) {
	list := v.standouts()
	if len(list) == 0 {
		return
	}
	t.heading("WHO IT COMES FROM", "tested at q <= 0.05; share of the segment, then elsewhere")
	const figures = 2 + 7 + 3 + 7 + 6 // share, slash, share, ratio
	room := t.width - 3 - figures
	top := list[:min(len(list), termSegments)]
	who := min(room*2/5, longest(top, func(s standout) string { return t.plain(s.Cell.Segment + " " + s.Cell.Value) }))
	room = min(room, who+longest(top, func(s standout) string { return t.plain(s.Theme.Label) }))
	for _, s := range top {
		sign := t.paint(accent, t.say("▲", "+"))
		if s.Cell.Verdict == artefact.Under {
			sign = t.paint(dim, t.say("▼", "-"))
		}
		ratio := t.plain(say.Times(s.Cell.Lift))
		t.line(sign + " " + say.Fit(t.plain(s.Cell.Segment+" "+s.Cell.Value), who, t.more) + " " + say.Fit(t.plain(s.Theme.Label), room-who, t.more) +
			fmt.Sprintf("  %7s / %7s%6s", say.Share(s.Cell.Share), say.Share(s.Cell.RestShare), ratio))
	}
	t.rest(len(list)-termSegments, "difference", "differences")
}

func (t *term) data(v *View) {
	s := &v.Synthesis
	if len(s.Findings)+len(s.Gaps) == 0 {
		return
	}
	t.heading("ABOUT THE DATA", "")
	shown := 0
	for _, f := range warningsFirst(s.Findings) {
		if shown == termFindings {
			break
		}
		shown++
		st := none
		if f.Severity == "warning" {
			st = caution
		}
		t.para(t.say("• ", "* "), f.Message, st)
	}
	t.rest(len(s.Findings)-shown, "finding", "findings")
	for i, g := range s.Gaps {
		if i == 2 {
			break
		}
		t.para(t.say("• ", "* "), "Not said: "+say.Sentence(g.What)+" "+say.Sentence(g.Why), none)
	}
	t.rest(len(s.Gaps)-2, "gap", "gaps")
}

func (t *term) waits(v *View) {
	t.heading("NEXT", "")
	_, _, warned, failed := v.tally()
	st := none
	if len(failed) > 0 {
		st = alarm
	}
	t.para("", v.standing()+" "+v.gateLine(), st)
	if v.Said != "" {
		t.para("", "The reviewer said: “"+v.Said+"”", none)
	}
	for i, g := range failed {
		if i == termGates {
			break
		}
		t.para("x ", g.ID+": "+say.Sentence(g.Says)+" "+say.Sentence(g.Observed)+" "+say.Sentence(g.Mend), alarm)
	}
	t.rest(len(failed)-termGates, "gate that did not pass", "gates that did not pass")
	for i, g := range warned {
		if i == termGates {
			break
		}
		t.para("! ", g.ID+": "+say.Sentence(g.Says)+" "+say.Sentence(g.Observed)+" "+say.Sentence(g.Mend), caution)
	}
	t.rest(len(warned)-termGates, "gate that warns", "gates that warn")
	for _, p := range t.o.Saved {
		t.command("Report: ", p, accent)
	}
	for _, n := range v.Next {
		t.command("  ", n, bold)
	}
}

// command writes a path or a command on a line of its own: it is copied, so it
// is cut neither by a wrap nor by an ellipsis.
func (t *term) command(lead, text string, s style) {
	t.line(lead + t.paint(s, say.Plain(text, false)))
}
