package gate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	celtypes "cel.dev/cel-go/common/types"
)

// CarryRule is the one rule a carry has.
const CarryRule = "every_id_carried_or_dropped_with_reason"

// DefaultDropped is where a draft lists what it does not carry on, each with its
// id and the reason.
const DefaultDropped = "/dropped"

// Carry says what of the upstream artefacts must not be lost on the way into a
// draft. An item is called by the name of its list ("evidence"): its elements
// are ids, or objects with an id.
type Carry struct {
	Items []string `yaml:"items" json:"items"`
	Rule  string   `yaml:"rule" json:"rule"`
	// From and In say by item where its ids stand upstream and in the draft, as
	// JSON pointers with * for any one step; /ITEM/*/id, or /ITEM/* for a list of
	// strings, where nothing is said.
	From map[string]string `yaml:"from,omitempty" json:"from,omitempty"`
	In   map[string]string `yaml:"in,omitempty" json:"in,omitempty"`
	// Same names by item the fields beside the id that have to be what they were.
	Same map[string][]string `yaml:"same,omitempty" json:"same,omitempty"`
	// Dropped is the list in the draft of what was left behind; /dropped where
	// nothing is said. Its elements have an id and a reason.
	Dropped string `yaml:"dropped,omitempty" json:"dropped,omitempty"`
}

// DroppedAt returns the pointer of the list of what is dropped.
func (c Carry) DroppedAt() string {
	if c.Dropped == "" {
		return DefaultDropped
	}
	return c.Dropped
}

// Upstream is one artefact that a draft was made from.
type Upstream struct {
	Kind  string // feedback-synthesis, ...
	Draft string // its id, by which messages name it
	Body  []byte // its JSON, as it was published
}

// name is how messages call the artefact.
func (u Upstream) name() string {
	if u.Draft != "" {
		return u.Kind + " " + u.Draft
	}
	return u.Kind
}

// carried is one item with the places of its ids.
type carried struct {
	name, from, in string
	same           []string
}

// carry compiles the gate that looks for what was lost.
func (c *Compiler) carry(s Spec) (*Gate, error) {
	k := s.Carry
	switch {
	case k == nil:
		return nil, wrong("kind", "a carry gate needs carry in the contract: carry: {items: [evidence], rule: %s}", CarryRule)
	case len(k.Items) == 0:
		return nil, wrong("kind", "carry names no items, such as items: [evidence, constraints]")
	case k.Rule != CarryRule:
		return nil, wrong("kind", "carry has the rule %q; there is %s", k.Rule, CarryRule)
	}
	for _, of := range []map[string]string{k.From, k.In} {
		for name := range of {
			if !slices.Contains(k.Items, name) {
				return nil, wrong("kind", "carry says where %q stands, which is none of its items", name)
			}
		}
	}
	for name := range k.Same {
		if !slices.Contains(k.Items, name) {
			return nil, wrong("kind", "carry keeps fields of %q the same, which is none of its items", name)
		}
	}
	items := make([]carried, len(k.Items))
	for i, item := range k.Items {
		it := carried{name: item, from: k.From[item], in: k.In[item], same: k.Same[item]}
		if slices.Contains(k.Items[:i], item) {
			return nil, wrong("kind", "carry names %q twice", item)
		}
		if it.in == "" {
			it.in = step(item) + "/*"
			if t, _ := c.types.at(step(item)); t != nil && !isStrings(t) {
				it.in += "/id"
			}
		}
		t, p := c.types.at(it.in)
		if p != nil {
			return nil, wrong("kind", "carry cannot find %s in the draft: %s", item, p.Message)
		}
		if t.Kind() != celtypes.StringKind {
			return nil, wrong("kind", "carry looks for the ids of %s at %s, which is %s and no string", item, it.in, name(t))
		}
		if len(it.same) > 0 && !strings.HasSuffix(it.in, "/id") {
			return nil, wrong("kind", "carry can keep fields of %s the same only where its place ends in /id", item)
		}
		items[i] = it
	}
	dropped := k.DroppedAt()
	t, p := c.types.at(dropped + "/*")
	if p != nil || !c.types.has(t, "id") || !c.types.has(t, "reason") {
		return nil, wrong("kind", "carry needs a list at %s in the schema, of objects with id and reason: what is not carried has to be written down", dropped)
	}
	return &Gate{check: func(_ context.Context, in *Input) Outcome { return in.carried(items, dropped) }}, nil
}

