package label

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// How a phrase is scored. Found on two sets of labelled short messages, each of
// ten samples, and flat around these values: a change of a quarter moves the
// agreement with people's labels by less than the spread between samples.
const (
	prior      = 0.5  // texts outside the theme that are assumed to hold any phrase
	shrink     = 1.0  // texts with the background rate that are added to each theme
	leastEdge  = 0.2  // least log of the rate ratio: about 1.2 times the rate of the others
	wordShare  = 0.5  // weight of the words of a phrase beside the phrase itself
	wordCover  = 0.5  // weight of a word's plain coverage, whether it tells themes apart or not
	rareSingle = 0.5  // factor on a single word in less than a quarter of the theme
	absorbWord = 0.2  // share of a single word's texts from which a longer phrase takes its place
	absorb     = 0.6  // the same for a phrase of several words
	leastShare = 0.12 // least score of a further phrase, as a share of the best
)

// ownWeight and wordWeight favour longer phrases, by number of content words:
// people name a theme "exchange rate", not "rate".
func ownWeight(content int8) float64 { return [maxContent + 1]float64{0, 1, 1.75, 2.3}[content] }

func wordWeight(content int8) float64 { return [maxContent + 1]float64{0, 1, 0.8, 1}[content] }

func absorbFrom(content int8) float64 {
	if content == 1 {
		return absorbWord
	}
	return absorb
}

// candidate is a phrase of one theme while its label is chosen.
type candidate struct {
	hit
	score   float64
	keys    []int32
	content int8
}

// maxCandidates bounds the pairwise comparison of a theme's phrases.
const maxCandidates = 200

// rank returns the best phrases of theme c.
func (r *reader) rank(c int) []candidate {
	if r.theme[c][0] == r.theme[c][1] {
		return nil
	}
	cs := r.candidates(c, false)
	if len(cs) == 0 {
		cs = r.candidates(c, true)
	}
	slices.SortFunc(cs, func(a, b candidate) int {
		if c := cmp.Compare(b.score, a.score); c != 0 {
			return c
		}
		return slices.Compare(r.stemsOf(a.keys), r.stemsOf(b.keys))
	})
	return pick(cs[:min(len(cs), maxCandidates)])
}

// phrases returns picked in words.
func (r *reader) phrases(c int, picked []candidate) []Phrase {
	ids := make([]int32, len(picked))
	for i, p := range picked {
		ids[i] = p.id
	}
	forms := r.surface(c, ids)
	out := make([]Phrase, len(picked))
	for i, p := range picked {
		out[i] = Phrase{Surface: forms[i], Key: strings.Join(r.stemsOf(p.keys), " "), Docs: int(p.docs), Score: p.score}
	}
	return out
}

// candidates returns the phrases of theme c with their scores: those that are
// more frequent there than elsewhere or, for a theme that has none and for a
// theme that is alone, all.
func (r *reader) candidates(c int, all bool) []candidate {
	words := r.wordScores(c)
	var cs []candidate
	for _, h := range r.found[c] {
		s := &r.grams[h.id]
		cover, edge := r.strength(c, h)
		if edge < leastEdge {
			if !all {
				continue
			}
			edge = max(edge, leastEdge/4)
		}
		k := candidate{hit: h, keys: s.keys(), content: s.content}
		sum := 0.0
		for _, w := range k.keys {
			sum += words[w]
		}
		k.score = float64(math.Sqrt(cover)*edge*ownWeight(s.content)) + float64(sum*wordWeight(s.content))
		if s.content == 1 && cover < 0.25 {
			k.score *= rareSingle
		}
		cs = append(cs, k)
	}
	return cs
}

// strength returns the share of theme c's texts that hold h, and the log of the
// ratio of that rate to the rate in all other themes.
func (r *reader) strength(c int, h hit) (cover, edge float64) {
	n := float64(r.theme[c][1] - r.theme[c][0])
	docs, weight, all := float64(h.docs), r.weight[c], r.grams[h.id].all
	rest := (all - float64(docs*weight) + prior) / (r.total - float64(n*weight) + 1)
	background := (all + prior) / (r.total + 1)
	rate := (docs + float64(shrink*background)) / (n + shrink)
	return docs / n, ln(rate / rest)
}

