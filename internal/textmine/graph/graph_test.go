package graph

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// cliques returns count cliques of size nodes, joined in a ring by single edges.
func cliques(count, size int, weight int64) *Graph {
	b := builder{n: count * size}
	for c := range count {
		for i := range size {
			for j := range i {
				b.add(int32(c*size+i), int32(c*size+j), weight)
			}
		}
		b.add(int32(c*size), int32((c+1)%count*size), weight)
	}
	return b.build()
}

func TestGroupsAreTheCliques(t *testing.T) {
	g := cliques(12, 6, 1000)
	want := make([]int32, g.Len())
	for i := range want {
		want[i] = int32(i / 6)
	}
	got, err := g.Infomap(t.Context(), 2, 1)
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("Infomap = %v, %v", got, err)
	}
	upper, err := g.Quotient(got, 12).Louvain(t.Context(), 1)
	if n := Number(upper); err != nil || n < 2 || n > 6 {
		t.Fatalf("a ring of 12 groups has %d upper groups, %v", n, err)
	}
}

func TestNodesWithoutEdgesStayAlone(t *testing.T) {
	b := builder{n: 5}
	b.add(0, 1, 10)
	got, err := b.build().Infomap(t.Context(), 1, 1)
	if err != nil || !slices.Equal(got, []int32{0, 0, 1, 2, 3}) {
		t.Fatalf("Infomap = %v, %v", got, err)
	}
	if got, err := (&builder{}).build().Infomap(t.Context(), 1, 1); err != nil || len(got) != 0 {
		t.Fatalf("empty graph: %v, %v", got, err)
	}
}

// Moves from node to node end above one group for all of these.
func TestNeverWorseThanOneGroup(t *testing.T) {
	b := builder{n: 7}
	for _, e := range [][3]int64{{1, 0, 363788}, {2, 3, 1000000}, {4, 5, 483185}, {4, 2, 270581}, {0, 2, 498424}} {
		b.add(int32(e[0]), int32(e[1]), e[2])
	}
	g := b.build()
	got, err := g.Infomap(t.Context(), 1, 7)
	if err != nil {
		t.Fatal(err)
	}
	if all := g.descriptionLength(make([]int32, 7)); g.descriptionLength(got) > all+1e-6*all {
		t.Fatalf("groups %v describe worse than one group", got)
	}
}

// The incremental bookkeeping must agree with a count from scratch.
func TestWalkKeepsItsSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 30).Draw(t, "n")
		b := builder{n: n}
		for range rapid.IntRange(1, 80).Draw(t, "edges") {
			b.add(int32(rapid.IntRange(0, n-1).Draw(t, "a")), int32(rapid.IntRange(0, n-1).Draw(t, "b")), int64(rapid.IntRange(1, 1e6).Draw(t, "w")))
		}
		g := b.build()
		got, err := g.Infomap(t.Context(), 1, 7)
		if err != nil {
			t.Fatal(err)
		}
		if all := g.descriptionLength(make([]int32, n)); g.descriptionLength(got) > all+1e-6*all {
			t.Fatalf("groups %v describe worse than one group", got)
		}
		p := g.Perturb(25, 3)
		var sum int64
		for i := range n {
			for _, e := range p.Edges(i) {
				sum += e.Weight
				if back, ok := slices.BinarySearchFunc(p.Edges(int(e.To)), int32(i), func(e Edge, to int32) int { return int(e.To - to) }); !ok || p.Edges(int(e.To))[back].Weight != e.Weight {
					t.Fatalf("edge %d-%d is not the same from both ends", i, e.To)
				}
			}
		}
		if sum != p.total {
			t.Fatalf("total %d, edges sum to %d", p.total, sum)
		}
	})
}
