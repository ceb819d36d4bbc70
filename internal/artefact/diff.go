package artefact

import (
	"fmt"
	"slices"
)

// Difference is one thing a reader would notice between two revisions.
type Difference struct {
	Kind   string `json:"kind"` // renamed, added, removed, merged, records, confidence, rank, validated
	Theme  string `json:"theme,omitempty"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// String says the difference in one line.
func (d Difference) String() string {
	switch {
	case d.Before == "":
		return fmt.Sprintf("%s %s: %s", d.Kind, d.Theme, d.After)
	case d.After == "":
		return fmt.Sprintf("%s %s: %s", d.Kind, d.Theme, d.Before)
	}
	return fmt.Sprintf("%s %s: %s -> %s", d.Kind, d.Theme, d.Before, d.After)
}

// Diff lists what changed from a to b, theme by theme in b's order, then what is gone.
func Diff(a, b FeedbackSynthesis) []Difference {
	var out Differences
	add := out.Add
	rank := func(s FeedbackSynthesis, id string) string {
		if i := slices.IndexFunc(s.Issues, func(x Issue) bool { return x.ThemeID == id }); i >= 0 {
			return fmt.Sprintf("%d of %d", s.Issues[i].Rank, len(s.Issues))
		}
		return ""
	}
	was := make(map[string]Theme, len(a.Themes))
	for _, t := range a.Themes {
		was[t.ID] = t
	}
	is := make(map[string]bool, len(b.Themes))
	for _, t := range b.Themes {
		is[t.ID] = true
		old, ok := was[t.ID]
		if !ok {
			add("added", t.ID, "", fmt.Sprintf("“%s”, %d records", t.Label, t.Count))
			continue
		}
		add("renamed", t.ID, old.Label, t.Label)
		add("records", t.ID, fmt.Sprintf("%d", old.Count), fmt.Sprintf("%d", t.Count))
		add("statement", t.ID, old.Statement, t.Statement)
		add("confidence", t.ID, old.Level, t.Level)
		add("validated", t.ID, old.Validated, t.Validated)
		if len(a.Themes) == len(b.Themes) { // else every rank behind the new or the lost theme moves
			add("rank", t.ID, rank(a, t.ID), rank(b, t.ID))
		}
	}
	for _, t := range a.Themes {
		if is[t.ID] {
			continue
		}
		text := fmt.Sprintf("“%s”, %d records", t.Label, t.Count)
		if to := b.Redirects[t.ID]; to != "" && to != Unassigned {
			add("merged", t.ID, text, "into "+to)
		} else {
			add("removed", t.ID, text, "")
		}
	}
	add("unassigned", "", fmt.Sprintf("%d records", len(a.Unassigned)), fmt.Sprintf("%d records", len(b.Unassigned)))
	return out
}
