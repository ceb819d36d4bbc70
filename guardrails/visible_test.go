package guardrails_test

import (
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"roleos/guardrails"
)

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"plain text, ünïcode, 日本語\n\tand lines": "plain text, ünïcode, 日本語\n\tand lines",
		"a\u202eb":                "a⟦U+202E⟧b",
		"zero\u200bwidth\ufeff":   "zero⟦U+200B⟧width⟦U+FEFF⟧",
		"no\u00a0break":           "no⟦U+00A0⟧break",
		"tag\U000E0041":           "tag⟦U+E0041⟧",
		"bell\a\x1b[31m\r\n":      "bell⟦U+0007⟧⟦U+001B⟧[31m⟦U+000D⟧\n",
		"\xff\x00":                "⟦byte FF⟧⟦U+0000⟧",
		"replacement \uFFFD":      "replacement \uFFFD",
		"⟦U+202E⟧":                "⟦U+27E6⟧U+202E⟦U+27E7⟧",
		"hangul filler \u3164":    "hangul filler ⟦U+3164⟧",
		"bidi isolate \u2066 rlm": "bidi isolate ⟦U+2066⟧ rlm",
	} {
		if got := guardrails.Visible(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.String().Draw(t, "a"), rapid.String().Draw(t, "b")
		if a != b && guardrails.Visible(a) == guardrails.Visible(b) {
			t.Fatal("two texts look the same")
		}
		if i := strings.IndexFunc(guardrails.Visible(a), func(r rune) bool {
			return unicode.In(r, unicode.Cf, unicode.Cc) && r != '\n' && r != '\t'
		}); i >= 0 {
			t.Fatal("something is still hidden")
		}
	})
}
