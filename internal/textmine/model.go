package textmine

import (
	"context"
	"math"
	"slices"

	"roleos/internal/textmine/graph"
	"roleos/internal/textmine/vec"
)

// The numbers here were chosen by the mean over labelled texts of two kinds, short commands and banking questions, in
// small and large sets; the result changes little around them.
const (
	neighbors     = 15           // per text up to neighborsUpTo texts, then growing with the fourth root
	neighborsUpTo = 1400         // texts; with a fixed number the themes would grow in number with the texts
	isolated      = vec.One / 4  // a text less similar than this to its nearest fits nowhere
	unrelated     = vec.One / 50 // a similarity below this is no edge
	trials        = 3            // searches with different orders; the best counts
	disturbances  = 10           // disturbed copies of the graph that say what is stable
	disturbedBy   = 30           // percent
)

// model is what the sample taught: a space, and the sample's rows in groups.
type model struct {
	space     *space
	sample    []int32 // rows of the corpus, ascending
	at        *vec.Int16
	near      *vec.Neighbors
	graph     *graph.Graph
	disturbed [][]int32 // groupings of disturbed copies of the graph
	group     []int32   // per sample row, -1 unassigned
	groups    int
	odd       []bool // per sample row: unlike the others
	oddBelow  int32  // mean similarity, 0..One, below which a text is odd
}

func learn(ctx context.Context, c *corpus, o Options) (*model, error) {
	rows := make([]int32, c.rows())
	for i := range rows {
		rows[i] = int32(i)
	}
	m := &model{sample: draw(rows, o.MaxSample, o.Seed)}
	n := len(m.sample)
	o.Progress("space", 0, 4)
	var err error
	if m.space, err = newSpace(ctx, c, m.sample, rows); err != nil {
		return nil, err
	}
	m.at = vec.NewInt16(n, m.space.dims())
	err = vec.Blocks(ctx, n, 128, func(lo, hi int) {
		e := m.space.embedder()
		for i := lo; i < hi; i++ {
			e.place(m.at.Row(i), c.at(m.sample[i]))
		}
	})
	if err != nil {
		return nil, err
	}
	o.Progress("neighbours", 1, 4)
	k := neighbors
	if n > neighborsUpTo {
		k = int(float64(neighbors*math.Sqrt(math.Sqrt(float64(n)/neighborsUpTo))) + 0.5)
	}
	if m.near, err = m.at.Nearest(ctx, k); err != nil {
		return nil, err
	}
	o.Progress("themes", 2, 4)
	m.findOdd(c, o.MinTheme)
	m.graph = graph.FromNeighbors(m.near, n, edgeWeight).Reweigh(func(i, j int32, weight int64) int64 {
		if m.odd[i] || m.odd[j] {
			return weight * oddEdges / 10
		}
		return weight
	})
	if err := m.findGroups(ctx, o.Seed); err != nil {
		return nil, err
	}
	if err := m.refine(ctx, c, o.MinTheme); err != nil {
		return nil, err
	}
	return m, nil
}

// edgeWeight returns a similarity to the power 2.5, scaled to 0..2^22; nothing for unrelated texts. The power makes
// close neighbours count for much more than distant ones.
func edgeWeight(sim int32) int64 {
	s := sim >> 14 // 0..One
	if s < unrelated {
		return 0
	}
	return int64(float64(int64(s)*int64(s))*math.Sqrt(float64(s))) >> 13
}

// draw returns n of the rows, ascending; all of them when there are no more.
func draw(rows []int32, n int, seed uint64) []int32 {
	if len(rows) <= n {
		return rows
	}
	xs := slices.Clone(rows)
	vec.NewRand(seed).Shuffle(xs)
	xs = xs[:n]
	slices.Sort(xs)
	return xs
}

// findGroups groups disturbed copies of the graph, weakens the edges whose ends often part, and groups what results
// (consensus clustering, Lancichinetti and Fortunato 2012, https://doi.org/10.1038/srep00336).
func (m *model) findGroups(ctx context.Context, seed uint64) error {
	m.disturbed = make([][]int32, disturbances)
	err := vec.Blocks(ctx, disturbances, 1, func(b, _ int) {
		// The only error is ctx's, which Blocks returns.
		m.disturbed[b], _ = m.graph.Perturb(disturbedBy, seed+uint64(500+b)).Infomap(ctx, 1, seed+uint64(b))
	})
	if err != nil {
		return err
	}
	var keep [disturbances + 1]int64 // parts of 1024 kept of an edge whose ends were together that often
	for together := range keep {
		keep[together] = int64(1024 * math.Sqrt((float64(together)+0.5)/(disturbances+0.5)))
	}
	m.graph = m.graph.Reweigh(func(i, j int32, weight int64) int64 {
		together := 0
		for _, group := range m.disturbed {
			if group[i] == group[j] {
				together++
			}
		}
		return max(weight*keep[together]/1024, 1)
	})
	m.group, err = m.graph.Infomap(ctx, trials, seed)
	return err
}
