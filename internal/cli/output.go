package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"golang.org/x/term"

	"roleos/config"
	"roleos/internal/fault"
	"roleos/internal/report"
	"roleos/internal/report/say"
)

// json writes v to stdout, indented.
func (s *session) json(v any) {
	e := json.NewEncoder(s.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // a closed stdout has nobody to tell
}

// next writes the exact command to go on with.
func (s *session) next(command string) { s.say("Next: %s", typed(command)) }

// typed returns the command as this person has to type it: who started roleos
// with "go run" has no binary of that name.
func typed(command string) string {
	path, err := os.Executable()
	if err != nil || !strings.Contains(path, string(os.PathSeparator)+"go-build") {
		return command
	}
	if rest, ok := strings.CutPrefix(command, "roleos "); ok {
		return "go run ./cmd/roleos " + rest
	}
	return command
}

// say writes one message line to stderr.
func (s *session) say(format string, args ...any) { fmt.Fprintf(s.err, format+"\n", args...) }

// format checks -o against what the command can write.
func (s *session) format(allowed ...string) error {
	for _, a := range allowed {
		if s.output == a {
			return nil
		}
	}
	return fault.New(fault.Invalid, "cli", "unknown output format %q; this command writes %s", s.output, strings.Join(allowed, ", "))
}

// table writes rows in columns; the first row is the head.
func (s *session) table(rows [][]string) {
	w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
	_ = w.Flush()
}

// terminal returns the width of w when it is a terminal.
func terminal(w io.Writer) (width int, ok bool) {
	f, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	return width, err == nil
}

// look says how a report appears on w.
func (s *session) look(w io.Writer, saved ...string) report.TerminalOptions {
	width, tty := terminal(w)
	t := config.TerminalFromOS()
	return report.TerminalOptions{
		Width: min(max(width, 80), 120), Colour: tty && t.Colour, Unicode: t.Unicode, Saved: saved,
	}
}

// plain makes text from outside fit for a terminal.
func plain(text string) string { return say.Plain(text, false) }

// interactive reports whether a person can be asked.
func (s *session) interactive() bool {
	f, ok := s.stdin.(*os.File)
	return ok && !s.noInput && term.IsTerminal(int(f.Fd()))
}
