package app

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"roleos/agents/feedbackriver"
	"roleos/config"
	"roleos/internal/artefact"
	"roleos/internal/erase"
	"roleos/internal/fault"
	"roleos/internal/handoff"
	"roleos/internal/roles"
	"roleos/internal/run"
	"roleos/internal/store"
	"roleos/internal/store/uploads"
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
	loops := []func(context.Context){a.leadWorkflows, a.keepRetaining}
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

// Retained is what was dropped because it was kept long enough.
type Retained struct {
	Journals  int // of finished runs
	Originals int // slices of unmasked texts
	Files     int // as they were stored for runs
	Records   int // erased
}

// Retain drops what was kept as long as the settings say. Once is enough for all
// replicas; what has gone is found no more.
func (a *App) Retain(ctx context.Context) (out Retained, err error) {
	keep := a.cfg.Retention
	past := func(days int) time.Time { return a.now().UTC().AddDate(0, 0, -days) }
	err = a.db.Exclusive(ctx, "retain", func(ctx context.Context) (err error) {
		if err := uploads.New(a.db).ForgetOld(ctx, a.now()); err != nil {
			return err
		}
		if keep.Journal > 0 {
			if out.Journals, err = a.engine.Prune(ctx, past(keep.Journal)); err != nil {
				return err
			}
		}
		if keep.Originals > 0 {
			if err = errors.Join(a.dropOriginals(ctx, past(keep.Originals), &out), a.forgetFeeds(past(keep.Originals))); err != nil {
				return err
			}
		}
		if keep.Records > 0 {
			out.Records, err = a.eraseOld(ctx, past(keep.Records))
		}
		return err
	})
	return out, err
}

// eraseOld erases all records that were read before the time.
func (a *App) eraseOld(ctx context.Context, before time.Time) (int, error) {
	ctx = WithActor(ctx, Actor{ID: "roleos", Solo: true})
	e, err := a.erasing(ctx, erase.Selection{By: "retention"}, before)
	if err == nil {
		err = e.survey(ctx)
	}
	switch {
	case err != nil && fault.KindOf(err) == fault.NotFound:
		return 0, nil
	case err != nil:
		return 0, err
	}
	return e.plan.Count, e.do(ctx)
}

// dropOriginals drops unmasked texts, and files as they came, that no younger
// reading needs.
func (a *App) dropOriginals(ctx context.Context, before time.Time, out *Retained) error {
	chunks, err := a.db.Chunks(ctx)
	if err != nil {
		return err
	}
	old, young := map[string]bool{}, map[string]bool{}
	files := map[string]bool{} // digests of what was read
	for _, c := range chunks {
		into := old
		if !c.CreatedAt.Before(before) {
			into = young
		}
		sources, err := a.db.Sources(ctx, c.Set)
		if err != nil {
			return err
		}
		for _, s := range sources {
			into[s.Digest], files[s.Digest] = true, true
		}
		if c.Originals != "" {
			into[c.Originals] = true
		}
	}
	err = a.db.InTx(ctx, func(ctx context.Context) error {
		*out = Retained{Journals: out.Journals}
		for _, digest := range slices.Sorted(maps.Keys(old)) {
			if young[digest] {
				continue
			}
			body, err := a.db.Blob(ctx, digest)
			switch {
			case err != nil && fault.KindOf(err) == fault.NotFound, err == nil && len(body) == 0:
				continue
			case err != nil:
				return err
			case files[digest]:
				// What is left of an erased file keeps it from being stored again.
				if erased, err := a.db.IsErased(ctx, digest); err != nil || erased {
					if err != nil {
						return err
					}
					continue
				}
				out.Files++
				err = a.db.DropBlob(ctx, digest)
			default:
				out.Originals++
				err = a.db.RedactBlob(ctx, digest, nil)
			}
			if err != nil {
				return err
			}
		}
		if out.Files+out.Originals == 0 {
			return nil
		}
		return a.log.Append(ctx, "originals.dropped", "roleos", "retention", map[string]any{"before": before, "files": out.Files, "originals": out.Originals})
	})
	if err != nil || out.Files+out.Originals == 0 {
		return err
	}
	return a.db.Compact(ctx)
}

// retainEvery is how often a process that stays looks what was kept long enough.
const retainEvery = 24 * time.Hour

// keepRetaining looks at once and then every day until ctx ends.
func (a *App) keepRetaining(ctx context.Context) {
	tick := time.NewTicker(retainEvery)
	defer tick.Stop()
	for {
		got, err := a.Retain(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			a.logger.WarnContext(ctx, "what was kept long enough was not dropped", slog.Any("error", err))
		case got != Retained{}:
			a.logger.InfoContext(ctx, "dropped what was kept long enough", slog.Any("what", got))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
