package chart

import (
	"math"
	"strconv"
	"strings"
)

// px writes a coordinate with at most one decimal.
func px(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		v = 0
	}
	s := strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
	if s == "-0" {
		return "0"
	}
	return s
}

// unit holds v within 0 and 1; what is no number is 0.
func unit(v float64) float64 {
	if !(v > 0) {
		return 0
	}
	return min(v, 1)
}

// Bar is a horizontal bar with the interval of its value as a whisker. All
// lengths are pixels.
type Bar struct {
	W, H, Y        string // size of the drawing; its middle line
	Len            string // length of the bar
	From, To       string // ends of the whisker
	CapTop, CapEnd string // heights of the whisker's caps
	Whisker        bool   // the interval is known
}

// NewBar scales value and its interval lo..hi to the width w, where most is the
// full width. What exceeds most ends at w.
func NewBar(value, lo, hi, most, w, h float64) Bar {
	if !(most > 0) {
		most = 1
	}
	at := func(v float64) float64 { return w * unit(v/most) }
	return Bar{
		W: px(w), H: px(h), Y: px(h / 2), Len: px(at(value)), From: px(at(lo)), To: px(at(hi)),
		CapTop: px(h/2 - 3), CapEnd: px(h/2 + 3), Whisker: hi > lo && hi > 0,
	}
}

// Piece is one part of a stacked bar.
type Piece struct {
	X, W string
	N    int // 1..Shades: its shade
}

// Shades is how many shades pieces go through before the first comes again.
const Shades = 5

// Stack lays parts of a whole of size most end to end over the width w, with a
// gap of one pixel between them. Parts that are not positive take no room but
// keep their shade; parts beyond the whole are cut off at w.
func Stack(parts []float64, most, w float64) []Piece {
	var out []Piece
	if !(most > 0) {
		return out
	}
	x := 0.0
	for i, p := range parts {
		d := min(w*unit(p/most), w-x)
		if d > 0 {
			out = append(out, Piece{X: px(x), W: px(max(d-1, min(d, 0.5))), N: i%Shades + 1})
			x += d
		}
	}
	return out
}

// Dot is one period on a sparkline.
type Dot struct {
	X, Y string
	Thin bool // too few records to judge: drawn hollow
	Mark bool // an alert stands on it
}

// Sparkline is a line of shares over periods.
type Sparkline struct {
	W, H, Base string
	Line, Area string // path data; empty with fewer than two periods
	Dots       []Dot
	Last       Dot
}

// Spark draws shares over the width w and height h with room pad at every side
// for the dots. The scale starts at nought and ends at the largest share; with
// nothing but noughts the line lies on the base. Thin and mark may be shorter
// than shares.
func Spark(shares []float64, thin, mark []bool, w, h, pad float64) Sparkline {
	s := Sparkline{W: px(w), H: px(h), Base: px(h - pad)}
	most := 0.0
	for _, v := range shares {
		most = max(most, unit(v))
	}
	if most == 0 {
		most = 1
	}
	step := 0.0
	if len(shares) > 1 {
		step = (w - 2*pad) / float64(len(shares)-1)
	}
	var line strings.Builder
	for i, v := range shares {
		d := Dot{X: px(pad + float64(i)*step), Y: px(h - pad - (h-2*pad)*unit(v)/most)}
		d.Thin = i < len(thin) && thin[i]
		d.Mark = i < len(mark) && mark[i]
		if i == 0 {
			line.WriteString("M" + d.X + " " + d.Y)
		} else {
			line.WriteString("L" + d.X + " " + d.Y)
		}
		s.Dots = append(s.Dots, d)
		s.Last = d
	}
	if len(s.Dots) > 1 {
		s.Line = line.String()
		s.Area = s.Line + "V" + s.Base + "H" + s.Dots[0].X + "Z"
	}
	return s
}

// Peak returns the position of the largest share among those not thin, or of all
// when every one is thin; -1 when there is none.
func Peak(shares []float64, thin []bool) int {
	best, any := -1, -1
	for i, v := range shares {
		if any < 0 || v > shares[any] {
			any = i
		}
		if (i >= len(thin) || !thin[i]) && (best < 0 || v > shares[best]) {
			best = i
		}
	}
	if best < 0 {
		return any
	}
	return best
}
