package langchain

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/tmc/langchaingo/llms"
	"github.com/tmc/langchaingo/llms/anthropic"

	"roleos/internal/llm"
	"roleos/internal/llm/guard"
)

// Names of the providers in settings and accounts.
const (
	Anthropic = "anthropic"
	Bedrock   = "bedrock"
)

// Model is one model behind langchaingo.
type Model struct {
	provider, model, host string
	backend               llms.Model
}

// NewAnthropic returns the model at e. Nothing is sent.
func NewAnthropic(e guard.Endpoint) (*Model, error) {
	e.Provider = Anthropic
	if err := complete(e); err != nil {
		return nil, err
	}
	if e.BaseURL == "" {
		e.BaseURL = "https://api.anthropic.com/v1"
	}
	client, u, err := e.Client("X-Api-Key", "")
	if err != nil {
		return nil, err
	}
	client.Transport = demand{client.Transport}
	backend, err := anthropic.New(
		anthropic.WithToken(guard.Placeholder), anthropic.WithModel(e.Model),
		anthropic.WithBaseURL(strings.TrimRight(e.BaseURL, "/")), anthropic.WithHTTPClient(client),
	)
	if err != nil {
		return nil, guard.Typed(Anthropic, err)
	}
	return &Model{provider: Anthropic, model: e.Model, host: u.Host, backend: backend}, nil
}

func complete(e guard.Endpoint) error {
	switch {
	case e.Model == "":
		return &llm.Error{Kind: llm.Invalid, Provider: e.Provider, Message: "no model is named"}
	case e.Key == nil:
		return &llm.Error{Kind: llm.Auth, Provider: e.Provider, Message: "no key is configured"}
	}
	return nil
}

// Describe implements llm.Model.
func (m *Model) Describe() llm.Description {
	return llm.Description{
		Provider: m.provider, Model: m.model, Host: m.host,
		Capabilities: llm.Capabilities{Schema: llm.SchemaTool, Streaming: m.provider == Anthropic, Reasoning: false},
	}
}

// Generate implements llm.Generator.
func (m *Model) Generate(ctx context.Context, r llm.Request) (llm.Response, error) {
	return m.ask(ctx, r, nil)
}

// Stream implements llm.Streamer. With a schema the pieces are those of the
// JSON. Bedrock's answer comes in one piece.
func (m *Model) Stream(ctx context.Context, r llm.Request, each func(string) error) (llm.Response, error) {
	if m.provider != Anthropic {
		out, err := m.ask(ctx, r, nil)
		if err == nil {
			err = each(out.Text)
		}
		return out, err
	}
	return m.ask(ctx, r, each)
}

func (m *Model) ask(ctx context.Context, r llm.Request, each func(string) error) (llm.Response, error) {
	if err := r.Validate(); err != nil {
		return llm.Response{}, err
	}
	ctx, seen := guard.Watch(ctx)
	opts := []llms.CallOption{llms.WithMaxTokens(r.Limit())}
	if r.Model != "" {
		opts = append(opts, llms.WithModel(r.Model))
	}
	if r.Temperature != nil {
		opts = append(opts, llms.WithTemperature(min(*r.Temperature, 1))) // Anthropic's scale ends at 1
	} else {
		opts = append(opts, llms.WithTemperature(1)) // the library always sends one; this is the provider's default
	}
	if len(r.Schema) > 0 {
		opts = append(opts, llms.WithTools([]llms.Tool{{Type: "function", Function: &llms.FunctionDefinition{
			Name: answerTool, Description: "Gives the answer.", Parameters: json.RawMessage(r.Schema),
		}}}))
		if m.provider == Bedrock {
			opts = append(opts, llms.WithToolChoice("required"))
		} else {
			ctx = context.WithValue(ctx, demandKey{}, true)
		}
	}
	var stopped error
	if each != nil {
		opts = append(opts, llms.WithStreamingFunc(func(_ context.Context, piece []byte) error {
			if len(piece) == 0 {
				return nil
			}
			stopped = each(string(piece))
			return stopped
		}))
	}
	got, err := m.backend.GenerateContent(ctx, messages(r), opts...)
	switch {
	case stopped != nil:
		return llm.Response{}, stopped
	case err != nil:
		return llm.Response{}, m.typed(seen, err)
	}
	out := m.answer(got)
	out.Provider, out.RequestID, out.Rate = m.provider, seen.RequestID, seen.Rate
	if out.Model = r.Model; out.Model == "" {
		out.Model = m.model
	}
	return llm.Complete(r, out)
}

