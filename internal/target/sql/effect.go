package sql

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/fault"
)

// item is one row before and after; nil is absent. An image is a text that the
// database's adapter reads back exactly.
type item struct {
	table    string
	old, new *string
	loose    *string // new without its loose columns; nil when it has none that count
}

func (i item) class() guardrails.Class {
	switch {
	case i.old == nil:
		return guardrails.Create
	case i.new == nil:
		return guardrails.Delete
	}
	return guardrails.Update
}

// effect is what a statement did to rows.
type effect struct {
	items   []item
	touched int64            // rows, those that did not change in the end included
	counts  map[string]int64 // of these by table
	final   bool             // whether it cannot be taken back
}

// MarshalJSON writes [table, old, new].
func (i item) MarshalJSON() ([]byte, error) { return json.Marshal([]any{i.table, i.old, i.new}) }

// UnmarshalJSON reads [table, old, new].
func (i *item) UnmarshalJSON(raw []byte) error {
	var parts []*string
	if err := json.Unmarshal(raw, &parts); err != nil {
		return err
	}
	if len(parts) != 3 || parts[0] == nil || parts[1] == nil && parts[2] == nil {
		return errors.New("a row is [table, before, after]")
	}
	i.table, i.old, i.new = *parts[0], parts[1], parts[2]
	return nil
}

func compare(a, b item) int {
	if c := strings.Compare(a.table, b.table); c != 0 {
		return c
	}
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	if c := strings.Compare(text(a.old), text(b.old)); c != 0 {
		return c
	}
	return strings.Compare(text(a.new), text(b.new))
}

// name returns the effect's digest, "" when there was no effect.
func (e *effect) name() (string, error) {
	if len(e.items) == 0 {
		return "", nil
	}
	items := slices.Clone(e.items)
	for i, it := range items {
		if it.loose != nil {
			items[i].new = it.loose
		}
	}
	slices.SortFunc(items, compare)
	raw, err := encodeItems(items)
	if err != nil {
		return "", err
	}
	return guardrails.Digest(raw), nil
}

func encodeItems(items []item) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	for _, it := range items {
		if err := enc.Encode(it); err != nil {
			return nil, err
		}
	}
	return buf.Bytes(), nil
}

// worst returns the worst class among the rows, Read when there are none.
func worst(items []item) guardrails.Class {
	w := guardrails.Read
	for _, it := range items {
		w = max(w, it.class())
	}
	return w
}

// inverted returns the rows with before and after exchanged.
func inverted(items []item) []item {
	out := make([]item, len(items))
	for i, it := range items {
		out[i] = item{table: it.table, old: it.new, new: it.old}
	}
	return out
}

// restoration takes an effect back, or does it again.
type restoration struct {
	back  bool
	items []item // of the effect, as it was done first
}

// direction returns the rows as the restoration writes them.
func (r *restoration) direction() []item {
	if r.back {
		return inverted(r.items)
	}
	return r.items
}

// op returns the operation that the restoration is.
func (r *restoration) op() string {
	switch worst(r.direction()) {
	case guardrails.Create:
		return PutBack
	case guardrails.Update:
		return ChangeBack
	}
	return TakeBack
}

// The most that a restoration's rows have: as they are written, and unpacked.
const (
	plainRows    = 64 << 10
	unpackedRows = 256 << 20
)

type restorationJSON struct {
	Back bool            `json:"back"`
	Rows json.RawMessage `json:"rows,omitempty"`
	Gzip string          `json:"gzip,omitempty"` // the rows, when they are many
}

// inverse returns what reverses the restoration, or nothing when that is too
// large to be written down in a change set.
func (r *restoration) inverse() (guardrails.Inverse, error) {
	inv := restoration{back: !r.back, items: r.items}
	rows, err := json.Marshal(inv.items)
	if err != nil {
		return guardrails.Inverse{}, err
	}
	j := restorationJSON{Back: inv.back, Rows: rows}
	if len(rows) > plainRows {
		var buf bytes.Buffer
		z := gzip.NewWriter(&buf)
		_, err := z.Write(rows)
		if err = errors.Join(err, z.Close()); err != nil {
			return guardrails.Inverse{}, err
		}
		j.Rows, j.Gzip = nil, base64.StdEncoding.EncodeToString(buf.Bytes())
	}
	body, err := json.Marshal(j)
	if err != nil || len(body) > change.MaxBody || len(rows) > unpackedRows {
		return guardrails.Inverse{}, err
	}
	return guardrails.Inverse{Op: inv.op(), Body: body}, nil
}

func parseRestoration(body []byte) (*restoration, error) {
	refuse := func(err error) (*restoration, error) {
		return nil, fault.Wrap(err, fault.Invalid, "sql.plan", "this is not the taking back of an effect").
			WithMend("`roleos plan undo` writes it")
	}
	var j restorationJSON
	if err := guardrails.DecodeStrict(body, change.MaxBody, &j); err != nil {
		return refuse(err)
	}
	rows := []byte(j.Rows)
	if j.Gzip != "" && rows != nil {
		return refuse(errors.New("it has its rows twice"))
	}
	if j.Gzip != "" {
		packed, err := base64.StdEncoding.Strict().DecodeString(j.Gzip)
		if err != nil {
			return refuse(err)
		}
		z, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			return refuse(err)
		}
		rows, err = io.ReadAll(io.LimitReader(z, unpackedRows+1))
		if err == nil && len(rows) > unpackedRows {
			err = errors.New("it has too many rows")
		}
		if err != nil {
			return refuse(err)
		}
	}
	r := &restoration{back: j.Back}
	if err := json.Unmarshal(rows, &r.items); err != nil {
		return refuse(err)
	}
	if len(r.items) == 0 || !slices.IsSortedFunc(r.items, compare) {
		return refuse(errors.New("it has no rows, or not in order"))
	}
	return r, nil
}
