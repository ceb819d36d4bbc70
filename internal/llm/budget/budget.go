package budget

import (
	"fmt"
	"math"
	"time"

	"roleos/internal/llm"
)

// Spend is an amount of what calls cost. As a limit a zero field is no limit.
type Spend struct {
	Calls  int64
	Tokens int64 // input and output
	Micros int64 // millionths of the currency that prices are given in
	Millis int64 // time of the provider, in milliseconds; calls side by side add up
}

// Plus returns the sum of both.
func (s Spend) Plus(t Spend) Spend {
	return Spend{s.Calls + t.Calls, s.Tokens + t.Tokens, s.Micros + t.Micros, s.Millis + t.Millis}
}

// Account is one sum that calls are counted in: that of a run, of an agent's
// day, of a day.
type Account struct {
	Name  string // run:ID, agent:NAME:2026-09-01, day:2026-09-01
	Limit Spend
}

// Exceeded says that a call did not fit an account.
type Exceeded struct {
	Account string
	What    string // calls, tokens, cost, time
	Limit   int64
	Used    int64 // settled
	Open    int64 // reserved by calls that have not ended
	Need    int64
}

// Error names the account and its limit.
func (e *Exceeded) Error() string {
	show := func(n int64) string {
		switch e.What {
		case "cost":
			return fmt.Sprintf("%.4f", float64(n)/1e6)
		case "time":
			return (time.Duration(n) * time.Millisecond).Round(time.Second).String()
		}
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("the limit of %s of %s %s is reached: %s used, %s reserved, %s more needed", show(e.Limit), e.What, e.Account, show(e.Used), show(e.Open), show(e.Need))
}

// Waits reports whether the call may fit once the open ones have ended.
func (e *Exceeded) Waits() bool { return e.Open > 0 && e.Used+e.Need <= e.Limit }

// Fits returns nil when need fits the account beside what is used and open, or
// why not. Time is known only afterwards: a call fits while any is left.
func (a Account) Fits(used, open, need Spend) *Exceeded {
	for _, c := range []struct {
		what                    string
		limit, used, open, need int64
	}{
		{"calls", a.Limit.Calls, used.Calls, open.Calls, need.Calls},
		{"tokens", a.Limit.Tokens, used.Tokens, open.Tokens, need.Tokens},
		{"cost", a.Limit.Micros, used.Micros, open.Micros, need.Micros},
		{"time", a.Limit.Millis, used.Millis, 0, 1},
	} {
		if c.limit > 0 && c.used+c.open+c.need > c.limit {
			return &Exceeded{Account: a.Name, What: c.what, Limit: c.limit, Used: c.used, Open: c.open, Need: c.need}
		}
	}
	return nil
}

// Price is what a million tokens cost. Nil is unknown, which is not nothing.
type Price struct {
	Input  float64
	Output float64
}

// Micros returns the cost of u, rounded up, and false when the price is unknown.
func (p *Price) Micros(u llm.Usage) (int64, bool) {
	if p == nil {
		return 0, false
	}
	// A price per million tokens is a price in millionths per token.
	return int64(math.Ceil(p.Input*float64(u.Input) + p.Output*float64(u.Output))), true
}

// Estimate returns an upper estimate of what a text is in tokens: a third of its
// ASCII bytes, and every other byte. Tokenizers differ from model to model; this
// errs on the side that reserves too much.
func Estimate(text string) int {
	ascii, other := 0, 0
	for i := range len(text) {
		if text[i] < 0x80 {
			ascii++
		} else {
			other++
		}
	}
	return (ascii+2)/3 + other
}

// Upper returns the most that a request may use: its input, estimated upwards,
// and all the output it allows.
func Upper(r llm.Request) llm.Usage {
	in := Estimate(r.System) + Estimate(string(r.Schema)) + 16
	for _, m := range r.Messages {
		in += Estimate(m.Content()) + 16
	}
	return llm.Usage{Input: in, Output: r.Limit(), Estimated: true}
}
