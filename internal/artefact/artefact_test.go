package artefact_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"roleos/internal/artefact"
	"roleos/internal/evidence"
	"roleos/internal/fault"
)

// notClaims are the places whose numbers say nothing about the records.
var notClaims = []string{
	"/figures", "/method", "/formula", "/redaction", "/sources", "/findings",
	"/themes/*/quotes", "/themes/*/says", "/themes/*/signals", "/issues/*/rank", "/issues/*/factors/*/weight", "/segments/*/omitted",
}

func policy() artefact.Policy {
	return artefact.Policy{
		Weights: map[string]float64{"reach": .35, "intensity": .25, "growth": .15, "segment_weight": .1, "confidence": .15},
		Q:       0.05, Least: 10, Ratio: 1.5,
		Intensity: func(r *evidence.Record) float64 {
			if strings.Contains(r.Text, "broken") {
				return 0.8
			}
			return 0.1
		},
		Confidence: func(s artefact.Signals) float64 { return (s.Silhouette + s.Stability) / 2 },
		Level: func(c float64) string {
			if c < 0.4 {
				return "low"
			}
			return "high"
		},
	}
}

// batch draws records over twelve weeks with two segments, and themes over them.
func batch(t *rapid.T) ([]evidence.Record, artefact.Outline) {
	n := rapid.IntRange(0, 160).Draw(t, "records")
	k := rapid.IntRange(0, 6).Draw(t, "themes")
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	records := make([]evidence.Record, n)
	o := artefact.Outline{Title: "t"}
	for i := range k {
		o.Themes = append(o.Themes, artefact.Grouping{
			ID: fmt.Sprintf("t-%d", i), Label: fmt.Sprintf("theme %d", i), Parent: fmt.Sprintf("g-%d", i%2),
			Signals: artefact.Signals{
				Silhouette: rapid.Float64Range(0, 1).Draw(t, "silhouette"), Stability: rapid.Float64Range(0, 1).Draw(t, "stability"),
			},
		})
	}
	if k > 0 {
		o.Groups = []artefact.Bundle{{ID: "g-0", Label: "even"}, {ID: "g-1", Label: "odd"}}
	}
	for i := range records {
		r := &records[i]
		r.ID = fmt.Sprintf("r%d", i)
		r.Text = rapid.SampledFrom([]string{"the export is broken again", "how do I share a dashboard with my team", "thanks"}).Draw(t, "text")
		if rapid.IntRange(0, 9).Draw(t, "timed") > 0 {
			r.Time = start.Add(time.Duration(rapid.IntRange(0, 12*7*24-1).Draw(t, "hour")) * time.Hour)
		}
		if v := rapid.SampledFrom([]string{"", "free", "team", "enterprise"}).Draw(t, "plan"); v != "" {
			r.Segments = []evidence.Attr{{Name: "plan", Value: v}}
		}
		r.Channel = rapid.SampledFrom([]string{"email", "chat"}).Draw(t, "channel")
		if th := rapid.IntRange(-1, k-1).Draw(t, "theme"); th >= 0 {
			g := &o.Themes[th]
			g.Records = append(g.Records, r.ID)
			q, _ := r.Quote(0, len(r.Text))
			if g.Says == nil {
				g.Says, g.Quotes = &q, []evidence.Quote{q}
			}
		}
	}
	return records, o
}

func document(t interface{ Fatal(...any) }, s artefact.FeedbackSynthesis) *evidence.Document {
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	d, err := evidence.NewDocument(data)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestEveryNumberIsAFigureThatRecomputes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		records, o := batch(t)
		s, err := artefact.Compose(o, records, policy())
		if err != nil {
			t.Fatal(err)
		}
		corpus, err := s.Corpus(records, policy())
		if err != nil {
			t.Fatal(err)
		}
		doc := document(t, s)
		for _, m := range corpus.Recompute(doc, s.Figures) {
			t.Errorf("%s (%s): %s: stated %v, computed %v", m.At, m.Figure, m.Why, m.Stated, m.Computed)
		}
		for _, at := range evidence.Unbacked(doc, s.Figures, notClaims) {
			t.Errorf("no figure backs the number at %s", at)
		}
		for _, h := range s.Summary.Headlines {
			for _, at := range h.Numbers {
				if _, ok := doc.Lookup(at); !ok {
					t.Errorf("headline %q names %s, which is not there", h.Text, at)
				}
			}
		}
		counted := len(s.Unassigned)
		for _, th := range s.Themes {
			counted += th.Count
		}
		if counted != len(records) {
			t.Errorf("%d records counted, there are %d", counted, len(records))
		}
	})
}

