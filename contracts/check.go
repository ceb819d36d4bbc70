package contracts

import (
	"context"
	"fmt"

	"roleos/contracts/gate"
	"roleos/internal/evidence"
	"roleos/internal/fault"
)

// MaxDraft is the largest draft that is checked, in bytes.
const MaxDraft = 512 << 20

// Subject is what is checked: a draft's stored bytes and the evidence it leans on.
type Subject struct {
	Body    []byte
	Records []evidence.Record
	// Corpus gives the corpus over the groups that the draft makes of Records,
	// with the measures and methods its figures use. An error from it fails the
	// gates that need it. nil is an error of that kind.
	Corpus func() (*evidence.Corpus, error)
	// Digest is what Body is called, "sha256:..."; "" when nobody named it. Another
	// digest than that of Body makes every attestation gate an error.
	Digest string
	// Author lists the principals who wrote a revision of the draft, this one or
	// an earlier: "agent:problem-framer", "person:ana". None of them can attest it.
	Author []string
	// Attestations are all that were given for the draft, also of other gates and
	// of earlier revisions; the gates tell which of them count.
	Attestations []Attestation
	// Upstream are the artefacts that the draft was made from. nil means that they
	// were not given, and a carry gate then ends as an error; an empty list that is
	// not nil means that there are none, and nothing has to be carried.
	Upstream []Upstream
	// Span begins the span of one gate's check, for those who operate this, and
	// returns what ends it with the gate's status. Default: nobody.
	Span func(ctx context.Context, gate string) (context.Context, func(outcome string))
	// Erased says that Body is what is left of the bytes that Digest names, after
	// personal data in them was erased.
	Erased bool
}

// Attestation is a person's word, bound to a gate, a role and the draft's digest.
type Attestation = gate.Attestation

// Upstream is one artefact that a draft was made from.
type Upstream = gate.Upstream

// Status is what became of one gate.
type Status string

// The statuses. Only Passed lets a draft through a gate.
const (
	Passed  Status = "passed"
	Failed  Status = "failed"
	Errored Status = "error"   // the check could not be made
	Skipped Status = "skipped" // the draft has not the form that the check needs
	Waiting Status = "waiting" // a person has not attested this revision yet; never a pass
)

// Result is what a contract said about one draft.
type Result struct {
	Contract string       `json:"contract"` // id@version
	Digest   string       `json:"digest"`   // of the contract's file
	Gates    []GateResult `json:"gates"`    // in the contract's order
}

// GateResult is what one gate said.
type GateResult struct {
	ID          string           `json:"id"`
	Says        string           `json:"says"`
	Kind        gate.Kind        `json:"kind"`
	Enforcement Enforcement      `json:"enforcement"`
	Status      Status           `json:"status"`
	Where       string           `json:"where,omitempty"` // JSON pointer of the first place; "" is the whole draft
	Observed    string           `json:"observed,omitempty"`
	Also        []gate.Violation `json:"also,omitempty"`  // further places
	Count       int              `json:"count,omitempty"` // all places, named or not
	Mend        string           `json:"mend,omitempty"`  // unless passed
	By          string           `json:"by,omitempty"`    // attestation: who is asked, "role:..."
}

// Passed reports whether every gate that can stop the draft passed, attestations
// included. Nothing crosses a boundary without it. A result without gates did
// not pass.
func (r Result) Passed() bool {
	return r.every(func(s Status) bool { return s == Passed })
}

// Ready reports whether a person may read the draft: everything that can be
// checked without people passed, and at most attestations wait. Whoever is asked
// for one (Waiting) may attest then; until all have, the draft has not Passed.
func (r Result) Ready() bool {
	return r.every(func(s Status) bool { return s == Passed || s == Waiting })
}

// every reports whether all gates that can stop the draft are as wanted.
func (r Result) every(wanted func(Status) bool) bool {
	for _, g := range r.Gates {
		if g.Enforcement != Warn && g.Enforcement != Audit && !wanted(g.Status) {
			return false
		}
	}
	return len(r.Gates) > 0
}

