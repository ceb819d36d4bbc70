package cli

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"roleos/internal/app"
	"roleos/internal/broker"
	"roleos/internal/console"
	"roleos/internal/fault"
	"roleos/internal/identity"
	"roleos/internal/serve"
	"roleos/internal/telemetry"
)

func (s *session) serveCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "serve", Short: "Serve the review console and the API to browsers and programs", Args: cobra.NoArgs,
		Long: `Serves the review console, the HTTP API (described at /docs) and /metrics until it is
interrupted. What people decide is there, through the same checks as on the command
line; workflows, contracts, roles, diagnose and eval are commands.

On SQLite it has the store to itself: other commands that need the store are refused
until it ends. Make tokens before you start it (roleos token create); take backups
through it (GET /api/v1/backup). On PostgreSQL commands work beside it.

Confirmations are signed, and what they confirm is done, by a broker: a process of its
own that serve starts and starts again when it dies. It alone opens the signing key.

A solo workspace is served to its own machine only; the address that is printed signs
its one person in, once. A team needs review.mode: team, and people sign in at an OpenID
provider (serve.oidc) or with a token (team.roles, roleos token create). Several processes may serve one PostgreSQL store.`,
		Example: "  roleos serve\n  roleos serve --serve-listen 127.0.0.1:9000",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			if err := s.format(asText); err != nil {
				return err
			}
			metrics := telemetry.NewRegistry()
			var err error
			if s.metrics, err = telemetry.NewModels(metrics); err != nil {
				return err
			}
			flags := settings(cmd.Flags(), map[string]string{"serve-listen": "serve.listen"})
			if err := s.configure(flags); err != nil {
				return err
			}
			if err := s.startBroker(); err != nil {
				return err
			}
			a, err := s.open(ctx, flags)
			if err != nil {
				return err
			}
			logger := slog.New(slog.NewTextHandler(s.err, &slog.HandlerOptions{Level: slog.LevelInfo}))
			server, err := serve.New(serve.Options{
				App: a, Config: s.cfg, Store: a.Store(), Logger: logger, Metrics: metrics, Traces: s.traces, Version: version().number,
				Console: func(session func(*http.Request) (app.Actor, string, bool)) (http.Handler, error) {
					return console.New(console.Options{App: a, Session: session, SignIn: "/signin", Now: time.Now, Logger: logger})
				},
			})
			if err != nil {
				return err
			}
			l, err := net.Listen("tcp", s.cfg.Serve.Listen) //nolint:noctx // it ends with the service
			if err != nil {
				return fault.Wrap(err, fault.Unavailable, "cli.serve", "cannot listen on %s", s.cfg.Serve.Listen).
					WithMend("Is it served already? Else choose another address: --serve-listen HOST:PORT")
			}
			return server.Run(ctx, l, func() {
				if url := server.SignInURL(l.Addr().String()); url != "" {
					fmt.Fprintf(s.out, "Open %s\n", url)
				} else {
					fmt.Fprintf(s.out, "Serving on http://%s\n", l.Addr())
				}
				s.say("Interrupt (Ctrl-C) ends it; what goes on is finished next time.")
			})
		},
	}
	c.Flags().String("serve-listen", "", "address to listen on (serve.listen)")
	return c
}

// startBroker starts the process that signs and applies: this same program.
func (s *session) startBroker() error {
	self, err := os.Executable()
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "cli.serve", "the broker cannot be started")
	}
	dir := s.cfg.Dir
	s.broker = broker.New(func() *exec.Cmd {
		c := exec.Command(self, "broker", "-C", dir) //nolint:gosec,noctx // this very program; it ends when its input does
		c.Stderr = s.err
		return c
	})
	return s.broker.Start()
}

