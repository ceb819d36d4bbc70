package sql

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/fault"
)

// The operations of the target. The first three are what a proposer can ask for.
// The others take back an effect of one of them, or do it again; they are named
// by the worst that they do.
const (
	Insert     = "insert"
	Update     = "update"
	Delete     = "delete"
	PutBack    = "put-back"    // only inserts rows
	ChangeBack = "change-back" // updates rows, and may insert
	TakeBack   = "take-back"   // deletes rows, and may update and insert
)

// Manifest says what a target of this kind can do.
func Manifest(name string) guardrails.Manifest {
	return guardrails.Manifest{
		Name: name, Version: "sql/1", Settles: true,
		Operations: []guardrails.Operation{
			{Name: Insert, Class: guardrails.Create},
			{Name: Update, Class: guardrails.Update},
			{Name: Delete, Class: guardrails.Delete},
			{Name: PutBack, Class: guardrails.Create},
			{Name: ChangeBack, Class: guardrails.Update},
			{Name: TakeBack, Class: guardrails.Delete},
		},
	}
}

// Set returns the body of an insert or an update. Values are nil, strings,
// booleans, numbers and []byte.
func Set(values map[string]any) ([]byte, error) {
	plain := make(map[string]any, len(values))
	for name, v := range values {
		if b, ok := v.([]byte); ok {
			v = bytesValue{Base64: base64.StdEncoding.EncodeToString(b)}
		}
		plain[name] = v
	}
	return json.Marshal(map[string]any{"set": plain})
}

type bytesValue struct {
	Base64 string `json:"base64"`
}

// statement is one write in one of the three forms, or a restoration.
type statement struct {
	op    string
	sel   selection
	set   []assignment // by column
	again *restoration
}

type assignment struct {
	column string
	value  value
}

// value is a literal of a body: nothing set is null.
type value struct {
	text, number *string
	truth        *bool
	bytes        []byte
	binary       bool
}

// parse reads an intended write.
func (l Limits) parse(in change.Intended) (statement, error) {
	sel, err := parseObject(in.Object)
	if err != nil {
		return statement{}, err
	}
	st := statement{op: in.Op, sel: sel}
	switch in.Op {
	case Insert, Update:
		if len(in.Body) > l.Statement {
			return st, fault.New(fault.Invalid, "sql.plan", "a statement has at most %d bytes, this one %d", l.Statement, len(in.Body))
		}
		st.set, err = parseSet(in.Body, l.Statement)
		if err == nil && in.Op == Update && len(st.set) == 0 {
			err = fault.New(fault.Invalid, "sql.plan", "an update sets at least one column")
		}
	case Delete:
		if len(in.Body) > 0 {
			err = fault.New(fault.Invalid, "sql.plan", "a delete has no body: what is deleted is the object")
		}
	case PutBack, ChangeBack, TakeBack:
		st.again, err = parseRestoration(in.Body)
	default:
		err = fault.New(fault.Invalid, "sql.plan", "rows know insert, update and delete, not %.40q", in.Op).
			WithMend("what changes tables and not rows is done by their owner, not through roleos")
	}
	return st, err
}

func parseSet(body []byte, most int) ([]assignment, error) {
	var b struct {
		Set map[string]json.RawMessage `json:"set"`
	}
	if err := guardrails.DecodeStrict(body, most, &b); err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "sql.plan", `the body is not {"set": {"column": value, ...}}`)
	}
	if b.Set == nil {
		return nil, fault.New(fault.Invalid, "sql.plan", `the body is not {"set": {"column": value, ...}}`)
	}
	var out []assignment
	for _, name := range slices.Sorted(maps.Keys(b.Set)) {
		v, err := parseValue(b.Set[name])
		if err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "sql.plan", "the value of %q is none of text, number, truth, null and {\"base64\": text}", name)
		}
		out = append(out, assignment{column: name, value: v})
	}
	return out, nil
}

func parseValue(raw json.RawMessage) (value, error) {
	text := strings.TrimSpace(string(raw))
	var v value
	switch {
	case text == "null":
		return v, nil
	case text == "true" || text == "false":
		is := text == "true"
		v.truth = &is
		return v, nil
	case strings.HasPrefix(text, `"`):
		v.text = new(string)
		return v, json.Unmarshal(raw, v.text)
	case strings.HasPrefix(text, "{"):
		var b bytesValue
		if err := guardrails.DecodeStrict(raw, len(raw), &b); err != nil {
			return v, err
		}
		bytes, err := base64.StdEncoding.Strict().DecodeString(b.Base64)
		v.bytes, v.binary = bytes, true
		return v, err
	}
	var n json.Number
	if err := json.Unmarshal(raw, &n); err != nil {
		return v, err
	}
	text = n.String()
	v.number = &text
	return v, nil
}

// fits checks the statement against its table.
func (st statement) fits(t *table) error {
	if st.again != nil {
		return nil
	}
	for _, a := range st.set {
		i, ok := t.column(a.column)
		if !ok {
			return fault.New(fault.Invalid, "sql.plan", "the table %s has no column %q", t.name, a.column)
		}
		if slices.Contains(t.key, i) {
			return fault.New(fault.Invalid, "sql.plan", "%q is of the primary key of %s: a row's key is in the object's name and does not change", a.column, t.name)
		}
	}
	if _, ok := st.sel.keyed(t); st.op == Insert && !ok {
		return fault.New(fault.Invalid, "sql.plan", "an insert into %s names the whole primary key of the row and nothing else", t.name).
			WithMend("a key that the database makes could not be found again after a crash")
	}
	return nil
}
