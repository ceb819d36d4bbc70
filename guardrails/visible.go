package guardrails

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Visible returns s with every character that a reader cannot see, or that
// changes the order of what is read, written out as ⟦U+202E⟧, and every byte
// that is no text as ⟦byte FF⟧. Line feeds, tabs and spaces stay. The brackets
// themselves are written out too, so that a text cannot pretend to be a mark.
func Visible(s string) string {
	clean := true
	for i, r := range s {
		if hidden(r) || (r == utf8.RuneError && s[i] != 0xEF) {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			const digits = "0123456789ABCDEF"
			b.WriteString("⟦byte ")
			b.WriteByte(digits[s[i]>>4])
			b.WriteByte(digits[s[i]&0xF])
			b.WriteString("⟧")
		case hidden(r):
			fmt.Fprintf(&b, "⟦U+%04X⟧", r)
		default:
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// hidden reports whether a reader cannot see r or cannot tell it from a space.
// Beside the categories these are Unicode's Default_Ignorable_Code_Points,
// https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point
func hidden(r rune) bool {
	switch r {
	case '\n', '\t', ' ':
		return false
	case '⟦', '⟧', 0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0:
		return true
	}
	switch {
	case r < 0x20 || r == 0x7F:
		return true
	case r < 0x7F:
		return false
	case r >= 0x180B && r <= 0x180F, r >= 0xFE00 && r <= 0xFE0F, r >= 0xE0000 && r <= 0xE0FFF:
		return true
	}
	return unicode.In(r, unicode.C, unicode.Zs, unicode.Zl, unicode.Zp)
}
