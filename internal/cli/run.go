package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"roleos/internal/app"
	"roleos/internal/fault"
	"roleos/internal/handoff"
	"roleos/internal/report"
	"roleos/internal/run"
)

func (s *session) runCommand() *cobra.Command {
	var req app.RunRequest
	var columns []string
	var out string
	c := &cobra.Command{
		Use:   "run AGENT (--in PATH... | --sample)",
		Short: "Let an agent draft from your files",
		Long: `Reads the files, drafts, checks the draft against its contract and writes a report.
Nothing outside the workspace's store and report folder is changed: what the
draft is published to is decided in a review.

Files may be CSV, TSV, JSON, JSON Lines, XLSX, a zip of these, or folders. The
columns are found by name and content; --map says otherwise and is remembered for
files with the same header.

-o writes text, json, md, html or csv.`,
		Example: `  roleos run feedback-river --sample
  roleos run feedback-river --in export.csv
  roleos run feedback-river --in export.csv --map text=comment,segment=plan+region
  roleos run feedback-river --in exports/ -o json > synthesis.json
  roleos run feedback-river --in export.csv -o csv --out themes.csv`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fmt.Errorf("one agent, and files with --in: roleos run %s --in %s", args[0], args[1])
			}
			if len(args) == 0 {
				return errors.New("say which agent: roleos agent list")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.format(asText, asJSON, "md", "html", "csv"); err != nil {
				return err
			}
			req.Agent = args[0]
			if req.Sample == (len(req.Paths) > 0) {
				return fault.New(fault.Invalid, "cli.run", "say what to read: either --in PATH or --sample").
					WithMend("For example: roleos run %s --in export.csv", req.Agent)
			}
			if len(columns) == 1 && columns[0] == "auto" {
				req.Forget = true
			} else {
				var err error
				if req.Map, err = mapping(columns); err != nil {
					return err
				}
			}
			if err := writeable(out); err != nil {
				return err
			}
			a, err := s.open(cmd.Context(), settings(cmd.Flags(), map[string]string{"seed": "analyst.seed", "redact": "privacy.redact"}))
			if err != nil {
				return err
			}
			p := newProgress(s.err, time.Now)
			req.Progress = p.step
			o, err := a.Run(cmd.Context(), req)
			p.finish()
			if err != nil {
				return err
			}
			return s.outcome(cmd, a, o, out)
		},
	}
	f := c.Flags()
	f.StringArrayVar(&req.Paths, "in", nil, "file or folder to read; may be repeated")
	f.BoolVar(&req.Sample, "sample", false, "read the embedded sample: support queries about a made-up product")
	f.StringArrayVar(&columns, "map", nil, "columns by role, as text=comment,segment=plan+region; roles: text, title, id, time, segment, channel, score, account; auto finds them anew")
	f.BoolVar(&req.Strict, "strict", false, "stop at the first bad row instead of setting it aside")
	f.StringVar(&out, "out", "", "write the output to this file instead of stdout")
	f.Int64("seed", 1, "seed of the analyst; the same input and seed give the same bytes")
	f.Bool("redact", true, "mask personal data before anything is read")
	return c
}

// mapping reads role=column,role=column; + joins several columns of one role.
func mapping(given []string) (map[string]string, error) {
	out := map[string]string{}
	for _, pair := range strings.Split(strings.Join(given, ","), ",") {
		if pair == "" {
			continue
		}
		role, column, ok := strings.Cut(pair, "=")
		if !ok || role == "" || column == "" {
			return nil, fault.New(fault.Invalid, "cli.map", "--map has %q where ROLE=COLUMN was expected", pair).
				WithMend("For example: --map text=comment,segment=plan+region\nA name with a comma or a plus: use its position, as text=#2")
		}
		if was, twice := out[role]; twice {
			column = was + "," + column
		}
		out[role] = strings.ReplaceAll(column, "+", ",")
	}
	return out, nil
}

// writeable refuses an output file before the work, not after it.
func writeable(path string) error {
	if path == "" {
		return nil
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "cli.out", "cannot write %s", path)
	}
	return f.Close()
}

// outcome prints what a run ended with.
func (s *session) outcome(cmd *cobra.Command, a *app.App, o app.Outcome, path string) error {
	v, err := a.View(cmd.Context(), o.Draft.ID, 0)
	if err != nil {
		return err
	}
	for _, line := range o.Collection.Lines() {
		s.say("%s", plain(line))
	}
	if err := s.write(v, path, o.Report); err != nil {
		return err
	}
	if s.output != asText || path != "" {
		s.say("Draft %s is %s. Report: %s", o.Draft.ID, strings.ReplaceAll(string(o.Draft.State), "_", " "), o.Report)
		for _, n := range v.Next {
			s.next(n)
		}
	}
	if o.Draft.State == handoff.Drafted {
		return errSaidNo
	}
	return nil
}

// write writes a report in the chosen format, to a file when one is given.
func (s *session) write(v report.View, path string, saved ...string) (err error) {
	w := s.out
	if path != "" {
		file, err := os.Create(path)
		if err != nil {
			return fault.Wrap(err, fault.Invalid, "cli.out", "cannot write %s", path)
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		w = file
	}
	switch s.output {
	case asJSON:
		return report.JSON(w, v)
	case "md":
		return report.Markdown(w, v)
	case "html":
		return report.HTML(w, v)
	case "csv":
		return report.CSV(w, v, report.CSVOptions{BOM: path != ""})
	}
	for i := range v.Next {
		v.Next[i] = typed(v.Next[i])
	}
	return report.Terminal(w, v, s.look(w, saved...))
}

func (s *session) resumeCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "resume [RUN]",
		Short: "Go on with runs that were interrupted",
		Long: `Goes on with every run that a killed or crashed process left behind, after its last
journalled step. Effects whose outcome nobody saw are settled by reading their target back.`,
		Example: "  roleos resume",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			p := newProgress(s.err, time.Now)
			done, err := a.Resume(cmd.Context(), first(args), p.step)
			p.finish()
			if err != nil {
				return err
			}
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/resumed/v1", "runs": runsOf(done)})
				return nil
			}
			if len(done) == 0 {
				s.say("Nothing was interrupted.")
			}
			for _, o := range done {
				fmt.Fprintf(s.out, "%s  %s  %s\n", o.Run.ID, o.Run.Status, o.Draft.ID)
				for _, n := range app.NextFor(o.Draft, true) {
					s.next(n)
				}
			}
			return nil
		},
	}
}

func runsOf(all []app.Outcome) []run.Run {
	out := []run.Run{}
	for _, o := range all {
		out = append(out, o.Run)
	}
	return out
}

func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}
