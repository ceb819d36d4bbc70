package report_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"roleos/internal/artefact"
	"roleos/internal/evidence"
	"roleos/internal/report"
)

var update = flag.Bool("update", false, "write the golden files and the composed synthesis again")

// seed is what testdata/seed.json says about a fictional data product.
type seed struct {
	Title  string
	Tails  []string
	Themes []struct {
		ID, Label, Group, Shape, Statement string
		Count                              int
		Plan, Region                       []int
		Intensity, Signal                  float64
		Texts                              []string
	}
	Groups     []artefact.Bundle
	Unassigned []string
}

func read[T any](t testing.TB, path string) T {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var v T
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return v
}

// grow makes records and groupings out of the seed; the same every time.
func grow(s seed) ([]evidence.Record, artefact.Outline) {
	rng := rand.New(rand.NewPCG(7, 11))
	pick := func(names []string, weights []int) string {
		total := 0
		for _, w := range weights {
			total += w
		}
		k := rng.IntN(total)
		for i, w := range weights {
			if k -= w; k < 0 {
				return names[i]
			}
		}
		return names[0]
	}
	start := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	week := func(shape string) int {
		switch shape {
		case "rise":
			return max(rng.IntN(13), rng.IntN(13))
		case "fade":
			return min(rng.IntN(13), rng.IntN(13))
		case "spike":
			if rng.IntN(2) == 0 {
				return 11
			}
		case "new":
			return 11 + rng.IntN(2)
		}
		return rng.IntN(13)
	}
	var records []evidence.Record
	add := func(text, shape string, plan, region []int) *evidence.Record {
		n := len(records)
		r := evidence.Record{
			ID: fmt.Sprintf("TCK-%d", 1001+n), Source: "src-a1b2c3d4e5f6", Text: text, Channel: []string{"email", "chat", "form"}[rng.IntN(3)],
			Time: start.AddDate(0, 0, 7*week(shape)+rng.IntN(5)).Add(time.Duration(rng.IntN(600)) * time.Minute),
			Segments: []evidence.Attr{
				{Name: "plan", Value: pick([]string{"enterprise", "team", "free"}, plan)},
				{Name: "region", Value: pick([]string{"Americas", "Europe", "Asia-Pacific"}, region)},
			},
		}
		r.Origin.Row = n + 2
		if n > 300 {
			r.Source, r.Origin.Row = "src-0f9e8d7c6b5a", n-298
		}
		records = append(records, r)
		return &records[n]
	}
	o := artefact.Outline{Title: s.Title, Sample: true, Groups: s.Groups}
	for _, th := range s.Themes {
		g := artefact.Grouping{
			ID: th.ID, Label: th.Label, Parent: th.Group, Phrases: strings.Fields(th.Label),
			Signals: artefact.Signals{Silhouette: th.Signal, Stability: th.Signal, InnerEdges: 0.7, Cohesion: 0.6, Margin: 0.2, Size: th.Count},
		}
		for i := range th.Count {
			tail := s.Tails[rng.IntN(len(s.Tails))]
			r := add(strings.TrimSpace(th.Texts[i%len(th.Texts)]+" "+tail), th.Shape, th.Plan, th.Region)
			g.Records = append(g.Records, r.ID)
			if i < min(3, len(th.Texts)) {
				q, _ := r.Quote(0, len(th.Texts[i]))
				g.Quotes = append(g.Quotes, q)
			}
		}
		says := g.Quotes[0]
		g.Says, g.Statement = &says, fmt.Sprintf(th.Statement, says.Text)
		o.Themes = append(o.Themes, g)
	}
	for _, text := range s.Unassigned {
		add(text, "flat", []int{1, 1, 1}, []int{1, 1, 1})
	}
	return records, o
}

