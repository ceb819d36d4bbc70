package transcript

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// addressed matches words of people who speak to one another.
var addressed = regexp.MustCompile(`(?i)\b(?:i|we|you|my|our|your|us|me|ich|wir|je|nous|yo|nosotros)\b`)

// roundOfTurns reports whether every line of a short note is "Name: text" with
// the name of a person and words that somebody says, so that nobody has to speak
// twice to be heard. A list of labels has values behind its colons, not sentences.
func roundOfTurns(text string) bool {
	const fewestWords = 3 // of what is said
	names, turns, said := map[string]bool{}, 0, 0
	ls := newLines(text)
	for ls.next() {
		line := strings.TrimSpace(ls.text)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, rest, ok := splitName(line, personShaped)
		if !ok || len(strings.Fields(rest)) < fewestWords {
			return false
		}
		names[name] = true
		turns++
		if last, _ := utf8.DecodeLastRuneInString(rest); strings.ContainsRune(".!?…", last) || addressed.MatchString(rest) {
			said++
		}
	}
	return turns >= 2 && len(names) >= 2 && said*4 >= turns*3
}

// personShaped reports whether s may be the name of a person: up to three words
// of letters that begin with a capital, and none of them a label. A role may
// follow in brackets.
func personShaped(s string) bool {
	if i := strings.Index(s, " ("); i > 0 && strings.HasSuffix(s, ")") {
		s = s[:i]
	}
	words := strings.Fields(s)
	if len(words) == 0 || len(words) > 3 || isLabel(s) {
		return false
	}
	for _, w := range words {
		first, _ := utf8.DecodeRuneInString(w)
		other := strings.IndexFunc(w, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsMark(r) && !strings.ContainsRune(".'’-", r)
		})
		if unicode.IsLower(first) || !unicode.IsLetter(first) || other >= 0 || isLabel(w) {
			return false
		}
	}
	return true
}
