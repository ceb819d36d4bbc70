package sql

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"modernc.org/sqlite"

	"roleos/guardrails"
	"roleos/internal/fault"
)

// clause returns the selection as SQL with its parameters. Values are bound as
// text; the column's affinity makes of them what it compares with.
func clause(sel selection) (string, []any) {
	var parts []string
	var args []any
	for _, c := range sel.where {
		switch c.Op {
		case "null":
			parts = append(parts, quoted(c.Column)+" IS NULL")
		case "notnull":
			parts = append(parts, quoted(c.Column)+" IS NOT NULL")
		default:
			parts, args = append(parts, quoted(c.Column)+" "+c.Op+" ?"), append(args, c.Value)
		}
	}
	return strings.Join(parts, " AND "), args
}

// list returns the table's columns as the database holds them: a plus keeps the
// driver from turning texts into times.
func list(t *table) string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = "+" + quoted(c.name)
	}
	return strings.Join(names, ", ")
}

func (x *fileTx) read(ctx context.Context, t *table, sel selection, most int64) ([]row, error) {
	where, args := clause(sel)
	var order []string
	for _, k := range t.key {
		order = append(order, quoted(t.columns[k].name))
	}
	rows, err := x.conn.QueryContext(ctx, fmt.Sprintf("SELECT %s FROM %s WHERE %s ORDER BY %s LIMIT ?",
		list(t), quoted(t.name), where, strings.Join(order, ", ")), append(args, most+1)...)
	if err != nil {
		return nil, sqliteError(err)
	}
	defer rows.Close()
	var out []row
	for rows.Next() {
		values, err := scan(rows, len(t.columns))
		if err != nil {
			return nil, sqliteError(err)
		}
		var view strings.Builder
		for i, v := range values {
			name, _ := json.Marshal(t.columns[i].name)
			fmt.Fprintf(&view, "%s%s:%s", map[bool]string{true: "{", false: ","}[i == 0], name, imageOf([]any{v}, 1))
		}
		out = append(out, row{image: imageOf(values, 0), view: view.String() + "}"})
	}
	return out, sqliteError(rows.Err())
}

func scan(rows *sql.Rows, n int) ([]any, error) {
	values, into := make([]any, n), make([]any, n)
	for i := range values {
		into[i] = &values[i]
	}
	return values, rows.Scan(into...)
}

// imageOf writes values as a JSON array, or, with bare 1, one value alone. A
// number with a point or an exponent is a REAL, one without is an INTEGER.
func imageOf(values []any, bare int) string {
	var b []byte
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		switch v := v.(type) {
		case nil:
			b = append(b, "null"...)
		case int64:
			b = strconv.AppendInt(b, v, 10)
		case float64:
			if math.IsInf(v, 0) {
				b = fmt.Appendf(b, `{"real":"%v"}`, v)
				continue
			}
			b = strconv.AppendFloat(b, v, 'e', -1, 64)
		case string:
			if !utf8.ValidString(v) {
				b = fmt.Appendf(b, `{"text":%q}`, base64.StdEncoding.EncodeToString([]byte(v)))
				continue
			}
			s, _ := json.Marshal(v) // a valid string cannot fail
			b = append(b, s...)
		case []byte:
			b = fmt.Appendf(b, `{"base64":%q}`, base64.StdEncoding.EncodeToString(v))
		default:
			b = fmt.Appendf(b, `{"other":%q}`, fmt.Sprint(v))
		}
	}
	if bare == 1 {
		return string(b)
	}
	return "[" + string(b) + "]"
}

// valuesOf reads what imageOf wrote.
func valuesOf(image string, n int) ([]any, error) {
	dec := json.NewDecoder(strings.NewReader(image))
	dec.UseNumber()
	var values []any
	if err := dec.Decode(&values); err != nil || len(values) != n {
		return nil, fault.New(fault.Invalid, "sql.restore", "a row of the effect is not one of its table")
	}
	for i, v := range values {
		var err error
		switch v := v.(type) {
		case nil, string:
		case json.Number:
			if strings.ContainsAny(v.String(), ".eE") {
				values[i], err = v.Float64()
			} else {
				values[i], err = v.Int64()
			}
		case map[string]any:
			values[i], err = special(v)
		default:
			err = fault.New(fault.Invalid, "sql.restore", "a value of the effect is none of the database")
		}
		if err != nil {
			return nil, err
		}
	}
	return values, nil
}

