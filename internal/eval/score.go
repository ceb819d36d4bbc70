package eval

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/scaffold"
)

// Themes sets the themes of a feedback synthesis beside labels. Records without
// a label are left out; labels without a record are an error when most have none.
func Themes(body []byte, labels Labels) ([]Outcome, []string, error) {
	var s struct {
		Themes []struct {
			ID      string   `json:"id"`
			Label   string   `json:"label"`
			Records []string `json:"record_ids"`
			Level   string   `json:"confidence_level"`
		} `json:"themes"`
		Unassigned []string `json:"unassigned"`
	}
	if err := json.Unmarshal(body, &s); err != nil {
		return nil, nil, fault.Wrap(err, fault.Invalid, "eval.themes", "the artefact holds no themes")
	}
	var out []Outcome
	bare := 0
	words := map[string]map[string]bool{} // of a label
	add := func(id, theme string, high bool, name map[string]bool) {
		label, ok := labels[id]
		if !ok {
			bare++
			return
		}
		if words[label] == nil {
			words[label] = scaffold.Words(label)
		}
		out = append(out, Outcome{ID: id, Gold: label, Got: theme, High: high, Named: scaffold.Shared(words[label], name) > 0})
	}
	for _, t := range s.Themes {
		name := scaffold.Words(t.Label)
		for _, id := range t.Records {
			add(id, t.ID, t.Level == "high", name)
		}
	}
	for _, id := range s.Unassigned {
		add(id, Unassigned, false, nil)
	}
	if 2*len(out) < len(labels) {
		return nil, nil, fault.New(fault.Invalid, "eval.themes", "%d of %d labelled records are in the artefact", len(out), len(labels)).
			WithMend("The ids of the labels have to be those of the export; name its column with --map id=COLUMN.")
	}
	var notes []string
	if bare > 0 {
		notes = append(notes, fmt.Sprintf("%d records have no label and are left out.", bare))
	}
	if n := len(labels) - len(out); n > 0 {
		notes = append(notes, fmt.Sprintf("%d labels have no record in the input.", n))
	}
	return out, notes, nil
}

// found is one thing an artefact reports.
type found struct {
	id, kind, text, source string
	place                  int // position of its record; -1 when it has none
	record                 string
}

// Windows around a place that is known: what is noted sums up what was said before.
const (
	before = 8
	after  = 3
)

// Statements sets the statements of a stakeholder landscape beside what people
// noted, for the kinds that they noted. A pair counts when both are of one kind
// and the statement, read with its topic and speaker, holds at least two of the
// note's subject words and two fifths of them; where the note's record or turn is
// known and the statement stands within the window around it, two words are
// enough. Pairs are one to one, best first.
func Statements(body []byte, noted []Noted, records []evidence.Record, source func(id string) string) ([]Outcome, error) {
	var l struct {
		Statements []struct {
			ID     string `json:"id"`
			Kind   string `json:"kind"`
			Text   string `json:"text"`
			Topic  string `json:"topic"`
			Record string `json:"record_id"`
			// Reading is a model's own; a draft with one is scored by what it says.
			Reading *struct {
				As string `json:"as"`
			} `json:"reading"`
		} `json:"statements"`
	}
	if err := json.Unmarshal(body, &l); err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "eval.statements", "the artefact holds no statements")
	}
	place := map[string]int{}
	for i := range records {
		place[records[i].ID] = i
	}
	kinds := map[string]bool{}
	for _, n := range noted {
		kinds[n.Kind] = true
	}
	var all []found
	for _, s := range l.Statements {
		if s.Reading != nil {
			s.Kind = s.Reading.As
		}
		if !kinds[s.Kind] && !kinds[""] {
			continue
		}
		f := found{id: s.ID, kind: s.Kind, text: s.Text + " " + s.Topic, place: -1, record: s.Record}
		if i, ok := place[s.Record]; ok {
			f.place, f.source = i, source(records[i].Source)
			f.text += " " + records[i].Origin.Speaker
		}
		all = append(all, f)
	}
	return match(noted, all, records, source)
}

// Items sets the texts at the places that gold lines name beside the gold texts;
// equal up to case and white space, or sharing most subject words, is right.
func Items(body []byte, noted []Noted) ([]Outcome, error) {
	doc, err := evidence.NewDocument(body)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "eval.items", "the artefact is not readable")
	}
	at := map[string]bool{}
	for _, n := range noted {
		if !strings.HasPrefix(n.At, "/") {
			return nil, fault.New(fault.Invalid, "eval.items", "gold %s names no place", n.ID).
				WithMend("Give each line a place in the artefact: {\"at\": \"/constraints/*/text\", \"text\": \"...\"}")
		}
		at[n.At] = true
	}
	var all []found
	for _, pattern := range slices.Sorted(maps.Keys(at)) {
		for _, v := range values(doc.Root(), strings.Split(pattern[1:], "/"), pattern) {
			all = append(all, found{id: pattern + " " + strconv.Itoa(len(all)), kind: pattern, text: v, place: -1})
		}
	}
	noted = slices.Clone(noted)
	for i := range noted {
		noted[i].Kind = noted[i].At
	}
	return match(noted, all, nil, func(string) string { return "" })
}

