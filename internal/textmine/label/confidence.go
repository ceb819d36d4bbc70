package label

import "math"

// Signals are what the grouping knows of a theme's quality. All but Size are in
// 0..1, more is better.
type Signals struct {
	Silhouette float64 // how much nearer the members are to their own centre than to the next (0.5 when equally near)
	Stability  float64 // how well the theme is found again when the data are shaken
	InnerEdges float64 // share of the members' neighbour links that stay inside
	Cohesion   float64 // mean likeness of the members to their centre
	Margin     float64 // how clearly the members chose this theme
	Size       int     // documents
}

// Level is a confidence in words.
type Level string

const (
	High   Level = "high"   // nine of ten documents belong together, on average
	Medium Level = "medium" // about seven of ten
	Low    Level = "low"    // about half: a person has to look
)

// Levels begin at these purities. On the labelled sets of 315 rows high themes
// are then .91 pure and hold a fifth of the rows; low ones hold a sixth. In sets
// of 3000 rows almost no theme is high: larger themes are more mixed.
const (
	highFrom = 0.85
	lowBelow = 0.62
	fewest   = 4 // documents of a high theme: two or three alike may be chance
)

// weights is a linear score of a theme. No weight is negative: a better signal
// never lowers the confidence. Small themes are purer, which is what small says (1/√Size).
type weights struct {
	silhouette, stability, inner, cohesion, margin, small, named, marker float64
}

// knot ties a score to a purity; between knots the purity is linear, outside it is that of the nearest.
type knot struct{ score, purity float64 }

// The weights are a logistic regression, weighted by rows, of theme purity (the
// share of the most frequent true label) on the signals, over twenty-two labelled sets of short
// messages: ten samples of 315 and one of 3000 from each of two sources. The knots
// are the isotonic regression of purity on the score, in ten parts. Fitted on either source
// alone they hold on the other: BenchmarkConfidenceFit repeats all of it and prints these tables.

func withWording() (weights, []knot) {
	return weights{silhouette: 1.56, inner: 1.62, cohesion: 1.35, small: 1.92, named: 0.63, marker: 0.96},
		[]knot{{4.24, 0.478}, {4.61, 0.571}, {4.96, 0.638}, {5.21, 0.678}, {5.35, 0.739}, {5.55, 0.774}, {5.76, 0.831}, {6.13, 0.931}}
}

func signalsOnly() (weights, []knot) {
	return weights{silhouette: 2.37, stability: 0.09, inner: 2.40, cohesion: 1.90, small: 1.81},
		[]knot{{5.33, 0.533}, {5.62, 0.622}, {5.73, 0.624}, {5.83, 0.658}, {5.94, 0.658}, {6.05, 0.727}, {6.16, 0.804}, {6.33, 0.804}, {6.66, 0.894}}
}

// Confidence returns the purity that a theme with these signals has on average,
// in 0..1 and to three places, and its level. A theme of no documents has 0 and Low.
func Confidence(s Signals) (float64, Level) {
	w, knots := signalsOnly()
	return level(s, Wording{}, w, knots)
}

// ConfidenceWith is Confidence with the theme's wording, from Describe: the words tell
// themes that are close in space and mixed in subject. Prefer it where the texts are at hand.
func ConfidenceWith(s Signals, v Wording) (float64, Level) {
	w, knots := withWording()
	return level(s, v, w, knots)
}

func level(s Signals, v Wording, w weights, knots []knot) (float64, Level) {
	if s.Size <= 0 {
		return 0, Low
	}
	p := math.Round(purity(score(s, v, w), knots)*1000) / 1000
	if s.Size < fewest {
		p = min(p, highFrom-0.001)
	}
	return p, LevelOf(p)
}

// LevelOf returns the level of a confidence, as Confidence gives it.
func LevelOf(confidence float64) Level {
	switch {
	case confidence >= highFrom:
		return High
	case confidence < lowBelow:
		return Low
	}
	return Medium
}

// score adds up the weighted signals. Each product is rounded by itself, so that
// every machine gets the same bits.
func score(s Signals, v Wording, w weights) float64 {
	sum := 0.0
	for _, x := range [...][2]float64{
		{w.silhouette, s.Silhouette},
		{w.stability, s.Stability},
		{w.inner, s.InnerEdges},
		{w.cohesion, s.Cohesion},
		{w.margin, s.Margin},
		{w.small, 1 / math.Sqrt(float64(s.Size))},
		{w.named, v.Named},
		{w.marker, v.Marker},
	} {
		if x[1] > 0 { // not a NaN
			sum += float64(x[0] * min(x[1], 1))
		}
	}
	return sum
}

func purity(score float64, knots []knot) float64 {
	if score <= knots[0].score {
		return knots[0].purity
	}
	for i := 1; i < len(knots); i++ {
		a, b := knots[i-1], knots[i]
		if score <= b.score {
			t := (score - a.score) / (b.score - a.score)
			return a.purity + float64(t*(b.purity-a.purity))
		}
	}
	return knots[len(knots)-1].purity
}