func special(v map[string]any) (any, error) {
	if s, ok := v["real"].(string); ok {
		return strconv.ParseFloat(s, 64)
	}
	if s, ok := v["text"].(string); ok {
		raw, err := base64.StdEncoding.DecodeString(s)
		return string(raw), err
	}
	if s, ok := v["base64"].(string); ok {
		raw, err := base64.StdEncoding.DecodeString(s)
		return append([]byte{}, raw...), err
	}
	return nil, fault.New(fault.Invalid, "sql.restore", "a value of the effect is none of the database")
}

// watch collects every row that a connection touches, by the pre-update hook
// (https://sqlite.org/c3ref/preupdate_blobwrite.html).
type watch struct {
	tables  map[string]*table
	most    int64
	touched int64
	counts  map[string]int64
	net     map[rowKey]*item
	err     error
}

type rowKey struct{ table, key string }

func (w *watch) saw(d sqlite.SQLitePreUpdateData) {
	if d.TableName == EffectsTable || strings.HasPrefix(d.TableName, "sqlite_") {
		return
	}
	w.touched++
	w.counts[d.TableName]++
	t := w.tables[d.TableName]
	if t == nil || t.refused != "" || d.DatabaseName != "main" {
		if w.err == nil {
			w.err = fault.New(fault.Denied, "sql.plan", "a cascade or a trigger reaches %s, which is no table that may be changed", guardrails.Visible(d.TableName))
		}
		return
	}
	if w.touched > w.most || w.err != nil {
		return // it is refused whatever follows; only counted
	}
	n := len(t.columns)
	old, olds := make([]any, n), ""
	fresh, news := make([]any, n), ""
	const inserted, deleted = 18, 9 // SQLITE_INSERT, SQLITE_DELETE
	if d.Op != inserted {
		w.err = errors.Join(w.err, d.Old(old...))
		olds = imageOf(pick(old, t.key), 0)
	}
	if d.Op != deleted {
		w.err = errors.Join(w.err, d.New(fresh...))
		news = imageOf(pick(fresh, t.key), 0)
	}
	if d.Op != inserted && (d.Op == deleted || olds != news) {
		w.gone(rowKey{t.name, olds}, imageOf(old, 0))
	}
	switch {
	case d.Op == inserted || d.Op != deleted && olds != news:
		w.came(rowKey{t.name, news}, "", imageOf(fresh, 0))
	case d.Op != deleted:
		w.came(rowKey{t.name, news}, imageOf(old, 0), imageOf(fresh, 0))
	}
	if slices.Contains(pick(old, t.key), nil) && d.Op != inserted || slices.Contains(pick(fresh, t.key), nil) && d.Op != deleted {
		w.err = errors.Join(w.err, fault.New(fault.Denied, "sql.plan", "a row of %s has no value in its primary key and could not be found again", t.name))
	}
}

// gone notes that a row is no longer there.
func (w *watch) gone(k rowKey, image string) {
	if it := w.net[k]; it != nil {
		it.new = nil
		return
	}
	w.net[k] = &item{table: k.table, old: &image}
}

// came notes what a row is now; old is what it was, "" when it was not there.
func (w *watch) came(k rowKey, old, image string) {
	it := w.net[k]
	if it == nil {
		it = &item{table: k.table}
		if old != "" {
			it.old = &old
		}
		w.net[k] = it
	}
	it.new = &image
}

func pick(values []any, at []int) []any {
	out := make([]any, len(at))
	for i, k := range at {
		out[i] = values[k]
	}
	return out
}

func (w *watch) effect(own string) (effect, error) {
	e := effect{touched: w.touched, counts: w.counts}
	for _, it := range w.net {
		if it.old == nil && it.new == nil || it.old != nil && it.new != nil && *it.old == *it.new {
			continue
		}
		done := *it
		if loose := w.tables[it.table].loose; it.old == nil && it.table != own && len(loose) > 0 {
			// Without its counters and clocks the row could not be found again to take it back.
			values, err := valuesOf(*it.new, len(w.tables[it.table].columns))
			if err != nil {
				return e, err
			}
			for _, i := range loose {
				values[i] = nil
			}
			image := imageOf(values, 0)
			done.loose, e.final = &image, true
		}
		e.items = append(e.items, done)
	}
	slices.SortFunc(e.items, compare)
	return e, nil
}

