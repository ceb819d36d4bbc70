package evidence

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestLocate(t *testing.T) {
	for _, c := range []struct{ name, text, quote, want string }{
		{"as it stands", "Hello. The export times out every day. Bye.", "The export times out every day.", "The export times out every day."},
		{"case", "THE EXPORT TIMES OUT", "the export times out", "THE EXPORT TIMES OUT"},
		{"case of more than one letter", "Die STRASSE ist zu lang hier", "die straße ist zu lang", "Die STRASSE ist zu lang"},
		{"curly quotes", "It says “access denied” to me", `it says "access denied" to me`, "It says “access denied” to me"},
		{"low and angle quotes", "Da steht „kein Zugriff« seit gestern", `da steht "kein Zugriff" seit`, "Da steht „kein Zugriff« seit"},
		{"apostrophe", "It doesn’t load at all today", "it doesn't load at all", "It doesn’t load at all"},
		{"dashes", "We wait — and wait – for it", "we wait - and wait - for it", "We wait — and wait – for it"},
		{"white space", "one\ttwo\r\n  three four", "one two three four", "one\ttwo\r\n  three four"},
		{"no-break space", "over 90\u00a0days of data", "over 90 days of data", "over 90\u00a0days of data"},
		{"white space around the quote", "we have no data here", "  no data here at all ", ""},
		{"white space around a found quote", "  we have no data here  ", "\n have no data here \n", "have no data here"},
		{"composed against decomposed", "the cafe\u0301 view is slow today", "the café view is slow", "the cafe\u0301 view is slow"},
		{"decomposed against composed", "the café view is slow today", "the cafe\u0301 view is slow", "the café view is slow"},
		{"ligature", "the ﬁle will not open here", "the file will not open", "the ﬁle will not open"},
		{"full width", "the ＡＰＩ is down again", "the API is down again", "the ＡＰＩ is down again"},
		{"invisible characters", "the ex\u00adport times\u200b out daily", "the export times out daily", "the ex\u00adport times\u200b out daily"},
		{"the whole record may be short", "export broken", "Export broken", "export broken"},
		{"the whole record with space around", "  export broken\n", "export broken", "export broken"},
		{"the second place when the first is inside a word", "preexport fails on us again; export fails on us again", "export fails on us again", "export fails on us again"},
		{"first place of two", "we wait for it and we wait for it", "we wait for it", "we wait for it"},
		{"scripts without spaces", "導出総是超時請修復", "導出総是超時", "導出総是超時"},
		{"elided article", "Hier l'export est trop lent encore", "export est trop lent", "export est trop lent"},
		{"a quotation in single quotes", "she wrote 'we can wait for it' twice", "we can wait for it", "we can wait for it"},

		{"absent", "The export times out every day.", "The import times out every day.", ""},
		{"one letter changed", "The export times out every day", "The exports times out every day", ""},
		{"word left out", "The export always times out here", "The export times out here", ""},
		{"three words", "The export times out every day", "The export times", ""},
		{"punctuation makes no words", "The export - , - times out", "export - , - times", ""},
		{"ends inside a word", "we export times outside of office hours", "we export times out", ""},
		{"begins inside a word", "reexport all of it now", "export all of it now", ""},
		{"ends before a combining mark", "we all went to cafe\u0301 rouge", "we all went to cafe", ""},
		{"ends before a vowel sign", "एक दो तीन कि", "एक दो तीन क", ""},
		{"ends inside a ligature", "now open all of\ufb01ces here", "now open all off", ""},
		{"not is part of the word", "I think that we can’t export it", "I think that we can", ""},
		{"the end of a contraction", "they don't see all of it", "t see all of it", ""},
		{"ends inside an ellipsis", "we waited for so long… and left", "we waited for so long.", ""},
		{"empty quote", "some text", " \n ", ""},
		{"empty text", "", "we waited for so long", ""},
		{"nothing in nothing", "", "", ""},
		{"only invisible characters", "\u200b", "\u200b", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, ok := Locate(c.text, c.quote)
			if ok != (c.want != "") {
				t.Fatalf("Locate(%q, %q) = %v, %v, want found: %v", c.text, c.quote, p, ok, c.want != "")
			}
			if ok && c.text[p.Start:p.End] != c.want {
				t.Errorf("Locate(%q, %q) found %q, want %q", c.text, c.quote, c.text[p.Start:p.End], c.want)
			}
		})
	}
}

func TestLocateFindsEveryRunOfWords(t *testing.T) {
	word := rapid.StringMatching(`[a-zA-Zäöüßéñ]{1,8}[.,!?…]?`)
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(word, 4, 20).Draw(t, "words")
		from := rapid.IntRange(0, len(words)-4).Draw(t, "from")
		to := rapid.IntRange(from+4, len(words)).Draw(t, "to")
		text := strings.Join(words, rapid.SampledFrom([]string{" ", "  ", "\n", "\u00a0"}).Draw(t, "gap"))
		quote := strings.ToUpper(strings.Join(words[from:to], " "))
		p, ok := Locate(text, quote)
		if !ok {
			t.Fatalf("%q not found in %q", quote, text)
		}
		if !soundSpan(text, quote, p) {
			t.Fatalf("%q found as %q", quote, text[p.Start:p.End])
		}
	})
}

