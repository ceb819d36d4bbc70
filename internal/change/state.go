package change

import (
	"fmt"
	"slices"
)

// State is where a change set stands.
//
//	planned ──> staged ──> granted ──> applying ──> applied
//	   │          │           │           └───────> halted
//	   ├──────────┴───────────┴──> rejected
//	   └──────────┴───────────┴──> stale                      (the target moved on: plan again)
type State string

// The states of a change set.
const (
	Planned  State = "planned"
	Staged   State = "staged"
	Granted  State = "granted"
	Applying State = "applying"
	Applied  State = "applied"
	Halted   State = "halted"
	Rejected State = "rejected"
	Stale    State = "stale"
)

func (s State) next() []State {
	switch s {
	case Planned:
		return []State{Staged, Rejected, Stale}
	case Staged:
		return []State{Granted, Rejected, Stale}
	case Granted:
		return []State{Applying, Rejected, Stale}
	case Applying:
		return []State{Applied, Halted}
	case Applied, Halted, Rejected, Stale:
		return nil
	}
	return nil
}

// To returns the state after a move to next, or an error that names both.
func (s State) To(next State) (State, error) {
	if slices.Contains(s.next(), next) {
		return next, nil
	}
	return s, fmt.Errorf("a change set that is %s cannot become %s", s, next)
}

// Done reports whether the set will not move any more.
func (s State) Done() bool { return len(s.next()) == 0 }

// EffectState is where one change of a set stands in the ledger.
//
//	planned ──> staged ──> proven ──> granted ──> executing ──> done
//	               │                    ^  ^          ├───────> failed
//	               ^ │         │        ^  ^          └───────> unknown
//	               │ └─────────│────────┘  └──────────┘         (read back after a crash: it had not happened)
//	               └───────────┘                                (staged again, and not undone this time)
type EffectState string

// The states of an effect.
const (
	EffectPlanned   EffectState = "planned"
	EffectStaged    EffectState = "staged"    // done on a copy as planned
	EffectProven    EffectState = "proven"    // and undone there
	EffectGranted   EffectState = "granted"   // a person confirmed it
	EffectExecuting EffectState = "executing" // durable before the write begins
	EffectDone      EffectState = "done"      // read back as planned
	EffectFailed    EffectState = "failed"    // read back as before
	EffectUnknown   EffectState = "unknown"   // read back as neither, or not readable: a person looks
)

func (s EffectState) next() []EffectState {
	switch s {
	case EffectPlanned:
		return []EffectState{EffectStaged}
	case EffectStaged:
		return []EffectState{EffectProven, EffectGranted}
	case EffectProven:
		return []EffectState{EffectGranted, EffectStaged}
	case EffectGranted:
		return []EffectState{EffectExecuting}
	case EffectExecuting:
		return []EffectState{EffectDone, EffectFailed, EffectUnknown, EffectGranted}
	case EffectDone, EffectFailed, EffectUnknown:
		return nil
	}
	return nil
}

// To returns the state after a move to next, or an error that names both.
func (s EffectState) To(next EffectState) (EffectState, error) {
	if slices.Contains(s.next(), next) {
		return next, nil
	}
	return s, fmt.Errorf("an effect that is %s cannot become %s", s, next)
}
