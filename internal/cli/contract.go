package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"roleos/contracts"
	"roleos/internal/app"
)

func (s *session) contractCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "contract", Short: "Read and check handoff contracts",
		Long: `A handoff contract says what a draft must satisfy before the next role gets it. Each
gate is a check that can fail: it passes its good example and fails its bad one, or
lint does not accept it.`,
	}
	show := &cobra.Command{
		Use: "show [CONTRACT]", Short: "Print a contract as a page two roles would sign; without a name, list them", Args: cobra.MaximumNArgs(1),
		Example: "  roleos contract show\n  roleos contract show feedback-synthesis",
		RunE: func(cmd *cobra.Command, args []string) error {
			set, err := s.contracts()
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return s.listContracts(set)
			}
			k, err := set.Get(args[0])
			if err != nil {
				return err
			}
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/contract/v1", "name": k.Name(), "digest": k.Digest(), "page": contracts.Show(k)})
				return nil
			}
			fmt.Fprint(s.out, contracts.Show(k))
			return nil
		},
	}
	lint := &cobra.Command{
		Use: "lint [CONTRACT...]", Short: "Check that every gate can pass and can fail", Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.format(asText, asJSON); err != nil {
				return err
			}
			set, err := s.contracts()
			if err != nil {
				return err
			}
			if len(args) == 0 {
				if args, err = set.IDs(); err != nil {
					return err
				}
			}
			findings := map[string][]contracts.Finding{}
			accepted := true
			for _, id := range args {
				k, err := set.Get(id)
				if err != nil {
					return err
				}
				findings[id] = contracts.Lint(cmd.Context(), k)
				accepted = accepted && contracts.Accepted(findings[id])
			}
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/lint/v1", "accepted": accepted, "findings": findings})
			} else {
				for _, id := range args {
					for _, f := range findings[id] {
						fmt.Fprintln(s.out, f)
					}
					if contracts.Accepted(findings[id]) {
						fmt.Fprintf(s.out, "%s: every gate can pass and can fail\n", id)
					}
				}
			}
			if !accepted {
				return errSaidNo
			}
			return nil
		},
	}
	check := &cobra.Command{
		Use: "check DRAFT", Short: "Run the pinned contract over a draft again", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			v, err := a.Recheck(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return s.showGates(v)
		},
	}
	c.AddCommand(lint, check, show)
	return c
}

func (s *session) contracts() (*contracts.Set, error) {
	if err := s.configure(nil); err != nil {
		return nil, err
	}
	return app.Contracts(s.cfg.Dir), nil
}

func (s *session) listContracts(set *contracts.Set) error {
	ids, err := set.IDs()
	if err != nil {
		return err
	}
	rows := [][]string{{"CONTRACT", "FROM", "TO", "GATES"}}
	var all []map[string]any
	for _, id := range ids {
		k, err := set.Get(id)
		if err != nil {
			return err
		}
		all = append(all, map[string]any{"name": k.Name(), "from": k.From, "to": k.To, "gates": len(k.Gates)})
		rows = append(rows, []string{k.Name(), k.From.Role + ", " + k.From.Stage, k.To.Role + ", " + k.To.Stage, fmt.Sprint(len(k.Gates))})
	}
	if s.output == asJSON {
		s.json(map[string]any{"schema": "roleos/contracts/v1", "contracts": all})
		return nil
	}
	s.table(rows)
	return nil
}
