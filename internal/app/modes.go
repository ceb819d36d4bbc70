package app

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"roleos/agents"
	"roleos/guardrails"
	"roleos/guardrails/delegation"
	"roleos/internal/audit"
	"roleos/internal/fault"
	"roleos/internal/handoff"
	"roleos/internal/store/handoffs"
)

// AgentModes is how an agent works now, and why.
type AgentModes struct {
	Agent    string               `json:"agent"`
	Mode     delegation.Mode      `json:"mode"` // autonomous only when every step is
	Steps    []StepMode           `json:"steps"`
	Standing *guardrails.Standing `json:"standing,omitempty"` // under which it publishes without waiting
	Waiting  []handoffs.Release   `json:"waiting,omitempty"`  // published alone and sampled; a person is to look
	Older    []string             `json:"older,omitempty"`    // drafts from before Standing, which wait for a person
	Released int                  `json:"released"`           // published alone, in all
	History  []delegation.Event   `json:"history"`
}

// modeSubject is how the audit log calls an agent's mode.
func modeSubject(agent string) string { return "mode:" + agent }

// The kinds of audit record about modes.
const (
	auditModeEvent = "mode.event"
	auditEntrusted = "mode.entrusted"
	auditRevoked   = "mode.revoked"
	auditReleased  = "mode.released"
	auditSampled   = "mode.sample_reviewed"
)

// history reads what happened to an agent's work from the audit log: rows of the
// store alone loosen nothing.
func (a *App) history(ctx context.Context, agent string) ([]delegation.Event, error) {
	records, err := a.log.About(ctx, modeSubject(agent))
	if err != nil {
		return nil, err
	}
	out := []delegation.Event{}
	for _, r := range records {
		var e delegation.Event
		if r.Kind == auditModeEvent && json.Unmarshal(r.Detail, &e) == nil {
			e.By, e.At = r.Actor, r.At
			out = append(out, e)
		}
	}
	return out, nil
}

// remember adds an event to an agent's history, once for each mark. What demotes
// takes the standing delegations back in the same transaction.
func (a *App) remember(ctx context.Context, agent, mark string, e delegation.Event) error {
	return a.db.InTx(ctx, func(ctx context.Context) error {
		e.At = a.now().UTC()
		fresh, err := a.handoffs.AddEvent(ctx, agent, mark, e)
		if err != nil || !fresh {
			return err
		}
		if err := a.log.Append(ctx, auditModeEvent, e.By, modeSubject(agent), e); err != nil {
			return err
		}
		if e.Kind != delegation.Tightened && !e.Kind.Demotes() {
			return nil
		}
		return a.revoke(ctx, agent, e.By, string(e.Kind)+" "+e.Draft)
	})
}

// revoke takes the agent's standing delegations back.
func (a *App) revoke(ctx context.Context, agent, by, why string) error {
	n, err := a.handoffs.RevokeStandings(ctx, agent, a.now())
	if err != nil || n == 0 {
		return err
	}
	return a.log.Append(ctx, auditRevoked, by, modeSubject(agent), map[string]any{"standings": n, "why": strings.TrimSpace(why)})
}

// heard turns a draft's move into what it says about its agent's work. It is
// called in the transaction of the move.
func (a *App) heard(ctx context.Context, d handoff.Draft, m handoff.Move) error {
	kind, ok := lesson(d, m)
	if !ok || d.Agent == "" {
		return nil
	}
	if sample, err := a.fromSample(ctx, d); err != nil || sample {
		return err // a sample says nothing about the agent's work
	}
	mark, e := fmt.Sprintf("move:%s#%d", d.ID, m.N), delegation.Event{Kind: kind, Draft: d.ID, By: m.By, Text: m.Text}
	if kind != delegation.GateFailed {
		return a.remember(ctx, d.Agent, mark, e)
	}
	steps, failed, err := a.judged(ctx, d)
	if err != nil {
		return err
	}
	e.Text = "failed: " + strings.Join(failed, ", ")
	for _, e.Step = range steps {
		if err := a.remember(ctx, d.Agent, strings.TrimSuffix(mark+":"+e.Step, ":"), e); err != nil {
			return err
		}
	}
	return nil
}

