package marketscanner_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"roleos/agents"
	"roleos/agents/marketscanner"
	"roleos/internal/artefact/market"
	"roleos/internal/evidence"
	"roleos/internal/fault"
)

var update = flag.Bool("update", false, "write the good example anew")

var now = time.Date(2026, 3, 20, 9, 0, 0, 0, time.UTC)

// news returns an item of a feed, days old at the moment of the brief; -1 for one without a date.
func news(id, feed, link string, days int, text string) evidence.Record {
	title, _, _ := strings.Cut(text, "\n")
	r := evidence.Record{
		ID: id, Text: text, Channel: "feed", Origin: evidence.Origin{Kind: "item", Heading: title},
		Segments: []evidence.Attr{{Name: "feed", Value: feed}}, Fields: []evidence.Attr{{Name: "link", Value: link}},
	}
	if days >= 0 {
		r.Time = now.AddDate(0, 0, -days)
	}
	return r
}

// sample is a made-up market: a purchase that three outlets report, one of them word for word, a price, an old story and noise.
func sample() agents.Task {
	const bought = "Rival Sample acquires Placeholder Analytics\n\nRival Sample said on Tuesday that it acquires Placeholder Analytics, the maker of an export tool for reports, to bring scheduled exports of dashboards to its own customers before the summer."
	t := agents.Task{Now: now, Products: []agents.Product{{Name: "Example Reports", Terms: []string{"scheduled exports"}}}}
	t.Records = []evidence.Record{
		news("news.xml#a1", "Sample News", "https://news.example.org/1?utm_source=x", 2, bought),
		news("wire.xml#b1", "Sample Wire", "https://wire.example.net/77", 2, bought),
		news("news.xml#a1b", "Sample News", "https://www.news.example.org/1/", 1, "Rival Sample acquires Placeholder Analytics (updated)\n\nSee the story."),
		news("blog.xml#c1", "Sample Blog", "https://blog.example.com/rival", 1, "What the purchase of Placeholder Analytics by Rival Sample means\n\nFor teams that export dashboards every week the purchase of Placeholder Analytics is good news: Rival Sample plans scheduled exports, and its dashboards lacked them."),
		news("news.xml#a2", "Sample News", "https://news.example.org/2", 4, "Specimen Cloud raises its prices\n\nFrom April each seat of Specimen Cloud costs two euros more, its managers wrote to their clients. Storage stays as it is."),
		news("blog.xml#c2", "Sample Blog", "https://blog.example.com/old", 90, "A history of paper reports\n\nLong before screens, clerks copied reports by hand and sent them by coach."),
		news("blog.xml#c3", "Sample Blog", "https://blog.example.com/undated", -1, "Garden furniture for offices\n\nChairs made of wood last longer than those made of plastic."),
		news("wire.xml#b2", "Sample Wire", "https://wire.example.net/78", 3, "Regulator asks for watermarks in exported spreadsheets\n\nA regulator published guidance on spreadsheets: each exported workbook should carry a watermark, and finance teams have until autumn."),
	}
	for i := range 8 {
		t.Records = append(t.Records, evidence.Record{ID: fmt.Sprintf("f%d", i), Text: fmt.Sprintf("Our finance people open Example Reports and get a spreadsheet workbook number %d from it", i)})
		t.Records = append(t.Records, evidence.Record{ID: fmt.Sprintf("g%d", i), Text: fmt.Sprintf("The login page is slow for us on day %d and the colours are too bright", i)})
	}
	return t
}

