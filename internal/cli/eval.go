package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"roleos/internal/eval"
	"roleos/internal/eval/trial"
	"roleos/internal/fault"
)

func (s *session) evalCommand() *cobra.Command {
	var req trial.Request
	var columns []string
	var baseline, save string
	c := &cobra.Command{
		Use:   "eval AGENT --in PATH... --gold FILE",
		Short: "Score an agent against labels, with intervals, and compare with a saved baseline",
		Long: `Drafts in memory, or takes a draft from a file, and scores it against what people
labelled. Nothing is stored, and the labels never reach the agent.

  feedback-river           CSV with id and label: NMI, ARI, number of themes, purity
  stakeholder-synthesizer  JSON Lines with kind and text: precision, recall, F1
  any agent                JSON Lines with at and text: what should stand at a place of the artefact

Each score has a 95 % interval from resampling with a fixed seed. With --baseline the
difference has one too, on the same resamples; exit 1 when a score is worse.
The formats: internal/docs/evaluation.md.`,
		Example: `  roleos eval feedback-river --in export.csv --gold labels.csv --save baseline.json
  roleos eval feedback-river --in export.csv --gold labels.csv --baseline baseline.json
  roleos eval stakeholder-synthesizer --in notes/ --gold decisions.jsonl
  roleos eval problem-framer --artefact brief.json --gold expected.jsonl`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.format(asText, asJSON); err != nil {
				return err
			}
			req.Agent = args[0]
			if req.Gold == "" || len(req.Paths)+len(req.From) == 0 && req.Artefact == "" {
				return fault.New(fault.Invalid, "cli.eval", "say what to score and against what: --in PATH or --artefact FILE, and --gold FILE").
					WithMend("For example: roleos eval %s --in export.csv --gold labels.csv", req.Agent)
			}
			var before eval.Report
			if baseline != "" {
				data, err := os.ReadFile(baseline)
				if err != nil {
					return fault.Wrap(err, fault.NotFound, "cli.eval", "cannot read the baseline %s", baseline)
				}
				if before, err = eval.Parse(data); err != nil {
					return err
				}
			}
			var err error
			if req.Map, err = mapping(columns); err != nil {
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
			r, err := trial.Run(cmd.Context(), a, req)
			p.finish()
			if err != nil {
				return err
			}
			var deltas []eval.Delta
			if baseline != "" {
				if deltas, err = eval.Compare(before, r); err != nil {
					return err
				}
			}
			if save != "" {
				data, err := json.MarshalIndent(r, "", " ")
				if err != nil {
					return err
				}
				if err := os.WriteFile(save, append(data, '\n'), 0o644); err != nil {
					return fault.Wrap(err, fault.Invalid, "cli.eval", "cannot write %s", save)
				}
			}
			return s.evaluated(r, deltas, baseline != "")
		},
	}
	f := c.Flags()
	f.StringArrayVar(&req.Paths, "in", nil, "file or folder to read; may be repeated")
	f.StringArrayVar(&req.From, "from", nil, "approved draft that the agent builds on; may be repeated")
	f.StringArrayVar(&columns, "map", nil, "columns by role, as for roleos run")
	f.StringVar(&req.Focus, "focus", "", "as for roleos run")
	f.StringVar(&req.Artefact, "artefact", "", "file with an artefact (JSON) to score instead of running the agent")
	f.StringVar(&req.Gold, "gold", "", "file with the labels")
	f.StringVar(&baseline, "baseline", "", "report to compare with, saved before")
	f.StringVar(&save, "save", "", "write the report to this file, to compare with later")
	f.Int64("seed", 1, "seed of the analyst")
	f.Bool("redact", true, "mask personal data before anything is read")
	modelFlag(f)
	f.Uint64Var(&req.Seed, "resample-seed", 1, "seed of the resampling behind the intervals")
	return c
}

// evaluated prints a report and, beside it, what changed since the baseline.
func (s *session) evaluated(r eval.Report, deltas []eval.Delta, compared bool) error {
	worse := false
	rows := [][]string{{"SCORE", "VALUE", "95 % INTERVAL", "OF", "MEANS"}}
	if compared {
		rows = [][]string{{"SCORE", "BEFORE", "NOW", "GAIN, 95 % INTERVAL", "VERDICT"}}
	}
	for _, d := range deltas {
		worse = worse || d.Verdict == eval.Worse
		rows = append(rows, []string{d.Name, fmt.Sprintf("%.3f", d.Before), fmt.Sprintf("%.3f", d.After), fmt.Sprintf("%+.3f to %+.3f", d.Low, d.High), string(d.Verdict)})
	}
	if !compared {
		for _, x := range r.Scores {
			spread := fmt.Sprintf("%.3f to %.3f", x.Low, x.High)
			if x.Fixed {
				spread = "-"
			}
			rows = append(rows, []string{x.Name, fmt.Sprintf("%.3f", x.Value), spread, fmt.Sprint(x.Of), x.Means})
		}
	}
	if s.output == asJSON {
		out := map[string]any{"schema": eval.Schema, "report": r}
		if compared {
			out["comparison"] = deltas
		}
		s.json(out)
	} else {
		s.table(rows)
		for _, n := range r.Notes {
			s.say("%s", n)
		}
		s.say("%s, %s; %d resamples, seed %d.", r.Agent, r.Analyst, r.Rounds, r.Seed)
	}
	if worse {
		s.say("Worse than the baseline.")
		return errSaidNo
	}
	return nil
}
