package engine

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"

	"roleos/internal/fault"
)

// Workflow is a named function that is executed durably. I and O go through JSON.
type Workflow[I, O any] struct {
	e    *Engine
	name instance
	run  dbos.Workflow[string, string]
}

// instance tells apart workflows that share one Go function, as all of ours do.
type instance string

// ConfigName returns the workflow's name.
func (i instance) ConfigName() string { return string(i) }

// Define names f as a workflow of e. It fails after Launch and for a name that
// is taken. The name is kept in the journal: a renamed workflow is another one.
func Define[I, O any](e *Engine, name string, f func(c *Context, in I) (O, error)) (*Workflow[I, O], error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.launched || e.defined[name] || name == "" {
		return nil, fault.New(fault.Internal, "engine.define", "workflow %q cannot be defined twice, without a name or after the launch", name)
	}
	e.defined[name] = true
	w := &Workflow[I, O]{e: e, name: instance(name)}
	w.run = func(ctx dbos.Context, raw string) (string, error) {
		c, done, err := e.begin(ctx)
		if err != nil {
			return "", err
		}
		defer done()
		var end func(error)
		c.spans, end = e.span(ctx, name, c.id)
		out, err := safely(func() (O, error) {
			var in I
			if err := json.Unmarshal([]byte(raw), &in); err != nil {
				var none O
				return none, fault.Wrap(err, fault.Internal, "engine.run", "the input of workflow %s is no %T", name, in)
			}
			return f(c, in)
		})
		end(err)
		// What DBOS says about its journal, and an end that is none of the
		// run's own, must reach DBOS as they are: it then records no outcome.
		if _, ok := errors.AsType[*dbos.Error](err); ok || (err != nil && ctx.Err() != nil) {
			return "", err
		}
		if err := e.halted(ctx); err != nil {
			return "", err
		}
		e.o.Hook("run:returned")
		return encode(out, err)
	}
	dbos.RegisterWorkflow(e.root, w.run, dbos.WithWorkflowName("workflow"), dbos.WithInstance(w.name),
		dbos.WithMaxRecoveryAttempts(maxRecoveries))
	return w, nil
}

// begin notes that this process executes a run.
func (e *Engine) begin(ctx dbos.Context) (*Context, func(), error) {
	id, err := dbos.GetWorkflowID(ctx)
	if err != nil {
		return nil, nil, err
	}
	if err := e.halted(ctx); err != nil {
		return nil, nil, err
	}
	life, cancel := context.WithCancel(ctx)
	e.mu.Lock()
	e.running[id] = cancel // DBOS executes a run once in a process
	e.mu.Unlock()
	return &Context{e: e, dbos: ctx, id: id, life: life}, func() {
		cancel()
		e.mu.Lock()
		delete(e.running, id)
		e.mu.Unlock()
	}, nil
}

// Start begins the run named id, unless there is one: then it does nothing. It
// returns when the run is durable; ctx may end then. It must not be called in a
// transaction of the store, since the journal is not part of it.
//
// A run that another process left behind is not taken up by Start, but by Resume.
func (w *Workflow[I, O]) Start(ctx context.Context, id string, in I) error {
	e := w.e
	if e.db.Joined(ctx) {
		return fault.New(fault.Internal, "engine.start", "run %s cannot be started inside a transaction", id)
	}
	if id == "" {
		return fault.New(fault.Invalid, "engine.start", "a run needs an id")
	}
	raw, err := json.Marshal(in)
	if err != nil {
		return fault.Wrap(err, fault.Internal, "engine.start", "the input of run %s cannot be journalled", id)
	}
	// DBOS notes the second starter of a pending run as its executor though the
	// first executes it, so nobody would claim it from the first. Hence the look
	// before, and a lock around both.
	err = e.alone(ctx, "start "+id, func(ctx context.Context) error {
		there, err := e.exists(ctx, id)
		if err != nil || there {
			return err
		}
		if err := e.execute(ctx); err != nil {
			return err
		}
		e.mark(ctx, id)
		e.o.Hook("run:starting")
		h, err := dbos.RunWorkflow(e.root, w.run, string(raw), dbos.WithWorkflowID(id), dbos.WithRunInstance(w.name))
		if err != nil {
			return err
		}
		e.o.Hook("run:started")
		e.follow(id, h)
		return nil
	})
	if err != nil {
		return explain(err, "engine.start", id)
	}
	return nil
}