// Waiting returns the gates that wait for a person; By says of which role.
func (r Result) Waiting() []GateResult {
	var out []GateResult
	for _, g := range r.Gates {
		if g.Status == Waiting {
			out = append(out, g)
		}
	}
	return out
}

// Open returns the gates that did not pass.
func (r Result) Open() []GateResult {
	var out []GateResult
	for _, g := range r.Gates {
		if g.Status != Passed {
			out = append(out, g)
		}
	}
	return out
}

// Check runs all gates of c over s. It never fails: what goes wrong is in the
// result, and does not pass.
func Check(ctx context.Context, c *HandoffContract, s Subject) Result {
	return check(ctx, c, s, func(Gate) bool { return true })
}

// check runs the first gate, which is about the draft's form, and those wanted.
func check(ctx context.Context, c *HandoffContract, s Subject, wanted func(Gate) bool) Result {
	r := Result{Contract: c.Name(), Digest: c.Digest()}
	in, broken := s.input()
	formless := ""
	for i, made := range c.compile() {
		g := c.Gates[i]
		if i > 0 && !wanted(g) {
			continue
		}
		out := GateResult{ID: g.ID, Says: g.Says, Kind: g.Kind, Enforcement: g.Enforcement, Status: Passed, By: g.By}
		switch {
		case broken != nil:
			out.Status, out.Observed = Errored, broken.Error()
		case made.problem != nil:
			out.Status, out.Observed = Errored, "the gate does not compile: "+made.problem.Message
		case formless != "":
			out.Status, out.Observed = Skipped, "not looked at: gate "+formless+" did not pass"
		default:
			ctx, end := ctx, func(string) {}
			if s.Span != nil {
				ctx, end = s.Span(ctx, g.ID)
			}
			out.take(run(ctx, made.gate, in))
			end(string(out.Status))
		}
		if out.Status != Passed {
			out.Mend = g.Mend
		}
		if i == 0 && out.Status != Passed {
			formless = g.ID
		}
		r.Gates = append(r.Gates, out)
	}
	return r
}

func (s Subject) input() (*gate.Input, error) {
	if len(s.Body) > MaxDraft {
		return nil, fmt.Errorf("the draft has %d bytes, at most %d are checked", len(s.Body), MaxDraft)
	}
	doc, err := evidence.NewDocument(s.Body)
	if err != nil {
		return nil, err
	}
	in := &gate.Input{
		Body: s.Body, Document: doc, Records: s.Records,
		Digest: s.Digest, Author: s.Author, Attestations: s.Attestations, Upstream: s.Upstream, Erased: s.Erased,
	}
	in.Corpus = func() (*evidence.Corpus, error) {
		if s.Corpus == nil {
			return nil, fault.New(fault.Invalid, "contract.check", "there is no evidence to compute with")
		}
		return s.Corpus()
	}
	return in, nil
}

// run checks one gate. A draft is untrusted: should a check break down over it,
// that is an error of this gate and no pass, and the other gates still speak.
func run(ctx context.Context, g *gate.Gate, in *gate.Input) (out gate.Outcome) {
	defer func() {
		if p := recover(); p != nil {
			out = gate.Outcome{Err: fmt.Errorf("the check broke down: %v", p)}
		}
	}()
	return g.Check(ctx, in)
}

func (r *GateResult) take(o gate.Outcome) {
	switch {
	case o.Err != nil:
		r.Status, r.Observed = Errored, o.Err.Error()
	case o.Count > 0:
		r.Status, r.Count = Failed, o.Count
		if o.Waiting {
			r.Status = Waiting
		}
		r.Where, r.Observed = o.Violations[0].Where, o.Violations[0].Observed
		r.Also = o.Violations[1:]
	default:
		r.Observed = o.Gap
	}
}
