package handoff

import (
	"context"
	"slices"
	"strings"
	"time"

	"roleos/internal/clock"
	"roleos/internal/fault"
)

// Terms are what a contract says about its two sides, about time, and about
// which of its gates a person attests.
type Terms struct {
	From     Side
	To       Side
	Owner    string // role that owns the workflow
	Promises []Promise
	Attests  []Attests
}

// Side is one side of a handoff.
type Side struct {
	Role  string `json:"role"`
	Stage string `json:"stage"`
}

// Promise is one clock of a contract.
type Promise struct {
	On       string // what starts it: published, acknowledged, ...
	Expect   string // what ends it: acknowledged, decide_started, closed, ...
	Role     string // who has to act
	Within   time.Duration
	Working  bool            // only the workspace's working time counts
	Remind   []time.Duration // time since its start
	Escalate bool            // somebody else is told when it is broken
}

// Attests is one gate that a person attests.
type Attests struct {
	Gate string
	Says string
	Role string // who may attest
}

// Termsheet reads the terms of a pinned contract ("id@version").
type Termsheet interface {
	Terms(ctx context.Context, contract string) (Terms, error)
}

// StateNamed returns the state that a contract's clock means: a state's own name,
// or a stage's begin, such as decide_started. ok is false for anything else.
func StateNamed(name string) (State, bool) {
	if strings.HasSuffix(name, "_"+string(Started)) {
		return Started, true
	}
	s := State(name)
	return s, slices.Contains(States(), s)
}

// States lists every state, in the order in which a draft meets them.
func States() []State {
	return []State{Drafted, Validated, InReview, Approved, Published, Acknowledged, Started, Closed, Rejected}
}

// Move is one change of a draft's state: who, when, and of which bytes.
type Move struct {
	Draft  string    `json:"draft"`
	N      int       `json:"n"`              // from 1
	From   State     `json:"from,omitempty"` // "" for the first
	To     State     `json:"to"`
	Digest string    `json:"digest"` // of the revision that was the newest
	By     string    `json:"by"`
	Role   string    `json:"role,omitempty"` // in which they acted, where a contract asks for one
	Text   string    `json:"text,omitempty"`
	At     time.Time `json:"at"`
}

// Notice is a reminder, a breach or an escalation that has fallen due. It stays
// as evidence, whatever happens to the draft.
type Notice struct {
	Clock    string        `json:"clock"`
	Key      string        `json:"key"` // unique in its clock
	Kind     clock.Kind    `json:"kind"`
	Step     int           `json:"step"`
	Draft    string        `json:"draft"`
	Title    string        `json:"title"`
	Digest   string        `json:"digest"`
	Contract string        `json:"contract"`
	Expect   string        `json:"expect"`
	Role     string        `json:"role"`           // who has to act
	Tell     string        `json:"tell,omitempty"` // role that is to hear of it
	Started  time.Time     `json:"started"`
	Due      time.Time     `json:"due,omitzero"`
	Fell     time.Time     `json:"fell"`  // when it fell due
	Noted    time.Time     `json:"noted"` // when it was noticed
	Late     time.Duration `json:"late"`  // time that counts behind the deadline when it was noticed
}

// tell returns the role that is to hear of an action: who has to act of a
// reminder, the giving side of the first escalation, and the workflow's owner of
// every further one. A breach is evidence; nobody is told.
func (t Terms) tell(a clock.Action, role string) string {
	switch {
	case a.Kind == clock.Reminder:
		return role
	case a.Kind == clock.Escalation && a.Step == 1:
		return t.From.Role
	case a.Kind == clock.Escalation:
		return t.Owner
	}
	return ""
}

// ID names the notice for whoever receives it: the same notice, the same name.
func (n Notice) ID() string { return n.Clock + "." + n.Key }

