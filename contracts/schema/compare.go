package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Change is one difference between two schemas and what it means for documents.
type Change struct {
	Where   string // JSON pointer with * for the items of lists
	What    string
	Rejects bool // a document that had the form may not have it any more
	Accepts bool // a document that had not the form may have it now
}

// Compare returns what is different in b, in the order of the places. A new
// field that may be left out is named with neither effect: it takes nothing
// from anybody. What it does not understand is counted both ways.
func Compare(a, b *Schema) []Change {
	c := comparison{a: a.raw, b: b.raw, seen: map[[2]string]bool{}}
	c.walk(a.raw, b.raw, "")
	slices.SortStableFunc(c.out, func(x, y Change) int { return strings.Compare(x.Where, y.Where) })
	return c.out
}

type comparison struct {
	a, b map[string]any
	seen map[[2]string]bool // pairs of references, for schemas that contain themselves
	out  []Change
}

func (c *comparison) add(where string, rejects, accepts bool, format string, args ...any) {
	c.out = append(c.out, Change{Where: where, What: fmt.Sprintf(format, args...), Rejects: rejects, Accepts: accepts})
}

// follow returns the schema that a reference names, or the node itself.
func follow(root, node map[string]any) (map[string]any, string) {
	ref, _ := node["$ref"].(string)
	def, ok := strings.CutPrefix(ref, "#/$defs/")
	if !ok {
		return node, ""
	}
	defs, _ := root["$defs"].(map[string]any)
	target, _ := defs[def].(map[string]any)
	return target, ref
}

func (c *comparison) walk(a, b map[string]any, at string) {
	a, ra := follow(c.a, a)
	b, rb := follow(c.b, b)
	if ra != "" && rb != "" {
		pair := [2]string{ra, rb}
		if c.seen[pair] {
			return
		}
		c.seen[pair] = true
	}
	keys := map[string]bool{}
	for k := range a {
		keys[k] = true
	}
	for k := range b {
		keys[k] = true
	}
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		c.keyword(k, a, b, at)
	}
}

func (c *comparison) keyword(k string, a, b map[string]any, at string) {
	x, had := a[k]
	y, has := b[k]
	switch k {
	case "title", "description", "$id", "$schema", "$comment", "examples", "default", "$defs":
	case "properties":
		c.properties(a, b, at)
	case "items":
		if p, q, ok := both(x, y); ok {
			c.walk(p, q, at+"/*")
		} else if had != has {
			c.add(at, has, had, "items are described only in one of them")
		}
	case "additionalProperties":
		c.additional(x, y, at)
	case "required":
		for _, f := range missing(y, x) {
			c.add(at+"/"+f, true, false, "has to be there now")
		}
		for _, f := range missing(x, y) {
			c.add(at+"/"+f, false, true, "may be left out now")
		}
	case "enum":
		c.values(x, y, had, has, at)
	case "type":
		c.types(x, y, at)
	case "minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties":
		c.bound(k, x, y, 1, at)
	case "maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties":
		c.bound(k, x, y, -1, at)
	default:
		if !reflect.DeepEqual(x, y) {
			c.add(at, has, had, "%s is %s, was %s", k, text(y, has), text(x, had))
		}
	}
}

func text(v any, there bool) string {
	if !there {
		return "not said"
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

func both(x, y any) (p, q map[string]any, ok bool) {
	p, a := x.(map[string]any)
	q, b := y.(map[string]any)
	return p, q, a && b
}

func (c *comparison) properties(a, b map[string]any, at string) {
	x, _ := a["properties"].(map[string]any)
	y, _ := b["properties"].(map[string]any)
	for _, f := range slices.Sorted(maps.Keys(x)) {
		p, q, ok := both(x[f], y[f])
		switch {
		case ok:
			c.walk(p, q, at+"/"+f)
		case y[f] == nil:
			closed := b["additionalProperties"] == false
			c.add(at+"/"+f, closed, !closed, "is no longer a field")
		}
	}
	for _, f := range slices.Sorted(maps.Keys(y)) {
		if x[f] == nil && !slices.Contains(list(b["required"]), f) {
			c.add(at+"/"+f, a["additionalProperties"] != false, false, "is a new field that may be left out")
		}
	}
}

func (c *comparison) additional(x, y any, at string) {
	if p, q, ok := both(x, y); ok {
		c.walk(p, q, at+"/*")
		return
	}
	if x == nil {
		x = true
	}
	if y == nil {
		y = true
	}
	if !reflect.DeepEqual(x, y) {
		c.add(at, x != false, y != false, "further fields: %s, before: %s", text(y, true), text(x, true))
	}
}

func list(v any) []string {
	var out []string
	items, _ := v.([]any)
	for _, x := range items {
		out = append(out, fmt.Sprint(x))
	}
	return out
}

// missing returns what of x is not in y.
func missing(x, y any) []string {
	in := list(y)
	return slices.DeleteFunc(list(x), func(s string) bool { return slices.Contains(in, s) })
}

func (c *comparison) values(x, y any, had, has bool, at string) {
	switch {
	case !had || !has:
		c.add(at, has, had, "the values there may be are %s, were %s", text(y, has), text(x, had))
	default:
		for _, v := range missing(x, y) {
			c.add(at, true, false, "may not be %q any more", v)
		}
		for _, v := range missing(y, x) {
			c.add(at, false, true, "may be %q now", v)
		}
	}
}

func (c *comparison) types(x, y any, at string) {
	if reflect.DeepEqual(x, y) {
		return
	}
	set := func(v any) []string {
		if s, ok := v.(string); ok {
			return []string{s}
		}
		return list(v)
	}
	p, q := set(x), set(y)
	covers := func(of, t string) bool {
		return of == t || of == "number" && t == "integer"
	}
	lost := func(from, in []string) bool {
		return len(in) > 0 && (len(from) == 0 || slices.ContainsFunc(from, func(t string) bool {
			return !slices.ContainsFunc(in, func(o string) bool { return covers(o, t) })
		}))
	}
	c.add(at, lost(p, q), lost(q, p), "is %s now, was %s", strings.Join(q, " or "), strings.Join(p, " or "))
}

// bound compares limits; sign is 1 where more asks for more.
func (c *comparison) bound(k string, x, y any, sign float64, at string) {
	p, had := number(x)
	q, has := number(y)
	if had == has && p == q {
		return
	}
	stricter := has && (!had || (q-p)*sign > 0)
	c.add(at, stricter, !stricter, "%s is %s, was %s", k, text(y, has), text(x, had))
}

func number(v any) (float64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	f, err := n.Float64()
	return f, err == nil
}
