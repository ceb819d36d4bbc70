package change

import (
	"context"
	"errors"
	"fmt"

	"roleos/guardrails"
	"roleos/internal/fault"
)

// Stage applies the set to a copy of its objects, compares every object with the
// plan, runs the inverse in reverse order, and compares the whole copy with what
// it was. What it saw becomes the set's proof.
//
// It fails with fault.Stale when the objects have changed since the plan, and
// with fault.Denied when the copy did not become what was planned. An inverse
// that does not restore the copy is no error: the set is staged and not proven,
// and confirming it takes an envelope that admits irreversible changes.
func (s *Service) Stage(ctx context.Context, id string) (set Set, err error) {
	ctx, end := s.span(ctx, "stage", id, "")
	defer func() { end(string(set.State), err) }()
	set, err = s.o.Sets.ChangeSet(ctx, id)
	if err != nil {
		return Set{}, err
	}
	if set.State != Planned && set.State != Staged {
		return set, fault.New(fault.Conflict, "change.stage", "%s is %s and cannot be staged", id, set.State)
	}
	cs, t, err := s.open(set)
	if err != nil {
		return set, err
	}
	seen, err := s.observe(ctx, cs, t, nil)
	if err != nil {
		return set, err
	}
	if seen.drifted(cs) {
		return s.stale(ctx, set)
	}
	proof, err := s.prove(ctx, cs, t, seen.schema)
	if err != nil {
		return set, err
	}
	set.Proof = proof
	to := Staged
	if proof.Diverged {
		to = set.State
	}
	set.Reason = proof.Note
	effects, err := s.o.Effects.Effects(ctx, id)
	if err != nil {
		return set, err
	}
	err = s.moved(ctx, &set, to, func(ctx context.Context) error {
		for _, e := range effects {
			if err := s.staged(ctx, e, proof); err != nil {
				return err
			}
		}
		return s.o.Audit.Append(ctx, "change.staged", s.o.Owner, id, map[string]any{
			"digest": set.Digest, "staged": proof.Staged, "diverged": proof.Diverged, "reversed": proof.Reversed, "note": proof.Note,
		})
	})
	if err != nil {
		return set, err
	}
	if proof.Diverged {
		return set, fault.New(fault.Denied, "change.stage", "on a copy %s did not do what was planned: %s", id, proof.Note).
			WithMend("nothing was written; plan again")
	}
	return set, nil
}

// staged moves one effect to where the proof puts it.
func (s *Service) staged(ctx context.Context, e Effect, p guardrails.Proof) error {
	if p.Diverged {
		return nil
	}
	if e.State == EffectPlanned || !p.Reversed {
		if err := s.moveEffect(ctx, &e, EffectStaged, "", "", ""); err != nil {
			return err
		}
	}
	if p.Reversed {
		return s.moveEffect(ctx, &e, EffectProven, "", "", "")
	}
	return nil
}

// prove runs the set and its inverse on a copy. An error means that it could not be tried.
func (s *Service) prove(ctx context.Context, cs *guardrails.ChangeSet, t Registered, schema string) (p guardrails.Proof, err error) {
	ctx, end := s.span(ctx, "prove", cs.Content().ID, "")
	defer func() { end(proven(p), err) }()
	now := s.o.Now().UTC()
	p = guardrails.Proof{Set: cs.Digest(), TargetVersion: version(t, schema), At: now, Expires: now.Add(s.o.ProofLife)}
	changes := cs.Content().Changes
	stage, err := t.Target.Stage(ctx, changes)
	if errors.Is(err, ErrNoStaging) {
		p.Note = "this target cannot be tried on a copy"
		return p, nil
	}
	if err != nil {
		return p, fault.Wrap(err, fault.Unavailable, "change.stage", "no copy could be made")
	}
	defer func() { err = errors.Join(err, stage.Close()) }()
	before, err := stage.Fingerprint(ctx)
	if err != nil {
		return p, err
	}
	for i, c := range changes {
		if note := run(ctx, stage, write(cs, i)); note != "" {
			p.Diverged, p.Note = true, fmt.Sprintf("change %d, %s: %s", i+1, guardrails.Visible(c.Object), note)
			return p, ctx.Err()
		}
	}
	p.Staged = true
	for i := len(changes) - 1; i >= 0; i-- {
		c := changes[i]
		w := Write{Key: effectKey(cs, i, "inverse"), Op: c.Inverse.Op, Object: c.Object, Body: c.Inverse.Body, Before: c.After, After: c.Before.Digest}
		if c.Inverse.Op == "" {
			p.Note = guardrails.Visible(c.Object) + " has no inverse"
			return p, nil
		}
		if note := run(ctx, stage, w); note != "" {
			p.Note = fmt.Sprintf("the inverse of change %d, %s: %s", i+1, guardrails.Visible(c.Object), note)
			return p, ctx.Err()
		}
	}
	after, err := stage.Fingerprint(ctx)
	if err != nil {
		return p, err
	}
	p.Reversed = before != "" && before == after
	if !p.Reversed {
		p.Note = "after the inverse the copy is not what it was before"
	}
	return p, nil
}

