package market

import (
	"fmt"
	"strings"
	"time"

	"roleos/internal/artefact/market"
	"roleos/internal/evidence"
	"roleos/internal/report/page"
	"roleos/internal/report/say"
)

const (
	mostListed = 40 // entries of one list
	mostQuotes = 4  // quotes of one development
)

// view looks up what a page needs.
type view struct {
	b          market.MarketBrief
	find       func(id string) (evidence.Record, bool)
	sourceName func(id string) string
	item       map[string]market.Item
}

// Page returns the brief as its reader sees it. find looks up a record, sourceName the name of a source.
func Page(b market.MarketBrief, find func(id string) (evidence.Record, bool), sourceName func(id string) string) page.Page {
	v := &view{b: b, find: find, sourceName: sourceName, item: map[string]market.Item{}}
	for _, it := range b.Items {
		v.item[it.ID] = it
	}
	s := b.Summary
	p := page.Page{
		Kind: market.Kind, Title: b.Title, Sample: b.Sample, Lead: v.lead(),
		Facts: []page.Fact{
			{Label: "Items", Value: say.Count(s.Items)},
			{Label: "Copies set aside", Value: say.Count(s.Copies)},
			{Label: "New since " + day(s.NewSince), Value: say.Count(s.New)},
			{Label: "Stale", Value: say.Count(s.Stale)},
			{Label: "Touching a product", Value: say.Count(s.Relevant)},
			{Label: "With one source only", Value: fmt.Sprintf("%s of %s", say.Count(s.SingleSource), say.Count(s.Developments))},
		},
	}
	p.Sections = []page.Section{v.developments(), v.products(), v.others(), v.old(), v.copies(), v.unknown()}
	p.Sections = append(p.Sections, page.Made(b.Method, b.Rejected)...)
	return p
}

func day(t time.Time) string { return t.Format("2 Jan 2006") }

func (v *view) lead() string {
	s := v.b.Summary
	if s.Items == 0 {
		return "No item of a feed was read."
	}
	out := fmt.Sprintf("%s since %s, told in %s.", plural(s.New, "new item"), day(s.NewSince), plural(s.Developments, "development"))
	var high []string
	for _, d := range v.b.Developments {
		if d.Importance == "high" && len(high) < 3 {
			high = append(high, "“"+d.Label+"”")
		}
	}
	if len(high) > 0 {
		out += " Most important: " + strings.Join(high, ", ") + "."
	}
	return out
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return say.Count(n) + " " + word + "s"
}

func tone(importance string) page.Tone {
	switch importance {
	case "high":
		return page.Notable
	case "low":
		return page.Unsure
	}
	return page.Plain
}

func (v *view) quote(it market.Item) []page.Quote {
	if it.Quote == nil {
		return nil
	}
	q := page.Quote{Text: it.Quote.Text, RecordID: it.RecordID, Who: it.Outlet}
	if !it.Undated {
		q.Who = strings.TrimPrefix(q.Who+", "+day(it.Published), ", ")
	}
	if r, ok := v.find(it.RecordID); ok {
		q.Where = r.Where(v.sourceName(r.Source))
	}
	return []page.Quote{q}
}

// when says an item's date and what follows from it.
func when(it market.Item) string {
	if it.Undated {
		return "undated"
	}
	return day(it.Published) + ", " + it.Age
}

func (v *view) developments() page.Section {
	s := page.Section{ID: "developments", Title: "Developments", Lead: "Most important first. What importance is made of stands behind each; the rule stands under How this was made."}
	var list page.List
	for _, d := range v.b.Developments {
		if len(list.Items) == mostListed {
			break
		}
		parts := []string{d.ID, d.Age}
		if len(d.Products) > 0 {
			parts = append(parts, "touches "+strings.Join(d.Products, ", "))
		}
		if d.SingleSource {
			parts = append(parts, "no second source found")
		} else {
			parts = append(parts, fmt.Sprintf("%s: %s", plural(len(d.Outlets), "source"), strings.Join(d.Outlets, ", ")))
		}
		var why []string
		for _, f := range d.Factors {
			if f.Count > 0 {
				why = append(why, fmt.Sprintf("%s %d", f.Name, f.Count))
			}
		}
		if len(why) > 0 {
			parts = append(parts, strings.Join(why, ", "))
		}
		if d.Set != nil {
			parts = append(parts, fmt.Sprintf("called %s by %s: %s", d.Set.Importance, d.Set.By, d.Set.Why))
		}
		it := page.Item{Tag: d.Importance, Tone: tone(d.Importance), Text: d.Label, Note: strings.Join(parts, " · ")}
		for _, id := range d.ItemIDs[:min(len(d.ItemIDs), mostQuotes)] {
			it.Quotes = append(it.Quotes, v.quote(v.item[id])...)
		}
		list.Items = append(list.Items, it)
	}
	if len(list.Items) == 0 {
		s.Blocks = []page.Block{page.Text{Text: "Nothing that is not stale touches a product or says something of weight."}}
		return s
	}
	s.Blocks = []page.Block{list}
	if left := len(v.b.Developments) - len(list.Items); left > 0 {
		s.Blocks = append(s.Blocks, page.Text{Text: fmt.Sprintf("%s more are in the JSON.", say.Count(left))})
	}
	return s
}

