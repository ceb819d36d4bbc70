package graph

import (
	"context"
	"math"

	"roleos/internal/textmine/vec"
)

// Infomap groups the nodes by the two-level map equation (Rosvall and Bergstrom 2008,
// https://doi.org/10.1073/pnas.0706851105): the grouping that describes a random walk in the fewest bits. It searches
// by greedy moves over ever larger groups and then lets single nodes move again, trials times with different orders,
// and returns the shortest description's groups, numbered from 0 by first appearance. A node without edges is alone.
// The error is ctx's alone.
func (g *Graph) Infomap(ctx context.Context, trials int, seed uint64) ([]int32, error) {
	trials = max(trials, 1)
	found := make([][]int32, trials)
	length := make([]float64, trials)
	err := vec.Blocks(ctx, trials, 1, func(t, _ int) {
		found[t] = g.infomapOnce(ctx, seed+uint64(t))
		length[t] = g.descriptionLength(found[t])
	})
	if err != nil {
		return nil, err
	}
	best := 0
	for t, l := range length {
		if l < length[best] {
			best = t
		}
	}
	// Greedy moves can end above the plainest grouping of all.
	if whole := g.components(); g.descriptionLength(whole) < length[best] {
		return whole, nil
	}
	return found[best], nil
}

// components puts each connected part of the graph into one group.
func (g *Graph) components() []int32 {
	group := make([]int32, g.Len())
	for i := range group {
		group[i] = -1
	}
	var next int32
	var open []int32
	for i := range group {
		if group[i] >= 0 {
			continue
		}
		group[i] = next
		open = append(open[:0], int32(i))
		for len(open) > 0 {
			at := open[len(open)-1]
			open = open[:len(open)-1]
			for _, e := range g.Edges(int(at)) {
				if group[e.To] < 0 {
					group[e.To] = next
					open = append(open, e.To)
				}
			}
		}
		next++
	}
	return group
}

func (g *Graph) infomapOnce(ctx context.Context, seed uint64) []int32 {
	rnd := vec.NewRand(seed)
	group := identity(g.Len())
	for range 3 {
		before := g.descriptionLength(group)
		g.climb(ctx, group, rnd)
		// Let single nodes move between the groups found, then build up again.
		walk := newWalk(g, make([]int64, g.Len()), group)
		walk.move(ctx, rnd)
		copy(group, walk.group)
		Number(group)
		if ctx.Err() != nil || g.descriptionLength(group) >= before-1e-9*math.Abs(before) {
			break
		}
	}
	return group
}

// climb merges groups of groups until no merge shortens the description.
func (g *Graph) climb(ctx context.Context, group []int32, rnd *vec.Rand) {
	count := Number(group)
	level, self := g, make([]int64, g.Len())
	if count < g.Len() {
		level, self = g.quotient(group, count, self)
	}
	for {
		walk := newWalk(level, self, identity(level.Len()))
		if !walk.move(ctx, rnd) {
			return
		}
		count := Number(walk.group)
		for i, v := range group {
			group[i] = walk.group[v]
		}
		level, self = level.quotient(walk.group, count, self)
	}
}

func identity(n int) []int32 {
	xs := make([]int32, n)
	for i := range xs {
		xs[i] = int32(i)
	}
	return xs
}

// walk is the state of the greedy search on one level. Flows are unnormalised weights: dividing them all by the total
// changes the description length by a constant factor only.
type walk struct {
	g      *Graph
	self   []int64
	group  []int32
	flow   []int64 // weight of a group's nodes
	exit   []int64 // weight of the edges that leave a group
	exits  int64   // sum of exit
	hExit  []float64
	hBoth  []float64 // h(exit+flow)
	hExits float64
}

