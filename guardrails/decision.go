package guardrails

import (
	"fmt"
	"strings"
)

// Decision is what Evaluate says. The zero value is a denial.
type Decision struct {
	Allow   bool     `json:"allow"`
	Reasons []Reason `json:"reasons,omitempty"` // every one, in the order of the constraints; none when allowed
}

// Reason is one ground for a denial.
type Reason struct {
	Code       Code       `json:"code"`
	Constraint Constraint `json:"constraint"`
	Message    string     `json:"message"` // what was found against what holds
	Mend       string     `json:"mend"`    // what would change the answer
}

// Constraint names one of the five.
type Constraint string

// The five constraints.
const (
	BlastRadius     Constraint = "blast_radius"
	WriteNarrow     Constraint = "write_narrow"
	Irreversibility Constraint = "irreversibility"
	Staging         Constraint = "staging"
	Confirmation    Constraint = "confirmation"
)

// Code names a reason for programs. Codes are stable.
type Code string

// The codes.
const (
	NoChangeSet        Code = "no_change_set"
	NoEnvelope         Code = "no_envelope"
	Unmeasured         Code = "unmeasured"
	TooManyObjects     Code = "too_many_objects"
	TooLargeShare      Code = "too_large_share"
	TooFast            Code = "too_fast"
	TooMuchMoney       Code = "too_much_money"
	TooManyTokens      Code = "too_many_tokens"
	UsageUnknown       Code = "usage_unknown"
	NoStopCondition    Code = "no_stop_condition"
	NotNamed           Code = "not_named"
	OutsideFolders     Code = "outside_folders"
	UnknownEffect      Code = "unknown_effect"
	ForbiddenSequence  Code = "forbidden_sequence"
	TaintedDestruction Code = "tainted_destruction"
	Irreversible       Code = "irreversible"
	ProofExpired       Code = "proof_expired"
	ProofVoid          Code = "proof_void"
	NotStaged          Code = "not_staged"
	Diverged           Code = "diverged"
	Drift              Code = "drift"
	PolicyChanged      Code = "policy_changed"
	ContractChanged    Code = "contract_changed"
	EnvironmentChanged Code = "environment_changed"
	TargetChanged      Code = "target_changed"
	NoGrant            Code = "no_grant"
	GrantForOther      Code = "grant_for_other"
	GrantExpired       Code = "grant_expired"
	NotAPerson         Code = "not_a_person"
	SelfApproval       Code = "self_approval"
	SoloNotSet         Code = "solo_not_set"
	NameNotTyped       Code = "name_not_typed"
	SecondPerson       Code = "second_person"
	StandingVoid       Code = "standing_void"
	StandingGuarded    Code = "standing_guarded"
)

// String returns "allowed", or "denied" with every reason on a line of its own.
func (d Decision) String() string {
	if d.Allow {
		return "allowed"
	}
	var b strings.Builder
	b.WriteString("denied")
	for _, r := range d.Reasons {
		fmt.Fprintf(&b, "\n  %s (%s): %s", r.Code, r.Constraint, r.Message)
		if r.Mend != "" {
			b.WriteString(" " + r.Mend)
		}
	}
	return b.String()
}

// Has reports whether the decision names the code.
func (d Decision) Has(c Code) bool {
	for _, r := range d.Reasons {
		if r.Code == c {
			return true
		}
	}
	return false
}

// deny adds a reason. Names in args that others wrote are quoted by the callers.
func (d *Decision) deny(k Constraint, c Code, mend, format string, args ...any) {
	d.Reasons = append(d.Reasons, Reason{Code: c, Constraint: k, Message: fmt.Sprintf(format, args...), Mend: mend})
}
