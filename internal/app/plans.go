package app

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strings"
	"time"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/fault"
	"roleos/internal/handoff"
	"roleos/internal/run"
)

// Plan is a change set as a person sees it.
type Plan = change.View

func (a *App) person() guardrails.Principal {
	return guardrails.Principal{ID: a.cfg.Principal, Person: true}
}

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
	if was, ok := a.shown(id); !ok || was.View != v.Digest {
		err = a.noteShown(id, shown{By: a.cfg.Principal, View: v.Digest, At: a.now()})
	}
	return v, err
}

// shown is what this workspace's person was shown of a change set, and when first.
type shown struct {
	By   string    `json:"by"`
	View string    `json:"view"`
	At   time.Time `json:"at"`
}

// shownFile is this person's note: what one was shown, another was not.
func (a *App) shownFile(id string) string {
	return a.stateFile("shown", id+"-"+strings.TrimPrefix(a.cfg.Principal, "person:")+".json")
}

func (a *App) shown(id string) (shown, bool) {
	var s shown
	data, err := os.ReadFile(a.shownFile(id))
	return s, err == nil && json.Unmarshal(data, &s) == nil && s.By == a.cfg.Principal
}

func (a *App) noteShown(id string, s shown) error {
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return writeFile(a.shownFile(id), data)
}

// StagePlan tries the change set on a copy and proves its inverse there.
func (a *App) StagePlan(ctx context.Context, id string) (Plan, error) {
	if _, err := a.change.Stage(ctx, id); err != nil {
		return Plan{}, err
	}
	return a.ShowPlan(ctx, id)
}

// ConfirmPlan takes this person's typed answer for the change set they were
// shown. Nothing but the answer that the plan asks for confirms it.
func (a *App) ConfirmPlan(ctx context.Context, id, answer string) (guardrails.Grant, error) {
	if err := a.secondPerson(ctx, id); err != nil {
		return guardrails.Grant{}, err
	}
	s, _ := a.shown(id)
	g, err := a.change.Confirm(ctx, id, a.person(), change.Answer{Text: answer, View: s.View, Shown: s.At})
	return g, a.afterRefusal(ctx, id, err)
}

// secondPerson makes a team two people: who approved a draft does not confirm
// its publication.
func (a *App) secondPerson(ctx context.Context, id string) error {
	if a.solo() {
		return nil
	}
	out, err := a.change.Get(ctx, id)
	if err != nil {
		return err
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
		if r.Verdict == handoff.Approve && r.Digest == digest && r.By == a.cfg.Principal {
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
	_, err = a.Handoff.Withdrawn(ctx, draft, digest, a.cfg.Principal)
	return err
}

// ApplyPlan does what was confirmed, and goes on where a killed process stopped.
func (a *App) ApplyPlan(ctx context.Context, id string) (Plan, error) {
	in := applyInput{Run: a.newID("run"), Set: id, By: a.cfg.Principal}
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
	set, err := a.change.Undo(ctx, id, guardrails.Principal{ID: "roleos"})
	if err != nil {
		return Plan{}, err
	}
	return a.StagePlan(ctx, set.ID)
}

// RejectPlan ends a change set that has not begun; its draft goes back into review.
func (a *App) RejectPlan(ctx context.Context, id, reason string) (Plan, error) {
	if reason == "" {
		return Plan{}, fault.New(fault.Invalid, "app.plan", "say why it is rejected").WithMend("Add: --text \"...\"")
	}
	set, err := a.change.Reject(ctx, id, a.person(), reason)
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
	_, err := a.change.Reject(ctx, id, a.person(), reason)
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
