package handoff

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"roleos/internal/clock"
	"roleos/internal/evidence"
	"roleos/internal/fault"
)

// Gatekeeper runs a pinned contract over an artefact.
type Gatekeeper interface {
	// Check returns what the contract says of the subject. An error means that
	// nothing could be said, and counts as not passed.
	Check(ctx context.Context, s Subject) (Check, error)
}

// Subject is one revision with everything that its contract may ask about it.
type Subject struct {
	Draft        string // its id
	Run          string // that made its first revision
	Contract     string // id@version
	Body         []byte
	Digest       string // of Body
	Records      []evidence.Record
	Authors      []string // who wrote a revision of the draft and may not attest it
	Attestations []Attestation
}

// Check is what a contract said about one revision.
type Check struct {
	Passed bool
	Ready  bool   // every gate passed but those that wait for a person's word
	Report []byte // JSON, shown to the reviewer
}

// Evidence gives the records a draft was made from.
type Evidence interface {
	Records(ctx context.Context, set string) ([]evidence.Record, error)
}

// Auditor writes to the tamper-evident log, in the transaction of ctx.
type Auditor interface {
	Append(ctx context.Context, kind, actor, subject string, detail any) error
}

// Transactor runs f in one transaction that travels in its context.
type Transactor interface {
	InTx(ctx context.Context, f func(context.Context) error) error
}

// Editor applies a reviewer's edit to an artefact of one kind. It returns the
// new bytes and what changed in one sentence.
type Editor func(body []byte, edit []byte, by string, records []evidence.Record) (edited []byte, note string, err error)

// Service is the use case. It is safe for concurrent use: of two reviewers who
// act on the same state one gets fault.Conflict.
type Service struct {
	Drafts   Drafts
	Reviews  Reviews
	Evidence Evidence
	Gate     Gatekeeper
	Audit    Auditor
	Tx       Transactor
	Editors  map[string]Editor // by artefact kind
	Team     bool              // who wrote a revision does not approve it, and roles count

	// What happens behind the publication, and the clocks. Without them a draft's
	// way ends with its publication.
	Terms        Termsheet
	Moves        Moves
	Clocks       Clocks
	Notices      Notices
	Attestations Attestations
	Channels     []Channel
	Calendar     clock.Calendar
	// Heard is told of every move, in its transaction. Default: nobody is.
	Heard func(ctx context.Context, d Draft, m Move) error

	Now   func() time.Time
	NewID func(prefix string) string
}

// Submission is a fresh draft as an agent made it.
type Submission struct {
	ID       string // chosen by the caller, so that submitting twice is once
	Kind     string
	Title    string
	Agent    string
	Run      string
	Records  string
	Contract string
	Body     []byte
}

// Submit checks a fresh draft against its contract and stores it as revision 1.
// A draft that fails is stored as drafted, with what would mend it; it waits
// for nobody's review.
func (s *Service) Submit(ctx context.Context, in Submission) (Draft, Revision, error) {
	switch d, err := s.Drafts.Draft(ctx, in.ID); {
	case err == nil:
		r, err := s.Drafts.Revision(ctx, in.ID, 1)
		return d, r, err
	case fault.KindOf(err) != fault.NotFound:
		return Draft{}, Revision{}, err
	}
	author := "agent:" + in.Agent
	now := s.Now()
	d := Draft{
		ID: in.ID, Kind: in.Kind, Title: in.Title, Agent: in.Agent, Run: in.Run, Records: in.Records,
		Contract: in.Contract, State: Drafted, CreatedAt: now, UpdatedAt: now,
	}
	r, ready, err := s.revise(ctx, d, in.Body, author, "drafted by "+in.Agent)
	if err != nil {
		return Draft{}, Revision{}, err
	}
	d.Revision = r.N
	if ready {
		d.State = Validated
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Drafts.SaveDraft(ctx, d, nil); err != nil {
			return err
		}
		if err := s.Drafts.AddRevision(ctx, r); err != nil {
			return err
		}
		if err := s.note(ctx, "", d, Move{Digest: r.Digest, By: author}); err != nil {
			return err
		}
		return s.Audit.Append(ctx, "draft."+string(d.State), author, d.ID, map[string]any{
			"digest": r.Digest, "contract": d.Contract, "passed": r.Passed, "run": d.Run, "records": d.Records,
		})
	})
	return d, r, err
}

