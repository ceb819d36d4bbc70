package report_test

import (
	"bytes"
	"encoding/csv"
	"os"
	"strings"
	"testing"

	"roleos/internal/artefact"
	"roleos/internal/evidence"
	"roleos/internal/report"
)

func csvOf(t testing.TB, v report.View) [][]string {
	t.Helper()
	out := render(t, func(b *bytes.Buffer) error { return report.CSV(b, v, report.CSVOptions{}) })
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestCSVHasOneRowPerRecord(t *testing.T) {
	rows := csvOf(t, sample(t))
	if got, want := strings.Join(rows[0], "|"), "id|theme_id|theme|confidence|plan|region|channel|time|source|place|text"; got != want {
		t.Errorf("header %q, want %q", got, want)
	}
	if got, want := strings.Join(rows[1], "|"), "TCK-1001|t-51f0c2a8|export times out|0.86|enterprise|Americas|chat|2026-04-14T10:31:00Z|support-2026-spring.csv|row 2|Exporting the orders table to CSV stops after about two minutes with a timeout."; got != want {
		t.Errorf("first row\n%q, want\n%q", got, want)
	}
	last := rows[len(rows)-1]
	if last[0] != "TCK-1410" || last[1] != "" || last[3] != "" {
		t.Errorf("a record that fits nowhere has a theme: %q", last)
	}
	seen := map[string]bool{}
	for _, r := range rows[1:] {
		if seen[r[0]] {
			t.Errorf("record %s stands twice", r[0])
		}
		seen[r[0]] = true
	}
	if len(seen) != 410 {
		t.Errorf("%d records, want 410", len(seen))
	}
}

func one(text string, segments ...evidence.Attr) report.View {
	s := artefact.FeedbackSynthesis{Unassigned: []string{"r1"}}
	for _, a := range segments {
		s.Segments = append(s.Segments, artefact.Dimension{Name: a.Name})
	}
	return view(s, []evidence.Record{{ID: "r1", Text: text, Segments: segments}})
}

func TestCSVNeutralisesFormulas(t *testing.T) {
	cases := map[string]string{
		"plain text":          "plain text",
		"=1+1":                "'=1+1",
		"+1":                  "'+1",
		"-1":                  "'-1",
		"@SUM(A1)":            "'@SUM(A1)",
		"\t=1":                "'\t'=1",
		"\r=1":                "' =1",
		"\n=1":                "' =1",
		"  =1":                "'  =1",
		`"=1`:                 `'"=1`,
		"“'=1":                "'“'=1",
		"\u200b=1":            "'\u200b=1",
		"＝1":                  "'＝1",
		"a=b - c @ d":         "a=b - c @ d",
		"hello;=1":            "hello;'=1",
		"hello\t @x":          "hello\t '@x",
		"one\r\n- two\nthree": "one - two three",
		"":                    "",
	}
	for in, want := range cases {
		row := csvOf(t, one(in))[1]
		if got := row[len(row)-1]; got != want {
			t.Errorf("%q is written as %q, want %q", in, got, want)
		}
	}
}

func TestCSVNeutralisesKnownPayloads(t *testing.T) {
	b, err := os.ReadFile("../../../shared/data/awkward/csv_injection_payloads.txt")
	if err != nil {
		t.Skipf("no payloads to try: %v", err)
	}
	n := 0
	for line := range strings.Lines(string(b)) {
		line = strings.TrimRight(line, "\r\n")
		row := csvOf(t, one(line))[1]
		cell := row[len(row)-1]
		if runs(cell) {
			t.Errorf("a spreadsheet would run %q", cell)
		}
		if strings.TrimPrefix(cell, "'") != line {
			t.Errorf("%q became %q", line, cell)
		}
		n++
	}
	if n < 5 {
		t.Errorf("only %d payloads", n)
	}
}

func TestCSVKeepsItsOwnColumnsApart(t *testing.T) {
	head := csvOf(t, one("x", evidence.Attr{Name: "text", Value: "a"}, evidence.Attr{Name: "segment_text", Value: "b"}, evidence.Attr{Name: "=cmd", Value: "c"}))[0]
	if got := strings.Join(head, "|"); got != "id|theme_id|theme|confidence|segment_text|segment_segment_text|'=cmd|time|source|place|text" {
		t.Errorf("header %q", got)
	}
}

func BenchmarkExports(b *testing.B) {
	v := large(400, 100_000)
	for name, f := range map[string]func(*bytes.Buffer) error{
		"csv_100k":      func(o *bytes.Buffer) error { return report.CSV(o, v, report.CSVOptions{}) },
		"json_100k":     func(o *bytes.Buffer) error { return report.JSON(o, body(v)) },
		"markdown_100k": func(o *bytes.Buffer) error { return report.Markdown(o, v) },
		"terminal_100k": func(o *bytes.Buffer) error { return report.Terminal(o, v, report.TerminalOptions{Unicode: true}) },
	} {
		b.Run(name, func(b *testing.B) {
			var o bytes.Buffer
			for b.Loop() {
				o.Reset()
				if err := f(&o); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(o.Len()), "bytes/report")
		})
	}
}
