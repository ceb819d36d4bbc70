package transcript

import (
	"strings"

	"roleos/internal/evidence"
)

// front are the keys of a document's front matter that its records keep as
// fields: what kind of document it is, whose, and how old.
func front(key string) bool {
	switch key {
	case "kind", "owner", "date", "as_of", "cadence", "valid_until":
		return true
	}
	return false
}

const maxFront = 200 // bytes of one value

// keep takes a line of front matter. A document that says its kind is written by
// one owner: what stands before a colon there is a label, not a speaker.
func (n *notes) keep(line string) {
	key, value, ok := strings.Cut(line, ":")
	key, value = strings.ToLower(strings.TrimSpace(key)), strings.Trim(strings.TrimSpace(value), `"'`)
	if !ok || !front(key) || value == "" || len(value) > maxFront {
		return
	}
	for _, a := range n.front {
		if a.Name == key {
			return
		}
	}
	n.front = append(n.front, evidence.Attr{Name: key, Value: value})
	if key == "kind" {
		n.cast = cast{}
	}
}
