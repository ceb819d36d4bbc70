package brief

import (
	"slices"
	"strings"
	"unicode/utf8"

	"roleos/internal/artefact"
	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/scaffold"
)

// Op is one thing a reviewer may do to a brief.
type Op string

// The operations of an edit. All are kept in the brief with who made them.
const (
	OpFocus      Op = "focus"      // the brief is about the theme ID
	OpProblem    Op = "problem"    // the problem in a person's words: Text
	OpRationale  Op = "rationale"  // adds a business rationale: Text
	OpCriterion  Op = "criterion"  // adds a success criterion: Text, with comparator, number, unit and deadline
	OpConstraint Op = "constraint" // adds a constraint of class Of: Text
	OpNone       Op = "none"       // states that there is none of Of: technical, regulatory, timeline, dependencies
	OpDependency Op = "dependency" // adds a dependency: Text, Blocking yes or no
	OpSettle     Op = "settle"     // says of the dependency ID whether it is Blocking, and why: Text
	OpEthics     Op = "ethics"     // documents an ethical consideration: Text
	OpExclude    Op = "exclusion"  // states what is left out: Text
	OpAssume     Op = "assumption" // states what is taken as given: Text
	OpAnswer     Op = "answer"     // answers the gap ID: Text
	OpEvidence   Op = "evidence"   // takes the suggestion ID as a data point, with the reason Text
	OpDrop       Op = "drop"       // leaves the item ID out, with the reason Text; none-CLASS is what states that there is none
)

// Ops returns the operations there are.
func Ops() []Op {
	return []Op{OpFocus, OpProblem, OpRationale, OpCriterion, OpConstraint, OpNone, OpDependency, OpSettle, OpEthics, OpExclude, OpAssume, OpAnswer, OpEvidence, OpDrop}
}

// Dependencies is what NoneKnown.Of names beside the classes of constraint.
const Dependencies = "dependencies"

// Change is one reviewer's edit as JSON.
type Change struct {
	Op       Op     `json:"op"`
	ID       string `json:"id,omitempty"`
	Text     string `json:"text,omitempty"`
	Of       string `json:"of,omitempty"`
	Blocking string `json:"blocking,omitempty"`
}

const maxText = 1000 // runes

// Edit returns the body after the edit and what changed in one sentence. It is
// pure; by is the person who edits.
func Edit(body, edit []byte, by string, records []evidence.Record) ([]byte, string, error) {
	b, err := Parse(body)
	if err != nil {
		return nil, "", err
	}
	c, err := artefact.ReadEdit[Change](editing, edit, forms(), by)
	if err != nil {
		return nil, "", err
	}
	o, note, err := b.Outline().apply(c, by)
	if err != nil {
		return nil, "", err
	}
	o.Edits = append(slices.Clone(o.Edits), Edited{Op: c.Op, By: by, Note: note})
	next, err := Compose(o, records)
	if err != nil {
		return nil, "", err
	}
	out, err := next.Marshal()
	return out, note, err
}

const editing = "brief.edit"

