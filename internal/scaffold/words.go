package scaffold

import (
	"strings"
	"unicode"
)

// plain are words that carry no subject: two texts do not meet in them.
var plain = wordSet(`a an the this that these those there here it its we our us you your they their them he she his her who whom whose what which when
where why how and or but if then than so as at by for from in into of on onto to up with within without about over under after before during between
is are was were be been being am do does did done has have had will would can could shall should may might must not no nor only also just more most
less least very much many few some any all each every other another same such own still yet ever never always get gets got make makes made take takes
say says said see seen want wants need needs please thanks keep use used using new one two three first per share number rate percent contact contacts
customer customers user users people team teams product support record records feedback issue issues problem problems day days week weeks month months year years`)

func wordSet(list string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(list) {
		out[w] = true
	}
	return out
}

// Words returns the subject words of texts, each cut to its stem, so that two
// texts about the same thing share one.
func Words(texts ...string) map[string]bool {
	out := map[string]bool{}
	for _, t := range texts {
		for _, w := range strings.FieldsFunc(strings.ToLower(t), func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' }) {
			w = strings.Trim(w, "'")
			if plain[w] || len(w) < 3 {
				continue
			}
			if s := stem(w); !plain[s] {
				out[s] = true
			}
		}
	}
	return out
}

// Shared returns how many words of a are in b.
func Shared(a, b map[string]bool) int {
	n := 0
	for w := range a {
		if b[w] {
			n++
		}
	}
	return n
}

// qualifiers make another measure of the one they stand with, wherever they stand.
var qualifiers = wordSet(`new first second last two three other repeat repeated failed failing successful open unresolved resolved unique median mean average total`)

// SameMeasure reports whether two metrics may be one: no word of either narrows
// it down where the other has none, as "repeat" does in "repeat contacts".
func SameMeasure(a, b string) bool {
	x, y := measureWords(a), measureWords(b)
	return !narrows(x, y) && !narrows(y, x)
}

// measureWords returns all words of a metric in order, in lower case.
func measureWords(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' })
}

// joints stand between the words of a metric and narrow nothing down.
var joints = wordSet(`a an the of in on at by for from to with about per and or our all each`)

// narrows reports whether a has a word that b lacks and that qualifies: one of
// qualifiers, or a subject word right in front of a word that both have.
func narrows(a, b []string) bool {
	have := map[string]bool{}
	for _, w := range b {
		have[stem(w)] = true
	}
	for i, w := range a {
		switch {
		case have[stem(w)]:
		case qualifiers[w]:
			return true
		case len(Words(w)) > 0 && i+1 < len(a) && !joints[a[i+1]] && have[stem(a[i+1])]:
			return true
		}
	}
	return false
}

// stem cuts the endings of English inflection. It need not give a word, only the
// same for the forms of one.
func stem(w string) string {
	w = strings.TrimSuffix(w, "'s")
	for _, e := range []struct {
		end, to string
		least   int
	}{
		{"ies", "y", 5}, {"ied", "y", 5}, {"sses", "ss", 6}, {"ings", "", 7}, {"ing", "", 6}, {"edly", "", 7}, {"ed", "", 5}, {"es", "", 5}, {"s", "", 4},
	} {
		if strings.HasSuffix(w, e.end) && len(w) >= e.least && !(e.end == "s" && strings.HasSuffix(w, "ss")) {
			w = strings.TrimSuffix(w, e.end) + e.to
			break
		}
	}
	if n := len(w); n > 4 && w[n-1] == w[n-2] && !strings.ContainsRune("lsz", rune(w[n-1])) {
		w = w[:n-1]
	}
	if len(w) > 4 {
		w = strings.TrimSuffix(w, "e")
	}
	return w
}