// compose computes the synthesis of the seed with a policy made for the test.
func compose(t testing.TB, s seed) (artefact.FeedbackSynthesis, []evidence.Record) {
	t.Helper()
	records, o := grow(s)
	trouble := map[string]float64{}
	for i, th := range s.Themes {
		for _, id := range o.Themes[i].Records {
			trouble[id] = th.Intensity
		}
	}
	o.Sources = []evidence.Source{
		{ID: "src-a1b2c3d4e5f6", Name: "support-2026-spring.csv", Digest: "sha256:a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90", Bytes: 48213, Format: "csv", Encoding: "utf-8", Records: 301},
		{ID: "src-0f9e8d7c6b5a", Name: "chat-2026-spring.jsonl", Digest: "sha256:0f9e8d7c6b5a49382716f5e4d3c2b1a00f9e8d7c6b5a49382716f5e4d3c2b1a0", Bytes: 21990, Format: "jsonl", Encoding: "utf-8", Records: len(records) - 301},
	}
	o.Findings = []artefact.Finding{
		{Kind: "exact_duplicate", Severity: "info", Message: "9 records have the text of another record; each is counted.", Where: []string{"support-2026-spring.csv row 44", "support-2026-spring.csv row 61"}, Count: 9},
		{Kind: "excel_damage", Severity: "warning", Message: "3 ids were rounded by a spreadsheet (5.7E+17). They were given new ids from their rows.", Where: []string{"support-2026-spring.csv row 12", "support-2026-spring.csv row 13", "support-2026-spring.csv row 201"}, Count: 3},
		{Kind: "empty_text", Severity: "info", Message: "2 rows have no text and were set aside.", Where: []string{"support-2026-spring.csv row 77", "support-2026-spring.csv row 78"}, Count: 2},
		{Kind: "gap", Severity: "warning", Message: "Nothing was collected from 4 to 6 April 2026.", Where: []string{"support-2026-spring.csv"}, Count: 1},
	}
	o.Gaps = []artefact.Gap{{What: "Satisfaction by theme", Why: "No column holds a score.", Mend: "Export the score of each record and name its column with --map score=COLUMN."}}
	o.Rejected = []artefact.Rejection{{Statement: "Most enterprise customers plan to leave because of exports.", Why: "No record says so; “most” is 0 of 96."}}
	o.Redirects = map[string]string{"t-aa11bb22": "t-51f0c2a8"}
	o.Method = artefact.Method{
		Analyst: "offline", Version: "1", Seed: 42,
		Steps:  []string{"Texts are split into words and weighed by how rare they are.", "Records are linked to their nearest neighbours.", "Links that hold together form a theme; their number is found, not set."},
		Limits: []string{"A theme is a group of similar words. Whether it is one problem is for a person to judge.", "Shares describe these records. They say nothing about people who did not write."},
		Notes:  []string{"2 long records were split by sentence."},
	}
	o.Redaction = artefact.Redaction{On: true, Masked: map[string]int{"email": 7, "phone": 2}}
	out, err := artefact.Compose(o, records, artefact.Policy{
		Weights:        map[string]float64{"reach": 0.35, "intensity": 0.25, "growth": 0.15, "segment_weight": 0.1, "confidence": 0.15},
		SegmentWeights: map[string]float64{"plan=enterprise": 2, "plan=free": 0.5},
		Q:              0.05, Least: 10, Ratio: 1.5,
		Intensity:  func(r *evidence.Record) float64 { return trouble[r.ID] },
		Confidence: func(s artefact.Signals) float64 { return (s.Silhouette + s.Stability) / 2 },
		Level: func(c float64) string {
			switch {
			case c < 0.4:
				return "low"
			case c < 0.75:
				return "medium"
			}
			return "high"
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return out, records
}

// sample returns the view of the composed synthesis kept in testdata, so that
// the reports are tested on fixed numbers.
func sample(t testing.TB) report.View {
	t.Helper()
	s := read[seed](t, "testdata/seed.json")
	kept := filepath.Join("testdata", "synthesis.json")
	if *update {
		out, _ := compose(t, s)
		out.Figures = out.Figures[:5] // enough to see their form
		b, err := json.Marshal(out)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(kept, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	records, _ := grow(s)
	return view(read[artefact.FeedbackSynthesis](t, kept), records)
}

func view(s artefact.FeedbackSynthesis, records []evidence.Record) report.View {
	byID := make(map[string]evidence.Record, len(records))
	for _, r := range records {
		byID[r.ID] = r
	}
	return report.View{
		Draft: "fs-3f2a91c0", Revision: "2", State: "validated",
		Digest:    "sha256:3f2a91c0d5b7e8f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f70819",
		Generated: time.Date(2026, 6, 1, 9, 30, 0, 0, time.UTC),
		Synthesis: s,
		Records:   func(id string) (evidence.Record, bool) { r, ok := byID[id]; return r, ok },
		Gates: []report.Gate{
			{ID: "quotes-grounded", Says: "Every quote is in its record word for word.", Status: "passed"},
			{ID: "figures-recompute", Says: "Every number comes out of the records again.", Status: "passed"},
			{ID: "counted-once", Says: "Every record is counted once.", Status: "passed"},
			{ID: "low-confidence-flagged", Says: "Every theme of low confidence asks for a person's check.", Status: "passed"},
		},
		Next: []string{"roleos review show fs-3f2a91c0", "roleos review approve fs-3f2a91c0"},
		Solo: true,
	}
}

// golden compares got with the file, or writes it under -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs from what is printed now; look at both, then run with -update.\n%s", path, firstDifference(string(want), got))
	}
}

func firstDifference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d\n want %q\n got  %q", i+1, a[i], b[i])
		}
	}
	return fmt.Sprintf("want %d lines, got %d", len(a), len(b))
}

