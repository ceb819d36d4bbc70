package landscape

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"roleos/internal/artefact"
	"roleos/internal/evidence"
	"roleos/internal/fault"
)

// Change is one reviewer's change to a landscape.
type Change struct {
	Op          string `json:"op"`
	Conflict    string `json:"conflict,omitempty"`
	Side        string `json:"side,omitempty"` // stakeholder whose side holds
	Why         string `json:"why,omitempty"`
	Stakeholder string `json:"stakeholder,omitempty"`
	Into        string `json:"into,omitempty"`
	Name        string `json:"name,omitempty"`
	Statement   string `json:"statement,omitempty"`
	Kind        string `json:"kind,omitempty"`
	Owner       string `json:"owner,omitempty"`
}

// The operations of a change.
const (
	Resolve = "resolve_conflict"   // a person says which Side of Conflict holds, and Why
	Reopen  = "reopen_conflict"    // nobody has settled Conflict any more
	Merge   = "merge_stakeholders" // Stakeholder is the same as Into
	Rename  = "rename_stakeholder" // Stakeholder is called Name
	Drop    = "drop_statement"     // Statement is none
	Confirm = "confirm_statement"  // a person stands for Statement as it is
	Retype  = "change_kind"        // Statement is a Kind
	Assign  = "set_owner"          // Owner is to do Statement
)

// Dropped is where the id of a dropped statement redirects.
const Dropped = "dropped"

const maxText = 400 // runes of a name or a reason

// Outline returns what was decided in l, so that a change can be made and the rest computed again.
func (l StakeholderLandscape) Outline() Outline {
	o := Outline{
		Title: l.Title, Sample: l.Sample, Sources: l.Sources, Stakeholders: slices.Clone(l.Stakeholders), Statements: slices.Clone(l.Statements),
		Requirements: slices.Clone(l.Requirements), Conflicts: slices.Clone(l.Conflicts), Answers: map[string]evidence.Quote{},
		Findings: l.Findings, Redirects: maps.Clone(l.Redirects), Method: l.Method, Redaction: l.Redaction, Rejected: l.Rejected,
	}
	for _, c := range l.Matrix {
		if c.Requirement != "" {
			o.Stances = append(o.Stances, c)
		}
	}
	for _, q := range l.Questions {
		if q.Answer != nil {
			o.Answers[q.StatementID] = *q.Answer
		}
	}
	for _, g := range l.Gaps {
		if !computed(g) {
			o.Gaps = append(o.Gaps, g)
		}
	}
	return o
}

// Edit makes one change to the landscape in body and returns the new bytes with
// one sentence about it. by is the person who makes it.
func Edit(body, edit []byte, by string, records []evidence.Record) ([]byte, string, error) {
	const op = "review.edit"
	l, err := Parse(body)
	if err != nil {
		return nil, "", err
	}
	c, err := artefact.ReadEdit[Change](op, edit, forms(), by)
	if err != nil {
		return nil, "", err
	}
	o, note, err := l.Outline().apply(op, c, by)
	if err != nil {
		return nil, "", err
	}
	next, err := Compose(o, records)
	if err != nil {
		return nil, "", err
	}
	out, err := next.Marshal()
	return out, note, err
}

func (o Outline) apply(op string, c Change, by string) (Outline, string, error) {
	if o.Redirects == nil {
		o.Redirects = map[string]string{}
	}
	switch c.Op {
	case Resolve, Reopen:
		return o.settle(op, c, by)
	case Merge, Rename:
		return o.identify(op, c, by)
	case Drop, Confirm, Retype, Assign:
		return o.restate(op, c, by)
	}
	return o, "", fault.New(fault.Invalid, op, "unknown change %q", c.Op).
		WithMend("There are %s.", strings.Join([]string{Resolve, Reopen, Merge, Rename, Drop, Confirm, Retype, Assign}, ", "))
}

func (o Outline) settle(op string, c Change, by string) (Outline, string, error) {
	i := slices.IndexFunc(o.Conflicts, func(x Conflict) bool { return x.ID == c.Conflict })
	if i < 0 {
		return o, "", fault.New(fault.NotFound, op, "the landscape has no conflict %q", c.Conflict).
			WithMend("Each conflict shows its id, c- and ten characters: roleos drafts show DRAFT")
	}
	x := &o.Conflicts[i]
	if c.Op == Reopen {
		x.Resolution = nil
		return o, fmt.Sprintf("%s reopened the conflict on %s", by, x.About), nil
	}
	if !slices.ContainsFunc(x.Sides, func(s Side) bool { return s.Stakeholder == c.Side }) {
		return o, "", fault.New(fault.Invalid, op, "%q is no side of conflict %s", c.Side, x.ID).
			WithMend("Its sides: %s.", names(x.Sides))
	}
	why, err := line(op, "a reason", c.Why)
	if err != nil {
		return o, "", err
	}
	x.Reading = nil
	x.Resolution = &Resolution{Side: c.Side, Why: why, By: by}
	return o, fmt.Sprintf("%s settled the conflict on %s with %s: %s", by, x.About, c.Side, why), nil
}

func names(sides []Side) string {
	var out []string
	for _, s := range sides {
		out = append(out, s.Stakeholder)
	}
	return strings.Join(out, ", ")
}

func line(op, what, text string) (string, error) {
	text = strings.Join(strings.Fields(text), " ")
	if text == "" || !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxText {
		return "", fault.New(fault.Invalid, op, "%s is needed, with at most %d characters", what, maxText)
	}
	return text, nil
}

