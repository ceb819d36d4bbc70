package stakeholdersynthesizer

import (
	"fmt"
	"slices"
	"strings"

	"roleos/internal/artefact"
	"roleos/internal/artefact/landscape"
	"roleos/internal/discourse"
	"roleos/internal/evidence"
)

// drafting turns what the conversation was found to hold into an outline.
type drafting struct {
	o          Options
	records    []evidence.Record
	turns      []discourse.Turn
	at         []int // turn -> record
	found      *discourse.Result
	ids        []string       // person -> stakeholder id
	statements map[string]int // statement id -> place in out.Statements
	byTurn     map[int][]int  // turn -> places in out.Statements
	of         []string       // discourse statement -> statement id, "" when left out
	out        landscape.Outline
}

func (d *drafting) people() {
	taken := map[string]int{}
	for _, p := range d.found.Cast.People {
		id := landscape.StakeholderID(p.Name)
		if n := taken[id]; n > 0 {
			taken[id]++
			id = fmt.Sprintf("%s-%d", id, n+1)
		} else {
			taken[id] = 1
		}
		s := landscape.Stakeholder{ID: id, Name: p.Name, Kind: "person"}
		if p.Group {
			s.Kind = "group"
		}
		for _, a := range p.Aliases {
			s.Aliases = append(s.Aliases, landscape.Alias{Name: a.Name, Why: a.Why, RecordID: d.turns[a.Turn].ID})
		}
		d.ids = append(d.ids, id)
		d.out.Stakeholders = append(d.out.Stakeholders, s)
	}
}

func (d *drafting) person(i int) string {
	if i < 0 {
		return ""
	}
	return d.ids[i]
}

// quote returns a passage that the contract will accept, or false.
func (d *drafting) quote(turn int, s discourse.Span) (evidence.Quote, bool) {
	r := &d.records[d.at[turn]]
	q, ok := r.Quote(s.Start, s.End)
	return q, ok && evidence.CheckQuote(r, q) == nil
}

func (d *drafting) say() {
	d.of = make([]string, len(d.found.Statements))
	d.byTurn = map[int][]int{}
	for i := range d.found.Statements {
		s := &d.found.Statements[i]
		if s.Act == discourse.Question && len(s.Words) < 2 {
			continue
		}
		d.of[i] = d.state(s.Turn, discourse.Span{Start: s.Start, End: s.End}, landscape.Statement{
			Kind: string(s.Act), Stakeholder: d.person(s.Person), Score: s.Score, Cue: s.Cue, Owner: d.person(s.Owner), Due: s.Due,
			Against: s.Against, Conditional: s.Doubt,
		})
	}
}

// state keeps one statement and returns its id, or "" when it cannot be quoted.
func (d *drafting) state(turn int, span discourse.Span, s landscape.Statement) string {
	q, ok := d.quote(turn, span)
	if !ok {
		return ""
	}
	s.ID = landscape.StatementID(q.RecordID, q.Start, q.End)
	if _, dup := d.statements[s.ID]; dup {
		return s.ID
	}
	s.Text, s.RecordID, s.Start, s.End, s.Topic = q.Text, q.RecordID, q.Start, q.End, d.turns[turn].Topic
	d.statements[s.ID] = len(d.out.Statements)
	d.byTurn[turn] = append(d.byTurn[turn], len(d.out.Statements))
	d.out.Statements = append(d.out.Statements, s)
	return s.ID
}

// covering returns the statement that holds a passage, and makes one where there is none.
func (d *drafting) covering(p discourse.Passage, person int) string {
	for _, i := range d.byTurn[p.Turn] {
		if s := &d.out.Statements[i]; s.Start <= p.Start && p.End <= s.End {
			return s.ID
		}
	}
	s := landscape.Statement{Kind: landscape.Proposal, Stakeholder: d.person(person), Score: .5, Cue: "what others oppose"}
	switch {
	case p.Stance == discourse.Disagree:
		s.Kind, s.Cue, s.Against = landscape.Concern, "disagrees with what was said before", true
	case p.Stance == "":
		s.Cue = "a number of its own"
	case strings.HasSuffix(strings.TrimRight(d.turns[p.Turn].Text[p.Start:p.End], " "), "?"):
		s.Kind = landscape.Asked
	}
	return d.state(p.Turn, p.Span, s)
}

// about names a matter in the words of the passages about it.
func (d *drafting) about(ids []int32, passages []discourse.Passage) string {
	texts := make([]string, 0, len(passages))
	for _, p := range passages {
		texts = append(texts, d.turns[p.Turn].Text[p.Start:p.End])
	}
	return d.found.Phrase(ids, texts...)
}