// lesson is what a move says about the agent's work; ok is false for most.
func lesson(d handoff.Draft, m handoff.Move) (kind delegation.Kind, ok bool) {
	person := strings.HasPrefix(m.By, "person:")
	switch {
	case m.From == "" && m.To == handoff.Drafted:
		return delegation.GateFailed, true
	case m.To == handoff.Approved && person && d.Revision == 1:
		return delegation.Clean, true
	case m.To == handoff.Approved && person, m.To == handoff.Rejected, m.To == handoff.Drafted:
		return delegation.Unclean, true
	}
	return "", false
}

// AgentModes computes how an agent works now: from its factors, tightened by what
// happened and by what people decided.
func (a *App) AgentModes(ctx context.Context, agent string) (AgentModes, error) {
	out, err := a.modesOf(ctx, agent)
	if err == nil && out.Standing != nil {
		out.Older, err = a.older(ctx, agent, out.Standing.ID)
	}
	return out, err
}

func (a *App) modesOf(ctx context.Context, agent string) (AgentModes, error) {
	m, err := a.manifest(agent)
	if err != nil {
		return AgentModes{}, err
	}
	out := AgentModes{Agent: agent, Mode: delegation.Coordinated}
	if out.History, err = a.history(ctx, agent); err != nil {
		return out, err
	}
	for i, s := range Modes(m) {
		s.Result = s.Result.With(delegation.Remember(s.Step, out.History))
		if out.Steps = append(out.Steps, s); i == 0 || s.Result.Mode < out.Mode {
			out.Mode = s.Result.Mode
		}
	}
	if out.Standing, err = a.standingOf(ctx, agent); err != nil {
		return out, err
	}
	all, err := a.handoffs.Releases(ctx, agent)
	if err != nil {
		return out, err
	}
	out.Released = len(all)
	out.Waiting = slices.DeleteFunc(all, func(r handoffs.Release) bool { return !r.Sampled || !r.ReviewedAt.IsZero() })
	return out, nil
}

// standingOf returns the agent's standing delegation that holds, nil for none.
func (a *App) standingOf(ctx context.Context, agent string) (*guardrails.Standing, error) {
	all, err := a.handoffs.Standings(ctx, agent)
	if err != nil {
		return nil, err
	}
	for _, s := range slices.Backward(all) {
		if !s.Revoked.IsZero() || !a.now().Before(s.Expires) {
			continue
		}
		if _, _, _, err := a.inForce(ctx, s.ID); err != nil {
			if fault.KindOf(err) == fault.NotFound {
				continue
			}
			return nil, err
		}
		var out guardrails.Standing
		if err := json.Unmarshal(s.Bytes, &out); err != nil {
			return nil, fault.Wrap(err, fault.Internal, "app.mode", "the standing delegation %s is not readable", s.ID)
		}
		return &out, nil
	}
	return nil, nil //nolint:nilnil // none is an answer
}

// inForce returns a standing delegation as it was signed, for the door: it is in
// the store, nobody took it back, and the audit log knows of exactly these bytes
// and of nothing that ended them.
func (a *App) inForce(ctx context.Context, id string) (raw, signature []byte, key string, err error) {
	s, err := a.handoffs.Standing(ctx, id)
	if err != nil {
		return nil, nil, "", err
	}
	records, err := a.log.About(ctx, modeSubject(s.Agent))
	if err != nil {
		return nil, nil, "", err
	}
	holds := false
	for _, r := range records {
		var d struct{ ID, Digest string }
		switch {
		case r.Kind == auditEntrusted && json.Unmarshal(r.Detail, &d) == nil && d.ID == id:
			holds = d.Digest == guardrails.Digest(s.Bytes)
		case r.Kind == auditRevoked:
			holds = false
		}
	}
	if !holds || !s.Revoked.IsZero() {
		return nil, nil, "", fault.New(fault.NotFound, "app.mode", "the standing delegation %s is not in force", id)
	}
	return s.Bytes, s.Signature, s.Key, nil
}

