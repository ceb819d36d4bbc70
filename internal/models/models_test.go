package models

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"roleos/config"
	"roleos/internal/fault"
	"roleos/internal/llm"
	"roleos/internal/llm/budget"
	"roleos/internal/llm/llmtest"
)

func configured(t *testing.T, flags map[string]string) config.Model {
	t.Helper()
	c, _, err := config.Load(config.Options{Workspace: t.TempDir(), Flags: flags})
	if err != nil {
		t.Fatal(err)
	}
	return c.Model
}

func TestWhatTheFlagSaysIsAProviderAndAModel(t *testing.T) {
	on := config.Model{Provider: "ollama", Name: "llama3.3:70b"}
	for _, c := range []struct {
		given, provider, name string
		m                     config.Model
	}{
		{"none", "none", "none", on},
		{"fake:adversarial", "fake", "adversarial", config.Model{Provider: "none"}},
		{"openai:gpt-5-mini", "openai", "gpt-5-mini", on},
		{"qwen3", "ollama", "qwen3", on},
		{"qwen3:30b", "ollama", "qwen3:30b", on},
		{"openrouter:meta/llama:free", "openrouter", "meta/llama:free", on},
		{"qwen3", "", "", config.Model{Provider: "none"}},
		{"openai:", "", "", on},
	} {
		p, n, err := Parse(c.given, c.m)
		if p != c.provider || n != c.name || (err != nil) != (c.provider == "") {
			t.Errorf("%s: %s %s %v", c.given, p, n, err)
		}
	}
}

func TestFailuresSayWhatToDo(t *testing.T) {
	for _, c := range []struct {
		err  *llm.Error
		kind fault.Kind
		says string
	}{
		{&llm.Error{Kind: llm.Budget, Message: "the limit"}, fault.Exhausted, "model.limits"},
		{&llm.Error{Kind: llm.Auth, Message: "key"}, fault.Invalid, "model.key_env"},
		{&llm.Error{Kind: llm.Auth, Message: "the key could not be read", Err: fault.New(fault.Denied, "x", "others may read").WithMend("chmod 600 k")}, fault.Invalid, "chmod 600 k"},
		{&llm.Error{Kind: llm.Server}, fault.Unavailable, "not asked again"},
		{&llm.Error{Kind: llm.NotFound}, fault.Invalid, "roleos model check"},
	} {
		err := Explain(c.err)
		if fault.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: %v", c.err, err)
		}
	}
}

func TestALimitOfMoneyNeedsAPrice(t *testing.T) {
	m := configured(t, map[string]string{"model.provider": "compatible", "model.name": "m", "model.base_url": "http://127.0.0.1:1/v1", "model.limits.day.cost": "5"})
	d := Deps{Now: time.Now, NewID: func(p string) string { return p }}
	if _, err := Open(t.Context(), m, d); err == nil || !strings.Contains(err.Error(), "model.price") {
		t.Error(err)
	}
	m.Price = config.Price{Input: "1", Output: "2"}
	if _, err := Open(t.Context(), m, d); err != nil {
		t.Error(err)
	}
}

func TestACheckSaysWhatAModelDoes(t *testing.T) {
	for _, keeps := range []bool{true, false} {
		s := llmtest.NewServer(t, llmtest.OpenAI, func(c llmtest.Call) llmtest.Reply {
			if strings.Contains(string(c.Raw), "json_schema") && keeps {
				return llmtest.Reply{Text: `{"number":7,"word":"ready"}`}
			}
			return llmtest.Reply{Text: "ready"}
		})
		m := configured(t, map[string]string{
			"model.provider": "compatible", "model.name": "m", "model.base_url": s.URL + "/v1", "model.price.input": "1", "model.price.output": "1",
		})
		r, err := Try(t.Context(), m, "", time.Now)
		if err != nil || r.OK() != keeps || len(r.Checks) != 4 || !r.Priced || r.Micros != 450 {
			t.Errorf("keeps %v: %+v %v", keeps, r, err)
		}
	}
}

// TestALiveModel asks the provider that ROLEOS_TEST_MODEL names, as PROVIDER:NAME
// with the key in ROLEOS_TEST_MODEL_KEY.
func TestALiveModel(t *testing.T) {
	given := os.Getenv("ROLEOS_TEST_MODEL")
	if given == "" {
		t.Skip("SKIPPED: no live model in ROLEOS_TEST_MODEL")
	}
	provider, name, err := Parse(given, config.Model{})
	if err != nil {
		t.Fatal(err)
	}
	m := configured(t, map[string]string{"model.provider": provider, "model.name": name, "model.key_env": "ROLEOS_TEST_MODEL_KEY"})
	r, err := Try(t.Context(), m, "", time.Now)
	if err != nil || !r.OK() {
		t.Error(fmt.Sprintf("%+v", r), err)
	}
}

// What an agent's manifest allows bounds a run whatever the settings say; a
// stricter setting holds.
func TestAManifestsTokensBoundARun(t *testing.T) {
	for _, c := range []struct{ set, manifest, holds int64 }{{0, 500, 500}, {900, 500, 500}, {300, 500, 300}} {
		m := configured(t, map[string]string{"model.provider": "fake", "model.name": "helpful", "model.limits.run.tokens": fmt.Sprint(c.set)})
		l := &limits{}
		o, err := Open(t.Context(), m, Deps{Ledger: l, Now: time.Now, NewID: func(p string) string { return p }})
		if err != nil {
			t.Fatal(err)
		}
		_, err = o.For("r", "a", c.manifest, time.Now()).Generate(t.Context(), llm.Request{Messages: []llm.Message{{Role: llm.User, Text: "ready?"}}})
		if err != nil || l.run != c.holds {
			t.Errorf("%+v: the run may use %d (%v)", c, l.run, err)
		}
	}
}

// limits remembers the limit of the run's account.
type limits struct{ run int64 }

func (l *limits) Reserve(_ context.Context, _ string, _ budget.Spend, accounts []budget.Account) error {
	l.run = accounts[0].Limit.Tokens
	return nil
}

func (l *limits) Settle(context.Context, string, budget.Spend) error { return nil }
