package yamlfile_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"roleos/internal/fault"
	"roleos/internal/yamlfile"
)

type sheet struct {
	Name  string `yaml:"name"`
	Items []struct {
		Kind string `yaml:"kind"`
	} `yaml:"items"`
}

func TestMistakesAreShownWhereTheyAre(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"unknown key":     {"name: a\nnmae: b\n", "x.yaml:2:1: unknown field"},
		"duplicate key":   {"name: a\nname: b\n", "x.yaml:2:1: mapping key \"name\" already defined"},
		"wrong type":      {"name: a\nitems: 3\n", "x.yaml:2:8:"},
		"second document": {"name: a\n---\nname: b\n", "x.yaml:3:1: a second document"},
		"anchor":          {"name: &x a\n", "anchors, aliases and tags are not read"},
		"no mapping":      {"- a\n", "x.yaml:1:1: the file has to hold keys and values"},
		"empty":           {"", "x.yaml:1:1: the file has to hold keys and values"},
		"no YAML":         {"name: [a\n", "x.yaml:1:"},
		"too large":       {"name: " + strings.Repeat("a", yamlfile.MaxBytes), "x.yaml is larger than"},
	} {
		var into sheet
		_, err := yamlfile.Decode("x.yaml", []byte(c.text), &into)
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

func TestRefuseShowsTheValueThatIsMeant(t *testing.T) {
	var into sheet
	d, err := yamlfile.Decode("x.yaml", []byte("name: a\nitems:\n- kind: one\n- kind: two\n"), &into)
	if err != nil {
		t.Fatal(err)
	}
	got := d.Refuse([]any{"items", 1, "kind"}, "no %s here", "two").Error()
	want := "x.yaml:4:9: no two here\n     3 | - kind: one\n     4 | - kind: two\n       |         ^"
	if !strings.Contains(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := d.Refuse([]any{"items", 7}, "gone").Error(); !strings.Contains(got, "x.yaml:3:1: gone") {
		t.Errorf("a path that leads nowhere gives %s", got)
	}
	if got := d.Line("items", 1); got != 4 {
		t.Errorf("line %d, want 4", got)
	}
}

func TestAMissingFileIsNotFound(t *testing.T) {
	_, err := yamlfile.Read(fstest.MapFS{}, "x.yaml", &sheet{})
	if fault.KindOf(err) != fault.NotFound {
		t.Errorf("error %v, want not found", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("name: a\nitems:\n- kind: one\n")
	f.Add("{name: [}")
	f.Fuzz(func(t *testing.T, text string) {
		var into sheet
		d, err := yamlfile.Decode("x.yaml", []byte(text), &into)
		if err == nil {
			_ = d.Refuse([]any{"items", 0, "kind"}, "x").Error()
		} else if k := fault.KindOf(err); k != fault.Invalid {
			t.Errorf("kind %v for %q: %v", k, text, err)
		}
	})
}
