package pitch

import (
	"encoding/json"

	"roleos/internal/artefact"
	"roleos/internal/artefact/brief"
	"roleos/internal/evidence"
)

// Schema names the JSON form of a ShapedPitch.
const Schema = "roleos/shaped-pitch/v1"

// Kind is the artefact's kind, which names its contract.
const Kind = "shaped-pitch"

// ShapedPitch says what to build for a problem, how much time it is worth, what
// could go wrong and on what it is stopped. Ids are those of the brief.
type ShapedPitch struct {
	Schema       string             `json:"schema"`
	Title        string             `json:"title"`
	Sample       bool               `json:"sample"`
	Sources      []evidence.Source  `json:"sources"`
	From         []brief.Input      `json:"from"` // the artefacts it builds on
	Problem      Problem            `json:"problem"`
	Appetite     *Appetite          `json:"appetite,omitempty"` // nil: nobody has stated one, or people differ
	Appetites    []Appetite         `json:"appetites"`          // all that were stated
	Elements     []Part             `json:"elements"`           // of the solution
	RabbitHoles  []Part             `json:"rabbit_holes"`
	NoGos        []Part             `json:"no_gos"`
	Kill         []Part             `json:"kill_criteria"`
	Feasibility  []View             `json:"feasibility"` // for the architect, one for each constraint
	Rationale    []brief.Line       `json:"business_rationale"`
	Evidence     []brief.Datum      `json:"evidence"`
	Criteria     []brief.Criterion  `json:"success_criteria"`
	Constraints  []brief.Constraint `json:"constraints"`
	NoneKnown    []brief.NoneKnown  `json:"none_known"` // stated absences
	Dependencies []brief.Dependency `json:"dependencies"`
	Conflicts    []Conflict         `json:"conflicts"` // still open
	Ethics       []brief.Line       `json:"ethical_considerations"`
	Assumptions  []brief.Line       `json:"assumptions"`
	Exclusions   []brief.Line       `json:"exclusions"`
	Gaps         []brief.Gap        `json:"gaps"`
	Dropped      []brief.Dropped    `json:"dropped"`
	Edits        []Edited           `json:"edits"`
	Findings     []artefact.Finding `json:"findings"`
	Method       artefact.Method    `json:"method"`
	Redaction    artefact.Redaction `json:"redaction"`
	Figures      []evidence.Figure  `json:"figures"`
	// Rejected is what a model said that the words do not bear out.
	Rejected []artefact.Rejection `json:"rejected,omitempty"`
}

// Problem is the brief's problem, in the brief's words.
type Problem struct {
	Label     string          `json:"label"`
	Statement string          `json:"statement"`
	Says      *evidence.Quote `json:"says,omitempty"`
	StatedBy  string          `json:"stated_by,omitempty"` // person whose words Statement are
}

// Appetite is how much time somebody says the problem is worth.
type Appetite struct {
	ID     string          `json:"id"`
	Value  float64         `json:"value"`
	Number string          `json:"as_written"`
	Unit   string          `json:"unit"` // weeks, days, months, cycles
	Says   string          `json:"says"` // the words that state it
	Quote  *evidence.Quote `json:"quote,omitempty"`
	Who    string          `json:"who,omitempty"` // speaker or owner of the document
	By     string          `json:"by,omitempty"`  // person who set it in review
}

// Part is one element, rabbit hole, no-go or kill criterion.
type Part struct {
	ID    string          `json:"id"`
	Title string          `json:"title,omitempty"` // by a model, in words of Text
	Text  string          `json:"text"`
	Quote *evidence.Quote `json:"quote,omitempty"`
	Who   string          `json:"who,omitempty"`
	By    string          `json:"by,omitempty"`
}

// View is what is known about one constraint's effect on the solution.
type View struct {
	ID    string          `json:"id"`   // of the constraint
	View  string          `json:"view"` // open, fits, at risk, does not fit
	Note  string          `json:"note,omitempty"`
	Quote *evidence.Quote `json:"quote,omitempty"`
	Who   string          `json:"who,omitempty"`
	By    string          `json:"by,omitempty"`
}

// Views of a constraint.
const (
	Open    = "open" // nobody has looked at it
	Fits    = "fits"
	AtRisk  = "at risk"
	FitsNot = "does not fit"
)

// Conflict is a disagreement that the brief hands on unresolved.
type Conflict struct {
	ID    string `json:"id"`
	About string `json:"about"`
	Sides []Side `json:"sides"`
}

// Side is one statement in a conflict.
type Side struct {
	ID    string         `json:"id"` // of the landscape's statement
	Who   string         `json:"who"`
	Quote evidence.Quote `json:"quote"`
}

// Edited records one edit by a person.
type Edited struct {
	Op   Op     `json:"op"`
	By   string `json:"by"`
	Note string `json:"note"`
}

// Parse reads a pitch strictly.
func Parse(body []byte) (ShapedPitch, error) {
	return artefact.Read(body, Schema, func(p ShapedPitch) string { return p.Schema })
}

// Corpus returns the corpus that the pitch's figures are computed over: its
// numbers are read from words, so the records form no groups.
func (p ShapedPitch) Corpus(records []evidence.Record) (*evidence.Corpus, error) {
	return evidence.NewCorpus(records, nil)
}

// Quotes returns every quote of the pitch in reading order.
func (p ShapedPitch) Quotes() []evidence.Quote {
	var out []evidence.Quote
	add := func(q *evidence.Quote) {
		if q != nil {
			out = append(out, *q)
		}
	}
	parts := func(lists ...[]Part) {
		for _, l := range lists {
			for _, x := range l {
				add(x.Quote)
			}
		}
	}
	add(p.Problem.Says)
	for _, a := range p.Appetites {
		add(a.Quote)
	}
	parts(p.Elements, p.RabbitHoles, p.NoGos, p.Kill)
	for _, v := range p.Feasibility {
		add(v.Quote)
	}
	for i := range p.Evidence {
		add(&p.Evidence[i].Quote)
	}
	for _, c := range p.Criteria {
		add(c.Quote)
		if c.Baseline != nil {
			add(c.Baseline.Quote)
		}
	}
	for _, c := range p.Constraints {
		add(c.Quote)
	}
	for _, n := range p.NoneKnown {
		add(n.Quote)
	}
	for _, d := range p.Dependencies {
		add(d.Quote)
	}
	for _, c := range p.Conflicts {
		for i := range c.Sides {
			add(&c.Sides[i].Quote)
		}
	}
	for _, l := range [][]brief.Line{p.Rationale, p.Ethics, p.Assumptions, p.Exclusions} {
		for _, x := range l {
			add(x.Quote)
		}
	}
	return out
}

// Marshal writes the pitch; the same pitch gives the same bytes.
func (p ShapedPitch) Marshal() ([]byte, error) { return json.Marshal(p) }
