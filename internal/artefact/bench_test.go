package artefact_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"roleos/internal/artefact"
	"roleos/internal/evidence"
)

// BenchmarkCompose measures computing a synthesis with 100 themes, two segment
// dimensions and a year of weeks, and the size of its JSON.
func BenchmarkCompose(b *testing.B) {
	for _, n := range []int{1_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("records=%d", n), func(b *testing.B) {
			start := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
			records := make([]evidence.Record, n)
			o := artefact.Outline{}
			for i := range 100 {
				o.Themes = append(o.Themes, artefact.Grouping{ID: fmt.Sprintf("t-%d", i), Label: fmt.Sprintf("Theme %d", i)})
			}
			for i := range records {
				r := &records[i]
				r.ID, r.Text, r.Channel = fmt.Sprintf("r%d", i), "the export is broken", []string{"email", "chat", "call"}[i%3]
				r.Time = start.Add(time.Duration(i%(360*24)) * time.Hour)
				r.Segments = []evidence.Attr{{Name: "plan", Value: []string{"free", "team", "enterprise", "trial", "edu"}[i*7%5]}}
				g := &o.Themes[(i*i)%100]
				g.Records = append(g.Records, r.ID)
			}
			for b.Loop() {
				s, err := artefact.Compose(o, records, policy())
				if err != nil {
					b.Fatal(err)
				}
				data, _ := json.Marshal(s)
				b.ReportMetric(float64(len(data)), "json-bytes")
				b.ReportMetric(float64(len(s.Figures)), "figures")
			}
		})
	}
}
