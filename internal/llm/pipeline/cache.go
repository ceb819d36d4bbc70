package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"roleos/internal/llm"
)

// cacheForm changes when a kept answer would no longer be what asking gives.
const cacheForm = "roleos/answer/1"

// Key returns the digest under which m's answer to r is kept: of every byte that
// m would be sent and of what m is. Which models may be asked beside it, and what
// they cost, do not count.
func Key(m Model, r llm.Request) string {
	body, err := json.Marshal(struct {
		Form    string
		Models  []llm.Description
		Request llm.Request
	}{cacheForm, []llm.Description{m.Describe()}, r})
	if err != nil {
		return "" // a schema that is no JSON: the request is refused anyway
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// cached answers from the cache, or asks and keeps the answer as that of the model
// which gave it. Models are looked for in their order, so that what was paid for
// while the first was unwell is not paid for again. A cache that fails is worth a
// call, not the run.
func (s *Session) cached(ctx context.Context, r llm.Request, ask func(context.Context) (llm.Response, *lane, error)) (llm.Response, error) {
	if s.p.o.Cache != nil && !s.fresh {
		for _, l := range s.p.lanes {
			if out, ok := s.kept(ctx, l, r); ok {
				return out, nil
			}
		}
	}
	out, l, err := ask(ctx)
	if err != nil {
		return out, err
	}
	out.By = l.model.Describe().Name()
	if key := Key(l.model, r); s.p.o.Cache != nil && key != "" {
		if body, err := json.Marshal(out); err == nil {
			_ = s.p.o.Cache.KeepAnswer(context.WithoutCancel(ctx), key, body) // it was paid for: kept even when the caller has left
		}
	}
	return out, nil
}

// kept returns what l's model answered before.
func (s *Session) kept(ctx context.Context, l *lane, r llm.Request) (out llm.Response, ok bool) {
	key, began := Key(l.model, r), s.p.o.Now()
	if key == "" {
		return out, false
	}
	body, found, err := s.p.o.Cache.Answer(ctx, key)
	if err != nil || !found || json.Unmarshal(body, &out) != nil {
		return llm.Response{}, false
	}
	out.Cached, out.By = true, l.model.Describe().Name()
	s.mu.Lock()
	s.spent.Cached++
	s.named(out.By)
	s.mu.Unlock()
	s.p.o.Observe(ctx, Event{Provider: out.Provider, Model: out.Model, Purpose: r.Purpose, Began: began, Took: s.p.o.Now().Sub(began), Outcome: "cached"})
	return out, true
}

// named notes a model that answered; s.mu is held.
func (s *Session) named(model string) {
	for _, m := range s.spent.Models {
		if m == model {
			return
		}
	}
	s.spent.Models = append(s.spent.Models, model)
}
