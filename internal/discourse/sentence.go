package discourse

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// longSentence is the length in bytes above which spoken text that runs on is cut at a clause.
const longSentence = 280

//nolint:gochecknoglobals // an immutable table
var abbreviations = set("mr mrs ms dr prof hon st vs e.g i.e eg ie etc approx no inc ltd co jr sr dept fig eq jan feb mar apr jun jul aug sep sept oct nov dec")

// Sentences cuts text into sentences, in order, without the space between them.
// A line end ends a sentence where the next line is a new entry or paragraph.
// Spoken text without stops is cut at clauses. Offsets are bytes.
func Sentences(text string) []Span {
	var out []Span
	start := 0
	add := func(end int) {
		s := trim(text, Span{start, end})
		start = end
		if s.End <= s.Start {
			return
		}
		out = append(out, clauses(text, s)...)
	}
	for i := 0; i < len(text); {
		switch c := text[i]; c {
		case '.', '!', '?':
			j := i + 1
			for j < len(text) && strings.IndexByte(".!?\"')]*`", text[j]) >= 0 {
				j++
			}
			if ends(text, start, i, j) {
				add(j)
			}
			i = j
		case '\n':
			if breaks(text[i+1:]) || strings.HasSuffix(strings.TrimRight(text[start:i], " \t"), ":") {
				add(i + 1)
			}
			i++
		default:
			i++
			if c >= 0x80 && strings.HasPrefix(text[i-1:], "。") {
				i += 2
				add(i)
			}
		}
	}
	add(len(text))
	return out
}

// ends reports whether the stop at text[i:j] ends a sentence that began at start.
func ends(text string, start, i, j int) bool {
	if j >= len(text) {
		return true
	}
	if next := text[j]; next != ' ' && next != '\n' && next != '\t' && next != '\r' {
		return false
	}
	if text[i] != '.' {
		return true
	}
	word := text[start:i]
	if k := strings.LastIndexAny(word, " \n\t(["); k >= 0 {
		word = word[k+1:]
	}
	w := strings.ToLower(word)
	if abbreviations[w] {
		return false
	}
	rest := strings.TrimLeft(text[j:], " \t")
	r, _ := utf8.DecodeRuneInString(rest)
	if len(w) == 1 && unicode.IsUpper(rune(word[0])) && word != "I" && unicode.IsUpper(r) { // an initial
		return false
	}
	if isNumber(w) && strings.TrimSpace(text[start:i]) == word { // "1. first entry"
		return false
	}
	return true
}

// breaks reports whether a new line begins something new.
func breaks(rest string) bool {
	rest = strings.TrimLeft(rest, " \t\r")
	if rest == "" || rest[0] == '\n' {
		return true
	}
	switch rest[0] {
	case '*', '-', '#', '>', '|', '+':
		return true
	}
	d := 0
	for d < len(rest) && rest[d] >= '0' && rest[d] <= '9' {
		d++
	}
	if d > 0 && d+1 < len(rest) && (rest[d] == '.' || rest[d] == ')') && rest[d+1] == ' ' {
		return true
	}
	return strings.HasPrefix(rest, "•")
}

// clauses cuts a sentence that runs on for too long where a new clause begins.
func clauses(text string, s Span) []Span {
	if s.End-s.Start <= longSentence {
		return []Span{s}
	}
	var out []Span
	start := s.Start
	for i := s.Start + 1; i < s.End; i++ {
		if text[i] != ' ' || i-start < 60 || s.End-i < 40 {
			continue
		}
		rest := text[i+1 : s.End]
		comma := text[i-1] == ',' || text[i-1] == ';'
		long := i-start > longSentence
		if comma && (opens(rest) || long) || long && opens(rest) {
			if p := trim(text, Span{start, i}); p.End > p.Start {
				out = append(out, p)
			}
			start = i + 1
		}
	}
	return append(out, trim(text, Span{start, s.End}))
}

// opens reports whether a clause of its own can begin here.
func opens(s string) bool {
	for _, w := range [...]string{"and ", "but ", "so ", "because ", "which ", "or ", "if ", "then ", "we ", "I ", "I'", "it ", "let"} {
		if strings.HasPrefix(s, w) {
			return true
		}
	}
	return false
}

// trim takes space, list marks and stray emphasis off both ends of a span.
func trim(text string, s Span) Span {
	for s.Start < s.End {
		r, n := utf8.DecodeRuneInString(text[s.Start:s.End])
		if !unicode.IsSpace(r) && r != '*' && r != '#' && r != '>' && r != '|' && r != '•' && r != '+' && (r != '-' && r != '–' || s.Start+n < s.End && wordByte(text[s.Start+n:s.End])) {
			break
		}
		s.Start += n
	}
	for s.Start < s.End {
		r, n := utf8.DecodeLastRuneInString(text[s.Start:s.End])
		if !unicode.IsSpace(r) && r != '*' && r != '|' && r != ',' && r != ';' {
			break
		}
		s.End -= n
	}
	return s
}
