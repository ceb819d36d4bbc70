package change

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"roleos/guardrails"
	"roleos/internal/fault"
)

// Apply consumes the set's grant and does its changes in order, each durable as
// an intent before it is done and read back after. A grant is consumed once: of
// many calls at the same time one goes on, the others fail with fault.Conflict.
// After the first change, after a tenth and at the end everything done so far
// is read again.
//
// Before the first write every object is read again; when one has changed,
// nothing is written and Apply fails with fault.Stale. The first effect that is
// not what was staged, an unknown one, too many failed ones, and the envelope's
// longest duration halt the rest; then Apply fails with fault.Conflict or, for an
// unknown effect, fault.Unavailable, and the Outcome says what was done.
func (s *Service) Apply(ctx context.Context, id string) (out Outcome, err error) {
	ctx, end := s.span(ctx, "apply", id, "")
	defer func() { end(string(out.Set.State), err) }()
	if !s.claim(id) {
		return Outcome{}, fault.New(fault.Conflict, "change.apply", "%s is being applied already", id)
	}
	defer s.release(id)
	out, err = s.Get(ctx, id)
	if err != nil {
		return out, err
	}
	switch out.Set.State {
	case Granted:
	case Applying, Applied, Halted:
		return out, fault.New(fault.Conflict, "change.apply", "%s is %s: its confirmation has been used", id, out.Set.State).
			WithMend("plan again for another change; an interrupted one goes on by itself when roleos starts")
	case Planned, Staged:
		return out, fault.New(fault.NeedsConfirmation, "change.apply", "%s is %s: a person has to confirm it first", id, out.Set.State)
	case Rejected, Stale:
		return out, fault.New(fault.Conflict, "change.apply", "%s is %s: %s", id, out.Set.State, out.Set.Reason)
	}
	cs, t, err := s.open(out.Set)
	if err != nil {
		return out, err
	}
	if err := s.believe(ctx, out, cs); err != nil {
		return out, err
	}
	if err := s.begin(ctx, &out, cs, t); err != nil {
		return out, err
	}
	return s.execute(ctx, out, cs, t)
}

// claim notes that this process applies the set, and reports whether it was free.
func (s *Service) claim(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.active[id] {
		return false
	}
	s.active[id] = true
	return true
}

func (s *Service) release(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.active, id)
}

// begin decides for the last time and consumes the grant in the same transaction.
func (s *Service) begin(ctx context.Context, out *Outcome, cs *guardrails.ChangeSet, t Registered) error {
	seen, err := s.observe(ctx, cs, t, nil)
	if err != nil {
		return err
	}
	if seen.drifted(cs) {
		out.Set, err = s.stale(ctx, out.Set)
		return err
	}
	var refused guardrails.Decision
	next := out.Set
	next.Owner, next.BegunAt, next.Reason = s.o.Owner, s.o.Now(), ""
	err = s.moved(ctx, &next, Applying, func(ctx context.Context) error {
		g, err := s.o.Grants.LastGrant(ctx, out.Set.ID)
		if err != nil {
			return err
		}
		d, err := s.decide(ctx, out.Set, cs, t, seen, g, s.o.Now())
		if err != nil {
			return err
		}
		if refused = d; !d.Allow {
			return denied{d}
		}
		if g.State != GrantOpen {
			return fault.New(fault.Conflict, "change.apply", "the confirmation of %s is %s", out.Set.ID, g.State)
		}
		g.State, g.At = GrantUsed, s.o.Now()
		if err := s.o.Grants.MoveGrant(ctx, g, GrantOpen); err != nil {
			return err
		}
		return s.o.Audit.Append(ctx, "change.applying", s.o.Owner, out.Set.ID, map[string]string{"digest": out.Set.Digest, "grant": g.ID})
	})
	if err != nil && !refused.Allow && len(refused.Reasons) > 0 {
		return s.refuse(ctx, "apply", s.o.Owner, out.Set.ID, refused)
	}
	if err == nil {
		out.Set = next
	}
	return err
}