// Moves keeps every change of state. Both join the transaction in ctx.
type Moves interface {
	// AddMove appends m and returns its number.
	AddMove(ctx context.Context, m Move) (int, error)
	// Moves returns a draft's moves, oldest first.
	Moves(ctx context.Context, draft string) ([]Move, error)
}

// Clocks keeps the clocks. All join the transaction in ctx.
type Clocks interface {
	// AddClock stores c; a clock of that id that is there already stays as it is.
	AddClock(ctx context.Context, c clock.Clock, next time.Time) error
	// MoveClock replaces was by c. next is when it has something to do, zero for
	// never. fault.Conflict when the stored clock is not was.
	MoveClock(ctx context.Context, c, was clock.Clock, next time.Time) error
	// Clocks returns a draft's clocks, oldest first; those of all drafts for "".
	Clocks(ctx context.Context, draft string) ([]clock.Clock, error)
	// OpenClocks returns the clocks that have something to do and those of drafts
	// between publication and close, oldest first.
	OpenClocks(ctx context.Context) ([]clock.Clock, error)
	// DueClocks returns at most limit clocks that have something to do by now.
	DueClocks(ctx context.Context, now time.Time, limit int) ([]clock.Clock, error)
}

// Notices keeps what fell due, and whom it was sent to.
type Notices interface {
	// AddNotice stores n for the channels, once; it joins the transaction in ctx.
	AddNotice(ctx context.Context, n Notice, channels []string) error
	// ClaimNotices gives the caller the notices that wait for the channel, until
	// the time, so that no other process sends them meanwhile.
	ClaimNotices(ctx context.Context, channel string, now, until time.Time) ([]Notice, error)
	// NoticeSent notes that the channel took n, or why it did not.
	NoticeSent(ctx context.Context, n Notice, channel string, at time.Time, failed string) error
	// Notices returns a draft's notices, oldest first; those of all drafts for "".
	Notices(ctx context.Context, draft string) ([]Notice, error)
}

// Channel is a way by which notices leave the house. The same notice may come
// again after a crash; its ID tells.
type Channel interface {
	Name() string
	Send(ctx context.Context, n Notice) error
}

// Attestation is a person's word that one gate holds for these bytes.
type Attestation struct {
	ID     string    `json:"id"`
	Draft  string    `json:"draft"`
	Gate   string    `json:"gate"`
	Role   string    `json:"role"`
	Digest string    `json:"digest"` // another revision is not attested by it
	By     string    `json:"by"`
	Text   string    `json:"text,omitempty"`
	At     time.Time `json:"at"`
}

// Attestations keeps them. Both join the transaction in ctx.
type Attestations interface {
	// AddAttestation stores a; fault.Conflict when the person has attested the
	// gate for these bytes already.
	AddAttestation(ctx context.Context, a Attestation) error
	// Attestations returns a draft's attestations, oldest first.
	Attestations(ctx context.Context, draft string) ([]Attestation, error)
	// Recheck stores what the contract now says of a revision; its bytes stay.
	Recheck(ctx context.Context, r Revision) error
}

// Party is who acts: a person with the roles they hold.
type Party struct {
	ID    string // "person:..."
	Roles []string
}

// person refuses everybody who is none.
func (p Party) person(op string) error {
	if !strings.HasPrefix(p.ID, "person:") {
		return fault.New(fault.Denied, op, "%s is no person; only people answer for a handoff", p.ID)
	}
	return nil
}

// as returns an error unless the person may act in the role. Alone, a person
// holds every role, and every record says so.
func (s *Service) as(p Party, role, op, what string) error {
	if err := p.person(op); err != nil {
		return err
	}
	if !s.Team || slices.Contains(p.Roles, role) {
		return nil
	}
	holds := "no role"
	if len(p.Roles) > 0 {
		holds = strings.Join(p.Roles, ", ")
	}
	return fault.New(fault.Denied, op, "%s takes the role %s, and %s holds %s", what, role, p.ID, holds).
		WithMend("Ask somebody who holds it. Who holds which role stands in roleos.yaml under team.roles.")
}
