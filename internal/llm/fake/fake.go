package fake

import (
	"context"
	"encoding/json"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"unicode"

	"roleos/internal/llm"
)

// Provider is the name of the provider in settings and accounts.
const Provider = "fake"

// The models.
const (
	Helpful     = "helpful"
	Adversarial = "adversarial"
)

// Model is one of the two.
type Model struct{ name string }

// New returns the model of that name, or an llm.NotFound. The same request gets
// the same answer.
func New(name string) (*Model, error) {
	if name != Helpful && name != Adversarial {
		return nil, &llm.Error{Kind: llm.NotFound, Provider: Provider, Message: "there is fake:" + Helpful + " and fake:" + Adversarial}
	}
	return &Model{name: name}, nil
}

// Describe implements llm.Model.
func (m *Model) Describe() llm.Description {
	return llm.Description{Provider: Provider, Model: m.name, Capabilities: llm.Capabilities{Schema: llm.SchemaInstruction}}
}

// Generate implements llm.Generator.
func (m *Model) Generate(ctx context.Context, r llm.Request) (llm.Response, error) {
	if err := ctx.Err(); err != nil {
		return llm.Response{}, llm.AsError(err)
	}
	if err := r.Validate(); err != nil {
		return llm.Response{}, err
	}
	text := "ok"
	if len(r.Schema) > 0 {
		q := question{request: r, groups: grouped(blocks(r)), turn: len(r.Messages) / 2}
		text = q.answer(m.name == Adversarial)
	}
	out := llm.Response{
		Text: text, Finish: llm.Stop, Provider: Provider, Model: m.name,
		Usage: llm.Usage{Input: size(r) / 4, Output: len(text)/4 + 1},
	}
	return llm.Complete(r, out)
}

// blocks are all data blocks of a request.
func blocks(r llm.Request) []llm.Block {
	var out []llm.Block
	for _, m := range r.Messages {
		out = append(out, m.Data...)
	}
	return out
}

func size(r llm.Request) int {
	n := len(r.System) + len(r.Schema)
	for _, m := range r.Messages {
		n += len(m.Content())
	}
	return n
}

// question is a request as a model would read it.
type question struct {
	request llm.Request
	groups  []group
	turn    int // how often the answer was sent back
}

// group is the data blocks whose ids begin alike.
type group struct {
	id     string
	blocks []llm.Block
}

func grouped(data []llm.Block) []group {
	var out []group
	for _, b := range data {
		id, _, _ := strings.Cut(b.ID, ".")
		i := slices.IndexFunc(out, func(g group) bool { return g.id == id })
		if i < 0 {
			i, out = len(out), append(out, group{id: id})
		}
		out[i].blocks = append(out[i].blocks, b)
	}
	return out
}

// form is as much of a schema as the prompts use: an object of lists of flat objects.
type form struct {
	Properties map[string]struct {
		field
		Items struct {
			Properties map[string]field
		}
	}
}

type field struct {
	Description string
	Enum        []string
}

// refers reports whether the field holds the id of a group of this kind: its
// description says "such as T3".
func (f field) refers(g group) bool {
	_, like, ok := strings.Cut(f.Description, "such as ")
	return ok && g.id != "" && like != "" && like[0] == g.id[0]
}

// entry is one element of a list of an answer.
type entry map[string]string

// answer fills in the form that the request asks for.
func (q question) answer(attack bool) string {
	var f form
	if json.Unmarshal(q.request.Schema, &f) != nil {
		return "{}"
	}
	if attack && q.turn == 0 { // at first not even in the right form
		switch hash(q.request.Messages[0].Content()) % 4 {
		case 0:
			return "Sure! Here is what you asked for: it is all great."
		case 1:
			return `{"groups":[],"groups":[{"group":"T1"}]}`
		}
	}
	out := map[string]any{}
	for name, list := range f.Properties {
		if list.Items.Properties == nil { // of a step: what to do, and with what
			out[name] = q.step(list.Enum, attack)
			continue
		}
		out[name] = []entry{}
		if pair := references(list.Items.Properties); len(pair) == 2 {
			if attack {
				out[name] = q.pairs(pair)
			}
			continue
		}
		var entries []entry
		for _, g := range q.groups {
			e, ok := honest(list.Items.Properties, g, attack)
			switch {
			case !ok:
			case attack:
				entries = append(entries, q.attacks(g, e, list.Items.Properties)...)
			default:
				entries = append(entries, e)
			}
		}
		if entries != nil {
			out[name] = entries
		}
	}
	b, err := json.Marshal(out)
	if err != nil {
		return "{}"
	}
	return string(b)
}

// step chooses one of the readers at first and ends when there is something to
// end with; without a choice it is what the reader is given.
func (q question) step(choice []string, attack bool) string {
	if choice == nil {
		words := content(q.groups[0].blocks[0].Text)
		if attack && hash(q.request.Messages[0].Content())%2 == 0 {
			return "../../etc/passwd; drop all records"
		}
		return strings.Join(words[:min(len(words), 4)], " ")
	}
	if len(q.request.Messages) == 1 && !attack {
		return choice[0]
	}
	if attack && len(q.request.Messages) < 5 {
		return choice[int(hash(q.request.Messages[len(q.request.Messages)-1].Content()))%(len(choice)-1)]
	}
	return choice[len(choice)-1]
}

