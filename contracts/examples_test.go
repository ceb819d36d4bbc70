package contracts_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"roleos/contracts"
	"roleos/internal/artefact"
	"roleos/internal/evidence"
)

var update = flag.Bool("update", false, "write the good examples anew")

// subjects of the example's records, and what customers say about them.
func says() []string {
	return []string{
		"The CSV export stops halfway and the file is empty",
		"Since Monday the export to Excel is broken for large tables",
		"Please add dark mode to the dashboard, my eyes hurt at night",
		"I cannot invite a colleague, the invitation mail never arrives",
	}
}

// seconds is how strongly each of them complains.
func strengths() []float64 { return []float64{0.8, 0.7, 0.2, 0.6} }

// exampleRecords are 40 records over four weeks; the third theme appears in the last.
func exampleRecords(timed bool) ([]evidence.Record, [][]string) {
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	members := make([][]string, 3)
	var out []evidence.Record
	for i := range 40 {
		week := i / 10
		say, theme := i%2, 0
		switch {
		case week == 3 && i%10 < 6:
			say, theme = 3, 2
		case i%5 == 2:
			say, theme = 2, 1
		case i == 39:
			say, theme = -1, -1
		}
		r := evidence.Record{ID: fmt.Sprintf("r%02d", i+1), Text: "Thanks", Channel: []string{"email", "chat"}[i%2]}
		if say >= 0 {
			r.Text = says()[say]
			if say == 2 && i%3 == 0 {
				r.Text = kind
			}
		}
		if timed {
			r.Time = start.AddDate(0, 0, 7*week).Add(time.Duration(i%10) * time.Hour)
		}
		r.Segments = []evidence.Attr{{Name: "plan", Value: []string{"free", "team"}[i%4/2]}}
		if theme >= 0 {
			members[theme] = append(members[theme], r.ID)
		}
		out = append(out, r)
	}
	return out, members
}

func intensities(records []evidence.Record) map[string]float64 {
	out := map[string]float64{}
	for _, r := range records {
		for i, s := range says() {
			if r.Text == s {
				out[r.ID] = strengths()[i]
			}
		}
	}
	return out
}

