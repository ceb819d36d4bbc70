package cli

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"roleos/internal/fault"
	"roleos/internal/notify"
	"roleos/internal/report/say"
)

func (s *session) webhookCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "webhook", Short: "Endpoints outside that are told what happens, and what became of it",
		Long: `Endpoints are named in roleos.yaml and told by roleos serve, from the audit log: every
event arrives, some twice under one id, signed as Standard Webhooks ask for.

  webhooks:
    endpoints: {chat: https://example.org/hooks/roleos}
    events: {chat: draft.waiting+handoff.breached+run.failed}   # left out: all

A message holds ids, kinds and states; titles only for those in webhooks.titles. What an
endpoint does not take is tried ` + fmt.Sprint(notify.Tries()) + ` times over three days, then given up until somebody
sends it again.`,
	}
	c.AddCommand(s.webhookListCommand(), s.webhookDeliveriesCommand(), s.webhookResendCommand(), s.webhookTestCommand(), s.webhookSecretCommand())
	return c
}

func (s *session) webhookListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the endpoints, with what waits for them", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			all, err := a.Webhooks(cmd.Context())
			if err != nil {
				return err
			}
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/webhooks/v1", "webhooks": all})
				return nil
			}
			if len(all) == 0 {
				s.say("No endpoint is told anything. Name one in roleos.yaml: roleos webhook --help")
				return nil
			}
			rows := [][]string{{"ENDPOINT", "HOST", "WAITING", "SENT", "DEAD", "EVENTS"}}
			for _, w := range all {
				rows = append(rows, []string{w.Name, plain(w.Host), fmt.Sprint(w.Counts["waiting"]), fmt.Sprint(w.Counts["sent"]), fmt.Sprint(w.Counts["dead"]), eventsText(w.Events)})
			}
			s.table(rows)
			for _, w := range all {
				if w.Trouble != "" {
					s.say("%s: %s", w.Name, w.Trouble)
				}
			}
			return nil
		},
	}
}

func eventsText(types []notify.Type) string {
	if len(types) == len(notify.Types()) {
		return "all"
	}
	var names []string
	for _, t := range types {
		names = append(names, string(t))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func (s *session) webhookDeliveriesCommand() *cobra.Command {
	var endpoint, state string
	c := &cobra.Command{
		Use: "deliveries", Short: "List what endpoints were or are to be told, newest first", Args: cobra.NoArgs,
		Example: "  roleos webhook deliveries --state dead",
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			all, err := a.Deliveries(cmd.Context(), endpoint, state)
			if err != nil {
				return err
			}
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/deliveries/v1", "deliveries": all})
				return nil
			}
			if len(all) == 0 {
				s.say("There are none.")
				return nil
			}
			rows := [][]string{{"EVENT", "ENDPOINT", "TYPE", "ABOUT", "AT", "STATE", "TRIES", "LAST FAILURE"}}
			for _, d := range all {
				at := d.State()
				if at == "waiting" && d.Tries > 0 {
					at = "again " + d.Next.Local().Format("02 Jan 15:04")
				}
				rows = append(rows, []string{d.Event, d.Endpoint, string(d.Type), plain(d.Subject), d.At.Local().Format("2006-01-02 15:04"), at, fmt.Sprint(d.Tries), plain(d.Failed)})
			}
			s.table(rows)
			return nil
		},
	}
	c.Flags().StringVar(&endpoint, "endpoint", "", "only those of this endpoint")
	c.Flags().StringVar(&state, "state", "", "only those in this state: waiting, sent, dead")
	return c
}

func (s *session) webhookResendCommand() *cobra.Command {
	var endpoint string
	var dead bool
	c := &cobra.Command{
		Use: "resend [EVENT]", Short: "Have a delivery tried anew, or with --dead every one that was given up", Args: cobra.MaximumNArgs(1),
		Example: "  roleos webhook resend evt-3f2a91c07d5596348eb6\n  roleos webhook resend --dead --endpoint chat",
		RunE: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 1) == dead {
				return fault.New(fault.Invalid, "cli.webhook", "name an event, or say --dead for all that were given up").WithMend("They are listed by: roleos webhook deliveries")
			}
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			n, err := a.Resend(cmd.Context(), strings.Join(args, ""), endpoint)
			if err != nil {
				return err
			}
			fmt.Fprintf(s.out, "%s tried again by roleos serve.\n", say.Plural(n, "delivery is", "deliveries are"))
			return nil
		},
	}
	c.Flags().StringVar(&endpoint, "endpoint", "", "only to this endpoint")
	c.Flags().BoolVar(&dead, "dead", false, "every delivery that was given up")
	return c
}

func (s *session) webhookTestCommand() *cobra.Command {
	return &cobra.Command{
		Use: "test ENDPOINT", Short: "Send an endpoint a ping now, once", Args: cobra.ExactArgs(1), Example: "  roleos webhook test chat",
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			if err := a.TryWebhook(cmd.Context(), args[0]); err != nil {
				return err
			}
			fmt.Fprintf(s.out, "%s took it.\n", args[0])
			return nil
		},
	}
}

func (s *session) webhookSecretCommand() *cobra.Command {
	return &cobra.Command{
		Use: "secret ENDPOINT", Short: "Make the secret that signs an endpoint's messages, and show it", Args: cobra.ExactArgs(1), Example: "  roleos webhook secret chat",
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			secret, file, err := a.NewWebhookSecret(rand.Reader, args[0])
			if err != nil {
				return err
			}
			fmt.Fprintln(s.out, secret)
			s.say("It stands in %s. Give it to whoever receives the messages, and keep it where secrets are kept.", file)
			return nil
		},
	}
}
