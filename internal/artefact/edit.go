package artefact

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"roleos/internal/evidence"
	"roleos/internal/fault"
)

// EditOp is one thing a reviewer may do to the themes.
type EditOp string

// The operations of an edit.
const (
	Rename   EditOp = "rename"   // Theme gets Label
	Merge    EditOp = "merge"    // Theme's records go to Into; Theme's id then redirects there
	Split    EditOp = "split"    // Records leave Theme for a new theme called Label
	Drop     EditOp = "drop"     // Theme's records fit nowhere any more
	Validate EditOp = "validate" // By confirms Theme, or the alert on a segment "plan=enterprise", as a real pattern
)

// Edit is one reviewer's change to an outline.
type Edit struct {
	Op      EditOp   `json:"op"`
	Theme   string   `json:"theme"`
	Into    string   `json:"into,omitempty"`
	Label   string   `json:"label,omitempty"`
	Records []string `json:"records,omitempty"`
	By      string   `json:"by,omitempty"`
}

// Unassigned is where the id of a dropped theme redirects.
const Unassigned = "unassigned"

const maxLabel = 80 // runes

// Apply returns the outline after e, and what changed in one sentence. o is not
// changed. record looks a record up by its id. Ids of other themes stay as they are.
func (o Outline) Apply(e Edit, record func(string) (*evidence.Record, bool)) (Outline, string, error) {
	const op = "review.edit"
	o.Themes = slices.Clone(o.Themes)
	o.Redirects = maps.Clone(o.Redirects)
	if o.Redirects == nil {
		o.Redirects = map[string]string{}
	}
	if e.Op == Validate && strings.Contains(e.Theme, "=") {
		o.Validated = maps.Clone(o.Validated)
		if o.Validated == nil {
			o.Validated = map[string]string{}
		}
		o.Validated[e.Theme] = e.By
		return o, fmt.Sprintf("%s confirmed the alert on %s", e.By, e.Theme), nil
	}
	i, err := o.find(op, e.Theme)
	if err != nil {
		return o, "", err
	}
	t := &o.Themes[i]
	if t.ID != e.Theme && (e.Op == Drop || e.Op == Split) {
		return o, "", fault.New(fault.Conflict, op, "theme %s was merged into %s “%s” (%d records)", e.Theme, t.ID, t.Label, len(t.Records)).
			WithMend("To change that one, name it: %s", t.ID)
	}
	switch e.Op {
	case Rename:
		label, err := o.label(op, e.Label, t.ID)
		if err != nil {
			return o, "", err
		}
		note := fmt.Sprintf("renamed %s from “%s” to “%s”", t.ID, t.Label, label)
		t.Label, t.Edited = label, true
		return o, note, nil
	case Merge:
		return o.merge(op, i, e.Into)
	case Split:
		return o.split(op, i, e, record)
	case Drop:
		note := fmt.Sprintf("dropped %s “%s”: %d records fit nowhere now", t.ID, t.Label, len(t.Records))
		o.redirect(t.ID, Unassigned)
		o.Themes = slices.Delete(o.Themes, i, i+1)
		return o, note, nil
	case Validate:
		if e.By == "" {
			return o, "", fault.New(fault.Invalid, op, "a validated pattern needs the person who validates it")
		}
		t.Validated = e.By
		return o, fmt.Sprintf("%s confirmed the pattern %s “%s”", e.By, t.ID, t.Label), nil
	}
	return o, "", fault.New(fault.Invalid, op, "unknown edit %q; there are rename, merge, split, drop and validate", e.Op)
}

// find returns the position of a theme, following redirects of merged ids.
func (o Outline) find(op, id string) (int, error) {
	for range len(o.Redirects) + 1 {
		if i := slices.IndexFunc(o.Themes, func(t Grouping) bool { return t.ID == id }); i >= 0 {
			return i, nil
		}
		next, ok := o.Redirects[id]
		if !ok {
			break
		}
		id = next
	}
	return 0, fault.New(fault.NotFound, op, "the draft has no theme %q", id).
		WithMend("The themes with their ids: roleos drafts show DRAFT --quotes")
}

func (o Outline) label(op, label, except string) (string, error) {
	label = strings.Join(strings.Fields(label), " ")
	switch {
	case label == "":
		return "", fault.New(fault.Invalid, op, "a theme needs a label that is not empty")
	case !utf8.ValidString(label) || utf8.RuneCountInString(label) > maxLabel:
		return "", fault.New(fault.Invalid, op, "a label has at most %d characters", maxLabel)
	}
	for _, t := range o.Themes {
		if t.ID != except && strings.EqualFold(t.Label, label) {
			return "", fault.New(fault.Conflict, op, "theme %s is already called “%s”", t.ID, t.Label).
				WithMend("Choose another label, or merge the two.")
		}
	}
	return label, nil
}

func (o *Outline) redirect(from, to string) {
	for k, v := range o.Redirects {
		if v == from {
			o.Redirects[k] = to
		}
	}
	o.Redirects[from] = to
}

