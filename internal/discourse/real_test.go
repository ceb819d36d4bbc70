package discourse

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// shared finds the real input beside the repository, or skips loudly.
func shared(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", "..", "..", "shared", "data", "meetings"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("SKIPPED: the real meetings are not at %s; CI has them", dir)
	}
	return dir
}

// probe is a disagreement that people noted, with the turns it spans.
type probe struct {
	Meeting string     `json:"meeting"`
	Split   string     `json:"split"`
	Query   string     `json:"query"`
	Answer  string     `json:"answer"`
	Spans   [][]string `json:"relevant_text_span"`
}

func readQMSum(t testing.TB, file string) []Turn {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		Turns []struct{ Speaker, Content string } `json:"meeting_transcripts"`
	}
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	var turns []Turn
	for i, x := range m.Turns {
		turns = append(turns, Turn{ID: fmt.Sprint(i + 1), Speaker: x.Speaker, Thread: file, Text: x.Content})
	}
	return turns
}

func TestDisagreementsOfRealMeetings(t *testing.T) {
	dir := shared(t)
	data, err := os.ReadFile(filepath.Join(dir, "qmsum_disagreements.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	results := map[string]*Result{}
	sizes := map[string]int{}
	touched, probes, expected := 0, 0, 0.0
	top := 0
	for line := range bytes.Lines(data) {
		var p probe
		if err := json.Unmarshal(line, &p); err != nil {
			t.Fatal(err)
		}
		if results[p.Meeting] == nil {
			name := filepath.Join(dir, "qmsum_val", p.Meeting+".json")
			if _, err := os.Stat(name); err != nil {
				name = filepath.Join(dir, "qmsum_train_disagree", p.Meeting+".json")
			}
			turns := readQMSum(t, name)
			results[p.Meeting], sizes[p.Meeting] = Analyze(turns), len(turns)
			res := results[p.Meeting]
			if strings.Contains(os.Getenv("ROLEOS_SHOW"), p.Meeting) {
				for _, c := range res.Conflicts {
					fmt.Printf("%.2f %s about", c.Score, c.Kind)
					for _, w := range c.About {
						fmt.Printf(" %s", res.Word(w))
					}
					fmt.Println()
					for _, s := range c.Sides {
						for _, x := range s.Turns {
							fmt.Printf("    %-24s t%d %s\n", res.Cast.People[s.Person].Name, x.Turn, turns[x.Turn].Text[x.Start:x.End])
						}
					}
				}
			}
		}
		res := results[p.Meeting]
		in := func(turn int) bool {
			for _, s := range p.Spans {
				var from, to int
				fmt.Sscan(s[0], &from)
				fmt.Sscan(s[1], &to)
				if turn >= from && turn <= to {
					return true
				}
			}
			return false
		}
		hit, rank := false, -1
		turns := map[int]bool{}
		for n, c := range res.Conflicts {
			for _, s := range c.Sides {
				for _, x := range s.Turns {
					turns[x.Turn] = true
					if in(x.Turn) && !hit {
						hit, rank = true, n
					}
				}
			}
		}
		length := 0
		for i := range sizes[p.Meeting] {
			if in(i) {
				length++
			}
		}
		// The share of places at which the same conflicts, all moved by as many turns, touch the span.
		moved := 0
		for by := range sizes[p.Meeting] {
			for x := range turns {
				if in((x + by) % sizes[p.Meeting]) {
					moved++
					break
				}
			}
		}
		expected += float64(moved) / float64(sizes[p.Meeting])
		probes++
		if hit {
			touched++
			if rank < 15 {
				top++
			}
		}
		t.Logf("%-14s %v conflicts %d, span %d of %d turns, touched %v rank %d", p.Meeting, p.Spans, len(res.Conflicts), length, sizes[p.Meeting], hit, rank)
	}
	t.Logf("touched %d of %d = %.2f (by the first 15 conflicts: %d); by chance %.1f", touched, probes, float64(touched)/float64(probes), top, expected)
	if float64(touched) < .6*float64(probes) {
		t.Errorf("touched %d of %d", touched, probes)
	}
}