func newWalk(g *Graph, self []int64, group []int32) *walk {
	n := g.Len()
	w := &walk{
		g: g, self: self, group: append([]int32(nil), group...),
		flow: make([]int64, n), exit: make([]int64, n), hExit: make([]float64, n), hBoth: make([]float64, n),
	}
	for i, c := range group {
		w.flow[c] += g.degree[i] + self[i]
		for _, e := range g.Edges(i) {
			if group[e.To] != c {
				w.exit[c] += e.Weight
			}
		}
	}
	for c := range n {
		w.exits += w.exit[c]
		w.note(int32(c))
	}
	w.hExits = h(w.exits)
	return w
}

func (w *walk) note(c int32) {
	w.hExit[c], w.hBoth[c] = h(w.exit[c]), h(w.exit[c]+w.flow[c])
}

// h returns x ln x.
func h(x int64) float64 {
	if x <= 0 {
		return 0
	}
	return float64(float64(x) * vec.Ln(float64(x)))
}

// move lets every node go to the neighbouring group that shortens the description most, until none wants to.
func (w *walk) move(ctx context.Context, rnd *vec.Rand) (moved bool) {
	const passes = 30
	n := w.g.Len()
	order := identity(n)
	link := make([]int64, n) // weight from the node to each group it touches
	var touched []int32
	settled := make([]bool, n) // nothing around the node changed since it last chose to stay
	for range passes {
		if ctx.Err() != nil {
			return false
		}
		rnd.Shuffle(order)
		changed := false
		for _, i := range order {
			if settled[i] {
				continue
			}
			settled[i] = true
			touched = touched[:0]
			for _, e := range w.g.Edges(int(i)) {
				c := w.group[e.To]
				if link[c] == 0 {
					touched = append(touched, c)
				}
				link[c] += e.Weight
			}
			if to := w.best(i, link, touched); to != w.group[i] {
				w.shift(i, to, link)
				changed, moved = true, true
				for _, e := range w.g.Edges(int(i)) {
					settled[e.To] = false
				}
			}
			for _, c := range touched {
				link[c] = 0
			}
		}
		if !changed {
			break
		}
	}
	return moved
}

// best returns the group whose choice shortens the description most; its own when none does.
func (w *walk) best(i int32, link []int64, touched []int32) int32 {
	own := w.group[i]
	degree, flow := w.g.degree[i], w.g.degree[i]+w.self[i]
	// What the own group is without the node.
	leftExit, leftFlow := w.exit[own]-degree+2*link[own], w.flow[own]-flow
	base := h(leftExit+leftFlow) - w.hBoth[own] - float64(2*(h(leftExit)-w.hExit[own])) - w.hExits
	best, gain := own, -1e-9
	for _, c := range touched {
		if c == own {
			continue
		}
		exit := w.exit[c] + degree - 2*link[c]
		exits := w.exits - w.exit[own] - w.exit[c] + leftExit + exit
		d := base + h(exits) - float64(2*(h(exit)-w.hExit[c])) + h(w.flow[c]+flow+exit) - w.hBoth[c]
		if d < gain || d == gain && c < best {
			best, gain = c, d
		}
	}
	return best
}

func (w *walk) shift(i, to int32, link []int64) {
	own := w.group[i]
	degree, flow := w.g.degree[i], w.g.degree[i]+w.self[i]
	w.exits -= w.exit[own] + w.exit[to]
	w.exit[own] += 2*link[own] - degree
	w.exit[to] += degree - 2*link[to]
	w.exits += w.exit[own] + w.exit[to]
	w.flow[own] -= flow
	w.flow[to] += flow
	w.group[i] = to
	w.note(own)
	w.note(to)
	w.hExits = h(w.exits)
}

// descriptionLength returns the map equation's value times the total weight, up to a constant.
func (g *Graph) descriptionLength(group []int32) float64 {
	w := newWalk(g, make([]int64, g.Len()), group)
	sum := w.hExits
	for c := range w.flow {
		sum += w.hBoth[c] - float64(2*w.hExit[c])
	}
	return sum
}
