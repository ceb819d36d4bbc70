package sql

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/fault"
)

// Limits bounds what one change may cost. Zero fields have their default.
type Limits struct {
	Rows      int64         // touched by one change, cascades included, and read for one object; default DefaultRows
	Statement int           // bytes of a body; default DefaultStatement
	Time      time.Duration // of one transaction; default DefaultTime
	Copy      int64         // of the copy for staging: bytes of an SQLite database, rows of a PostgreSQL one; default DefaultCopyBytes, DefaultCopyRows
}

// The defaults of Limits.
const (
	DefaultRows      = 250_000
	DefaultStatement = 64 << 10
	DefaultTime      = 30 * time.Second
	DefaultCopyBytes = 1 << 30
	DefaultCopyRows  = 2_000_000
)

func (l Limits) filled(most int64) Limits {
	if l.Rows <= 0 {
		l.Rows = DefaultRows
	}
	if l.Statement <= 0 {
		l.Statement = DefaultStatement
	}
	if l.Time <= 0 {
		l.Time = DefaultTime
	}
	if l.Copy <= 0 {
		l.Copy = most
	}
	return l
}

// database is one of the two kinds, or a copy of one.
type database interface {
	begin(ctx context.Context, how mode) (tx, error)
	// copy returns a copy and what removes it.
	copy(ctx context.Context) (database, func() error, error)
	// fingerprint returns a digest of every row of every table but roleos_effects.
	fingerprint(ctx context.Context) (string, error)
	close() error
}

type mode uint8

const (
	reading mode = iota
	writing
	restoring // foreign keys and triggers do nothing
)

// tx is one transaction. It sees one state of the database, and fails with
// change.ErrDrift where a row that it writes was changed by somebody else since.
type tx interface {
	rows
	ledger
	// run does a statement and returns every row that it touched.
	run(ctx context.Context, t *table, st statement) (effect, error)
	// restore writes row by row, each only when it is as before.
	restore(ctx context.Context, items []item) error
	commit(ctx context.Context) error
	rollback() // does nothing after commit
}

type rows interface {
	schema(ctx context.Context) (*schema, error)
	// read returns the selected rows in the order of their key, at most one more than most.
	read(ctx context.Context, t *table, sel selection, most int64) ([]row, error)
	population(ctx context.Context) (int64, error)
}

// row is a row's image, and JSON for people.
type row struct{ image, view string }

// Target is a database that changes can touch. It is safe for concurrent use.
type Target struct {
	db     database
	limits Limits
	hook   func(point string)
}

// Close releases the database.
func (t *Target) Close() error { return t.db.close() }

// Plan does each change in a transaction that is rolled back, and returns what
// it touched. It fails with fault.Denied or fault.Invalid for what is no row of
// the declared tables or no form that is known, fault.Conflict when the rows are
// not there or there already, and when two changes touch the same row.
//
// A dry run holds the locks that the change itself will hold, for as long as it
// takes, and at most for the limit.
func (t *Target) Plan(ctx context.Context, intended []change.Intended) (change.Measured, error) {
	var m change.Measured
	seen := map[item]string{} // rows, and the object whose change touches them
	for _, in := range intended {
		c, items, err := t.measure(ctx, in)
		if err != nil {
			return change.Measured{}, err
		}
		if other := claimed(seen, items, in.Object); other != "" {
			return change.Measured{}, fault.New(fault.Conflict, "sql.plan", "the changes of %s and of %s touch the same row", guardrails.Visible(other), guardrails.Visible(in.Object)).
				WithMend("propose them one after the other")
		}
		m.Changes = append(m.Changes, c)
	}
	err := t.in(ctx, reading, func(ctx context.Context, x tx) error {
		sch, err := x.schema(ctx)
		if err != nil {
			return err
		}
		m.Version = sch.version
		m.Population, err = x.population(ctx)
		return err
	})
	return m, err
}

// claimed notes the rows as they were for the object, and returns another object that has one of them.
func claimed(seen map[item]string, items []item, object string) string {
	for _, it := range items {
		for _, image := range []*string{it.old, it.new} {
			if image == nil {
				continue
			}
			k := item{table: it.table + " " + *image}
			if o, ok := seen[k]; ok && o != object {
				return o
			}
			seen[k] = object
		}
	}
	return ""
}

