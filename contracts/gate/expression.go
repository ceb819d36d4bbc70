package gate

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	celtypes "cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// Limits of expressions. The cost is CEL's own measure, about one per operation;
// it is summed over everything a gate looks at.
const (
	maxExpression = 8_000 // code points
	maxCost       = 5_000_000
)

// environment makes CEL programs over an artefact's types.
type environment struct {
	types *types
	base  *cel.Env
	over  map[string]*cel.Env // by the type of it
}

func newEnvironment(t *types) (*environment, error) {
	options := append([]cel.EnvOption{
		cel.CustomTypeProvider(t),
		cel.CrossTypeNumericComparisons(true),
		cel.ParserExpressionSizeLimit(maxExpression),
		cel.Variable("draft", t.root),
	}, functions()...)
	base, err := cel.NewEnv(options...)
	if err != nil {
		return nil, err
	}
	return &environment{types: t, base: base, over: map[string]*cel.Env{}}, nil
}

// with returns the environment in which it has the type.
func (e *environment) with(it *cel.Type) (*cel.Env, error) {
	if it == nil {
		return e.base, nil
	}
	key := it.String()
	if e.over[key] == nil {
		env, err := e.base.Extend(cel.Variable("it", it))
		if err != nil {
			return nil, err
		}
		e.over[key] = env
	}
	return e.over[key], nil
}

// program compiles one expression; result is the type it has to have, nil for any.
func (e *environment) program(field, source string, it, result *cel.Type) (cel.Program, *cel.Ast, error) {
	env, err := e.with(it)
	if err != nil {
		return nil, nil, wrong(field, "%v", err)
	}
	ast, issues := env.Compile(source)
	if issues.Err() != nil {
		return nil, nil, e.explain(field, source, issues)
	}
	if result != nil && !ast.OutputType().IsExactType(result) {
		hint := ""
		if result == cel.BoolType {
			hint = "; compare it with something, so that it is true or false"
		}
		return nil, nil, wrong(field, "%s has to be %s, it is %s%s", field, name(result), name(ast.OutputType()), hint)
	}
	p, err := env.Program(ast, cel.CostLimit(maxCost), cel.InterruptCheckFrequency(1000))
	if err != nil {
		return nil, nil, wrong(field, "%v", err)
	}
	return p, ast, nil
}

var (
	undefined  = regexp.MustCompile(`^undefined field '(\w+)'`)
	unknown    = regexp.MustCompile(`^undeclared reference to '(\w+)'`)
	mismatched = regexp.MustCompile(`^found no matching overload for '_([<>=!]+)_' applied to '\(list\(.*, (?:int|double|uint)\)'`)
)

// explain makes the first of CEL's issues a Problem with its place, and says what
// to write instead where that can be told.
func (e *environment) explain(field, source string, issues *cel.Issues) *Problem {
	first := issues.Errors()[0]
	p := wrong(field, "%s", strings.TrimSpace(strings.ReplaceAll(first.Message, prefix, "")))
	p.Line, p.Column = first.Location.Line(), first.Location.Column()+1
	draft := e.types.objects[e.types.root.TypeName()]
	fields := "the draft has " + strings.Join(draft.names, ", ")
	if m := undefined.FindStringSubmatch(p.Message); m != nil {
		near := e.types.near(m[1])
		switch {
		case near != "":
			p.Message += fmt.Sprintf("; did you mean %q?", near)
		case slices.Contains(functionNames(), m[1]):
			p.Message += fmt.Sprintf("; %s is a function: write .%s()", m[1], m[1])
		default:
			p.Message += "; " + fields
		}
	} else if m := unknown.FindStringSubmatch(p.Message); m != nil {
		switch {
		case strings.Contains(source, "."+m[1]+"("):
			p.Message = fmt.Sprintf("there is no function %s(); there are %s", m[1], strings.Join(functionNames(), ", "))
		case draft.fields[m[1]] != nil:
			p.Message += fmt.Sprintf("; write draft.%s", m[1])
		default:
			p.Message += fmt.Sprintf("; a text stands in quotes, a field behind draft. (or it. where the gate has over); %s", fields)
		}
	} else if m := mismatched.FindStringSubmatch(p.Message); m != nil {
		p.Message = fmt.Sprintf("a list cannot be compared with a number by %s; count it with .size()", m[1])
	} else if strings.HasPrefix(p.Message, "expected type 'bool'") {
		p.Message += "; a condition is true or false: compare it with something"
	} else if strings.HasPrefix(p.Message, "Syntax error") {
		p.Message += "; a check is an expression such as draft.points.size() >= 3"
	}
	return p
}

