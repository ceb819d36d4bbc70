package chart_test

import (
	"math"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"roleos/internal/report/chart"
)

func TestShapes(t *testing.T) {
	if got := chart.NewBar(0.1, 0.05, 0.2, 0.2, 100, 14); got != (chart.Bar{
		W: "100", H: "14", Y: "7", Len: "50", From: "25", To: "100", CapTop: "4", CapEnd: "10", Whisker: true,
	}) {
		t.Errorf("bar: %+v", got)
	}
	if d := cmp.Diff([]chart.Piece{{X: "0", W: "49", N: 1}, {X: "50", W: "24", N: 3}}, chart.Stack([]float64{50, 0, 25}, 100, 100)); d != "" {
		t.Error(d)
	}
	s := chart.Spark([]float64{0, 0.5, 0.25}, []bool{true}, []bool{false, true}, 104, 24, 2)
	if s.Line != "M2 22L52 2L102 12" || s.Area != "M2 22L52 2L102 12V22H2Z" {
		t.Errorf("line %q, area %q", s.Line, s.Area)
	}
	if !s.Dots[0].Thin || s.Dots[1].Thin || !s.Dots[1].Mark || s.Last != s.Dots[2] {
		t.Errorf("dots %+v", s.Dots)
	}
	if one := chart.Spark([]float64{0.3}, nil, nil, 100, 20, 2); one.Line != "" || len(one.Dots) != 1 {
		t.Errorf("one period makes no line: %+v", one)
	}
}

func TestPeakPrefersPeriodsThatCanBeJudged(t *testing.T) {
	for _, c := range []struct {
		shares []float64
		thin   []bool
		want   int
	}{
		{nil, nil, -1},
		{[]float64{0.1, 0.9, 0.2}, nil, 1},
		{[]float64{0.1, 0.9, 0.2}, []bool{false, true, false}, 2},
		{[]float64{0.1, 0.9}, []bool{true, true}, 1},
	} {
		if got := chart.Peak(c.shares, c.thin); got != c.want {
			t.Errorf("Peak(%v, %v) = %d, want %d", c.shares, c.thin, got, c.want)
		}
	}
}

func TestNothingLeavesTheDrawing(t *testing.T) {
	any := rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, -1, 1, 0.5, math.NaN(), math.Inf(1), math.Inf(-1), 1e300}))
	in := func(t *rapid.T, s string, most float64) float64 {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil || v < 0 || v > most+0.05 {
			t.Fatalf("coordinate %q is outside 0..%v", s, most)
		}
		return v
	}
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.Float64Range(20, 400).Draw(t, "w"), rapid.Float64Range(12, 100).Draw(t, "h")
		b := chart.NewBar(any.Draw(t, "v"), any.Draw(t, "lo"), any.Draw(t, "hi"), any.Draw(t, "most"), w, h)
		in(t, b.Len, w)
		in(t, b.From, w)
		in(t, b.To, w)
		end := 0.0
		for _, p := range chart.Stack(rapid.SliceOf(any).Draw(t, "parts"), any.Draw(t, "whole"), w) {
			x := in(t, p.X, w)
			if x < end-0.15 {
				t.Fatalf("a piece begins at %v, inside the one before, which ends at %v", x, end)
			}
			end = x + in(t, p.W, w)
			if end > w+0.15 {
				t.Fatalf("a piece ends at %v of %v", end, w)
			}
			if p.N < 1 || p.N > chart.Shades {
				t.Fatalf("shade %d", p.N)
			}
		}
		for _, d := range chart.Spark(rapid.SliceOf(any).Draw(t, "shares"), nil, nil, w, h, 4).Dots {
			in(t, d.X, w)
			in(t, d.Y, h)
		}
	})
}