func (d *drafting) oppose() {
	for n, c := range d.found.Conflicts {
		if n >= d.o.MostConflicts {
			d.note("conflicts_not_listed", "further conflicts with less support are not listed", len(d.found.Conflicts)-n)
			break
		}
		var passages []discourse.Passage
		for _, s := range c.Sides {
			passages = append(passages, s.Turns...)
		}
		x := landscape.Conflict{Kind: string(c.Kind), About: d.about(c.About, passages), Score: c.Score}
		var all []string
		for _, s := range c.Sides {
			side := landscape.Side{Stakeholder: d.person(s.Person)}
			switch s.Stance {
			case discourse.Agree:
				side.Stance = "for"
			case discourse.Disagree:
				side.Stance = "against"
			}
			for _, p := range s.Turns {
				if id := d.covering(p, s.Person); id != "" && !slices.Contains(side.Statements, id) {
					side.Statements = append(side.Statements, id)
				}
			}
			if len(side.Statements) > 0 {
				x.Sides = append(x.Sides, side)
				all = append(all, side.Statements...)
			}
		}
		if len(x.Sides) >= 2 {
			x.ID = landscape.ConflictID(x.Kind, all)
			d.out.Conflicts = append(d.out.Conflicts, x)
		}
	}
}

// plainly is the score from which a request or a proposal is a matter of its own though said once.
const plainly = .5

// require makes requirements of the subjects on which somebody wants, proposes or decides something.
func (d *drafting) require() {
	left := 0
	for _, sub := range d.found.Subjects {
		var ids []string
		wanted, plain := 0, false
		for _, i := range sub.Statements {
			if d.of[i] == "" {
				continue
			}
			ids = append(ids, d.of[i])
			switch s := &d.found.Statements[i]; {
			case s.Act == discourse.Decision || s.Act == discourse.Action:
				wanted += 2
			case (s.Act == discourse.Request || s.Act == discourse.Proposal) && s.Person >= 0:
				wanted++
				plain = plain || s.Score >= plainly && len(s.Words) >= 2
			}
		}
		if len(ids) == 0 || wanted == 0 || len(ids) < 2 && wanted < 2 && !plain {
			continue
		}
		if len(d.out.Requirements) >= d.o.MostRequirements {
			left++
			continue
		}
		var passages []discourse.Passage
		for _, i := range sub.Statements {
			s := &d.found.Statements[i]
			passages = append(passages, discourse.Passage{Turn: s.Turn, Span: discourse.Span{Start: s.Start, End: s.End}})
		}
		r := landscape.Requirement{ID: landscape.RequirementID(ids[0]), Title: d.about(sub.About, passages), StatementIDs: ids}
		d.out.Requirements = append(d.out.Requirements, r)
		for _, s := range sub.Stances {
			if q, ok := d.quote(s.At.Turn, s.At.Span); ok {
				d.out.Stances = append(d.out.Stances, landscape.Cell{Stakeholder: d.person(s.Person), Requirement: r.ID, Stance: string(s.View), Quote: &q})
			}
		}
	}
	d.gather()
	if left > 0 {
		d.note("requirements_not_listed", "further matters with fewer statements are not listed as requirements; their statements are", left)
	}
}

// gather adds to a requirement what stands against one of its statements in a conflict.
func (d *drafting) gather() {
	of := map[string]int{}
	for i, r := range d.out.Requirements {
		for _, id := range r.StatementIDs {
			of[id] = i
		}
	}
	for _, c := range d.out.Conflicts {
		var all []string
		to := -1
		for _, s := range c.Sides {
			for _, id := range s.Statements {
				all = append(all, id)
				if i, ok := of[id]; ok && to < 0 {
					to = i
				}
			}
		}
		for _, id := range all {
			if _, taken := of[id]; !taken && to >= 0 {
				of[id] = to
				d.out.Requirements[to].StatementIDs = append(d.out.Requirements[to].StatementIDs, id)
			}
		}
	}
}

func (d *drafting) note(kind, message string, n int) {
	d.out.Findings = append(d.out.Findings, artefact.Finding{Kind: kind, Severity: "info", Message: fmt.Sprintf("%d %s", n, message), Count: n})
}

// answer keeps the answers that can be quoted.
func (d *drafting) answer() {
	for _, a := range d.found.Answers {
		id := d.of[a.Statement]
		if id == "" {
			continue
		}
		if q, ok := d.quote(a.At.Turn, a.At.Span); ok {
			d.out.Answers[id] = q
		}
	}
}