func (o Outline) apply(c Change, by string) (Outline, string, error) {
	text := OneLine(c.Text)
	if c.Op != OpFocus {
		switch {
		case !slices.Contains(Ops(), c.Op): // said below
		case text == "":
			return o, "", fault.New(fault.Invalid, editing, "%s needs a text", c.Op).WithMend("Add: text=\"...\"")
		case !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxText:
			return o, "", fault.New(fault.Invalid, editing, "a text has at most %d characters", maxText)
		}
	}
	line := func(prefix string) Line { return Line{ID: NewID(prefix, by, text), Text: text, By: by} }
	said := "“" + Short(text, 80) + "”"
	switch c.Op {
	case OpFocus:
		return o.refocus(c.ID, by)
	case OpProblem:
		o.Stated = &Stated{Text: text, By: by}
		return o, "stated the problem: " + said, nil
	case OpRationale:
		o.Rationale = append(slices.Clone(o.Rationale), line("p"))
		return o, "added the rationale " + said, nil
	case OpCriterion:
		return o.criterion(text, by)
	case OpConstraint, OpNone:
		return o.bound(c, text, by)
	case OpDependency:
		if c.Blocking != "yes" && c.Blocking != "no" {
			return o, "", fault.New(fault.Invalid, editing, "a dependency is blocking: yes or no, not %q", c.Blocking).WithMend("Add: blocking=yes, or blocking=no")
		}
		o.Dependencies = append(slices.Clone(o.Dependencies), Dependency{ID: NewID("dep", by, text), Text: text, Blocking: c.Blocking, By: by})
		return o, "added the dependency " + said + ", blocking: " + c.Blocking, nil
	case OpSettle:
		i := slices.IndexFunc(o.Dependencies, func(d Dependency) bool { return d.ID == c.ID })
		if i < 0 {
			return o, "", o.noDependency(c.ID)
		}
		if c.Blocking != "yes" && c.Blocking != "no" {
			return o, "", fault.New(fault.Invalid, editing, "settle says whether %s is blocking: yes or no, not %q", c.ID, c.Blocking).WithMend("Add: blocking=yes, or blocking=no")
		}
		o.Dependencies = slices.Clone(o.Dependencies)
		o.Dependencies[i].Blocking, o.Dependencies[i].By = c.Blocking, by
		return o, "settled " + c.ID + " as blocking: " + c.Blocking + ", because " + said, nil
	case OpEthics:
		o.Ethics = append(slices.Clone(o.Ethics), line("et"))
		return o, "documented the ethical consideration " + said, nil
	case OpExclude:
		o.Exclusions = append(slices.Clone(o.Exclusions), line("ex"))
		return o, "left out on purpose: " + said, nil
	case OpAssume:
		o.Assumptions = append(slices.Clone(o.Assumptions), line("as"))
		return o, "assumed: " + said, nil
	case OpAnswer:
		o.Answers = append(slices.Clone(o.Answers), Answer{Gap: c.ID, Text: text, By: by})
		if !strings.HasPrefix(c.ID, "gap-") {
			return o, "", fault.New(fault.NotFound, editing, "the brief has no gap %q", c.ID)
		}
		return o, "answered " + c.ID + ": " + said, nil
	case OpEvidence:
		i := slices.IndexFunc(o.Suggested, func(s Suggestion) bool { return s.ID == c.ID })
		if i < 0 {
			return o, "", fault.New(fault.NotFound, editing, "the brief has no suggestion %q", c.ID).WithMend("What a model suggests stands behind the evidence: roleos drafts show DRAFT")
		}
		o.Suggested = slices.Clone(o.Suggested)
		o.Suggested[i].By = by
		return o, "took “" + Short(o.Suggested[i].Text, 80) + "” as a data point: " + said, nil
	case OpDrop:
		return o.drop(c.ID, text, by)
	}
	names := make([]string, len(Ops()))
	for i, op := range Ops() {
		names[i] = string(op)
	}
	return o, "", fault.New(fault.Invalid, editing, "unknown edit %q", c.Op).WithMend("There are %s.", strings.Join(names, ", "))
}

// noDependency says which dependencies there are instead.
func (o Outline) noDependency(id string) error {
	if len(o.Dependencies) == 0 {
		return fault.New(fault.NotFound, editing, "the brief has no dependency %q: it has none at all", id).
			WithMend("Add one: dependency text=\"...\" blocking=yes, or blocking=no")
	}
	ids := make([]string, len(o.Dependencies))
	for i, d := range o.Dependencies {
		ids[i] = d.ID + " “" + Short(d.Text, 50) + "”"
	}
	return fault.New(fault.NotFound, editing, "the brief has no dependency %q", id).WithMend("Dependencies are %s.", strings.Join(ids, ", "))
}

func (o Outline) refocus(theme, by string) (Outline, string, error) {
	for _, t := range o.Themes {
		if t.ID == theme && t.ID != artefact.Unassigned || strings.EqualFold(t.Label, theme) {
			o.Focus, o.FocusBy, o.Asked, o.Stated = t.ID, by, false, nil
			return o, "chose “" + t.Label + "” as the problem", nil
		}
	}
	var some []string
	for _, t := range o.Themes {
		if len(some) < 5 && t.ID != artefact.Unassigned {
			some = append(some, t.ID+" “"+t.Label+"”")
		}
	}
	return o, "", fault.New(fault.NotFound, editing, "the synthesis has no theme %q", theme).WithMend("Themes are %s, ...", strings.Join(some, ", "))
}

// NewCriterion makes a criterion of a line that states metric, comparator,
// number, unit and deadline; it returns false when one of them is missing.
func NewCriterion(m scaffold.Measure) (Criterion, bool) {
	c := Criterion{Metric: m.Metric, Comparator: m.Comparator, Target: m.Value, Number: m.Number, Unit: m.Unit, Deadline: m.Deadline}
	return c, m.Metric != "" && m.Comparator != "" && m.Unit != "" && m.Deadline != ""
}

