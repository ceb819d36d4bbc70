package gate_test

import (
	"encoding/json"
	"strings"
	"testing"

	"roleos/contracts/gate"
	"roleos/contracts/schema"
	"roleos/internal/evidence"
)

const form = `{"type":"object","properties":{
 "n":{"type":"integer"},"xs":{"type":"array","items":{"type":"number"}},"words":{"type":"array","items":{"type":"string"}},
 "by":{"type":"object","additionalProperties":{"type":"integer"}},"text":{"type":"string"},
 "rows":{"type":"array","items":{"type":"object","properties":{"id":{"type":"string"},"v":{"type":"number"}}}}}}`

func run(t *testing.T, spec gate.Spec, doc string) (gate.Outcome, error) {
	t.Helper()
	s, err := schema.Parse("form", []byte(form))
	if err != nil {
		t.Fatal(err)
	}
	g, err := gate.NewCompiler(s).Compile(spec)
	if err != nil {
		return gate.Outcome{}, err
	}
	d, err := evidence.NewDocument([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return g.Check(t.Context(), &gate.Input{Body: []byte(doc), Document: d}), nil
}

func TestExpressions(t *testing.T) {
	const doc = `{"n":3,"xs":[3,2.5,2.5,-1],"words":["a","B","a"],"by":{"k":2},"text":" \n","rows":[{"id":"x","v":1},{"id":"y","v":1}]}`
	for cel, want := range map[string]string{
		`draft.n + 1 == 4 && draft.n > 2.5 && draft.by["k"] == 2`:                            "",
		`draft.xs.descending() && !draft.xs.map(x, -x).descending()`:                         "",
		`draft.xs.sum() == 7.0 && draft.xs.sum().near(7) && ![].sum().near(1)`:               "",
		`draft.words.distinct() == ["a", "B"] && draft.words.repeated() == ["a"]`:            "",
		`draft.rows.map(r, r.v).distinct().size() == 1 && draft.rows.distinct().size() == 2`: "",
		`[[1, 2], [3]].flatten() == [1, 2, 3] && "ÄB".lower() == "äb" && draft.text.blank()`: "",
		`draft.n > 3`:             "the condition does not hold",
		`draft.words[7] == "x"`:   "error",
		`draft.by["nope"] == 1`:   "error",
		`draft.words.sum() > 0.0`: "error",
	} {
		o, err := run(t, gate.Spec{Kind: gate.Automatic, CEL: cel}, doc)
		switch {
		case err != nil:
			t.Errorf("%s: %v", cel, err)
		case want == "error" && o.Err == nil, want != "error" && o.Err != nil:
			t.Errorf("%s: %+v", cel, o)
		case want == "" && o.Count != 0, want == "the condition does not hold" && o.Count != 1:
			t.Errorf("%s: %+v", cel, o)
		}
	}
}

func TestAnExpressionThatNeverEndsIsStopped(t *testing.T) {
	xs := make([]float64, 3000)
	doc, err := json.Marshal(map[string]any{"xs": xs})
	if err != nil {
		t.Fatal(err)
	}
	o, err := run(t, gate.Spec{Kind: gate.Automatic, CEL: `draft.xs.all(a, draft.xs.all(b, draft.xs.all(c, a + b + c == 0.0)))`}, string(doc))
	if err != nil || o.Err == nil || !strings.Contains(o.Err.Error(), "cost limit") {
		t.Errorf("%+v, %v; want the cost limit", o, err)
	}
}

func TestPlacesAreCountedAndBounded(t *testing.T) {
	o, err := run(t, gate.Spec{Kind: gate.Automatic, Over: []string{"/rows/*"}, CEL: `it.v > 0.0`, Observe: `it.id`},
		`{"rows":[`+strings.Repeat(`{"id":"z","v":0},`, 50)+`{"id":"last","v":1}]}`)
	if err != nil || o.Count != 50 || len(o.Violations) != gate.MaxViolations {
		t.Fatalf("%+v, %v", o, err)
	}
	if v := o.Violations[3]; v.Where != "/rows/3" || v.Observed != "z" {
		t.Errorf("%+v", v)
	}
}

func TestNumbersThatJSONDoesNotKeepAreErrors(t *testing.T) {
	for _, n := range []string{"1.5", "1e300", "9007199254740993e3", `"3"`} {
		o, err := run(t, gate.Spec{Kind: gate.Automatic, CEL: `draft.n >= 0`}, `{"n":`+n+`}`)
		if err != nil || o.Err == nil {
			t.Errorf("n = %s: %+v, %v", n, o, err)
		}
	}
}

func TestThresholds(t *testing.T) {
	one, two := 1.0, 2.0
	for doc, want := range map[string]int{
		`{"xs":[1,2,1.5]}`: 0, `{"xs":[0.9,2.1,1]}`: 2, `{"xs":[]}`: 1, `{}`: 1, `{"xs":["2"]}`: 1,
	} {
		o, err := run(t, gate.Spec{Kind: gate.Threshold, Over: []string{"/xs/*"}, AtLeast: &one, AtMost: &two}, doc)
		if err != nil || o.Count != want {
			t.Errorf("%s: %+v, %v", doc, o, err)
		}
	}
}
