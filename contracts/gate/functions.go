package gate

import (
	"encoding/json"
	"math"
	"strings"

	"cel.dev/cel-go/cel"
	celtypes "cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// functions are what gates may use beside the CEL standard library. All are
// linear in their list.
//
//	list.distinct()    each item once, in the order of their first occurrence
//	list.repeated()    the items that occur more than once
//	list.flatten()     the items of a list of lists
//	list.sum()         of numbers, a double
//	list.descending()  no number is greater than the one before it
//	a.near(b)          equal up to the last digit a figure keeps
//	text.lower()       in lower case
//	text.blank()       nothing but white space
func functions() []cel.EnvOption {
	of := cel.TypeParamType("T")
	list, lists, dyn := cel.ListType(of), cel.ListType(cel.ListType(of)), cel.ListType(cel.DynType)
	unary := func(name, id string, from, to *cel.Type, f func(ref.Val) ref.Val) cel.EnvOption {
		return cel.Function(name, cel.MemberOverload(id, []*cel.Type{from}, to, cel.UnaryBinding(f)))
	}
	return []cel.EnvOption{
		unary("distinct", "list_distinct", list, list, func(v ref.Val) ref.Val { return occurring(v, 1) }),
		unary("repeated", "list_repeated", list, list, func(v ref.Val) ref.Val { return occurring(v, 2) }),
		unary("flatten", "list_flatten", lists, list, flatten),
		unary("sum", "list_sum", dyn, cel.DoubleType, sum),
		unary("descending", "list_descending", dyn, cel.BoolType, descending),
		unary("lower", "string_lower", cel.StringType, cel.StringType, func(v ref.Val) ref.Val {
			return celtypes.String(strings.ToLower(text(v)))
		}),
		unary("blank", "string_blank", cel.StringType, cel.BoolType, func(v ref.Val) ref.Val {
			return celtypes.Bool(strings.TrimSpace(text(v)) == "")
		}),
		cel.Function("near", cel.MemberOverload("double_near", []*cel.Type{cel.DynType, cel.DynType}, cel.BoolType,
			cel.BinaryBinding(func(a, b ref.Val) ref.Val {
				x, ok := number(a)
				y, also := number(b)
				if !ok || !also {
					return celtypes.NewErr("near compares two numbers")
				}
				return celtypes.Bool(math.Abs(x-y) <= 1.5e-6)
			}))),
	}
}

func text(v ref.Val) string {
	s, _ := v.Value().(string)
	return s
}

func number(v ref.Val) (float64, bool) {
	switch n := v.(type) {
	case celtypes.Double:
		return float64(n), true
	case celtypes.Int:
		return float64(n), true
	case celtypes.Uint:
		return float64(n), true
	}
	return 0, false
}

func each(v ref.Val, visit func(ref.Val) ref.Val) ref.Val {
	l, ok := v.(traits.Lister)
	if !ok {
		return celtypes.NewErr("a list was expected")
	}
	for it := l.Iterator(); it.HasNext() == celtypes.True; {
		if err := visit(it.Next()); err != nil {
			return err
		}
	}
	return nil
}

// occurring returns the items at their least-th occurrence. Items that a map
// cannot hold are compared by their JSON.
func occurring(v ref.Val, least int) ref.Val {
	seen := map[any]int{}
	out := []ref.Val{}
	if err := each(v, func(x ref.Val) ref.Val {
		var key any
		switch x := x.(type) {
		case celtypes.String, celtypes.Bool:
			key = x
		case celtypes.Double, celtypes.Int, celtypes.Uint:
			key, _ = number(x)
		default:
			b, err := json.Marshal(plain(x))
			if err != nil {
				return celtypes.WrapErr(err)
			}
			key = [1]string{string(b)}
		}
		if seen[key]++; seen[key] == least {
			out = append(out, x)
		}
		return nil
	}); err != nil {
		return err
	}
	return celtypes.NewRefValList(celtypes.DefaultTypeAdapter, out)
}

func flatten(v ref.Val) ref.Val {
	out := []ref.Val{}
	if err := each(v, func(inner ref.Val) ref.Val {
		return each(inner, func(x ref.Val) ref.Val {
			out = append(out, x)
			return nil
		})
	}); err != nil {
		return err
	}
	return celtypes.NewRefValList(celtypes.DefaultTypeAdapter, out)
}

func sum(v ref.Val) ref.Val {
	total := 0.0
	if err := each(v, func(x ref.Val) ref.Val {
		n, ok := number(x)
		if !ok {
			return celtypes.NewErr("sum adds numbers")
		}
		total += n
		return nil
	}); err != nil {
		return err
	}
	return celtypes.Double(total)
}

func descending(v ref.Val) ref.Val {
	last, falls := math.Inf(1), true
	if err := each(v, func(x ref.Val) ref.Val {
		n, ok := number(x)
		if !ok {
			return celtypes.NewErr("descending compares numbers")
		}
		falls = falls && n <= last
		last = n
		return nil
	}); err != nil {
		return err
	}
	return celtypes.Bool(falls)
}

// plain turns a CEL value into what encoding/json can write.
func plain(v ref.Val) any {
	switch x := v.(type) {
	case traits.Lister:
		out := []any{}
		for it := x.Iterator(); it.HasNext() == celtypes.True; {
			out = append(out, plain(it.Next()))
		}
		return out
	}
	return v.Value()
}
