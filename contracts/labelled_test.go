package contracts_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/goccy/go-yaml"

	"roleos/contracts"
)

// labelled is one gate of the labelled set.
type labelled struct {
	Label  string             `yaml:"label"`
	Carry  string             `yaml:"carry"` // the contract's, as it is written
	Fails  []contracts.Change `yaml:"fails"`
	Passes []any              `yaml:"passes_attestations"`
	Signed *[]any             `yaml:"attestations"` // of the example that fails
	Rest   map[string]any     `yaml:",inline"`
}

// Lint accepts every gate of the labelled set that can be checked, and no other.
func TestLintTellsConstraintsFromPreferences(t *testing.T) {
	var set struct {
		Gates []labelled `yaml:"gates"`
	}
	data, err := os.ReadFile("testdata/gates/gates.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, &set); err != nil {
		t.Fatal(err)
	}
	count, wrong := map[string]int{}, 0
	for i, g := range set.Gates {
		files := g.files(t)
		c, err := contracts.Default().With(files).Get("labelled")
		if err != nil {
			t.Fatalf("gate %d, %v: %v", i+1, g.Rest["says"], err)
		}
		findings := contracts.Lint(t.Context(), c)
		count[g.Label]++
		if accepted := contracts.Accepted(findings); accepted != (g.Label == "checkable") {
			wrong++
			t.Errorf("gate %d, %s, %q: accepted %v: %v", i+1, g.Label, g.Rest["says"], accepted, findings)
		}
		if g.Label == "uncompilable" && (len(findings) == 0 || !strings.Contains(findings[0].Message, "does not compile")) {
			t.Errorf("gate %d, %s, %q: %v", i+1, g.Label, g.Rest["says"], findings)
		}
		for _, f := range findings {
			if f.Severity == contracts.Error && (f.Gate != "g" || f.Mend == "") {
				t.Errorf("gate %d: %s", i+1, f)
			}
		}
	}
	all := len(set.Gates)
	if all < 60 || count["checkable"]*3 < all || count["checkable"]*3 > 2*all || len(count) != 4 {
		t.Errorf("the set is %v", count)
	}
	t.Logf("%d gates, %v: %d judged as labelled", all, count, all-wrong)
}

// files returns the workspace in which the gate stands alone beside the schema gate.
func (g labelled) files(t *testing.T) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{}
	for from, to := range map[string]string{"brief.json": "schema/brief.json", "good.yaml": "good.yaml"} {
		data, err := os.ReadFile("testdata/gates/" + from)
		if err != nil {
			t.Fatal(err)
		}
		out[to] = &fstest.MapFile{Data: data}
	}
	write := func(v any) []byte {
		b, err := yaml.MarshalWithOptions(v, yaml.JSON())
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	fails := map[string]any{"kind": "Example", "says": "What the author of the gate does not want to see.", "base": "good.yaml"}
	if len(g.Fails) > 0 {
		fails["change"] = g.Fails
	}
	if g.Signed != nil {
		fails["attestations"] = *g.Signed
	}
	out["fails.yaml"] = &fstest.MapFile{Data: write(fails)}
	out["passes.yaml"] = out["good.yaml"]
	if g.Passes != nil {
		out["passes.yaml"] = &fstest.MapFile{Data: write(map[string]any{"kind": "Example", "says": "x", "base": "good.yaml", "attestations": g.Passes})}
	}
	out["formless.yaml"] = &fstest.MapFile{Data: []byte("kind: Example\nsays: x\nbase: good.yaml\nchange: [{op: remove, path: /title}]\n")}
	one := map[string]any{"id": "g", "mend": "Mend it.", "passes_on": "passes.yaml", "fails_on": "fails.yaml"}
	for k, v := range g.Rest {
		switch k {
		case "label", "carry", "fails", "attestations", "passes_attestations":
		default:
			one[k] = v
		}
	}
	carry := ""
	if g.Carry != "" {
		carry = "carry: " + g.Carry + "\n"
	}
	out["labelled.yaml"] = &fstest.MapFile{Data: fmt.Appendf(nil, `kind: HandoffContract
id: labelled
version: 1.0.0
from: {role: pm, stage: discover}
to: {role: architect, stage: decide}
governance: {workflow_owner: pm, source_of_truth: context, service_level: a day, audit_trail: log}
schema: schema/brief.json
%sgates:
  - {id: schema, says: It is a brief., kind: automatic, check: schema, mend: Write a brief., passes_on: good.yaml, fails_on: formless.yaml}
  - %s
`, carry, strings.TrimSpace(string(write(one))))}
	return out
}
