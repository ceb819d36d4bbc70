package say

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Deceives reports whether a reader would not see r, or would see other
// characters out of their order because of it. Joiners and the plain direction
// marks of right-to-left scripts are needed by honest text and do not count.
// https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
func Deceives(r rune) bool {
	switch {
	case r == '\n' || r == '\t' || r == '\r':
		return false
	case unicode.IsControl(r):
		return true
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069: // embedding, override, isolate
		return true
	case r == 0x200b, r == 0x2060, r == 0xfeff, r == 0x00ad, r == 0x180e: // no width
		return true
	case r >= 0xfff9 && r <= 0xfffb, r >= 0xe0000 && r <= 0xe007f: // interlinear, tags
		return true
	case r == 0x2028, r == 0x2029: // separators that some readers take for a new line
		return true
	}
	return false
}

// Reveal writes every character that deceives as its name, ⟦U+202E⟧, and every
// byte that is not UTF-8 as U+FFFD.
func Reveal(s string) string {
	if utf8.ValidString(s) && strings.IndexFunc(s, Deceives) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		if Deceives(r) {
			fmt.Fprintf(&b, "⟦U+%04X⟧", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// OneLine folds all white space to single spaces.
func OneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Clip cuts s to at most n bytes on a rune boundary and reports whether it did.
func Clip(s string, n int) (string, bool) {
	n = max(n, 0)
	if len(s) <= n {
		return s, false
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n], true
}

// Tail returns at most the last n bytes of s, from a rune boundary.
func Tail(s string, n int) string {
	i := max(0, len(s)-max(n, 0))
	for i < len(s) && !utf8.RuneStart(s[i]) {
		i++
	}
	return s[i:]
}
