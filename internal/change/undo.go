package change

import (
	"context"

	"roleos/guardrails"
	"roleos/internal/fault"
)

// Undo plans a new set that takes back what the set has done, in reverse order.
// It is gated like every other: staged, confirmed, applied. Its envelope names
// exactly these objects and operations and nothing else; the policy's ceiling,
// which may not know the inverse operations, does not apply.
//
// It fails with fault.Conflict when the set has done nothing, has effects that
// are not settled, or is undone already, and with fault.Stale when an object has
// been changed since: undoing never overwrites somebody else's work.
func (s *Service) Undo(ctx context.Context, id string, by guardrails.Principal) (Set, error) {
	out, err := s.Get(ctx, id)
	if err != nil {
		return Set{}, err
	}
	if out.Set.State != Applied && out.Set.State != Halted {
		return Set{}, fault.New(fault.Conflict, "change.undo", "%s is %s: there is nothing to undo", id, out.Set.State)
	}
	if err := s.undoneBefore(ctx, id); err != nil {
		return Set{}, err
	}
	cs, t, err := s.open(out.Set)
	if err != nil {
		return Set{}, err
	}
	if err := s.believe(ctx, out, cs); err != nil {
		return Set{}, err
	}
	c := cs.Content()
	p := Proposal{By: by, Draft: c.Draft, Target: c.Target, Contract: "", Intent: "Undo " + id + ": " + c.Intent, Provenance: []string{"set " + id}}
	var expect []string
	for i := len(out.Effects) - 1; i >= 0; i-- {
		switch e := out.Effects[i]; e.State {
		case EffectUnknown, EffectExecuting:
			return Set{}, fault.New(fault.Conflict, "change.undo", "what became of %s is not known", guardrails.Visible(e.Object)).
				WithMend("look at it and put it right by hand or by a new plan")
		case EffectDone:
			if c.Changes[i].Inverse.Op == "" {
				return Set{}, fault.New(fault.Conflict, "change.undo", "%s of %s has no inverse", e.Op, guardrails.Visible(e.Object))
			}
			p.Changes = append(p.Changes, Intended{Op: c.Changes[i].Inverse.Op, Object: e.Object, Body: c.Changes[i].Inverse.Body})
			expect = append(expect, c.Changes[i].After)
		default:
		}
	}
	if len(p.Changes) == 0 {
		return Set{}, fault.New(fault.Conflict, "change.undo", "%s has changed nothing: there is nothing to undo", id)
	}
	if p.Envelope, err = s.undoEnvelope(ctx, t, p, c.Envelope.Stop); err != nil {
		return Set{}, err
	}
	return s.plan(ctx, p, id, expect)
}

// undoneBefore refuses a second undo while the first stands or has been applied.
func (s *Service) undoneBefore(ctx context.Context, id string) error {
	cursor := ""
	for {
		sets, next, err := s.o.Sets.ListChangeSets(ctx, Filter{Undoes: id}, cursor, 100)
		if err != nil {
			return err
		}
		for _, u := range sets {
			if u.State != Rejected && u.State != Stale && u.State != Halted {
				return fault.New(fault.Conflict, "change.undo", "%s undoes %s already and is %s", u.ID, id, u.State)
			}
		}
		if cursor = next; cursor == "" {
			return nil
		}
	}
}

// undoEnvelope allows the proposal's operations on its objects, and no more. What
// undid other sets before does not use it up, so the limits stand on top of that.
func (s *Service) undoEnvelope(ctx context.Context, t Registered, p Proposal, stop guardrails.Stop) (guardrails.Envelope, error) {
	const moment = 1 // nanosecond: only what this set does counts
	m, err := t.Target.Plan(ctx, p.Changes)
	if err != nil {
		return guardrails.Envelope{}, err
	}
	e := guardrails.Envelope{
		Window: moment, MostShare: guardrails.Million, Rate: guardrails.Rate{Per: moment},
		Stop: guardrails.Stop{After: stop.After}, Irreversible: false, Tainted: false,
	}
	at := map[string]int{}
	for i, c := range p.Changes {
		if i >= len(m.Changes) || m.Changes[i].Objects < 1 {
			return e, fault.New(fault.Denied, "change.undo", "what undoing %s touches could not be measured", guardrails.Visible(c.Object))
		}
		n, ok := at[c.Op]
		if !ok {
			n = len(e.Allow)
			at[c.Op] = n
			e.Allow = append(e.Allow, guardrails.Rule{Target: p.Target, Op: c.Op})
		}
		e.Allow[n].Under = append(e.Allow[n].Under, c.Object)
		e.Allow[n].Most += m.Changes[i].Objects
		e.Rate.Most += m.Changes[i].Objects
	}
	return e, nil
}
