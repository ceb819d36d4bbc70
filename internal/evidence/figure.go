package evidence

import (
	"math"
	"strconv"
	"time"
)

// Figure is a number in a draft, a row of numbers, or the named numbers of one
// object, with the query that recomputes it from the records.
type Figure struct {
	ID string `json:"id"`
	// At is the JSON pointer (RFC 6901) of the number in the draft; of the array
	// when Values is set; of the object whose fields Parts names when Parts is set.
	At     string             `json:"at"`
	Unit   string             `json:"unit"`  // records, share, ratio, p, q, score, cell
	Value  float64            `json:"value"` // the number; the sum of Values; 0 beside Parts
	Values []float64          `json:"values,omitempty"`
	Parts  map[string]float64 `json:"parts,omitempty"`
	Query  Query              `json:"query"`
}

// Numbered appends f under the next id: f1, f2, ...
func Numbered(figures []Figure, f Figure) []Figure {
	f.ID = "f" + strconv.Itoa(len(figures)+1)
	return append(figures, f)
}

// Op names how a figure is computed.
type Op string

// The operations. Of, Per, Rest and RestPer select records; |x| is their number.
const (
	OpCount    Op = "count"    // |Of|
	OpShare    Op = "share"    // |Of| / |Per|, 0 when Per is empty
	OpLow      Op = "low"      // lower end of the 95 % interval (Wilson) of |Of| in |Per|
	OpHigh     Op = "high"     // upper end of the same
	OpLift     Op = "lift"     // (|Of|/|Per|) / (|Rest|/|RestPer|), with half a record added to each count
	OpFisher   Op = "fisher"   // two-sided Fisher exact p of the table Of, Per-Of | Rest, RestPer-Rest
	OpMean     Op = "mean"     // mean of Measure over Of; 0 when Of is empty
	OpBalance  Op = "balance"  // a/(a+b) with a = |Of|/|Per|, b = |Rest|/|RestPer|; 0.5 when both are 0
	OpCounts   Op = "counts"   // row: |Of| in each period of Periods
	OpShares   Op = "shares"   // row: |Of| / |Per| in each period of Periods
	OpChanges  Op = "changes"  // row: p of |Of| of |Per| in each period, given all earlier periods (two-sided beta-binomial); 1 where fewer than Least records, or fewer than twice that before
	OpCell     Op = "cell"     // parts count, share, rest_share, lift, p of the table Of, Per | Rest, RestPer, and q of that p within Family
	OpFDR      Op = "fdr"      // Benjamini-Hochberg q of the number at Number within all numbers that match Family
	OpSame     Op = "same"     // the number at Number
	OpNeutral  Op = "neutral"  // 0.5: nothing is known, and nothing is assumed
	OpSum      Op = "sum"      // sum(weight*value) over Terms
	OpItems    Op = "items"    // length of the list at Number, or how many of its items have the flag Measure set
	OpWeighted Op = "weighted" // 100 * sum(weight*value) / sum(weight) over Terms; times 1 minus the number at Number, when set
	OpStated   Op = "stated"   // the number that is written as Measure in the text at Number
	OpMethod   Op = "method"   // Measure applied to the numbers of the object at Number: a declared function of declared inputs
)

// Query recomputes one figure. Unused parts are absent.
type Query struct {
	Op      Op          `json:"op"`
	Of      *Selector   `json:"of,omitempty"`
	Per     *Selector   `json:"per,omitempty"`
	Rest    *Selector   `json:"rest,omitempty"`
	RestPer *Selector   `json:"rest_per,omitempty"`
	Measure string      `json:"measure,omitempty"` // name of a Measure or Method
	Periods []time.Time `json:"periods,omitempty"` // n+1 edges of n half-open periods
	Least   int         `json:"least,omitempty"`   // fewest records of a period that is judged
	Number  string      `json:"number,omitempty"`  // JSON pointer into the draft
	Family  []string    `json:"family,omitempty"`  // JSON pointers in which * stands for any one step
	Terms   []Term      `json:"terms,omitempty"`
}

// Term is one weighted number of an OpWeighted query.
type Term struct {
	Number string  `json:"number"` // JSON pointer into the draft
	Weight float64 `json:"weight"`
}

// Selector picks records. Every part that is set must hold; the zero value picks
// all. At most one of Theme, Mentions, Assigned and Unassigned is set.
type Selector struct {
	Theme      string    `json:"theme,omitempty"`      // counted in this theme
	Mentions   string    `json:"mentions,omitempty"`   // in this theme or mentioning it besides their own
	Assigned   bool      `json:"assigned,omitempty"`   // in any theme
	Unassigned bool      `json:"unassigned,omitempty"` // in no theme
	Segment    string    `json:"segment,omitempty"`    // attribute name, with Value
	Value      string    `json:"value,omitempty"`      // "" picks the records that have any value
	NotValue   string    `json:"not_value,omitempty"`  // has a value, but not this one
	From       time.Time `json:"from,omitzero"`        // time known and not before
	To         time.Time `json:"to,omitzero"`          // time known and before
}

// Round cuts a number to six significant decimals after the point, so that a
// figure reads the same on every machine.
func Round(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	r := math.Round(v*1e6) / 1e6
	if r == 0 {
		return 0 // no negative zero
	}
	return r
}