// decide asks the guardrails for everything, as of the time given.
func (s *Service) decide(ctx context.Context, set Set, cs *guardrails.ChangeSet, t Registered, seen observed, g StoredGrant, at time.Time) (guardrails.Decision, error) {
	confirmed, err := s.openGrant(ctx, g)
	if err != nil {
		return guardrails.Decision{}, err
	}
	req, err := s.request(ctx, guardrails.Apply, cs, t, seen.schema, set.ID)
	if err != nil {
		return guardrails.Decision{}, err
	}
	req.Observed, req.Proof, req.Grant, req.Now = seen.digests, set.Proof, confirmed, at
	if given, _ := confirmed.Grant(); given.Standing != "" {
		// One that was taken back meanwhile is none, and the guardrails say so.
		if req.Standing, err = s.standing(ctx, given.Standing); err != nil && fault.KindOf(err) != fault.NotFound {
			return guardrails.Decision{}, err
		}
	}
	return guardrails.Evaluate(req), nil
}

// execute does what is granted, in order.
func (s *Service) execute(ctx context.Context, out Outcome, cs *guardrails.ChangeSet, t Registered) (Outcome, error) {
	stop := cs.Content().Envelope.Stop
	until := s.o.Now().Add(stop.After)
	failed := 0
	g, err := s.o.Grants.LastGrant(ctx, out.Set.ID)
	if err != nil {
		return out, err
	}
	order := Order{Set: cs, Grant: g.Bytes, Signature: g.Signature, Key: g.Key}
	for i := range out.Effects {
		e := &out.Effects[i]
		if e.State == EffectGranted {
			if err := ctx.Err(); err != nil {
				return out, err // nothing is lost: the set goes on when it is resumed
			}
			if !s.o.Now().Before(until) {
				return s.halt(ctx, out, fmt.Sprintf("it took longer than %s", stop.After))
			}
			order.Index = i
			if err := s.effect(ctx, e, order, t); err != nil {
				return out, err
			}
		}
		switch e.State {
		case EffectDone:
		case EffectFailed:
			if failed++; failed > stop.Failures {
				return s.halt(ctx, out, fmt.Sprintf("%s was not done: %s", guardrails.Visible(e.Object), e.Note))
			}
		default:
			return s.halt(ctx, out, fmt.Sprintf("what became of %s is not known: %s", guardrails.Visible(e.Object), e.Note))
		}
		if checkAfter(i+1, len(out.Effects)) {
			if err := s.verify(ctx, out.Effects[:i+1], cs, t); err != nil {
				return s.halt(ctx, out, err.Error())
			}
		}
	}
	if failed > 0 {
		return s.halt(ctx, out, fmt.Sprintf("%d of %d changes were not done", failed, len(out.Effects)))
	}
	return out, s.finish(ctx, &out, Applied)
}

// checkAfter reports whether an apply takes stock after n of total effects: after
// the first one, after a tenth of them, and after the last.
func checkAfter(n, total int) bool { return n == 1 || n == (total+9)/10 || n == total }

// verify reads again everything that was done so far. Each effect was right when
// it was done; here a later one, or somebody else, may have spoilt it.
func (s *Service) verify(ctx context.Context, effects []Effect, cs *guardrails.ChangeSet, t Registered) error {
	for _, e := range effects {
		w := write(cs, e.Index)
		if e.State != EffectDone || w.After == "" {
			continue
		}
		got, err := t.Target.Read(context.WithoutCancel(ctx), w.Object)
		if err != nil {
			return fmt.Errorf("%s cannot be read any more: %w", guardrails.Visible(e.Object), err)
		}
		if got.Digest != w.After {
			return fmt.Errorf("%s was done and is no longer as planned", guardrails.Visible(e.Object))
		}
	}
	return nil
}

