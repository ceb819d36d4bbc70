package transcript

import "strings"

// lines goes through a text line by line and knows where it is.
type lines struct {
	all   string
	text  string // the line, without its end
	n     int    // 1-based
	start int    // byte offset of the line
	end   int    // byte offset behind the line's end mark
	again bool
}

func newLines(text string) *lines { return &lines{all: text} }

// next moves to the next line.
func (l *lines) next() bool {
	if l.again {
		l.again = false
		return true
	}
	if l.end >= len(l.all) {
		return false
	}
	l.start = l.end
	rest := l.all[l.start:]
	i := strings.IndexAny(rest, "\r\n")
	switch {
	case i < 0:
		l.text, l.end = rest, len(l.all)
	case strings.HasPrefix(rest[i:], "\r\n"):
		l.text, l.end = rest[:i], l.start+i+2
	default:
		l.text, l.end = rest[:i], l.start+i+1
	}
	l.n++
	return true
}

// back makes the next call of next return the same line again.
func (l *lines) back() { l.again = true }
