package scaffold

import (
	"fmt"
	"strings"
	"testing"

	"roleos/internal/evidence"
)

// Sample documents, written for these tests.
const strategy = `---
kind: strategy
owner: leadership
date: 2026-09-01
---
# Portfolio 2027

## Priorities
1. Fewer contacts about transfers that have not arrived.
2. Open two more countries.

## Success measures
- Contacts about pending transfers: at most 10 % of contacts by end of Q1 2027
- Cut failed top-ups from 4.5 % to 2 % by 31 March 2027
- Customers are happier with transfers
`

const constraints = `---
kind: constraints
owner: architect
---
## Technical
- C1: The ledger posts in batches every 15 minutes.
- C2. Times are kept in UTC

## Regulatory
- R1: Payment data stays in the European Union.

## Timeline
- The core freeze begins on 15 December 2026 and ends in January.

## Dependencies
- Status webhooks of the card processor (not blocking)
- New ledger API: blocks the work until it is released

## Ethical considerations
- Accounts of vulnerable customers must not be singled out by a delay score.

## Assumptions
- All times are UTC.
`

func record(source, text string) evidence.Record {
	return evidence.Record{ID: source + "#1", Source: source, Text: text}
}

func TestDocumentsAreReadLineByLine(t *testing.T) {
	records := []evidence.Record{record("s", strategy), record("c", constraints), {ID: "f1", Source: "f", Text: "Why is my transfer pending?"}}
	s := Read(records)
	var got []string
	for _, it := range s.Items {
		extra := it.Class + string(it.Blocking)
		if it.Measure != nil {
			extra += fmt.Sprintf(" {%s|%s|%s|%s|%s|%s}", it.Measure.Metric, it.Measure.Comparator, it.Measure.Number, it.Measure.Unit, it.Measure.Deadline, it.Measure.From)
		}
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s: %s %s", it.Section, it.Owner, it.Text, extra)))
		r := records[0]
		if it.Source == "c" {
			r = records[1]
		}
		if err := evidence.CheckQuote(&r, it.Quote); err != nil {
			t.Error(err)
		}
	}
	want := []string{
		"priority leadership: Fewer contacts about transfers that have not arrived.",
		"priority leadership: Open two more countries.",
		"target leadership: Contacts about pending transfers: at most 10 % of contacts by end of Q1 2027  {Contacts about pending transfers|at most|10|%|2027-03-31|}",
		"target leadership: Cut failed top-ups from 4.5 % to 2 % by 31 March 2027  {failed top-ups|at most|2|%|2027-03-31|4.5}",
		"target leadership: Customers are happier with transfers",
		"constraint architect: The ledger posts in batches every 15 minutes. technical",
		"constraint architect: Times are kept in UTC technical",
		"constraint architect: Payment data stays in the European Union. regulatory",
		"constraint architect: The core freeze begins on 15 December 2026 and ends in January. timeline",
		"dependency architect: Status webhooks of the card processor (not blocking) no",
		"dependency architect: New ledger API: blocks the work until it is released yes",
		"ethics architect: Accounts of vulnerable customers must not be singled out by a delay score.",
		"assumption architect: All times are UTC.",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(s.Documents) != 2 || s.Documents[1].Owner != "architect" || s.Records["f1"] || !s.Records["c#1"] {
		t.Errorf("documents %+v, records %v", s.Documents, s.Records)
	}
	if s.Items[5].ID != "C1" || s.Items[7].ID != "R1" || s.Items[8].ID == "" {
		t.Errorf("ids %s %s %s", s.Items[5].ID, s.Items[7].ID, s.Items[8].ID)
	}
}

// TestTheSameDocumentInPieces reads a document that came as one record a line,
// with the headings beside it.
func TestTheSameDocumentInPieces(t *testing.T) {
	field := func(id, heading, text string) evidence.Record {
		return evidence.Record{ID: id, Source: "c", Text: text, Fields: []evidence.Attr{{Name: "heading", Value: heading}}}
	}
	s := Read([]evidence.Record{
		field("1", "", "kind: constraints\nowner: architect"),
		field("2", "Technical", "The ledger posts in batches every 15 minutes."),
		field("3", "Constraints > Regulatory", "Payment data stays in the European Union."),
		field("4", "Dependencies", "No blocking dependencies."),
		field("5", "Ethical considerations", "Nobody is scored."),
	})
	if len(s.Items) != 4 || s.Items[0].Class != Technical || s.Items[1].Class != Regulatory || !s.Items[2].Nothing || s.Items[3].Section != Ethics {
		t.Errorf("%+v", s.Items)
	}
	if s.Items[3].Owner != "architect" || s.Items[3].Quote.Text != "Nobody is scored." {
		t.Errorf("%+v", s.Items[3])
	}
}

// A placeholder is no statement, and no statement that there is nothing.
func TestAPlaceholderSaysNothing(t *testing.T) {
	s := Read([]evidence.Record{record("c", "## Constraints\n- No regulatory constraints apply to exports.\n- Regulatory: to be discussed with legal\n- TBD with the platform team\n## Ethics\nNone discussed yet, sorry.\n- The pending payouts of people in debt must not be delayed.")})
	var got []string
	for _, it := range s.Items {
		got = append(got, fmt.Sprint(it.Nothing, it.Pending))
	}
	if want := "true false, false true, false true, false true, false false"; strings.Join(got, ", ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, ", "), want)
	}
}

// A brief that was published beside the context files is not their equal.
func TestAPublishedDraftIsNoContext(t *testing.T) {
	s := Read([]evidence.Record{
		{ID: "1", Source: "old", Text: "Digest: sha256:" + strings.Repeat("0", 64)},
		{ID: "2", Source: "old", Text: "The ledger posts in batches.", Origin: evidence.Origin{Heading: "Constraints"}},
		{ID: "3", Source: "new", Text: "The ledger posts in batches.", Origin: evidence.Origin{Heading: "Constraints"}},
	})
	if len(s.Items) != 1 || s.Items[0].Source != "new" || !s.Published["old"] {
		t.Errorf("%+v", s)
	}
}

func TestARowStatesABaseline(t *testing.T) {
	s := Read([]evidence.Record{
		{ID: "b1", Source: "b", Origin: evidence.Origin{Row: 2}, Text: "Contacts about pending transfers", Fields: []evidence.Attr{
			{Name: "Metric", Value: "Contacts about pending transfers"}, {Name: "Value", Value: "18 %"}, {Name: "Measured", Value: "August 2026"},
		}},
		{ID: "f1", Source: "f", Origin: evidence.Origin{Row: 2}, Text: "Constraints are hard: at most 10 % please", Fields: []evidence.Attr{{Name: "value", Value: "3"}}},
	})
	if len(s.Items) != 1 || s.Items[0].Measure.Value != 18 || s.Items[0].Measure.Unit != "%" || s.Items[0].Measure.Measured != "August 2026" {
		t.Errorf("%+v", s.Items)
	}
}

// The metric is the row's text where its column is the only one with words.
func TestATableOfMeasuresIsRead(t *testing.T) {
	row := func(id, text string, fields ...string) evidence.Record {
		r := evidence.Record{ID: id, Source: "b", Origin: evidence.Origin{Row: 2}, Text: text}
		for i := 0; i < len(fields); i += 2 {
			r.Fields = append(r.Fields, evidence.Attr{Name: fields[i], Value: fields[i+1]})
		}
		return r
	}
	table := "# Baselines\n\n| Metric | Value | Unit | Measured |\n|---|---:|---|---|\n| Contacts about refunds | 6.2 | % | August 2026 |\n| Median time to answer | TBD | hours | |\n"
	pieces := strings.Split(table, "\n")
	for name, records := range map[string][]evidence.Record{
		"csv":      {row("r2", "Contacts about refunds", "value", "6.2", "unit", "%", "measured", "August 2026"), row("r3", "Too slow", "value", "3", "unit", "stars")},
		"markdown": {record("b", table)},
		"lines":    {record("b", pieces[2]), {ID: "b#2", Source: "b", Text: pieces[4]}, {ID: "b#3", Source: "b", Text: pieces[5]}},
	} {
		items := Read(records).Of(Baseline)
		if len(items) == 0 || items[0].Measure == nil || *items[0].Measure != (Measure{Metric: "Contacts about refunds", Number: "6.2", Value: 6.2, Unit: "%", Measured: "August 2026"}) {
			t.Errorf("%s: %+v", name, items)
			continue
		}
		if name == "csv" && len(items) != 1 || name != "csv" && (len(items) != 2 || !items[1].Pending) {
			t.Errorf("%s: %+v", name, items)
		}
	}
}

func TestAWordThatNarrowsMakesAnotherMeasure(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"Contacts about exchange rates", "Repeat contacts about exchange rates", false},
		{"Failed card payments in the app", "Card payments in the app", false},
		{"First answer to a dispute", "Answer to a dispute", false},
		{"Contacts about exchange rates", "Contacts about foreign exchange rates", false},
		{"Share of contacts about exchange rates", "Contacts about the exchange rate", true},
		{"Support contacts about refunds", "Contacts about refunds", true},
	} {
		if got := SameMeasure(c.a, c.b); got != c.same || SameMeasure(c.b, c.a) != got {
			t.Errorf("%q, %q: %v", c.a, c.b, got)
		}
	}
}

