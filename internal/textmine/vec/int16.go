package vec

import "context"

// One is the length of a quantised unit vector. A dot product of two of them is at most One*One = 2^28, and so is
// every partial sum (Cauchy-Schwarz), which is why 32 bits always hold it.
const One = 1 << 14

const (
	lanes  = 16 // int16 in one AVX2 register; a row is padded to a multiple
	groups = 8  // rows one kernel call compares with
)

// Int16 is a matrix of quantised unit vectors, row by row. Similarities of its rows are exact integers.
type Int16 struct {
	Rows, Stride int // Stride is the row length with padding
	v            []int16
}

// NewInt16 returns a zero matrix for vectors of cols elements.
func NewInt16(rows, cols int) *Int16 {
	stride := (max(cols, 1) + lanes - 1) / lanes * lanes
	return &Int16{rows, stride, make([]int16, (rows+groups)*stride)} // spare rows let the kernel run over the end
}

// Row returns row i with its padding, sharing its memory.
func (m *Int16) Row(i int) []int16 { return m.v[i*m.Stride : (i+1)*m.Stride : (i+1)*m.Stride] }

// Quantize writes the unit vector x, times One and rounded, to dst.
func Quantize(dst []int16, x []float32) {
	dst = dst[:len(x)]
	for i, v := range x {
		f := float32(v * One)
		if f < 0 {
			dst[i] = int16(f - 0.5)
		} else {
			dst[i] = int16(f + 0.5)
		}
	}
}

// Dots writes the dot products of x with rows lo to hi-1 to out, which needs room for hi-lo rounded up to eight.
// x has Stride elements.
func (m *Int16) Dots(x []int16, lo, hi int, out []int32) {
	x = x[:m.Stride]
	for i := lo; i < hi; i += groups {
		o := i - lo
		dot8((*[groups]int32)(out[o:o+groups]), x, m.v[i*m.Stride:(i+groups)*m.Stride])
	}
}

// DotInt16 returns the dot product of two rows of the same stride.
func DotInt16(a, b []int16) int32 {
	var s int32
	b = b[:len(a)]
	for i, v := range a {
		s += int32(v) * int32(b[i])
	}
	return s
}

// Neighbors holds the k nearest others of every row: ID and Sim have K entries a row, nearest first, equal ones in
// ascending order of ID. A row with fewer others ends with ID -1.
type Neighbors struct {
	K   int
	ID  []int32
	Sim []int32 // dot products, One*One for equal directions
}

// Row returns the neighbours of row i.
func (nb *Neighbors) Row(i int) (id, sim []int32) {
	return nb.ID[i*nb.K : (i+1)*nb.K], nb.Sim[i*nb.K : (i+1)*nb.K]
}

// Nearest finds the k nearest others of every row by comparing all pairs.
func (m *Int16) Nearest(ctx context.Context, k int) (*Neighbors, error) {
	nb := &Neighbors{K: k, ID: make([]int32, m.Rows*k), Sim: make([]int32, m.Rows*k)}
	const queries, tile = 16, 64 // a tile of rows stays in the first-level cache while the queries pass over it
	err := Blocks(ctx, m.Rows, queries, func(lo, hi int) {
		var sim [tile + groups]int32
		tops := make([]Top, hi-lo)
		for i := range tops {
			id, s := nb.Row(lo + i)
			tops[i] = NewTop(id, s)
		}
		for t := 0; t < m.Rows; t += tile {
			end := min(t+tile, m.Rows)
			for i := range tops {
				m.Dots(m.Row(lo+i), t, end, sim[:])
				for j, s := range sim[:end-t] {
					if s > tops[i].Floor && t+j != lo+i {
						tops[i].Add(int32(t+j), s)
					}
				}
			}
		}
	})
	return nb, err
}

// Top keeps the best few of a stream of scored ids, best first. Offered in ascending order of id, equal scores keep
// that order. Only scores above Floor need be offered.
type Top struct {
	Floor int32
	id    []int32
	score []int32
}

// NewTop returns an empty list over the two slices, whose length is its size.
func NewTop(id, score []int32) Top {
	for i := range id {
		id[i], score[i] = -1, -1<<31
	}
	return Top{-1 << 31, id, score}
}

// Add offers one candidate.
func (t *Top) Add(id, score int32) {
	p := len(t.score)
	for p > 0 && t.score[p-1] < score {
		p--
	}
	if p == len(t.score) {
		return
	}
	copy(t.id[p+1:], t.id[p:])
	copy(t.score[p+1:], t.score[p:])
	t.id[p], t.score[p] = id, score
	t.Floor = t.score[len(t.score)-1]
}
