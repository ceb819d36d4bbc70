package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"roleos/internal/app"
	"roleos/internal/fault"
	"roleos/internal/report/team"
	"roleos/internal/workflow"
)

func (s *session) workflowCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "workflow", Short: "Run a role's workflow from raw material to the handoff",
		Long: `A workflow runs agents, stops where people review, publish and take over, and goes on
by itself when a command completes such a step. It is kept in the store: killed
anywhere, it goes on where it was.`,
	}
	c.AddCommand(s.workflowListCommand(), s.workflowShowCommand(), s.workflowRunCommand(), s.workflowStatusCommand(),
		s.workflowResumeCommand(), s.workflowCancelCommand(), s.workflowTickCommand(), s.attestWorkflowCommand())
	return c
}

func (s *session) workflowListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the workflows, and their runs", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			all, err := a.Workflows()
			if err != nil {
				return err
			}
			runs, err := a.WorkflowRuns(cmd.Context(), "")
			if err != nil {
				return err
			}
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/workflows/v1", "workflows": all, "runs": runs})
				return nil
			}
			rows := [][]string{{"WORKFLOW", "ROLE", "STAGE", "STEPS", "PURPOSE"}}
			for _, d := range all {
				rows = append(rows, []string{d.String(), d.Role, d.Stage, fmt.Sprint(len(d.Steps)), d.Purpose})
			}
			s.table(rows)
			if len(runs) == 0 {
				return nil
			}
			fmt.Fprintln(s.out)
			rows = [][]string{{"RUN", "WORKFLOW", "STATE", "WAITS AT", "BEGAN", "BY"}}
			for _, r := range runs {
				rows = append(rows, []string{
					r.ID, r.Definition.ID, string(r.State.Status), strings.Join(r.State.In(workflow.Waiting), ", "),
					r.CreatedAt.Format("2006-01-02 15:04"), plain(r.StartedBy),
				})
			}
			s.table(rows)
			return nil
		},
	}
}

func (s *session) workflowShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show WORKFLOW", Short: "Show a workflow's steps, who answers for it and what begins it", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			d, err := a.Workflow(args[0])
			if err != nil {
				return err
			}
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/workflow/v1", "workflow": d})
				return nil
			}
			p := func(name, format string, args ...any) {
				fmt.Fprintf(s.out, "%-16s %s\n", name, fmt.Sprintf(format, args...))
			}
			fmt.Fprintf(s.out, "%s (%s)\n%s\n\n", d.Name, d, d.Purpose)
			p("Role, stage", "%s, %s", d.Role, d.Stage)
			p("Workflow owner", "%s", d.Governance.WorkflowOwner)
			p("Source of truth", "%s", d.Governance.SourceOfTruth)
			p("Service level", "%s", d.Governance.ServiceLevel)
			p("Audit trail", "%s", d.Governance.AuditTrail)
			for _, t := range d.Triggers {
				p("Begins on", "%s: %s", t.On, t.Says)
			}
			fmt.Fprintln(s.out)
			rows := [][]string{{"PHASE", "STEP", "KIND", "AFTER", "BY", "WHAT HAPPENS"}}
			for _, x := range d.Steps {
				by := x.Agent
				if x.By != "" {
					by = strings.TrimPrefix(x.By, "role:")
				}
				rows = append(rows, []string{x.Phase, x.ID, string(x.Kind), strings.Join(x.Needs, ", "), by, x.Says})
			}
			s.table(rows)
			return nil
		},
	}
}

func (s *session) workflowRunCommand() *cobra.Command {
	var req app.WorkflowRequest
	c := &cobra.Command{
		Use: "run WORKFLOW --in FOLDER...", Short: "Begin a run, and go on until people have to act", Args: cobra.ExactArgs(1),
		Long: `Sorts what lies in the folder, runs the agents that have something to read, and stops
at the first steps for people, saying what they type. What a file holds decides who
reads it: rows are feedback, turns and messages are conversations, feeds are market
news. A document for the brief says what it is at its top:

  ---
  kind: strategy
  date: 2026-10-01
  ---`,
		Example: "  roleos workflow run discover --in material\n  roleos workflow run discover --in material --alert fs-3f2a91c0   because a synthesis reports a pattern",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(req.Paths) == 0 {
				return fault.New(fault.Invalid, "cli.workflow", "say what to read: --in FOLDER").
					WithMend("For example: roleos workflow run %s --in material", args[0])
			}
			a, err := s.start(cmd, pageFormats()...)
			if err != nil {
				return err
			}
			req.Workflow, req.Said = args[0], s.saidStep
			r, err := a.RunWorkflow(cmd.Context(), req)
			if err != nil && r.ID == "" {
				return err
			}
			return errors.Join(s.workflowRun(cmd.Context(), a, r), err)
		},
	}
	c.Flags().StringArrayVar(&req.Paths, "in", nil, "file or folder to read; may be repeated")
	c.Flags().StringVar(&req.Alert, "alert", "", "begin because of an alert in this draft instead of a new cycle")
	return c
}

