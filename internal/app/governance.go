package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"roleos/agents"
	"roleos/contracts"
	"roleos/internal/audit"
	"roleos/internal/fault"
	"roleos/internal/handoff"
	"roleos/internal/store/workflows"
	"roleos/internal/workflow"
)

// Subject is an agent or a workflow that somebody has to answer for.
type Subject struct {
	ID      string // agent:feedback-river, workflow:discover
	Name    string
	Version string // of its declaration: a new one is attested anew
	Owner   string // the role
	attest  string // the command that attests it
}

func agentSubject(m agents.Manifest) Subject {
	return Subject{ID: "agent:" + m.ID, Name: m.Name, Version: m.Version, Owner: m.Governance.WorkflowOwner, attest: "roleos agent attest " + m.ID}
}

func workflowSubject(d workflow.Definition) Subject {
	return Subject{ID: "workflow:" + d.ID, Name: d.Name, Version: d.Version, Owner: d.Governance.WorkflowOwner, attest: "roleos workflow attest " + d.ID}
}

// Standing says whether somebody answers for a subject now.
type Standing struct {
	workflow.Attestation
	Holds bool      `json:"holds"`
	Until time.Time `json:"until,omitzero"` // when the word lapses
	Why   string    `json:"why,omitempty"`  // why it does not hold
	Mend  string    `json:"mend,omitempty"`
}

// Standing returns whether somebody answers for the subject.
func (a *App) Standing(ctx context.Context, s Subject) (Standing, error) {
	word, err := workflows.New(a.db).Governance(ctx, s.ID)
	st := Standing{Attestation: word, Mend: "Whoever holds role " + s.Owner + " runs: " + s.attest}
	switch {
	case err != nil && fault.KindOf(err) == fault.NotFound:
		st.Why = "nobody has attested that they answer for " + s.Name
		return st, nil
	case err != nil:
		return st, err
	}
	st.Until = word.At.AddDate(0, 0, a.cfg.Governance.AttestEveryDays)
	logged, err := a.onRecord(ctx, word)
	if err != nil {
		return st, err
	}
	switch {
	case !logged:
		st.Why = "the word of " + word.By + " for " + s.Name + " is not in the audit log: the store was changed"
	case word.Version != s.Version:
		st.Why = word.By + " attested version " + word.Version + " of " + s.Name + "; this is version " + s.Version
	case word.Owner != s.Owner:
		st.Why = word.By + " attested " + s.Name + " as " + word.Owner + "; its owner is " + s.Owner + " now"
	case !a.now().Before(st.Until):
		st.Why = "the word of " + word.By + ", who answers for " + s.Name + ", lapsed on " + st.Until.Format("2 January 2006")
	default:
		st.Holds, st.Mend = true, ""
	}
	return st, nil
}

// onRecord reports whether the attestation is in the audit log: a row of the store
// alone is nobody's word.
func (a *App) onRecord(ctx context.Context, word workflow.Attestation) (bool, error) {
	records, err := a.log.About(ctx, word.Subject)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(records, func(r audit.Record) bool {
		var said workflow.Attestation
		return r.Kind == "governance.attested" && r.Actor == word.By && json.Unmarshal(r.Detail, &said) == nil &&
			said.Version == word.Version && said.Owner == word.Owner && said.At.Equal(word.At)
	}), nil
}

// Vouched refuses a subject that nobody answers for: a lapsed owner stops it. In
// solo mode the one person there is answers for what they begin for the first
// time; the log marks it. What lapsed they attest themselves. While all agents are
// stopped, nobody's word lets one run.
func (a *App) Vouched(ctx context.Context, s Subject) error {
	if err := a.mayRun(ctx); err != nil {
		return err
	}
	st, err := a.Standing(ctx, s)
	if err != nil || st.Holds {
		return err
	}
	if a.solo() && st.Version != s.Version {
		_, err := a.attest(ctx, s, true)
		return err
	}
	return fault.New(fault.Denied, "app.governance", "%s does not run: %s", s.Name, st.Why).WithMend("%s", st.Mend)
}

// AttestAgent is the word of the actor, who holds the owner's role, that they
// answer for the agent until it lapses.
func (a *App) AttestAgent(ctx context.Context, id string) (Standing, error) {
	m, err := agents.Find(id)
	if err != nil {
		return Standing{}, err
	}
	return a.owner(ctx, agentSubject(m))
}

// AttestWorkflow is AttestAgent for a workflow.
func (a *App) AttestWorkflow(ctx context.Context, id string) (Standing, error) {
	d, err := a.Workflow(id)
	if err != nil {
		return Standing{}, err
	}
	return a.owner(ctx, workflowSubject(d))
}

