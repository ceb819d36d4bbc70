package llmtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"roleos/internal/llm"
	"roleos/internal/llm/guard"
)

// Secret is the key that servers of this package are reached with.
const Secret = "sk-test-0123456789abcdef"

// Key returns a source of one key.
func Key(key string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return key, nil }
}

// Adapter is one adapter under test.
type Adapter struct {
	Wire     Wire
	Model    string
	New      func(guard.Endpoint) (llm.Model, error)
	NoStream bool // it answers streams in one piece, or not at all
}

// Form is the schema that the suite asks for.
const Form = `{"type":"object","additionalProperties":false,"required":["name","n"],"properties":{"name":{"type":"string"},"n":{"type":"integer"}}}`

// RichForm is Form with bounds, which not every library of a vendor can say.
const RichForm = `{"type":"object","additionalProperties":false,"required":["name","n"],"properties":{"name":{"type":"string"},"n":{"type":"integer","minimum":1,"maximum":9}}}`

// Ask returns the suite's plain request.
func Ask() llm.Request {
	zero := 0.0
	return llm.Request{
		Purpose: "test/1", System: "You name things.", Temperature: &zero, MaxOutput: 50,
		Messages: []llm.Message{{Role: llm.User, Text: "Name it.", Data: []llm.Block{{ID: "r1", Text: "the export hangs"}}}},
	}
}

// Conform runs the suite.
func Conform(t *testing.T, a Adapter) {
	open := func(t *testing.T, script func(Call) Reply) (llm.Model, *Server) {
		t.Helper()
		s := NewServer(t, a.Wire, script)
		m, err := a.New(s.Endpoint(a.Model))
		if err != nil {
			t.Fatal(err)
		}
		return m, s
	}
	t.Run("answers", func(t *testing.T) { answers(t, a, open) })
	t.Run("faults", func(t *testing.T) { faults(t, a, open) })
	t.Run("keys", func(t *testing.T) { keys(t, a, open) })
	if !a.NoStream {
		t.Run("streams", func(t *testing.T) { streams(t, a, open) })
	}
}

type opener func(*testing.T, func(Call) Reply) (llm.Model, *Server)