func TestEditsKeepEveryRecordAndEveryID(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		records, o := batch(t)
		known := map[string]bool{}
		for _, g := range o.Themes {
			known[g.ID] = true
		}
		find := func(id string) (*evidence.Record, bool) {
			i := slices.IndexFunc(records, func(r evidence.Record) bool { return r.ID == id })
			if i < 0 {
				return nil, false
			}
			return &records[i], true
		}
		for range rapid.IntRange(1, 8).Draw(t, "edits") {
			if len(o.Themes) == 0 {
				break
			}
			pick := func(name string) artefact.Grouping {
				return o.Themes[rapid.IntRange(0, len(o.Themes)-1).Draw(t, name)]
			}
			from := pick("theme")
			e := artefact.Edit{
				Op:    rapid.SampledFrom([]artefact.EditOp{artefact.Rename, artefact.Merge, artefact.Split, artefact.Drop, artefact.Validate}).Draw(t, "op"),
				Theme: from.ID, Into: pick("into").ID, Label: rapid.StringMatching(`[a-z]{1,12}`).Draw(t, "label"), By: "person:a",
			}
			if len(from.Records) > 0 {
				e.Records = from.Records[:rapid.IntRange(0, len(from.Records)).Draw(t, "moved")]
			}
			next, note, err := o.Apply(e, find)
			if err != nil {
				if k := fault.KindOf(err); k != fault.Invalid && k != fault.Conflict {
					t.Fatalf("%+v: %v", e, err)
				}
				continue
			}
			if note == "" {
				t.Errorf("%s says nothing about what changed", e.Op)
			}
			o = next
			for _, g := range o.Themes {
				known[g.ID] = true
			}
		}
		s, err := artefact.Compose(o, records, policy())
		if err != nil {
			t.Fatal(err)
		}
		for id := range known {
			live := slices.ContainsFunc(s.Themes, func(th artefact.Theme) bool { return th.ID == id })
			to, redirected := s.Redirects[id]
			target := to == artefact.Unassigned || slices.ContainsFunc(s.Themes, func(th artefact.Theme) bool { return th.ID == to })
			if live == redirected || redirected && !target {
				t.Errorf("id %s: live %v, redirects to %q", id, live, to)
			}
		}
		again, err := artefact.Compose(s.Outline(), records, policy())
		if err != nil {
			t.Fatal(err)
		}
		a, _ := json.Marshal(s)
		b, _ := json.Marshal(again)
		if string(a) != string(b) {
			t.Error("composing the outline of a synthesis gives another synthesis")
		}
	})
}

// weeks returns records over n weeks; share(w) says which of every twenty records of week w are about exports.
func weeks(n int, exports func(week int) int) ([]evidence.Record, artefact.Outline) {
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) // a Monday
	o := artefact.Outline{Themes: []artefact.Grouping{{ID: "t-export", Label: "Exports"}, {ID: "t-rest", Label: "Rest"}}}
	var records []evidence.Record
	for w := range n {
		for i := range 40 {
			r := evidence.Record{ID: fmt.Sprintf("r%d-%d", w, i), Text: "the export is broken again", Time: start.AddDate(0, 0, 7*w).Add(time.Duration(i) * time.Hour)}
			records = append(records, r)
			k := 1
			if i < exports(w) {
				k = 0
			}
			o.Themes[k].Records = append(o.Themes[k].Records, r.ID)
		}
	}
	return records, o
}

func TestAlertsSpeakOfSharesNotOfVolume(t *testing.T) {
	alerts := func(records []evidence.Record, o artefact.Outline) map[string]artefact.AlertKind {
		s, err := artefact.Compose(o, records, policy())
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]artefact.AlertKind{}
		for _, a := range s.Alerts {
			out[a.ThemeID] = a.Kind
		}
		return out
	}
	cases := map[string]struct {
		exports func(int) int
		want    artefact.AlertKind
	}{
		"steady share":          {func(int) int { return 8 }, ""},
		"new in the last weeks": {func(w int) int { return max(0, w-9) * 8 }, artefact.Emerging},
		"a spike":               {func(w int) int { return 4 + 20*(w/11) }, artefact.Spiking},
		"going away":            {func(w int) int { return 20 - 19*(w/10) }, artefact.Fading},
	}
	for name, c := range cases {
		records, o := weeks(12, c.exports)
		if got := alerts(records, o)["t-export"]; got != c.want {
			t.Errorf("%s: alert %q, want %q", name, got, c.want)
		}
	}
	// Three times the volume with the same shares raises nothing.
	records, o := weeks(12, func(int) int { return 8 })
	for i := range records {
		if records[i].Time.After(records[len(records)-40].Time) {
			for k := range 2 {
				r := records[i]
				r.ID += fmt.Sprintf("+%d", k)
				records = append(records, r)
				for j := range o.Themes {
					if slices.Contains(o.Themes[j].Records, records[i].ID) {
						o.Themes[j].Records = append(o.Themes[j].Records, r.ID)
					}
				}
			}
		}
	}
	if got := alerts(records, o); len(got) != 0 {
		t.Errorf("more volume with the same shares raised %v", got)
	}
}

