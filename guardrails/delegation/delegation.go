package delegation

import (
	"cmp"
	"fmt"
	"strings"
)

// Mode is how a task is worked on. The zero value is Coordinated.
type Mode uint8

// The modes, from tight to loose.
const (
	Coordinated Mode = iota // contract and person first
	Autonomous              // verified afterwards
)

// String returns the mode's name.
func (m Mode) String() string {
	if m == Autonomous {
		return "autonomous"
	}
	return "coordinated"
}

// The values that a factor may have. Every other text is a missing factor.
const (
	CheapToFix     = "cheap-to-fix"
	NonNegotiable  = "non-negotiable"
	SingleTool     = "single"
	MultipleTools  = "multiple"
	SelfContained  = "self-contained"
	Interdependent = "interdependent"
)

// Factor is one judgement with its reason. The zero value is missing.
type Factor struct {
	Value  string `json:"value"`
	Reason string `json:"reason"`
}

// Factors are what the mode is computed from.
type Factors struct {
	ErrorTolerance Factor `json:"error_tolerance"` // CheapToFix or NonNegotiable
	ToolSpan       Factor `json:"tool_span"`       // SingleTool or MultipleTools
	Independence   Factor `json:"independence"`    // SelfContained or Interdependent
}

// Result is a mode with every reason for it.
type Result struct {
	Mode    Mode     `json:"mode"`
	Reasons []string `json:"reasons"` // why it is this mode, one line for each factor or fact
	// Because names only what makes it coordinated, in few words; none when autonomous.
	Because []string `json:"because,omitempty"`
}

// MarshalText writes the mode's name.
func (m Mode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads a mode's name; any other text is an error.
func (m *Mode) UnmarshalText(text []byte) error {
	switch string(text) {
	case Autonomous.String():
		*m = Autonomous
	case Coordinated.String():
		*m = Coordinated
	default:
		return fmt.Errorf("%q is no mode; there are %s and %s", text, Autonomous, Coordinated)
	}
	return nil
}

// tighten makes the result coordinated, for the reason.
func (r *Result) tighten(because string) {
	r.Mode = Coordinated
	r.Because = append(r.Because, because)
}

// Decide returns the mode that the factors allow.
func Decide(f Factors) Result {
	r := Result{Mode: Autonomous}
	for _, x := range []struct {
		name, easy, hard string
		factor           Factor
	}{
		{"error tolerance", CheapToFix, NonNegotiable, f.ErrorTolerance},
		{"tool span", SingleTool, MultipleTools, f.ToolSpan},
		{"independence", SelfContained, Interdependent, f.Independence},
	} {
		switch {
		case x.factor.Value != x.easy && x.factor.Value != x.hard:
			r.tighten(x.name + " is missing")
			r.Reasons = append(r.Reasons, fmt.Sprintf("%s is missing: it is neither %s nor %s", x.name, x.easy, x.hard))
		case strings.TrimSpace(x.factor.Reason) == "":
			r.tighten(x.name + " has no reason")
			r.Reasons = append(r.Reasons, fmt.Sprintf("%s is %s without a reason, which counts as missing", x.name, x.factor.Value))
		default:
			if x.factor.Value == x.hard {
				r.tighten(x.name + " is " + x.hard)
			}
			r.Reasons = append(r.Reasons, fmt.Sprintf("%s is %s: %s", x.name, x.factor.Value, x.factor.Reason))
		}
	}
	return r
}

// CleanReviews is how many reviews in a row have to be clean before a task that
// was demoted can be promoted again.
const CleanReviews = 10

// Record is what is known about a task's past and what people said about it.
// The zero value is a task without a past.
type Record struct {
	Failed    bool   // a contract has failed, or a change was taken back, since the last promotion
	Why       string // what failed; "" for "a contract failed"
	Clean     int    // clean reviews in a row since then
	PromoteBy string // the person who signed the promotion
	TightenBy string // the person who tightened the mode
	Because   string // that person's reason
}

// With returns the result as the record tightens it: a failed contract demotes
// at once, and promotion needs CleanReviews clean reviews and a signature. A
// record never makes a result autonomous that the factors do not allow.
func (r Result) With(rec Record) Result {
	out := Result{Mode: r.Mode, Reasons: append([]string(nil), r.Reasons...), Because: append([]string(nil), r.Because...)}
	if rec.TightenBy != "" {
		out.tighten("a person tightened it")
		out.Reasons = append(out.Reasons, fmt.Sprintf("%s tightened it: %s", rec.TightenBy, rec.Because))
	}
	if !rec.Failed {
		if rec.PromoteBy != "" {
			out.Reasons = append(out.Reasons, fmt.Sprintf("%s signed the promotion", rec.PromoteBy))
		}
		return out
	}
	why := cmp.Or(rec.Why, "a contract failed")
	switch {
	case rec.Clean < CleanReviews:
		out.tighten(why)
		out.Reasons = append(out.Reasons, fmt.Sprintf("%s; %d of %d clean reviews since", why, max(rec.Clean, 0), CleanReviews))
	case rec.PromoteBy == "":
		out.tighten(why)
		out.Reasons = append(out.Reasons, why+", and nobody has signed the promotion yet")
	default:
		out.Reasons = append(out.Reasons, fmt.Sprintf("%s signed the promotion after %d clean reviews", rec.PromoteBy, rec.Clean))
	}
	return out
}

// Step is one part of a task that is split.
type Step struct {
	Name    string  `json:"name"`
	Factors Factors `json:"factors"`
}

// StepResult is a step's mode.
type StepResult struct {
	Name string `json:"name"`
	Result
}

// Split returns each step's mode, and the task's as a whole: autonomous only
// when every step is. A task without steps is coordinated.
func Split(steps []Step) (whole Mode, each []StepResult) {
	if len(steps) == 0 {
		return Coordinated, nil
	}
	whole = Autonomous
	for _, s := range steps {
		r := StepResult{Name: s.Name, Result: Decide(s.Factors)}
		whole = min(whole, r.Mode)
		each = append(each, r)
	}
	return whole, each
}
