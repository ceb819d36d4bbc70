package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"roleos/agents"
	"roleos/guardrails/delegation"
	"roleos/internal/app"
	"roleos/internal/fault"
)

func (s *session) agentCommand() *cobra.Command {
	c := &cobra.Command{Use: "agent", Short: "Look at agents and their manifests; stop them all"}
	list := &cobra.Command{
		Use: "list", Short: "List the agents", Args: cobra.NoArgs,
		RunE: func(_ *cobra.Command, _ []string) error {
			if err := s.format(asText, asJSON); err != nil {
				return err
			}
			all, err := agents.Manifests()
			if err != nil {
				return err
			}
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/agents/v1", "agents": all})
				return nil
			}
			rows := [][]string{{"AGENT", "ROLE", "STAGE", "DRAFTS", "PURPOSE"}}
			for _, m := range all {
				rows = append(rows, []string{m.ID, m.Role, m.Stage, m.Output.Artefact, m.Purpose})
			}
			s.table(rows)
			return nil
		},
	}
	show := &cobra.Command{
		Use: "show AGENT", Short: "Show an agent's manifest: who answers for it and what it may touch", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := s.format(asText, asJSON); err != nil {
				return err
			}
			m, err := agents.Find(args[0])
			if err != nil {
				return err
			}
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/agent/v1", "agent": m})
				return nil
			}
			s.manifest(m)
			return nil
		},
	}
	c.AddCommand(list, show, s.attestAgentCommand())
	c.AddCommand(s.haltCommands()...)
	return c
}

func (s *session) manifest(m agents.Manifest) {
	p := func(name, format string, args ...any) {
		fmt.Fprintf(s.out, "%-16s %s\n", name, fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(s.out, "%s (%s %s)\n%s\n\n", m.Name, m.ID, m.Version, m.Purpose)
	p("Role, stage", "%s, %s", m.Role, m.Stage)
	p("Workflow owner", "%s", m.Governance.WorkflowOwner)
	p("Source of truth", "%s", m.Governance.SourceOfTruth)
	p("Service level", "%s", m.Governance.ServiceLevel)
	p("Audit trail", "%s", m.Governance.AuditTrail)
	for _, in := range m.Inputs {
		p("Reads", "%s (%s), %s", in.Name, strings.Join(in.Formats, ", "), in.Cadence)
	}
	p("Drafts", "%s for %s, under contract %s", m.Output.Artefact, m.Output.To, m.Output.Contract)
	for _, o := range m.Oversight {
		p("Oversight", "%s", o)
	}
	for _, e := range m.Envelopes {
		p("May touch", "%s: %s in %s, at most %d objects of each kind of change and %d changes a day", e.Target,
			strings.Join(e.Operations, " and "), strings.Join(e.Paths, ", "), e.MostEach, e.PerDay)
	}
	p("May touch", "nothing else")
	alone := true
	for _, x := range app.Modes(m) {
		p("Mode", "%s: %s", x.Step, x.Result.Mode)
		alone = alone && x.Result.Mode == delegation.Autonomous
	}
	if alone {
		p("Publishes", "after a person confirmed exactly that change, unless a person has signed a standing delegation for it: roleos mode explain %s", m.ID)
	} else {
		p("Publishes", "after a person confirmed exactly that change")
	}
}

// haltCommands are the one switch for all agents.
func (s *session) haltCommands() []*cobra.Command {
	var all bool
	var why string
	wanted := func(what string) error {
		if !all {
			return fault.New(fault.Invalid, "cli.agent", "%s takes --all: there is one switch, for all agents", what)
		}
		return nil
	}
	flags := func(c *cobra.Command, what string) *cobra.Command {
		c.Flags().BoolVar(&all, "all", false, "all agents (required)")
		c.Flags().StringVar(&why, "why", "", what+" (required)")
		return c
	}
	stop := &cobra.Command{
		Use: "stop --all --why TEXT", Short: "Stop all agents at once, everywhere", Args: cobra.NoArgs,
		Long: `From now on no step of an agent begins, and one that is under way ends within a second,
a call of a model with it; what it made is thrown away. Its run fails and says why.
Nothing is published without a person, and no agent proposes. What people decide goes on.

It does not wait for the store: a service that has it sees the stop and logs it.`,
		Example: `  roleos agent stop --all --why "quotes of a customer are wrong, looking into it"`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := wanted("stop"); err != nil {
				return err
			}
			if err := s.configure(nil); err != nil {
				return err
			}
			if err := app.HaltWorkspace(s.cfg.Dir, app.Halt{By: s.cfg.Principal, Why: why, At: time.Now().UTC()}); err != nil {
				return err
			}
			fmt.Fprintln(s.out, "All agents are stopped.")
			a, err := s.start(cmd)
			if err != nil {
				s.say("The store is not free, so that whoever has it notes it in the log.")
				return nil
			}
			if _, err := a.Halted(cmd.Context()); err != nil {
				return err
			}
			s.say("To let them run again: roleos agent resume --all --why \"...\"")
			return nil
		},
	}
	resume := &cobra.Command{
		Use: "resume --all --why TEXT", Short: "Let agents run again", Args: cobra.NoArgs,
		Long: "Only who answers for an agent lets them run again. What was ended stays ended: start it again.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := wanted("resume"); err != nil {
				return err
			}
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			if err := a.ResumeAgents(cmd.Context(), why); err != nil {
				return err
			}
			fmt.Fprintln(s.out, "Agents may run again.")
			return nil
		},
	}
	return []*cobra.Command{flags(stop, "why they are stopped"), flags(resume, "why they may run again")}
}
