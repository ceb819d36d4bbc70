package guardrails

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Limits on an envelope itself.
const (
	MaxRules     = 32
	MaxFolders   = 1_000 // in a rule
	MaxSequences = 32
)

// Everything, as a folder in a rule, covers the whole target.
const Everything = "."

// Million is the whole of a share: MostShare counts in millionths.
const Million = 1_000_000

// Envelope is the most that a proposer may touch. The zero value allows
// nothing, and every limit that is not set is zero and allows nothing.
type Envelope struct {
	Allow        []Rule        `json:"allow"`
	Window       time.Duration `json:"window"`              // over which Most, MostShare, MostMoney and MostTokens add up, nanoseconds
	MostShare    int64         `json:"most_share"`          // of the target's existing objects, in millionths; small sets are not exempt
	Rate         Rate          `json:"rate"`                // over all operations
	MostMoney    int64         `json:"most_money"`          // millionths of the workspace's currency
	MostTokens   int64         `json:"most_tokens"`         //
	Stop         Stop          `json:"stop"`                // required for every write
	Irreversible bool          `json:"irreversible"`        // whether changes without a proven inverse may be proposed at all
	Tainted      bool          `json:"tainted"`             // whether a run that read untrusted text may propose destructive changes
	Sequences    []Sequence    `json:"sequences,omitempty"` // refused beside the built-in ones
}

// Rule allows one operation on one target.
type Rule struct {
	Target string   `json:"target"`
	Op     string   `json:"op"`
	Under  []string `json:"under"` // folders or objects, slash-separated; Everything covers the target; none covers nothing
	Most   int64    `json:"most"`  // objects in the window, creations and cascades included
}

// Rate is the most objects in a period. The zero value allows none.
type Rate struct {
	Most int64         `json:"most"`
	Per  time.Duration `json:"per"` // nanoseconds
}

// Stop says when an apply halts between two operations. The first divergence
// and the first unknown outcome halt it always.
type Stop struct {
	After    time.Duration `json:"after"`    // the longest an apply may take, nanoseconds; zero refuses every write
	Failures int           `json:"failures"` // failed operations that are borne; zero halts at the first
}

// Sequence refuses changes of class Then in a run that before it did what First flags.
type Sequence struct {
	First Flags `json:"first"`
	Then  Class `json:"then"`
}

// Flags mark what a step of a run met. They combine.
type Flags uint8

// The flags.
const (
	Sensitive Flags = 1 << iota // read data that must not leave
	Untrusted                   // read text that somebody outside wrote
)

// Event is one earlier step of the run that proposes a set.
type Event struct {
	Step  string `json:"step"`
	Class Class  `json:"class"`
	Flags Flags  `json:"flags"`
}

// builtin reports whether a change of class c is refused after flags in every
// envelope: what was read in confidence does not leave.
func builtin(flags Flags, c Class) bool { return flags&Sensitive != 0 && c == Send }

// Check returns what is wrong with the envelope's form, nil when it can be evaluated.
func (e Envelope) Check() error {
	if len(e.Allow) > MaxRules || len(e.Sequences) > MaxSequences {
		return fmt.Errorf("an envelope has at most %d rules and %d sequences", MaxRules, MaxSequences)
	}
	for i, r := range e.Allow {
		if r.Target == "" || r.Op == "" {
			return fmt.Errorf("rule %d names no target or no operation", i+1)
		}
		if len(r.Under) > MaxFolders {
			return fmt.Errorf("rule %d names more than %d folders", i+1, MaxFolders)
		}
		for _, o := range e.Allow[:i] {
			if o.Target == r.Target && o.Op == r.Op {
				return fmt.Errorf("two rules for %s on %s: write one with both folders", r.Op, r.Target)
			}
		}
	}
	if e.MostShare < 0 || e.MostShare > Million {
		return fmt.Errorf("most_share is %d: 0 to %d millionths", e.MostShare, Million)
	}
	if e.Window < 0 || e.Rate.Per < 0 || e.Stop.After < 0 || e.Stop.Failures < 0 {
		return errors.New("an envelope's times and counts are not negative")
	}
	return nil
}

// Tighten returns an envelope that allows nothing that either refuses: the common
// rules, the smaller limits, the longer windows, the refusals of either. Neither
// argument can widen the other.
func (e Envelope) Tighten(o Envelope) Envelope {
	t := Envelope{
		Window:       longer(e.Window, o.Window),
		MostShare:    min(e.MostShare, o.MostShare),
		Rate:         Rate{Most: min(e.Rate.Most, o.Rate.Most), Per: longer(e.Rate.Per, o.Rate.Per)},
		MostMoney:    min(e.MostMoney, o.MostMoney),
		MostTokens:   min(e.MostTokens, o.MostTokens),
		Stop:         Stop{After: min(e.Stop.After, o.Stop.After), Failures: min(e.Stop.Failures, o.Stop.Failures)},
		Irreversible: e.Irreversible && o.Irreversible,
		Tainted:      e.Tainted && o.Tainted,
	}
	for _, a := range e.Allow {
		for _, b := range o.Allow {
			if a.Target != b.Target || a.Op != b.Op {
				continue
			}
			t.Allow = append(t.Allow, Rule{
				Target: a.Target, Op: a.Op, Most: min(a.Most, b.Most), Under: narrower(a.Under, b.Under),
			})
		}
	}
	for _, s := range append(append([]Sequence(nil), e.Sequences...), o.Sequences...) {
		known := false
		for _, k := range t.Sequences {
			known = known || k == s
		}
		if !known {
			t.Sequences = append(t.Sequences, s)
		}
	}
	return t
}

// longer returns the longer period, since more adds up in it; none when either
// is not set, since that allows nothing.
func longer(a, b time.Duration) time.Duration {
	if min(a, b) <= 0 {
		return 0
	}
	return max(a, b)
}

// narrower returns the folders that lie in one of a and in one of b.
func narrower(a, b []string) []string {
	var out []string
	add := func(s string) {
		for _, o := range out {
			if o == s {
				return
			}
		}
		out = append(out, s)
	}
	for _, x := range a {
		for _, y := range b {
			switch {
			case under(x, y):
				add(x)
			case under(y, x):
				add(y)
			}
		}
	}
	return out
}

// covers reports whether the rule's folders contain the object.
func (r *Rule) covers(object string) bool {
	for _, u := range r.Under {
		if under(object, u) {
			return true
		}
	}
	return false
}

// under reports whether object is folder or lies in it, by whole path elements.
// A path that could step out again lies nowhere.
func under(object, folder string) bool {
	if object == "" || folder == "" {
		return false
	}
	in := folder == Everything || object == folder ||
		(len(object) > len(folder) && object[len(folder)] == '/' && object[:len(folder)] == folder)
	return in && !dotted(object)
}

// dotted reports whether a path has an element "..".
func dotted(p string) bool {
	if !strings.Contains(p, "..") {
		return false
	}
	for e := range strings.SplitSeq(p, "/") {
		if e == ".." {
			return true
		}
	}
	return false
}
