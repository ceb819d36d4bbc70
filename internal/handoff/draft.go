package handoff

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// State is where a draft stands on its way to the next role:
//
//	drafted      -> validated, in_review, rejected
//	validated    -> drafted, in_review, approved, rejected
//	in_review    -> drafted, approved, rejected
//	approved     -> drafted, in_review, rejected, published
//	published    -> drafted, in_review, acknowledged
//	acknowledged -> drafted, in_review, started
//	started      -> in_review, closed
//	closed       -> nothing
//	rejected     -> nothing
//
// Validated means that every gate passed that no person has to attest. Back to
// drafted: changes were requested, or the taker refused it. Back to in_review: it
// was edited, or its publication was refused or undone.
type State string

// The states of a draft.
const (
	Drafted      State = "drafted"   // made, its contract not passed
	Validated    State = "validated" // its contract passed, but for what people attest
	InReview     State = "in_review" // a person has opened or commented it
	Approved     State = "approved"  // a person approved this revision; its change set waits
	Published    State = "published" // the taker's clock runs
	Acknowledged State = "acknowledged"
	Started      State = "started" // the next stage has begun
	Closed       State = "closed"
	Rejected     State = "rejected"
)

func (s State) next() []State {
	switch s {
	case Drafted:
		return []State{Validated, InReview, Rejected}
	case Validated:
		return []State{Drafted, InReview, Approved, Rejected}
	case InReview:
		return []State{Drafted, Approved, Rejected}
	case Approved:
		return []State{Drafted, InReview, Rejected, Published}
	case Published:
		return []State{Drafted, InReview, Acknowledged}
	case Acknowledged:
		return []State{Drafted, InReview, Started}
	case Started:
		return []State{InReview, Closed}
	case Closed, Rejected:
		return nil
	}
	return nil
}

// Open reports whether the draft still takes reviews.
func (s State) Open() bool {
	return s == Drafted || s == Validated || s == InReview || s == Approved
}

// To returns the state after a move to next, or an error that names both.
func (s State) To(next State) (State, error) {
	if slices.Contains(s.next(), next) {
		return next, nil
	}
	return s, fmt.Errorf("a draft that is %s cannot become %s", s, next)
}

// Draft is one artefact on its way. Its content is in its revisions.
type Draft struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind"` // feedback-synthesis, ...
	Title     string    `json:"title"`
	Agent     string    `json:"agent"`
	Run       string    `json:"run"`
	Records   string    `json:"records"`  // id of the record set it was made from
	Contract  string    `json:"contract"` // id@version, pinned when the run started
	State     State     `json:"state"`
	Revision  int       `json:"revision"` // number of the newest revision, from 1
	ChangeSet string    `json:"change_set,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Revision is one immutable version of a draft.
type Revision struct {
	Draft  string    `json:"draft"`
	N      int       `json:"n"`      // from 1
	Digest string    `json:"digest"` // "sha256:..." of Body; the revision's name
	Body   []byte    `json:"-"`      // the artefact's JSON, as it was checked
	Check  []byte    `json:"-"`      // contract result as JSON
	Passed bool      `json:"passed"` // the contract passed
	By     string    `json:"by"`     // principal: "agent:feedback-river" or "person:..."
	Note   string    `json:"note"`   // what changed, in a sentence
	At     time.Time `json:"at"`
}

// Verdict is what a reviewer did.
type Verdict string

// The verdicts.
const (
	Approve        Verdict = "approve"
	RequestChanges Verdict = "request_changes"
	Reject         Verdict = "reject"
	Comment        Verdict = "comment"
	Edit           Verdict = "edit"
)

// Review is one act of a reviewer, bound to the revision it was about.
type Review struct {
	ID      string    `json:"id"`
	Draft   string    `json:"draft"`
	N       int       `json:"revision"`
	Digest  string    `json:"digest"` // of that revision
	By      string    `json:"by"`
	Verdict Verdict   `json:"verdict"`
	Text    string    `json:"text,omitempty"`
	At      time.Time `json:"at"`
}

// Drafts keeps drafts and revisions. Every method joins the transaction in ctx
// when there is one.
type Drafts interface {
	// SaveDraft writes d. It fails with fault.Conflict when the stored draft's
	// revision or state is not the one given, so that of two writers one loses.
	// A new draft is saved with was == nil.
	SaveDraft(ctx context.Context, d Draft, was *Draft) error
	// AddRevision appends r; fault.Conflict when number r.N exists with other bytes.
	AddRevision(ctx context.Context, r Revision) error
	// Draft returns the draft; fault.NotFound when there is none.
	Draft(ctx context.Context, id string) (Draft, error)
	// Revision returns revision n, the newest for n == 0; fault.NotFound.
	Revision(ctx context.Context, draft string, n int) (Revision, error)
}

// Reviews keeps what reviewers did.
type Reviews interface {
	AddReview(ctx context.Context, r Review) error
	// Reviews returns the reviews of a draft, oldest first.
	Reviews(ctx context.Context, draft string) ([]Review, error)
}
