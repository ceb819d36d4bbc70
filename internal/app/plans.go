package app

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/fault"
	"roleos/internal/handoff"
	"roleos/internal/identity"
	"roleos/internal/run"
)

// Plan is a change set as a person sees it.
type Plan = change.View

// Plans lists change sets, newest first.
func (a *App) Plans(ctx context.Context) ([]change.Set, error) {
	var out []change.Set
	for cursor := ""; ; {
		page, next, err := a.change.List(ctx, change.Filter{}, cursor, 100)
		if err != nil {
			return nil, err
		}
		out = append(out, page...)
		if cursor = next; next == "" {
			return out, nil
		}
	}
}

// ShowPlan returns the change set as this person sees it now, and notes that
// they were shown it: only what was shown can be confirmed.
func (a *App) ShowPlan(ctx context.Context, id string) (Plan, error) {
	v, err := a.change.Show(ctx, id)
	if err != nil {
		return v, err
	}
	if !a.Actor(ctx).May(identity.Decide) {
		return v, nil // a program that reads is nobody who was shown it
	}
	by := a.actor(ctx)
	if was, _, err := a.db.Shown(ctx, id, by); err != nil || was == v.Digest {
		return v, err // looking again writes nothing
	}
	return v, a.db.NoteShown(ctx, id, by, v.Digest, a.now())
}

// StillShown refuses with fault.Stale when this person was shown another form of
// the change set since the one with the digest; "" means whichever was last.
func (a *App) StillShown(ctx context.Context, id, digest string) error {
	view, _, err := a.db.Shown(ctx, id, a.actor(ctx))
	if err == nil && digest != "" && view != digest {
		err = fault.New(fault.Stale, "app.confirm", "what would be done now is not what that tag names").WithMend("Look at it again: roleos plan show")
	}
	return err
}

// StagePlan tries the change set on a copy and proves its inverse there.
func (a *App) StagePlan(ctx context.Context, id string) (Plan, error) {
	if err := a.member(ctx); err != nil {
		return Plan{}, err
	}
	if _, err := a.change.Stage(ctx, id); err != nil {
		return Plan{}, err
	}
	return a.ShowPlan(ctx, id)
}

// ConfirmPlan takes this person's typed answer for the change set they were
// shown. Nothing but the answer that the plan asks for confirms it.
func (a *App) ConfirmPlan(ctx context.Context, id, answer string) (guardrails.Grant, error) {
	if err := a.member(ctx); err != nil {
		return guardrails.Grant{}, err
	}
	if err := a.secondPerson(ctx, id); err != nil {
		return guardrails.Grant{}, err
	}
	view, at, err := a.db.Shown(ctx, id, a.actor(ctx))
	if err != nil {
		return guardrails.Grant{}, err
	}
	g, err := a.change.Confirm(ctx, id, a.person(ctx), change.Answer{Text: answer, View: view, Shown: at})
	return g, a.afterRefusal(ctx, id, err)
}

// secondPerson makes a team two people: who approved a draft does not confirm
// its publication, and who gave a proposal, be it as an agent's, does not confirm it.
func (a *App) secondPerson(ctx context.Context, id string) error {
	if a.solo() {
		return nil
	}
	out, err := a.change.Get(ctx, id)
	if err != nil {
		return err
	}
	if !out.Set.Erased {
		cs, err := guardrails.Open(out.Set.Bytes)
		if err != nil {
			return err
		}
		if givenBy(cs.Content().Provenance, a.actor(ctx)) {
			return fault.New(fault.Denied, "app.confirm", "%s gave this proposal, in whoever's name; in a team a second person confirms it", a.actor(ctx)).
				WithMend("Ask a colleague to run: roleos plan confirm %s", id)
		}
	}
	draft, digest, err := published(out.Set)
	if err != nil || draft == "" {
		return err
	}
	reviews, err := a.db.Reviews(ctx, draft)
	if err != nil {
		return err
	}
	for _, r := range reviews {
		if r.Verdict == handoff.Approve && r.Digest == digest && r.By == a.actor(ctx) {
			return fault.New(fault.Denied, "app.confirm", "%s approved %s; in a team a second person confirms its publication", r.By, draft).
				WithMend("Ask a colleague to run: roleos plan confirm %s", id)
		}
	}
	return nil
}

