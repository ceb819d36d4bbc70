package vec

import (
	"context"
	"math"
)

// SVD is a truncated singular value decomposition: a is about U·diag(S)·Vᵀ. S descends.
type SVD struct {
	U *Matrix // one row per row of the input
	S []float64
	V *Matrix // one row per column of the input
}

const (
	oversample      = 8 // keeps the sketch a multiple of eight columns wide
	powerIterations = 2
)

// Truncate returns the rank largest singular triplets of a, found by a randomised range finder with two power
// iterations (Halko, Martinsson, Tropp 2011, https://arxiv.org/abs/0909.4061, algorithm 4.4). The rank is lowered to
// what the matrix has room for; a matrix without rows or columns gives rank 0. The error is ctx's alone.
func Truncate(ctx context.Context, a *Sparse, rank int, seed uint64) (*SVD, error) {
	width := min(rank+oversample, a.Rows, a.Cols)
	rank = min(rank, width)
	if rank <= 0 {
		return &SVD{U: New(a.Rows, 0), V: New(a.Cols, 0)}, ctx.Err()
	}
	at := a.Transpose()
	rnd := NewRand(seed)
	sketch := New(a.Cols, width)
	for i := range sketch.V {
		sketch.V[i] = rnd.bell()
	}
	step := func(op *Sparse, m *Matrix) (*Matrix, error) {
		p, err := op.times(ctx, m)
		if err != nil {
			return nil, err
		}
		return p.orthonormal(ctx)
	}
	y, err := step(a, sketch)
	if err != nil {
		return nil, err
	}
	for range powerIterations {
		z, err := step(at, y)
		if err != nil {
			return nil, err
		}
		if y, err = step(a, z); err != nil {
			return nil, err
		}
	}
	if y, err = y.orthonormal(ctx); err != nil { // twice is enough (Cholesky QR2)
		return nil, err
	}
	b, err := at.times(ctx, y)
	if err != nil {
		return nil, err
	}
	return fromSketch(ctx, y, b, rank)
}

// fromSketch turns a ≈ y·bᵀ with orthonormal y into the decomposition, by the eigenvectors of bᵀ·b.
func fromSketch(ctx context.Context, y, b *Matrix, rank int) (*SVD, error) {
	g, err := b.gram(ctx)
	if err != nil {
		return nil, err
	}
	width := y.Cols
	values, vectors := symmetricEigen(g, width)
	s := make([]float64, rank)
	left, right := New(width, rank), New(width, rank)
	for j := range rank {
		s[j] = math.Sqrt(max(values[j], 0))
		for i := range width {
			v := vectors[i*width+j]
			left.V[i*rank+j] = float32(v)
			if s[j] > 1e-9 {
				right.V[i*rank+j] = float32(v / s[j])
			}
		}
	}
	u, err := y.times(ctx, left)
	if err != nil {
		return nil, err
	}
	v, err := b.times(ctx, right)
	return &SVD{U: u, S: s, V: v}, err
}

// orthonormal returns an orthonormal basis of m's columns by one Cholesky QR step. A column that depends on earlier
// ones becomes zero.
func (m *Matrix) orthonormal(ctx context.Context) (*Matrix, error) {
	g, err := m.gram(ctx)
	if err != nil {
		return nil, err
	}
	return m.times(ctx, inverseCholesky(g, m.Cols))
}

// inverseCholesky returns R⁻¹ for g = RᵀR, R upper triangular. A pivot lost to rounding gives a zero column.
func inverseCholesky(g []float64, d int) *Matrix {
	trace := 0.0
	for i := range d {
		trace += g[i*d+i]
	}
	ridge := float64(1e-7*trace)/float64(d) + 1e-30
	l := make([]float64, d*d) // lower triangular, l·lᵀ = g
	for i := range d {
		for j := 0; j <= i; j++ {
			s := g[i*d+j] - dot64(l[i*d:i*d+j], l[j*d:j*d+j])
			switch {
			case i == j && s+ridge > ridge/2:
				l[i*d+i] = math.Sqrt(s + ridge)
			case i != j && l[j*d+j] > 0:
				l[i*d+j] = s / l[j*d+j]
			}
		}
	}
	inv := make([]float64, d*d) // row i holds column i of the inverse of l
	out := New(d, d)
	for c := range d {
		if l[c*d+c] == 0 {
			continue
		}
		row := inv[c*d : (c+1)*d]
		row[c] = 1 / l[c*d+c]
		out.V[c*d+c] = float32(row[c])
		for r := c + 1; r < d; r++ {
			if l[r*d+r] == 0 {
				continue
			}
			row[r] = -dot64(l[r*d+c:r*d+r], row[c:r]) / l[r*d+r]
			out.V[c*d+r] = float32(row[r])
		}
	}
	return out
}

func dot64(a, b []float64) float64 {
	var s0, s1 float64
	b = b[:len(a)]
	n := len(a) &^ 1
	for i := 0; i < n; i += 2 {
		s0 += float64(a[i] * b[i])
		s1 += float64(a[i+1] * b[i+1])
	}
	if n < len(a) {
		s0 += float64(a[n] * b[n])
	}
	return s0 + s1
}
