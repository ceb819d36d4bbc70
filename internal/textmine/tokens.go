package textmine

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kljensen/snowball/english"
)

// number stands for every token that starts with a digit.
const number = "#"

// stopWords carry no subject. The list is short on purpose: common ones also drop "top", "bill", "system", "call" and
// "not", which are what customers write about, and the particles and modal verbs that tell "top up" from "top" and
// "should I" from "I could not".
var stopWords = wordSet(`a an the this that these those there here
i im ive ill id me my mine myself we us our you your he him his she her it its they them their
am is are was were be been being do does did doing done have has had having
can will wanna gonna
to of in on at by for with as onto about
and or but if so then than because just also really very too please some any again
hi hello hey thanks thank thats whats theres s t d m ll ve re`)

// negations are written without an apostrophe as often as with one.
var negations = wordSet(`dont doesnt didnt isnt wasnt arent werent wont cant cannot couldnt wouldnt shouldnt hasnt havent hadnt aint`)

// contractions end a word after its apostrophe; what precedes any other apostrophe may be an article, as in l'eau.
var contractions = wordSet(`s t d m ll ve re em`)

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		set[w] = true
	}
	return set
}

// scanWords calls emit for every lower-cased word of s. Mentions and URLs are left out. Scripts written without spaces
// give overlapping pairs of characters. The slice is only valid during the call; emit returns false to stop, and then
// scanWords returns false.
func scanWords(s string, buf *[]byte, emit func(word []byte) bool) bool {
	word := (*buf)[:0]
	defer func() { *buf = word }()
	flush := func() bool {
		ok := true
		if len(word) > 0 {
			ok = emit(bytes.TrimRight(word, "'"))
		}
		word = word[:0]
		return ok
	}
	var pair [2]rune // the run of unspaced characters: the one before, and whether it was already part of a pair
	endRun := func() bool {
		ok := true
		if pair[0] != 0 && pair[1] == 0 {
			word = utf8.AppendRune(word[:0], pair[0])
			ok = flush()
		}
		pair = [2]rune{}
		return ok
	}
	fieldStart := true
	for i := 0; i < len(s); {
		c := s[i]
		size := 1
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			if fieldStart && c == 'h' && isURL(s[i:]) || fieldStart && c == 'w' && isURL(s[i:]) {
				i = fieldEnd(s, i)
				continue
			}
			word = append(word, c)
		case c >= 'A' && c <= 'Z':
			if fieldStart && (c == 'H' || c == 'W') && isURL(s[i:]) {
				i = fieldEnd(s, i)
				continue
			}
			word = append(word, c+'a'-'A')
		case c == '@' && fieldStart:
			i = fieldEnd(s, i)
			continue
		case c == '\'' && len(word) > 0:
			word = append(word, c)
		case c < utf8.RuneSelf:
			if !flush() || !endRun() {
				return false
			}
			fieldStart = c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '('
			i++
			continue
		default:
			var r rune
			r, size = utf8.DecodeRuneInString(s[i:])
			switch {
			case r == '’' && len(word) > 0:
				word = append(word, '\'')
			case unspaced(r):
				if !flush() {
					return false
				}
				if pair[0] != 0 {
					word = utf8.AppendRune(utf8.AppendRune(word, pair[0]), r)
					if !flush() {
						return false
					}
					pair[1] = 1
				}
				pair[0] = r
				fieldStart = false
				i += size
				continue
			case unicode.IsLetter(r) || unicode.IsDigit(r):
				word = utf8.AppendRune(word, unicode.ToLower(r))
			case unicode.IsMark(r):
				if len(word) > 0 {
					word = utf8.AppendRune(word, r)
				}
			default:
				if !flush() || !endRun() {
					return false
				}
				fieldStart = unicode.IsSpace(r)
				i += size
				continue
			}
		}
		if !endRun() {
			return false
		}
		fieldStart = false
		i += size
	}
	return flush() && endRun()
}

// unspaced reports scripts that put no spaces between words.
func unspaced(r rune) bool {
	return r >= 0x0E00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) &&
		!unicode.IsPunct(r)
}

func isURL(s string) bool {
	for _, p := range [...]string{"http://", "https://", "www."} {
		if len(s) >= len(p) && strings.EqualFold(s[:len(p)], p) {
			return true
		}
	}
	return false
}

func fieldEnd(s string, i int) int {
	if n := strings.IndexAny(s[i:], " \t\r\n"); n >= 0 {
		return i + n
	}
	return len(s)
}

// normalize appends the terms a raw word stands for: its stem, or "not" for a negation, or nothing for a stop word.
// With keepStops it keeps stop words, for texts that hold nothing else.
func normalize(terms []string, word string, keepStops bool) []string {
	if before, after, ok := strings.Cut(word, "'"); ok {
		switch {
		case after == "t" && strings.HasSuffix(before, "n"):
			switch before {
			case "can":
			case "won":
				before = "will"
			default:
				before = before[:len(before)-1]
			}
			return append(normalize(terms, before, keepStops), "not")
		case contractions[after] || len(before) > 2:
			word = before
		default:
			word = strings.ReplaceAll(after, "'", "")
		}
	} else if negations[word] {
		return append(terms, "not")
	}
	if word == "" || stopWords[word] && !keepStops {
		return terms
	}
	if r, _ := utf8.DecodeRuneInString(word); unicode.IsDigit(r) {
		return append(terms, number)
	}
	return append(terms, stem(word))
}

// stem returns the English stem of a word of ASCII letters and any other word unchanged. Longer ones are cut: they are
// not words.
func stem(word string) string {
	const longest = 40
	if len(word) > longest {
		return strings.ToValidUTF8(word[:longest], "")
	}
	for i := range len(word) {
		if word[i] < 'a' || word[i] > 'z' {
			return word
		}
	}
	return english.Stem(word, true)
}

// sentences returns the byte offset after each sentence of s; the last is len(s). A sentence ends at closing
// punctuation before white space, at full-width punctuation, or at a line break.
func sentences(s string) []int {
	var cuts []int
	blank := true // nothing but space and punctuation since the last cut
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		i += size
		ends := false
		switch r {
		case '.', '!', '?', '…':
			ends = i == len(s) || strings.IndexByte(" \t\r\n\"')", s[i]) >= 0
		case '。', '！', '？', '\n', '।', '؟', '۔':
			ends = true
		case ' ', '\t', '\r':
			continue
		default:
			blank = false
			continue
		}
		if ends && !blank {
			cuts = append(cuts, i)
			blank = true
		}
	}
	switch {
	case len(cuts) == 0 || !blank:
		cuts = append(cuts, len(s))
	default:
		cuts[len(cuts)-1] = len(s)
	}
	return cuts
}
