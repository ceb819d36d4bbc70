package stat_test

import (
	"math"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"roleos/internal/stat"
)

func near(got, want, within float64) bool { return math.Abs(got-want) <= within }

func TestFisherGivesPublishedValues(t *testing.T) {
	for _, c := range []struct {
		name       string
		a, b, c, d int
		want       float64
	}{
		{"lady tasting tea, three of four right (Fisher 1935)", 3, 1, 1, 3, 34.0 / 70},
		{"lady tasting tea, all right", 4, 0, 0, 4, 2.0 / 70},
		{"dieting teenagers (Wikipedia), both tails", 1, 9, 11, 3, 0.002759456185},
		{"whales and sharks (SciPy's manual)", 8, 2, 1, 5, 0.03496503496503495},
		{"SciPy's manual, newer table", 6, 2, 1, 4, 0.10256410256410257},
		{"criminal twins (R's manual), both tails", 2, 15, 10, 3, 0.0005367241},
		{"no row", 0, 0, 3, 4, 1},
		{"no column", 0, 3, 0, 4, 1},
		{"empty", 0, 0, 0, 0, 1},
		{"a negative cell counts as 0", -5, 4, 4, 0, 2.0 / 70},
	} {
		if got := stat.Fisher(c.a, c.b, c.c, c.d); !near(got, c.want, 1e-9) {
			t.Errorf("%s: p = %.10f, want %.10f", c.name, got, c.want)
		}
	}
}

// exactFisher sums in whole numbers, so that nothing is rounded.
func exactFisher(a, b, c, d int) float64 {
	choose := func(n, k int) *big.Int { return new(big.Int).Binomial(int64(n), int64(k)) }
	r1, r2, c1 := a+b, c+d, a+c
	ways := func(x int) *big.Int { return new(big.Int).Mul(choose(r1, x), choose(r2, c1-x)) }
	sum := new(big.Int)
	for x := max(0, c1-r2); x <= min(r1, c1); x++ {
		if ways(x).Cmp(ways(a)) <= 0 {
			sum.Add(sum, ways(x))
		}
	}
	p, _ := new(big.Rat).SetFrac(sum, choose(r1+r2, c1)).Float64()
	return p
}

func TestFisherAgreesWithExactArithmetic(t *testing.T) {
	cell := rapid.IntRange(0, 60)
	rapid.Check(t, func(t *rapid.T) {
		a, b, c, d := cell.Draw(t, "a"), cell.Draw(t, "b"), cell.Draw(t, "c"), cell.Draw(t, "d")
		if a+b == 0 || c+d == 0 || a+c == 0 || b+d == 0 {
			return
		}
		got, want := stat.Fisher(a, b, c, d), exactFisher(a, b, c, d)
		if !near(got, want, 1e-9+1e-6*want) {
			t.Fatalf("Fisher(%d,%d,%d,%d) = %.12g, want %.12g", a, b, c, d, got, want)
		}
	})
}

func TestFisherDoesNotCareHowTheTableIsTurned(t *testing.T) {
	cell := rapid.IntRange(0, 2_000)
	rapid.Check(t, func(t *rapid.T) {
		a, b, c, d := cell.Draw(t, "a"), cell.Draw(t, "b"), cell.Draw(t, "c"), cell.Draw(t, "d")
		p := stat.Fisher(a, b, c, d)
		for _, turned := range []float64{stat.Fisher(c, d, a, b), stat.Fisher(b, a, d, c), stat.Fisher(a, c, b, d)} {
			if !near(p, turned, 1e-7) {
				t.Fatalf("Fisher(%d,%d,%d,%d) = %g, turned %g", a, b, c, d, p, turned)
			}
		}
		if !(p >= 0 && p <= 1) {
			t.Fatalf("Fisher(%d,%d,%d,%d) = %g, not a probability", a, b, c, d, p)
		}
	})
}

func TestFisherOfLargeTables(t *testing.T) {
	for _, c := range []struct {
		name        string
		a, b, c, d  int
		least, most float64
	}{
		{"no difference", 500_000, 500_000, 500_000, 500_000, 0.99, 1},
		// 10.00 % against 10.05 %, a million each: the chi-square test with continuity correction gives 0.2398.
		{"small difference", 100_000, 900_000, 100_500, 899_500, 0.238, 0.242},
		{"clear difference", 100_000, 900_000, 103_000, 897_000, 0, 1e-10},
		{"as different as can be", 1_000_000, 0, 0, 1_000_000, 0, 1e-300},
		{"rare against common", 3, 999_997, 40, 9_999_960, 0, 1},
	} {
		if p := stat.Fisher(c.a, c.b, c.c, c.d); !(p >= c.least && p <= c.most) {
			t.Errorf("%s: p = %g, want %g to %g", c.name, p, c.least, c.most)
		}
	}
}

