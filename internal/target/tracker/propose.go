package tracker

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/fault"
)

// Proposed is what Propose leaves of the wanted tickets.
type Proposed struct {
	Changes  []change.Intended // for a change.Proposal; none when nothing is new
	Verdicts []Verdict         // one for every wanted ticket
	Notes    []string          // the verdicts as sentences, for the proposal's provenance
}

// Propose compares the wanted tickets with the project's issues and returns
// those to be opened. It reads; nothing is written. Issues beyond MaxIssues are
// not compared, and a note says so; their markers are still found by Plan.
func (t *Target) Propose(ctx context.Context, wanted []Wanted, r Rules) (Proposed, error) {
	var p Proposed
	r = r.within()
	cleaned := make([]Wanted, len(wanted))
	for i, w := range wanted {
		cleaned[i] = Wanted{Key: w.Key, Ticket: clean(w.Ticket)}
		if cleaned[i].Ticket.Title == "" {
			return p, fault.New(fault.Invalid, "tracker.propose", "wanted ticket %d has no title", i+1)
		}
	}
	var existing []Issue
	numbers := map[int64]bool{}
	err := t.desk.walk(ctx, Query{}, func(i Issue) error {
		if !numbers[i.Number] {
			numbers[i.Number] = true
			existing = append(existing, i)
		}
		return nil
	})
	if err != nil {
		if !isTooMany(err) {
			return p, err
		}
		p.Notes = append(p.Notes, fmt.Sprintf("compared with the newest %d issues only: the project has more", len(existing)))
	}
	p.Verdicts = Dedupe(cleaned, existing, r)
	for _, v := range p.Verdicts {
		p.Notes = append(p.Notes, v.Note(r.Threshold))
		if v.Why == Fresh {
			p.Changes = append(p.Changes, change.Intended{Op: Open, Object: v.Object, Body: cleaned[v.Wanted].Ticket.Bytes()})
		}
	}
	return p, nil
}

// clean makes a ticket that trackers take out of what an aggregator wrote:
// invisible characters are written out, too long texts cut, nothing in it can be
// taken for a marker, and a name in somebody's feedback calls nobody.
func clean(t Ticket) Ticket {
	t = t.Normal()
	t.Title = cut(seen(t.Title), MaxTitle)
	t.Body = cut(mention.ReplaceAllString(defused.Replace(t.Body), "${1}(at)$2"), MaxText/4)
	for i := range t.Labels {
		t.Labels[i] = cut(labelled.Replace(seen(t.Labels[i])), MaxLabel)
	}
	t.Labels = t.Labels[:min(len(t.Labels), MaxLabels)]
	return t.Normal()
}

// seen writes invisible characters out.
func seen(s string) string { return brackets.Replace(guardrails.Visible(s)) }

var (
	// mention is how both trackers recognise that somebody is to be told.
	mention = regexp.MustCompile(`(^|[^\pL\pN_])@([\pL\pN_])`)
	// defused keeps a quoted text from being read as our last line.
	defused = strings.NewReplacer(mark, "[roleos :", labelMark, "[labels :", "\x00", "")
	// brackets are what invisible characters are written out in, and count as such.
	brackets = strings.NewReplacer("⟦", "(", "⟧", ")")
	// labelled keeps labels within what both trackers can hold.
	labelled = strings.NewReplacer(",", " ", "[", "(", "]", ")")
)

// cut shortens a text to at most so many characters.
func cut(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return strings.TrimSpace(string(r[:most-1])) + "…"
}
