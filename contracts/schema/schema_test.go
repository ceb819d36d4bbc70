package schema_test

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"roleos/contracts/schema"
	"roleos/internal/artefact"
	"roleos/internal/evidence"
)

func load(t testing.TB) *schema.Schema {
	t.Helper()
	data, err := os.ReadFile("feedback-synthesis.json")
	if err != nil {
		t.Fatal(err)
	}
	s, err := schema.Parse("feedback-synthesis.json", data)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// words of the closed vocabularies, by Go type and by field.
func vocabulary(t reflect.Type, field string) string {
	switch t {
	case reflect.TypeFor[artefact.Direction]():
		return string(artefact.Rising)
	case reflect.TypeFor[artefact.Verdict]():
		return string(artefact.Over)
	case reflect.TypeFor[artefact.AlertKind]():
		return string(artefact.Spiking)
	case reflect.TypeFor[evidence.Op]():
		return string(evidence.OpCell)
	}
	switch field {
	case "schema":
		return artefact.SynthesisSchema
	case "confidence_level":
		return "high"
	case "severity":
		return "warning"
	case "digest":
		return "sha256:" + strings.Repeat("0a", 32)
	}
	return "text"
}

// fill sets every field of v, however deep, to something that is not zero.
func fill(v reflect.Value, field string) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.Date(2026, 3, 2, 9, 0, 0, 123, time.UTC)))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			fill(v.Field(i), name)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), field)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), field)
	case reflect.Map:
		x := reflect.New(v.Type().Elem()).Elem()
		fill(x, field)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("key"), x)
	case reflect.String:
		v.SetString(vocabulary(v.Type(), field))
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint64:
		v.SetUint(1)
	case reflect.Float64:
		v.SetFloat(0.5)
	case reflect.Bool:
		v.SetBool(true)
	}
}

