package contracts

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"sync"

	"roleos/contracts/gate"
	"roleos/contracts/schema"
)

// HandoffContract is the agreement between the role that gives a draft and the
// role that takes it. It is read once, never changed, and safe for concurrent use.
type HandoffContract struct {
	Kind        string     `yaml:"kind" json:"kind"` // HandoffContract
	ID          string     `yaml:"id" json:"id"`     // also its file's name
	Version     string     `yaml:"version" json:"version"`
	Tightens    string     `yaml:"tightens,omitempty" json:"tightens,omitempty"` // id@version whose gates it adds to
	Purpose     string     `yaml:"purpose" json:"purpose"`
	From        Party      `yaml:"from" json:"from"`
	To          Party      `yaml:"to" json:"to"`
	Governance  Governance `yaml:"governance" json:"governance"`
	Schema      string     `yaml:"schema" json:"schema"`                   // path of the artefact's JSON Schema
	Carry       *Carry     `yaml:"carry,omitempty" json:"carry,omitempty"` // what must not be lost, checked by the gate of kind carry
	Gates       []Gate     `yaml:"gates" json:"gates"`
	Raise       []Raised   `yaml:"raise,omitempty" json:"raise,omitempty"` // gates of the contract it tightens
	SLA         []Clock    `yaml:"sla,omitempty" json:"sla,omitempty"`
	Preferences []string   `yaml:"preferences,omitempty" json:"preferences,omitempty"` // prose for readers, never a gate

	src     source
	schema  *schema.Schema
	compile func() []compiled
}

// Carry says what of the upstream artefacts must not be lost.
type Carry = gate.Carry

// Party is one side of a handoff.
type Party struct {
	Role  string `yaml:"role" json:"role"`
	Stage string `yaml:"stage" json:"stage"`
}

// Governance is who answers for a contract and where its trail is.
type Governance struct {
	WorkflowOwner string `yaml:"workflow_owner" json:"workflow_owner"`
	SourceOfTruth string `yaml:"source_of_truth" json:"source_of_truth"`
	ServiceLevel  string `yaml:"service_level" json:"service_level"`
	AuditTrail    string `yaml:"audit_trail" json:"audit_trail"`
}

// Raised makes a gate of the tightened contract stricter.
type Raised struct {
	Gate string      `yaml:"gate" json:"gate"`
	To   Enforcement `yaml:"to" json:"to"`
}

// Enforcement says what a gate that does not pass does. The zero value is read as Deny.
type Enforcement string

// The enforcements, strictest first.
const (
	Deny  Enforcement = "deny"  // stops the draft
	Warn  Enforcement = "warn"  // is shown to the reviewer
	Audit Enforcement = "audit" // is recorded
)

// strictness orders enforcements; 0 is none.
func (e Enforcement) strictness() int {
	switch e {
	case Deny:
		return 3
	case Warn:
		return 2
	case Audit:
		return 1
	}
	return 0
}

// Gate is one check, as the contract writes it.
type Gate struct {
	ID          string      `yaml:"id" json:"id"`
	Says        string      `yaml:"says" json:"says"` // what it asks, for people
	Kind        gate.Kind   `yaml:"kind" json:"kind"`
	Enforcement Enforcement `yaml:"enforcement,omitempty" json:"enforcement"`
	Check       string      `yaml:"check,omitempty" json:"check,omitempty"`
	Over        []string    `yaml:"over,omitempty" json:"over,omitempty"`
	CEL         string      `yaml:"cel,omitempty" json:"cel,omitempty"`
	Observe     string      `yaml:"observe,omitempty" json:"observe,omitempty"`
	Exempt      []string    `yaml:"exempt,omitempty" json:"exempt,omitempty"`
	Cites       []string    `yaml:"cites,omitempty" json:"cites,omitempty"`
	AtLeast     *float64    `yaml:"at_least,omitempty" json:"at_least,omitempty"`
	AtMost      *float64    `yaml:"at_most,omitempty" json:"at_most,omitempty"`
	WhenEmpty   string      `yaml:"when_empty,omitempty" json:"when_empty,omitempty"` // "passes": it is meant to hold where there is nothing to look at
	By          string      `yaml:"by,omitempty" json:"by,omitempty"`                 // attestation: role:NAME
	NotBy       string      `yaml:"not_by,omitempty" json:"not_by,omitempty"`         // attestation: author
	Binds       string      `yaml:"binds,omitempty" json:"binds,omitempty"`           // attestation: draft.digest
	Mend        string      `yaml:"mend" json:"mend"`                                 // what would make it pass
	PassesOn    string      `yaml:"passes_on" json:"passes_on"`                       // path of an example
	FailsOn     string      `yaml:"fails_on" json:"fails_on"`

	src  source
	node int // its place in the file's list of gates
}

// spec returns the gate for the compiler; carry is the contract's.
func (g Gate) spec(carry *Carry) gate.Spec {
	if g.Kind != gate.Carried {
		carry = nil
	}
	return gate.Spec{
		ID: g.ID, Kind: g.Kind, Check: g.Check, CEL: g.CEL, Observe: g.Observe, Over: g.Over,
		Exempt: g.Exempt, Cites: g.Cites, AtLeast: g.AtLeast, AtMost: g.AtMost,
		By: g.By, NotBy: g.NotBy, Binds: g.Binds, Carry: carry,
	}
}

// Name returns id@version, by which a run pins its contract.
func (c *HandoffContract) Name() string { return c.ID + "@" + c.Version }

// Digest returns "sha256:" and the hex digest of the file the contract was read from.
func (c *HandoffContract) Digest() string {
	sum := sha256.Sum256(c.src.data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// compiled is a gate ready to check, or why it is not.
type compiled struct {
	gate    *gate.Gate
	problem *gate.Problem
}

// prepare makes the contract compile when it is first needed, once.
func (c *HandoffContract) prepare() {
	c.compile = sync.OnceValue(func() []compiled {
		compiler := gate.NewCompiler(c.schema)
		out := make([]compiled, len(c.Gates))
		for i, g := range c.Gates {
			made, err := compiler.Compile(g.spec(c.Carry))
			out[i].gate = made
			if p, ok := err.(*gate.Problem); ok { //nolint:errorlint // Compile returns it bare
				out[i].gate, out[i].problem = nil, p
			}
		}
		return out
	})
}

// source is the file a contract or a gate was read from.
type source struct {
	files  fs.FS
	name   string
	data   []byte
	places []map[string]place // of every key of every gate
}
