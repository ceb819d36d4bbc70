package run_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"roleos/internal/run"
)

// The table in Status's comment is what people read, so it is what is tested.
func TestStatusMovesAsTheTableSays(t *testing.T) {
	src, err := os.ReadFile("run.go")
	if err != nil {
		t.Fatal(err)
	}
	table := map[run.Status][]string{}
	for _, m := range regexp.MustCompile(`(?m)^//\t(\w+) +-> (.*)$`).FindAllStringSubmatch(string(src), -1) {
		table[run.Status(m[1])] = strings.Split(m[2], ", ")
	}
	if len(table) != 5 {
		t.Fatalf("the table has %d states, want 5", len(table))
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
		if from.Done() != (next[0] == "nothing") {
			t.Errorf("%s: Done() = %v, the table says %v", from, from.Done(), next)
		}
	}
}
