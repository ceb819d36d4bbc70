package contracts_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"roleos/contracts"
	"roleos/internal/evidence"
	"roleos/internal/fault"
)

func synthesis(t testing.TB) *contracts.HandoffContract {
	t.Helper()
	c, err := contracts.Default().Get("feedback-synthesis")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEveryEmbeddedContractIsAccepted(t *testing.T) {
	set := contracts.Default()
	ids, err := set.IDs()
	if err != nil || len(ids) == 0 {
		t.Fatalf("IDs = %v, %v", ids, err)
	}
	for _, id := range ids {
		c, err := set.Get(id)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range contracts.Lint(t.Context(), c) {
			if f.Severity != contracts.Note {
				t.Errorf("%s", f)
			}
		}
	}
}

// Each bad example breaks one gate. Where it breaks figures too that is named
// here, because a number that was changed no longer recomputes.
func TestBadExamplesFailTheirGateAndNoOther(t *testing.T) {
	c := synthesis(t)
	files := os.DirFS(".")
	also := map[string][]string{
		"record-lost.yaml":           {"figures-recompute", "themes-quoted"},
		"low-confidence-hidden.yaml": {"figures-recompute"},
		"alert-by-chance.yaml":       {"figures-recompute"},
		"issues-unsorted.yaml":       {"figures-recompute", "scores-use-stated-weights"},
		"mostly-unassigned.yaml":     {"figures-recompute"},
	}
	for i, g := range c.Gates {
		e, err := contracts.LoadExample(files, g.FailsOn)
		if err != nil {
			t.Fatal(err)
		}
		s, err := e.Subject()
		if err != nil {
			t.Fatal(err)
		}
		r := contracts.Check(t.Context(), c, s)
		_, name, _ := strings.Cut(g.FailsOn, "feedback-synthesis/")
		want := append([]string{g.ID}, also[name]...)
		var got []string
		for _, x := range r.Open() {
			if x.Status == contracts.Failed {
				got = append(got, x.ID)
			}
			if i > 0 && x.Status != contracts.Failed {
				t.Errorf("%s: gate %s is %s: %s", name, x.ID, x.Status, x.Observed)
			}
			if x.Mend == "" {
				t.Errorf("%s: gate %s does not say what would mend it", name, x.ID)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s fails %v, want %v", name, got, want)
		}
		if r.Passed() != (g.Enforcement == contracts.Warn && len(want) == 1) {
			t.Errorf("%s: Passed = %v", name, r.Passed())
		}
	}
}

func TestAFailureSaysWhereAndWhatWasSeen(t *testing.T) {
	c := synthesis(t)
	for _, w := range []struct{ gate, where, observed string }{
		{"schema", "/themes/0", "missing: label"},
		{"quotes-grounded", "/themes/0/quotes/0", `record r01 says "The CSV export stops`},
		{"figures-recompute", "/themes/0/count", "99 stated, "},
		{"every-record-counted-once", "", `record "r01" is counted nowhere`},
		{"low-confidence-flagged", "/themes/2", "confidence is low, not marked for a check"},
		{"labels-unique", "", "same label"},
		{"scores-use-stated-weights", "/issues/0", "score "},
		{"gaps-stated", "", "gaps stated: none"},
		{"most-records-assigned", "/summary/assigned_share", "0.2, at least 0.5 is asked for"},
	} {
		g := c.Gates[slices.IndexFunc(c.Gates, func(g contracts.Gate) bool { return g.ID == w.gate })]
		e, err := contracts.LoadExample(os.DirFS("."), g.FailsOn)
		if err != nil {
			t.Fatal(err)
		}
		s, err := e.Subject()
		if err != nil {
			t.Fatal(err)
		}
		for _, got := range contracts.Check(t.Context(), c, s).Gates {
			if got.ID == w.gate && (got.Where != w.where || !strings.HasPrefix(got.Observed, w.observed)) {
				t.Errorf("%s: %q at %q, want %q at %q", w.gate, got.Observed, got.Where, w.observed, w.where)
			}
		}
	}
}

// Whatever the product composes passes, also from nothing at all.
func TestComposedSynthesesPass(t *testing.T) {
	c := synthesis(t)
	for _, n := range []int{0, 1, 7, 40, 315} {
		r := contracts.Check(t.Context(), c, batch(t, n, max(1, n/10)))
		if !r.Passed() {
			t.Errorf("%d records: %+v", n, r.Open())
		}
	}
}

// Any number of a good draft, changed, is noticed: one of each field, and by a
// little as well as by much.
func TestAnyChangedNumberIsNoticed(t *testing.T) {
	c := synthesis(t)
	s := batch(t, 48, 3)
	// Signals are the analyst's own measurements; the confidence made of them is a figure.
	free := []string{"signals", "figures", "method", "sources", "redaction", "findings", "rank", "omitted"}
	var doc any
	if err := json.Unmarshal(s.Body, &doc); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	index := regexp.MustCompile(`/\d+`)
	for i, at := range numbers(doc, "") {
		field := index.ReplaceAllString(at, "/*")
		if seen[field] || slices.ContainsFunc(strings.Split(at, "/"), func(s string) bool { return slices.Contains(free, s) }) {
			continue
		}
		seen[field] = true
		by := []float64{1, -1, 0.01, 100}[i%4]
		var doc any
		if err := json.Unmarshal(s.Body, &doc); err != nil {
			t.Fatal(err)
		}
		change(doc, strings.Split(at[1:], "/"), by)
		changed := s
		var err error
		if changed.Body, err = json.Marshal(doc); err != nil {
			t.Fatal(err)
		}
		if contracts.Check(t.Context(), c, changed).Passed() {
			t.Errorf("%s changed by %v, and the contract passes", at, by)
		}
	}
	if len(seen) < 30 {
		t.Errorf("only %d fields were tried", len(seen))
	}
}

func numbers(v any, at string) []string {
	var out []string
	switch v := v.(type) {
	case float64:
		return []string{at}
	case map[string]any:
		for k, x := range v {
			out = append(out, numbers(x, at+"/"+k)...)
		}
	case []any:
		for i, x := range v {
			out = append(out, numbers(x, fmt.Sprintf("%s/%d", at, i))...)
		}
	}
	slices.Sort(out)
	return out
}

func change(v any, path []string, by float64) {
	switch d := v.(type) {
	case map[string]any:
		if f, ok := d[path[0]].(float64); ok {
			d[path[0]] = f + by
			return
		}
		change(d[path[0]], path[1:], by)
	case []any:
		var i int
		_, _ = fmt.Sscan(path[0], &i)
		if f, ok := d[i].(float64); ok {
			d[i] = f + by
			return
		}
		change(d[i], path[1:], by)
	}
}

// An error while checking is never a pass.
func TestWhatCannotBeCheckedDoesNotPass(t *testing.T) {
	c := synthesis(t)
	good := batch(t, 40, 3)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	broken := good
	broken.Corpus = func() (*evidence.Corpus, error) { panic("boom") }
	refused := good
	refused.Corpus = func() (*evidence.Corpus, error) { return nil, fault.New(fault.Invalid, "x", "no corpus") }
	without := good
	without.Corpus = nil
	bare := good
	bare.Records = nil
	twice := good
	twice.Body = bytes.Replace(good.Body, []byte(`"sample":false`), []byte(`"sample":true,"sample":false`), 1)
	for name, s := range map[string]contracts.Subject{
		"nothing": {}, "no JSON": {Body: []byte("{")}, "a list": {Body: []byte("[]")}, "null": {Body: []byte("null")},
		"no corpus": refused, "corpus panics": broken, "no way to a corpus": without, "no records": bare, "a key twice": twice,
	} {
		if r := contracts.Check(t.Context(), c, s); r.Passed() || len(r.Gates) != len(c.Gates) {
			t.Errorf("%s: %d gates, passed %v", name, len(r.Gates), r.Passed())
		}
	}
	if r := contracts.Check(gone, c, good); r.Passed() || r.Gates[0].Status != contracts.Errored {
		t.Errorf("cancelled: %+v", r.Gates[0])
	}
	if (contracts.Result{}).Passed() {
		t.Error("a result without gates passes")
	}
	r := contracts.Check(t.Context(), c, good)
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back contracts.Result
	if err := json.Unmarshal(data, &back); err != nil || !back.Passed() || back.Contract != "feedback-synthesis@1.0.0" {
		t.Errorf("a stored result reads back as %+v, %v", back, err)
	}
}

func TestTheSignedPageIsAsKept(t *testing.T) {
	got := contracts.Show(synthesis(t))
	const file = "testdata/feedback-synthesis.md"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what is shown now; look at it, then run: go test ./contracts -update", file)
	}
}