func brief(t *testing.T, task agents.Task) (market.MarketBrief, []byte) {
	t.Helper()
	d, err := marketscanner.New(marketscanner.Options{}).Draft(t.Context(), task)
	if err != nil {
		t.Fatal(err)
	}
	b, err := market.Parse(d.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b, d.Body
}

func TestBriefOfASampleMarket(t *testing.T) {
	task := sample()
	b, body := brief(t, task)
	var lines []string
	for _, c := range b.Copies {
		lines = append(lines, "copy "+c.RecordID+" of "+c.Of+": "+c.Why)
	}
	id := market.ItemID("news.xml#a1")
	want := []string{
		"copy wire.xml#b1 of " + id + ": same text: 100 % of its runs of 4 words",
		"copy news.xml#a1b of " + id + ": same link",
	}
	if d := cmp.Diff(want, lines); d != "" {
		t.Error(d)
	}
	lines = nil
	for _, d := range b.Developments {
		lines = append(lines, fmt.Sprintf("%s | %s %s single=%v %v records=%d", d.Label, d.Importance, d.Age, d.SingleSource, d.Outlets, d.Records))
	}
	want = []string{
		"Rival Sample acquires Placeholder Analytics | high new single=false [news.example.org blog.example.com] records=4",
		"Regulator asks for watermarks in exported spreadsheets | medium new single=true [wire.example.net] records=1",
		"Specimen Cloud raises its prices | low new single=true [news.example.org] records=1",
	}
	if d := cmp.Diff(want, lines); d != "" {
		t.Error(d)
	}
	ages := map[string]string{}
	for _, it := range b.Items {
		ages[it.RecordID] = it.Age
	}
	if d := cmp.Diff(map[string]string{"news.xml#a1": "new", "blog.xml#c1": "new", "news.xml#a2": "new", "blog.xml#c2": "stale", "blog.xml#c3": "undated", "wire.xml#b2": "new"}, ages); d != "" {
		t.Error(d)
	}
	if s := b.Summary; s.Records != 24 || s.Items != 6 || s.Copies != 2 || s.New != 4 || s.SingleSource != 2 || s.Relevant != 3 {
		t.Errorf("summary = %+v", s)
	}
	doc, err := evidence.NewDocument(body)
	if err != nil {
		t.Fatal(err)
	}
	corpus, err := b.Corpus(task.Records)
	if err != nil {
		t.Fatal(err)
	}
	if bad := corpus.Recompute(doc, b.Figures); len(bad) > 0 {
		t.Errorf("figures: %+v", bad)
	}
	if _, again := brief(t, sample()); string(again) != string(body) {
		t.Error("the same input gives other bytes")
	}
	example(t, task, body)
}

// example keeps the contract's good example equal to what the agent drafts.
func example(t *testing.T, task agents.Task, body []byte) {
	t.Helper()
	var records []any
	for _, r := range task.Records {
		m := yaml.MapSlice{{Key: "id", Value: r.ID}, {Key: "text", Value: r.Text}}
		if !r.Time.IsZero() {
			m = append(m, yaml.MapItem{Key: "time", Value: r.Time.Format(time.RFC3339)})
		}
		records = append(records, m)
	}
	var draft any
	if err := yaml.UnmarshalWithOptions(body, &draft, yaml.UseOrderedMap()); err != nil {
		t.Fatal(err)
	}
	want, err := yaml.Marshal(yaml.MapSlice{
		{Key: "kind", Value: "Example"},
		{Key: "says", Value: "A brief of a made-up market, as the product composes it."},
		{Key: "records", Value: records},
		{Key: "draft", Value: draft},
	})
	if err != nil {
		t.Fatal(err)
	}
	const file = "../../contracts/examples/market-brief/good.yaml"
	if *update {
		if err := os.WriteFile(file, want, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != string(want) {
		t.Errorf("%s is not what the agent drafts now (%v); look at it, then run: go test ./agents/marketscanner -update", file, err)
	}
}

func TestWithoutProductsOrDatesTheBriefSaysSo(t *testing.T) {
	task := sample()
	task.Products = nil
	b, _ := brief(t, task)
	gaps := map[string]bool{}
	for _, g := range b.Gaps {
		gaps[g.What] = true
	}
	if !gaps["Relevance to products"] || !gaps["A second source"] || !gaps["Dates of some items"] || gaps["News of this week"] || len(b.Developments) == 0 {
		t.Errorf("gaps = %v, %d developments", gaps, len(b.Developments))
	}
	task.Now = now.AddDate(0, 2, 0)
	b, _ = brief(t, task)
	for _, d := range b.Developments {
		if d.Importance != "low" || !d.Stale {
			t.Errorf("%s is %s, stale %v", d.Label, d.Importance, d.Stale)
		}
	}
}

func TestEdits(t *testing.T) {
	task := sample()
	b, body := brief(t, task)
	price, purchase := b.Developments[2], b.Developments[0]
	for _, c := range []struct {
		change market.Change
		note   string
		says   func(market.MarketBrief) bool
	}{
		{market.Change{Op: market.Weigh, Development: price.ID, Importance: "high", Why: "our largest rival"}, "called", func(x market.MarketBrief) bool {
			return x.Developments[0].ID == price.ID || x.Developments[1].ID == price.ID
		}},
		{market.Change{Op: market.Rename, Development: price.ID, Label: "Prices"}, "renamed", func(x market.MarketBrief) bool { return x.Developments[2].Label == "Prices" }},
		{market.Change{Op: market.Merge, Development: price.ID, Into: purchase.ID}, "merged", func(x market.MarketBrief) bool {
			return len(x.Developments) == 2 && x.Redirects[price.ID] == purchase.ID
		}},
		{market.Change{Op: market.Drop, Item: price.ItemIDs[0]}, "dropped", func(x market.MarketBrief) bool { return x.Summary.Items == 5 && len(x.Developments) == 2 }},
	} {
		edit, err := json.Marshal(c.change)
		if err != nil {
			t.Fatal(err)
		}
		out, note, err := market.Edit(body, edit, "person:ada", task.Records)
		if err != nil {
			t.Errorf("%s: %v", c.change.Op, err)
			continue
		}
		next, err := market.Parse(out)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(note, c.note) || !c.says(next) || len(market.Diff(b, next)) == 0 {
			t.Errorf("%s: %s", c.change.Op, note)
		}
		if next.Summary.AsOf != b.Summary.AsOf || next.Summary.NewSince != b.Summary.NewSince || next.Summary.StaleBefore != b.Summary.StaleBefore {
			t.Errorf("%s moved the dates: %+v", c.change.Op, next.Summary)
		}
	}
	for _, bad := range []string{`{"op":"x"}`, `{"op":"drop_item","item":"i-0"}`, `{"op":"set_importance","development":"` + price.ID + `","importance":"huge","why":"x"}`, `{"op":"set_importance","development":"` + price.ID + `","importance":"high"}`, `{"op":"drop_item","extra":1}`} {
		if _, _, err := market.Edit(body, []byte(bad), "person:ada", task.Records); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
}

// What is no feed makes no draft: an empty one would fail its contract, and demote
// the agent for somebody's mistake with a file.
func TestWithoutAFeedItSaysWhatItNeeds(t *testing.T) {
	task := agents.Task{Now: now, Sources: []evidence.Source{{ID: "s", Name: "items.csv", Format: "csv"}}, Records: []evidence.Record{{ID: "1", Text: "The export fails every night"}}}
	_, err := marketscanner.New(marketscanner.Options{}).Draft(t.Context(), task)
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != fault.Invalid || !strings.Contains(f.Message, "items.csv (read as csv)") || !strings.Contains(f.Mend, "RSS, Atom or JSON Feed") {
		t.Errorf("%v", err)
	}
}
