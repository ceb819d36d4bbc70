package artefact

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"roleos/internal/evidence"
)

func (b *builder) groups(in []Bundle) {
	for _, g := range in {
		out := Group{ID: g.ID, Label: g.Label}
		terms := []evidence.Term{}
		for i, t := range b.out.Themes {
			if t.Parent == g.ID {
				out.ThemeIDs = append(out.ThemeIDs, t.ID)
				out.Count += t.Count
				out.Share += t.Share
				terms = append(terms, evidence.Term{Number: fmt.Sprintf("/themes/%d/", i), Weight: 1})
			}
		}
		if len(out.ThemeIDs) == 0 {
			continue
		}
		if out.Label == "" || !b.covers(out.Label, out.ThemeIDs) {
			out.Label = b.out.membersLabel(out.ThemeIDs, true)
			if slices.ContainsFunc(b.out.Groups, func(g Group) bool { return g.Label == out.Label }) {
				out.Label = b.out.membersLabel(out.ThemeIDs, false)
			}
		}
		at := fmt.Sprintf("/groups/%d", len(b.out.Groups))
		sum := func(field, unit string, v float64) float64 {
			q := evidence.Query{Op: evidence.OpSum}
			for _, t := range terms {
				q.Terms = append(q.Terms, evidence.Term{Number: t.Number + field, Weight: 1})
			}
			return b.stated(at+"/"+field, unit, v, q)
		}
		sum("count", "records", float64(out.Count))
		out.Share = sum("share", "share", out.Share)
		b.out.Groups = append(b.out.Groups, out)
	}
}

// phraseJoint stands between the phrases of a label.
const phraseJoint = " · "

// membersLabel names a group by its two largest themes: "Export timed out,
// Cohort counts and 2 more", short with the first phrase of each label only. No
// two groups share a theme, so no two share the long form.
func (s *FeedbackSynthesis) membersLabel(ids []string, short bool) string {
	var labels []string
	for _, t := range s.Themes { // largest first
		if slices.Contains(ids, t.ID) {
			label := t.Label
			if short {
				label, _, _ = strings.Cut(label, phraseJoint)
			}
			labels = append(labels, label)
		}
	}
	switch n := len(labels); {
	case n <= 1:
		return strings.Join(labels, "")
	case n == 2:
		return labels[0] + " and " + labels[1]
	default:
		return fmt.Sprintf("%s, %s and %d more", labels[0], labels[1], n-2)
	}
}

// covers reports whether at least half of the themes' records hold the words of
// one phrase of label. A label that most of them do not share reads as noise.
func (b *builder) covers(label string, ids []string) bool {
	var phrases [][]string
	for _, p := range strings.Split(label, phraseJoint) {
		if ws := beginnings(p); len(ws) > 0 {
			phrases = append(phrases, ws)
		}
	}
	all, held := 0, 0
	for _, t := range b.out.Themes {
		if !slices.Contains(ids, t.ID) {
			continue
		}
		for _, id := range t.RecordIDs {
			r, ok := b.corpus.Record(id)
			if !ok {
				continue
			}
			all++
			text := strings.ToLower(r.Text)
			if slices.ContainsFunc(phrases, func(ws []string) bool { return holds(text, ws) }) {
				held++
			}
		}
	}
	return 2*held >= all
}

// beginnings returns the words of phrase in lower case without their endings,
// so that "exports" is found where "export" stands.
func beginnings(phrase string) []string {
	ws := strings.FieldsFunc(strings.ToLower(phrase), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i, w := range ws {
		if rs := []rune(w); len(rs) > 4 {
			ws[i] = string(rs[:max(4, len(rs)-2)])
		}
	}
	return ws
}

func holds(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}
