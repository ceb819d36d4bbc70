package yamlfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"roleos/internal/fault"
)

// MaxBytes is the largest file that is read.
const MaxBytes = 256 << 10

// Document is one file that was read. The zero value knows no places.
type Document struct {
	name string
	data []byte
	root ast.Node
}

// Read decodes the file name of files into the value that into points to.
// It fails with fault.NotFound when there is none, with fault.Invalid and the
// place of the mistake when it is not what was asked for.
func Read(files fs.FS, name string, into any) (Document, error) {
	const op = "yaml.read"
	f, err := files.Open(name)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return Document{}, fault.New(fault.NotFound, op, "there is no file %s", name)
		}
		return Document{}, fault.Wrap(err, fault.Unavailable, op, "%s cannot be read", name)
	}
	defer f.Close() //nolint:errcheck // only read
	data, err := io.ReadAll(io.LimitReader(f, MaxBytes+1))
	if err != nil {
		return Document{}, fault.Wrap(err, fault.Unavailable, op, "%s cannot be read", name)
	}
	return Decode(name, data, into)
}

// Decode decodes data, which messages call name, into the value that into points to.
func Decode(name string, data []byte, into any) (d Document, err error) {
	defer func() {
		// The YAML library breaks down over some malformed files; that is an
		// unreadable file for whoever wrote it, and no reason to stop the process.
		if p := recover(); p != nil {
			err = fault.New(fault.Invalid, "yaml.read", "%s is not readable as YAML: %v", name, p)
		}
	}()
	d = Document{name: name, data: data}
	if len(data) > MaxBytes {
		return d, fault.New(fault.Invalid, "yaml.read", "%s is larger than %d bytes", name, MaxBytes)
	}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return d, d.explain(err)
	}
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil:
		case d.root != nil:
			return d, d.at(doc.Body.GetToken().Position.Line, 1, "a second document; a file holds one")
		default:
			d.root = doc.Body
		}
	}
	if _, ok := d.root.(*ast.MappingNode); !ok {
		return d, d.at(1, 1, "the file has to hold keys and values")
	}
	var alias aliases
	ast.Walk(&alias, d.root)
	if alias.found != nil {
		p := alias.found.GetToken().Position
		return d, d.at(p.Line, p.Column, "anchors, aliases and tags are not read: write the value out")
	}
	if err := yaml.NodeToValue(d.root, into, yaml.Strict()); err != nil {
		return d, d.explain(err)
	}
	return d, nil
}

// Refuse returns an error at the value that path leads to: keys are strings,
// positions in a list are ints. A path that leads nowhere stops where it last was.
func (d Document) Refuse(path []any, format string, args ...any) *fault.Error {
	line, column := 1, 1
	node := d.root
	for _, part := range path {
		node = inside(node, part)
		if node == nil {
			break
		}
		p := place(node)
		line, column = p[0], p[1]
	}
	return d.at(line, column, fmt.Sprintf(format, args...))
}

// Line returns the line of the value that path leads to, 0 when there is none.
func (d Document) Line(path ...any) int {
	node := d.root
	for _, part := range path {
		if node = inside(node, part); node == nil {
			return 0
		}
	}
	if node == nil {
		return 0
	}
	return place(node)[0]
}

// inside returns the value under a key or at a position, nil when there is none.
func inside(n ast.Node, part any) ast.Node {
	switch part := part.(type) {
	case string:
		var values []*ast.MappingValueNode
		switch n := n.(type) {
		case *ast.MappingNode:
			values = n.Values
		case *ast.MappingValueNode:
			values = []*ast.MappingValueNode{n}
		}
		for _, v := range values {
			if v.Key.GetToken().Value == part {
				return v.Value
			}
		}
	case int:
		if list, ok := n.(*ast.SequenceNode); ok && part < len(list.Values) {
			return list.Values[part]
		}
	}
	return nil
}

// place returns the line and the column at which a value begins.
func place(n ast.Node) [2]int {
	switch n := n.(type) {
	case *ast.MappingNode:
		if len(n.Values) > 0 {
			return place(n.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return place(n.Key)
	}
	p := n.GetToken().Position
	return [2]int{p.Line, p.Column}
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

func (d Document) explain(err error) error {
	if e, ok := errors.AsType[yaml.Error](err); ok && e.GetToken() != nil {
		p := e.GetToken().Position
		return d.at(p.Line, p.Column, e.GetMessage())
	}
	return fault.Wrap(err, fault.Invalid, "yaml.read", "%s is not readable as YAML", d.name)
}

func (d Document) at(line, column int, message string) *fault.Error {
	return fault.New(fault.Invalid, "yaml.read", "%s:%d:%d: %s%s", d.name, line, column, message, d.excerpt(line, column))
}

// excerpt shows the line, the one before it, and a caret below the column.
func (d Document) excerpt(line, column int) string {
	lines := strings.Split(string(d.data), "\n")
	if line < 1 || line > len(lines) {
		return ""
	}
	var b strings.Builder
	for n := max(1, line-1); n <= line; n++ {
		text := []rune(strings.TrimRight(lines[n-1], "\r"))
		if len(text) > 160 {
			text = append(text[:160], '…')
		}
		fmt.Fprintf(&b, "\n  %4d | %s", n, string(text))
	}
	if column > 0 && column <= 161 {
		fmt.Fprintf(&b, "\n       | %s^", strings.Repeat(" ", column-1))
	}
	return b.String()
}
