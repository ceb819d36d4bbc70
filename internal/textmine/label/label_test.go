package label

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// group is a theme of made-up messages about a reporting product.
type group struct {
	texts []string
	first string // its best phrase
	name  string
}

func groups() []group {
	return []group{
		{[]string{
			"The dashboard export fails every morning.", "Export of my dashboard is broken again",
			"Why does the dashboard export stop at 50 rows?", "dashboard export to PDF never finishes", "I can't run the dashboard export",
		}, "dashboard export", "Dashboard export"},
		{[]string{
			"I never got the password reset e-mail", "Password reset link has expired", "How do I ask for a password reset?",
			"The password reset does not arrive", "reset my password please, the link is dead",
		}, "password reset", "Password reset"},
		{[]string{
			"Please add single sign-on with Okta", "We need single sign-on for the whole team", "Is single sign-on in the basic plan?", "Single sign-on would save us hours",
		}, "single sign-on", "Single sign-on"},
		{[]string{
			"The map is not loading on my phone", "Map not loading since Monday", "the map isn't loading for our branch in Paris", "our Paris map isn't loading",
		}, "map isn't loading", "Map isn't loading · Paris"},
	}
}

func corpus(gs []group) (texts []Text, theme []int) {
	for c, g := range gs {
		for _, s := range g.texts {
			texts = append(texts, Text{Doc: len(texts), End: len(s), Text: s})
			theme = append(theme, c)
		}
	}
	return texts, theme
}

func asTexts(ss ...string) []Text {
	var out []Text
	for i, s := range ss {
		out = append(out, Text{Doc: i, End: len(s), Text: s})
	}
	return out
}

func TestPhrasesNameWhatAThemeIsAbout(t *testing.T) {
	gs := groups()
	texts, theme := corpus(gs)
	ps := Phrases(texts, theme, len(gs))
	for c, g := range gs {
		if len(ps[c]) == 0 || ps[c][0].Surface != g.first {
			t.Errorf("theme %d: phrases %+v, want first %q", c, ps[c], g.first)
			continue
		}
		if got := Name(ps[c]); got != g.name {
			t.Errorf("theme %d: name %q, want %q", c, got, g.name)
		}
		if len(ps[c]) > keepPhrases {
			t.Errorf("theme %d has %d phrases", c, len(ps[c]))
		}
	}
}

func TestPhrasesDoNotDependOnOrderOrCalls(t *testing.T) {
	gs := groups()
	texts, theme := corpus(gs)
	want := Phrases(texts, theme, len(gs))
	for range 5 {
		if d := cmp.Diff(want, Phrases(texts, theme, len(gs))); d != "" {
			t.Fatal(d)
		}
	}
	slices.Reverse(texts)
	slices.Reverse(theme)
	if d := cmp.Diff(want, Phrases(texts, theme, len(gs))); d != "" {
		t.Fatalf("another order of texts gives other labels:\n%s", d)
	}
}

func TestPhrasesIgnoreRedactedAndUnassigned(t *testing.T) {
	texts := asTexts("refund for secretname please", "refund for secretname now", "refund secretname", "login page", "login page slow", "hidden words only")
	for i := range texts {
		if at := strings.Index(texts[i].Text, "secretname"); at >= 0 {
			texts[i].Skip = [][2]int{{at, at + len("secretname")}}
		}
	}
	for c, list := range Phrases(texts, []int{0, 0, 0, 1, 1, -1}, 2) {
		for _, p := range list {
			if strings.Contains(p.Surface, "secret") || strings.Contains(p.Surface, "hidden") {
				t.Errorf("theme %d is labelled with %q", c, p.Surface)
			}
		}
	}
}

func TestPhrasesSurviveAnything(t *testing.T) {
	huge := strings.Repeat("very long words without an end ", 100_000)
	for name, texts := range map[string][]Text{
		"none": nil, "empty": asTexts("", ""), "huge": asTexts(huge, huge), "emoji": asTexts("😀😡", "👨‍👩‍👧"),
		"invalid": asTexts("\xff\xfe\xc3", "ab\xc3("), "arabic": asTexts("التطبيق لا يعمل", "التطبيق بطيء"),
		"bad skip":    {{Text: "abc def", Skip: [][2]int{{-3, 99}, {5, 2}}}},
		"no language": asTexts("1234 5678", "--- !!!"),
	} {
		theme := make([]int, len(texts))
		ps := Phrases(texts, theme, 3)
		if len(ps) != 3 {
			t.Fatalf("%s: %d themes", name, len(ps))
		}
		for _, p := range ps[0] {
			if p.Surface == "" || p.Key == "" || !utf8.ValidString(p.Surface) {
				t.Errorf("%s: phrase %+v", name, p)
			}
		}
		if Name(ps[0]) == "" {
			t.Errorf("%s: no name", name)
		}
	}
	if got := Phrases(nil, nil, 0); got != nil {
		t.Errorf("no themes: %v", got)
	}
	// More themes named than asked for, fewer themes than texts.
	Phrases(asTexts("one text", "two texts"), []int{7}, 1)
}

