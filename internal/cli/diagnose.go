package cli

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"roleos/internal/diagnose"
	"roleos/internal/fault"
	"roleos/internal/report/team"
)

func (s *session) diagnoseCommand() *cobra.Command {
	var file string
	var blank bool
	c := &cobra.Command{
		Use: "diagnose", Short: "Ask the thirteen signs of a team that serves requests, and point to what addresses them", Args: cobra.NoArgs,
		Long: `Asks thirteen questions, each with yes, partly or no. Every sign found is pointed at the
contract, scaffold or workflow that addresses it. Without --answers it asks in the
terminal; an empty line leaves a question open, and the score then says between
which values it lies.`,
		Example: "  roleos diagnose\n  roleos diagnose --blank > answers.yaml\n  roleos diagnose --answers answers.yaml -o html > diagnosis.html",
		RunE: func(_ *cobra.Command, _ []string) error {
			if err := s.format(pageFormats()...); err != nil {
				return err
			}
			if blank {
				s.blankAnswers()
				return nil
			}
			answers, err := s.answers(file)
			if err != nil {
				return err
			}
			r := diagnose.Score(answers)
			return s.page(team.Diagnosis(r), r)
		},
	}
	c.Flags().StringVar(&file, "answers", "", "read the answers from this file instead of asking")
	c.Flags().BoolVar(&blank, "blank", false, "print a file of answers to fill in")
	return c
}

func (s *session) blankAnswers() {
	fmt.Fprintln(s.out, "# Write yes, partly or no behind each; what you leave out stays open.\nanswers:")
	for _, sign := range diagnose.Signs() {
		fmt.Fprintf(s.out, "  # %d. %s\n  # %s: \n", sign.N, sign.Asks, sign.ID)
	}
}

func (s *session) answers(file string) (map[string]diagnose.Answer, error) {
	if file != "" {
		return diagnose.ReadAnswers(os.DirFS(filepath.Dir(file)), filepath.Base(file))
	}
	if s.noInput {
		return nil, fault.New(fault.NeedsConfirmation, "cli.diagnose", "the questions need answers").
			WithMend("Give a file: roleos diagnose --answers FILE\nA blank one: roleos diagnose --blank")
	}
	out := map[string]diagnose.Answer{}
	in := bufio.NewScanner(s.stdin)
	s.say("Thirteen questions: y(es), p(artly), n(o), or nothing to leave one open.\n")
	for _, sign := range diagnose.Signs() {
		for {
			fmt.Fprintf(s.err, "%2d. %s [y/p/n] ", sign.N, sign.Asks)
			if !in.Scan() {
				s.say("")
				return out, in.Err()
			}
			if in.Text() == "" {
				break
			}
			if a, ok := diagnose.ParseAnswer(in.Text()); ok {
				out[sign.ID] = a
				break
			}
			s.say("    y, p, n or nothing, please.")
		}
	}
	s.say("")
	return out, nil
}
