package vec

import "context"

// Sparse is a sparse matrix in compressed rows: row i holds Val[Ptr[i]:Ptr[i+1]] in the columns Col[...].
type Sparse struct {
	Rows, Cols int
	Ptr        []int32 // Rows+1 offsets
	Col        []int32
	Val        []float32
}

// NormalizeRows scales every row to length 1.
func (s *Sparse) NormalizeRows() {
	for i := range s.Rows {
		Normalize(s.Val[s.Ptr[i]:s.Ptr[i+1]], 1)
	}
}

// Transpose returns the transposed matrix; its rows are in ascending column order.
func (s *Sparse) Transpose() *Sparse {
	t := &Sparse{
		Rows: s.Cols, Cols: s.Rows,
		Ptr: make([]int32, s.Cols+1), Col: make([]int32, len(s.Col)), Val: make([]float32, len(s.Val)),
	}
	for _, c := range s.Col {
		t.Ptr[c+1]++
	}
	for i := range s.Cols {
		t.Ptr[i+1] += t.Ptr[i]
	}
	next := make([]int32, s.Cols)
	copy(next, t.Ptr)
	for i := range s.Rows {
		for j := s.Ptr[i]; j < s.Ptr[i+1]; j++ {
			c := s.Col[j]
			t.Col[next[c]], t.Val[next[c]] = int32(i), s.Val[j]
			next[c]++
		}
	}
	return t
}

// times returns s·m.
func (s *Sparse) times(ctx context.Context, m *Matrix) (*Matrix, error) {
	out := New(s.Rows, m.Cols)
	err := Blocks(ctx, s.Rows, 128, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			a, b := s.Ptr[i], s.Ptr[i+1]
			m.AddRows(out.Row(i), s.Col[a:b], s.Val[a:b])
		}
	})
	return out, err
}
