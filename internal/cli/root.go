package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"roleos/config"
	"roleos/internal/app"
	"roleos/internal/broker"
	"roleos/internal/fault"
	"roleos/internal/telemetry"
)

// Main runs one command line and returns the process exit code: 0 ok, 1 a gate,
// check or guard said no, 2 usage, 3 system. stdout gets results only; progress
// and messages go to stderr.
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	s := &session{stdin: stdin, out: stdout, err: stderr, fenced: func() { stop(errFenced) }}
	root := s.root()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if cause := context.Cause(ctx); cause == errFenced {
		err = cause
	}
	if cerr := s.close(); err == nil {
		err = cerr
	}
	s.closeTraces(context.WithoutCancel(ctx), err)
	return s.report(err)
}

// session is one invocation: its streams, its flags, and the app it opened.
type session struct {
	stdin     io.Reader
	out, err  io.Writer
	workspace string
	output    string
	noInput   bool
	verbose   bool
	fenced    func()            // ends the command
	trace     string            // file for spans
	metrics   *telemetry.Models // of a service; nil elsewhere
	traces    *telemetry.Tracer // nil without anywhere to go
	cmd       *cobra.Command    // the one that runs
	endTrace  func(error)
	broker    *broker.Client // of a service; nil elsewhere
	scratch   string         // folder of a store that ends with the command; "" for the workspace's own
	app       *app.App
	cfg       config.Config
	origins   config.Origins
}

// Output formats of -o.
const (
	asText = "text"
	asJSON = "json"
)

func (s *session) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "roleos",
		Short: "The operating system of one role: agents draft, contracts check, people decide",
		Long: `roleos turns raw material into the artefact that the next role needs.

Agents draft. A contract checks every draft before a person reads it. The person
reviews it against its evidence. What it then changes in the world goes through
guardrails and a confirmation of exactly that change; only an agent that is autonomous
in every step goes without it, under a delegation that a person signed before.`,
		Example: `  roleos run feedback-river --sample          see it work on the embedded sample
  roleos run feedback-river --in export.csv   the same on your own file
  roleos review list                          what waits for a person`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fault.New(fault.Invalid, "cli", "%v", err).WithMend("See: %s --help", cmd.CommandPath())
	})
	f := root.PersistentFlags()
	f.StringVarP(&s.workspace, "workspace", "C", "", "workspace folder (default: the nearest one above with a roleos.yaml, else the current folder)")
	f.StringVarP(&s.output, "output", "o", asText, "output format: text or json")
	f.BoolVar(&s.noInput, "no-input", false, "never ask; a command that needs an answer fails instead")
	f.BoolVarP(&s.verbose, "verbose", "v", false, "log what happens to stderr")
	f.StringVar(&s.trace, "trace", "", "append what takes how long to this file, as lines of JSON without content (telemetry.trace_file)")
	root.PersistentPreRun = func(cmd *cobra.Command, _ []string) { s.cmd = cmd }
	root.AddGroup(
		&cobra.Group{ID: "work", Title: "Work:"},
		&cobra.Group{ID: "decide", Title: "Decide:"},
		&cobra.Group{ID: "know", Title: "Look up and check:"},
	)
	add := func(group string, cmds ...*cobra.Command) {
		for _, c := range cmds {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add("work", s.initCommand(), s.runCommand(), s.resumeCommand(), s.runsCommand(), s.workflowCommand(), s.serveCommand(), s.brokerCommand())
	add("decide", s.draftsCommand(), s.reviewCommand(), s.planCommand(), s.handoffCommand(), s.targetCommand())
	add("know", s.agentCommand(), s.contractCommand(), s.modeCommand(), s.auditCommand(), s.roleCommand(), s.scaffoldCommand(), s.lifecycleCommand(), s.diagnoseCommand(), s.evalCommand(), s.promptCommand(), s.modelCommand(), s.configCommand(), s.tokenCommand(), s.accountCommand(), s.webhookCommand(), s.backupCommand(), s.restoreCommand(), s.eraseCommand(), s.doctorCommand(), s.versionCommand())
	root.PersistentPostRunE = func(cmd *cobra.Command, _ []string) error { return s.goOn(cmd) }
	checkArgs(root)
	return root
}

// checkArgs gives every command's argument errors the shape of all others. A
// command that only groups others takes none of its own.
func checkArgs(c *cobra.Command) {
	if c.HasSubCommands() {
		c.Args = cobra.ArbitraryArgs
		c.SuggestionsMinimumDistance = 2
		c.RunE = func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				if list, _, err := cmd.Find([]string{"list"}); err == nil && list != cmd {
					list.SetContext(cmd.Context()) // it was not executed itself
					return list.RunE(list, nil)
				}
				return cmd.Help()
			}
			err := fault.New(fault.Invalid, "cli", "unknown command %q for %q", args[0], cmd.CommandPath())
			if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
				return err.WithMend("Did you mean %q? See: %s --help", like[0], cmd.CommandPath())
			}
			return err.WithMend("See: %s --help", cmd.CommandPath())
		}
	} else if check := c.Args; check != nil {
		c.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return fault.New(fault.Invalid, "cli", "%s: %v", cmd.CommandPath(), err).
					WithMend("Usage: %s\nSee: %s --help", cmd.UseLine(), cmd.CommandPath())
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		checkArgs(sub)
	}
}

