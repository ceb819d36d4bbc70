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
	"roleos/internal/models"
	"roleos/prompts"
)

func (s *session) evalCommand() *cobra.Command {
	var req trial.Request
	var columns []string
	var baseline, save, against, words, otherWords string
	c := &cobra.Command{
		Use:   "eval AGENT --in PATH... --gold FILE",
		Short: "Score an agent against labels, with intervals, and compare it with another analyst or a saved baseline",
		Long: `Drafts in memory, or takes a draft from a file, and scores it against what people
labelled. Nothing is stored, and the labels never reach the agent.

  feedback-river           CSV with id and label: NMI, ARI, number of themes, purity
  stakeholder-synthesizer  JSON Lines with kind and text: precision, recall, F1
  any agent                JSON Lines with at and text: what should stand at a place of the artefact

With --against the agent drafts a second time, with another model, other prompts or
none, and both are compared on the same labels: scores, calls, tokens, cost and time.

Each score has a 95 % interval from resampling with a fixed seed. With --baseline the
difference has one too, on the same resamples; exit 1 when a score is worse.
The formats: internal/docs/evaluation.md.`,
		Example: `  roleos eval feedback-river --in export.csv --gold labels.csv --save baseline.json
  roleos eval feedback-river --in export.csv --gold labels.csv --baseline baseline.json
  roleos eval stakeholder-synthesizer --in notes/ --gold decisions.jsonl
  roleos eval stakeholder-synthesizer --in notes/ --gold decisions.jsonl --model openai:gpt-5-mini --against none
  roleos eval feedback-river --in export.csv --gold labels.csv --prompts mine/ --against gpt-5-mini
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
			if baseline != "" && against != "" || otherWords != "" && against == "" || req.Artefact != "" && against != "" {
				return fault.New(fault.Invalid, "cli.eval", "--against compares two ways to draft; it goes with neither --baseline nor --artefact, and --against-prompts needs it").
					WithMend("For example: roleos eval %s --in PATH --gold FILE --model fake:helpful --against none", req.Agent)
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
			req.Progress, req.Now = p.step, time.Now
			if req.Prompts, err = promptsIn(words); err != nil {
				return err
			}
			if against != "" {
				other := req
				m, err := models.Choose(against, s.cfg.Model)
				if err != nil {
					return err
				}
				other.Model = &m
				if other.Prompts, err = promptsIn(otherWords); err != nil {
					return err
				}
				if before, err = trial.Run(cmd.Context(), a, other); err != nil {
					return err
				}
			}
			r, err := trial.Run(cmd.Context(), a, req)
			p.finish()
			if err != nil {
				return err
			}
			var deltas []eval.Delta
			compared := baseline != "" || against != ""
			if compared {
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
			return s.evaluated(r, before, deltas, compared)
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
	f.StringVar(&against, "against", "", "compare with this model, as for --model; none is the offline analyst")
	f.StringVar(&words, "prompts", "", "folder with prompts to use instead of those of the program, by their ids")
	f.StringVar(&otherWords, "against-prompts", "", "the same for what --against names")
	f.BoolVar(&req.Fresh, "fresh", false, "ask a model again what it has answered before, so that cost and time are whole")
	f.Uint64Var(&req.Seed, "resample-seed", 1, "seed of the resampling behind the intervals")
	return c
}

// evaluated prints a report and, beside it, what changed since the baseline.
func (s *session) evaluated(r, before eval.Report, deltas []eval.Delta, compared bool) error {
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
			out["comparison"], out["compared_with"] = deltas, map[string]any{"analyst": before.Analyst, "spent": before.Spent}
		}
		s.json(out)
	} else {
		s.table(rows)
		for _, n := range r.Notes {
			s.say("%s", n)
		}
		if compared {
			s.took("Before", before)
			s.took("Now", r)
		} else {
			s.took("Drafted", r)
		}
		s.say("%s, %s; %d resamples, seed %d.", r.Agent, r.Analyst, r.Rounds, r.Seed)
	}
	if worse && before.Spent != nil && r.Spent != nil && before.Spent.By != r.Spent.By {
		s.say("Worse than %s.", plain(before.Spent.By))
		return errSaidNo
	}
	if worse {
		s.say("Worse than the baseline.")
		return errSaidNo
	}
	return nil
}

// took says by whom a report's draft was made, and what that cost.
func (s *session) took(when string, r eval.Report) {
	if r.Spent == nil {
		s.say("%s: %s.", when, plain(r.Analyst))
		return
	}
	dropped := ""
	if r.Spent.Dropped > 0 {
		dropped = fmt.Sprintf(", %d of its statements dropped", r.Spent.Dropped)
	}
	s.say("%s: %s (%s): %s%s, %.1f s.", when, plain(r.Spent.By), plain(r.Analyst), plain(r.Spent.Says), dropped, float64(r.Spent.Millis)/1000)
}

// promptsIn reads a folder of prompts; none is those of the program.
func promptsIn(folder string) (prompts.Set, error) {
	if folder == "" {
		return prompts.Set{}, nil
	}
	return prompts.Instead(os.DirFS(folder))
}