func TestMeasures(t *testing.T) {
	for line, want := range map[string]Measure{
		"Share of failed payments: 2.4 % (August 2026, ledger)":       {Metric: "Share of failed payments", Number: "2.4", Value: 2.4, Unit: "%", Measured: "August 2026, ledger"},
		"Median time to answer is below 4 hours by 2027-03-31":        {Metric: "Median time to answer", Comparator: "below", Number: "4", Value: 4, Unit: "hours", Deadline: "2027-03-31"},
		"At least 1,200 accounts by March 2027":                       {Comparator: "at least", Number: "1,200", Value: 1200, Unit: "accounts", Deadline: "2027-03-31"},
		"Raise weekly active accounts to 900 accounts by end of 2027": {Metric: "weekly active accounts", Comparator: "at least", Number: "900", Value: 900, Unit: "accounts", Deadline: "2027-12-31"},
		"Six weeks":                         {Number: "Six", Value: 6, Unit: "weeks"},
		"Refund contacts <= 5 % by Q2 2027": {Metric: "Refund contacts", Comparator: "at most", Number: "5", Value: 5, Unit: "%", Deadline: "2027-06-30"},
		"Keep the error rate under 0.5 percent, by February 29, 2028": {Metric: "error rate", Comparator: "below", Number: "0.5", Value: .5, Unit: "%", Deadline: "2028-02-29"},
		"Contacts: at most 10 % by someday":                           {Metric: "Contacts", Comparator: "at most", Number: "10", Value: 10, Unit: "%"},
	} {
		got, ok := ParseMeasure(line)
		if !ok || got != want {
			t.Errorf("%s:\n got %+v\nwant %+v", line, got, want)
		}
	}
	for _, line := range []string{"Customers are happier", "", "Ship v2 of the API", "It has to be good"} {
		if m, ok := ParseMeasure(line); ok {
			t.Errorf("%q gives %+v", line, m)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(strategy, "Constraints")
	f.Add(constraints, "")
	f.Add("- x\n\n**Appetite**\n6 weeks by 2027", "Options")
	f.Fuzz(func(t *testing.T, text, heading string) {
		r := record("s", text)
		r.Fields = []evidence.Attr{{Name: "heading", Value: heading}}
		for _, it := range Read([]evidence.Record{r}).Items {
			if err := evidence.CheckQuote(&r, it.Quote); err != nil {
				t.Error(err)
			}
			if it.ID == "" || it.Section == None {
				t.Errorf("%+v", it)
			}
			if it.Measure != nil {
				if v, ok := evidence.ParseNumber(it.Measure.Number); !ok || v != it.Measure.Value {
					t.Errorf("%+v", it.Measure)
				}
			}
		}
	})
}
