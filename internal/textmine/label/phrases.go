package label

import (
	"cmp"
	"slices"
	"strings"
)

// Bounds of what Phrases reads. They keep a million texts as cheap as some ten
// thousand: coverage and rates of a theme do not change much after a few hundred texts.
const (
	maxPerTheme = 400       // texts read of one theme
	minPerTheme = 20        // of each theme, when there are very many
	maxTexts    = 60_000    // texts read in all, when minPerTheme allows
	maxWords    = 1_000_000 // words read in all
	maxSpan     = 5         // words in a phrase, function words included
	maxContent  = 3         // content words in a phrase
	keepPhrases = 3
)

// Text is one unit of a theme: a whole document or a part of it.
type Text struct {
	Doc        int      // number of the document; texts of one document count once
	Start, End int      // byte range in the document
	Text       string   // the document's bytes in that range
	Skip       [][2]int // redacted ranges, relative to Text
}

// Phrase is a group of one to three content words that marks a theme.
type Phrase struct {
	Surface string  // as most texts write it; capitals only in words that mostly have them
	Key     string  // stems of its words, with a space between; "not" for a negation
	Docs    int     // documents of the theme that hold it, among those read (at most 400 a theme)
	Score   float64 // greater is better; comparable within one theme only
}

// gram is the key of a phrase: stems in order, -1 behind the last.
type gram [maxContent + 2]int32

// occ is one word of a text that was read.
type occ struct {
	word  int32
	head  bool
	glued bool // follows the previous word without a space: by a hyphen, or in a solid script
}

// Phrases returns up to three phrases for each of k themes, best first. theme
// holds the theme of each text; a text with a theme outside 0..k-1 is not read.
// Themes are labelled together, since a label has to tell them apart: a phrase is
// scored by its coverage of the theme and by its rate there against its rate in
// all other themes. A theme without a usable word gets none.
func Phrases(texts []Text, theme []int, k int) [][]Phrase {
	ps, _ := Describe(texts, theme, k)
	return ps
}

// Describe returns what Phrases returns and, for each theme, how well its words
// hold it together, at the price of Phrases alone.
func Describe(texts []Text, theme []int, k int) ([][]Phrase, []Wording) {
	if k <= 0 {
		return nil, nil
	}
	r := newReader(texts, theme, k)
	for c := range k {
		r.count(c)
	}
	ps, ws := make([][]Phrase, k), make([]Wording, k)
	for c := range k {
		picked := r.rank(c)
		ps[c] = r.phrases(c, picked)
		ws[c] = Wording{Named: r.named(c, picked), Marker: r.marker(c)}
	}
	return ps, ws
}

// reader holds the words of the texts that are read and the counts of their phrases.
type reader struct {
	dict   *dict
	words  []occ    // of all texts read
	first  []int    // text i of the reading order is words[first[i]:first[i+1]]
	doc    []int    // its document
	theme  [][2]int // range of each theme in the reading order
	weight []float64

	ids   map[gram]int32
	grams []gramStat
	found [][]hit // per theme
	total float64 // weighted texts in all themes
}

// gramStat is what is known of a phrase over all themes.
type gramStat struct {
	key     gram
	content int8    // content words
	all     float64 // texts that hold it, weighted to the true sizes of the themes
	// While a theme is counted:
	docs int32
	last int
}

// hit is a phrase in a theme.
type hit struct {
	id, docs int32
}

func newReader(texts []Text, theme []int, k int) *reader {
	r := &reader{
		dict: newDict(), ids: map[gram]int32{}, theme: make([][2]int, k), weight: make([]float64, k),
		found: make([][]hit, k),
	}
	n := min(len(texts), len(theme))
	size := make([]int, k+1)
	for _, c := range theme[:n] {
		if c >= 0 && c < k {
			size[c+1]++
		}
	}
	for c := range k {
		size[c+1] += size[c]
	}
	order := make([]int32, size[k])
	at := slices.Clone(size[:k])
	for i, c := range theme[:n] {
		if c >= 0 && c < k {
			order[at[c]] = int32(i)
			at[c]++
		}
	}
	most := min(max(maxTexts/k, minPerTheme), maxPerTheme)
	read := 0
	for c := range k {
		read += min(size[c+1]-size[c], most)
	}
	perText := min(max(maxWords/max(read, 1), 24), 400)
	r.first = append(r.first, 0)
	for c := range k {
		members := order[size[c]:size[c+1]]
		take := min(len(members), most)
		from := len(r.doc)
		for j := range take {
			// Evenly spread: exports are sorted by time or by segment.
			t := &texts[members[j*len(members)/take]]
			r.read(t, perText)
			r.doc = append(r.doc, t.Doc)
			r.first = append(r.first, len(r.words))
		}
		r.theme[c] = [2]int{from, len(r.doc)}
		if take > 0 {
			r.weight[c] = float64(len(members)) / float64(take)
		}
		r.total += float64(len(members))
	}
	return r
}

