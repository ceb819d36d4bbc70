package redact

import (
	"strings"
	"unicode/utf8"
)

// cards finds payment cards wherever their digits stand: glued to letters,
// broken over lines, or written with dots or no-break spaces.
func (f *finder) cards() {
	s := f.text
	var store [5]group
	for i := 0; i < len(s); {
		if !isDigit(s[i]) {
			i++
			continue
		}
		groups := cardGroups(s, i, store[:0])
		next := groups[0].end
		for n := len(groups); n > 0; n-- {
			if f.payment(groups[:n]) {
				f.add(i, groups[n-1].end, Card)
				next = groups[n-1].end
				break
			}
		}
		i = next
	}
}

// payment reports whether the groups are a whole card number and no part of a decimal number.
func (f *finder) payment(g []group) bool {
	s, from, to := f.text, g[0].start, g[len(g)-1].end
	digits := 0
	for i, x := range g {
		digits += x.size()
		if i > 0 && x.sep != g[1].sep && !(isBreak(x.sep) && isBreak(g[1].sep)) {
			return false
		}
	}
	switch {
	case digits < 13 || digits > 19:
		return false
	case from >= 2 && (s[from-1] == '.' || s[from-1] == ',') && isDigit(s[from-2]):
		return false
	case to+1 < len(s) && s[to] == '.' && isDigit(s[to+1]):
		return false
	}
	return cardForm(g) && issuer(s[from:]) && f.luhn(g)
}

// isBreak reports whether a separator is white space, of which a line that was wrapped mixes kinds.
func isBreak(sep string) bool { return sep != "-" && sep != "." }

// cardGroups reads up to five groups of digits from i on, one separator apart.
func cardGroups(s string, i int, out []group) []group {
	sep := ""
	for len(out) < 5 {
		j := i
		for j < len(s) && isDigit(s[j]) {
			j++
		}
		out = append(out, group{i, j, sep})
		k := j + cardSeparator(s[j:])
		if k == j || k >= len(s) || !isDigit(s[k]) {
			break
		}
		sep, i = s[j:k], k
	}
	return out
}

// cardSeparator returns the size of the separator that s starts with, 0 when it starts with none.
func cardSeparator(s string) int {
	if strings.HasPrefix(s, "\r\n") {
		return 2
	}
	r, w := utf8.DecodeRuneInString(s)
	switch r {
	case ' ', '-', '.', '\t', '\n', '\r', '\u00A0', '\u2007', '\u2009', '\u202F', '\u3000':
		return w
	}
	return 0
}

// urls masks the name and password in front of the host of an address: postgres://name:password@host.
func (f *finder) urls() {
	const most = 512
	s := f.text
	for i := 0; ; {
		j := strings.Index(s[i:], "://")
		if j < 0 {
			return
		}
		start := i + j + 3
		i = start
		if start < 4 || !isAlnum(s[start-4]) {
			continue
		}
		rest := s[start:min(len(s), start+most)]
		if k := strings.IndexAny(rest, " \t\r\n\"'<>`"); k >= 0 {
			rest = rest[:k]
		}
		host := rest
		if k := strings.IndexAny(rest, "/?#"); k >= 0 {
			host = rest[:k]
		}
		at, colon := strings.LastIndexByte(host, '@'), strings.IndexByte(host, ':')
		if at < 0 && colon >= 0 && strings.Trim(host[colon+1:], "0123456789") != "" {
			at = strings.LastIndexByte(rest, '@') // the password holds a sign that should have been escaped; what follows a port is a path
		}
		if colon >= 0 && at > colon+1 {
			f.add(start, start+at, Key)
			i = start + at
		}
	}
}
