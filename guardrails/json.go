package guardrails

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"
)

// MaxDepth is how deep JSON from outside may nest.
const MaxDepth = 64

// DecodeStrict reads exactly one JSON value of at most limit bytes into v, a
// non-nil pointer. Unlike encoding/json alone it refuses names that differ in
// case, names that occur twice, unknown names, invalid UTF-8, lone surrogates
// and anything after the value.
func DecodeStrict(data []byte, limit int, v any) error {
	switch {
	case len(data) > limit:
		return fmt.Errorf("the JSON has %d bytes, at most %d are read", len(data), limit)
	case !utf8.Valid(data):
		return errors.New("the JSON is not valid UTF-8")
	case loneSurrogate(data):
		return errors.New("the JSON has half of a surrogate pair")
	}
	t := reflect.TypeOf(v)
	if t == nil || t.Kind() != reflect.Pointer || reflect.ValueOf(v).IsNil() {
		return fmt.Errorf("decode into %T: want a non-nil pointer", v)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := walk(dec, t.Elem(), 0); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("byte %d: something follows the JSON value", dec.InputOffset())
	}
	dec = json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	return dec.Decode(v)
}

// walk reads one value and checks its names against what t declares. A nil t
// declares nothing: names are then only checked for duplicates.
func walk(dec *json.Decoder, t reflect.Type, depth int) error {
	if depth > MaxDepth {
		return fmt.Errorf("byte %d: nested deeper than %d", dec.InputOffset(), MaxDepth)
	}
	tok, err := dec.Token()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	delim, ok := tok.(json.Delim)
	if !ok {
		return nil
	}
	t = open(t)
	if delim == '[' {
		var elem reflect.Type
		if t != nil && (t.Kind() == reflect.Slice || t.Kind() == reflect.Array) {
			elem = t.Elem()
		}
		for dec.More() {
			if err := walk(dec, elem, depth+1); err != nil {
				return err
			}
		}
		_, err = dec.Token()
		return err
	}
	return walkObject(dec, t, depth)
}

func walkObject(dec *json.Decoder, t reflect.Type, depth int) error {
	var fields map[string]reflect.Type
	var elem reflect.Type
	if t != nil {
		switch t.Kind() {
		case reflect.Struct:
			fields = make(map[string]reflect.Type)
			names(t, fields)
		case reflect.Map:
			elem = t.Elem()
		default:
		}
	}
	seen := make(map[string]bool)
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return err
		}
		name, _ := tok.(string)
		if seen[name] {
			return fmt.Errorf("byte %d: %q occurs twice", dec.InputOffset(), name)
		}
		seen[name] = true
		next := elem
		if fields != nil {
			if next, ok := fields[name]; !ok || next == nil {
				return fmt.Errorf("byte %d: %q is no name known here", dec.InputOffset(), name)
			}
			next = fields[name]
		}
		if err := walk(dec, next, depth+1); err != nil {
			return err
		}
	}
	_, err := dec.Token()
	return err
}

// open returns the type that JSON inside t is matched against: pointers are
// followed, types that read themselves declare nothing.
func open(t reflect.Type) reflect.Type {
	for t != nil {
		p := reflect.PointerTo(t)
		if p.Implements(reflect.TypeFor[json.Unmarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
			return nil
		}
		if t.Kind() != reflect.Pointer {
			return t
		}
		t = t.Elem()
	}
	return nil
}

// names collects the JSON names of a struct's fields and of embedded structs'.
func names(t reflect.Type, into map[string]reflect.Type) {
	for f := range t.Fields() {
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && tag == "" && f.Type.Kind() == reflect.Struct {
			names(f.Type, into)
			continue
		}
		if tag == "-" || !f.IsExported() {
			continue
		}
		if tag == "" {
			tag = f.Name
		}
		into[tag] = f.Type
	}
}

// loneSurrogate reports whether a \u escape stands for half a character:
// encoding/json would silently read every such half as the same U+FFFD.
func loneSurrogate(data []byte) bool {
	for i := 0; i < len(data); i++ {
		if data[i] != '\\' {
			continue
		}
		i++ // whatever is escaped
		switch hi := surrogate(data, i); hi {
		case 0:
		case 'h':
			if i+5 >= len(data) || data[i+5] != '\\' || surrogate(data, i+6) != 'l' {
				return true
			}
			i += 6 + 4
		default:
			return true
		}
	}
	return false
}

// surrogate classifies the escape whose letter is at i: 'h' and 'l' for the
// high and low halves, 0 for everything else.
func surrogate(data []byte, i int) byte {
	if i+4 >= len(data) || data[i] != 'u' || data[i+1]|0x20 != 'd' {
		return 0
	}
	switch c := data[i+2] | 0x20; {
	case c == '8' || c == '9' || c == 'a' || c == 'b':
		return 'h'
	case c >= 'c' && c <= 'f':
		return 'l'
	}
	return 0
}
