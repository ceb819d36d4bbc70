package cli

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"roleos/internal/app"
	"roleos/internal/fault"
	"roleos/internal/handoff"
)

func (s *session) draftsCommand() *cobra.Command {
	c := &cobra.Command{Use: "drafts", Short: "Look at drafts, their revisions and their evidence"}
	c.AddCommand(s.draftsListCommand(), s.draftsShowCommand(), s.draftsDiffCommand())
	return c
}

func (s *session) draftsListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List all drafts, newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.listDrafts(cmd, nil) },
	}
}

// listDrafts lists the drafts in one of the states; none means all.
func (s *session) listDrafts(cmd *cobra.Command, states []handoff.State) error {
	a, err := s.start(cmd)
	if err != nil {
		return err
	}
	drafts, err := a.Drafts(cmd.Context(), states)
	if err != nil {
		return err
	}
	if s.output == asJSON {
		s.json(map[string]any{"schema": "roleos/drafts/v1", "drafts": drafts})
		return nil
	}
	if len(drafts) == 0 {
		s.say("No drafts. Make one: roleos run feedback-river --sample")
		return nil
	}
	rows := [][]string{{"DRAFT", "STATE", "REV", "UPDATED", "TITLE"}}
	for _, d := range drafts {
		rows = append(rows, []string{d.ID, string(d.State), strconv.Itoa(d.Revision), d.UpdatedAt.Format("2006-01-02 15:04"), plain(d.Title)})
	}
	s.table(rows)
	return nil
}

func (s *session) draftsShowCommand() *cobra.Command {
	var evidence, out string
	var revision int
	var quotes, gates, original bool
	c := &cobra.Command{
		Use:   "show DRAFT",
		Short: "Show a draft, or walk from one of its claims to the row behind it",
		Example: `  roleos drafts show fs-3f2a91c0
  roleos drafts show fs-3f2a91c0 --quotes          every quote with its number
  roleos drafts show fs-3f2a91c0 --evidence 7      the row behind quote 7
  roleos drafts show fs-3f2a91c0 --evidence HB-1042
  roleos drafts show fs-3f2a91c0 -o html --out report.html`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.start(cmd, asText, asJSON, "md", "html", "csv")
			if err != nil {
				return err
			}
			switch {
			case evidence != "":
				return s.showEvidence(cmd, a, args[0], revision, evidence, original)
			case quotes:
				return s.showQuotes(cmd, a, args[0], revision)
			}
			v, err := a.View(cmd.Context(), args[0], revision)
			if err != nil {
				return err
			}
			if gates {
				return s.showGates(v)
			}
			return s.write(v, out)
		},
	}
	f := c.Flags()
	f.StringVar(&evidence, "evidence", "", "a quote's number or a record's id: show the source row")
	f.IntVar(&revision, "revision", 0, "revision to show (default: the newest)")
	f.BoolVar(&quotes, "quotes", false, "list every quote with its number")
	f.BoolVar(&gates, "gates", false, "show each gate of the contract, and what would mend the failed ones")
	f.BoolVar(&original, "original", false, "with --evidence: show the text without masks; this is written to the audit log")
	f.StringVar(&out, "out", "", "write to this file instead of stdout")
	return c
}

func (s *session) showEvidence(cmd *cobra.Command, a *app.App, draft string, revision int, which string, original bool) error {
	e, err := a.Evidence(cmd.Context(), draft, revision, which, original)
	if err != nil {
		return err
	}
	if s.output == asJSON {
		s.json(map[string]any{"schema": "roleos/evidence/v1", "evidence": e})
		return nil
	}
	r := e.Record
	fmt.Fprintf(s.out, "Record   %s\nPlace    %s\n", r.ID, plain(e.Place))
	if !r.Time.IsZero() {
		fmt.Fprintf(s.out, "Time     %s\n", r.Time.Format("2006-01-02 15:04 MST"))
	}
	for _, x := range r.Segments {
		fmt.Fprintf(s.out, "%-8s %s\n", plain(x.Name), plain(x.Value))
	}
	for _, t := range e.Themes {
		fmt.Fprintf(s.out, "Theme    %s %s\n", t.ID, plain(t.Label))
	}
	if e.Quote != nil {
		fmt.Fprintf(s.out, "Quoted   bytes %d to %d, found word for word\n", e.Quote.Start, e.Quote.End)
	}
	fmt.Fprintf(s.out, "\n%s\n", e.Marked(plain))
	return nil
}

