package tabular

import (
	"errors"
	"strings"

	"roleos/internal/fault"
)

// JSON returns the table in a JSON document, or in JSON Lines when lines is set
// or the document turns out to be such. The records of a document are the
// elements of its outermost array, or of the array with the most objects up to
// three objects deep. Keys of nested objects are joined by dots. It returns a
// SyntaxError for text that is not JSON, and a fault for JSON that has no list of records.
func JSON(text string, lines bool, limit Limits) (*Table, error) {
	lead := strings.TrimLeft(text, " \t\r\n")
	if lines && !strings.HasPrefix(lead, "[") {
		t, err := jsonLines(text, limit)
		var e *SyntaxError
		if !errors.As(err, &e) {
			return t, err
		}
		if doc, docErr := document(text, limit); docErr == nil {
			return doc, nil // a document spread over several lines
		}
		return nil, err
	}
	return document(text, limit)
}

// list is an array that may hold the records.
type list struct {
	path    string
	start   int // of the bracket
	objects int
	texts   int
	others  int
}

func document(text string, limit Limits) (*Table, error) {
	p := &parser{s: text, limit: limit}
	p.space()
	start := p.i
	var lists []list
	if !survey(p, "", 0, &lists) {
		return nil, p.err
	}
	p.space()
	if p.i < len(text) {
		if text[p.i] == '{' && text[start] == '{' && strings.IndexByte(text[start:p.i], '\n') >= 0 {
			return jsonLines(text, limit)
		}
		p.fail(p.i, "something follows the end of the value: "+p.seen())
		return nil, p.err
	}
	best := -1
	for i, l := range lists {
		if l.objects > 0 && (best < 0 || l.objects > lists[best].objects) {
			best = i
		}
	}
	if best < 0 && len(lists) > 0 && lists[0].path == "" && lists[0].texts > 0 {
		best = 0
	}
	src := &jsonSource{text: text, limit: limit, single: text[start] == '{'}
	switch {
	case best >= 0:
		src.start, src.single = lists[best].start, false
		src.plain = lists[best].objects == 0
	case text[start] == '{' && keyed(text, start, limit):
		src.start, src.keyed, src.single = start, true, false
	case text[start] == '{' && len(lists) == 0 && strings.TrimSpace(text[start+1:p.i-1]) != "":
		src.start = start
	default:
		return nil, noList()
	}
	t, err := src.table("json")
	if t != nil {
		for i, l := range lists {
			if i != best && l.objects > 0 {
				t.Skipped = append(t.Skipped, l.path)
			}
		}
	}
	return t, err
}

func noList() error {
	return fault.New(fault.Invalid, "ingest", "it is valid JSON, but no list of records").
		WithMend(`Expected [{"id": 1, "text": "..."}, ...], an object with such a list in it, or one object per line.`)
}

// survey checks a value and finds the arrays in it that may hold the records.
func survey(p *parser, path string, level int, lists *[]list) bool {
	p.space()
	if p.i >= len(p.s) {
		return p.value(nil)
	}
	switch {
	case p.s[p.i] == '[':
		l := list{path: path, start: p.i}
		ok := elements(p, func() bool {
			switch p.s[p.i] {
			case '{':
				l.objects++
			case '"':
				l.texts++
			default:
				l.others++
			}
			return p.value(nil)
		})
		*lists = append(*lists, l)
		return ok
	case p.s[p.i] == '{' && level < 3:
		return members(p, func(key string) bool { return survey(p, join(path, key), level+1, lists) })
	}
	return p.value(nil)
}

// keyed reports whether the object at start holds at least two values and all are objects.
func keyed(text string, start int, limit Limits) bool {
	p := &parser{s: text, i: start, limit: limit}
	n, all := 0, true
	members(p, func(string) bool {
		p.space()
		n++
		all = all && p.i < len(text) && text[p.i] == '{'
		return all && p.value(nil)
	})
	return all && n >= 2
}

// members calls read in front of each value of the object at the parser's place.
func members(p *parser, read func(key string) bool) bool {
	p.i++
	p.depth++
	p.space()
	if p.i < len(p.s) && p.s[p.i] == '}' {
		p.i++
		p.depth--
		return true
	}
	for {
		k, ok := p.key(true)
		if !ok || !read(k) {
			return false
		}
		if done, ok := p.more('}'); done || !ok {
			p.depth--
			return ok
		}
	}
}

