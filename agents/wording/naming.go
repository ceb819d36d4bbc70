package wording

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"roleos/internal/evidence"
	"roleos/internal/llm"
)

// Bounds of naming groups: 315 records make some twenty, which take five calls.
const (
	batch       = 6   // groups in one call
	texts       = 5   // records of a group that the model sees
	maxGroups   = 108 // groups that are named; later ones keep the words of statistics
	maxOverlaps = 10
	maxCompared = 40 // groups that are compared: the first
)

// Group is one group of records that statistics found.
type Group struct {
	ID    string
	Label string // what statistics call it
	// Records are all of its records; those that stand at its centre come first.
	Records []*evidence.Record
}

// Named is what is left of a model's words for one group.
type Named struct {
	Label  string          // empty: keep the old one
	Before string          // the words before the quote; may be empty
	Says   *evidence.Quote // nil: the model quoted nothing that holds
}

// Statement is a sentence around the quote.
func (n Named) Statement() string {
	before := n.Before
	if before == "" {
		before = "People say"
	}
	return before + ": “" + n.Says.Text + "”"
}

// Groups asks for names of groups, and for a quote that speaks for each, with a
// prompt that answers as name-themes does. The names differ from one another.
func Groups(ctx context.Context, d *Desk, prompt string, groups []Group) (map[string]Named, error) {
	groups = groups[:min(len(groups), maxGroups)]
	batches := slices.Collect(slices.Chunk(groups, batch))
	type shown struct {
		group  map[string]*Group
		record map[string]*evidence.Record
	}
	sheets, asked := make([]Sheet, len(batches)), make([]shown, len(batches))
	for i, b := range batches {
		asked[i] = shown{map[string]*Group{}, map[string]*evidence.Record{}}
		var handles []string
		for j := range b {
			h := fmt.Sprintf("T%d", i*batch+j+1)
			handles = append(handles, h)
			asked[i].group[h] = &b[j]
			for k, r := range b[j].Records[:min(len(b[j].Records), texts)] {
				id := fmt.Sprintf("%s.%d", h, k+1)
				asked[i].record[id] = r
				sheets[i].Blocks = append(sheets[i].Blocks, Block(id, Unmasked(r)))
			}
		}
		sheets[i].Values = map[string]string{"groups": strings.Join(handles, ", ")}
	}
	type answer struct {
		Groups []struct{ Group, Label, Before, Quote, Block string }
	}
	answers, err := Ask[answer](ctx, d, prompt, sheets)
	if err != nil {
		return nil, err
	}
	out := map[string]Named{}
	for i, got := range answers {
		if got == nil {
			continue
		}
		for _, a := range got.Groups {
			g, ok := asked[i].group[a.Group]
			if !ok {
				d.Reject(a.Label, "It is about a group %q that was not given.", show(a.Group))
				continue
			}
			if _, twice := out[g.ID]; twice {
				d.Reject(a.Label, "The group %s was named twice.", g.Label)
				continue
			}
			v := vocabularyOf(g.Records)
			n := Named{Label: v.named(d, a.Label, g.Label)}
			if q := d.quoted(strings.TrimSpace(a.Before+" “"+a.Quote+"”"), a.Quote, a.Block, a.Group+".", asked[i].record); q != nil {
				n.Says, n.Before = q, v.framed(d, a.Before, q.Text)
			}
			out[g.ID] = n
		}
	}
	d.distinct(out, groups)
	return out, nil
}

// named returns a name that holds, or "".
func (v vocabulary) named(d *Desk, label, of string) string {
	if err := v.label(label); err != nil {
		d.Reject(label, "As a name of “%s” it %s.", of, err)
		return ""
	}
	return strings.Join(strings.Fields(label), " ")
}

// framed returns the words before a quote when they hold, or "".
func (v vocabulary) framed(d *Desk, before, quote string) string {
	before = strings.TrimRight(strings.Join(strings.Fields(before), " "), ":, ")
	if err := v.before(before); err != nil {
		d.Reject(before+" “"+quote+"”", "The words before the quote are left out: the sentence %s.", err)
		return ""
	}
	return before
}

// quoted finds what a model quotes in the record it names, or drops it. Handles
// of records that it may cite begin with own.
func (d *Desk) quoted(whole, text, block, own string, records map[string]*evidence.Record) *evidence.Quote {
	r, ok := records[block]
	switch {
	case !ok:
		d.Reject(whole, "It cites a record %q that was not given.", show(block))
		return nil
	case !strings.HasPrefix(block, own):
		d.Reject(whole, "It cites a record of another group.")
		return nil
	}
	q, err := quote(r, text)
	if err != nil {
		d.Reject(whole, "The quote %s.", err)
		return nil
	}
	return &q
}

// distinct takes back names that two groups would share.
func (d *Desk) distinct(named map[string]Named, groups []Group) {
	for again := true; again; {
		again = false
		seen := map[string]string{}
		for _, g := range groups {
			n := named[g.ID]
			label := n.Label
			if label == "" {
				label = g.Label
			}
			key := strings.ToLower(label)
			other, taken := seen[key]
			if !taken {
				seen[key] = g.ID
				continue
			}
			loser := g.ID
			if n.Label == "" { // this one has its old name: the other gives its new one back
				loser = other
			}
			x := named[loser]
			if x.Label == "" {
				continue // both have the names that statistics gave them
			}
			d.Reject(x.Label, "Two groups would have this name.")
			x.Label = ""
			named[loser] = x
			again = true
		}
	}
}

// Overlaps asks which groups may be one: pairs of ids for a person to look at.
func Overlaps(ctx context.Context, d *Desk, groups []Group, named map[string]Named) ([][2]string, error) {
	if len(groups) < 2 {
		return nil, nil
	}
	groups = groups[:min(len(groups), maxCompared)]
	byHandle := map[string]string{}
	var data []llm.Block
	for i, g := range groups {
		h := fmt.Sprintf("T%d", i+1)
		byHandle[h] = g.ID
		label := g.Label
		if n := named[g.ID].Label; n != "" {
			label = n
		}
		text := label
		if len(g.Records) > 0 {
			text += "\n" + cut(Unmasked(g.Records[0]))
		}
		data = append(data, llm.Block{ID: h, Text: text})
	}
	type answer struct {
		Pairs []struct{ First, Second string }
	}
	answers, err := Ask[answer](ctx, d, "find-overlaps", []Sheet{{Values: map[string]string{"themes": fmt.Sprintf("T1 to T%d", len(groups))}, Blocks: data}})
	if err != nil || answers[0] == nil {
		return nil, err
	}
	var out [][2]string
	seen := map[[2]string]bool{}
	for _, a := range answers[0].Pairs {
		x, okx := byHandle[a.First]
		y, oky := byHandle[a.Second]
		if !okx || !oky || x == y {
			d.Reject(a.First+" and "+a.Second, "They are not two of the groups that were given.")
			continue
		}
		pair := [2]string{min(x, y), max(x, y)}
		if seen[pair] || len(out) == maxOverlaps {
			continue
		}
		seen[pair] = true
		out = append(out, [2]string{x, y})
	}
	return out, nil
}
