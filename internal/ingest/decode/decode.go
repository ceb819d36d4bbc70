package decode

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// The encodings this package names.
const (
	UTF8        = "utf-8"
	UTF16LE     = "utf-16le"
	UTF16BE     = "utf-16be"
	Latin1      = "iso-8859-1"
	Windows1252 = "windows-1252"
)

// Text is decoded text and what decoding it took.
type Text struct {
	String   string // valid UTF-8, without a byte order mark
	Encoding string
	BOM      bool
	Damaged  int // characters replaced by U+FFFD because the bytes mean nothing in Encoding
}

// Decode returns raw as UTF-8 text. UTF-8 input is not copied. A byte order
// mark decides; without one zero bytes mark UTF-16, valid UTF-8 is UTF-8, and
// the rest is Windows-1252 unless its high bytes form mostly UTF-8 characters:
// in Windows-1252 text two letters hardly ever happen to form one.
func Decode(raw string) Text {
	switch {
	case strings.HasPrefix(raw, "\xEF\xBB\xBF"):
		t := fromUTF8(raw[3:])
		t.BOM = true
		return t
	case strings.HasPrefix(raw, "\xFF\xFE"):
		t := fromUTF16(raw[2:], 0)
		t.BOM = true
		return t
	case strings.HasPrefix(raw, "\xFE\xFF"):
		t := fromUTF16(raw[2:], 1)
		t.BOM = true
		return t
	}
	if order, ok := zeroPattern(raw); ok {
		return fromUTF16(raw, order)
	}
	if utf8.ValidString(raw) {
		return Text{String: raw, Encoding: UTF8}
	}
	if characters, strays := highBytes(raw); strays*2 <= characters || strays <= 2 && strays <= characters {
		return fromUTF8(raw)
	}
	return fromWindows1252(raw)
}

// zeroPattern says whether the zero bytes of the first 8 KiB look like UTF-16
// text in a script with many ASCII characters; order is where the high byte stands: 0 second, 1 first.
func zeroPattern(raw string) (order int, ok bool) {
	n := min(len(raw), 8<<10)
	if n < 2 || strings.IndexByte(raw[:n], 0) < 0 {
		return 0, false
	}
	var zeros [2]int
	for i := range n {
		if raw[i] == 0 {
			zeros[i&1]++
		}
	}
	half := n / 2
	switch {
	case zeros[1]*10 >= half && zeros[0]*8 <= zeros[1]:
		return 0, true
	case zeros[0]*10 >= half && zeros[1]*8 <= zeros[0]:
		return 1, true
	}
	return 0, false
}

// highBytes counts the multi-byte UTF-8 characters of raw and the high bytes that belong to none.
func highBytes(raw string) (characters, strays int) {
	for i := 0; i < len(raw); {
		if raw[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, w := utf8.DecodeRuneInString(raw[i:])
		if r == utf8.RuneError && w == 1 {
			strays++
		} else {
			characters++
		}
		i += w
	}
	return characters, strays
}

func fromUTF8(raw string) Text {
	t := Text{String: raw, Encoding: UTF8}
	if utf8.ValidString(raw) {
		return t
	}
	_, t.Damaged = highBytes(raw)
	t.String = strings.ToValidUTF8(raw, "\uFFFD")
	return t
}

func fromUTF16(raw string, order int) Text {
	t := Text{Encoding: UTF16LE}
	if order == 1 {
		t.Encoding = UTF16BE
	}
	var b strings.Builder
	b.Grow(len(raw)/2 + len(raw)/16)
	unit := func(i int) rune {
		if order == 1 {
			return rune(raw[i])<<8 | rune(raw[i+1])
		}
		return rune(raw[i+1])<<8 | rune(raw[i])
	}
	for i := 0; i+1 < len(raw); i += 2 {
		r := unit(i)
		if utf16.IsSurrogate(r) {
			full := rune(utf8.RuneError)
			if i+3 < len(raw) {
				full = utf16.DecodeRune(r, unit(i+2))
			}
			if full == utf8.RuneError {
				t.Damaged++
			} else {
				i += 2
			}
			r = full
		}
		b.WriteRune(r)
	}
	if len(raw)%2 == 1 {
		t.Damaged++
		b.WriteRune(utf8.RuneError)
	}
	t.String = b.String()
	return t
}

// c1 holds what Windows-1252 puts at 0x80 to 0x9F, 0 where it has nothing:
// https://encoding.spec.whatwg.org/index-windows-1252.txt lists the same cells.
var c1 = [32]rune{
	0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017D, 0,
	0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E, 0x0178,
}

func fromWindows1252(raw string) Text {
	t := Text{Encoding: Latin1}
	var b strings.Builder
	b.Grow(len(raw) + len(raw)/8)
	for i := range len(raw) {
		c := raw[i]
		r := rune(c)
		if c >= 0x80 && c < 0xA0 {
			t.Encoding = Windows1252
			if r = c1[c-0x80]; r == 0 {
				r = utf8.RuneError
				t.Damaged++
			}
		}
		b.WriteRune(r)
	}
	t.String = b.String()
	return t
}

// Mojibake counts places where UTF-8 was once read as Windows-1252 and saved
// again, such as "Ã©" for "é" or "â€™" for an apostrophe.
func Mojibake(s string) int {
	n := 0
	for i := 0; ; {
		j := strings.IndexByte(s[i:], 0xC3) // both start with it
		if j < 0 {
			return n
		}
		i += j
		r, w := utf8.DecodeRuneInString(s[i:])
		next, _ := utf8.DecodeRuneInString(s[i+w:])
		if r == 'Ã' && (next >= 0x80 && next <= 0xBF || next == 'Ÿ' || next == '¼') || r == 'â' && (next == '€' || next == '„') {
			n++
		}
		i += w
	}
}
