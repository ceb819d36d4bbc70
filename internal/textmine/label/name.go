package label

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	nameRunes = 48  // longest display label
	nameShare = 0.3 // least score of a further phrase in a name, as a share of the first's
	untitled  = "Untitled"
	nameJoint = " · "
)

// Name returns the display label made of ps, in sentence case and at most 48
// runes long, such as "Exchange rate · cash withdrawal". A further phrase is taken only
// when it is strong beside the first and several documents hold it. Without phrases it returns "Untitled".
func Name(ps []Phrase) string {
	var sb strings.Builder
	runes := 0
	for i, p := range ps {
		n := utf8.RuneCountInString(p.Surface)
		switch {
		case n == 0:
			continue
		case runes == 0:
			s := clipRunes(p.Surface, nameRunes)
			sb.WriteString(s)
			runes = utf8.RuneCountInString(s)
		case p.Docs < 2 || p.Score < nameShare*ps[0].Score || runes+n+utf8.RuneCountInString(nameJoint) > nameRunes || repeats(ps[:i], p):
			continue
		default:
			sb.WriteString(nameJoint)
			sb.WriteString(p.Surface)
			runes += n + utf8.RuneCountInString(nameJoint)
		}
	}
	if runes == 0 {
		return untitled
	}
	return sentenceCase(sb.String())
}

// Unique returns names so changed that no two are the same in any case of letters. The first holder of a
// name keeps it; a later one gets further words from its own phrases in ps, and
// a number when those do not tell it apart.
func Unique(names []string, ps [][]Phrase) []string {
	out := make([]string, len(names))
	count := map[string]int{}
	for _, n := range names {
		count[fold(n)]++
	}
	taken := map[string]bool{}
	for i, n := range names {
		if n == "" {
			n = untitled
		}
		base := n
		if taken[fold(n)] && i < len(ps) {
			for _, p := range ps[i] {
				longer := base + nameJoint + p.Surface
				if p.Surface == "" || strings.Contains(fold(base), fold(p.Surface)) || utf8.RuneCountInString(longer) > nameRunes {
					continue
				}
				// A name that another theme is waiting for is not taken from it.
				if f := fold(longer); !taken[f] && count[f] == 0 {
					n = longer
					break
				}
			}
		}
		for q := 2; taken[fold(n)] || n != base && q > 2 && count[fold(n)] > 0; q++ {
			n = base + " (" + strconv.Itoa(q) + ")"
		}
		taken[fold(n)] = true
		out[i] = n
	}
	return out
}

func fold(s string) string { return strings.ToLower(s) }

// repeats reports whether a word of p stands in one of the phrases before it.
func repeats(before []Phrase, p Phrase) bool {
	have := map[string]bool{}
	for _, b := range before {
		for w := range strings.FieldsSeq(b.Key) {
			have[w] = true
		}
	}
	for w := range strings.FieldsSeq(p.Key) {
		if have[w] && w != "not" {
			return true
		}
	}
	return false
}

// clipRunes cuts s to n runes, at a space when there is one, and marks the cut.
func clipRunes(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	cut, i := 0, 0
	for at := range s {
		if i == n-1 {
			cut = at
			break
		}
		i++
	}
	if sp := strings.LastIndexByte(s[:cut], ' '); sp > cut/2 {
		cut = sp
	}
	return s[:cut] + "…"
}

func sentenceCase(s string) string {
	r, w := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError {
		return s
	}
	return string(unicode.ToUpper(r)) + s[w:]
}
