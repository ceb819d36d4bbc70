package tabular

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"roleos/internal/fault"
)

// SyntaxError says where text stops being JSON. Line and Column are 1-based; columns count bytes.
type SyntaxError struct {
	Line, Column int
	What         string
}

// Error returns the place and what is wrong there.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.What)
}

// mostNodes bounds the tree of one record, so that a single value cannot fill the memory.
const mostNodes = 1 << 20

// node is a JSON value of one record.
type node struct {
	kind byte   // { [ " t f n by the value's first character; 0 for numbers
	text string // a string's characters; of anything else the JSON as it is written
	keys []string
	kids []node
}

// parser reads JSON exactly as RFC 8259 (https://www.rfc-editor.org/rfc/rfc8259) has it: no
// comments, no trailing commas, nothing after the value. It stops at the first fault.
type parser struct {
	s     string
	i     int
	depth int
	limit Limits
	nodes int
	err   error
	// repeat hears of a key that an object names twice.
	repeat func(at int)
}

func (p *parser) fail(at int, what string) bool {
	if p.err == nil {
		before := p.s[:min(at, len(p.s))]
		p.err = &SyntaxError{
			Line:   strings.Count(before, "\n") + 1,
			Column: at - strings.LastIndexByte(before, '\n'), What: what,
		}
	}
	return false
}

func (p *parser) space() {
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case ' ', '\t', '\n', '\r':
			p.i++
		default:
			return
		}
	}
}

// seen names what stands at the parser's place, for a message.
func (p *parser) seen() string {
	if p.i >= len(p.s) {
		return "the text ends here"
	}
	r, _ := utf8.DecodeRuneInString(p.s[p.i:])
	return "found " + strconv.QuoteRune(r)
}

// value reads one value; with a nil node it only checks it.
func (p *parser) value(n *node) bool {
	p.space()
	if p.i >= len(p.s) {
		return p.fail(p.i, "a value is missing: the text ends here")
	}
	start := p.i
	ok := false
	var kind byte
	switch c := p.s[p.i]; c {
	case '{', '[':
		if p.depth++; p.limit.Depth > 0 && p.depth > p.limit.Depth {
			if p.err == nil {
				line := strings.Count(p.s[:p.i], "\n") + 1
				p.err = fault.New(fault.Invalid, "ingest", "line %d: values are nested more than %d deep", line, p.limit.Depth).
					WithMend("Export a flatter file, or raise ingest.limits.json_depth.")
			}
			return false
		}
		kind = c
		if c == '{' {
			ok = p.object(n)
		} else {
			ok = p.array(n)
		}
		p.depth--
	case '"':
		kind = '"'
		var text string
		text, ok = p.str(n != nil)
		if n != nil {
			n.text = text
		}
	case 't':
		kind, ok = 't', p.word("true")
	case 'f':
		kind, ok = 'f', p.word("false")
	case 'n':
		kind, ok = 'n', p.word("null")
	default:
		kind, ok = 0, p.number()
	}
	if ok && n != nil {
		if n.kind = kind; kind != '"' {
			n.text = p.s[start:p.i]
		}
		if p.nodes++; p.nodes > mostNodes {
			p.err = fault.New(fault.Invalid, "ingest", "a single record holds more than %d values", mostNodes).
				WithMend("Export a list of smaller records.")
			return false
		}
	}
	return ok
}

func (p *parser) word(w string) bool {
	if !strings.HasPrefix(p.s[p.i:], w) {
		return p.fail(p.i, "expected "+w)
	}
	p.i += len(w)
	return true
}

func (p *parser) digits() bool {
	start := p.i
	for p.i < len(p.s) && p.s[p.i] >= '0' && p.s[p.i] <= '9' {
		p.i++
	}
	return p.i > start
}

func (p *parser) number() bool {
	at := p.i
	if p.i < len(p.s) && p.s[p.i] == '-' {
		p.i++
	}
	switch {
	case p.i < len(p.s) && p.s[p.i] == '0':
		p.i++
	case !p.digits():
		p.i = at
		return p.fail(at, "expected a value, "+p.seen())
	}
	if p.i < len(p.s) && p.s[p.i] == '.' {
		p.i++
		if !p.digits() {
			return p.fail(p.i, "expected a digit after the decimal point")
		}
	}
	if p.i < len(p.s) && p.s[p.i]|0x20 == 'e' {
		p.i++
		if p.i < len(p.s) && (p.s[p.i] == '+' || p.s[p.i] == '-') {
			p.i++
		}
		if !p.digits() {
			return p.fail(p.i, "expected a digit in the exponent")
		}
	}
	return true
}

// str reads a string; keep says whether its text is wanted.
func (p *parser) str(keep bool) (string, bool) {
	p.i++
	start := p.i
	for p.i < len(p.s) {
		switch c := p.s[p.i]; {
		case c == '"':
			text := p.s[start:p.i]
			p.i++
			return text, true
		case c == '\\':
			return p.escaped(start, keep)
		case c < 0x20:
			return "", p.fail(p.i, "a control character in a string has to be escaped")
		}
		p.i++
	}
	return "", p.fail(start-1, "a string is not closed")
}

