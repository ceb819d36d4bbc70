package frame

import (
	"strings"

	"roleos/internal/report/say"
	"roleos/internal/report/term"
)

// termGates is how many gates of a kind a terminal shows.
const termGates = 3

// TerminalHead writes the title and which draft it is.
func (f *Frame) TerminalHead(t *term.Term, title string, sample bool) {
	t.Line(t.Paint(term.Bold, say.Cut(t.Plain(title), t.Width(), t.More())))
	var parts []string
	if f.Draft != "" {
		parts = append(parts, f.Draft)
	}
	if f.Revision != "" {
		parts = append(parts, "revision "+f.Revision)
	}
	if d, _ := say.Clip(f.Digest, len("sha256:")+12); d != "" {
		parts = append(parts, d)
	}
	if f.Mode != "" {
		parts = append(parts, f.Mode)
	}
	if f.Solo {
		parts = append(parts, "solo mode")
	}
	if len(parts) > 0 {
		t.Line(t.Paint(term.Dim, say.Cut(t.Plain(strings.Join(parts, t.Sign(" · ", " | "))), t.Width(), t.More())))
	}
	if sample {
		t.Para("", SampleNote, term.Caution)
	}
}

// TerminalNext writes what the contract said, where fuller reports are and which
// commands come next.
func (f *Frame) TerminalNext(t *term.Term) {
	t.Heading("NEXT", "")
	tally := f.Tally()
	st := term.None
	if len(tally.Failed) > 0 {
		st = term.Alarm
	}
	t.Para("", f.Standing()+" "+f.GateLine(), st)
	if f.Said != "" {
		t.Para("", "The reviewer said: “"+f.Said+"”", term.None)
	}
	gates(t, "x ", tally.Failed, term.Alarm)
	t.Rest(len(tally.Failed)-termGates, "gate that did not pass", "gates that did not pass")
	gates(t, "! ", tally.Warned, term.Caution)
	t.Rest(len(tally.Warned)-termGates, "gate that warns", "gates that warn")
	for _, p := range t.Options().Saved {
		t.Command("Report: ", p, term.Accent)
	}
	for _, n := range f.Next {
		t.Command("  ", n, term.Bold)
	}
}

func gates(t *term.Term, sign string, list []Gate, s term.Style) {
	for _, g := range list[:min(len(list), termGates)] {
		t.Para(sign, g.ID+": "+say.Sentence(g.Says)+" "+say.Sentence(g.Observed)+" "+say.Sentence(g.Mend), s)
	}
}
