package landscape

import (
	"encoding/json"
	"fmt"

	"roleos/internal/evidence"
)

// Corpus returns the corpus that l's figures are computed over: each
// stakeholder holds the records they said.
func (l StakeholderLandscape) Corpus(records []evidence.Record) (*evidence.Corpus, error) {
	of := speakers(l.Stakeholders)
	members := make([]evidence.Membership, len(l.Stakeholders))
	at := make(map[string]int, len(l.Stakeholders))
	for i, p := range l.Stakeholders {
		members[i].Theme = p.ID
		at[p.ID] = i
	}
	for i := range records {
		if id, ok := of[Speaker(&records[i])]; ok {
			if k, ok := at[id]; ok {
				members[k].Records = append(members[k].Records, records[i].ID)
			}
		}
	}
	return evidence.NewCorpus(records, members)
}

// count fills in the summary and every figure.
func (l *StakeholderLandscape) count(records []evidence.Record) error {
	s := &l.Summary
	*s = Summary{
		Records: len(records), Stakeholders: len(l.Stakeholders), Statements: len(l.Statements), Decisions: len(l.Decisions),
		Actions: len(l.Actions), Requirements: len(l.Requirements), Conflicts: len(l.Conflicts), Questions: len(l.Questions),
	}
	for _, p := range l.Stakeholders {
		if p.Heard {
			s.Heard++
		}
	}
	for _, c := range l.Conflicts {
		if c.Open {
			s.Unresolved++
		}
	}
	for _, q := range l.Questions {
		if q.Unanswered {
			s.Unanswered++
		}
	}
	for i := range records {
		t := records[i].Time
		if t.IsZero() {
			continue
		}
		if s.From.IsZero() || t.Before(s.From) {
			s.From = t
		}
		if t.After(s.To) {
			s.To = t
		}
	}
	l.Figures = []evidence.Figure{}
	add := func(at, unit string, value int, q evidence.Query) {
		l.Figures = evidence.Numbered(l.Figures, evidence.Figure{At: at, Unit: unit, Value: float64(value), Query: q})
	}
	items := func(at, unit string, value int, list, flag string) {
		add(at, unit, value, evidence.Query{Op: evidence.OpItems, Number: list, Measure: flag})
	}
	add("/summary/records", "records", s.Records, evidence.Query{Op: evidence.OpCount, Of: &evidence.Selector{}})
	items("/summary/stakeholders", "stakeholders", s.Stakeholders, "/stakeholders", "")
	items("/summary/heard", "stakeholders", s.Heard, "/stakeholders", "heard")
	items("/summary/statements", "statements", s.Statements, "/statements", "")
	items("/summary/decisions", "statements", s.Decisions, "/decisions", "")
	items("/summary/actions", "statements", s.Actions, "/actions", "")
	items("/summary/requirements", "requirements", s.Requirements, "/requirements", "")
	items("/summary/conflicts", "conflicts", s.Conflicts, "/conflicts", "")
	items("/summary/unresolved", "conflicts", s.Unresolved, "/conflicts", "open")
	items("/summary/questions", "questions", s.Questions, "/questions", "")
	items("/summary/unanswered", "questions", s.Unanswered, "/questions", "unanswered")
	for i, p := range l.Stakeholders {
		add(fmt.Sprintf("/stakeholders/%d/records", i), "records", p.Records, evidence.Query{Op: evidence.OpCount, Of: &evidence.Selector{Theme: p.ID}})
	}
	for i, r := range l.Requirements {
		for k, f := range r.Factors {
			at := fmt.Sprintf("/requirements/%d/factors/%d", i, k)
			items(at+"/count", "items", f.Count, at+"/items", "")
		}
	}
	return nil
}

// Marshal writes the landscape's bytes.
func (l StakeholderLandscape) Marshal() ([]byte, error) {
	b, err := json.Marshal(l)
	if err != nil {
		return nil, fmt.Errorf("write the landscape: %w", err)
	}
	return b, nil
}
