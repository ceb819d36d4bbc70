package app

import (
	"bytes"
	"context"
	"encoding/json"
	"path"
	"slices"
	"strings"
	"time"

	"roleos/agents"
	"roleos/guardrails"
	"roleos/guardrails/delegation"
	"roleos/internal/audit"
	"roleos/internal/change"
	"roleos/internal/engine"
	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/handoff"
	"roleos/internal/run"
)

// publishInput starts the preparation of an approved revision's publication.
type publishInput struct {
	Run    string `json:"run"`
	Draft  string `json:"draft"`
	Digest string `json:"digest"`
	By     string `json:"by"`
}

// Approve approves the newest revision and prepares the change set that
// publishes it: planned, tried on a copy, and its inverse proven there. Nothing
// is written to the workspace before a person confirms that change set.
func (a *App) Approve(ctx context.Context, draft, digest, text string) (handoff.Draft, Plan, error) {
	if err := a.member(ctx); err != nil {
		return handoff.Draft{}, Plan{}, err
	}
	in := publishInput{Run: a.newID("run"), Draft: draft, By: a.actor(ctx)}
	if err := a.sound(ctx, draft); err != nil {
		return handoff.Draft{}, Plan{}, err
	}
	err := a.spelled(ctx, draft, a.db.InTx(ctx, func(ctx context.Context) error {
		d, rev, err := a.Handoff.Review(ctx, handoff.Act{Draft: draft, By: a.actor(ctx), Digest: digest, Verdict: handoff.Approve, Text: text})
		if err != nil {
			return err
		}
		in.Digest = rev.Digest
		input, err := json.Marshal(in)
		if err != nil {
			return err
		}
		now := a.now()
		return a.db.SaveRun(ctx, run.Run{
			ID: in.Run, Kind: kindPublish, Agent: d.Agent, Status: run.Running, Input: input, Draft: d.ID,
			StartedBy: in.By, CreatedAt: now, UpdatedAt: now,
		}, nil)
	}))
	if err != nil {
		return handoff.Draft{}, Plan{}, err
	}
	if err := a.publishing.Start(ctx, in.Run, in); err != nil {
		return handoff.Draft{}, Plan{}, err
	}
	set, err := a.publishing.Wait(ctx, in.Run)
	if err != nil {
		return handoff.Draft{}, Plan{}, a.fail(ctx, in.Run, err)
	}
	d, err := a.db.Draft(ctx, draft)
	if err != nil {
		return d, Plan{}, err
	}
	plan, err := a.ShowPlan(ctx, set)
	return d, plan, err
}

// logged refuses a draft whose newest revision is not the one that was made and
// checked: its digest must stand in the audit log. Rows of the store alone prove
// nothing.
func (a *App) logged(ctx context.Context, draft string) (handoff.Draft, handoff.Revision, error) {
	d, err := a.db.Draft(ctx, draft)
	if err != nil {
		return d, handoff.Revision{}, err
	}
	rev, err := a.db.Revision(ctx, draft, 0)
	if err != nil {
		return d, rev, err
	}
	records, err := a.log.About(ctx, draft)
	if err != nil {
		return d, rev, err
	}
	if !slices.ContainsFunc(records, func(r audit.Record) bool {
		var detail struct{ Digest string }
		made := strings.HasPrefix(r.Kind, "draft.") || r.Kind == "review."+string(handoff.Edit)
		return made && json.Unmarshal(r.Detail, &detail) == nil && detail.Digest == rev.Digest
	}) {
		return d, rev, fault.New(fault.Denied, "app.publish", "revision %d of %s is not in the audit log: it was not made here, or the store was changed", rev.N, draft).
			WithMend("Look: roleos audit verify, roleos doctor")
	}
	return d, rev, nil
}

// sound refuses a draft that is not logged, or whose contract does not pass
// again over the stored bytes.
func (a *App) sound(ctx context.Context, draft string) error {
	d, rev, err := a.logged(ctx, draft)
	if err != nil {
		return err
	}
	if !rev.Passed {
		return nil // the review says why
	}
	if err := a.attested(ctx, draft, rev.Digest); err != nil {
		return err
	}
	check, err := a.Handoff.Recheck(ctx, draft)
	if err == nil && !check.Passed {
		err = fault.New(fault.Denied, "app.publish", "revision %d of %s no longer passes its contract %s", rev.N, draft, d.Contract).
			WithMend("See: roleos contract check %s", draft)
	}
	return err
}

