package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// MaxBytes is the largest schema that is read.
const MaxBytes = 1 << 20

// Schema is one artefact's form. It is compiled when it is first needed and
// safe for concurrent use.
type Schema struct {
	name    string
	raw     map[string]any
	compile func() (*jsonschema.Schema, error)
}

// Parse reads a JSON Schema. name is how messages call it.
func Parse(name string, data []byte) (*Schema, error) {
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("schema %s has %d bytes, at most %d are read", name, len(data), MaxBytes)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("schema %s is no JSON: %w", name, err)
	}
	raw, ok := doc.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("schema %s is no JSON object", name)
	}
	if ref := outward(doc); ref != "" {
		return nil, fmt.Errorf("schema %s refers to %q; it may refer only to its own $defs", name, ref)
	}
	s := &Schema{name: name, raw: raw}
	s.compile = sync.OnceValues(func() (*jsonschema.Schema, error) {
		c := jsonschema.NewCompiler()
		c.DefaultDraft(jsonschema.Draft2020)
		c.AssertFormat()
		c.UseLoader(closed{})
		const here = "urn:roleos:schema"
		if err := c.AddResource(here, doc); err != nil {
			return nil, fmt.Errorf("schema %s: %w", name, err)
		}
		out, err := c.Compile(here)
		if err != nil {
			return nil, fmt.Errorf("schema %s: %w", name, err)
		}
		return out, nil
	})
	return s, nil
}

// outward returns a reference that leaves the schema, or "".
func outward(v any) string {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			ref, isRef := v[k].(string)
			if isRef && (k == "$ref" || k == "$dynamicRef") && !strings.HasPrefix(ref, "#") {
				return ref
			}
			if found := outward(v[k]); found != "" {
				return found
			}
		}
	case []any:
		for _, x := range v {
			if found := outward(x); found != "" {
				return found
			}
		}
	}
	return ""
}

// closed refuses every reference out of the schema.
type closed struct{}

func (closed) Load(url string) (any, error) {
	return nil, fmt.Errorf("a schema may not refer to %s; only to its own $defs", url)
}

// Name returns the name the schema was read under.
func (s *Schema) Name() string { return s.name }

// Raw returns the schema's own JSON, numbers as json.Number; nobody may change it.
func (s *Schema) Raw() map[string]any { return s.raw }

// Violation is one place where a document has not the schema's form.
type Violation struct {
	Where    string // JSON pointer
	Observed string // what is there, and what was expected
}

// Check returns the places where doc, decoded JSON, does not have the form. An
// error means that the schema itself is unusable.
func (s *Schema) Check(doc any) ([]Violation, error) {
	c, err := s.compile()
	if err != nil {
		return nil, err
	}
	err = c.Validate(doc)
	if err == nil {
		return nil, nil
	}
	bad, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return nil, err
	}
	var out []Violation
	printer := message.NewPrinter(language.English)
	leaves(bad, func(e *jsonschema.ValidationError) {
		out = append(out, Violation{Where: pointer(e.InstanceLocation), Observed: observed(e, printer)})
	})
	slices.SortStableFunc(out, func(a, b Violation) int { return strings.Compare(a.Where, b.Where) })
	return out, nil
}

func leaves(e *jsonschema.ValidationError, visit func(*jsonschema.ValidationError)) {
	if len(e.Causes) == 0 {
		visit(e)
	}
	for _, c := range e.Causes {
		leaves(c, visit)
	}
}

func observed(e *jsonschema.ValidationError, p *message.Printer) string {
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		return "missing: " + strings.Join(k.Missing, ", ")
	case *kind.AdditionalProperties:
		return "not known here: " + strings.Join(k.Properties, ", ")
	case *kind.Type:
		return fmt.Sprintf("%s, expected %s", k.Got, strings.Join(k.Want, " or "))
	case *kind.Enum:
		want, _ := json.Marshal(k.Want)
		return fmt.Sprintf("%v, expected one of %s", k.Got, want)
	case *kind.Const:
		return fmt.Sprintf("%v, expected %v", k.Got, k.Want)
	}
	return e.ErrorKind.LocalizedString(p)
}

var escape = strings.NewReplacer("~", "~0", "/", "~1")

func pointer(path []string) string {
	var b strings.Builder
	for _, s := range path {
		b.WriteByte('/')
		escape.WriteString(&b, s) //nolint:errcheck // a Builder does not fail
	}
	return b.String()
}
