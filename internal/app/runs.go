package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"roleos/internal/fault"
	"roleos/internal/handoff"
	"roleos/internal/run"
	"roleos/internal/store"
)

// watch passes a run's progress on to f while this process works on it, until
// the function it returns is called. f may be nil.
func (a *App) watch(id string, f func(string, int, int)) (stop func()) {
	if f == nil {
		return func() {}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.watching++
	n := a.watching
	if a.watchers[id] == nil {
		a.watchers[id] = map[int]func(string, int, int){}
	}
	a.watchers[id][n] = f
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.watchers[id], n)
		if len(a.watchers[id]) == 0 {
			delete(a.watchers, id)
		}
	}
}

// watcher returns what tells everybody who watches the run then.
func (a *App) watcher(id string) func(string, int, int) {
	return func(stage string, done, total int) {
		a.mu.Lock()
		told := slices.Collect(maps.Values(a.watchers[id]))
		a.mu.Unlock()
		for _, f := range told {
			f(stage, done, total)
		}
	}
}

// fail ends a run as failed and returns why. An interrupted run has not failed:
// it goes on with Resume.
func (a *App) fail(ctx context.Context, id string, why error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	err := a.db.InTx(ctx, func(ctx context.Context) error { return a.end(ctx, id, run.Failed, why.Error()) })
	if err != nil {
		return errors.Join(why, err)
	}
	return why
}

// end moves a run to its last state, once.
func (a *App) end(ctx context.Context, id string, to run.Status, why string) error {
	was, err := a.db.Run(ctx, id)
	if err != nil {
		return err
	}
	if was.Status == to {
		return nil
	}
	next := was
	if next.Status, err = was.Status.To(to); err != nil {
		return fault.Wrap(err, fault.Conflict, "app.run", "run %s", id)
	}
	next.Error, next.UpdatedAt = why, a.now()
	if err := a.db.SaveRun(ctx, next, &was); err != nil {
		return err
	}
	return a.log.Append(ctx, "run."+string(to), "roleos", id, map[string]any{"error": why, "draft": next.Draft})
}

// Runs lists the runs with the status, newest first; no status means all.
func (a *App) Runs(ctx context.Context, status run.Status) ([]run.Run, error) {
	var out []run.Run
	for cursor := ""; ; {
		page, next, err := a.db.ListRuns(ctx, store.RunFilter{Status: status}, cursor, 200)
		if err != nil {
			return nil, err
		}
		out = append(out, page...)
		if cursor = next; next == "" {
			return out, nil
		}
	}
}

// draftedFrom returns what the draft's run was started with; the zero draftInput
// for a draft without a run.
func (a *App) draftedFrom(ctx context.Context, d handoff.Draft) (draftInput, error) {
	var in draftInput
	if d.Run == "" {
		return in, nil
	}
	r, err := a.db.Run(ctx, d.Run)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return in, nil
	}
	if err != nil || r.Kind != kindDraft {
		return in, err
	}
	return in, json.Unmarshal(r.Input, &in)
}

// fromSample reports whether the draft, or one that it is built on, was made
// from the embedded sample.
func (a *App) fromSample(ctx context.Context, d handoff.Draft) (bool, error) {
	in, err := a.draftedFrom(ctx, d)
	if err != nil || in.Sample {
		return in.Sample, err
	}
	for _, u := range in.Upstream { // older than d, so this ends
		up, err := a.db.Draft(ctx, u.Draft)
		if err != nil {
			return false, err
		}
		if sample, err := a.fromSample(ctx, up); err != nil || sample {
			return sample, err
		}
	}
	return false, nil
}

// GetRun returns one run.
func (a *App) GetRun(ctx context.Context, id string) (run.Run, error) { return a.db.Run(ctx, id) }

// CancelRun stops a run that has not ended. What it has stored stays.
func (a *App) CancelRun(ctx context.Context, id string) error {
	if err := a.member(ctx); err != nil {
		return err
	}
	r, err := a.db.Run(ctx, id)
	if err != nil {
		return err
	}
	if r.Status.Done() {
		return fault.New(fault.Conflict, "app.cancel", "run %s is %s already", id, r.Status)
	}
	if err := a.engine.Cancel(ctx, id); err != nil {
		return err
	}
	return a.db.InTx(ctx, func(ctx context.Context) error {
		return a.end(ctx, id, run.Cancelled, "cancelled by "+a.actor(ctx))
	})
}

// Resume goes on with every run that a killed process left behind, and settles
// effects whose outcome nobody saw. It returns what the runs ended with.
func (a *App) Resume(ctx context.Context, id string, progress func(string, int, int)) ([]Outcome, error) {
	waiting, err := a.Runs(ctx, run.Running)
	if err != nil {
		return nil, err
	}
	waiting = slices.DeleteFunc(waiting, func(r run.Run) bool { return id != "" && r.ID != id })
	if id != "" && len(waiting) == 0 {
		r, err := a.db.Run(ctx, id)
		if err != nil {
			return nil, err
		}
		return nil, fault.New(fault.Conflict, "app.resume", "run %s is %s; there is nothing to go on with", id, r.Status)
	}
	for _, r := range waiting {
		defer a.watch(r.ID, progress)()
	}
	// Before anything is started, so that what was interrupted goes on at once.
	if _, err := a.engine.Resume(ctx); err != nil {
		return nil, err
	}
	for _, r := range waiting {
		// A process killed between storing the run and starting it left no journal
		// to go on with: starting it again under the same id is once.
		if err := a.restart(ctx, r); err != nil {
			return nil, err
		}
	}
	var out []Outcome
	var failed []error
	for _, r := range waiting {
		o, err := a.outcome(ctx, r)
		if err != nil {
			failed = append(failed, fmt.Errorf("run %s: %w", r.ID, err))
			continue
		}
		out = append(out, o)
	}
	return out, errors.Join(failed...)
}

func (a *App) restart(ctx context.Context, r run.Run) error {
	switch r.Kind {
	case kindDraft:
		var in draftInput
		if err := json.Unmarshal(r.Input, &in); err != nil {
			return err
		}
		return a.drafting.Start(ctx, r.ID, in)
	case kindPublish:
		var in publishInput
		if err := json.Unmarshal(r.Input, &in); err != nil {
			return err
		}
		return a.publishing.Start(ctx, r.ID, in)
	case kindApply:
		var in applyInput
		if err := json.Unmarshal(r.Input, &in); err != nil {
			return err
		}
		return a.applying.Start(ctx, r.ID, in)
	case kindRelease:
		var in releaseInput
		if err := json.Unmarshal(r.Input, &in); err != nil {
			return err
		}
		return a.releasing.Start(ctx, r.ID, in)
	}
	return nil
}

// outcome waits for a run that goes on and returns what it ended with.
func (a *App) outcome(ctx context.Context, r run.Run) (Outcome, error) {
	var err error
	switch r.Kind {
	case kindDraft:
		return a.await(ctx, r.ID)
	case kindPublish:
		_, err = a.publishing.Wait(ctx, r.ID)
	case kindApply:
		_, err = a.applying.Wait(ctx, r.ID)
	case kindRelease:
		var in releaseInput
		if err := json.Unmarshal(r.Input, &in); err != nil {
			return Outcome{}, err
		}
		err = a.released(ctx, r.ID, in)
	}
	if err != nil {
		return Outcome{}, a.fail(ctx, r.ID, err)
	}
	if r, err = a.db.Run(ctx, r.ID); err != nil || r.Draft == "" {
		return Outcome{Run: r}, err
	}
	d, err := a.db.Draft(ctx, r.Draft)
	return Outcome{Run: r, Draft: d}, err
}
