package marketscanner

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"roleos/agents"
	"roleos/internal/artefact/market"
	"roleos/internal/evidence"
)

// What makes a word stand beside a product, stated in the method.
const (
	leastRatio   = 10.83 // log-likelihood ratio: one in a thousand by chance (chi square, one degree of freedom)
	leastRecords = 3     // records about the product that have the word
	mostLearned  = 20    // words of one product
	leastLetters = 4     // of a word that is learned
)

// learn finds, for each product, the words that records which name it use more than others. Items of feeds are not asked.
func learn(products []agents.Product, records []evidence.Record) []market.Product {
	out := make([]market.Product, len(products))
	var context []map[string]bool
	var texts []string
	for i := range records {
		if records[i].Origin.Kind != "item" && len(products) > 0 {
			context = append(context, vocabulary(unmasked(&records[i])))
			texts = append(texts, records[i].Text)
		}
	}
	total := map[string]int{}
	for _, words := range context {
		for w := range words {
			total[w]++
		}
	}
	for i, p := range products {
		terms := p.Terms
		if !slices.ContainsFunc(terms, func(t string) bool { return strings.EqualFold(t, p.Name) }) {
			terms = append([]string{p.Name}, terms...)
		}
		out[i] = market.Product{Name: p.Name, Terms: terms}
		own := vocabulary(strings.Join(terms, " "))
		about, n := map[string]int{}, 0
		for k, text := range texts {
			if len(uses(text, terms)) == 0 {
				continue
			}
			n++
			for w := range context[k] {
				about[w]++
			}
		}
		out[i].Spoken = n > 0
		out[i].Learned = telltale(about, total, n, len(texts), own)
	}
	return out
}

// telltale ranks the words of n records about a product against all others.
func telltale(about, total map[string]int, n, all int, own map[string]bool) []market.Term {
	type scored struct {
		word  string
		ratio float64
	}
	var list []scored
	for w, k := range about {
		if k < leastRecords || own[w] || utf8.RuneCountInString(w) < leastLetters {
			continue
		}
		if g := likelihood(k, n, total[w]-k, all-n); g >= leastRatio && float64(k)*float64(all-n) > float64(total[w]-k)*float64(n) {
			list = append(list, scored{w, g})
		}
	}
	slices.SortFunc(list, func(a, b scored) int { return cmp.Or(cmp.Compare(b.ratio, a.ratio), cmp.Compare(a.word, b.word)) })
	var out []market.Term
	for _, s := range list[:min(len(list), mostLearned)] {
		out = append(out, market.Term{Word: s.word, Why: fmt.Sprintf("in %d of %d records that name the product and %d of %d others", about[s.word], n, total[s.word]-about[s.word], all-n)})
	}
	return out
}

// likelihood is Dunning's log-likelihood ratio of a of n against b of m (https://aclanthology.org/J93-1003).
func likelihood(a, n, b, m int) float64 {
	if n == 0 || m == 0 {
		return 0
	}
	term := func(k, of int, p float64) float64 {
		out := 0.0
		if k > 0 {
			out += float64(k) * math.Log(float64(k)/(float64(of)*p))
		}
		if k < of {
			out += float64(of-k) * math.Log(float64(of-k)/(float64(of)*(1-p)))
		}
		return out
	}
	p := float64(a+b) / float64(n+m)
	if p <= 0 || p >= 1 {
		return 0
	}
	return 2 * (term(a, n, p) + term(b, m, p))
}

// vocabulary returns the different words of a text.
func vocabulary(text string) map[string]bool {
	out := map[string]bool{}
	for _, w := range wordsOf(text) {
		out[w] = true
	}
	return out
}

// telling returns the words of an item that may tell what it is about: long enough, and no digits alone.
func telling(r *evidence.Record) map[string]bool {
	out := map[string]bool{}
	for w := range vocabulary(clip(unmasked(r), longestText)) {
		if utf8.RuneCountInString(w) >= leastLetters && strings.IndexFunc(w, unicode.IsLetter) >= 0 && !common[w] {
			out[w] = true
		}
	}
	return out
}

func shared(a, b map[string]bool) int {
	n := 0
	for w := range a {
		if b[w] {
			n++
		}
	}
	return n
}

// common are words that news share whatever they are about.
//
//nolint:gochecknoglobals // an immutable table
var common = vocabulary(`about after again also announced announces another because been before being between both could does during each even every first from
further have having here into just last later like made make many more most much must need news next only other over part people read said same says several should
since some such than that their them then there these they this those through time today under until update users very want week well were what when where which
while will with within without work would year years your company companies customers product products report reports service services`)

// touches says which products an item touches, and how.
func touches(products []market.Product, r *evidence.Record) []market.Touch {
	var out []market.Touch
	text := unmasked(r)
	words := vocabulary(text)
	for _, p := range products {
		if named := uses(text, p.Terms); len(named) > 0 {
			out = append(out, market.Touch{Product: p.Name, How: market.Named, Terms: named})
			continue
		}
		var near []string
		for _, t := range p.Learned {
			if words[t.Word] {
				near = append(near, t.Word)
			}
		}
		if len(near) >= market.NearTerms {
			out = append(out, market.Touch{Product: p.Name, How: market.Near, Terms: near})
		}
	}
	return out
}

// uses returns the terms that stand in a text as words. A term of up to three
// letters must stand there in its own letter case.
func uses(text string, terms []string) []string {
	low := strings.ToLower(text)
	var out []string
	for _, t := range terms {
		t = strings.Join(strings.Fields(t), " ")
		in, term := low, strings.ToLower(t)
		if utf8.RuneCountInString(t) <= 3 {
			in, term = text, t
		}
		if term != "" && standsIn(in, term) {
			out = append(out, t)
		}
	}
	return out
}

func standsIn(text, term string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], term)
		if i < 0 {
			return false
		}
		i += from
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		after, _ := utf8.DecodeRuneInString(text[i+len(term):])
		if !letterOrDigit(before) && !letterOrDigit(after) {
			return true
		}
		from = i + 1
	}
}

func letterOrDigit(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// unmasked returns a record's text with spaces where personal data was.
func unmasked(r *evidence.Record) string {
	if len(r.Masks) == 0 {
		return r.Text
	}
	b := []byte(r.Text)
	for _, m := range r.Masks {
		for i := range b[m.Start:m.End] {
			b[m.Start+i] = ' '
		}
	}
	return string(b)
}