func TestSegmentsAreTestedNotOnlyCounted(t *testing.T) {
	var records []evidence.Record
	o := artefact.Outline{Themes: []artefact.Grouping{{ID: "t-sso", Label: "Sign-in"}, {ID: "t-rest", Label: "Rest"}}}
	add := func(plan, theme string, n int) {
		for range n {
			r := evidence.Record{ID: fmt.Sprintf("r%d", len(records)), Text: "x", Segments: []evidence.Attr{{Name: "plan", Value: plan}}}
			records = append(records, r)
			for i := range o.Themes {
				if o.Themes[i].ID == theme {
					o.Themes[i].Records = append(o.Themes[i].Records, r.ID)
				}
			}
		}
	}
	add("enterprise", "t-sso", 20)
	add("enterprise", "t-rest", 20)
	add("free", "t-sso", 4)
	add("free", "t-rest", 76)
	add("team", "t-sso", 3) // twice its share elsewhere, but far too few to say so
	add("team", "t-rest", 12)
	s, err := artefact.Compose(o, records, policy())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]artefact.Verdict{}
	for _, th := range s.Themes {
		for _, c := range th.Segments {
			got[th.ID+" "+c.Value] = c.Verdict
		}
	}
	for key, want := range map[string]artefact.Verdict{
		"t-sso enterprise": artefact.Over, "t-sso free": artefact.Under, "t-sso team": artefact.AsExpected,
	} {
		if got[key] != want {
			t.Errorf("%s: %q, want %q", key, got[key], want)
		}
	}
}

func TestGapsAreWrittenDown(t *testing.T) {
	s, err := artefact.Compose(artefact.Outline{}, []evidence.Record{{ID: "a", Text: "x"}}, policy())
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Gaps) != 2 {
		t.Fatalf("gaps %+v, want one for time and one for segments", s.Gaps)
	}
	for _, g := range s.Gaps {
		if g.What == "" || g.Why == "" || g.Mend == "" {
			t.Errorf("gap %+v does not say what, why and what would mend it", g)
		}
	}
}

