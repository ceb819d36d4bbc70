package models

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"roleos/config"
	"roleos/internal/fault"
	"roleos/internal/llm"
	"roleos/internal/llm/budget"
	"roleos/internal/llm/fake"
	"roleos/internal/llm/gemini"
	"roleos/internal/llm/guard"
	"roleos/internal/llm/langchain"
	"roleos/internal/llm/openai"
	"roleos/internal/llm/pipeline"
)

// Deps are what an opened model works with.
type Deps struct {
	Workspace string // folder below which key files are
	Cache     pipeline.Cache
	Ledger    pipeline.Ledger
	Observe   func(context.Context, pipeline.Event) // may be nil
	Content   bool                                  // events hold what was asked and answered
	NewID     func(prefix string) string
	Now       func() time.Time
}

// On reports whether the settings name a model.
func On(m config.Model) bool { return m.Provider != config.None && m.Provider != "" }

// Parse reads what --model takes over the settings: none, PROVIDER:NAME, or the
// NAME of another model of the configured provider.
func Parse(given string, m config.Model) (provider, name string, err error) {
	provider, name, named := strings.Cut(given, ":")
	switch {
	case given == config.None:
		return config.None, config.None, nil
	case named && provider != "" && name != "" && known(provider):
		return provider, name, nil
	case On(m) && given != "" && !(named && known(provider)):
		return m.Provider, given, nil // names of models may hold a colon: llama3.3:70b
	}
	return "", "", fault.New(fault.Invalid, "models.parse", "--model %q names no provider", given).
		WithMend("Write PROVIDER:NAME, such as openai:gpt-5-mini, fake:helpful or fake:adversarial; or none.\nProviders: %s.", strings.Join(Providers(), ", "))
}

// Choose returns m with what --model takes in place of its model. Address, key and
// price of another provider are none of this one's business and are taken out.
func Choose(given string, m config.Model) (config.Model, error) {
	provider, name, err := Parse(given, m)
	if err != nil {
		return m, err
	}
	if provider != m.Provider && On(m) {
		m.BaseURL, m.KeyEnv, m.KeyFile, m.KeyCommand = config.None, config.None, config.None, config.None
		m.Price = config.Price{Input: config.None, Output: config.None}
	}
	m.Provider, m.Name = provider, name
	return m, nil
}

// Providers returns the names of all providers.
func Providers() []string {
	return append(openai.Providers(), gemini.Provider, langchain.Anthropic, langchain.Bedrock, fake.Provider)
}

func known(provider string) bool {
	for _, p := range Providers() {
		if p == provider {
			return true
		}
	}
	return false
}

// Adapter returns the adapter for m without anything around it.
func Adapter(ctx context.Context, m config.Model, workspace string) (llm.Model, error) {
	unset := func(s string) string {
		if s == config.None {
			return ""
		}
		return s
	}
	m = m.WithUsualKey()
	e := guard.Endpoint{Provider: m.Provider, Model: unset(m.Name), BaseURL: unset(m.BaseURL)}
	if m.HasKey() {
		e.Key = func(ctx context.Context) (string, error) { return m.Key(ctx, workspace) }
	}
	switch m.Provider {
	case fake.Provider:
		return fake.New(e.Model)
	case gemini.Provider:
		return gemini.New(ctx, e)
	case langchain.Anthropic:
		return langchain.NewAnthropic(e)
	case langchain.Bedrock:
		return langchain.NewBedrock(ctx, e)
	}
	return openai.New(e)
}

// Open returns the way to the model that m names, and to those that are asked
// when it fails for good.
func Open(ctx context.Context, m config.Model, d Deps) (*Opened, error) {
	var chain []pipeline.Model
	for _, one := range m.Chain() {
		price := priceOf(one)
		for _, l := range []config.ModelLimit{m.Limits.Run, m.Limits.AgentDay, m.Limits.Day} {
			if l.Cost > 0 && price == nil {
				return nil, fault.New(fault.Invalid, "models.open", "model.limits bound the cost, but the price of %s is not set", one.Name).
					WithMend("Set model.price.input and model.price.output, price= for one under models, or limit tokens instead.")
			}
		}
		adapter, err := Adapter(ctx, one, d.Workspace)
		if err != nil {
			return nil, Explain(err)
		}
		chain = append(chain, pipeline.Model{Model: adapter, Price: price})
	}
	return &Opened{settings: m, pipeline: pipeline.New(pipeline.Options{
		Models: chain,
		Cache:  d.Cache, Ledger: d.Ledger, Observe: d.Observe, Content: d.Content, NewID: d.NewID, Now: d.Now, Jitter: rand.Float64,
		Timeout: m.Timeout, Concurrency: m.Concurrency, TokensPerMinute: m.TokensPerMinute, RequestsPerMinute: m.RequestsPerMinute,
	})}, nil
}

