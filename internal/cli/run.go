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
		Use:   "run AGENT (--in PATH... --from DRAFT... | --sample)",
		Short: "Let an agent draft from your files",
		Long: `Reads the files, drafts, checks the draft against its contract and writes a report.
Nothing outside the workspace's store and report folder is changed until a person
has reviewed the draft and confirmed exactly that change. The one exception: a person
has signed a standing delegation for an agent that is autonomous in every step
(roleos mode set); its drafts are then published without waiting.

Files may be CSV, TSV, JSON, JSON Lines, XLSX, Parquet, a zip of these, or folders. The
columns are found by name and content; --map says otherwise and is remembered for
files with the same header.

-o writes text, json, md, html or csv. json is the artefact, the same for the same input;
with --out it goes to the file, and what this run made (its draft, digest, next commands)
is printed as JSON.`,
		Example: `  roleos run feedback-river --sample
  roleos run feedback-river --in export.csv
  roleos run feedback-river --in export.csv --map text=comment,segment=plan+region
  roleos run feedback-river --in exports/ -o json > synthesis.json
  roleos run feedback-river --in exports/ -o json --out synthesis.json   for a script: prints the draft's id
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
			if req.Sample && len(req.Paths)+len(req.From) > 0 || !req.Sample && len(req.Paths)+len(req.From) == 0 {
				return fault.New(fault.Invalid, "cli.run", "say what to read: either --in PATH, --from DRAFT or --sample").
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
			given := settings(cmd.Flags(), map[string]string{"seed": "analyst.seed", "redact": "privacy.redact"})
			if err := s.chooseModel(cmd.Flags(), given); err != nil {
				return err
			}
			a, err := s.open(cmd.Context(), given)
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
	f.StringArrayVar(&req.From, "from", nil, "approved draft that the agent builds on, with its records; may be repeated")
	f.StringVar(&req.Focus, "focus", "", "id or label of the theme that a brief is about; without it the first issue")
	f.BoolVar(&req.Sample, "sample", false, "read the embedded sample: support queries about a made-up product (feedback-river only)")
	f.StringArrayVar(&columns, "map", nil, "columns by role, as text=comment,segment=plan+region; roles: text, title, id, time, segment, channel, score, account; auto finds them anew")
	f.BoolVar(&req.Strict, "strict", false, "stop at the first bad row instead of setting it aside")
	modelFlag(f)
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
	if o.Asked != nil {
		s.say("Worded by %s: %s.", plain(o.Asked.Model), o.Asked.Cost)
		if o.Asked.Dropped > 0 {
			s.say("%d of its statements were dropped, because the records do not bear them out. The report lists them with the reason.", o.Asked.Dropped)
		}
	}
	if err := s.write(v, path, o.Report); err != nil {
		return err
	}
	if s.output == asJSON && path != "" {
		// The artefact is in the file, the same bytes for the same input; what is this run's own stands here.
		s.json(map[string]any{
			"schema": "roleos/run/v1", "run": o.Run.ID, "draft": o.Draft.ID, "kind": o.Draft.Kind, "revision": o.Draft.Revision, "digest": v.Digest,
			"state": o.Draft.State, "out": path, "report": o.Report, "next": v.Next,
		})
	}
	if s.output != asText || path != "" {
		s.say("Draft %s is %s. Report: %s", o.Draft.ID, strings.ReplaceAll(string(o.Draft.State), "_", " "), o.Report)
		for _, n := range v.Next {
			s.next(n)
		}
	}
	if n := len(v.Synthesis.Alerts); n > 0 && o.Draft.State != handoff.Drafted {
		s.say("Something changed against its own history (%d). To begin a cycle because of it: %s", n, typed("roleos workflow run discover --in FOLDER --alert "+o.Draft.ID))
	}
	if o.Draft.State == handoff.Drafted {
		return errSaidNo
	}
	return nil
}

// write writes a report in the chosen format, to a file when one is given.
func (s *session) write(v app.Document, path string, saved ...string) (err error) {
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
		return v.JSON(w)
	case "md":
		return v.Markdown(w)
	case "html":
		return v.HTML(w)
	case "csv":
		return v.CSV(w, report.CSVOptions{BOM: path != ""})
	}
	for i := range v.Next {
		v.Next[i] = typed(v.Next[i])
	}
	return v.Terminal(w, s.look(w, saved...))
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
