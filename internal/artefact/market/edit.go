package market

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"roleos/internal/artefact"
	"roleos/internal/evidence"
	"roleos/internal/fault"
)

// Change is one reviewer's change to a brief.
type Change struct {
	Op          string `json:"op"`
	Item        string `json:"item,omitempty"`
	Development string `json:"development,omitempty"`
	Into        string `json:"into,omitempty"`
	Label       string `json:"label,omitempty"`
	Importance  string `json:"importance,omitempty"`
	Why         string `json:"why,omitempty"`
}

// The operations of a change.
const (
	Drop   = "drop_item"          // Item does not belong here
	Merge  = "merge_developments" // Development is the same as Into
	Rename = "rename_development" // Development is called Label
	Weigh  = "set_importance"     // Development is of this Importance, and Why
)

// Dropped is where the id of a dropped item redirects.
const Dropped = "dropped"

const maxText = 400 // runes of a label or a reason

// Outline returns what was decided in b, so that a change can be made and the rest computed again.
func (b MarketBrief) Outline() Outline {
	days := func(from, to int64) int { return int((to - from + 43200) / 86400) }
	o := Outline{
		Title: b.Title, Sample: b.Sample, Sources: b.Sources, AsOf: b.Summary.AsOf,
		NewDays: days(b.Summary.NewSince.Unix(), b.Summary.AsOf.Unix()), StaleDays: days(b.Summary.StaleBefore.Unix(), b.Summary.AsOf.Unix()),
		Products: slices.Clone(b.Products), Items: slices.Clone(b.Items), Copies: slices.Clone(b.Copies), Developments: slices.Clone(b.Developments),
		Findings: b.Findings, Redirects: maps.Clone(b.Redirects), Method: b.Method, Redaction: b.Redaction, Rejected: b.Rejected,
	}
	o.Gaps = slices.DeleteFunc(slices.Clone(b.Gaps), func(g artefact.Gap) bool { return computed(g.What) })
	return o
}

// Edit makes one change to the brief in body and returns the new bytes with one
// sentence about it. by is the person who makes it.
func Edit(body, edit []byte, by string, records []evidence.Record) ([]byte, string, error) {
	const op = "review.edit"
	b, err := Parse(body)
	if err != nil {
		return nil, "", err
	}
	c, err := artefact.ReadEdit[Change](op, edit, forms(), by)
	if err != nil {
		return nil, "", err
	}
	o, note, err := b.Outline().apply(op, c, by)
	if err != nil {
		return nil, "", err
	}
	next, err := Compose(o, records)
	if err != nil {
		return nil, "", err
	}
	out, err := next.Marshal()
	return out, note, err
}

func (o Outline) apply(op string, c Change, by string) (Outline, string, error) {
	if o.Redirects == nil {
		o.Redirects = map[string]string{}
	}
	switch c.Op {
	case Drop:
		i := slices.IndexFunc(o.Items, func(it Item) bool { return it.ID == c.Item })
		if i < 0 {
			return o, "", fault.New(fault.NotFound, op, "the brief has no item %q", c.Item)
		}
		title := o.Items[i].Title
		o.Items = slices.Delete(o.Items, i, i+1)
		o.Redirects[c.Item] = Dropped
		return o, fmt.Sprintf("%s dropped “%s”", by, title), nil
	case Merge:
		return o.merge(op, c, by)
	case Rename, Weigh:
		return o.word(op, c, by)
	}
	return o, "", fault.New(fault.Invalid, op, "unknown change %q", c.Op).WithMend("There are %s.", strings.Join([]string{Drop, Merge, Rename, Weigh}, ", "))
}

func (o Outline) find(op, id string) (int, error) {
	i := slices.IndexFunc(o.Developments, func(d Development) bool { return d.ID == id })
	if i < 0 {
		return 0, fault.New(fault.NotFound, op, "the brief has no development %q", id)
	}
	return i, nil
}