// SetMode is a person's decision about an agent's mode.
type SetMode struct {
	Agent string
	Step  string // "" for all
	Mode  delegation.Mode
	Text  string        // why
	For   time.Duration // how long the standing delegation holds; 0 means 30 days
}

// StandingDefault is how long a standing delegation holds unless said otherwise.
const StandingDefault = 30 * 24 * time.Hour

// SetMode makes an agent's work coordinated, with a reason; or lets it be
// autonomous again as far as its factors allow: after a demotion that takes a run
// of clean reviews and this person's signature. When every step is autonomous,
// the person also signs the standing delegation under which the agent's work is
// published without waiting. It fails with fault.Denied when the factors or the
// record do not allow it, or the person does not answer for the agent.
func (a *App) SetMode(ctx context.Context, s SetMode) (AgentModes, error) {
	const op = "app.mode"
	m, err := a.manifest(s.Agent)
	if err != nil {
		return AgentModes{}, err
	}
	known := slices.ContainsFunc(m.Delegation, func(x agents.Step) bool { return x.Name == s.Step })
	switch {
	case strings.TrimSpace(s.Text) == "":
		return AgentModes{}, fault.New(fault.Invalid, op, "say why").WithMend("Add: --text \"...\"")
	case s.Step != "" && !known:
		return AgentModes{}, fault.New(fault.NotFound, op, "%s has no step %q", m.Name, s.Step).WithMend("Its steps: roleos mode explain %s", m.ID)
	case s.For < 0 || s.For > guardrails.StandingLife:
		return AgentModes{}, fault.New(fault.Invalid, op, "a standing delegation holds for at most %d days", int(guardrails.StandingLife.Hours()/24))
	}
	who := []string{m.Governance.WorkflowOwner}
	if s.Mode == delegation.Coordinated {
		who = append(who, "admin") // who runs the service may stop an agent, and entrusts it with nothing
	}
	if err := a.require(ctx, "decide about the mode of "+m.Name, who...); err != nil {
		return AgentModes{}, err
	}
	err = a.db.InTx(ctx, func(ctx context.Context) error {
		if s.Mode == delegation.Coordinated {
			return a.decided(ctx, s, delegation.Tightened, s.Step)
		}
		return a.loosen(ctx, m, s)
	})
	if err != nil {
		return AgentModes{}, err
	}
	return a.AgentModes(ctx, s.Agent)
}

// decided notes a person's decision.
func (a *App) decided(ctx context.Context, s SetMode, kind delegation.Kind, step string) error {
	return a.remember(ctx, s.Agent, a.newID("decision"), delegation.Event{Kind: kind, Step: step, By: a.actor(ctx), Text: s.Text})
}

// loosen lets the steps be autonomous that may be, and entrusts the agent when all are.
func (a *App) loosen(ctx context.Context, m agents.Manifest, s SetMode) error {
	history, err := a.history(ctx, m.ID)
	if err != nil {
		return err
	}
	for _, x := range Modes(m) {
		if s.Step != "" && x.Step != s.Step {
			continue
		}
		rec := delegation.Remember(x.Step, history)
		switch {
		case x.Result.Mode != delegation.Autonomous && s.Step != "":
			return fault.New(fault.Denied, "app.mode", "the factors of %s do not allow it:\n  %s", x.Step, strings.Join(x.Result.Reasons, "\n  ")).
				WithMend("Nobody loosens a mode below its factors. They stand in the agent's manifest.")
		case x.Result.Mode != delegation.Autonomous:
			continue
		case rec.Failed && rec.PromoteBy == "" && rec.Clean < delegation.CleanReviews:
			return fault.New(fault.Denied, "app.mode", "%s was demoted: %s; %d of %d clean reviews since", x.Step, rec.Why, rec.Clean, delegation.CleanReviews)
		}
		if rec.TightenBy != "" {
			if err := a.decided(ctx, s, delegation.Loosened, x.Step); err != nil {
				return err
			}
		}
		if rec.Failed && rec.PromoteBy == "" {
			if err := a.decided(ctx, s, delegation.Promoted, x.Step); err != nil {
				return err
			}
		}
	}
	now, err := a.modesOf(ctx, m.ID)
	if err != nil || now.Mode != delegation.Autonomous {
		if err == nil && s.Step == "" {
			err = a.notAutonomous(m, now)
		}
		return err
	}
	return a.entrust(ctx, m, s)
}

