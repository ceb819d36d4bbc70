package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

// strictJSON reads what clients send: a key that comes twice is refused, since one
// reader takes the first and another the last, and so is what is no UTF-8 and
// text with a zero byte, which not every database keeps.
func strictJSON() huma.Format {
	f := huma.DefaultJSONFormat
	f.Unmarshal = func(data []byte, v any) error {
		if err := wellFormed(data); err != nil {
			return err
		}
		return json.Unmarshal(data, v)
	}
	return f
}

// maxDepth bounds how deep a client's JSON nests.
const maxDepth = 100

// wellFormed says what is wrong with a client's JSON, without repeating it.
func wellFormed(data []byte) error {
	if !utf8.Valid(data) {
		return errors.New("the body is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := value(d, 0); err != nil {
		return fmt.Errorf("the body is no JSON that is taken here: %w", err)
	}
	return nil
}

var errJSON = errors.New("it cannot be read") //nolint:gochecknoglobals // immutable

func value(d *json.Decoder, depth int) error {
	t, err := d.Token()
	if err != nil {
		return errJSON
	}
	if s, ok := t.(string); ok {
		return textual(s)
	}
	open, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	if depth == maxDepth {
		return errors.New("it nests too deep")
	}
	keys := map[string]bool{}
	for d.More() {
		if open == '{' {
			k, err := d.Token()
			if err != nil {
				return errJSON
			}
			key, _ := k.(string) // the decoder lets nothing else be a key
			if err := textual(key); err != nil {
				return err
			}
			f := folded(key)
			if keys[f] {
				return errors.New("a key comes twice in an object")
			}
			keys[f] = true
		}
		if err := value(d, depth+1); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return errJSON
	}
	return nil
}

// folded is a key as encoding/json compares it with a field's name: it takes
// "Agent" for "agent", so that both in one object are one key twice.
func folded(key string) string {
	return strings.Map(func(c rune) rune {
		least := c
		for f := unicode.SimpleFold(c); f != c; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		return least
	}, key)
}

func textual(s string) error {
	if strings.ContainsRune(s, 0) {
		return errors.New("a text holds a zero byte")
	}
	return nil
}
