package gate

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	celtypes "cel.dev/cel-go/common/types"

	"roleos/contracts/schema"
)

// types gives CEL the types of an artefact, made from its JSON Schema, so that a
// field the schema does not have is an error before anything runs.
type types struct {
	celtypes.Provider
	root    *cel.Type
	objects map[string]*object
	defs    map[string]any
}

type object struct {
	names  []string
	fields map[string]*celtypes.FieldType
}

const prefix = "artefact."

func newTypes(s *schema.Schema) (*types, error) {
	base, err := celtypes.NewRegistry()
	if err != nil {
		return nil, err
	}
	t := &types{Provider: base, objects: map[string]*object{}}
	t.defs, _ = s.Raw()["$defs"].(map[string]any)
	t.root, err = t.resolve(s.Raw(), prefix+"draft")
	if err != nil {
		return nil, fmt.Errorf("schema %s: %w", s.Name(), err)
	}
	if t.objects[t.root.TypeName()] == nil {
		return nil, fmt.Errorf("schema %s: a draft has to be an object with properties", s.Name())
	}
	return t, nil
}

// resolve returns the CEL type of a schema node; an object is registered as name.
func (t *types) resolve(node map[string]any, name string) (*cel.Type, error) {
	if ref, ok := node["$ref"].(string); ok {
		def, ok := strings.CutPrefix(ref, "#/$defs/")
		target, isObject := t.defs[def].(map[string]any)
		if !ok || !isObject {
			return nil, fmt.Errorf("$ref %q does not name one of the $defs", ref)
		}
		return t.resolve(target, prefix+def)
	}
	switch node["type"] {
	case "string":
		if node["format"] == "date-time" {
			return cel.TimestampType, nil
		}
		return cel.StringType, nil
	case "integer":
		return cel.IntType, nil
	case "number":
		return cel.DoubleType, nil
	case "boolean":
		return cel.BoolType, nil
	case "array":
		items, ok := node["items"].(map[string]any)
		if !ok {
			return cel.ListType(cel.DynType), nil
		}
		item, err := t.resolve(items, name)
		return cel.ListType(item), err
	case "object":
		if props, ok := node["properties"].(map[string]any); ok {
			return t.object(props, name)
		}
		if values, ok := node["additionalProperties"].(map[string]any); ok {
			value, err := t.resolve(values, name)
			return cel.MapType(cel.StringType, value), err
		}
	}
	return cel.DynType, nil
}

func (t *types) object(props map[string]any, name string) (*cel.Type, error) {
	out := cel.ObjectType(name)
	if t.objects[name] != nil {
		return out, nil
	}
	o := &object{names: slices.Sorted(maps.Keys(props)), fields: map[string]*celtypes.FieldType{}}
	t.objects[name] = o // before its fields: types may contain themselves
	for _, field := range o.names {
		node, ok := props[field].(map[string]any)
		if !ok {
			return nil, fmt.Errorf("property %s of %s is no schema object", field, name)
		}
		ft, err := t.resolve(node, name+"."+field)
		if err != nil {
			return nil, err
		}
		o.fields[field] = &celtypes.FieldType{Type: ft, IsSet: isSet(field), GetFrom: getFrom(field, ft)}
	}
	return out, nil
}

func isSet(field string) func(any) bool {
	return func(v any) bool {
		m, _ := v.(map[string]any)
		_, ok := m[field]
		return ok
	}
}

func getFrom(field string, t *cel.Type) func(any) (any, error) {
	return func(v any) (any, error) {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%q is asked of something that is no object", field)
		}
		x, ok := m[field]
		if !ok {
			return nil, fmt.Errorf("the draft leaves out %q; ask has(...) first", field)
		}
		return native(x, t)
	}
}

// native makes decoded JSON what its type says: JSON knows one kind of number
// and no times.
func native(v any, t *cel.Type) (any, error) {
	switch t.Kind() {
	case celtypes.IntKind:
		f, ok := v.(float64)
		if !ok || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
			return nil, fmt.Errorf("%v is no whole number that JSON keeps exactly", v)
		}
		return int64(f), nil
	case celtypes.TimestampKind:
		s, ok := v.(string)
		if !ok {
			return nil, fmt.Errorf("%v is no time", v)
		}
		return time.Parse(time.RFC3339Nano, s)
	case celtypes.ListKind:
		list, ok := v.([]any)
		if !ok {
			return nil, errors.New("a list was expected")
		}
		return nativeList(list, t.Parameters()[0])
	case celtypes.MapKind:
		m, ok := v.(map[string]any)
		if !ok {
			return nil, errors.New("an object was expected")
		}
		value := t.Parameters()[1]
		if !converts(value) {
			return m, nil
		}
		out := make(map[string]any, len(m))
		for k, x := range m {
			n, err := native(x, value)
			if err != nil {
				return nil, err
			}
			out[k] = n
		}
		return out, nil
	}
	return v, nil
}

