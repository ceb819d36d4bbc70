package evidence

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"roleos/internal/stat"
)

// Eight records: a and b are themes, r7 and r8 fit nowhere, r2 also mentions b.
//
//	      plan        day  theme
//	r1    free          0  a
//	r2    free          0  a, mentions b
//	r3    team          1  a
//	r4    enterprise    2  a
//	r5    team          1  b
//	r6    (none)        2  b
//	r7    free          -  -
//	r8    team          2  -
func eight(t *testing.T) *Corpus {
	t.Helper()
	day := func(n int) time.Time { return dayOne.AddDate(0, 0, n) }
	plan := func(v string) []Attr { return []Attr{{"plan", v}} }
	c, err := NewCorpus([]Record{
		{ID: "r1", Segments: plan("free"), Time: day(0)},
		{ID: "r2", Segments: plan("free"), Time: day(0)},
		{ID: "r3", Segments: plan("team"), Time: day(1)},
		{ID: "r4", Segments: plan("enterprise"), Time: day(2)},
		{ID: "r5", Segments: plan("team"), Time: day(1)},
		{ID: "r6", Time: day(2)},
		{ID: "r7", Segments: plan("free")},
		{ID: "r8", Segments: plan("team"), Time: day(2)},
	}, []Membership{
		{Theme: "a", Records: []string{"r4", "r2", "r1", "r3"}},
		{Theme: "b", Records: []string{"r5", "r6"}, Mentions: []string{"r2", "r5"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	c.Define("weight", func(r *Record) float64 { return float64(r.ID[1] - '0') })
	c.DefineMethod("product", func(in map[string]float64) float64 { return in["x"] * in["y"] })
	return c
}

var dayOne = time.Date(2026, 7, 6, 0, 0, 0, 0, time.UTC)

func days(n int) []time.Time {
	out := make([]time.Time, n+1)
	for i := range out {
		out[i] = dayOne.AddDate(0, 0, i)
	}
	return out
}

func document(t *testing.T, json string) *Document {
	t.Helper()
	d, err := NewDocument([]byte(json))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestCorpusRefusesDoubleCounting(t *testing.T) {
	records := []Record{{ID: "r1"}, {ID: "r2"}}
	for _, c := range []struct {
		name, want string
		records    []Record
		themes     []Membership
	}{
		{"id twice", `record id "r1" occurs twice`, []Record{{ID: "r1"}, {ID: "r1"}}, nil},
		{"theme twice", `theme "a" occurs twice`, records, []Membership{{Theme: "a"}, {Theme: "a"}}},
		{"no such record", `theme "a" names record "r9"`, records, []Membership{{Theme: "a", Records: []string{"r9"}}}},
		{"no such mention", `theme "a" names record "r9"`, records, []Membership{{Theme: "a", Mentions: []string{"r9"}}}},
		{"two themes count it", `record "r1" is counted`, records, []Membership{{Theme: "a", Records: []string{"r1"}}, {Theme: "b", Records: []string{"r1"}}}},
		{"one theme counts it twice", `record "r1" is counted`, records, []Membership{{Theme: "a", Records: []string{"r1", "r1"}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := NewCorpus(c.records, c.themes)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that says %q", err, c.want)
			}
		})
	}
}

func TestCorpusKnowsItsRecords(t *testing.T) {
	c := eight(t)
	if c.Len() != 8 {
		t.Errorf("Len = %d, want 8", c.Len())
	}
	if r, ok := c.Record("r3"); !ok || r.ID != "r3" {
		t.Errorf("Record(r3) = %v, %v", r, ok)
	}
	if _, ok := c.Record("r9"); ok {
		t.Error("Record(r9) is there")
	}
	if got := c.Loose(); !slices.Equal(got, []string{"r7", "r8"}) {
		t.Errorf("Loose = %v, want r7 and r8", got)
	}
}

func TestCountPicksWhatTheSelectorSays(t *testing.T) {
	c := eight(t)
	for _, tc := range []struct {
		name string
		s    *Selector
		want int
	}{
		{"no selector", nil, 8},
		{"zero selector", &Selector{}, 8},
		{"theme", &Selector{Theme: "a"}, 4},
		{"mentions, none twice", &Selector{Mentions: "b"}, 3},
		{"assigned", &Selector{Assigned: true}, 6},
		{"unassigned", &Selector{Unassigned: true}, 2},
		{"segment value", &Selector{Segment: "plan", Value: "free"}, 3},
		{"any value", &Selector{Segment: "plan"}, 7},
		{"another value", &Selector{Segment: "plan", NotValue: "free"}, 4},
		{"a value nobody has", &Selector{Segment: "plan", Value: "gold"}, 0},
		{"not a value nobody has", &Selector{Segment: "plan", NotValue: "gold"}, 7},
		{"a segment nobody has", &Selector{Segment: "shoe", Value: "42"}, 0},
		{"theme in segment", &Selector{Theme: "a", Segment: "plan", Value: "free"}, 2},
		{"from", &Selector{From: days(1)[1]}, 5},
		{"to, without its end", &Selector{To: days(1)[1]}, 2},
		{"theme in time", &Selector{Theme: "a", From: days(1)[1], To: days(2)[2]}, 1},
	} {
		for range 2 { // the second answer comes from memory
			if got, err := c.Count(tc.s); err != nil || got != tc.want {
				t.Errorf("%s: %d, %v, want %d", tc.name, got, err, tc.want)
			}
		}
	}
	for _, s := range []Selector{{Theme: "z"}, {Mentions: "z"}} {
		if _, err := c.Count(&s); err == nil || !strings.Contains(err.Error(), `theme "z"`) {
			t.Errorf("%+v: error %v, want one that names the theme", s, err)
		}
	}
}

func TestEveryOperationGivesItsNumber(t *testing.T) {
	c := eight(t)
	draft := document(t, `{"p":[{"v":0.01},{"v":0.04},{"v":0.03}],"x":3,"pair":{"x":2,"y":0.5,"name":"n"},"list":[{"ok":true},{"ok":false},{}]}`)
	a, b := &Selector{Theme: "a"}, &Selector{Theme: "b"}
	free, aFree := &Selector{Segment: "plan", Value: "free"}, &Selector{Theme: "a", Segment: "plan", Value: "free"}
	rest, aRest := &Selector{Segment: "plan", NotValue: "free"}, &Selector{Theme: "a", Segment: "plan", NotValue: "free"}
	lo, hi := stat.Wilson(4, 8)
	one := func(v float64) Result { return Result{Value: Round(v)} }
	// In the table of a by plan, 2 of the 3 free records and 2 of the 4 others are in a.
	lift := (2.5 / 4) / (2.5 / 5)
	for _, tc := range []struct {
		q    Query
		want Result
	}{
		{Query{Op: OpCount, Of: a}, one(4)},
		{Query{Op: OpShare, Of: a}, one(0.5)},
		{Query{Op: OpShare, Of: a, Per: &Selector{Segment: "plan", Value: "gold"}}, one(0)},
		{Query{Op: OpLow, Of: a}, one(lo)},
		{Query{Op: OpHigh, Of: a}, one(hi)},
		{Query{Op: OpLift, Of: aFree, Per: free, Rest: aRest, RestPer: rest}, one(lift)},
		{Query{Op: OpFisher, Of: aFree, Per: free, Rest: aRest, RestPer: rest}, one(stat.Fisher(2, 1, 2, 2))},
		{Query{Op: OpBalance, Of: aFree, Per: free, Rest: aRest, RestPer: rest}, one((2. / 3) / (2./3 + 0.5))},
		{Query{Op: OpBalance, Of: &Selector{Segment: "shoe"}, Per: a, Rest: &Selector{Segment: "shoe"}, RestPer: b}, one(0.5)},
		{Query{Op: OpMean, Of: a, Measure: "weight"}, one(2.5)},
		{Query{Op: OpMean, Of: &Selector{Segment: "shoe"}, Measure: "weight"}, one(0)},
		{Query{Op: OpCounts, Of: a, Periods: days(3)}, Result{Value: 4, Values: []float64{2, 1, 1}}},
		{Query{Op: OpShares, Of: a, Periods: days(3)}, Result{Value: Round(1 + 0.5 + Round(1./3)), Values: []float64{1, 0.5, Round(1. / 3)}}},
		{
			Query{Op: OpChanges, Of: a, Periods: days(3), Least: 2},
			Result{Value: Round(2 + Round(stat.Change(1, 3, 3, 4))), Values: []float64{1, 1, Round(stat.Change(1, 3, 3, 4))}},
		},
		{
			Query{Op: OpCell, Of: aFree, Per: free, Rest: aRest, RestPer: rest},
			Result{Parts: map[string]float64{"count": 2, "share": Round(2. / 3), "rest_share": 0.5, "lift": Round(lift), "p": Round(stat.Fisher(2, 1, 2, 2))}},
		},
		{
			Query{Op: OpCell, Of: aFree, Per: free, Rest: aRest, RestPer: rest, Number: "/p/1/v", Family: []string{"/p/*/v"}},
			Result{Parts: map[string]float64{"count": 2, "share": Round(2. / 3), "rest_share": 0.5, "lift": Round(lift), "p": Round(stat.Fisher(2, 1, 2, 2)), "q": 0.04}},
		},
		{Query{Op: OpFDR, Number: "/p/0/v", Family: []string{"/p/*/v"}}, one(0.03)},
		{Query{Op: OpFDR, Number: "/p/2/v", Family: []string{"/p/*/v"}}, one(0.04)},
		{Query{Op: OpSame, Number: "/x"}, one(3)},
		{Query{Op: OpNeutral}, one(0.5)},
		{Query{Op: OpItems, Number: "/list"}, one(3)},
		{Query{Op: OpItems, Number: "/list", Measure: "ok"}, one(1)},
		{Query{Op: OpSum, Terms: []Term{{"/x", 1}, {"/pair/y", -2}}}, one(2)},
		{Query{Op: OpWeighted, Terms: []Term{{"/pair/x", 0.3}, {"/pair/y", 0.1}}}, one(100 * (0.6 + 0.05) / 0.4)},
		{Query{Op: OpWeighted, Terms: []Term{{"/pair/x", 0}}}, one(0)},
		{Query{Op: OpMethod, Measure: "product", Number: "/pair"}, one(1)},
	} {
		got, err := c.Eval(tc.q, draft)
		if err != nil {
			t.Errorf("%s: %v", tc.q.Op, err)
			continue
		}
		if d := cmp.Diff(tc.want, got); d != "" {
			t.Errorf("%s: %s", tc.q.Op, d)
		}
	}
}

func TestAQueryThatCannotBeAnsweredSaysWhy(t *testing.T) {
	c := eight(t)
	draft := document(t, `{"x":3,"text":"3","list":[1]}`)
	for _, tc := range []struct {
		q    Query
		want string
	}{
		{Query{}, `unknown operation ""`},
		{Query{Op: "guess"}, `unknown operation "guess"`},
		{Query{Op: OpCount, Of: &Selector{Theme: "z"}}, `theme "z"`},
		{Query{Op: OpMean, Measure: "mood"}, `measure "mood"`},
		{Query{Op: OpMean, Measure: "weight", Of: &Selector{Theme: "z"}}, `theme "z"`},
		{Query{Op: OpMethod, Measure: "magic", Number: "/x"}, `method "magic"`},
		{Query{Op: OpMethod, Measure: "product", Number: "/x"}, "no object at /x"},
		{Query{Op: OpCounts}, "at least two edges"},
		{Query{Op: OpShares, Periods: days(2), Per: &Selector{Theme: "z"}}, `theme "z"`},
		{Query{Op: OpSame, Number: "/y"}, "no number at /y"},
		{Query{Op: OpSame, Number: "/text"}, "no number at /text"},
		{Query{Op: OpSame, Number: "/list/7"}, "no number at /list/7"},
		{Query{Op: OpItems, Number: "/x"}, "no list at /x"},
		{Query{Op: OpSum, Terms: []Term{{"/y", 1}}}, "no number at /y"},
		{Query{Op: OpWeighted, Terms: []Term{{"/y", 1}}}, "no number at /y"},
		{Query{Op: OpFDR, Number: "/x", Family: []string{"/list/*"}}, "/x is not a number of the family"},
	} {
		for _, d := range []*Document{draft, nil} {
			if _, err := c.Eval(tc.q, d); err == nil || d != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%+v: error %v, want one that says %q", tc.q, err, tc.want)
			}
		}
	}
}

const draftJSON = `{"total":8,"themes":[{"count":4,"trend":[2,1,1]},{"count":2,"trend":[0,1,1]}],
"cell":{"count":2,"share":0.666667,"rest_share":0.5,"lift":1.25,"p":1},"quotes":[{"start":3,"end":9}]}`

func draftFigures() []Figure {
	a, b := &Selector{Theme: "a"}, &Selector{Theme: "b"}
	return []Figure{
		{ID: "f1", At: "/total", Value: 8, Query: Query{Op: OpCount}},
		{ID: "f2", At: "/themes/0/count", Value: 4, Query: Query{Op: OpCount, Of: a}},
		{ID: "f3", At: "/themes/0/trend", Value: 4, Values: []float64{2, 1, 1}, Query: Query{Op: OpCounts, Of: a, Periods: days(3)}},
		{ID: "f4", At: "/themes/1/count", Value: 2, Query: Query{Op: OpCount, Of: b}},
		{ID: "f5", At: "/themes/1/trend", Value: 2, Values: []float64{0, 1, 1}, Query: Query{Op: OpCounts, Of: b, Periods: days(3)}},
		{ID: "f6", At: "/cell", Parts: map[string]float64{"count": 2, "share": 0.666667, "rest_share": 0.5, "lift": 1.25, "p": 1}, Query: Query{
			Op: OpCell, Of: &Selector{Theme: "a", Segment: "plan", Value: "free"}, Per: &Selector{Segment: "plan", Value: "free"},
			Rest: &Selector{Theme: "a", Segment: "plan", NotValue: "free"}, RestPer: &Selector{Segment: "plan", NotValue: "free"},
		}},
	}
}

func TestRecomputeAcceptsWhatTheRecordsBearOut(t *testing.T) {
	if bad := eight(t).Recompute(document(t, draftJSON), draftFigures()); len(bad) != 0 {
		t.Errorf("mismatches in a sound draft: %+v", bad)
	}
}

func TestRecomputeFindsWhatWasChanged(t *testing.T) {
	for _, tc := range []struct {
		name             string
		old, new         string // in the draft
		figure           func([]Figure)
		want             string // figure
		stated, computed float64
	}{
		{"a number in the draft", `"count":4`, `"count":5`, nil, "f2", 5, 4},
		{"the total", `"total":8`, `"total":9`, nil, "f1", 9, 8},
		{"one period of a trend", `[2,1,1]`, `[2,1,2]`, nil, "f3", 2, 1},
		{"a period too many", `[2,1,1]`, `[2,1,1,4]`, nil, "f3", 4, 3},
		{"a period too few", `[2,1,1]`, `[2,1]`, nil, "f3", 1, 1},
		{"a part of a cell", `"lift":1.25`, `"lift":1.5`, nil, "f6", 1.5, 1.25},
		{"a number that became text", `"total":8`, `"total":"8"`, nil, "f1", 8, 8},
		{"a place that is gone", `"total":8,`, ``, nil, "f1", 8, 8},
		{"a figure", "", "", func(f []Figure) { f[1].Value = 5 }, "f2", 5, 4},
		{"figure and draft alike", `"count":4`, `"count":5`, func(f []Figure) { f[1].Value = 5 }, "f2", 5, 4},
		{"a row of a figure", "", "", func(f []Figure) { f[2].Values[0] = 1 }, "f3", 1, 2},
		{"a part of a figure", "", "", func(f []Figure) { f[5].Parts["p"] = 0.01 }, "f6", 0.01, 1},
		{"a part that the query does not give", "", "", func(f []Figure) { f[5].Parts["q"] = 0.01 }, "f6", 0.01, 0},
		{"a figure that points elsewhere", "", "", func(f []Figure) { f[1].At = "/themes/9/count" }, "f2", 4, 4},
		{"a query over another theme", "", "", func(f []Figure) { f[1].Query.Of.Theme = "b" }, "f2", 4, 2},
		{"a query that cannot be asked", "", "", func(f []Figure) { f[1].Query.Op = "guess" }, "f2", 4, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			figures := draftFigures()
			if tc.figure != nil {
				tc.figure(figures)
			}
			bad := eight(t).Recompute(document(t, strings.Replace(draftJSON, tc.old, tc.new, 1)), figures)
			if len(bad) == 0 {
				t.Fatal("not found")
			}
			m := bad[0]
			if m.Figure != tc.want || m.Stated != tc.stated || m.Computed != tc.computed || m.Why == "" {
				t.Errorf("found %+v, want figure %s, stated %g, computed %g, with a reason", m, tc.want, tc.stated, tc.computed)
			}
		})
	}
}

func TestUnbackedFindsNumbersWithoutFigures(t *testing.T) {
	exempt := []string{"/quotes/*/start", "/quotes/*/end"}
	if got := Unbacked(document(t, draftJSON), draftFigures(), exempt); len(got) != 0 {
		t.Errorf("unbacked in a sound draft: %v", got)
	}
	got := Unbacked(document(t, draftJSON), draftFigures()[1:5], nil)
	want := []string{"/cell/count", "/cell/lift", "/cell/p", "/cell/rest_share", "/cell/share", "/quotes/0/end", "/quotes/0/start", "/total"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	added := strings.Replace(draftJSON, `"total":8`, `"total":8,"summary":{"a/b~c":[{"share":0.9}]}`, 1)
	if got := Unbacked(document(t, added), draftFigures(), exempt); !slices.Equal(got, []string{"/summary/a~1b~0c/0/share"}) {
		t.Errorf("unbacked %v, want the number that was slipped in", got)
	}
	if got := Unbacked(document(t, added), draftFigures(), append(exempt, "/summary")); len(got) != 0 {
		t.Errorf("unbacked %v below an exempt place", got)
	}
}

func TestLookupFollowsPointers(t *testing.T) {
	d := document(t, `{"a/b":{"m~n":[10,{"":7}]},"":1}`)
	for at, want := range map[string]any{"/a~1b/m~0n/0": 10.0, "/a~1b/m~0n/1/": 7.0, "/": 1.0} {
		if got, ok := d.Lookup(at); !ok || got != want {
			t.Errorf("Lookup(%q) = %v, %v, want %v", at, got, ok, want)
		}
	}
	for _, at := range []string{"/x", "/a~1b/m~0n/2", "/a~1b/m~0n/-1", "/a~1b/m~0n/x", "/a~1b/m~0n/0/deeper"} {
		if got, ok := d.Lookup(at); ok {
			t.Errorf("Lookup(%q) = %v, want nothing", at, got)
		}
	}
}

func TestRoundReadsTheSameEverywhere(t *testing.T) {
	zero := 0.0
	for _, c := range [][2]float64{{1. / 3, 0.333333}, {2. / 3, 0.666667}, {-1e-9, 0}, {1e-7, 0}, {12345678.5, 12345678.5}, {zero / zero, 0}, {1 / zero, 0}, {-1 / zero, 0}} {
		got := Round(c[0])
		if got != c[1] || fmt.Sprint(got) == "-0" {
			t.Errorf("Round(%v) = %v, want %v", c[0], got, c[1])
		}
	}
}