// revise makes and checks the draft's next revision; it stores nothing.
func (s *Service) revise(ctx context.Context, d Draft, body []byte, by, note string) (r Revision, ready bool, err error) {
	records, err := s.Evidence.Records(ctx, d.Records)
	if err != nil {
		return Revision{}, false, err
	}
	sum := sha256.Sum256(body)
	digest := "sha256:" + hex.EncodeToString(sum[:])
	check, err := s.check(ctx, d, body, digest, records, by)
	if err != nil {
		return Revision{}, false, err
	}
	return Revision{
		Draft: d.ID, N: d.Revision + 1, Digest: digest, Body: body,
		Check: check.Report, Passed: check.Passed, By: by, Note: note, At: s.Now(),
	}, check.Ready, nil
}

// check runs the draft's contract over the bytes, with what people have attested.
// by is who writes them now, "" for bytes that are stored already.
func (s *Service) check(ctx context.Context, d Draft, body []byte, digest string, records []evidence.Record, by string) (Check, error) {
	sub := Subject{Draft: d.ID, Run: d.Run, Contract: d.Contract, Body: body, Digest: digest, Records: records}
	if terms, err := s.terms(ctx, d.Contract); err != nil {
		return Check{}, err
	} else if len(terms.Attests) > 0 {
		if sub.Attestations, err = s.Attestations.Attestations(ctx, d.ID); err != nil {
			return Check{}, err
		}
		if sub.Authors, err = s.authors(ctx, d); err != nil {
			return Check{}, err
		}
		if by != "" && !slices.Contains(sub.Authors, by) {
			sub.Authors = append(sub.Authors, by)
		}
		if !s.Team { // alone, a person is on both sides, and every record says so
			sub.Authors = slices.DeleteFunc(sub.Authors, func(id string) bool { return strings.HasPrefix(id, "person:") })
		}
	}
	return s.Gate.Check(ctx, sub)
}

// terms reads a contract's terms; none without a reader of them.
func (s *Service) terms(ctx context.Context, contract string) (Terms, error) {
	if s.Terms == nil {
		return Terms{}, nil
	}
	return s.Terms.Terms(ctx, contract)
}

// Recheck runs the contract over the newest revision again, from its stored bytes.
func (s *Service) Recheck(ctx context.Context, draft string) (Check, error) {
	d, err := s.Drafts.Draft(ctx, draft)
	if err != nil {
		return Check{}, err
	}
	head, err := s.Drafts.Revision(ctx, draft, 0)
	if err != nil {
		return Check{}, err
	}
	records, err := s.Evidence.Records(ctx, d.Records)
	if err != nil {
		return Check{}, err
	}
	return s.check(ctx, d, head.Body, head.Digest, records, "")
}

// Act is one thing a reviewer does.
type Act struct {
	Draft string
	By    string // "person:..."
	// Digest names the revision the reviewer looked at; "" means the newest.
	// Another newest revision makes the act stale.
	Digest  string
	Verdict Verdict
	Text    string
	Edit    []byte // for Verdict Edit
}

