package llm

import (
	"context"
	"encoding/json"
)

// Generator answers one request.
type Generator interface {
	// Generate returns the answer or an *Error. An answer that was cut off or
	// refused is an *Error too: what is returned without one is whole.
	// Implementations may be called concurrently.
	Generate(ctx context.Context, r Request) (Response, error)
}

// Streamer answers one request piece by piece.
type Streamer interface {
	// Stream calls each for every piece of text as it arrives and returns the
	// whole answer. An error of each ends the stream and is returned. A stream
	// that ends without the provider's own end mark is an *Error.
	Stream(ctx context.Context, r Request, each func(text string) error) (Response, error)
}

// Embedder turns texts into vectors.
type Embedder interface {
	// Embed returns one vector for each text, in their order.
	Embed(ctx context.Context, r EmbedRequest) (Embedding, error)
}

// Model is a Generator that can say what it is.
type Model interface {
	Generator
	// Describe returns what the adapter knows about the model without asking it.
	Describe() Description
}

// Description is what an adapter knows about a model.
type Description struct {
	Provider     string // openai, gemini, anthropic, bedrock, fake, ...
	Model        string // as the provider calls it
	Host         string // where requests go; empty for none
	Capabilities Capabilities
}

// Name returns the model's name as people write it: "openai:gpt-5-mini".
func (d Description) Name() string { return d.Provider + ":" + d.Model }

// Capabilities say what an adapter makes use of. They are no promise of the
// provider: answers are checked whatever stands here.
type Capabilities struct {
	Schema    SchemaMode // how a schema is asked for
	Streaming bool
	Reasoning bool // the request's Effort is passed on
	Embedding bool
}

// SchemaMode is how an adapter asks for structured output.
type SchemaMode string

// The schema modes.
const (
	SchemaStrict      SchemaMode = "strict"      // the provider constrains the output to the schema
	SchemaTool        SchemaMode = "tool"        // the schema is that of a tool which has to be called
	SchemaInstruction SchemaMode = "instruction" // the schema is part of the prompt
)

// Effort is how much a reasoning model should think.
type Effort string

// The efforts; empty is the provider's default.
const (
	EffortDefault Effort = ""
	EffortMinimal Effort = "minimal"
	EffortLow     Effort = "low"
	EffortMedium  Effort = "medium"
	EffortHigh    Effort = "high"
)

// Role says who speaks in a message.
type Role string

// The roles.
const (
	User      Role = "user"
	Assistant Role = "assistant"
)

// Message is one turn. Text is ours; Data is not.
type Message struct {
	Role Role    `json:"role"`
	Text string  `json:"text"`
	Data []Block `json:"data,omitempty"` // follows Text, marked as data; see Message.Content
}

// Block is one piece of untrusted text.
type Block struct {
	ID   string `json:"id"` // how the answer refers to it; ours, never from the text
	Text string `json:"text"`
}

// Request is one question to a model. The zero value of a field that a model may
// lack is the provider's default.
type Request struct {
	Model   string `json:"model"`   // empty: the adapter's own
	Purpose string `json:"purpose"` // id and version of the prompt; for accounts, never sent
	System  string `json:"system"`
	// Messages begin and end with the user's.
	Messages []Message `json:"messages"`
	// Schema is the JSON Schema of the answer; empty asks for plain text.
	Schema      json.RawMessage `json:"schema,omitempty"`
	Temperature *float64        `json:"temperature,omitempty"` // 0..2; models that take none ignore it
	MaxOutput   int             `json:"max_output"`            // tokens, thinking included; 0 is DefaultMaxOutput
	Effort      Effort          `json:"effort,omitempty"`
}

// DefaultMaxOutput bounds an answer whose request names no bound, in tokens.
const DefaultMaxOutput = 4096

// Limit returns the most tokens of the answer.
func (r Request) Limit() int {
	if r.MaxOutput > 0 {
		return r.MaxOutput
	}
	return DefaultMaxOutput
}

// Finish is why a model stopped.
type Finish string

// The reasons. Only Stop comes without an error.
const (
	Stop    Finish = "stop"
	Length  Finish = "length"  // the limit of the output was reached
	Refused Finish = "refused" // the provider or the model would not answer
	Unknown Finish = "unknown" // the answer has no end mark
)

// Response is a whole answer.
type Response struct {
	Text      string          `json:"text"`
	JSON      json.RawMessage `json:"json,omitempty"` // what Text holds when a schema was asked for; not yet checked against it
	Finish    Finish          `json:"finish"`
	Usage     Usage           `json:"usage"`
	Provider  string          `json:"provider"`
	Model     string          `json:"model"`                // as the provider named it
	By        string          `json:"-"`                    // which configured model answered, see Description.Name; empty outside a pipeline
	RequestID string          `json:"request_id,omitempty"` // the provider's
	Cached    bool            `json:"-"`                    // answered from the cache: nothing was paid
	Repairs   int             `json:"repairs,omitempty"`    // how often it was sent back for its form
	Rate      *Rate           `json:"-"`                    // what the provider said about its limits
}

// Usage counts tokens as the provider bills them.
type Usage struct {
	Input     int  `json:"input"`     // of the request, cached ones included
	Output    int  `json:"output"`    // of the answer, thinking included
	Reasoning int  `json:"reasoning"` // the part of Output that is thinking
	Cached    int  `json:"cached"`    // the part of Input read from the provider's cache
	Estimated bool `json:"estimated"` // the provider named none; these are upper estimates
}

// Total returns input and output together.
func (u Usage) Total() int { return u.Input + u.Output }

// Plus returns the sum of both; it is estimated when one of them is.
func (u Usage) Plus(v Usage) Usage {
	return Usage{
		Input: u.Input + v.Input, Output: u.Output + v.Output, Reasoning: u.Reasoning + v.Reasoning,
		Cached: u.Cached + v.Cached, Estimated: u.Estimated || v.Estimated,
	}
}

// EmbedRequest asks for vectors.
type EmbedRequest struct {
	Model      string
	Texts      []string
	Dimensions int // 0 is the model's own
}

// Embedding is the answer to an EmbedRequest.
type Embedding struct {
	Vectors [][]float32
	Usage   Usage
	Model   string
}
