package eval

import "math"

// measure scores outcomes; the same scores in the same order for any outcomes
// of a method.
func measure(m Method, o []Outcome) []Score {
	if m == Grouping {
		return grouping(o)
	}
	return finding(o)
}

// Unassigned is the theme of records that fit nowhere; all of them count as one group.
const Unassigned = "unassigned"

func grouping(o []Outcome) []Score {
	n := float64(len(o))
	gold, got, both := map[string]float64{}, map[string]float64{}, map[[2]string]float64{}
	var keys [][2]string
	var golds, gots []string
	for _, x := range o {
		if gold[x.Gold]++; gold[x.Gold] == 1 {
			golds = append(golds, x.Gold)
		}
		if got[x.Got]++; got[x.Got] == 1 {
			gots = append(gots, x.Got)
		}
		k := [2]string{x.Gold, x.Got}
		if both[k]++; both[k] == 1 {
			keys = append(keys, k)
		}
	}
	entropy := func(m map[string]float64, names []string) (h, pairs float64) {
		for _, k := range names {
			c := m[k]
			h -= c / n * math.Log(c/n)
			pairs += c * (c - 1) / 2
		}
		return h, pairs
	}
	ha, pa := entropy(gold, golds)
	hb, pb := entropy(got, gots)
	mutual, pairs := 0.0, 0.0
	for _, k := range keys {
		c := both[k]
		mutual += c / n * math.Log(c*n/gold[k[0]]/got[k[1]])
		pairs += c * (c - 1) / 2
	}
	nmi, ari := 0.0, 0.0
	if ha+hb > 0 {
		nmi = 2 * mutual / (ha + hb)
	}
	if all := n * (n - 1) / 2; all > 0 {
		expected := pa * pb / all
		if d := (pa+pb)/2 - expected; d != 0 {
			ari = (pairs - expected) / d
		}
	}
	themes, assigned := float64(len(gots)), n
	if got[Unassigned] > 0 {
		themes--
		assigned -= got[Unassigned]
	}
	pure, sure := purity(o)
	called := 0.0
	for _, x := range o {
		if x.Named {
			called++
		}
	}
	one := 1.0
	of := len(o)
	return []Score{
		{Name: "nmi", Value: nmi, Of: of, Means: "normalised mutual information of themes and labels, arithmetic mean"},
		{Name: "ari", Value: ari, Of: of, Means: "adjusted Rand index of themes and labels"},
		{Name: "themes_ratio", Value: ratio(themes, float64(len(golds))), Of: of, Means: "themes found to labels there are; 1 is best", Target: &one, Fixed: true},
		{Name: "assigned", Value: ratio(assigned, n), Of: of, Means: "share of records in a theme"},
		{Name: "named", Value: ratio(called, assigned), Of: int(assigned), Means: "share of records in a theme whose name has a word of their label"},
		{Name: "purity_high", Value: pure, Of: int(sure), Means: "share of the records of high-confidence themes that have their theme's commonest label"},
		{Name: "share_high", Value: ratio(sure, n), Of: of, Means: "share of records in high-confidence themes"},
	}
}

// purity looks at the records of themes that the artefact calls sure.
func purity(o []Outcome) (pure, sure float64) {
	labels := map[string]map[string]float64{}
	for _, x := range o {
		if x.High && x.Got != Unassigned {
			if labels[x.Got] == nil {
				labels[x.Got] = map[string]float64{}
			}
			labels[x.Got][x.Gold]++
			sure++
		}
	}
	right := 0.0
	for _, m := range labels {
		best := 0.0
		for _, c := range m {
			best = max(best, c)
		}
		right += best
	}
	return ratio(right, sure), sure
}

// finding counts outcomes that are gold (something was noted) and got
// (something was found); a pair is one outcome that is both.
func finding(o []Outcome) []Score {
	var noted, found, right float64
	for _, x := range o {
		if x.Gold != "" {
			noted++
		}
		if x.Got != "" {
			found++
		}
		if x.Right {
			right++
		}
	}
	p, r := ratio(right, found), ratio(right, noted)
	f := 0.0
	if p+r > 0 {
		f = 2 * p * r / (p + r)
	}
	return []Score{
		{Name: "precision", Value: p, Of: int(found), Means: "share of what was found that somebody noted"},
		{Name: "recall", Value: r, Of: int(noted), Means: "share of what was noted that was found"},
		{Name: "f1", Value: f, Of: len(o), Means: "harmonic mean of the two"},
	}
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}
