package change

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"roleos/guardrails"
	"roleos/internal/fault"
)

// Service takes change sets from a plan to their effects. It is safe for concurrent use.
type Service struct {
	o       Options
	targets map[string]Registered

	mu     sync.Mutex
	active map[string]bool // sets that this process is applying now
}

// New returns a Service. It fails when something required is missing, a target
// has a name that could be taken for an answer, its manifest cannot be written
// down, or it is Foreign and its manifest is not signed by us.
func New(o Options) (*Service, error) {
	if o.Sets == nil || o.Effects == nil || o.Grants == nil || o.Tx == nil || o.Audit == nil || o.Keys == nil || o.Now == nil || o.NewID == nil {
		return nil, errors.New("change: a port is missing")
	}
	if o.Policy.Version == "" || o.Policy.Environment == "" {
		return nil, errors.New("change: the policy has no version or no environment")
	}
	if o.GrantLife <= 0 || o.GrantLife > guardrails.GrantLife {
		o.GrantLife = guardrails.GrantLife
	}
	if o.ProofLife <= 0 {
		o.ProofLife = 24 * time.Hour
	}
	if o.Owner == "" {
		o.Owner = "local"
	}
	if o.Hook == nil {
		o.Hook = func(string) {}
	}
	s := &Service{o: o, targets: make(map[string]Registered), active: make(map[string]bool)}
	for _, t := range o.Targets {
		name := t.Manifest.Name
		if err := checkName(name); err != nil {
			return nil, err
		}
		if _, twice := s.targets[name]; twice || t.Target == nil {
			return nil, fmt.Errorf("change: two targets %q, or one that is nil", name)
		}
		if err := t.trust(); err != nil {
			return nil, err
		}
		s.targets[name] = t
	}
	if s.o.Hand == nil {
		var err error
		if s.o.Hand, err = NewHand(o.Keys, o.Targets); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// span begins the span of an act; without anybody to see it, it costs nothing.
func (s *Service) span(ctx context.Context, act, set, op string) (context.Context, func(string, error)) {
	if s.o.Span == nil {
		return ctx, unseen
	}
	return s.o.Span(ctx, act, set, op)
}

func unseen(string, error) {}

// checkName refuses target names that a person might type without meaning them.
func checkName(name string) error {
	const digits, letters = "0123456789", "abcdefghijklmnopqrstuvwxyz"
	words := []string{"yes", "okay", "sure", "true", "apply", "approve", "approved", "accept", "confirm", "continue", "allow", "agree", "proceed"}
	if len(name) < 3 || strings.Trim(name, letters+digits+"-_./") != "" || slices.Contains(words, name) {
		return fmt.Errorf("change: %q is no name for a target: three or more of a-z, 0-9, - _ . and /, and no answer", name)
	}
	return nil
}

// Outcome is a set with its effects after a move.
type Outcome struct {
	Set     Set
	Effects []Effect
}

// Get returns the set and its ledger; fault.NotFound.
func (s *Service) Get(ctx context.Context, id string) (Outcome, error) {
	set, err := s.o.Sets.ChangeSet(ctx, id)
	if err != nil {
		return Outcome{}, err
	}
	effects, err := s.o.Effects.Effects(ctx, id)
	return Outcome{Set: set, Effects: effects}, err
}

// List returns a page of sets, newest first, and the cursor of the next.
func (s *Service) List(ctx context.Context, f Filter, cursor string, limit int) ([]Set, string, error) {
	return s.o.Sets.ListChangeSets(ctx, f, cursor, limit)
}

// Reject ends a set that has not begun, and voids its grants.
func (s *Service) Reject(ctx context.Context, id string, by guardrails.Principal, reason string) (Set, error) {
	set, err := s.o.Sets.ChangeSet(ctx, id)
	if err != nil {
		return Set{}, err
	}
	return s.end(ctx, set, Rejected, by.ID, reason)
}

// end moves a set that has not begun to a final state.
func (s *Service) end(ctx context.Context, set Set, to State, by, reason string) (Set, error) {
	was := set.State
	if _, err := was.To(to); err != nil {
		return set, fault.Wrap(err, fault.Conflict, "change.end", "%s cannot be ended", set.ID)
	}
	set.Reason = reason
	err := s.moved(ctx, &set, to, func(ctx context.Context) error {
		if err := s.void(ctx, set.ID); err != nil {
			return err
		}
		return s.o.Audit.Append(ctx, "change."+string(to), by, set.ID, map[string]string{"digest": set.Digest, "reason": reason})
	})
	return set, err
}

// void ends a set's grant that is not used.
func (s *Service) void(ctx context.Context, id string) error {
	g, err := s.o.Grants.LastGrant(ctx, id)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return nil
	}
	if err != nil || (g.State != GrantOpen && g.State != GrantPending) {
		return err
	}
	was := g.State
	g.State, g.At = GrantVoid, s.o.Now()
	return s.o.Grants.MoveGrant(ctx, g, was)
}

// moved writes the set in its new state, together with what also does.
func (s *Service) moved(ctx context.Context, set *Set, to State, also func(ctx context.Context) error) error {
	was := set.State
	next := *set
	if was != to {
		state, err := was.To(to)
		if err != nil {
			return fault.Wrap(err, fault.Conflict, "change.move", "%s cannot be moved", set.ID)
		}
		next.State = state
	}
	next.UpdatedAt = s.o.Now()
	point := string(was) + ">" + string(to)
	s.o.Hook("before set " + point)
	err := s.o.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.o.Sets.MoveChangeSet(ctx, next, was); err != nil {
			return err
		}
		return also(ctx)
	})
	if err != nil {
		return err
	}
	s.o.Hook("after set " + point)
	*set = next
	return nil
}

