package change

import "testing"

func TestSpansThatNobodySeesCostNothing(t *testing.T) {
	s := &Service{}
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() { _, end := s.span(ctx, "effect", "cs-1", "files.update"); end("done", nil) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkSpanThatNobodySees(b *testing.B) {
	s := &Service{}
	b.ReportAllocs()
	for b.Loop() {
		_, end := s.span(b.Context(), "effect", "cs-1", "files.update")
		end("done", nil)
	}
}
