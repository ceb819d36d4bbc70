package landscape

import (
	"fmt"
	"strings"

	"roleos/internal/artefact/landscape"
	"roleos/internal/evidence"
	"roleos/internal/report/page"
)

const (
	mostColumns = 12  // requirements beside each other in the matrix
	mostRows    = 30  // stakeholders in the matrix
	mostListed  = 40  // entries of one list
	mostText    = 220 // bytes of a quote in a note
)

// view looks up what a page needs.
type view struct {
	l          landscape.StakeholderLandscape
	find       func(id string) (evidence.Record, bool)
	sourceName func(id string) string
	name       map[string]string
	statement  map[string]*landscape.Statement
}

// Page returns the landscape as its reader sees it. find looks up a record,
// sourceName the name of a source.
func Page(l landscape.StakeholderLandscape, find func(id string) (evidence.Record, bool), sourceName func(id string) string) page.Page {
	v := &view{l: l, find: find, sourceName: sourceName, name: map[string]string{}, statement: map[string]*landscape.Statement{}}
	for _, p := range l.Stakeholders {
		v.name[p.ID] = p.Name
	}
	for i := range l.Statements {
		v.statement[l.Statements[i].ID] = &l.Statements[i]
	}
	s := l.Summary
	p := page.Page{
		Kind: landscape.Kind, Title: l.Title, Sample: l.Sample, Lead: v.lead(),
		Facts: []page.Fact{
			{Label: "Records", Value: fmt.Sprint(s.Records)},
			{Label: "Heard", Value: count(s.Heard, "stakeholder")},
			{Label: "Decisions", Value: fmt.Sprint(s.Decisions)},
			{Label: "Actions", Value: fmt.Sprint(s.Actions)},
			{Label: "Open conflicts", Value: fmt.Sprint(s.Unresolved)},
			{Label: "Unanswered questions", Value: fmt.Sprint(s.Unanswered)},
		},
	}
	p.Sections = []page.Section{v.conflicts(), v.decisions(), v.actions()}
	if also := v.also(); len(also.Blocks) > 0 {
		p.Sections = append(p.Sections, also)
	}
	p.Sections = append(p.Sections, v.requirements(), v.matrix(), v.questions(), v.people(), v.unknown())
	p.Sections = append(p.Sections, page.Made(l.Method, l.Rejected)...)
	return p
}

