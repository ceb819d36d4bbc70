package schema

import (
	"encoding/json"
	"strconv"
)

// maxDepth is how deep objects and lists may lie in each other: encoding/json
// refuses what lies deeper.
const maxDepth = 10_000

// Duplicate returns the JSON pointer of the first object key that occurs twice
// in its object, and false when there is none. Decoders differ in which of the
// two they take, so what one reader checks another would not see. Of data that
// is no valid JSON it says nothing useful, but ends.
func Duplicate(data []byte) (string, bool) {
	s := scanner{data: data}
	s.value(0)
	return pointer(s.found), s.found != nil
}

// scanner walks valid JSON without building it.
type scanner struct {
	data  []byte
	at    int
	path  []string
	found []string
}

func (s *scanner) peek() byte {
	for s.at < len(s.data) {
		switch s.data[s.at] {
		case ' ', '\t', '\n', '\r', ',', ':':
			s.at++
		default:
			return s.data[s.at]
		}
	}
	return 0
}

func (s *scanner) value(depth int) {
	if depth > maxDepth || s.found != nil {
		s.at = len(s.data)
		return
	}
	switch s.peek() {
	case '{':
		s.object(depth)
	case '[':
		s.at++
		for i := 0; s.found == nil; i++ {
			switch s.peek() {
			case ']':
				s.at++
				return
			case 0:
				return
			case '{', '[':
				s.path = append(s.path, strconv.Itoa(i))
				s.value(depth + 1)
				s.path = s.path[:len(s.path)-1]
			default:
				s.value(depth + 1)
			}
		}
	case '"':
		s.text()
	case 0:
	default: // a number or a word
		for s.at++; s.at < len(s.data); s.at++ {
			switch s.data[s.at] {
			case ',', ']', '}', ' ', '\t', '\n', '\r':
				return
			}
		}
	}
}

func (s *scanner) object(depth int) {
	s.at++
	// Most objects are small: a list is faster than a map until it is not.
	var keys []string
	var many map[string]bool
	for s.found == nil {
		c := s.peek()
		if c != '"' {
			s.at++
			return
		}
		key := s.key()
		dup := false
		if many != nil {
			dup = many[key]
			many[key] = true
		} else {
			for _, k := range keys {
				dup = dup || k == key
			}
			if keys = append(keys, key); len(keys) == 32 {
				many = make(map[string]bool, 64)
				for _, k := range keys {
					many[k] = true
				}
			}
		}
		s.path = append(s.path, key)
		if dup {
			s.found = append([]string{}, s.path...)
			return
		}
		s.value(depth + 1)
		s.path = s.path[:len(s.path)-1]
	}
}

// text passes over a string and reports whether it holds an escape.
func (s *scanner) text() (escaped bool) {
	for s.at++; s.at < len(s.data); s.at++ {
		switch s.data[s.at] {
		case '\\':
			escaped = true
			s.at++
		case '"':
			s.at++
			return escaped
		}
	}
	return escaped
}

func (s *scanner) key() string {
	from := s.at
	escaped := s.text()
	raw := s.data[from:min(s.at, len(s.data))]
	if escaped {
		var out string
		if json.Unmarshal(raw, &out) == nil {
			return out
		}
	}
	if len(raw) < 2 {
		return ""
	}
	return string(raw[1 : len(raw)-1])
}
