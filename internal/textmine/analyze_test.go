package textmine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// check reports what is wrong with a result, whatever the texts were.
func check(t interface{ Fatalf(string, ...any) }, docs []Doc, r *Result) {
	if len(r.Theme) != len(docs) || len(r.Also) != len(docs) || len(r.Margin) != len(docs) || len(r.UnitTheme) != len(r.Units) {
		t.Fatalf("%d docs, but %d themes, %d also, %d margins; %d units, %d unit themes", len(docs), len(r.Theme), len(r.Also), len(r.Margin), len(r.Units), len(r.UnitTheme))
	}
	seen := make([]int, len(docs))
	for th, theme := range r.Themes {
		if !slices.IsSorted(theme.Docs) || !slices.IsSorted(theme.Units) || len(theme.Docs) != theme.Signals.Size || len(theme.Docs) == 0 {
			t.Fatalf("theme %d: docs %v, units %v, size %d", th, theme.Docs, theme.Units, theme.Signals.Size)
		}
		for _, d := range theme.Docs {
			seen[d]++
			if r.Theme[d] != th {
				t.Fatalf("doc %d is listed in theme %d and has theme %d", d, th, r.Theme[d])
			}
		}
		for _, u := range theme.Units {
			if r.UnitTheme[u] != th {
				t.Fatalf("unit %d is listed in theme %d and has theme %d", u, th, r.UnitTheme[u])
			}
		}
		if len(theme.Central) == 0 || len(theme.Central) > 12 {
			t.Fatalf("theme %d has %d central units", th, len(theme.Central))
		}
		for _, u := range theme.Central {
			if !slices.Contains(theme.Units, u) {
				t.Fatalf("central unit %d is not in theme %d", u, th)
			}
		}
		if th > 0 && len(theme.Docs) > len(r.Themes[th-1].Docs) {
			t.Fatalf("theme %d is larger than the one before", th)
		}
		s := theme.Signals
		for _, v := range []float64{s.Silhouette, s.Stability, s.InnerEdges, s.Cohesion, s.Margin} {
			if !(v >= 0 && v <= 1.000001) {
				t.Fatalf("theme %d: signals %+v outside 0..1", th, s)
			}
		}
		if (theme.Parent >= 0) != (len(r.Parents) > 0) || theme.Parent >= 0 && !slices.Contains(r.Parents[theme.Parent].Themes, th) {
			t.Fatalf("theme %d: parent %d of %d", th, theme.Parent, len(r.Parents))
		}
	}
	for d, n := range seen {
		if want := 1; r.Theme[d] < 0 {
			want = 0
			if n != want || len(r.Also[d]) > 0 {
				t.Fatalf("unassigned doc %d is in %d themes, also %v", d, n, r.Also[d])
			}
		} else if n != want || slices.Contains(r.Also[d], r.Theme[d]) || !slices.IsSorted(r.Also[d]) {
			t.Fatalf("doc %d is in %d themes, also %v", d, n, r.Also[d])
		}
		if r.Margin[d] < 0 || r.Margin[d] > 1 {
			t.Fatalf("doc %d has margin %g", d, r.Margin[d])
		}
	}
	at, doc := 0, -1
	for u, unit := range r.Units {
		if unit.Doc != doc {
			if doc >= 0 && at != len(docs[doc].Text) || unit.Doc != doc+1 {
				t.Fatalf("unit %d: doc %d ends at %d of %d, next is %d", u, doc, at, len(docs[doc].Text), unit.Doc)
			}
			doc, at = unit.Doc, 0
		}
		if unit.Start != at || unit.End < unit.Start {
			t.Fatalf("unit %d starts at %d, want %d; ends at %d", u, unit.Start, at, unit.End)
		}
		at = unit.End
	}
	if doc != len(docs)-1 || doc >= 0 && at != len(docs[doc].Text) {
		t.Fatalf("units end in doc %d at %d", doc, at)
	}
}