// configure loads the settings once. flags are settings given on the command line.
func (s *session) configure(flags map[string]string) error {
	if info, err := os.Stat(s.workspace); s.workspace != "" && (err != nil || !info.IsDir()) {
		return fault.New(fault.NotFound, "cli", "there is no folder %s", s.workspace).WithMend("Make it a workspace: roleos init %s", s.workspace)
	}
	dir, _ := app.FindWorkspace(s.workspace)
	if flags == nil {
		flags = map[string]string{}
	}
	if s.verbose {
		flags["log.level"] = "debug"
	}
	if s.trace != "" {
		flags["telemetry.trace_file"] = s.trace
	}
	cfg, origins, err := config.Load(config.FromOS(dir, flags))
	if err != nil {
		return err
	}
	s.cfg, s.origins = cfg, origins
	return nil
}

// open loads the settings and opens the app; close closes it.
func (s *session) open(ctx context.Context, flags map[string]string) (*app.App, error) {
	if s.app != nil {
		return s.app, nil
	}
	if s.scratch == "" {
		if err := s.configure(flags); err != nil {
			return nil, err
		}
	}
	o := app.Options{Config: s.cfg, State: s.scratch, LogTo: s.err, Fenced: s.fenced}
	if s.metrics != nil {
		o.ModelEvents, o.ModelDropped = s.metrics.Observe, s.metrics.Rejected
	}
	if err := s.openTraces(ctx); err != nil {
		return nil, err
	}
	if s.traces != nil {
		o.Traces = s.traces
	}
	if s.broker != nil {
		o.Broker = s.broker
	}
	a, err := app.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	s.app = a
	return a, nil
}

// start checks that the command can write what -o asks for, text and JSON
// unless formats names others, and opens the app.
func (s *session) start(cmd *cobra.Command, formats ...string) (*app.App, error) {
	if len(formats) == 0 {
		formats = []string{asText, asJSON}
	}
	if err := s.format(formats...); err != nil {
		return nil, err
	}
	if err := s.configure(nil); err != nil {
		return nil, err
	}
	if reader(cmd.Name()) && app.Untouched(s.cfg) {
		return s.peek(cmd.Context())
	}
	return s.open(cmd.Context(), nil)
}

// reader reports whether a command of that name only looks.
func reader(name string) bool {
	switch name {
	case "list", "show", "status", "diff", "verify", "explain", "check", "lifecycle", "doctor":
		return true
	}
	return false
}

// peek opens a folder in which nothing was ever kept, to look at it: with a store
// that ends with the command, so that looking leaves nothing behind.
func (s *session) peek(ctx context.Context) (*app.App, error) {
	dir, err := os.MkdirTemp("", "roleos-look-")
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "cli", "there is no folder for temporary files")
	}
	s.scratch, s.cfg.Store.URL = dir, "sqlite:"+filepath.Join(dir, "roleos.db")
	return s.open(ctx, nil)
}

func (s *session) close() error {
	var errs []error
	if s.app != nil {
		errs = append(errs, s.app.Close())
	}
	if s.broker != nil { // after the app: what is under way still needs it
		errs = append(errs, s.broker.Close())
	}
	if s.scratch != "" {
		errs = append(errs, os.RemoveAll(s.scratch))
	}
	return errors.Join(errs...)
}

// errFenced ends a command whose process was silent for so long that other
// replicas may have taken its work over.
var errFenced = fault.New(fault.Unavailable, "cli", "this process did not reach the database in time; its work goes on elsewhere").
	WithMend("See how it ends: roleos runs list")

// errSaidNo ends a command whose result, already printed, was a no.
var errSaidNo = errors.New("said no")

// report prints err for a person, or as JSON, and returns its exit code.
func (s *session) report(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errSaidNo):
		return 1
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(s.err, "roleos: interrupted. Nothing is lost: go on with roleos resume")
		return 3
	}
	kind := fault.KindOf(err)
	if s.output == asJSON {
		s.json(map[string]any{"schema": "roleos/error/v1", "error": map[string]any{"kind": kind.String(), "message": err.Error()}})
		return kind.ExitCode()
	}
	fmt.Fprintf(s.err, "roleos: %v\n", err)
	if kind == fault.Internal {
		fmt.Fprintln(s.err, "This is a defect. Run again with -v to see more.")
	}
	return kind.ExitCode()
}

// settings returns the config flags of cmd that were given, by their config key.
func settings(f *pflag.FlagSet, keys map[string]string) map[string]string {
	out := map[string]string{}
	f.Visit(func(fl *pflag.Flag) {
		if key, ok := keys[fl.Name]; ok {
			out[key] = fl.Value.String()
		}
	})
	return out
}
