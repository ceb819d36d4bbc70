package change

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The texts that take a diff longest: many lines, few different ones, far apart.
// They have a part of the sizes that they are named by.
func worst(part int) map[string][2][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	few := func(n int) []byte {
		var b bytes.Buffer
		for range n {
			b.WriteString([]string{"a\n", "b\n", "},\n"}[r.IntN(3)])
		}
		return b.Bytes()
	}
	numbers := func(n, every int) []byte {
		var b bytes.Buffer
		for i := range n {
			if i%every == 0 {
				b.WriteString("changed ")
			}
			fmt.Fprintf(&b, "%d\n", i)
		}
		return b.Bytes()
	}
	long := bytes.Repeat([]byte(`{"id":"12345","text":"some words of feedback"},`), 12<<20/47/part)
	other := bytes.Clone(long)
	other[len(other)/2] = '!'
	return map[string][2][]byte{
		"one line of 12 MiB":        {long, other},
		"a new line of 12 MiB":      {nil, long},
		"4 Mi of the same line":     {bytes.Repeat([]byte("a\n"), 4<<20/part), append([]byte("b\n"), bytes.Repeat([]byte("a\n"), 4<<20/part-5)...)},
		"some lines":                {few(400_000 / part), few(400_000 / part)},
		"fewer lines":               {few(200_000 / part), few(200_000 / part)},
		"every hundredth":           {numbers(1_000_000/part, 100), numbers(1_000_000/part, 101)},
		"every ten-thousandth":      {numbers(200_000/part, 10_000), numbers(200_000/part, 10_007)},
		"12 Mi empty lines":         {nil, bytes.Repeat([]byte("\n"), 12<<20/part)},
		"empty lines on both sides": {append([]byte("x\n"), bytes.Repeat([]byte("\n"), 8<<20/part)...), append(bytes.Repeat([]byte("\n"), 8<<20/part-9), "y"...)},
	}
}

// However long the texts, the diff is complete and is found in bounded work.
func TestLargeDiffsAreComplete(t *testing.T) {
	for name, texts := range worst(16) {
		t.Run(name, func(t *testing.T) {
			diff, whole := unified(texts[0], texts[1], maxShown)
			if !whole {
				t.Fatal("it is not shown whole")
			}
			if !bytes.Equal(patched(t, texts[0], diff), texts[1]) {
				t.Error("the diff does not lead from one text to the other")
			}
		})
	}
}

// patched applies a diff of texts without invisible characters.
func patched(t *testing.T, before []byte, diff string) []byte {
	t.Helper()
	var out bytes.Buffer
	rest, line := before, 1
	skip := func() []byte {
		i := bytes.IndexByte(rest, '\n') + 1
		if i == 0 {
			i = len(rest)
		}
		l := rest[:i]
		rest, line = rest[i:], line+1
		return l
	}
	for l := range strings.Lines(diff) {
		if strings.HasPrefix(l, "@@") {
			from, count := 0, 1
			if _, err := fmt.Sscanf(l, "@@ -%d,%d", &from, &count); err != nil {
				if _, err := fmt.Sscanf(l, "@@ -%d", &from); err != nil {
					t.Fatalf("hunk %q", l)
				}
			}
			if count == 0 {
				from++
			}
			for line < from {
				out.Write(skip())
			}
			continue
		}
		text := strings.TrimSuffix(l[1:], "⟦no line end⟧\n")
		switch l[0] {
		case '+':
			out.WriteString(text)
		case '-':
			skip()
		case ' ':
			out.Write(skip())
		default:
			t.Fatalf("line %.80q", l)
		}
	}
	out.Write(rest)
	return out.Bytes()
}

func BenchmarkDiff(b *testing.B) {
	for name, texts := range worst(1) {
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				unified(texts[0], texts[1], maxShown)
			}
		})
	}
}

