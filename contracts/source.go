package contracts

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"roleos/contracts/gate"
	"roleos/internal/fault"
)

// place is where a value stands in a file.
type place struct {
	line, column int
	block        byte // '|' or '>' for a block scalar, '"' or '\'' for a quoted one, else 0
}

// readFile reads a bounded file.
func readFile(files fs.FS, name string, most int64) ([]byte, error) {
	const op = "contract.read"
	f, err := files.Open(name)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fault.New(fault.NotFound, op, "there is no file %s below the contracts folder", name)
		}
		return nil, fault.Wrap(err, fault.Unavailable, op, "%s cannot be read", name)
	}
	defer f.Close() //nolint:errcheck // only read
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, op, "%s cannot be read", name)
	}
	if int64(len(data)) > most {
		return nil, fault.New(fault.Invalid, op, "%s is larger than %d bytes", name, most)
	}
	return data, nil
}

// decode reads YAML strictly: unknown keys, duplicate keys, wrong types, a
// second document, aliases and tags are errors with their place.
func decode(name string, data []byte, into any) (root *ast.MappingNode, err error) {
	defer func() {
		// The YAML library breaks down over some malformed files; that is an
		// unreadable file for whoever wrote it, and no reason to stop the process.
		if p := recover(); p != nil {
			root, err = nil, fault.New(fault.Invalid, "contract.load", "%s is not readable as YAML: %v", name, p)
		}
	}()
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, yamlError(name, data, err, into)
	}
	var body ast.Node
	for _, d := range file.Docs {
		if d.Body == nil {
			continue
		}
		if body != nil {
			return nil, at(name, data, place{line: d.Body.GetToken().Position.Line, column: 1}, "a second document; a file holds one")
		}
		body = d.Body
	}
	root, ok := body.(*ast.MappingNode)
	if !ok {
		return nil, at(name, data, place{line: 1, column: 1}, "the file has to hold keys and values")
	}
	var alias aliases
	ast.Walk(&alias, root)
	if alias.found != nil {
		p := alias.found.GetToken().Position
		return nil, at(name, data, place{line: p.Line, column: p.Column}, "anchors, aliases and tags are not read: write the value out").
			WithMend("A text that begins with !, & or * goes into quotes: cel: '!draft.points.exists(p, p.text == \"\")'")
	}
	if err := yaml.NodeToValue(root, into, yaml.Strict()); err != nil {
		return nil, yamlError(name, data, err, into)
	}
	return root, nil
}

var unknownField = regexp.MustCompile(`^unknown field "(.*)"$`)

