package change

import (
	"context"
	"crypto/ed25519"
	"errors"
	"time"

	"roleos/guardrails"
)

// What a target answers when it cannot do as asked.
var (
	ErrDrift     = errors.New("the object is not what it was when the change was planned")
	ErrNoStaging = errors.New("the target has no way to stage this")
	ErrNotDone   = errors.New("certainly nothing was done") // beside another error: no need to read back
)

// Intended is one write that somebody wants.
type Intended struct {
	Op     string
	Object string
	Body   []byte
}

// Write is one write that a target does now. It must not happen when the
// object's digest is not Before: then the target returns ErrDrift.
type Write struct {
	Key    string // the same for every attempt at this effect; targets that know idempotency keys pass it on
	Op     string
	Object string
	Body   []byte
	Before string // digest
	After  string // digest; empty when it cannot be told beforehand
}

// Target is something that a change can touch. Only this package calls Apply.
// Methods may be called concurrently.
type Target interface {
	// Plan reads the objects and measures what is intended. It writes nothing.
	Plan(ctx context.Context, intended []Intended) (Measured, error)
	// Stage returns a copy of these changes' objects, or ErrNoStaging.
	Stage(ctx context.Context, changes []guardrails.Change) (Stage, error)
	Object
}

// Object reads and writes one object.
type Object interface {
	// Read returns the object as it is. That it is absent is no error.
	Read(ctx context.Context, object string) (guardrails.State, error)
	// Apply does the write. After an error it may or may not have happened.
	Apply(ctx context.Context, w Write) error
}

// Measured is what a target says about intended writes.
type Measured struct {
	// Changes stand in the order of what was intended, each with its before-state,
	// the digest afterwards, all objects touched, and the inverse. Their class
	// is not the target's to say and comes from the manifest.
	Changes    []guardrails.Change
	Population int64  // objects in the target; below zero is not known
	Version    string // of the target's own schema; empty when it has none
}

// Registered is a target with what we say about it. The manifest is compiled in
// beside the target's own code; for a Foreign target only External makes one.
type Registered struct {
	Manifest guardrails.Manifest
	Target   Target
	// Ceiling tightens every proposer's envelope on this target; nil tightens nothing.
	Ceiling *guardrails.Envelope

	signed string // digest of the manifest whose signature was checked; empty when none was
	digest string // of Manifest; set by New
}

// Stage is a copy to try changes on. Close removes it.
type Stage interface {
	Object
	// Fingerprint returns a digest of everything in the copy.
	Fingerprint(ctx context.Context) (string, error)
	Close() error
}

// Set is a stored change set. Bytes never change.
type Set struct {
	ID        string
	Key       string // of the proposal; empty, or unique
	Digest    string
	Bytes     []byte
	Erased    bool // Bytes are gone, since personal data in them was erased: it can be neither applied nor undone
	State     State
	Proof     guardrails.Proof
	By        string
	Target    string
	Intent    string
	Undoes    string
	Cost      guardrails.Cost
	Owner     string // the process that applies it
	Reason    string // why it is where it stands, for a person
	CreatedAt time.Time
	UpdatedAt time.Time
	BegunAt   time.Time // when its grant was consumed
}

// Effect is one change of a set in the ledger.
type Effect struct {
	Set     string           `json:"set"`
	Index   int              `json:"index"`
	Op      string           `json:"op"`
	Object  string           `json:"object"`
	Class   guardrails.Class `json:"class"`
	Objects int64            `json:"objects"`
	Touched int64            `json:"touched"` // of these, objects that were there before
	State   EffectState      `json:"state"`
	Seen    string           `json:"seen,omitempty"` // digest read back
	Note    string           `json:"note,omitempty"`
	At      time.Time        `json:"at"`
}

// StoredGrant is a grant's bytes and what became of them.
type StoredGrant struct {
	ID        string
	Set       string
	Bytes     []byte
	Signature []byte
	Key       string // which key signed
	State     GrantState
	Expires   time.Time
	At        time.Time // of the last move
}

// GrantState is what became of a grant.
type GrantState string

// The states of a grant: waiting for a second person, open, used once, or void.
const (
	GrantPending GrantState = "pending"
	GrantOpen    GrantState = "open"
	GrantUsed    GrantState = "used"
	GrantVoid    GrantState = "void"
)

// Filter chooses change sets. Empty fields choose all.
type Filter struct {
	State  State
	Target string
	Key    string
	Undoes string
	Owner  string
}

// Sets stores change sets. Every method joins the transaction in ctx.
type Sets interface {
	// PutChangeSet stores a new set with its effects; fault.Conflict when its id or key exists.
	PutChangeSet(ctx context.Context, s Set, effects []Effect) error
	// ChangeSet returns the set; fault.NotFound.
	ChangeSet(ctx context.Context, id string) (Set, error)
	// MoveChangeSet writes all but Bytes and what names the set; fault.Conflict when the stored state is not was.
	MoveChangeSet(ctx context.Context, s Set, was State) error
	// ListChangeSets returns a page, newest first, and the next cursor, "" at the end.
	ListChangeSets(ctx context.Context, f Filter, cursor string, limit int) ([]Set, string, error)
}