func (a *App) owner(ctx context.Context, s Subject) (Standing, error) {
	if err := a.require(ctx, "answer for "+s.Name, s.Owner); err != nil {
		return Standing{}, err
	}
	return a.attest(ctx, s, false)
}

func (a *App) attest(ctx context.Context, s Subject, solo bool) (Standing, error) {
	word := workflow.Attestation{Subject: s.ID, Version: s.Version, Owner: s.Owner, By: a.actor(ctx), Solo: solo, At: a.now().UTC()}
	err := a.db.InTx(ctx, func(ctx context.Context) error {
		if err := workflows.New(a.db).AddGovernance(ctx, word); err != nil {
			return err
		}
		return a.log.Append(ctx, "governance.attested", word.By, s.ID, word)
	})
	if err != nil {
		return Standing{}, err
	}
	return a.Standing(ctx, s)
}

// AgentStanding returns whether somebody answers for the agent.
func (a *App) AgentStanding(ctx context.Context, id string) (Standing, error) {
	m, err := agents.Find(id)
	if err != nil {
		return Standing{}, err
	}
	return a.Standing(ctx, agentSubject(m))
}

// answeredFor fails for the first agent or workflow whose owner's word was given
// here and does not hold any more. What nobody attested yet never ran here.
func (a *App) answeredFor(ctx context.Context) error {
	var all []Subject
	manifests, err := agents.Manifests()
	if err != nil {
		return err
	}
	for _, m := range manifests {
		all = append(all, agentSubject(m))
	}
	flows, err := a.Workflows()
	if err != nil {
		return err
	}
	for _, d := range flows {
		all = append(all, workflowSubject(d))
	}
	for _, s := range all {
		st, err := a.Standing(ctx, s)
		if err != nil {
			return err
		}
		if !st.Holds && st.By != "" {
			return fault.New(fault.Denied, "app.governance", "%s", st.Why).WithMend("%s", st.Mend)
		}
	}
	return nil
}

// WorkflowStanding returns whether somebody answers for the workflow.
func (a *App) WorkflowStanding(ctx context.Context, id string) (Standing, error) {
	d, err := a.Workflow(id)
	if err != nil {
		return Standing{}, err
	}
	return a.Standing(ctx, workflowSubject(d))
}

// judged returns the steps of its agent's task that the failed gates of a draft
// speak about, one "" when they speak about all.
func (a *App) judged(ctx context.Context, d handoff.Draft) (steps, failed []string, err error) {
	m, err := a.manifest(d.Agent)
	if err != nil {
		return nil, nil, err
	}
	rev, err := a.db.Revision(ctx, d.ID, d.Revision)
	if err != nil {
		return nil, nil, err
	}
	gates, err := gatesOf(rev.Check)
	if err != nil {
		return nil, nil, err
	}
	for _, g := range gates {
		if g.Status == string(contracts.Failed) || g.Status == string(contracts.Errored) || g.Status == string(contracts.Skipped) {
			failed = append(failed, g.ID)
		}
	}
	if steps = m.Judged(failed); len(steps) == len(m.Delegation) {
		steps = []string{""}
	}
	return steps, failed, nil
}

// The audit records of the switch that stops all agents.
const (
	agentsHalted  = "agents.halted"
	agentsResumed = "agents.resumed"
	allAgents     = "agents" // their subject
)

// haltFile in the state folder stops all agents, whatever it holds, until the log
// says so. It needs no store, so that stopping waits for nothing and nobody.
const haltFile = "agents.halted"

// haltLook is how often a step under way looks whether it is to stop.
const haltLook = time.Second

// Halt is a person's word that no agent goes on.
type Halt struct {
	By  string    `json:"by"`
	Why string    `json:"why"`
	At  time.Time `json:"at"`
}

// HaltWorkspace stops all agents of the workspace in dir without opening its
// store. Whoever works on it sees it before every step of an agent, and within a
// second in one that is under way.
func HaltWorkspace(dir string, h Halt) error {
	if h.Why == "" {
		return fault.New(fault.Invalid, "app.halt", "say why all agents are to stop").WithMend("Add: --why \"...\"")
	}
	data, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(dir, stateDir, haltFile), data); err != nil {
		return fault.Wrap(err, fault.Unavailable, "app.halt", "the agents cannot be stopped: %s cannot be written", filepath.Join(dir, stateDir, haltFile)).
			WithMend("End the processes of roleos.")
	}
	return nil
}