func priceOf(m config.Model) *budget.Price {
	in, out, ok := m.Price.Known()
	switch {
	case ok:
		return &budget.Price{Input: in, Output: out}
	case m.Provider == fake.Provider:
		return &budget.Price{} // it really costs nothing
	}
	return nil
}

// Opened is the way to one configured model.
type Opened struct {
	pipeline *pipeline.Pipeline
	settings config.Model
}

// Session asks on account of one run.
type Session struct {
	*pipeline.Session
	settings config.Model
}

// For returns a session for one run of an agent, which may use at most so many
// tokens in it whatever the settings allow; now decides which day it is.
func (o *Opened) For(run, agent string, tokens int64, now time.Time) *Session {
	l := o.settings.Limits
	if l.Run.Tokens == 0 || l.Run.Tokens > tokens {
		l.Run.Tokens = tokens
	}
	return &Session{Session: o.pipeline.For(Accounts(l, run, agent, now)...), settings: o.settings}
}

// Generate implements llm.Generator with what the settings say about the model.
// It is done out here, so that what is reserved is what will be asked.
func (s *Session) Generate(ctx context.Context, r llm.Request) (llm.Response, error) {
	return s.Session.Generate(ctx, tunedRequest(s.settings, r))
}

// Answered names the configured models that answered; while none has, the one
// that is asked first.
func (s *Session) Answered() string {
	if by := s.Spent().Models; len(by) > 0 {
		return strings.Join(by, " and ")
	}
	return s.Describe().Name()
}

// Accounts are where the calls of a run are counted.
func Accounts(l config.ModelLimits, run, agent string, now time.Time) []budget.Account {
	day := now.UTC().Format(time.DateOnly)
	return []budget.Account{
		{Name: "run:" + run, Limit: limit(l.Run)},
		{Name: "agent:" + agent + ":" + day, Limit: limit(l.AgentDay)},
		{Name: "day:" + day, Limit: limit(l.Day)},
	}
}

func limit(l config.ModelLimit) budget.Spend {
	return budget.Spend{Calls: l.Calls, Tokens: l.Tokens, Micros: int64(l.Cost * 1e6), Millis: l.Time.Milliseconds()}
}

// Explain makes of a model's failure one that a person can act on. Other errors
// stay.
func Explain(err error) error {
	if err == nil {
		return nil
	}
	if _, is := any(err).(*fault.Error); is {
		return err
	}
	e := llm.AsError(err)
	kind, mend := fault.Unavailable, "Run it again later: what was answered before is not asked again. Without a model: --model none"
	switch e.Kind {
	case llm.Budget:
		kind, mend = fault.Exhausted, "Raise model.limits in roleos.yaml, or run without a model: --model none"
	case llm.Auth:
		kind, mend = fault.Invalid, "Name a key that the provider accepts with model.key_env or model.key_file. Then: roleos model check"
		if inner, ok := e.Err.(*fault.Error); ok { //nolint:errorlint // the cause itself, not one below it
			e = &llm.Error{Message: e.Message + ": " + inner.Message, Provider: e.Provider}
			mend = cmp.Or(inner.Mend, mend)
		}
	case llm.Quota:
		mend = "There is nothing left on the provider's account. Without a model: --model none"
	case llm.NotFound, llm.Invalid:
		kind, mend = fault.Invalid, "Check model.provider, model.name and model.base_url: roleos model check"
	case llm.Canceled:
		return err
	}
	return fault.New(kind, "models", "%s", e.Error()).WithMend("%s", mend)
}

// Cost says what a session has cost, for a person.
func Cost(s pipeline.Spent) string {
	tokens := fmt.Sprintf("%d tokens", s.Usage.Total())
	if s.Usage.Estimated {
		tokens = "at most " + tokens
	}
	cost := fmt.Sprintf("cost %.4f", float64(s.Micros)/1e6)
	switch {
	case s.Unpriced:
		cost = "cost unknown (model.price is not set)"
	case s.Micros == 0:
		cost = "no cost"
	}
	text := fmt.Sprintf("%d calls, %s, %s", s.Calls, tokens, cost)
	if s.Cached > 0 {
		text += fmt.Sprintf(", %d answers from earlier runs", s.Cached)
	}
	return text
}