// publishRun plans, stages and proves the change set, and notes it on the draft.
func (a *App) publishRun(c *engine.Context, in publishInput) (string, error) {
	set, err := step(a, c, in.Run, "plan", func(ctx context.Context) (string, error) { return a.planPublication(ctx, in) })
	if err != nil {
		return "", err
	}
	_, err = step(a, c, in.Run, "stage", func(ctx context.Context) (string, error) {
		_, err := a.change.Stage(ctx, set)
		return "", err
	})
	if err != nil {
		return "", err
	}
	_, err = engine.Tx(c, "prepared", func(ctx context.Context) (string, error) {
		if _, err := a.Handoff.Prepared(ctx, in.Draft, in.Digest, set); err != nil {
			return "", err
		}
		return "", a.end(ctx, in.Run, run.Succeeded, "")
	})
	return set, err
}

func (a *App) planPublication(ctx context.Context, in publishInput) (string, error) {
	d, err := a.db.Draft(ctx, in.Draft)
	if err != nil {
		return "", err
	}
	rev, err := a.db.Revision(ctx, in.Draft, 0)
	if err != nil {
		return "", err
	}
	if rev.Digest != in.Digest {
		return "", fault.New(fault.Stale, "app.publish", "draft %s has a newer revision than the one approved", d.ID)
	}
	if err := a.sound(ctx, d.ID); err != nil {
		return "", err
	}
	m, err := a.manifest(d.Agent)
	if err != nil {
		return "", err
	}
	v, err := a.View(ctx, d.ID, rev.N)
	if err != nil {
		return "", err
	}
	v.State, v.Next = string(handoff.Published), nil
	var text bytes.Buffer
	if err := v.Markdown(&text); err != nil {
		return "", err
	}
	e, err := m.Envelope(filesTarget)
	if err != nil {
		return "", err
	}
	folder := path.Join(a.cfg.Publish.Root, e.Paths[0], d.ID)
	sources, err := a.db.Sources(ctx, d.Records)
	if err != nil {
		return "", err
	}
	proposal := change.Proposal{
		Key: in.Run, By: guardrails.Principal{ID: "agent:" + d.Agent}, Run: in.Run, Draft: d.ID,
		Intent: "Publish “" + d.Title + "”, revision approved by " + in.By, Target: filesTarget,
		Envelope: envelope(m, e, a.cfg.Publish.Root), Contract: d.Contract,
		Taint:      guardrails.Taint{Untrusted: true, Sources: sourceNames(sources)},
		Provenance: []string{"draft " + d.ID, provenRevision + rev.Digest, "records " + d.Records},
	}
	file := a.kinds()[d.Kind].File
	for _, f := range []struct {
		name string
		body []byte
	}{{file + ".md", text.Bytes()}, {file + ".json", rev.Body}} {
		object := path.Join(folder, f.name)
		op, err := a.writeOp(ctx, object)
		if err != nil {
			return "", err
		}
		proposal.Changes = append(proposal.Changes, change.Intended{Op: op, Object: object, Body: f.body})
	}
	set, err := a.change.Plan(ctx, proposal)
	return set.ID, err
}

func sourceNames(sources []evidence.Source) []string {
	var out []string
	for _, src := range sources {
		out = append(out, src.Name)
	}
	return out
}

// envelope is a manifest's blast radius in the guardrails' terms; its paths stand below root.
func envelope(m agents.Manifest, in agents.Envelope, root string) guardrails.Envelope {
	const day = 24 * time.Hour
	e := guardrails.Envelope{
		Window: day, MostShare: int64(in.MostShare * guardrails.Million), Irreversible: in.Unproven,
		Rate: guardrails.Rate{Most: int64(in.PerDay), Per: day},
		Stop: guardrails.Stop{After: time.Duration(max(m.Budget.Minutes, 1)) * time.Minute},
	}
	var under []string
	for _, p := range in.Paths {
		under = append(under, path.Join(root, p))
	}
	for _, op := range in.Operations {
		e.Allow = append(e.Allow, guardrails.Rule{Target: in.Target, Op: op, Under: under, Most: int64(in.MostEach)})
	}
	return e
}