func nativeList(list []any, item *cel.Type) (any, error) {
	if !converts(item) {
		return list, nil
	}
	out := make([]any, len(list))
	for i, x := range list {
		n, err := native(x, item)
		if err != nil {
			return nil, err
		}
		out[i] = n
	}
	return out, nil
}

// converts reports whether decoded JSON of type t has to be made into something
// else; objects convert field by field, when asked.
func converts(t *cel.Type) bool {
	switch t.Kind() {
	case celtypes.IntKind, celtypes.TimestampKind:
		return true
	case celtypes.ListKind, celtypes.MapKind:
		ps := t.Parameters()
		return converts(ps[len(ps)-1])
	}
	return false
}

// FindStructType implements CEL's type provider.
func (t *types) FindStructType(name string) (*cel.Type, bool) {
	if t.objects[name] != nil {
		return celtypes.NewTypeTypeWithParam(cel.ObjectType(name)), true
	}
	return t.Provider.FindStructType(name)
}

// FindStructFieldNames implements CEL's type provider.
func (t *types) FindStructFieldNames(name string) ([]string, bool) {
	if o := t.objects[name]; o != nil {
		return o.names, true
	}
	return t.Provider.FindStructFieldNames(name)
}

// FindStructFieldType implements CEL's type provider.
func (t *types) FindStructFieldType(name, field string) (*celtypes.FieldType, bool) {
	if o := t.objects[name]; o != nil {
		f, ok := o.fields[field]
		return f, ok
	}
	return t.Provider.FindStructFieldType(name, field)
}

// at returns the type of what a pointer names.
func (t *types) at(pointer string) (*cel.Type, *Problem) {
	if pointer != "" && pointer[0] != '/' {
		return nil, wrong("over", "%q is no JSON pointer; write %s", pointer, "/"+strings.ReplaceAll(pointer, ".", "/"))
	}
	now := t.root
	for _, s := range steps(pointer) {
		switch now.Kind() {
		case celtypes.ListKind:
			now = now.Parameters()[0]
		case celtypes.MapKind:
			now = now.Parameters()[1]
		case celtypes.StructKind:
			o := t.objects[now.TypeName()]
			f, ok := o.fields[s]
			if !ok {
				return nil, wrong("over", "%s: the schema has no %q there; it has %s", pointer, s, strings.Join(o.names, ", "))
			}
			now = f.Type
		case celtypes.DynKind:
			return cel.DynType, nil
		default:
			return nil, wrong("over", "%s: nothing can lie below %s, which is %s", pointer, s, name(now))
		}
	}
	return now, nil
}

func (t *types) has(of *cel.Type, field string) bool {
	o := t.objects[of.TypeName()]
	return o != nil && o.fields[field] != nil
}

// near returns the field name of any object that is most like a misspelt one.
func (t *types) near(field string) string {
	best, least := "", 3
	for _, n := range slices.Sorted(maps.Keys(t.objects)) {
		for _, f := range t.objects[n].names {
			if d := Distance(f, field, least); d < least {
				best, least = f, d
			}
		}
	}
	return best
}

// Distance is the Levenshtein distance, or most when it is no less.
func Distance(a, b string, most int) int {
	if len(a)-len(b) >= most || len(b)-len(a) >= most {
		return most
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return min(row[len(b)], most)
}

func isNumber(t *cel.Type) bool {
	return t.Kind() == celtypes.IntKind || t.Kind() == celtypes.DoubleKind
}

func isStrings(t *cel.Type) bool {
	return t.Kind() == celtypes.ListKind && t.Parameters()[0].Kind() == celtypes.StringKind
}

// name writes a type for a reader.
func name(t *cel.Type) string { return strings.TrimPrefix(t.String(), prefix) }