func TestDiffNamesWhatAReaderWouldNotice(t *testing.T) {
	records, o := weeks(4, func(int) int { return 8 })
	a, err := artefact.Compose(o, records, policy())
	if err != nil {
		t.Fatal(err)
	}
	o2, _, err := a.Outline().Apply(artefact.Edit{Op: artefact.Rename, Theme: "t-export", Label: "Exports time out"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := artefact.Compose(o2, records, policy())
	if err != nil {
		t.Fatal(err)
	}
	d := artefact.Diff(a, b)
	if len(d) != 1 || d[0].String() != "renamed t-export: Exports -> Exports time out" {
		t.Errorf("diff %v", d)
	}
	if d := artefact.Diff(a, a); len(d) != 0 {
		t.Errorf("a synthesis differs from itself: %v", d)
	}
}

func TestFactorsWithoutDataAreLeftOutOfTheScore(t *testing.T) {
	records, o := weeks(4, func(int) int { return 30 })
	bare := slices.Clone(records)
	for i := range bare {
		bare[i].Time = time.Time{}
	}
	weighted := policy()
	weighted.SegmentWeights = map[string]float64{"plan=enterprise": 2}
	for name, c := range map[string]struct {
		records []evidence.Record
		policy  artefact.Policy
		without []string
	}{
		"no time, no weights":        {bare, policy(), []string{"growth", "segment_weight"}},
		"no weights":                 {records, policy(), []string{"segment_weight"}},
		"weights no record can have": {records, weighted, []string{"segment_weight"}},
	} {
		s, err := artefact.Compose(o, c.records, c.policy)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Formula.Weights) != 5-len(c.without) || len(s.Issues[0].Factors) != 5-len(c.without) {
			t.Errorf("%s: weights %v, %d factors", name, s.Formula.Weights, len(s.Issues[0].Factors))
		}
		for _, f := range c.without {
			if !strings.Contains(s.Formula.Text, "Left out: "+f+", because ") {
				t.Errorf("%s: the formula does not say why %s is left out: %s", name, f, s.Formula.Text)
			}
		}
	}
}

func TestPraiseFallsBehindTrouble(t *testing.T) {
	records, o := weeks(4, func(int) int { return 30 })
	p := policy()
	p.Praise = func(r *evidence.Record) float64 {
		if slices.Contains(o.Themes[0].Records, r.ID) {
			return 1
		}
		return 0
	}
	s, err := artefact.Compose(o, records, p)
	if err != nil {
		t.Fatal(err)
	}
	if s.Themes[0].ID != "t-export" || s.Issues[0].ThemeID != "t-rest" || s.Issues[1].Score != 0 || s.Issues[1].Praise != 1 {
		t.Errorf("the praised theme ranks %+v", s.Issues)
	}
	if got := s.Summary.Headlines[0].Text; !strings.HasPrefix(got, "“Rest” comes first in priority: 25.0 % of the records") {
		t.Errorf("headline %q", got)
	}
}

func TestLowCoverageIsTheFirstHeadline(t *testing.T) {
	records, o := weeks(4, func(int) int { return 30 })
	o.Findings = []artefact.Finding{{Kind: "empty_text", Severity: "warning", Count: 40}}
	s, err := artefact.Compose(o, records, policy())
	if err != nil {
		t.Fatal(err)
	}
	h := s.Summary.Headlines[0]
	if h.Text != "Speaks for 160 of 200 rows: the other 40 have no text." || !slices.Contains(h.Numbers, "/findings/0/count") {
		t.Errorf("first headline %+v", h)
	}
	o.Findings[0].Severity = "info"
	if s, err = artefact.Compose(o, records, policy()); err != nil || strings.HasPrefix(s.Summary.Headlines[0].Text, "Speaks") {
		t.Errorf("a few empty rows open the report: %v, %+v", err, s.Summary.Headlines)
	}
}

func TestAValidatedThemeNeedsNoCheckAndASmallOneIsNeverHigh(t *testing.T) {
	var records []evidence.Record
	for i := range 3 {
		records = append(records, evidence.Record{ID: fmt.Sprint(i), Text: "x", Segments: []evidence.Attr{{Name: "plan", Value: fmt.Sprint(i)}}})
	}
	o := artefact.Outline{
		Themes: []artefact.Grouping{
			{ID: "t-1", Label: "One", Records: []string{"0", "1"}, Signals: artefact.Signals{Silhouette: 1, Stability: 1}, Parent: "g"},
			{ID: "t-2", Label: "Two · deux", Records: []string{"2"}, Validated: "person:ada", Parent: "g"},
		},
		Groups: []artefact.Bundle{{ID: "g", Label: "Words nobody wrote"}},
	}
	s, err := artefact.Compose(o, records, policy())
	if err != nil {
		t.Fatal(err)
	}
	if s.Themes[0].Level != "medium" || s.Themes[0].Confidence != 1 {
		t.Errorf("two records: level %s, confidence %v", s.Themes[0].Level, s.Themes[0].Confidence)
	}
	if s.Themes[1].Level != "low" || s.Themes[1].NeedsCheck || s.Summary.NeedCheck != 0 {
		t.Errorf("validated theme: %+v", s.Themes[1])
	}
	if s.Groups[0].Label != "One and Two" {
		t.Errorf("group label %q", s.Groups[0].Label)
	}
	for _, g := range s.Gaps {
		if g.What == "Segment breakdown" && g.Why != "The segment plan has fewer than two values with 5 records each." {
			t.Errorf("gap %q", g.Why)
		}
	}
}

func TestPeriodsReadAsDates(t *testing.T) {
	day := time.Date(2026, 9, 14, 0, 0, 0, 0, time.UTC)
	for label, want := range map[string]string{
		"2026-W38": "in the week of 14 Sep 2026", "2026-09-14": "on 14 Sep 2026", "2026-09": "in September 2026", "2026-Q3": "in 2026-Q3",
	} {
		if got := (artefact.Period{Label: label, Start: day}).When(); got != want {
			t.Errorf("%s: %q, want %q", label, got, want)
		}
	}
}
