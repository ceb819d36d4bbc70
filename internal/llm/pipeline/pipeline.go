package pipeline

import (
	"context"
	"sync"
	"time"

	"roleos/internal/llm"
	"roleos/internal/llm/budget"
)

// Model is one model with what it costs.
type Model struct {
	llm.Model
	Price *budget.Price // nil: unknown; then tokens are counted and cost is not
}

// Cache keeps answers by the digest of what was asked.
type Cache interface {
	Answer(ctx context.Context, key string) (body []byte, found bool, err error)
	KeepAnswer(ctx context.Context, key string, body []byte) error
}

// Ledger counts spending in accounts, for all processes that share a store.
type Ledger interface {
	// Reserve adds need to all accounts under id, or to none and returns a
	// *budget.Exceeded.
	Reserve(ctx context.Context, id string, need budget.Spend, accounts []budget.Account) error
	// Settle puts used in place of what was reserved under id. Twice is once.
	Settle(ctx context.Context, id string, used budget.Spend) error
}

// Options set a pipeline up. Models, NewID and Now are required.
type Options struct {
	// Models are asked in this order, each only when the one before failed for good.
	// An answer is kept and paid for as that of the model that gave it.
	Models  []Model
	Cache   Cache  // nil: nothing is kept
	Ledger  Ledger // nil: nothing is counted
	Repairs int    // how often an answer of the wrong form is sent back; 0 is 2, negative none
	// Attempts is how often one model is asked the same; 0 is 4.
	Attempts int
	// Timeout bounds one call; 0 is two minutes.
	Timeout     time.Duration
	Concurrency int // calls at a time; 0 is 4
	// TokensPerMinute and RequestsPerMinute bound the rate; 0 leaves it to what
	// the provider's headers say.
	TokensPerMinute, RequestsPerMinute int
	// Observe is told of every event, in the context of who asked; nil for nobody.
	// It is called concurrently.
	Observe func(context.Context, Event)
	// Content puts what was asked and answered into events. Default: they hold none.
	Content bool
	NewID   func(prefix string) string
	Now     func() time.Time
	Jitter  func() float64 // 0..1; nil is none
}

// Event is one finished call, or one answer from the cache. It holds no content
// unless Options.Content is set.
type Event struct {
	Provider, Model, Purpose string
	Began                    time.Time
	Took                     time.Duration
	Usage                    llm.Usage
	Micros                   int64
	Priced                   bool         // Micros is known
	Outcome                  string       // ok, cached, repair, refused by a budget, or the kind of the failure
	Attempt                  int          // from 1
	Account                  string       // that had no room, when refused
	Asked                    *llm.Request // content; else nil
	Answered                 string       // content
}

// Pipeline asks models. Its methods may be called concurrently.
type Pipeline struct {
	o     Options
	lanes []*lane
	forms forms
}

// New returns a pipeline over o.
func New(o Options) *Pipeline {
	set := func(n *int, def int) {
		if *n == 0 {
			*n = def
		}
	}
	set(&o.Repairs, 2)
	set(&o.Attempts, 4)
	set(&o.Concurrency, 4)
	if o.Timeout <= 0 {
		o.Timeout = 2 * time.Minute
	}
	if o.Observe == nil {
		o.Observe = func(context.Context, Event) {}
	}
	if o.Jitter == nil {
		o.Jitter = func() float64 { return 0 }
	}
	p := &Pipeline{o: o}
	for _, m := range o.Models {
		p.lanes = append(p.lanes, newLane(o, m))
	}
	return p
}

// Spent is what a session has used so far.
type Spent struct {
	Calls    int // answered or failed; every attempt counts
	Cached   int
	Repairs  int
	Usage    llm.Usage
	Micros   int64
	Unpriced bool     // some call has no known price: Micros is too low
	Models   []string // that answered, as they are configured
}

// Session asks on account of one run. It is an llm.Generator.
type Session struct {
	p        *Pipeline
	accounts []budget.Account

	fresh bool

	mu    sync.Mutex
	spent Spent
	// open counts the calls that this process has under way in these accounts;
	// ended is closed and made anew whenever one ends.
	open  int
	ended chan struct{}
}

// For returns a session whose calls count in all of these accounts.
func (p *Pipeline) For(accounts ...budget.Account) *Session {
	return &Session{p: p, accounts: accounts, ended: make(chan struct{})}
}

// Fresh makes the session ask what was answered before, and keep the new answers.
// It is called before anything is asked.
func (s *Session) Fresh() { s.fresh = true }

// Spent returns what the session has used so far.
func (s *Session) Spent() Spent {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.spent
	out.Models = append([]string(nil), s.spent.Models...)
	return out
}

// Describe returns the description of the model that is asked first.
func (s *Session) Describe() llm.Description {
	if len(s.p.lanes) == 0 {
		return llm.Description{}
	}
	return s.p.lanes[0].model.Describe()
}

// Generate implements llm.Generator.
func (s *Session) Generate(ctx context.Context, r llm.Request) (llm.Response, error) {
	if err := r.Validate(); err != nil {
		return llm.Response{}, err
	}
	return s.cached(ctx, r, func(ctx context.Context) (llm.Response, *lane, error) {
		return s.formed(ctx, r)
	})
}

// anyModel asks the models in turn until one answers, and says which.
func (s *Session) anyModel(ctx context.Context, r llm.Request) (llm.Response, *lane, error) {
	var last error = &llm.Error{Kind: llm.Invalid, Message: "no model is configured"}
	for i, l := range s.p.lanes {
		out, err := s.again(ctx, l, r, i < len(s.p.lanes)-1)
		if err == nil || !elsewhere(llm.AsError(err)) || ctx.Err() != nil {
			return out, l, err
		}
		last = err
	}
	return llm.Response{}, nil, last
}

// elsewhere reports whether another model may answer what this one did not.
func elsewhere(e *llm.Error) bool {
	switch e.Kind {
	case llm.Budget, llm.Canceled, llm.Invalid:
		return false
	}
	return true
}