// Effects stores the effect ledger. Every method joins the transaction in ctx.
type Effects interface {
	// Effects returns a set's effects in order.
	Effects(ctx context.Context, set string) ([]Effect, error)
	// MoveEffect writes state, seen, note and time; fault.Conflict when the stored
	// state is not was, or its set's owner is not the one given.
	MoveEffect(ctx context.Context, e Effect, was EffectState, owner string) error
	// Used adds up what by has begun on target since then, without the set except:
	// every effect of sets that are being applied, and of others every effect that was tried.
	Used(ctx context.Context, by, target string, since time.Time, except string) (Usage, error)
}

// Usage is what was touched before.
type Usage struct {
	Counts         []guardrails.Count // sorted by operation
	Touched, Total int64
	Cost           guardrails.Cost
}

// Grants stores grants. Every method joins the transaction in ctx.
type Grants interface {
	// PutGrant stores a grant and voids the set's other pending and open ones; fault.Conflict when its id exists.
	PutGrant(ctx context.Context, g StoredGrant) error
	// LastGrant returns the set's newest grant; fault.NotFound.
	LastGrant(ctx context.Context, set string) (StoredGrant, error)
	// MoveGrant changes the state; fault.Conflict when the stored state is not was.
	MoveGrant(ctx context.Context, g StoredGrant, was GrantState) error
}

// Audit is the tamper-evident log. An error keeps the move from happening.
type Audit interface {
	Append(ctx context.Context, kind, actor, subject string, detail any) error
}

// Keys signs grants. It is nothing an agent's code can reach.
type Keys interface {
	// Sign returns the signature and the name of the key.
	Sign(ctx context.Context, message []byte) (key string, signature []byte, err error)
	// Public returns the named key's public half.
	Public(ctx context.Context, key string) (ed25519.PublicKey, error)
}

// Hand does what was granted. It alone calls a target's Apply.
type Hand interface {
	// Do does one change of a granted set. An error that carries ErrNotDone says
	// that certainly nothing was done.
	Do(ctx context.Context, o Order) error
}

// Broker signs and does. A command has it within its own process; a service has
// it in a process of its own, beside which nothing can read the key.
type Broker interface {
	Keys
	Hand
}

// Order is one change of a set with the grant that it was confirmed under.
type Order struct {
	Set       *guardrails.ChangeSet
	Index     int
	Grant     []byte // as it was signed
	Signature []byte
	Key       string // which key signed
}

// Tx runs f in one transaction, which travels in the context. f may run again.
type Tx interface {
	InTx(ctx context.Context, f func(ctx context.Context) error) error
}

// Policy is what holds in this workspace.
type Policy struct {
	Version     string               // required
	Environment string               // required; "workspace", "staging", "production"
	Ceiling     *guardrails.Envelope // every proposer's envelope is tightened by it; nil tightens nothing
	Solo        bool                 // one person works here; marked on every grant
}

// Options is what a Service stands on. Fields without a default are required.
type Options struct {
	Sets    Sets
	Effects Effects
	Grants  Grants
	Tx      Tx
	Audit   Audit
	// Trail returns what the log says about a set, oldest first and proved. With it
	// nothing is done or undone on the word of a ledger that the log contradicts.
	Trail func(ctx context.Context, set string) ([]Trace, error)
	Keys  Keys
	// Hand does the writes. Default: this process, with Keys and Targets.
	Hand    Hand
	Targets []Registered
	Policy  Policy
	// Standing returns a standing delegation that is in force, as it was signed;
	// fault.NotFound when it is not, or was taken back. Default: there are none.
	Standing func(ctx context.Context, id string) (raw, signature []byte, key string, err error)
	// Contract returns the version that now holds of the contract a set was
	// planned under. Default: no contract is known, so that sets with one are refused.
	Contract func(ctx context.Context, planned string) (now string, err error)
	Now      func() time.Time
	NewID    func() string // unguessable: also makes nonces
	// GrantLife is how long a grant is good for. Default and most: guardrails.GrantLife.
	GrantLife time.Duration
	// ProofLife is how long a proof is good for. Default 24 hours.
	ProofLife time.Duration
	// Owner names this process; a process that takes its place has the same name. Default "local".
	Owner string
	// Span begins the span of an act on a set, or of the effect of one operation, for
	// those who operate this, and returns what ends it. It is told no object and no
	// text. set is "" when there is none yet. Default: nobody.
	Span func(ctx context.Context, act, set, op string) (context.Context, func(outcome string, err error))
	// Hook is called before and after every durable move and every write, with
	// the point's name. Tests kill the process in it. Default: nothing.
	Hook func(point string)
}
