package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"roleos/internal/change"
	"roleos/internal/fault"
)

// restore writes the rows with the triggers of their tables gone for as long as
// the transaction lasts; foreign keys are off on this connection. First rows
// go, then they change, then they come, so that a unique value is free again.
func (x *fileTx) restore(ctx context.Context, items []item) error {
	touched := map[string]bool{}
	for _, it := range items {
		touched[it.table] = true
	}
	orphans, err := x.orphans(ctx)
	if err != nil {
		return err
	}
	again, err := x.disarm(ctx, touched)
	if err != nil {
		return err
	}
	for _, step := range []func(item) bool{
		func(i item) bool { return i.new == nil },
		func(i item) bool { return i.old != nil && i.new != nil },
		func(i item) bool { return i.old == nil },
	} {
		for name := range touched {
			if err := x.rewrite(ctx, x.tables[name], items, step); err != nil {
				return err
			}
		}
	}
	for _, q := range again {
		if _, err := x.conn.ExecContext(ctx, q); err != nil {
			return sqliteError(err)
		}
	}
	now, err := x.orphans(ctx)
	if err == nil && now > orphans {
		err = fault.New(fault.Conflict, "sql.restore", "rows that came since refer to rows that would go, or the other way round").
			WithMend("change these rows by a new plan first")
	}
	return err
}

// orphans counts the rows that refer to nothing.
func (x *fileTx) orphans(ctx context.Context) (int64, error) {
	var n int64
	err := x.conn.QueryRowContext(ctx, "SELECT count(*) FROM pragma_foreign_key_check").Scan(&n)
	return n, sqliteError(err)
}

// disarm drops the tables' triggers inside the transaction, and returns the
// statements that make them again. SQLite's own switch is out of the driver's reach.
func (x *fileTx) disarm(ctx context.Context, tables map[string]bool) ([]string, error) {
	var again, names []string
	rows, err := x.conn.QueryContext(ctx, "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY rowid")
	if err != nil {
		return nil, sqliteError(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name, of, text string
		if err := rows.Scan(&name, &of, &text); err != nil {
			return nil, sqliteError(err)
		}
		for t := range tables {
			if strings.EqualFold(t, of) {
				names, again = append(names, name), append(again, text)
			}
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, sqliteError(err)
	}
	for _, name := range names {
		if _, err := x.conn.ExecContext(ctx, "DROP TRIGGER "+quoted(name)); err != nil {
			return nil, sqliteError(err)
		}
	}
	return again, nil
}

// rewrite does those of the items that are of the table and of the step.
func (x *fileTx) rewrite(ctx context.Context, t *table, items []item, step func(item) bool) error {
	var keys, columns, marks []string
	for _, k := range t.key {
		keys = append(keys, quoted(t.columns[k].name)+" IS ?")
	}
	for _, c := range t.columns {
		columns, marks = append(columns, quoted(c.name)), append(marks, "?")
	}
	where := strings.Join(keys, " AND ")
	p := prepared{ctx: ctx, conn: x.conn, made: map[string]*sql.Stmt{}}
	defer p.close()
	for _, it := range items {
		if it.table != t.name || !step(it) {
			continue
		}
		image := it.new
		if image == nil {
			image = it.old
		}
		values, err := valuesOf(*image, len(t.columns))
		if err != nil {
			return err
		}
		key := pick(values, t.key)
		got, err := p.image(fmt.Sprintf("SELECT %s FROM %s WHERE %s", list(t), quoted(t.name), where), len(t.columns), key)
		if err != nil {
			return err
		}
		if (it.old == nil) != (got == "") || it.old != nil && got != *it.old {
			return change.ErrDrift
		}
		switch {
		case it.new == nil:
			err = p.one(fmt.Sprintf("DELETE FROM %s WHERE %s", quoted(t.name), where), key)
		case it.old == nil:
			err = p.one(fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", quoted(t.name), strings.Join(columns, ", "), strings.Join(marks, ", ")), values)
		default:
			err = p.one(fmt.Sprintf("UPDATE %s SET %s = ? WHERE %s", quoted(t.name), strings.Join(columns, " = ?, "), where), append(values, key...))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// prepared keeps statements for the length of one restoration.
type prepared struct {
	ctx  context.Context
	conn *sql.Conn
	made map[string]*sql.Stmt
}

func (p *prepared) get(query string) (*sql.Stmt, error) {
	if s := p.made[query]; s != nil {
		return s, nil
	}
	s, err := p.conn.PrepareContext(p.ctx, query)
	if err == nil {
		p.made[query] = s
	}
	return s, sqliteError(err)
}

func (p *prepared) close() {
	for _, s := range p.made {
		_ = s.Close()
	}
}

// image returns the one row that the query selects, "" when there is none.
func (p *prepared) image(query string, n int, args []any) (string, error) {
	s, err := p.get(query)
	if err != nil {
		return "", err
	}
	rows, err := s.QueryContext(p.ctx, args...)
	if err != nil {
		return "", sqliteError(err)
	}
	defer rows.Close()
	if !rows.Next() {
		return "", sqliteError(rows.Err())
	}
	values, err := scan(rows, n)
	return imageOf(values, 0), sqliteError(err)
}

func (p *prepared) one(query string, args []any) error {
	s, err := p.get(query)
	if err != nil {
		return err
	}
	res, err := s.ExecContext(p.ctx, args...)
	if err != nil {
		return sqliteError(err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return errors.Join(change.ErrDrift, err)
	}
	return nil
}
