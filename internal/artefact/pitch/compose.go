package pitch

import (
	"fmt"
	"slices"
	"strings"

	"roleos/internal/artefact"
	"roleos/internal/artefact/brief"
	"roleos/internal/evidence"
	"roleos/internal/scaffold"
)

// Answer is what a person said to a gap.
type Answer struct{ Gap, Text, By string }

// Outline is a pitch as analyst and reviewers decide it: its lists without what
// follows from them. Compose computes the chosen appetite, the rows of
// feasibility, figures and gaps.
type Outline struct {
	Pitch   ShapedPitch
	Answers []Answer
}

// Outline returns what p was composed from.
func (p ShapedPitch) Outline() Outline {
	o := Outline{Pitch: p}
	for _, g := range p.Gaps {
		if g.By != "" {
			o.Answers = append(o.Answers, Answer{Gap: g.ID, Text: g.Answer, By: g.By})
		}
	}
	return o
}

// Compose makes the pitch that o outlines. It is a pure function: the same
// outline and records give the same bytes. It fails when something is quoted
// otherwise than its record reads.
func Compose(o Outline, records []evidence.Record) (ShapedPitch, error) {
	p := o.Pitch
	p.Schema, p.Figures, p.Gaps = Schema, nil, nil
	p.Title = "Pitch: " + p.Problem.Label
	if p.Problem.Label == "" {
		p.Title = "Pitch"
	}
	p.choose()
	p.lay()
	p.figures()
	p.gaps(o.Answers)
	p.fill()
	index := make(map[string]*evidence.Record, len(records))
	for i := range records {
		index[records[i].ID] = &records[i]
	}
	for _, q := range p.Quotes() {
		r, ok := index[q.RecordID]
		if !ok {
			return p, fmt.Errorf("compose the pitch: it quotes record %q, which is not among the records", q.RecordID)
		}
		if err := evidence.CheckQuote(r, q); err != nil {
			return p, fmt.Errorf("compose the pitch: %w", err)
		}
	}
	return p, nil
}

// choose takes the appetite that a person set last, else the one that was
// stated when all who stated one agree.
func (p *ShapedPitch) choose() {
	p.Appetite = nil
	for i := range p.Appetites {
		if p.Appetites[i].By != "" {
			a := p.Appetites[i]
			p.Appetite = &a
		}
	}
	if p.Appetite != nil || len(p.Appetites) == 0 {
		return
	}
	first := p.Appetites[0]
	if !slices.ContainsFunc(p.Appetites, func(a Appetite) bool { return a.Value != first.Value || a.Unit != first.Unit }) {
		p.Appetite = &first
	}
}

// lay gives every constraint its row of feasibility, in the order of the constraints.
func (p *ShapedPitch) lay() {
	rows := make([]View, 0, len(p.Constraints))
	for _, c := range p.Constraints {
		v := View{ID: c.ID, View: Open}
		for _, old := range p.Feasibility {
			if old.ID == c.ID {
				v = old
			}
		}
		rows = append(rows, v)
	}
	p.Feasibility = rows
}

func (p *ShapedPitch) figures() {
	add := func(at, unit string, v float64, in, written string) {
		p.Figures = evidence.Numbered(p.Figures, evidence.Figure{
			At: at, Unit: unit, Value: evidence.Round(v),
			Query: evidence.Query{Op: evidence.OpStated, Number: in, Measure: written},
		})
	}
	if a := p.Appetite; a != nil {
		add("/appetite/value", a.Unit, a.Value, "/appetite/says", a.Number)
	}
	for i, a := range p.Appetites {
		at := fmt.Sprintf("/appetites/%d", i)
		add(at+"/value", a.Unit, a.Value, at+"/says", a.Number)
	}
	for i, c := range p.Criteria {
		at := fmt.Sprintf("/success_criteria/%d", i)
		add(at+"/target", c.Unit, c.Target, at+"/says", c.Number)
		if c.Baseline != nil {
			add(at+"/baseline/value", c.Baseline.Unit, c.Baseline.Value, at+"/baseline/says", c.Baseline.Number)
		}
	}
}

