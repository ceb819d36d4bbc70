package sql

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/fault"
)

// params collects the parameters of a query; every value goes in as text and is
// read by the server as the column's type.
type params struct{ args []any }

func (p *params) text(v, kind string) string {
	p.args = append(p.args, v)
	return "CAST($" + strconv.Itoa(len(p.args)) + "::text AS " + kind + ")"
}

func ident(name string) string { return pgx.Identifier{name}.Sanitize() }

func (p *params) clause(t *table, sel selection) string {
	var parts []string
	for _, c := range sel.where {
		i, _ := t.column(c.Column)
		switch c.Op {
		case "null":
			parts = append(parts, ident(c.Column)+" IS NULL")
		case "notnull":
			parts = append(parts, ident(c.Column)+" IS NOT NULL")
		default:
			parts = append(parts, ident(c.Column)+" "+strings.ReplaceAll(c.Op, "!=", "<>")+" "+p.text(c.Value, t.columns[i].kind))
		}
	}
	return strings.Join(parts, " AND ")
}

func (v value) postgres(p *params, kind string) string {
	switch {
	case v.text != nil:
		return p.text(*v.text, kind)
	case v.number != nil:
		return p.text(*v.number, kind)
	case v.truth != nil:
		return p.text(strconv.FormatBool(*v.truth), kind)
	case v.binary:
		return p.text(`\x`+hex.EncodeToString(v.bytes), kind)
	}
	return "NULL"
}

func (x *serverTx) read(ctx context.Context, t *table, sel selection, most int64) ([]row, error) {
	var p params
	where := p.clause(t, sel)
	rows, err := x.tx.Query(ctx, fmt.Sprintf(`SELECT r::text, to_json(r)::text FROM %s AS r WHERE %s ORDER BY r::text COLLATE "C" LIMIT %d`, x.name(t.name), where, most+1), p.args...)
	if err != nil {
		return nil, pgError(err)
	}
	defer rows.Close()
	var out []row
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.image, &r.view); err != nil {
			return nil, pgError(err)
		}
		out = append(out, r)
	}
	return out, pgError(rows.Err())
}

func (x *serverTx) statement(t *table, st statement) (string, []any) {
	var p params
	var names, values []string
	for _, a := range st.set {
		i, _ := t.column(a.column)
		names, values = append(names, ident(a.column)), append(values, a.value.postgres(&p, t.columns[i].kind))
	}
	switch st.op {
	case Insert:
		keys, _ := st.sel.keyed(t)
		for i, k := range t.key {
			c := t.columns[k]
			names, values = append(names, ident(c.name)), append(values, p.text(keys[i], c.kind))
		}
		return fmt.Sprintf("INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE VALUES (%s)", x.name(t.name), strings.Join(names, ", "), strings.Join(values, ", ")), p.args
	case Update:
		for i := range names {
			names[i] += " = " + values[i]
		}
		where := p.clause(t, st.sel)
		return fmt.Sprintf("UPDATE %s SET %s WHERE %s", x.name(t.name), strings.Join(names, ", "), where), p.args
	}
	where := p.clause(t, st.sel)
	return fmt.Sprintf("DELETE FROM %s WHERE %s", x.name(t.name), where), p.args
}

// storage names the files of the schema's tables, which TRUNCATE and DDL change.
const storage = `SELECT coalesce(string_agg(oid::text || ':' || relfilenode, ',' ORDER BY oid), '') || current_setting('track_counts')
FROM pg_class WHERE relnamespace = $1::text::regnamespace AND relkind IN ('r', 'p') AND relname <> 'roleos_effects'`

func (x *serverTx) run(ctx context.Context, t *table, st statement) (effect, error) {
	var before, after string
	if err := x.tx.QueryRow(ctx, storage, x.s.o.Schema).Scan(&before); err != nil {
		return effect{}, pgError(err)
	}
	if !strings.HasSuffix(before, "on") {
		return effect{}, fault.New(fault.Denied, "sql.plan", "the server does not count rows, so nothing can be measured").WithMend("set track_counts on")
	}
	counts, err := x.counted(ctx)
	if err != nil {
		return effect{}, err
	}
	version := x.version
	query, args := x.statement(t, st)
	if _, err := x.tx.Exec(ctx, query, args...); err != nil {
		return effect{}, pgError(err)
	}
	// What waits for the commit is to be measured as well.
	if _, err := x.tx.Exec(ctx, "SET CONSTRAINTS ALL IMMEDIATE"); err != nil {
		return effect{}, pgError(err)
	}
	if err := x.tx.QueryRow(ctx, storage, x.s.o.Schema).Scan(&after); err != nil {
		return effect{}, pgError(err)
	}
	now, err := x.schema(ctx)
	if err != nil {
		return effect{}, err
	}
	if before != after || now.version != version {
		return effect{}, fault.New(fault.Denied, "sql.plan", "a trigger empties or changes whole tables, which cannot be measured")
	}
	return x.effect(ctx, t.name, counts)
}

// written is what the server counted for one table in this transaction.
type written struct {
	schema, table       string
	inserts, upds, dels int64
}

