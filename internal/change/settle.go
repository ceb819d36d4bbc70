package change

import (
	"context"
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
// can go on with, oldest first.
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
	for _, set := range open {
		if !s.claim(set.ID) {
			continue // this process is at it
		}
		out, err := s.settle(ctx, set.ID)
		s.release(set.ID)
		if err != nil && fault.KindOf(err) != fault.Unavailable {
			return left, err
		}
		if out.Set.State == Applying {
			left = append(left, out.Set)
		}
	}
	return left, nil
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
