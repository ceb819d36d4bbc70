package app

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"roleos/agents/feedbackriver"
	"roleos/config"
	"roleos/internal/artefact"
	"roleos/internal/fault"
	"roleos/internal/handoff"
	"roleos/internal/roles"
	"roleos/internal/run"
	"roleos/internal/store"
	"roleos/internal/workflow"
)

// Store returns the workspace's store, for what the service keeps of its own:
// tokens, sessions and answers to repeated requests.
func (a *App) Store() *store.DB { return a.db }

// Alive fails when the store does not answer.
func (a *App) Alive(ctx context.Context) error {
	_, _, err := a.db.ListRuns(ctx, store.RunFilter{Status: run.Running}, "", 1)
	return err
}

// Work makes this process one that stays: it goes on with what was left behind,
// here and on replicas that end, keeps the clocks, and tells the endpoints outside
// what happens. It returns at once and ends with Close.
func (a *App) Work(ctx context.Context) error {
	relay, err := a.openRelay()
	if err != nil {
		return err
	}
	left, err := a.Runs(ctx, run.Running)
	if err != nil {
		return err
	}
	if _, err := a.engine.Resume(ctx); err != nil {
		return err
	}
	if a.alone() {
		// Nobody else works on a SQLite workspace, so a run without a journal was
		// killed before it began. Starting it again under its id is once.
		for _, r := range left {
			if err := a.restart(ctx, r); err != nil {
				a.logger.WarnContext(ctx, "a run does not go on", slog.String("run", r.ID), slog.Any("error", err))
			}
		}
	}
	if err := a.KeepTime(ctx); err != nil {
		return err
	}
	loops := []func(context.Context){a.leadWorkflows}
	if relay != nil {
		loops = append(loops, func(ctx context.Context) { a.keepTelling(ctx, relay) })
	}
	a.whileOpen(ctx, loops)
	return nil
}

// Upcoming is a workflow that begins by itself, now or later.
type Upcoming struct {
	Workflow workflow.Definition `json:"-"`
	workflow.Beginning
	By  string `json:"by"`            // whoever answers for it begins it
	Why string `json:"why,omitempty"` // why it does not begin all the same
}

// Upcoming returns the workflows that begin by themselves, as the settings
// workflows.in, workflows.cycle and workflows.on_alert say.
func (a *App) Upcoming(ctx context.Context) ([]Upcoming, error) {
	set := a.cfg.Workflows
	if set.In == config.None {
		return nil, nil
	}
	all, err := a.Workflows()
	if err != nil {
		return nil, err
	}
	runs, err := a.WorkflowRuns(ctx, "")
	if err != nil {
		return nil, err
	}
	o := workflow.Occasions{Alerts: set.OnAlert}
	o.Cycle, _ = roles.Cadence(set.Cycle).Period()
	if set.OnAlert {
		if o.Draft, o.Patterns, err = a.patterns(ctx); err != nil {
			return nil, err
		}
	}
	material := a.inWorkspace(set.In)
	var out []Upcoming
	for _, d := range all {
		of := slices.DeleteFunc(slices.Clone(runs), func(r workflow.Run) bool { return r.Definition.ID != d.ID })
		b, ok := d.Upcoming(o, of, a.now().UTC())
		if !ok {
			continue
		}
		b.Input.Paths, b.Input.Itself = []string{material}, true
		u := Upcoming{Workflow: d, Beginning: b, By: a.actor(ctx)}
		word, err := a.Standing(ctx, workflowSubject(d))
		switch {
		case err != nil:
			return nil, err
		case word.Holds:
			u.By = word.By
		case !a.solo() || word.Version == d.Version: // alone, nobody has to be asked before the first run
			u.Why = word.Why + ". " + word.Mend
		}
		if !exists(material) {
			u.Why = "there is no folder " + set.In + " (workflows.in)"
		}
		out = append(out, u)
	}
	return out, nil
}

// patterns returns what the newest synthesis that no workflow made reports as
// changed, if its contract holds. Ids of themes differ from draft to draft, so labels name a pattern.
func (a *App) patterns(ctx context.Context) (draft string, out []string, err error) {
	page, _, err := a.db.ListDrafts(ctx, store.DraftFilter{Kind: feedbackriver.Kind}, "", PageSize)
	if err != nil {
		return "", nil, err
	}
	i := slices.IndexFunc(page, func(d handoff.Draft) bool { return !strings.HasPrefix(d.Run, "wf-") })
	if i < 0 || page[i].State == handoff.Drafted || page[i].State == handoff.Rejected {
		return "", nil, nil
	}
	_, _, s, err := a.synthesis(ctx, page[i].ID, 0)
	for _, x := range s.Alerts {
		of := x.Segment + "=" + x.Value
		if t := slices.IndexFunc(s.Themes, func(t artefact.Theme) bool { return t.ID == x.ThemeID }); t >= 0 {
			of = s.Themes[t].Label
		}
		out = append(out, strings.Join([]string{string(x.Kind), of, x.Period}, " | "))
	}
	return page[i].ID, out, err
}

// BeginDue begins the workflows that are due, each occasion once whoever looks,
// and returns their runs. Who leads workflows goes on with them.
func (a *App) BeginDue(ctx context.Context) ([]workflow.Run, error) {
	all, err := a.Upcoming(ctx)
	if err != nil {
		return nil, err
	}
	var out []workflow.Run
	for _, u := range all {
		if u.Why != "" || !u.Now(a.now().UTC()) {
			continue
		}
		ctx := WithActor(ctx, a.Person(u.By))
		if err := a.Vouched(ctx, workflowSubject(u.Workflow)); err != nil {
			return out, err
		}
		r, err := a.conductor(nil).Begin(ctx, u.ID, u.Workflow, u.Input, u.By)
		if fault.KindOf(err) == fault.Conflict {
			continue // another replica, or another look, was faster
		}
		if err != nil {
			return out, err
		}
		out = append(out, r)
		a.goOn()
	}
	return out, nil
}

// whileOpen runs the loops until Close.
func (a *App) whileOpen(ctx context.Context, loops []func(context.Context)) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var done sync.WaitGroup
	for _, loop := range loops {
		done.Go(func() { loop(ctx) })
	}
	a.endKeeping = func() {
		cancel()
		done.Wait()
	}
}
