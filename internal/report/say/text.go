package say

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// Width returns the terminal columns s takes, without colours in it.
func Width(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

// runeWidth returns how many terminal columns r takes: 0, 1 or 2.
func runeWidth(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf), r >= 0xfe00 && r <= 0xfe0f:
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	case width.Neutral, width.EastAsianAmbiguous, width.EastAsianNarrow, width.EastAsianHalfwidth:
	}
	return 1
}

// Plain makes text from outside fit for a terminal: on one line, without control
// and formatting characters. Without ascii it keeps every visible character;
// with it, punctuation is written in ASCII and the rest as a question mark.
func Plain(s string, ascii bool) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		switch {
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		case Deceives(r), unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs):
		case ascii && r > '~':
			b.WriteString(inASCII(r))
		default:
			b.WriteRune(r)
		}
	}
	return OneLine(b.String())
}

func inASCII(r rune) string {
	switch r {
	case '‘', '’', '‚', '′':
		return "'"
	case '“', '”', '„', '«', '»', '″':
		return `"`
	case '‐', '‑', '‒', '–', '—', '−':
		return "-"
	case '…':
		return "..."
	case '×':
		return "x"
	case '•', '·':
		return "*"
	}
	if unicode.Is(unicode.Mn, r) {
		return ""
	}
	return "?"
}

// Fit cuts or pads s to exactly n columns. A cut ends with more.
func Fit(s string, n int, more string) string {
	s = Cut(s, n, more)
	return s + strings.Repeat(" ", max(0, n-Width(s)))
}

// Cut shortens s to at most n columns and ends it with more when it did.
func Cut(s string, n int, more string) string {
	if Width(s) <= n {
		return s
	}
	room := n - Width(more)
	if room <= 0 {
		more, room = "", n
	}
	used := 0
	for i, r := range s {
		w := runeWidth(r)
		if used+w > room {
			return strings.TrimRight(s[:i], " ") + more
		}
		used += w
	}
	return s
}

// Wrap breaks s at spaces into lines of at most n columns; a word longer than
// a line is broken inside.
func Wrap(s string, n int) []string {
	n = max(n, 2) // the widest character takes two
	var lines []string
	line, used := "", 0
	for _, word := range words(s) {
		if used > 0 && used+1+Width(word) > n {
			lines = append(lines, line)
			line, used = "", 0
		}
		for Width(word) > n {
			head := Cut(word, n, "")
			lines = append(lines, head)
			word = word[len(head):]
		}
		if used > 0 {
			line += " "
		}
		line += word
		used = Width(line)
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// words splits s at white space; a percent sign stays with its number.
func words(s string) []string {
	out := strings.Fields(s)
	n := 0
	for _, w := range out {
		if n > 0 && strings.HasPrefix(w, "%") {
			out[n-1] += " " + w
			continue
		}
		out[n] = w
		n++
	}
	return out[:n]
}
