package notify

import (
	"context"
	"errors"
	"sync"
	"time"

	"roleos/internal/audit"
	"roleos/internal/fault"
)

// Limits of one look.
const (
	page  = 500                 // records of the log read at once
	batch = 100                 // deliveries of an endpoint tried
	begun = 10 * time.Second    // after which no further one is begun
	lease = 20 * time.Second    // for which nobody else tries a delivery: longer than a sender takes
	kept  = 30 * 24 * time.Hour // for which a delivery that arrived is remembered
	often = 30 * time.Second    // between two looks at the budgets
)

// Endpoint is where events are sent.
type Endpoint struct {
	Name   string
	Types  []Type // that it asked for; none: all
	Titles bool   // the events may hold a draft's title
	Sender Sender
}

// Sender sends one message once, within 15 seconds. ErrGone ends the delivery.
type Sender interface {
	Send(ctx context.Context, id string, body []byte) error
}

// ErrGone is an endpoint that wants no more of a message.
var ErrGone = errors.New("the endpoint is gone")

// Log is the audit log.
type Log interface {
	List(ctx context.Context, after int64, limit int) ([]audit.Record, error)
	Size(ctx context.Context) (int64, error)
}

// Delivery is one event on its way to one endpoint.
type Delivery struct {
	Event    string    `json:"event"` // its id
	Endpoint string    `json:"endpoint"`
	Type     Type      `json:"type"`
	Subject  string    `json:"subject"`
	Body     []byte    `json:"-"`
	At       time.Time `json:"at"` // when it happened
	Tries    int       `json:"tries"`
	Next     time.Time `json:"next,omitzero"` // when it is tried again
	Sent     time.Time `json:"sent,omitzero"` // when it arrived
	Dead     time.Time `json:"dead,omitzero"` // when it was given up
	Failed   string    `json:"failed,omitempty"`
	Leased   time.Time `json:"-"` // until when this process alone tries it
}

// State is waiting, sent or dead.
func (d Delivery) State() string {
	switch {
	case !d.Sent.IsZero():
		return "sent"
	case !d.Dead.IsZero():
		return "dead"
	}
	return "waiting"
}

// Store keeps deliveries, and how far each endpoint was told of the log.
type Store interface {
	// Cursor returns how far; an endpoint that is new begins at start.
	Cursor(ctx context.Context, endpoint string, start int64) (int64, error)
	// Fan keeps the deliveries and moves the cursor, both or neither;
	// fault.Conflict when another process moved it.
	Fan(ctx context.Context, endpoint string, from, to int64, d []Delivery) error
	// Add keeps deliveries; those that are there already stay as they are.
	Add(ctx context.Context, d []Delivery) error
	// Claim gives the caller alone what is due for the endpoint, oldest first, and
	// counts the try.
	Claim(ctx context.Context, endpoint string, now, until time.Time, limit int) ([]Delivery, error)
	// Tried keeps what became of a claimed delivery, unless its lease is another's.
	Tried(ctx context.Context, d Delivery) error
	// Forget drops what arrived before the time.
	Forget(ctx context.Context, before time.Time) error
}

// Relay tells endpoints what the log says. Look may be called from one goroutine
// at a time; several processes may look at one store.
type Relay struct {
	Log       Log
	Store     Store
	Endpoints []Endpoint
	Title     func(ctx context.Context, draft string) string // "" when there is none
	Budgets   func(ctx context.Context) ([]Budget, error)    // nil: none
	Now       func() time.Time
	Jitter    func() float64 // 0 to 1

	lookedAtBudgets, forgot time.Time
}

// Look reads the log on and tries what is due, once. A failing endpoint is no error.
func (r *Relay) Look(ctx context.Context) error {
	var errs []error
	for _, e := range r.Endpoints {
		errs = append(errs, r.fan(ctx, e))
	}
	now := r.Now()
	if r.Budgets != nil && now.Sub(r.lookedAtBudgets) >= often {
		r.lookedAtBudgets = now
		errs = append(errs, r.budgets(ctx, now))
	}
	if now.Sub(r.forgot) >= time.Hour {
		r.forgot = now
		errs = append(errs, r.Store.Forget(ctx, now.Add(-kept)))
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, e := range r.Endpoints { // one that is slow holds up no other
		all.Go(func() {
			err := r.deliver(ctx, e)
			mu.Lock()
			defer mu.Unlock()
			errs = append(errs, err)
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// fan makes deliveries of what the log says that the endpoint was not told.
func (r *Relay) fan(ctx context.Context, e Endpoint) error {
	size, err := r.Log.Size(ctx)
	if err != nil {
		return err
	}
	for {
		at, err := r.Store.Cursor(ctx, e.Name, size)
		if err != nil || at >= size {
			return err
		}
		records, err := r.Log.List(ctx, at, page)
		if err != nil || len(records) == 0 {
			return err
		}
		var out []Delivery
		for _, rec := range records {
			if event, ok := Of(rec); ok && e.wants(event.Type) {
				d, err := r.delivery(ctx, e, event)
				if err != nil {
					return err
				}
				out = append(out, d)
			}
		}
		err = r.Store.Fan(ctx, e.Name, at, records[len(records)-1].Seq, out)
		if err != nil && fault.KindOf(err) != fault.Conflict { // another process was first: go on from there
			return err
		}
	}
}

func (r *Relay) delivery(ctx context.Context, e Endpoint, event Event) (Delivery, error) {
	title := ""
	if e.Titles && r.Title != nil {
		title = r.Title(ctx, event.Subject)
	}
	body, err := event.Body(title)
	return Delivery{Event: event.ID, Endpoint: e.Name, Type: event.Type, Subject: event.Subject, Body: body, At: event.At, Next: r.Now()}, err
}

func (r *Relay) budgets(ctx context.Context, now time.Time) error {
	all, err := r.Budgets(ctx)
	if err != nil {
		return err
	}
	var out []Delivery
	for _, b := range all {
		for _, event := range OfBudget(b, now) {
			for _, e := range r.Endpoints {
				if e.wants(event.Type) {
					d, err := r.delivery(ctx, e, event)
					if err != nil {
						return err
					}
					out = append(out, d)
				}
			}
		}
	}
	if len(out) == 0 {
		return nil
	}
	return r.Store.Add(ctx, out)
}

// deliver tries what is due for one endpoint, one after the other: each is claimed
// by itself, so that a process that is killed leaves one behind.
func (r *Relay) deliver(ctx context.Context, e Endpoint) error {
	start := r.Now()
	for range batch {
		now := r.Now()
		if now.Sub(start) > begun {
			return nil
		}
		due, err := r.Store.Claim(ctx, e.Name, now, now.Add(lease), 1)
		if err != nil || len(due) == 0 {
			return err
		}
		d := due[0]
		sent := e.Sender.Send(ctx, d.Event, d.Body)
		if ctx.Err() != nil {
			return ctx.Err() // nobody knows whether it arrived; it is tried again after the lease
		}
		if err := r.Store.Tried(ctx, tried(d, sent, r.Now(), r.Jitter())); err != nil {
			return err
		}
	}
	return nil
}

// tried says what becomes of a delivery that was sent with the outcome.
func tried(d Delivery, outcome error, now time.Time, jitter float64) Delivery {
	d.Failed, d.Next = "", time.Time{}
	if outcome == nil {
		d.Sent = now
		return d
	}
	d.Failed = outcome.Error()
	next, again := Next(d.Tries, now, jitter)
	if !again || errors.Is(outcome, ErrGone) {
		d.Dead = now
		return d
	}
	d.Next = next
	return d
}
