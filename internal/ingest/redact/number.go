package redact

import (
	"strings"
)

// group is a run of digits and what stands in front of it within a number.
type group struct {
	start, end int
	sep        string // between the group before and this one
}

func (g group) size() int { return g.end - g.start }

// numbers finds cards, IPv4 addresses and phone numbers among the digits of a text.
func (f *finder) numbers() {
	s := f.text
	var store [16]group
	for i := 0; i < len(s); {
		if !isDigit(s[i]) {
			i++
			continue
		}
		if end := f.taken(i); end > 0 {
			i = end
			continue
		}
		if i > 0 && (isAlpha(s[i-1]) || s[i-1] == '_' || s[i-1] >= 0x80 && i >= 2 && s[i-2] == 0xC3) {
			for i < len(s) && isAlnum(s[i]) { // part of a word or a code
				i++
			}
			continue
		}
		groups := f.groups(i, store[:0])
		i = f.number(groups)
	}
}

// groups reads digits and their separators from i on, at most sixteen groups.
func (f *finder) groups(i int, out []group) []group {
	s := f.text
	sep := ""
	for len(out) < 16 {
		j := i
		for j < len(s) && isDigit(s[j]) {
			j++
		}
		out = append(out, group{i, j, sep})
		k := j
		for k < len(s) && k-j < 3 && strings.IndexByte(" -./()", s[k]) >= 0 {
			k++
		}
		if k == j || k >= len(s) || !isDigit(s[k]) {
			break
		}
		sep, i = s[j:k], k
	}
	return out
}

// number masks what it recognises in the groups and returns where to go on.
func (f *finder) number(groups []group) int {
	next := groups[len(groups)-1].end
	for a := 0; a < len(groups); a++ {
		if skip := f.date(groups, a); skip > 0 {
			a += skip - 1
			continue
		}
		for b := len(groups); b > a; b-- {
			if !f.ends(groups, b-1) {
				continue
			}
			if kind, from, to := f.classify(groups, a, b); kind != "" {
				f.add(from, to, kind)
				a = b - 1
				next = max(next, to)
				break
			}
		}
	}
	return next
}

// ends reports whether a number may end after group b: not inside a word.
func (f *finder) ends(groups []group, b int) bool {
	end := groups[b].end
	if end >= len(f.text) {
		return true
	}
	c := f.text[end]
	if c == 'x' || c == 'X' {
		return end+1 < len(f.text) && isDigit(f.text[end+1])
	}
	return !isAlpha(c) && c != '_' && c != '%' && !(c >= 0x80 && f.text[end] == 0xC3)
}

// date returns how many groups from a on form a date, 0 when they do not.
func (f *finder) date(g []group, a int) int {
	if a+2 >= len(g) || g[a+1].sep != g[a+2].sep || len(g[a+1].sep) != 1 || strings.IndexByte("-/.", g[a+1].sep[0]) < 0 {
		return 0
	}
	x, y, z := g[a].size(), g[a+1].size(), g[a+2].size()
	n := func(i int) int { return two(f.text[g[i].start:g[i].end]) }
	more := a+3 < len(g) && g[a+3].sep == g[a+2].sep
	switch {
	case more:
		return 0
	case x == 4 && y <= 2 && z <= 2 && n(a+1) <= 12 && n(a+2) <= 31:
		return 3
	case x <= 2 && y <= 2 && (z == 4 || z == 2) && n(a) <= 31 && n(a+1) <= 31 && (n(a) <= 12 || n(a+1) <= 12):
		return 3
	}
	return 0
}

