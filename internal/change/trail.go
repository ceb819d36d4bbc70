package change

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"roleos/guardrails"
	"roleos/internal/fault"
)

// Trace is one thing that the audit log says about a change set.
type Trace struct {
	Kind   string // change.planned, change.applying, effect.done, ...
	Detail json.RawMessage
}

// Untrue says where a ledger differs from the sealed set and from the audit log,
// one sentence each; none means that the ledger may be believed. trail is what
// the log says about the set, oldest first. A row that says that something has
// happened, or has not, needs the log's word for it: rows alone can be edited.
func Untrue(set Set, effects []Effect, c guardrails.Content, trail []Trace) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	want := effectsOf(c)
	if len(effects) != len(want) {
		say("the ledger has %d effects, the set has %d changes", len(effects), len(want))
	}
	told := map[int]EffectState{}
	planned, begun := false, 0
	for _, t := range trail {
		var d struct {
			Index  int    `json:"index"`
			Digest string `json:"digest"`
		}
		if json.Unmarshal(t.Detail, &d) != nil {
			continue
		}
		switch t.Kind {
		case "change.planned":
			planned = planned || d.Digest == set.Digest
		case "change.applying":
			begun++
		case "effect.done", "effect.failed", "effect.unknown":
			told[d.Index] = EffectState(t.Kind[len("effect."):])
		}
	}
	if !planned {
		say("the log does not know that this set was planned")
	}
	switch set.State {
	case Planned, Staged, Granted:
		if begun > 0 {
			say("the ledger says that it has not begun, the log says that it has")
		}
	case Applying, Applied, Halted:
		if begun == 0 {
			say("the ledger says that it has begun, the log does not know of it")
		}
	case Rejected, Stale:
	}
	for i := range min(len(effects), len(want)) {
		e, w := effects[i], want[i]
		name := guardrails.Visible(w.Object)
		if e.Index != w.Index || e.Op != w.Op || e.Object != w.Object || e.Class != w.Class || e.Objects != w.Objects || e.Touched != w.Touched {
			say("effect %d of the ledger is not change %d of the set (%s)", i, i, name)
		}
		switch told, known := told[i]; {
		case (e.State == EffectDone || e.State == EffectFailed || e.State == EffectUnknown) && told != e.State:
			say("the ledger says that %s is %s, the log %s", name, e.State, orNothing(string(told)))
		case known && e.State != told:
			say("the log says that %s is %s, the ledger %s", name, told, e.State)
		}
	}
	return out
}

func orNothing(s string) string {
	if s == "" {
		return "does not"
	}
	return "says " + s
}

// believe refuses to act on a ledger that the sealed set or the log contradicts.
func (s *Service) believe(ctx context.Context, out Outcome, cs *guardrails.ChangeSet) error {
	if s.o.Trail == nil {
		return nil
	}
	trail, err := s.o.Trail(ctx, out.Set.ID)
	if err != nil {
		return err
	}
	if found := Untrue(out.Set, out.Effects, cs.Content(), trail); len(found) > 0 {
		// The ledger was read before the log: another process may have moved both.
		now, err := s.Get(ctx, out.Set.ID)
		if err != nil {
			return err
		}
		if now.Set.State != out.Set.State || !slices.Equal(now.Effects, out.Effects) {
			return fault.New(fault.Conflict, "change.apply", "%s is being applied already", out.Set.ID)
		}
		return fault.New(fault.Denied, "change.ledger", "the ledger of %s cannot be believed: %s", out.Set.ID, found[0]).
			WithMend("Somebody changed the store. Look: roleos doctor, roleos audit verify")
	}
	return nil
}

// Doubts says where the set's ledger cannot be believed; none means that it can.
// It fails with fault.NotFound, and with fault.Denied for bytes that are not the
// ones that were planned.
func (s *Service) Doubts(ctx context.Context, id string) ([]string, error) {
	out, err := s.Get(ctx, id)
	if err != nil || s.o.Trail == nil {
		return nil, err
	}
	if out.Set.Erased {
		return nil, nil // nothing is left to hold the ledger against
	}
	cs, err := guardrails.Open(out.Set.Bytes)
	if err != nil {
		return nil, err
	}
	trail, err := s.o.Trail(ctx, id)
	if err != nil {
		return nil, err
	}
	return Untrue(out.Set, out.Effects, cs.Content(), trail), nil
}
