package textmine

import (
	"cmp"
	"context"
	"slices"

	"roleos/internal/textmine/graph"
)

// Options sets the few things a caller may want to choose. The zero value means the defaults.
type Options struct {
	// Seed drives the sample and the order of the search. 0 means 1.
	Seed uint64
	// MaxSample is the most different texts that carry the model; the rest is assigned. 0 means 6000; at least 100.
	MaxSample int
	// MinTheme is the fewest texts of a theme; smaller groups become unassigned. 0 means 3, or 2 below 20 texts.
	MinTheme int
	// Progress is told the stage and how much of it is done. It may be nil. It is called from one goroutine at a time.
	Progress func(stage string, done, total int)
}

// Doc is one text to group.
type Doc struct {
	Text string
	// Skip lists byte ranges [from,to) of Text to ignore, ascending; what lies outside Text is ignored.
	Skip [][2]int
}

// Unit is what is grouped: a whole doc, or some sentences of a long doc that may raise several issues. Start and End are
// byte offsets in the doc's text.
type Unit struct{ Doc, Start, End int }

// Result says which doc belongs to which theme. Every doc is in one theme's Docs or has Theme -1.
type Result struct {
	Units     []Unit    // ascending by Doc and Start
	UnitTheme []int     // theme of each unit, -1 unassigned
	Theme     []int     // primary theme of each doc, -1 when it fits nowhere
	Also      [][]int   // further themes of a doc, ascending, without the primary; nil for most
	Margin    []float64 // per doc, 0..1: how clearly the primary theme won over the next
	Themes    []Theme   // by size, largest first, then by first member
	Parents   []Parent  // the level above; nil when there are fewer than twelve themes
}

// Theme is a group of docs about one thing.
type Theme struct {
	Docs    []int // primary members, ascending
	Units   []int // all units in it, ascending
	Central []int // up to twelve units that differ from each other, the most central first: candidates for quotes
	Parent  int   // index in Parents, -1 when there is none
	Signals Signals
}

// Parent is a group of themes.
type Parent struct{ Themes []int }

const parentsFrom = 12 // themes that need a level above

// Analyze groups the docs into themes. Any input is fine: no docs, one, empty texts, giant ones, any script. It returns
// an error only when ctx ends. It is safe for concurrent use.
func Analyze(ctx context.Context, docs []Doc, o Options) (*Result, error) {
	o = o.withDefaults(len(docs))
	o.Progress("read", 0, len(docs))
	c, err := newCorpus(ctx, docs)
	if err != nil {
		return nil, err
	}
	m, err := learn(ctx, c, o)
	if err != nil {
		return nil, err
	}
	p, err := m.assign(ctx, c, o.Progress)
	if err != nil {
		return nil, err
	}
	r := newResult(len(docs), c, p, m.groups, o.MinTheme)
	if err := r.describe(ctx, c, m, o); err != nil {
		return nil, err
	}
	o.Progress("done", len(docs), len(docs))
	return r.Result, ctx.Err()
}

func (o Options) withDefaults(docs int) Options {
	if o.Seed == 0 {
		o.Seed = 1
	}
	if o.MaxSample <= 0 {
		o.MaxSample = 6000
	}
	o.MaxSample = max(o.MaxSample, 100)
	if o.MinTheme <= 0 {
		o.MinTheme = 3
		if docs < 20 {
			o.MinTheme = 2
		}
	}
	if o.Progress == nil {
		o.Progress = func(string, int, int) {}
	}
	return o
}

// result is a Result in the making.
type result struct {
	*Result
	group []int // the model's group of each theme
}

