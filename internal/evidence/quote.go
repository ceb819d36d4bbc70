package evidence

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// MinQuoteWords is the fewest words a quote may have unless it is the whole
// record: shorter fragments can be found almost anywhere and prove nothing.
const MinQuoteWords = 4

// Locate finds quote word for word in text and returns its byte range there.
//
// Both sides are normalised the same declared way: NFKC, quotation marks and
// dashes folded, white space collapsed, case folded. There is no fuzzy match.
// It reports false when the quote is not there or has fewer than MinQuoteWords
// words without being the whole text.
func Locate(text, quote string) (Span, bool) {
	q, _ := normalise(quote)
	q = strings.TrimSpace(q)
	if q == "" {
		return Span{}, false
	}
	t, at := normalise(text)
	lead := len(t) - len(strings.TrimLeft(t, " "))
	if q != strings.TrimSpace(t) && wordCount(q) < MinQuoteWords {
		return Span{}, false
	}
	for from := lead; ; {
		i := strings.Index(t[from:], q)
		if i < 0 {
			return Span{}, false
		}
		i += from
		end := i + len(q)
		// One character may unfold to several (an ellipsis to three dots): a quote
		// must not begin or end within it, or its span would hold other text.
		whole := (i == 0 || at[i] != at[i-1]) && at[end] != at[end-1]
		if whole && wordEdge(t, i) && wordEdge(t, end) {
			return trimSpan(text, Span{Start: at[i], End: at[end]}), true
		}
		_, w := utf8.DecodeRuneInString(t[i:])
		from = i + w
	}
}

// CheckQuote explains why q is not a verbatim quote of r, or returns nil.
func CheckQuote(r *Record, q Quote) error {
	switch {
	case q.RecordID != r.ID:
		return fmt.Errorf("quote cites record %q, compared with record %q", q.RecordID, r.ID)
	case q.Start < 0 || q.End > len(r.Text) || q.Start >= q.End:
		return fmt.Errorf("span %d..%d is not inside record %s (%d bytes)", q.Start, q.End, r.ID, len(r.Text))
	case r.Text[q.Start:q.End] != q.Text:
		return fmt.Errorf("record %s says %q at %d..%d, the quote says %q", r.ID, clip(r.Text[q.Start:q.End]), q.Start, q.End, clip(q.Text))
	}
	if !wordEdge(r.Text, q.Start) || !wordEdge(r.Text, q.End) {
		return fmt.Errorf("quote %q of record %s begins or ends inside a word", clip(q.Text), r.ID)
	}
	if wordCount(q.Text) < MinQuoteWords && strings.TrimSpace(r.Text) != q.Text {
		return fmt.Errorf("quote %q of record %s has fewer than %d words and is not the whole record", clip(q.Text), r.ID, MinQuoteWords)
	}
	return nil
}

// normalise returns the folded text and, for every byte of it and one past the
// end, the byte offset in s it came from.
func normalise(s string) (string, []int) {
	fold := cases.Fold()
	var out []byte
	var at []int
	emit := func(b []byte, from int) {
		for range b {
			at = append(at, from)
		}
		out = append(out, b...)
	}
	var it norm.Iter
	it.InitString(norm.NFKC, s)
	for !it.Done() {
		from := it.Pos()
		seg := fold.Bytes(it.Next())
		for len(seg) > 0 {
			r, n := utf8.DecodeRune(seg)
			switch {
			case unicode.IsSpace(r):
				if len(out) == 0 || out[len(out)-1] != ' ' {
					emit([]byte{' '}, from)
				}
			case foldPunct(r) != 0:
				emit([]byte{foldPunct(r)}, from)
			case unicode.In(r, unicode.Cf): // invisible format characters carry no words
			default:
				emit(seg[:n], from)
			}
			seg = seg[n:]
		}
	}
	return string(out), append(at, len(s))
}

// foldPunct maps quotation marks and dashes to their ASCII form, else 0.
func foldPunct(r rune) byte {
	switch r {
	case '‘', '’', '‚', '‛', '′', '`', '´', '\'':
		return '\''
	case '“', '”', '„', '‟', '″', '«', '»', '"':
		return '"'
	case '‐', '‑', '‒', '–', '—', '―', '−', '-':
		return '-'
	}
	return 0
}

// wordEdge reports whether position i of s does not cut a word in two. "can't"
// is one word: cut before its apostrophe it would say the opposite.
func wordEdge(s string, i int) bool {
	before, wb := utf8.DecodeLastRuneInString(s[:i])
	after, wa := utf8.DecodeRuneInString(s[i:])
	switch {
	case isWord(before) && isWord(after):
		return spaceless(after)
	case isWord(before) && foldPunct(after) == '\'':
		next, _ := utf8.DecodeRuneInString(s[i+wa:])
		return !isWord(next)
	case foldPunct(before) == '\'' && isWord(after):
		previous, _ := utf8.DecodeLastRuneInString(s[:i-wb])
		return !isWord(previous) || letters(s[i:]) > 2 // 't, 're, 'll; but l'export begins a word
	}
	return true
}

// letters counts the letters that s begins with, up to 3.
func letters(s string) int {
	n := 0
	for _, r := range s {
		if !isWord(r) || n == 3 {
			break
		}
		n++
	}
	return n
}

// wordCount counts words; a letter of a script written without spaces counts as
// one, and what holds neither letter nor digit counts as none.
func wordCount(s string) int {
	n := 0
	in := false
	for _, r := range s {
		switch {
		case spaceless(r):
			n++
			in = false
		case unicode.IsSpace(r):
			in = false
		case !in && isWord(r):
			n++
			in = true
		}
	}
	return n
}

func spaceless(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai)
}

// isWord reports whether r is part of a word; a mark belongs to the letter before it.
func isWord(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r))
}

// trimSpan drops white space at both ends of the span.
func trimSpan(s string, p Span) Span {
	sub := s[p.Start:p.End]
	p.Start += len(sub) - len(strings.TrimLeftFunc(sub, unicode.IsSpace))
	p.End = p.Start + len(strings.TrimRightFunc(s[p.Start:p.End], unicode.IsSpace))
	return p
}

func clip(s string) string {
	const most = 60
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}
