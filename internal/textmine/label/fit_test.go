package label_test

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"roleos/internal/textmine/label"
)

// observed is one theme with its signals and its true purity.
type observed struct {
	signals label.Signals
	wording label.Wording
	purity  float64
	rows    float64
}

func observe(t testing.TB, s sample) []observed {
	r := analyze(t, s)
	_, words := label.Describe(s.texts, r.Theme, len(r.Themes))
	out := make([]observed, 0, len(r.Themes))
	for c, th := range r.Themes {
		_, n := majority(th.Docs, s.labels)
		rows := float64(len(th.Docs))
		out = append(out, observed{label.Signals(th.Signals), words[c], float64(n) / rows, rows})
	}
	return out
}

// features are the terms of the score, in the order of its weights.
func (o observed) features(words bool) []float64 {
	s := o.signals
	x := []float64{s.Silhouette, s.Stability, s.InnerEdges, s.Cohesion, s.Margin, 1 / math.Sqrt(float64(s.Size))}
	if words {
		x = append(x, o.wording.Named, o.wording.Marker)
	}
	return x
}

// fit returns the ridge logistic regression of purity on the features by Newton's
// method, the intercept last, weights not below 0: the most negative one is dropped until none is.
func fit(obs []observed, words bool) []float64 {
	n := len(obs[0].features(words))
	use := make([]bool, n)
	for i := range use {
		use[i] = true
	}
	for {
		w := make([]float64, n+1)
		for range 15 {
			h := make([][]float64, n+1)
			g := make([]float64, n+1)
			for i := range h {
				h[i] = make([]float64, n+1)
			}
			for _, o := range obs {
				x := append(o.features(words), 1)
				z := 0.0
				for i := range x {
					if i < n && !use[i] {
						x[i] = 0
					}
					z += w[i] * x[i]
				}
				p := 1 / (1 + math.Exp(-z))
				// Rows of one theme are no independent observations: a fifth of their weight.
				e, v := (o.purity-p)*o.rows/5, p*(1-p)*o.rows/5
				for i := range x {
					g[i] += e * x[i]
					for j := range x {
						h[i][j] += v * x[i] * x[j]
					}
				}
			}
			for i := range n {
				g[i] -= w[i]
				h[i][i]++
			}
			for i, d := range solve(h, g) {
				w[i] += d
			}
		}
		worst := 0
		for i := range n {
			if w[i] < w[worst] {
				worst = i
			}
		}
		if w[worst] >= -1e-9 {
			return w
		}
		use[worst] = false
	}
}

// solve returns x with h x = g by elimination; h is positive definite.
func solve(h [][]float64, g []float64) []float64 {
	for i := range g {
		for k := range g {
			if k == i {
				continue
			}
			f := h[k][i] / h[i][i]
			for j := range g {
				h[k][j] -= f * h[i][j]
			}
			g[k] -= f * g[i]
		}
	}
	for i := range g {
		g[i] /= h[i][i]
	}
	return g
}

// ranked is a theme with its score.
type ranked struct{ score, purity, rows float64 }

func rankBy(obs []observed, w []float64, words bool) []ranked {
	out := make([]ranked, len(obs))
	for i, o := range obs {
		for j, x := range o.features(words) {
			out[i].score += w[j] * x
		}
		out[i].purity, out[i].rows = o.purity, o.rows
	}
	slices.SortFunc(out, func(a, b ranked) int { return cmp.Compare(a.score, b.score) })
	return out
}

// isotonic returns the non-decreasing purity over the score, in ten parts of equal rows.
func isotonic(rs []ranked) []ranked {
	total := 0.0
	for _, r := range rs {
		total += r.rows
	}
	var parts []ranked
	var sum ranked
	for i, r := range rs {
		sum.score += r.score * r.rows
		sum.purity += r.purity * r.rows
		sum.rows += r.rows
		if sum.rows >= total/10 || i == len(rs)-1 {
			parts = append(parts, ranked{sum.score / sum.rows, sum.purity / sum.rows, sum.rows})
			sum = ranked{}
		}
		for n := len(parts); n > 1 && parts[n-2].purity >= parts[n-1].purity; n = len(parts) {
			a, b := parts[n-2], parts[n-1]
			rows := a.rows + b.rows
			parts = append(parts[:n-2], ranked{(a.score*a.rows + b.score*b.rows) / rows, (a.purity*a.rows + b.purity*b.rows) / rows, rows})
		}
	}
	return parts
}

// topFifth returns the purity of the best fifth of the rows.
func topFifth(rs []ranked) float64 {
	total, rows, pure := 0.0, 0.0, 0.0
	for _, r := range rs {
		total += r.rows
	}
	for _, r := range slices.Backward(rs) {
		if rows >= total/5 {
			break
		}
		rows += r.rows
		pure += r.purity * r.rows
	}
	return pure / rows
}

// TestConfidenceLevels holds the stored confidence to what its levels promise.
func TestConfidenceLevels(t *testing.T) {
	if testing.Short() {
		t.Skip("groups 6,300 texts")
	}
	for _, source := range []string{"banking77", "hwu64"} {
		var obs []observed
		for _, s := range samples(t, source) {
			obs = append(obs, observe(t, s)...)
		}
		l := levelsOf(obs)
		t.Logf("%s: %s", source, l)
		if l.purity[label.High] < 0.88 || l.share[label.High] < 0.15 || l.purity[label.Low] >= l.purity[label.Medium] || l.purity[label.Medium] >= l.purity[label.High] {
			t.Errorf("%s: the levels do not keep their promise: %s", source, l)
		}
		if math.Abs(l.said-l.is) > 0.05 {
			t.Errorf("%s: the mean confidence is %.3f, the mean purity %.3f", source, l.said, l.is)
		}
	}
}

