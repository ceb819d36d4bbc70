package market

import (
	"encoding/json"
	"fmt"

	"roleos/internal/evidence"
)

// Corpus returns the corpus that b's figures are computed over: each development
// holds the records of its items and of their copies.
func (b MarketBrief) Corpus(records []evidence.Record) (*evidence.Corpus, error) {
	record := map[string][]string{}
	for _, it := range b.Items {
		record[it.ID] = append(record[it.ID], it.RecordID)
	}
	for _, c := range b.Copies {
		record[c.Of] = append(record[c.Of], c.RecordID)
	}
	members := make([]evidence.Membership, len(b.Developments))
	for i, d := range b.Developments {
		members[i].Theme = d.ID
		for _, id := range d.ItemIDs {
			members[i].Records = append(members[i].Records, record[id]...)
		}
	}
	return evidence.NewCorpus(records, members)
}

// count fills in the summary and every figure.
func (b *MarketBrief) count(records []evidence.Record) error {
	s := &b.Summary
	s.Records, s.Items, s.Copies, s.Developments, s.SingleSource = len(records), len(b.Items), len(b.Copies), len(b.Developments), b.single()
	for _, it := range b.Items {
		for _, f := range []struct {
			is bool
			n  *int
		}{{it.New, &s.New}, {it.Stale, &s.Stale}, {it.Undated, &s.Undated}, {it.Relevant, &s.Relevant}} {
			if f.is {
				*f.n++
			}
		}
	}
	b.Figures = []evidence.Figure{}
	add := func(at, unit string, value int, q evidence.Query) {
		b.Figures = evidence.Numbered(b.Figures, evidence.Figure{At: at, Unit: unit, Value: float64(value), Query: q})
	}
	items := func(at, unit string, value int, list, flag string) {
		add(at, unit, value, evidence.Query{Op: evidence.OpItems, Number: list, Measure: flag})
	}
	add("/summary/records", "records", s.Records, evidence.Query{Op: evidence.OpCount, Of: &evidence.Selector{}})
	items("/summary/items", "items", s.Items, "/items", "")
	items("/summary/copies", "records", s.Copies, "/copies", "")
	items("/summary/new", "items", s.New, "/items", "new")
	items("/summary/stale", "items", s.Stale, "/items", "stale")
	items("/summary/undated", "items", s.Undated, "/items", "undated")
	items("/summary/relevant", "items", s.Relevant, "/items", "relevant")
	items("/summary/developments", "developments", s.Developments, "/developments", "")
	items("/summary/single_source", "developments", s.SingleSource, "/developments", "single_source")
	for i, d := range b.Developments {
		at := fmt.Sprintf("/developments/%d", i)
		add(at+"/records", "records", d.Records, evidence.Query{Op: evidence.OpCount, Of: &evidence.Selector{Theme: d.ID}})
		for k, f := range d.Factors {
			fat := fmt.Sprintf("%s/factors/%d", at, k)
			items(fat+"/count", "items", f.Count, fat+"/items", "")
		}
	}
	return nil
}

// Marshal writes the brief's bytes.
func (b MarketBrief) Marshal() ([]byte, error) {
	out, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("write the brief: %w", err)
	}
	return out, nil
}