func (t *Target) measure(ctx context.Context, in change.Intended) (guardrails.Change, []item, error) {
	var c guardrails.Change
	st, err := t.limits.parse(in)
	if err != nil {
		return c, nil, err
	}
	var did done
	err = t.in(ctx, st.mode(), func(ctx context.Context, x tx) error {
		var err error
		did, err = t.do(ctx, x, st, change.Write{Key: "plan", Op: in.Op, Object: in.Object}, true)
		return err
	})
	if err != nil {
		return c, nil, err
	}
	c = guardrails.Change{
		Op: in.Op, Object: in.Object, Body: in.Body, Objects: max(did.touched, 1), Note: did.note, Before: did.before, After: did.after.Digest, Inverse: did.inverse,
	}
	return c, did.items, nil
}

// in runs f in a transaction that is rolled back, within the time limit.
func (t *Target) in(ctx context.Context, how mode, f func(ctx context.Context, x tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, t.limits.Time)
	defer cancel()
	x, err := t.db.begin(ctx, how)
	if err != nil {
		return err
	}
	defer x.rollback()
	return f(ctx, x)
}

func (st statement) mode() mode {
	if st.again != nil {
		return restoring
	}
	return writing
}

// Read returns the selected rows. Their digest covers the rows and the last
// effect on this object that stands; it is guardrails.Absent when there is
// neither. The body shows the first rows as JSON.
func (t *Target) Read(ctx context.Context, object string) (guardrails.State, error) {
	sel, err := parseObject(object)
	if err != nil {
		return guardrails.State{}, err
	}
	var st guardrails.State
	err = t.in(ctx, reading, func(ctx context.Context, x tx) error {
		sch, err := x.schema(ctx)
		if err != nil {
			return err
		}
		tbl, err := sch.find(sel)
		if err != nil {
			return err
		}
		st, _, err = t.state(ctx, x, sch, tbl, sel)
		return err
	})
	return st, err
}

// Apply does the write in one transaction with its record. It fails with
// change.ErrDrift, and nothing is written, when the object is not as planned or
// when the rows touched are not those that were measured. A key that was used
// for this write before does nothing.
func (t *Target) Apply(ctx context.Context, w change.Write) error {
	st, err := t.limits.parse(change.Intended{Op: w.Op, Object: w.Object, Body: w.Body})
	if err != nil {
		return errors.Join(err, change.ErrNotDone)
	}
	if w.Key == "" {
		return errors.Join(fault.New(fault.Internal, "sql.apply", "the write of %s has no key", guardrails.Visible(w.Object)), change.ErrNotDone)
	}
	committing := false
	err = t.in(ctx, st.mode(), func(ctx context.Context, x tx) error {
		sch, err := x.schema(ctx)
		if err != nil {
			return err
		}
		if known, err := recorded(ctx, x, sch, w); known || err != nil {
			return err
		}
		t.hook("begun")
		did, err := t.do(ctx, x, st, w, false)
		if err != nil {
			return err
		}
		if w.After == "" || did.after.Digest != w.After {
			return fmt.Errorf("the rows it would touch are not those that were measured: %w", change.ErrDrift)
		}
		t.hook("before commit")
		committing = true
		if err := x.commit(ctx); err != nil {
			return err
		}
		t.hook("after commit")
		return nil
	})
	if err != nil && !committing {
		err = errors.Join(err, change.ErrNotDone)
	}
	return err
}

// done is what a write did inside its transaction.
type done struct {
	before, after guardrails.State
	touched       int64
	note          string // where, when it is more than one row
	items         []item
	inverse       guardrails.Inverse
}

