package eval_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"roleos/internal/eval"
	"roleos/internal/evidence"
)

func value(t *testing.T, r eval.Report, name string) eval.Score {
	t.Helper()
	for _, s := range r.Scores {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no score %s in %v", name, r.Scores)
	return eval.Score{}
}

// group sets n records with k labels into themes; every wrong-th record goes astray.
func group(n, k, wrong int) eval.Report {
	labels := eval.Labels{}
	themes := map[string][]string{}
	for i := range n {
		id := fmt.Sprintf("r%03d", i)
		labels[id] = fmt.Sprint("label ", i%k)
		theme := i % k
		if wrong > 0 && i%wrong == 0 {
			theme = (i + 1) % k
		}
		themes[fmt.Sprint("t-", theme)] = append(themes[fmt.Sprint("t-", theme)], id)
	}
	var body struct {
		Themes []map[string]any `json:"themes"`
	}
	for i := range k {
		name := fmt.Sprint("t-", i)
		body.Themes = append(body.Themes, map[string]any{"id": name, "record_ids": themes[name], "confidence_level": "high"})
	}
	data, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	r := eval.Report{Agent: "feedback-river", Method: eval.Grouping, Gold: "sha256:1"}
	if r.Outcomes, r.Notes, err = eval.Themes(data, labels); err != nil {
		panic(err)
	}
	r.Finish()
	return r
}

func TestAKnownGroupingScoresWhatItShould(t *testing.T) {
	// scikit-learn: adjusted_rand_score and normalized_mutual_info_score of these.
	body := `{"themes":[{"id":"0","record_ids":["a","b","d"]},{"id":"1","record_ids":["c","e","f"]}],"unassigned":[]}`
	labels := eval.Labels{"a": "x", "b": "x", "c": "x", "d": "y", "e": "y", "f": "y"}
	r := eval.Report{Method: eval.Grouping}
	var err error
	if r.Outcomes, _, err = eval.Themes([]byte(body), labels); err != nil {
		t.Fatal(err)
	}
	r.Finish()
	if a, n := value(t, r, "ari").Value, value(t, r, "nmi").Value; math.Abs(a-(-0.1111)) > 1e-3 || math.Abs(n-0.0817) > 1e-3 {
		t.Errorf("ari %v, nmi %v", a, n)
	}
	perfect := group(60, 4, 0)
	if value(t, perfect, "ari").Value != 1 || value(t, perfect, "purity_high").Value != 1 || value(t, perfect, "themes_ratio").Value != 1 {
		t.Errorf("perfect: %+v", perfect.Scores)
	}
}

func TestIntervalsHoldTheValueAndNarrowWithData(t *testing.T) {
	wide := 0.0
	for _, n := range []int{60, 300} {
		r := group(n, 4, 7)
		s := value(t, r, "ari")
		if s.Low > s.Value || s.High < s.Value || s.High-s.Low <= 0 {
			t.Errorf("n %d: %+v", n, s)
		}
		if wide > 0 && s.High-s.Low > wide {
			t.Errorf("n %d: the interval %v to %v is wider than with less data (%v)", n, s.Low, s.High, wide)
		}
		wide = s.High - s.Low
	}
}

func TestAComparisonSaysWorseOnlyWhenItIsShown(t *testing.T) {
	good, same, bad := group(200, 5, 9), group(200, 5, 9), group(200, 5, 3)
	verdicts := func(a, b eval.Report) map[string]eval.Verdict {
		d, err := eval.Compare(a, b)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]eval.Verdict{}
		for _, x := range d {
			out[x.Name] = x.Verdict
		}
		return out
	}
	if v := verdicts(good, same); v["ari"] != eval.NoDifference || v["nmi"] != eval.NoDifference || v["themes_ratio"] != eval.NotSampled {
		t.Errorf("the same: %v", v)
	}
	if v := verdicts(good, bad); v["ari"] != eval.Worse {
		t.Errorf("worse: %v", v)
	}
	if v := verdicts(bad, good); v["ari"] != eval.Better {
		t.Errorf("better: %v", v)
	}
	other := good
	other.Gold = "sha256:2"
	if _, err := eval.Compare(other, good); err == nil {
		t.Error("another gold set is compared")
	}
	data, err := json.Marshal(good)
	if err != nil {
		t.Fatal(err)
	}
	back, err := eval.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := json.Marshal(back)
	if !bytes.Equal(data, again) {
		t.Error("a saved report reads back otherwise")
	}
	if x, _ := json.Marshal(group(200, 5, 9)); !bytes.Equal(x, data) {
		t.Error("the same outcomes give other intervals")
	}
}

