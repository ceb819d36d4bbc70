package graph

import (
	"context"

	"roleos/internal/textmine/vec"
)

// Louvain groups the nodes by modularity (Blondel et al. 2008, https://doi.org/10.1088/1742-5468/2008/10/P10008) and
// returns groups numbered from 0 by first appearance. It gives few, coarse groups: the level above themes. The error
// is ctx's alone.
func (g *Graph) Louvain(ctx context.Context, seed uint64) ([]int32, error) {
	rnd := vec.NewRand(seed)
	group := identity(g.Len())
	level, self := g, make([]int64, g.Len())
	for {
		to, moved := level.modularityMoves(ctx, self, rnd)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if !moved {
			return group, nil
		}
		count := Number(to)
		for i, v := range group {
			group[i] = to[v]
		}
		level, self = level.quotient(to, count, self)
	}
}

// modularityMoves compares gains as exact fractions scaled by the total: link·total − groupWeight·nodeWeight. In
// float64 they may round, but always alike.
func (g *Graph) modularityMoves(ctx context.Context, self []int64, rnd *vec.Rand) (group []int32, moved bool) {
	const passes = 50
	n := g.Len()
	group = identity(n)
	weight := make([]int64, n) // per group
	total := 0.0
	for i := range n {
		weight[i] = g.degree[i] + self[i]
		total += float64(weight[i])
	}
	order := identity(n)
	link := make([]int64, n)
	var touched []int32
	for range passes {
		if ctx.Err() != nil {
			return group, false
		}
		rnd.Shuffle(order)
		changed := false
		for _, i := range order {
			own, k := group[i], g.degree[i]+self[i]
			touched = touched[:0]
			for _, e := range g.Edges(int(i)) {
				c := group[e.To]
				if link[c] == 0 {
					touched = append(touched, c)
				}
				link[c] += e.Weight
			}
			weight[own] -= k
			gain := func(c int32) float64 {
				return float64(float64(link[c])*total) - float64(float64(weight[c])*float64(k))
			}
			best, most := own, gain(own)
			for _, c := range touched {
				if v := gain(c); v > most+float64(1e-12*total) {
					best, most = c, v
				}
			}
			weight[best] += k
			if best != own {
				group[i] = best
				changed, moved = true, true
			}
			for _, c := range touched {
				link[c] = 0
			}
		}
		if !changed {
			break
		}
	}
	return group, moved
}
