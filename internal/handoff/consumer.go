package handoff

import (
	"context"
	"strings"

	"roleos/internal/clock"
	"roleos/internal/fault"
)

// Verb is what the taking side does with a handoff.
type Verb string

// The verbs.
const (
	Acknowledge Verb = "acknowledge" // it has arrived and can be worked with
	Refuse      Verb = "refuse"      // it cannot; the reasons reopen the draft
	Start       Verb = "start"       // the next stage has begun
	Close       Verb = "close"       // the taker is done with it
	Hold        Verb = "pause"       // its clocks stand still, for a reason
	GoOn        Verb = "resume"      // its clocks go on
)

// Answer is one act of the taking side.
type Answer struct {
	Draft string
	By    Party
	// Digest names the revision that was published; "" means the one that is.
	Digest string
	Verb   Verb
	Text   string // required to refuse and to pause
}

// Answer performs the act of the taking side and returns the draft. Only a person
// with the role that the contract names as taker acknowledges, refuses, starts or
// closes; both sides may stop the clocks. It fails with fault.Denied for everybody
// else, fault.Conflict when the draft is not at that point, and fault.Stale when
// another revision is published than the one named.
func (s *Service) Answer(ctx context.Context, a Answer) (Draft, error) {
	op := "handoff." + string(a.Verb)
	var next Draft
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		was, err := s.Drafts.Draft(ctx, a.Draft)
		if err != nil {
			return err
		}
		head, err := s.Drafts.Revision(ctx, a.Draft, 0)
		if err != nil {
			return err
		}
		if a.Digest != "" && a.Digest != head.Digest {
			return fault.New(fault.Stale, op, "%s now has revision %d (%s), not the one you read", was.ID, head.N, head.Digest).
				WithMend("Look again: roleos handoff show %s", was.ID)
		}
		terms, err := s.Terms.Terms(ctx, was.Contract)
		if err != nil {
			return err
		}
		next = was
		role, err := s.mayAnswer(ctx, was, terms, a, op)
		if err != nil {
			return err
		}
		if a.Verb == Hold || a.Verb == GoOn {
			return s.standStill(ctx, was, a, op)
		}
		if next.State, err = after(was.State, a.Verb); err != nil {
			return fault.Wrap(err, fault.Conflict, op, "%s %s cannot be answered so", was.ID, aRevision(was, head)).
				WithMend("Where it stands: roleos handoff show %s", was.ID)
		}
		if a.Verb == Refuse {
			next.ChangeSet = ""
		}
		next.UpdatedAt = s.Now()
		if err := s.Drafts.SaveDraft(ctx, next, &was); err != nil {
			return err
		}
		if err := s.note(ctx, was.State, next, Move{Digest: head.Digest, By: a.By.ID, Role: role, Text: a.Text}); err != nil {
			return err
		}
		return s.Audit.Append(ctx, "handoff."+string(next.State), a.By.ID, was.ID, map[string]any{
			"verb": a.Verb, "digest": head.Digest, "from": was.State, "to": next.State, "role": role, "text": a.Text,
		})
	})
	return next, err
}

// after says where a verb leads.
func after(from State, v Verb) (State, error) {
	switch v {
	case Acknowledge:
		return from.To(Acknowledged)
	case Start:
		return from.To(Started)
	case Close:
		return from.To(Closed)
	case Refuse:
		if from != Published && from != Acknowledged { // review has its own ways back
			return from, errNotTaken(from)
		}
		return from.To(Drafted)
	case Hold, GoOn:
		return from, nil
	}
	return from, fault.New(fault.Invalid, "handoff", "unknown verb %q", v)
}

func errNotTaken(s State) error {
	return fault.New(fault.Conflict, "handoff.refuse", "a draft that is %s is not waiting for its taker", s)
}

func aRevision(d Draft, r Revision) string {
	return "(" + string(d.State) + ", revision " + r.Digest[:min(len(r.Digest), 15)] + ")"
}

