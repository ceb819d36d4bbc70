package pitch

import (
	"slices"
	"strings"
	"unicode/utf8"

	"roleos/internal/artefact"
	"roleos/internal/artefact/brief"
	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/scaffold"
)

// Op is one thing a reviewer may do to a pitch.
type Op string

// The operations of an edit. All are kept in the pitch with who made them.
const (
	OpAppetite    Op = "appetite"    // sets the appetite: Text, as “Six weeks for two people”
	OpElement     Op = "element"     // adds an element of the solution: Text
	OpRabbitHole  Op = "rabbit-hole" // adds a rabbit hole: Text
	OpNoGo        Op = "no-go"       // adds a no-go: Text
	OpKill        Op = "kill"        // adds a kill criterion: Text
	OpFeasibility Op = "feasibility" // notes the View of the constraint ID, and why: Text
	OpAnswer      Op = "answer"      // answers the gap ID: Text
	OpDrop        Op = "drop"        // leaves the item ID out, with the reason Text
)

// Ops returns the operations there are.
func Ops() []Op {
	return []Op{OpAppetite, OpElement, OpRabbitHole, OpNoGo, OpKill, OpFeasibility, OpAnswer, OpDrop}
}

// Change is one reviewer's edit as JSON.
type Change struct {
	Op   Op     `json:"op"`
	ID   string `json:"id,omitempty"`
	Text string `json:"text"`
	View string `json:"view,omitempty"`
}

const (
	editing = "pitch.edit"
	maxText = 1000 // runes
)

// Edit returns the body after the edit and what changed in one sentence. It is
// pure; by is the person who edits.
func Edit(body, edit []byte, by string, records []evidence.Record) ([]byte, string, error) {
	p, err := Parse(body)
	if err != nil {
		return nil, "", err
	}
	c, err := artefact.ReadEdit[Change](editing, edit, forms(), by)
	if err != nil {
		return nil, "", err
	}
	o := p.Outline()
	note, err := o.apply(c, by)
	if err != nil {
		return nil, "", err
	}
	o.Pitch.Edits = append(slices.Clone(o.Pitch.Edits), Edited{Op: c.Op, By: by, Note: note})
	next, err := Compose(o, records)
	if err != nil {
		return nil, "", err
	}
	out, err := next.Marshal()
	return out, note, err
}

func (o *Outline) apply(c Change, by string) (string, error) {
	text := brief.OneLine(c.Text)
	switch {
	case !slices.Contains(Ops(), c.Op): // said below
	case text == "":
		return "", fault.New(fault.Invalid, editing, "%s needs a text", c.Op).WithMend("Add: text=\"...\"")
	case !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxText:
		return "", fault.New(fault.Invalid, editing, "a text has at most %d characters", maxText)
	}
	p, said := &o.Pitch, "“"+brief.Short(text, 80)+"”"
	add := func(list *[]Part, prefix, name string) (string, error) {
		*list = append(slices.Clone(*list), Part{ID: brief.NewID(prefix, by, text), Text: text, By: by})
		return "added the " + name + " " + said, nil
	}
	switch c.Op {
	case OpAppetite:
		m, ok := scaffold.ParseMeasure(text)
		a, isTime := NewAppetite(m)
		if !ok || !isTime {
			return "", fault.New(fault.Invalid, editing, "%s states no time", said).WithMend("For example: Six weeks for two people")
		}
		a.ID, a.Says, a.By = brief.NewID("ap", by, text), text, by
		p.Appetites = append(slices.Clone(p.Appetites), a)
		return "set the appetite to " + said, nil
	case OpElement:
		return add(&p.Elements, "o", "element")
	case OpRabbitHole:
		return add(&p.RabbitHoles, "rh", "rabbit hole")
	case OpNoGo:
		return add(&p.NoGos, "ng", "no-go")
	case OpKill:
		return add(&p.Kill, "k", "kill criterion")
	case OpFeasibility:
		i := slices.IndexFunc(p.Feasibility, func(v View) bool { return v.ID == c.ID })
		if i < 0 || !slices.Contains([]string{Fits, AtRisk, FitsNot}, c.View) {
			return "", fault.New(fault.Invalid, editing, "feasibility needs the id of a constraint and view: %s, %s or %s; got %q, %q", Fits, AtRisk, FitsNot, c.ID, c.View)
		}
		p.Feasibility = slices.Clone(p.Feasibility)
		p.Feasibility[i] = View{ID: c.ID, View: c.View, Note: text, By: by}
		return "noted of " + c.ID + " that it " + c.View + ": " + said, nil
	case OpAnswer:
		if !slices.ContainsFunc(p.Gaps, func(g brief.Gap) bool { return g.ID == c.ID }) {
			return "", fault.New(fault.NotFound, editing, "the pitch has no gap %q", c.ID)
		}
		o.Answers = append(slices.Clone(o.Answers), Answer{Gap: c.ID, Text: text, By: by})
		return "answered " + c.ID + ": " + said, nil
	case OpDrop:
		return o.drop(c.ID, text, by)
	}
	names := make([]string, len(Ops()))
	for i, op := range Ops() {
		names[i] = string(op)
	}
	return "", fault.New(fault.Invalid, editing, "unknown edit %q", c.Op).WithMend("There are %s.", strings.Join(names, ", "))
}

