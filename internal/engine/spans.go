package engine

import "context"

// markStep is the place of a run's mark among its memos; steps count from 0.
const markStep = -1

// mark keeps under which span a run is asked for, for the process that executes
// it, now or after a crash. Where that fails a resumed run begins a trace anew.
func (e *Engine) mark(ctx context.Context, id string) {
	if e.o.Spans == nil {
		return
	}
	m := e.o.Spans.Mark(ctx)
	e.mu.Lock()
	e.marks[id] = m
	e.mu.Unlock()
	if m != "" {
		_, _ = e.db.Exec(ctx, `INSERT INTO step_memos (run, step, name, body) VALUES (?, ?, 'mark', ?) ON CONFLICT (run, step) DO NOTHING`, id, markStep, []byte(m))
	}
}

// span begins the span of a run that this process executes.
func (e *Engine) span(ctx context.Context, workflow, id string) (context.Context, func(error)) {
	if e.o.Spans == nil {
		return ctx, unseen
	}
	e.mu.Lock()
	m, here := e.marks[id]
	delete(e.marks, id)
	e.mu.Unlock()
	if !here {
		m, _, _ = e.memo(ctx, id, markStep)
	}
	return e.o.Spans.Run(ctx, workflow, id, m, !here)
}

func unseen(error) {}

// traced shows f as the step name, inside the span of its run.
func traced[T any](c *Context, name string, f func(ctx context.Context) (T, error)) func(ctx context.Context) (T, error) {
	if c.e.o.Spans == nil {
		return f
	}
	return func(ctx context.Context) (v T, err error) {
		ctx, end := c.e.o.Spans.Step(within{ctx, c.spans}, name)
		defer func() { end(err) }()
		return safely(func() (T, error) { return f(ctx) })
	}
}

// within is a step's context that finds what it has not in its run's: DBOS makes
// the contexts of steps, and knows nothing of spans.
type within struct {
	context.Context
	run context.Context
}

// Value implements context.Context.
func (w within) Value(key any) any {
	if v := w.Context.Value(key); v != nil {
		return v
	}
	return w.run.Value(key)
}
