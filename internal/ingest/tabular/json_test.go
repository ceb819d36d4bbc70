package tabular_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"roleos/internal/ingest/decode"
	"roleos/internal/ingest/tabular"
)

func TestJSONSuiteIsAcceptedAndRejected(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(data(t, "awkward", "json_test_suite"), "*.json"))
	if len(files) != 318 {
		t.Fatalf("%d files, want 318", len(files))
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(f)
		err = tabular.CheckJSON(decode.Decode(string(raw)).String, tabular.Limits{Depth: 64})
		var syntax *tabular.SyntaxError
		switch {
		case strings.HasPrefix(name, "y_") && err != nil:
			t.Errorf("%s is rejected: %v", name, err)
		case strings.HasPrefix(name, "n_") && err == nil:
			t.Errorf("%s is accepted: %q", name, raw[:min(len(raw), 60)])
		case strings.HasPrefix(name, "n_") && errors.As(err, &syntax) && (syntax.Line < 1 || syntax.Column < 1 || syntax.What == ""):
			t.Errorf("%s: the place is missing: %+v", name, syntax)
		}
	}
}

func TestJSONShapes(t *testing.T) {
	want := [][]string{{"1", "one"}, {"2", "two"}}
	for name, text := range map[string]string{
		"array":          `[{"id":1,"text":"one"},{"id":2,"text":"two"}]`,
		"object":         `{"meta":{"n":[1,2]},"data":{"items":[{"id":1,"text":"one"},{"id":2,"text":"two"}]},"x":[{"id":9}]}`,
		"lines":          "{\"id\":1,\"text\":\"one\"}\n\n{\"id\":2,\"text\":\"two\"}\n",
		"pretty in line": "[\n {\n  \"id\": 1,\n  \"text\": \"one\"\n },\n {\"id\": 2, \"text\": \"two\"}\n]",
		"keyed":          `{"1":{"text":"one"},"2":{"text":"two"}}`,
		"other order":    `[{"id":1,"text":"one"},{"text":"two","id":2}]`,
		"missing":        `[{"id":1,"text":"one"},{"id":"2","text":"two","more":null}]`,
	} {
		t.Run(name, func(t *testing.T) {
			table, err := tabular.JSON(text, name == "lines", tabular.Limits{Depth: 64})
			if err != nil {
				t.Fatal(err)
			}
			good, bad := rows(t, table)
			for i := range good {
				good[i] = good[i][:2]
			}
			if d := cmp.Diff(want, good); d != "" || bad != nil {
				t.Errorf("bad %v, -want +got\n%s", bad, d)
			}
		})
	}
}

func TestJSONValuesBecomeCells(t *testing.T) {
	table, err := tabular.JSON(`[{"a":{"b":true,"c":{"d":1.50}},"tags":["x","y"],"turns":[{"speaker":"Ann","text":"Hi\n"},{"role":"Bo","content":"Yes"}],
		"pairs":[["agent","Hi"],["customer","No"]],"labels":[{"id":7,"name":"bug"},{"name":"ui"}],"raw":[{"k":1},[2]],"n":null,"u":"\u00e9\ud83d\ude00\ud800"}]`, false, tabular.Limits{Depth: 64})
	if err != nil {
		t.Fatal(err)
	}
	good, _ := rows(t, table)
	got := map[string]string{}
	for i, c := range good[0] {
		got[table.Columns[i].Name] = c
	}
	want := map[string]string{
		"a.b": "true", "a.c.d": "1.50", "tags": "x, y", "turns": "Ann: Hi\n\nBo: Yes", "pairs": "agent: Hi\ncustomer: No",
		"raw": `[{"k":1},[2]]`, "labels": "bug, ui", "n": "", "u": "é😀\uFFFD",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestBadJSONRowsAreNamed(t *testing.T) {
	table, err := tabular.JSON("{\"id\":1}\n{\"id\":2,}\n[3]\n{\"id\":4,\"id\":5}\n", true, tabular.Limits{Depth: 64})
	if err != nil {
		t.Fatal(err)
	}
	good, bad := rows(t, table)
	if d := cmp.Diff([][]string{{"1"}, {"5"}}, good); d != "" {
		t.Error(d)
	}
	want := []string{": not valid JSON: a comma stands before the closing bracket", ": the line is no object"}
	if d := cmp.Diff(want, bad); d != "" {
		t.Error(d)
	}
	if table.Repeats != 1 || table.Repeated[0] != "line 4" {
		t.Errorf("repeated keys: %d at %v, want 1 at line 4", table.Repeats, table.Repeated)
	}
}

func TestBrokenJSONSaysWhere(t *testing.T) {
	for text, want := range map[string]string{
		"[\n {\"id\": 1},\n {\"id\": }\n]": "line 3, column 9: expected a value, found '}'",
		"[1, 2":                            `line 1, column 6: expected a comma or ']', the text ends here`,
		"[\"a\tb\"]":                       "line 1, column 4: a control character in a string has to be escaped",
		"[] x":                             "line 1, column 4: something follows the end of the value: found 'x'",
		"{'a': 1}":                         "line 1, column 2: expected a key in quotation marks, found '\\''",
	} {
		_, err := tabular.JSON(text, false, tabular.Limits{Depth: 64})
		if err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	deep := strings.Repeat("[", 100000)
	if _, err := tabular.JSON(deep, false, tabular.Limits{Depth: 64}); err == nil || !strings.Contains(err.Error(), "nested more than 64 deep") {
		t.Errorf("deep nesting: %v", err)
	}
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{`[{"id":1,"text":"a"}]`, "{\"a\":1}\n{\"a\":2}", `{"x":{"y":[{"z":[["a","b"]]}]}}`, `["a","\ud800"]`, `[[[[`, `{"a":{"":1},"a":2}`} {
		f.Add(s, false)
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, s string, lines bool) {
		limit := tabular.Limits{Depth: 32, CellBytes: 1 << 16, Columns: 200, Rows: 1000}
		table, err := tabular.JSON(s, lines, limit)
		if err != nil {
			return
		}
		_ = table.Each(func(r *tabular.Row) bool {
			if r.Bad == nil && len(r.Cells) != len(table.Columns) {
				t.Errorf("%d cells for %d columns in %q", len(r.Cells), len(table.Columns), s)
			}
			return true
		})
	})
}