func decoded(t testing.TB, v any) map[string]any {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestASynthesisWithEveryFieldSetHasTheForm(t *testing.T) {
	var s artefact.FeedbackSynthesis
	fill(reflect.ValueOf(&s).Elem(), "")
	bad, err := load(t).Check(decoded(t, s))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range bad {
		t.Errorf("%s: %s", v.Where, v.Observed)
	}
}

// The schema and the Go type hold the same fields, require the same, and agree
// on what is a number, a text, a list.
func TestSchemaAndTypeDoNotDrift(t *testing.T) {
	raw := load(t).Raw()
	defs, _ := raw["$defs"].(map[string]any)
	used := map[string]bool{}
	var compare func(at string, node map[string]any, typ reflect.Type)
	compare = func(at string, node map[string]any, typ reflect.Type) {
		if ref, ok := node["$ref"].(string); ok {
			name := strings.TrimPrefix(ref, "#/$defs/")
			if used[name] {
				return
			}
			used[name] = true
			node, _ = defs[name].(map[string]any)
		}
		if typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		if d, _ := node["description"].(string); d == "" {
			t.Errorf("%s has no description", at)
		}
		want := map[reflect.Kind]string{
			reflect.Struct: "object", reflect.Map: "object", reflect.Slice: "array", reflect.String: "string", reflect.Bool: "boolean",
			reflect.Int: "integer", reflect.Int64: "integer", reflect.Uint64: "integer", reflect.Float64: "number",
		}[typ.Kind()]
		if typ == reflect.TypeFor[time.Time]() {
			if node["type"] != "string" || node["format"] != "date-time" {
				t.Errorf("%s is a time, the schema says %v", at, node["type"])
			}
			return
		}
		if node["type"] != want {
			t.Errorf("%s is %s, the schema says %v", at, want, node["type"])
			return
		}
		switch typ.Kind() {
		case reflect.Slice:
			items, _ := node["items"].(map[string]any)
			if items["description"] == nil && items["$ref"] == nil {
				items = with(items, "description", "item")
			}
			compare(at+"[]", items, typ.Elem())
		case reflect.Map:
			values, _ := node["additionalProperties"].(map[string]any)
			compare(at+"{}", with(values, "description", "value"), typ.Elem())
		case reflect.Struct:
			if node["additionalProperties"] != false {
				t.Errorf("%s is open: additionalProperties is not false", at)
			}
			props, _ := node["properties"].(map[string]any)
			var required, mine []string
			if list, ok := node["required"].([]any); ok {
				for _, r := range list {
					name, _ := r.(string)
					required = append(required, name)
				}
			}
			for _, f := range reflect.VisibleFields(typ) {
				if f.Anonymous || len(f.Index) > 1 && !typ.Field(f.Index[0]).Anonymous {
					continue
				}
				name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
				if name == "-" {
					continue
				}
				mine = append(mine, name)
				prop, ok := props[name].(map[string]any)
				if !ok {
					t.Errorf("%s.%s is not in the schema", at, name)
					continue
				}
				if optional := option != ""; optional == slices.Contains(required, name) {
					t.Errorf("%s.%s: optional in Go is %v, in the schema it is not so", at, name, optional)
				}
				if prop["$ref"] != nil {
					prop = with(prop, "description", "see the definition")
				}
				compare(at+"."+name, prop, f.Type)
			}
			for name := range props {
				if !slices.Contains(mine, name) {
					t.Errorf("%s.%s is in the schema only", at, name)
				}
			}
		}
	}
	compare("draft", raw, reflect.TypeFor[artefact.FeedbackSynthesis]())
	for name := range defs {
		if !used[name] {
			t.Errorf("nothing refers to $defs/%s", name)
		}
	}
}

// with returns a copy of node that has the key at least.
func with(node map[string]any, key, value string) map[string]any {
	out := map[string]any{key: value}
	for k, v := range node {
		out[k] = v
	}
	return out
}

func TestWhatIsNotTheFormIsNamedWithItsPlace(t *testing.T) {
	s := load(t)
	for name, c := range map[string]struct {
		change func(doc map[string]any)
		where  string
		says   string
	}{
		"missing":       {func(d map[string]any) { delete(d, "gaps") }, "", "missing: gaps"},
		"unknown":       {func(d map[string]any) { d["extra"] = 1.0 }, "", "not known here: extra"},
		"wrong case":    {func(d map[string]any) { d["Gaps"] = d["gaps"] }, "", "not known here: Gaps"},
		"wrong type":    {func(d map[string]any) { d["title"] = 1.0 }, "/title", "number, expected string"},
		"null":          {func(d map[string]any) { d["themes"] = nil }, "/themes", "null, expected array"},
		"wrong version": {func(d map[string]any) { d["schema"] = "v0" }, "/schema", "v0, expected roleos/feedback-synthesis/v1"},
		"deep": {func(d map[string]any) {
			d["themes"].([]any)[0].(map[string]any)["confidence_level"] = "sure"
		}, "/themes/0/confidence_level", `sure, expected one of ["high","medium","low"]`},
		"no time": {func(d map[string]any) {
			d["periods"].([]any)[0].(map[string]any)["start"] = "Monday"
		}, "/periods/0/start", "'Monday' is not valid date-time"},
	} {
		var v artefact.FeedbackSynthesis
		fill(reflect.ValueOf(&v).Elem(), "")
		doc := decoded(t, v)
		c.change(doc)
		bad, err := s.Check(doc)
		if err != nil {
			t.Fatal(err)
		}
		if len(bad) != 1 || bad[0].Where != c.where || !strings.HasPrefix(bad[0].Observed, c.says) {
			t.Errorf("%s: %+v, want %q at %q", name, bad, c.says, c.where)
		}
	}
}

func TestASchemaCannotReachOut(t *testing.T) {
	for _, ref := range []string{"https://example.com/x.json", "file:///etc/passwd", "other.json"} {
		if _, err := schema.Parse("x", []byte(`{"properties":{"a":{"$ref":"`+ref+`"}}}`)); err == nil {
			t.Errorf("a schema that refers to %s is used", ref)
		}
	}
}

func TestKeysThatOccurTwiceAreFound(t *testing.T) {
	for doc, want := range map[string]string{
		`{"a":1,"b":2}`: "",
		`{"a":1,"a":2}`: "/a",
		`[{"a":{"b":1,"c":[{"x":1},{"y":1,"y":2}]}}]`: "/0/a/c/1/y",
		`{"a":"\"a\":1,\"a\"","b":"}"}`:               "",
		`{"a":1,"\u0061":2}`:                          "/a",
		`{"a/b":1,"a/b":2}`:                           "/a~1b",
		`{"a":1,"A":2}`:                               "",
		`[]`:                                          "",
		` 1 `:                                         "",
	} {
		at, found := schema.Duplicate([]byte(doc))
		if found != (want != "") || at != want {
			t.Errorf("%s: %q %v, want %q", doc, at, found, want)
		}
	}
	var many strings.Builder
	many.WriteString(`{`)
	for i := range 100 {
		many.WriteString(`"k` + strings.Repeat("x", i) + `":1,`)
	}
	many.WriteString(`"kxx":2}`)
	if at, found := schema.Duplicate([]byte(many.String())); !found || at != "/kxx" {
		t.Errorf("among many keys: %q %v", at, found)
	}
}

// FuzzDuplicate holds the scanner against encoding/json's tokens.
func FuzzDuplicate(f *testing.F) {
	for _, s := range []string{`{"a":[1,{"b":null,"b":true}]}`, `{"":{"":1,"":2}}`, `[[[]]]`, `{"a":"\\","a":1}`, "1e5"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if !json.Valid(data) {
			schema.Duplicate(data) // must end all the same
			return
		}
		_, got := schema.Duplicate(data)
		dec := json.NewDecoder(strings.NewReader(string(data)))
		var value func() bool
		value = func() bool {
			tok, err := dec.Token()
			if err != nil {
				t.Skip()
			}
			twice := false
			switch tok {
			case json.Delim('{'):
				keys := map[string]bool{}
				for dec.More() {
					k, err := dec.Token()
					if err != nil {
						t.Skip()
					}
					name, _ := k.(string)
					twice = twice || keys[name]
					keys[name] = true
					twice = value() || twice
				}
				_, _ = dec.Token()
			case json.Delim('['):
				for dec.More() {
					twice = value() || twice
				}
				_, _ = dec.Token()
			}
			return twice
		}
		if want := value(); got != want {
			t.Errorf("%s: %v, want %v", data, got, want)
		}
	})
}
