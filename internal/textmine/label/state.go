package label

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	leastWords    = 5  // of a sentence that states a problem
	mostWords     = 28 // of it
	maxQuote      = 320
	maxCentral    = 24 // central units that are looked at
	maxSentences  = 40 // sentences of one unit that are looked at
	maxUnit       = 64 << 10
	medoidQuoted  = 12 // taken from the first unit's worth: it is shown as the first quote already
	leastEvidence = 4  // words that make a quote, unless it is the whole unit
)

// Statement is one sentence that says what a theme is about, in customers' words.
type Statement struct {
	Text string // a frame and the quoted words: Customers report: “…”
	Act  Act
	// Unit is the index in texts of the unit that is quoted, and Start, End the
	// bytes of its Text. Without any quotable unit Unit is -1 and Text empty.
	Unit, Start, End int
}

// clause is a sentence that may be quoted.
type clause struct {
	unit, start, end int
	words            []string // lower case
	keys             []string // the stem of each word, "not" for negations, "" for words that carry no meaning
	size             int      // words; two signs of a solid script count as one
	whole            bool     // it is all of the unit
	stopped          bool     // it ends in a full stop or its like
	redacted         bool
}

// State returns the statement of a theme from the units in central, most central
// first, preferring a complete sentence that holds the words of ps and is not the medoid, which Quotes shows. The quoted
// part is always texts[Unit].Text[Start:End]: it may be cut at the end of a
// clause when no sentence is short enough (then “…” stands behind the quote),
// and is never changed inside.
func State(central []int, texts []Text, ps []Phrase) Statement {
	var best, short *clause
	top := 0
	for rank, u := range central[:min(len(central), maxCentral)] {
		if u < 0 || u >= len(texts) {
			continue
		}
		cs := clauses(u, &texts[u])
		for i := range cs {
			c := &cs[i]
			if better(c, short) {
				short = c
			}
			if c.redacted || courtesy(c.words) || c.size < leastWords || c.size > mostWords || c.end-c.start > maxQuote {
				continue
			}
			s := worth(c, ps) - 3*rank
			if rank == 0 {
				s -= medoidQuoted
			}
			if best == nil || s > top {
				best, top = c, s
			}
		}
	}
	if best == nil {
		best = short
	}
	if best == nil {
		return Statement{Unit: -1}
	}
	text := texts[best.unit].Text
	end, more := best.end, ""
	if best.size > mostWords || best.end-best.start > maxQuote {
		if end = clipClause(text, best.start, best.end); end < best.end {
			more = " …"
		}
	}
	quote := text[best.start:end]
	act := actOf(text[best.start:best.end])
	return Statement{Text: act.frame() + "“" + strings.ToValidUTF8(quote, "\uFFFD") + "”" + more, Act: act, Unit: best.unit, Start: best.start, End: end}
}

// better reports whether c is a better last resort than d: free of redaction,
// more than a courtesy, of some length, and then the shorter.
func better(c, d *clause) bool {
	if d == nil {
		return true
	}
	if c.redacted != d.redacted {
		return d.redacted
	}
	if a, b := courtesy(c.words), courtesy(d.words); a != b {
		return b
	}
	if a, b := c.size >= 3, d.size >= 3; a != b {
		return a
	}
	return c.end-c.start < d.end-d.start
}

// worth scores how well c states the problem that ps names.
func worth(c *clause, ps []Phrase) int {
	s := 0
	for i, p := range ps {
		n, hit := 0, 0
		for w := range strings.FieldsSeq(p.Key) {
			n++
			if slices.Contains(c.keys, w) {
				hit++
			}
		}
		if n > 0 {
			s += hit * [...]int{48, 18, 10}[min(i, 2)] / n
		}
	}
	if c.stopped || c.whole {
		s += 10
	}
	if c.size >= 7 && c.size <= 20 {
		s += 8
	}
	if leaning(c.words[0]) {
		s -= 14
	}
	switch c.words[0] {
	case "hi", "hello", "hey", "dear", "thanks", "thank":
		s -= 10
	}
	return s
}

// clauses returns the sentences of the unit u, or all of it when it has none.
func clauses(u int, t *Text) []clause {
	text := t.Text[:wholeRunes(t.Text, maxUnit)]
	skip := cleanSkip(t.Skip, len(t.Text))
	spans := Sentences(text)
	if len(spans) == 0 {
		if s, e := trim(text, 0, len(text)); s < e {
			spans = [][2]int{{s, e}}
		}
	}
	a, b := trim(t.Text, 0, len(t.Text))
	out := make([]clause, 0, min(len(spans), maxSentences))
	for _, sp := range spans[:min(len(spans), maxSentences)] {
		c := clause{unit: u, start: sp[0], end: sp[1], whole: sp[0] == a && sp[1] == b}
		c.stopped = strings.ContainsAny(lastSign(text[c.start:c.end]), ".!?…。！？؟।۔")
		for _, r := range skip {
			if r[0] < c.end && r[1] > c.start {
				c.redacted = true
			}
		}
		solid := 0
		scan(text[c.start:c.end], nil, func(w token) bool {
			if w.solid {
				solid++
			} else {
				c.size++
			}
			c.words = append(c.words, strings.ReplaceAll(strings.ToLower(text[c.start+w.start:c.start+w.end]), "’", "'"))
			return true
		})
		c.size += (solid + 1) / 2
		c.keys = make([]string, len(c.words))
		for i, w := range c.words {
			c.keys[i] = keyOf(w)
		}
		if len(c.words) == 0 {
			c.words = []string{""}
		}
		out = append(out, c)
	}
	return out
}

// clipClause returns where to end a quote of text[start:end] that is too long: at
// the last end of a clause within the limits, else between two words.
func clipClause(text string, start, end int) int {
	limit := start + wholeRunes(text[start:end], maxQuote)
	words, clauseEnd, wordEnd := 0, 0, 0
	scan(text[start:limit], nil, func(w token) bool {
		if at := start + w.end; at < limit {
			wordEnd = at
			words++
			if words >= leastEvidence && endsClause(text[at:end]) {
				clauseEnd = at
			}
		}
		return words < mostWords
	})
	switch {
	case clauseEnd > 0:
		return clauseEnd
	case wordEnd > 0:
		return wordEnd
	}
	return limit
}

// endsClause reports whether rest, which follows a word, opens with the end of a clause.
func endsClause(rest string) bool {
	r, _ := utf8.DecodeRuneInString(rest)
	if strings.ContainsRune(",;:.!?…)—–，；：、。！？،؛\n", r) {
		return true
	}
	if r != ' ' {
		return false
	}
	next, _, _ := strings.Cut(rest[1:min(len(rest), 16)], " ")
	switch next {
	case "and", "but", "because", "so", "which", "while", "although", "-", "–", "—", "...", "(":
		return true
	}
	return false
}

// wholeRunes returns the greatest length up to n at which s can be cut between runes.
func wholeRunes(s string, n int) int {
	if len(s) <= n {
		return len(s)
	}
	for i := n; i > 0 && i > n-utf8.UTFMax; i-- {
		if utf8.RuneStart(s[i]) {
			// Keep marks and joiners with the letter or sign before them.
			for r, _ := utf8.DecodeRuneInString(s[i:]); i > 0 && (unicode.Is(unicode.M, r) || r == '\u200d'); r, _ = utf8.DecodeRuneInString(s[i:]) {
				_, w := utf8.DecodeLastRuneInString(s[:i])
				i -= w
			}
			return i
		}
	}
	return n
}
