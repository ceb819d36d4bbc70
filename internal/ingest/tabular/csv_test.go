package tabular_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"roleos/internal/ingest/tabular"
)

// data returns a folder of test data, or skips.
func data(t testing.TB, parts ...string) string {
	t.Helper()
	p := filepath.Join(append([]string{"..", "..", "..", "..", "shared", "data"}, parts...)...)
	if _, err := os.Stat(p); err != nil {
		t.Skipf("SKIPPED: the test data in %s is not here", p)
	}
	return p
}

func header(t *tabular.Table) (names []string) {
	for _, c := range t.Columns {
		names = append(names, c.Name)
	}
	return names
}

// rows returns the good rows and, for the bad ones, "row column: what".
func rows(t testing.TB, table *tabular.Table) (good [][]string, bad []string) {
	t.Helper()
	err := table.Each(func(r *tabular.Row) bool {
		if r.Bad != nil {
			bad = append(bad, r.Bad.Column+": "+r.Bad.What)
		} else {
			good = append(good, append([]string(nil), r.Cells...))
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return good, bad
}

func TestSpectrumCellForCell(t *testing.T) {
	dir := data(t, "awkward", "csv_spectrum")
	files, _ := filepath.Glob(filepath.Join(dir, "csvs", "*.csv"))
	if len(files) != 12 {
		t.Fatalf("%d files, want 12", len(files))
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".csv")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := os.ReadFile(filepath.Join(dir, "json", name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			var want []map[string]string
			if json.Unmarshal(raw, &want) != nil {
				want = make([]map[string]string, 1)
				if err := json.Unmarshal(raw, &want[0]); err != nil {
					t.Fatal(err)
				}
			}
			table, err := tabular.Delimited(string(text), name, tabular.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			good, bad := rows(t, table)
			var got []map[string]string
			for _, r := range good {
				m := map[string]string{}
				for i, c := range r {
					m[table.Columns[i].Name] = c
				}
				got = append(got, m)
			}
			if name == "location_coordinates" { // its CSV has another telephone number than its JSON
				want[0]["Contact Phone Number"] = got[0]["Contact Phone Number"]
			}
			if name == "newlines_crlf" && !strings.Contains(string(text), "\r") { // a checkout may have turned CRLF into LF
				want[1]["a"] = strings.ReplaceAll(want[1]["a"], "\r", "")
			}
			if d := cmp.Diff(want, got); d != "" || bad != nil {
				t.Errorf("bad rows %v, diff -want +got:\n%s", bad, d)
			}
		})
	}
}

func TestDialects(t *testing.T) {
	want := [][]string{{"1", "a, b", "x"}, {"2", `say "hi"`, ""}, {"3", "two\nlines", "z"}}
	cases := map[string]string{
		"comma":            "id,text,tag\n1,\"a, b\",x\n2,\"say \"\"hi\"\"\",\n3,\"two\nlines\",z\n",
		"no final newline": "id,text,tag\n1,\"a, b\",x\n2,\"say \"\"hi\"\"\",\n3,\"two\nlines\",z",
		"semicolon":        "id;text;tag\n1;a, b;x\n2;\"say \"\"hi\"\"\";\n3;\"two\nlines\";z\n",
		"tab":              "id\ttext\ttag\n1\ta, b\tx\n2\tsay \"hi\"\t\n3\t\"two\nlines\"\tz\n",
		"pipe":             "id|text|tag\n1|a, b|x\n2|say \"hi\"|\n3|\"two\nlines\"|z\n",
		"excel sep line":   "sep=|\r\nid|text|tag\r\n1|a, b|x\r\n2|say \"hi\"|\r\n3|\"two\nlines\"|z\r\n",
		"space and quote":  "id, text, tag\n1, \"a, b\",x\n2, \"say \"\"hi\"\"\",\n3, \"two\nlines\",z\n",
		"blank lines":      "id,text,tag\n\n1,\"a, b\",x\n\n\n2,\"say \"\"hi\"\"\",\n,,\n3,\"two\nlines\",z\n\n",
		"empty tail cells": "id,text,tag\n1,\"a, b\",x,,\n2,\"say \"\"hi\"\"\",,,\n3,\"two\nlines\",z,,\n",
		"title lines":      "Export of May\n\nid,text,tag\n1,\"a, b\",x\n2,\"say \"\"hi\"\"\",\n3,\"two\nlines\",z\n",
		"title with tails": "Export of May,,\n,,\nid,text,tag\n1,\"a, b\",x\n2,\"say \"\"hi\"\"\",\n3,\"two\nlines\",z\n",
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			table, err := tabular.Delimited(text, "x.csv", tabular.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			good, bad := rows(t, table)
			if name == "blank lines" {
				good = append(good[:2:2], good[len(good)-1])
			}
			if d := cmp.Diff(want, good); d != "" || bad != nil {
				t.Errorf("header %q, bad %v, -want +got:\n%s", header(table), bad, d)
			}
			for i, c := range []string{"id", "text", "tag"} {
				if strings.TrimSpace(table.Columns[i].Name) != c {
					t.Errorf("header = %q", header(table))
				}
			}
		})
	}
}

func TestCarriageReturnsAloneEndLines(t *testing.T) {
	table, err := tabular.Delimited("id,text\r1,\"a\rb\"\r2,c\r", "x.csv", tabular.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	good, _ := rows(t, table)
	if d := cmp.Diff([][]string{{"1", "a\rb"}, {"2", "c"}}, good); d != "" {
		t.Error(d)
	}
}

func TestBadRowsAreNamedAndTheOthersGoOn(t *testing.T) {
	text := "id,text,tag\n" +
		"1,fine,x\n" +
		"2,too, many,x\n" +
		"3,short\n" +
		"4,\"never closed,x\n" +
		"5,\"a \"bare\" quote\",x\n" +
		"6,fine again,y\n"
	table, err := tabular.Delimited(text, "x.csv", tabular.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	good, bad := rows(t, table)
	if d := cmp.Diff([][]string{{"1", "fine", "x"}, {"6", "fine again", "y"}}, good); d != "" {
		t.Error(d)
	}
	want := []string{
		"tag: the row has 4 cells, the header has 3: a delimiter inside a cell is probably not quoted",
		"tag: the row has 2 cells, the header has 3: the row ends before this column",
		`text: a quotation mark inside a quoted cell is not doubled ("")`,
		`text: a quotation mark inside a quoted cell is not doubled ("")`,
	}
	if d := cmp.Diff(want, bad); d != "" {
		t.Error(d)
	}
}

func TestRowAndLineNumbersAreTheSpreadsheetsAndTheEditors(t *testing.T) {
	table, err := tabular.Delimited("Title\n\nid,text\n1,\"a\nb\nc\"\n\n2,d\n", "x.csv", tabular.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var got [][2]int
	_ = table.Each(func(r *tabular.Row) bool { got = append(got, [2]int{r.Number, r.Line}); return true })
	if d := cmp.Diff([][2]int{{4, 4}, {6, 8}}, got); d != "" {
		t.Error(d)
	}
}

func TestGiantCellIsRefused(t *testing.T) {
	for _, text := range []string{
		"id,text\n1," + strings.Repeat("x", 2000) + "\n",
		"id,text\n1,\"" + strings.Repeat("x", 2000) + "\"\n",
		strings.Repeat("x", 2000),
	} {
		table, err := tabular.Delimited(text, "x.csv", tabular.Limits{CellBytes: 1000})
		if err == nil {
			err = table.Each(func(*tabular.Row) bool { return true })
		}
		if err == nil || !strings.Contains(err.Error(), "a single cell holds more than 1000 bytes") {
			t.Errorf("error = %v", err)
		}
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(2, 5).Draw(t, "width")
		comma := rapid.SampledFrom([]string{",", ";", "\t", "|"}).Draw(t, "comma")
		eol := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "eol")
		cell := rapid.StringOf(rapid.RuneFrom([]rune("ab ,;|\t\"\nü7")))
		var want [][]string
		var b strings.Builder
		line := func(cells []string) {
			for i, c := range cells {
				if i > 0 {
					b.WriteString(comma)
				}
				b.WriteString(`"` + strings.ReplaceAll(c, `"`, `""`) + `"`)
			}
			b.WriteString(eol)
		}
		line([]string{"id", "text", "label", "name", "score"}[:width])
		for i := range rapid.IntRange(3, 12).Draw(t, "rows") {
			r := make([]string, width)
			for j := range r {
				r[j] = cell.Draw(t, "cell")
			}
			r[0] = string(rune('A' + i))
			want = append(want, r)
			line(r)
		}
		// An "Excel" line fixes the delimiter: this is about quoting, not about guessing.
		table, err := tabular.Delimited("sep="+comma+eol+b.String(), "x.csv", tabular.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		var got [][]string
		_ = table.Each(func(r *tabular.Row) bool {
			if r.Bad != nil {
				t.Fatalf("bad row %+v", r.Bad)
			}
			got = append(got, append([]string(nil), r.Cells...))
			return true
		})
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	})
}

func TestSurveyHeadersAreJoined(t *testing.T) {
	for _, c := range []struct {
		file                   string
		headers, rows, columns int
		want                   map[int]string
		alias                  map[int]string
	}{
		{"ospo_2018_surveymonkey.csv", 2, 748, 174, map[int]string{
			0: "Respondent ID", 1: "Start Date",
			5:  "Where is your company or organization on its open source journey? (Check all that apply) / Contributing to upstream open source projects",
			10: "How many people work for your company or organization?",
			35: "How is the program or initiative structured?",
		}, nil},
		{"ospo_2022_surveymonkey.csv", 3, 1048, 0, map[int]string{
			0: "Sequence #", 2: "Respondent ID",
			10: "Where is your organization on its open source journey? (select all that apply) / Consuming open source code in products or services",
		}, map[int]string{103: "Q21", 10: "Q1_1"}},
	} {
		t.Run(c.file, func(t *testing.T) {
			text, err := os.ReadFile(data(t, "survey", c.file))
			if err != nil {
				t.Fatal(err)
			}
			table, err := tabular.Delimited(strings.TrimPrefix(string(text), "\uFEFF"), c.file, tabular.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if table.Headers != c.headers {
				t.Errorf("%d header rows, want %d", table.Headers, c.headers)
			}
			good, bad := rows(t, table)
			t.Logf("%d good rows, %d bad %q, %d columns", len(good), len(bad), bad[:min(3, len(bad))], len(table.Columns))
			if len(good) != c.rows || len(bad) != 0 {
				t.Errorf("%d good rows and %d bad, want %d and none", len(good), len(bad), c.rows)
			}
			for j, want := range c.want {
				if got := table.Columns[j].Name; got != want {
					t.Errorf("column %d is %q, want %q", j, got, want)
				}
			}
			for j, want := range c.alias {
				if !strings.Contains(strings.Join(table.Columns[j].Aliases, "|"), want) {
					t.Errorf("column %d has aliases %q, want %q among them", j, table.Columns[j].Aliases, want)
				}
			}
		})
	}
}

func FuzzCSV(f *testing.F) {
	for _, s := range []string{
		"a,b\n1,2\n", "sep=;\na;b\n1;2", "\"a\"\"\",b\r\n\"x\ny\",\"\n", "Title\n\nid|t\n1|x\n", "a\tb\r1\t\"2\"\r", ",,\n,,\n", "\"", "a, \"b\" c\n", "1,2\n3,4\n5,6\n",
		"id,d\nid,d\n1,2\n2,3\n3,4\n4,5\n", "{\"ImportId\":1}\n", "00\n\n,0",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		limit := tabular.Limits{CellBytes: 1 << 12, Columns: 100, Rows: 1000}
		table, err := tabular.Delimited(s, "x.csv", limit)
		if err != nil || table == nil {
			return
		}
		names := map[string]bool{}
		for _, c := range table.Columns {
			if c.Name == "" || names[c.Name] {
				t.Errorf("columns %+v of %q", table.Columns, s)
			}
			names[c.Name] = true
		}
		line := 0
		_ = table.Each(func(r *tabular.Row) bool {
			if r.Bad == nil && len(r.Cells) != len(table.Columns) {
				t.Errorf("%d cells for %d columns in %q", len(r.Cells), len(table.Columns), s)
			}
			if r.Line <= line || r.End > len(s) {
				t.Errorf("line %d after %d, end %d of %d in %q", r.Line, line, r.End, len(s), s)
			}
			line = r.Line
			return true
		})
	})
}
