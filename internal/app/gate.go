package app

import (
	"cmp"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"roleos/config"
	"roleos/contracts"
	"roleos/contracts/gate"
	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/handoff"
)

// gatekeeper implements handoff.Gatekeeper with the workspace's contracts.
type gatekeeper struct {
	contracts *contracts.Set
	kinds     map[string]kind
	upstream  func(ctx context.Context, run string) ([]contracts.Upstream, error)
	traces    Traces // nil: nobody
	erased    func(ctx context.Context, digest string) (bool, error)
}

// Contracts returns the embedded contracts and, above them, those of the
// workspace in dir, which can only tighten. A folder without a roleos.yaml is no
// team's workspace: a contracts folder in it means something else.
func Contracts(dir string) *contracts.Set {
	set := contracts.Default()
	if own := filepath.Join(dir, "contracts"); exists(filepath.Join(dir, config.FileName)) && isDir(own) {
		set = set.With(os.DirFS(own))
	}
	return set
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// Pin returns the name and version that a run started now is held to.
func (g *gatekeeper) Pin(id string) (string, error) {
	c, err := g.contracts.Get(id)
	if err != nil {
		return "", err
	}
	return c.Name(), nil
}

// Current returns the version that is now in force of the contract that was pinned.
func (g *gatekeeper) Current(_ context.Context, pinned string) (string, error) {
	id, _, _ := strings.Cut(pinned, "@")
	c, err := g.contracts.Get(id)
	if err != nil {
		return "", err
	}
	return c.Name(), nil
}

// Check implements handoff.Gatekeeper.
func (g *gatekeeper) Check(ctx context.Context, s handoff.Subject) (handoff.Check, error) {
	c, err := g.contracts.Get(s.Contract)
	if err != nil {
		return handoff.Check{}, err
	}
	subject := g.subject(c, s)
	if g.traces != nil {
		subject.Span = func(ctx context.Context, gate string) (context.Context, func(string)) {
			return g.traces.Gate(ctx, c.Name(), gate)
		}
	}
	if subject.Erased, err = g.erased(ctx, s.Digest); err != nil {
		return handoff.Check{}, err
	}
	for _, a := range s.Attestations {
		subject.Attestations = append(subject.Attestations, contracts.Attestation{Gate: a.Gate, By: a.By, Roles: []string{a.Role}, Digest: a.Digest, At: a.At})
	}
	if c.Carry != nil && s.Run != "" {
		if subject.Upstream, err = g.upstream(ctx, s.Run); err != nil {
			return handoff.Check{}, err
		}
	}
	result := contracts.Check(ctx, c, subject)
	report, err := json.Marshal(result)
	return handoff.Check{Passed: result.Passed(), Ready: result.Ready(), Report: report}, err
}

// subject is what is held against the contract, as far as a draft's bytes and
// records say it.
func (g *gatekeeper) subject(c *contracts.HandoffContract, s handoff.Subject) contracts.Subject {
	return contracts.Subject{
		Body: s.Body, Records: s.Records, Digest: s.Digest, Author: s.Authors,
		Corpus: func() (*evidence.Corpus, error) {
			// A contract is named after the artefact that it is about.
			if k, ok := g.kinds[c.ID]; ok {
				return k.Corpus(s.Body, s.Records)
			}
			return evidence.NewCorpus(s.Records, nil)
		},
	}
}

// Terms implements handoff.Termsheet.
func (g *gatekeeper) Terms(_ context.Context, contract string) (handoff.Terms, error) {
	c, err := g.contracts.Get(contract)
	if err != nil {
		return handoff.Terms{}, err
	}
	t := handoff.Terms{From: handoff.Side(c.From), To: handoff.Side(c.To), Owner: c.Governance.WorkflowOwner}
	for _, k := range c.SLA {
		t.Promises = append(t.Promises, handoff.Promise{
			On: k.On, Expect: k.Expect, Role: cmp.Or(k.Role(), c.To.Role), Within: k.Limit(), Working: k.Calendar == contracts.Working,
			Remind: k.Reminders(), Escalate: k.Then == contracts.Escalate,
		})
	}
	for _, x := range c.Gates {
		if x.Kind == gate.Attested {
			t.Attests = append(t.Attests, handoff.Attests{Gate: x.ID, Says: x.Says, Role: gate.RoleOf(x.By)})
		}
	}
	return t, nil
}

// upstreamOf returns the artefacts that the run built on; none is an empty list,
// so that a contract knows it from not having been told.
func (a *App) upstreamOf(ctx context.Context, id string) ([]contracts.Upstream, error) {
	r, err := a.db.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	var in draftInput
	if err := json.Unmarshal(r.Input, &in); err != nil {
		return nil, fault.Wrap(err, fault.Internal, "app.upstream", "the input of run %s is not readable", id)
	}
	out := []contracts.Upstream{}
	for _, u := range in.Upstream {
		rev, err := a.db.Revision(ctx, u.Draft, u.Revision)
		if err != nil {
			return nil, err
		}
		out = append(out, contracts.Upstream{Kind: u.Kind, Draft: u.Draft, Body: rev.Body})
	}
	return out, nil
}

// InForce returns the newest version of every contract in force here.
func (a *App) InForce() ([]*contracts.HandoffContract, error) {
	ids, err := a.gate.contracts.IDs()
	if err != nil {
		return nil, err
	}
	var out []*contracts.HandoffContract
	for _, id := range ids {
		c, err := a.gate.contracts.Get(id)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// Contract returns the contract that holds under an id, or under id@version.
func (a *App) Contract(name string) (*contracts.HandoffContract, error) {
	return a.gate.contracts.Get(name)
}

// CheckDocument holds a document against a contract as if a run had drafted it
// over the records of draft, none for "". Nobody has attested it, and it is built
// on nothing. Nothing is kept.
func (a *App) CheckDocument(ctx context.Context, contract string, body []byte, draft string) (contracts.Result, error) {
	c, err := a.gate.contracts.Get(contract)
	if err != nil {
		return contracts.Result{}, err
	}
	s := handoff.Subject{Contract: contract, Body: body}
	if draft != "" {
		d, err := a.db.Draft(ctx, draft)
		if err != nil {
			return contracts.Result{}, err
		}
		if s.Records, err = a.Records(ctx, d.Records); err != nil {
			return contracts.Result{}, err
		}
	}
	return contracts.Check(ctx, c, a.gate.subject(c, s)), nil
}

// CheckAgain runs a draft's pinned contract over its newest revision again and
// returns what each gate says.
func (a *App) CheckAgain(ctx context.Context, draft string) ([]contracts.GateResult, error) {
	check, err := a.Handoff.Recheck(ctx, draft)
	if err != nil {
		return nil, err
	}
	var r contracts.Result
	if err := json.Unmarshal(check.Report, &r); err != nil {
		return nil, fault.Wrap(err, fault.Internal, "app.check", "a contract's result is not readable")
	}
	return r.Gates, nil
}