// soundSpan reports whether p is a range of text that reads as quote does.
func soundSpan(text, quote string, p Span) bool {
	if p.Start < 0 || p.End > len(text) || p.Start >= p.End {
		return false
	}
	a, _ := normalise(text[p.Start:p.End])
	b, _ := normalise(quote)
	return strings.TrimSpace(a) == strings.TrimSpace(b)
}

func FuzzLocate(f *testing.F) {
	for _, s := range [][2]string{
		{"The export times out every day.", "the export times out"},
		{"a…b ½ ﬁ ﷺ", "a...b"},
		{"e\u0301 \u00a8x c d", "é ¨x c d"},
		{"\xff\xfe a b c d", "a b c d"},
		{"can’t do it at all", "t do it at all"},
		{"한국어 문장 네 단어 더", "한국어 문장 네 단어"},
		{"\u1100\u1161 a b c", "가 a b c"},
		{"ΟΔΟΣ a b c", "οδος a b c"},
	} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, text, quote string) {
		p, ok := Locate(text, quote)
		if !ok {
			return
		}
		if !utf8.ValidString(text) || !utf8.ValidString(quote) {
			return // found without a panic is all that is asked of broken text
		}
		if !soundSpan(text, quote, p) {
			t.Fatalf("%q in %q gave the span %v", quote, text, p)
		}
		r := Record{ID: "r1", Text: text}
		q, ok := r.Quote(p.Start, p.End)
		if !ok {
			t.Fatalf("span %v of %q is no quote", p, text)
		}
		if err := CheckQuote(&r, q); err != nil {
			t.Fatalf("what Locate found, CheckQuote refuses: %v", err)
		}
	})
}

func TestCheckQuote(t *testing.T) {
	r := &Record{ID: "r7", Text: "The export times out every single day for us."}
	quote := func(start, end int) Quote {
		return Quote{RecordID: "r7", Text: r.Text[start:end], Start: start, End: end}
	}
	for _, c := range []struct {
		name, want string
		q          Quote
	}{
		{"verbatim", "", quote(4, 26)},
		{"the whole record", "", quote(0, len(r.Text))},
		{"another record", `cites record "r8"`, Quote{RecordID: "r8", Text: r.Text, End: len(r.Text)}},
		{"another word", `the quote says "the export times in"`, Quote{RecordID: "r7", Text: "the export times in", End: 19}},
		{"another case", "the quote says", Quote{RecordID: "r7", Text: "the export times out", End: 20}},
		{"offsets moved by one", "the quote says", Quote{RecordID: "r7", Text: "export times out every", Start: 5, End: 27}},
		{"before the text", "not inside record r7", Quote{RecordID: "r7", Text: "x", Start: -1, End: 3}},
		{"after the text", "not inside record r7", Quote{RecordID: "r7", Text: "x", Start: 3, End: 300}},
		{"backwards", "not inside record r7", Quote{RecordID: "r7", Text: "x", Start: 30, End: 3}},
		{"empty", "not inside record r7", Quote{RecordID: "r7", Start: 3, End: 3}},
		{"three words", "fewer than 4 words", quote(4, 20)},
		{"begins inside a word", "inside a word", quote(5, 26)},
		{"ends inside a word", "inside a word", quote(4, 28)},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := CheckQuote(r, c.q)
			if c.want == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that says %q", err, c.want)
			}
		})
	}
	short := &Record{ID: "s", Text: " too slow "}
	if err := CheckQuote(short, Quote{RecordID: "s", Text: "too slow", Start: 1, End: 9}); err != nil {
		t.Errorf("a whole short record is refused: %v", err)
	}
}

func TestRecordNamesItsPlace(t *testing.T) {
	for want, o := range map[string]Origin{
		"a.csv row 12":           {Row: 12, Line: 14},
		"a.csv line 3":           {Line: 3},
		"a.csv sheet Data row 2": {Sheet: "Data", Row: 2},
		"a.csv line 9 turn 4":    {Line: 9, Turn: 4},
		"a.csv":                  {},
	} {
		r := Record{Origin: o}
		if got := r.Where("a.csv"); got != want {
			t.Errorf("Where = %q, want %q", got, want)
		}
	}
}

func TestSegmentKnowsChannelAndAccount(t *testing.T) {
	r := Record{Channel: "email", Account: "acct-1", Segments: []Attr{{"plan", "team"}, {"channel", "own"}}}
	for name, want := range map[string]string{"plan": "team", "channel": "own", "account": "acct-1", "region": ""} {
		if got := r.Segment(name); got != want {
			t.Errorf("Segment(%q) = %q, want %q", name, got, want)
		}
	}
}

func BenchmarkLocate(b *testing.B) {
	text := strings.Repeat("We tried again — the page said “please wait” and nothing happened. ", 20) + "The export times out every single day."
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, ok := Locate(text, "the export times out every single day"); !ok {
			b.Fatal("not found")
		}
	}
}
