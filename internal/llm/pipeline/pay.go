package pipeline

import (
	"context"
	"errors"
	"time"

	"roleos/internal/llm"
	"roleos/internal/llm/budget"
)

// paid reserves one call, makes it and settles it. asked is false when the model
// was not reached at all.
func (s *Session) paid(ctx context.Context, l *lane, r llm.Request, attempt int) (out llm.Response, asked bool, err error) {
	upper := budget.Upper(r)
	if err := l.pace.wait(ctx, upper.Total()); err != nil {
		return llm.Response{}, false, llm.AsError(err)
	}
	id, err := s.reserve(ctx, l, r, upper)
	if err != nil {
		l.pace.done(upper.Total(), 0, nil, nil)
		return llm.Response{}, false, err
	}
	call, cancel := context.WithTimeout(ctx, s.p.o.Timeout)
	defer cancel()
	began := s.p.o.Now()
	out, err = l.model.Generate(call, r)
	took := s.p.o.Now().Sub(began)

	e := llm.AsError(err)
	used := consumed(r, upper, out, e)
	if e == nil {
		out.Usage = used
	} else {
		e.Usage = used
	}
	rate := out.Rate
	if e != nil {
		rate = e.Rate
	}
	l.pace.done(upper.Total(), used.Total(), rate, e)
	micros, priced := l.model.Price.Micros(used)
	s.settle(ctx, id, budget.Spend{Calls: 1, Tokens: int64(used.Total()), Micros: micros, Millis: took.Milliseconds()})

	d := l.model.Describe()
	ev := Event{
		Provider: d.Provider, Model: d.Model, Purpose: r.Purpose, Began: began, Took: took,
		Usage: used, Micros: micros, Priced: priced, Outcome: "ok", Attempt: attempt,
	}
	if e != nil {
		ev.Outcome = e.Kind.String()
	}
	s.mu.Lock()
	s.spent.Calls++
	s.spent.Usage = s.spent.Usage.Plus(used)
	s.spent.Micros += micros
	s.spent.Unpriced = s.spent.Unpriced || !priced && used.Total() > 0
	if e == nil {
		s.named(d.Name())
	}
	s.mu.Unlock()
	if s.p.o.Content {
		ev.Asked, ev.Answered = &r, out.Text
	}
	s.p.o.Observe(ctx, ev)
	if e != nil {
		return llm.Response{}, true, e
	}
	return out, true, nil
}

// consumed returns what a call is counted for. A provider that names no usage is
// estimated upwards; so is a call that broke after the model had begun, which
// providers bill.
func consumed(r llm.Request, upper llm.Usage, out llm.Response, e *llm.Error) llm.Usage {
	switch {
	case e == nil && out.Usage.Total() > 0:
		return out.Usage
	case e == nil:
		return llm.Usage{Input: upper.Input, Output: min(budget.Estimate(out.Text)+1, r.Limit()), Estimated: true}
	case e.Usage.Total() > 0:
		return e.Usage
	}
	switch e.Kind {
	case llm.Timeout, llm.Truncated, llm.Canceled, llm.Refusal, llm.Protocol:
		return upper
	}
	return llm.Usage{}
}

// reserve reserves a call. When it would fit but for calls of this session that
// are still under way, it waits for them: their reservations are upper bounds.
func (s *Session) reserve(ctx context.Context, l *lane, r llm.Request, upper llm.Usage) (string, error) {
	s.mu.Lock()
	s.open++
	s.mu.Unlock()
	left := func() {
		s.mu.Lock()
		s.open--
		close(s.ended)
		s.ended = make(chan struct{})
		s.mu.Unlock()
	}
	if s.p.o.Ledger == nil || len(s.accounts) == 0 {
		return "", nil
	}
	micros, _ := l.model.Price.Micros(upper)
	need := budget.Spend{Calls: 1, Tokens: int64(upper.Total()), Micros: micros}
	for {
		s.mu.Lock()
		others, ended := s.open-1, s.ended
		s.mu.Unlock()
		id := s.p.o.NewID("call")
		err := s.p.o.Ledger.Reserve(ctx, id, need, s.accounts)
		if err == nil {
			return id, nil
		}
		over, ok := errors.AsType[*budget.Exceeded](err)
		if !ok {
			left()
			return "", &llm.Error{Kind: llm.Budget, Message: "the budget could not be read; without it nothing is spent", Err: err}
		}
		if !over.Waits() || others <= 0 {
			left()
			d := l.model.Describe()
			s.p.o.Observe(ctx, Event{Provider: d.Provider, Model: d.Model, Purpose: r.Purpose, Began: s.p.o.Now(), Outcome: "refused", Account: over.Account})
			return "", &llm.Error{Kind: llm.Budget, Message: over.Error(), Err: over}
		}
		// Others wait here too, so a call that ends may not be noticed by all: look
		// again after a while.
		select {
		case <-ended:
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			left()
			return "", llm.AsError(ctx.Err())
		}
	}
}

// settle notes what a call used. It is done even when the caller has left: the
// money is gone. A failure leaves the reservation standing, which counts more.
func (s *Session) settle(ctx context.Context, id string, used budget.Spend) {
	if id != "" {
		_ = s.p.o.Ledger.Settle(context.WithoutCancel(ctx), id, used)
	}
	s.mu.Lock()
	s.open--
	close(s.ended)
	s.ended = make(chan struct{})
	s.mu.Unlock()
}