func (s *session) showQuotes(cmd *cobra.Command, a *app.App, draft string, revision int) error {
	all, err := a.Quotes(cmd.Context(), draft, revision)
	if err != nil {
		return err
	}
	if s.output == asJSON {
		s.json(map[string]any{"schema": "roleos/quotes/v1", "quotes": all})
		return nil
	}
	if len(all) == 0 {
		s.say("%s quotes nothing. What it says: roleos drafts show %s", draft, draft)
		return nil
	}
	theme := ""
	for _, q := range all {
		if q.ThemeID != theme {
			theme = q.ThemeID
			fmt.Fprintf(s.out, "%s  %s\n", q.ThemeID, plain(q.Theme))
		}
		fmt.Fprintf(s.out, "  [%d] “%s”  (%s)\n", q.N, plain(q.Quote.Text), plain(q.Place))
	}
	s.say("One row: roleos drafts show %s --evidence N", draft)
	return nil
}

func (s *session) showGates(v app.Document) error {
	if s.output == asJSON {
		s.json(map[string]any{"schema": "roleos/gates/v1", "draft": v.Draft, "gates": v.Gates})
		return nil
	}
	failed := false
	for _, g := range v.Gates {
		fmt.Fprintf(s.out, "%-7s %s: %s\n", g.Status, g.ID, g.Says)
		if g.Status == "failed" || g.Status == "error" {
			failed = true
			at := ""
			if g.Where != "" {
				at = "at " + g.Where + ": "
			}
			fmt.Fprintf(s.out, "        %s%s\n        mend: %s\n", at, plain(g.Observed), g.Mend)
		}
		if g.Status == "waiting" {
			fmt.Fprintf(s.out, "        %s\n        then: %s\n", plain(g.Observed), typed("roleos review attest "+v.Draft+" "+g.ID))
		}
	}
	if failed {
		return errSaidNo
	}
	return nil
}

func (s *session) draftsDiffCommand() *cobra.Command {
	var from, to int
	c := &cobra.Command{
		Use: "diff DRAFT", Short: "Show what changed between two revisions", Args: cobra.ExactArgs(1),
		Example: "  roleos drafts diff fs-3f2a91c0\n  roleos drafts diff fs-3f2a91c0 --from 1 --to 3",
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			d, err := a.Diff(cmd.Context(), args[0], from, to)
			if err != nil {
				return err
			}
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/diff/v1", "diff": d})
				return nil
			}
			fmt.Fprintf(s.out, "%s, revision %d to %d\n", d.Draft, d.From, d.To)
			for _, n := range d.Notes {
				fmt.Fprintf(s.out, "  %s\n", plain(n))
			}
			if len(d.Differences) == 0 {
				fmt.Fprintln(s.out, "  nothing a reader would notice")
			}
			for _, x := range d.Differences {
				fmt.Fprintf(s.out, "  %s\n", plain(x.String()))
			}
			return nil
		},
	}
	c.Flags().IntVar(&from, "from", 0, "earlier revision (default: the one before --to)")
	c.Flags().IntVar(&to, "to", 0, "later revision (default: the newest)")
	return c
}

