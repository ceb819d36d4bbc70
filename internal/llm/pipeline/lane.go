package pipeline

import (
	"context"
	"time"

	"roleos/internal/llm"
)

// When a provider is left alone, and for how long.
const (
	breakAfter = 6 // failures among the last
	breakOf    = 10
	breakFor   = 10 * time.Second
	firstDelay = 500 * time.Millisecond
	maxDelay   = 30 * time.Second
)

// lane is the way to one model: what it costs, its breaker, its pace.
type lane struct {
	model   Model
	breaker *breaker
	pace    *pace
	slots   chan struct{}
}

func newLane(o Options, m Model) *lane {
	return &lane{
		model: m, slots: make(chan struct{}, max(o.Concurrency, 1)),
		breaker: &breaker{now: o.Now},
		pace:    newPace(o.Now, o.TokensPerMinute, o.RequestsPerMinute),
	}
}

// again asks one model until it answers, fails for good, was asked often enough,
// or would have to wait longer than the caller does. With others to ask, nobody
// waits for a provider that is left alone.
func (s *Session) again(ctx context.Context, l *lane, r llm.Request, others bool) (llm.Response, error) {
	for attempt := 1; ; attempt++ {
		out, err := s.through(ctx, l, r, attempt)
		e := llm.AsError(err)
		if e == nil {
			return out, nil
		}
		if attempt >= s.p.o.Attempts || !e.Retryable() || ctx.Err() != nil || others && l.breaker.open() {
			return llm.Response{}, e
		}
		pause := s.pause(e, attempt)
		if deadline, ok := ctx.Deadline(); ok && pause >= deadline.Sub(s.p.o.Now()) {
			return llm.Response{}, e // waiting would only turn this answer into "too late"
		}
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return llm.Response{}, llm.AsError(ctx.Err())
		}
	}
}

// pause is how long to wait after a failure: what the provider asked for, never
// less, or twice as long each time.
func (s *Session) pause(e *llm.Error, attempt int) time.Duration {
	spread := s.p.o.Jitter()
	if e.RetryAfter > 0 {
		return e.RetryAfter + time.Duration(spread*0.1*float64(e.RetryAfter))
	}
	d := min(firstDelay<<min(attempt-1, 10), maxDelay)
	return d/2 + time.Duration(spread*float64(d)/2)
}

// through makes one call: past the breaker, in its slot, at the pace.
func (s *Session) through(ctx context.Context, l *lane, r llm.Request, attempt int) (llm.Response, error) {
	if wait := l.breaker.admit(); wait > 0 {
		return llm.Response{}, &llm.Error{
			Kind: llm.Overloaded, Provider: l.model.Describe().Provider, RetryAfter: wait,
			Message: "the provider failed several times and is left alone for a while",
		}
	}
	asked, failed := false, false
	defer func() { l.breaker.note(asked, failed) }()
	select {
	case l.slots <- struct{}{}:
		defer func() { <-l.slots }()
	case <-ctx.Done():
		return llm.Response{}, llm.AsError(ctx.Err())
	}
	out, reached, err := s.paid(ctx, l, r, attempt)
	asked = reached
	if e := llm.AsError(err); e != nil {
		failed = e.Fails()
	}
	return out, err
}
