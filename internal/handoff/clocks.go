package handoff

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"roleos/internal/clock"
	"roleos/internal/fault"
)

// clockID names the clock of a contract's promise i that a draft's move n started.
func clockID(draft string, n, i int) string { return fmt.Sprintf("ck-%s-%d-%d", draft, n, i+1) }

// steps are when somebody is told of a broken promise: at once, and again when
// as much time as was promised has passed once more.
func (s *Service) steps(within time.Duration) []time.Duration { return []time.Duration{0, within} }

// next returns when the clock has something to do, zero for never.
func (s *Service) next(c clock.Clock) time.Time {
	at, _ := c.Next(s.Calendar)
	return at
}

// stop ends the clocks that the move ends.
func (s *Service) stop(ctx context.Context, d Draft, m Move) error {
	all, err := s.Clocks.Clocks(ctx, d.ID)
	if err != nil {
		return err
	}
	for _, c := range all {
		how, ends := ending(c, m)
		if !ends {
			continue
		}
		next, err := s.take(ctx, d, c.Stop(m.At, how, m.By), m.At)
		if err != nil {
			return err
		}
		if err := s.Clocks.MoveClock(ctx, next, c, time.Time{}); err != nil {
			return err
		}
	}
	return nil
}

// ending says whether a move ends a clock, and how.
func ending(c clock.Clock, m Move) (clock.End, bool) {
	if !c.Running() {
		return "", false
	}
	if want, ok := StateNamed(c.Expect); ok && want == m.To {
		return clock.Met, true
	}
	began, ok := StateNamed(c.On)
	back := !ok || slices.Index(States(), m.To) < slices.Index(States(), began)
	if back || m.To == Rejected || m.To == Closed {
		return clock.Void, true
	}
	return "", false
}

// take notes everything of the clock that has fallen due, and returns the clock
// with that done. It is to be stored by the caller, in the same transaction.
func (s *Service) take(ctx context.Context, d Draft, c clock.Clock, now time.Time) (clock.Clock, error) {
	actions := clock.Decide(now, s.Calendar, c)
	if len(actions) == 0 {
		return c, nil
	}
	// A contract that is gone cannot say who is told; what fell due fell due.
	terms, err := s.terms(ctx, c.Contract)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return c, err
	}
	for _, a := range actions {
		due, _ := c.Due(s.Calendar)
		n := Notice{
			Clock: c.ID, Key: a.Key, Kind: a.Kind, Step: a.Step, Draft: c.Draft, Title: d.Title, Digest: c.Digest, Contract: c.Contract,
			Expect: c.Expect, Role: c.Role, Tell: terms.tell(a, c.Role), Started: c.Started, Due: due, Fell: a.At, Noted: now, Late: c.Late(s.Calendar, now),
		}
		var names []string
		for _, ch := range s.Channels {
			names = append(names, ch.Name())
		}
		if err := s.Notices.AddNotice(ctx, n, names); err != nil {
			return c, err
		}
		err := s.Audit.Append(ctx, "clock."+string(a.Kind), "roleos", c.Draft, map[string]any{
			"clock": c.ID, "key": a.Key, "expect": c.Expect, "role": c.Role, "due": due, "fell": a.At, "digest": c.Digest, "late": n.Late.String(),
		})
		if err != nil {
			return c, err
		}
		c = c.Did(a.Key)
	}
	return c, nil
}

// claimed is how long a process has to send what it claimed.
const claimed = time.Minute

// Sweep looks at every clock that has something to do, notes what has fallen due,
// once for each clock and event, and sends it through the channels. It may run in
// many processes at once. It never moves a draft: silence is late, not a yes. It
// returns how many notices were new.
func (s *Service) Sweep(ctx context.Context) (int, error) {
	if s.Clocks == nil {
		return 0, nil
	}
	taken := 0
	var errs []error
	for {
		now := s.Now().UTC()
		due, err := s.Clocks.DueClocks(ctx, now, 100)
		if err != nil {
			return taken, err
		}
		progress := false
		for _, c := range due {
			n, moved, err := s.sweep(ctx, c, now)
			if err != nil { // the others go on
				errs = append(errs, fmt.Errorf("clock %s: %w", c.ID, err))
				continue
			}
			taken += n
			progress = progress || moved
		}
		if len(due) < 100 || !progress {
			return taken, errors.Join(append(errs, s.send(ctx, now))...)
		}
	}
}