func (v *view) products() page.Section {
	s := page.Section{ID: "products", Title: "Your products", Lead: "What was looked for, and what was found by it."}
	t := page.Table{Head: []string{"Product", "Stated terms", "Words beside it in your records", "Items"}, Right: []int{3}}
	for _, p := range v.b.Products {
		var words []string
		for _, w := range p.Learned {
			words = append(words, w.Word)
		}
		learned := strings.Join(words, ", ")
		if learned == "" {
			learned = "none"
		}
		t.Rows = append(t.Rows, []string{p.Name, strings.Join(p.Terms, ", "), learned, say.Count(len(p.Items))})
	}
	if len(t.Rows) == 0 {
		s.Blocks = []page.Block{page.Text{Text: "The workspace names no product."}}
		return s
	}
	s.Blocks = []page.Block{t}
	return s
}

// others lists what is in no development and not stale.
func (v *view) others() page.Section {
	in := map[string]bool{}
	for _, d := range v.b.Developments {
		for _, id := range d.ItemIDs {
			in[id] = true
		}
	}
	return v.list("other-items", "Other items", "In no development: they touch no product and say nothing of weight.", func(it market.Item) bool { return !in[it.ID] && !it.Stale })
}

func (v *view) old() page.Section {
	return v.list("stale", "Stale items", "Published before "+day(v.b.Summary.StaleBefore)+".", func(it market.Item) bool { return it.Stale })
}

func (v *view) list(id, title, lead string, take func(market.Item) bool) page.Section {
	s := page.Section{ID: id, Title: title, Lead: lead, Folded: true}
	var list page.List
	left := 0
	for _, it := range v.b.Items {
		if !take(it) {
			continue
		}
		if len(list.Items) == mostListed {
			left++
			continue
		}
		list.Items = append(list.Items, page.Item{Tag: it.ID, Text: it.Title, Note: when(it) + " · " + it.Outlet, Quotes: v.quote(it)})
	}
	if len(list.Items) == 0 {
		s.Blocks = []page.Block{page.Text{Text: "None."}}
		return s
	}
	s.Blocks = []page.Block{list}
	if left > 0 {
		s.Blocks = append(s.Blocks, page.Text{Text: fmt.Sprintf("%s more are in the JSON.", say.Count(left))})
	}
	return s
}

func (v *view) copies() page.Section {
	s := page.Section{ID: "copies", Title: "Copies", Lead: "Records that repeat an item. They count once and are no second source.", Folded: true}
	t := page.Table{Head: []string{"Record", "By", "Repeats", "Why"}}
	for _, c := range v.b.Copies {
		if len(t.Rows) == mostListed {
			t.Omitted = len(v.b.Copies) - mostListed
			break
		}
		t.Rows = append(t.Rows, []string{c.RecordID, c.Outlet, v.item[c.Of].Title, c.Why})
	}
	if len(t.Rows) == 0 {
		s.Blocks = []page.Block{page.Text{Text: "None."}}
		return s
	}
	s.Blocks = []page.Block{t}
	return s
}

func (v *view) unknown() page.Section {
	s := page.Section{ID: "gaps", Title: "What is not known"}
	var gaps page.Gaps
	for _, g := range v.b.Gaps {
		gaps.Gaps = append(gaps.Gaps, page.Gap{What: g.What, Why: g.Why, Mend: g.Mend})
	}
	if len(gaps.Gaps) > 0 {
		s.Blocks = append(s.Blocks, gaps)
	}
	var list page.List
	for _, f := range v.b.Findings {
		list.Items = append(list.Items, page.Item{Tag: f.Severity, Text: f.Message})
	}
	if len(list.Items) > 0 {
		s.Blocks = append(s.Blocks, list)
	}
	if len(s.Blocks) == 0 {
		s.Blocks = []page.Block{page.Text{Text: "Nothing is known to be missing."}}
	}
	return s
}