// Whatever the bytes: what is cut into pieces for writing is what Visible says
// of the whole, and what does not fit is reported.
func TestDiffsOfAnyBytes(t *testing.T) {
	odd := rapid.SampledFrom([]string{"a", "é", "\u202e", "\U000e0001", "\xff", "\x80\x80", "\n", "\r", "⟦", "\xe2\x80", "字"})
	rapid.Check(t, func(t *rapid.T) {
		unit := strings.Join(rapid.SliceOfN(odd, 1, 12).Draw(t, "unit"), "")
		text := strings.Repeat(unit, rapid.IntRange(1, 10_000/len(unit)).Draw(t, "times"))
		diff, whole := unified(nil, []byte(text), maxShown)
		if !whole {
			t.Fatal("it is not shown whole")
		}
		_, got, _ := strings.Cut(diff, "\n")
		var want strings.Builder
		for l := range strings.Lines(text) {
			body, ended := strings.CutSuffix(l, "\n")
			want.WriteString("+" + visible([]string{body})[0])
			if !ended {
				want.WriteString("⟦no line end⟧")
			}
			want.WriteString("\n")
		}
		if got != want.String() {
			t.Fatalf("%q is shown as %.200q", unit, got)
		}
		most := rapid.IntRange(0, len(diff)).Draw(t, "most")
		if d, whole := unified(nil, []byte(text), most); whole != (most == len(diff)) || len(d) > most+(13*4<<10)+100 {
			t.Fatalf("%d bytes in a room of %d: whole is %v", len(d), most, whole)
		}
	})
}

// No character is cut where a long line is written in pieces.
func TestDiffsCutNoCharacter(t *testing.T) {
	for _, unit := range []string{"é", "字", "😀", "\U000e0001", "\x80", "\xe2\x80"} {
		for front := range 5 {
			text := strings.Repeat("x", front) + strings.Repeat(unit, 5_000)
			diff, whole := unified(nil, []byte(text), maxShown)
			want := "@@ -0,0 +1 @@\n+" + visible([]string{text})[0] + "⟦no line end⟧\n"
			if !whole || diff != want {
				t.Errorf("%q after %d bytes is shown otherwise than whole", unit, front)
			}
		}
	}
}

// Text that is laid out to be read takes the time of all its characters; what a
// machine put on one line takes that of one look.
func TestReading(t *testing.T) {
	prose := strings.Repeat(strings.Repeat("Our customers wait. ", 90)+"\n", 40) // paragraphs of 1,800 characters
	for name, c := range map[string]struct {
		text string
		want int // seconds
	}{
		"nothing":            {"", 0},
		"prose":              {prose, (40*1802 + 17) / readingSpeed},
		"short lines":        {strings.Repeat("word\n", 1_000), (1_000*6 + 15) / readingSpeed},
		"JSON on one line":   {strings.Repeat(`{"id":1},`, 1<<20), (readingLine + 20) / readingSpeed},
		"ten such lines":     {strings.Repeat(strings.Repeat(`{"id":1},`, 1<<10)+"\n", 10), (10*readingLine + 20) / readingSpeed},
		"one paragraph more": {prose + strings.Repeat("x", 100_000), (40*1802 + readingLine + 17) / readingSpeed},
	} {
		diff, _ := unified(nil, []byte(c.text), maxShown)
		got := int(reading(diff).Seconds())
		if got < c.want-1 || got > c.want+1 {
			t.Errorf("%s: %d s, want %d", name, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(rapid.StringOfN(rapid.RuneFrom([]rune("abc def")), 1, 1_900, -1), 1, 20).Draw(t, "lines")
		text := strings.Join(lines, "\n") + "\n"
		diff, _ := unified(nil, []byte(text), maxShown)
		if reading(diff).Seconds() < float64(len(text))/readingSpeed {
			t.Fatalf("%d characters to be read in %v", len(text), reading(diff))
		}
		more, _ := unified(nil, []byte(text+"and more\n"), maxShown)
		if reading(more) <= reading(diff) {
			t.Fatal("more text takes no more time")
		}
	})
}
