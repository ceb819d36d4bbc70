package artefact

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"roleos/internal/fault"
)

// Read reads an artefact's stored bytes strictly: a field that its type has not,
// another schema than the one named, and anything behind it are fault.Invalid.
func Read[T any](body []byte, schema string, of func(T) string) (T, error) {
	const op = "artefact.read"
	var t T
	if err := strictly(body, &t); err != nil {
		return t, fault.Wrap(err, fault.Invalid, op, "the draft is no %s", schema)
	}
	if got := of(t); got != schema {
		return t, fault.New(fault.Invalid, op, "the draft's schema is %q, expected %s", got, schema)
	}
	return t, nil
}

// ReadEdit reads what a person wants changed, once CheckEdit has passed it. It
// fails with fault.Invalid, also when nobody makes the edit.
func ReadEdit[C any](op string, edit []byte, forms []string, by string) (C, error) {
	var c C
	if err := CheckEdit(op, edit, forms); err != nil {
		return c, err
	}
	if err := strictly(edit, &c); err != nil {
		return c, fault.Wrap(err, fault.Invalid, op, "the edit is not readable")
	}
	if by == "" {
		return c, fault.New(fault.Invalid, op, "an edit needs the person who makes it")
	}
	return c, nil
}

func strictly(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something stands behind it")
	}
	return nil
}

// Present makes a missing list an empty one, which a schema asks for.
func Present[T any](list *[]T) {
	if *list == nil {
		*list = []T{}
	}
}

// Differences collects what differs between two revisions.
type Differences []Difference

// Add notes that something of kind differs at an id, unless it does not.
func (d *Differences) Add(kind, id, before, after string) {
	if before != after {
		*d = append(*d, Difference{Kind: kind, Theme: id, Before: before, After: after})
	}
}
