package evidence

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxStated is the longest number that ParseNumber reads, in bytes.
const MaxStated = 24

// numberWords are the numbers that people write out when they speak of time and appetite.
var numberWords = map[string]float64{ //nolint:gochecknoglobals // an immutable table
	"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12,
}

// ParseNumber reads a number as people write it: 12, 1,200, 0.5, six. It
// returns false for anything else, such as 1.2.3 or 12,5.
func ParseNumber(s string) (float64, bool) {
	if v, ok := numberWords[strings.ToLower(s)]; ok {
		return v, true
	}
	if s == "" || len(s) > MaxStated {
		return 0, false
	}
	whole, _, _ := strings.Cut(s, ".")
	if groups := strings.Split(whole, ","); len(groups) > 1 {
		for i, g := range groups {
			if i > 0 && len(g) != 3 || g == "" || len(g) > 3 {
				return 0, false
			}
		}
	}
	for _, r := range s {
		if (r < '0' || r > '9') && r != '.' && r != ',' {
			return 0, false
		}
	}
	v, err := strconv.ParseFloat(strings.ReplaceAll(s, ",", ""), 64)
	return v, err == nil
}

// stated returns the number that stands as q.Measure in the text at q.Number. It
// must stand there whole: "1" is not found in "10".
func stated(q Query, draft *Document) (float64, error) {
	v, _ := draft.Lookup(q.Number)
	text, ok := v.(string)
	if !ok {
		return 0, fmt.Errorf("the draft has no text at %s", q.Number)
	}
	n, ok := ParseNumber(q.Measure)
	if !ok {
		return 0, fmt.Errorf("%q is not written as a number", q.Measure)
	}
	for from := 0; ; {
		i := strings.Index(text[from:], q.Measure)
		if i < 0 {
			return 0, fmt.Errorf("%s does not say %q", q.Number, q.Measure)
		}
		i += from
		if standsAlone(text, i, i+len(q.Measure)) {
			return n, nil
		}
		from = i + 1
	}
}

// standsAlone reports whether s[start:end] is no part of a longer number or word.
func standsAlone(s string, start, end int) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:start])
	after, w := utf8.DecodeRuneInString(s[end:])
	next, _ := utf8.DecodeRuneInString(s[end+w:])
	if unicode.IsDigit(before) || unicode.IsLetter(before) || before == '.' || before == ',' {
		return false
	}
	if unicode.IsDigit(after) || (after == '.' || after == ',') && unicode.IsDigit(next) {
		return false
	}
	first, _ := utf8.DecodeRuneInString(s[start:])
	return unicode.IsDigit(first) || !unicode.IsLetter(after) // "8ms" states 8, "tenfold" does not state ten
}
