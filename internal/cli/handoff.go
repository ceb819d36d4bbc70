package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"roleos/internal/app"
	"roleos/internal/handoff"
)

func (s *session) handoffCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "handoff", Short: "Take over what was published, refuse it, and see every clock",
		Long: `A published draft is a handoff: the contract says which role takes it, and by when.
That role acknowledges it, or refuses it with reasons, which reopens the draft.
Clocks remind and escalate; they never approve. Silence is late, not a yes.`,
	}
	c.AddCommand(s.handoffListCommand(), s.handoffShowCommand(),
		s.answerCommand(handoff.Acknowledge, "Say that it has arrived and can be worked with", false),
		s.answerCommand(handoff.Refuse, "Send it back with reasons; the draft is open again", true),
		s.answerCommand(handoff.Start, "Say that the next stage has begun", false),
		s.answerCommand(handoff.Close, "Say that you are done with it", false),
		s.answerCommand(handoff.Hold, "Stop its clocks, with a reason", true),
		s.answerCommand(handoff.GoOn, "Let its clocks go on", false))
	return c
}

func (s *session) handoffListCommand() *cobra.Command {
	var all, byRole bool
	c := &cobra.Command{
		Use: "list", Short: "List open handoffs, the nearest deadline first", Args: cobra.NoArgs,
		Example: "  roleos handoff list\n  roleos handoff list --by-role    what each role gave and took",
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			if byRole {
				return s.handoffCounts(cmd, a)
			}
			list, err := a.Handoffs(cmd.Context(), all)
			if err != nil {
				return err
			}
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/handoffs/v1", "handoffs": list})
				return nil
			}
			if len(list) == 0 {
				s.say("No open handoffs. A draft becomes one when it is published: roleos review list")
				return nil
			}
			rows := [][]string{{"DRAFT", "STATE", "FROM", "TO", "WAITS FOR", "DUE", "LEFT", "TITLE"}}
			for _, v := range list {
				waits, due, left := s.timing(v)
				rows = append(rows, []string{v.Draft, string(v.State), v.From.Role, v.To.Role, waits, due, left, plain(v.Title)})
			}
			s.table(rows)
			return nil
		},
	}
	c.Flags().BoolVar(&all, "all", false, "also those that are closed or went back")
	c.Flags().BoolVar(&byRole, "by-role", false, "count what each role gave and took instead")
	return c
}

func (s *session) handoffCounts(cmd *cobra.Command, a *app.App) error {
	counts, err := a.HandoffCounts(cmd.Context())
	if err != nil {
		return err
	}
	if s.output == asJSON {
		s.json(map[string]any{"schema": "roleos/handoff-counts/v1", "roles": counts})
		return nil
	}
	if len(counts) == 0 {
		s.say("Nothing was handed over yet.")
		return nil
	}
	rows := [][]string{{"ROLE", "GAVE", "TOOK", "WAITING", "REFUSED", "LATE", ""}}
	for _, c := range counts {
		note := ""
		switch {
		case c.Took > 0 && c.Gave == 0:
			note = "takes and never gives"
		case c.Waiting > 0 && c.Took == 0:
			note = "has not taken anything yet"
		}
		rows = append(rows, []string{c.Role, count(c.Gave), count(c.Took), count(c.Waiting), count(c.Refused), count(c.Late), note})
	}
	s.table(rows)
	return nil
}

func count(n int) string { return fmt.Sprint(n) }

// timing says what a handoff waits for, until when, and how much time there is.
func (s *session) timing(v app.HandoffView) (waits, due, left string) {
	c, ok := v.Running()
	if !ok {
		return "-", "-", "-"
	}
	waits = strings.ReplaceAll(c.Expect, "_", " ") + " by " + c.Role
	due, left = s.at(c.Due), leftOf(c)
	if c.Due.IsZero() {
		due = "-"
	}
	return waits, due, left
}

// at shows an instant in the workspace's working time zone.
func (s *session) at(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	if zone, err := s.cfg.Handoff.Calendar.Location(); err == nil {
		t = t.In(zone)
	}
	return t.Format("Mon 2006-01-02 15:04 MST")
}

func leftOf(c handoff.Timing) string {
	kind := ""
	if c.Working {
		kind = " of working time"
	}
	switch {
	case c.Paused != "":
		return "paused with " + span(c.Left) + kind + " left: " + plain(c.Paused)
	case c.Broken:
		return "late by " + span(-c.Left) + kind
	}
	return span(c.Left) + kind
}

// span writes a duration for people: 2d 3h, 3h 20m, 5m.
func span(d time.Duration) string {
	if d < 0 {
		d = 0
	}
	days, hours, minutes := int(d.Hours())/24, int(d.Hours())%24, int(d.Minutes())%60
	switch {
	case days > 0 && hours > 0:
		return fmt.Sprintf("%dd %dh", days, hours)
	case days > 0:
		return fmt.Sprintf("%dd", days)
	case hours > 0 && minutes > 0:
		return fmt.Sprintf("%dh %dm", hours, minutes)
	case hours > 0:
		return fmt.Sprintf("%dh", hours)
	}
	return fmt.Sprintf("%dm", minutes)
}

