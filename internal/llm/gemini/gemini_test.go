package gemini

import (
	"encoding/json"
	"strings"
	"testing"

	"roleos/internal/llm"
	"roleos/internal/llm/guard"
	"roleos/internal/llm/llmtest"
)

func TestConformance(t *testing.T) {
	llmtest.Conform(t, llmtest.Adapter{Wire: llmtest.Gemini, Model: "gemini-2.5-flash", New: func(e guard.Endpoint) (llm.Model, error) {
		return New(t.Context(), e)
	}})
}

func TestSchemasChooseTheLibrary(t *testing.T) {
	for in, plain := range map[string]bool{
		``:           true,
		llmtest.Form: true,
		`{"type":"array","items":{"type":"string","enum":["a","b"]}}`: true,
		`{"type":"string","minLength":1}`:                             false,
		`{"anyOf":[{"type":"string"}]}`:                               false,
		`{"$ref":"#/$defs/x"}`:                                        false,
		`{"type":["string","null"]}`:                                  false,
		`{"type":"object","properties":{"a":{"type":"array","items":{"type":"integer","minimum":1}}}}`: false,
	} {
		if _, got := plainSchema(json.RawMessage(in)); got != plain {
			t.Errorf("%s: plain is %v", in, got)
		}
	}
}

func TestThinkingIsAskedForAndCounted(t *testing.T) {
	used := llm.Usage{Input: 100, Output: 80, Reasoning: 60, Cached: 10}
	for _, effort := range []llm.Effort{llm.EffortDefault, llm.EffortLow} {
		s := llmtest.NewServer(t, llmtest.Gemini, func(llmtest.Call) llmtest.Reply { return llmtest.Reply{Text: "ok", Usage: &used} })
		m, err := New(t.Context(), s.Endpoint("gemini-2.5-flash"))
		if err != nil {
			t.Fatal(err)
		}
		r := llmtest.Ask()
		r.Effort = effort
		got, err := m.Generate(t.Context(), r)
		if err != nil || got.Usage != used {
			t.Errorf("effort %q: %+v, %v", effort, got.Usage, err)
		}
		if sent := string(s.Calls()[0].Raw); strings.Contains(sent, `"thinkingLevel":"LOW"`) != (effort == llm.EffortLow) {
			t.Errorf("effort %q: %s", effort, sent)
		}
	}
}

func TestVectors(t *testing.T) {
	s := llmtest.NewServer(t, llmtest.Gemini, nil)
	m, err := New(t.Context(), s.Endpoint("gemini-embedding-001"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.Embed(t.Context(), llm.EmbedRequest{Texts: []string{"a", "b"}})
	if err != nil || len(got.Vectors) != 2 || got.Vectors[1][1] != 1 {
		t.Error(got, err)
	}
}

func TestContract(t *testing.T) {
	llmtest.Contract(t, llmtest.Vendor{Name: "gemini", Adapter: llmtest.Adapter{Wire: llmtest.Gemini, Model: "gemini-2.5-flash", New: func(e guard.Endpoint) (llm.Model, error) {
		return New(t.Context(), e)
	}}})
}