func answers(t *testing.T, a Adapter, open opener) {
	t.Run("plain", func(t *testing.T) {
		m, s := open(t, func(Call) Reply {
			return Reply{Text: "Export hangs", Header: map[string]string{"X-Request-Id": "req-7", "X-Ratelimit-Limit-Tokens": "1000", "X-Ratelimit-Remaining-Tokens": "400", "X-Ratelimit-Reset-Tokens": "6m0s"}}
		})
		got, err := m.Generate(t.Context(), Ask())
		if err != nil {
			t.Fatal(err)
		}
		if got.Text != "Export hangs" || got.Finish != llm.Stop || got.Usage != Counted || got.Provider == "" || got.RequestID != "req-7" {
			t.Errorf("%+v", got)
		}
		if got.Rate == nil || got.Rate.TokenLimit != 1000 || got.Rate.TokensLeft != 400 || got.Rate.TokenReset != 6*time.Minute {
			t.Errorf("limits: %+v", got.Rate)
		}
		sent := string(s.Calls()[0].Raw)
		for _, want := range []string{"You name things.", "Name it.", "the export hangs", "50"} {
			if !strings.Contains(sent, want) {
				t.Errorf("%q was not sent: %s", want, sent)
			}
		}
		if a.Wire != Bedrock && !temperatureSent(s.Calls()[0]) { // its library leaves 0 out, which Bedrock takes for 1
			t.Errorf("temperature 0 was not sent: %s", sent)
		}
	})
	t.Run("turns", func(t *testing.T) {
		m, s := open(t, nil)
		r := Ask()
		r.Messages = append(r.Messages, llm.Message{Role: llm.Assistant, Text: "first try"}, llm.Message{Role: llm.User, Text: "again please"})
		if _, err := m.Generate(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		sent := string(s.Calls()[0].Raw)
		first, second, third := strings.Index(sent, "Name it."), strings.Index(sent, "first try"), strings.Index(sent, "again please")
		if !(first >= 0 && first < second && second < third) {
			t.Errorf("turns are lost or mixed: %s", sent)
		}
	})
	for name, form := range map[string]string{
		"schema":      Form,
		"rich schema": RichForm,
	} {
		t.Run(name, func(t *testing.T) {
			m, s := open(t, func(Call) Reply { return Reply{Text: `{"name":"Export","n":3}`} })
			r := Ask()
			r.Schema = json.RawMessage(form)
			got, err := m.Generate(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			var v struct {
				Name string
				N    int
			}
			if json.Unmarshal(got.JSON, &v) != nil || v.Name != "Export" || v.N != 3 {
				t.Errorf("%s", got.JSON)
			}
			if sent := string(s.Calls()[0].Raw); !strings.Contains(sent, "required") || !strings.Contains(sent, "name") {
				t.Errorf("the schema was not sent: %s", sent)
			}
			if a.Wire == Anthropic || a.Wire == Bedrock {
				if sent := string(s.Calls()[0].Raw); !strings.Contains(sent, `"tool_choice":{`) {
					t.Errorf("the tool is not demanded: %s", sent)
				}
			}
		})
	}
	t.Run("text where JSON was asked for", func(t *testing.T) {
		m, _ := open(t, func(Call) Reply { return Reply{Text: "Sure! It is called Export."} })
		r := Ask()
		r.Schema = json.RawMessage(Form)
		if got, err := m.Generate(t.Context(), r); err != nil || got.JSON != nil || got.Text == "" {
			t.Errorf("%+v, %v: mending it is the pipeline's", got, err)
		}
	})
	t.Run("missing usage", func(t *testing.T) {
		m, _ := open(t, func(Call) Reply { return Reply{Text: "ok", Usage: &llm.Usage{}} })
		if got, err := m.Generate(t.Context(), Ask()); err != nil || got.Usage.Total() != 0 {
			t.Errorf("%+v, %v", got.Usage, err)
		}
	})
}

func temperatureSent(c Call) bool {
	for _, at := range []map[string]any{c.Body, sub(c.Body, "generationConfig")} {
		if v, there := at["temperature"].(float64); there && v < 1e-6 {
			return true
		}
	}
	return false
}

func sub(m map[string]any, key string) map[string]any {
	v, _ := m[key].(map[string]any)
	return v
}

func faults(t *testing.T, a Adapter, open opener) {
	page := "<html>" + strings.Repeat("the gateway is unwell ", 64<<10/22) + "</html>"
	for _, c := range []struct {
		name  string
		reply Reply
		kind  llm.Kind
		after time.Duration
	}{
		{"429 with Retry-After", Reply{Status: 429, Raw: `{"error":{"message":"slow down","type":"rate_limit_error"}}`, Header: map[string]string{"Retry-After": "7"}}, llm.RateLimited, 7 * time.Second},
		{"429 without Retry-After", Reply{Status: 429, Raw: `{"error":{"message":"slow down"}}`}, llm.RateLimited, 0},
		{"429 for want of money", Reply{Status: 429, Raw: `{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}`}, llm.Quota, 0},
		{"500", Reply{Status: 500, Raw: `{"error":{"message":"oops"}}`}, llm.Server, 0},
		{"503", Reply{Status: 503, Raw: `{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}`, Header: map[string]string{"Retry-After": "2"}}, llm.Overloaded, 2 * time.Second},
		{"529", Reply{Status: 529, Raw: `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`}, llm.Overloaded, 0},
		{"502 with a page of 64 KiB", Reply{Status: 502, Raw: page, RawType: "text/html"}, llm.Server, 0},
		{"401", Reply{Status: 401, Raw: `{"error":{"message":"Incorrect API key provided: ` + Secret + `"}}`}, llm.Auth, 0},
		{"404", Reply{Status: 404, Raw: `{"error":{"message":"no such model"}}`}, llm.NotFound, 0},
		{"error as a string", Reply{Status: 400, Raw: `{"error":"model is loading"}`}, llm.Invalid, 0},
		{"200 with an error body", Reply{Raw: `{"error":{"message":"upstream failed","code":502}}`}, llm.Server, 0},
		{"200 with an error string", Reply{Raw: `{"error":"out of memory"}`}, llm.Server, 0},
		{"200 with nothing in it", Reply{Raw: `{}`}, llm.Truncated, 0},
		{"200 with a page", Reply{Raw: page, RawType: "text/html"}, llm.Protocol, 0},
		{"200 that is no JSON", Reply{Raw: `{"choices": [`}, llm.Protocol, 0},
		{"redirect", Reply{Status: 307, Raw: "{}", Header: map[string]string{"Location": "http://127.0.0.1:1/"}}, llm.Invalid, 0},
		{"broken in the middle", Reply{Text: strings.Repeat("long answer ", 300), CutAfter: 900}, llm.Truncated, 0},
		{"refused", Reply{Text: "no", Finish: llm.Refused}, llm.Refusal, 0},
		{"too long", Reply{Text: "and so on and", Finish: llm.Length}, llm.Truncated, 0},
		{"no end mark", Reply{Text: "and so on and", Finish: llm.Unknown}, llm.Truncated, 0},
		{"empty", Reply{Text: " "}, llm.Protocol, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, s := open(t, func(Call) Reply { return c.reply })
			_, err := m.Generate(t.Context(), Ask())
			e, ok := errors.AsType[*llm.Error](err)
			if !ok {
				t.Fatalf("%v is not typed", err)
			}
			// A library that cannot tell an end from none may call either of the two.
			either := c.kind == llm.Truncated && c.name == "200 with nothing in it" || c.name == "no end mark" || c.kind == llm.Protocol
			if e.Kind != c.kind && !(either && (e.Kind == llm.Truncated || e.Kind == llm.Protocol)) {
				t.Errorf("kind %s, want %s: %v", e.Kind, c.kind, err)
			}
			if e.RetryAfter != c.after {
				t.Errorf("retry after %s, want %s", e.RetryAfter, c.after)
			}
			if n := len(s.Calls()); n != 1 {
				t.Errorf("asked %d times: trying again is the pipeline's", n)
			}
			unspoken(t, err)
		})
	}
	t.Run("slow first byte", func(t *testing.T) {
		m, _ := open(t, func(Call) Reply { return Reply{Text: "ok", Delay: 5 * time.Second} })
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		began := time.Now()
		_, err := m.Generate(ctx, Ask())
		if e := llm.AsError(err); e == nil || e.Kind != llm.Timeout || time.Since(began) > 2*time.Second {
			t.Errorf("%v after %s", err, time.Since(began))
		}
	})
	t.Run("given up", func(t *testing.T) {
		m, _ := open(t, func(Call) Reply { return Reply{Text: "ok", Delay: 5 * time.Second} })
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(30*time.Millisecond, cancel)
		if _, err := m.Generate(ctx, Ask()); llm.AsError(err) == nil || llm.AsError(err).Kind != llm.Canceled {
			t.Errorf("%v", err)
		}
	})
	t.Run("nobody there", func(t *testing.T) {
		s := NewServer(t, a.Wire, nil)
		s.Close()
		m, err := a.New(s.Endpoint(a.Model))
		if err != nil {
			t.Fatal(err)
		}
		if _, err = m.Generate(t.Context(), Ask()); llm.AsError(err) == nil || llm.AsError(err).Kind != llm.Connection {
			t.Errorf("%v", err)
		}
		unspoken(t, err)
	})
}

func keys(t *testing.T, a Adapter, open opener) {
	t.Run("in one header only", func(t *testing.T) {
		m, s := open(t, nil)
		if _, err := m.Generate(t.Context(), Ask()); err != nil {
			t.Fatal(err)
		}
		c := s.Calls()[0]
		var found []string
		for name, vs := range c.Header {
			if slices.ContainsFunc(vs, func(v string) bool { return strings.Contains(v, Secret) }) {
				found = append(found, name)
			}
			if slices.ContainsFunc(vs, func(v string) bool { return strings.Contains(v, guard.Placeholder) }) {
				t.Errorf("the library's placeholder went out in %s", name)
			}
		}
		if len(found) != 1 || strings.Contains(c.Query+c.Path+string(c.Raw), Secret) {
			t.Errorf("the key is in %v; query %s", found, c.Query)
		}
	})
	t.Run("none, and one that breaks a header", func(t *testing.T) {
		for _, key := range []string{"", "a\nb"} {
			s := NewServer(t, a.Wire, nil)
			e := s.Endpoint(a.Model)
			e.Key = Key(key)
			m, err := a.New(e)
			if err == nil {
				_, err = m.Generate(t.Context(), Ask())
			}
			if le := llm.AsError(err); le == nil || le.Kind != llm.Auth || len(s.Calls()) != 0 {
				t.Errorf("key %q: %v after %d calls", key, err, len(s.Calls()))
			}
		}
	})
	t.Run("over the network by http", func(t *testing.T) {
		e := guard.Endpoint{Provider: string(a.Wire), Model: a.Model, BaseURL: "http://models.example.com/v1", Key: Key(Secret)}
		if _, err := a.New(e); err == nil {
			t.Error("http to another machine was accepted")
		}
	})
}

// unspoken checks that an error, in every form it may be printed, tells neither
// the key nor the request.
func unspoken(t *testing.T, err error) {
	t.Helper()
	for e := err; e != nil; e = errors.Unwrap(e) {
		for _, text := range []string{e.Error(), fmt.Sprintf("%+v %#v", e, e)} {
			for _, never := range []string{Secret, "the export hangs", guard.Placeholder, "127.0.0.1"} {
				if strings.Contains(text, never) {
					t.Errorf("an error tells %q: %s", never, text)
				}
			}
			if len(text) > 2000 {
				t.Errorf("an error of %d bytes", len(text))
			}
		}
	}
}

func streams(t *testing.T, a Adapter, open opener) {
	run := func(t *testing.T, p Reply) (string, llm.Response, error) {
		t.Helper()
		m, s := open(t, func(Call) Reply { return p })
		st, ok := m.(llm.Streamer)
		if !ok {
			t.Fatal("no Streamer")
		}
		var b strings.Builder
		got, err := st.Stream(t.Context(), Ask(), func(x string) error { b.WriteString(x); return nil })
		if n := len(s.Calls()); n != 1 {
			t.Errorf("asked %d times", n)
		}
		unspoken(t, err)
		return b.String(), got, err
	}
	t.Run("whole", func(t *testing.T) {
		text, got, err := run(t, Reply{Text: "Export hangs – für alle"})
		if err != nil || text != "Export hangs – für alle" || got.Text != text || got.Finish != llm.Stop || got.Usage != Counted {
			t.Errorf("%q %+v %v", text, got, err)
		}
	})
	t.Run("flood of keep-alives", func(t *testing.T) {
		if text, _, err := run(t, Reply{Text: "Export hangs", KeepAlives: 5000}); err != nil || text != "Export hangs" {
			t.Errorf("%q %v", text, err)
		}
	})
	for name, p := range map[string]Reply{
		"broken in the middle": {Text: strings.Repeat("long answer ", 100), CutAfter: 900},
		"no end mark":          {Text: "and so on and", Finish: llm.Unknown},
		"too long":             {Text: "and so on and", Finish: llm.Length},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := run(t, p)
			if e := llm.AsError(err); e == nil || e.Kind != llm.Truncated {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("refused", func(t *testing.T) {
		_, _, err := run(t, Reply{Text: "no", Finish: llm.Refused})
		if e := llm.AsError(err); e == nil || e.Kind != llm.Refusal {
			t.Errorf("%v", err)
		}
	})
	t.Run("429 at the door", func(t *testing.T) {
		_, _, err := run(t, Reply{Status: 429, Raw: `{"error":{"message":"slow down"}}`, Header: map[string]string{"Retry-After": "3"}})
		if e := llm.AsError(err); e == nil || e.Kind != llm.RateLimited || e.RetryAfter != 3*time.Second {
			t.Errorf("%v", err)
		}
	})
	t.Run("the reader gives up", func(t *testing.T) {
		m, _ := open(t, func(Call) Reply { return Reply{Text: "Export hangs"} })
		enough := errors.New("enough")
		_, err := m.(llm.Streamer).Stream(t.Context(), Ask(), func(string) error { return enough }) //nolint:errcheck // checked above
		if !errors.Is(err, enough) {
			t.Errorf("%v", err)
		}
	})
}
