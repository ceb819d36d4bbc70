package gemini

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	api "google.golang.org/genai"

	"roleos/internal/llm"
	"roleos/internal/llm/guard"
)

// richBackend asks through google.golang.org/genai.
type richBackend struct{ client *api.Client }

func newRich(ctx context.Context, client *http.Client, base string) (*richBackend, error) {
	c, err := api.NewClient(ctx, &api.ClientConfig{
		APIKey: guard.Placeholder, Backend: api.BackendGeminiAPI, HTTPClient: client,
		HTTPOptions: api.HTTPOptions{BaseURL: base + "/"}, // set, or the library reads it from the environment
	})
	if err != nil {
		return nil, err
	}
	return &richBackend{client: c}, nil
}

func (b *richBackend) request(r llm.Request) ([]*api.Content, *api.GenerateContentConfig, error) {
	c := &api.GenerateContentConfig{MaxOutputTokens: int32(min(r.Limit(), 1<<30))}
	if r.System != "" {
		c.SystemInstruction = &api.Content{Parts: []*api.Part{{Text: r.System}}}
	}
	if r.Temperature != nil {
		t := float32(*r.Temperature)
		c.Temperature = &t
	}
	if len(r.Schema) > 0 {
		var form any
		if err := json.Unmarshal(r.Schema, &form); err != nil {
			return nil, nil, &llm.Error{Kind: llm.Invalid, Provider: Provider, Message: "the schema is no JSON", Err: err}
		}
		c.ResponseMIMEType, c.ResponseJsonSchema = "application/json", form
	}
	if r.Effort != llm.EffortDefault {
		c.ThinkingConfig = &api.ThinkingConfig{ThinkingLevel: api.ThinkingLevel(strings.ToUpper(string(r.Effort)))}
	}
	var contents []*api.Content
	for _, m := range r.Messages {
		role := "user"
		if m.Role == llm.Assistant {
			role = "model"
		}
		contents = append(contents, &api.Content{Role: role, Parts: []*api.Part{{Text: m.Content()}}})
	}
	return contents, c, nil
}

func (b *richBackend) generate(ctx context.Context, model string, r llm.Request) (llm.Response, error) {
	contents, c, err := b.request(r)
	if err != nil {
		return llm.Response{}, err
	}
	got, err := b.client.Models.GenerateContent(ctx, model, contents, c)
	if err != nil {
		return llm.Response{}, err
	}
	out := llm.Response{Finish: llm.Unknown}
	out.Text = note(&out, got)
	return out, nil
}

// stream returns the answer, or why each wanted no more of it, or how it failed.
func (b *richBackend) stream(ctx context.Context, model string, r llm.Request, each func(string) error) (out llm.Response, stopped, err error) {
	contents, c, err := b.request(r)
	if err != nil {
		return out, nil, err
	}
	out = llm.Response{Finish: llm.Unknown}
	var text strings.Builder
	for chunk, err := range b.client.Models.GenerateContentStream(ctx, model, contents, c) {
		if err != nil {
			return out, nil, err
		}
		piece := note(&out, chunk)
		if piece == "" {
			continue
		}
		text.WriteString(piece)
		if err := each(piece); err != nil {
			return out, err, nil
		}
	}
	out.Text = text.String()
	return out, nil, nil
}

// note notes what one answer, or one piece of it, says about the whole, and
// returns its text without the thinking.
func note(out *llm.Response, got *api.GenerateContentResponse) string {
	if got == nil {
		return ""
	}
	if got.ModelVersion != "" {
		out.Model = got.ModelVersion
	}
	if u := got.UsageMetadata; u != nil {
		out.Usage = llm.Usage{
			Input: int(u.PromptTokenCount), Output: int(u.CandidatesTokenCount + u.ThoughtsTokenCount),
			Reasoning: int(u.ThoughtsTokenCount), Cached: int(u.CachedContentTokenCount),
		}
	}
	if f := got.PromptFeedback; f != nil && f.BlockReason != "" && f.BlockReason != api.BlockedReasonUnspecified {
		out.Finish = llm.Refused
	}
	if len(got.Candidates) == 0 {
		return ""
	}
	c := got.Candidates[0]
	switch c.FinishReason {
	case "", api.FinishReasonUnspecified, api.FinishReasonContinuation:
	case api.FinishReasonStop:
		out.Finish = llm.Stop
	case api.FinishReasonMaxTokens:
		out.Finish = llm.Length
	default:
		out.Finish = llm.Refused
	}
	var text strings.Builder
	if c.Content != nil {
		for _, p := range c.Content.Parts {
			if p != nil && !p.Thought {
				text.WriteString(p.Text)
			}
		}
	}
	return text.String()
}

func (b *richBackend) embed(ctx context.Context, model string, r llm.EmbedRequest) (llm.Embedding, error) {
	var contents []*api.Content
	for _, t := range r.Texts {
		contents = append(contents, &api.Content{Parts: []*api.Part{{Text: t}}})
	}
	c := &api.EmbedContentConfig{}
	if r.Dimensions > 0 {
		d := int32(min(r.Dimensions, 1<<20))
		c.OutputDimensionality = &d
	}
	got, err := b.client.Models.EmbedContent(ctx, model, contents, c)
	if err != nil {
		return llm.Embedding{}, err
	}
	if len(got.Embeddings) != len(r.Texts) {
		return llm.Embedding{}, &llm.Error{Kind: llm.Protocol, Provider: Provider, Message: "a text has no vector in the answer"}
	}
	out := llm.Embedding{Model: model, Usage: llm.Usage{Estimated: true}} // the API names no tokens
	for _, e := range got.Embeddings {
		out.Vectors = append(out.Vectors, e.Values)
	}
	return out, nil
}
