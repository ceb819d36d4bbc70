package langchain

import (
	"strings"
	"testing"

	"roleos/internal/llm"
	"roleos/internal/llm/guard"
	"roleos/internal/llm/llmtest"
)

func TestConformanceAnthropic(t *testing.T) {
	llmtest.Conform(t, llmtest.Adapter{Wire: llmtest.Anthropic, Model: "claude-sonnet-4-5", New: func(e guard.Endpoint) (llm.Model, error) {
		return NewAnthropic(e)
	}})
}

func TestConformanceBedrock(t *testing.T) {
	llmtest.Conform(t, llmtest.Adapter{Wire: llmtest.Bedrock, Model: "eu.anthropic.claude-sonnet-4-5-v1:0", NoStream: true, New: func(e guard.Endpoint) (llm.Model, error) {
		return NewBedrock(t.Context(), e)
	}})
}

func TestBedrockSignsWithAKeyPairAndNeverSendsIt(t *testing.T) {
	s := llmtest.NewServer(t, llmtest.Bedrock, nil)
	e := s.Endpoint("anthropic.claude-3-haiku")
	e.Key = llmtest.Key("AKIDEXAMPLE:secretsecret:session")
	m, err := NewBedrock(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Generate(t.Context(), llmtest.Ask()); err != nil {
		t.Fatal(err)
	}
	c := s.Calls()[0]
	if a := c.Header.Get("Authorization"); !strings.HasPrefix(a, "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/") || strings.Contains(a, "secretsecret") {
		t.Error(a)
	}
}

func TestRegionsAreReadFromTheAddress(t *testing.T) {
	if got := region("bedrock-runtime.eu-central-1.amazonaws.com"); got != "eu-central-1" {
		t.Error(got)
	}
}

func TestContractAnthropic(t *testing.T) {
	llmtest.Contract(t, llmtest.Vendor{Name: "anthropic", Adapter: llmtest.Adapter{Wire: llmtest.Anthropic, Model: "claude-sonnet-4-5", New: func(e guard.Endpoint) (llm.Model, error) {
		return NewAnthropic(e)
	}}})
}

func TestContractBedrock(t *testing.T) {
	llmtest.Contract(t, llmtest.Vendor{
		Name: "bedrock", Base: "https://bedrock-runtime.eu-central-1.amazonaws.com",
		Adapter: llmtest.Adapter{Wire: llmtest.Bedrock, Model: "eu.anthropic.claude-sonnet-4-5-v1:0", NoStream: true, New: func(e guard.Endpoint) (llm.Model, error) {
			return NewBedrock(t.Context(), e)
		}},
	})
}
