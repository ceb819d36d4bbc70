package report_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"roleos/internal/report"
)

func terminal(t testing.TB, v report.View, o report.TerminalOptions) string {
	return render(t, func(b *bytes.Buffer) error { return report.Terminal(b, v, o) })
}

func TestTerminalGolden(t *testing.T) {
	v := sample(t)
	saved := []string{"reports/fs-3f2a91c0.html"}
	for name, o := range map[string]report.TerminalOptions{
		"terminal_80.txt":         {Unicode: true, Saved: saved},
		"terminal_80_colour.txt":  {Unicode: true, Colour: true, Saved: saved},
		"terminal_80_ascii.txt":   {Saved: saved},
		"terminal_120.txt":        {Width: 120, Unicode: true, Saved: saved},
		"terminal_120_colour.txt": {Width: 120, Unicode: true, Colour: true, Saved: saved},
	} {
		t.Run(name, func(t *testing.T) { golden(t, name, terminal(t, v, o)) })
	}
}

func TestTerminalIsShort(t *testing.T) {
	v := sample(t)
	for i := len(v.Synthesis.Themes); i < 20; i++ {
		th := v.Synthesis.Themes[i%5]
		th.ID, th.Label = fmt.Sprintf("t-%d", i), fmt.Sprintf("another theme %d", i)
		v.Synthesis.Themes = append(v.Synthesis.Themes, th)
	}
	if n := strings.Count(terminal(t, v, report.TerminalOptions{Unicode: true}), "\n"); n > 74 {
		t.Errorf("%d lines for 20 themes", n)
	}
	big := strings.Count(terminal(t, large(400, 2000), report.TerminalOptions{}), "\n")
	if big > 74 {
		t.Errorf("%d lines for 400 themes", big)
	}
}

func TestTerminalSaysWhatTheReaderHasToDo(t *testing.T) {
	v := sample(t)
	v.State = "drafted"
	v.Gates[1] = report.Gate{ID: "figures-recompute", Says: "Every number comes out of the records again", Status: "error", Observed: "no record r7", Mend: "Run the agent again."}
	out := strings.Join(strings.Fields(terminal(t, v, report.TerminalOptions{Saved: []string{"out/report.html"}})), " ")
	for _, want := range []string{
		"not ready for review. 1 of 4 contract gates did not pass.",
		"x figures-recompute: Every number comes out of the records again. no record r7. Run the agent again.",
		"Report: out/report.html roleos review show fs-3f2a91c0",
		"Not said: Satisfaction by theme. No column holds a score.",
		"? = low confidence",
		"and 8 more issues in the full report",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the report does not say %q", want)
		}
	}
}

func TestTerminalUsesColourOnlyWhenTold(t *testing.T) {
	v := sample(t)
	if out := terminal(t, v, report.TerminalOptions{Unicode: true}); strings.Contains(out, "\x1b") {
		t.Error("an escape without colour")
	}
	colour := terminal(t, v, report.TerminalOptions{Unicode: true, Colour: true})
	bare := regexp.MustCompile("\x1b\\[[0-9]+m").ReplaceAllString(colour, "")
	if plain := terminal(t, v, report.TerminalOptions{Unicode: true}); bare != plain {
		t.Errorf("colour changes the text: %s", firstDifference(plain, bare))
	}
}