// mayAnswer returns the role in which the person acts, or why they may not.
func (s *Service) mayAnswer(ctx context.Context, d Draft, terms Terms, a Answer, op string) (string, error) {
	if (a.Verb == Refuse || a.Verb == Hold) && strings.TrimSpace(a.Text) == "" {
		if err := a.By.person(op); err != nil {
			return "", err
		}
		return "", fault.New(fault.Invalid, op, "say why, so that the other side can act on it").WithMend("Add: --text \"...\"")
	}
	to := terms.To.Role
	err := s.as(a.By, to, op, "to "+string(a.Verb)+" what a contract hands to the "+to)
	if err != nil {
		if (a.Verb == Hold || a.Verb == GoOn) && s.as(a.By, terms.From.Role, op, "") == nil {
			return terms.From.Role, nil
		}
		return "", err
	}
	if s.Team && a.Verb == Acknowledge && to != terms.From.Role {
		wrote, err := s.authors(ctx, d)
		if err != nil {
			return "", err
		}
		for _, w := range wrote {
			if w == a.By.ID {
				return "", fault.New(fault.Denied, op, "%s wrote a revision of %s and cannot acknowledge it; a handoff has two sides", a.By.ID, d.ID).
					WithMend("Ask another %s to run: roleos handoff acknowledge %s", to, d.ID)
			}
		}
	}
	return to, nil
}

// authors returns who wrote a revision of the draft, each once, oldest first.
func (s *Service) authors(ctx context.Context, d Draft) ([]string, error) {
	var out []string
	seen := map[string]bool{}
	for n := 1; n <= d.Revision; n++ {
		r, err := s.Drafts.Revision(ctx, d.ID, n)
		if err != nil {
			return nil, err
		}
		if !seen[r.By] {
			seen[r.By] = true
			out = append(out, r.By)
		}
	}
	return out, nil
}

// standStill stops or starts every clock of the draft that runs.
func (s *Service) standStill(ctx context.Context, d Draft, a Answer, op string) error {
	all, err := s.Clocks.Clocks(ctx, d.ID)
	if err != nil {
		return err
	}
	now, moved := s.Now().UTC(), 0
	for _, c := range all {
		if !c.Running() {
			continue
		}
		// What fell due before the pause has fallen due.
		due, err := s.take(ctx, d, c, now)
		if err != nil {
			return err
		}
		next, err := due.Pause(now, a.By.ID, a.Text)
		if a.Verb == GoOn {
			next, err = due.Resume(now)
		}
		if err != nil {
			continue
		}
		moved++
		if err := s.Clocks.MoveClock(ctx, next, c, s.next(next)); err != nil {
			return err
		}
	}
	if moved == 0 {
		what := map[Verb]string{Hold: "running", GoOn: "paused"}[a.Verb]
		return fault.New(fault.Conflict, op, "%s has no %s clock", d.ID, what).WithMend("Its clocks: roleos handoff show %s", d.ID)
	}
	return s.Audit.Append(ctx, "handoff.clock_"+string(a.Verb), a.By.ID, d.ID, map[string]any{"clocks": moved, "text": a.Text, "state": d.State})
}

// note keeps a change of state and moves the draft's clocks with it: those that
// waited for the new state are met, those that began at a state the draft went
// back behind are void, and those that begin with the new state start. It runs in
// the transaction of the change.
func (s *Service) note(ctx context.Context, was State, d Draft, m Move) error {
	if s.Moves == nil || was == d.State {
		return nil
	}
	m.Draft, m.From, m.To, m.At = d.ID, was, d.State, s.Now().UTC()
	n, err := s.Moves.AddMove(ctx, m)
	if err != nil {
		return err
	}
	m.N = n
	if s.Heard != nil {
		if err := s.Heard(ctx, d, m); err != nil {
			return err
		}
	}
	if s.Clocks == nil {
		return nil
	}
	if err := s.stop(ctx, d, m); err != nil {
		return err
	}
	terms, err := s.terms(ctx, d.Contract)
	if err != nil {
		return err
	}
	for i, p := range terms.Promises {
		if on, ok := StateNamed(p.On); !ok || on != d.State {
			continue
		}
		c := clock.Clock{
			ID: clockID(d.ID, n, i), Draft: d.ID, Digest: m.Digest, Contract: d.Contract, On: p.On, Expect: p.Expect, Role: p.Role,
			Within: p.Within, Working: p.Working, Remind: p.Remind, Started: m.At,
		}
		if p.Escalate {
			c.Escalate = s.steps(p.Within)
		}
		if err := s.Clocks.AddClock(ctx, c, s.next(c)); err != nil {
			return err
		}
	}
	return nil
}
