package label

import (
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func seedTexts(f *testing.F) {
	f.Helper()
	for _, s := range []string{
		"", "a", "It broke. Why? I paid 3.50 to Mr. X!", "- one\n- two\r\n\r\n3) three…", "无法登录。为什么？", "😀👨‍👩‍👧 ok.", "\xff\xfe. \xc3(! x", "لا يعمل؟ نعم.",
		"a\u0301. b\u200d\ufeff", "x@y.z www.a.b http://c", "can't won’t 'tis'", "....!?!?....",
	} {
		f.Add(s, 1, 3)
	}
}

// checkSpan fails unless [s,e) is a proper range of text that splits no rune.
func checkSpan(t *testing.T, text string, s, e int) {
	t.Helper()
	if s < 0 || e > len(text) || s >= e {
		t.Fatalf("%d..%d of %d bytes", s, e, len(text))
	}
	if utf8.ValidString(text) && !utf8.ValidString(text[s:e]) {
		t.Fatalf("%d..%d splits a rune: %q", s, e, text[s:e])
	}
}

func FuzzSentences(f *testing.F) {
	seedTexts(f)
	f.Fuzz(func(t *testing.T, text string, _, _ int) {
		last := 0
		for _, s := range Sentences(text) {
			checkSpan(t, text, s[0], s[1])
			if s[0] < last {
				t.Fatalf("%v overlaps what ends at %d", s, last)
			}
			last = s[1]
		}
	})
}

func FuzzStateAndQuotes(f *testing.F) {
	seedTexts(f)
	f.Fuzz(func(t *testing.T, text string, from, to int) {
		half := len(text) / 2
		texts := asTexts(text, text[:half], text[half:], "A plain sentence stands here.")
		texts[0].Skip = [][2]int{{from, to}}
		central := []int{0, 1, 2, 3, 0, from}
		ps := Phrases(texts, []int{0, 0, 0, 1}, 2)
		if st := State(central, texts, ps[0]); st.Unit >= 0 {
			checkSpan(t, texts[st.Unit].Text, st.Start, st.End)
		} else {
			t.Fatal("a plain sentence is not quoted")
		}
		qs := Quotes(central, texts, 3)
		if len(qs) == 0 || len(qs) > 3 {
			t.Fatalf("%d quotes", len(qs))
		}
		for _, q := range qs {
			checkSpan(t, texts[q.Unit].Text, q.Start, q.End)
			if q.End-q.Start > maxQuote {
				t.Fatalf("%d bytes", q.End-q.Start)
			}
		}
		if v, ws := Intensity(text); v < 0 || v > 1 || (v > 0) != (len(ws) > 0) {
			t.Fatalf("intensity %v %q", v, ws)
		}
		for _, list := range ps {
			if n := Name(list); n == "" || utf8.RuneCountInString(n) > nameRunes || !utf8.ValidString(n) {
				t.Fatalf("name %q", n)
			}
		}
	})
}

func TestSentencesKeepEveryWord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune("ab1 .,!?\n\r-*…。？é😀\"')"))).Draw(t, "text")
		covered := make([]bool, len(text))
		for _, s := range Sentences(text) {
			for i := s[0]; i < s[1]; i++ {
				covered[i] = true
			}
		}
		for i, r := range text {
			// List marks are left out with their number.
			if (r == 'a' || r == 'b' || r == 'é') && !covered[i] {
				t.Fatalf("%q at %d is in no sentence", r, i)
			}
		}
	})
}

func TestUniqueIsUnique(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SampledFrom([]string{"", "a", "A", "a (2)", "b", "a · b", "Untitled"})
		names := rapid.SliceOfN(word, 0, 12).Draw(t, "names")
		ps := make([][]Phrase, len(names))
		for i := range ps {
			ps[i] = []Phrase{{Surface: word.Draw(t, "phrase")}}
		}
		seen := map[string]bool{}
		for _, n := range Unique(names, ps) {
			if n == "" || seen[fold(n)] {
				t.Fatalf("%q twice or empty", n)
			}
			seen[fold(n)] = true
		}
	})
}
