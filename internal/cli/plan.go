package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"roleos/internal/app"
	"roleos/internal/change"
	"roleos/internal/fault"
)

func (s *session) planCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "plan", Short: "Look at change sets, confirm, apply and undo them",
		Long: `A change set is what an approved draft would change in the world: these bytes, to
these places, in this state. It was tried on a copy and its undoing proven there.
A person confirms exactly this set; anything else confirms nothing. Only for an agent
that is autonomous in every step can a person sign that before (roleos mode set).`,
	}
	c.AddCommand(s.planListCommand(), s.planShowCommand(), s.planProposeCommand(), s.planConfirmCommand(),
		s.planMove("stage PLAN", "Try a change set on a copy and prove its inverse", (*app.App).StagePlan),
		s.planMove("apply PLAN", "Do what was confirmed, or go on where it was interrupted", (*app.App).ApplyPlan),
		s.planUndoCommand(),
		s.planRejectCommand())
	return c
}

func (s *session) planListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List change sets, newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			sets, err := a.Plans(cmd.Context())
			if err != nil {
				return err
			}
			if s.output == asJSON {
				out := []map[string]any{}
				for _, x := range sets {
					out = append(out, map[string]any{"id": x.ID, "state": x.State, "digest": x.Digest, "target": x.Target, "intent": x.Intent, "undoes": x.Undoes, "created_at": x.CreatedAt})
				}
				s.json(map[string]any{"schema": "roleos/plans/v1", "plans": out})
				return nil
			}
			rows := [][]string{{"PLAN", "STATE", "TARGET", "CREATED", "INTENT"}}
			for _, x := range sets {
				rows = append(rows, []string{x.ID, string(x.State), x.Target, x.CreatedAt.Format("2006-01-02 15:04"), plain(x.Intent)})
			}
			s.table(rows)
			return nil
		},
	}
}

func (s *session) planShowCommand() *cobra.Command {
	var full bool
	c := &cobra.Command{
		Use: "show PLAN", Short: "Show a change set: what it does, what it may do at most, and its proof", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			v, err := a.ShowPlan(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return s.writePlan(v, full)
		},
	}
	c.Flags().BoolVar(&full, "full", false, "show every line of every difference")
	return c
}

// window says an envelope's window as people do; an undo's is the moment itself.
var window = strings.NewReplacer(" in 24h0m0s", " in a day", " in 1h0m0s", " in an hour", " in 1ns", "") //nolint:gochecknoglobals // an immutable table

func (s *session) showPlan(v app.Plan) error { return s.writePlan(v, false) }

// diffLines is how much of each difference is shown unless all is asked for.
const diffLines = 12

func (s *session) writePlan(v app.Plan, full bool) error {
	if s.output == asJSON {
		s.json(map[string]any{"schema": "roleos/plan/v1", "plan": v})
		return nil
	}
	w := s.out
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%-11s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("Plan", "%s, %s", v.ID, v.State)
	line("Intent", "%s", plain(v.Intent))
	line("Asked by", "%s", v.By.ID)
	line("Target", "%s in %s; worst effect: %s", v.Target, v.Environment, v.Worst)
	line("Digest", "%s", v.Set)
	for _, l := range v.Limits {
		if l.Most > 0 || l.This > 0 {
			line("Radius", "%s: %d of at most %d", window.Replace(l.Name), l.This, l.Most)
		}
	}
	line("Proof", "%s", proof(v))
	if v.Tainted {
		line("Taint", "made from text that others wrote: %s", plain(strings.Join(v.TaintedBy, ", ")))
	}
	for _, p := range v.Provenance {
		line("From", "%s", plain(p))
	}
	for _, r := range v.Decision.Reasons {
		line("Guard", "%s", plain(r.Message))
	}
	if v.Trouble != "" {
		line("Trouble", "%s", plain(v.Trouble))
	}
	cut := false
	for _, c := range v.Changes {
		fmt.Fprintf(w, "\n%s %s\n", c.Op, c.Object)
		if c.Note != "" {
			fmt.Fprintf(w, "  touches %s\n", plain(c.Note))
		}
		lines := strings.Split(strings.TrimRight(c.Diff, "\n"), "\n")
		show := lines
		if !full && len(lines) > diffLines {
			show = lines[:diffLines]
		}
		for _, l := range show {
			if !full && len(l) > 160 {
				l, cut = l[:runeEnd(l, 160)]+" …", true
			}
			fmt.Fprintf(w, "  %s\n", l)
		}
		if n := len(lines) - len(show); n > 0 {
			cut = true
			fmt.Fprintf(w, "  … %d more lines\n", n)
		}
	}
	for _, d := range v.Drift {
		fmt.Fprintf(w, "\nchanged since by others: %s\n%s", d.Object, d.Diff)
	}
	for _, e := range v.Effects {
		if v.State == change.Applied || v.State == change.Halted || v.State == change.Applying {
			line("Effect", "%s %s: %s", e.Op, e.Object, e.State)
		}
	}
	if cut {
		s.say("\nEvery line: roleos plan show %s --full", v.ID)
	}
	for _, n := range v.Next {
		if strings.Contains(n, " confirm ") {
			n += " " + v.Ask.Want
		}
		s.next(n)
	}
	return nil
}

func runeEnd(s string, at int) int {
	for at > 0 && at < len(s) && s[at]&0xc0 == 0x80 {
		at--
	}
	return at
}

func proof(v app.Plan) string {
	switch {
	case !v.Proof.Staged:
		return "not tried on a copy yet"
	case !v.Proof.Reversed:
		return "tried on a copy; undoing it is not proven. " + plain(v.Proof.Note)
	}
	return "tried on a copy and undone there; the copy was as before"
}

