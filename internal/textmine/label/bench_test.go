package label_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"roleos/internal/textmine/label"
)

// generated returns n made-up messages over k themes: each theme has its own
// words beside common ones.
func generated(n, k int) (texts []label.Text, theme []int) {
	r := rand.New(rand.NewPCG(1, 2))
	common := strings.Fields("the my is not when i try to please help it card account page does why can after with from")
	var sb strings.Builder
	name := func(i int) string {
		return string([]byte{'a' + byte(i%26), 'e', 'b' + byte(i/26%24), 'o', 'c' + byte(i/624%20), 'a'})
	}
	for i := range n {
		c := r.IntN(k)
		sb.Reset()
		for w := range 12 {
			if w > 0 {
				sb.WriteByte(' ')
			}
			switch x := r.IntN(10); {
			case x < 5:
				sb.WriteString(common[r.IntN(len(common))])
			case x < 8:
				sb.WriteString(name(c*7 + r.IntN(7)))
			default:
				sb.WriteString(name(5000 + r.IntN(5000)))
			}
		}
		texts = append(texts, label.Text{Doc: i, End: sb.Len(), Text: sb.String()})
		theme = append(theme, c)
	}
	return texts, theme
}

func BenchmarkPhrases(b *testing.B) {
	for _, size := range []struct {
		name string
		n, k int
	}{{"315", 315, 20}, {"3000", 3000, 80}, {"100k", 100_000, 150}, {"1M", 1_000_000, 300}, {"100k-in-10k-themes", 100_000, 10_000}} {
		texts, theme := generated(size.n, size.k)
		b.Run(size.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				label.Phrases(texts, theme, size.k)
			}
		})
	}
}

func BenchmarkStateAndQuotes(b *testing.B) {
	texts, theme := generated(315, 20)
	ps := label.Phrases(texts, theme, 20)
	central := make([][]int, 20)
	for i, c := range theme {
		central[c] = append(central[c], i)
	}
	b.ReportAllocs()
	for b.Loop() {
		for c := range ps {
			label.State(central[c], texts, ps[c])
			label.Quotes(central[c], texts, 3)
		}
	}
}

func BenchmarkIntensity(b *testing.B) {
	text := "My card payment failed again and I can't log in to the app. This is really urgent, please help!"
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		label.Intensity(text)
	}
}

func BenchmarkSentences(b *testing.B) {
	text := strings.Repeat("My card payment failed again. I can't log in, e.g. with v2.1! Why? ", 50)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		label.Sentences(text)
	}
}