// newResult settles each doc's theme. Groups that end with fewer than minTheme docs are dissolved, and their docs fall
// to their next theme or to none.
func newResult(docs int, c *corpus, p *placed, groups, minTheme int) *result {
	r := &result{Result: &Result{
		Units: c.units, UnitTheme: make([]int, len(c.units)),
		Theme: make([]int, docs), Also: make([][]int, docs), Margin: make([]float64, docs),
	}}
	for u, row := range c.row {
		r.UnitTheme[u] = -1
		if row >= 0 {
			r.UnitTheme[u] = int(p.group[row])
		}
	}
	size := make([]int, groups)
	for {
		clear(size)
		r.settle(c, p)
		for _, t := range r.Theme {
			if t >= 0 {
				size[t]++
			}
		}
		dissolved := false
		for u, t := range r.UnitTheme {
			if t >= 0 && size[t] < minTheme {
				r.UnitTheme[u] = -1
				dissolved = true
			}
		}
		if !dissolved {
			break
		}
	}
	r.order(size)
	return r
}

// settle gives each doc the theme of most of its units, the earliest of equals, and the mean margin of those units.
// Neighbouring units of one theme count once.
func (r *result) settle(c *corpus, p *placed) {
	type tally struct {
		theme, units, all int
		margin            float64
	}
	var seen []tally
	for u := 0; u < len(r.Units); {
		doc := r.Units[u].Doc
		seen = seen[:0]
		before := -1
		for ; u < len(r.Units) && r.Units[u].Doc == doc; u++ {
			t := r.UnitTheme[u]
			if t >= 0 {
				k := slices.IndexFunc(seen, func(s tally) bool { return s.theme == t })
				if k < 0 {
					k = len(seen)
					seen = append(seen, tally{theme: t})
				}
				if t != before {
					seen[k].units++
				}
				seen[k].all++
				seen[k].margin += float64(p.margin[c.row[u]])
			}
			before = t
		}
		r.Theme[doc], r.Also[doc], r.Margin[doc] = -1, nil, 0
		best := -1
		for k, s := range seen {
			if best < 0 || s.units > seen[best].units {
				best = k
			}
		}
		if best < 0 {
			continue
		}
		r.Theme[doc] = seen[best].theme
		r.Margin[doc] = seen[best].margin / float64(seen[best].all)
		for k, s := range seen {
			if k != best {
				r.Also[doc] = append(r.Also[doc], s.theme)
			}
		}
	}
}

// order numbers the themes by size and first member and fills them.
func (r *result) order(size []int) {
	first := make([]int, len(size))
	for doc := len(r.Theme) - 1; doc >= 0; doc-- {
		if t := r.Theme[doc]; t >= 0 {
			first[t] = doc
		}
	}
	for g, n := range size {
		if n > 0 {
			r.group = append(r.group, g)
		}
	}
	slices.SortFunc(r.group, func(a, b int) int {
		return cmp.Or(cmp.Compare(size[b], size[a]), cmp.Compare(first[a], first[b]))
	})
	rank := make([]int, len(size))
	r.Themes = make([]Theme, len(r.group))
	for t, g := range r.group {
		rank[g] = t
		r.Themes[t] = Theme{Docs: make([]int, 0, size[g]), Parent: -1}
	}
	for doc, g := range r.Theme {
		if g < 0 {
			continue
		}
		r.Theme[doc] = rank[g]
		r.Themes[rank[g]].Docs = append(r.Themes[rank[g]].Docs, doc)
		for i, a := range r.Also[doc] {
			r.Also[doc][i] = rank[a]
		}
		slices.Sort(r.Also[doc])
	}
	for u, g := range r.UnitTheme {
		if g >= 0 {
			r.UnitTheme[u] = rank[g]
			r.Themes[rank[g]].Units = append(r.Themes[rank[g]].Units, u)
		}
	}
}

// addParents groups the themes by the edges between their members.
func (r *result) addParents(ctx context.Context, m *model, theme []int32, seed uint64) error {
	if len(r.Themes) < parentsFrom {
		return nil
	}
	upper, err := m.graph.Quotient(theme, len(r.Themes)).Louvain(ctx, seed)
	if err != nil {
		return err
	}
	n := graph.Number(upper)
	if n < 2 || n >= len(r.Themes) {
		return nil
	}
	r.Parents = make([]Parent, n)
	for t, p := range upper {
		r.Themes[t].Parent = int(p)
		r.Parents[p].Themes = append(r.Parents[p].Themes, t)
	}
	return nil
}
