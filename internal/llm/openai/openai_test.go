package openai_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"roleos/internal/llm"
	"roleos/internal/llm/guard"
	"roleos/internal/llm/llmtest"
	"roleos/internal/llm/openai"
)

func open(e guard.Endpoint) (llm.Model, error) { return openai.New(e) }

func TestConformance(t *testing.T) {
	llmtest.Conform(t, llmtest.Adapter{Wire: llmtest.OpenAI, Model: "gpt-4.1-mini", New: open})
}

func ask(t *testing.T, provider, model string, r llm.Request) map[string]any {
	t.Helper()
	s := llmtest.NewServer(t, llmtest.OpenAI, nil)
	e := s.Endpoint(model)
	e.Provider = provider
	m, err := openai.New(e)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Generate(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return s.Calls()[0].Body
}

func TestReasoningModelsGetTheirOwnParameters(t *testing.T) {
	r := llmtest.Ask()
	r.Effort = llm.EffortLow
	for _, model := range []string{"o3-mini", "o4-mini", "gpt-5-mini", "o1"} {
		body := ask(t, "openai", model, r)
		if body["max_completion_tokens"] != 50.0 || body["max_tokens"] != nil || body["temperature"] != nil || body["reasoning_effort"] != "low" {
			t.Errorf("%s: %v", model, body)
		}
	}
	if body := ask(t, "ollama", "llama3.3", r); body["max_tokens"] != 50.0 || body["reasoning_effort"] != nil {
		t.Errorf("%v", body)
	}
}

func TestSchemasAreSentVerbatim(t *testing.T) {
	r := llmtest.Ask()
	r.Schema = json.RawMessage(`{"type":"object","additionalProperties":false,"required":["a"],"properties":{"a":{"anyOf":[{"type":"string","pattern":"^x"},{"type":"null"}]}}}`)
	s := llmtest.NewServer(t, llmtest.OpenAI, func(llmtest.Call) llmtest.Reply { return llmtest.Reply{Text: `{"a":null}`} })
	m, err := openai.New(s.Endpoint("gpt-4.1"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Generate(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if raw := string(s.Calls()[0].Raw); !strings.Contains(raw, string(r.Schema)) || !strings.Contains(raw, `"strict":true`) {
		t.Error(raw)
	}
}

func TestAzureIsReachedByDeploymentWithItsOwnHeader(t *testing.T) {
	s := llmtest.NewServer(t, llmtest.OpenAI, nil)
	e := s.Endpoint("my-deployment.v3.5")
	e.Provider, e.BaseURL = "azure", s.URL
	m, err := openai.New(e)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Generate(t.Context(), llmtest.Ask()); err != nil {
		t.Fatal(err)
	}
	c := s.Calls()[0]
	if c.Path != "/openai/deployments/my-deployment.v3.5/chat/completions" || c.Header.Get("Api-Key") != llmtest.Secret || c.Header.Get("Authorization") != "" {
		t.Errorf("%s %v", c.Path, c.Header)
	}
}

func TestVectorsComeInTheOrderOfTheirTexts(t *testing.T) {
	s := llmtest.NewServer(t, llmtest.OpenAI, nil)
	m, err := openai.New(s.Endpoint("text-embedding-3-small"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.Embed(t.Context(), llm.EmbedRequest{Texts: []string{"a", "b", "c"}})
	if err != nil || len(got.Vectors) != 3 {
		t.Fatal(got, err)
	}
	for i, v := range got.Vectors {
		if v[1] != float32(i) {
			t.Errorf("vector %d belongs to text %v", i, v[1])
		}
	}
}

func TestProvidersWithoutAnAddressAskForOne(t *testing.T) {
	for _, p := range openai.Providers() {
		_, err := openai.New(guard.Endpoint{Provider: p, Model: "m", Key: llmtest.Key("k")})
		wants := p == "azure" || p == "compatible"
		if (err != nil) != wants {
			t.Errorf("%s: %v", p, err)
		}
	}
}

func TestContract(t *testing.T) {
	llmtest.Contract(t, llmtest.Vendor{Name: "openai", Adapter: llmtest.Adapter{Wire: llmtest.OpenAI, Model: "gpt-4.1-mini", New: open}})
}

// TestARecordingSaysWhereItIsFromAndHoldsNoKey plays the vendor on this machine,
// records it as a person with a key would, and replays that without one.
func TestARecordingSaysWhereItIsFromAndHoldsNoKey(t *testing.T) {
	s := llmtest.NewServer(t, llmtest.OpenAI, func(c llmtest.Call) llmtest.Reply {
		r := llmtest.ContractAnswers(c)
		r.Header = map[string]string{"Set-Cookie": "session=1", "Openai-Organization": "org-private", "X-Ratelimit-Limit-Tokens": "1000"}
		return r
	})
	t.Chdir(t.TempDir())
	v := llmtest.Vendor{Name: "openai", Adapter: llmtest.Adapter{Wire: llmtest.OpenAI, Model: "gpt-4.1-mini", New: open}}
	t.Run("record", func(t *testing.T) {
		t.Setenv("ROLEOS_TEST_OPENAI_KEY", "sk-live-0123456789")
		t.Setenv("ROLEOS_TEST_OPENAI_URL", s.URL+"/v1")
		t.Setenv("ROLEOS_TEST_RECORD", "vendor")
		llmtest.Contract(t, v)
	})
	body, err := os.ReadFile("testdata/openai.vendor.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(body), "# recorded from 127.0.0.1:") || !strings.Contains(string(body), "X-Ratelimit-Limit-Tokens") {
		t.Errorf("%.300s", body)
	}
	for _, secret := range []string{"sk-live", "Authorization", "session=1", "org-private"} {
		if strings.Contains(string(body), secret) {
			t.Errorf("it holds %q", secret)
		}
	}
	asked := len(s.Calls())
	t.Run("replay", func(t *testing.T) { llmtest.Contract(t, v) })
	if n := len(s.Calls()); n != asked || asked == 0 {
		t.Errorf("%d calls while recording, %d after replaying", asked, n)
	}
}