func (a *App) notAutonomous(m agents.Manifest, now AgentModes) error {
	var why []string
	for _, x := range now.Steps {
		if x.Result.Mode != delegation.Autonomous {
			why = append(why, x.Step+": "+strings.Join(x.Result.Reasons, "; "))
		}
	}
	return fault.New(fault.Denied, "app.mode", "%s works in coordination, whatever anybody sets:\n  %s", m.Name, strings.Join(why, "\n  ")).
		WithMend("Nobody loosens a mode below its factors. See: roleos mode explain %s", m.ID)
}

// entrust signs the standing delegation under which the agent's work is published.
func (a *App) entrust(ctx context.Context, m agents.Manifest, s SetMode) error {
	if err := a.revoke(ctx, m.ID, a.actor(ctx), "replaced"); err != nil {
		return err
	}
	if s.For == 0 {
		s.For = StandingDefault
	}
	now := a.now().UTC()
	d := guardrails.Standing{
		ID: a.newID("sd"), Agent: guardrails.Principal{ID: "agent:" + m.ID}, Target: filesTarget, By: a.person(ctx), Because: s.Text,
		Solo: a.solo(), Granted: now, Expires: now.Add(s.For),
	}
	raw, signature, key, err := a.change.Entrust(ctx, d)
	if err != nil {
		return err
	}
	err = a.handoffs.AddStanding(ctx, handoffs.Signed{ID: d.ID, Agent: m.ID, Bytes: raw, Signature: signature, Key: key, Granted: now, Expires: d.Expires})
	if err != nil {
		return err
	}
	return a.log.Append(ctx, auditEntrusted, d.By.ID, modeSubject(m.ID), map[string]any{
		"id": d.ID, "digest": guardrails.Digest(raw), "target": d.Target, "expires": d.Expires, "because": d.Because,
	})
}

// ReviewSample notes what a person found when they looked at a draft that was
// published without waiting. What was wrong demotes the agent at once.
func (a *App) ReviewSample(ctx context.Context, draft string, clean bool, text string) (AgentModes, error) {
	const op = "app.sample"
	d, err := a.db.Draft(ctx, draft)
	if err != nil {
		return AgentModes{}, err
	}
	m, err := a.manifest(d.Agent)
	if err != nil {
		return AgentModes{}, err
	}
	if err := a.require(ctx, "review what "+m.Name+" published", m.Governance.WorkflowOwner); err != nil {
		return AgentModes{}, err
	}
	if !clean && strings.TrimSpace(text) == "" {
		return AgentModes{}, fault.New(fault.Invalid, op, "say what is wrong").WithMend("Add: --text \"...\"")
	}
	all, err := a.handoffs.Releases(ctx, d.Agent)
	if err != nil {
		return AgentModes{}, err
	}
	i := slices.IndexFunc(all, func(r handoffs.Release) bool { return r.Draft == draft && r.ReviewedAt.IsZero() })
	if i < 0 {
		return AgentModes{}, fault.New(fault.Conflict, op, "nobody has to look at %s afterwards: it was not published alone, or somebody has looked", draft)
	}
	r := all[i]
	r.ReviewedAt, r.ReviewedBy, r.Clean, r.Text = a.now(), a.actor(ctx), clean, text
	kind := delegation.SampleBad
	if clean {
		kind = delegation.Clean
	}
	err = a.db.InTx(ctx, func(ctx context.Context) error {
		if err := a.handoffs.ReviewRelease(ctx, r); err != nil {
			return err
		}
		if err := a.log.Append(ctx, auditSampled, r.ReviewedBy, draft, map[string]any{"digest": r.Digest, "clean": clean, "text": text}); err != nil {
			return err
		}
		return a.remember(ctx, d.Agent, "sample:"+draft+r.Digest, delegation.Event{Kind: kind, Draft: draft, By: r.ReviewedBy, Text: text})
	})
	if err != nil {
		return AgentModes{}, err
	}
	return a.AgentModes(ctx, d.Agent)
}