// mendYAML says what people mostly mean who get a message of the YAML library.
func mendYAML(message string, into any) string {
	switch {
	case strings.HasPrefix(message, "mapping value is not allowed"):
		return `A text with a colon in it goes into quotes: says: "Sources: every point names one."`
	case strings.HasPrefix(message, "value is not allowed in this context"):
		return "Somewhere above a quote or a bracket may be open that is never closed."
	case strings.Contains(message, "cannot start any token"):
		return "Indent with spaces; YAML has no tabs. A text that begins with a special character goes into quotes."
	}
	m := unknownField.FindStringSubmatch(message)
	if m == nil {
		return ""
	}
	known := map[string]bool{}
	keys(reflect.TypeOf(into), known)
	best, least := "", 4
	for _, k := range slices.Sorted(maps.Keys(known)) {
		if d := gate.Distance(k, m[1], least); d < least {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("Did you mean %q?", best)
}

// keys collects the YAML keys of a type and of those below it.
func keys(t reflect.Type, into map[string]bool) {
	switch t.Kind() { //nolint:exhaustive // others hold no keys
	case reflect.Pointer, reflect.Slice:
		keys(t.Elem(), into)
	case reflect.Struct:
		for f := range t.NumField() {
			if k, _, _ := strings.Cut(t.Field(f).Tag.Get("yaml"), ","); k != "" {
				into[k] = true
				keys(t.Field(f).Type, into)
			}
		}
	}
}

type aliases struct{ found ast.Node }

// Visit implements ast.Visitor.
func (a *aliases) Visit(n ast.Node) ast.Visitor {
	switch n.Type() {
	case ast.AliasType, ast.AnchorType, ast.MergeKeyType, ast.TagType:
		a.found = n
		return nil
	}
	return a
}

// yamlError says what is wrong with a file that was read into a value like into.
func yamlError(name string, data []byte, err error, into any) error {
	if e, ok := errors.AsType[yaml.Error](err); ok && e.GetToken() != nil {
		p := e.GetToken().Position
		err := at(name, data, place{line: p.Line, column: p.Column}, "%s", e.GetMessage())
		if mend := mendYAML(e.GetMessage(), into); mend != "" {
			return err.WithMend("%s", mend)
		}
		return err
	}
	return fault.Wrap(err, fault.Invalid, "contract.load", "%s is not readable as YAML", name)
}

// at returns an error that says where in a file, with the line and a caret.
func at(name string, data []byte, p place, format string, args ...any) *fault.Error {
	msg := fmt.Sprintf(format, args...)
	return fault.New(fault.Invalid, "contract.load", "%s:%d:%d: %s%s", name, p.line, p.column, msg, excerpt(data, p))
}

// excerpt shows the line of p, the one before it, and a caret below the column.
func excerpt(data []byte, p place) string {
	lines := strings.Split(string(data), "\n")
	if p.line < 1 || p.line > len(lines) {
		return ""
	}
	var b strings.Builder
	for n := max(1, p.line-1); n <= p.line; n++ {
		line := strings.TrimRight(lines[n-1], "\r")
		if r := []rune(line); len(r) > 160 {
			line = string(r[:160]) + "…"
		}
		fmt.Fprintf(&b, "\n  %4d | %s", n, line)
	}
	if p.column > 0 && p.column <= 161 {
		fmt.Fprintf(&b, "\n       | %s^", strings.Repeat(" ", p.column-1))
	}
	return b.String()
}

// gatePlaces returns where each key's value of each gate stands.
func gatePlaces(root *ast.MappingNode) []map[string]place {
	var out []map[string]place
	for _, kv := range root.Values {
		list, ok := kv.Value.(*ast.SequenceNode)
		if !ok || kv.Key.GetToken().Value != "gates" {
			continue
		}
		for _, item := range list.Values {
			m := map[string]place{"": placeOf(item)}
			switch item := item.(type) {
			case *ast.MappingNode:
				for _, v := range item.Values {
					m[v.Key.GetToken().Value] = placeOf(v.Value)
				}
				if len(item.Values) > 0 {
					p := item.Values[0].Key.GetToken().Position
					m[""] = place{line: p.Line, column: p.Column}
				}
			case *ast.MappingValueNode:
				m[item.Key.GetToken().Value] = placeOf(item.Value)
			}
			out = append(out, m)
		}
	}
	return out
}

func placeOf(n ast.Node) place {
	t := n.GetToken()
	p := place{line: t.Position.Line, column: t.Position.Column}
	switch n := n.(type) {
	case *ast.LiteralNode:
		p.line, p.column = n.Start.Position.Line, n.Start.Position.Column
		p.block = n.Start.Value[0]
	case *ast.StringNode:
		if t.Type.String() == "DoubleQuote" {
			p.block = '"'
		} else if t.Type.String() == "SingleQuote" {
			p.block = '\''
		}
	}
	return p
}

// inside moves a place to a line and column of the scalar that stands there.
func (p place) inside(data []byte, line, column int) place {
	switch {
	case line < 1:
		return p
	case p.block == '|':
		lines := strings.Split(string(data), "\n")
		if p.line >= len(lines) {
			return p
		}
		indent := len(lines[p.line]) - len(strings.TrimLeft(lines[p.line], " "))
		return place{line: p.line + line, column: indent + column}
	case p.block == '>':
		return p
	case p.block != 0:
		return place{line: p.line, column: p.column + column}
	case line == 1:
		return place{line: p.line, column: p.column + column - 1}
	}
	return p
}

// locate returns where key of the gate stands; the gate itself when it has no such key.
func (g Gate) locate(key string) place {
	if g.node >= len(g.src.places) {
		return place{line: 1, column: 1}
	}
	m := g.src.places[g.node]
	if p, ok := m[key]; ok {
		return p
	}
	return m[""]
}
