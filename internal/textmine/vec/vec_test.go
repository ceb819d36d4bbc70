package vec

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestLnAgreesWithMath(t *testing.T) {
	for x := 1e-9; x < 1e15; x *= 1.0137 {
		if got, want := Ln(x), math.Log(x); math.Abs(got-want) > 1e-13*max(1, math.Abs(want)) {
			t.Fatalf("Ln(%g) = %.17g, want %.17g", x, got, want)
		}
	}
	if Ln(1) > 1e-15 || Ln(0) != 0 || Ln(math.Inf(1)) != 0 {
		t.Fatal("Ln must be near 0 at 1 and 0 outside its range")
	}
}

func TestKernelsEqualPlainCode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := NewRand(rapid.Uint64().Draw(t, "seed"))
		cols, rows, n := r.IntN(200)+1, r.IntN(20)+1, r.IntN(40)
		base, val := make([]float32, rows*cols), make([]float32, n)
		for i := range base {
			base[i] = r.bell()
		}
		idx := make([]int32, n)
		for i := range idx {
			idx[i], val[i] = int32(r.IntN(rows)), r.bell()
		}
		from := r.IntN(cols)
		got, want := make([]float32, cols-from), make([]float32, cols-from)
		addRowsFrom(got, base, cols, from, idx, val)
		addRowsPlain(want, base, cols, from, idx, val)
		if !slices.Equal(got, want) {
			t.Fatalf("addRows differs:\n%v\n%v", got, want)
		}

		m := NewInt16(rows, cols)
		f := make([]float32, cols)
		for i := range rows {
			for j := range f {
				f[j] = r.bell()
			}
			Normalize(f, 1)
			Quantize(m.Row(i), f)
		}
		out := make([]int32, rows+groups)
		m.Dots(m.Row(0), 0, rows, out)
		for i := range rows {
			if want := DotInt16(m.Row(0), m.Row(i)); out[i] != want {
				t.Fatalf("dot %d = %d, want %d", i, out[i], want)
			}
		}
	})
}

func TestTruncateFindsAKnownDecomposition(t *testing.T) {
	// 60×40 with singular values 50, 25, 12.5, ...
	r := NewRand(5)
	const n, m, rank = 60, 40, 6
	u, v := New(n, rank), New(m, rank)
	for _, x := range [][]float32{u.V, v.V} {
		for i := range x {
			x[i] = r.bell()
		}
	}
	u, _ = u.orthonormal(t.Context())
	u, _ = u.orthonormal(t.Context())
	v, _ = v.orthonormal(t.Context())
	v, _ = v.orthonormal(t.Context())
	want := make([]float64, rank)
	for k := range want {
		want[k] = 50 / math.Pow(2, float64(k))
	}
	s := &Sparse{Rows: n, Cols: m, Ptr: make([]int32, n+1)}
	for i := range n {
		for j := range m {
			x := 0.0
			for k := range want {
				x += float64(u.V[i*rank+k]) * want[k] * float64(v.V[j*rank+k])
			}
			s.Col, s.Val = append(s.Col, int32(j)), append(s.Val, float32(x))
		}
		s.Ptr[i+1] = int32(len(s.Col))
	}
	got, err := Truncate(t.Context(), s, 20, 1)
	if err != nil {
		t.Fatal(err)
	}
	for k, w := range want {
		if math.Abs(got.S[k]-w) > 1e-3*w {
			t.Errorf("singular value %d = %g, want %g", k, got.S[k], w)
		}
		var a, b float64
		for i := range n {
			a += float64(got.U.Row(i)[k]) * float64(u.V[i*rank+k])
		}
		for j := range m {
			b += float64(got.V.Row(j)[k]) * float64(v.V[j*rank+k])
		}
		if math.Abs(math.Abs(a)-1) > 1e-3 || math.Abs(math.Abs(b)-1) > 1e-3 || a*b < 0 {
			t.Errorf("singular vectors %d: left cosine %g, right cosine %g, want both 1 or both -1", k, a, b)
		}
	}
	if got.S[rank] > 1e-2 {
		t.Errorf("singular value %d = %g, want 0", rank, got.S[rank])
	}
}

func TestSymmetricEigenReconstructs(t *testing.T) {
	for _, n := range []int{1, 2, 3, 17, 72, 136} {
		r := NewRand(uint64(n))
		a := make([]float64, n*n)
		for i := range n {
			for j := range i + 1 {
				x := float64(r.bell())
				a[i*n+j], a[j*n+i] = x, x
			}
		}
		values, q := symmetricEigen(slices.Clone(a), n)
		for i := range n {
			for j := range n {
				x := 0.0
				for k := range n {
					x += q[i*n+k] * values[k] * q[j*n+k]
				}
				if math.Abs(x-a[i*n+j]) > 1e-9 {
					t.Fatalf("n=%d: entry %d,%d = %g, want %g", n, i, j, x, a[i*n+j])
				}
			}
		}
	}
}

func TestNearestOrdersByScoreThenID(t *testing.T) {
	m := NewInt16(5, 2)
	for i, v := range [][]float32{{1, 0}, {0, 1}, {1, 0}, {0.8, 0.6}, {1, 0}} {
		Quantize(m.Row(i), v)
	}
	nb, err := m.Nearest(t.Context(), 5)
	if err != nil {
		t.Fatal(err)
	}
	if id, _ := nb.Row(2); !slices.Equal(id, []int32{0, 4, 3, 1, -1}) {
		t.Fatalf("neighbours of row 2 = %v", id)
	}
}

func BenchmarkNearest3000x384(b *testing.B) {
	m := NewInt16(3000, 384)
	r := NewRand(1)
	f := make([]float32, 384)
	for i := range m.Rows {
		for j := range f {
			f[j] = r.bell()
		}
		Normalize(f, 1)
		Quantize(m.Row(i), f)
	}
	for b.Loop() {
		if _, err := m.Nearest(b.Context(), 15); err != nil {
			b.Fatal(err)
		}
	}
}
