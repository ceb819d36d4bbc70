package guard

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"roleos/internal/llm"
)

// Seen is what the headers of an answer said that client libraries drop.
type Seen struct {
	RequestID string
	Rate      *llm.Rate  // nil when the provider named no limit
	broken    *llm.Error // how the body of the answer ended, when not well
}

type seenKey struct{}

// Watch returns a context whose requests note their answer's headers in the
// Seen beside it. One context is for one call.
func Watch(ctx context.Context) (context.Context, *Seen) {
	s := &Seen{}
	return context.WithValue(ctx, seenKey{}, s), s
}

// Typed returns the *llm.Error in a library's error, or one that says that the
// answer could not be read. What the library says about it is not kept: it may
// hold an address or the answer.
func (s *Seen) Typed(provider string, err error) *llm.Error {
	if e, ok := errors.AsType[*llm.Error](err); ok {
		return e
	}
	if s.broken != nil {
		return s.broken // the library choked on what was left of a broken answer
	}
	return Typed(provider, err)
}

func (t *Transport) noted(ctx context.Context, h http.Header) *Seen {
	s, ok := ctx.Value(seenKey{}).(*Seen)
	if !ok {
		s = &Seen{}
	}
	for _, name := range []string{"X-Request-Id", "Request-Id", "Apim-Request-Id", "X-Amzn-Requestid", "X-Goog-Request-Id"} {
		if v := h.Get(name); v != "" && len(v) <= 100 {
			s.RequestID = clean(v, "")
			break
		}
	}
	s.Rate = rate(h, t.o.Now())
	return s
}

// rate reads the limits as OpenAI, Azure and their like, and Anthropic, name them.
// https://platform.openai.com/docs/guides/rate-limits
// https://docs.anthropic.com/en/api/rate-limits
func rate(h http.Header, now time.Time) *llm.Rate {
	count := func(names ...string) int {
		for _, n := range names {
			if v, err := strconv.Atoi(h.Get(n)); err == nil && v >= 0 {
				return v
			}
		}
		return -1
	}
	until := func(names ...string) time.Duration {
		for _, n := range names {
			v := h.Get(n)
			if d, err := time.ParseDuration(strings.ReplaceAll(v, " ", "")); err == nil {
				return max(d, 0)
			}
			if s, err := strconv.ParseFloat(v, 64); err == nil && s >= 0 && s < 1e9 {
				return time.Duration(s * float64(time.Second))
			}
			if at, err := time.Parse(time.RFC3339, v); err == nil {
				return max(at.Sub(now), 0)
			}
		}
		return 0
	}
	r := llm.Rate{
		RequestLimit: count("X-Ratelimit-Limit-Requests", "Anthropic-Ratelimit-Requests-Limit"),
		RequestsLeft: count("X-Ratelimit-Remaining-Requests", "Anthropic-Ratelimit-Requests-Remaining"),
		TokenLimit:   count("X-Ratelimit-Limit-Tokens", "Anthropic-Ratelimit-Tokens-Limit"),
		TokensLeft:   count("X-Ratelimit-Remaining-Tokens", "Anthropic-Ratelimit-Tokens-Remaining"),
		RequestReset: until("X-Ratelimit-Reset-Requests", "Anthropic-Ratelimit-Requests-Reset"),
		TokenReset:   until("X-Ratelimit-Reset-Tokens", "Anthropic-Ratelimit-Tokens-Reset"),
	}
	if r.RequestLimit < 0 && r.RequestsLeft < 0 && r.TokenLimit < 0 && r.TokensLeft < 0 {
		return nil
	}
	return &r
}
