package pipeline

import (
	"context"
	"sync"
	"time"

	"roleos/internal/llm"
)

// pace keeps calls to a provider's rate: one bucket for tokens, one for requests.
// What the settings leave open it learns from the headers of answers.
type pace struct {
	now func() time.Time

	mu        sync.Mutex
	tokens    bucket
	requests  bucket
	notBefore time.Time // the provider asked to wait until then
}

// bucket fills with size a minute; size 0 has no bound.
type bucket struct {
	size  float64
	level float64
	at    time.Time
	fixed bool // by the settings: headers may only lower the level
}

func newPace(now func() time.Time, tokens, requests int) *pace {
	p := &pace{now: now}
	p.tokens.set(float64(tokens), now())
	p.requests.set(float64(requests), now())
	p.tokens.fixed, p.requests.fixed = tokens > 0, requests > 0
	return p
}

func (b *bucket) set(size float64, now time.Time) {
	if size > 0 && size != b.size {
		if b.size == 0 {
			b.level = size
		}
		b.size, b.at = size, now
		b.level = min(b.level, size)
	}
}

func (b *bucket) fill(now time.Time) {
	if b.size > 0 && now.After(b.at) {
		b.level = min(b.size, b.level+b.size*now.Sub(b.at).Minutes())
		b.at = now
	}
}

// lacks returns how long the bucket takes to hold n; a call larger than the
// whole bucket waits for a full one.
func (b *bucket) lacks(n float64) time.Duration {
	n = min(n, b.size)
	if b.size == 0 || b.level >= n {
		return 0
	}
	return time.Duration((n-b.level)/b.size*float64(time.Minute)) + time.Millisecond
}

func (b *bucket) take(n float64) {
	if b.size > 0 {
		b.level -= n
	}
}

// wait returns when a call of so many tokens may be made, and takes them.
func (p *pace) wait(ctx context.Context, tokens int) error {
	for {
		p.mu.Lock()
		now := p.now()
		p.tokens.fill(now)
		p.requests.fill(now)
		pause := max(p.notBefore.Sub(now), p.tokens.lacks(float64(tokens)), p.requests.lacks(1))
		if pause <= 0 {
			p.tokens.take(float64(tokens))
			p.requests.take(1)
			p.mu.Unlock()
			return nil
		}
		p.mu.Unlock()
		if deadline, ok := ctx.Deadline(); ok && pause > deadline.Sub(now) {
			return &llm.Error{Kind: llm.Timeout, Message: "the provider's rate leaves no time for another call"}
		}
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		}
	}
}

// done gives back what a call did not use and learns from what was answered.
func (p *pace) done(reserved, used int, rate *llm.Rate, e *llm.Error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	p.tokens.fill(now)
	p.requests.fill(now)
	if p.tokens.size > 0 {
		p.tokens.level = min(p.tokens.size, p.tokens.level+float64(reserved-used))
	}
	if rate != nil {
		p.tokens.learn(rate.TokenLimit, rate.TokensLeft, now)
		p.requests.learn(rate.RequestLimit, rate.RequestsLeft, now)
	}
	if e != nil && (e.Kind == llm.RateLimited || e.Kind == llm.Overloaded) && e.RetryAfter > 0 {
		if until := now.Add(e.RetryAfter); until.After(p.notBefore) {
			p.notBefore = until
		}
	}
}

// learn takes over a limit that the settings leave open, and never believes in
// more than the provider says is left.
func (b *bucket) learn(limit, left int, now time.Time) {
	if limit > 0 && !b.fixed {
		b.set(float64(limit), now)
	}
	if left >= 0 && b.size > 0 {
		b.level = min(b.level, float64(left))
	}
}
