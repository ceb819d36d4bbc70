package pipeline

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"roleos/contracts/schema"
	"roleos/internal/llm"
)

// Bounds of a repair.
const (
	maxViolations  = 10       // told to the model
	maxBackBytes   = 16 << 10 // of its answer that it is shown again
	maxShownAnswer = 200      // runes of an answer's fault in an error
)

// forms are the schemas seen so far, compiled.
type forms struct {
	mu   sync.Mutex
	seen map[[32]byte]*schema.Schema
}

func (f *forms) of(raw json.RawMessage) (*schema.Schema, error) {
	key := sha256.Sum256(raw)
	f.mu.Lock()
	defer f.mu.Unlock()
	if s, ok := f.seen[key]; ok {
		return s, nil
	}
	s, err := schema.Parse("of the answer", raw)
	if err != nil {
		return nil, err
	}
	if f.seen == nil {
		f.seen = map[[32]byte]*schema.Schema{}
	}
	f.seen[key] = s
	return s, nil
}

// formed asks until the answer has the form of r's schema. What a provider says
// about its form counts for nothing.
func (s *Session) formed(ctx context.Context, r llm.Request) (llm.Response, *lane, error) {
	if len(r.Schema) == 0 {
		return s.anyModel(ctx, r)
	}
	form, err := s.p.forms.of(r.Schema)
	if err != nil {
		return llm.Response{}, nil, &llm.Error{Kind: llm.Invalid, Message: "the schema of the request cannot be used", Err: err}
	}
	ask, used := r, llm.Usage{}
	for repair := 0; ; repair++ {
		out, l, err := s.anyModel(ctx, ask)
		if err != nil {
			return llm.Response{}, nil, err
		}
		used = used.Plus(out.Usage)
		wrong, err := misformed(form, out)
		if err != nil {
			return llm.Response{}, nil, &llm.Error{Kind: llm.Invalid, Message: "the schema of the request cannot be used", Err: err}
		}
		if len(wrong) == 0 {
			out.Usage, out.Repairs = used, repair
			return out, l, nil
		}
		if repair >= s.p.o.Repairs {
			return llm.Response{}, nil, &llm.Error{
				Kind: llm.Schema, Provider: out.Provider, RequestID: out.RequestID, Usage: used,
				Message: fmt.Sprintf("the answer does not have the form asked for, after %d repairs: %s", repair, short(wrong[0], maxShownAnswer)),
			}
		}
		s.mu.Lock()
		s.spent.Repairs++
		s.mu.Unlock()
		s.p.o.Observe(ctx, Event{Provider: out.Provider, Model: out.Model, Purpose: r.Purpose, Began: s.p.o.Now(), Outcome: "repair", Attempt: repair + 1})
		ask = r
		ask.Messages = append(append([]llm.Message(nil), r.Messages...),
			llm.Message{Role: llm.Assistant, Text: short(out.Text, maxBackBytes)},
			llm.Message{Role: llm.User, Text: "This does not have the form asked for:\n- " + strings.Join(wrong[:min(len(wrong), maxViolations)], "\n- ") +
				"\nAnswer again, whole, in that form. Change nothing else."})
	}
}

// misformed says what is wrong with an answer's form.
func misformed(form *schema.Schema, out llm.Response) ([]string, error) {
	if out.JSON == nil {
		return []string{"it is not one JSON value and nothing else"}, nil
	}
	if at, twice := schema.Duplicate(out.JSON); twice {
		return []string{"the key at " + at + " occurs twice"}, nil
	}
	d := json.NewDecoder(bytes.NewReader(out.JSON))
	d.UseNumber()
	var doc any
	if err := d.Decode(&doc); err != nil {
		return []string{"it is no JSON"}, nil //nolint:nilerr // the model's fault, told to the model
	}
	found, err := form.Check(doc)
	var wrong []string
	for _, v := range found {
		where := v.Where
		if where == "" {
			where = "the top"
		}
		wrong = append(wrong, short(where+": "+v.Observed, maxShownAnswer))
	}
	return wrong, err
}

func short(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