// gaps writes down what neither the brief, a record nor a person has said.
func (p *ShapedPitch) gaps(answers []Answer) {
	add := func(key, what, why, mend string) {
		g := brief.Gap{ID: "gap-" + key, Gap: artefact.Gap{What: what, Why: why, Mend: mend}}
		for _, a := range answers {
			if a.Gap == g.ID {
				g.Answer, g.By = a.Text, a.By
			}
		}
		p.Gaps = append(p.Gaps, g)
	}
	if p.Problem.Statement == "" {
		add("problem", "The problem", "No problem brief is among the artefacts the pitch builds on.", "Give an acknowledged brief with --from.")
	}
	switch {
	case len(p.Appetites) == 0:
		add("appetite", "Appetite", "Nobody has said how much time the problem is worth.",
			"Add it under “Appetite” of the team's input, as “Six weeks for two people”, or set it in review.")
	case p.Appetite == nil:
		var stated []string
		for _, a := range p.Appetites {
			stated = append(stated, a.Number+" "+a.Unit+" ("+by(a.Who, a.Quote)+")")
		}
		add("appetite", "Appetite", "People differ: "+strings.Join(stated, ", ")+".", "Agree on one and set it in review; it is not averaged.")
	}
	for _, x := range []struct {
		key, what, why, mend string
		parts                []Part
	}{
		{"elements", "Solution sketch", "Nobody has proposed an element of a solution.", "Add elements under “Options” of the team's input, or in review.", p.Elements},
		{"rabbit-holes", "Rabbit holes", "Nobody has said where the work could get lost.", "Ask who will build it; add them under “Rabbit holes”, or in review.", p.RabbitHoles},
		{"no-gos", "No-gos", "Nobody has said what will not be done.", "Add them under “No-gos”, or in review.", p.NoGos},
		{"kill", "Kill criteria", "Nobody has said on what the work is stopped.", "Add them under “Kill criteria”, with a number and a date where there is one, or in review.", p.Kill},
	} {
		if len(x.parts) == 0 {
			add(x.key, x.what, x.why, x.mend)
		}
	}
	texts := map[string]string{}
	for _, c := range p.Constraints {
		texts[c.ID] = c.Text
	}
	for _, v := range p.Feasibility {
		switch v.View {
		case Open:
			add("feasibility-"+v.ID, "Whether the solution fits “"+brief.Short(texts[v.ID], 70)+"”", "Nobody has said it of "+v.ID+".", "Ask the architect, and note the view in review.")
		case FitsNot:
			add("feasibility-"+v.ID, "A solution that fits “"+brief.Short(texts[v.ID], 70)+"”", by(v.Who, v.Quote)+" says that it does not fit.", "Change the sketch, or drop the constraint with its owner's reason.")
		}
	}
	for _, c := range p.Conflicts {
		add("conflict-"+c.ID, "Open conflict: "+c.About, "The brief hands it on unresolved.", "Resolve it with those who hold the sides, or say in an answer how the solution handles it.")
	}
}

func by(who string, q *evidence.Quote) string {
	switch {
	case who != "":
		return brief.Person(who)
	case q != nil:
		return "record " + q.RecordID
	}
	return "somebody"
}

// NewAppetite reads an appetite from words that state a number and a unit of time.
func NewAppetite(m scaffold.Measure) (Appetite, bool) {
	unit := strings.ToLower(m.Unit)
	for _, u := range []string{"week", "day", "month", "cycle", "sprint", "quarter"} {
		if strings.HasPrefix(unit, u) {
			return Appetite{Value: m.Value, Number: m.Number, Unit: u + "s"}, m.Value > 0
		}
	}
	return Appetite{}, false
}

// fill makes lists empty instead of null.
func (p *ShapedPitch) fill() {
	brief.NotNil(&p.Sources)
	brief.NotNil(&p.From)
	brief.NotNil(&p.Appetites)
	brief.NotNil(&p.Elements)
	brief.NotNil(&p.RabbitHoles)
	brief.NotNil(&p.NoGos)
	brief.NotNil(&p.Kill)
	brief.NotNil(&p.Feasibility)
	brief.NotNil(&p.Rationale)
	brief.NotNil(&p.NoneKnown)
	brief.NotNil(&p.Evidence)
	brief.NotNil(&p.Criteria)
	brief.NotNil(&p.Constraints)
	brief.NotNil(&p.Dependencies)
	brief.NotNil(&p.Conflicts)
	brief.NotNil(&p.Ethics)
	brief.NotNil(&p.Assumptions)
	brief.NotNil(&p.Exclusions)
	brief.NotNil(&p.Gaps)
	brief.NotNil(&p.Dropped)
	brief.NotNil(&p.Edits)
	brief.NotNil(&p.Findings)
	brief.NotNil(&p.Figures)
	brief.NotNil(&p.Method.Steps)
	brief.NotNil(&p.Method.Limits)
	brief.NotNil(&p.Method.Notes)
	for i := range p.Conflicts {
		brief.NotNil(&p.Conflicts[i].Sides)
	}
	for i := range p.Findings {
		brief.NotNil(&p.Findings[i].Where)
	}
	if p.Redaction.Masked == nil {
		p.Redaction.Masked = map[string]int{}
	}
}