// entry is one id with what stands around it.
type entry struct {
	id string
	of map[string]any // the object it is the id of; nil when it stands alone
}

// carried looks for what was lost, changed without a word, or dropped without a reason.
func (in *Input) carried(items []carried, dropped string) (o Outcome) {
	if in.Upstream == nil {
		return Outcome{Err: errors.New("the artefacts that the draft was made from were not given, so nobody can say what was lost")}
	}
	root := in.Document.Root()
	left := map[string]string{} // by id, where it is dropped
	for at, v := range matches(root, dropped+"/*") {
		m, _ := v.(map[string]any)
		id, _ := m["id"].(string)
		reason, _ := m["reason"].(string)
		if left[id] = at; strings.TrimSpace(reason) == "" {
			o.add(at, "%q is dropped without a reason", id)
		}
	}
	for _, item := range items {
		here := map[string]entry{}
		for _, e := range entries(root, item.in) {
			here[e.id] = e
		}
		seen := map[string]bool{}
		for _, up := range in.Upstream {
			var doc any
			if err := json.Unmarshal(up.Body, &doc); err != nil {
				return Outcome{Err: fmt.Errorf("%s cannot be read: %w", up.name(), err)}
			}
			for _, was := range upstream(doc, item) {
				if seen[was.id] {
					continue
				}
				seen[was.id] = true
				now, kept := here[was.id]
				at, gone := left[was.id]
				switch {
				case kept && gone:
					o.add(at, "%q is dropped and stands in %s as well", was.id, item.name)
				case kept:
					for _, field := range item.same {
						if w, had := was.of[field]; had && !reflect.DeepEqual(w, now.of[field]) {
							o.add("", "%s of %q is no longer as in %s: %s", field, was.id, up.name(), gist(w))
						}
					}
				case !gone:
					o.add("", "%q of %s is neither in %s nor dropped with a reason%s", was.id, up.name(), item.name, was.gist())
				}
			}
		}
	}
	return o
}

// Carries returns how many ids of an item upstream artefacts hold. Bodies that
// cannot be read hold none.
func Carries(k *Carry, item string, from []Upstream) int {
	n := 0
	for _, up := range from {
		var doc any
		if json.Unmarshal(up.Body, &doc) == nil {
			n += len(upstream(doc, carried{name: item, from: k.From[item]}))
		}
	}
	return n
}

// entries returns the ids at a pattern, with the objects they name.
func entries(root any, pattern string) []entry {
	var out []entry
	for at, v := range matches(root, pattern) {
		id, ok := v.(string)
		if !ok {
			continue
		}
		e := entry{id: id}
		for _, holder := range matches(root, at[:strings.LastIndexByte(at, '/')]) {
			e.of, _ = holder.(map[string]any)
		}
		out = append(out, e)
	}
	return out
}

// upstream returns an item's ids in an artefact of another kind, whose schema
// nobody here knows: without a place of its own the list may be of either form.
func upstream(doc any, item carried) []entry {
	if item.from != "" {
		return entries(doc, item.from)
	}
	list := step(item.name) + "/*"
	return append(entries(doc, list), entries(doc, list+"/id")...)
}

// gist shows what is behind an id, so that a reader need not look it up.
func (e entry) gist() string {
	for _, field := range []string{"text", "statement", "says", "quote", "title", "what"} {
		if s, ok := e.of[field].(string); ok && s != "" {
			return ": " + gist(s)
		}
	}
	return ""
}

func gist(v any) string {
	if s, ok := v.(string); ok {
		return "“" + s + "”"
	}
	b, err := json.Marshal(v)
	if err != nil {
		return "something"
	}
	return string(b)
}
