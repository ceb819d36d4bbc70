package gemini

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	api "github.com/google/generative-ai-go/genai"
	"google.golang.org/api/option"

	"roleos/internal/llm"
	"roleos/internal/llm/guard"
)

// plainBackend asks through generative-ai-go.
type plainBackend struct{ client *api.Client }

func newPlain(ctx context.Context, client *http.Client, base string) (*plainBackend, error) {
	c, err := api.NewClient(ctx, option.WithAPIKey(guard.Placeholder), option.WithHTTPClient(client), option.WithEndpoint(base))
	if err != nil {
		return nil, err
	}
	return &plainBackend{client: c}, nil
}

func (b *plainBackend) close() error { return b.client.Close() }

// generate asks one question; the library's conversations lose the usage.
func (b *plainBackend) generate(ctx context.Context, model string, r llm.Request, form *api.Schema) (llm.Response, error) {
	m := b.client.GenerativeModel(model)
	limit := int32(min(r.Limit(), 1<<30))
	m.MaxOutputTokens = &limit
	if r.Temperature != nil {
		t := float32(*r.Temperature)
		m.Temperature = &t
	}
	if r.System != "" {
		m.SystemInstruction = api.NewUserContent(api.Text(r.System))
	}
	if form != nil {
		m.ResponseMIMEType, m.ResponseSchema = "application/json", form
	}
	got, err := m.GenerateContent(ctx, api.Text(r.Messages[0].Content()))
	if err != nil {
		if _, blocked := errors.AsType[*api.BlockedError](err); blocked {
			return llm.Response{Finish: llm.Refused}, nil
		}
		return llm.Response{}, err
	}
	out := llm.Response{Finish: llm.Unknown}
	if u := got.UsageMetadata; u != nil {
		in, answer := int(u.PromptTokenCount), int(u.CandidatesTokenCount)
		// The library drops the count of thinking; the total still holds it.
		thought := max(int(u.TotalTokenCount)-in-answer, 0)
		out.Usage = llm.Usage{Input: in, Output: answer + thought, Reasoning: thought, Cached: int(u.CachedContentTokenCount)}
	}
	if len(got.Candidates) == 0 {
		return out, nil
	}
	c := got.Candidates[0]
	if c.Content != nil {
		var text strings.Builder
		for _, p := range c.Content.Parts {
			if t, ok := p.(api.Text); ok {
				text.WriteString(string(t))
			}
		}
		out.Text = text.String()
	}
	switch c.FinishReason {
	case api.FinishReasonStop:
		out.Finish = llm.Stop
	case api.FinishReasonMaxTokens:
		out.Finish = llm.Length
	case api.FinishReasonUnspecified:
	default:
		out.Finish = llm.Refused
	}
	return out, nil
}

// plainSchema returns a schema in generative-ai-go's form, or false when it says
// something that has no place there: bounds, patterns, alternatives, references.
// No schema at all is plain.
func plainSchema(raw json.RawMessage) (*api.Schema, bool) {
	if len(raw) == 0 {
		return nil, true
	}
	var s map[string]json.RawMessage
	if json.Unmarshal(raw, &s) != nil {
		return nil, false
	}
	out := &api.Schema{}
	for key, v := range s {
		if !take(out, key, v) {
			return nil, false
		}
	}
	return out, out.Type != api.TypeUnspecified
}

// take sets one keyword of a schema, or reports that it cannot.
func take(out *api.Schema, key string, v json.RawMessage) bool {
	switch key {
	case "type":
		var name string
		if json.Unmarshal(v, &name) != nil {
			return false
		}
		types := []string{"", "string", "number", "integer", "boolean", "array", "object"}
		at := slices.Index(types, name) // in the order of the library's constants
		out.Type = api.Type(max(at, 0))
		return at > 0
	case "description":
		return json.Unmarshal(v, &out.Description) == nil
	case "required":
		return json.Unmarshal(v, &out.Required) == nil
	case "enum":
		out.Format = "enum"
		return json.Unmarshal(v, &out.Enum) == nil
	case "items":
		item, ok := plainSchema(v)
		out.Items = item
		return ok && item != nil
	case "properties":
		var props map[string]json.RawMessage
		if json.Unmarshal(v, &props) != nil {
			return false
		}
		out.Properties = make(map[string]*api.Schema, len(props))
		for name, p := range props {
			child, ok := plainSchema(p)
			if !ok || child == nil {
				return false
			}
			out.Properties[name] = child
		}
		return true
	case "additionalProperties":
		return string(v) == "false" // checked locally
	case "$schema", "title":
		return true
	}
	return false
}
