package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"roleos/internal/llm"
	"roleos/internal/llm/budget"
)

// scripted answers each call by its number, from 1.
type scripted struct {
	name  string
	calls atomic.Int64
	do    func(ctx context.Context, n int, r llm.Request) (llm.Response, error)
}

func (s *scripted) Describe() llm.Description {
	return llm.Description{Provider: "test", Model: s.name}
}

func (s *scripted) Generate(ctx context.Context, r llm.Request) (llm.Response, error) {
	return s.do(ctx, int(s.calls.Add(1)), r)
}

func says(text string) llm.Response {
	out := llm.Response{Text: text, Finish: llm.Stop, Provider: "test", Model: "m", Usage: llm.Usage{Input: 10, Output: 5}}
	if raw, err := llm.FindJSON(text); err == nil {
		out.JSON = raw
	}
	return out
}

func ask(text string) llm.Request {
	return llm.Request{Purpose: "test/1", Messages: []llm.Message{{Role: llm.User, Text: text}}, MaxOutput: 100}
}

// ledger is a Ledger in memory that obeys budget.Fits.
type ledger struct {
	mu         sync.Mutex
	used, open map[string]budget.Spend
	calls      map[string]reservation
	most       int64 // tokens used and open at once
}

type reservation struct {
	need     budget.Spend
	accounts []budget.Account
}

func newLedger() *ledger {
	return &ledger{used: map[string]budget.Spend{}, open: map[string]budget.Spend{}, calls: map[string]reservation{}}
}

func minus(a, b budget.Spend) budget.Spend {
	return a.Plus(budget.Spend{Calls: -b.Calls, Tokens: -b.Tokens, Micros: -b.Micros, Millis: -b.Millis})
}

func (l *ledger) Reserve(_ context.Context, id string, need budget.Spend, accounts []budget.Account) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range accounts {
		if over := a.Fits(l.used[a.Name], l.open[a.Name], need); over != nil {
			return over
		}
	}
	for _, a := range accounts {
		l.open[a.Name] = l.open[a.Name].Plus(need)
		l.most = max(l.most, l.used[a.Name].Plus(l.open[a.Name]).Tokens)
	}
	l.calls[id] = reservation{need, accounts}
	return nil
}

func (l *ledger) Settle(_ context.Context, id string, used budget.Spend) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range l.calls[id].accounts {
		l.open[a.Name] = minus(l.open[a.Name], l.calls[id].need)
		l.used[a.Name] = l.used[a.Name].Plus(used)
	}
	delete(l.calls, id)
	return nil
}

// kept is a Cache in memory.
type kept struct{ sync.Map }

func (k *kept) Answer(_ context.Context, key string) ([]byte, bool, error) {
	v, ok := k.Load(key)
	body, _ := v.([]byte)
	return body, ok, nil
}

func (k *kept) KeepAnswer(_ context.Context, key string, body []byte) error {
	k.Store(key, body)
	return nil
}

func options(models ...*scripted) Options {
	var n atomic.Int64
	o := Options{NewID: func(p string) string { return fmt.Sprintf("%s-%d", p, n.Add(1)) }, Now: time.Now}
	for _, m := range models {
		o.Models = append(o.Models, Model{Model: m})
	}
	return o
}

func TestARepeatedRequestIsPaidOnce(t *testing.T) {
	m := &scripted{do: func(context.Context, int, llm.Request) (llm.Response, error) { return says("ok"), nil }}
	o := options(m)
	o.Cache, o.Ledger = &kept{}, newLedger()
	p := New(o)
	for i := range 3 {
		s := p.For(budget.Account{Name: "run:1"})
		got, err := s.Generate(t.Context(), ask("same"))
		if err != nil || got.Text != "ok" || got.Cached != (i > 0) {
			t.Fatal(got, err)
		}
	}
	if _, err := p.For().Generate(t.Context(), ask("other")); err != nil {
		t.Fatal(err)
	}
	if n := m.calls.Load(); n != 2 {
		t.Errorf("%d calls, want 2", n)
	}
}

