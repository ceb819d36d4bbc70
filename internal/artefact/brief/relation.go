package brief

import (
	"roleos/internal/artefact"
	"roleos/internal/scaffold"
)

// mostRead is how many records of the theme, and of the others, are read to see
// which words tell the theme apart.
const mostRead = 2000

// timesMore is how much more often a word stands in the theme than elsewhere to
// tell it apart: "alarm" does, the "set" of "set an alarm" does not.
const timesMore = 3.0

// telling keeps the words that tell the focus apart from the other feedback; all
// of them when none does.
func (b *builder) telling(words map[string]bool) map[string]bool {
	in, out := map[string]int{}, map[string]int{}
	count := func(ids []string, into map[string]int, most int) int {
		n := 0
		for _, id := range ids {
			r, ok := b.corpus.Record(id)
			if !ok || n >= most {
				continue
			}
			n++
			for w := range scaffold.Words(r.Text) {
				if words[w] {
					into[w]++
				}
			}
		}
		return n
	}
	own := count(b.focus.RecordIDs, in, mostRead)
	others := 0
	for _, t := range b.out.Themes {
		if t.ID != b.focus.ID && t.ID != artefact.Unassigned {
			others += count(t.RecordIDs, out, mostRead/max(1, len(b.out.Themes)-1)+1)
		}
	}
	if own == 0 || others == 0 {
		return words
	}
	kept := map[string]bool{}
	for w := range words {
		here, there := float64(in[w])/float64(own), float64(out[w])/float64(others)
		if here > 0 && here >= timesMore*there {
			kept[w] = true
		}
	}
	if len(kept) == 0 {
		return words
	}
	return kept
}