func (o Outline) merge(op string, i int, into string) (Outline, string, error) {
	j, err := o.find(op, into)
	if err != nil {
		return o, "", err
	}
	if i == j {
		return o, "", fault.New(fault.Invalid, op, "theme %s cannot be merged into itself", o.Themes[i].ID)
	}
	gone, kept := o.Themes[i], o.Themes[j]
	note := fmt.Sprintf("merged %s “%s” (%d records) into %s “%s” (%d records)",
		gone.ID, gone.Label, len(gone.Records), kept.ID, kept.Label, len(kept.Records))
	kept.Signals = mix(kept.Signals, len(kept.Records), gone.Signals, len(gone.Records))
	kept.Records = append(slices.Clone(kept.Records), gone.Records...)
	kept.Quotes = append(slices.Clone(kept.Quotes), gone.Quotes...)
	if len(kept.Quotes) > 4 {
		kept.Quotes = kept.Quotes[:4]
	}
	own := make(map[string]bool, len(kept.Records))
	for _, id := range kept.Records {
		own[id] = true
	}
	also := append(slices.Clone(kept.Mentions), gone.Mentions...)
	slices.Sort(also)
	kept.Mentions = slices.DeleteFunc(slices.Compact(also), func(id string) bool { return own[id] })
	kept.Edited = true
	o.Themes[j] = kept
	o.redirect(gone.ID, kept.ID)
	o.Themes = slices.Delete(o.Themes, i, i+1)
	return o, note, nil
}

// mix averages two themes' signals by size: a merged theme is as sure as its parts.
func mix(a Signals, n int, b Signals, m int) Signals {
	avg := func(x, y float64) float64 { return (x*float64(n) + y*float64(m)) / float64(max(n+m, 1)) }
	return Signals{
		Silhouette: avg(a.Silhouette, b.Silhouette), Stability: avg(a.Stability, b.Stability),
		InnerEdges: avg(a.InnerEdges, b.InnerEdges), Cohesion: avg(a.Cohesion, b.Cohesion),
		Margin: avg(a.Margin, b.Margin), Named: avg(a.Named, b.Named), Marker: avg(a.Marker, b.Marker), Size: a.Size + b.Size,
	}
}

func (o Outline) split(op string, i int, e Edit, record func(string) (*evidence.Record, bool)) (Outline, string, error) {
	from := o.Themes[i]
	label, err := o.label(op, e.Label, "")
	if err != nil {
		return o, "", err
	}
	moved := map[string]bool{}
	for _, id := range e.Records {
		if !slices.Contains(from.Records, id) {
			return o, "", fault.New(fault.Invalid, op, "record %q is not counted in theme %s", id, from.ID)
		}
		moved[id] = true
	}
	if len(moved) == 0 || len(moved) == len(from.Records) {
		return o, "", fault.New(fault.Invalid, op, "a split has to leave records on both sides; %d of %d were named", len(moved), len(from.Records)).
			WithMend("Name some of the theme's records with --records ID,ID or --matching WORD.")
	}
	part := Grouping{Label: label, Parent: from.Parent, Signals: from.Signals, Edited: true}
	var rest []string
	for _, id := range from.Records {
		if moved[id] {
			part.Records = append(part.Records, id)
		} else {
			rest = append(rest, id)
		}
	}
	sum := sha256.Sum256([]byte(from.ID + "\x00" + strings.Join(part.Records, "\x00")))
	part.ID = "t-" + hex.EncodeToString(sum[:4])
	part.Signals.Size = len(part.Records)
	from.Records, from.Edited = rest, true
	from.Signals.Size = len(rest)
	quotes := from.Quotes
	from.Quotes = nil
	for _, q := range quotes {
		if moved[q.RecordID] {
			part.Quotes = append(part.Quotes, q)
		} else {
			from.Quotes = append(from.Quotes, q)
		}
	}
	for _, t := range []*Grouping{&from, &part} {
		if err := t.requote(op, record); err != nil {
			return o, "", err
		}
	}
	o.Themes[i] = from
	o.Themes = append(o.Themes, part)
	return o, fmt.Sprintf("split %d records off %s “%s” into %s “%s”", len(part.Records), from.ID, from.Label, part.ID, part.Label), nil
}

// requote makes sure that the theme has a quote of its own and a statement
// around one of its own records.
func (t *Grouping) requote(op string, record func(string) (*evidence.Record, bool)) error {
	own := func(id string) bool { return slices.Contains(t.Records, id) }
	if len(t.Quotes) == 0 {
		r, ok := record(t.Records[0])
		if !ok {
			return fault.New(fault.Internal, op, "record %q is not in the store", t.Records[0])
		}
		q, ok := r.Quote(0, firstWords(r.Text, 240))
		if !ok {
			return fault.New(fault.Invalid, op, "record %q has no text to quote", r.ID)
		}
		t.Quotes = []evidence.Quote{q}
	}
	if t.Says == nil || !own(t.Says.RecordID) {
		q := t.Quotes[0]
		t.Says, t.Statement = &q, "People say: “"+q.Text+"”"
	}
	return nil
}

// firstWords returns the end of the longest start of s within limit bytes that cuts no word.
func firstWords(s string, limit int) int {
	if len(s) <= limit {
		return len(s)
	}
	if i := strings.LastIndexAny(s[:limit], " \t\n"); i > 0 {
		return i
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return limit
}
