package textmine

import (
	"context"

	"roleos/internal/textmine/vec"
)

const (
	nearThemes  = 8  // themes whose members vote on a text
	voters      = 5  // members that vote
	maxMembers  = 96 // members of one theme that may vote, evenly spaced
	blockOfRows = 1024
)

// placed is the theme of every row of the corpus and how clearly it won.
type placed struct {
	group  []int32 // -1 fits nowhere
	margin []float32
}

// assign places every row: the sample keeps its groups, the rest is voted on.
func (m *model) assign(ctx context.Context, c *corpus, progress func(string, int, int)) (*placed, error) {
	p := &placed{make([]int32, c.rows()), make([]float32, c.rows())}
	for i := range p.group {
		p.group[i] = -1
	}
	for i, r := range m.sample {
		p.group[r] = m.group[i]
		p.margin[r] = m.edgeMargin(i)
	}
	if c.rows() == len(m.sample) || m.groups == 0 {
		return p, ctx.Err()
	}
	b := m.ballot()
	inSample := make([]bool, c.rows())
	for _, r := range m.sample {
		inSample[r] = true
	}
	const step = 64 * blockOfRows
	for from := 0; from < c.rows(); from += step {
		progress("assign", from, c.rows())
		to := min(from+step, c.rows())
		err := vec.Blocks(ctx, to-from, blockOfRows, func(lo, hi int) {
			e := m.space.embedder()
			v := b.voter()
			x := make([]int16, m.at.Stride)
			for r := from + lo; r < from+hi; r++ {
				if inSample[r] {
					continue
				}
				clear(x)
				if e.place(x, c.at(int32(r))) {
					p.group[r], p.margin[r] = v.vote(x)
				}
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return p, nil
}

// edgeMargin returns how much more of a sample row's edge weight lies in its group than in the next best one, 0..1.
func (m *model) edgeMargin(i int) float32 {
	own := m.group[i]
	if own < 0 {
		return 0
	}
	weight := map[int32]int64{}
	for _, e := range m.graph.Edges(i) {
		weight[m.group[e.To]] += e.Weight
	}
	var other int64
	for g, w := range weight {
		if g != own && g >= 0 {
			other = max(other, w)
		}
	}
	return margin(weight[own], other)
}

func margin(own, other int64) float32 {
	if own <= other {
		return 0
	}
	return float32(own-other) / float32(own)
}

// ballot holds the centres of the groups and the members that vote, one group after the other.
type ballot struct {
	centers  *vec.Int16
	members  *vec.Int16
	start    []int
	oddBelow int32
}

func (m *model) centers() *vec.Int16 {
	sum := make([][]int64, m.groups)
	for g := range sum {
		sum[g] = make([]int64, m.at.Stride)
	}
	for i, g := range m.group {
		if g >= 0 {
			for j, v := range m.at.Row(i) {
				sum[g][j] += int64(v)
			}
		}
	}
	centers := vec.NewInt16(m.groups, m.at.Stride)
	f := make([]float32, m.at.Stride)
	for g, s := range sum {
		for j, v := range s {
			f[j] = float32(v)
		}
		vec.Normalize(f, 1)
		vec.Quantize(centers.Row(g), f)
	}
	return centers
}

func (m *model) membersByGroup() [][]int32 {
	by := make([][]int32, m.groups)
	for i, g := range m.group {
		if g >= 0 {
			by[g] = append(by[g], int32(i))
		}
	}
	return by
}

func (m *model) ballot() *ballot {
	b := &ballot{centers: m.centers(), start: []int{0}, oddBelow: m.oddBelow}
	var chosen []int32
	for _, members := range m.membersByGroup() {
		chosen = append(chosen, spread(members, maxMembers)...)
		b.start = append(b.start, len(chosen))
	}
	b.members = vec.NewInt16(len(chosen), m.at.Stride)
	for i, r := range chosen {
		copy(b.members.Row(i), m.at.Row(int(r)))
	}
	return b
}

// voter has the scratch memory of one goroutine.
type voter struct {
	*ballot
	sim        []int32
	theme, ts  []int32
	member, ms []int32
}

func (b *ballot) voter() *voter {
	k := min(nearThemes, b.centers.Rows)
	return &voter{
		ballot: b, sim: make([]int32, max(b.centers.Rows, maxMembers)+8),
		theme: make([]int32, k), ts: make([]int32, k), member: make([]int32, voters), ms: make([]int32, voters),
	}
}

// vote returns the group of a text by its five nearest members among the eight nearest groups, and the margin.
func (v *voter) vote(x []int16) (int32, float32) {
	v.centers.Dots(x, 0, v.centers.Rows, v.sim)
	themes := vec.NewTop(v.theme, v.ts)
	for g, s := range v.sim[:v.centers.Rows] {
		if s > themes.Floor {
			themes.Add(int32(g), s)
		}
	}
	members := vec.NewTop(v.member, v.ms)
	for _, g := range v.theme {
		lo, hi := v.start[g], v.start[g+1]
		v.members.Dots(x, lo, hi, v.sim)
		for i, s := range v.sim[:hi-lo] {
			if s > members.Floor {
				members.Add(int32(lo+i), s)
			}
		}
	}
	near, of := int32(0), int32(0)
	for q, id := range v.member {
		if id >= 0 {
			near += v.ms[q] >> 14
			of++
		}
	}
	if of == 0 || near/of < v.oddBelow {
		return -1, 0
	}
	var weight [nearThemes]int64
	for q, id := range v.member {
		if id < 0 {
			break
		}
		for t, g := range v.theme {
			if int(id) >= v.start[g] && int(id) < v.start[g+1] {
				weight[t] += edgeWeight(v.ms[q])
			}
		}
	}
	best, second := 0, int64(0)
	for t, w := range weight[:len(v.theme)] {
		if w > weight[best] {
			best = t
		}
	}
	for t, w := range weight[:len(v.theme)] {
		if t != best {
			second = max(second, w)
		}
	}
	return v.theme[best], margin(weight[best], second)
}