func (s *session) reviewCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "review", Short: "Decide about drafts: approve, ask for changes, reject, edit",
		Long: `A review binds a person to one revision of a draft. Approving prepares the change
set that publishes it; it is written only when that change set is confirmed.`,
	}
	list := &cobra.Command{
		Use: "list", Short: "List what waits for a person", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.listDrafts(cmd, []handoff.State{handoff.Drafted, handoff.Validated, handoff.InReview, handoff.Approved})
		},
	}
	show := s.draftsShowCommand()
	show.Short = "Show a draft for review (as drafts show)"
	c.AddCommand(list, show, s.approveCommand(), s.attestCommand(),
		s.verdictCommand("request-changes", handoff.RequestChanges, "Send a draft back, saying what is wrong"),
		s.verdictCommand("reject", handoff.Reject, "End a draft, saying why"),
		s.verdictCommand("comment", handoff.Comment, "Say something about a draft"),
		s.editCommand(), s.changeCommand())
	return c
}

func (s *session) approveCommand() *cobra.Command {
	var text, digest string
	c := &cobra.Command{
		Use: "approve DRAFT", Short: "Approve the newest revision and prepare its publication", Args: cobra.ExactArgs(1),
		Example: "  roleos review approve fs-3f2a91c0",
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			d, plan, err := a.Approve(cmd.Context(), args[0], digest, text)
			if err != nil {
				return err
			}
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/approval/v1", "draft": d, "plan": plan})
				return nil
			}
			fmt.Fprintf(s.out, "Approved revision %d of %s. Nothing is written yet.\n\n", d.Revision, d.ID)
			return s.showPlan(plan)
		},
	}
	c.Flags().StringVar(&text, "text", "", "what to note beside the approval")
	c.Flags().StringVar(&digest, "digest", "", "approve only if this is still the newest revision (sha256:...)")
	return c
}

func (s *session) verdictCommand(name string, v handoff.Verdict, short string) *cobra.Command {
	var text string
	c := &cobra.Command{
		Use: name + " DRAFT", Short: short, Args: cobra.ExactArgs(1),
		Example: fmt.Sprintf("  roleos review %s fs-3f2a91c0 --text \"The first two themes are one.\"", name),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.review(cmd, handoff.Act{Draft: args[0], Verdict: v, Text: text})
		},
	}
	c.Flags().StringVar(&text, "text", "", "what to say (required)")
	return c
}

func (s *session) review(cmd *cobra.Command, act handoff.Act) error {
	a, err := s.start(cmd)
	if err != nil {
		return err
	}
	d, rev, err := a.Review(cmd.Context(), act)
	if err != nil {
		return err
	}
	if s.output == asJSON {
		s.json(map[string]any{"schema": "roleos/review/v1", "draft": d, "revision": rev})
		return nil
	}
	fmt.Fprintf(s.out, "%s is %s", d.ID, strings.ReplaceAll(string(d.State), "_", " "))
	if act.Verdict == handoff.Edit {
		fmt.Fprintf(s.out, ", revision %d: %s", rev.N, plain(rev.Note))
	}
	fmt.Fprintln(s.out, ".")
	for _, n := range app.NextOf(d, rev) {
		s.next(n)
	}
	return nil
}

