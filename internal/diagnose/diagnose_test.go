package diagnose_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/fstest"

	"roleos/internal/diagnose"
)

func all(a diagnose.Answer, n int) map[string]diagnose.Answer {
	out := map[string]diagnose.Answer{}
	for i, s := range diagnose.Signs() {
		out[s.ID] = diagnose.No
		if i < n {
			out[s.ID] = a
		}
	}
	return out
}

func TestThirteenSignsEachAddressed(t *testing.T) {
	signs := diagnose.Signs()
	if len(signs) != 13 {
		t.Fatalf("%d signs, want 13", len(signs))
	}
	for i, s := range signs {
		if s.N != i+1 || s.ID == "" || !strings.HasSuffix(s.Asks, "?") || len(s.Addressed) == 0 {
			t.Errorf("sign %d: %+v", i+1, s)
		}
	}
}

func TestScoreFollowsTheAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		answers     map[string]diagnose.Answer
		score, most float64
		level       string
	}{
		"all no":           {all(diagnose.Yes, 0), 0, 0, "few"},
		"three":            {all(diagnose.Yes, 3), 3, 3, "few"},
		"seven":            {all(diagnose.Yes, 7), 7, 7, "several"},
		"eight":            {all(diagnose.Yes, 8), 8, 8, "deep"},
		"all partly":       {all(diagnose.Partly, 13), 6.5, 6.5, "several"},
		"nothing answered": {nil, 0, 13, "open"},
	} {
		r := diagnose.Score(c.answers)
		if r.Score != c.score || r.Most != c.most || r.Level != c.level {
			t.Errorf("%s: score %v, most %v, level %s; want %v, %v, %s", name, r.Score, r.Most, r.Level, c.score, c.most, c.level)
		}
	}
}

func TestWhatAddressesMostComesFirst(t *testing.T) {
	r := diagnose.Score(map[string]diagnose.Answer{"outputs-not-outcomes": "yes", "no-value-in-money": "yes", "unused-reports": "partly"})
	if r.First[0].ID != "cycle-learnings" || r.First[0].Weight != 2.5 || r.First[1].ID != "problem-brief" {
		t.Errorf("first %+v", r.First[:2])
	}
	a, _ := json.Marshal(r)
	b, _ := json.Marshal(diagnose.Score(map[string]diagnose.Answer{"unused-reports": "partly", "no-value-in-money": "yes", "outputs-not-outcomes": "yes"}))
	if string(a) != string(b) {
		t.Error("the same answers give other bytes")
	}
}

func TestAnswersAreReadFromAFile(t *testing.T) {
	read := func(text string) (map[string]diagnose.Answer, error) {
		return diagnose.ReadAnswers(fstest.MapFS{"a.yaml": {Data: []byte(text)}}, "a.yaml")
	}
	got, err := read("answers:\n  unused-reports: yes\n  3: partly\n  9: no\n  10: true\n")
	if err != nil || got["unused-reports"] != "yes" || got["upstream-surprises"] != "partly" || got["outputs-not-outcomes"] != "no" || got["them-and-us"] != "yes" {
		t.Errorf("answers %v, error %v", got, err)
	}
	for text, want := range map[string]string{
		"answers:\n  unused: yes\n":                  `a.yaml:2:11: there is no sign "unused"`,
		"answers:\n  3: rather\n":                    "rather is no answer; expected yes, partly or no",
		"answers:\n  2: yes\n  unused-reports: no\n": "answered twice",
		"answers: {}\n":                              "holds no answers",
		"answer:\n  2: yes\n":                        "a.yaml:1:1",
	} {
		if _, err := read(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", text, err, want)
		}
	}
}
