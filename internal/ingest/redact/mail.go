package redact

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

func (f *finder) mails() {
	for i := 0; i < len(f.text); {
		w := atSign(f.text[i:])
		if w == 0 {
			i++
			continue
		}
		at := i
		i += w
		if start, end, ok := mailAt(f.text, at, w); ok {
			f.add(start, end, Email)
			i = end
		}
	}
}

// atSign returns the size of the @ that s starts with, 0 when it starts with
// none. East Asian keyboards write it full width too (U+FF20).
func atSign(s string) int {
	switch {
	case s[0] == '@':
		return 1
	case s[0] == 0xEF && strings.HasPrefix(s, "\uFF20"):
		return 3
	}
	return 0
}

// mailAt returns the address around the @ of w bytes at position at. The local part is the
// common subset of RFC 5321 and letters of any script that has cases; the domain needs a top level of letters.
func mailAt(s string, at, w int) (start, end int, ok bool) {
	start = at
	for start > 0 {
		r, size := utf8.DecodeLastRuneInString(s[:start])
		if !(r < utf8.RuneSelf && isAlnum(byte(r)) || strings.ContainsRune("._%+-'", r) || r >= utf8.RuneSelf && (unicode.IsLower(r) || unicode.IsUpper(r))) || at-start > 64 {
			break
		}
		start -= size
	}
	for start < at && strings.IndexByte(".'-%+", s[start]) >= 0 {
		start++
	}
	if start == at || s[at-1] == '.' {
		return 0, 0, false
	}
	end = at + w
	dot, tld := -1, 0 // the last dot, letters after it
	for end < len(s) && end-at < 255 {
		r, size := utf8.DecodeRuneInString(s[end:])
		switch {
		case r == '.':
			if end == at+w || s[end-1] == '.' {
				goto done
			}
			dot, tld = end, 0
		case r == '-' || r < utf8.RuneSelf && isDigit(byte(r)):
			if dot >= 0 && r != '-' {
				tld = -100
			}
		case r < utf8.RuneSelf && isAlpha(byte(r)) || r >= utf8.RuneSelf && (unicode.IsLower(r) || unicode.IsUpper(r)):
			tld++
		default:
			goto done
		}
		end += size
	}
done:
	for end > at+w && (s[end-1] == '.' || s[end-1] == '-') {
		if end-1 == dot { // a full stop after the address
			dot = strings.LastIndexByte(s[at:dot], '.') + at
			tld = end - 1 - dot - 1
			if dot <= at || !isAlpha(s[end-2]) {
				dot = -1
			}
		}
		end--
	}
	return start, end, dot > at && tld >= 2
}

// ip6 finds IPv6 addresses: at least three groups, one of them with a digit.
func (f *finder) ip6() {
	for i := 0; i < len(f.text); {
		if !isHex(f.text[i]) && f.text[i] != ':' {
			i++
			continue
		}
		start := i
		colons, digit := 0, false
		for i < len(f.text) && (isHex(f.text[i]) || f.text[i] == ':' || f.text[i] == '.') {
			if f.text[i] == ':' {
				colons++
			}
			digit = digit || isDigit(f.text[i])
			i++
		}
		end := i
		for end > start && f.text[end-1] == '.' || end > start+1 && f.text[end-1] == ':' && f.text[end-2] != ':' {
			end--
		}
		if colons < 2 || !digit || end-start < 5 || end-start > 45 || start > 0 && isAlnum(f.text[start-1]) || end < len(f.text) && isAlnum(f.text[end]) {
			continue
		}
		if a, err := netip.ParseAddr(f.text[start:end]); err == nil && !a.IsLoopback() && !a.IsUnspecified() {
			f.add(start, end, IP)
		}
	}
}

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }
