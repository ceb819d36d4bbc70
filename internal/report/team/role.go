package team

import (
	"fmt"
	"slices"
	"strings"

	"roleos/internal/report/page"
	"roleos/internal/roles"
)

// Role is a role's operating system on a page.
func Role(r roles.Role, findings []roles.Finding) page.Page {
	p := page.Page{Kind: "role", Alone: true, Title: r.Name, Lead: r.Purpose, Facts: []page.Fact{{Label: "Role", Value: r.ID}, {Label: "Declared in", Value: "roles/" + r.File}}}
	p.Sections = append(p.Sections, engagement(r), takes(r), gives(r), works(r))
	if own := of(findings, r.ID); len(own) > 0 {
		p.Sections = append(p.Sections, page.Section{ID: "open", Title: "What is open", Blocks: []page.Block{page.List{Items: items(own)}}})
	}
	return p
}

func engagement(r roles.Role) page.Section {
	var cells []page.Cell
	var columns []string
	for _, s := range roles.Stages() {
		columns = append(columns, string(s))
		cells = append(cells, levelCell(r.At(s)))
	}
	return page.Section{ID: "engagement", Title: "Engagement", Blocks: []page.Block{
		page.Matrix{Corner: "Stage", Columns: columns, Rows: []page.MatrixRow{{Name: r.ID, Cells: cells}}},
	}}
}

func levelCell(l roles.Level) page.Cell {
	switch l {
	case roles.Lead:
		return page.Cell{Mark: "lead", Tone: page.Notable}
	case roles.Support, roles.Consult:
		return page.Cell{Mark: string(l)}
	case roles.None:
	}
	return page.Cell{Mark: "-", Note: "not engaged"}
}

func takes(r roles.Role) page.Section {
	l := page.List{}
	for _, in := range r.ContextIn {
		l.Items = append(l.Items, page.Item{
			Tag: in.What, Text: in.Says, Note: "from " + party(in.From) + ", " + cadence(in.Cadence) + ", as " + strings.Join(in.Format, " or "),
		})
	}
	return page.Section{ID: "context-in", Title: "Context in", Blocks: listed(l)}
}

func gives(r roles.Role) page.Section {
	l := page.List{}
	for _, out := range r.ContextOut {
		var to []string
		for _, x := range out.To {
			to = append(to, party(x))
		}
		note := "to " + strings.Join(to, ", ") + ", " + cadence(out.Cadence) + ", as " + strings.Join(out.Format, " and ")
		if out.Contract != "" {
			note += ", under contract " + out.Contract
		}
		l.Items = append(l.Items, page.Item{Tag: out.What, Text: out.Says, Note: note})
	}
	return page.Section{ID: "context-out", Title: "Context out", Blocks: listed(l)}
}

func cadence(c roles.Cadence) string { return strings.ReplaceAll(string(c), "-", " ") }

// listed leaves out a list without entries: the page says that there is nothing.
func listed(l page.List) []page.Block {
	if len(l.Items) == 0 {
		return nil
	}
	return []page.Block{l}
}

func party(p roles.Party) string {
	if id, ok := p.Role(); ok {
		return id
	}
	return strings.TrimPrefix(string(p), "source:") + " outside the team"
}

func works(r roles.Role) page.Section {
	var list page.List
	for _, id := range r.Agents {
		list.Items = append(list.Items, page.Item{Tag: "agent", Text: id, Note: "roleos agent show " + id})
	}
	for _, id := range r.Workflows {
		list.Items = append(list.Items, page.Item{Tag: "workflow", Text: id, Note: "roleos workflow show " + id})
	}
	return page.Section{ID: "agents", Title: "Agents and workflows", Blocks: listed(list)}
}

// of returns what was found about a role.
func of(all []roles.Finding, role string) []roles.Finding {
	return slices.DeleteFunc(slices.Clone(all), func(f roles.Finding) bool { return f.Role != role })
}