// sweep takes what one clock has due. Of two processes one does it.
func (s *Service) sweep(ctx context.Context, c clock.Clock, now time.Time) (taken int, moved bool, err error) {
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		taken = 0
		d, err := s.Drafts.Draft(ctx, c.Draft)
		if err != nil {
			return err
		}
		next, err := s.take(ctx, d, c, now)
		if err != nil {
			return err
		}
		taken = len(next.Done) - len(c.Done)
		return s.Clocks.MoveClock(ctx, next, c, s.next(next))
	})
	if err != nil && fault.KindOf(err) == fault.Conflict {
		return 0, false, nil // another process, or the taker's own act, was first
	}
	return taken, err == nil, err
}

// send gives every notice that waits to its channel. What a channel does not
// take waits for the next sweep.
func (s *Service) send(ctx context.Context, now time.Time) error {
	var errs []error
	for _, ch := range s.Channels {
		waiting, err := s.Notices.ClaimNotices(ctx, ch.Name(), now, now.Add(claimed))
		if err != nil {
			return err
		}
		for _, n := range waiting {
			failed := ""
			if err := ch.Send(ctx, n); err != nil {
				failed = err.Error()
				errs = append(errs, fmt.Errorf("notice %s through %s: %w", n.ID(), ch.Name(), err))
			}
			if err := s.Notices.NoticeSent(ctx, n, ch.Name(), now, failed); err != nil {
				return err
			}
		}
	}
	return errors.Join(errs...)
}

// Timing is one clock as a person sees it.
type Timing struct {
	clock.Clock
	Due    time.Time     `json:"due,omitzero"` // zero while a pause keeps it open
	Left   time.Duration `json:"left"`         // time that counts; negative when late
	Paused string        `json:"paused,omitempty"`
	Broken bool          `json:"broken"` // it is late, or ended late
}

// Timings returns the draft's clocks as they stand, oldest first; of all drafts for "".
func (s *Service) Timings(ctx context.Context, draft string) ([]Timing, error) {
	if s.Clocks == nil {
		return nil, nil
	}
	all, err := s.Clocks.Clocks(ctx, draft)
	return s.timed(all), err
}

// OpenTimings returns the clocks that have something to do and those of drafts
// between publication and close as they stand, oldest first.
func (s *Service) OpenTimings(ctx context.Context) ([]Timing, error) {
	if s.Clocks == nil {
		return nil, nil
	}
	all, err := s.Clocks.OpenClocks(ctx)
	return s.timed(all), err
}

func (s *Service) timed(all []clock.Clock) []Timing {
	now := s.Now()
	out := make([]Timing, 0, len(all))
	for _, c := range all {
		t := Timing{Clock: c, Left: c.Left(s.Calendar, now), Broken: c.Broken(s.Calendar, now)}
		t.Due, _ = c.Due(s.Calendar)
		if p, ok := c.Paused(); ok {
			t.Paused = p.Reason
		}
		out = append(out, t)
	}
	return out
}

// Count is what one role gives and takes. A role that takes and never gives is
// one whose work ends with itself.
type Count struct {
	Role    string `json:"role"`
	Gave    int    `json:"gave"`    // published to others
	Took    int    `json:"took"`    // acknowledged, started or closed
	Waiting int    `json:"waiting"` // published to it and not acknowledged
	Refused int    `json:"refused"`
	Late    int    `json:"late"` // promises it broke
}

// Counts tells for every role that takes part what it gave and took, in order of
// the roles. moves and terms are those of all drafts.
func Counts(moves []Move, terms func(draft string) (Terms, bool), clocks []Timing) []Count {
	by := map[string]*Count{}
	role := func(name string) *Count {
		if by[name] == nil {
			by[name] = &Count{Role: name}
		}
		return by[name]
	}
	waiting := map[string]string{}
	for _, m := range moves {
		t, ok := terms(m.Draft)
		if !ok {
			continue
		}
		from, to := role(t.From.Role), role(t.To.Role)
		delete(waiting, m.Draft)
		switch {
		case m.To == Published:
			from.Gave++
			waiting[m.Draft] = t.To.Role
		case m.To == Acknowledged:
			to.Took++
		case m.To == Drafted && (m.From == Published || m.From == Acknowledged):
			to.Refused++
		}
	}
	for _, name := range waiting {
		role(name).Waiting++
	}
	for _, c := range clocks {
		if c.Broken {
			role(c.Role).Late++
		}
	}
	out := make([]Count, 0, len(by))
	for _, c := range by {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b Count) int { return cmp.Compare(a.Role, b.Role) })
	return out
}
