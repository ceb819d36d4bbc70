package app

import (
	"context"
	"encoding/json"
	"errors"

	"roleos/agents"
	"roleos/config"
	"roleos/internal/llm"
	"roleos/internal/llm/pipeline"
	"roleos/internal/models"
)

// Asked is what a run asked a language model and what that cost. A run that is
// resumed counts what it asked since; the answers before came from the store.
type Asked struct {
	Model  string `json:"model"`
	Calls  int    `json:"calls"`
	Cached int    `json:"cached"`
	Tokens int    `json:"tokens"`
	Cost   string `json:"cost"` // in words: cost may be unknown
	// Dropped is how many of the model's statements the draft lists as rejected.
	Dropped int `json:"dropped"`
}

func (a *Asked) audit() map[string]any {
	return map[string]any{"model": a.Model, "calls": a.Calls, "cached": a.Cached, "tokens": a.Tokens, "cost": a.Cost, "dropped": a.Dropped}
}

// asking is one run's way to its model; nil without one.
type asking struct{ session *models.Session }

// model opens the model that the run was started with.
func (a *App) model(ctx context.Context, in draftInput) (*asking, error) {
	m := in.Settings.Model
	if !models.On(m) {
		return nil, nil //nolint:nilnil // no model is a setting, not a failure
	}
	manifest, err := agents.Find(in.Agent)
	if err != nil {
		return nil, err
	}
	if manifest.Budget.Tokens == 0 {
		return nil, nil //nolint:nilnil // nor is an agent that may spend nothing
	}
	opened, err := a.openModel(ctx, m)
	if err != nil {
		return nil, err
	}
	return &asking{session: opened.For(in.Run, in.Agent, int64(manifest.Budget.Tokens), a.now())}, nil
}

// openModel opens a model once for all runs of this process, so that they share
// its pace and know together when it is unwell.
func (a *App) openModel(ctx context.Context, m config.Model) (*models.Opened, error) {
	key, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if o, ok := a.models[string(key)]; ok {
		return o, nil
	}
	o, err := models.Open(ctx, m, models.Deps{
		Workspace: a.cfg.Dir, Cache: a.db, Ledger: a.db, NewID: a.newID, Now: a.now, Observe: a.observeModel, Content: a.cfg.Telemetry.Content && a.traces != nil,
	})
	if err != nil {
		return nil, err
	}
	if a.models == nil {
		a.models = map[string]*models.Opened{}
	}
	a.models[string(key)] = o
	return o, nil
}

// observeModel logs a call, without its content, and passes it on.
func (a *App) observeModel(ctx context.Context, e pipeline.Event) {
	a.logger.DebugContext(ctx, "model", "provider", e.Provider, "model", e.Model, "purpose", e.Purpose, "outcome", e.Outcome,
		"attempt", e.Attempt, "took", e.Took, "tokens", e.Usage.Total())
	if a.traces != nil {
		a.traces.Model(ctx, e)
	}
	if a.modelEvents != nil {
		a.modelEvents(e)
	}
}

func (q *asking) generator() llm.Model {
	if q == nil {
		return nil // not a nil session in an interface
	}
	return q.session
}

func (q *asking) explain(err error) error {
	if _, is := errors.AsType[*llm.Error](err); q == nil || !is {
		return err
	}
	return models.Explain(err)
}

// asked says what was asked for the draft in body.
func (q *asking) asked(body []byte) *Asked {
	if q == nil {
		return nil
	}
	var draft struct {
		Rejected []json.RawMessage `json:"rejected"`
	}
	_ = json.Unmarshal(body, &draft) // a kind of draft without such a list has none
	s := q.session.Spent()
	return &Asked{Dropped: len(draft.Rejected), Model: q.session.Answered(), Calls: s.Calls, Cached: s.Cached, Tokens: s.Usage.Total(), Cost: models.Cost(s)}
}
