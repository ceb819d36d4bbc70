package evidence

import (
	"encoding/json"
	"testing"
)

func TestANumberIsBackedByTheWordsThatStateIt(t *testing.T) {
	for _, c := range []struct {
		text, number string
		want         float64
		ok           bool
	}{
		{"at most 10 % by March", "10", 10, true},
		{"from 18 % to 10 %", "1", 0, false},
		{"more than 1,200 accounts", "1,200", 1200, true},
		{"more than 1,200 accounts", "200", 0, false},
		{"more than 1,200 accounts", "1", 0, false},
		{"answers in 0.5 s, not 2.", "2", 2, true},
		{"answers in 0.5 s", "5", 0, false},
		{"an appetite of six weeks", "six", 6, true},
		{"a sixth week", "six", 0, false},
		{"800ms", "800", 800, true},
		{"v2 of the API", "2", 0, false},
		{"12,5 %", "12,5", 0, false},
		{"nothing", "nothing", 0, false},
	} {
		body, err := json.Marshal(map[string]any{"says": c.text, "n": c.want})
		if err != nil {
			t.Fatal(err)
		}
		d, err := NewDocument(body)
		if err != nil {
			t.Fatal(err)
		}
		corpus, err := NewCorpus(nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := corpus.Eval(Query{Op: OpStated, Number: "/says", Measure: c.number}, d)
		if (err == nil) != c.ok || got.Value != c.want {
			t.Errorf("%q in %q: %v, %v", c.number, c.text, got.Value, err)
		}
	}
}
