package gate

import (
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
)

var (
	unescaped = strings.NewReplacer("~1", "/", "~0", "~")
	escaped   = strings.NewReplacer("~", "~0", "/", "~1")
)

// Steps splits a JSON pointer (RFC 6901) into its unescaped steps.
func Steps(pointer string) []string { return steps(pointer) }

// steps splits a JSON pointer (RFC 6901).
func steps(pointer string) []string {
	if pointer == "" {
		return nil
	}
	parts := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i := range parts {
		parts[i] = unescaped.Replace(parts[i])
	}
	return parts
}

func step(s string) string { return "/" + escaped.Replace(s) }

// matches yields the places of doc that a pointer with * for any one step
// names, in document order, keys sorted.
func matches(doc any, pattern string) iter.Seq2[string, any] {
	return func(yield func(string, any) bool) { match(doc, steps(pattern), "", yield) }
}

func match(v any, path []string, at string, yield func(string, any) bool) bool {
	if len(path) == 0 {
		return yield(at, v)
	}
	s, rest := path[0], path[1:]
	switch d := v.(type) {
	case map[string]any:
		if s != "*" {
			x, ok := d[s]
			return !ok || match(x, rest, at+step(s), yield)
		}
		for _, k := range slices.Sorted(maps.Keys(d)) {
			if !match(d[k], rest, at+step(k), yield) {
				return false
			}
		}
	case []any:
		if s != "*" {
			i, err := strconv.Atoi(s)
			return err != nil || i < 0 || i >= len(d) || match(d[i], rest, at+"/"+s, yield)
		}
		for i, x := range d {
			if !match(x, rest, at+"/"+strconv.Itoa(i), yield) {
				return false
			}
		}
	}
	return true
}
