package label

// Span is a quote: the bytes Start..End of texts[Unit].Text.
type Span struct{ Unit, Start, End int }

// alike is the share of common words from which two quotes say the same.
const alike = 0.5

// Quotes returns up to most quotes for a theme: from the first unit in central,
// the medoid, and from further ones that differ from it and from each other in
// their words. Each is a whole unit or a whole sentence of at least four words
// and at most 320 bytes. Where a unit has no such part, the quote is the whole
// short unit or the beginning of a sentence up to the end of a clause. Redacted
// parts are quoted only when the theme has nothing else. most <= 0 gives none.
func Quotes(central []int, texts []Text, most int) []Span {
	if most <= 0 {
		return nil
	}
	var cs []clause
	common := map[string]int{} // stem -> central units that hold it
	for _, u := range central[:min(len(central), maxCentral)] {
		if u < 0 || u >= len(texts) {
			continue
		}
		all := clauses(u, &texts[u])
		seen := map[string]bool{}
		for i := range all {
			for s := range keys(&all[i]) {
				seen[s] = true
			}
		}
		for s := range seen {
			common[s]++
		}
		cs = append(cs, all...)
	}
	// One quote a unit, the units in their order.
	var best []clause
	for lo := 0; lo < len(cs); {
		hi := lo
		for hi < len(cs) && cs[hi].unit == cs[lo].unit {
			hi++
		}
		best = append(best, quoteOf(cs[lo:hi], texts[cs[lo].unit], common))
		lo = hi
	}
	var out []Span
	var taken []map[string]bool
	for tier := range 3 {
		for i := range best {
			c := &best[i]
			if len(out) == most || quality(c) != tier || tier == 2 && len(out) > 0 {
				continue
			}
			words := keys(c)
			if tooAlike(words, taken) {
				continue
			}
			taken = append(taken, words)
			end := c.end
			if end-c.start > maxQuote {
				end = clipClause(texts[c.unit].Text, c.start, c.end)
			}
			out = append(out, Span{c.unit, c.start, end})
		}
	}
	return out
}

// quality grades a quote: 0 good, 1 too short to prove anything, 2 redacted.
func quality(c *clause) int {
	switch {
	case c.redacted:
		return 2
	case c.size < leastEvidence:
		return 1
	}
	return 0
}

// quoteOf returns the part of a unit that stands for it: the whole unit when it is
// short enough, else the sentence with the most words that other central units share.
func quoteOf(cs []clause, t Text, common map[string]int) clause {
	a, b := trim(t.Text, 0, len(t.Text))
	whole := clause{unit: cs[0].unit, start: a, end: b, whole: true}
	for _, c := range cs {
		whole.words = append(whole.words, c.words...)
		whole.keys = append(whole.keys, c.keys...)
		whole.size += c.size
	}
	for _, r := range cleanSkip(t.Skip, len(t.Text)) {
		whole.redacted = whole.redacted || r[0] < b && r[1] > a
	}
	if b-a <= maxQuote && !whole.redacted {
		return whole
	}
	best, top := cs[0], -1<<30
	for _, c := range cs {
		s := 0
		for w := range keys(&c) {
			s += min(common[w]-1, 4)
		}
		s -= c.size / 4
		if c.size < leastEvidence || c.redacted || courtesy(c.words) {
			s -= 1000
		}
		if c.end-c.start > maxQuote {
			s -= 100
		}
		if s > top {
			best, top = c, s
		}
	}
	if best.redacted && b-a <= maxQuote {
		return whole
	}
	return best
}

// keys returns the set of c's keys but negations.
func keys(c *clause) map[string]bool {
	out := make(map[string]bool, len(c.keys))
	for _, k := range c.keys {
		if k != "" && k != "not" {
			out[k] = true
		}
	}
	return out
}

func tooAlike(words map[string]bool, taken []map[string]bool) bool {
	for _, o := range taken {
		both := 0
		for w := range words {
			if o[w] {
				both++
			}
		}
		if union := len(words) + len(o) - both; union == 0 || float64(both) >= alike*float64(union) {
			return true
		}
	}
	return false
}