func items(all []roles.Finding) []page.Item {
	var out []page.Item
	for _, f := range all {
		tone := page.Bad
		if f.Weight == roles.Note {
			tone = page.Plain
		}
		where := f.File
		if f.Line > 0 {
			where = fmt.Sprintf("%s:%d", f.File, f.Line)
		}
		text := f.Message + "."
		if where != "" {
			text += " (" + where + ")"
		}
		out = append(out, page.Item{Tag: f.Kind, Tone: tone, Text: text, Note: f.Mend})
	}
	return out
}

// Scaffold is what was found when a team's declarations were held against each
// other and against the workspace.
func Scaffold(t roles.Team, all []roles.Finding) page.Page {
	inputs, outputs := 0, 0
	for _, r := range t.Roles {
		inputs, outputs = inputs+len(r.ContextIn), outputs+len(r.ContextOut)
	}
	p := page.Page{Kind: "scaffold", Alone: true, Title: "Context scaffold", Facts: []page.Fact{
		{Label: "Roles", Value: fmt.Sprint(len(t.Roles))}, {Label: "Inputs", Value: fmt.Sprint(inputs)}, {Label: "Outputs", Value: fmt.Sprint(outputs)},
	}}
	var problems, notes []roles.Finding
	for _, f := range all {
		if f.Weight == roles.Problem {
			problems = append(problems, f)
		} else {
			notes = append(notes, f)
		}
	}
	switch len(problems) {
	case 0:
		p.Lead = "It holds: every input has somebody who gives it, every output somebody who takes it, formats and cadences meet, and nothing is past its cadence."
	case 1:
		p.Lead = "One thing does not hold."
	default:
		p.Lead = fmt.Sprintf("%d things do not hold.", len(problems))
	}
	if len(problems) > 0 {
		p.Sections = append(p.Sections, page.Section{ID: "problems", Title: "What does not hold", Blocks: []page.Block{page.List{Items: items(problems)}}})
	}
	if len(notes) > 0 {
		p.Sections = append(p.Sections, page.Section{ID: "notes", Title: "Worth knowing", Blocks: []page.Block{page.List{Items: items(notes)}}})
	}
	return p
}

// Open is one handoff that is open, as the lifecycle shows it.
type Open struct {
	Draft, Title, State, From, To, Waits, Due, Left string
}

// Lifecycle is the role by stage matrix, with every open handoff and its clock.
func Lifecycle(t roles.Team, open []Open) page.Page {
	p := page.Page{Kind: "lifecycle", Alone: true, Title: "Roles across the lifecycle", Lead: "Who leads, supports and is asked in each stage, and what is on its way between two roles."}
	m := page.Matrix{Corner: "Role", Key: []page.Fact{
		{Label: "lead", Value: "answers for the stage"}, {Label: "support", Value: "works in it"}, {Label: "consult", Value: "is asked"}, {Label: "-", Value: "is not engaged"},
	}}
	for _, s := range roles.Stages() {
		m.Columns = append(m.Columns, string(s))
	}
	for _, r := range t.Roles {
		row := page.MatrixRow{Name: r.ID}
		for _, s := range roles.Stages() {
			row.Cells = append(row.Cells, levelCell(r.At(s)))
		}
		m.Rows = append(m.Rows, row)
	}
	h := page.List{}
	for _, o := range open {
		clock := "no clock runs"
		if o.Due != "-" {
			clock = "waits for " + o.Waits + ", due " + o.Due + ", " + o.Left
		}
		h.Items = append(h.Items, page.Item{Tag: o.Draft, Text: o.Title, Note: o.State + "; from " + o.From + " to " + o.To + "; " + clock})
	}
	s := page.Section{ID: "handoffs", Title: "Open handoffs", Blocks: []page.Block{h}}
	if len(h.Items) == 0 {
		s.Blocks = []page.Block{page.Text{Text: "None. A draft becomes a handoff when it is published."}}
	}
	p.Sections = []page.Section{{ID: "matrix", Title: "Role by stage", Blocks: []page.Block{m}}, s}
	return p
}