// proven says in a word what a proof found.
func proven(p guardrails.Proof) string {
	switch {
	case p.Diverged:
		return "diverged"
	case p.Reversed:
		return "reversed"
	case p.Staged:
		return "staged"
	}
	return "not staged"
}

// run does one write and reads it back. It returns what went otherwise, "" when nothing.
func run(ctx context.Context, on Object, w Write) string {
	if err := on.Apply(ctx, w); err != nil {
		return err.Error()
	}
	got, err := on.Read(ctx, w.Object)
	switch {
	case err != nil:
		return err.Error()
	case w.After != "" && got.Digest != w.After:
		return fmt.Sprintf("it reads back as %.12s, planned was %.12s", got.Digest, w.After)
	}
	return ""
}

// write returns the i-th change as a write.
func write(cs *guardrails.ChangeSet, i int) Write {
	c := cs.Content().Changes[i]
	return Write{Key: effectKey(cs, i, "apply"), Op: c.Op, Object: c.Object, Body: c.Body, Before: c.Before.Digest, After: c.After}
}

// effectKey names one effect of one set, the same at every attempt.
func effectKey(cs *guardrails.ChangeSet, i int, what string) string {
	return guardrails.Digest(fmt.Appendf(nil, "%s %d %s", cs.Digest(), i, what))[:32]
}

// observed is the target as it is now.
type observed struct {
	digests []string
	states  []guardrails.State
	schema  string
}

// drifted reports whether an object is not what it was when planned.
func (o observed) drifted(cs *guardrails.ChangeSet) bool {
	for i, c := range cs.Content().Changes {
		if o.digests[i] == "" || o.digests[i] != c.Before.Digest {
			return true
		}
	}
	return false
}

// observe reads every object again and, when none has changed, measures the
// changes again: what they would drag along may have grown. Effects that are
// done count as unmoved, since it was us who moved them.
func (s *Service) observe(ctx context.Context, cs *guardrails.ChangeSet, t Registered, effects []Effect) (observed, error) {
	c := cs.Content()
	o := observed{digests: make([]string, len(c.Changes)), states: make([]guardrails.State, len(c.Changes))}
	var again []Intended
	var at []int
	for i, ch := range c.Changes {
		if effects != nil && effects[i].State != EffectGranted {
			o.digests[i] = ch.Before.Digest
			continue
		}
		st, err := t.Target.Read(ctx, ch.Object)
		if err != nil {
			return o, fault.Wrap(err, fault.Unavailable, "change.read", "%s cannot be read", guardrails.Visible(ch.Object))
		}
		o.digests[i], o.states[i] = st.Digest, st
		again, at = append(again, Intended{Op: ch.Op, Object: ch.Object, Body: ch.Body}), append(at, i)
	}
	if o.drifted(cs) || len(again) == 0 {
		return o, nil
	}
	m, err := t.Target.Plan(ctx, again)
	if err != nil {
		return o, err
	}
	o.schema = m.Version
	for j, i := range at {
		if j >= len(m.Changes) || m.Changes[j].Objects != c.Changes[i].Objects || m.Changes[j].Before.Digest != c.Changes[i].Before.Digest {
			o.digests[i] = "" // not the same any more, though the object itself is
		}
	}
	return o, nil
}

// stale ends a set whose objects have changed since it was planned.
func (s *Service) stale(ctx context.Context, set Set) (Set, error) {
	set, err := s.end(ctx, set, Stale, s.o.Owner, "an object has changed since the plan was made")
	if err != nil {
		return set, err
	}
	return set, fault.New(fault.Stale, "change.drift", "what %s would change has been changed since by somebody else; nothing was written", set.ID).
		WithMend("`roleos plan show %s` shows the difference; plan again", set.ID)
}