func (o Outline) merge(op string, c Change, by string) (Outline, string, error) {
	i, err := o.find(op, c.Development)
	if err != nil {
		return o, "", err
	}
	j, err := o.find(op, c.Into)
	if err != nil {
		return o, "", err
	}
	if i == j {
		return o, "", fault.New(fault.Invalid, op, "a development cannot be merged into itself")
	}
	from, into := o.Developments[i], &o.Developments[j]
	into.ItemIDs = append(slices.Clone(into.ItemIDs), from.ItemIDs...)
	label := into.Label
	for id, to := range o.Redirects {
		if to == from.ID {
			o.Redirects[id] = into.ID
		}
	}
	o.Redirects[from.ID] = into.ID
	o.Developments = slices.Delete(o.Developments, i, i+1)
	return o, fmt.Sprintf("%s merged “%s” into “%s”", by, from.Label, label), nil
}

func (o Outline) word(op string, c Change, by string) (Outline, string, error) {
	i, err := o.find(op, c.Development)
	if err != nil {
		return o, "", err
	}
	d := &o.Developments[i]
	if c.Op == Rename {
		label, err := line(op, "a label", c.Label)
		if err != nil {
			return o, "", err
		}
		old := d.Label
		d.Label = label
		return o, fmt.Sprintf("%s renamed “%s” to “%s”", by, old, label), nil
	}
	if c.Importance != "high" && c.Importance != "medium" && c.Importance != "low" {
		return o, "", fault.New(fault.Invalid, op, "importance is %q", c.Importance).WithMend("It is high, medium or low.")
	}
	why, err := line(op, "a reason", c.Why)
	if err != nil {
		return o, "", err
	}
	d.Set = &Set{Importance: c.Importance, Why: why, By: by}
	return o, fmt.Sprintf("%s called “%s” %s: %s", by, d.Label, c.Importance, why), nil
}

func line(op, what, text string) (string, error) {
	text = strings.Join(strings.Fields(text), " ")
	if text == "" || !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxText {
		return "", fault.New(fault.Invalid, op, "%s has 1 to %d characters", what, maxText)
	}
	return text, nil
}

// Diff lists what a reader would notice between two revisions.
func Diff(a, b MarketBrief) []artefact.Difference {
	var out artefact.Differences
	add := out.Add
	old := map[string]Development{}
	for _, d := range a.Developments {
		old[d.ID] = d
	}
	for _, d := range b.Developments {
		was, ok := old[d.ID]
		delete(old, d.ID)
		if !ok {
			add("development added", d.ID, "", d.Label)
			continue
		}
		add("renamed", d.ID, was.Label, d.Label)
		add("importance", d.ID, was.Importance, d.Importance)
		add("items", d.ID, fmt.Sprint(len(was.ItemIDs)), fmt.Sprint(len(d.ItemIDs)))
	}
	for _, d := range a.Developments {
		if _, gone := old[d.ID]; gone {
			if to := b.Redirects[d.ID]; to != "" {
				add("merged", d.ID, d.Label, "into "+to)
			} else {
				add("development removed", d.ID, d.Label, "")
			}
		}
	}
	items := map[string]string{}
	for _, it := range a.Items {
		items[it.ID] = it.Title
	}
	for _, it := range b.Items {
		if _, ok := items[it.ID]; !ok {
			add("item added", it.ID, "", it.Title)
		}
		delete(items, it.ID)
	}
	for _, it := range a.Items {
		if _, gone := items[it.ID]; gone {
			add("item dropped", it.ID, it.Title, "")
		}
	}
	return out
}

// forms are the operations with their fields, as a person types them.
func forms() []string {
	return []string{
		`drop_item item=ID`,
		`merge_developments development=ID into=ID`,
		`rename_development development=ID label=TEXT`,
		`set_importance development=ID importance=IMPORTANCE why=TEXT`,
	}
}