func (o Outline) criterion(text, by string) (Outline, string, error) {
	m, ok := scaffold.ParseMeasure(text)
	c, whole := NewCriterion(m)
	if !ok || !whole {
		return o, "", fault.New(fault.Invalid, editing, "that is no measurable criterion: %s", strings.ToLower(missing(text)[:1])+missing(text)[1:]).
			WithMend("For example: Contacts about late transfers: at most 10 %% by 2027-03-31")
	}
	c.ID, c.Says, c.By = NewID("sc", by, text), text, by
	if m.From != "" {
		if v, ok := evidence.ParseNumber(m.From); ok {
			c.Baseline = &Baseline{ID: NewID("b", by, text), Metric: c.Metric, Value: v, Number: m.From, Unit: c.Unit, Says: text}
		}
	}
	o.Criteria = append(slices.Clone(o.Criteria), c)
	return o, "added the criterion “" + Short(text, 80) + "”", nil
}

func (o Outline) bound(c Change, text, by string) (Outline, string, error) {
	known := Classes()
	if c.Op == OpNone {
		known = append(known, Dependencies)
	}
	if !slices.Contains(known, c.Of) {
		return o, "", fault.New(fault.Invalid, editing, "of is %q; there are %s", c.Of, strings.Join(known, ", "))
	}
	if c.Op == OpNone {
		o.NoneKnown = append(slices.Clone(o.NoneKnown), NoneKnown{Of: c.Of, Text: text, By: by})
		return o, "stated that no " + c.Of + " are known: “" + Short(text, 80) + "”", nil
	}
	o.Constraints = append(slices.Clone(o.Constraints), Constraint{ID: NewID("c", by, c.Of, text), Kind: c.Of, Text: text, By: by})
	return o, "added the " + c.Of + " constraint “" + Short(text, 80) + "”", nil
}

// drop leaves an item out and keeps its words with the reason.
func (o Outline) drop(what, reason, by string) (Outline, string, error) {
	var text string
	cut := func(list []Line) []Line {
		return slices.DeleteFunc(slices.Clone(list), func(l Line) bool {
			if l.ID == what {
				text = l.Text
			}
			return l.ID == what
		})
	}
	o.Rationale, o.Aims, o.Ethics = cut(o.Rationale), cut(o.Aims), cut(o.Ethics)
	o.Exclusions, o.Assumptions, o.Questions = cut(o.Exclusions), cut(o.Assumptions), cut(o.Questions)
	o.Criteria = slices.DeleteFunc(slices.Clone(o.Criteria), func(c Criterion) bool {
		if c.ID == what {
			text = c.Says
		}
		return c.ID == what
	})
	o.Constraints = slices.DeleteFunc(slices.Clone(o.Constraints), func(c Constraint) bool {
		if c.ID == what {
			text = c.Text
		}
		return c.ID == what
	})
	o.Dependencies = slices.DeleteFunc(slices.Clone(o.Dependencies), func(d Dependency) bool {
		if d.ID == what {
			text = d.Text
		}
		return d.ID == what
	})
	// What is stated as absent has no id of its own: it is called none-CLASS.
	o.NoneKnown = slices.DeleteFunc(slices.Clone(o.NoneKnown), func(n NoneKnown) bool {
		if "none-"+n.Of == what {
			text = n.Text
		}
		return "none-"+n.Of == what
	})
	if text == "" && !strings.HasPrefix(what, "e-") {
		return o, "", fault.New(fault.NotFound, editing, "the brief has no item %q", what).WithMend("Ids stand in front of each item: roleos drafts show DRAFT")
	}
	if slices.ContainsFunc(o.Dropped, func(d Dropped) bool { return d.ID == what }) {
		return o, "", fault.New(fault.Conflict, editing, "%s is dropped already", what)
	}
	o.Dropped = append(slices.Clone(o.Dropped), Dropped{ID: what, Text: text, Reason: reason, By: by})
	return o, "dropped " + what + ": " + reason, nil
}

// forms are the operations with their fields, as a person types them.
func forms() []string {
	return []string{
		`focus id=THEME`,
		`problem text=TEXT`,
		`rationale text=TEXT`,
		`criterion text="METRIC: at most 10 % by 2027-03-31"`,
		`constraint of=technical|regulatory|timeline text=TEXT`,
		`none of=technical|regulatory|timeline|dependencies text=TEXT`,
		`dependency blocking=yes|no text=TEXT`,
		`settle id=ID blocking=yes|no text=WHY`,
		`ethics text=TEXT`,
		`exclusion text=TEXT`,
		`assumption text=TEXT`,
		`answer id=GAP text=TEXT`,
		`evidence id=SUGGESTION text=WHY`,
		`drop id=ID text=WHY`,
	}
}