// counted returns the server's counts. They may still hold those of earlier
// transactions of this connection, so only their growth says something.
func (x *serverTx) counted(ctx context.Context) ([]written, error) {
	rows, err := x.tx.Query(ctx, `SELECT schemaname, relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_xact_user_tables
WHERE n_tup_ins + n_tup_upd + n_tup_del > 0 ORDER BY schemaname, relname`)
	if err != nil {
		return nil, pgError(err)
	}
	out, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (w written, err error) {
		err = r.Scan(&w.schema, &w.table, &w.inserts, &w.upds, &w.dels)
		return w, err
	})
	return out, pgError(err)
}

func subtract(counts, from []written) []written {
	for i, w := range counts {
		for _, f := range from {
			if f.schema == w.schema && f.table == w.table {
				counts[i] = written{w.schema, w.table, w.inserts - f.inserts, w.upds - f.upds, w.dels - f.dels}
			}
		}
	}
	return counts
}

// effect finds every row that the transaction has touched since before.
func (x *serverTx) effect(ctx context.Context, of string, before []written) (effect, error) {
	e := effect{counts: map[string]int64{}, final: !x.inverse}
	counted, err := x.counted(ctx)
	if err != nil {
		return e, err
	}
	counted = slices.DeleteFunc(subtract(counted, before), func(w written) bool { return w.inserts+w.upds+w.dels == 0 })
	for _, w := range counted {
		n := w.inserts + w.upds + w.dels
		e.touched += n
		e.counts[w.table] += n
		if t := x.tables[w.table]; w.schema != x.s.o.Schema || t == nil || t.refused != "" {
			return e, fault.New(fault.Denied, "sql.plan", "a cascade or a trigger reaches %s.%s, which is no table that may be changed", guardrails.Visible(w.schema), guardrails.Visible(w.table))
		}
	}
	if e.touched > x.s.o.Limits.Rows || len(counted) == 0 {
		return e, nil // it is refused, or there is nothing
	}
	var xid string
	if err := x.tx.QueryRow(ctx, "SELECT pg_current_xact_id()::xid::text").Scan(&xid); err != nil {
		return e, pgError(err)
	}
	past, err := x.s.open(ctx, x.s.past, reading)
	if err != nil {
		return e, err
	}
	defer past.rollback()
	for _, w := range counted {
		if err := x.images(ctx, past, w, xid, w.table == of, &e); err != nil {
			return e, err
		}
	}
	slices.SortFunc(e.items, compare)
	return e, nil
}

// images adds one table's rows before and after. A row that this transaction
// ended carries its number in xmax and is still seen by another one; what was
// only locked carries it too, and is seen by this one as well. A row that it
// made carries the number in xmin. What is found must be what was counted:
// triggers that catch exceptions, that write a row twice, and locks shared with
// others hide a number, and then the effect is refused as not measurable.
func (x *serverTx) images(ctx context.Context, past *serverTx, w written, xid string, own bool, e *effect) error {
	t := x.tables[w.table]
	var keys []string
	loose := make([]string, len(t.columns))
	for i, c := range t.columns {
		loose[i] = "r." + ident(c.name)
		if slices.Contains(t.loose, i) && !own {
			loose[i] = "NULL"
		}
	}
	for _, k := range t.key {
		keys = append(keys, "r."+ident(t.columns[k].name))
	}
	query := fmt.Sprintf("SELECT ctid::text, r::text, ROW(%s)::text, ROW(%s)::text FROM %s AS r WHERE ", strings.Join(keys, ", "), strings.Join(loose, ", "), x.name(w.table))
	held, err := x.found(ctx, query+"xmax = $1::text::xid", xid)
	if err != nil {
		return err
	}
	locked := map[string]bool{}
	for _, f := range held {
		locked[f.ctid] = true
	}
	old, err := past.found(ctx, query+"xmax = $1::text::xid", xid)
	if err != nil {
		return err
	}
	old = slices.DeleteFunc(old, func(f found) bool { return locked[f.ctid] })
	fresh, err := x.found(ctx, query+"xmin = $1::text::xid", xid)
	if err != nil {
		return err
	}
	if int64(len(old)) != w.upds+w.dels || int64(len(fresh)) != w.inserts+w.upds {
		return fault.New(fault.Denied, "sql.plan", "what happens to the rows of %s cannot be told row by row: %d were touched, %d were found before and %d after", t.name, w.inserts+w.upds+w.dels, len(old), len(fresh)).
			WithMend("a trigger writes a row twice or catches errors, or somebody else holds these rows; nothing was written")
	}
	was := map[string]*string{}
	for _, f := range old {
		was[f.key] = &f.image
	}
	for _, f := range fresh {
		it := item{table: t.name, old: was[f.key], new: &f.image}
		delete(was, f.key)
		if it.old != nil && *it.old == *it.new {
			continue
		}
		if it.old == nil && !own && len(t.loose) > 0 {
			it.loose, e.final = &f.loose, true
		}
		e.items = append(e.items, it)
	}
	for _, image := range was {
		e.items = append(e.items, item{table: t.name, old: image})
	}
	return nil
}

