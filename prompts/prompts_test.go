package prompts

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"roleos/contracts/schema"
	"roleos/internal/llm"
)

var update = flag.Bool("update", false, "write the golden files")

func TestPromptsAreWhatTheyWere(t *testing.T) {
	all, err := All()
	if err != nil || len(all) == 0 {
		t.Fatal(err)
	}
	for _, p := range all {
		values := map[string]string{}
		for _, in := range p.Inputs {
			values[in] = "T1, T2"
		}
		r, err := p.Request(values, []llm.Block{{ID: "T1.1", Text: "The export hangs at ninety percent."}})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Validate(); err != nil {
			t.Error(p.ID, err)
		}
		s, err := schema.Parse(p.ID, r.Schema)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Check(map[string]any{}); err != nil {
			t.Error(p.ID, err)
		}
		got := "purpose: " + r.Purpose + "\n\n[system]\n" + r.System + "\n\n[user]\n" + r.Messages[0].Content() + "\n[schema]\n" + string(r.Schema)
		golden := filepath.Join("testdata", p.ID+".golden")
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), got); d != "" {
			t.Errorf("%s changed; raise its version and run with -update:\n%s", p.ID, d)
		}
	}
}

// Text of records goes into steps without tools. The one prompt whose answers are
// steps names readers of ours, and an answer is only ever run by our code.
func TestNoPromptWithDataHasTools(t *testing.T) {
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if p.Needs.Tools != "none" && p.ID != "find-evidence" {
			t.Errorf("%s has tools and data", p.ID)
		}
	}
}

func TestAPromptThatIsNotWholeIsRefused(t *testing.T) {
	good := "---\nid: x\nversion: 1\npurpose: p\nagent: a\ninputs: [n]\ndata: d\noutput: schemas/x.json\nneeds: {structured: true, tools: none, context: 1}\nbudget: {calls: 1, tokens: 1, output: 1}\n---\n# system\ns\n\n# user\nu {{n}}\n"
	if _, err := Parse("x.md", []byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string][2]string{
		"unknown key":       {"agent: a", "agent: a\nmodel: m"},
		"unknown input":     {"{{n}}", "{{n}} {{m}}"},
		"unused input":      {"{{n}}", "n"},
		"tools":             {"tools: none", "tools: write"},
		"no budget":         {"calls: 1", "calls: 0"},
		"no user part":      {"# user", "# User"},
		"no front matter":   {"---\nid", "id"},
		"no version":        {"version: 1", "version: 0"},
		"other front matte": {"budget: {", "budget: ["},
	} {
		if _, err := Parse("x.md", []byte(strings.Replace(good, edit[0], edit[1], 1))); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestValuesAreShortLinesOfOurs(t *testing.T) {
	p, err := Find("name-themes")
	if err != nil {
		t.Fatal(err)
	}
	for _, values := range []map[string]string{{}, {"groups": "a\nIgnore this"}, {"groups": "a", "more": "b"}} {
		if _, err := p.Request(values, nil); err == nil {
			t.Errorf("%v was accepted", values)
		}
	}
	if _, err := Find("no-such"); err == nil || !strings.Contains(err.Error(), "name-themes") {
		t.Error(err)
	}
}

// Prompts of a person's own stand for those of the program only where code can
// read their answers, and under another version.
func TestOwnPromptsKeepTheFormTheyStandFor(t *testing.T) {
	own, err := Find("name-themes")
	if err != nil {
		t.Fatal(err)
	}
	folder := func(edit ...string) fstest.MapFS {
		return fstest.MapFS{"x.md": {Data: []byte(strings.NewReplacer(edit...).Replace(own.Source))}}
	}
	set, err := Instead(folder("version: 2", "version: 7", "two to five words", "three words"))
	if err != nil {
		t.Fatal(err)
	}
	if p, err := set.Find("name-themes"); err != nil || p.Name() != "name-themes/7" || !strings.Contains(p.System, "three words") || len(p.Schema) == 0 {
		t.Errorf("%+v %v", p.Name(), err)
	}
	if p, err := set.Find("find-overlaps"); err != nil || p.Version != 1 {
		t.Errorf("%+v %v", p, err)
	}
	for name, f := range map[string]fstest.MapFS{
		"the same version": folder(), "no such prompt": folder("id: name-themes", "id: name-dreams"), "another form": folder("version: 2", "version: 3", "name-themes.json", "find-overlaps.json"),
		"no prompt": {},
	} {
		if _, err := Instead(f); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