// values returns the texts and numbers at a pattern, in document order.
func values(v any, steps []string, pattern string) []string {
	if len(steps) == 0 {
		switch v := v.(type) {
		case string:
			return []string{v}
		case float64:
			return []string{strconv.FormatFloat(v, 'f', -1, 64)}
		case bool:
			return []string{strconv.FormatBool(v)}
		}
		return nil
	}
	switch v := v.(type) {
	case map[string]any:
		return values(v[steps[0]], steps[1:], pattern)
	case []any:
		var out []string
		for i, x := range v {
			if steps[0] == "*" || steps[0] == strconv.Itoa(i) {
				out = append(out, values(x, steps[1:], pattern)...)
			}
		}
		return out
	}
	return nil
}

// match pairs what was noted with what was found and lists all outcomes.
func match(noted []Noted, all []found, records []evidence.Record, source func(string) string) ([]Outcome, error) {
	type pair struct {
		n, f int
		v    float64
	}
	words := make([]map[string]bool, len(all))
	for i, f := range all {
		words[i] = scaffold.Words(f.text)
	}
	spoken := map[string][]int{}
	for i, r := range records {
		if r.Origin.Speaker != "" {
			spoken[r.Source] = append(spoken[r.Source], i)
		}
	}
	sources := map[string]string{} // what a gold line calls it -> the source's name
	for _, r := range records {
		for _, n := range noted {
			if s := source(r.Source); n.Source != "" && names(s, n.Source) {
				sources[n.Source] = s
			}
		}
	}
	var pairs []pair
	for i, n := range noted {
		want := scaffold.Words(n.Text)
		anchor := anchorOf(n, records, spoken, source)
		for j, f := range all {
			if n.Kind != "" && n.Kind != f.kind || n.Source != "" && f.source != sources[n.Source] {
				continue
			}
			shared := scaffold.Shared(want, words[j])
			share := float64(shared) / float64(max(len(want), 1))
			same := strings.EqualFold(strings.Join(strings.Fields(n.Text), " "), strings.Join(strings.Fields(f.text), " "))
			near := anchor >= 0 && f.place > anchor-before && f.place <= anchor+after
			switch {
			case same:
				share = 2
			case near && shared >= 2:
				share += .3
			case shared < 2 || share < .4:
				continue
			}
			pairs = append(pairs, pair{i, j, share})
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(b.v, a.v) })
	gave, took := map[int]int{}, map[int]bool{}
	for _, p := range pairs {
		if _, ok := gave[p.n]; !ok && !took[p.f] {
			gave[p.n], took[p.f] = p.f, true
		}
	}
	var out []Outcome
	for i, n := range noted {
		o := Outcome{ID: "noted " + n.ID, Group: cmp.Or(sources[n.Source], n.Source), Gold: cmp.Or(n.Kind, "any")}
		if j, ok := gave[i]; ok {
			o.Got, o.Right = all[j].kind, true
		}
		out = append(out, o)
	}
	for j, f := range all {
		if !took[j] {
			out = append(out, Outcome{ID: "found " + f.id, Group: f.source, Got: f.kind})
		}
	}
	return out, nil
}

// anchorOf returns the position of the record that a gold line names, or of the
// speaker's turn in front of it; -1 when it says neither.
func anchorOf(n Noted, records []evidence.Record, spoken map[string][]int, source func(string) string) int {
	for i, r := range records {
		if n.Record != "" && r.ID == n.Record {
			return i
		}
	}
	if n.Turn == nil {
		return -1
	}
	for _, id := range slices.Sorted(maps.Keys(spoken)) {
		turns := spoken[id]
		if (n.Source == "" || names(source(id), n.Source)) && *n.Turn > 0 && len(turns) > 0 {
			return turns[min(*n.Turn, len(turns))-1]
		}
	}
	return -1
}

// names reports whether a source's name holds what a gold line calls it, as a whole word.
func names(name, what string) bool {
	if strings.EqualFold(name, what) {
		return true
	}
	for _, w := range strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune("/_-. #", r) }) {
		if strings.EqualFold(w, what) {
			return true
		}
	}
	return len(what) > 8 && strings.Contains(strings.ToLower(name), strings.ToLower(what))
}
