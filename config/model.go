package config

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"roleos/internal/fault"
)

// Model says which language model words drafts, and what that may cost. It
// names where the key is and never holds it.
type Model struct {
	Provider          string        `mapstructure:"provider" json:"provider"` // none: the offline analyst alone
	Name              string        `mapstructure:"name" json:"name"`
	BaseURL           string        `mapstructure:"base_url" json:"base_url"`
	KeyEnv            string        `mapstructure:"key_env" json:"key_env"`
	KeyFile           string        `mapstructure:"key_file" json:"key_file"` // below the workspace unless absolute
	KeyCommand        string        `mapstructure:"key_command" json:"key_command"`
	Effort            string        `mapstructure:"effort" json:"effort"`
	Fallback          string        `mapstructure:"fallback" json:"fallback"`  // as written; see KeepsOffline and Others
	Others            []Model       `mapstructure:"-" json:"others,omitempty"` // asked in this order when this one fails for good
	Price             Price         `mapstructure:"price" json:"price"`
	Concurrency       int           `mapstructure:"concurrency" json:"concurrency"`
	TokensPerMinute   int           `mapstructure:"tokens_per_minute" json:"tokens_per_minute"`
	RequestsPerMinute int           `mapstructure:"requests_per_minute" json:"requests_per_minute"`
	Timeout           time.Duration `mapstructure:"timeout" json:"timeout"`
	Limits            ModelLimits   `mapstructure:"limits" json:"limits"`
}

// Price is what a million tokens cost, in a currency of the user's choice.
type Price struct {
	Input  string `mapstructure:"input" json:"input"` // a number, or none: unknown
	Output string `mapstructure:"output" json:"output"`
}

// Known returns the prices as numbers, and false unless both are known.
func (p Price) Known() (input, output float64, ok bool) {
	input, err := strconv.ParseFloat(p.Input, 64)
	output, err2 := strconv.ParseFloat(p.Output, 64)
	return input, output, err == nil && err2 == nil
}

// ModelLimits bound what models cost: in one run, by one agent in a day, by all
// in a day. The day is that of UTC.
type ModelLimits struct {
	Run      ModelLimit `mapstructure:"run" json:"run"`
	AgentDay ModelLimit `mapstructure:"agent_day" json:"agent_day"`
	Day      ModelLimit `mapstructure:"day" json:"day"`
}

// ModelLimit is one limit; 0 is none.
type ModelLimit struct {
	Calls  int64         `mapstructure:"calls" json:"calls"`
	Tokens int64         `mapstructure:"tokens" json:"tokens"`
	Cost   float64       `mapstructure:"cost" json:"cost"`
	Time   time.Duration `mapstructure:"time" json:"time"` // of calls, side by side added up
}

// HasKey reports whether the settings say where the key is.
func (m Model) HasKey() bool { return m.KeyEnv != None || m.KeyFile != None || m.KeyCommand != None }

// WithUsualKey returns m with the variable in which people keep this vendor's
// key, when nothing says where it is and the vendor itself is asked.
func (m Model) WithUsualKey() Model {
	if m.HasKey() || m.BaseURL != None {
		return m
	}
	switch m.Provider {
	case "openai", "mistral", "cohere", "openrouter", "gemini", "anthropic":
		if name := strings.ToUpper(m.Provider) + "_API_KEY"; os.Getenv(name) != "" {
			m.KeyEnv = name
		}
	}
	return m
}

// maxKeyBytes bounds what is read as a key.
const maxKeyBytes = 16 << 10

// Key reads the key from where the settings say: of an environment variable, a
// file and a command the first that is set. It is read anew each time, so that a
// changed key counts at once. No error holds it.
func (m Model) Key(ctx context.Context, workspace string) (string, error) {
	const op = "config.key"
	switch {
	case m.KeyEnv != None:
		if v := strings.TrimSpace(os.Getenv(m.KeyEnv)); v != "" {
			return v, nil
		}
		return "", fault.New(fault.Invalid, op, "the environment variable %s, which model.key_env names, is not set", m.KeyEnv)
	case m.KeyFile != None:
		path := m.KeyFile
		if !filepath.IsAbs(path) {
			path = filepath.Join(workspace, path)
		}
		info, err := os.Stat(path)
		if err != nil {
			return "", fault.New(fault.Invalid, op, "the file %s, which model.key_file names, cannot be read", m.KeyFile)
		}
		if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
			return "", fault.New(fault.Denied, op, "others may read the key in %s", m.KeyFile).WithMend("chmod 600 %s", m.KeyFile)
		}
		if info.Size() > maxKeyBytes || !info.Mode().IsRegular() {
			return "", fault.New(fault.Invalid, op, "%s holds no key", m.KeyFile)
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return "", fault.New(fault.Invalid, op, "the file %s, which model.key_file names, cannot be read", m.KeyFile)
		}
		return strings.TrimSpace(string(body)), nil
	case m.KeyCommand != None:
		ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		args := strings.Fields(m.KeyCommand) // no shell: nothing is expanded
		c := exec.CommandContext(ctx, args[0], args[1:]...)
		c.Dir, c.WaitDelay = workspace, time.Second
		var out bytes.Buffer
		c.Stdout = &out
		if err := c.Run(); err != nil || out.Len() > maxKeyBytes {
			return "", fault.New(fault.Invalid, op, "the command in model.key_command gave no key").WithMend("Run it by hand: %s", args[0])
		}
		return strings.TrimSpace(out.String()), nil
	}
	return "", fault.New(fault.Invalid, op, "no key is configured").WithMend("Name it with model.key_env, model.key_file or model.key_command.")
}

