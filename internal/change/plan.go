package change

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"roleos/guardrails"
	"roleos/internal/fault"
)

// Limits on one proposal.
const (
	MaxChanges = 1_000
	// MaxBody is the most bytes of one change, 32 MiB. A set's bytes have a bound
	// of their own, guardrails.MaxSetBytes; in them a body takes four thirds of its
	// size, and replacing a text takes the old one twice beside the new.
	MaxBody = 32 << 20
)

// Proposal is what somebody wants to be changed.
type Proposal struct {
	Key        string // the same for every attempt at this proposal: a second one returns the first's set; may be empty
	By         guardrails.Principal
	Run, Draft string
	Intent     string // one sentence for the reader
	Target     string
	Changes    []Intended
	Envelope   guardrails.Envelope
	Contract   string // version; empty when none is meant
	Cost       guardrails.Cost
	Events     []guardrails.Event
	Taint      guardrails.Taint
	Provenance []string
}

// Plan measures what is proposed against the target, makes the set's bytes, asks
// the guardrails and stores the set. Writes that would change nothing are left
// out. It writes nothing to the target.
//
// It fails with fault.Invalid for a proposal that cannot be meant, fault.Conflict
// when there is nothing left to change, and fault.Denied, with the Decision in
// the chain, when the guardrails refuse; then nothing is stored but the audit record.
func (s *Service) Plan(ctx context.Context, p Proposal) (Set, error) {
	if have, ok, err := s.planned(ctx, p.Key); ok || err != nil {
		return have, err
	}
	set, err := s.plan(ctx, p, "", nil)
	if err != nil && fault.KindOf(err) == fault.Conflict {
		// Another attempt at the same proposal may have been faster.
		if have, ok, lerr := s.planned(ctx, p.Key); ok && lerr == nil {
			return have, nil
		}
	}
	return set, err
}

// planned returns the set of an earlier attempt at the proposal with the key.
func (s *Service) planned(ctx context.Context, key string) (Set, bool, error) {
	if key == "" {
		return Set{}, false, nil
	}
	have, _, err := s.o.Sets.ListChangeSets(ctx, Filter{Key: key}, "", 1)
	if err != nil || len(have) == 0 {
		return Set{}, false, err
	}
	return have[0], true, nil
}

// plan is Plan for a set that undoes another one or, with "", none. expect, when
// given, is the digest that each object must have now.
func (s *Service) plan(ctx context.Context, p Proposal, undoes string, expect []string) (set Set, err error) {
	act := "plan"
	if undoes != "" {
		act = "plan undo"
	}
	ctx, end := s.span(ctx, act, undoes, "")
	defer func() { end(string(set.State), err) }()
	t, err := s.checkProposal(p)
	if err != nil {
		return Set{}, err
	}
	m, err := t.Target.Plan(ctx, p.Changes)
	if err != nil {
		return Set{}, err
	}
	if len(m.Changes) != len(p.Changes) {
		return Set{}, fault.New(fault.Internal, "change.plan", "the target planned %d of %d changes", len(m.Changes), len(p.Changes))
	}
	var changes []guardrails.Change
	for i, c := range m.Changes {
		if c.Op != p.Changes[i].Op || c.Object != p.Changes[i].Object || string(c.Body) != string(p.Changes[i].Body) {
			return Set{}, fault.New(fault.Internal, "change.plan", "the target planned something else than %q of %q", p.Changes[i].Op, p.Changes[i].Object)
		}
		if expect != nil && c.Before.Digest != expect[i] {
			return Set{}, fault.New(fault.Stale, "change.undo", "%s has been changed since by somebody else", guardrails.Visible(c.Object)).
				WithMend("change it by a new plan: undoing would overwrite that work")
		}
		c.Class = t.Manifest.Class(c.Op)
		if c.Class != guardrails.Send && c.Before.Digest != "" && c.Before.Digest == c.After {
			continue
		}
		changes = append(changes, c)
	}
	if len(changes) == 0 {
		return Set{}, fault.New(fault.Conflict, "change.plan", "%s is already as proposed; there is nothing to change", p.Target)
	}
	envelope := p.Envelope
	for _, ceiling := range []*guardrails.Envelope{s.o.Policy.Ceiling, t.Ceiling} {
		if ceiling != nil && undoes == "" {
			envelope = envelope.Tighten(*ceiling)
		}
	}
	cs, err := guardrails.Seal(guardrails.Content{
		ID: s.o.NewID(), Created: s.o.Now().UTC(), By: p.By, Run: p.Run, Draft: p.Draft, Intent: p.Intent,
		Environment: s.o.Policy.Environment, Target: p.Target, TargetVersion: version(t, m.Version), Population: m.Population,
		Changes: changes, Envelope: envelope, Policy: s.o.Policy.Version, Contract: p.Contract, Cost: p.Cost,
		Events: p.Events, Taint: p.Taint, Provenance: p.Provenance, Undoes: undoes,
	})
	if err != nil {
		return Set{}, fault.Wrap(err, fault.Invalid, "change.plan", "the proposal cannot be written down")
	}
	return s.store(ctx, cs, t, m.Version, p.Key)
}

