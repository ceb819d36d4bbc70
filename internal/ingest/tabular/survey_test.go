package tabular_test

import (
	"os"
	"strings"
	"testing"

	"roleos/internal/ingest/tabular"
)

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