func TestPhrasesInScriptsWithoutSpaces(t *testing.T) {
	texts := asTexts("无法登录账户", "登录失败了", "登录页面很慢", "退款还没有到账", "申请退款", "退款太慢")
	ps := Phrases(texts, []int{0, 0, 0, 1, 1, 1}, 2)
	for c, want := range []string{"登录", "退款"} {
		if len(ps[c]) == 0 || ps[c][0].Surface != want {
			t.Errorf("theme %d: %+v, want %s", c, ps[c], want)
		}
	}
}

func TestPhrasesOfALoneTheme(t *testing.T) {
	ps := Phrases(asTexts("invoice is wrong", "my invoice is missing", "invoice never came", "where is the invoice"), []int{0, 0, 0, 0}, 1)
	if len(ps[0]) == 0 || ps[0][0].Surface != "invoice" {
		t.Errorf("%+v", ps[0])
	}
}

func TestScanLeavesAddressesOut(t *testing.T) {
	s := "mail me@shop.example, (see https://a.example/x?y=z) or WWW.b.example @team a@b no-reply it's 3 o’clock don’t"
	var got []string
	scan(s, nil, func(w token) bool {
		got = append(got, s[w.start:w.end])
		return true
	})
	want := []string{"mail", "see", "or", "a", "b", "no", "reply", "it's", "3", "o’clock", "don’t"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// Long texts without spaces or without words must not take time in the square of their length.
func BenchmarkWorstCase(b *testing.B) {
	for _, unit := range []string{"a,", "(", ".", "a.", "\n", "A\n", "a? ", "'a", "@", "。", "- ", "é\u0301", "\xff"} {
		texts := asTexts(strings.Repeat(unit, 1<<20/len(unit)))
		b.Run(strings.TrimSpace(strconv.Quote(unit)), func(b *testing.B) {
			for b.Loop() {
				ps := Phrases(texts, []int{0}, 1)
				State([]int{0}, texts, ps[0])
				Quotes([]int{0}, texts, 3)
				Intensity(texts[0].Text)
				Sentences(texts[0].Text)
			}
		})
	}
}

func TestNameStaysShort(t *testing.T) {
	long := strings.Repeat("Donaudampfschifffahrt", 5)
	for _, ps := range [][]Phrase{
		{{Surface: long, Key: "x", Score: 1}},
		{{Surface: "card payment declined abroad", Key: "card payment declin abroad", Score: 2}, {Surface: "foreign currency exchange", Key: "foreign currenc exchang", Score: 2}},
		{{Surface: "", Key: "", Score: 2}},
		nil,
	} {
		if n := Name(ps); n == "" || utf8.RuneCountInString(n) > nameRunes {
			t.Errorf("%q", n)
		}
	}
}

func TestUniqueNames(t *testing.T) {
	ps := [][]Phrase{
		{{Surface: "refund", Key: "refund"}},
		{{Surface: "refund", Key: "refund"}, {Surface: "late", Key: "late"}},
		{{Surface: "refund", Key: "refund"}},
		nil, nil,
	}
	got := Unique([]string{"Refund", "refund", "REFUND", "", "Refund (2)"}, ps)
	want := []string{"Refund", "refund · late", "REFUND (3)", "Untitled", "Refund (2)"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got := Unique([]string{"A", "a", "A"}, nil); len(got) != 3 || got[1] == got[2] || strings.EqualFold(got[0], got[1]) {
		t.Error(got)
	}
}

func TestLn(t *testing.T) {
	for x, want := range map[float64]float64{1: 0, 2: 0.6931471805599453, 10: 2.302585092994046, 0.001: -6.907755278982137, 1e9: 20.72326583694641} {
		if got := ln(x); got-want > 1e-12 || want-got > 1e-12 {
			t.Errorf("ln(%v) = %v, want %v", x, got, want)
		}
	}
}