// moveEffect writes an effect in its new state inside the transaction in ctx.
// Once a set has begun, only its owner moves its effects.
func (s *Service) moveEffect(ctx context.Context, e *Effect, to EffectState, seen, note, owner string) error {
	if e.State == to {
		return nil
	}
	was := e.State
	if _, err := was.To(to); err != nil {
		return fault.Wrap(err, fault.Conflict, "change.effect", "effect %d of %s cannot be moved", e.Index+1, e.Set)
	}
	next := *e
	next.State, next.Seen, next.Note, next.At = to, seen, note, s.o.Now()
	if err := s.o.Effects.MoveEffect(ctx, next, was, owner); err != nil {
		return err
	}
	*e = next
	return nil
}

// open reads a stored set's bytes and checks that they are the ones it is named by.
func (s *Service) open(set Set) (*guardrails.ChangeSet, Registered, error) {
	if set.Erased {
		return nil, Registered{}, fault.New(fault.Conflict, "change.open", "what %s would write or take back was erased with the personal data in it", set.ID).
			WithMend("What it published can be revised and published anew.")
	}
	cs, err := guardrails.Open(set.Bytes)
	if err != nil || cs.Digest() != set.Digest || cs.Content().ID != set.ID {
		return nil, Registered{}, fault.Wrap(err, fault.Denied, "change.open", "the stored bytes of %s are not the ones that were planned", set.ID).
			WithMend("plan again, and find out who changed the store")
	}
	t, ok := s.targets[cs.Content().Target]
	if !ok {
		return nil, Registered{}, fault.New(fault.Denied, "change.open", "there is no target %q any more", cs.Content().Target)
	}
	return cs, t, nil
}

// used reads what the proposer has touched before.
func (s *Service) used(ctx context.Context, c guardrails.Content, except string) (guardrails.Used, error) {
	now := s.o.Now()
	window, err := s.o.Effects.Used(ctx, c.By.ID, c.Target, now.Add(-c.Envelope.Window), except)
	if err != nil {
		return guardrails.Used{}, err
	}
	recent, err := s.o.Effects.Used(ctx, c.By.ID, c.Target, now.Add(-c.Envelope.Rate.Per), except)
	if err != nil {
		return guardrails.Used{}, err
	}
	return guardrails.Used{
		Known: true, Window: c.Envelope.Window, Per: c.Envelope.Rate.Per,
		Counts: window.Counts, Touched: window.Touched, Recent: recent.Total,
		Money: window.Cost.Money, Tokens: window.Cost.Tokens,
	}, nil
}

// current returns what holds now.
func (s *Service) current(ctx context.Context, c guardrails.Content, t Registered, schema string) (guardrails.Current, error) {
	cur := guardrails.Current{
		Policy: s.o.Policy.Version, Environment: s.o.Policy.Environment, TargetVersion: version(t, schema),
	}
	if c.Contract == "" {
		return cur, nil
	}
	if s.o.Contract == nil {
		return cur, fault.New(fault.Denied, "change.contract", "the contract %q cannot be looked up here", c.Contract)
	}
	now, err := s.o.Contract(ctx, c.Contract)
	cur.Contract = now
	return cur, err
}

// denied is a decision as an error.
type denied struct{ d guardrails.Decision }

func (e denied) Error() string { return e.d.String() }

// DecisionOf returns the guardrails' decision in err's chain.
func DecisionOf(err error) (guardrails.Decision, bool) {
	if e, ok := errors.AsType[denied](err); ok {
		return e.d, true
	}
	return guardrails.Decision{}, false
}

// refuse records a denial and returns it as an error.
func (s *Service) refuse(ctx context.Context, what, actor, subject string, d guardrails.Decision) error {
	kind := fault.Denied
	switch {
	case d.Has(guardrails.Drift), d.Has(guardrails.PolicyChanged), d.Has(guardrails.ContractChanged), d.Has(guardrails.TargetChanged):
		kind = fault.Stale
	case d.Has(guardrails.NoGrant), d.Has(guardrails.GrantExpired):
		kind = fault.NeedsConfirmation
	}
	err := fault.Wrap(denied{d}, kind, "change."+what, "the guardrails do not let %s %s", subject, what)
	if aerr := s.o.Audit.Append(ctx, "change.denied", actor, subject, map[string]any{"what": what, "reasons": d.Reasons}); aerr != nil {
		return errors.Join(err, aerr)
	}
	return err
}