// Review performs the act and returns the draft and its newest revision.
func (s *Service) Review(ctx context.Context, a Act) (Draft, Revision, error) {
	const op = "review"
	if !strings.HasPrefix(a.By, "person:") {
		return Draft{}, Revision{}, fault.New(fault.Denied, op, "%s is no person; only people review", a.By)
	}
	was, err := s.Drafts.Draft(ctx, a.Draft)
	if err != nil {
		return Draft{}, Revision{}, err
	}
	head, err := s.Drafts.Revision(ctx, a.Draft, 0)
	if err != nil {
		return was, Revision{}, err
	}
	if a.Digest != "" && a.Digest != head.Digest {
		return was, head, fault.New(fault.Stale, op, "draft %s has changed since you looked: revision %d by %s (%s)", was.ID, head.N, head.By, head.Note).
			WithMend("Look again: roleos drafts show %s", was.ID)
	}
	next, rev, err := s.decide(ctx, was, head, a)
	if err != nil {
		return was, head, err
	}
	next.UpdatedAt = s.Now()
	review := Review{ID: s.NewID("rv"), Draft: was.ID, N: rev.N, Digest: rev.Digest, By: a.By, Verdict: a.Verdict, Text: a.Text, At: next.UpdatedAt}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Drafts.SaveDraft(ctx, next, &was); err != nil {
			return err
		}
		if rev.N != head.N {
			if err := s.Drafts.AddRevision(ctx, rev); err != nil {
				return err
			}
		}
		if err := s.Reviews.AddReview(ctx, review); err != nil {
			return err
		}
		if err := s.note(ctx, was.State, next, Move{Digest: rev.Digest, By: a.By, Text: a.Text}); err != nil {
			return err
		}
		return s.Audit.Append(ctx, "review."+string(a.Verdict), a.By, was.ID, map[string]any{
			"digest": rev.Digest, "from": was.State, "to": next.State, "text": a.Text, "note": rev.Note,
		})
	})
	if err != nil {
		return was, head, err
	}
	return next, rev, nil
}

// decide says what the act makes of the draft.
func (s *Service) decide(ctx context.Context, d Draft, head Revision, a Act) (Draft, Revision, error) {
	const op = "review"
	if !d.State.Open() {
		return d, head, fault.New(fault.Conflict, op, "draft %s is %s; it takes no more reviews", d.ID, d.State)
	}
	switch a.Verdict {
	case Comment:
		if strings.TrimSpace(a.Text) == "" {
			return d, head, fault.New(fault.Invalid, op, "a comment needs text").WithMend("Add: --text \"...\"")
		}
		if d.State == Validated {
			d.State = InReview
		}
		return d, head, nil
	case RequestChanges, Reject:
		if strings.TrimSpace(a.Text) == "" {
			return d, head, fault.New(fault.Invalid, op, "say what is wrong, so that it can be mended").WithMend("Add: --text \"...\"")
		}
		d.State, d.ChangeSet = Drafted, ""
		if a.Verdict == Reject {
			d.State = Rejected
		}
		return d, head, nil
	case Approve:
		switch {
		case !head.Passed && d.State != Drafted:
			return d, head, fault.New(fault.Denied, op, "revision %d of %s waits for a person's word on a gate of %s; nobody can approve it before", head.N, d.ID, d.Contract).
				WithMend("See which: roleos drafts show %s --gates. Then: roleos review attest %s GATE", d.ID, d.ID)
		case !head.Passed:
			return d, head, fault.New(fault.Denied, op, "revision %d of %s does not pass its contract %s; nobody can approve it", head.N, d.ID, d.Contract).
				WithMend("See what would mend it: roleos drafts show %s --gates", d.ID)
		case d.State == Drafted:
			return d, head, fault.New(fault.Denied, op, "changes were requested on %s; edit it first", d.ID).
				WithMend("For example: roleos review edit rename %s THEME \"New label\"", d.ID)
		case d.State == Approved:
			return d, head, fault.New(fault.Conflict, op, "revision %d of %s is approved already", head.N, d.ID)
		}
		if s.Team {
			if err := s.notAuthor(ctx, d, head, a.By); err != nil {
				return d, head, err
			}
		}
		d.State = Approved
		return d, head, nil
	case Edit:
		return s.edit(ctx, d, head, a)
	}
	return d, head, fault.New(fault.Invalid, op, "unknown verdict %q", a.Verdict)
}

