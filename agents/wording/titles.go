package wording

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Matter is something with a title that statistics gave it.
type Matter struct {
	ID    string
	Title string
	Texts []string // passages that it stands on, the most telling first; never masked text
}

// titled is how many matters go into one question, and passages how many texts of each.
const (
	titled   = 10
	passages = 4
)

// Titles asks for better titles of matters with a prompt that takes the input
// matters. A title that the passages do not bear out is dropped.
func Titles(ctx context.Context, d *Desk, prompt string, matters []Matter) (map[string]string, error) {
	batches := slices.Collect(slices.Chunk(matters, titled))
	sheets := make([]Sheet, len(batches))
	asked := make([]map[string]*Matter, len(batches))
	for i, b := range batches {
		asked[i] = map[string]*Matter{}
		var handles []string
		for j := range b {
			h := fmt.Sprintf("M%d", i*titled+j+1)
			handles, asked[i][h] = append(handles, h), &b[j]
			for k, text := range b[j].Texts[:min(len(b[j].Texts), passages)] {
				sheets[i].Blocks = append(sheets[i].Blocks, Block(fmt.Sprintf("%s.%d", h, k+1), text))
			}
		}
		sheets[i].Values = map[string]string{"matters": strings.Join(handles, ", ")}
	}
	type answer struct {
		Titles []struct{ Matter, Title string }
	}
	answers, err := Ask[answer](ctx, d, prompt, sheets)
	if err != nil {
		return nil, err
	}
	out, taken := map[string]string{}, map[string]string{}
	for _, m := range matters {
		taken[strings.ToLower(m.Title)] = m.ID
	}
	for i, got := range answers {
		if got == nil {
			continue
		}
		for _, a := range got.Titles {
			m, ok := asked[i][a.Matter]
			if !ok {
				d.Reject(a.Title, "It is about a matter %q that was not given.", show(a.Matter))
				continue
			}
			t := m.Named(d, a.Title)
			if t == "" {
				continue
			}
			if of, twice := taken[strings.ToLower(t)]; out[m.ID] != "" || twice && of != m.ID {
				d.Reject(t, "Two matters would have this title, or one would have two.")
				continue
			}
			out[m.ID], taken[strings.ToLower(t)] = t, m.ID
		}
	}
	return out, nil
}

// Named returns a title that the matter's passages bear out, or "" and the title
// among what was dropped.
func (m Matter) Named(d *Desk, title string) string {
	return vocabularyIn(m.Texts).named(d, title, m.Title)
}

// Before returns the words before a quote that the matter's passages bear out.
func (m Matter) Before(d *Desk, before, quote string) string {
	return vocabularyIn(m.Texts).framed(d, before, quote)
}
