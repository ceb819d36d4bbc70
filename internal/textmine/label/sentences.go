package label

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// wrapped is the length in bytes from which a line that ends without a stop is
// taken to go on in the next one.
const wrapped = 60

// Sentences returns the byte ranges of the sentences of text: trimmed, in order,
// not overlapping, each with a letter or a digit in it. A list item or a short line is a
// sentence. Full stops of abbreviations, decimals, addresses and ellipses do not
// end one; those of Chinese, Japanese, Hindi and Arabic do.
func Sentences(text string) [][2]int {
	var out [][2]int
	start := bullet(text, 0)
	cut := func(end int) {
		if s, e := trim(text, start, end); s < e && hasWord(text[s:e]) {
			out = append(out, [2]int{s, e})
		}
		start = end
	}
	for i := start; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf && c != '.' && c != '!' && c != '?' && c != '\n' && c != '\r' {
			i++
			continue
		}
		r, w := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029':
			next := i + w
			if breaksLine(text, start, i, next) {
				cut(i)
				start = bullet(text, next)
			}
			i = max(next, start)
			continue
		case strings.ContainsRune("。！？｡．।॥۔", r):
			i = closers(text, i+w)
			cut(i)
			continue
		case strings.ContainsRune(".!?…؟", r):
			end := closers(text, stops(text, i))
			if endsSentence(text, start, i, end) {
				cut(end)
			}
			i = end
			continue
		}
		i += w
	}
	cut(len(text))
	return out
}

// stops returns the end of the run of stops at i.
func stops(s string, i int) int {
	for i < len(s) {
		r, w := utf8.DecodeRuneInString(s[i:])
		if !strings.ContainsRune(".!?…؟", r) {
			break
		}
		i += w
	}
	return i
}

// closers returns the end of the run of closing quotes and brackets at i.
func closers(s string, i int) int {
	for i < len(s) {
		r, w := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError || !strings.ContainsRune("\"'”’»)]}」』）】！？。", r) {
			break
		}
		i += w
	}
	return i
}

// endsSentence reports whether the stops in text[at:end] end the sentence that began at start.
func endsSentence(text string, start, at, end int) bool {
	if end >= len(text) {
		return true
	}
	next, _ := utf8.DecodeRuneInString(text[end:])
	if !unicode.IsSpace(next) {
		// "v2.0", "shop.example", "e.g." and "wait...what" go on; "Why?!I" does not
		// matter enough to guess.
		return false
	}
	after := firstRune(text[end:])
	run := text[at:end]
	if strings.ContainsAny(run, "!?؟") {
		return true
	}
	if strings.HasPrefix(run, "..") || strings.HasPrefix(run, "…") {
		return !unicode.IsLower(after)
	}
	word := lastWord(text[start:at])
	switch abbreviation(word) {
	case never:
		return false
	case beforeDigit:
		return !unicode.IsDigit(after)
	case beforeLower:
		return !unicode.IsLower(after)
	case always:
	}
	return true
}

// stopRule says how the full stop behind a word reads.
type stopRule uint8

const (
	always      stopRule = iota // no abbreviation
	never                       // a name or a number follows
	beforeLower                 // no end when a small letter follows
	beforeDigit                 // no end when a digit follows
)

func abbreviation(w string) stopRule {
	if len(w) == 1 && w[0] >= 'A' && w[0] <= 'Z' && w != "I" {
		return never
	}
	switch strings.ToLower(w) {
	case "mr", "mrs", "ms", "dr", "prof", "st", "messrs", "vs", "e.g", "i.e", "eg", "ie", "cf", "viz", "approx", "resp", "incl", "excl":
		return never
	case "etc", "inc", "ltd", "co", "corp", "dept", "a.m", "p.m", "u.s", "u.k", "e.u", "ph.d", "min", "max", "acct", "amt", "pls", "plz", "tel", "ext", "est":
		return beforeLower
	case "no", "nr", "nos", "art", "sec", "fig", "p", "pp", "vol", "ver", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec":
		return beforeDigit
	}
	return always
}

// lastWord returns what stands in s behind its last space or opening bracket.
func lastWord(s string) string {
	// No abbreviation is longer than a few bytes: looking further back would make
	// a text without spaces slow.
	s = s[max(0, len(s)-16):]
	if i := strings.LastIndexAny(s, " \t\r\n(\"[“‘"); i >= 0 {
		_, w := utf8.DecodeRuneInString(s[i:])
		s = s[i+w:]
	}
	return s
}

func firstRune(s string) rune {
	for _, r := range s {
		if !unicode.IsSpace(r) && !strings.ContainsRune("\"'“‘«(", r) {
			return r
		}
	}
	return utf8.RuneError
}

// breaksLine reports whether the line end at i ends the sentence that began at
// start; next is where the following line begins.
func breaksLine(text string, start, i, next int) bool {
	if next < len(text) && text[i] == '\r' && text[next] == '\n' {
		return false // the line feed decides
	}
	rest := strings.TrimLeft(text[next:min(len(text), next+64)], " \t")
	if rest == "" || rest[0] == '\n' || rest[0] == '\r' {
		return true
	}
	if bullet(text, next) != next {
		return true
	}
	r, _ := utf8.DecodeRuneInString(rest)
	if unicode.IsLower(r) {
		return false
	}
	line := text[start:i]
	if n := strings.LastIndexAny(line, "\r\n"); n >= 0 {
		line = line[n+1:]
	}
	return len(line) < wrapped
}

// bullet returns where the words begin in the line that starts at i: behind white
// space and a list mark.
func bullet(text string, i int) int {
	s := text[i:min(len(text), i+64)]
	t := strings.TrimLeft(s, " \t")
	at := i + len(s) - len(t)
	r, w := utf8.DecodeRuneInString(t)
	if w > 0 && strings.ContainsRune("-*•–—▪●◦·‣+>", r) {
		if w < len(t) && (t[w] == ' ' || t[w] == '\t') {
			return at + w + 1
		}
		return i
	}
	n := 0
	for n < len(t) && n < 3 && t[n] >= '0' && t[n] <= '9' {
		n++
	}
	if n > 0 && n+1 < len(t) && (t[n] == '.' || t[n] == ')') && (t[n+1] == ' ' || t[n+1] == '\t') {
		return at + n + 2
	}
	return i
}

// trim narrows [s,e) to leave out white space at both ends.
func trim(text string, s, e int) (int, int) {
	for s < e {
		r, w := utf8.DecodeRuneInString(text[s:e])
		if !unicode.IsSpace(r) && r != '\ufeff' && r != '\u200b' {
			break
		}
		s += w
	}
	for s < e {
		r, w := utf8.DecodeLastRuneInString(text[s:e])
		if !unicode.IsSpace(r) && r != '\ufeff' && r != '\u200b' {
			break
		}
		e -= w
	}
	return s, e
}

func hasWord(s string) bool {
	for _, r := range s {
		if wordRune(r) && r != utf8.RuneError {
			return true
		}
	}
	return false
}
