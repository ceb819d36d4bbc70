package vec

import "math"

const logBits = 7 // the table has 2^logBits entries

// logTable holds, for each leading mantissa, its reciprocal and its logarithm.
var logTable = newLogTable()

type logEntry struct{ inv, ln float64 }

func newLogTable() [1 << logBits]logEntry {
	var t [1 << logBits]logEntry
	for i := range t {
		m := 1 + (float64(i)+0.5)/(1<<logBits)
		t[i] = logEntry{1 / m, lnSeries(m)}
	}
	return t
}

// lnSeries sums ln m = 2 artanh((m-1)/(m+1)) for m in [1,2].
func lnSeries(m float64) float64 {
	z := (m - 1) / (m + 1)
	z2 := float64(z * z)
	sum, power := 0.0, z
	for k := 1; k < 60; k += 2 {
		sum += power / float64(k)
		power = float64(power * z2)
	}
	return 2 * sum
}

// Ln returns the natural logarithm of x with an error below 1e-13. Unlike [math.Log] it gives the same bits on every
// architecture. It returns 0 for x that is not a positive normal number.
func Ln(x float64) float64 {
	b := math.Float64bits(x)
	e := int(b >> 52)
	if e == 0 || e >= 0x7ff {
		return 0
	}
	t := &logTable[b>>(52-logBits)&(1<<logBits-1)]
	m := math.Float64frombits(b&(1<<52-1) | 1023<<52)
	r := float64(m*t.inv) - 1 // |r| < 2^-8, so five terms suffice
	p := float64(r*0.2) - 0.25
	p = float64(p*r) + 1.0/3
	p = float64(p*r) - 0.5
	p = float64(p*r) + 1
	return float64(float64(e-1023)*math.Ln2) + t.ln + float64(p*r)
}