// BenchmarkConfidenceFit fits the confidence anew and prints the tables that
// confidence.go holds, how a fit on one source does on the other, and what the stored tables do.
func BenchmarkConfidenceFit(b *testing.B) {
	small, all := map[string][]observed{}, map[string][]observed{}
	large := map[string]string{"banking77": "banking77_train_3000", "hwu64": "hwu64_3000"}
	sources := slices.Sorted(maps.Keys(large))
	for b.Loop() {
		for _, source := range sources {
			small[source] = nil
			for _, s := range samples(b, source) {
				small[source] = append(small[source], observe(b, s)...)
			}
			all[source] = append(slices.Clone(small[source]), observe(b, loadSample(b, large[source]))...)
		}
	}
	both := append(slices.Clone(all[sources[0]]), all[sources[1]]...)
	// A benchmark's log is cut after ten lines.
	for _, words := range []bool{false, true} {
		w := fit(both, words)
		for i := range w {
			w[i] = math.Round(w[i]*100) / 100
		}
		var sb strings.Builder
		for _, k := range isotonic(rankBy(both, w, words)) {
			fmt.Fprintf(&sb, " {%.2f, %.3f}", k.score, k.purity)
		}
		for i, source := range sources {
			other := sources[1-i]
			fmt.Fprintf(&sb, "; fitted on %s, best fifth of %s is %.3f pure", source, other, topFifth(rankBy(small[other], fit(all[source], words), words)))
		}
		b.Logf("with wording %v: weights %.2f knots%s", words, w[:len(w)-1], sb.String())
	}
	for _, source := range sources {
		b.Logf("stored, %s, ten samples of 315: %s", source, levelsOf(small[source]))
		b.Logf("stored, %s, one of 3000: %s", source, levelsOf(all[source][len(small[source]):]))
	}
}

// levels is how pure the themes of each level are, and their share of the rows.
type levels struct {
	purity, share map[label.Level]float64
	said, is      float64 // mean confidence, mean purity
}

func (l levels) String() string {
	var sb strings.Builder
	for _, v := range []label.Level{label.High, label.Medium, label.Low} {
		fmt.Fprintf(&sb, "%s %.3f pure on %.0f%% of rows, ", v, l.purity[v], 100*l.share[v])
	}
	fmt.Fprintf(&sb, "mean %.3f said, %.3f is", l.said, l.is)
	return sb.String()
}

func levelsOf(obs []observed) levels {
	l := levels{purity: map[label.Level]float64{}, share: map[label.Level]float64{}}
	total := 0.0
	for _, o := range obs {
		c, v := label.ConfidenceWith(o.signals, o.wording)
		l.share[v] += o.rows
		l.purity[v] += o.purity * o.rows
		l.said += c * o.rows
		l.is += o.purity * o.rows
		total += o.rows
	}
	for v, n := range l.share {
		l.purity[v] /= n
		l.share[v] /= total
	}
	l.said /= total
	l.is /= total
	return l
}

func TestConfidenceIsMonotoneAndBounded(t *testing.T) {
	unit := rapid.Float64Range(0, 1)
	rapid.Check(t, func(t *rapid.T) {
		s := label.Signals{Silhouette: unit.Draw(t, "sil"), Stability: unit.Draw(t, "stab"), InnerEdges: unit.Draw(t, "inner"), Cohesion: unit.Draw(t, "coh"), Margin: unit.Draw(t, "margin"), Size: rapid.IntRange(1, 1<<20).Draw(t, "size")}
		w := label.Wording{Named: unit.Draw(t, "named"), Marker: unit.Draw(t, "marker")}
		more, better := s, w
		for _, x := range []*float64{&more.Silhouette, &more.Stability, &more.InnerEdges, &more.Cohesion, &more.Margin, &better.Named, &better.Marker} {
			*x += (1 - *x) * unit.Draw(t, "step")
		}
		a, la := label.ConfidenceWith(s, w)
		b, lb := label.ConfidenceWith(more, better)
		if a < 0 || b > 1 || a > b {
			t.Fatalf("%v then %v", a, b)
		}
		rank := map[label.Level]int{label.Low: 0, label.Medium: 1, label.High: 2}
		if rank[la] > rank[lb] {
			t.Fatalf("%v then %v", la, lb)
		}
		c, _ := label.Confidence(s)
		d, _ := label.Confidence(more)
		if c < 0 || d > 1 || c > d {
			t.Fatalf("%v then %v", c, d)
		}
	})
	if c, l := label.Confidence(label.Signals{}); c != 0 || l != label.Low {
		t.Errorf("no documents: %v %v", c, l)
	}
	nan := math.NaN()
	if c, _ := label.ConfidenceWith(label.Signals{Silhouette: nan, Cohesion: nan, Size: 3}, label.Wording{Named: nan}); c < 0 || c > 1 || c != c {
		t.Errorf("not a number: %v", c)
	}
}
