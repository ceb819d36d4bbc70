package textmine

import (
	"context"
	"math"
	"slices"
	"unicode/utf8"

	"roleos/internal/textmine/vec"
)

// space gives every text a direction. Three views of it are laid end to end: its words, the character sequences inside
// its words, and the company its words keep. Each view is a weighted sum of vectors of words.
type space struct {
	terms   *vec.Matrix // by the texts a word occurs in: tf-idf, reduced
	chars   *vec.Matrix // by its character sequences
	company *vec.Matrix // by the words around it
	termRow []int32     // row of a word in terms and company, -1 when it has none
	charRow []int32     // row of a word in chars, -1 for a word outside the sample
	grams   map[string]int32
	gramVec *vec.Matrix
	words   []string
}

const (
	gramMin, gramMax = 3, 5
	plainBelow       = 50      // texts
	minDims, maxDims = 64, 128 // dimensions of each view; between them one for every twenty texts
)

// newSpace learns the views from the sample rows; the company of words is learned from more rows where there are more.
func newSpace(ctx context.Context, c *corpus, sample, rows []int32) (*space, error) {
	minDocs := int32(1)
	if len(sample) > 1000 {
		minDocs = 2
	}
	rank := min(max(len(sample)/20, minDims), maxDims)
	s := &space{words: c.words, grams: map[string]int32{}}

	words := weigh(len(sample), len(c.words), minDocs, func(i int, add func(int32)) {
		for _, t := range c.at(sample[i]) {
			add(t)
		}
	})
	seen := make([]bool, len(c.words))
	gramsOf := make([][]int32, len(c.words))
	s.charRow = make([]int32, len(c.words))
	charRows := 0
	for t := range s.charRow {
		s.charRow[t] = -1
	}
	for _, r := range sample {
		for _, t := range c.at(r) {
			if !seen[t] {
				seen[t] = true
				gramsOf[t] = s.learnGrams(c.words[t])
				s.charRow[t] = int32(charRows)
				charRows++
			}
		}
	}
	chars := weigh(len(sample), len(s.grams), 2, func(i int, add func(int32)) {
		for _, t := range c.at(sample[i]) {
			for _, g := range gramsOf[t] {
				add(g)
			}
		}
	})
	s.termRow = words.column

	byWord, err := vec.Truncate(ctx, words.matrix, rank, 11)
	if err != nil {
		return nil, err
	}
	s.terms = words.project(byWord)
	byChar, err := vec.Truncate(ctx, chars.matrix, rank, 12)
	if err != nil {
		return nil, err
	}
	s.gramVec = chars.project(byChar)
	for g, id := range s.grams { // from here on a gram names its vector; each entry changes alone, so order is no matter
		s.grams[g] = chars.column[id]
	}
	s.chars = vec.New(charRows, s.gramVec.Cols)
	for t, r := range s.charRow {
		if r >= 0 {
			for _, g := range gramsOf[t] {
				if v := chars.column[g]; v >= 0 {
					s.gramVec.AddRows(s.chars.Row(int(r)), []int32{v}, []float32{1})
				}
			}
		}
	}
	s.company, err = companyVectors(ctx, c, spread(rows, contextTexts), words.column, words.matrix.Cols, rank)
	return s, err
}

// spread returns at most n of the rows, evenly spaced.
func spread(rows []int32, n int) []int32 {
	if len(rows) <= n {
		return rows
	}
	out := make([]int32, n)
	for i := range out {
		out[i] = rows[i*len(rows)/n]
	}
	return out
}

// weighted is a matrix of texts by features, with rare features left out.
type weighted struct {
	matrix *vec.Sparse
	column []int32   // column of a feature, -1 when it is left out
	idf    []float32 // per column
}

// weigh counts the features of n texts and weighs them (1 + ln tf)·(1 + ln((1+n)/(1+df))), rows of length 1. Features in
// fewer than minDocs texts are left out.
func weigh(n, features int, minDocs int32, each func(i int, add func(int32))) weighted {
	docs := make([]int32, features)
	count := make([]int32, features)
	m := &vec.Sparse{Rows: n, Ptr: make([]int32, n+1)}
	var touched, tf []int32
	for i := range n {
		touched = touched[:0]
		each(i, func(f int32) {
			if count[f] == 0 {
				touched = append(touched, f)
			}
			count[f]++
		})
		slices.Sort(touched)
		for _, f := range touched {
			m.Col, tf = append(m.Col, f), append(tf, count[f])
			count[f] = 0
			docs[f]++
		}
		m.Ptr[i+1] = int32(len(m.Col))
	}
	w := weighted{matrix: m, column: make([]int32, features)}
	for f, d := range docs {
		w.column[f] = -1
		if d >= minDocs && d > 0 {
			w.column[f] = int32(len(w.idf))
			w.idf = append(w.idf, float32(1+vec.Ln(float64(1+n)/float64(1+d))))
		}
	}
	m.Cols = len(w.idf)
	kept := m.Col[:0]
	from := int32(0)
	for i := range n {
		end := m.Ptr[i+1]
		for j := from; j < end; j++ {
			if col := w.column[m.Col[j]]; col >= 0 {
				kept = append(kept, col)
				m.Val = append(m.Val, damp(tf[j])*w.idf[col])
			}
		}
		from = end
		m.Ptr[i+1] = int32(len(kept))
	}
	m.Col = kept
	m.NormalizeRows()
	return w
}