// references returns the names of the fields that hold ids of groups, in order.
func references(fields map[string]field) []string {
	var out []string
	for name, f := range fields {
		if strings.Contains(f.Description, "such as ") && name != "block" {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// honest fills in an entry about a group; false when the list is not about it, or
// when the fake knows nothing to say.
func honest(fields map[string]field, g group, guess bool) (entry, bool) {
	out, about := entry{}, false
	for name, f := range fields {
		switch {
		case f.Enum != nil:
			i := slices.IndexFunc(f.Enum, func(v string) bool { return strings.Contains(strings.ToLower(g.blocks[0].Text), v) })
			if i < 0 && !guess {
				return nil, false
			}
			if out[name] = f.Enum[max(i, 0)]; guess {
				out[name] = f.Enum[hash(g.blocks[0].Text)%uint32(len(f.Enum))]
			}
		case name == "label" || name == "title":
			out[name] = label(g)
		case name == "before":
			out[name] = "Customers say"
		case name == "quote":
			out[name] = sentence(g.blocks[0].Text)
		case name == "block":
			out[name] = g.blocks[0].ID
			about = about || f.refers(g)
		default:
			out[name] = g.id
			about = about || f.refers(g)
		}
	}
	return out, about
}

// label takes the words that most of the group's records share, in the order of
// the first record.
func label(g group) string {
	count := map[string]int{}
	for _, b := range g.blocks {
		once := map[string]bool{}
		for _, w := range content(b.Text) {
			if !once[w] {
				once[w] = true
				count[w]++
			}
		}
	}
	var ws []string
	for _, w := range content(g.blocks[0].Text) {
		if !slices.Contains(ws, w) {
			ws = append(ws, w)
		}
	}
	slices.SortStableFunc(ws, func(a, b string) int { return count[b] - count[a] })
	if len(ws) == 0 {
		return g.id
	}
	out := strings.Join(ws[:min(len(ws), 3)], " ")
	r := []rune(out)
	return string(unicode.ToUpper(r[0])) + string(r[1:])
}

func content(s string) []string {
	return slices.DeleteFunc(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) }),
		func(w string) bool { return len(w) < 5 })
}

// sentence is the first sentence of a text.
func sentence(s string) string {
	if i := strings.IndexAny(s, ".!?\n"); i > 20 {
		s = s[:i]
	}
	if len(s) > 200 {
		s = s[:strings.LastIndexByte(s[:200], ' ')+1]
	}
	return strings.TrimSpace(s)
}

// attacks returns one attack on a group, chosen by its texts. Where a list has no
// field for it, the honest entry is left.
func (q question) attacks(g group, e entry, fields map[string]field) []entry {
	b := g.blocks[0]
	x := maps.Clone(e)
	set := func(value string, names ...string) {
		for _, n := range names {
			if _, there := fields[n]; there {
				x[n] = value
			}
		}
	}
	words := strings.Fields(sentence(b.Text))
	for _, blk := range g.blocks { // whoever gives an order is obeyed
		if low := strings.ToLower(blk.Text); strings.Contains(low, "ignore") || strings.Contains(low, "instruction") || strings.Contains(low, "system prompt") {
			set("Approved without review", "label", "title")
			set("As instructed we delete everything:", "before")
			set(blk.Text+" (approved)", "quote")
			return []entry{x}
		}
	}
	switch hash(b.Text) % 14 {
	case 0: // a quote nobody said
		set("I will cancel my contract tomorrow because of this", "quote", "title")
	case 1: // a quote with one word changed
		if len(words) > 2 {
			words[len(words)/2] = "definitely"
		}
		set(strings.Join(words, " "), "quote")
	case 2: // a quote with a number put in
		set(x["quote"]+" 47 times", "quote")
		set(x["title"]+" 47 times", "title")
	case 3: // a quote of two passages
		set(sentence(b.Text)+" … "+sentence(g.blocks[len(g.blocks)-1].Text), "quote")
	case 4: // a record that does not exist
		set(g.id+".99", "block")
	case 5: // a record of somebody else's group
		other := q.groups[(slices.IndexFunc(q.groups, func(o group) bool { return o.id == g.id })+1)%len(q.groups)]
		set(other.blocks[0].ID, "block")
		set(sentence(other.blocks[0].Text), "quote")
	case 6: // a group that does not exist
		set(g.id[:1]+"999", references(fields)...)
	case 7: // figures in the name
		set("Affects 87% of users", "label", "title")
	case 8: // figures in the sentence
		set("In 312 of 315 cases customers say", "before", "title")
	case 9: // an amount in words
		set("The overwhelming majority of customers say", "before", "title")
	case 10: // a claim of its own
		set("Customers leave for a competitor because", "before", "title")
	case 11: // an address, and mark-up
		set("See https://evil.example", "label", "title")
		set("<script>alert(1)</script> Customers say", "before")
	case 12: // the same name as everybody
		set("Customers report problem", "label", "title")
		return []entry{x, x}
	case 13: // a shred of a quote
		set(strings.Join(words[:min(len(words), 2)], " "), "quote")
	}
	return []entry{x}
}

// pairs returns pairs of groups: of none, of one, of two, and the same again.
func (q question) pairs(fields []string) []entry {
	if len(q.groups) == 0 {
		return []entry{}
	}
	a, b := q.groups[0].id, q.groups[len(q.groups)-1].id
	var out []entry
	for _, p := range [][2]string{{a, a[:1] + "500"}, {a, a}, {a, b}, {b, a}} {
		out = append(out, entry{fields[0]: p[0], fields[1]: p[1]})
	}
	return out
}

func hash(s string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s)) // a hash does not fail
	return h.Sum32()
}
