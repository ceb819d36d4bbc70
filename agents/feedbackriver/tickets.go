package feedbackriver

import (
	"fmt"
	"strings"

	"roleos/agents"
	"roleos/internal/artefact"
)

// Tickets proposes a ticket for each of the first most issues whose theme needs
// no check. It proposes; nothing is opened. The same theme gives the same key.
func Tickets(s artefact.FeedbackSynthesis, draft string, most int) []agents.Ticket {
	themes := make(map[string]artefact.Theme, len(s.Themes))
	for _, t := range s.Themes {
		themes[t.ID] = t
	}
	var out []agents.Ticket
	for _, issue := range s.Issues {
		t, ok := themes[issue.ThemeID]
		if !ok || t.NeedsCheck || len(out) == most {
			continue
		}
		var b strings.Builder
		fmt.Fprintf(&b, "%s\n\n", t.Statement)
		fmt.Fprintf(&b, "- %d of %d records (%.1f %%), priority %d with a score of %.0f of 100\n", t.Count, s.Summary.Records, 100*t.Share, issue.Rank, issue.Score)
		fmt.Fprintf(&b, "- confidence %.2f (%s)\n", t.Confidence, t.Level)
		for _, c := range t.Segments {
			if c.Verdict == artefact.Over {
				fmt.Fprintf(&b, "- more often from %s %s: %.1f %% of its records, %.1f %% of the others\n", c.Segment, c.Value, 100*c.Share, 100*c.RestShare)
			}
		}
		b.WriteString("\nIn their words:\n")
		for _, q := range t.Quotes {
			fmt.Fprintf(&b, "\n> %s\n> (record %s)\n", strings.Join(strings.Fields(q.Text), " "), q.RecordID)
		}
		fmt.Fprintf(&b, "\nFrom the feedback synthesis %s, theme %s.\n", draft, t.ID)
		if s.Sample {
			b.WriteString("Sample data, not feedback from real customers.\n")
		}
		out = append(out, agents.Ticket{Key: "feedback theme " + t.ID, Title: t.Label, Body: b.String()})
	}
	return out
}
