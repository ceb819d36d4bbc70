package contracts_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"roleos/contracts"
)

// The examples are changed where a gate looks, and the gate has to notice.
func TestGatesThatNothingChangesAreFound(t *testing.T) {
	for name, c := range map[string]struct{ gate, want string }{
		"true of none":              {"kind: automatic, cel: 'draft.points.all(p, p.weight > 0)', fails_on: light.yaml", "with nothing at /points it passes, and so does every other gate: a draft without any would go through"},
		"over none":                 {"kind: automatic, over: ['/points/*'], cel: 'it.weight > 0', fails_on: light.yaml", "with nothing at /points it passes"},
		"none below":                {"kind: automatic, cel: 'draft.points.size() > 0 && draft.points.all(p, p.counts.all(c, c > 0))', passes_on: counted.yaml, fails_on: good.yaml", "with nothing at /points/*/counts it passes"},
		"by intention":              {"kind: automatic, cel: 'draft.points.all(p, p.weight > 0)', when_empty: passes, fails_on: light.yaml", ""},
		"one is asked for":          {"kind: automatic, cel: 'draft.points.size() > 0 && draft.points.all(p, p.weight > 0)', fails_on: light.yaml", ""},
		"none may":                  {"kind: automatic, cel: '!draft.points.exists(p, p.weight < 1)', fails_on: light.yaml", ""},
		"another intention":         {"kind: automatic, cel: 'true', when_empty: fails", "when_empty is"},
		"idle field":                {"kind: automatic, cel: 'draft.points.size() > 2 && (draft.title.size() > -1 || draft.title.blank())'", "note: gate g: /title can be changed or left out and the check says the same, in every example"},
		"graded by itself":          {"kind: automatic, cel: 'draft.title == \"good\"', passes_on: graded.yaml", "it only asks the draft what it says of itself at /title: whoever writes the draft decides"},
		"fails as an error, likely": {"kind: automatic, cel: 'draft.points[2].weight > 0'", "two.yaml ends as error instead of failing"},
	} {
		line := "  - {id: g, mend: m, says: Something., " + c.gate
		for key, file := range map[string]string{"passes_on": "good.yaml", "fails_on": "two.yaml"} {
			if !strings.Contains(c.gate, key) {
				line += ", " + key + ": " + file
			}
		}
		files := workspace(noteHead + line + "}\n")
		for file, change := range map[string]string{
			"light": "{op: replace, path: /points/0/weight, value: 0}", "graded": "{op: replace, path: /title, value: good}",
			"counted": "{op: replace, path: /points/1/counts, value: [3]}",
		} {
			files[file+".yaml"] = &fstest.MapFile{Data: []byte("kind: Example\nsays: x\nbase: good.yaml\nchange: [" + change + "]\n")}
		}
		contract, err := contracts.Default().With(files).Get("note")
		if err != nil {
			if !strings.Contains(err.Error(), c.want) || c.want == "" {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		var said []string
		for _, f := range contracts.Lint(t.Context(), contract) {
			said = append(said, f.String())
		}
		if all := strings.Join(said, "\n"); (c.want == "") != (all == "") || !strings.Contains(all, c.want) {
			t.Errorf("%s: %q\nwant %s", name, all, c.want)
		}
	}
}