func two(s string) int {
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// classify says what the groups [a, b) are and which bytes to mask.
func (f *finder) classify(g []group, a, b int) (kind string, from, to int) {
	s := f.text
	from, to = g[a].start, g[b-1].end
	digits := 0
	for _, x := range g[a:b] {
		digits += x.size()
	}
	before, after := byte(0), byte(0)
	if from > 0 {
		before = s[from-1]
	}
	if to < len(s) {
		after = s[to]
	}
	if a > 0 && g[a].sep != "" && strings.TrimSpace(g[a].sep) != "" && g[a].sep != " (" && g[a].sep != ". " && g[a].sep != "/" {
		return "", 0, 0 // in the middle of a longer number
	}
	switch {
	case digits >= 13 && digits <= 19 && f.card(g[a:b]) && before != '.' && before != ',' && !(b < len(g) && g[b].sep == "."):
		return Card, from, to
	case b-a == 4 && before != '.' && !(b < len(g) && g[b].sep == ".") && f.ip4(g[a:b]):
		return IP, from, to
	case f.phone(g, a, b, digits, before, after):
		if before == '(' && strings.IndexByte(s[from:to], ')') >= 0 {
			from--
			before = 0
			if from > 0 {
				before = s[from-1]
			}
		}
		if before == '+' {
			from--
		}
		return Phone, from, f.extension(to)
	}
	return "", 0, 0
}

// card checks form, issuer digit and the Luhn sum (ISO/IEC 7812-1).
func (f *finder) card(g []group) bool {
	for i := range g {
		if i > 0 && (g[i].sep != " " && g[i].sep != "-" || g[i].sep != g[1].sep) {
			return false
		}
	}
	return cardForm(g) && issuer(f.text[g[0].start:]) && f.luhn(g)
}

// cardForm reports whether the groups are as long as those that cards are written in.
func cardForm(g []group) bool {
	switch n := len(g); {
	case n == 1:
	case n == 3 && g[0].size() == 4 && g[1].size() == 6 && g[2].size() >= 4 && g[2].size() <= 5:
	case n >= 4 && n <= 5:
		for i := range n - 1 {
			if g[i].size() != 4 {
				return false
			}
		}
	default:
		return false
	}
	return true
}

// issuer reports whether digits start like those of a payment card.
func issuer(digits string) bool {
	first, second := digits[0], digits[1]
	return first > '2' && first <= '6' || first == '2' && (second == '7' || second >= '2' && second <= '6')
}

// luhn checks the last digit of all groups together.
func (f *finder) luhn(g []group) bool {
	sum, double := 0, false
	for i := len(g) - 1; i >= 0; i-- {
		for j := g[i].end - 1; j >= g[i].start; j-- {
			d := int(f.text[j] - '0')
			if double {
				if d *= 2; d > 9 {
					d -= 9
				}
			}
			sum += d
			double = !double
		}
	}
	return sum%10 == 0
}

// ip4 checks four groups; version numbers and addresses that name nobody are let be.
func (f *finder) ip4(g []group) bool {
	var n [4]int
	for i := range g {
		if i > 0 && g[i].sep != "." || g[i].size() > 3 || g[i].size() > 1 && f.text[g[i].start] == '0' {
			return false
		}
		if n[i] = two(f.text[g[i].start:g[i].end]); n[i] > 255 {
			return false
		}
	}
	if n[0] == 0 || n[0] == 127 || n[0] == 255 {
		return false
	}
	return !versionWord(f.text[max(0, g[0].start-16):g[0].start])
}

// versionWord reports whether before ends with a whole word that announces a version number.
func versionWord(before string) bool {
	before = strings.TrimRight(strings.ToLower(before), " :")
	for _, w := range []string{"version", "ver", "ver.", "build", "release", "firmware", "v"} {
		if rest, ok := strings.CutSuffix(before, w); ok && (rest == "" || !isAlpha(rest[len(rest)-1]) && rest[len(rest)-1] < 0x80) {
			return true
		}
	}
	return false
}

// ibanLengths by country: https://www.swift.com/standards/data-standards/iban-international-bank-account-number
var ibanLengths = map[string]int{
	"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28,
	"CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18,
	"GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32,
	"LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24,
	"PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "XK": 20,
}

// ibans finds IBANs by country, length and the remainder of ISO 13616.
func (f *finder) ibans() {
	s := f.text
	for i := 0; i+15 <= len(s); i++ {
		if !isAlpha(s[i]) || !isAlpha(s[i+1]) || !isDigit(s[i+2]) || !isDigit(s[i+3]) || i > 0 && isAlnum(s[i-1]) {
			continue
		}
		want := ibanLengths[strings.ToUpper(s[i:i+2])]
		if want == 0 {
			continue
		}
		n, j := 0, i
		var chars [34]byte
		for j < len(s) && n < want {
			c := s[j]
			switch {
			case isAlnum(c):
				chars[n] = c
				n++
			case (c == ' ' || c == '-') && n >= 4 && j+1 < len(s) && isAlnum(s[j+1]):
			default:
				n = 99
			}
			j++
		}
		if n == want && (j == len(s) || !isAlnum(s[j])) && mod97(chars[:n]) == 1 {
			f.add(i, j, IBAN)
			i = j - 1
		}
	}
}

func mod97(iban []byte) int {
	r := 0
	for i := range iban {
		c := iban[(i+4)%len(iban)]
		if isDigit(c) {
			r = (r*10 + int(c-'0')) % 97
		} else {
			r = (r*100 + int(c|0x20-'a') + 10) % 97
		}
	}
	return r
}