// elements calls read in front of each element of the array at the parser's place.
func elements(p *parser, read func() bool) bool {
	p.i++
	p.depth++
	p.space()
	if p.i < len(p.s) && p.s[p.i] == ']' {
		p.i++
		p.depth--
		return true
	}
	for {
		p.space()
		if p.i >= len(p.s) {
			return p.fail(p.i, "an array is not closed")
		}
		if !read() {
			return false
		}
		if done, ok := p.more(']'); done || !ok {
			p.depth--
			return ok
		}
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// jsonSource gives the records of JSON text, parsed anew each time: the text is the only copy.
type jsonSource struct {
	text   string
	limit  Limits
	start  int
	plain  bool // elements are strings
	single bool // one object, not a list
	keyed  bool // an object whose values are the records
	lines  bool
}

// element is one record of a source.
type element struct {
	node   node
	key    string // of a keyed record
	number int
	line   int
	end    int
	bad    *Bad
}

// each parses the records in order. repeat hears the line of a key named twice.
func (j *jsonSource) each(repeat func(line int), yield func(*element) bool) error {
	if j.lines {
		return j.eachLine(repeat, yield)
	}
	p := &parser{s: j.text, i: j.start, limit: j.limit}
	line, counted := 1, 0
	lineAt := func(i int) int {
		line += strings.Count(j.text[counted:i], "\n")
		counted = i
		return line
	}
	var e element
	one := func() bool {
		p.space()
		at := p.i
		e = element{key: e.key, number: e.number + 1, line: lineAt(at)}
		p.nodes = 0
		p.repeat = func(int) { repeat(e.line) }
		if !p.value(&e.node) {
			return false
		}
		e.end = p.i
		if want := byte('{'); e.node.kind != want && !(j.plain && e.node.kind == '"') {
			e.bad = &Bad{What: "it is no object like the others", Raw: Head(j.text[at:p.i])}
		}
		return yield(&e)
	}
	switch {
	case j.single:
		one()
	case j.keyed:
		members(p, func(key string) bool {
			e.key = key
			return one()
		})
	default:
		elements(p, one)
	}
	return p.err
}

func (j *jsonSource) eachLine(repeat func(line int), yield func(*element) bool) error {
	at, line := 0, 0
	e := element{}
	for at < len(j.text) {
		end := strings.IndexByte(j.text[at:], '\n')
		next := at + end + 1
		if end < 0 {
			end, next = len(j.text)-at, len(j.text)
		}
		raw := strings.TrimSpace(j.text[at : at+end])
		at = next
		if line++; raw == "" {
			continue
		}
		p := &parser{s: raw, limit: j.limit, repeat: func(int) { repeat(line) }}
		e = element{number: e.number + 1, line: line, end: at}
		ok := p.value(&e.node)
		if p.space(); ok && p.i < len(raw) {
			ok = p.fail(p.i, "something follows the end of the value: "+p.seen())
		}
		var syntax *SyntaxError
		switch {
		case errors.As(p.err, &syntax):
			e.bad = &Bad{What: "not valid JSON: " + syntax.What, Raw: Head(raw)}
		case !ok:
			return p.err
		case e.node.kind != '{':
			e.bad = &Bad{What: "the line is no object", Raw: Head(raw)}
		}
		if !yield(&e) {
			return nil
		}
	}
	return nil
}

func jsonLines(text string, limit Limits) (*Table, error) {
	t, err := (&jsonSource{text: text, limit: limit, lines: true}).table("jsonl")
	if err == nil && len(t.Columns) == 0 { // no line could be read: report the first as the document's fault
		p := &parser{s: text, limit: limit}
		if p.value(nil) {
			return nil, noList()
		}
		return nil, p.err
	}
	return t, err
}

// CheckJSON returns a SyntaxError when text is not one JSON value, or a fault when it exceeds a limit.
func CheckJSON(text string, limit Limits) error {
	p := &parser{s: text, limit: limit}
	if p.value(nil) {
		if p.space(); p.i < len(text) {
			p.fail(p.i, "something follows the end of the value: "+p.seen())
		}
	}
	return p.err
}
