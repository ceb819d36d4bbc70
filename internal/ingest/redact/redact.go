package redact

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"roleos/internal/evidence"
)

// The kinds of personal data, as they stand in evidence.Mask.
const (
	Email = "email"
	Phone = "phone"
	Card  = "card"
	IBAN  = "iban"
	IP    = "ip"
	Key   = "key"
)

// Text returns s with all personal data masked, and the masks, sorted and not
// overlapping. It returns s itself and nil when there is none. It may be called
// from several goroutines.
func Text(s string) (string, []evidence.Mask) { return mask(s, false) }

// Cell returns a cell masked like Text. In a column that is called after phone
// numbers (see NamesPhone) a bare row of digits is a phone number.
func Cell(s string, phoneColumn bool) (string, []evidence.Mask) {
	return mask(s, phoneColumn)
}

// NamesPhone reports whether a column is called after phone numbers.
// A masked phone number is none of its words.
func NamesPhone(column string) bool {
	return len(column) < 80 && phoneWord(strings.ReplaceAll(column, "[phone", "[")+":")
}

// Pseudonym returns "acct-" and eight hex digits that are the same for the same
// s in any letter case, so that counting still works. It is no protection
// against somebody who can guess s: it keeps addresses out of reports, it does not make data anonymous.
func Pseudonym(s string) string {
	sum := sha256.Sum256([]byte("roleos account\x00" + strings.ToLower(strings.TrimSpace(s))))
	return "acct-" + hex.EncodeToString(sum[:4])
}

// IsMail reports whether the whole of s is one e-mail address.
func IsMail(s string) bool {
	s = strings.TrimSpace(s)
	at := strings.IndexByte(s, '@')
	if at < 1 {
		return false
	}
	start, end, ok := mailAt(s, at, 1)
	return ok && start == 0 && end == len(s)
}

func mask(s string, phoneColumn bool) (string, []evidence.Mask) {
	t := look(s)
	if !t.any() {
		return s, nil
	}
	f := finder{text: s, phoneColumn: phoneColumn}
	// What is most certain comes first; a later kind never overlaps an earlier one.
	if t.mail && t.colons > 0 {
		f.urls()
	}
	if t.run >= 8 && (t.digits > 0 || t.run >= 16) {
		f.keys()
	}
	if t.mail {
		f.mails()
	}
	if t.digits >= 9 && t.run >= 4 {
		f.ibans()
	}
	if t.colons >= 2 {
		f.ip6()
	}
	if t.digits >= 13 {
		f.cards()
	}
	if t.digits >= 4 {
		f.numbers()
	}
	if len(f.masks) == 0 {
		return s, nil
	}
	slices.SortFunc(f.masks, func(a, b evidence.Mask) int { return cmp.Compare(a.Start, b.Start) })
	out := []byte(s)
	for _, m := range f.masks {
		cover(out[m.Start:m.End], m.Kind)
	}
	return string(out), f.masks
}

// cover writes "[mail***]" over span; a span too short for it keeps as much as fits.
func cover(span []byte, kind string) {
	label := kind
	if kind == Email {
		label = "mail"
	}
	for i := range span {
		switch {
		case i == 0:
			span[i] = '['
		case i == len(span)-1:
			span[i] = ']'
		case i <= len(label):
			span[i] = label[i-1]
		default:
			span[i] = '*'
		}
	}
}

// traits is what one pass over a text finds out, to spare most texts a closer look.
type traits struct {
	mail   bool
	digits int
	colons int
	run    int // longest stretch without a space
}

func (t traits) any() bool {
	return t.mail || t.digits >= 4 || t.run >= 16 || t.digits > 0 && t.run >= 8 || t.colons >= 2
}

func look(s string) (t traits) {
	run := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c <= ' ':
			t.run = max(t.run, run)
			run = 0
			continue
		case c >= '0' && c <= '9':
			t.digits++
		case c == '@', c == 0xEF && atSign(s[i:]) > 0:
			t.mail = true
		case c == ':':
			t.colons++
		}
		run++
	}
	t.run = max(t.run, run)
	return t
}

type finder struct {
	text        string
	phoneColumn bool
	masks       []evidence.Mask
	covered     []bool // by byte; nil until the first mask
}

// add keeps a mask unless it overlaps one found before.
func (f *finder) add(start, end int, kind string) {
	if f.covered == nil {
		f.covered = make([]bool, len(f.text))
	}
	if slices.Contains(f.covered[start:end], true) {
		return
	}
	for i := start; i < end; i++ {
		f.covered[i] = true
	}
	f.masks = append(f.masks, evidence.Mask{Span: evidence.Span{Start: start, End: end}, Kind: kind})
}

// taken returns where the masks that cover i end, or 0.
func (f *finder) taken(i int) int {
	if f.covered == nil || !f.covered[i] {
		return 0
	}
	for i < len(f.covered) && f.covered[i] {
		i++
	}
	return i
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isAlnum(c byte) bool { return isDigit(c) || isAlpha(c) }