func TestAnswersAreSentBackUntilTheyHaveTheForm(t *testing.T) {
	form := json.RawMessage(`{"type":"object","additionalProperties":false,"required":["n"],"properties":{"n":{"type":"integer"}}}`)
	answers := []string{"Sure, here you go!", `{"n":"three"}`, `{"n":1,"n":3}`, `{"n":3}`}
	for repairs, want := range map[int]llm.Kind{3: 0, 2: llm.Schema} {
		var second llm.Request
		m := &scripted{do: func(_ context.Context, n int, r llm.Request) (llm.Response, error) {
			if n == 2 {
				second = r
			}
			return says(answers[n-1]), nil
		}}
		o := options(m)
		o.Repairs = repairs
		s := New(o).For()
		r := ask("count")
		r.Schema = form
		got, err := s.Generate(t.Context(), r)
		if want != 0 {
			if e := llm.AsError(err); e == nil || e.Kind != want || !strings.Contains(e.Message, "occurs twice") {
				t.Errorf("%d repairs: %v", repairs, err)
			}
			continue
		}
		if err != nil || string(got.JSON) != `{"n":3}` || got.Repairs != 3 || got.Usage.Total() != 60 {
			t.Errorf("%+v %v", got, err)
		}
		if len(second.Messages) != 3 || second.Messages[1].Text != answers[0] || !strings.Contains(second.Messages[2].Text, "one JSON value") {
			t.Errorf("the repair says %+v", second.Messages)
		}
	}
}

func TestRetriesWaitAsLongAsTheProviderAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &scripted{do: func(_ context.Context, n int, _ llm.Request) (llm.Response, error) {
			if n <= 2 {
				return llm.Response{}, &llm.Error{Kind: llm.RateLimited, Status: 429, RetryAfter: 7 * time.Second}
			}
			return says("ok"), nil
		}}
		o := options(m)
		o.Jitter = func() float64 { return 0 }
		began := time.Now()
		if _, err := New(o).For().Generate(t.Context(), ask("x")); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < 14*time.Second || took > 16*time.Second {
			t.Errorf("waited %s, asked for 14s", took)
		}
	})
}

func TestNobodyWaitsPastTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &scripted{do: func(context.Context, int, llm.Request) (llm.Response, error) {
			return llm.Response{}, &llm.Error{Kind: llm.RateLimited, RetryAfter: time.Hour}
		}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		_, err := New(options(m)).For().Generate(ctx, ask("x"))
		if e := llm.AsError(err); e.Kind != llm.RateLimited || time.Since(began) > time.Second {
			t.Errorf("%v after %s", err, time.Since(began))
		}
	})
}

func TestAFailureForGoodIsNotTriedAgain(t *testing.T) {
	for _, k := range []llm.Kind{llm.Invalid, llm.Auth, llm.Quota, llm.Refusal, llm.TooLarge, llm.NotFound} {
		m := &scripted{do: func(context.Context, int, llm.Request) (llm.Response, error) {
			return llm.Response{}, &llm.Error{Kind: k}
		}}
		_, err := New(options(m)).For().Generate(t.Context(), ask("x"))
		if e := llm.AsError(err); e.Kind != k || m.calls.Load() != 1 {
			t.Errorf("%s: %v after %d calls", k, err, m.calls.Load())
		}
	}
}

func TestTheNextModelIsAskedWhenOneFailsForGood(t *testing.T) {
	down := &scripted{name: "down", do: func(context.Context, int, llm.Request) (llm.Response, error) {
		return llm.Response{}, &llm.Error{Kind: llm.Auth}
	}}
	up := &scripted{name: "up", do: func(context.Context, int, llm.Request) (llm.Response, error) { return says("ok"), nil }}
	s := New(options(down, up)).For()
	if got, err := s.Generate(t.Context(), ask("x")); err != nil || got.Text != "ok" {
		t.Error(got, err)
	}
	if sp := s.Spent(); sp.Calls != 2 {
		t.Errorf("%+v", sp)
	}
}

func TestAProviderThatIsUnwellIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var well atomic.Bool
		m := &scripted{do: func(context.Context, int, llm.Request) (llm.Response, error) {
			if well.Load() {
				return says("ok"), nil
			}
			return llm.Response{}, &llm.Error{Kind: llm.Server, Status: 500}
		}}
		o := options(m)
		o.Attempts = 1
		p := New(o)
		for range 20 {
			if _, err := p.For().Generate(t.Context(), ask("x")); err == nil {
				t.Fatal("answered")
			}
		}
		if n := m.calls.Load(); n != breakAfter {
			t.Errorf("asked %d times, want %d", n, breakAfter)
		}
		well.Store(true)
		time.Sleep(breakFor + time.Second)
		if _, err := p.For().Generate(t.Context(), ask("x")); err != nil {
			t.Error(err)
		}
	})
}

func TestBeingToldToSlowDownOpensNoBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &scripted{do: func(_ context.Context, n int, _ llm.Request) (llm.Response, error) {
			if n <= 20 {
				return llm.Response{}, &llm.Error{Kind: llm.RateLimited, Status: 429}
			}
			return says("ok"), nil
		}}
		o := options(m)
		o.Attempts = 30
		if _, err := New(o).For().Generate(t.Context(), ask("x")); err != nil || m.calls.Load() != 21 {
			t.Error(err, m.calls.Load())
		}
	})
}

func TestAHundredRunsNeverPassOneBudget(t *testing.T) {
	l := newLedger()
	m := &scripted{do: func(ctx context.Context, n int, _ llm.Request) (llm.Response, error) {
		if n%7 == 0 {
			return llm.Response{}, &llm.Error{Kind: llm.Truncated, Err: context.DeadlineExceeded} // counted in full
		}
		out := says("ok")
		out.Usage = llm.Usage{Input: 20, Output: 100} // the whole limit
		return out, nil
	}}
	o := options(m)
	o.Ledger, o.Concurrency, o.Attempts = l, 100, 1
	p := New(o)
	day := budget.Account{Name: "day", Limit: budget.Spend{Tokens: 5000}}
	var wg sync.WaitGroup
	var refused atomic.Int64
	for i := range 100 {
		wg.Go(func() {
			_, err := p.For(day, budget.Account{Name: fmt.Sprint(i)}).Generate(t.Context(), ask("x"))
			if e := llm.AsError(err); e != nil && e.Kind == llm.Budget {
				refused.Add(1)
			}
		})
	}
	wg.Wait()
	if l.most > 5000 || refused.Load() == 0 || l.open["day"] != (budget.Spend{}) {
		t.Errorf("at most %d tokens, %d refused, %+v open", l.most, refused.Load(), l.open["day"])
	}
}

// Reservations are upper bounds: a call that fits only after another has ended
// waits for it instead of failing the run.
func TestACallThatWillFitWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLedger()
		m := &scripted{do: func(context.Context, int, llm.Request) (llm.Response, error) {
			time.Sleep(time.Second)
			return says("ok"), nil // 15 of some 130 reserved
		}}
		o := options(m)
		o.Ledger, o.Concurrency = l, 8
		s := New(o).For(budget.Account{Name: "run", Limit: budget.Spend{Tokens: 300}})
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				if _, err := s.Generate(t.Context(), ask(fmt.Sprint(i))); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

func TestMissingUsageIsEstimatedUpwardsAndUnknownPricesStayUnknown(t *testing.T) {
	m := &scripted{do: func(context.Context, int, llm.Request) (llm.Response, error) {
		out := says("an answer of some words")
		out.Usage = llm.Usage{}
		return out, nil
	}}
	var events []Event
	o := options(m)
	o.Observe = func(_ context.Context, e Event) { events = append(events, e) }
	s := New(o).For()
	got, err := s.Generate(t.Context(), ask("a question of some words"))
	if err != nil || !got.Usage.Estimated || got.Usage.Input < 8 || got.Usage.Output < 6 {
		t.Errorf("%+v %v", got.Usage, err)
	}
	if sp := s.Spent(); !sp.Unpriced || sp.Micros != 0 || !sp.Usage.Estimated {
		t.Errorf("%+v", sp)
	}
	if len(events) != 1 || events[0].Priced || events[0].Outcome != "ok" {
		t.Errorf("%+v", events)
	}
	o.Models[0].Price = &budget.Price{Input: 2, Output: 10}
	m.do = func(context.Context, int, llm.Request) (llm.Response, error) { return says("ok"), nil }
	s = New(o).For()
	if _, err := s.Generate(t.Context(), ask("x")); err != nil || s.Spent().Micros != 70 { // 10 * 2 + 5 * 10
		t.Errorf("%+v %v", s.Spent(), err)
	}
}

