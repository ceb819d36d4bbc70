package decode_test

import (
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"pgregory.net/rapid"

	"roleos/internal/ingest/decode"
)

func encode16(s string, big bool) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		if big {
			b.Write([]byte{byte(u >> 8), byte(u)})
		} else {
			b.Write([]byte{byte(u), byte(u >> 8)})
		}
	}
	return b.String()
}

func TestDecodeFindsTheEncoding(t *testing.T) {
	const text = "id,text\n1,Grüße – schön\n2,ordinary words follow here\n"
	cases := []struct {
		name, raw, want, encoding string
		damaged                   int
	}{
		{"ascii", "a,b\n", "a,b\n", decode.UTF8, 0},
		{"empty", "", "", decode.UTF8, 0},
		{"utf-8", text, text, decode.UTF8, 0},
		{"utf-8 with mark", "\xEF\xBB\xBF" + text, text, decode.UTF8, 0},
		{"utf-16le with mark", "\xFF\xFE" + encode16(text, false), text, decode.UTF16LE, 0},
		{"utf-16be with mark", "\xFE\xFF" + encode16(text, true), text, decode.UTF16BE, 0},
		{"utf-16le bare", encode16(text, false), text, decode.UTF16LE, 0},
		{"utf-16be bare", encode16(text, true), text, decode.UTF16BE, 0},
		{"latin-1", "caf\xe9 cr\xe8me", "café crème", decode.Latin1, 0},
		{"windows-1252", "it\x92s 5 \x80", "it’s 5 €", decode.Windows1252, 0},
		{"japanese in shift-jis is not guessed", "\x82\xb1\x82\xf1", "‚±‚ñ", decode.Windows1252, 0},
		{"utf-8 cut once", "äöüäöüäöü \xc3 end", "äöüäöüäöü \uFFFD end", decode.UTF8, 1},
		{"tiny utf-8 with a stray byte", "é,\xff", "é,\uFFFD", decode.UTF8, 1},
		{"one chance pair in latin-1", "\xe9\xe8\xfc \xc9\xbb caf\xe9", "éèü É» café", decode.Latin1, 0},
		{"half a pair", "\xFF\xFEa\x00\x00\xD8b\x00", "a\uFFFDb", decode.UTF16LE, 1},
		{"odd length", "\xFF\xFEa\x00b", "a\uFFFD", decode.UTF16LE, 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := decode.Decode(c.raw)
			if got.String != c.want || got.Encoding != c.encoding || got.Damaged != c.damaged {
				t.Errorf("Decode = %q as %s with %d damaged, want %q as %s with %d",
					got.String, got.Encoding, got.Damaged, c.want, c.encoding, c.damaged)
			}
		})
	}
}

func TestMojibakeIsCounted(t *testing.T) {
	if n := decode.Mojibake("cafÃ© and itâ€™s fine"); n != 2 {
		t.Errorf("Mojibake = %d, want 2", n)
	}
	if n := decode.Mojibake("São Paulo, âge, Ã la carte"); n != 0 {
		t.Errorf("Mojibake = %d in sound text, want 0", n)
	}
}

func TestDecodedTextIsWhatWasEncoded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.RuneFrom([]rune("abc ,;\n\"äß漢字😀"))).Draw(t, "s")
		for _, raw := range []string{"\xEF\xBB\xBF" + s, "\xFF\xFE" + encode16(s, false), "\xFE\xFF" + encode16(s, true)} {
			if got := decode.Decode(raw); got.String != s || got.Damaged != 0 {
				t.Fatalf("Decode(%q) = %+v, want %q", raw, got, s)
			}
		}
	})
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"", "a", "\xFF\xFE", "\xFE\xFF\x00", "\xc3\x28", "a\x00b\x00", "caf\xe9"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got := decode.Decode(string(raw))
		if !utf8.ValidString(got.String) {
			t.Errorf("invalid UTF-8 from %q", raw)
		}
		if len(got.String) > 3*len(raw)+3 {
			t.Errorf("%d bytes became %d", len(raw), len(got.String))
		}
		decode.Mojibake(got.String)
	})
}