// do does the write inside the transaction. It insists on the write's
// before-state, unless it is dry: then it takes what is there.
func (t *Target) do(ctx context.Context, x tx, st statement, w change.Write, dry bool) (done, error) {
	var d done
	sch, err := x.schema(ctx)
	if err != nil {
		return d, err
	}
	tbl, err := sch.find(st.sel)
	if err != nil {
		return d, err
	}
	if err := st.fits(tbl); err != nil {
		return d, err
	}
	var n int
	if d.before, n, err = t.state(ctx, x, sch, tbl, st.sel); err != nil {
		return d, err
	}
	if !dry && (w.Before == "" || w.Before != d.before.Digest) {
		return d, change.ErrDrift
	}
	if err := st.possible(n); err != nil {
		return d, err
	}
	if st.again != nil {
		err = t.restore(ctx, x, sch, st, w, &d)
	} else {
		err = t.forward(ctx, x, sch, tbl, st, w, &d)
	}
	if err != nil {
		return d, err
	}
	t.hook("written")
	sch.effects = sch.effects || len(d.items) > 0
	d.after, n, err = t.state(ctx, x, sch, tbl, st.sel)
	if err == nil && st.op == Insert && n != 1 {
		err = fault.New(fault.Conflict, "sql.plan", "%s is not there after it was inserted: a trigger or the type of its key makes it another row", guardrails.Visible(st.sel.object))
	}
	return d, err
}

// possible checks the form against the number of rows that are selected now.
func (st statement) possible(n int) error {
	object := guardrails.Visible(st.sel.object)
	switch {
	case st.op == Insert && n > 0:
		return fault.New(fault.Conflict, "sql.plan", "%s exists already", object).WithMend("update it instead")
	case (st.op == Update || st.op == Delete) && n == 0:
		return fault.New(fault.Conflict, "sql.plan", "no row is selected by %s", object)
	}
	return nil
}

func (t *Target) forward(ctx context.Context, x tx, sch *schema, tbl *table, st statement, w change.Write, d *done) error {
	e, err := x.run(ctx, tbl, st)
	if err != nil {
		return err
	}
	if e.touched > t.limits.Rows {
		return fault.New(fault.Denied, "sql.plan", "%s of %s touches %d rows (%s); at most %d are", st.op, guardrails.Visible(st.sel.object), e.touched, e.where(), t.limits.Rows)
	}
	class := Manifest("").Class(st.op)
	if w := worst(e.items); w > class {
		return fault.New(fault.Denied, "sql.plan", "%s of %s does more than its name says: rows are %sed by a cascade or a trigger", st.op, guardrails.Visible(st.sel.object), strings.TrimSuffix(w.String(), "e")).
			WithMend("what it touches: %s", e.where())
	}
	name, err := e.name()
	if err != nil {
		return err
	}
	d.touched = e.touched
	if e.touched > 1 {
		d.note = e.where()
	}
	if name == "" {
		return nil
	}
	d.items = e.items
	if !e.final {
		again := &restoration{back: false, items: e.items}
		if d.inverse, err = again.inverse(); err != nil {
			return err
		}
	}
	return record(ctx, x, sch, mark{key: w.Key, object: w.Object, op: w.Op, effect: name, touched: e.touched, live: standing})
}

// restore takes back the object's last effect, or does again the one that was
// taken back last.
func (t *Target) restore(ctx context.Context, x tx, sch *schema, st statement, w change.Write, d *done) error {
	r := st.again
	if st.op != r.op() {
		return fault.New(fault.Denied, "sql.plan", "this restoration is %s, not %s", r.op(), st.op)
	}
	if int64(len(r.items)) > t.limits.Rows {
		return fault.New(fault.Denied, "sql.plan", "%s would write %d rows; at most %d are", guardrails.Visible(st.sel.object), len(r.items), t.limits.Rows)
	}
	for _, it := range r.items {
		if tbl, ok := sch.tables[it.table]; !ok || tbl.refused != "" {
			return fault.New(fault.Denied, "sql.plan", "%.200q is no table that may be changed", it.table)
		}
	}
	e := effect{items: r.items, counts: map[string]int64{}}
	for _, it := range r.items {
		e.counts[it.table]++
	}
	if len(r.items) > 1 {
		d.note = e.where()
	}
	name, err := e.name()
	if err != nil {
		return err
	}
	if err := turn(ctx, x, sch, w.Object, name, r.back); err != nil {
		return err
	}
	d.items, d.touched = r.direction(), int64(len(r.items))
	if err := x.restore(ctx, d.items); err != nil {
		return err
	}
	if d.inverse, err = r.inverse(); err != nil {
		return err
	}
	return record(ctx, x, sch, mark{key: w.Key, object: w.Object, op: w.Op, effect: name, touched: d.touched, live: turning})
}
