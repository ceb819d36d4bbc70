package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"

	"roleos/internal/fault"
)

// Signal gives v, under the name, to the run that waits or will wait for it with
// Await. The same key twice is once. It joins the transaction in ctx: a signal
// is given when what it tells of is committed. It fails with fault.NotFound when
// there is no such run.
func (e *Engine) Signal(ctx context.Context, id, name, key string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fault.Wrap(err, fault.Internal, "engine.signal", "signal %q to run %s cannot be stored", name, id)
	}
	there, err := e.exists(ctx, id)
	if err == nil && !there {
		return fault.New(fault.NotFound, "engine.signal", "there is no run %q", id)
	}
	if err == nil {
		_, err = e.db.Exec(ctx, `INSERT INTO signals (run, name, key, body, taken) VALUES (?, ?, ?, ?, 0) ON CONFLICT DO NOTHING`, id, name, key, raw)
	}
	if err != nil {
		return explain(err, "engine.signal", id)
	}
	return nil
}

// signalPoll is how often a waiting run looks for a signal: one indexed read.
const signalPoll = 50 * time.Millisecond

// Await returns the next signal of the name, or ok == false when none came within
// the timeout. The deadline is journalled: a resumed run waits for what is left
// of it, and a run resumed after it finds a signal that came meanwhile. It is for
// waits of a machine; what waits for a person is state in the store, so that no
// release breaks it.
func Await[T any](c *Context, name string, timeout time.Duration) (v T, ok bool, err error) {
	deadline, err := Step(c, name+":deadline", func(context.Context) (time.Time, error) {
		return c.e.o.Now().Add(timeout), nil
	})
	if err != nil {
		return v, false, err
	}
	body, err := dbos.RunAsStep(c.dbos, c.journalled(name, func(ctx context.Context) (string, error) {
		at, err := dbos.GetStepID(c.dbos.From(c.dbos, ctx))
		if err != nil {
			return "", err
		}
		tick := time.NewTicker(signalPoll)
		defer tick.Stop()
		for {
			late := !c.e.o.Now().Before(deadline)
			there, err := c.e.waiting(ctx, c.id, name)
			if err != nil {
				return encode(struct{}{}, err)
			}
			if there || late {
				return once(ctx, c, name, at, func(ctx context.Context) (json.RawMessage, error) { return c.e.take(ctx, c.id, name) })
			}
			select {
			case <-ctx.Done():
				return "", ctx.Err()
			case <-tick.C:
			}
		}
	}), dbos.WithStepName(name))
	if err != nil {
		return v, false, c.refused(err)
	}
	c.e.o.Hook("step:recorded:" + name)
	raw, err := decode[json.RawMessage](body)
	if err != nil || string(raw) == "null" {
		return v, false, err
	}
	var given []json.RawMessage
	if err := json.Unmarshal(raw, &given); err != nil || len(given) != 1 {
		return v, false, fault.Wrap(err, fault.Internal, "engine.await", "the journal holds something that is no signal")
	}
	if err := json.Unmarshal(given[0], &v); err != nil {
		return v, false, fault.Wrap(err, fault.Invalid, "engine.await", "signal %q to run %s is no %T", name, c.id, v)
	}
	return v, true, nil
}

// waiting reports whether a signal waits to be taken.
func (e *Engine) waiting(ctx context.Context, run, name string) (bool, error) {
	rows, err := e.db.Query(ctx, `SELECT 1 FROM signals WHERE run = ? AND name = ? AND taken = 0 LIMIT 1`, run, name)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	return rows.Next(), rows.Err()
}

// take takes the oldest signal and returns it in a list of one, or null when
// there is none.
func (e *Engine) take(ctx context.Context, run, name string) (json.RawMessage, error) {
	rows, err := e.db.Query(ctx, `UPDATE signals SET taken = 1 WHERE seq =
		(SELECT min(seq) FROM signals WHERE run = ? AND name = ? AND taken = 0) RETURNING body`, run, name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	if !rows.Next() {
		return json.RawMessage("null"), rows.Err()
	}
	var body []byte
	if err := rows.Scan(&body); err != nil {
		return nil, err
	}
	return append(append(json.RawMessage("["), body...), ']'), rows.Err()
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
