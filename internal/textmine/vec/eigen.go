package vec

import (
	"cmp"
	"math"
	"slices"
)

// symmetricEigen returns the eigenvalues of the symmetric n×n matrix a, descending, and the eigenvectors as columns.
// It reduces a to tridiagonal form by Householder reflections and then runs the implicit QL iteration (Golub and
// Van Loan, Matrix Computations, chapter 8). a is overwritten.
func symmetricEigen(a []float64, n int) (values, vectors []float64) {
	diag, off, q := tridiagonalize(a, n)
	implicitQL(diag, off, q, n)
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(diag[y], diag[x]) })
	values, vectors = make([]float64, n), make([]float64, n*n)
	for j, o := range order {
		values[j] = diag[o]
		for i := range n {
			vectors[i*n+j] = q[o*n+i] // q holds the vectors as rows
		}
	}
	return values, vectors
}

// tridiagonalize returns the diagonal, the off-diagonal (off[i] joins i and i+1) and the transposed orthogonal factor.
func tridiagonalize(a []float64, n int) (diag, off, qt []float64) {
	diag, off = make([]float64, n), make([]float64, n)
	p := make([]float64, n)
	v := make([]float64, n)
	type reflector struct {
		at   int
		beta float64
		v    []float64
	}
	var hs []reflector
	for k := 0; k < n-2; k++ {
		// The reflector maps column k below the diagonal onto its first entry.
		norm := math.Sqrt(dot64(a[k*n+k+1:k*n+n], a[k*n+k+1:k*n+n]))
		if norm == 0 {
			continue
		}
		copy(v[k+1:], a[k*n+k+1:k*n+n])
		alpha := norm
		if v[k+1] > 0 {
			alpha = -norm
		}
		v[k+1] -= alpha
		vv := dot64(v[k+1:], v[k+1:])
		if vv == 0 {
			continue
		}
		beta := 2 / vv
		for i := k + 1; i < n; i++ {
			p[i] = float64(beta * dot64(a[i*n+k+1:i*n+n], v[k+1:]))
		}
		half := float64(float64(beta/2) * dot64(p[k+1:], v[k+1:]))
		for i := k + 1; i < n; i++ {
			p[i] -= float64(half * v[i])
		}
		for i := k + 1; i < n; i++ {
			row, vi, pi := a[i*n:(i+1)*n], v[i], p[i]
			for j := k + 1; j < n; j++ {
				row[j] -= float64(vi*p[j]) + float64(pi*v[j])
			}
		}
		a[k*n+k+1], a[(k+1)*n+k] = alpha, alpha
		for j := k + 2; j < n; j++ {
			a[k*n+j], a[j*n+k] = 0, 0
		}
		hs = append(hs, reflector{k + 1, beta, slices.Clone(v[k+1:])})
	}
	for i := range n {
		diag[i] = a[i*n+i]
		if i+1 < n {
			off[i] = a[i*n+i+1]
		}
	}
	qt = make([]float64, n*n)
	for i := range n {
		qt[i*n+i] = 1
	}
	// Q = H0·H1·…; applying the reflectors to the rows of the identity, last first, leaves Qᵀ in place.
	for x := len(hs) - 1; x >= 0; x-- {
		h := hs[x]
		for i := h.at; i < n; i++ {
			row := qt[i*n+h.at : (i+1)*n]
			f := float64(h.beta * dot64(row, h.v))
			for j, vj := range h.v {
				row[j] -= float64(f * vj)
			}
		}
	}
	return diag, off, qt
}

// implicitQL diagonalises the tridiagonal matrix, turning the rows of q along.
func implicitQL(d, e, q []float64, n int) {
	const eps = 0x1p-52
	for l := range n {
		for iter := 0; iter < 60; iter++ {
			m := l
			for m < n-1 {
				if math.Abs(e[m]) <= float64(eps*(math.Abs(d[m])+math.Abs(d[m+1]))) {
					break
				}
				m++
			}
			if m == l {
				break
			}
			g := (d[l+1] - d[l]) / (2 * e[l])
			r := math.Sqrt(float64(g*g) + 1)
			if g < 0 {
				r = -r
			}
			g = d[m] - d[l] + e[l]/(g+r)
			s, c, p := 1.0, 1.0, 0.0
			i := m - 1
			for ; i >= l; i-- {
				f, b := float64(s*e[i]), float64(c*e[i])
				r = math.Sqrt(float64(f*f) + float64(g*g))
				e[i+1] = r
				if r == 0 {
					d[i+1] -= p
					e[m] = 0
					break
				}
				s, c = f/r, g/r
				g = d[i+1] - p
				r = float64((d[i]-g)*s) + float64(2*float64(c*b))
				p = float64(s * r)
				d[i+1] = g + p
				g = float64(c*r) - b
				rotate(q[i*n:(i+1)*n], q[(i+1)*n:(i+2)*n], s, c)
			}
			if r == 0 && i >= l {
				continue
			}
			d[l] -= p
			e[l], e[m] = g, 0
		}
	}
}

func rotate(x, y []float64, s, c float64) {
	y = y[:len(x)]
	for k, xv := range x {
		yv := y[k]
		y[k] = float64(s*xv) + float64(c*yv)
		x[k] = float64(c*xv) - float64(s*yv)
	}
}
