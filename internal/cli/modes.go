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

func (s *session) modeCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "mode", Short: "See why an agent works autonomously or coordinated, and decide about it",
		Long: `The mode is computed by code from three factors: error tolerance, tool span and
independence. A step is autonomous only when mistakes are cheap to fix, one tool is
enough and nothing depends on it. A missing factor means coordinated.

What is autonomous may be published without waiting, under a standing delegation
that a person signs, and a share of it is looked at afterwards. A failed gate, a
reverted change or a bad sample ends that at once. Nobody loosens a mode below its
factors.`,
	}
	c.AddCommand(s.modeExplainCommand(), s.modeSetCommand(), s.modeSampleCommand())
	return c
}

func (s *session) modeExplainCommand() *cobra.Command {
	return &cobra.Command{
		Use: "explain AGENT|DRAFT", Short: "Explain the mode of each step, or how a draft was made", Args: cobra.ExactArgs(1),
		Example: "  roleos mode explain feedback-river\n  roleos mode explain fs-3f2a91c0",
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			if _, err := agents.Find(args[0]); err != nil {
				d, derr := a.DraftModes(cmd.Context(), args[0])
				if derr != nil {
					return err
				}
				return s.draftModes(d)
			}
			m, err := a.AgentModes(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return s.modes(m)
		},
	}
}

func (s *session) steps(all []app.StepMode) {
	for _, x := range all {
		fmt.Fprintf(s.out, "%s: %s\n", x.Step, x.Result.Mode)
		for _, r := range x.Result.Reasons {
			fmt.Fprintf(s.out, "  %s\n", plain(r))
		}
	}
}

func (s *session) draftModes(d app.DraftModes) error {
	if s.output == asJSON {
		s.json(map[string]any{"schema": "roleos/draft-modes/v1", "modes": d})
		return nil
	}
	if d.Mode == "" {
		s.say("The log does not say in which mode %s was made.", d.Draft)
		return nil
	}
	fmt.Fprintf(s.out, "%s was made by %s: %s\n", d.Draft, d.Agent, d.Mode)
	s.steps(d.Steps)
	return nil
}

func (s *session) modes(m app.AgentModes) error {
	if s.output == asJSON {
		s.json(map[string]any{"schema": "roleos/modes/v2", "agent": m.Agent, "modes": m})
		return nil
	}
	s.steps(m.Steps)
	fmt.Fprintln(s.out)
	switch d := m.Standing; {
	case d != nil:
		fmt.Fprintf(s.out, "%s publishes to %s without waiting until %s, in the name of %s (%s): %s\n", m.Agent, d.Target, s.at(d.Expires), d.By.ID, d.ID, plain(d.Because))
	case m.Mode == delegation.Autonomous:
		fmt.Fprintf(s.out, "%s could publish without waiting; nobody has entrusted it with that.\n", m.Agent)
		s.next("roleos mode set " + m.Agent + " autonomous --text \"...\"")
	default:
		fmt.Fprintf(s.out, "%s waits for a person before anything is published.\n", m.Agent)
	}
	if m.Released > 0 {
		fmt.Fprintf(s.out, "Published without waiting so far: %d\n", m.Released)
	}
	if n := len(m.Older); n > 0 {
		fmt.Fprintf(s.out, "Made before that delegation, so a person reviews them as before (%d): %s\n", n, strings.Join(m.Older, ", "))
	}
	for _, r := range m.Waiting {
		fmt.Fprintf(s.out, "A person is to look at %s, published %s\n", r.Draft, s.at(r.At))
		s.next("roleos mode sample " + r.Draft + " clean|wrong")
	}
	if n := len(m.History); n > 0 {
		fmt.Fprintln(s.out)
		rows := [][]string{{"WHEN", "WHAT", "STEP", "DRAFT", "BY", "WORDS"}}
		for _, e := range m.History[max(0, n-10):] {
			rows = append(rows, []string{s.at(e.At), strings.ReplaceAll(string(e.Kind), "_", " "), e.Step, e.Draft, e.By, plain(e.Text)})
		}
		s.table(rows)
	}
	return nil
}

func (s *session) modeSetCommand() *cobra.Command {
	var step, text string
	var days int
	c := &cobra.Command{
		Use: "set AGENT autonomous|coordinated", Short: "Tighten an agent's mode, or sign what its factors and its record allow", Args: cobra.ExactArgs(2),
		Long: `coordinated: from now on everything waits for a person, whatever the factors say.

autonomous: takes that back, and after a demotion signs the promotion when enough
clean reviews have passed. When every step is autonomous you also sign a standing
delegation: what the agent drafts from then on is published in your name without
waiting, as long as it stays in its envelope, is proven to be reversible and destroys
nothing. Drafts from before wait for a person, and so does what is made from the
embedded sample.`,
		Example: `  roleos mode set market-scanner autonomous --days 14 --text "feeds only; I read the samples on Mondays"
  roleos mode set feedback-river coordinated --step collect --text "the new export has other columns"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			var mode delegation.Mode
			if err := mode.UnmarshalText([]byte(args[1])); err != nil {
				return fault.New(fault.Invalid, "cli.mode", "%v", err)
			}
			m, err := a.SetMode(cmd.Context(), app.SetMode{Agent: args[0], Step: step, Mode: mode, Text: text, For: time.Duration(days) * 24 * time.Hour})
			if err != nil {
				return err
			}
			return s.modes(m)
		},
	}
	c.Flags().StringVar(&step, "step", "", "only this step")
	c.Flags().StringVar(&text, "text", "", "why (required)")
	c.Flags().IntVar(&days, "days", int(app.StandingDefault.Hours()/24), "how many days the standing delegation holds, at most 90")
	return c
}

func (s *session) modeSampleCommand() *cobra.Command {
	var text string
	c := &cobra.Command{
		Use: "sample DRAFT clean|wrong", Short: "Say what you found in a draft that was published without waiting", Args: cobra.ExactArgs(2),
		Long: `A share of what agents publish without waiting is looked at afterwards. What was wrong
makes the agent's work coordinated at once and ends its standing delegation.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			if args[1] != "clean" && args[1] != "wrong" {
				return fault.New(fault.Invalid, "cli.mode", "%q is no finding; there are clean and wrong", args[1])
			}
			m, err := a.ReviewSample(cmd.Context(), args[0], args[1] == "clean", text)
			if err != nil {
				return err
			}
			return s.modes(m)
		},
	}
	c.Flags().StringVar(&text, "text", "", "what is wrong (required for wrong)")
	return c
}