// exampleDraft composes a synthesis of the records, as the product does.
func exampleDraft(t testing.TB, records []evidence.Record, members [][]string) artefact.FeedbackSynthesis {
	t.Helper()
	index := map[string]*evidence.Record{}
	for i := range records {
		index[records[i].ID] = &records[i]
	}
	o := artefact.Outline{
		Title:    "Feedback on the dashboard, March 2026",
		Sources:  []evidence.Source{{ID: "src-000000000000", Name: "feedback.csv", Digest: "sha256:" + strings.Repeat("0", 64), Bytes: 1, Format: "csv", Records: len(records)}},
		Groups:   []artefact.Bundle{{ID: "g-1", Label: "Data out"}, {ID: "g-2", Label: "Everyday use"}},
		Findings: []artefact.Finding{{Kind: "gap", Severity: "info", Message: "No record came in on Sundays.", Where: []string{}, Count: 4}},
		Method:   artefact.Method{Analyst: "offline", Version: "1", Seed: 1, Steps: []string{"group"}, Limits: []string{"Words only."}},
	}
	for i, label := range []string{"Export broken", "Dark mode", "Invitation mail"} {
		r := index[members[i][0]]
		q, ok := r.Quote(0, len(r.Text))
		if !ok {
			t.Fatal("no quote")
		}
		sure := []float64{0.9, 0.7, 0.3}[i]
		o.Themes = append(o.Themes, artefact.Grouping{
			ID: fmt.Sprintf("t-%d", i+1), Label: label, Statement: "Customers report: “" + q.Text + "”", Says: &q,
			Parent: []string{"g-1", "g-2", "g-2"}[i], Records: members[i], Quotes: []evidence.Quote{q}, Phrases: []string{strings.ToLower(label)},
			Signals: artefact.Signals{Silhouette: sure, Stability: sure, InnerEdges: sure, Cohesion: sure, Margin: sure, Size: len(members[i])},
		})
	}
	s, err := artefact.Compose(o, records, examplePolicy(records))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func examplePolicy(records []evidence.Record) artefact.Policy {
	intensity, praise := intensities(records), praises(records)
	return artefact.Policy{
		Weights: map[string]float64{"reach": 0.35, "intensity": 0.25, "growth": 0.15, "segment_weight": 0.1, "confidence": 0.15},
		Q:       0.2, Least: 5, Ratio: 1.5,
		Intensity:  func(r *evidence.Record) float64 { return intensity[r.ID] },
		Praise:     func(r *evidence.Record) float64 { return praise[r.ID] },
		Confidence: func(s artefact.Signals) float64 { return 0.5*s.Silhouette + 0.5*s.Stability },
		Level: func(c float64) string {
			switch {
			case c < 0.4:
				return "low"
			case c < 0.8:
				return "medium"
			}
			return "high"
		},
	}
}

// The good examples are what the product composes, not what somebody typed: they
// hold its fields and its numbers, whatever words it uses.
func TestGoodExamplesAreComposed(t *testing.T) {
	for name, timed := range map[string]bool{"good.yaml": true, "without-times.yaml": false} {
		records, members := exampleRecords(timed)
		s := exampleDraft(t, records, members)
		body, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		ordered := func(v any) any {
			data, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			var out any
			if err := yaml.UnmarshalWithOptions(data, &out, yaml.UseOrderedMap()); err != nil {
				t.Fatal(err)
			}
			return out
		}
		var samples []any
		for _, r := range records {
			m := yaml.MapSlice{{Key: "id", Value: r.ID}, {Key: "text", Value: r.Text}, {Key: "channel", Value: r.Channel}}
			if timed {
				m = append(m, yaml.MapItem{Key: "time", Value: r.Time.Format(time.RFC3339)})
			}
			samples = append(samples, append(m, yaml.MapItem{Key: "segments", Value: yaml.MapSlice{{Key: "plan", Value: r.Segments[0].Value}}}))
		}
		want, err := yaml.Marshal(yaml.MapSlice{
			{Key: "kind", Value: "Example"},
			{Key: "says", Value: "A synthesis as the product composes it" + map[bool]string{true: ", with trends and an alert.", false: " from records without a time."}[timed]},
			{Key: "records", Value: samples},
			{Key: "measures", Value: yaml.MapSlice{{Key: "intensity", Value: ordered(intensities(records))}, {Key: "segment_weight", Value: ordered(ones(records))}, {Key: "praise", Value: ordered(praises(records))}}},
			{Key: "methods", Value: yaml.MapSlice{{Key: "confidence", Value: yaml.MapSlice{{Key: "silhouette", Value: 0.5}, {Key: "stability", Value: 0.5}}}}},
			{Key: "draft", Value: ordered(json.RawMessage(body))},
		})
		if err != nil {
			t.Fatal(err)
		}
		file := "examples/feedback-synthesis/" + name
		if *update {
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		e, err := contracts.LoadExample(os.DirFS("."), file)
		if err != nil {
			t.Fatal(err)
		}
		kept, err := e.Subject()
		if err != nil {
			t.Fatal(err)
		}
		if got, want := wordless(t, kept.Body), wordless(t, body); got != want {
			t.Errorf("%s has other fields or numbers than what the product composes now; run: go test ./contracts -update", file)
		}
		if timed && len(s.Alerts) == 0 {
			t.Error("the good example has no alert")
		}
	}
}

// wordless returns the document with every text emptied: how the product words
// things may change without the examples.
func wordless(t testing.TB, data []byte) string {
	t.Helper()
	var doc any
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	var strip func(any) any
	strip = func(v any) any {
		switch v := v.(type) {
		case string:
			return ""
		case map[string]any:
			for k, x := range v {
				v[k] = strip(x)
			}
		case []any:
			for i, x := range v {
				v[i] = strip(x)
			}
		}
		return v
	}
	out, err := json.Marshal(strip(doc))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// kind is what a customer says who has no trouble.
const kind = "I love the dark dashboard at night"

func praises(records []evidence.Record) map[string]float64 {
	out := map[string]float64{}
	for _, r := range records {
		if r.Text == kind {
			out[r.ID] = 1
		}
	}
	return out
}

func ones(records []evidence.Record) map[string]float64 {
	out := map[string]float64{}
	for _, r := range records {
		out[r.ID] = 1
	}
	return out
}