// wordScores returns what each single word of theme c, by stem, adds to the
// phrases that hold it. A word that is common elsewhere takes away.
func (r *reader) wordScores(c int) map[int32]float64 {
	out := map[int32]float64{}
	for _, h := range r.found[c] {
		s := &r.grams[h.id]
		if s.key[1] >= 0 {
			continue
		}
		cover, edge := r.strength(c, h)
		out[s.key[0]] = float64(wordShare*math.Sqrt(cover)*max(edge, -1)) + float64(wordCover*cover)
	}
	return out
}

// pick takes phrases from the best down. A phrase gives way to the best longer one that
// holds it in enough of its texts ("declined" to "card was declined"); a phrase that mostly repeats words already taken is left out.
func pick(cs []candidate) []candidate {
	var out []candidate
	used := map[int32]bool{}
	for _, p := range cs {
		for _, q := range cs {
			if q.content > p.content && float64(q.docs) >= absorbFrom(p.content)*float64(p.docs) && holds(q.keys, p.keys) {
				p = q
			}
		}
		if len(out) > 0 && p.score < leastShare*out[0].score {
			break
		}
		repeated := 0
		for _, w := range p.keys {
			if used[w] {
				repeated++
			}
		}
		if 2*repeated >= len(p.keys) && repeated > 0 {
			continue
		}
		for _, w := range p.keys {
			used[w] = true
		}
		out = append(out, p)
		if len(out) == keepPhrases {
			break
		}
	}
	return out
}

// holds reports whether b is a run inside a.
func holds(a, b []int32) bool {
	for i := 0; i+len(b) <= len(a); i++ {
		if slices.Equal(a[i:i+len(b)], b) {
			return true
		}
	}
	return false
}

func (s *gramStat) keys() []int32 {
	n := 0
	for n < len(s.key) && s.key[n] >= 0 {
		n++
	}
	return s.key[:n:n]
}

func (r *reader) stemsOf(ids []int32) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = r.dict.stems[id]
	}
	return out
}

// Wording says how well the words of a theme hold it together. Both are in 0..1.
type Wording struct {
	Named  float64 // share of the theme's texts with a word of its phrases
	Marker float64 // of the word that marks it best: share of the theme's texts with it, times the theme's share of all texts with it
}

// named returns the share of theme c's texts that hold a word of the phrases picked.
func (r *reader) named(c int, picked []candidate) float64 {
	var keys []int32
	for _, p := range picked {
		for _, w := range p.keys {
			if w != r.dict.not {
				keys = append(keys, w)
			}
		}
	}
	lo, hi := r.theme[c][0], r.theme[c][1]
	n := 0
	for i := lo; i < hi; i++ {
		for _, o := range r.words[r.first[i]:r.first[i+1]] {
			if slices.Contains(keys, r.dict.words[o.word].stem) {
				n++
				break
			}
		}
	}
	return float64(n) / float64(max(hi-lo, 1))
}

// marker returns how well the best single word tells theme c from the others.
func (r *reader) marker(c int) float64 {
	best := 0.0
	n := float64(r.theme[c][1] - r.theme[c][0])
	for _, h := range r.found[c] {
		if s := &r.grams[h.id]; s.key[1] < 0 {
			docs := float64(h.docs)
			best = max(best, docs/n*(docs*r.weight[c]/s.all))
		}
	}
	return min(best, 1)
}

// ln returns the natural logarithm of a positive finite x. math.Log may differ in its last
// bit between processors, and a label must not; here each product is rounded
// before it is added, so that nothing is fused.
func ln(x float64) float64 {
	const ln2 = 0.693147180559945309417232121458
	m, e := math.Frexp(x)
	// ln m = 2 artanh((m-1)/(m+1)), the argument within -1/3..0.
	z := (m - 1) / (m + 1)
	zz := float64(z * z)
	sum := 0.0
	for k := 31; k >= 1; k -= 2 {
		sum = 1/float64(k) + float64(zz*sum)
	}
	return float64(2*z*sum) + float64(float64(e)*ln2)
}
