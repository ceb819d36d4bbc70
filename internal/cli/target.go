package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"roleos/internal/app"
	"roleos/internal/fault"
)

func (s *session) targetCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "target", Short: "Look at what changes can touch: declared in targets/, and how far each can be taken back",
		Long: `A target is a place that a change set can touch: folders, a git branch, tables of SQLite
or PostgreSQL, a webhook. A person declares it in targets/NAME.yaml with the most that
anybody may touch of it in a day; nothing else can be touched. What is proposed for it
(roleos plan propose FILE) is measured, tried on a copy where there is one, and done only
when a person confirms it. Addresses with credentials and secrets stand in a file that
only you can read, or in ROLEOS_TARGET_NAME_URL, _STAGING_URL and _SECRET.`,
	}
	c.AddCommand(s.targetListCommand(), s.targetShowCommand(), s.targetCheckCommand())
	return c
}

func (s *session) targetListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the targets", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			all := a.Places()
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/targets/v1", "targets": all})
				return nil
			}
			rows := [][]string{{"TARGET", "TYPE", "WHERE", "CAN BE TAKEN BACK"}}
			for _, p := range all {
				back, _, _ := strings.Cut(p.Reversible, ":")
				if p.Problem != "" {
					back = "no target: see roleos target show " + p.Name
				}
				rows = append(rows, []string{p.Name, p.Type, plain(p.Where), back})
			}
			s.table(rows)
			return nil
		},
	}
}

func (s *session) targetShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show TARGET", Short: "Show what a target may be used for, its limits, and how it is taken back", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			p, err := a.Place(args[0])
			if err != nil {
				return err
			}
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/target/v1", "target": p})
			} else {
				s.writePlace(p)
			}
			if p.Problem != "" {
				return errSaidNo
			}
			return nil
		},
	}
}

func (s *session) writePlace(p app.Place) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(s.out, "%-16s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("Target", "%s, %s", p.Name, p.Type)
	if p.Problem != "" {
		line("Not usable", "%s", p.Problem)
		return
	}
	line("Purpose", "%s", plain(p.Purpose))
	line("Where", "%s", plain(p.Where))
	line("Taken back", "%s", p.Reversible)
	who := "people"
	if p.Limits == nil {
		who = "agents, from approved drafts"
	}
	if len(p.Agents) > 0 {
		who += "; " + strings.Join(p.Agents, ", ")
	}
	line("May propose", "%s", who)
	if p.Limits == nil {
		line("Limits", "each agent's own: roleos agent show AGENT")
		return
	}
	for _, a := range p.Limits.Allow {
		line("Allows", "%s in %s: at most %d objects in a day", a.Op, strings.Join(a.Under, ", "), a.Most)
	}
	line("In a day", "at most %d objects, and %s of those that are there", p.Limits.PerDay, percent(p.Limits.MostShare))
	line("Unproven", "%s", map[bool]string{true: "admitted; the target's name is typed", false: "refused"}[p.Limits.Unproven])
	line("Declared as", "%.12s", p.Digest)
}

func percent(share float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.4f", share*100), "0"), ".") + " %"
}

func (s *session) targetCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use: "check [TARGET]", Short: "Open the declared targets, count what they hold, and make a copy of each", Args: cobra.MaximumNArgs(1),
		Long: "Opens each declared target as a change set would, counts what it holds, and makes and\nremoves the copy on which changes are tried. It writes nothing to the targets.",
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			all, err := a.TryTargets(cmd.Context(), strings.Join(args, ""))
			if err != nil {
				return err
			}
			bad := false
			for _, t := range all {
				bad = bad || t.Problem != ""
			}
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/targets-tried/v1", "targets": append([]app.Tried{}, all...)})
			} else {
				s.writeTried(all)
			}
			if bad {
				return errSaidNo
			}
			return nil
		},
	}
}

func (s *session) writeTried(all []app.Tried) {
	if len(all) == 0 {
		s.say("No target is declared. See: roleos target --help")
	}
	for _, t := range all {
		switch {
		case t.Problem != "":
			fmt.Fprintf(s.out, "%s: %s\n", t.Name, t.Problem)
		case t.Staged:
			fmt.Fprintf(s.out, "%s: %s; a copy was made and removed (%s)\n", t.Name, held(t.Objects), t.Took.Round(time.Millisecond))
		default:
			fmt.Fprintf(s.out, "%s: %s; nothing can be tried on a copy, so every change asks for its name\n", t.Name, held(t.Objects))
		}
	}
}

func held(n int64) string {
	if n < 0 {
		return "more objects than are counted"
	}
	return fmt.Sprintf("%d objects", n)
}

// written reports whether the argument of plan propose is a written proposal.
func written(arg string) bool {
	switch filepath.Ext(arg) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return arg == "-"
}

// propose plans what a written proposal asks for.
func (s *session) propose(cmd *cobra.Command, a *app.App, file string) error {
	const most = 8 << 20
	in, name, folder := s.stdin, "the proposal", "."
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return fault.New(fault.NotFound, "cli.propose", "the proposal %s cannot be read", file)
		}
		defer f.Close() //nolint:errcheck // only read
		in, name, folder = f, filepath.Base(file), filepath.Dir(file)
	}
	document, err := io.ReadAll(io.LimitReader(in, most+1))
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "cli.propose", "the proposal cannot be read")
	}
	root, err := os.OpenRoot(folder) // whatever it names lies below its own folder, links and all
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "cli.propose", "the proposal's folder cannot be read")
	}
	defer root.Close() //nolint:errcheck // only read
	v, err := a.Propose(cmd.Context(), name, document, root.FS())
	if err != nil {
		return err
	}
	return s.writePlan(v, false)
}