// drop leaves an item out and keeps its words with the reason.
func (o *Outline) drop(what, reason, by string) (string, error) {
	p := &o.Pitch
	var text string
	found := false
	for _, list := range []*[]Part{&p.Elements, &p.RabbitHoles, &p.NoGos, &p.Kill} {
		*list = cut(*list, what, func(x Part) (string, string) { return x.ID, x.Text }, &text, &found)
	}
	for _, list := range []*[]brief.Line{&p.Rationale, &p.Ethics, &p.Assumptions, &p.Exclusions} {
		*list = cut(*list, what, func(x brief.Line) (string, string) { return x.ID, x.Text }, &text, &found)
	}
	p.Appetites = cut(p.Appetites, what, func(x Appetite) (string, string) { return x.ID, x.Says }, &text, &found)
	p.Evidence = cut(p.Evidence, what, func(x brief.Datum) (string, string) { return x.ID, x.Quote.Text }, &text, &found)
	p.Criteria = cut(p.Criteria, what, func(x brief.Criterion) (string, string) { return x.ID, x.Says }, &text, &found)
	p.Constraints = cut(p.Constraints, what, func(x brief.Constraint) (string, string) { return x.ID, x.Text }, &text, &found)
	p.Dependencies = cut(p.Dependencies, what, func(x brief.Dependency) (string, string) { return x.ID, x.Text }, &text, &found)
	p.Conflicts = cut(p.Conflicts, what, func(x Conflict) (string, string) { return x.ID, x.About }, &text, &found)
	if !found {
		return "", fault.New(fault.NotFound, editing, "the pitch has no item %q", what).WithMend("Ids stand beside each item: roleos drafts show DRAFT")
	}
	p.Dropped = append(slices.Clone(p.Dropped), brief.Dropped{ID: what, Text: text, Reason: reason, By: by})
	return "dropped " + what + ": " + reason, nil
}

// cut returns the list without the item, and notes its text.
func cut[T any](list []T, what string, of func(T) (id, text string), text *string, found *bool) []T {
	return slices.DeleteFunc(slices.Clone(list), func(x T) bool {
		id, t := of(x)
		if id == what {
			*text, *found = t, true
		}
		return id == what
	})
}

// forms are the operations with their fields, as a person types them.
func forms() []string {
	return []string{
		`appetite text="Six weeks for two people"`,
		`element text=TEXT`,
		`rabbit-hole text=TEXT`,
		`no-go text=TEXT`,
		`kill text=TEXT`,
		`feasibility id=CONSTRAINT view=VIEW text=WHY`,
		`answer id=GAP text=TEXT`,
		`drop id=ID text=WHY`,
	}
}
