package sql

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"roleos/guardrails"
	"roleos/internal/fault"
)

// maxObject bounds an object's name, in bytes.
const maxObject = 1024

// Condition is one condition of a selection. Op is one of = != < <= > >=, or
// null and notnull, which take no value. The value is the text form of the
// column's type.
type Condition struct {
	Column, Op, Value string
}

// Object returns the name of the selection of the table's rows that meet all
// conditions.
func Object(table string, where ...Condition) string {
	parts := make([]string, len(where))
	for i, c := range where {
		parts[i] = c.String()
	}
	slices.Sort(parts)
	return table + "/" + strings.Join(slices.Compact(parts), "&")
}

// String returns the condition as it stands in an object's name.
func (c Condition) String() string {
	switch c.Op {
	case "null", "notnull":
		return escape(c.Column) + ":" + c.Op
	}
	return escape(c.Column) + c.Op + escape(c.Value)
}

// escape leaves letters, digits and -._~ as they are.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// selection is a parsed object.
type selection struct {
	object string
	table  string
	where  []Condition
}

var condition = regexp.MustCompile(`^([A-Za-z0-9_.~%-]+)(!=|<=|>=|=|<|>|:null$|:notnull$)([A-Za-z0-9_.~%-]*)$`)

// parseObject reads an object's name. There is one way to write a selection;
// every other is refused, so that one selection is not two objects.
func parseObject(object string) (selection, error) {
	refuse := func(why string) (selection, error) {
		return selection{}, fault.New(fault.Denied, "sql.object", "%.200q names no rows that can be changed: %s", object, why).
			WithMend("write <table>/<column>=<value>, several conditions in order, joined by &")
	}
	if len(object) > maxObject {
		return refuse("it is too long")
	}
	name, conditions, ok := strings.Cut(object, "/")
	if !ok || conditions == "" {
		return refuse("it has no condition")
	}
	s := selection{object: object, table: name}
	for part := range strings.SplitSeq(conditions, "&") {
		m := condition.FindStringSubmatch(part)
		if m == nil {
			return refuse("a condition is not of the form column, comparison, value")
		}
		column, err := url.PathUnescape(m[1])
		if err != nil {
			return refuse("a column is badly escaped")
		}
		value, err := url.PathUnescape(m[3])
		if err != nil || strings.ContainsRune(value, 0) || strings.ToValidUTF8(value, "") != value {
			return refuse("a value is badly escaped")
		}
		s.where = append(s.where, Condition{Column: column, Op: strings.TrimPrefix(m[2], ":"), Value: value})
	}
	if Object(name, s.where...) != object {
		return refuse("its conditions are not in order, or not written in the one way")
	}
	return s, nil
}

// table is what is known of a table that may be changed.
type table struct {
	name    string
	columns []column
	key     []int // of columns, in the order of the primary key
	// loose are columns with a default that differs each time: a counter, a clock.
	// In rows that a trigger inserts elsewhere they are not compared.
	loose   []int
	refused string // why it cannot be changed; empty when it can
}

type column struct {
	name, kind string
}

func (t *table) column(name string) (int, bool) {
	i := slices.IndexFunc(t.columns, func(c column) bool { return c.name == name })
	return i, i >= 0
}

// schema is the database as it stands. version is a digest of everything that
// decides what a statement does.
type schema struct {
	version string
	tables  map[string]*table
	effects bool // whether roleos_effects is there
}

// find returns the selection's table, or why it cannot be changed.
func (s *schema) find(sel selection) (*table, error) {
	t, ok := s.tables[sel.table]
	if !ok {
		return nil, fault.New(fault.Denied, "sql.object", "%.200q is no table that may be changed", sel.table)
	}
	if t.refused != "" {
		return nil, fault.New(fault.Denied, "sql.object", "the table %s cannot be changed: %s", guardrails.Visible(t.name), t.refused)
	}
	for _, c := range sel.where {
		if _, ok := t.column(c.Column); !ok {
			return nil, fault.New(fault.Invalid, "sql.object", "the table %s has no column %q", t.name, c.Column)
		}
	}
	return t, nil
}

// keyed returns the values of the primary key when the selection is exactly that.
func (s selection) keyed(t *table) ([]string, bool) {
	if len(s.where) != len(t.key) {
		return nil, false
	}
	values := make([]string, len(t.key))
	for i, k := range t.key {
		at := slices.IndexFunc(s.where, func(c Condition) bool { return c.Column == t.columns[k].name && c.Op == "=" })
		if at < 0 {
			return nil, false
		}
		values[i] = s.where[at].Value
	}
	return values, true
}
