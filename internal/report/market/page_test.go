package market_test

import (
	"strings"
	"testing"
	"time"

	"roleos/internal/artefact/market"
	"roleos/internal/evidence"
	marketpage "roleos/internal/report/market"
	"roleos/internal/report/page"
)

// The page says of every development how old it is and whether a second source was found.
func TestPageSaysAgeAndSources(t *testing.T) {
	now := time.Date(2026, 3, 20, 9, 0, 0, 0, time.UTC)
	records := []evidence.Record{
		{ID: "n#1", Source: "s", Text: "Rival Sample raises its prices again", Time: now.AddDate(0, 0, -2), Origin: evidence.Origin{Kind: "item", Turn: 1}},
		{ID: "n#2", Source: "s", Text: "A history of paper reports", Time: now.AddDate(0, 0, -200), Origin: evidence.Origin{Kind: "item", Turn: 2}},
	}
	items := []market.Item{
		{ID: "i-1", RecordID: "n#1", Title: records[0].Text, Outlet: "example.org", Quote: &evidence.Quote{RecordID: "n#1", Text: records[0].Text, End: len(records[0].Text)}},
		{ID: "i-2", RecordID: "n#2", Title: records[1].Text, Outlet: "example.org"},
	}
	b, err := market.Compose(market.Outline{Title: "Brief", AsOf: now, Items: items, Developments: []market.Development{{ID: "d-1", Label: items[0].Title, ItemIDs: []string{"i-1"}}}}, records)
	if err != nil {
		t.Fatal(err)
	}
	p := marketpage.Page(b, func(id string) (evidence.Record, bool) {
		for _, r := range records {
			if r.ID == id {
				return r, true
			}
		}
		return evidence.Record{}, false
	}, func(string) string { return "news.xml" })
	ids := map[string]page.Section{}
	for _, s := range p.Sections {
		ids[s.ID] = s
	}
	list, ok := ids["developments"].Blocks[0].(page.List)
	if !ok || len(list.Items) != 1 || !strings.Contains(list.Items[0].Note, "no second source found") || !strings.Contains(list.Items[0].Note, "new") || list.Items[0].Quotes[0].Where != "news.xml item 1" {
		t.Errorf("developments = %+v", ids["developments"].Blocks)
	}
	if old, ok := ids["stale"].Blocks[0].(page.List); !ok || len(old.Items) != 1 || !strings.Contains(old.Items[0].Note, "stale") {
		t.Errorf("stale = %+v", ids["stale"].Blocks)
	}
	if gaps, ok := ids["gaps"].Blocks[0].(page.Gaps); !ok || len(gaps.Gaps) != 2 {
		t.Errorf("gaps = %+v", ids["gaps"].Blocks)
	}
}
