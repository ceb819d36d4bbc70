package wording

import (
	"context"
	"fmt"

	"roleos/internal/artefact"
	"roleos/internal/evidence"
)

// Outline words an outline of a synthesis: names and sentences change, records
// and numbers do not. What the model may mean by one group in two is a note for
// the reviewer, never a merge. It changes o only when it returns nil.
func Outline(ctx context.Context, d *Desk, o *artefact.Outline, records []evidence.Record) error {
	byID := make(map[string]*evidence.Record, len(records))
	for i := range records {
		byID[records[i].ID] = &records[i]
	}
	groups := make([]Group, len(o.Themes))
	for i, t := range o.Themes {
		groups[i] = Group{ID: t.ID, Label: t.Label, Records: central(t, byID)}
	}
	named, err := Groups(ctx, d, "name-themes", groups)
	if err != nil {
		return err
	}
	overlaps, err := Overlaps(ctx, d, groups, named)
	if err != nil {
		return err
	}
	labels := map[string]string{}
	for i := range o.Themes {
		t := &o.Themes[i]
		n := named[t.ID]
		if n.Label != "" {
			t.Label = n.Label
		}
		if n.Says != nil {
			t.Statement, t.Says = n.Statement(), n.Says
		}
		labels[t.ID] = t.Label
	}
	for _, p := range overlaps {
		o.Method.Notes = append(o.Method.Notes, fmt.Sprintf("The model asks whether “%s” and “%s” are one theme. Merge them in the review if they are.", labels[p[0]], labels[p[1]]))
	}
	if n := len(groups) - maxGroups; n > 0 {
		o.Method.Notes = append(o.Method.Notes, fmt.Sprintf("The %d smallest themes keep the words of statistics, to bound the number of calls.", n))
	}
	return nil
}

// central returns a theme's records, the quoted ones first: they stand at its
// centre. The others follow spread over the theme, so that what the model sees
// is not only its beginning.
func central(t artefact.Grouping, byID map[string]*evidence.Record) []*evidence.Record {
	var out []*evidence.Record
	seen := map[string]bool{}
	add := func(id string) {
		if r, ok := byID[id]; ok && !seen[id] {
			seen[id] = true
			out = append(out, r)
		}
	}
	if t.Says != nil {
		add(t.Says.RecordID)
	}
	for _, q := range t.Quotes {
		add(q.RecordID)
	}
	step := max(len(t.Records)/texts, 1)
	for i := step / 2; i < len(t.Records); i += step {
		add(t.Records[i])
	}
	for _, id := range t.Records {
		add(id)
	}
	return out
}