func texts(xs ...string) []Doc {
	docs := make([]Doc, len(xs))
	for i, x := range xs {
		docs[i].Text = x
	}
	return docs
}

func TestAnyInputGivesAWholeResult(t *testing.T) {
	giant := strings.Repeat("the export of the report fails. ", 200_000)
	for name, docs := range map[string][]Doc{
		"none":       nil,
		"one":        texts("the export fails"),
		"two":        texts("the export fails", "export failing"),
		"empty":      texts("", "", ""),
		"blank":      texts(" ", "\n", "...", "\x00"),
		"equal":      texts("slow", "slow", "slow", "slow", "slow"),
		"stop words": texts("what is it", "is it", "so what", "are you there", "it is"),
		"giant":      append(texts(giant), texts("hello", "login broken", "login is broken")...),
		"one word":   texts(strings.Repeat("x", 1<<20), "x", "xx", strings.Repeat("é", 1<<16)),
		"scripts": texts("导出报告失败了", "报告导出失败", "не могу войти", "войти не могу", "لا أستطيع تسجيل الدخول", "ログインできない",
			"ログインできません", "ส่งออกรายงานไม่ได้", "로그인이 안 돼요", "로그인 안 됨", "🙂🙂", "e\u0301t\u0301e"),
		"invalid": texts("\xff\xfe", "caf\xe9 au lait", "caf\xe9", "\xe2\x80", "ok\xc3"),
	} {
		t.Run(name, func(t *testing.T) {
			r, err := Analyze(t.Context(), docs, Options{})
			if err != nil {
				t.Fatal(err)
			}
			check(t, docs, r)
		})
	}
}