// HaltAgents stops all agents, here and on every process that shares the store.
func (a *App) HaltAgents(ctx context.Context, why string) (Halt, error) {
	if err := a.member(ctx); err != nil {
		return Halt{}, err
	}
	if err := HaltWorkspace(a.cfg.Dir, Halt{By: a.actor(ctx), Why: why, At: a.now().UTC()}); err != nil {
		return Halt{}, err
	}
	h, err := a.Halted(ctx)
	if err != nil {
		return Halt{}, err
	}
	return *h, nil
}

// Halted returns who stopped all agents, nil when nobody did. A file that says so
// goes into the log, which every process that shares the store reads.
func (a *App) Halted(ctx context.Context) (*Halt, error) {
	data, err := os.ReadFile(a.stateFile(haltFile))
	if errors.Is(err, fs.ErrNotExist) {
		return a.loggedHalt(ctx)
	}
	var h Halt
	if err != nil || json.Unmarshal(data, &h) != nil {
		h = Halt{} // the file alone stops, whoever made it in a hurry
	}
	h.By, h.Why = cmp.Or(h.By, "somebody"), cmp.Or(h.Why, "there was a file "+haltFile)
	if h.At.IsZero() {
		h.At = a.now().UTC()
	}
	err = a.db.InTx(ctx, func(ctx context.Context) error {
		logged, err := a.loggedHalt(ctx)
		if err != nil || logged != nil {
			return err // stopped twice is stopped once
		}
		return a.log.Append(ctx, agentsHalted, h.By, allAgents, h)
	})
	if err != nil {
		return &h, err
	}
	// Gone before the log has it, it would stop nobody; left behind, it would stop again.
	if err := os.Remove(a.stateFile(haltFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &h, fault.Wrap(err, fault.Unavailable, "app.halt", "%s cannot be removed", a.stateFile(haltFile))
	}
	return &h, nil
}

// loggedHalt returns what the log says last.
func (a *App) loggedHalt(ctx context.Context) (*Halt, error) {
	records, err := a.log.About(ctx, allAgents)
	if err != nil || len(records) == 0 {
		return nil, err
	}
	last := records[len(records)-1]
	if last.Kind == agentsResumed {
		return nil, nil //nolint:nilnil // nobody did since
	}
	h := Halt{By: last.Actor, At: last.At}
	if err := json.Unmarshal(last.Detail, &h); err != nil {
		return nil, fmt.Errorf("the log's record of the stop: %w", err)
	}
	return &h, nil
}

// ResumeAgents lets agents run again. Only who answers for one of them may say
// so; what was ended stays ended.
func (a *App) ResumeAgents(ctx context.Context, why string) error {
	const op = "app.halt"
	if why == "" {
		return fault.New(fault.Invalid, op, "say why agents may run again").WithMend("Add: --why \"...\"")
	}
	manifests, err := agents.Manifests()
	if err != nil {
		return err
	}
	var owners []string
	for _, m := range manifests {
		owners = append(owners, m.Governance.WorkflowOwner)
	}
	slices.Sort(owners)
	if err := a.require(ctx, "let agents run again", slices.Compact(owners)...); err != nil {
		return err
	}
	h, err := a.Halted(ctx)
	if err != nil {
		return err
	}
	if h == nil {
		return fault.New(fault.Conflict, op, "the agents are not stopped")
	}
	return a.log.Append(ctx, agentsResumed, a.actor(ctx), allAgents, map[string]string{"why": why, "halted_by": h.By})
}

// mayRun refuses whatever an agent would do while all of them are stopped.
func (a *App) mayRun(ctx context.Context) error {
	h, err := a.Halted(ctx)
	if err != nil || h == nil {
		return err
	}
	return fault.New(fault.Denied, "app.halt", "all agents are stopped by %s since %s: %s", h.By, h.At.Format("2006-01-02 15:04 MST"), h.Why).
		WithMend("Whoever answers for an agent lets them run again: roleos agent resume --all --why \"...\"")
}

// whileRunning does f, a step of an agent, unless all agents are stopped. Stopped
// meanwhile, its context ends, a call of a model with it, and its result is
// thrown away.
func whileRunning[T any](a *App, f func(context.Context) (T, error)) func(context.Context) (T, error) {
	return func(ctx context.Context) (T, error) {
		var zero T
		if err := a.mayRun(ctx); err != nil {
			return zero, err
		}
		inner, cancel := context.WithCancel(ctx)
		defer cancel()
		go func() {
			look := time.NewTicker(haltLook)
			defer look.Stop()
			for {
				select {
				case <-inner.Done():
					return
				case <-look.C:
					if err := a.mayRun(inner); err != nil && fault.KindOf(err) == fault.Denied {
						cancel()
					}
				}
			}
		}()
		out, err := f(inner)
		if stopped := a.mayRun(ctx); stopped != nil {
			return zero, stopped
		}
		return out, err
	}
}
