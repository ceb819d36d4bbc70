package openai

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"

	api "github.com/sashabaranov/go-openai"

	"roleos/internal/llm"
	"roleos/internal/llm/guard"
)

// azureVersion is the first stable API version with structured output.
// https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle
const azureVersion = "2024-10-21"

// server says what is special about one provider of the protocol.
type server struct {
	name      string
	base      string // empty: there is no public address
	schema    llm.SchemaMode
	maxTokens bool // knows max_tokens only
	keyless   bool
}

func servers() []server {
	return []server{
		{name: "openai", base: "https://api.openai.com/v1", schema: llm.SchemaStrict},
		{name: "azure", schema: llm.SchemaStrict},
		{name: "openrouter", base: "https://openrouter.ai/api/v1", schema: llm.SchemaStrict, maxTokens: true},
		{name: "mistral", base: "https://api.mistral.ai/v1", schema: llm.SchemaStrict, maxTokens: true},
		{name: "cohere", base: "https://api.cohere.ai/compatibility/v1", schema: llm.SchemaInstruction, maxTokens: true},
		{name: "ollama", base: "http://127.0.0.1:11434/v1", schema: llm.SchemaStrict, maxTokens: true, keyless: true},
		{name: "vllm", base: "http://127.0.0.1:8000/v1", schema: llm.SchemaStrict, maxTokens: true, keyless: true},
		{name: "llamacpp", base: "http://127.0.0.1:8080/v1", schema: llm.SchemaStrict, maxTokens: true, keyless: true},
		{name: "compatible", schema: llm.SchemaStrict, maxTokens: true, keyless: true},
	}
}

// Providers returns the names of the providers that speak the protocol.
func Providers() []string {
	var out []string
	for _, s := range servers() {
		out = append(out, s.name)
	}
	return out
}

// Model is one model behind the protocol.
type Model struct {
	client *api.Client
	server server
	model  string
	host   string
}

// New returns the model at e; e.Provider is one of Providers. Nothing is sent.
func New(e guard.Endpoint) (*Model, error) {
	wrong := func(what string) error {
		return &llm.Error{Kind: llm.Invalid, Provider: e.Provider, Message: what}
	}
	m := &Model{model: e.Model}
	for _, s := range servers() {
		if s.name == e.Provider {
			m.server = s
		}
	}
	switch {
	case m.server.name == "":
		return nil, wrong("there is no such provider")
	case e.Model == "":
		return nil, wrong("no model is named")
	case e.BaseURL == "" && m.server.base == "":
		return nil, wrong("the address of the model is not set")
	case e.Key == nil && !m.server.keyless:
		return nil, &llm.Error{Kind: llm.Auth, Provider: e.Provider, Message: "no key is configured"}
	}
	if e.BaseURL == "" {
		e.BaseURL = m.server.base
	}
	header, prefix := "Authorization", "Bearer "
	if m.server.name == "azure" {
		header, prefix = api.AzureAPIKeyHeader, ""
	}
	client, u, err := e.Client(header, prefix)
	if err != nil {
		return nil, err
	}
	m.host = u.Host
	c := api.DefaultConfig(guard.Placeholder)
	if m.server.name == "azure" {
		c = api.DefaultAzureConfig(guard.Placeholder, e.BaseURL)
		c.APIVersion = azureVersion
		c.AzureModelMapperFunc = func(model string) string { return model } // a deployment's name is its own
	}
	c.BaseURL, c.HTTPClient = strings.TrimRight(e.BaseURL, "/"), client
	c.EmptyMessagesLimit = math.MaxInt32 // the guard bounds a stream by its bytes
	m.client = api.NewClientWithConfig(c)
	return m, nil
}

// Describe implements llm.Model.
func (m *Model) Describe() llm.Description {
	return llm.Description{
		Provider: m.server.name, Model: m.model, Host: m.host,
		Capabilities: llm.Capabilities{Schema: m.server.schema, Streaming: true, Reasoning: reasoning(m.model), Embedding: true},
	}
}

// Generate implements llm.Generator.
func (m *Model) Generate(ctx context.Context, r llm.Request) (llm.Response, error) {
	if err := r.Validate(); err != nil {
		return llm.Response{}, err
	}
	ctx, seen := guard.Watch(ctx)
	got, err := m.client.CreateChatCompletion(ctx, m.request(r))
	if err != nil {
		return llm.Response{}, seen.Typed(m.server.name, err)
	}
	out := llm.Response{
		Provider: m.server.name, Model: got.Model, RequestID: seen.RequestID, Rate: seen.Rate,
		Usage: usage(&got.Usage), Finish: llm.Unknown,
	}
	if len(got.Choices) > 0 { // none: a 200 whose body is something else
		c := got.Choices[0]
		out.Text, out.Finish = c.Message.Content, finish(c.FinishReason)
		if c.Message.Refusal != "" {
			out.Finish = llm.Refused
		}
	}
	return llm.Complete(r, out)
}

