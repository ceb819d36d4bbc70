package label

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSentences(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"empty", " \n\t ", nil},
		{"two", "It broke. I paid twice!", []string{"It broke.", "I paid twice!"}},
		{"no stop at the end", "Why? no idea", []string{"Why?", "no idea"}},
		{"small letters", "i paid. then it failed", []string{"i paid.", "then it failed"}},
		{"abbreviations", "Ask Mr. Jones, e.g. at 5 p.m. today. Thanks etc. and bye.", []string{"Ask Mr. Jones, e.g. at 5 p.m. today.", "Thanks etc. and bye."}},
		{"number after No.", "Invoice No. 12 is wrong. No. Really.", []string{"Invoice No. 12 is wrong.", "No.", "Really."}},
		{"decimals and versions", "It costs 3.50 in v2.1.0 now. Fine.", []string{"It costs 3.50 in v2.1.0 now.", "Fine."}},
		{"addresses", "See https://example.test/a.b?c=d. Mail x.y@example.test!", []string{"See https://example.test/a.b?c=d.", "Mail x.y@example.test!"}},
		{"ellipses", "I waited... and waited… Nothing came.", []string{"I waited... and waited…", "Nothing came."}},
		{"quotes", `He said "stop." Then left. (Really.) Yes`, []string{`He said "stop."`, "Then left.", "(Really.)", "Yes"}},
		{"initials", "J. Smith of the U.S. office wrote. I did not.", []string{"J. Smith of the U.S. office wrote.", "I did not."}},
		{"bullets", "Problems:\n- slow start\n* no help\n1. bad search\n2) crash", []string{"Problems:", "slow start", "no help", "bad search", "crash"}},
		{"wrapped line", "This line is long enough to have been wrapped by a mail client\nand it goes on here.\r\nNext one", []string{"This line is long enough to have been wrapped by a mail client\nand it goes on here.", "Next one"}},
		{"short lines", "Great app\nLove it\n\nBut slow", []string{"Great app", "Love it", "But slow"}},
		{"chinese", "无法登录。为什么？请帮忙！", []string{"无法登录。", "为什么？", "请帮忙！"}},
		{"japanese quotes", "「動かない。」と言った。終わり", []string{"「動かない。」", "と言った。", "終わり"}},
		{"arabic", "لماذا؟ لا أعرف.", []string{"لماذا؟", "لا أعرف."}},
		{"hindi", "यह धीमा है। मदद करें।", []string{"यह धीमा है।", "मदद करें।"}},
		{"mixed stops", "What?!! No way!!! ok", []string{"What?!!", "No way!!!", "ok"}},
		{"no words", "!!! ... ???", nil},
		{"emoji", "😀 Great! 😡", []string{"😀 Great!"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, s := range Sentences(tt.text) {
				got = append(got, tt.text[s[0]:s[1]])
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}
