package eval

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"roleos/internal/fault"
)

// Labels maps a record id to the label that people gave it.
type Labels map[string]string

// labelNames are the headers under which a label may stand, best first.
func labelNames() []string {
	return []string{"label", "gold", "category", "intent", "theme", "class"}
}

// ParseLabels reads a table with a column id and a column label (or gold,
// category, intent, theme, class). A record that occurs twice is an error.
func ParseLabels(name string, data []byte) (Labels, error) {
	const op = "eval.gold"
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))).ReadAll()
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, op, "%s is no CSV", name)
	}
	if len(rows) < 2 {
		return nil, fault.New(fault.Invalid, op, "%s has no labelled record", name)
	}
	column := func(names ...string) int {
		for _, n := range names {
			if i := slices.IndexFunc(rows[0], func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), n) }); i >= 0 {
				return i
			}
		}
		return -1
	}
	id, label := column("id", "record_id", "record"), column(labelNames()...)
	if id < 0 || label < 0 {
		return nil, fault.New(fault.Invalid, op, "%s has the columns %s", name, strings.Join(rows[0], ", ")).
			WithMend("Name one id and one label (%s).", strings.Join(labelNames(), ", "))
	}
	out := Labels{}
	for i, r := range rows[1:] {
		if _, twice := out[r[id]]; twice || r[id] == "" {
			return nil, fault.New(fault.Invalid, op, "%s row %d: id %q is empty or occurs twice", name, i+2, r[id])
		}
		if r[label] != "" {
			out[r[id]] = r[label]
		}
	}
	return out, nil
}

// Noted is one thing that a person noted and an agent should find.
type Noted struct {
	ID     string `json:"id"`     // "" takes the line's number
	Kind   string `json:"kind"`   // decision, action, ...; "" fits any
	At     string `json:"at"`     // for an artefact of any kind: pattern of the place, /constraints/*/text
	Text   string `json:"text"`   // in the person's words, or the value at At
	Source string `json:"source"` // file name, or a part of it; "" is any
	Record string `json:"record"` // id of the record it stands in, where it is known
	Turn   *int   `json:"turn"`   // speaker turns before it, where they are known
}

// ParseNoted reads JSON Lines. Beside the fields of Noted it understands
// meeting (a name or number that is part of the source's name), ref (as id) and
// carried_over (true leaves the line out). Lines of the same kind, source and words count once.
func ParseNoted(name string, data []byte) ([]Noted, error) {
	var out []Noted
	seen := map[string]bool{}
	for i, line := range bytes.Split(data, []byte("\n")) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var n struct {
			Noted
			Meeting any    `json:"meeting"`
			Ref     string `json:"ref"`
			Carried bool   `json:"carried_over"`
		}
		if err := json.Unmarshal(line, &n); err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "eval.gold", "%s line %d is no JSON object", name, i+1)
		}
		if strings.TrimSpace(n.Text) == "" {
			return nil, fault.New(fault.Invalid, "eval.gold", "%s line %d has no text", name, i+1)
		}
		if n.Meeting != nil && n.Source == "" {
			n.Source = fmt.Sprint(n.Meeting)
		}
		key := n.Kind + "\x00" + n.Source + "\x00" + n.At + "\x00" + strings.ToLower(strings.Join(strings.Fields(n.Text), " "))
		if n.Carried || seen[key] {
			continue
		}
		seen[key] = true
		n.ID = fmt.Sprintf("%s#%d", cmp.Or(n.ID, n.Ref, "line"), i+1)
		out = append(out, n.Noted)
	}
	if len(out) == 0 {
		return nil, fault.New(fault.Invalid, "eval.gold", "%s notes nothing", name)
	}
	return out, nil
}

// IsLabel reports whether a column of that name holds labels.
func IsLabel(column string) bool {
	return slices.ContainsFunc(labelNames(), func(n string) bool { return strings.EqualFold(column, n) })
}
