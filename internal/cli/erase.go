package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"roleos/internal/app"
	"roleos/internal/erase"
	"roleos/internal/report/say"
)

func (s *session) eraseCommand() *cobra.Command {
	var sel erase.Selection
	var plan bool
	c := &cobra.Command{
		Use: "erase --person WHO | --record ID [ANSWER]", Short: "Erase what a person wrote, everywhere; without ANSWER it only shows what would go", Args: cobra.MaximumNArgs(1),
		Long: `Erases records of a person, or one record: in the store, in drafts and their
revisions, in what was published and in reports. A notice stands in their place, their
digests stay, and the audit log's proofs hold. It cannot be undone.

An e-mail address picks every record that holds it. A name picks the records that have
it as author, account or another value, spelt so. For everybody who holds role admin.

What would go is shown first, and with it what has to be typed to have exactly that
erased. Files that you gave roleos to read, backups, and what left the workspace are
not reached; the plan names them.`,
		Example: "  roleos erase --person ana@example.org\n  roleos erase --record 4711 --source export.csv --by admin\n  roleos erase --person ana@example.org 'erase 3 1a2b3c4d'",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := s.format(asText, asJSON); err != nil {
				return err
			}
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			var p app.ErasePlan
			done := len(args) == 1 && !plan
			if done {
				p, err = a.Erase(cmd.Context(), sel, args[0])
			} else {
				p, err = a.PlanErasure(cmd.Context(), sel)
			}
			if err != nil {
				return err
			}
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/erasure/v1", "done": done, "plan": p})
				return nil
			}
			s.erasure(p, done)
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&sel.Person, "person", "", "whose records: an e-mail address, or a name as the source has it")
	f.StringVar(&sel.Record, "record", "", "one record, by its id")
	f.StringVar(&sel.Source, "source", "", "only what was read from the file of this name")
	f.StringVar(&sel.By, "by", "", "the role at whose request, as the notice says it (default data-subject)")
	f.BoolVar(&plan, "plan", false, "only show what would go, whatever else is given")
	return c
}

func (s *session) erasure(p app.ErasePlan, done bool) {
	verb := "Would erase"
	if done {
		verb = "Erased"
	}
	fmt.Fprintf(s.out, "%s %s. In their place: %s\n", verb, say.Plural(p.Count, "record", "records"), p.Notice)
	const most = 20
	for i, r := range p.Records {
		if i == most {
			fmt.Fprintf(s.out, "  and %d more\n", p.Count-most)
			break
		}
		fmt.Fprintf(s.out, "  %s (%s)\n", say.Reveal(r.ID), say.Reveal(r.Place))
	}
	for _, part := range []struct {
		what string
		list []string
	}{{"drafts", p.Drafts}, {"change sets, which can be neither applied nor undone then", p.ChangeSets}, {"files", p.Files}} {
		if len(part.list) > 0 {
			fmt.Fprintf(s.out, "%s: %s\n", part.what, strings.Join(part.list, ", "))
		}
	}
	fmt.Fprintf(s.out, "stored files that go whole: %d; other stored documents: %d; places in other tables: %d\n", p.Uploads, p.Blobs, p.Rows)
	fmt.Fprintln(s.out, "\nNot reached:")
	for _, r := range p.Remains {
		fmt.Fprintf(s.out, "  - %s\n", say.Reveal(r))
	}
	if !done {
		s.say("Next: the same command, and behind it %q", p.Ask)
	}
}
