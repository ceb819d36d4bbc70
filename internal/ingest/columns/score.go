package columns

import (
	"slices"
	"strconv"
	"strings"
)

// Scale is what the numbers of a score column mean.
type Scale struct {
	Kind string  // nps, csat, stars, score
	Max  float64 // 0 when not known
}

// npsWords and csatWords tell questions that are answered by a number, also when they are whole sentences.
var (
	npsWords  = words(`nps,recommend,weiterempfehlung,weiterempfehlen,recommander,recommanderiez,recomendar,recomendaría`)
	csatWords = words(`csat,satisfied,satisfaction,zufrieden,zufriedenheit,satisfait,satisfaite,satisfecho,satisfacción`)
)

// asksForScore reports whether a column's name is a question for a recommendation or for satisfaction.
func asksForScore(name []string) bool { return npsWords.any(name) || csatWords.any(name) }

func (w wordSet) any(name []string) bool {
	return slices.ContainsFunc(name, func(n string) bool { return w[n] })
}

// scaleOf names a scale by its column's name and its values.
func scaleOf(name []string, low, high float64, whole bool) Scale {
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(name, w) })
	}
	switch {
	case npsWords.any(name) && low >= 0 && high <= 10:
		return Scale{Kind: "nps", Max: 10}
	case csatWords.any(name) && low >= 0:
		return Scale{Kind: "csat", Max: topOf(high)}
	case has("stars", "star", "rating", "ratings", "sterne", "étoiles", "estrellas", "bewertung") && low >= 0 && high <= 5:
		return Scale{Kind: "stars", Max: 5}
	case whole && low >= 0 && high > 5 && high <= 10 && has("score", "likelihood", "likely"):
		return Scale{Kind: "nps", Max: 10}
	case low < 0:
		return Scale{Kind: "score"}
	}
	return Scale{Kind: "score", Max: topOf(high)}
}

func topOf(high float64) float64 {
	for _, top := range []float64{1, 5, 7, 10, 100} {
		if high <= top {
			return top
		}
	}
	return 0
}

// ParseScore reads a rating: "4", "4,5", "4/5", "4 stars", "★★★★", "10 - extremely likely".
func ParseScore(cell string) (float64, bool) {
	cell = strings.TrimSpace(cell)
	if n := strings.Count(cell, "★"); n > 0 {
		return float64(n), strings.Trim(cell, "★☆ ") == ""
	}
	i := 0
	for i < len(cell) && (cell[i] >= '0' && cell[i] <= '9' || cell[i] == '.' || cell[i] == ',' || i == 0 && (cell[i] == '-' || cell[i] == '+')) {
		i++
	}
	if i == 0 || len(cell) > 60 {
		return 0, false
	}
	v, err := strconv.ParseFloat(strings.Replace(strings.TrimRight(cell[:i], ".,"), ",", ".", 1), 64)
	if err != nil {
		return 0, false
	}
	rest := strings.TrimSpace(cell[i:])
	if rest == "" || strings.HasPrefix(rest, "/") || strings.HasPrefix(rest, "-") || strings.HasPrefix(rest, "–") || strings.HasPrefix(rest, "=") ||
		strings.HasPrefix(rest, "%") || strings.HasPrefix(rest, "(") {
		return v, true
	}
	unit, _, _ := strings.Cut(strings.ToLower(rest), " ")
	switch unit {
	case "star", "stars", "sterne", "stern", "étoiles", "étoile", "estrellas", "points", "point", "punkte", "of", "out", "von", "sur", "de":
		return v, true
	}
	return 0, false
}
