package change

import (
	"context"
	"errors"
	"slices"

	"roleos/guardrails"
	"roleos/internal/fault"
)

// Settle finds out what became of the writes that were under way when a process
// died: it reads the target back and never tries again. An object that is as
// planned was done; one that is as before was not, where the target's manifest
// says that reading settles it; everything else is unknown and halts its set.
//
// Call it at the start, before anything is applied. It settles the sets of this
// process's owner name and of the dead ones named, and returns those that Resume
// can go on with, oldest first. A set that cannot be settled does not keep the
// others from it; its error is returned beside them.
func (s *Service) Settle(ctx context.Context, dead ...string) ([]Set, error) {
	var open []Set
	for _, owner := range append([]string{s.o.Owner}, dead...) {
		cursor := ""
		for {
			page, next, err := s.o.Sets.ListChangeSets(ctx, Filter{State: Applying, Owner: owner}, cursor, 100)
			if err != nil {
				return nil, err
			}
			open = append(open, page...)
			if cursor = next; cursor == "" {
				break
			}
		}
	}
	slices.Reverse(open)
	var left []Set
	var errs []error
	for _, set := range open {
		if !s.claim(set.ID) {
			continue // this process is at it
		}
		out, err := s.settle(ctx, set.ID)
		s.release(set.ID)
		switch {
		case out.Set.State == Halted: // that is settled too
		case err != nil:
			errs = append(errs, err)
		case out.Set.State == Applying:
			left = append(left, out.Set)
		}
	}
	return left, errors.Join(errs...)
}

// Resume goes on with a set that a killed process was applying, after Settle,
// without a new grant: what had been done is not done again. A set that is
// applied already is returned as it is; one that has not begun is applied.
// It is for callers that cannot know how far an earlier attempt came.
func (s *Service) Resume(ctx context.Context, id string) (out Outcome, err error) {
	out, err = s.Get(ctx, id)
	if err != nil || out.Set.State == Applied {
		return out, err
	}
	if out.Set.State != Applying {
		return s.Apply(ctx, id)
	}
	if !s.claim(id) {
		return out, fault.New(fault.Conflict, "change.apply", "%s is being applied already", id)
	}
	defer s.release(id)
	ctx, end := s.span(ctx, "apply again", id, "")
	defer func() { end(string(out.Set.State), err) }()
	if out, err = s.settle(ctx, id); err != nil || out.Set.State != Applying {
		return out, err
	}
	cs, t, err := s.open(out.Set)
	if err != nil {
		return out, err
	}
	if err := s.believe(ctx, out, cs); err != nil {
		return out, err
	}
	if err := s.again(ctx, out, cs, t); err != nil {
		return out, err
	}
	return s.execute(ctx, out, cs, t)
}

// again decides whether an interrupted set may go on: as of the time it began,
// under what holds now, with its remaining objects unmoved.
func (s *Service) again(ctx context.Context, out Outcome, cs *guardrails.ChangeSet, t Registered) error {
	left := false
	for _, e := range out.Effects {
		left = left || e.State == EffectGranted
	}
	if !left {
		return nil
	}
	seen, err := s.observe(ctx, cs, t, out.Effects)
	if err != nil {
		return err
	}
	g, err := s.o.Grants.LastGrant(ctx, out.Set.ID)
	if err != nil {
		return err
	}
	if g.State != GrantUsed {
		return fault.New(fault.Denied, "change.apply", "%s is being applied, but its confirmation is %s", out.Set.ID, g.State)
	}
	d, err := s.decide(ctx, out.Set, cs, t, seen, g, out.Set.BegunAt)
	if err != nil {
		return err
	}
	if d.Allow {
		return nil
	}
	out.Set.Reason = "interrupted, and what remains may no longer be done"
	if err := s.finish(ctx, &out, Halted); err != nil {
		return err
	}
	return s.refuse(ctx, "apply", s.o.Owner, out.Set.ID, d)
}

// settle settles one set's executing effects. The set must be claimed.
func (s *Service) settle(ctx context.Context, id string) (Outcome, error) {
	out, err := s.Get(ctx, id)
	if err != nil || out.Set.State != Applying {
		return out, err
	}
	cs, t, err := s.open(out.Set)
	if err != nil {
		return out, err
	}
	if out.Set.Owner != s.o.Owner {
		// Taking it over is a durable move as well: its old owner can move nothing any more.
		out.Set.Owner = s.o.Owner
		if err := s.moved(ctx, &out.Set, Applying, func(context.Context) error { return nil }); err != nil {
			return out, err
		}
	}
	for i := range out.Effects {
		e := &out.Effects[i]
		if e.State != EffectExecuting {
			continue
		}
		w := write(cs, i)
		got, rerr := t.Target.Read(ctx, w.Object)
		to, note := settled(w, got, rerr, t.Manifest)
		if err := s.ledger(ctx, e, to, got.Digest, note); err != nil {
			return out, err
		}
		if to == EffectUnknown {
			return s.halt(ctx, out, "a write was interrupted, and what became of "+guardrails.Visible(e.Object)+" cannot be told")
		}
	}
	return out, nil
}

// settled says what became of an interrupted write from what reads back.
func settled(w Write, got guardrails.State, rerr error, m guardrails.Manifest) (EffectState, string) {
	switch {
	case rerr != nil:
		return EffectUnknown, "it could not be read back: " + rerr.Error()
	case w.After != "" && got.Digest == w.After:
		return EffectDone, "interrupted; it reads back as planned"
	case w.After != "" && got.Digest == w.Before && m.Settles:
		return EffectGranted, "interrupted; it reads back as before, so it had not happened"
	default:
		return EffectUnknown, "interrupted; it reads back as neither before nor planned, or reading cannot settle it"
	}
}