func (s *Service) checkProposal(p Proposal) (Registered, error) {
	t, ok := s.targets[p.Target]
	if !ok {
		return t, fault.New(fault.Denied, "change.plan", "there is no target %q", p.Target).WithMend("propose for one of: %v", s.targetNames())
	}
	if len(p.Changes) == 0 || len(p.Changes) > MaxChanges {
		return t, fault.New(fault.Invalid, "change.plan", "a proposal has 1 to %d changes, this one %d", MaxChanges, len(p.Changes))
	}
	all := 0
	for _, c := range p.Changes {
		all += len(c.Body)
		if len(c.Body) > MaxBody {
			return t, fault.New(fault.Invalid, "change.plan", "%q has %d bytes, at most %d are written at once", c.Object, len(c.Body), MaxBody)
		}
	}
	if all/3*4 > guardrails.MaxSetBytes {
		return t, fault.New(fault.Invalid, "change.plan", "the changes have %d bytes together; written down they may have %d", all, guardrails.MaxSetBytes).
			WithMend("propose them in several sets")
	}
	return t, nil
}

func (s *Service) targetNames() []string {
	var names []string
	for name := range s.targets {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// store asks the guardrails and, when they allow it, writes the set down.
func (s *Service) store(ctx context.Context, cs *guardrails.ChangeSet, t Registered, schema, key string) (Set, error) {
	c := cs.Content()
	req, err := s.request(ctx, guardrails.Propose, cs, t, schema, "")
	if err != nil {
		return Set{}, err
	}
	if d := guardrails.Evaluate(req); !d.Allow {
		err := s.refuse(ctx, "plan", c.By.ID, c.ID, d)
		if f, ok := err.(*fault.Error); ok && radius(c) != "" { //nolint:errorlint // one that is joined to another stays as it is
			err = f.WithMend("What it would touch: %s", radius(c))
		}
		return Set{}, err
	}
	set := Set{
		ID: c.ID, Key: key, Digest: cs.Digest(), Bytes: cs.Bytes(), State: Planned, By: c.By.ID, Target: c.Target, Intent: c.Intent,
		Undoes: c.Undoes, Cost: c.Cost, CreatedAt: c.Created, UpdatedAt: c.Created,
	}
	effects := effectsOf(c)
	s.o.Hook("before set planned")
	err = s.o.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.o.Sets.PutChangeSet(ctx, set, effects); err != nil {
			return err
		}
		return s.o.Audit.Append(ctx, "change.planned", c.By.ID, c.ID, map[string]any{
			"digest": set.Digest, "target": c.Target, "changes": len(effects), "intent": c.Intent, "undoes": c.Undoes,
		})
	})
	if err != nil {
		return Set{}, err
	}
	s.o.Hook("after set planned")
	return set, nil
}

// radius says what the changes touch beyond their names, "" when nothing.
func radius(c guardrails.Content) string {
	const most = 5
	var out []string
	for _, ch := range c.Changes {
		if ch.Note == "" {
			continue
		}
		if len(out) == most {
			out = append(out, "…")
			break
		}
		out = append(out, ch.Op+" "+guardrails.Visible(ch.Object)+": "+guardrails.Visible(ch.Note))
	}
	return strings.Join(out, "; ")
}

// effectsOf returns the ledger's rows of a set before anything has happened.
func effectsOf(c guardrails.Content) []Effect {
	effects := make([]Effect, len(c.Changes))
	for i, ch := range c.Changes {
		touched := ch.Objects
		if ch.Before.Digest == guardrails.Absent {
			touched--
		}
		effects[i] = Effect{
			Set: c.ID, Index: i, Op: ch.Op, Object: ch.Object, Class: ch.Class, Objects: ch.Objects, Touched: touched, State: EffectPlanned, At: c.Created,
		}
	}
	return effects
}

// request gathers what a decision depends on, apart from what was observed and granted.
func (s *Service) request(ctx context.Context, phase guardrails.Phase, cs *guardrails.ChangeSet, t Registered, schema, except string) (guardrails.Request, error) {
	used, err := s.used(ctx, cs.Content(), except)
	if err != nil {
		return guardrails.Request{}, fmt.Errorf("read what was touched before: %w", err)
	}
	cur, err := s.current(ctx, cs.Content(), t, schema)
	if err != nil {
		return guardrails.Request{}, err
	}
	return guardrails.Request{Phase: phase, Set: cs, Used: used, Current: cur, Solo: s.o.Policy.Solo, Now: s.o.Now()}, nil
}