func TestSkippedRangesAreNotRead(t *testing.T) {
	docs := generate(60, 4, 9, nil)
	secret := make([]Doc, len(docs))
	for i, d := range docs {
		secret[i] = Doc{Text: d.Text + " zzyzx" + strings.Repeat("q", i), Skip: [][2]int{{-5, 0}, {len(d.Text), len(d.Text) + 400}, {9999, 20}}}
	}
	a, err := Analyze(t.Context(), docs, Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := Analyze(t.Context(), secret, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(a.Theme, b.Theme) {
		t.Fatal("skipped text changed the themes")
	}
}

func TestEqualTextsShareATheme(t *testing.T) {
	docs := generate(80, 5, 3, nil)
	docs = append(docs, docs...)
	r, err := Analyze(t.Context(), docs, Options{})
	if err != nil {
		t.Fatal(err)
	}
	check(t, docs, r)
	for i := range 80 {
		if r.Theme[i] != r.Theme[i+80] {
			t.Fatalf("equal texts %d and %d have themes %d and %d", i, i+80, r.Theme[i], r.Theme[i+80])
		}
	}
}

func TestSubjectsAreFoundAndStrangersLeftOut(t *testing.T) {
	docs := generate(300, 8, 21, nil)
	docs = append(docs, texts("Ωmega ψ", "xylophone", "qwrtzp vbnmk")...)
	r, err := Analyze(t.Context(), docs, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(r.Themes); n < 7 || n > 10 {
		t.Errorf("found %d themes, want about 8", n)
	}
	for i := 300; i < 303; i++ {
		if r.Theme[i] >= 0 {
			t.Errorf("%q was forced into theme %d", docs[i].Text, r.Theme[i])
		}
	}
}

func TestLongTextsAreSplitBySubject(t *testing.T) {
	var docs []Doc
	for range 12 {
		docs = append(docs, texts("The invoice shows a wrong tax amount.", "The invoice amount and tax are wrong.",
			"The mobile app crashes on startup.", "App crashes whenever I start it on my mobile.")...)
	}
	long := "The invoice shows a wrong tax amount again this month. Invoice tax amounts were wrong before as well. " +
		"Besides, the mobile app crashes on startup every morning. " +
		"We would very much like to have both of these things looked at by somebody soon, because it is the third time that we are writing to you now. Thanks."
	docs = append(docs, Doc{Text: long})
	r, err := Analyze(t.Context(), docs, Options{})
	if err != nil {
		t.Fatal(err)
	}
	check(t, docs, r)
	last := len(docs) - 1
	if r.Theme[last] != r.Theme[0] || !slices.Contains(r.Also[last], r.Theme[2]) {
		t.Errorf("long text has theme %d and also %v; invoices are %d, crashes %d", r.Theme[last], r.Also[last], r.Theme[0], r.Theme[2])
	}
}

func TestCancelStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	_, err := Analyze(ctx, generate(3000, 30, 1, nil), Options{Progress: func(string, int, int) {
		if calls++; calls == 2 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error = %v", err)
	}
}

// digest names a result. The golden one below must come out on every architecture, with and without SIMD.
func digest(t *testing.T, r *Result) string {
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

const golden = "e94359764b1c44ce"

func TestSameResultEverywhere(t *testing.T) {
	docs := generate(1500, 40, 77, nil)
	docs = append(docs, texts("导出报告失败了", "报告导出失败", "don't can't won't 12 3.5 l'eau", "")...)
	docs = append(docs, docs[:50]...)
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	for _, procs := range []int{1, 2, 8} {
		runtime.GOMAXPROCS(procs)
		r, err := Analyze(t.Context(), docs, Options{MaxSample: 1100})
		if err != nil {
			t.Fatal(err)
		}
		check(t, docs, r)
		if got := digest(t, r); got != golden {
			t.Errorf("GOMAXPROCS %d: digest %s, want %s (%d themes)", procs, got, golden, len(r.Themes))
		}
	}
}

func TestEveryDocIsCountedOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		vocabulary := []string{"card", "lost", "app", "crash", "not", "the", "I", "don't", "报告", ".", "!\n", "12", "@bob", "http://x.y", "été"}
		line := rapid.Custom(func(t *rapid.T) string {
			return strings.Join(rapid.SliceOfN(rapid.SampledFrom(vocabulary), 0, 70).Draw(t, "words"), " ")
		})
		docs := texts(rapid.SliceOfN(line, 0, 60).Draw(t, "docs")...)
		r, err := Analyze(context.Background(), docs, Options{MaxSample: 100, MinTheme: rapid.IntRange(0, 5).Draw(t, "min")})
		if err != nil {
			t.Fatal(err)
		}
		check(t, docs, r)
	})
}

func FuzzAnalyze(f *testing.F) {
	f.Add([]byte("card lost\ncard was lost\napp crashes\nthe app crashed"), 3)
	f.Add([]byte("a'b’c\xff\xfe 12\n\n导出报告"), 0)
	f.Fuzz(func(t *testing.T, b []byte, skip int) {
		docs := texts(strings.Split(string(b), "\n")...)
		for i := range docs {
			docs[i].Skip = [][2]int{{skip, skip + i}, {2 * skip, skip}}
		}
		r, err := Analyze(t.Context(), docs, Options{})
		if err != nil {
			t.Fatal(err)
		}
		check(t, docs, r)
	})
}

// TestWhatManySayInTheSameWordsIsATheme repeats few texts often.
func TestWhatManySayInTheSameWordsIsATheme(t *testing.T) {
	for name, texts := range map[string][]string{
		"one text": {"The export of my report fails every time I try it."},
		"two texts": {
			"The export of my report fails every time I try it.",
			"I cannot sign in with my phone number any more.",
		},
	} {
		var docs []Doc
		for i := range 60 {
			docs = append(docs, Doc{Text: texts[i%len(texts)]})
		}
		r, err := Analyze(t.Context(), docs, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Themes) != len(texts) {
			t.Errorf("%s: %d themes, want %d", name, len(r.Themes), len(texts))
		}
		for i, theme := range r.Theme {
			if theme < 0 || theme != r.Theme[i%len(texts)] {
				t.Errorf("%s: doc %d is in theme %d", name, i, theme)
			}
		}
	}
}
