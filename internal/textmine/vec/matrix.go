package vec

import (
	"context"
	"math"
)

// Matrix is a dense matrix, row by row.
type Matrix struct {
	Rows, Cols int
	V          []float32
}

// New returns a zero matrix.
func New(rows, cols int) *Matrix {
	return &Matrix{rows, cols, make([]float32, rows*cols)}
}

// Row returns row i, sharing its memory.
func (m *Matrix) Row(i int) []float32 {
	return m.V[i*m.Cols : (i+1)*m.Cols : (i+1)*m.Cols]
}

// AddRows adds weight[k] times row[k] of m to dst, for k ascending. dst has m.Cols elements.
func (m *Matrix) AddRows(dst []float32, rows []int32, weights []float32) {
	addRows(dst[:m.Cols], m.V, rows, weights[:len(rows)])
}

// times returns m·r, where r is small.
func (m *Matrix) times(ctx context.Context, r *Matrix) (*Matrix, error) {
	out := New(m.Rows, r.Cols)
	all := iota32(m.Cols)
	err := Blocks(ctx, m.Rows, 256, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			r.AddRows(out.Row(i), all, m.Row(i))
		}
	})
	return out, err
}

// gram returns mᵀ·m in float64. Blocks of rows are summed in float32, the blocks in order in float64.
func (m *Matrix) gram(ctx context.Context) ([]float64, error) {
	const block = 512
	d := m.Cols
	parts := make([][]float32, (m.Rows+block-1)/block)
	err := Blocks(ctx, m.Rows, block, func(lo, hi int) {
		sub := m.V[lo*d : hi*d]
		all := iota32(hi - lo)
		col := make([]float32, hi-lo)
		sum := make([]float32, d*d)
		for x := range d {
			for i := range col {
				col[i] = sub[i*d+x]
			}
			// Only the upper triangle is wanted; whole groups of eight keep the kernel busy.
			from := x &^ 7
			addRowsFrom(sum[x*d+from:(x+1)*d], sub, d, from, all, col)
		}
		parts[lo/block] = sum
	})
	if err != nil {
		return nil, err
	}
	g := make([]float64, d*d)
	for _, p := range parts {
		for i, v := range p {
			g[i] += float64(v)
		}
	}
	for x := range d {
		for y := range x {
			g[x*d+y] = g[y*d+x]
		}
	}
	return g, nil
}

// Normalize scales x to length; a zero vector stays zero. It reports whether x had a direction.
func Normalize(x []float32, length float64) bool {
	s := Dot(x, x)
	if s <= 0 {
		return false
	}
	f := float32(length / math.Sqrt(s))
	for i := range x {
		x[i] *= f
	}
	return true
}

// Dot returns the dot product of two vectors of the same length, summed in float64 in four fixed strands.
func Dot(a, b []float32) float64 {
	var s0, s1, s2, s3 float64
	b = b[:len(a)]
	n := len(a) &^ 3
	for i := 0; i < n; i += 4 {
		s0 += float64(float64(a[i]) * float64(b[i]))
		s1 += float64(float64(a[i+1]) * float64(b[i+1]))
		s2 += float64(float64(a[i+2]) * float64(b[i+2]))
		s3 += float64(float64(a[i+3]) * float64(b[i+3]))
	}
	for i := n; i < len(a); i++ {
		s0 += float64(float64(a[i]) * float64(b[i]))
	}
	return s0 + s1 + (s2 + s3)
}

func iota32(n int) []int32 {
	xs := make([]int32, n)
	for i := range xs {
		xs[i] = int32(i)
	}
	return xs
}