// modelKeys are the settings of models.
func modelKeys() []Key {
	limit := func(name, what, calls, tokens, spent string) []Key {
		return []Key{
			{Name: "model.limits." + name + ".calls", Doc: "Most calls of models " + what + ". 0: no limit.", Default: calls, kind: whole64(0, 1e9)},
			{Name: "model.limits." + name + ".tokens", Doc: "Most tokens, in and out, " + what + ". 0: no limit.", Default: tokens, kind: whole64(0, 1e12)},
			{Name: "model.limits." + name + ".cost", Doc: "Most money " + what + ", in the currency of the prices, which have to be set then. 0: no limit.", Default: "0", kind: number(0, 1e6)},
			{Name: "model.limits." + name + ".time", Doc: "Most time of calls " + what + ", side by side added up. 0s: no limit.", Default: spent, kind: duration("0s", "24h")},
		}
	}
	keys := []Key{
		{Name: "model.provider", Doc: "Who answers when a model words a draft. none: nobody, the offline analyst works alone. compatible: any server that speaks OpenAI's protocol at model.base_url.", Default: None, kind: choice(providers()...)},
		{Name: "model.name", Doc: "Model, as its provider calls it.", Default: None, kind: optional(text(120))},
		{Name: "model.base_url", Doc: "Address of the provider. none: its public one. https, or http for this machine.", Default: None, kind: optional(text(200))},
		{Name: "model.key_env", Doc: "Name of the environment variable that holds the key.", Default: None, kind: optional(text(120))},
		{Name: "model.key_file", Doc: "File that holds the key and nothing else, readable by you only.", Default: None, kind: optional(folder())},
		{Name: "model.key_command", Doc: "Command that prints the key, run without a shell: a password manager's. Set in the environment only.", Default: None, kind: optional(text(300)), own: "run its author's command"},
		{Name: "model.effort", Doc: "How much a reasoning model thinks. none: its own default.", Default: None, kind: choice(None, "minimal", "low", "medium", "high")},
		{Name: "model.fallback", Doc: "What happens when the model fails for good. none: the run fails. Otherwise those named here are asked, in this order; offline, as the last: the draft keeps the words of statistics. The draft says which model answered.", Default: None, kind: fallback()},
		{Name: "model.price.input", Doc: "Price of a million tokens of input. none: unknown, and cost is shown as unknown.", Default: None, kind: price()},
		{Name: "model.price.output", Doc: "Price of a million tokens of output, thinking included.", Default: None, kind: price()},
		{Name: "model.concurrency", Doc: "Most calls at a time.", Default: "4", kind: whole(1, 64)},
		{Name: "model.tokens_per_minute", Doc: "Most tokens a minute. 0: what the provider's answers say.", Default: "0", kind: whole(0, 1_000_000_000)},
		{Name: "model.requests_per_minute", Doc: "Most calls a minute. 0: what the provider's answers say.", Default: "0", kind: whole(0, 1_000_000)},
		{Name: "model.timeout", Doc: "Longest wait for one answer.", Default: "2m", kind: duration("5s", "30m")},
	}
	keys = append(keys, limit("run", "in one run", "60", "200000", "30m")...)
	keys = append(keys, limit("agent_day", "by one agent in a day", "1000", "3000000", "0s")...)
	keys = append(keys, limit("day", "in a day", "3000", "10000000", "0s")...)
	return append(keys, Key{Name: "models", Doc: "Further models that model.fallback may name. Limits, rates and timeouts are those under model.", Default: "", kind: modelEntries()})
}

// providers are the values of model.provider.
func providers() []string {
	return []string{None, "openai", "azure", "gemini", "anthropic", "bedrock", "openrouter", "mistral", "cohere", "ollama", "vllm", "llamacpp", "compatible", "fake"}
}

// price is a number, or None for one that is not known.
func price() kind {
	n := number(0, 100_000)
	return kind{
		bound: "none, or a number from 0 to 100000", accepts: []shape{aText, aWhole, aNumber},
		parse: func(s string) (any, error) {
			if s == None {
				return s, nil
			}
			_, err := n.parse(s)
			return s, err
		},
	}
}

// values returns the fields of m by key.
func (m Model) values() map[string]any {
	out := map[string]any{
		"model.provider": m.Provider, "model.name": m.Name, "model.base_url": m.BaseURL,
		"model.key_env": m.KeyEnv, "model.key_file": m.KeyFile, "model.key_command": m.KeyCommand,
		"model.effort": m.Effort, "model.fallback": m.Fallback, "model.price.input": m.Price.Input, "model.price.output": m.Price.Output,
		"model.concurrency": m.Concurrency, "model.tokens_per_minute": m.TokensPerMinute, "model.requests_per_minute": m.RequestsPerMinute,
		"model.timeout": m.Timeout,
	}
	for name, l := range map[string]ModelLimit{"run": m.Limits.Run, "agent_day": m.Limits.AgentDay, "day": m.Limits.Day} {
		at := "model.limits." + name
		out[at+".calls"], out[at+".tokens"], out[at+".cost"], out[at+".time"] = l.Calls, l.Tokens, l.Cost, l.Time
	}
	return out
}