func (s *session) brokerCommand() *cobra.Command {
	return &cobra.Command{
		Use: "broker", Short: "Sign and apply for roleos serve, which starts it", Args: cobra.NoArgs, Hidden: true,
		Long: `Reads requests from standard input and answers them on standard output until that ends.
It signs nothing but confirmations and standing delegations that a person gives now, and
writes nothing but changes that such a confirmation is bound to.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			// Who started it ends it, by closing its input, when nothing is under way any more.
			signal.Ignore(syscall.SIGINT, syscall.SIGTERM)
			if err := s.configure(nil); err != nil {
				return err
			}
			b, doors, err := app.OpenBroker(s.cfg, time.Now)
			if err != nil {
				return err
			}
			return errors.Join(b.Serve(cmd.Context(), s.stdin, s.out), doors.Close())
		},
	}
}

func (s *session) tokenCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "token", Short: "Make, list and revoke tokens for the API and for signing in",
		Long: "A token lets a program, or a person with a browser, act as one person within its scopes.\nOnly its digest is stored; the text is shown once.",
	}
	var person, name, life string
	var scopes []string
	create := &cobra.Command{
		Use: "create", Short: "Make a token and show it once", Args: cobra.NoArgs,
		Example: "  roleos token create --name \"my browser\" --scope decide\n  roleos token create --person person:ana --name ci --scope read,run --for 30d",
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			d, err := days(life)
			if err != nil {
				return err
			}
			text, t, err := a.CreateToken(cmd.Context(), rand.Reader, person, name, scopes, d)
			if err != nil {
				return err
			}
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/token/v1", "text": text, "token": t})
				return nil
			}
			fmt.Fprintln(s.out, text)
			s.say("For %s until %s. It is shown this once: keep it where secrets are kept.", t.Person, t.ExpiresAt.Format("2 January 2006"))
			return nil
		},
	}
	f := create.Flags()
	f.StringVar(&person, "person", "", "whom it acts as, person:NAME (default: you)")
	f.StringVar(&name, "name", "command line", "what it is for")
	f.StringSliceVar(&scopes, "scope", []string{"read"}, "read, run, decide, admin; a wider one includes the narrower ones")
	f.StringVar(&life, "for", "90d", "how long it is good for, as 12h or 90d; at most 366d")
	list := &cobra.Command{
		Use: "list", Short: "List tokens, newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			all, err := a.Tokens(cmd.Context())
			if err != nil {
				return err
			}
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/tokens/v1", "tokens": append([]identity.Token{}, all...)})
				return nil
			}
			if len(all) == 0 {
				s.say("No tokens. Make one: roleos token create")
				return nil
			}
			rows := [][]string{{"TOKEN", "PERSON", "FOR", "SCOPES", "UNTIL", "STATE"}}
			for _, t := range all {
				var sc []string
				for _, x := range t.Scopes {
					sc = append(sc, string(x))
				}
				state := "in force"
				if !t.RevokedAt.IsZero() {
					state = "revoked"
				} else if !time.Now().Before(t.ExpiresAt) {
					state = "expired"
				}
				rows = append(rows, []string{t.ID, t.Person, plain(t.Name), strings.Join(sc, ","), t.ExpiresAt.Format("2006-01-02"), state})
			}
			s.table(rows)
			return nil
		},
	}
	revoke := &cobra.Command{
		Use: "revoke TOKEN", Short: "End a token at once", Args: cobra.ExactArgs(1), Example: "  roleos token revoke k3v7q2ab",
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			if err := a.RevokeToken(cmd.Context(), args[0]); err != nil {
				return err
			}
			fmt.Fprintf(s.out, "%s is revoked.\n", args[0])
			return nil
		},
	}
	c.AddCommand(list, create, revoke)
	return c
}

// days reads a duration in which d stands for a day of 24 hours.
func days(text string) (time.Duration, error) {
	var n int
	if _, err := fmt.Sscanf(text, "%dd", &n); err == nil && fmt.Sprintf("%dd", n) == text && n > 0 && n <= 366 {
		return time.Duration(n) * 24 * time.Hour, nil
	}
	d, err := time.ParseDuration(text)
	if err == nil && d <= 0 {
		err = errors.New("it is not positive")
	}
	if err != nil {
		return 0, fault.New(fault.Invalid, "cli.for", "--for is %q, expected a time such as 12h or 90d", text)
	}
	return d, nil
}
