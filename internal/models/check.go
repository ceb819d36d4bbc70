package models

import (
	"context"
	"encoding/json"
	"time"

	"roleos/config"
	"roleos/internal/llm"
)

// Check is one thing that was tried with a live model.
type Check struct {
	Name string        `json:"name"`
	OK   bool          `json:"ok"`
	Says string        `json:"says"`
	Took time.Duration `json:"took_ns"`
}

// Report is what a model was found to do.
type Report struct {
	Model  llm.Description `json:"model"`
	Checks []Check         `json:"checks"`
	Usage  llm.Usage       `json:"usage"`
	Micros int64           `json:"cost_micros"`
	Priced bool            `json:"cost_known"`
}

// OK reports whether everything went well.
func (r Report) OK() bool {
	for _, c := range r.Checks {
		if !c.OK {
			return false
		}
	}
	return true
}

// Try asks the configured model a few small questions and says what it does. It
// costs some hundred tokens and is counted nowhere.
func Try(ctx context.Context, m config.Model, workspace string, now func() time.Time) (Report, error) {
	model, err := Adapter(ctx, m, workspace)
	if err != nil {
		return Report{}, Explain(err)
	}
	out := Report{Model: model.Describe()}
	zero := 0.0
	ask := func(text string) llm.Request {
		return tunedRequest(m, llm.Request{
			Purpose: "check/1", System: "You are asked whether you are there. Be brief.", Temperature: &zero, MaxOutput: 200,
			Messages: []llm.Message{{Role: llm.User, Text: text}},
		})
	}
	try := func(name string, f func() (string, bool, llm.Usage, error)) bool {
		began := now()
		says, ok, used, err := f()
		if err != nil {
			says, ok = llm.AsError(err).Error(), false
		}
		out.Usage = out.Usage.Plus(used)
		out.Checks = append(out.Checks, Check{Name: name, OK: ok, Says: says, Took: now().Sub(began)})
		return ok
	}
	if !try("answers", func() (string, bool, llm.Usage, error) {
		got, err := model.Generate(ctx, ask("Answer with the word ready."))
		return "it answers as " + got.Model, err == nil, got.Usage, err
	}) {
		return out, nil
	}
	try("names its usage", func() (string, bool, llm.Usage, error) {
		if out.Usage.Total() == 0 {
			return "it names no tokens; they will be estimated upwards", true, llm.Usage{}, nil
		}
		return "tokens are counted by the provider", true, llm.Usage{}, nil
	})
	if out.Model.Provider != "fake" {
		try("keeps to a form", func() (string, bool, llm.Usage, error) {
			r := ask("Answer with the number seven and the word ready.")
			r.Schema = json.RawMessage(`{"type":"object","additionalProperties":false,"required":["number","word"],"properties":{"number":{"type":"integer"},"word":{"type":"string"}}}`)
			got, err := model.Generate(ctx, r)
			var v struct {
				Number int    `json:"number"`
				Word   string `json:"word"`
			}
			ok := err == nil && got.JSON != nil && json.Unmarshal(got.JSON, &v) == nil && v.Number == 7
			says := "it answers in the form asked for"
			if !ok {
				says = "its answer has another form; each will be sent back for repair"
			}
			return says, ok, got.Usage, err
		})
		if s, streams := model.(llm.Streamer); streams {
			try("streams", func() (string, bool, llm.Usage, error) {
				got, err := s.Stream(ctx, ask("Answer with the word ready."), func(string) error { return nil })
				return "it streams", err == nil, got.Usage, err
			})
		}
	}
	out.Micros, out.Priced = priceOf(m).Micros(out.Usage)
	return out, nil
}

// tunedRequest says how much to think. Thinking counts as output, so that the
// answer's bound grows with it.
func tunedRequest(m config.Model, r llm.Request) llm.Request {
	if m.Effort != config.None && m.Effort != "" {
		r.Effort, r.MaxOutput = llm.Effort(m.Effort), 4*r.Limit()
	}
	return r
}
