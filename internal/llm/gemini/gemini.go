package gemini

import (
	"context"
	"strings"

	"roleos/internal/llm"
	"roleos/internal/llm/guard"
)

// Provider is the name of the provider in settings and accounts.
const Provider = "gemini"

const (
	address   = "https://generativelanguage.googleapis.com"
	keyHeader = "X-Goog-Api-Key"
)

// Model is one Gemini model.
type Model struct {
	model, host, base string
	plain             *plainBackend
	rich              *richBackend
}

// New returns the model at e. Nothing is sent.
func New(ctx context.Context, e guard.Endpoint) (*Model, error) {
	e.Provider = Provider
	switch {
	case e.Model == "":
		return nil, &llm.Error{Kind: llm.Invalid, Provider: Provider, Message: "no model is named"}
	case e.Key == nil:
		return nil, &llm.Error{Kind: llm.Auth, Provider: Provider, Message: "no key is configured"}
	case e.BaseURL == "":
		e.BaseURL = address
	}
	client, u, err := e.Client(keyHeader, "")
	if err != nil {
		return nil, err
	}
	m := &Model{model: strings.TrimPrefix(e.Model, "models/"), host: u.Host, base: strings.TrimRight(e.BaseURL, "/")}
	if m.plain, err = newPlain(ctx, client, m.base); err != nil {
		return nil, guard.Typed(Provider, err)
	}
	if m.rich, err = newRich(ctx, client, m.base); err != nil {
		return nil, guard.Typed(Provider, err)
	}
	return m, nil
}

// Close ends the libraries' clients.
func (m *Model) Close() error { return m.plain.close() }

// Describe implements llm.Model.
func (m *Model) Describe() llm.Description {
	return llm.Description{
		Provider: Provider, Model: m.model, Host: m.host,
		Capabilities: llm.Capabilities{Schema: llm.SchemaStrict, Streaming: true, Reasoning: true, Embedding: true},
	}
}

// Generate implements llm.Generator.
func (m *Model) Generate(ctx context.Context, r llm.Request) (llm.Response, error) {
	if err := r.Validate(); err != nil {
		return llm.Response{}, err
	}
	name := m.named(r)
	ctx, seen := guard.Watch(ctx)
	var out llm.Response
	var err error
	if form, ok := plainSchema(r.Schema); ok && r.Effort == llm.EffortDefault && len(r.Messages) == 1 {
		out, err = m.plain.generate(ctx, name, r, form)
	} else {
		out, err = m.rich.generate(ctx, name, r)
	}
	if err != nil {
		return llm.Response{}, seen.Typed(Provider, err)
	}
	return m.complete(r, out, seen)
}

// Stream implements llm.Streamer.
func (m *Model) Stream(ctx context.Context, r llm.Request, each func(string) error) (llm.Response, error) {
	if err := r.Validate(); err != nil {
		return llm.Response{}, err
	}
	ctx, seen := guard.Watch(ctx)
	out, stopped, err := m.rich.stream(ctx, m.named(r), r, each)
	switch {
	case stopped != nil:
		return llm.Response{}, stopped
	case err != nil:
		return llm.Response{}, seen.Typed(Provider, err)
	}
	return m.complete(r, out, seen)
}

// Embed implements llm.Embedder.
func (m *Model) Embed(ctx context.Context, r llm.EmbedRequest) (llm.Embedding, error) {
	name := r.Model
	if name == "" {
		name = m.model
	}
	ctx, seen := guard.Watch(ctx)
	out, err := m.rich.embed(ctx, name, r)
	if err != nil {
		return llm.Embedding{}, seen.Typed(Provider, err)
	}
	return out, nil
}

func (m *Model) named(r llm.Request) string {
	if r.Model != "" {
		return strings.TrimPrefix(r.Model, "models/")
	}
	return m.model
}

func (m *Model) complete(r llm.Request, out llm.Response, seen *guard.Seen) (llm.Response, error) {
	out.Provider, out.RequestID, out.Rate = Provider, seen.RequestID, seen.Rate
	if out.Model == "" {
		out.Model = m.named(r)
	}
	return llm.Complete(r, out)
}
