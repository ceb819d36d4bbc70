package redact

import (
	"strings"
	"unicode"
)

// phone reports whether the groups [a, b) are a phone number: written with a
// country code, in the North American or a European national form, or any row
// of 7 to 15 digits (ITU-T E.164) when the words in front say that it is one.
// Bare digits without such words stay: they are order numbers more often.
func (f *finder) phone(g []group, a, b, digits int, before, after byte) bool {
	if digits < 7 || digits > 18 || strings.IndexByte("#$,.:=/_*", before) >= 0 && before != 0 && !(before == ':' && f.context(g[a].start)) {
		return false
	}
	from := g[a].start
	if before == '-' && from >= 2 && isAlnum(f.text[from-2]) {
		return false
	}
	if b < len(g) && (g[b].sep == "-" || g[b].sep == "." && g[b].size() > 2) || after == ',' && g[b-1].end+1 < len(f.text) && isDigit(f.text[g[b-1].end+1]) {
		return false // goes on as another number
	}
	slashes := 0
	for i := a + 1; i < b; i++ {
		sep := g[i].sep
		if len(sep) == 3 && sep != ") (" && sep != " (0" || sep == "(" || sep == "-(" {
			return false
		}
		if strings.Contains(sep, "/") {
			if slashes++; i > a+1 {
				return false
			}
		}
	}
	first := f.text[from:g[a].end]
	opened := before == '(' && a+1 < b && strings.HasPrefix(g[a+1].sep, ")")
	international := before == '+' && (from < 2 || !isAlnum(f.text[from-2])) || opened && from >= 2 && f.text[from-2] == '+'
	if before == '(' && b > a+1 && !opened || before == '(' && b == a+1 {
		return international || f.context(from) && digits <= 15
	}
	switch {
	case international:
		if first == "1" && digits != 11 {
			return false
		}
		return digits >= 8 && digits <= 15 && (b-a == 1 || g[b-1].size() >= 2)
	case strings.HasPrefix(first, "00") && len(first) > 2 && first[2] != '0' && digits >= 9 && digits <= 17:
		return b-a > 1 && len(first) <= 6 || f.context(from)
	case northAmerican(f.text, g[a:b], opened):
		return true
	case opened:
		return digits >= 7 && digits <= 13 && len(first) <= 5
	case first[0] == '0' && len(first) > 1 && first[1] != '0' && b-a > 1 && digits >= 9 && digits <= 12 && national(f.text, g[a:b]):
		return true
	}
	return digits <= 15 && (b-a == 1 || g[b-1].size() >= 2 && wide(g[a:b])) && f.context(from)
}

// wide reports whether no group but the first is a single digit.
func wide(g []group) bool {
	for _, x := range g[1:] {
		if x.size() < 2 {
			return false
		}
	}
	return true
}

// northAmerican checks the sizes 3-3-4, with or without a leading 1.
func northAmerican(s string, g []group, opened bool) bool {
	if len(g) == 4 && g[0].size() == 1 && s[g[0].start] == '1' {
		g = g[1:]
	}
	if len(g) != 3 || g[0].size() != 3 || g[1].size() != 3 || g[2].size() != 4 {
		return false
	}
	if g[1].sep == " " && g[2].sep == " " && !opened {
		return s[g[0].start] >= '2'
	}
	return true
}

// national checks a number with a leading zero: two or more digits in each
// group, and neither a decimal, nor months such as 07/2024, nor thousands.
func national(s string, g []group) bool {
	dots := 0
	for i, x := range g {
		if x.size() < 2 {
			return false
		}
		if x.sep == "." {
			dots++
		}
		if i > 0 && x.size() == 4 && g[i-1].size() == 2 && x.sep == "/" && (s[x.start:x.start+2] == "19" || s[x.start:x.start+2] == "20") {
			return false
		}
	}
	return dots != 1 || len(g) > 2
}

// extension returns the end of an extension that follows a number: x123, ext. 12.
func (f *finder) extension(to int) int {
	s := f.text[to:]
	for _, p := range []string{"x", "X", " x", " ext ", " ext. ", " ext.", " extension "} {
		if !strings.HasPrefix(s, p) {
			continue
		}
		n := len(p)
		for n < len(s) && isDigit(s[n]) && n-len(p) < 6 {
			n++
		}
		if n > len(p) && (n == len(s) || !isAlnum(s[n])) {
			return to + n
		}
	}
	return to
}

// context reports whether the words in front of i, or the column's name, speak
// of a phone, with nothing nearer that speaks of another number.
func (f *finder) context(i int) bool {
	if f.phoneColumn {
		return true
	}
	before := f.text[max(0, i-36):i]
	if !strings.ContainsFunc(before, unicode.IsLetter) {
		return false
	}
	return phoneWord(before)
}

// phoneWords start a word that announces a phone number; otherWords announce another number.
var (
	phoneWords = []string{
		"phone", "telephone", "call", "tel", "telefon", "mobile", "mobil", "cell", "fax", "whatsapp", "sms", "reach", "ring", "dial",
		"handy", "téléphone", "portable", "teléfono", "telefono", "móvil", "movil", "celular", "rückruf", "erreichbar", "text",
	}
	otherWords = []string{
		"order", "ticket", "case", "account", "invoice", "ref", "reference", "transaction", "tracking", "customer", "bestell", "rechnung",
		"kunde", "commande", "facture", "pedido", "factura", "number of", "id", "serial", "version", "contract", "policy", "confirmation", "booking",
	}
)

func phoneWord(before string) bool {
	before = strings.ToLower(before)
	return last(before, phoneWords) > last(before, otherWords)
}

// last returns where the last of the words begins, 0 when there is none, counted from 1.
func last(s string, words []string) int {
	best := 0
	for _, w := range words {
		for end := len(s); ; {
			i := strings.LastIndex(s[:end], w)
			if i < 0 || i+1 <= best {
				break
			}
			whole := i+len(w) == len(s) || !isAlpha(s[i+len(w)])
			if (i == 0 || !isAlpha(s[i-1]) && s[i-1] < 0x80) && (whole || len(w) > 3 && w != "ring" && w != "text" && w != "reach") {
				best = i + 1
				break
			}
			end = i
		}
	}
	return best
}