func (s *session) handoffShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show DRAFT", Short: "Show one handoff: who did what and when, its clocks, and what fell due", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			v, err := a.ShowHandoff(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/handoff/v1", "handoff": v})
				return nil
			}
			s.handoff(v)
			return nil
		},
	}
}

func (s *session) handoff(v app.HandoffView) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(s.out, "%-10s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("Handoff", "%s, %s: %s", v.Draft, v.State, plain(v.Title))
	line("Contract", "%s", v.Contract)
	line("From", "%s, %s", v.From.Role, v.From.Stage)
	line("To", "%s, %s", v.To.Role, v.To.Stage)
	line("Revision", "%s", v.Digest)
	for _, c := range v.Clocks {
		s.clockLine(line, c)
	}
	for _, x := range v.Attested {
		void := ""
		if x.Digest != v.Digest {
			void = "; void, the draft has a newer revision"
		}
		line("Attested", "%s by %s as %s, %s%s", x.Gate, x.By, x.Role, s.at(x.At), void)
	}
	for _, n := range v.Notices {
		line(strings.ToUpper(string(n.Kind[:1]))+string(n.Kind[1:]), "%s", plain(app.NoticeText(n)))
	}
	fmt.Fprintln(s.out)
	rows := [][]string{{"WHEN", "STATE", "BY", "AS", "REVISION", "WORDS"}}
	for _, m := range v.Moves {
		digest := strings.TrimPrefix(m.Digest, "sha256:")
		rows = append(rows, []string{s.at(m.At), string(m.To), m.By, m.Role, digest[:min(len(digest), 8)], plain(m.Text)})
	}
	s.table(rows)
	for _, n := range v.Next {
		s.next(n)
	}
}

func (s *session) clockLine(line func(string, string, ...any), c handoff.Timing) {
	what := fmt.Sprintf("%s to %s by %s within %s", c.On, strings.ReplaceAll(c.Expect, "_", " "), c.Role, span(c.Within))
	switch {
	case c.Running():
		due := "; due " + s.at(c.Due)
		if c.Due.IsZero() {
			due = ""
		}
		left := leftOf(c)
		if !c.Broken && c.Paused == "" {
			left += " left"
		}
		line("Clock", "%s%s; %s", what, due, left)
	case c.Broken:
		line("Clock", "%s; %s %s, late by %s", what, c.End, s.at(c.Ended), span(-c.Left))
	default:
		line("Clock", "%s; %s %s", what, c.End, s.at(c.Ended))
	}
	for _, p := range c.Pauses {
		until := "now"
		if !p.To.IsZero() {
			until = s.at(p.To)
		}
		line("Paused", "%s to %s by %s: %s", s.at(p.From), until, p.By, plain(p.Reason))
	}
}

func (s *session) answerCommand(verb handoff.Verb, short string, reason bool) *cobra.Command {
	var text, digest string
	c := &cobra.Command{
		Use: string(verb) + " DRAFT", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			if _, err := a.Answer(cmd.Context(), args[0], verb, digest, text); err != nil {
				return err
			}
			v, err := a.ShowHandoff(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/handoff/v1", "handoff": v})
				return nil
			}
			fmt.Fprintf(s.out, "%s is %s.\n", v.Draft, v.State)
			if c, ok := v.Running(); ok {
				s.clockLine(func(name, format string, args ...any) {
					fmt.Fprintf(s.out, "%-10s %s\n", name, fmt.Sprintf(format, args...))
				}, c)
			}
			for _, n := range v.Next {
				s.next(n)
			}
			return nil
		},
	}
	why := "what you want to say with it"
	if reason {
		why = "why (required)"
	}
	c.Flags().StringVar(&text, "text", "", why)
	c.Flags().StringVar(&digest, "digest", "", "digest of the revision you read; another one makes this stale")
	return c
}

func (s *session) attestCommand() *cobra.Command {
	var text, digest string
	c := &cobra.Command{
		Use: "attest DRAFT GATE", Short: "Give your word that a gate holds for this revision", Args: cobra.ExactArgs(2),
		Long: `Some gates ask for a person's word: the portfolio owner confirms a priority. It is
bound to the bytes of the newest revision, and a new revision asks again. Only a
person of the gate's role attests, and nobody who wrote a revision of the draft.`,
		Example: "  roleos review attest pb-3f2a91c0 priority-confirmed",
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := s.start(cmd)
			if err != nil {
				return err
			}
			d, rev, err := a.Attest(cmd.Context(), args[0], args[1], digest, text)
			if err != nil {
				return err
			}
			if s.output == asJSON {
				s.json(map[string]any{"schema": "roleos/attestation/v1", "draft": d, "gate": args[1], "digest": rev.Digest, "passed": rev.Passed})
				return nil
			}
			fmt.Fprintf(s.out, "%s is attested for %s, revision %d.\n", args[1], d.ID, rev.N)
			for _, n := range app.NextOf(d, rev) {
				s.next(n)
			}
			return nil
		},
	}
	c.Flags().StringVar(&text, "text", "", "what you looked at")
	c.Flags().StringVar(&digest, "digest", "", "digest of the revision you read; another one makes this stale")
	return c
}
