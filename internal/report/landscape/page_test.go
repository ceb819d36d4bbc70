package landscape_test

import (
	"strings"
	"testing"

	"roleos/internal/artefact/landscape"
	"roleos/internal/evidence"
	report "roleos/internal/report/landscape"
	"roleos/internal/report/page"
)

// sample is made up for this test.
func sample(t *testing.T) (landscape.StakeholderLandscape, []evidence.Record) {
	t.Helper()
	records := []evidence.Record{
		{ID: "m1", Source: "src", Text: "We should ask for a second signature.", Origin: evidence.Origin{Speaker: "Ada Example", Turn: 1}},
		{ID: "m2", Source: "src", Text: "I will draft the second signature by Friday.", Origin: evidence.Origin{Speaker: "Ben Sample", Turn: 2}},
		{ID: "m3", Source: "src", Text: "Nothing to add from my side today.", Origin: evidence.Origin{Speaker: "Cleo Specimen", Turn: 3}},
	}
	o := landscape.Outline{Title: "Sample"}
	for i, kind := range []string{landscape.Proposal, landscape.Action} {
		r := records[i]
		who := landscape.StakeholderID(r.Origin.Speaker)
		o.Stakeholders = append(o.Stakeholders, landscape.Stakeholder{ID: who, Name: r.Origin.Speaker, Kind: "person"})
		o.Statements = append(o.Statements, landscape.Statement{
			ID: landscape.StatementID(r.ID, 0, len(r.Text)), Kind: kind, Stakeholder: who, Text: r.Text, RecordID: r.ID, End: len(r.Text), Score: .9,
		})
	}
	o.Stakeholders = append(o.Stakeholders, landscape.Stakeholder{ID: "cleo-specimen", Name: "Cleo Specimen", Kind: "person"})
	o.Statements[1].Owner, o.Statements[1].Due = "ben-sample", "by Friday"
	o.Conflicts = []landscape.Conflict{{ID: "c-1", Kind: "opposed stances", About: "second signature", Score: .9, Sides: []landscape.Side{
		{Stakeholder: "ada-example", Stance: "for", Statements: []string{o.Statements[0].ID}},
		{Stakeholder: "ben-sample", Stance: "against", Statements: []string{o.Statements[1].ID}},
	}}}
	q := o.Statements[0].Quote()
	o.Requirements = []landscape.Requirement{{ID: "r-1", Title: "second signature", StatementIDs: []string{o.Statements[0].ID, o.Statements[1].ID}}}
	o.Stances = []landscape.Cell{{Stakeholder: "ada-example", Requirement: "r-1", Stance: "for", Quote: &q}}
	l, err := landscape.Compose(o, records)
	if err != nil {
		t.Fatal(err)
	}
	return l, records
}

func TestAReaderSeesBothSidesEverybodyAndWhoDoesWhat(t *testing.T) {
	l, records := sample(t)
	p := report.Page(l, func(id string) (evidence.Record, bool) {
		for _, r := range records {
			if r.ID == id {
				return r, true
			}
		}
		return evidence.Record{}, false
	}, func(string) string { return "standup.vtt" })
	byID := map[string]page.Section{}
	for _, s := range p.Sections {
		if _, dup := byID[s.ID]; dup {
			t.Errorf("two sections are called %s", s.ID)
		}
		byID[s.ID] = s
	}
	cards, _ := byID["conflicts"].Blocks[0].(page.Cards)
	if len(cards.Sides) != 2 || cards.Sides[0].Quotes[0].Where != "standup.vtt turn 1" || cards.Sides[1].Quotes[0].Who != "Ben Sample" {
		t.Errorf("%+v", cards)
	}
	actions, _ := byID["actions"].Blocks[0].(page.List)
	if len(actions.Items) != 1 || actions.Items[0].Text != "Ben Sample, by Friday" {
		t.Errorf("%+v", actions)
	}
	m, _ := byID["matrix"].Blocks[0].(page.Matrix)
	if len(m.Rows) != 3 {
		t.Errorf("%d rows for three people: %+v", len(m.Rows), m.Rows)
	}
	for _, r := range m.Rows {
		if len(r.Cells) != len(m.Columns) {
			t.Errorf("%s has %d cells for %d columns", r.Name, len(r.Cells), len(m.Columns))
		}
	}
	if !strings.Contains(p.Lead, "1 conflict is for a person to settle") {
		t.Errorf("lead: %s", p.Lead)
	}
}

func TestAnEmptyLandscapeHasAPage(t *testing.T) {
	l, err := landscape.Compose(landscape.Outline{Title: "Nothing"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := report.Page(l, func(string) (evidence.Record, bool) { return evidence.Record{}, false }, func(string) string { return "" })
	for _, s := range p.Sections {
		if len(s.Blocks) == 0 {
			t.Errorf("section %s is empty", s.ID)
		}
	}
}
