package words_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"roleos/internal/report/words"
)

func TestDiff(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want []words.Run
	}{
		{"", "", nil},
		{"same words", "same words", []words.Run{{words.Kept, "same words"}}},
		{"the old label", "the new label", []words.Run{{words.Kept, "the "}, {words.Out, "old "}, {words.In, "new "}, {words.Kept, "label"}}},
		{"", "put in", []words.Run{{words.In, "put in"}}},
		{"a b c d", "a c d e", []words.Run{{words.Kept, "a "}, {words.Out, "b "}, {words.Kept, "c "}, {words.Out, "d"}, {words.In, "d e"}}},
	} {
		if d := cmp.Diff(c.want, words.Diff(c.a, c.b)); d != "" {
			t.Errorf("%q to %q:\n%s", c.a, c.b, d)
		}
	}
}

func TestDiffKeepsBothTexts(t *testing.T) {
	text := rapid.StringMatching(`([a-c ü\n]{0,6} ){0,12}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := text.Draw(t, "a"), text.Draw(t, "b")
		gotA, gotB := "", ""
		for _, r := range words.Diff(a, b) {
			if r.Op != words.In {
				gotA += r.Text
			}
			if r.Op != words.Out {
				gotB += r.Text
			}
		}
		if gotA != a || gotB != b {
			t.Fatalf("%q and %q came back as %q and %q", a, b, gotA, gotB)
		}
	})
}
