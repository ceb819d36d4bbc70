package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"roleos/internal/fault"
)

// maxFileBytes bounds roleos.yaml. A settings file is a page or two, and the
// parser's time grows with the square of nested brackets: under two seconds at this size.
const maxFileBytes = 20 << 10

// written is one setting as somebody wrote it.
type written struct {
	text  string
	shape shape
	where string // "roleos.yaml:3:7", "ROLEOS_LOG_LEVEL", "--log-level"
}

// problem is one thing that is wrong with the settings.
type problem struct{ where, what, mend string }

// readFile returns the bytes of the workspace's settings file, nil when there is none.
func readFile(dir string) ([]byte, error) {
	f, err := os.Open(filepath.Join(dir, FileName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "config.load", "cannot read %s", FileName)
	}
	defer func() { _ = f.Close() }() // read only: nothing is lost when closing fails
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "config.load", "cannot read %s", FileName)
	}
	if len(data) > maxFileBytes {
		return nil, fault.New(fault.Invalid, "config.load", "%s is larger than %s", FileName, bytesText(maxFileBytes)).
			WithMend("Keep settings only in %s; 'roleos config show' lists them.", FileName)
	}
	return data, nil
}

// parseFile returns the settings in data by key, and what is wrong with it.
func parseFile(data []byte, keys []Key) (map[string]written, []problem) {
	file, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey()) // duplicates are ours to report, with the key's full name
	if err != nil {
		var at yaml.Error
		if errors.As(err, &at) && at.GetToken() != nil {
			return nil, []problem{{place(at.GetToken()), "is not valid YAML: " + at.GetMessage(), ""}}
		}
		return nil, []problem{{FileName, "is not valid YAML", ""}}
	}
	w := walker{keys: keys, found: map[string]written{}}
	docs := 0
	for _, d := range file.Docs {
		if d.Body == nil {
			continue
		}
		if docs++; docs > 1 {
			w.add(d.Body.GetToken(), "a second document starts here", "Keep all settings in one document.")
			break
		}
		w.section("", d.Body)
	}
	return w.found, w.problems
}

// walker descends through sections to keys.
type walker struct {
	keys     []Key
	found    map[string]written
	problems []problem
}

func (w *walker) add(at *token.Token, what, mend string) {
	w.problems = append(w.problems, problem{place(at), what, mend})
}

// section reads the entries of a mapping; path is "" or ends in a dot.
func (w *walker) section(path string, n ast.Node) {
	var entries []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		entries = n.Values
	case *ast.MappingValueNode:
		entries = []*ast.MappingValueNode{n}
	case *ast.NullNode:
		return
	default:
		what := "the file"
		if path != "" {
			what = strings.TrimSuffix(path, ".")
		}
		w.add(n.GetToken(), fmt.Sprintf("%s is %s, expected settings as \"name: value\"", what, shapeOf(n)), "")
		return
	}
	seen := map[string]int{}
	for _, e := range entries {
		at := e.Key.GetToken()
		name, ok := keyText(e.Key)
		if !ok {
			w.add(at, "this kind of key is not used here", "Write plain names.")
			continue
		}
		if line, twice := seen[name]; twice {
			w.add(at, fmt.Sprintf("%s is set twice, first on line %d", path+name, line), "Keep one of the two.")
			continue
		}
		seen[name] = at.Position.Line
		w.entry(path+name, at, e.Value)
	}
}

func (w *walker) entry(name string, at *token.Token, v ast.Node) {
	for _, k := range w.keys {
		if k.Name == name {
			w.setting(k, v)
			return
		}
		if strings.HasPrefix(k.Name, name+".") {
			w.section(name+".", v)
			return
		}
	}
	w.add(at, "unknown key "+quoteShort(name), suggestKey(name, w.keys))
}

func (w *walker) setting(k Key, v ast.Node) {
	at := v.GetToken()
	got := written{shape: shapeOf(v), where: place(at)}
	switch n := v.(type) {
	case *ast.StringNode:
		got.text = n.Value
	case *ast.LiteralNode:
		got.text = n.Value.Value
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		w.add(at, k.Name+" uses a YAML anchor, alias or tag", "Write the value itself.")
		return
	case *ast.SequenceNode:
		if slices.Contains(k.kind.accepts, aList) {
			got.text = words(n)
		}
	case *ast.MappingNode, *ast.MappingValueNode:
		text, ok := flatten(v)
		if !ok {
			w.add(at, k.Name+" holds something else than \"name: number\"", "Expected "+k.Bound+".")
			return
		}
		got.text = text
	default:
		if at != nil {
			got.text = at.Value
		}
	}
	if _, err := k.kind.read(got.text, got.shape); err != nil {
		w.add(at, k.Name+" "+err.Error(), mendFor(k, got.shape))
		return
	}
	w.found[k.Name] = got
}

// mendFor says how to write a value whose type alone is wrong.
func mendFor(k Key, s shape) string {
	wants := k.kind.accepts[0]
	switch {
	case wants == aText && (s == aWhole || s == aNumber || s == aBool):
		return "Put the value in quotes."
	case wants != aText && s == aText:
		return "Write the value without quotes."
	case s == aNothing:
		return "Give it a value, or delete the line to use the default."
	}
	return ""
}

// words returns a list's scalars with spaces between; what is no scalar, or holds
// a space, becomes what no setting accepts.
func words(n *ast.SequenceNode) string {
	var out []string
	for _, v := range n.Values {
		text := "\x00"
		if s := shapeOf(v); s == aText || s == aWhole || s == aNumber {
			text = v.GetToken().Value
		}
		if strings.ContainsAny(text, " ") {
			text = "\x00"
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

// flatten turns a mapping of scalars into the form that the environment uses.
func flatten(n ast.Node) (string, bool) {
	var entries []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		entries = n.Values
	case *ast.MappingValueNode:
		entries = []*ast.MappingValueNode{n}
	}
	pairs := make([]string, 0, len(entries))
	for _, e := range entries {
		name, ok := keyText(e.Key)
		s := shapeOf(e.Value)
		if !ok || s != aWhole && s != aNumber && s != aText || strings.ContainsAny(name, ",") {
			return "", false
		}
		pairs = append(pairs, name+":"+e.Value.GetToken().Value)
	}
	return strings.Join(pairs, ","), true
}

func keyText(k ast.MapKeyNode) (string, bool) {
	switch k := k.(type) {
	case *ast.StringNode:
		return k.Value, true
	case *ast.IntegerNode, *ast.BoolNode, *ast.FloatNode, *ast.NullNode:
		return k.GetToken().Value, true
	}
	return "", false
}

func shapeOf(n ast.Node) shape {
	switch n.(type) {
	case *ast.StringNode, *ast.LiteralNode:
		return aText
	case *ast.IntegerNode:
		return aWhole
	case *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return aNumber
	case *ast.BoolNode:
		return aBool
	case *ast.MappingNode, *ast.MappingValueNode:
		return aMapping
	case *ast.SequenceNode:
		return aList
	}
	return aNothing
}

func place(t *token.Token) string {
	if t == nil || t.Position == nil {
		return FileName
	}
	return fmt.Sprintf("%s:%d:%d", FileName, t.Position.Line, t.Position.Column)
}
