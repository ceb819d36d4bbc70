package textmine

import (
	"context"
	"runtime"

	"roleos/internal/textmine/vec"
)

const (
	maxUnitTerms = 256     // terms read from one unit; a giant text says what it is about well before that
	longWords    = 45      // a text with more words than this ...
	minSentences = 3       // ... and at least this many sentences is split
	shortTerms   = 4       // a sentence with fewer terms joins its neighbour
	maxTerms     = 1 << 30 // of all units; offsets are 32 bits wide
	maxUnits     = 64      // per text; the last one takes the rest
)

// corpus is the tokenised input: units with their terms, equal units counted once as a row.
type corpus struct {
	units []Unit
	row   []int32 // row of each unit; -1 for a unit without terms
	terms []int32 // the terms of all rows, end to end
	start []int32 // row r has terms[start[r]:start[r+1]]
	count []int32 // units per row
	words []string
}

// rows returns the number of different units.
func (c *corpus) rows() int { return len(c.count) }

// at returns the terms of a row, sharing memory.
func (c *corpus) at(r int32) []int32 { return c.terms[c.start[r]:c.start[r+1]] }

// newCorpus reads all docs, one shard per processor. Words are numbered in order of appearance whatever the shards.
func newCorpus(ctx context.Context, docs []Doc) (*corpus, error) {
	shards := max(min(runtime.GOMAXPROCS(0), len(docs)/256), 1)
	readers := make([]*reader, shards)
	size := (len(docs) + shards - 1) / shards
	err := vec.Blocks(ctx, len(docs), size, func(lo, hi int) {
		r := newReader(lo)
		for i := lo; i < hi; i++ {
			if i%1024 == 0 && ctx.Err() != nil {
				break
			}
			r.read(docs[i])
		}
		readers[lo/max(size, 1)] = r
	})
	if err != nil {
		return nil, err
	}
	c := &corpus{start: []int32{0}}
	total := 0
	for _, r := range readers {
		if r != nil {
			total += len(r.units)
		}
	}
	c.units, c.row = make([]Unit, 0, total), make([]int32, 0, total)
	ids := map[string]int32{}
	index := rowIndex{slots: make([]int32, 1024)}
	for s, r := range readers {
		if r == nil {
			continue
		}
		rename := make([]int32, len(r.words))
		for i, w := range r.words {
			id, ok := ids[w]
			if !ok {
				id = int32(len(c.words))
				ids[w] = id
				c.words = append(c.words, w)
			}
			rename[i] = id
		}
		from := int32(0)
		for i, u := range r.units {
			if i%4096 == 0 && ctx.Err() != nil {
				return nil, ctx.Err()
			}
			c.units = append(c.units, u)
			first := len(c.terms)
			for _, t := range r.terms[from:r.ends[i]] {
				c.terms = append(c.terms, rename[t])
			}
			from = r.ends[i]
			c.row = append(c.row, c.intern(&index, first))
		}
		readers[s] = nil
	}
	return c, nil
}

// intern makes the terms from first on a new row, or finds the row that equals them and takes them back.
func (c *corpus) intern(index *rowIndex, first int) int32 {
	terms := c.terms[first:]
	if len(terms) == 0 {
		return -1
	}
	if 2*c.rows() >= len(index.slots) {
		index.grow(c)
	}
	slot := index.find(c, terms)
	if r := index.slots[slot]; r > 0 {
		c.terms = c.terms[:first]
		c.count[r-1]++
		return r - 1
	}
	c.count = append(c.count, 1)
	c.start = append(c.start, int32(len(c.terms)))
	index.slots[slot] = int32(c.rows())
	return int32(c.rows() - 1)
}

// rowIndex is a hash table from terms to row+1 by open addressing.
type rowIndex struct{ slots []int32 }

