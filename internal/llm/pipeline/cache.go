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

// Key returns the digest under which the answer to r is kept: of every byte that
// the models would be sent and of the models that may answer.
func Key(models []Model, r llm.Request) string {
	ask := struct {
		Form    string
		Models  []llm.Description
		Request llm.Request
	}{Form: cacheForm, Request: r}
	for _, m := range models {
		ask.Models = append(ask.Models, m.Describe())
	}
	body, err := json.Marshal(ask)
	if err != nil {
		return "" // a schema that is no JSON: the request is refused anyway
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// cached answers from the cache, or asks and keeps the answer. A cache that
// fails is worth a call, not the run.
func (s *Session) cached(ctx context.Context, r llm.Request, ask func(context.Context) (llm.Response, error)) (llm.Response, error) {
	key := ""
	if s.p.o.Cache != nil {
		key = Key(s.p.o.Models, r)
	}
	if key != "" && !s.fresh {
		began := s.p.o.Now()
		var out llm.Response
		if body, found, err := s.p.o.Cache.Answer(ctx, key); err == nil && found && json.Unmarshal(body, &out) == nil {
			out.Cached = true
			s.mu.Lock()
			s.spent.Cached++
			s.named(out.Model)
			s.mu.Unlock()
			s.p.o.Observe(ctx, Event{Provider: out.Provider, Model: out.Model, Purpose: r.Purpose, Began: began, Took: s.p.o.Now().Sub(began), Outcome: "cached"})
			return out, nil
		}
	}
	out, err := ask(ctx)
	if err == nil && key != "" {
		if body, err := json.Marshal(out); err == nil {
			_ = s.p.o.Cache.KeepAnswer(context.WithoutCancel(ctx), key, body) // it was paid for: kept even when the caller has left
		}
	}
	return out, err
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
