package gate

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
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
func (e *environment) program(field, source string, it, result *cel.Type) (cel.Program, error) {
	env, err := e.with(it)
	if err != nil {
		return nil, wrong(field, "%v", err)
	}
	ast, issues := env.Compile(source)
	if issues.Err() != nil {
		return nil, e.explain(field, issues)
	}
	if result != nil && !ast.OutputType().IsExactType(result) {
		return nil, wrong(field, "%s has to be %s, it is %s", field, name(result), name(ast.OutputType()))
	}
	p, err := env.Program(ast, cel.CostLimit(maxCost), cel.InterruptCheckFrequency(1000))
	if err != nil {
		return nil, wrong(field, "%v", err)
	}
	return p, nil
}

var undefined = regexp.MustCompile(`^undefined field '(\w+)'`)

// explain makes the first of CEL's issues a Problem with its place.
func (e *environment) explain(field string, issues *cel.Issues) *Problem {
	first := issues.Errors()[0]
	p := wrong(field, "%s", strings.TrimSpace(strings.ReplaceAll(first.Message, prefix, "")))
	p.Line, p.Column = first.Location.Line(), first.Location.Column()+1
	if m := undefined.FindStringSubmatch(p.Message); m != nil {
		if near := e.types.near(m[1]); near != "" {
			p.Message += fmt.Sprintf("; did you mean %q?", near)
		}
	}
	return p
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
	holds, err := c.env.program("cel", s.CEL, it, cel.BoolType)
	if err != nil {
		return nil, err
	}
	e := expression{holds: holds, it: it}
	if s.Observe != "" {
		if e.observe, err = c.env.program("observe", s.Observe, it, nil); err != nil {
			return nil, err
		}
	}
	if it != nil {
		e.over = s.Over[0]
	}
	return &Gate{check: e.check}, nil
}

type expression struct {
	holds   cel.Program
	observe cel.Program
	over    string
	it      *cel.Type
}

func (e expression) check(ctx context.Context, in *Input) (o Outcome) {
	vars := map[string]any{"draft": in.Document.Root()}
	if e.it == nil {
		if _, err := e.one(ctx, "", vars, &o); err != nil {
			return Outcome{Err: err}
		}
		return o
	}
	cost := uint64(0)
	for at, v := range matches(in.Document.Root(), e.over) {
		it, err := native(v, e.it)
		if err != nil {
			return Outcome{Err: fmt.Errorf("at %s: %w", at, err)}
		}
		vars["it"] = it
		c, err := e.one(ctx, at, vars, &o)
		if err != nil {
			return Outcome{Err: fmt.Errorf("at %s: %w", at, err)}
		}
		if cost += c; cost > maxCost {
			return Outcome{Err: fmt.Errorf("at %s: the expression costs more than %d steps in all", at, maxCost)}
		}
	}
	return o
}

// one evaluates the gate at one place and returns what that cost.
func (e expression) one(ctx context.Context, at string, vars map[string]any, o *Outcome) (uint64, error) {
	v, details, err := e.holds.ContextEval(ctx, vars)
	if err != nil {
		return 0, err
	}
	cost := uint64(0)
	if c := details.ActualCost(); c != nil {
		cost = *c
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

func show(v ref.Val) string {
	if s, ok := v.(celtypes.String); ok {
		return string(s)
	}
	b, err := json.Marshal(plain(v))
	if err != nil {
		return fmt.Sprint(v.Value())
	}
	return string(b)
}
