package say

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Count writes n with a comma between thousands.
func Count(n int) string {
	s := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// Plural writes n with the word that fits it.
func Plural(n int, one, many string) string { return Count(n) + " " + Verb(n, one, many) }

// Verb returns the word that fits n.
func Verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// Share writes a share (0..1) with one decimal. A share that is not nought never
// reads as 0 %, one that is not whole never reads as 100 %.
func Share(x float64) string {
	switch {
	case math.IsNaN(x) || math.IsInf(x, 0):
		return "n/a"
	case x <= 0:
		return "0 %"
	case x < 0.0005:
		return "<0.1 %"
	case x >= 1:
		return "100 %"
	case x > 0.9995:
		return ">99.9 %"
	}
	return strconv.FormatFloat(100*x, 'f', 1, 64) + " %"
}

// Interval writes two shares as one range: "9.8 to 15.5 %".
func Interval(lo, hi float64) string { return strings.TrimSuffix(Share(lo), " %") + " to " + Share(hi) }

// Times writes a ratio: "2.8×".
func Times(x float64) string {
	switch {
	case math.IsNaN(x) || math.IsInf(x, 0):
		return "n/a"
	case x >= 99.95:
		return ">99×"
	case x < 0.05 && x > 0:
		return "<0.1×"
	}
	return strconv.FormatFloat(x, 'f', 1, 64) + "×"
}

// Sureness writes a p or q with its name: "q < 0.001", "q = 0.012".
func Sureness(name string, v float64) string {
	if v < 0.001 {
		return name + " < 0.001"
	}
	return name + " = " + strconv.FormatFloat(v, 'f', 3, 64)
}

// Score writes a score of 0 to 100.
func Score(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }

// Factor writes a number of 0 to 1.
func Factor(x float64) string { return strconv.FormatFloat(x, 'f', 2, 64) }

// Weight writes a weight without needless noughts.
func Weight(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

const dayLayout = "2 Jan 2006"

// Period writes a date or a range of dates; "" when neither is known.
func Period(from, to time.Time) string {
	switch {
	case from.IsZero() && to.IsZero():
		return ""
	case from.IsZero():
		return "up to " + to.Format(dayLayout)
	case to.IsZero():
		return "from " + from.Format(dayLayout)
	case from.Format(dayLayout) == to.Format(dayLayout):
		return from.Format(dayLayout)
	}
	return from.Format(dayLayout) + " to " + to.Format(dayLayout)
}

// Bytes writes a size in decimal units.
func Bytes(n int64) string {
	switch {
	case n < 1000:
		return Plural(int(n), "byte", "bytes")
	case n < 1_000_000:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

// Sentence ends text with a full stop unless it ends a sentence already.
func Sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || strings.HasSuffix(s, ".") || strings.HasSuffix(s, "!") || strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}