func (r *reader) read(t *Text, most int) {
	end, n := 0, 0
	scan(t.Text, cleanSkip(t.Skip, len(t.Text)), func(w token) bool {
		glued := end > 0 && end == w.start
		if end > 0 && !glued && !w.head {
			glued = t.Text[end:w.start] == "-"
		}
		id := r.dict.id(t.Text[w.start:w.end])
		if !w.head {
			r.dict.note(id, t.Text[w.start:w.end])
		}
		r.words = append(r.words, occ{word: id, head: w.head, glued: glued && !w.head})
		end = w.end
		n++
		return n < most
	})
}

// count counts the phrases of theme c.
func (r *reader) count(c int) {
	var seen []int32
	lo, hi := r.theme[c][0], r.theme[c][1]
	for i := lo; i < hi; i++ {
		mark := r.doc[i]
		r.each(i, func(g gram, n int8, _, _ int) {
			id, ok := r.ids[g]
			if !ok {
				id = int32(len(r.grams))
				r.ids[g] = id
				r.grams = append(r.grams, gramStat{key: g, content: n})
			}
			s := &r.grams[id]
			if s.docs == 0 {
				seen = append(seen, id)
			} else if s.last == mark {
				return
			}
			s.docs++
			s.last = mark
		})
	}
	least := int32(2)
	if hi-lo <= 2 {
		least = 1
	}
	common := false
	for _, id := range seen {
		common = common || r.grams[id].docs >= least
	}
	if !common {
		least = 1
	}
	for _, id := range seen {
		s := &r.grams[id]
		s.all += float64(float64(s.docs) * r.weight[c])
		if s.docs >= least {
			r.found[c] = append(r.found[c], hit{id, s.docs})
		}
		s.docs = 0
	}
}

// each calls f for every phrase of the i-th text read, with its number of content
// words and its range in r.words.
func (r *reader) each(i int, f func(g gram, content int8, from, to int)) {
	words := r.words[:r.first[i+1]]
	for a := r.first[i]; a < len(words); a++ {
		first := &r.dict.words[words[a].word]
		if first.kind != content && first.kind != negation || first.part {
			continue
		}
		g := gram{-1, -1, -1, -1, -1}
		n, keys := int8(0), 0
		for b := a; b < len(words) && b < a+maxSpan; b++ {
			if b > a && words[b].head {
				break
			}
			w := &r.dict.words[words[b].word]
			// "on" means nothing by itself, and something in "sign-on".
			joined := words[b].glued && b > a && w.kind == function
			if w.kind == function && !joined {
				if breaksPhrase(w.text) {
					break
				}
				continue
			}
			if w.kind == content {
				n++
			}
			g[keys] = w.stem
			keys++
			if n > maxContent {
				break
			}
			if w.kind != content && !joined || w.tail || b-a >= 3 && n < 2 {
				continue
			}
			if n == 1 && keys == 1 && !w.long || r.cutsOff(words, a, b) {
				continue
			}
			f(g, n, a, b+1)
		}
	}
}

// cutsOff reports whether a phrase words[a..b] would end in the middle of a
// verb ("top" of "top up") or of a noun group ("into my bank" of "into my bank account").
func (r *reader) cutsOff(words []occ, a, b int) bool {
	if b+1 >= len(words) || words[b+1].head {
		return false
	}
	next := &r.dict.words[words[b+1].word]
	if next.part || words[b+1].glued && !solidWord(next.text) {
		return true
	}
	return b > a && next.kind == content && r.dict.words[words[b-1].word].kind == function
}

// surface returns how the texts of theme c write each of the phrases ids.
func (r *reader) surface(c int, ids []int32) []string {
	forms := make([]map[string]int, len(ids))
	var sb strings.Builder
	for i := r.theme[c][0]; i < r.theme[c][1]; i++ {
		r.each(i, func(g gram, _ int8, from, to int) {
			for q, id := range ids {
				if r.grams[id].key != g {
					continue
				}
				sb.Reset()
				for j := from; j < to; j++ {
					w := &r.dict.words[r.words[j].word]
					if j > from && !(r.words[j].glued && solidWord(w.text)) {
						if r.words[j].glued {
							sb.WriteByte('-')
						} else {
							sb.WriteByte(' ')
						}
					}
					sb.WriteString(w.written())
				}
				if forms[q] == nil {
					forms[q] = map[string]int{}
				}
				forms[q][sb.String()]++
			}
		})
	}
	out := make([]string, len(ids))
	for q, m := range forms {
		most := 0
		for s, n := range m {
			if n > most || n == most && cmp.Or(cmp.Compare(len(s), len(out[q])), cmp.Compare(s, out[q])) < 0 {
				out[q], most = s, n
			}
		}
	}
	return out
}

func solidWord(s string) bool {
	for _, r := range s {
		return solidRune(r)
	}
	return false
}