// notAuthor refuses a person who wrote any revision of the draft.
func (s *Service) notAuthor(ctx context.Context, d Draft, head Revision, by string) error {
	for n := head.N; n >= 1; n-- {
		r, err := s.Drafts.Revision(ctx, d.ID, n)
		if err != nil {
			return err
		}
		if r.By == by {
			return fault.New(fault.Denied, "review", "%s wrote revision %d of %s and does not approve it; a second person does", by, n, d.ID).
				WithMend("Ask a colleague to run: roleos review approve %s", d.ID)
		}
	}
	return nil
}

func (s *Service) edit(ctx context.Context, d Draft, head Revision, a Act) (Draft, Revision, error) {
	editor, ok := s.Editors[d.Kind]
	if !ok {
		return d, head, fault.New(fault.Invalid, "review.edit", "a %s cannot be edited", d.Kind)
	}
	records, err := s.Evidence.Records(ctx, d.Records)
	if err != nil {
		return d, head, err
	}
	body, note, err := editor(head.Body, a.Edit, a.By, records)
	if err != nil {
		return d, head, err
	}
	rev, ready, err := s.revise(ctx, d, body, a.By, note)
	if err != nil {
		return d, head, err
	}
	if rev.Digest == head.Digest {
		return d, head, fault.New(fault.Invalid, "review.edit", "the edit changes nothing")
	}
	d.Revision, d.ChangeSet = rev.N, ""
	d.State = Drafted
	if ready {
		d.State = InReview
	}
	return d, rev, nil
}

// Prepared notes which change set would publish the approved revision.
func (s *Service) Prepared(ctx context.Context, draft, digest, changeSet string) (Draft, error) {
	return s.move(ctx, draft, digest, Approved, "publish.prepared", "roleos", func(d *Draft) { d.ChangeSet = changeSet })
}

// Published notes that the change set was applied. Calling it twice is once.
func (s *Service) Published(ctx context.Context, draft, digest, by string) (Draft, error) {
	return s.move(ctx, draft, digest, Published, "draft.published", by, func(*Draft) {})
}

// Withdrawn takes a draft back into review, because its publication was refused
// or undone. A draft that its taker refused, that has a newer revision by now, or
// that is closed, has moved on; it stays where it is.
func (s *Service) Withdrawn(ctx context.Context, draft, digest, by string) (Draft, error) {
	d, err := s.Drafts.Draft(ctx, draft)
	if err != nil {
		return d, err
	}
	head, err := s.Drafts.Revision(ctx, draft, 0)
	if err != nil || head.Digest != digest || d.State == Drafted || d.State == Closed || d.State == Rejected {
		return d, err
	}
	return s.move(ctx, draft, digest, InReview, "publish.withdrawn", by, func(d *Draft) { d.ChangeSet = "" })
}

func (s *Service) move(ctx context.Context, id, digest string, to State, kind, by string, set func(*Draft)) (Draft, error) {
	var next Draft
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		was, err := s.Drafts.Draft(ctx, id)
		if err != nil {
			return err
		}
		head, err := s.Drafts.Revision(ctx, id, 0)
		if err != nil {
			return err
		}
		if head.Digest != digest {
			return fault.New(fault.Stale, kind, "draft %s has a newer revision %d than the one approved", id, head.N)
		}
		next = was
		set(&next)
		if was.State != to {
			if next.State, err = was.State.To(to); err != nil {
				return fault.Wrap(err, fault.Conflict, kind, "draft %s", id)
			}
		}
		if next == was {
			return nil
		}
		next.UpdatedAt = s.Now()
		if err := s.Drafts.SaveDraft(ctx, next, &was); err != nil {
			return err
		}
		if err := s.note(ctx, was.State, next, Move{Digest: digest, By: by}); err != nil {
			return err
		}
		return s.Audit.Append(ctx, kind, by, id, map[string]any{"digest": digest, "change_set": next.ChangeSet, "state": next.State})
	})
	return next, err
}
