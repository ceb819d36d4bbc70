package textmine

import (
	"slices"
	"testing"
)

// odds resemble nothing in the labelled sets, nor each other.
var odds = texts("asdf qwer zxcv", "lorem ipsum dolor sit amet", "hjkl hjkl", "blue elephants dance quietly",
	"my grandmother bakes bread on sundays", "the weather in Lisbon was lovely last spring")

// Rows that fit nowhere are left out, rows with a subject are not, and the subjects are found as well with the odd rows
// among them.
func TestOddRowsAreLeftOut(t *testing.T) {
	for _, tt := range []struct {
		source, other string
		least         float64 // share of the odd rows left out
	}{
		{"banking77", "hwu64", 0.5},
		{"hwu64", "banking77", 0.15}, // short commands about everything: most of another source fits in somewhere
	} {
		var odd, out, rows, lost float64
		for i, file := range ten(tt.source)[:5] {
			own, other := load(t, file), load(t, ten(tt.other)[i])
			docs := slices.Concat(own.docs, odds)
			seen := map[int]bool{}
			for j, d := range other.docs { // one of a kind, so that they are no theme
				if !seen[other.labels[j]] && len(seen) < 16 {
					seen[other.labels[j]] = true
					docs = append(docs, d)
				}
			}
			r, err := Analyze(t.Context(), docs, Options{})
			if err != nil {
				t.Fatal(err)
			}
			for d, theme := range r.Theme {
				left := 0.0
				if theme < 0 {
					left = 1
				}
				if d < len(own.docs) {
					rows++
					lost += left
				} else {
					odd++
					out += left
				}
			}
		}
		t.Logf("%s: %.0f%% of odd rows left out, %.1f%% of its own", tt.source, 100*out/odd, 100*lost/rows)
		if out/odd < tt.least || lost/rows > 0.03 {
			t.Errorf("%s: %.2f of odd rows left out, want %.2f; %.3f of its own, want at most 0.03", tt.source, out/odd, tt.least, lost/rows)
		}
	}
}

func TestFewUnlikeTextsAreNoTheme(t *testing.T) {
	docs := texts("I have no idea", "the army has no plan", "not employed", "they do not hire", "don't know", "never heard of it",
		"highly regulated and conservative", "old laptop", "startup in growth mode", "legal", "help me", "captured by private sector")
	r, err := Analyze(t.Context(), docs, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, th := range r.Themes {
		t.Errorf("%d unlike texts became a theme: %v", len(th.Docs), th.Docs)
	}
}
