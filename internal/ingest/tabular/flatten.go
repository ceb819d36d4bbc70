package tabular

import (
	"fmt"
	"slices"
	"strings"
)

// table finds the columns of all records and returns the table.
func (j *jsonSource) table(format string) (*Table, error) {
	t := &Table{Format: format, Headers: 0}
	index := map[string]int{}
	var failed error
	rows := 0
	err := j.each(func(line int) {
		if t.Repeats++; len(t.Repeated) < 20 {
			t.Repeated = append(t.Repeated, fmt.Sprintf("line %d", line))
		}
	}, func(e *element) bool {
		if rows++; rows > 0 && j.limit.Rows > 0 && rows > j.limit.Rows {
			failed = j.limit.rows(rows)
			return false
		}
		if e.bad != nil {
			return true
		}
		j.record(e, func(path, value string) {
			if _, known := index[path]; !known {
				index[path] = len(t.Columns)
				name := path
				if name == "" {
					name = "(no name)"
				}
				t.Columns = append(t.Columns, Column{Name: name})
			}
			if failed == nil {
				failed = j.limit.cell(fmt.Sprintf("line %d, %s", e.line, path), len(value))
			}
		})
		if failed == nil {
			failed = j.limit.columns(len(t.Columns))
		}
		return failed == nil
	})
	if failed != nil || err != nil {
		if failed == nil {
			failed = err
		}
		return nil, failed
	}
	if len(t.Columns) == 0 && !j.lines {
		return nil, noList()
	}
	t.rows = func(yield func(*Row) bool) error {
		cells := make([]string, len(t.Columns))
		return j.each(func(int) {}, func(e *element) bool {
			row := Row{Cells: cells, Number: e.number, Line: e.line, End: e.end, Bad: e.bad}
			clear(cells)
			if e.bad == nil {
				j.record(e, func(path, value string) { cells[index[path]] = value })
			}
			return yield(&row)
		})
	}
	return t, nil
}

// record hands over the values of a record, its key first.
func (j *jsonSource) record(e *element, set func(path, value string)) {
	if j.keyed {
		set("key", e.key)
	}
	j.flatten(&e.node, "", set)
}

// flatten hands over the values of a record with their paths.
func (j *jsonSource) flatten(n *node, path string, set func(path, value string)) {
	switch n.kind {
	case '{':
		if len(n.keys) == 0 && path != "" {
			return
		}
		for i := range n.keys {
			j.flatten(&n.kids[i], join(path, n.keys[i]), set)
		}
	case '[':
		set(path, j.array(n))
	default:
		if path == "" {
			path = "text" // a list of plain strings
		}
		set(path, scalar(n))
	}
}

func scalar(n *node) string {
	switch n.kind {
	case '"':
		return n.text
	case 'n':
		return ""
	}
	return n.text
}

// speakerKeys and wordKeys name who speaks and what is said in a turn of a conversation, nameKeys what an object is called.
var (
	speakerKeys = []string{"speaker", "role", "author", "from", "sender", "user", "name"}
	nameKeys    = []string{"name", "label", "title", "tag"}
	wordKeys    = []string{"text", "content", "message", "body", "utterance", "value", "comment"}
)

// array joins an array into one cell: turns of a conversation line by line as
// "speaker: text", plain values and named objects by commas, anything else as it is written.
func (j *jsonSource) array(n *node) string {
	for _, shape := range []struct {
		between string
		read    func(*node) (string, bool)
	}{{", ", plainValue}, {"\n", spoken}, {", ", namedValue}} {
		if cell, ok := joined(n.kids, shape.between, shape.read); ok {
			return cell
		}
	}
	return n.text
}

// joined joins what read makes of each element, if it can read all.
func joined(kids []node, between string, read func(*node) (string, bool)) (string, bool) {
	var b strings.Builder
	for i := range kids {
		s, ok := read(&kids[i])
		if !ok {
			return "", false
		}
		if i > 0 {
			b.WriteString(between)
		}
		b.WriteString(s)
	}
	return b.String(), true
}

func plainValue(n *node) (string, bool) {
	return scalar(n), n.kind != '{' && n.kind != '['
}

func spoken(n *node) (string, bool) {
	who, what, ok := turn(n)
	if who != "" {
		what = who + ": " + what
	}
	return what, ok
}

// namedValue reads {"name": "bug", ...}, as trackers write labels.
func namedValue(n *node) (string, bool) {
	if n.kind != '{' {
		return "", false
	}
	return lookup(n, nameKeys)
}

// lookup returns the string under the first of the keys that the object has.
func lookup(n *node, keys []string) (string, bool) {
	for _, k := range keys {
		if i := slices.Index(n.keys, k); i >= 0 && n.kids[i].kind == '"' {
			return n.kids[i].text, true
		}
	}
	return "", false
}

// turn reads {"speaker": ..., "text": ...} or ["speaker", "text"].
func turn(n *node) (who, what string, ok bool) {
	if n.kind == '[' {
		if len(n.kids) != 2 || n.kids[0].kind != '"' || n.kids[1].kind != '"' {
			return "", "", false
		}
		return n.kids[0].text, n.kids[1].text, true
	}
	if n.kind != '{' {
		return "", "", false
	}
	what, ok = lookup(n, wordKeys)
	who, _ = lookup(n, speakerKeys)
	return who, what, ok
}