// applyInput starts the application of a confirmed change set.
type applyInput struct {
	Run string `json:"run"`
	Set string `json:"set"`
	By  string `json:"by"`
}

// applyRun does what a person confirmed, and notes it on the draft. The effect
// ledger knows how far an earlier attempt came.
func (a *App) applyRun(c *engine.Context, in applyInput) (string, error) {
	_, err := step(a, c, in.Run, "apply", func(ctx context.Context) (string, error) {
		if err := a.stillApproved(ctx, in.Set); err != nil {
			return "", err
		}
		out, err := a.change.Resume(ctx, in.Set)
		return string(out.Set.State), err
	})
	if err != nil {
		return "", err
	}
	return engine.Tx(c, "published", func(ctx context.Context) (string, error) {
		if err := a.notePublication(ctx, in.Set, in.By); err != nil {
			return "", err
		}
		return "", a.end(ctx, in.Run, run.Succeeded, "")
	})
}

// stillApproved refuses to begin with a set whose draft is not approved any
// more, has another newest revision or another set.
func (a *App) stillApproved(ctx context.Context, id string) error {
	out, err := a.change.Get(ctx, id)
	if err != nil || out.Set.State != change.Granted || out.Set.Undoes != "" {
		return err // what has begun is finished
	}
	draft, digest, err := published(out.Set)
	if err != nil || draft == "" {
		return err
	}
	d, err := a.db.Draft(ctx, draft)
	if err != nil {
		return err
	}
	rev, err := a.db.Revision(ctx, draft, 0)
	if err != nil {
		return err
	}
	if d.State != handoff.Approved || d.ChangeSet != id || rev.Digest != digest {
		return fault.New(fault.Denied, "app.apply", "%s does not publish what is approved: draft %s is %s at revision %d", id, d.ID, d.State, rev.N).
			WithMend("End it: roleos plan reject %s --text \"its draft has moved on\"", id)
	}
	return nil
}

// notePublication moves the draft that the applied set belongs to.
func (a *App) notePublication(ctx context.Context, id, by string) error {
	out, err := a.change.Get(ctx, id)
	if err != nil || out.Set.State != change.Applied {
		return err
	}
	if out.Set.Erased {
		return nil // it was noted, or is applied no more
	}
	content, err := guardrails.Open(out.Set.Bytes)
	if err != nil {
		return err
	}
	if content.Content().Undoes != "" {
		undone, err := a.change.Get(ctx, content.Content().Undoes)
		if err != nil {
			return err
		}
		draft, digest, err := published(undone.Set)
		if err != nil || draft == "" {
			return err
		}
		d, err := a.Handoff.Withdrawn(ctx, draft, digest, by)
		if err != nil {
			return err
		}
		if sample, err := a.fromSample(ctx, d); err != nil || sample {
			return err
		}
		return a.remember(ctx, d.Agent, "undone:"+id, delegation.Event{Kind: delegation.Reverted, Draft: draft, By: by, Text: id})
	}
	draft, digest, err := published(out.Set)
	if err != nil || draft == "" {
		return err
	}
	_, err = a.Handoff.Published(ctx, draft, digest, by)
	return err
}

// published returns the draft and the revision that a set publishes, "" for a set that publishes none.
func published(set change.Set) (draft, digest string, err error) {
	if set.Erased {
		return "", "", nil
	}
	cs, err := guardrails.Open(set.Bytes)
	if err != nil {
		return "", "", err
	}
	for _, p := range cs.Content().Provenance {
		if rest, ok := strings.CutPrefix(p, provenRevision); ok {
			return cs.Content().Draft, rest, nil
		}
	}
	return "", "", nil
}

// provenRevision begins the line of a set's provenance that names the revision.
const provenRevision = "revision "

// StepMode is the delegation mode of one step of an agent's task.
type StepMode struct {
	Step   string            `json:"step"`
	Result delegation.Result `json:"result"`
}

// Modes computes the mode of every step of an agent's task.
func Modes(m agents.Manifest) []StepMode {
	var out []StepMode
	for _, s := range m.Delegation {
		out = append(out, StepMode{Step: s.Name, Result: delegation.Decide(delegation.Factors{
			ErrorTolerance: delegation.Factor(s.ErrorTolerance), ToolSpan: delegation.Factor(s.ToolSpan), Independence: delegation.Factor(s.Independence),
		})})
	}
	return out
}
