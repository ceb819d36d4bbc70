package frame

import (
	"roleos/internal/report/markdown"
	"roleos/internal/report/say"
)

// Markdown writes the section on checks.
func (f *Frame) Markdown(d *markdown.Doc) {
	text := markdown.Text
	d.Heading(2, "", "Checks")
	d.Para(text(f.GateLine()), " ", text(f.Standing()))
	if f.Said != "" {
		d.Para("The reviewer said: “", text(f.Said), "”")
	}
	if f.Solo {
		d.Para("Solo mode: the author and the reviewer may be the same person.")
	}
	for _, g := range f.Gates {
		m := "**" + text(g.Status) + "** " + text(g.ID) + ": " + text(g.Says)
		if !g.Passed() {
			m += " " + text(say.Sentence(g.Where)) + " " + text(say.Sentence(g.Observed)) + " " + text(g.Mend)
		}
		d.Line("- ", m)
	}
	d.Line()
	for _, n := range f.Next {
		d.Para("Next: ", text(n))
	}
}
