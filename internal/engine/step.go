package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/dbos-inc/dbos-transact-golang/dbos"

	"roleos/internal/fault"
)

// Context is a run while it is executed. It belongs to the workflow's function
// and to its goroutine: steps are begun one after the other.
type Context struct {
	e     *Engine
	dbos  dbos.Context
	id    string
	spans context.Context // holds the run's span
	life  context.Context // ends when the run is cancelled or the engine closes
}

// ID returns the run's id.
func (c *Context) ID() string { return c.id }

// Step returns what f returned the first time that this step of the run was
// journalled, and calls f when there is no such time. An error of f is a result
// like another: it is journalled and not tried again.
//
// f may run twice when the process dies between f and the journal. It must stop
// when its context ends, which is when the run is cancelled or the engine closes;
// then nothing is journalled.
func Step[T any](c *Context, name string, f func(ctx context.Context) (T, error)) (T, error) {
	body, err := dbos.RunAsStep(c.dbos, c.journalled(name, encoded(traced(c, name, f))), dbos.WithStepName(name))
	if err != nil {
		var none T
		return none, c.refused(err)
	}
	c.e.o.Hook("step:recorded:" + name)
	return decode[T](body)
}

// refused makes of the journal's refusal to take a step that it has another one
// for the run's own failure, which everybody may read. Other errors stay.
func (c *Context) refused(err error) error {
	if errors.Is(err, &dbos.Error{Code: dbos.ErrorCodeUnexpectedStep}) {
		return fault.New(fault.Stale, "engine.step", "run %s began under a release whose steps were others", c.id).
			WithMend("start it anew, or finish it with that release")
	}
	return err
}

// encoded turns f into a function whose result, value or error, is a text.
func encoded[T any](f func(ctx context.Context) (T, error)) func(ctx context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		return encode(safely(func() (T, error) { return f(ctx) }))
	}
}

// journalled wraps the body of a step, whose own errors are in its text. DBOS
// journals what it returns unless the engine is closing.
func (c *Context) journalled(name string, f func(ctx context.Context) (string, error)) dbos.Step[string] {
	return func(ctx context.Context) (string, error) {
		if err := c.e.halted(ctx); err != nil {
			return "", err
		}
		c.e.o.Hook("step:before:" + name)
		inner, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(c.life, cancel)()
		body, err := f(inner)
		c.e.o.Hook("step:after:" + name)
		// A process that others believe dead must not write into the journal of
		// a run that may be executed elsewhere by now.
		if halted := c.e.halted(ctx); halted != nil {
			return "", halted
		}
		return body, err
	}
}

// Tx is Step for writes to the store: f's writes, made with the context it is
// given, and its result commit together, exactly once. f does database work only
// and may run again when its transaction lost against another one. When f fails,
// its writes are undone and the error is the step's result.
func Tx[T any](c *Context, name string, f func(ctx context.Context) (T, error)) (T, error) {
	body, err := dbos.RunAsStep(c.dbos, c.journalled(name, func(ctx context.Context) (string, error) {
		at, err := dbos.GetStepID(c.dbos.From(c.dbos, ctx))
		if err != nil {
			return "", err
		}
		return once(ctx, c, name, at, traced(c, name, f))
	}), dbos.WithStepName(name))
	if err != nil {
		var none T
		return none, c.refused(err)
	}
	c.e.o.Hook("step:recorded:" + name)
	return decode[T](body)
}

// once runs f in a transaction together with its memo, or returns the memo.
// DBOS journals the step in a transaction of its own afterwards; a process that
// dies between the two finds the memo.
func once[T any](ctx context.Context, c *Context, name string, at int, f func(ctx context.Context) (T, error)) (string, error) {
	var body string
	err := c.e.db.InTx(ctx, func(ctx context.Context) error {
		kept, there, err := c.e.memo(ctx, c.id, at)
		if err != nil || there {
			body = kept
			return err
		}
		// f's error goes to InTx as it is: it may be one that a retry mends.
		v, err := safely(func() (T, error) { return f(ctx) })
		if err != nil {
			return err
		}
		if body, err = encode(v, nil); err != nil {
			return err
		}
		if _, err := c.e.db.Exec(ctx, `INSERT INTO step_memos (run, step, name, body) VALUES (?, ?, ?, ?)`, c.id, at, name, []byte(body)); err != nil {
			return err
		}
		c.e.o.Hook("tx:inside:" + name)
		return nil
	})
	if err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err() // stopped, not failed
		}
		return encode(struct{}{}, err) // nothing is committed; that is the step's result
	}
	c.e.o.Hook("tx:committed:" + name)
	return body, nil
}

func (e *Engine) memo(ctx context.Context, run string, at int) (body string, there bool, err error) {
	rows, err := e.db.Query(ctx, `SELECT body FROM step_memos WHERE run = ? AND step = ?`, run, at)
	if err != nil {
		return "", false, err
	}
	defer rows.Close()
	if rows.Next() {
		var raw sql.RawBytes
		if err := rows.Scan(&raw); err != nil {
			return "", false, err
		}
		body, there = string(raw), true
	}
	return body, there, rows.Err()
}

// Map calls f for every item, at most limit at a time (at least one), and
// returns the results in the items' order. Each item is a step of its own, named
// name[i]. After a failure no further item is begun; items under way end first;
// the error returned is the first in the items' order.
func Map[A, T any](c *Context, name string, items []A, limit int, f func(ctx context.Context, item A) (T, error)) ([]T, error) {
	slots := make(chan struct{}, max(limit, 1))
	out := make([]T, len(items))
	errs := make([]error, len(items))
	var failed atomic.Bool
	var running sync.WaitGroup
	for i, item := range items {
		step := fmt.Sprintf("%s[%d]", name, i)
		slots <- struct{}{}
		// An item that is not begun still takes its place in the journal:
		// otherwise the steps behind it would have other numbers when resumed.
		body := encoded(func(ctx context.Context) (T, error) {
			if failed.Load() {
				var none T
				return none, errSkipped
			}
			return traced(c, step, func(ctx context.Context) (T, error) { return f(ctx, item) })(ctx)
		})
		result, err := dbos.Go(c.dbos, c.journalled(step, body), dbos.WithStepName(step))
		if err != nil {
			errs[i] = err
			<-slots
			break
		}
		running.Go(func() {
			defer func() { <-slots }()
			o := <-result
			if errs[i] = c.refused(o.Err); o.Err == nil {
				out[i], errs[i] = decode[T](o.Result)
				c.e.o.Hook("step:recorded:" + step)
			}
			if errs[i] != nil {
				failed.Store(true)
			}
		})
	}
	running.Wait()
	return out, firstOf(errs)
}

// errSkipped is the result of an item that was not begun after another failed.
var errSkipped = fault.New(fault.Conflict, "engine.map", "not begun, since another item failed")

// firstOf returns the error that says most: the journal's before an item's, an
// item's before that of one that was not begun.
func firstOf(errs []error) error {
	var first, skipped error
	for _, err := range errs {
		switch {
		case err == nil:
		case isJournal(err):
			return err
		case err.Error() == errSkipped.Error():
			skipped = err
		case first == nil:
			first = err
		}
	}
	if first == nil {
		return skipped
	}
	return first
}

func isJournal(err error) bool {
	_, ok := errors.AsType[*dbos.Error](err)
	return ok
}