func TestChangeByHand(t *testing.T) {
	for _, c := range []struct {
		name       string
		k, n, h, m int
		want       float64
	}{
		{"nothing seen, nothing known", 0, 0, 0, 0, 1},
		// No history leaves the Jeffreys prior Beta(1/2, 1/2); two draws give 0, 1, 2 with 3/8, 1/4, 3/8.
		{"two of two without a history", 2, 2, 0, 0, 0.75},
		{"one of two without a history", 1, 2, 0, 0, 1},
		// One of one before: Beta(3/2, 1/2), whose mean is 3/4.
		{"none of one after one of one", 0, 1, 1, 1, 0.5},
		{"one of one after one of one", 1, 1, 1, 1, 1},
		{"more than all counts as all", 5, 2, 0, 0, 0.75},
		{"less than nothing counts as nothing", -1, 2, 0, 0, 0.75},
	} {
		if got := stat.Change(c.k, c.n, c.h, c.m); !near(got, c.want, 1e-12) {
			t.Errorf("%s: p = %.12f, want %.12f", c.name, got, c.want)
		}
	}
}

// exactChange multiplies the chances of an urn that learns from what it draws
// (Pólya's): the same distribution, without a gamma function.
func exactChange(k, n, h, m int) float64 {
	a, b := float64(h)+0.5, float64(m-h)+0.5
	p := make([]float64, n+1)
	p[0] = 1
	for draw := range n {
		for x := draw; x >= 0; x-- {
			hit := (a + float64(x)) / (a + b + float64(draw))
			p[x+1] += p[x] * hit
			p[x] *= 1 - hit
		}
	}
	above := float64(k)*(a+b) >= float64(n)*a // of the mean
	tail := 0.0
	for x, v := range p {
		if above && x >= k || !above && x <= k {
			tail += v
		}
	}
	return min(1, 2*tail)
}

func TestChangeAgreesWithAnUrn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, m := rapid.IntRange(0, 80).Draw(t, "n"), rapid.IntRange(0, 300).Draw(t, "m")
		k, h := rapid.IntRange(0, n).Draw(t, "k"), rapid.IntRange(0, m).Draw(t, "h")
		got, want := stat.Change(k, n, h, m), exactChange(k, n, h, m)
		if !near(got, want, 1e-9+1e-6*want) {
			t.Fatalf("Change(%d of %d, history %d of %d) = %.12g, want %.12g", k, n, h, m, got, want)
		}
	})
}

func TestChangeIsMoreSurprisedTheFurtherOff(t *testing.T) {
	before := 2.0
	for k := 6; k <= 60; k++ { // history: 5 of 100, so 3 of 60 are expected
		p := stat.Change(k, 60, 5, 100)
		if p > before {
			t.Fatalf("%d of 60 has p %g, more than %g for one fewer", k, p, before)
		}
		before = p
	}
	if short, long := stat.Change(8, 30, 1, 10), stat.Change(8, 30, 100, 1000); short <= long {
		t.Errorf("p after a short history %g, after a long one %g: the short one must be less sure", short, long)
	}
}

func TestBenjaminiHochbergGivesPublishedValues(t *testing.T) {
	// The fifteen p of the paper's example; at 5 % the first four are called.
	paper := []float64{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1}
	got := stat.BenjaminiHochberg(paper)
	want := []float64{0.0015, 0.003, 0.0095, 0.035625, 0.0603, 0.0298 * 15 / 7, 0.0298 * 15 / 7, 0.0344 * 15 / 8, 0.0459 * 15 / 9, 0.486}
	for i, w := range want {
		if !near(got[i], w, 1e-12) {
			t.Errorf("q of p[%d] = %g, want %g", i, got[i], w)
		}
	}
	for i, q := range got {
		if called := q <= 0.05; called != (i < 4) {
			t.Errorf("p[%d] = %g has q %g", i, paper[i], q)
		}
	}
	for _, q := range stat.BenjaminiHochberg([]float64{0.05, 0.01, 0.04, 0.02, 0.03}) {
		if !near(q, 0.05, 1e-12) {
			t.Errorf("q = %g, want 0.05 for evenly spaced p", q)
		}
	}
	if got := stat.BenjaminiHochberg(nil); len(got) != 0 {
		t.Errorf("no p gives %v", got)
	}
}

