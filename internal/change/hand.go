package change

import (
	"context"
	"errors"
	"strings"
	"sync"

	"roleos/guardrails"
	"roleos/internal/fault"
)

// Hand does what was granted. It alone calls a target's Apply.
type Hand interface {
	// Do does one change of a granted set. An error that carries ErrNotDone says
	// that certainly nothing was done.
	Do(ctx context.Context, o Order) error
}

// Broker signs and does. A command has it within its own process; a service has
// it in a process of its own, beside which nothing can read the key.
type Broker interface {
	Keys
	Hand
}

// Order is one change of a set with the grant that it was confirmed under.
type Order struct {
	Set       *guardrails.ChangeSet
	Index     int
	Grant     []byte // as it was signed
	Signature []byte
	Key       string // which key signed
}

// NewHand returns the hand that writes to the targets. It believes the set's
// bytes and the grant's signature and nothing that it is told beside them: a
// change is done only when a grant signed by one of our keys is bound to exactly
// this set and the target is still the one that the set was planned for. What it
// has done once it does not do again.
func NewHand(keys Keys, targets []Registered) (Hand, error) {
	h := &hand{keys: keys, targets: map[string]Registered{}, done: map[doneKey]bool{}}
	for _, t := range targets {
		if err := t.trust(); err != nil {
			return nil, err
		}
		h.targets[t.Manifest.Name] = t
	}
	return h, nil
}

type hand struct {
	keys    Keys
	targets map[string]Registered

	mu   sync.Mutex
	done map[doneKey]bool // false while it is under way
}

type doneKey struct {
	set   string
	index int
}

func (h *hand) Do(ctx context.Context, o Order) error {
	t, err := h.covered(ctx, o)
	if err != nil {
		return errors.Join(err, ErrNotDone)
	}
	key := doneKey{o.Set.Digest(), o.Index}
	h.mu.Lock()
	_, begun := h.done[key]
	h.done[key] = h.done[key] || false
	h.mu.Unlock()
	if begun {
		return errors.Join(fault.New(fault.Conflict, "change.hand", "change %d of this set is done, or under way", o.Index+1), ErrNotDone)
	}
	err = t.Target.Apply(ctx, write(o.Set, o.Index))
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.done[key] = true; err != nil {
		delete(h.done, key) // whether it may be tried again is the ledger's to say
	}
	return err
}

// covered refuses an order that its grant does not cover.
func (h *hand) covered(ctx context.Context, o Order) (Registered, error) {
	refuse := func(why string) (Registered, error) {
		return Registered{}, fault.New(fault.Denied, "change.hand", "%s", why).WithMend("nothing was written; plan again, and find out who asked for this")
	}
	if o.Set == nil || o.Index < 0 || o.Index >= len(o.Set.Content().Changes) {
		return refuse("there is no such change in the set")
	}
	pub, err := h.keys.Public(ctx, o.Key)
	if err != nil {
		return Registered{}, err
	}
	confirmed, err := guardrails.OpenGrant(o.Grant, o.Signature, pub)
	if err != nil {
		return Registered{}, fault.Wrap(err, fault.Denied, "change.hand", "the confirmation is not valid")
	}
	g, _ := confirmed.Grant()
	c := o.Set.Content()
	t, ok := h.targets[c.Target]
	switch {
	case g.Binding != o.Set.Binding():
		return refuse("the confirmation was given for something else")
	case !g.Approver.Person || g.Expires.Sub(g.Granted) > guardrails.GrantLife:
		return refuse("the confirmation is not one that a person can give")
	case !ok:
		return refuse("there is no target " + c.Target)
	case !strings.HasPrefix(c.TargetVersion+" ", version(t, "")+" "):
		return refuse("the target is not the one that the set was planned for")
	case t.Manifest.Class(c.Changes[o.Index].Op) != c.Changes[o.Index].Class:
		return refuse("the change is not of the class that was confirmed")
	}
	return t, nil
}
