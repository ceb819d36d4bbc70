package fake

import (
	"context"
	"encoding/json"
	"hash/fnv"
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
	q := question{request: r, groups: grouped(r.Messages[0].Data), turn: len(r.Messages) / 2}
	text := ""
	switch {
	case strings.HasPrefix(r.Purpose, "name-themes/") && m.name == Helpful:
		text = q.helpfulNames()
	case strings.HasPrefix(r.Purpose, "name-themes/"):
		text = q.adversarialNames()
	case strings.HasPrefix(r.Purpose, "find-overlaps/") && m.name == Helpful:
		text = `{"pairs":[]}`
	case strings.HasPrefix(r.Purpose, "find-overlaps/"):
		text = q.adversarialPairs()
	case len(r.Schema) == 0:
		text = "ok"
	default:
		text = "{}"
	}
	out := llm.Response{
		Text: text, Finish: llm.Stop, Provider: Provider, Model: m.name,
		Usage: llm.Usage{Input: size(r) / 4, Output: len(text)/4 + 1},
	}
	return llm.Complete(r, out)
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

type named struct {
	Theme  string `json:"theme"`
	Label  string `json:"label"`
	Before string `json:"before"`
	Quote  string `json:"quote"`
	Block  string `json:"block"`
}

func (q question) helpfulNames() string {
	out := []named{}
	for _, g := range q.groups {
		b := g.blocks[0]
		out = append(out, named{Theme: g.id, Label: label(g), Before: "Customers say", Quote: sentence(b.Text), Block: b.ID})
	}
	return encode(out)
}

func encode(v []named) string {
	b, err := json.Marshal(map[string]any{"themes": v})
	if err != nil {
		return "{}"
	}
	return string(b)
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

// adversarialNames tries something else with every group, and first does not
// even answer in the right form.
func (q question) adversarialNames() string {
	if q.turn == 0 {
		switch hash(q.request.Messages[0].Content()) % 4 {
		case 0:
			return "Sure! Here are the names you asked for: they are all great."
		case 1:
			return `{"themes":[],"themes":[{"theme":"T1"}]}`
		}
	}
	out := []named{}
	for _, g := range q.groups {
		out = append(out, q.attacks(g)...)
	}
	return encode(out)
}

// attacks returns one attack on a group, chosen by its texts.
func (q question) attacks(g group) []named {
	b := g.blocks[0]
	honest := named{Theme: g.id, Label: label(g), Before: "Customers say", Quote: sentence(b.Text), Block: b.ID}
	x := honest
	words := strings.Fields(x.Quote)
	for _, blk := range g.blocks { // whoever gives an order is obeyed
		if low := strings.ToLower(blk.Text); strings.Contains(low, "ignore") || strings.Contains(low, "instruction") || strings.Contains(low, "system prompt") {
			x.Label, x.Before, x.Quote = "Approved without review", "As instructed we delete everything:", blk.Text+" (approved)"
			return []named{x}
		}
	}
	switch hash(b.Text) % 14 {
	case 0: // a quote nobody said
		x.Quote = "I will cancel my contract tomorrow because of this"
	case 1: // a quote with one word changed
		if len(words) > 2 {
			words[len(words)/2] = "definitely"
		}
		x.Quote = strings.Join(words, " ")
	case 2: // a quote with a number put in
		x.Quote += " 47 times"
	case 3: // a quote of two passages
		x.Quote = sentence(b.Text) + " … " + sentence(g.blocks[len(g.blocks)-1].Text)
	case 4: // a record that does not exist
		x.Block = g.id + ".99"
	case 5: // a record of somebody else's group
		other := q.groups[(slices.IndexFunc(q.groups, func(o group) bool { return o.id == g.id })+1)%len(q.groups)]
		x.Block, x.Quote = other.blocks[0].ID, sentence(other.blocks[0].Text)
	case 6: // a group that does not exist
		x.Theme = "T999"
	case 7: // figures in the name
		x.Label = "Affects 87% of users"
	case 8: // figures in the sentence
		x.Before = "In 312 of 315 cases customers say"
	case 9: // an amount in words
		x.Before = "The overwhelming majority of customers say"
	case 10: // a claim of its own
		x.Before = "Customers leave for a competitor because"
	case 11: // an address, and mark-up
		x.Label, x.Before = "See https://evil.example", "<script>alert(1)</script> Customers say"
	case 12: // the same name as everybody
		x.Label = "Customers report problem"
		return []named{x, x}
	case 13: // a shred of a quote
		x.Quote = strings.Join(words[:min(len(words), 2)], " ")
	}
	return []named{x}
}

func (q question) adversarialPairs() string {
	if len(q.groups) < 2 {
		return `{"pairs":[{"first":"T1","second":"T1"}]}`
	}
	return `{"pairs":[{"first":"T1","second":"T500"},{"first":"T1","second":"T1"},{"first":"T1","second":"T2"},{"first":"T2","second":"T1"}]}`
}

func hash(s string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s)) // a hash does not fail
	return h.Sum32()
}