// saidStep tells how far a step is.
func (s *session) saidStep(step, what string) { s.say("%s: %s", step, what) }

func (s *session) workflowStatusCommand() *cobra.Command {
	return &cobra.Command{
		Use: "status [RUN]", Short: "Show the steps of a run and whose turn it is; the newest run without a name", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.start(cmd, pageFormats()...)
			if err != nil {
				return err
			}
			r, err := a.WorkflowRun(cmd.Context(), first(args))
			if err != nil {
				return err
			}
			return s.workflowRun(cmd.Context(), a, r)
		},
	}
}

func (s *session) workflowResumeCommand() *cobra.Command {
	var redo string
	c := &cobra.Command{
		Use: "resume [RUN]", Short: "Go on with a run after an interruption or a failure", Args: cobra.MaximumNArgs(1),
		Long: `Goes on with every open run, or with the one named, as far as it goes without people.
A failed step is taken up again with --redo; a step whose draft was rejected gets
another draft.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.start(cmd, pageFormats()...)
			if err != nil {
				return err
			}
			r, err := a.WorkflowRun(cmd.Context(), first(args))
			if err != nil {
				return err
			}
			if redo != "" {
				r, err = a.RedoStep(cmd.Context(), r.ID, redo, s.saidStep)
			} else {
				r, err = a.LeadWorkflow(cmd.Context(), r.ID, s.saidStep)
			}
			if err != nil {
				return err
			}
			return s.workflowRun(cmd.Context(), a, r)
		},
	}
	c.Flags().StringVar(&redo, "redo", "", "take this failed step up again")
	return c
}

func (s *session) workflowTickCommand() *cobra.Command {
	var dry bool
	c := &cobra.Command{
		Use: "tick [--dry-run]", Short: "Begin the workflows that are due by themselves, and go on with all open ones", Args: cobra.NoArgs,
		Long: `For a timetable such as cron where no roleos serve runs. A workflow begins by itself
when a cycle is due (workflows.cycle) or when the newest synthesis reports a pattern that
no run knew of (workflows.on_alert), on the material in workflows.in. The same occasion
begins once, however often this is called. Steps for people stay theirs.`,
		Example: "  roleos workflow tick --dry-run    what begins by itself, and when\n  0 7 * * * cd /srv/team && roleos workflow tick    a line of crontab",
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			next, err := a.Upcoming(cmd.Context())
			if err != nil {
				return err
			}
			var begun, moved []workflow.Run
			if !dry {
				if begun, err = a.BeginDue(cmd.Context()); err != nil {
					return err
				}
				moved, err = a.ContinueWorkflows(cmd.Context(), s.saidStep)
			}
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/workflow-tick/v1", "upcoming": next, "begun": begun, "moved": moved})
				return err
			}
			if len(next) == 0 {
				fmt.Fprintln(s.out, "No workflow begins by itself now. What makes one: workflows.in, workflows.cycle and workflows.on_alert (roleos config show).")
			}
			for _, u := range next {
				fmt.Fprintln(s.out, s.upcoming(u, begun))
			}
			for _, r := range moved {
				fmt.Fprintf(s.out, "%s (%s) went on: roleos workflow status %s\n", r.ID, r.Definition.ID, r.ID)
			}
			return err
		},
	}
	c.Flags().BoolVar(&dry, "dry-run", false, "say what would begin, and begin nothing")
	return c
}

// upcoming says in a line what begins a workflow, and when.
func (s *session) upcoming(u app.Upcoming, begun []workflow.Run) string {
	what := "a new cycle of " + u.Workflow.ID
	if u.Input.Trigger == workflow.OnAlert {
		what = fmt.Sprintf("%s because of an alert in %s", u.Workflow.ID, u.Input.Of)
	}
	switch {
	case slices.ContainsFunc(begun, func(r workflow.Run) bool { return r.ID == u.ID }):
		return "Begun: " + what + ", as " + u.ID
	case u.Why != "":
		return "Does not begin: " + what + ": " + plain(u.Why)
	case u.After != "":
		return fmt.Sprintf("Waits: %s begins when %s is over (roleos workflow status %s)", what, u.After, u.After)
	}
	return fmt.Sprintf("Due: %s, from %s", what, u.Due.UTC().Format("2 January 2006 15:04 UTC"))
}

func (s *session) workflowCancelCommand() *cobra.Command {
	var why string
	c := &cobra.Command{
		Use: "cancel RUN --text WHY", Short: "End a run; what it has made stays", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(why) == "" {
				return fault.New(fault.Invalid, "cli.workflow", "say why, so that others know").WithMend("Add: --text \"...\"")
			}
			a, err := s.start(cmd, pageFormats()...)
			if err != nil {
				return err
			}
			r, err := a.CancelWorkflow(cmd.Context(), args[0], why)
			if err != nil {
				return err
			}
			return s.workflowRun(cmd.Context(), a, r)
		},
	}
	c.Flags().StringVar(&why, "text", "", "why (required)")
	return c
}

// workflowRun shows a run. One that stopped at a failure is a no.
func (s *session) workflowRun(ctx context.Context, a *app.App, r workflow.Run) error {
	turns, err := a.Turns(ctx, r)
	if err != nil {
		return err
	}
	var waiting []team.Waiting
	for _, t := range turns {
		if s.output != asText { // in the terminal commands stand below, each on one line to copy
			waiting = append(waiting, team.Waiting{Step: t.Step, Who: t.Who, Commands: t.Commands})
		}
	}
	err = s.page(team.Run(r, waiting), map[string]any{"schema": "roleos/workflow-run/v1", "run": r, "turns": turns})
	if err == nil && s.output == asText {
		s.turns(turns)
	}
	if err == nil && r.State.Status == workflow.RunStopped {
		return errSaidNo
	}
	return err
}

// turns prints whose turn it is and what they type.
func (s *session) turns(turns []app.Turn) {
	for i, t := range turns {
		if i == 0 {
			fmt.Fprint(s.out, "\nWHOSE TURN IT IS, AND WHAT THEY TYPE\n")
		}
		if t.Said != "" && (i == 0 || turns[i-1].Said != t.Said) {
			fmt.Fprintf(s.out, "%s: %s\n", t.Draft, plain(t.Said))
		}
		for n, c := range t.Commands {
			who := ""
			if n == 0 {
				who = t.Who + ", at " + t.Step
			}
			fmt.Fprintf(s.out, "%-32s %s\n", who, typed(c))
		}
	}
}

// goOn leads workflows on after a command that may have completed a step. What
// the command printed stands; this goes to stderr.
func (s *session) goOn(cmd *cobra.Command) error {
	moves := []string{"review", "plan", "handoff", "resume", "drafts"}
	path := strings.Fields(cmd.CommandPath())
	if s.app == nil || len(path) < 2 || !slices.Contains(moves, path[1]) {
		return nil
	}
	moved, err := s.app.ContinueWorkflows(cmd.Context(), s.saidStep)
	for _, r := range moved {
		turns, terr := s.app.Turns(cmd.Context(), r)
		if terr != nil {
			return terr
		}
		s.say("Workflow %s is %s.", r.ID, r.State.Status)
		for _, t := range turns {
			if len(t.Commands) > 0 {
				s.say("  %s waits for %s: %s", t.Step, t.Who, typed(t.Commands[0]))
			}
		}
	}
	if err != nil {
		// The command itself did what it said; its workflow goes on another time.
		s.say("A workflow could not go on: %v", err)
	}
	return nil
}

func (s *session) attestWorkflowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "attest WORKFLOW", Short: "Say that you, who hold its owner's role, answer for a workflow", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			st, err := a.AttestWorkflow(cmd.Context(), args[0])
			return s.attested(args[0], st, err)
		},
	}
}

func (s *session) attestAgentCommand() *cobra.Command {
	return &cobra.Command{
		Use: "attest AGENT", Short: "Say that you, who hold its owner's role, answer for an agent", Args: cobra.ExactArgs(1),
		Long: `An agent runs while somebody answers for it: a person who holds the role that its
manifest names as workflow owner. The word lapses (governance.attest_every_days), and
a new version of the manifest asks for it again. In solo mode the one person there is
answers for an agent by running it for the first time; the audit log marks it.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			st, err := a.AttestAgent(cmd.Context(), args[0])
			return s.attested(args[0], st, err)
		},
	}
}

func (s *session) attested(id string, st app.Standing, err error) error {
	if err != nil {
		return err
	}
	if s.output == asJSON {
		s.json(map[string]any{"schema": "roleos/governance/v1", "standing": st})
		return nil
	}
	fmt.Fprintf(s.out, "%s answers for %s until %s.\n", st.By, id, st.Until.Format("2 January 2006"))
	return nil
}
