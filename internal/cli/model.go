package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"roleos/internal/models"
	"roleos/prompts"
)

// modelFlag adds --model to a command.
func modelFlag(f *pflag.FlagSet) {
	f.String("model", "", "who words the draft, over model.* in roleos.yaml: PROVIDER:NAME, NAME, none, or the two that answer here, fake:helpful and fake:adversarial")
}

// chooseModel puts what --model says into the settings given on the command line.
func (s *session) chooseModel(f *pflag.FlagSet, given map[string]string) error {
	name, err := f.GetString("model")
	if err != nil || name == "" {
		return err
	}
	if err := s.configure(nil); err != nil {
		return err
	}
	m, err := models.Choose(name, s.cfg.Model)
	if err != nil {
		return err
	}
	given["model.provider"], given["model.name"] = m.Provider, m.Name
	if m.Provider != s.cfg.Model.Provider && models.On(s.cfg.Model) {
		for k, v := range map[string]string{
			"base_url": m.BaseURL, "key_env": m.KeyEnv, "key_file": m.KeyFile, "key_command": m.KeyCommand, "price.input": m.Price.Input, "price.output": m.Price.Output,
		} {
			given["model."+k] = v
		}
	}
	return nil
}

func (s *session) modelCommand() *cobra.Command {
	c := &cobra.Command{Use: "model", Short: "Language models that may word drafts"}
	c.AddCommand(
		&cobra.Command{
			Use: "list", Short: "Which providers there are, and which model is configured", Args: cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error { return s.listModels() },
		},
		s.checkModelCommand(),
	)
	return c
}

func (s *session) listModels() error {
	if err := s.format(asText, asJSON); err != nil {
		return err
	}
	if err := s.configure(nil); err != nil {
		return err
	}
	m := s.cfg.Model
	if s.output == asJSON {
		s.json(map[string]any{"schema": "roleos/models/v1", "providers": models.Providers(), "configured": map[string]any{
			"on": models.On(m), "provider": m.Provider, "name": m.Name, "base_url": m.BaseURL, "has_key": m.HasKey(),
		}})
		return nil
	}
	if models.On(m) {
		fmt.Fprintf(s.out, "Configured: %s:%s\n", plain(m.Provider), plain(m.Name))
		for _, o := range m.Others {
			fmt.Fprintf(s.out, "When it fails for good: %s:%s\n", plain(o.Provider), plain(o.Name))
		}
		if m.KeepsOffline() {
			fmt.Fprintln(s.out, "When all fail: the words of statistics")
		}
	} else {
		fmt.Fprintln(s.out, "Configured: none. Drafts are made by the offline analyst, without a key and without a network.")
	}
	fmt.Fprintf(s.out, "Providers: %s\n", strings.Join(models.Providers(), ", "))
	fmt.Fprintln(s.out, "Without a key: fake:helpful and fake:adversarial answer in this process, to try the checks.")
	s.next("roleos run feedback-river --sample --model fake:adversarial")
	return nil
}

func (s *session) checkModelCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "check", Short: "Ask the configured model a few small questions and say what it does", Args: cobra.NoArgs,
		Long: `Asks the configured model a few small questions over the network: whether it
answers, whether it keeps to a form, whether it streams and what that costs. No
record is sent.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := s.format(asText, asJSON); err != nil {
				return err
			}
			given := map[string]string{}
			if err := s.chooseModel(cmd.Flags(), given); err != nil {
				return err
			}
			if err := s.configure(given); err != nil {
				return err
			}
			if !models.On(s.cfg.Model) {
				if s.output == asJSON {
					s.json(map[string]any{"schema": "roleos/model-check/v1", "report": nil, "configured": false})
				}
				fmt.Fprintln(s.err, "No model is configured: set model.provider, model.name and where the key is in roleos.yaml.")
				return errSaidNo
			}
			var all []models.Report
			for _, m := range s.cfg.Model.Chain() {
				r, err := models.Try(cmd.Context(), m, s.cfg.Dir, time.Now)
				if err != nil {
					return err
				}
				all = append(all, r)
			}
			return s.tried(all)
		},
	}
	modelFlag(c.Flags())
	return c
}

// tried shows what the configured model was found to do, and then those that are
// asked when it fails.
func (s *session) tried(all []models.Report) error {
	if s.output == asJSON {
		s.json(map[string]any{"schema": "roleos/model-check/v1", "report": all[0], "fallbacks": append([]models.Report{}, all[1:]...)})
	}
	ok := true
	for i, r := range all {
		ok = ok && r.OK()
		if s.output == asJSON {
			continue
		}
		where := ""
		if r.Model.Host != "" {
			where = " at " + plain(r.Model.Host)
		}
		if i > 0 {
			where += ", asked when the one before fails"
		}
		fmt.Fprintf(s.out, "%s%s\n", plain(r.Model.Name()), where)
		for _, c := range r.Checks {
			mark := "ok  "
			if !c.OK {
				mark = "FAIL"
			}
			fmt.Fprintf(s.out, "%s  %-16s %s (%s)\n", mark, c.Name, plain(c.Says), c.Took.Round(time.Millisecond))
		}
		cost := "cost unknown: set its price (model.price.input and .output, or price= under models)"
		if r.Priced {
			cost = fmt.Sprintf("cost %.6f", float64(r.Micros)/1e6)
		}
		fmt.Fprintf(s.out, "This check took %d tokens, %s.\n", r.Usage.Total(), cost)
	}
	if !ok {
		return errSaidNo
	}
	return nil
}

func (s *session) promptCommand() *cobra.Command {
	c := &cobra.Command{Use: "prompt", Short: "What is said to language models, word for word"}
	c.AddCommand(
		&cobra.Command{
			Use: "list", Short: "All prompts with what they may cost", Args: cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error {
				if err := s.format(asText, asJSON); err != nil {
					return err
				}
				all, err := prompts.All()
				if err != nil {
					return err
				}
				if s.output == asJSON {
					s.json(map[string]any{"schema": "roleos/prompts/v1", "prompts": all})
					return nil
				}
				for _, p := range all {
					fmt.Fprintf(s.out, "%-16s %s\n%16s  for %s, at most %d calls and %d tokens in a run\n", p.Name(), p.Purpose, "", p.Agent, p.Budget.Calls, p.Budget.Tokens)
				}
				s.next("roleos prompt show " + all[0].ID)
				return nil
			},
		},
		&cobra.Command{
			Use: "show PROMPT", Short: "One prompt with its schema", Args: cobra.ExactArgs(1),
			RunE: func(_ *cobra.Command, args []string) error {
				p, err := prompts.Find(args[0])
				if err != nil {
					return err
				}
				if err := s.format(asText, asJSON, "md"); err != nil {
					return err
				}
				switch s.output {
				case asJSON:
					s.json(map[string]any{"schema": "roleos/prompt/v1", "prompt": p})
					return nil
				case "md": // the file itself, to change and evaluate
					fmt.Fprint(s.out, p.Source)
					return nil
				}
				fmt.Fprintf(s.out, "%s: %s\n", p.Name(), p.Purpose)
				fmt.Fprintf(s.out, "Agent %s. Tools: %s. At most %d calls and %d tokens in a run.\nData: %s\n", p.Agent, p.Needs.Tools, p.Budget.Calls, p.Budget.Tokens, p.Data)
				fmt.Fprintf(s.out, "\n--- system\n%s\n\n--- user\n%s\n\n--- form of the answer\n%s", p.System, p.User, p.Schema)
				return nil
			},
		},
	)
	return c
}
