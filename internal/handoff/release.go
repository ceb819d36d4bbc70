package handoff

import (
	"context"
	"strings"

	"roleos/internal/fault"
)

// Released is the verdict on a draft that a person let pass before it was made:
// nobody has read it, and the review says so.
const Released Verdict = "release"

// Release lets a draft pass that waits for nobody, because its agent works
// autonomously under a person's standing delegation.
type Release struct {
	Draft  string
	Digest string // of the one revision there is
	By     string // "standing:..."
	For    string // "person:...", who answers for it
}

// Release moves a validated draft to approved. Only a revision of the agent's own
// that passed every gate, with nothing left for a person to attest, is released;
// whether the agent works autonomously is for the caller to decide. Releasing
// twice is once.
func (s *Service) Release(ctx context.Context, r Release) (Draft, error) {
	const op = "review.release"
	if !strings.HasPrefix(r.By, "standing:") || !strings.HasPrefix(r.For, "person:") {
		return Draft{}, fault.New(fault.Denied, op, "%s for %s is no standing delegation of a person", r.By, r.For)
	}
	var next Draft
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		was, err := s.Drafts.Draft(ctx, r.Draft)
		if err != nil {
			return err
		}
		head, err := s.Drafts.Revision(ctx, r.Draft, 0)
		if err != nil {
			return err
		}
		next = was
		switch {
		case head.Digest != r.Digest:
			return fault.New(fault.Stale, op, "draft %s has a newer revision than the one to release", was.ID)
		case was.State == Approved:
			return nil
		case was.State != Validated || head.N != 1 || !head.Passed:
			return fault.New(fault.Denied, op, "draft %s is %s at revision %d and waits for a person", was.ID, was.State, head.N)
		}
		if next.State, err = was.State.To(Approved); err != nil {
			return fault.Wrap(err, fault.Conflict, op, "draft %s", was.ID)
		}
		next.UpdatedAt = s.Now()
		if err := s.Drafts.SaveDraft(ctx, next, &was); err != nil {
			return err
		}
		words := "let pass in the name of " + r.For + "; nobody has read it"
		review := Review{ID: s.NewID("rv"), Draft: was.ID, N: head.N, Digest: head.Digest, By: r.By, Verdict: Released, Text: words, At: next.UpdatedAt}
		if err := s.Reviews.AddReview(ctx, review); err != nil {
			return err
		}
		if err := s.note(ctx, was.State, next, Move{Digest: head.Digest, By: r.By, Text: words}); err != nil {
			return err
		}
		return s.Audit.Append(ctx, op, r.By, was.ID, map[string]any{"digest": head.Digest, "from": was.State, "to": next.State, "for": r.For})
	})
	return next, err
}