// hooked runs f with the watch on this connection.
func (x *fileTx) hooked(w *watch, f func() error) error {
	set := func(fn sqlite.PreUpdateHookFn) error {
		return x.conn.Raw(func(driver any) error {
			c, ok := driver.(sqlite.HookRegisterer)
			if !ok {
				return errors.New("the driver tells no touched rows")
			}
			c.RegisterPreUpdateHook(fn)
			return nil
		})
	}
	if err := set(w.saw); err != nil {
		return err
	}
	err := f()
	return errors.Join(err, set(nil))
}

func (x *fileTx) run(ctx context.Context, t *table, st statement) (effect, error) {
	query, args := write(t, st)
	w := &watch{tables: x.tables, most: x.f.o.Limits.Rows, counts: map[string]int64{}, net: map[rowKey]*item{}}
	err := x.hooked(w, func() error {
		_, err := x.conn.ExecContext(ctx, query, args...)
		return err
	})
	if err != nil {
		return effect{}, sqliteError(err)
	}
	if w.err != nil {
		return effect{}, w.err
	}
	return w.effect(t.name)
}

// write returns the statement as SQL with its parameters.
func write(t *table, st statement) (string, []any) {
	var args []any
	var names, marks []string
	for _, a := range st.set {
		names, marks, args = append(names, quoted(a.column)), append(marks, "?"), append(args, a.value.sqlite())
	}
	where, conditions := clause(st.sel)
	switch st.op {
	case Insert:
		keys, _ := st.sel.keyed(t)
		for i, k := range t.key {
			names, marks, args = append(names, quoted(t.columns[k].name)), append(marks, "?"), append(args, keys[i])
		}
		return fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", quoted(t.name), strings.Join(names, ", "), strings.Join(marks, ", ")), args
	case Update:
		return fmt.Sprintf("UPDATE %s SET %s = ? WHERE %s", quoted(t.name), strings.Join(names, " = ?, "), where), append(args, conditions...)
	}
	return fmt.Sprintf("DELETE FROM %s WHERE %s", quoted(t.name), where), conditions
}

func (v value) sqlite() any {
	switch {
	case v.text != nil:
		return *v.text
	case v.truth != nil:
		if *v.truth {
			return int64(1)
		}
		return int64(0)
	case v.binary:
		return bytes.Clone(v.bytes)
	case v.number != nil:
		if n, err := strconv.ParseInt(*v.number, 10, 64); err == nil {
			return n
		}
		if strings.ContainsAny(*v.number, ".eE") {
			if f, err := strconv.ParseFloat(*v.number, 64); err == nil {
				return f
			}
		}
		return *v.number // the column's affinity decides; nothing is rounded here
	}
	return nil
}

// fingerprint goes over every row of every table.
func (f *file) fingerprint(ctx context.Context) (string, error) {
	x, err := f.begin(ctx, reading)
	if err != nil {
		return "", err
	}
	defer x.rollback()
	sch, err := x.schema(ctx)
	if err != nil {
		return "", err
	}
	conn := x.(*fileTx).conn
	all, err := names(ctx, conn, "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' AND name NOT LIKE 'sqlite@_%' ESCAPE '@' AND name <> ? ORDER BY name", EffectsTable)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintln(h, sch.version)
	for _, name := range all {
		t := &table{name: name}
		if err := x.(*fileTx).columns(ctx, t); err != nil {
			return "", err
		}
		var order []string
		keys := t.key
		for i := range t.columns {
			if len(t.key) == 0 {
				keys = append(keys, i)
			}
		}
		for _, k := range keys {
			order = append(order, quoted(t.columns[k].name))
		}
		fmt.Fprintf(h, "%q\n", name)
		err := each(ctx, conn, fmt.Sprintf("SELECT %s FROM %s ORDER BY %s", list(t), quoted(name), strings.Join(order, ", ")), len(t.columns), func(values []any) {
			fmt.Fprintln(h, imageOf(values, 0))
		})
		if err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func each(ctx context.Context, conn *sql.Conn, query string, n int, f func([]any)) error {
	rows, err := conn.QueryContext(ctx, query)
	if err != nil {
		return sqliteError(err)
	}
	defer rows.Close()
	for rows.Next() {
		values, err := scan(rows, n)
		if err != nil {
			return sqliteError(err)
		}
		f(values)
	}
	return sqliteError(rows.Err())
}

func names(ctx context.Context, conn *sql.Conn, query string, args ...any) ([]string, error) {
	rows, err := conn.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, sqliteError(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, sqliteError(err)
		}
		out = append(out, s)
	}
	return out, sqliteError(rows.Err())
}
