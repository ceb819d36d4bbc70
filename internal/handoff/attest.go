package handoff

import (
	"context"
	"slices"
	"strings"

	"roleos/internal/fault"
)

// Attest notes a person's word that a gate holds for the newest revision, and
// checks the contract again with it. The person holds the role that the gate
// names and, in a team, wrote no revision of the draft. By of the act is the
// person; Text may say what they looked at. It fails with fault.Stale when the
// digest is not the newest revision's, fault.Conflict when the person has said so
// already, and fault.Denied for everybody else.
func (s *Service) Attest(ctx context.Context, by Party, draft, gate, digest, text string) (Draft, Revision, error) {
	const op = "review.attest"
	var d Draft
	var head Revision
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if d, err = s.Drafts.Draft(ctx, draft); err != nil {
			return err
		}
		if head, err = s.Drafts.Revision(ctx, draft, 0); err != nil {
			return err
		}
		if digest != "" && digest != head.Digest {
			return fault.New(fault.Stale, op, "draft %s has changed since you looked: revision %d by %s (%s)", d.ID, head.N, head.By, head.Note).
				WithMend("Look again: roleos drafts show %s", d.ID)
		}
		if !d.State.Open() || d.State == Drafted {
			return fault.New(fault.Conflict, op, "draft %s is %s; a gate is attested between the contract's check and the approval", d.ID, d.State).
				WithMend("See what would mend it: roleos drafts show %s --gates", d.ID)
		}
		asked, err := s.asked(ctx, d, gate)
		if err != nil {
			return err
		}
		if err := s.as(by, asked.Role, op, "to attest “"+asked.Says+"”"); err != nil {
			return err
		}
		wrote, err := s.authors(ctx, d)
		if err != nil {
			return err
		}
		if s.Team && slices.Contains(wrote, by.ID) {
			return fault.New(fault.Denied, op, "%s wrote a revision of %s and cannot attest its gate %s", by.ID, d.ID, gate).
				WithMend("Ask another %s to run: roleos review attest %s %s", asked.Role, d.ID, gate)
		}
		a := Attestation{ID: s.NewID("at"), Draft: d.ID, Gate: gate, Role: asked.Role, Digest: head.Digest, By: by.ID, Text: strings.TrimSpace(text), At: s.Now()}
		if err := s.Attestations.AddAttestation(ctx, a); err != nil {
			return err
		}
		if head, err = s.renew(ctx, d, head); err != nil {
			return err
		}
		return s.Audit.Append(ctx, "review.attested", by.ID, d.ID, map[string]any{
			"gate": gate, "role": asked.Role, "digest": head.Digest, "passed": head.Passed, "text": a.Text,
		})
	})
	return d, head, err
}

// asked returns the gate of the draft's contract that is to be attested.
func (s *Service) asked(ctx context.Context, d Draft, gate string) (Attests, error) {
	terms, err := s.Terms.Terms(ctx, d.Contract)
	if err != nil {
		return Attests{}, err
	}
	var names []string
	for _, a := range terms.Attests {
		if a.Gate == gate {
			return a, nil
		}
		names = append(names, a.Gate)
	}
	e := fault.New(fault.NotFound, "review.attest", "contract %s has no gate %q that a person attests", d.Contract, gate)
	if len(names) == 0 {
		return Attests{}, e.WithMend("None of its gates needs a person's word.")
	}
	return Attests{}, e.WithMend("They are: %s.", strings.Join(names, ", "))
}

// renew checks the newest revision again with what has been attested meanwhile.
// Its bytes stay; what the contract says of them is stored anew.
func (s *Service) renew(ctx context.Context, d Draft, head Revision) (Revision, error) {
	records, err := s.Evidence.Records(ctx, d.Records)
	if err != nil {
		return head, err
	}
	check, err := s.check(ctx, d, head.Body, head.Digest, records, "")
	if err != nil {
		return head, err
	}
	head.Check, head.Passed = check.Report, check.Passed
	return head, s.Attestations.Recheck(ctx, head)
}