func (o Outline) stakeholder(op, id string) (int, error) {
	if to, ok := o.Redirects[id]; ok {
		id = to
	}
	if i := slices.IndexFunc(o.Stakeholders, func(p Stakeholder) bool { return p.ID == id }); i >= 0 {
		return i, nil
	}
	return 0, fault.New(fault.NotFound, op, "the landscape has no stakeholder %q", id).
		WithMend("Their ids are made from their names: ada-example. All of them: roleos drafts show DRAFT -o json")
}

func (o Outline) identify(op string, c Change, by string) (Outline, string, error) {
	i, err := o.stakeholder(op, c.Stakeholder)
	if err != nil {
		return o, "", err
	}
	p := o.Stakeholders[i]
	if c.Op == Rename {
		name, err := line(op, "a name", c.Name)
		if err != nil {
			return o, "", err
		}
		if slices.ContainsFunc(o.Stakeholders, func(q Stakeholder) bool { return q.ID != p.ID && strings.EqualFold(q.Name, name) }) {
			return o, "", fault.New(fault.Conflict, op, "another stakeholder is already called %q", name).WithMend("Choose another name, or merge the two.")
		}
		note := fmt.Sprintf("renamed %s to %s", p.Name, name)
		p.Aliases = append(slices.Clone(p.Aliases), Alias{Name: p.Name, Why: "renamed by " + by})
		p.Name, p.Edited = name, true
		o.Stakeholders[i] = p
		return o, note, nil
	}
	j, err := o.stakeholder(op, c.Into)
	if err != nil {
		return o, "", err
	}
	if i == j {
		return o, "", fault.New(fault.Invalid, op, "%s cannot be merged into themselves", p.Name)
	}
	into := o.Stakeholders[j]
	into.Aliases = append(slices.Clone(into.Aliases), Alias{Name: p.Name, Why: "merged by " + by})
	into.Aliases = append(into.Aliases, p.Aliases...)
	into.Edited = true
	o.Stakeholders[j] = into
	o.Stakeholders = slices.Delete(o.Stakeholders, i, i+1)
	for k, v := range o.Redirects {
		if v == p.ID {
			o.Redirects[k] = into.ID
		}
	}
	o.Redirects[p.ID] = into.ID
	o.move(p.ID, into.ID)
	return o, fmt.Sprintf("merged %s into %s", p.Name, into.Name), nil
}

// move gives everything of one stakeholder to another.
func (o *Outline) move(from, to string) {
	for i := range o.Statements {
		s := &o.Statements[i]
		if s.Stakeholder == from {
			s.Stakeholder = to
		}
		if s.Owner == from {
			s.Owner = to
		}
	}
	var cells []Cell
	for _, c := range o.Stances {
		if c.Stakeholder == from {
			c.Stakeholder = to
		}
		if !slices.ContainsFunc(cells, func(x Cell) bool { return x.Stakeholder == c.Stakeholder && x.Requirement == c.Requirement }) {
			cells = append(cells, c)
		}
	}
	o.Stances = cells
	for i := range o.Conflicts {
		c := &o.Conflicts[i]
		if c.Resolution != nil && c.Resolution.Side == from {
			r := *c.Resolution
			r.Side = to
			c.Resolution = &r
		}
		var sides []Side
		for _, s := range c.Sides {
			if s.Stakeholder == from {
				s.Stakeholder = to
			}
			if k := slices.IndexFunc(sides, func(x Side) bool { return x.Stakeholder == s.Stakeholder }); k >= 0 {
				sides[k].Statements = append(slices.Clone(sides[k].Statements), s.Statements...)
				continue
			}
			sides = append(sides, s)
		}
		c.Sides = sides
	}
}

func (o Outline) restate(op string, c Change, by string) (Outline, string, error) {
	i := slices.IndexFunc(o.Statements, func(s Statement) bool { return s.ID == c.Statement })
	if i < 0 {
		return o, "", fault.New(fault.NotFound, op, "the landscape has no statement %q", c.Statement).
			WithMend("Each decision and action shows its id, s- and ten characters: roleos drafts show DRAFT")
	}
	s := &o.Statements[i]
	switch c.Op {
	case Confirm:
		s.Confirmed, s.Reading = by, nil
		return o, fmt.Sprintf("%s confirmed the %s “%s”", by, s.Kind, s.Text), nil
	case Retype:
		if !slices.Contains([]string{Request, Commitment, Proposal, Decision, Action, Concern, Asked}, c.Kind) {
			return o, "", fault.New(fault.Invalid, op, "%q is no kind of statement", c.Kind).
				WithMend("The kinds are request, commitment, proposal, decision, action, concern and question.")
		}
		note := fmt.Sprintf("changed “%s” from %s to %s", s.Text, s.Kind, c.Kind)
		s.Kind, s.Confirmed, s.Reading = c.Kind, by, nil
		return o, note, nil
	case Assign:
		k, err := o.stakeholder(op, c.Owner)
		if err != nil {
			return o, "", err
		}
		s.Owner = o.Stakeholders[k].ID
		return o, fmt.Sprintf("%s is to do “%s”", o.Stakeholders[k].Name, s.Text), nil
	}
	note := fmt.Sprintf("dropped the %s “%s”", s.Kind, s.Text)
	o.Redirects[s.ID] = Dropped
	o.Statements = slices.Delete(o.Statements, i, i+1)
	return o, note, nil
}

// forms are the operations with their fields, as a person types them.
func forms() []string {
	return []string{
		`resolve_conflict conflict=ID side=STAKEHOLDER why=TEXT`,
		`reopen_conflict conflict=ID`,
		`merge_stakeholders stakeholder=ID into=ID`,
		`rename_stakeholder stakeholder=ID name=NAME`,
		`drop_statement statement=ID`,
		`confirm_statement statement=ID`,
		`change_kind statement=ID kind=KIND`,
		`set_owner statement=ID owner=STAKEHOLDER`,
	}
}