// damp returns 1 + ln tf.
func damp(tf int32) float32 {
	if tf <= 1 {
		return 1
	}
	return float32(1 + vec.Ln(float64(tf)))
}

// project returns one vector per feature, such that a text's weighted sum of them is its row of U·S^2.25: what many
// texts have in common counts for more. With more dimensions the last ones are noise, so they are damped more (S^2.5);
// in a handful of texts no dimension is common, so the words count nearly as they are (S^1.25).
func (w weighted) project(d *vec.SVD) *vec.Matrix {
	scale := make([]float32, len(d.S))
	for j, s := range d.S {
		root := math.Sqrt(s)
		switch n := w.matrix.Rows; { // V brings another S
		case n < plainBelow:
			scale[j] = float32(math.Sqrt(root))
		case n <= minDims*20:
			scale[j] = float32(s * math.Sqrt(root))
		default:
			scale[j] = float32(s * root)
		}
	}
	for q := range d.V.Rows {
		for j, v := range d.V.Row(q) {
			d.V.Row(q)[j] = v * w.idf[q] * scale[j]
		}
	}
	return d.V
}

// learnGrams returns the ids of the character sequences of a word with its edges marked by spaces, adding new ones.
func (s *space) learnGrams(word string) (ids []int32) {
	eachGram(word, func(g []byte) {
		id, ok := s.grams[string(g)]
		if !ok {
			id = int32(len(s.grams))
			s.grams[string(g)] = id
		}
		ids = append(ids, id)
	})
	return ids
}

func eachGram(word string, visit func([]byte)) {
	var buf [64]byte
	var at [64]int // byte offset of each character
	text := append(append(append(buf[:0], ' '), word...), ' ')
	n := 0
	for i := 0; i < len(text) && n < len(at)-1; n++ {
		at[n] = i
		_, size := utf8.DecodeRune(text[i:])
		i += size
		at[n+1] = i
	}
	for size := gramMin; size <= gramMax; size++ {
		for j := 0; j+size <= n; j++ {
			visit(text[at[j]:at[j+size]])
		}
	}
}

// embedder places texts in a space. It has scratch memory, so each goroutine needs its own.
type embedder struct {
	s      *space
	vector []float32
	row    [3][]int32
	weight [3][]float32
	grams  []int32
	ones   []float32
}

func (s *space) dims() int { return s.terms.Cols + s.chars.Cols + s.company.Cols }

func (s *space) embedder() *embedder {
	return &embedder{s: s, vector: make([]float32, s.dims())}
}

// place writes the quantised direction of a text to dst. It returns false for a text that the space knows nothing of.
func (e *embedder) place(dst []int16, terms []int32) bool {
	for v := range e.row {
		e.row[v], e.weight[v] = e.row[v][:0], e.weight[v][:0]
	}
	clear(e.vector)
	chars := e.vector[e.s.terms.Cols:][:e.s.chars.Cols]
	for i, t := range terms {
		if slices.Contains(terms[:i], t) {
			continue
		}
		tf := int32(1)
		for _, u := range terms[i+1:] {
			if u == t {
				tf++
			}
		}
		w := damp(tf)
		if r := e.s.termRow[t]; r >= 0 {
			e.row[0], e.weight[0] = append(e.row[0], r), append(e.weight[0], w)
		}
		if r := e.s.charRow[t]; r >= 0 {
			e.row[1], e.weight[1] = append(e.row[1], r), append(e.weight[1], w)
			continue
		}
		// A word outside the sample is known by the sequences it shares with others.
		e.grams, e.ones = e.grams[:0], e.ones[:0]
		eachGram(e.s.words[t], func(g []byte) {
			if id, ok := e.s.grams[string(g)]; ok && id >= 0 {
				e.grams, e.ones = append(e.grams, id), append(e.ones, w)
			}
		})
		e.s.gramVec.AddRows(chars, e.grams, e.ones)
	}
	known := false
	from := 0
	for v, m := range [3]*vec.Matrix{e.s.terms, e.s.chars, e.s.company} {
		part := e.vector[from : from+m.Cols]
		from += m.Cols
		use := v
		if v == 2 {
			use = 0
		}
		m.AddRows(part, e.row[use], e.weight[use])
		if vec.Normalize(part, 1) {
			known = true
		}
	}
	if known {
		vec.Normalize(e.vector, 1)
		vec.Quantize(dst, e.vector)
	}
	return known
}