func render(t testing.TB, f func(*bytes.Buffer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := f(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// everywhere renders v in every form for people.
func everywhere(t testing.TB, v report.View) map[string]string {
	text := func(s string) string {
		s = strings.NewReplacer("\u00a0", " ", `\_`, "_", `\.`, ".").Replace(s)
		return strings.Join(strings.Fields(s), " ")
	}
	return map[string]string{
		"terminal": text(terminal(t, v, report.TerminalOptions{Width: 200, Unicode: true})),
		"markdown": text(markdown(t, v)),
		"html":     text(outlineOf(t, page(t, v)).text),
	}
}

func TestAGateThatOnlyWarnsIsNoFailure(t *testing.T) {
	v := sample(t)
	v.Gates[1] = report.Gate{ID: "most-records-assigned", Says: "At least half of the records are counted in a theme.", Status: "warned", Observed: "0.2", Mend: "Read the others."}
	for form, out := range everywhere(t, v) {
		if !strings.Contains(out, "It passed every gate that can stop it; 1 gate warns.") || strings.Contains(out, "x most-records-assigned") {
			t.Errorf("%s does not tell a warning from a failure", form)
		}
	}
	if out := everywhere(t, v)["terminal"]; !strings.Contains(out, "! most-records-assigned") {
		t.Error("the terminal does not mark the gate that warns")
	}
}

func TestRequestedChangesAreShownWithTheReviewersWords(t *testing.T) {
	v := sample(t)
	v.State, v.Said = "drafted", "Name the export theme better"
	for form, out := range everywhere(t, v) {
		if !strings.Contains(out, "Changes were requested. Edit it, then approve.") || !strings.Contains(out, "Name the export theme better") {
			t.Errorf("%s does not say what the reviewer asked for", form)
		}
	}
}

func TestLowCoveragePraiseAndValidationAreSaid(t *testing.T) {
	v := sample(t)
	s := &v.Synthesis
	s.Findings = append(s.Findings, artefact.Finding{Kind: "empty_text", Severity: "warning", Message: "Empty rows.", Count: 1000})
	s.Themes[0].Praise, s.Themes[0].Level, s.Themes[0].Validated = 0.25, "low", "person:ada"
	for form, out := range everywhere(t, v) {
		if !strings.Contains(out, "Speaks for 410 of 1412 rows: the other 1002 have no text.") {
			t.Errorf("%s hides how few rows it speaks for", form)
		}
		if form != "terminal" && (!strings.Contains(out, "25.0 % of its records only praise") || !strings.Contains(out, "validated by person:ada")) {
			t.Errorf("%s says nothing of praise or of who validated the theme", form)
		}
	}
}