func TestCallsKeepToTheRateThatHeadersName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &scripted{do: func(context.Context, int, llm.Request) (llm.Response, error) {
			out := says("ok")
			out.Rate = &llm.Rate{RequestLimit: 60, RequestsLeft: 0, TokenLimit: -1, TokensLeft: -1}
			return out, nil
		}}
		s := New(options(m)).For()
		began := time.Now()
		for i := range 4 {
			if _, err := s.Generate(t.Context(), ask(fmt.Sprint(i))); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took < 3*time.Second || took > 4*time.Second {
			t.Errorf("4 calls at 60 a minute took %s", took)
		}
	})
}

func TestACanceledCallerFreesItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &scripted{do: func(ctx context.Context, _ int, _ llm.Request) (llm.Response, error) {
			<-ctx.Done()
			return llm.Response{}, ctx.Err()
		}}
		o := options(m)
		o.Concurrency, o.Ledger = 1, newLedger()
		s := New(o).For(budget.Account{Name: "run"})
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for i := range 3 {
			wg.Go(func() {
				if _, err := s.Generate(ctx, ask(fmt.Sprint(i))); llm.AsError(err).Kind != llm.Canceled {
					t.Error(err)
				}
			})
		}
		time.Sleep(time.Second)
		cancel()
		wg.Wait()
	})
}

// TestAnAnswerIsKeptAsThatOfTheModelThatGaveIt: what another model answered while
// the first was unwell is not paid for again, belongs to no other chain, and is
// paid at its own price.
func TestAnAnswerIsKeptAsThatOfTheModelThatGaveIt(t *testing.T) {
	dead := func(context.Context, int, llm.Request) (llm.Response, error) {
		return llm.Response{}, &llm.Error{Kind: llm.Quota, Message: "nothing left"}
	}
	well := func(context.Context, int, llm.Request) (llm.Response, error) { return says("an answer"), nil }
	first, second := &scripted{name: "first", do: dead}, &scripted{name: "second", do: well}
	cache := &kept{}
	session := func(models ...*scripted) *Session {
		o := options(models...)
		o.Cache = cache
		for i := range o.Models {
			o.Models[i].Price = &budget.Price{Input: float64(100 * (i + 1)), Output: float64(100 * (i + 1))}
		}
		return New(o).For()
	}
	s := session(first, second)
	got, err := s.Generate(t.Context(), ask("a question"))
	if err != nil || got.By != "test:second" || first.calls.Load() != 1 || s.Spent().Micros != 15*200 || s.Spent().Models[0] != "test:second" {
		t.Fatalf("%+v %v %+v", got, err, s.Spent())
	}
	first.do = well
	if got, err = session(first, second).Generate(t.Context(), ask("a question")); err != nil || !got.Cached || got.By != "test:second" {
		t.Errorf("asked again: %+v %v", got, err)
	}
	if got, err = session(first).Generate(t.Context(), ask("a question")); err != nil || got.Cached || got.By != "test:first" {
		t.Errorf("the first alone: %+v %v", got, err)
	}
	if got, err = session(first, second).Generate(t.Context(), ask("a question")); err != nil || got.By != "test:first" {
		t.Errorf("the first is the first that is looked for: %+v %v", got, err)
	}
	if first.calls.Load() != 2 || second.calls.Load() != 1 {
		t.Errorf("calls %d %d", first.calls.Load(), second.calls.Load())
	}
}

// TestNobodyWaitsForADeadProviderWhenThereIsAnother counts what a provider that
// answers nothing but 500 delays twenty questions.
func TestNobodyWaitsForADeadProviderWhenThereIsAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dead := &scripted{name: "dead", do: func(context.Context, int, llm.Request) (llm.Response, error) {
			return llm.Response{}, &llm.Error{Kind: llm.Server, Status: 500}
		}}
		well := &scripted{name: "well", do: func(context.Context, int, llm.Request) (llm.Response, error) { return says("an answer"), nil }}
		s := New(options(dead, well)).For()
		began := time.Now()
		for i := range 20 {
			if got, err := s.Generate(t.Context(), ask(fmt.Sprint("question ", i))); err != nil || got.By != "test:well" {
				t.Fatal(got, err)
			}
		}
		if took := time.Since(began); took > 10*time.Second || dead.calls.Load() > breakAfter+2 {
			t.Errorf("%s and %d calls for nothing", took, dead.calls.Load())
		}
	})
}
