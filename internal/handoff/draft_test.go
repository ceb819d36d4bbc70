package handoff_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"roleos/internal/handoff"
)

// The table in State's comment is what people read, so it is what is tested.
func TestStatesMoveAsTheTableSays(t *testing.T) {
	src, err := os.ReadFile("draft.go")
	if err != nil {
		t.Fatal(err)
	}
	table := map[handoff.State][]string{}
	for _, m := range regexp.MustCompile(`(?m)^//\t(\w+) +-> (.*)$`).FindAllStringSubmatch(string(src), -1) {
		table[handoff.State(m[1])] = strings.Split(m[2], ", ")
	}
	if len(table) != 9 {
		t.Fatalf("the table has %d states, want 9", len(table))
	}
	for from, next := range table {
		for to := range table {
			got, err := from.To(to)
			if want := slices.Contains(next, string(to)); (err == nil) != want {
				t.Errorf("%s -> %s: err %v, table allows it: %v", from, to, err, want)
			}
			if err != nil && got != from {
				t.Errorf("%s -> %s: a refused move left %s", from, to, got)
			}
		}
	}
}