// auditMode is the audit record of the mode in which a draft was made.
const auditMode = "mode.decided"

// noteModes writes to the log how the agent worked when it made the draft, with
// every reason; once for each draft.
func (a *App) noteModes(ctx context.Context, agent, draft, digest string) error {
	modes, err := a.modesOf(ctx, agent)
	if err != nil {
		return err
	}
	return a.db.InTx(ctx, func(ctx context.Context) error {
		records, err := a.log.About(ctx, draft)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(records, func(r audit.Record) bool { return r.Kind == auditMode }) {
			return nil
		}
		detail := map[string]any{"mode": modes.Mode, "steps": modes.Steps, "digest": digest}
		if modes.Standing != nil {
			detail["standing"] = modes.Standing.ID
		}
		return a.log.Append(ctx, auditMode, "roleos", draft, detail)
	})
}

// DraftModes is how a draft was made, as the log has it.
type DraftModes struct {
	Draft    string     `json:"draft"`
	Agent    string     `json:"agent"`
	Mode     string     `json:"mode"`
	Steps    []StepMode `json:"steps"`
	Standing string     `json:"standing,omitempty"`
}

// DraftModes returns in which mode each step of the draft was made, and why.
func (a *App) DraftModes(ctx context.Context, draft string) (DraftModes, error) {
	d, err := a.db.Draft(ctx, draft)
	if err != nil {
		return DraftModes{}, err
	}
	out := DraftModes{Draft: draft, Agent: d.Agent}
	records, err := a.log.About(ctx, draft)
	if err != nil {
		return out, err
	}
	for _, r := range records {
		if r.Kind != auditMode {
			continue
		}
		if err := json.Unmarshal(r.Detail, &out); err != nil {
			return out, fault.Wrap(err, fault.Internal, "app.mode", "the audit record %d is not readable", r.Seq)
		}
		break
	}
	return out, nil
}

// wayOf returns in which mode the draft was made, and why its taker refused it
// when that is what opened it again.
func (a *App) wayOf(ctx context.Context, d handoff.Draft) (mode, why, refused string, err error) {
	m, err := a.DraftModes(ctx, d.ID)
	if err != nil {
		return "", "", "", err
	}
	moves, err := a.handoffs.Moves(ctx, d.ID)
	if err != nil {
		return "", "", "", err
	}
	if n := len(moves); n > 0 && moves[n-1].To == handoff.Drafted && (moves[n-1].From == handoff.Published || moves[n-1].From == handoff.Acknowledged) {
		refused = moves[n-1].By + " refused it: " + moves[n-1].Text
	}
	return m.Mode, m.why(), refused, nil
}

// why says in a sentence why the draft was made so.
func (m DraftModes) why() string {
	if m.Mode == "" {
		return ""
	}
	var parts []string
	for _, s := range m.Steps {
		if s.Result.Mode == delegation.Coordinated {
			parts = append(parts, s.Step+" ("+strings.Join(s.Result.Because, ", ")+")")
		}
	}
	if len(parts) == 0 {
		return "Every step of " + m.Agent + " is autonomous: verified afterwards."
	}
	return "A person comes first because of " + strings.Join(parts, " and ") + "."
}
