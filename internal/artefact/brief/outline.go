package brief

import (
	"slices"

	"roleos/internal/artefact"
	"roleos/internal/evidence"
)

// Outline is what an analyst and reviewers decide of a brief. Compose adds what
// follows from it: evidence, numbers, wording and gaps.
type Outline struct {
	Sample       bool
	Sources      []evidence.Source
	From         []Input
	Focus        string // theme id; "" takes the first issue
	FocusBy      string // person who chose it in review; "" for the rule
	Asked        bool   // the run was asked for this focus
	Stated       *Stated
	Worded       *Worded // a model's words; nil for those of code
	Suggested    []Suggestion
	Rejected     []artefact.Rejection
	Themes       []Theme     // counts and shares are computed
	Dimensions   []Dimension // names and values; the rest is computed
	Statements   []Statement
	Heard        []string // all stakeholders
	Conflicts    []Conflict
	Signals      []Signal
	Rationale    []Line
	Criteria     []Criterion
	Aims         []Line
	Baselines    []Baseline
	Constraints  []Constraint
	NoneKnown    []NoneKnown
	Dependencies []Dependency
	Ethics       []Line
	Exclusions   []Line
	Assumptions  []Line
	Questions    []Line
	Answers      []Answer
	Dropped      []Dropped
	Edits        []Edited
	Findings     []artefact.Finding
	Method       artefact.Method
	Redaction    artefact.Redaction
}

// Stated is a problem in a person's own words.
type Stated struct{ Text, By string }

// Answer is what a person said to a gap.
type Answer struct{ Gap, Text, By string }

// Outline returns what b was composed from.
func (b ProblemBrief) Outline() Outline {
	o := Outline{
		Sample: b.Sample, Sources: b.Sources, From: b.From, Focus: b.Problem.ThemeID, FocusBy: b.Problem.By, Asked: b.Problem.Asked,
		Themes: b.Themes, Statements: b.Statements, Signals: b.Signals, Rationale: b.Rationale, Criteria: slices.Concat(b.Criteria, b.Others), Aims: b.Aims,
		Baselines: b.Baselines, Constraints: b.Constraints, NoneKnown: b.NoneKnown, Dependencies: b.Dependencies, Ethics: b.Ethics,
		Exclusions: b.Exclusions, Assumptions: b.Assumptions, Questions: b.Questions, Conflicts: b.Conflicts,
		Dropped: b.Dropped, Edits: b.Edits, Findings: b.Findings, Method: b.Method, Redaction: b.Redaction, Worded: b.Problem.Worded, Rejected: b.Rejected, Suggested: b.Suggested,
	}
	if b.Problem.StatedBy != "" {
		o.Stated = &Stated{Text: b.Problem.Statement, By: b.Problem.StatedBy}
	}
	for _, d := range b.Segments {
		x := Dimension{Name: d.Name}
		for _, c := range d.Cells {
			x.Cells = append(x.Cells, Cell{Value: c.Value})
		}
		o.Dimensions = append(o.Dimensions, x)
	}
	for _, s := range b.Stakeholders {
		o.Heard = append(o.Heard, s.Name)
	}
	for _, g := range b.Gaps {
		if g.By != "" {
			o.Answers = append(o.Answers, Answer{Gap: g.ID, Text: g.Answer, By: g.By})
		}
	}
	return o
}