// Stream implements llm.Streamer.
func (m *Model) Stream(ctx context.Context, r llm.Request, each func(string) error) (llm.Response, error) {
	if err := r.Validate(); err != nil {
		return llm.Response{}, err
	}
	ctx, seen := guard.Watch(ctx)
	ask := m.request(r)
	ask.StreamOptions = &api.StreamOptions{IncludeUsage: true}
	s, err := m.client.CreateChatCompletionStream(ctx, ask)
	if err != nil {
		return llm.Response{}, seen.Typed(m.server.name, err)
	}
	defer s.Close() //nolint:errcheck // everything was read, or the stream is given up
	out := llm.Response{Provider: m.server.name, RequestID: seen.RequestID, Rate: seen.Rate, Finish: llm.Unknown}
	var text strings.Builder
	for {
		chunk, err := s.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return llm.Response{}, seen.Typed(m.server.name, err)
		}
		out.Model = chunk.Model
		if chunk.Usage != nil {
			out.Usage = usage(chunk.Usage)
		}
		for _, c := range chunk.Choices {
			if c.Delta.Refusal != "" {
				out.Finish = llm.Refused
			}
			if c.FinishReason != "" && out.Finish != llm.Refused {
				out.Finish = finish(c.FinishReason)
			}
			if c.Delta.Content == "" {
				continue
			}
			text.WriteString(c.Delta.Content)
			if err := each(c.Delta.Content); err != nil {
				return llm.Response{}, err
			}
		}
	}
	out.Text = text.String()
	return llm.Complete(r, out)
}

// Embed implements llm.Embedder.
func (m *Model) Embed(ctx context.Context, r llm.EmbedRequest) (llm.Embedding, error) {
	model := r.Model
	if model == "" {
		model = m.model
	}
	ctx, seen := guard.Watch(ctx)
	got, err := m.client.CreateEmbeddings(ctx, api.EmbeddingRequestStrings{
		Input: r.Texts, Model: api.EmbeddingModel(model), EncodingFormat: api.EmbeddingEncodingFormatFloat, Dimensions: r.Dimensions,
	})
	if err != nil {
		return llm.Embedding{}, seen.Typed(m.server.name, err)
	}
	out := llm.Embedding{Vectors: make([][]float32, len(r.Texts)), Model: string(got.Model), Usage: usage(&got.Usage)}
	for _, d := range got.Data {
		if d.Index >= 0 && d.Index < len(out.Vectors) {
			out.Vectors[d.Index] = d.Embedding
		}
	}
	for _, v := range out.Vectors {
		if len(v) == 0 {
			return llm.Embedding{}, &llm.Error{Kind: llm.Protocol, Provider: m.server.name, Message: "a text has no vector in the answer"}
		}
	}
	return out, nil
}

func (m *Model) request(r llm.Request) api.ChatCompletionRequest {
	out := api.ChatCompletionRequest{Model: m.model}
	if r.Model != "" {
		out.Model = r.Model
	}
	system := r.System
	if m.server.schema == llm.SchemaInstruction {
		system = llm.Instruct(r)
	}
	if system != "" {
		out.Messages = append(out.Messages, api.ChatCompletionMessage{Role: api.ChatMessageRoleSystem, Content: system})
	}
	for _, msg := range r.Messages {
		out.Messages = append(out.Messages, api.ChatCompletionMessage{Role: string(msg.Role), Content: msg.Content()})
	}
	if m.server.maxTokens {
		//lint:ignore SA1019 deprecated by OpenAI, and all that the others know
		out.MaxTokens = r.Limit()
	} else {
		out.MaxCompletionTokens = r.Limit()
	}
	if reasoning(out.Model) {
		// The library refuses what these models do.
		//lint:ignore SA1019 what must not be set is named
		out.MaxTokens, out.MaxCompletionTokens = 0, r.Limit()
		out.ReasoningEffort = string(r.Effort)
	} else if r.Temperature != nil {
		// The field is left out when it is 0, which is then the server's default of 1.
		out.Temperature = max(float32(*r.Temperature), math.SmallestNonzeroFloat32)
	}
	if len(r.Schema) > 0 && m.server.schema == llm.SchemaStrict {
		out.ResponseFormat = &api.ChatCompletionResponseFormat{
			Type:       api.ChatCompletionResponseFormatTypeJSONSchema,
			JSONSchema: &api.ChatCompletionResponseFormatJSONSchema{Name: "answer", Schema: json.RawMessage(r.Schema), Strict: true},
		}
	}
	return out
}

// reasoning reports whether a model thinks before it answers and takes no temperature.
func reasoning(model string) bool {
	if i := strings.LastIndexByte(model, '/'); i >= 0 {
		return false // another server's name for it: OpenRouter translates
	}
	for _, p := range []string{"o1", "o3", "o4", "gpt-5", "gpt-6"} {
		if strings.HasPrefix(model, p) {
			return true
		}
	}
	return false
}

func finish(f api.FinishReason) llm.Finish {
	switch f {
	case api.FinishReasonStop:
		return llm.Stop
	case api.FinishReasonLength:
		return llm.Length
	case api.FinishReasonContentFilter:
		return llm.Refused
	}
	return llm.Unknown
}

func usage(u *api.Usage) llm.Usage {
	out := llm.Usage{Input: u.PromptTokens, Output: u.CompletionTokens}
	if d := u.CompletionTokensDetails; d != nil {
		out.Reasoning = d.ReasoningTokens
	}
	if d := u.PromptTokensDetails; d != nil {
		out.Cached = d.CachedTokens
	}
	return out
}