func count(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

func (v *view) lead() string {
	s := v.l.Summary
	out := fmt.Sprintf("%s in %s: %s, %s.", count(s.Heard, "stakeholder"), count(s.Records, "record"), count(s.Decisions, "decision"), count(s.Actions, "action"))
	if s.Unresolved > 0 {
		out += fmt.Sprintf(" %s for a person to settle.", are(s.Unresolved, "conflict"))
	}
	return out
}

func are(n int, word string) string {
	if n == 1 {
		return "1 " + word + " is"
	}
	return fmt.Sprintf("%d %ss are", n, word)
}

func (v *view) who(id string) string {
	if n := v.name[id]; n != "" {
		return n
	}
	return "somebody who is not named"
}

func (v *view) quote(q evidence.Quote, who string) page.Quote {
	out := page.Quote{Text: q.Text, RecordID: q.RecordID, Who: v.name[who]}
	if r, ok := v.find(q.RecordID); ok {
		out.Where = r.Where(v.sourceName(r.Source))
	}
	return out
}

func (v *view) quotes(ids []string) []page.Quote {
	var out []page.Quote
	for _, id := range ids {
		if s := v.statement[id]; s != nil {
			out = append(out, v.quote(s.Quote(), s.Stakeholder))
		}
	}
	return out
}

func tone(level string) page.Tone {
	switch level {
	case "high":
		return page.Good
	case "low":
		return page.Unsure
	}
	return page.Plain
}

func (v *view) conflicts() page.Section {
	s := page.Section{ID: "conflicts", Title: "Conflicts", Lead: "Where stakeholders stand against each other. A person settles them; nothing here is averaged."}
	for _, c := range v.l.Conflicts {
		card := page.Cards{Title: c.About, Tone: page.Bad, Note: fmt.Sprintf("%s · %s · support %s", c.ID, c.Kind, c.Level)}
		if c.Resolution != nil {
			card.Tone = page.Good
			card.Note += fmt.Sprintf(" · settled by %s with %s: %s", c.Resolution.By, v.who(c.Resolution.Side), c.Resolution.Why)
		}
		if c.Reading != nil {
			card.Tone = page.Unsure
			card.Note += " · " + reads(c.Reading)
		}
		if first := v.statement[c.Sides[0].Statements[0]]; first != nil && first.Topic != "" {
			card.Note += " · under “" + first.Topic + "”"
		}
		for _, x := range c.Sides {
			side := page.Side{Title: v.who(x.Stakeholder), Quotes: v.quotes(x.Statements)}
			switch x.Stance {
			case "for":
				side.Text = "stands for it"
			case "against":
				side.Text = "stands against it"
			}
			card.Sides = append(card.Sides, side)
		}
		s.Blocks = append(s.Blocks, card)
	}
	if len(s.Blocks) == 0 {
		s.Blocks = []page.Block{page.Text{Text: "No two stakeholders were found to stand against each other."}}
	}
	return s
}

func (v *view) decisions() page.Section {
	s := page.Section{ID: "decisions", Title: "Decisions", Lead: "Best supported first."}
	var list page.List
	for _, d := range v.l.Decisions {
		if len(list.Items) == mostListed {
			break
		}
		x := v.statement[d.StatementID]
		list.Items = append(list.Items, page.Item{Tag: d.Level, Tone: tone(d.Level), Text: v.under(x), Note: v.note(x), Quotes: v.quotes([]string{x.ID})})
	}
	return filled(s, list, len(v.l.Decisions), "No passage says plainly that something was decided.")
}

func (v *view) actions() page.Section {
	s := page.Section{ID: "actions", Title: "Actions", Lead: "Who does what, best supported first."}
	var list page.List
	for _, d := range v.l.Actions {
		if len(list.Items) == mostListed {
			break
		}
		x := v.statement[d.StatementID]
		text := "Nobody is named"
		if d.Owner != "" {
			text = v.who(d.Owner)
		}
		if d.Due != "" {
			text += ", " + d.Due
		}
		list.Items = append(list.Items, page.Item{Tag: d.Level, Tone: tone(d.Level), Text: text, Note: v.note(x), Quotes: v.quotes([]string{x.ID})})
	}
	return filled(s, list, len(v.l.Actions), "No passage gives somebody a piece of work.")
}

func filled(s page.Section, list page.List, all int, none string) page.Section {
	if len(list.Items) == 0 {
		s.Blocks = []page.Block{page.Text{Text: none}}
		return s
	}
	s.Blocks = []page.Block{list}
	if left := all - len(list.Items); left > 0 {
		s.Blocks = append(s.Blocks, page.Text{Text: fmt.Sprintf("%d more are in the JSON.", left)})
	}
	return s
}

func (v *view) under(s *landscape.Statement) string {
	if s.Topic != "" {
		return s.Topic
	}
	return v.who(s.Stakeholder)
}

func (v *view) note(s *landscape.Statement) string {
	parts := []string{s.ID, s.Status}
	if s.Cue != "" {
		parts = append(parts, "cue: "+s.Cue)
	}
	if s.Confirmed != "" {
		parts = append(parts, "confirmed by "+s.Confirmed)
	}
	if s.Reading != nil {
		parts = append(parts, reads(s.Reading))
	}
	return strings.Join(parts, " · ")
}

// reads says what a model takes something for.
func reads(r *landscape.Reading) string {
	as := map[string]string{landscape.Decision: "a decision", landscape.Action: "an action", landscape.Neither: "neither a decision nor an action", landscape.NotOpposed: "no conflict: not opposed"}[r.As]
	return r.By + " takes it for " + as
}

// also lists what a model takes for a decision or an action and the list above does not.
func (v *view) also() page.Section {
	s := page.Section{ID: "also-read", Title: "What a model takes for more", Lead: "None of these counts as a decision or an action. A person can make one of it: change_kind."}
	var list page.List
	for i := range v.l.Statements {
		x := &v.l.Statements[i]
		if x.Reading != nil && x.Kind != landscape.Decision && x.Kind != landscape.Action && len(list.Items) < mostListed {
			list.Items = append(list.Items, page.Item{Tag: x.Kind, Text: v.under(x), Note: v.note(x), Quotes: v.quotes([]string{x.ID})})
		}
	}
	if len(list.Items) > 0 {
		s.Blocks = []page.Block{list}
	}
	return s
}

func (v *view) requirements() page.Section {
	s := page.Section{ID: "requirements", Title: "What people want", Lead: landscape.PriorityRule}
	t := page.Table{Head: []string{"Matter", "Priority", "Asked by", "Said", "Urgent", "Decided", "Contested"}, Right: []int{2, 3, 4, 5, 6}}
	for _, r := range v.l.Requirements {
		if len(t.Rows) == mostListed {
			t.Omitted = len(v.l.Requirements) - mostListed
			break
		}
		row := []string{r.Title, r.Priority}
		for _, f := range r.Factors {
			row = append(row, fmt.Sprint(f.Count))
		}
		t.Rows = append(t.Rows, row)
	}
	if len(t.Rows) == 0 {
		s.Blocks = []page.Block{page.Text{Text: "Nobody was found to want something."}}
		return s
	}
	s.Blocks = []page.Block{t}
	return s
}

//nolint:gochecknoglobals // an immutable table
var marks = map[string]page.Cell{
	"for":         {Mark: "+", Tone: page.Good},
	"against":     {Mark: "−", Tone: page.Bad},
	"unsure":      {Mark: "?", Tone: page.Unsure},
	"conditional": {Mark: "if", Tone: page.Unsure},
}

func (v *view) matrix() page.Section {
	s := page.Section{ID: "matrix", Title: "Who stands where", Lead: "Everybody who was heard has a row, with or without a stance."}
	m := page.Matrix{Corner: "Stakeholder", Key: []page.Fact{
		{Label: "+", Value: "for"}, {Label: "−", Value: "against"}, {Label: "?", Value: "unsure"}, {Label: "if", Value: "under a condition"},
	}}
	column := map[string]int{}
	for i, r := range v.l.Requirements {
		if i == mostColumns {
			m.Caption = fmt.Sprintf("The first %d of %d matters; the others are in the JSON.", mostColumns, len(v.l.Requirements))
			break
		}
		column[r.ID] = i
		m.Columns = append(m.Columns, r.Title)
	}
	cells := map[string][]page.Cell{}
	for _, c := range v.l.Matrix {
		if cells[c.Stakeholder] == nil {
			cells[c.Stakeholder] = make([]page.Cell, len(m.Columns))
		}
		k, ok := column[c.Requirement]
		if !ok {
			continue
		}
		cell := marks[c.Stance]
		if c.Quote != nil {
			cell.Note = clip(c.Quote.Text)
		}
		cells[c.Stakeholder][k] = cell
	}
	for i, p := range v.l.Stakeholders {
		if i == mostRows {
			m.Caption = strings.TrimSpace(m.Caption + fmt.Sprintf(" %d more stakeholders are in the JSON.", len(v.l.Stakeholders)-mostRows))
			break
		}
		m.Rows = append(m.Rows, page.MatrixRow{Name: p.Name, Cells: cells[p.ID]})
	}
	if len(m.Columns) == 0 || len(m.Rows) == 0 {
		s.Blocks = []page.Block{page.Text{Text: "There is nothing to stand for or against."}}
		return s
	}
	s.Blocks = []page.Block{m}
	return s
}

func clip(s string) string {
	if len(s) <= mostText {
		return s
	}
	return s[:strings.LastIndex(s[:mostText], " ")+1] + "…"
}

func (v *view) questions() page.Section {
	s := page.Section{ID: "questions", Title: "Open questions", Lead: "Asked, and not answered in the turns that followed."}
	var list page.List
	for _, q := range v.l.Questions {
		if !q.Unanswered || len(list.Items) == mostListed {
			continue
		}
		list.Items = append(list.Items, page.Item{
			Tone: page.Unsure, Text: v.who(q.Stakeholder), Note: q.StatementID,
			Quotes: []page.Quote{v.quote(evidence.Quote{RecordID: q.RecordID, Text: q.Text, Start: q.Start, End: q.End}, q.Stakeholder)},
		})
	}
	return filled(s, list, v.l.Summary.Unanswered, "Every question was followed by an answer.")
}

func (v *view) people() page.Section {
	s := page.Section{ID: "stakeholders", Title: "Stakeholders", Folded: true}
	t := page.Table{Head: []string{"Name", "Records", "Statements", "Also known as"}, Right: []int{1, 2}}
	for _, p := range v.l.Stakeholders {
		var also []string
		for _, a := range p.Aliases {
			also = append(also, a.Name+" ("+a.Why+")")
		}
		name := p.Name
		if !p.Heard {
			name += " (only named)"
		}
		t.Rows = append(t.Rows, []string{name, fmt.Sprint(p.Records), fmt.Sprint(len(p.Statements)), strings.Join(also, "; ")})
	}
	s.Blocks = []page.Block{t}
	return s
}

func (v *view) unknown() page.Section {
	s := page.Section{ID: "gaps", Title: "What is not known"}
	var gaps page.Gaps
	for _, g := range v.l.Gaps {
		gaps.Gaps = append(gaps.Gaps, page.Gap{What: g.What, Why: g.Why, Mend: g.Mend})
	}
	s.Blocks = []page.Block{gaps}
	var list page.List
	for _, f := range v.l.Findings {
		list.Items = append(list.Items, page.Item{Tag: f.Severity, Text: f.Message})
	}
	if len(list.Items) > 0 {
		s.Blocks = append(s.Blocks, list)
	}
	return s
}
