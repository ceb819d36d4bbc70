package textmine

import (
	"context"
	"math"
	"slices"

	"roleos/internal/textmine/vec"
)

const (
	contextWindow = 3
	contextTexts  = 20000 // texts that teach the company of words
	commonness    = 5e-3  // a word with this share of all words counts half
)

// companyVectors reduces the positive pointwise mutual information of words that stand near each other (Levy and
// Goldberg 2014; contexts smoothed by the power 0.75) and weighs each word by its rarity (SIF, Arora et al. 2017).
func companyVectors(ctx context.Context, c *corpus, rows, column []int32, cols, rank int) (*vec.Matrix, error) {
	// Near words weigh 6, 3 and 2: one over the distance, times six.
	near := [contextWindow + 1]int32{0, 6, 3, 2}
	uses := make([]int64, cols)
	var total int64
	pairs := func(visit func(a, b, weight int32)) {
		for _, r := range rows {
			terms := c.at(r)
			for i, t := range terms {
				a := column[t]
				if a < 0 {
					continue
				}
				for d := 1; d <= contextWindow && i+d < len(terms); d++ {
					if b := column[terms[i+d]]; b >= 0 {
						visit(a, b, near[d])
						visit(b, a, near[d])
					}
				}
			}
		}
	}
	for _, r := range rows {
		for _, t := range c.at(r) {
			if a := column[t]; a >= 0 {
				uses[a]++
				total++
			}
		}
	}
	ptr := make([]int32, cols+1)
	pairs(func(a, _, _ int32) { ptr[a+1]++ })
	for i := range cols {
		ptr[i+1] += ptr[i]
	}
	type other struct{ b, weight int32 }
	others := make([]other, ptr[cols])
	next := slices.Clone(ptr)
	sum := make([]int64, cols)
	pairs(func(a, b, w int32) {
		others[next[a]] = other{b, w}
		next[a]++
		sum[a] += int64(w)
	})
	smooth := make([]float64, cols)
	all := 0.0
	for i, s := range sum {
		root := math.Sqrt(float64(s))
		smooth[i] = float64(root * math.Sqrt(root)) // s^0.75
		all += smooth[i]
	}
	m := &vec.Sparse{Rows: cols, Cols: cols, Ptr: make([]int32, cols+1)}
	together := make([]int64, cols)
	var touched []int32
	for a := range cols {
		touched = touched[:0]
		for _, o := range others[ptr[a]:ptr[a+1]] {
			if together[o.b] == 0 {
				touched = append(touched, o.b)
			}
			together[o.b] += int64(o.weight)
		}
		slices.Sort(touched)
		for _, b := range touched {
			ratio := float64(float64(together[b])*all) / float64(float64(sum[a])*smooth[b])
			together[b] = 0
			if ratio > 1 {
				m.Col, m.Val = append(m.Col, b), append(m.Val, float32(vec.Ln(ratio)))
			}
		}
		m.Ptr[a+1] = int32(len(m.Col))
	}
	d, err := vec.Truncate(ctx, m, rank, 13)
	if err != nil {
		return nil, err
	}
	for i := range cols {
		rarity := commonness / (commonness + float64(uses[i])/float64(max(total, 1)))
		for j := range d.U.Row(i) {
			d.U.Row(i)[j] *= float32(rarity * math.Sqrt(d.S[j]))
		}
	}
	return d.U, nil
}