func TestStatementsArePairedWithWhatPeopleNoted(t *testing.T) {
	records := []evidence.Record{
		{ID: "m#1", Source: "s1", Text: "Let us ship the export fix on Monday.", Origin: evidence.Origin{Speaker: "Ada"}},
		{ID: "m#2", Source: "s1", Text: "I will write to the courier about tracking.", Origin: evidence.Origin{Speaker: "Bo"}},
		{ID: "n#1", Source: "s2", Text: "We agreed to drop the old dashboard.", Origin: evidence.Origin{Speaker: "Cy"}},
	}
	body := `{"statements":[
	 {"id":"a","kind":"decision","text":"Let us ship the export fix on Monday.","record_id":"m#1"},
	 {"id":"b","kind":"action","text":"I will write to the courier about tracking.","record_id":"m#2"},
	 {"id":"c","kind":"decision","text":"We agreed to drop the old dashboard.","record_id":"n#1"},
	 {"id":"d","kind":"request","text":"not scored","record_id":"n#1"}]}`
	noted, err := eval.ParseNoted("gold.jsonl", []byte(`
{"meeting": 7, "kind": "decision", "text": "The export fix ships Monday"}
{"meeting": 7, "kind": "decision", "text": "The  export fix ships monday"}
{"meeting": 7, "kind": "action", "text": "Bo writes to the courier", "carried_over": true}
{"meeting": 8, "kind": "decision", "text": "The new logo is approved by everybody"}
`))
	if err != nil || len(noted) != 2 {
		t.Fatalf("%v, %v", noted, err)
	}
	names := map[string]string{"s1": "Meeting_7.md", "s2": "Meeting_8.md"}
	out, err := eval.Statements([]byte(body), noted, records, func(id string) string { return names[id] })
	if err != nil {
		t.Fatal(err)
	}
	r := eval.Report{Method: eval.Finding, Outcomes: out}
	r.Finish()
	if p, c := value(t, r, "precision"), value(t, r, "recall"); p.Value != .5 || c.Value != .5 {
		t.Errorf("precision %+v, recall %+v; outcomes %+v", p, c, out)
	}
}

func TestAnyArtefactIsScoredAtAPlace(t *testing.T) {
	noted, err := eval.ParseNoted("gold.jsonl", []byte(`{"at":"/constraints/*/text","text":"Times are kept in UTC"}
{"at":"/constraints/*/text","text":"Nothing may be stored abroad"}
{"at":"/problem/theme_id","text":"t-1"}`))
	if err != nil {
		t.Fatal(err)
	}
	out, err := eval.Items([]byte(`{"constraints":[{"text":"times are kept in  UTC"},{"text":"One banner"}],"problem":{"theme_id":"t-1"}}`), noted)
	if err != nil {
		t.Fatal(err)
	}
	r := eval.Report{Method: eval.Finding, Outcomes: out}
	r.Finish()
	if p, c := value(t, r, "precision").Value, value(t, r, "recall").Value; math.Abs(p-.6667) > 1e-3 || math.Abs(c-.6667) > 1e-3 {
		t.Errorf("precision %v, recall %v: %+v", p, c, out)
	}
	if _, err := eval.Items([]byte(`{}`), []eval.Noted{{ID: "x", Text: "y"}}); err == nil || !strings.Contains(err.Error(), "names no place") {
		t.Errorf("a line without a place: %v", err)
	}
}

func TestGoldSetsSayWhatIsWrongWithThem(t *testing.T) {
	for text, want := range map[string]string{
		"id,text\n1,x\n":       "has the columns id, text",
		"id,label\n1,x\n1,y\n": "row 3",
		"id,label\n":           "no labelled record",
		"id,label\n\"1,x\n":    "is no CSV",
	} {
		if _, err := eval.ParseLabels("gold.csv", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for text, want := range map[string]string{"{": "line 1", "{\"kind\":\"x\"}": "has no text", "": "notes nothing"} {
		if _, err := eval.ParseNoted("gold.jsonl", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, _, err := eval.Themes([]byte(`{"themes":[]}`), eval.Labels{"a": "x"}); err == nil {
		t.Error("labels of other records are scored")
	}
}

func FuzzParseNoted(f *testing.F) {
	f.Add([]byte(`{"meeting":1,"kind":"decision","text":"x"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		noted, err := eval.ParseNoted("gold", data)
		if err == nil && len(noted) == 0 {
			t.Error("neither gold nor an error")
		}
	})
}