func messages(r llm.Request) []llms.MessageContent {
	var out []llms.MessageContent
	if r.System != "" {
		out = append(out, llms.TextParts(llms.ChatMessageTypeSystem, r.System))
	}
	for _, m := range r.Messages {
		role := llms.ChatMessageTypeHuman
		if m.Role == llm.Assistant {
			role = llms.ChatMessageTypeAI
		}
		out = append(out, llms.TextParts(role, m.Content()))
	}
	return out
}

// answer reads the library's choices, one for each block of the answer.
func (m *Model) answer(got *llms.ContentResponse) llm.Response {
	out := llm.Response{Finish: llm.Unknown}
	if got == nil {
		return out
	}
	var text strings.Builder
	called := ""
	for _, c := range got.Choices {
		if c == nil {
			continue
		}
		text.WriteString(c.Content)
		for _, call := range c.ToolCalls {
			if call.FunctionCall != nil && call.FunctionCall.Name == answerTool {
				called = call.FunctionCall.Arguments
			}
		}
		switch c.StopReason {
		case "end_turn", "stop_sequence", "tool_use":
			out.Finish = llm.Stop
		case "max_tokens", "model_context_window_exceeded":
			out.Finish = llm.Length
		case "refusal", "content_filtered", "guardrail_intervened":
			out.Finish = llm.Refused
		}
		out.Usage = usage(c.GenerationInfo)
	}
	if out.Text = text.String(); called != "" {
		out.Text = called
	}
	return out
}

// usage reads the counts under the names of either adapter. Anthropic counts
// cached input apart from the rest.
func usage(info map[string]any) llm.Usage {
	n := func(names ...string) int {
		for _, name := range names {
			if v, ok := info[name].(int); ok {
				return v
			}
		}
		return 0
	}
	cached, written := n("CacheReadInputTokens"), n("CacheCreationInputTokens")
	return llm.Usage{
		Input:  n("InputTokens", "input_tokens") + cached + written,
		Output: n("OutputTokens", "output_tokens"),
		Cached: cached,
	}
}

// typed names the failures of which the library leaves only a sentence.
func (m *Model) typed(seen *guard.Seen, err error) error {
	e := seen.Typed(m.provider, err)
	if e.Kind != llm.Protocol {
		return e
	}
	switch text := err.Error(); {
	case strings.Contains(text, "max_tokens"):
		return &llm.Error{Kind: llm.Truncated, Provider: m.provider, Message: "the answer is longer than the limit of its tokens"}
	case strings.Contains(text, "refusal"), strings.Contains(text, "guardrail"):
		return &llm.Error{Kind: llm.Refusal, Provider: m.provider, Message: "the model would not answer"}
	case strings.Contains(text, "overloaded_error"):
		return &llm.Error{Kind: llm.Overloaded, Provider: m.provider, Message: "the provider is overloaded"}
	case strings.Contains(text, "no response"):
		return &llm.Error{Kind: llm.Truncated, Provider: m.provider, Message: "the answer broke off", Err: io.ErrUnexpectedEOF}
	}
	return e
}

// answerTool is the tool whose input is the answer.
const answerTool = "answer"

type demandKey struct{}

// demand adds to a request that the tool has to be called, which the library
// cannot say to Anthropic.
type demand struct{ next http.RoundTripper }

func (d demand) RoundTrip(req *http.Request) (*http.Response, error) {
	if on, _ := req.Context().Value(demandKey{}).(bool); !on || req.Body == nil {
		return d.next.RoundTrip(req)
	}
	body, err := io.ReadAll(req.Body)
	_ = req.Body.Close() // it was made from bytes
	if err != nil {
		return nil, err
	}
	if rest, ok := bytes.CutPrefix(body, []byte("{")); ok {
		body = append([]byte(`{"tool_choice":{"type":"tool","name":"`+answerTool+`"},`), rest...)
	}
	out := req.Clone(req.Context())
	out.Body, out.ContentLength, out.GetBody = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	return d.next.RoundTrip(out)
}