// functionNames lists what a gate's expression may call: what CEL has of use
// here, and the functions of this package.
func functionNames() []string {
	return []string{
		"all", "exists", "exists_one", "filter", "map", "size", "contains", "startsWith", "endsWith", "matches",
		"distinct", "repeated", "flatten", "sum", "descending", "near", "lower", "blank",
	}
}

// expression compiles an automatic gate written in CEL.
func (c *Compiler) expression(s Spec) (*Gate, error) {
	if c.env == nil {
		env, err := newEnvironment(c.types)
		if err != nil {
			return nil, wrong("cel", "%v", err)
		}
		c.env = env
	}
	var it *cel.Type
	if len(s.Over) == 1 {
		it, _ = c.types.at(s.Over[0])
	}
	holds, checked, err := c.env.program("cel", s.CEL, it, cel.BoolType)
	if err != nil {
		return nil, err
	}
	e := expression{holds: holds, it: it}
	if s.Observe != "" {
		if e.observe, _, err = c.env.program("observe", s.Observe, it, nil); err != nil {
			return nil, err
		}
	}
	if it != nil {
		e.over = s.Over[0]
	}
	g := &Gate{holds: e.check, check: func(ctx context.Context, in *Input) Outcome { return e.check(ctx, in.Document.Root()) }}
	g.reads, g.literals = c.types.reads(checked, e.over)
	return g, nil
}

type expression struct {
	holds   cel.Program
	observe cel.Program
	over    string
	it      *cel.Type
}

func (e expression) check(ctx context.Context, root any) (o Outcome) {
	vars := map[string]any{"draft": root}
	if e.it == nil {
		cost, err := e.one(ctx, "", vars, &o)
		if err != nil {
			return Outcome{Err: err, Cost: cost}
		}
		o.Cost = cost
		return o
	}
	cost := uint64(0)
	for at, v := range matches(root, e.over) {
		it, err := native(v, e.it)
		if err != nil {
			return Outcome{Err: fmt.Errorf("at %s: %w", at, err)}
		}
		vars["it"] = it
		c, err := e.one(ctx, at, vars, &o)
		if err != nil {
			return Outcome{Err: fmt.Errorf("at %s: %w", at, err), Cost: cost + c}
		}
		if cost += c; cost > maxCost {
			return Outcome{Err: fmt.Errorf("at %s: the expression costs more than %d steps in all", at, maxCost), Cost: cost}
		}
	}
	o.Cost = cost
	return o
}

// one evaluates the gate at one place and returns what that cost.
func (e expression) one(ctx context.Context, at string, vars map[string]any, o *Outcome) (uint64, error) {
	v, details, err := e.holds.ContextEval(ctx, vars)
	cost := uint64(0)
	if details != nil && details.ActualCost() != nil {
		cost = *details.ActualCost()
	}
	if err != nil {
		return max(cost, 1), err
	}
	if v == celtypes.True {
		return cost, nil
	}
	if v != celtypes.False {
		return cost, fmt.Errorf("the expression gives %v, neither true nor false", v)
	}
	o.add(at, "%s", e.observed(ctx, at, vars))
	return cost, nil
}

// observed says what is there instead; that it cannot be shown does not make
// the gate pass.
func (e expression) observed(ctx context.Context, at string, vars map[string]any) string {
	if e.observe == nil {
		if at == "" {
			return "the condition does not hold"
		}
		return "the condition does not hold here"
	}
	v, _, err := e.observe.ContextEval(ctx, vars)
	if err != nil {
		return fmt.Sprintf("the condition does not hold, and what is there cannot be shown: %v", err)
	}
	return show(v)
}

// show writes a value for people: a list of plain values as words, anything that is
// built of parts as JSON.
func show(v ref.Val) string {
	if s, ok := v.(celtypes.String); ok {
		return string(s)
	}
	value := plain(v)
	if list, ok := value.([]any); ok {
		if words, ok := inWords(list); ok {
			return words
		}
	}
	b, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(v.Value())
	}
	return string(b)
}

// inWords joins plain values: “technical, regulatory and timeline”; “none” for no value.
func inWords(list []any) (string, bool) {
	out := make([]string, len(list))
	for i, x := range list {
		switch x := x.(type) {
		case string:
			out[i] = cmp.Or(x, "an empty text")
		case bool, int64, uint64, float64:
			out[i] = fmt.Sprint(x)
		default:
			return "", false
		}
	}
	switch n := len(out); n {
	case 0:
		return "none", true
	case 1:
		return out[0], true
	default:
		return strings.Join(out[:n-1], ", ") + " and " + out[n-1], true
	}
}
