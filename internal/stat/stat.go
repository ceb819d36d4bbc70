package stat

import (
	"math"
	"slices"
)

// Fisher returns the two-sided p of Fisher's exact test for the table
//
//	a b
//	c d
//
// as the sum of the probabilities of all tables with the same margins that are
// no more likely than this one. A negative cell counts as 0; an empty margin gives 1.
// https://en.wikipedia.org/wiki/Fisher%27s_exact_test
func Fisher(a, b, c, d int) float64 {
	a, b, c, d = max(a, 0), max(b, 0), max(c, 0), max(d, 0)
	r1, r2, c1 := a+b, c+d, a+c
	if r1 == 0 || r2 == 0 || c1 == 0 || b+d == 0 {
		return 1
	}
	n := r1 + r2
	lo, hi := max(0, c1-r2), min(r1, c1)
	base := logChoose(n, c1)
	probability := func(x int) float64 { return math.Exp(logChoose(r1, x) + logChoose(r2, c1-x) - base) }
	// up is P(x+1)/P(x). Probabilities fall off on both sides of the mode, so
	// each side is walked from there until its terms stop mattering.
	up := func(x int) float64 {
		return float64(r1-x) / float64(x+1) * float64(c1-x) / float64(r2-c1+x+1)
	}
	mode := min(max(int(float64(r1+1)*float64(c1+1)/float64(n+2)), lo), hi)
	observed := probability(a)
	limit := observed * (1 + 1e-7) // tables as likely as this one must not be lost to rounding
	sum := 0.0
	top := probability(mode)
	for x, p := mode, top; x <= hi && p > 0; x++ {
		if p <= limit {
			sum += p
			if p < 1e-17*sum {
				break
			}
		}
		p *= up(x)
	}
	for x, p := mode-1, top; x >= lo; x-- {
		p /= up(x)
		if p <= limit {
			sum += p
			if p <= 1e-17*sum {
				break
			}
		}
	}
	return min(sum, 1)
}

// Change returns the two-sided p of seeing k of n when the history saw h of m,
// with a Jeffreys prior on the rate: twice the predictive tail of a
// beta-binomial on k's side of its mean. A short history gives a wide
// prediction, so little data does not raise an alarm.
// https://en.wikipedia.org/wiki/Beta-binomial_distribution
func Change(k, n, h, m int) float64 {
	n, m = max(n, 0), max(m, 0)
	k, h = min(max(k, 0), n), min(max(h, 0), m)
	a, b := float64(h)+0.5, float64(m-h)+0.5
	// up is P(x+1)/P(x).
	up := func(x int) float64 {
		return float64(n-x) / float64(x+1) * (float64(x) + a) / (float64(n-x-1) + b)
	}
	p := math.Exp(logChoose(n, k) + logBeta(float64(k)+a, float64(n-k)+b) - logBeta(a, b))
	sum := p
	if float64(k)*(a+b) >= float64(n)*a { // at or above the mean
		for x := k; x < n && p > 1e-17*sum; x++ {
			p *= up(x)
			sum += p
		}
	} else {
		for x := k - 1; x >= 0 && p > 1e-17*sum; x-- {
			p /= up(x)
			sum += p
		}
	}
	return min(1, 2*sum)
}

// BenjaminiHochberg returns the adjusted p (q) of every p, in the given order.
// Calling those with q <= 0.05 real bounds the expected share of false alarms
// at 5 %. https://doi.org/10.1111/j.2517-6161.1995.tb02031.x
func BenjaminiHochberg(ps []float64) []float64 {
	order := make([]int, len(ps))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case ps[i] < ps[j]:
			return -1
		case ps[i] > ps[j]:
			return 1
		}
		return 0
	})
	out := make([]float64, len(ps))
	least := 1.0
	for rank := len(order); rank >= 1; rank-- {
		i := order[rank-1]
		least = min(least, ps[i]*float64(len(ps))/float64(rank))
		out[i] = least
	}
	return out
}

// Wilson returns the 95 % confidence interval of a share of k in n. A k outside
// 0 to n counts as the nearer end; no n gives 0 to 1.
// https://en.wikipedia.org/wiki/Binomial_proportion_confidence_interval#Wilson_score_interval
func Wilson(k, n int) (lo, hi float64) {
	if n <= 0 {
		return 0, 1
	}
	const z = 1.959963984540054
	p, m := float64(min(max(k, 0), n))/float64(n), float64(n)
	mid := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(0, mid-half), min(1, mid+half)
}

func logChoose(n, k int) float64 {
	if k < 0 || k > n {
		return math.Inf(-1)
	}
	return logFactorial(n) - logFactorial(k) - logFactorial(n-k)
}

func logFactorial(n int) float64 { v, _ := math.Lgamma(float64(n) + 1); return v }

func logBeta(a, b float64) float64 {
	x, _ := math.Lgamma(a)
	y, _ := math.Lgamma(b)
	z, _ := math.Lgamma(a + b)
	return x + y - z
}
