package llmtest

import (
	"context"
	"strings"
	"sync"

	"roleos/internal/llm"
)

// Script is a model that answers each prompt, by its id, with the same JSON, and
// every other one with an answer of the wrong form. It keeps what it was asked.
type Script struct {
	Answers map[string]string
	Err     error // fails every question

	mu    sync.Mutex
	asked []llm.Request
}

// Describe implements llm.Model.
func (s *Script) Describe() llm.Description {
	return llm.Description{Provider: "script", Model: "test"}
}

// Generate implements llm.Generator.
func (s *Script) Generate(_ context.Context, r llm.Request) (llm.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, r)
	if s.Err != nil {
		return llm.Response{}, s.Err
	}
	id, _, _ := strings.Cut(r.Purpose, "/")
	answer, ok := s.Answers[id]
	if !ok {
		return llm.Response{}, &llm.Error{Kind: llm.Schema, Message: "there is no answer to " + id}
	}
	return llm.Response{Text: answer, JSON: []byte(answer), Finish: llm.Stop}, nil
}

// Asked returns what it was asked so far.
func (s *Script) Asked() []llm.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]llm.Request(nil), s.asked...)
}