func (s *session) planConfirmCommand() *cobra.Command {
	var hold bool
	c := &cobra.Command{
		Use:   "confirm PLAN [ANSWER]",
		Short: "Confirm exactly this change set, and apply it",
		Long: `Shows the change set and asks for what confirms it: the first characters of its
digest, or the target's name when it cannot simply be taken back. Nothing else
confirms it: no yes, no flag, no default, no silence. A confirmation is good once,
for a few minutes, for these bytes only.`,
		Example: "  roleos plan confirm cs-91ab22cd          shows it and asks\n  roleos plan confirm cs-91ab22cd 3f2a91c0",
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			answer := ""
			if len(args) == 2 {
				answer = args[1]
			} else if answer, err = s.ask(cmd, a, args[0]); err != nil {
				return err
			}
			grant, err := a.ConfirmPlan(cmd.Context(), args[0], answer)
			if err != nil {
				return err
			}
			if hold {
				s.say("Confirmed until %s. Next: roleos plan apply %s", grant.Expires.Format("15:04:05 MST"), args[0])
				return nil
			}
			v, err := a.ApplyPlan(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return s.applied(v)
		},
	}
	c.Flags().BoolVar(&hold, "hold", false, "confirm only; apply later with plan apply")
	return c
}

// ask shows the plan to a person and reads one line. No line is no answer.
func (s *session) ask(cmd *cobra.Command, a *app.App, id string) (string, error) {
	v, err := a.ShowPlan(cmd.Context(), id)
	if err != nil {
		return "", err
	}
	if v.State != change.Staged {
		return "", fault.New(fault.Conflict, "cli.confirm", "%s is %s; there is nothing to confirm", id, v.State).WithMend("See: roleos plan show %s", id)
	}
	if !s.interactive() {
		return "", fault.New(fault.NeedsConfirmation, "cli.confirm", "a person has to confirm %s", id).WithMend("%s", v.Ask.Prompt())
	}
	if err := s.writePlan(v, false); err != nil {
		return "", err
	}
	fmt.Fprintf(s.err, "\n%s\n> ", v.Ask.Prompt())
	line, err := bufio.NewReader(io.LimitReader(s.stdin, 1024)).ReadString('\n')
	if err != nil && line == "" {
		return "", nil
	}
	return line, nil
}

func (s *session) applied(v app.Plan) error {
	if s.output == asJSON {
		s.json(map[string]any{"schema": "roleos/plan/v1", "plan": v})
		return nil
	}
	fmt.Fprintf(s.out, "%s is %s.\n", v.ID, v.State)
	for _, e := range v.Effects {
		fmt.Fprintf(s.out, "  %s %s: %s\n", e.Op, e.Object, e.State)
	}
	for _, n := range v.Next {
		s.say("To take it back: %s", typed(n))
	}
	return nil
}

// moveFunc is one step of a change set.
type moveFunc func(a *app.App, ctx context.Context, id string) (app.Plan, error)

func (s *session) planMove(use, short string, do moveFunc) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			v, err := do(a, cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if v.State == change.Applied {
				return s.applied(v)
			}
			return s.writePlan(v, false)
		},
	}
}

func (s *session) planUndoCommand() *cobra.Command {
	return &cobra.Command{
		Use: "undo PLAN", Short: "Plan the change set that takes this one back", Args: cobra.ExactArgs(1),
		Long: `Plans and stages the change set that takes this one back; a person confirms it like
every other. Drafts that were built on what would be taken back are named: they stay
as they are.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			v, err := a.UndoPlan(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			built, err := a.BuiltOn(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if len(built) > 0 {
				s.say("Warning: other drafts are built on what this takes back. They stay as they are; look at them again, or take them back as well:")
			}
			for _, d := range built {
				s.say("  %s (%s), %s", d.ID, d.Kind, strings.ReplaceAll(string(d.State), "_", " "))
			}
			return s.writePlan(v, false)
		},
	}
}

func (s *session) planProposeCommand() *cobra.Command {
	var top int
	c := &cobra.Command{
		Use: "propose DRAFT|FILE|-", Short: "Plan tickets for an approved draft's first issues, or what a written proposal asks for", Args: cobra.ExactArgs(1),
		Long: `For a draft, the agent proposes a ticket for each of its first issues; nothing is opened
yet. Tickets that the tracker has already, by their marker or by their words, are left
out. The tracker is set up with tracker.kind, tracker.project and tracker.key_file.

A proposal is a YAML or JSON file (or -, for standard input) for a declared target:

  kind: Proposal
  target: crm
  reason: Close what was answered
  by: agent:feedback-river       # when an agent made it; the target has to name it
  from: [export.csv]             # texts of others that led to it, if any
  changes:
  - {op: update, object: "tickets/id=42", set: {state: closed}}
  - {op: delete, object: "customers/region=gone"}

Rows take set; files and messages take text, or file: a name below the proposal's folder.
What a target is and may: roleos target show TARGET.`,
		Example: "  roleos plan propose fs-3f2a91c0 --top 3\n  roleos plan propose close-tickets.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			if written(args[0]) {
				return s.propose(cmd, a, args[0])
			}
			v, err := a.ProposeTickets(cmd.Context(), args[0], top)
			if err != nil {
				return err
			}
			return s.writePlan(v, false)
		},
	}
	c.Flags().IntVar(&top, "top", 5, "propose tickets for at most this many issues")
	return c
}

func (s *session) planRejectCommand() *cobra.Command {
	var text string
	c := &cobra.Command{
		Use: "reject PLAN", Short: "End a change set that has not begun; its draft goes back into review", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			v, err := a.RejectPlan(cmd.Context(), args[0], text)
			if err != nil {
				return err
			}
			return s.writePlan(v, false)
		},
	}
	c.Flags().StringVar(&text, "text", "", "why (required)")
	return c
}
