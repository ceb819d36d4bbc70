package say_test

import (
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"roleos/internal/report/say"
)

func TestNumbers(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2026, 3, d, 9, 0, 0, 0, time.UTC) }
	for _, c := range []struct{ got, want string }{
		{say.Count(0), "0"},
		{say.Count(999), "999"},
		{say.Count(1000), "1,000"},
		{say.Count(-1234567), "-1,234,567"},
		{say.Plural(1, "record", "records"), "1 record"},
		{say.Plural(0, "record", "records"), "0 records"},
		{say.Share(0), "0 %"},
		{say.Share(0.0001), "<0.1 %"},
		{say.Share(0.0005), "0.1 %"},
		{say.Share(0.1234), "12.3 %"},
		{say.Share(0.99949), "99.9 %"},
		{say.Share(0.9999), ">99.9 %"},
		{say.Share(1), "100 %"},
		{say.Share(math.NaN()), "n/a"},
		{say.Interval(0.098, 0.155), "9.8 to 15.5 %"},
		{say.Times(2.84), "2.8×"},
		{say.Times(0.01), "<0.1×"},
		{say.Times(1000), ">99×"},
		{say.Sureness("q", 0.0004), "q < 0.001"},
		{say.Sureness("q", 0.0123), "q = 0.012"},
		{say.Weight(0.35), "0.35"},
		{say.Bytes(1), "1 byte"},
		{say.Bytes(48213), "48.2 kB"},
		{say.Period(day(2), day(4)), "2 Mar 2026 to 4 Mar 2026"},
		{say.Period(day(2), day(2)), "2 Mar 2026"},
		{say.Period(time.Time{}, time.Time{}), ""},
		{say.Period(day(2), time.Time{}), "from 2 Mar 2026"},
		{say.Sentence("a"), "a."},
		{say.Sentence(" Why? "), "Why?"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestRevealNamesWhatDeceives(t *testing.T) {
	for in, want := range map[string]string{
		"plain\ttext\n":   "plain\ttext\n",
		"a\u202eb":        "a⟦U+202E⟧b",
		"\x1b[31m":        "⟦U+001B⟧[31m",
		"zero\u200bwidth": "zero⟦U+200B⟧width",
		"\xff":            "\uFFFD",
		"👩\u200d👧 \u200fשלום نه\u200cها": "👩\u200d👧 \u200fשלום نه\u200cها", // joiners and marks that honest text needs
	} {
		if got := say.Reveal(in); got != want {
			t.Errorf("Reveal(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestPlainAndWidth(t *testing.T) {
	for _, c := range []struct {
		in    string
		ascii bool
		want  string
		width int
	}{
		{"a\tb\r\n c", false, "a b c", 5},
		{"\x1b[31mred\u009b2J", false, "[31mred2J", 9},
		{"日本", false, "日本", 4},
		{"e\u0301", false, "e\u0301", 1},
		{"“é” – 日…", true, `"?" - ?...`, 10},
		{"a\u202eb\u200dc", false, "abc", 3},
	} {
		got := say.Plain(c.in, c.ascii)
		if got != c.want || say.Width(got) != c.width {
			t.Errorf("Plain(%q) = %q (%d columns), want %q (%d)", c.in, got, say.Width(got), c.want, c.width)
		}
	}
}

func TestCutAndFit(t *testing.T) {
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{
		{"short", 8, "short   "},
		{"too long", 6, "too l…"},
		{"日本語", 4, "日… "},
		{"abc", 1, "a"},
		{"abc", 0, ""},
	} {
		if got := say.Fit(c.in, c.n, "…"); got != c.want {
			t.Errorf("Fit(%q, %d) = %q, want %q", c.in, c.n, got, c.want)
		}
	}
}

func TestWrapKeepsTextAndWidth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := say.Plain(rapid.String().Draw(t, "text"), false)
		n := rapid.IntRange(2, 60).Draw(t, "columns")
		lines := say.Wrap(s, n)
		for _, l := range lines {
			if say.Width(l) > n && !strings.Contains(l, " %") {
				t.Fatalf("%q takes %d columns of %d", l, say.Width(l), n)
			}
		}
		bare := func(s string) string { return strings.ReplaceAll(s, " ", "") }
		if got := strings.Join(lines, ""); bare(got) != bare(s) {
			t.Fatalf("wrapped %q, got %q", s, got)
		}
	})
}

func TestClipAndTailCutOnRunes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, n := rapid.String().Draw(t, "s"), rapid.IntRange(-2, 40).Draw(t, "n")
		head, cut := say.Clip(s, n)
		tail := say.Tail(s, n)
		if !utf8.ValidString(head) || !utf8.ValidString(tail) || !strings.HasPrefix(s, head) || !strings.HasSuffix(s, tail) {
			t.Fatalf("Clip %q, Tail %q of %q", head, tail, s)
		}
		if cut != (head != s) || len(head) > max(n, 0) && cut || len(tail) > max(n, 0) {
			t.Fatalf("Clip %q (%v), Tail %q of %q at %d", head, cut, tail, s, n)
		}
	})
}
