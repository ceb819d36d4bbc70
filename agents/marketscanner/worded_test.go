package marketscanner_test

import (
	"testing"

	"roleos/agents/marketscanner"
	"roleos/agents/wording"
	"roleos/internal/artefact/market"
	"roleos/internal/evidence"
	"roleos/internal/llm/llmtest"
)

// A model names a development and chooses its quote; what is grouped, and how
// important it is, stays.
func TestAModelNamesDevelopmentsAndChoosesTheirQuote(t *testing.T) {
	task := sample()
	brief := func(w wording.Options) market.MarketBrief {
		t.Helper()
		d, err := marketscanner.New(marketscanner.Options{Wording: w}).Draft(t.Context(), task)
		if err != nil {
			t.Fatal(err)
		}
		b, err := market.Parse(d.Body)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	before := brief(wording.Options{})
	m := &llmtest.Script{Answers: map[string]string{"name-developments": `{"groups":[
		{"group":"T1","label":"Rival Sample acquires Placeholder Analytics","quote":"to bring scheduled exports of dashboards to its own customers","block":"T1.1"},
		{"group":"T2","label":"Regulator fines everybody","quote":"Regulator asks for watermarks in all your exports","block":"T2.1"}]}`}}
	after := brief(wording.Options{Model: m})
	if len(before.Developments) != len(after.Developments) || before.Summary != after.Summary {
		t.Fatalf("%d developments, were %d", len(after.Developments), len(before.Developments))
	}
	for i, d := range after.Developments {
		was := before.Developments[i]
		if d.ID != was.ID || d.Importance != was.Importance || len(d.ItemIDs) != len(was.ItemIDs) {
			t.Errorf("development %+v was %+v", d, was)
		}
	}
	quoted := false
	for _, it := range after.Items {
		for i := range task.Records {
			if r := &task.Records[i]; r.ID == it.RecordID && it.Quote != nil && evidence.CheckQuote(r, *it.Quote) != nil {
				t.Errorf("quote %+v", it.Quote)
			}
		}
		quoted = quoted || it.Quote != nil && it.Quote.Text == "to bring scheduled exports of dashboards to its own customers"
	}
	if !quoted || len(after.Rejected) == 0 || after.Method.Analyst != "script:test" {
		t.Errorf("quoted %v, rejected %+v, by %s", quoted, after.Rejected, after.Method.Analyst)
	}
}
