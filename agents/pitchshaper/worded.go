package pitchshaper

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"roleos/agents"
	"roleos/agents/wording"
	"roleos/internal/artefact/brief"
	"roleos/internal/artefact/pitch"
	"roleos/internal/evidence"
)

// Bounds of what a model is asked about in one pitch.
const (
	mostParts       = 24
	mostConstraints = 16
	mostDoubts      = 8
)

// worded lets a model title what people proposed and warned of, and ask whether a
// part keeps to a constraint. It adds no part, and a doubt is a note to whoever
// reviews: the view of a constraint stays as people gave it.
func (a *Agent) worded(ctx context.Context, p *pitch.ShapedPitch, t agents.Task) (taint []string, err error) {
	parts := slices.Concat(p.Elements, p.RabbitHoles)
	parts = parts[:min(len(parts), mostParts)]
	if len(parts) == 0 {
		return nil, nil
	}
	job := wording.Job{
		Stage: "Titling the parts", Prompts: []string{"shape-pitch"}, Progress: t.Progress,
		Step: "titles elements and rabbit holes in their own words, and asks which of them may not keep to a constraint.",
	}
	return a.o.Wording.Word(ctx, job, &p.Method, &p.Rejected, func(ctx context.Context, d *wording.Desk) error {
		titles, doubts, err := ask(ctx, d, parts, p.Constraints[:min(len(p.Constraints), mostConstraints)], t.Records)
		if err != nil {
			return err
		}
		for _, list := range [][]pitch.Part{p.Elements, p.RabbitHoles} {
			for i := range list {
				list[i].Title = titles[list[i].ID]
			}
		}
		p.Method.Notes = append(p.Method.Notes, doubts...)
		return nil
	})
}

func ask(ctx context.Context, d *wording.Desk, parts []pitch.Part, constraints []brief.Constraint, records []evidence.Record) (titles map[string]string, doubts []string, err error) {
	record := map[string]*evidence.Record{}
	for i := range records {
		record[records[i].ID] = &records[i]
	}
	text := func(own string, q *evidence.Quote) string { // without what is masked
		if q == nil || record[q.RecordID] == nil {
			return own
		}
		return wording.Unmasked(record[q.RecordID])[q.Start:q.End]
	}
	var sheet wording.Sheet
	var handles []string
	part, constraint := map[string]wording.Matter{}, map[string]brief.Constraint{}
	for i, x := range parts {
		h := fmt.Sprintf("P%d", i+1)
		m := wording.Matter{ID: x.ID, Title: brief.Short(x.Text, 60), Texts: []string{text(x.Text, x.Quote)}}
		handles, part[h] = append(handles, h), m
		sheet.Blocks = append(sheet.Blocks, wording.Block(h, m.Texts[0]))
	}
	for i, c := range constraints {
		h := fmt.Sprintf("K%d", i+1)
		constraint[h] = c
		sheet.Blocks = append(sheet.Blocks, wording.Block(h, text(c.Text, c.Quote)))
	}
	sheet.Values = map[string]string{"parts": strings.Join(handles, ", ")}
	type answer struct {
		Titles []struct{ Part, Title string }
		Doubts []struct{ Part, Constraint string }
	}
	answers, err := wording.Ask[answer](ctx, d, "shape-pitch", []wording.Sheet{sheet})
	titles = map[string]string{}
	if err != nil || answers[0] == nil {
		return titles, nil, err
	}
	for _, a := range answers[0].Titles {
		m, ok := part[a.Part]
		switch {
		case !ok:
			d.Reject(a.Title, "It is about a part %q that was not given.", a.Part)
		case titles[m.ID] != "":
			d.Reject(a.Title, "The part “%s” would have two titles.", m.Title)
		default:
			if t := m.Named(d, a.Title); t != "" {
				titles[m.ID] = t
			}
		}
	}
	seen := map[[2]string]bool{}
	for _, a := range answers[0].Doubts {
		m, okp := part[a.Part]
		c, okc := constraint[a.Constraint]
		pair := [2]string{a.Part, a.Constraint}
		switch {
		case !okp || !okc:
			d.Reject(a.Part+" and "+a.Constraint, "They are not a part and a constraint that were given.")
		case !seen[pair] && len(doubts) < mostDoubts:
			seen[pair] = true
			doubts = append(doubts, fmt.Sprintf("The model asks whether “%s” (%s) keeps to “%s” (%s). The architect says.", m.Title, m.ID, brief.Short(c.Text, 80), c.ID))
		}
	}
	return titles, doubts, nil
}
