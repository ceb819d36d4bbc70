package gate

import (
	"maps"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	celtypes "cel.dev/cel-go/common/types"
)

// Read is a place of the draft on which a gate's check rests. It is found in the
// check's structure, not in its words.
type Read struct {
	At   string // JSON pointer, * for any one step
	Form Form
	// Every says that all that stands there has to satisfy something, which is
	// true of nothing at all: an empty list passes.
	Every bool
	// Leaf says that the check looks at the value, not only at what is below it.
	Leaf bool
}

// Form is what stands at a place.
type Form string

// The forms.
const (
	Truth  Form = "boolean"
	Number Form = "number"
	Text   Form = "text"
	Time   Form = "time"
	Many   Form = "list or map"
	Other  Form = "other"
)

func formOf(t *cel.Type) Form {
	switch t.Kind() {
	case celtypes.BoolKind:
		return Truth
	case celtypes.IntKind, celtypes.DoubleKind, celtypes.UintKind:
		return Number
	case celtypes.StringKind:
		return Text
	case celtypes.TimestampKind:
		return Time
	case celtypes.ListKind, celtypes.MapKind:
		return Many
	}
	return Other
}

// Reads returns the places that the gate's check rests on, sorted; none for
// checks that look at the whole draft.
func (g *Gate) Reads() []Read { return g.reads }

// Literals returns the texts that the gate's expression compares with, sorted.
func (g *Gate) Literals() []string { return g.literals }

// reader collects what an expression reads.
type reader struct {
	tree     *ast.AST
	types    *types
	vars     map[string]string // where a comprehension's variable stands
	found    map[string]*Read
	literals map[string]bool
}

// reads finds the places that a checked expression rests on; over is where it stands.
func (t *types) reads(checked *cel.Ast, over string) ([]Read, []string) {
	r := &reader{tree: checked.NativeRep(), types: t, vars: map[string]string{"draft": "", "it": over}, found: map[string]*Read{}, literals: map[string]bool{}}
	r.lists(over, true)
	r.walk(r.tree.Expr())
	return sorted(r.found), slices.Sorted(maps.Keys(r.literals))
}

// listed returns the reads of checks that look at every place of some patterns.
func (t *types) listed(over []string) []Read {
	r := &reader{types: t, found: map[string]*Read{}}
	for _, at := range over {
		r.lists(at, true)
	}
	return sorted(r.found)
}

// lists notes the lists that a pattern goes through.
func (r *reader) lists(pattern string, every bool) {
	for i, c := range pattern {
		if c == '*' {
			list := pattern[:i-1]
			r.note(list).Every = every
		}
	}
}

func (r *reader) note(at string) *Read {
	if r.found[at] == nil {
		form := Other
		if t, p := r.types.at(at); p == nil {
			form = formOf(t)
		}
		r.found[at] = &Read{At: at, Form: form}
	}
	return r.found[at]
}

func sorted(found map[string]*Read) []Read {
	var out []Read
	for _, at := range slices.Sorted(maps.Keys(found)) {
		r := *found[at]
		r.Leaf = true
		for other := range found {
			r.Leaf = r.Leaf && !strings.HasPrefix(other, at+"/")
		}
		out = append(out, r)
	}
	return out
}

// walk notes every place below e.
func (r *reader) walk(e ast.Expr) {
	switch e.Kind() {
	case ast.SelectKind:
		if at, ok := r.place(e); ok {
			r.note(at)
		}
		if of := e.AsSelect().Operand(); of.Kind() != ast.IdentKind {
			r.walk(of)
		}
	case ast.CallKind:
		if at, ok := r.place(e); ok {
			r.note(at)
		}
		c := e.AsCall()
		if c.IsMemberFunction() {
			r.walk(c.Target())
		}
		for _, a := range c.Args() {
			r.walk(a)
		}
	case ast.ComprehensionKind:
		r.comprehension(e.AsComprehension())
	case ast.IdentKind:
		// A variable that stands for an element, looked at as a whole.
		if at, ok := r.vars[e.AsIdent()]; ok && at != "" {
			r.note(at)
		}
	case ast.LiteralKind:
		if s, ok := e.AsLiteral().(celtypes.String); ok {
			r.literals[string(s)] = true
		}
	case ast.ListKind:
		for _, x := range e.AsList().Elements() {
			r.walk(x)
		}
	case ast.MapKind, ast.StructKind, ast.UnspecifiedExprKind:
	}
}

func (r *reader) comprehension(c ast.ComprehensionExpr) {
	r.walk(c.IterRange())
	at, ok := r.place(c.IterRange())
	was, shadowed := r.vars[c.IterVar()]
	delete(r.vars, c.IterVar())
	if ok {
		r.note(at)
		if c.AccuInit().Kind() == ast.LiteralKind && c.AccuInit().AsLiteral() == celtypes.True { // the macro all
			r.note(at).Every = true
		}
		if r.isList(c.IterRange()) {
			r.vars[c.IterVar()] = at + "/*"
		}
	}
	r.walk(c.LoopStep())
	delete(r.vars, c.IterVar())
	if shadowed {
		r.vars[c.IterVar()] = was
	}
}

func (r *reader) isList(e ast.Expr) bool { return r.tree.GetType(e.ID()).Kind() == celtypes.ListKind }

// place returns where in the draft an expression stands.
func (r *reader) place(e ast.Expr) (string, bool) {
	switch e.Kind() {
	case ast.IdentKind:
		at, ok := r.vars[e.AsIdent()]
		return at, ok
	case ast.SelectKind:
		at, ok := r.place(e.AsSelect().Operand())
		return at + step(e.AsSelect().FieldName()), ok
	case ast.CallKind:
		c := e.AsCall()
		if c.FunctionName() == "_[_]" {
			at, ok := r.place(c.Args()[0])
			return at + "/*", ok
		}
		if c.IsMemberFunction() && (c.FunctionName() == "distinct" || c.FunctionName() == "repeated") {
			return r.place(c.Target())
		}
	case ast.ComprehensionKind:
		// A filter leaves the elements where they stand.
		if c := e.AsComprehension(); c.AccuInit().Kind() == ast.ListKind && r.keeps(c.LoopStep(), c.IterVar()) {
			return r.place(c.IterRange())
		}
	case ast.ListKind, ast.LiteralKind, ast.MapKind, ast.StructKind, ast.UnspecifiedExprKind:
	}
	return "", false
}

// keeps reports whether a loop step adds its element as it is: filter's does.
func (r *reader) keeps(e ast.Expr, element string) bool {
	if e.Kind() == ast.ListKind {
		l := e.AsList().Elements()
		return len(l) == 1 && l[0].Kind() == ast.IdentKind && l[0].AsIdent() == element
	}
	if e.Kind() != ast.CallKind {
		return false
	}
	return slices.ContainsFunc(e.AsCall().Args(), func(a ast.Expr) bool { return r.keeps(a, element) })
}