// follow makes the run's result known to those who wait for it here, without
// their asking the database.
func (e *Engine) follow(id string, h dbos.WorkflowHandle[string]) {
	r := &result{done: make(chan struct{})}
	e.mu.Lock()
	e.started[id] = r
	e.mu.Unlock()
	go func() {
		r.body, r.err = h.GetResult()
		close(r.done)
		e.mu.Lock()
		delete(e.started, id)
		e.mu.Unlock()
	}()
}

// alone runs f while nobody else runs one of the same name on this store.
func (e *Engine) alone(ctx context.Context, name string, f func(ctx context.Context) error) error {
	e.starting.Lock()
	defer e.starting.Unlock()
	return e.db.Exclusive(ctx, name, f)
}

func (e *Engine) exists(ctx context.Context, id string) (bool, error) {
	rows, err := e.db.Query(ctx, `SELECT 1 FROM `+e.schema+`workflow_status WHERE workflow_uuid = ?`, id)
	if err != nil {
		return false, err
	}
	there := rows.Next()
	return there, errors.Join(rows.Err(), rows.Close())
}

// Wait returns the run's result as soon as there is one, whichever process
// executes it. It fails with the run's error; with fault.NotFound when there is
// no such run; with fault.Conflict when it was cancelled; with fault.Unavailable
// when the engine is closed; and with ctx's error when ctx ends first.
func (w *Workflow[I, O]) Wait(ctx context.Context, id string) (O, error) {
	body, err := w.e.await(ctx, id)
	if err == nil {
		return decode[O](body)
	}
	var none O
	switch {
	case ctx.Err() != nil:
		return none, ctx.Err()
	case w.e.root.Err() != nil:
		return none, fault.New(fault.Unavailable, "engine.wait", "roleos is stopping; run %s is not lost", id).
			WithMend("`roleos resume` goes on with it")
	}
	return none, explain(err, "engine.wait", id)
}

func (e *Engine) await(ctx context.Context, id string) (string, error) {
	e.mu.Lock()
	r := e.started[id]
	e.mu.Unlock()
	if r != nil {
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-r.done:
			return r.body, r.err
		}
	}
	// Not a child of ctx: what travels in ctx must not reach DBOS.
	life, cancel := e.root.WithCancel()
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	h, err := dbos.RetrieveWorkflow[string](life, id)
	if err != nil {
		return "", err
	}
	return h.GetResult(dbos.WithHandlePollingInterval(pollInterval))
}

// pollInterval is how often Wait looks for the result of a run that another
// process executes, or that was resumed: one indexed read.
const pollInterval = 25 * time.Millisecond

// Cancel ends the run for good: no further step of it begins, and steps that
// this process executes see their context end. A run that has ended stays as it
// is. It fails with fault.NotFound when there is no such run.
func (e *Engine) Cancel(ctx context.Context, id string) error {
	there, err := e.exists(ctx, id)
	if err == nil && !there {
		return fault.New(fault.NotFound, "engine.cancel", "there is no run %q", id)
	}
	if err == nil {
		err = dbos.CancelWorkflow(e.root, id)
	}
	if err != nil {
		return explain(err, "engine.cancel", id)
	}
	e.mu.Lock()
	stop := e.running[id]
	e.mu.Unlock()
	if stop != nil {
		stop()
	}
	return nil
}

// explain turns what DBOS says into what a person can act on.
func explain(err error, op, id string) error {
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	d, _ := errors.AsType[*dbos.Error](err)
	switch {
	case errors.Is(err, context.Canceled) && d == nil, errors.Is(err, context.DeadlineExceeded) && d == nil:
		return err
	case d == nil:
		return fault.Wrap(err, fault.Internal, op, "run %s: the journal failed", id)
	case d.Code == dbos.ErrorCodeNonExistentWorkflow:
		return fault.New(fault.NotFound, op, "there is no run %q", id)
	case d.Code == dbos.ErrorCodeWorkflowCancelled, d.Code == dbos.ErrorCodeAwaitedWorkflowCancelled:
		return fault.New(fault.Conflict, op, "run %s was cancelled", id)
	case d.Code == dbos.ErrorCodeUnexpectedWorkflow:
		return fault.New(fault.Conflict, op, "run %s is of another kind", id)
	}
	return fault.Wrap(err, fault.Internal, op, "run %s: the journal failed", id)
}