// escaped goes on with a string from its first backslash.
func (p *parser) escaped(start int, keep bool) (string, bool) {
	var b strings.Builder
	if keep {
		b.WriteString(p.s[start:p.i])
	}
	for p.i < len(p.s) {
		c := p.s[p.i]
		switch {
		case c == '"':
			p.i++
			return b.String(), true
		case c < 0x20:
			return "", p.fail(p.i, "a control character in a string has to be escaped")
		case c != '\\':
			from := p.i
			for p.i < len(p.s) && p.s[p.i] != '"' && p.s[p.i] != '\\' && p.s[p.i] >= 0x20 {
				p.i++
			}
			if keep {
				b.WriteString(p.s[from:p.i])
			}
		default:
			r, ok := p.escape()
			if !ok {
				return "", false
			}
			if keep {
				b.WriteRune(r)
			}
		}
	}
	return "", p.fail(start-1, "a string is not closed")
}

func (p *parser) escape() (rune, bool) {
	at := p.i
	p.i++
	if p.i >= len(p.s) {
		return 0, p.fail(at, "a string is not closed")
	}
	c := p.s[p.i]
	p.i++
	switch c {
	case '"', '\\', '/':
		return rune(c), true
	case 'b':
		return '\b', true
	case 'f':
		return '\f', true
	case 'n':
		return '\n', true
	case 'r':
		return '\r', true
	case 't':
		return '\t', true
	case 'u':
		r, ok := p.hex4()
		if !ok {
			return 0, p.fail(at, `\u needs four hexadecimal digits`)
		}
		if utf16.IsSurrogate(r) {
			if strings.HasPrefix(p.s[p.i:], `\u`) {
				back := p.i
				p.i += 2
				low, ok := p.hex4()
				if !ok {
					return 0, p.fail(back, `\u needs four hexadecimal digits`)
				}
				if full := utf16.DecodeRune(r, low); full != utf8.RuneError {
					return full, true
				}
				p.i = back
			}
			return utf8.RuneError, true
		}
		return r, true
	}
	return 0, p.fail(at, "an escape that JSON does not know")
}

func (p *parser) hex4() (rune, bool) {
	if p.i+4 > len(p.s) {
		return 0, false
	}
	v, err := strconv.ParseUint(p.s[p.i:p.i+4], 16, 16)
	if err != nil {
		return 0, false
	}
	p.i += 4
	return rune(v), true
}

func (p *parser) array(n *node) bool {
	p.i++
	p.space()
	if p.i < len(p.s) && p.s[p.i] == ']' {
		p.i++
		return true
	}
	for {
		var kid *node
		if n != nil {
			n.kids = append(n.kids, node{})
			kid = &n.kids[len(n.kids)-1]
		}
		if !p.value(kid) {
			return false
		}
		if done, ok := p.more(']'); done || !ok {
			return ok
		}
	}
}

// more reads a comma or the closing bracket.
func (p *parser) more(closing byte) (done, ok bool) {
	p.space()
	switch {
	case p.i < len(p.s) && p.s[p.i] == ',':
		p.i++
		p.space()
		if p.i < len(p.s) && p.s[p.i] == closing {
			return false, p.fail(p.i, "a comma stands before the closing bracket")
		}
		return false, true
	case p.i < len(p.s) && p.s[p.i] == closing:
		p.i++
		return true, true
	}
	return false, p.fail(p.i, fmt.Sprintf("expected a comma or %q, %s", closing, p.seen()))
}

// key reads a key and its colon.
func (p *parser) key(keep bool) (string, bool) {
	p.space()
	if p.i >= len(p.s) || p.s[p.i] != '"' {
		return "", p.fail(p.i, "expected a key in quotation marks, "+p.seen())
	}
	k, ok := p.str(keep)
	if !ok {
		return "", false
	}
	p.space()
	if p.i >= len(p.s) || p.s[p.i] != ':' {
		return "", p.fail(p.i, "expected a colon after the key, "+p.seen())
	}
	p.i++
	return k, true
}

func (p *parser) object(n *node) bool {
	p.i++
	p.space()
	if p.i < len(p.s) && p.s[p.i] == '}' {
		p.i++
		return true
	}
	var many map[string]int // keys of a large object
	for {
		at := p.i
		k, ok := p.key(n != nil)
		if !ok {
			return false
		}
		var kid *node
		if n != nil {
			j := -1
			if many == nil && len(n.keys) == 16 {
				many = map[string]int{}
				for i, k := range n.keys {
					many[k] = i
				}
			}
			if many != nil {
				if i, dup := many[k]; dup {
					j = i
				}
				many[k] = len(n.keys)
			} else {
				for i := range n.keys {
					if n.keys[i] == k {
						j = i
					}
				}
			}
			if j >= 0 {
				if p.repeat != nil {
					p.repeat(at)
				}
				if many != nil {
					many[k] = j
				}
				n.kids[j] = node{}
				kid = &n.kids[j]
			} else {
				n.keys = append(n.keys, k)
				n.kids = append(n.kids, node{})
				kid = &n.kids[len(n.kids)-1]
			}
		}
		if !p.value(kid) {
			return false
		}
		if done, ok := p.more('}'); done || !ok {
			return ok
		}
	}
}