// afterRefusal takes the draft of a set that went stale back into review, so
// that approving it again makes a plan that fits what is there now.
func (a *App) afterRefusal(ctx context.Context, id string, err error) error {
	if err == nil || fault.KindOf(err) != fault.Stale {
		return err
	}
	out, gerr := a.change.Get(ctx, id)
	if gerr != nil || out.Set.State != change.Stale {
		return err
	}
	return errors.Join(err, a.withdraw(ctx, out.Set))
}

// withdraw takes the draft that the set would have published back into review.
func (a *App) withdraw(ctx context.Context, set change.Set) error {
	draft, digest, err := published(set)
	if err != nil || draft == "" || set.Undoes != "" {
		return err
	}
	_, err = a.Handoff.Withdrawn(ctx, draft, digest, a.actor(ctx))
	return err
}

// ApplyPlan does what was confirmed, and goes on where a killed process stopped.
func (a *App) ApplyPlan(ctx context.Context, id string) (Plan, error) {
	if err := a.member(ctx); err != nil {
		return Plan{}, err
	}
	in := applyInput{Run: a.newID("run"), Set: id, By: a.actor(ctx)}
	view, err := a.change.Show(ctx, id)
	if err != nil {
		return Plan{}, err
	}
	if s := view.State; s != change.Granted && s != change.Applying {
		// Let the service say why, without a run for it.
		_, err := a.change.Apply(ctx, id)
		return view, err
	}
	input, err := json.Marshal(in)
	if err != nil {
		return Plan{}, err
	}
	now := a.now()
	err = a.db.SaveRun(ctx, run.Run{
		ID: in.Run, Kind: kindApply, Status: run.Running, Input: input, Draft: view.Draft, StartedBy: in.By, CreatedAt: now, UpdatedAt: now,
	}, nil)
	if err != nil {
		return Plan{}, err
	}
	if err := a.applying.Start(ctx, in.Run, in); err != nil {
		return Plan{}, err
	}
	if _, err := a.applying.Wait(ctx, in.Run); err != nil {
		return Plan{}, a.afterRefusal(ctx, id, a.fail(ctx, in.Run, err))
	}
	return a.change.Show(ctx, id)
}

// UndoPlan plans and stages the change set that takes another one back. It is
// confirmed like every other.
func (a *App) UndoPlan(ctx context.Context, id string) (Plan, error) {
	if err := a.member(ctx); err != nil {
		return Plan{}, err
	}
	set, err := a.change.Undo(ctx, id, guardrails.Principal{ID: "roleos"})
	if err != nil {
		return Plan{}, err
	}
	return a.StagePlan(ctx, set.ID)
}

// BuiltOn returns the drafts that were made from the one which the change set
// publishes or takes back, oldest first, without those that were rejected.
func (a *App) BuiltOn(ctx context.Context, id string) ([]handoff.Draft, error) {
	out, err := a.change.Get(ctx, id)
	if err == nil && out.Set.Undoes != "" {
		out, err = a.change.Get(ctx, out.Set.Undoes)
	}
	if err != nil {
		return nil, err
	}
	draft, _, err := published(out.Set)
	if err != nil || draft == "" {
		return nil, err
	}
	all, err := a.Drafts(ctx, nil)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(x, y handoff.Draft) int { return x.CreatedAt.Compare(y.CreatedAt) })
	under := map[string]bool{draft: true}
	var built []handoff.Draft
	for _, d := range all {
		in, err := a.draftedFrom(ctx, d)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(in.Upstream, func(u upstream) bool { return under[u.Draft] }) {
			if under[d.ID] = true; d.State != handoff.Rejected {
				built = append(built, d)
			}
		}
	}
	return built, nil
}

// RejectPlan ends a change set that has not begun; its draft goes back into review.
func (a *App) RejectPlan(ctx context.Context, id, reason string) (Plan, error) {
	if err := a.member(ctx); err != nil {
		return Plan{}, err
	}
	if reason == "" {
		return Plan{}, fault.New(fault.Invalid, "app.plan", "say why it is rejected").WithMend("Add: --text \"...\"")
	}
	set, err := a.change.Reject(ctx, id, a.person(ctx), reason)
	if err != nil {
		return Plan{}, err
	}
	if err := a.withdraw(ctx, set); err != nil {
		return Plan{}, err
	}
	return a.change.Show(ctx, id)
}

// dropPlan ends a change set whose draft has moved on.
func (a *App) dropPlan(ctx context.Context, id, reason string) error {
	_, err := a.change.Reject(ctx, id, a.person(ctx), reason)
	if fault.KindOf(err) == fault.Conflict {
		return nil // it has ended already
	}
	return err
}

// exists reports whether a file is there.
func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
