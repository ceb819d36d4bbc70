package graph

import (
	"cmp"
	"slices"

	"roleos/internal/textmine/vec"
)

// Graph is an undirected graph with positive integer weights, no loops and no double edges. It is immutable and safe
// for concurrent reading.
type Graph struct {
	ptr    []int32 // len n+1
	edges  []Edge  // the edges of node i are edges[ptr[i]:ptr[i+1]], ascending by To
	degree []int64 // summed weight per node
	total  int64   // sum of degree: twice the weight of all edges
}

// Edge is one end of an edge.
type Edge struct {
	To     int32
	Weight int64
}

// Len returns the number of nodes.
func (g *Graph) Len() int { return len(g.degree) }

// Edges returns the edges of node i, ascending by To, sharing memory.
func (g *Graph) Edges(i int) []Edge { return g.edges[g.ptr[i]:g.ptr[i+1]] }

// FromNeighbors joins every row to its neighbours. An edge weighs what weight makes of the similarity, once for each
// side that names the other; a weight of zero or less is no edge.
func FromNeighbors(nb *vec.Neighbors, rows int, weight func(sim int32) int64) *Graph {
	b := builder{n: rows}
	for i := range rows {
		id, sim := nb.Row(i)
		for q, j := range id {
			if j < 0 {
				break
			}
			if w := weight(sim[q]); w > 0 {
				b.add(int32(i), j, w)
			}
		}
	}
	return b.build()
}

// Perturb returns a copy in which every edge's weight is scaled by a random factor of 100-percent to 100+percent
// hundredths; percent is 0..99. It serves to ask how much a grouping depends on small differences.
func (g *Graph) Perturb(percent int, seed uint64) *Graph {
	p := &Graph{ptr: g.ptr, edges: slices.Clone(g.edges), degree: make([]int64, g.Len())}
	for i := range g.Len() {
		for e := g.ptr[i]; e < g.ptr[i+1]; e++ {
			edge := &p.edges[e]
			low, high := min(int32(i), edge.To), max(int32(i), edge.To)
			r := vec.NewRand(seed ^ uint64(low)<<32 ^ uint64(high)) // both ends draw the same factor
			edge.Weight = max(edge.Weight*int64(100-percent+r.IntN(2*percent+1))/100, 1)
			p.degree[i] += edge.Weight
		}
		p.total += p.degree[i]
	}
	return p
}

// builder collects weighted pairs; pairs named more than once add up.
type builder struct {
	n     int
	pairs []pair
}

type pair struct {
	a, b int32
	w    int64
}

func (b *builder) add(x, y int32, w int64) {
	if x != y {
		b.pairs = append(b.pairs, pair{min(x, y), max(x, y), w})
	}
}

func (b *builder) build() *Graph {
	slices.SortFunc(b.pairs, func(x, y pair) int { // equal pairs are summed, so their order does not matter
		return cmp.Or(cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b))
	})
	merged := b.pairs[:0]
	for _, p := range b.pairs {
		if k := len(merged) - 1; k >= 0 && merged[k].a == p.a && merged[k].b == p.b {
			merged[k].w += p.w
		} else {
			merged = append(merged, p)
		}
	}
	g := &Graph{ptr: make([]int32, b.n+1), edges: make([]Edge, 2*len(merged)), degree: make([]int64, b.n)}
	for _, p := range merged {
		g.ptr[p.a+1]++
		g.ptr[p.b+1]++
		g.degree[p.a] += p.w
		g.degree[p.b] += p.w
		g.total += 2 * p.w
	}
	for i := range b.n {
		g.ptr[i+1] += g.ptr[i]
	}
	// Pairs come ascending by (a, b), so a node first receives its smaller partners, then its larger ones.
	next := slices.Clone(g.ptr)
	for _, p := range merged {
		g.edges[next[p.b]] = Edge{p.a, p.w}
		next[p.b]++
	}
	for _, p := range merged {
		g.edges[next[p.a]] = Edge{p.b, p.w}
		next[p.a]++
	}
	return g
}

// quotient returns the graph between groups; self gains the weight inside each group, counted from both ends.
func (g *Graph) quotient(group []int32, groups int, self []int64) (*Graph, []int64) {
	inside := make([]int64, groups)
	b := builder{n: groups}
	for i := range g.Len() {
		if group[i] < 0 {
			continue
		}
		inside[group[i]] += self[i]
		for _, e := range g.Edges(i) {
			switch a, c := group[i], group[e.To]; {
			case c < 0:
			case a == c:
				inside[a] += e.Weight
			case int32(i) < e.To:
				b.add(a, c, e.Weight)
			}
		}
	}
	return b.build(), inside
}

// Quotient returns the graph between groups: one node a group, edges with the summed weight. group holds values in
// 0..groups-1; nodes with a negative one are left out.
func (g *Graph) Quotient(group []int32, groups int) *Graph {
	q, _ := g.quotient(group, groups, make([]int64, g.Len()))
	return q
}

// Number renames groups to 0, 1, ... in order of first appearance, in place; negative values stay. It returns how
// many there are.
func Number(group []int32) int {
	if len(group) == 0 {
		return 0
	}
	name := make([]int32, max(int(slices.Max(group))+1, 0))
	count := int32(0)
	for i, v := range group {
		if v < 0 {
			continue
		}
		if name[v] == 0 {
			count++
			name[v] = count
		}
		group[i] = name[v] - 1
	}
	return int(count)
}

// Reweigh returns a copy in which every edge weighs what f makes of it; a weight of zero or less drops the edge. f is
// asked once an edge, with i < j.
func (g *Graph) Reweigh(f func(i, j int32, weight int64) int64) *Graph {
	b := builder{n: g.Len()}
	for i := range g.Len() {
		for _, e := range g.Edges(i) {
			if int32(i) < e.To {
				if w := f(int32(i), e.To, e.Weight); w > 0 {
					b.add(int32(i), e.To, w)
				}
			}
		}
	}
	return b.build()
}
