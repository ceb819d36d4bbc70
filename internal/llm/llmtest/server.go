package llmtest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"roleos/internal/llm"
	"roleos/internal/llm/guard"
)

// Wire is a protocol that a Server speaks.
type Wire string

// The protocols. Their shapes are those of the vendors' own documentation:
// https://platform.openai.com/docs/api-reference/chat
// https://ai.google.dev/api/generate-content
// https://docs.anthropic.com/en/api/messages
// https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html
const (
	OpenAI    Wire = "openai"
	Gemini    Wire = "gemini"
	Anthropic Wire = "anthropic"
	Bedrock   Wire = "bedrock"
)

// Call is one request as it arrived.
type Call struct {
	Number int // from 1
	Path   string
	Query  string
	Header http.Header
	Body   map[string]any
	Raw    []byte
	Stream bool
}

// Reply is what the server does with a call. The zero value answers "ok".
type Reply struct {
	Status     int // 0 is 200
	Header     map[string]string
	Raw        string        // the body as it is, instead of an answer
	RawType    string        // content type of Raw; empty is JSON
	Delay      time.Duration // before the first byte
	Text       string        // of the answer
	Finish     llm.Finish    // empty is Stop; Unknown leaves it out
	Usage      *llm.Usage    // nil is Counted; the zero Usage leaves it out
	KeepAlives int           // comment lines before the answer of a stream
	CutAfter   int           // bytes after which the connection breaks; 0 is never
}

// Counted is the usage that a server names unless told otherwise.
//
//nolint:gochecknoglobals // an immutable value
var Counted = llm.Usage{Input: 120, Output: 30}

// Server answers one protocol on the loopback.
type Server struct {
	*httptest.Server
	wire Wire

	mu    sync.Mutex
	calls []Call
}

// NewServer starts a server that answers every call as script says; nil answers
// "ok". It ends with the test.
func NewServer(t testing.TB, wire Wire, script func(Call) Reply) *Server {
	s := &Server{wire: wire}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		c := Call{Path: r.URL.Path, Query: r.URL.RawQuery, Header: r.Header.Clone(), Raw: raw}
		_ = json.Unmarshal(raw, &c.Body)
		c.Stream, _ = c.Body["stream"].(bool)
		c.Stream = c.Stream || strings.HasSuffix(c.Path, ":streamGenerateContent")
		s.mu.Lock()
		c.Number = len(s.calls) + 1
		s.calls = append(s.calls, c)
		s.mu.Unlock()
		reply := Reply{Text: "ok"}
		if script != nil {
			reply = script(c)
		}
		s.answer(w, r, c, reply)
	}))
	t.Cleanup(s.Close)
	return s
}

// Endpoint returns how an adapter reaches the server, with the key "test-key".
func (s *Server) Endpoint(model string) guard.Endpoint {
	return guard.Endpoint{Provider: string(s.wire), Model: model, BaseURL: s.URL + s.wire.base(), Key: Key(Secret)}
}

// base is what stands before the protocol's own paths.
func (w Wire) base() string {
	if w == OpenAI || w == Anthropic {
		return "/v1"
	}
	return ""
}

// Calls returns what arrived so far.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.calls...)
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, c Call, p Reply) {
	if p.Delay > 0 {
		select {
		case <-time.After(p.Delay):
		case <-r.Context().Done():
			return
		}
	}
	if p.Finish == "" {
		p.Finish = llm.Stop
	}
	if p.Usage == nil {
		p.Usage = &Counted
	}
	for k, v := range p.Header {
		w.Header().Set(k, v)
	}
	kind, body := "application/json", ""
	switch {
	case p.Raw != "":
		body = p.Raw
		if p.RawType != "" {
			kind = p.RawType
		}
	case strings.HasSuffix(c.Path, "/embeddings"), strings.HasSuffix(c.Path, ":batchEmbedContents"):
		body = s.vectors(c)
	case c.Stream && !c.events():
		body = s.stream(c, p)
	case c.Stream:
		kind, body = "text/event-stream", strings.Repeat(": keep-alive\n\n", p.KeepAlives)+s.stream(c, p)
	default:
		body = s.whole(c, p)
	}
	w.Header().Set("Content-Type", kind)
	if p.Status != 0 {
		w.WriteHeader(p.Status)
	}
	if p.CutAfter > 0 && p.CutAfter < len(body) {
		_, _ = io.WriteString(w, body[:p.CutAfter])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler) // breaks the connection
	}
	_, _ = io.WriteString(w, body)
}

// events reports whether a stream is asked for as server-sent events.
func (c Call) events() bool {
	return !strings.HasSuffix(c.Path, ":streamGenerateContent") || strings.Contains(c.Query, "alt=sse")
}

// toolAsked reports whether the schema came as a tool.
func (c Call) toolAsked() bool {
	tools, _ := c.Body["tools"].([]any)
	return len(tools) > 0
}

func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("%q", err.Error())
	}
	return string(b)
}

type object = map[string]any
