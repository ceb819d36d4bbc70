package contracts_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"roleos/contracts"
	"roleos/internal/artefact"
	"roleos/internal/evidence"
)

// batch composes a synthesis of n records in k themes over half a year.
func batch(t testing.TB, n, k int) contracts.Subject {
	t.Helper()
	start := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	records := make([]evidence.Record, n)
	o := artefact.Outline{Title: "batch"}
	for i := range k {
		sure := 0.3 + 0.6*float64(i%7)/7
		o.Themes = append(o.Themes, artefact.Grouping{
			ID: fmt.Sprintf("t-%d", i), Label: fmt.Sprintf("Theme %d", i),
			Signals: artefact.Signals{Silhouette: sure, Stability: sure},
		})
	}
	for i := range records {
		r := &records[i]
		r.ID, r.Text, r.Channel = fmt.Sprintf("r%06d", i), says()[i%4], []string{"email", "chat", "call"}[i%3]
		r.Time = start.Add(time.Duration(i%(180*24)) * time.Hour)
		r.Segments = []evidence.Attr{{Name: "plan", Value: []string{"free", "team", "enterprise"}[i*7%5%3]}}
		if i%11 == 0 {
			continue // unassigned
		}
		g := &o.Themes[i*i%97%k]
		g.Records = append(g.Records, r.ID)
	}
	index := func(id string) *evidence.Record {
		var i int
		if _, err := fmt.Sscanf(id, "r%d", &i); err != nil {
			t.Fatal(err)
		}
		return &records[i]
	}
	themes := o.Themes
	o.Themes = nil
	for _, g := range themes {
		if len(g.Records) == 0 {
			continue
		}
		for _, id := range g.Records[:min(3, len(g.Records))] {
			r := index(id)
			if q, ok := r.Quote(0, len(r.Text)); ok {
				g.Quotes = append(g.Quotes, q)
			}
		}
		g.Says, g.Statement = &g.Quotes[0], "Customers report: “"+g.Quotes[0].Text+"”"
		o.Themes = append(o.Themes, g)
	}
	policy := examplePolicy(records)
	s, err := artefact.Compose(o, records, policy)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return contracts.Subject{
		Body: body, Records: records,
		Corpus: func() (*evidence.Corpus, error) { return s.Corpus(records, policy) },
	}
}

// BenchmarkCheck measures all gates over one draft, the contract being compiled.
func BenchmarkCheck(b *testing.B) {
	for _, size := range []struct{ records, themes int }{{315, 20}, {3_080, 77}, {100_000, 97}} {
		b.Run(fmt.Sprintf("records=%d", size.records), func(b *testing.B) {
			c := synthesis(b)
			s := batch(b, size.records, size.themes)
			contracts.Check(b.Context(), c, s)
			for b.Loop() {
				r := contracts.Check(b.Context(), c, s)
				if !r.Passed() {
					b.Fatalf("%+v", r.Open())
				}
			}
			b.ReportMetric(float64(len(s.Body)), "json-bytes")
		})
	}
}

// BenchmarkFirstCheck measures what a process pays once: reading the contract
// and compiling it, and the first check of a small draft.
func BenchmarkFirstCheck(b *testing.B) {
	s := batch(b, 40, 3)
	b.Run("load", func(b *testing.B) {
		for b.Loop() {
			synthesis(b)
		}
	})
	b.Run("load+compile+check", func(b *testing.B) {
		for b.Loop() {
			contracts.Check(b.Context(), synthesis(b), s)
		}
	})
}
