package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"roleos/internal/identity"
)

func (s *session) accountCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "account", Short: "List and forget who signs in at the OpenID provider",
		Long: `An account that has signed in at the provider (serve.oidc) stays the person it was the
first time, whatever it is called later: who wrote something never approves it under
another name. Its roles come from its groups, at each sign-in.`,
	}
	list := &cobra.Command{
		Use: "list", Short: "List who has signed in at the provider, by person", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			all, err := a.Accounts(cmd.Context())
			if err != nil {
				return err
			}
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/accounts/v1", "accounts": append([]identity.Account{}, all...)})
				return nil
			}
			if len(all) == 0 {
				s.say("Nobody has signed in at a provider. It is set with serve.oidc: roleos config show")
				return nil
			}
			rows := [][]string{{"PERSON", "SINCE", "PROVIDER", "ACCOUNT"}}
			for _, x := range all {
				rows = append(rows, []string{x.Person, x.FirstAt.Format("2006-01-02"), plain(x.Issuer), plain(x.Subject)})
			}
			s.table(rows)
			return nil
		},
	}
	forget := &cobra.Command{
		Use: "forget PERSON", Short: "Let another account become the person, and end their sessions", Args: cobra.ExactArgs(1),
		Long:    "For somebody whose account was made anew at the provider. What the person wrote and\ndecided stays theirs, so make sure that it is the same person.",
		Example: "  roleos account forget person:ana@example.org",
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			if err := a.ForgetAccount(cmd.Context(), args[0]); err != nil {
				return err
			}
			fmt.Fprintf(s.out, "The next account that is called %s is that person.\n", plain(args[0]))
			return nil
		},
	}
	c.AddCommand(list, forget)
	return c
}