type found struct{ ctid, image, key, loose string }

func (x *serverTx) found(ctx context.Context, query string, args ...any) ([]found, error) {
	rows, err := x.tx.Query(ctx, query, args...)
	if err != nil {
		return nil, pgError(err)
	}
	out, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (f found, err error) {
		err = r.Scan(&f.ctid, &f.image, &f.key, &f.loose)
		return f, err
	})
	return out, pgError(err)
}

// restore writes the rows in three steps: first they go, then they change, then
// they come. Triggers and foreign keys do nothing in this transaction; afterwards
// the foreign keys must hold.
func (x *serverTx) restore(ctx context.Context, items []item) error {
	type part struct{ gone, was, is, come []string }
	parts := map[string]*part{}
	for _, it := range items {
		p := parts[it.table]
		if p == nil {
			p = &part{}
			parts[it.table] = p
		}
		switch {
		case it.new == nil:
			p.gone = append(p.gone, *it.old)
		case it.old == nil:
			p.come = append(p.come, *it.new)
		default:
			p.was, p.is = append(p.was, *it.old), append(p.is, *it.new)
		}
	}
	step := func(want int, query string, args ...any) error {
		if want == 0 {
			return nil
		}
		tag, err := x.tx.Exec(ctx, query, args...)
		if err != nil {
			return pgError(err)
		}
		if tag.RowsAffected() != int64(want) {
			return change.ErrDrift
		}
		return nil
	}
	for _, doing := range []int{0, 1, 2} {
		for name, p := range parts {
			t, full := x.tables[name], x.name(name)
			match := func(of string) string {
				var eq []string
				for _, k := range t.key {
					eq = append(eq, fmt.Sprintf("r.%[1]s = (%[2]s).%[1]s", ident(t.columns[k].name), of))
				}
				return strings.Join(eq, " AND ")
			}
			var err error
			switch doing {
			case 0:
				err = step(len(p.gone), fmt.Sprintf("DELETE FROM %s AS r USING (SELECT i AS image, i::%s AS o FROM unnest($1::text[]) AS i) AS w WHERE %s AND r::text = w.image", full, full, match("w.o")), p.gone)
			case 1:
				var set []string
				for _, c := range t.columns {
					set = append(set, fmt.Sprintf("%[1]s = (w.n).%[1]s", ident(c.name)))
				}
				err = step(len(p.was), fmt.Sprintf("UPDATE %s AS r SET %s FROM (SELECT o AS image, n::%s AS n FROM unnest($1::text[], $2::text[]) AS i (o, n)) AS w WHERE %s AND r::text = w.image",
					full, strings.Join(set, ", "), full, match("w.n")), p.was, p.is)
			case 2:
				err = step(len(p.come), fmt.Sprintf("INSERT INTO %s OVERRIDING SYSTEM VALUE SELECT (i::%s).* FROM unnest($1::text[]) AS i", full, full), p.come)
			}
			if err != nil {
				return err
			}
		}
	}
	var names []string
	for name := range parts {
		names = append(names, name)
	}
	return x.whole(ctx, names)
}

// whole refuses a transaction that leaves a row referring to nothing.
func (x *serverTx) whole(ctx context.Context, names []string) error {
	rows, err := x.tx.Query(ctx, `SELECT conrelid::regclass::text, confrelid::regclass::text,
	(SELECT string_agg(format('c.%I IS NOT NULL', a.attname), ' AND ') FROM unnest(o.conkey) k JOIN pg_attribute a ON a.attrelid = o.conrelid AND a.attnum = k),
	(SELECT string_agg(format('c.%I = p.%I', a.attname, b.attname), ' AND ') FROM unnest(o.conkey, o.confkey) AS k (c, p)
		JOIN pg_attribute a ON a.attrelid = o.conrelid AND a.attnum = k.c JOIN pg_attribute b ON b.attrelid = o.confrelid AND b.attnum = k.p)
FROM pg_constraint o WHERE o.contype = 'f' AND (conrelid IN (SELECT oid FROM pg_class WHERE relnamespace = $1::text::regnamespace AND relname = ANY($2))
	OR confrelid IN (SELECT oid FROM pg_class WHERE relnamespace = $1::text::regnamespace AND relname = ANY($2))) ORDER BY o.oid`, x.s.o.Schema, names)
	if err != nil {
		return pgError(err)
	}
	keys, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (k [4]string, err error) {
		err = r.Scan(&k[0], &k[1], &k[2], &k[3])
		return k, err
	})
	if err != nil {
		return pgError(err)
	}
	for _, k := range keys {
		var broken bool
		q := fmt.Sprintf("SELECT EXISTS (SELECT FROM %s c WHERE %s AND NOT EXISTS (SELECT FROM %s p WHERE %s))", k[0], k[2], k[1], k[3])
		if err := x.tx.QueryRow(ctx, q).Scan(&broken); err != nil {
			return pgError(err)
		}
		if broken {
			return fault.New(fault.Conflict, "sql.restore", "rows that came since refer to rows that would go, or the other way round").
				WithMend("change these rows by a new plan first")
		}
	}
	return nil
}
