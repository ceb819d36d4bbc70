package label

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxScan bounds the bytes of one text that are read for words. A label does not
// get better from the second half of a novel.
const maxScan = 16 << 10

// token is one word of a text.
type token struct {
	start, end int
	// head is true when a clause begins here: phrases do not cross it.
	head bool
	// solid is true for a sign of a script that is written without spaces.
	solid bool
}

// scan calls yield for each word of s outside skip, in order, until yield
// returns false. Web addresses, mail addresses and mentions are no words.
func scan(s string, skip [][2]int, yield func(token) bool) {
	if len(s) > maxScan {
		s = s[:maxScan]
	}
	head, field, next := true, true, 0
	for i := 0; i < len(s); {
		for next < len(skip) && skip[next][1] <= i {
			next++
		}
		if next < len(skip) && i >= skip[next][0] {
			i, head, field = skip[next][1], true, true
			continue
		}
		if field {
			if n := opaque(s[i:]); n > 0 {
				i, head = i+n, true
				continue
			}
		}
		c := s[i]
		if c == ' ' || c == '\t' {
			field = true
			i++
			continue
		}
		r, w := rune(c), 1
		if c >= utf8.RuneSelf {
			r, w = utf8.DecodeRuneInString(s[i:])
		}
		if !wordRune(r) {
			field = startsField(r)
			if !softGap(r) {
				head = true
			}
			i += w
			continue
		}
		field = false
		t := token{start: i, head: head, solid: solidRune(r)}
		stop := len(s)
		if next < len(skip) {
			stop = min(stop, max(skip[next][0], i))
		}
		t.end = i + w
		if !t.solid {
			t.end = wordEnd(s[:stop], i+w)
		}
		head = false
		if !yield(t) {
			return
		}
		i = t.end
	}
}

// wordEnd returns where the word that goes on at i ends. An apostrophe between
// letters belongs to the word.
func wordEnd(s string, i int) int {
	for i < len(s) {
		r, w := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, w = utf8.DecodeRuneInString(s[i:])
		}
		if r == '\'' || r == '’' {
			q, v := utf8.DecodeRuneInString(s[i+w:])
			if v == 0 || !unicode.IsLetter(q) || solidRune(q) {
				return i
			}
			i += w + v
			continue
		}
		if !wordRune(r) || solidRune(r) {
			return i
		}
		i += w
	}
	return i
}

func wordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return r|32 >= 'a' && r|32 <= 'z' || r >= '0' && r <= '9'
	}
	return unicode.In(r, unicode.L, unicode.N, unicode.M)
}

// solidRune reports whether r belongs to a script that puts no space between words.
func solidRune(r rune) bool {
	return r >= 0x0e00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// softGap reports whether a phrase may go across r.
func softGap(r rune) bool {
	switch r {
	case ' ', '\t', '\u00a0', '-', '‐', '‑', '/', '&', '\'', '’':
		return true
	}
	return false
}

// startsField reports whether an address may begin behind r.
func startsField(r rune) bool {
	return unicode.IsSpace(r) || strings.ContainsRune("([{<\"“'‘«,;:", r)
}

// opaque returns the length of the address or mention that s starts with, or 0.
func opaque(s string) int {
	// An address shows itself early; looking further would make long runs of
	// punctuation slow.
	f := s[:min(len(s), 80)]
	if n := strings.IndexFunc(f, unicode.IsSpace); n >= 0 {
		f = f[:n]
	}
	at := strings.IndexByte(f, '@')
	if !strings.Contains(f, "://") && !hasFold(f, "www.") && (at != 0 || len(f) == 1) && (at < 0 || strings.IndexByte(f[at:], '.') < 0) {
		return 0
	}
	if n := strings.IndexFunc(s, unicode.IsSpace); n >= 0 {
		return n
	}
	return len(s)
}

// hasFold reports whether s starts with the lower-case ASCII prefix p in any case.
func hasFold(s, p string) bool { return len(s) >= len(p) && strings.EqualFold(s[:len(p)], p) }

// cleanSkip returns skip within [0,n), sorted and merged.
func cleanSkip(skip [][2]int, n int) [][2]int {
	ok := true
	last := 0
	for _, r := range skip {
		if r[0] < last || r[1] <= r[0] || r[1] > n {
			ok = false
			break
		}
		last = r[1]
	}
	if ok {
		return skip
	}
	var out [][2]int
	for _, r := range skip {
		r[0], r[1] = max(r[0], 0), min(r[1], n)
		if r[0] < r[1] {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b [2]int) int {
		if a[0] != b[0] {
			return a[0] - b[0]
		}
		return a[1] - b[1]
	})
	m := 0
	for _, r := range out {
		if m > 0 && r[0] <= out[m-1][1] {
			out[m-1][1] = max(out[m-1][1], r[1])
			continue
		}
		out[m] = r
		m++
	}
	return out[:m]
}
