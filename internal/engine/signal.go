package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"

	"roleos/internal/fault"
)

// Signal gives v, under the name, to the run that waits or will wait for it with
// Await. The same key twice is once. It must not be called in a transaction of
// the store. It fails with fault.NotFound when there is no such run.
func (e *Engine) Signal(ctx context.Context, id, name, key string, v any) error {
	if e.db.Joined(ctx) {
		return fault.New(fault.Internal, "engine.signal", "run %s cannot be signalled inside a transaction", id)
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return fault.Wrap(err, fault.Internal, "engine.signal", "signal %q to run %s cannot be journalled", name, id)
	}
	there, err := e.exists(ctx, id)
	if err == nil && !there {
		return fault.New(fault.NotFound, "engine.signal", "there is no run %q", id)
	}
	if err == nil {
		err = dbos.Send(e.root, id, string(raw), name, dbos.WithIdempotencyKey(id+"/"+name+"/"+key))
	}
	if err != nil {
		return explain(err, "engine.signal", id)
	}
	return nil
}

// Await returns the next signal of the name, or ok == false when none came within
// the timeout. The deadline is journalled: a resumed run waits for what is left
// of it. It is for waits of a machine; what waits for a person is state in the
// store, so that no release breaks it. On SQLite a signal is seen within a second.
func Await[T any](c *Context, name string, timeout time.Duration) (v T, ok bool, err error) {
	if err := c.e.halted(c.dbos); err != nil {
		return v, false, err
	}
	c.e.o.Hook("await:before:" + name)
	raw, err := dbos.Recv[string](c.dbos, name, timeout)
	if errors.Is(err, dbos.ErrTimeout) && c.dbos.Err() == nil {
		return v, false, nil
	}
	if err != nil {
		return v, false, c.refused(err)
	}
	c.e.o.Hook("await:recorded:" + name)
	if err := json.Unmarshal([]byte(raw), &v); err != nil {
		return v, false, fault.Wrap(err, fault.Invalid, "engine.await", "signal %q to run %s is no %T", name, c.id, v)
	}
	return v, true, nil
}

// Every starts a run of the workflow for each whole period since the Unix epoch
// while an engine executes: one run per period, however many replicas there are,
// named after the workflow and the period's begin. What it missed while nobody
// executed it does not catch up, except for the period that is going on. It ends
// with Close. The period is at least a millisecond.
func (w *Workflow[I, O]) Every(ctx context.Context, period time.Duration, in func(begin time.Time) I) error {
	e := w.e
	if err := e.execute(ctx); err != nil {
		return err
	}
	period = max(period, time.Millisecond)
	e.tickers.Go(func() {
		for {
			now := e.o.Now()
			begin := now.UTC().Truncate(period)
			// A start that fails is tried again when the period is a tenth older.
			pause := begin.Add(period).Sub(now)
			if err := w.Start(e.life, fmt.Sprintf("%s@%s", w.name, begin.Format(time.RFC3339Nano)), in(begin)); err != nil {
				pause = min(pause, period/10)
			}
			select {
			case <-e.life.Done():
				return
			case <-time.After(pause):
			}
		}
	})
	return nil
}