func TestBenjaminiHochbergKeepsTheOrderAndNeverFlatters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ps := rapid.SliceOfN(rapid.Float64Range(0, 1), 1, 50).Draw(t, "p")
		kept := slices.Clone(ps)
		qs := stat.BenjaminiHochberg(ps)
		if !slices.Equal(ps, kept) {
			t.Fatal("the caller's p were changed")
		}
		for i := range ps {
			if qs[i] < ps[i]-1e-15 || qs[i] > 1 {
				t.Fatalf("q %g of p %g", qs[i], ps[i])
			}
			for j := range ps {
				if ps[i] < ps[j] && qs[i] > qs[j] {
					t.Fatalf("p %g < %g, but q %g > %g", ps[i], ps[j], qs[i], qs[j])
				}
			}
		}
	})
}

func TestWilsonGivesPublishedValues(t *testing.T) {
	// The four proportions of Newcombe 1998, table I, method 3.
	// https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E
	for _, c := range []struct {
		k, n   int
		lo, hi float64
	}{{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}} {
		lo, hi := stat.Wilson(c.k, c.n)
		if !near(lo, c.lo, 5e-5) || !near(hi, c.hi, 5e-5) {
			t.Errorf("%d of %d: %.4f to %.4f, want %.4f to %.4f", c.k, c.n, lo, hi, c.lo, c.hi)
		}
	}
	if lo, hi := stat.Wilson(0, 0); lo != 0 || hi != 1 {
		t.Errorf("nothing seen: %g to %g, want anything from 0 to 1", lo, hi)
	}
}

func TestWilsonHoldsTheShareAndNarrows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 1_000_000).Draw(t, "n")
		k := rapid.IntRange(0, n).Draw(t, "k")
		lo, hi := stat.Wilson(k, n)
		share := float64(k) / float64(n)
		if !(lo >= 0 && lo <= share+1e-12 && hi >= share-1e-12 && hi <= 1) {
			t.Fatalf("%d of %d: %g to %g does not hold %g", k, n, lo, hi, share)
		}
		if lo4, hi4 := stat.Wilson(4*k, 4*n); hi4-lo4 > hi-lo {
			t.Fatalf("four times the data made %g to %g into %g to %g", lo, hi, lo4, hi4)
		}
		mirrorLo, mirrorHi := stat.Wilson(n-k, n)
		if !near(lo, 1-mirrorHi, 1e-9) || !near(hi, 1-mirrorLo, 1e-9) {
			t.Fatalf("%d of %d and the rest do not mirror each other", k, n)
		}
	})
}

func TestEveryAnswerIsAProbabilityWhateverIsAsked(t *testing.T) {
	any := rapid.IntRange(-50, 5_000)
	rapid.Check(t, func(t *rapid.T) {
		a, b, c, d := any.Draw(t, "a"), any.Draw(t, "b"), any.Draw(t, "c"), any.Draw(t, "d")
		lo, hi := stat.Wilson(a, b)
		for name, p := range map[string]float64{"Fisher": stat.Fisher(a, b, c, d), "Change": stat.Change(a, b, c, d), "Wilson lo": lo, "Wilson hi": hi} {
			if !(p >= 0 && p <= 1) {
				t.Fatalf("%s(%d,%d,%d,%d) = %g", name, a, b, c, d, p)
			}
		}
	})
}

func BenchmarkFisher(b *testing.B) {
	for _, c := range []struct {
		name       string
		a, b, c, d int
	}{{"support", 12, 40, 30, 233}, {"million", 100_000, 900_000, 100_500, 899_500}, {"extreme", 1_000_000, 0, 0, 1_000_000}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				stat.Fisher(c.a, c.b, c.c, c.d)
			}
		})
	}
}

func BenchmarkChange(b *testing.B) {
	for _, c := range []struct {
		name       string
		k, n, h, m int
	}{{"support", 12, 40, 30, 233}, {"million", 100_000, 1_000_000, 500_000, 5_000_000}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				stat.Change(c.k, c.n, c.h, c.m)
			}
		})
	}
}