func (s *session) editCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "edit", Short: "Rename, merge, split, drop or validate themes",
		Long: `Each edit makes a new revision that is checked against the contract again. Ids stay:
the id of a merged theme leads to the theme it went to.`,
	}
	edit := func(use, short, example string, args int, make func([]string) (app.ThemeEdit, error)) *cobra.Command {
		return &cobra.Command{
			Use: use, Short: short, Args: cobra.ExactArgs(args), Example: "  roleos review edit " + example,
			RunE: func(cmd *cobra.Command, a []string) error {
				e, err := make(a)
				if err != nil {
					return err
				}
				return s.applyEdit(cmd, a[0], e)
			},
		}
	}
	var records []string
	var matching string
	split := edit("split DRAFT THEME LABEL", "Move some records of a theme to a new theme", `split fs-3f2a91c0 t-91ab22cd "SSO on mobile" --matching mobile`, 3,
		func(a []string) (app.ThemeEdit, error) {
			if (len(records) > 0) == (matching != "") {
				return app.ThemeEdit{}, fault.New(fault.Invalid, "cli.edit", "say which records move: either --records ID,ID or --matching WORDS")
			}
			return app.ThemeEdit{Op: "split", Theme: a[1], Label: a[2], Records: records, Matching: matching}, nil
		})
	split.Flags().StringSliceVar(&records, "records", nil, "ids of the records to move")
	split.Flags().StringVar(&matching, "matching", "", "move the records whose text holds these words")
	c.AddCommand(split,
		edit("rename DRAFT THEME LABEL", "Give a theme another label", `rename fs-3f2a91c0 t-91ab22cd "Exports time out"`, 3,
			func(a []string) (app.ThemeEdit, error) {
				return app.ThemeEdit{Op: "rename", Theme: a[1], Label: a[2]}, nil
			}),
		edit("merge DRAFT THEME INTO", "Put a theme's records into another theme", "merge fs-3f2a91c0 t-91ab22cd t-0be4c7aa", 3,
			func(a []string) (app.ThemeEdit, error) {
				return app.ThemeEdit{Op: "merge", Theme: a[1], Into: a[2]}, nil
			}),
		edit("drop DRAFT THEME", "Undo a theme: its records fit nowhere", "drop fs-3f2a91c0 t-91ab22cd", 2,
			func(a []string) (app.ThemeEdit, error) { return app.ThemeEdit{Op: "drop", Theme: a[1]}, nil }),
		edit("validate DRAFT PATTERN", "Confirm a theme, or the alert on a segment, as a real pattern", "validate fs-3f2a91c0 t-91ab22cd\n  roleos review edit validate fs-3f2a91c0 plan=enterprise", 2,
			func(a []string) (app.ThemeEdit, error) { return app.ThemeEdit{Op: "validate", Theme: a[1]}, nil }))
	return c
}

func (s *session) applyEdit(cmd *cobra.Command, draft string, e app.ThemeEdit) error {
	a, err := s.start(cmd)
	if err != nil {
		return err
	}
	edit, err := a.ResolveEdit(cmd.Context(), draft, e)
	if err != nil {
		return err
	}
	data, err := json.Marshal(edit)
	if err != nil {
		return err
	}
	return s.review(cmd, handoff.Act{Draft: draft, Verdict: handoff.Edit, Edit: data})
}

func (s *session) runsCommand() *cobra.Command {
	c := &cobra.Command{Use: "runs", Short: "Look at runs and stop them"}
	list := &cobra.Command{
		Use: "list", Short: "List runs, newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			runs, err := a.Runs(cmd.Context(), "")
			if err != nil {
				return err
			}
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/runs/v1", "runs": runs})
				return nil
			}
			rows := [][]string{{"RUN", "KIND", "AGENT", "STATUS", "STEP", "STARTED", "DRAFT"}}
			for _, r := range runs {
				rows = append(rows, []string{r.ID, r.Kind, r.Agent, string(r.Status), r.Step, r.CreatedAt.Format("2006-01-02 15:04"), r.Draft})
			}
			s.table(rows)
			return nil
		},
	}
	show := &cobra.Command{
		Use: "show RUN", Short: "Show one run", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			r, err := a.GetRun(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/run/v1", "run": r})
				return nil
			}
			fmt.Fprintf(s.out, "%s  %s of %s, %s\nstarted %s by %s, last step %s\n", r.ID, r.Kind, r.Agent, r.Status, r.CreatedAt.Format("2006-01-02 15:04:05"), r.StartedBy, r.Step)
			if r.Draft != "" {
				fmt.Fprintf(s.out, "draft %s\n", r.Draft)
			}
			if r.Error != "" {
				fmt.Fprintf(s.out, "failed: %s\n", plain(r.Error))
			}
			return nil
		},
	}
	stop := &cobra.Command{
		Use: "cancel RUN", Short: "Stop a run that has not ended", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			if err := a.CancelRun(cmd.Context(), args[0]); err != nil {
				return err
			}
			fmt.Fprintf(s.out, "%s is cancelled. What it stored stays.\n", args[0])
			return nil
		},
	}
	c.AddCommand(list, show, stop)
	return c
}