func (x *rowIndex) find(c *corpus, terms []int32) int {
	h := uint64(14695981039346656037)
	for _, t := range terms {
		h = (h ^ uint64(uint32(t))) * 0x9E3779B97F4A7C15
		h ^= h >> 29
	}
	mask := uint64(len(x.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		r := x.slots[i]
		if r == 0 || equalTerms(c.at(r-1), terms) {
			return int(i)
		}
	}
}

func equalTerms(a, b []int32) bool {
	if len(a) != len(b) {
		return false
	}
	for i, v := range a {
		if v != b[i] {
			return false
		}
	}
	return true
}

func (x *rowIndex) grow(c *corpus) {
	x.slots = make([]int32, 4*len(x.slots))
	for r := range c.rows() {
		x.slots[x.find(c, c.at(int32(r)))] = int32(r + 1)
	}
}

// reader tokenises one shard with its own word numbers.
type reader struct {
	doc   int
	units []Unit
	ends  []int32 // end of each unit's terms
	terms []int32
	words []string
	ids   map[string]int32
	known map[string][2]int32 // raw word -> its terms plus one; the second is 0 when there is one, both when none
	buf   []byte
	norm  []string
}

func newReader(doc int) *reader {
	return &reader{doc: doc, ids: map[string]int32{}, known: map[string][2]int32{}}
}

// read adds the units of the next doc: the whole of it, or groups of sentences when it is long.
func (r *reader) read(d Doc) {
	first := len(r.terms)
	words := r.tokenize(d, 0, len(d.Text))
	if words > longWords {
		if cuts := sentences(d.Text); len(cuts) >= minSentences {
			r.terms = r.terms[:first]
			r.split(d, cuts)
			r.doc++
			return
		}
	}
	r.end(0, len(d.Text))
	r.doc++
}

func (r *reader) end(start, end int) {
	r.units = append(r.units, Unit{r.doc, start, end})
	r.ends = append(r.ends, int32(len(r.terms)))
}

// split makes a unit of every sentence with enough terms; shorter ones join the next, the last the one before.
func (r *reader) split(d Doc, cuts []int) {
	start, units := 0, 0
	from := len(r.terms)
	for i, cut := range cuts {
		last := i == len(cuts)-1
		if !last && units == maxUnits-1 {
			continue
		}
		r.terms = r.terms[:from]
		r.tokenize(d, start, cut)
		short := len(r.terms)-from < shortTerms
		if short && !last {
			continue
		}
		if short && units > 0 {
			r.units[len(r.units)-1].End = cut
			r.ends[len(r.ends)-1] = int32(len(r.terms))
			return
		}
		r.end(start, cut)
		start, from = cut, len(r.terms)
		units++
	}
}

// tokenize appends the terms of Text[start:end] outside the skipped ranges and returns the number of words read. A
// text of nothing but stop words keeps them: "thank you" is a subject too.
func (r *reader) tokenize(d Doc, start, end int) (words int) {
	first := len(r.terms)
	words = r.pass(d, start, end, false)
	if len(r.terms) == first && words > 0 {
		r.pass(d, start, end, true)
	}
	return words
}

func (r *reader) pass(d Doc, start, end int, keepStops bool) (words int) {
	limit := min(len(r.terms)+maxUnitTerms, maxTerms)
	emit := func(word []byte) bool {
		words++
		r.add(word, keepStops)
		return len(r.terms) < limit
	}
	at := start
	for _, skip := range d.Skip {
		from, to := skip[0], skip[1]
		if from >= end {
			break
		}
		if from > at {
			if !scanWords(d.Text[at:from], &r.buf, emit) {
				return words
			}
		}
		at = max(at, to)
	}
	if at < end {
		scanWords(d.Text[at:end], &r.buf, emit)
	}
	return words
}

func (r *reader) add(word []byte, keepStops bool) {
	if keepStops {
		for _, t := range normalize(r.norm[:0], string(word), true) {
			r.terms = append(r.terms, r.id(t))
		}
		return
	}
	pair, ok := r.known[string(word)]
	if !ok {
		raw := string(word)
		r.norm = normalize(r.norm[:0], raw, false)
		for i, t := range r.norm[:min(len(r.norm), 2)] {
			pair[i] = r.id(t) + 1
		}
		r.known[raw] = pair
	}
	for _, t := range pair {
		if t > 0 {
			r.terms = append(r.terms, t-1)
		}
	}
}

func (r *reader) id(term string) int32 {
	id, ok := r.ids[term]
	if !ok {
		id = int32(len(r.words))
		r.ids[term] = id
		r.words = append(r.words, term)
	}
	return id
}