// effect does one write between two durable moves and reads it back.
func (s *Service) effect(ctx context.Context, e *Effect, o Order, t Registered) (err error) {
	w := write(o.Set, o.Index)
	ctx, end := s.span(ctx, "effect", e.Set, w.Op)
	defer func() { end(string(e.State), err) }()
	if err := s.ledger(ctx, e, EffectExecuting, "", ""); err != nil {
		return err
	}
	s.o.Hook(fmt.Sprintf("before write %d", e.Index))
	werr := s.unmoved(ctx, t, w)
	tried := werr == nil
	if tried {
		werr = s.o.Hand.Do(ctx, o)
		tried = !errors.Is(werr, ErrDrift) && !errors.Is(werr, ErrNotDone)
	}
	s.o.Hook(fmt.Sprintf("after write %d", e.Index))
	// Reading back and writing it down must not be lost to a caller that gave up.
	ctx = context.WithoutCancel(ctx)
	got, rerr := t.Target.Read(ctx, w.Object)
	to, note := judge(w, got, rerr, werr, tried)
	return s.ledger(ctx, e, to, got.Digest, note)
}

// unmoved reads the object once more, right before it is written.
func (s *Service) unmoved(ctx context.Context, t Registered, w Write) error {
	st, err := t.Target.Read(ctx, w.Object)
	if err == nil && st.Digest != w.Before {
		return ErrDrift
	}
	return err
}

// judge says what became of a write from what reads back. What is there counts
// more than what the write returned.
func judge(w Write, got guardrails.State, rerr, werr error, tried bool) (EffectState, string) {
	note := ""
	if werr != nil {
		note = werr.Error()
	}
	switch {
	case !tried:
		return EffectFailed, note
	case rerr != nil:
		return EffectUnknown, "it could not be read back: " + rerr.Error()
	case w.After == "" && werr == nil:
		return EffectDone, ""
	case w.After == "":
		return EffectUnknown, note
	case got.Digest == w.After:
		return EffectDone, note
	case got.Digest == w.Before && werr != nil:
		return EffectFailed, note
	default:
		return EffectUnknown, strings.TrimSpace(fmt.Sprintf("%s it reads back as %.12s, on the copy it was %.12s", note, got.Digest, w.After))
	}
}

// ledger moves one effect durably.
func (s *Service) ledger(ctx context.Context, e *Effect, to EffectState, seen, note string) error {
	point := fmt.Sprintf("effect %d %s>%s", e.Index, e.State, to)
	s.o.Hook("before " + point)
	err := s.o.Tx.InTx(ctx, func(ctx context.Context) error {
		moved := *e
		if err := s.moveEffect(ctx, &moved, to, seen, note, s.o.Owner); err != nil {
			return err
		}
		if to == EffectExecuting {
			return nil
		}
		return s.o.Audit.Append(ctx, "effect."+string(to), s.o.Owner, e.Set, map[string]any{
			"index": e.Index, "op": e.Op, "object": e.Object, "seen": seen, "note": note,
		})
	})
	if err != nil {
		return err
	}
	e.State, e.Seen, e.Note, e.At = to, seen, note, s.o.Now()
	s.o.Hook("after " + point)
	return nil
}

// halt ends the apply before its end and says why.
func (s *Service) halt(ctx context.Context, out Outcome, why string) (Outcome, error) {
	out.Set.Reason = why
	if err := s.finish(ctx, &out, Halted); err != nil {
		return out, err
	}
	kind := fault.Conflict
	for _, e := range out.Effects {
		if e.State == EffectUnknown {
			kind = fault.Unavailable
		}
	}
	return out, fault.New(kind, "change.apply", "%s was halted: %s", out.Set.ID, why).
		WithMend("`roleos plan show %s` lists what was done; `roleos plan undo %s` takes it back", out.Set.ID, out.Set.ID)
}

func (s *Service) finish(ctx context.Context, out *Outcome, to State) error {
	ctx = context.WithoutCancel(ctx)
	return s.moved(ctx, &out.Set, to, func(ctx context.Context) error {
		count := map[EffectState]int{}
		for _, e := range out.Effects {
			count[e.State]++
		}
		return s.o.Audit.Append(ctx, "change."+string(to), s.o.Owner, out.Set.ID, map[string]any{
			"digest": out.Set.Digest, "effects": count, "reason": out.Set.Reason,
		})
	})
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
