package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"roleos/agents"
	"roleos/config"
	"roleos/internal/conduct"
	"roleos/internal/fault"
	"roleos/internal/run"
	"roleos/internal/store/workflows"
	"roleos/internal/workflow"
)

// mostDrafting is how many agents of one workflow draft at a time.
const mostDrafting = 3

// Workflows returns the embedded workflows and, above them, those in the
// workflows folder of the workspace.
func (a *App) Workflows() ([]workflow.Definition, error) { return Workflows(a.cfg.Dir) }

// Workflows returns the workflows that hold in the workspace in dir.
func Workflows(dir string) ([]workflow.Definition, error) {
	own := filepath.Join(dir, "workflows")
	if exists(filepath.Join(dir, config.FileName)) && isDir(own) {
		return workflow.Load(workflow.Embedded(), os.DirFS(own))
	}
	return workflow.Load(workflow.Embedded())
}

// Workflow returns one workflow; fault.NotFound names the ones there are.
func (a *App) Workflow(id string) (workflow.Definition, error) {
	all, err := a.Workflows()
	if err != nil {
		return workflow.Definition{}, err
	}
	return workflow.Find(all, id)
}

// WorkflowRequest begins a run of a workflow.
type WorkflowRequest struct {
	Workflow string
	Paths    []string
	Uploads  []Upload // files that were stored before
	Alert    string   // the draft whose alert begins it; "": a new cycle does
	// Said is told what happens; nil for nobody. It may be called from several
	// goroutines.
	Said func(step, what string)
}

// RunWorkflow begins a run and leads it to the first people.
func (a *App) RunWorkflow(ctx context.Context, r WorkflowRequest) (workflow.Run, error) {
	begun, err := a.BeginWorkflow(ctx, r)
	if err != nil {
		return begun, err
	}
	return a.conductor(r.Said).Lead(ctx, begun.ID)
}

// BeginWorkflow keeps a new run and returns; a process that stays goes on with it.
func (a *App) BeginWorkflow(ctx context.Context, r WorkflowRequest) (workflow.Run, error) {
	const op = "app.workflow"
	if err := a.member(ctx); err != nil {
		return workflow.Run{}, err
	}
	d, err := a.Workflow(r.Workflow)
	if err != nil {
		return workflow.Run{}, err
	}
	if err := a.Vouched(ctx, workflowSubject(d)); err != nil {
		return workflow.Run{}, err
	}
	in := workflow.Input{Trigger: workflow.OnCycle, Of: r.Alert}
	if r.Alert != "" {
		in.Trigger = workflow.OnAlert
		if err := a.alerting(ctx, r.Alert); err != nil {
			return workflow.Run{}, err
		}
	}
	if len(d.Triggers) > 0 && !slices.ContainsFunc(d.Triggers, func(t workflow.Trigger) bool { return t.On == in.Trigger }) {
		return workflow.Run{}, fault.New(fault.Invalid, op, "no %s begins %s", in.Trigger, d.Name)
	}
	for _, p := range r.Paths {
		abs, err := absolute(p)
		if err != nil {
			return workflow.Run{}, err
		}
		if !address(p) && !exists(abs) {
			return workflow.Run{}, fault.New(fault.NotFound, op, "there is no file or folder %s", p)
		}
		in.Paths = append(in.Paths, abs)
	}
	uploads, err := a.uploaded(ctx, r.Uploads)
	if err != nil {
		return workflow.Run{}, err
	}
	for _, u := range uploads {
		in.Paths = append(in.Paths, u.path())
	}
	begun, err := a.conductor(r.Said).Begin(ctx, a.newID("wf"), d, in, a.actor(ctx))
	a.goOn()
	return begun, err
}

// alerting refuses a draft that reports no significant pattern.
func (a *App) alerting(ctx context.Context, draft string) error {
	_, _, s, err := a.synthesis(ctx, draft, 0)
	if err != nil {
		return err
	}
	if len(s.Alerts) == 0 {
		return fault.New(fault.Invalid, "app.workflow", "draft %s reports no pattern that changed against its own history; it begins nothing", draft).
			WithMend("A new cycle needs no alert: leave --alert out.")
	}
	return nil
}

// LeadWorkflow goes on with a run until it waits for people or is over.
func (a *App) LeadWorkflow(ctx context.Context, id string, said func(step, what string)) (workflow.Run, error) {
	if _, err := a.WorkflowRun(ctx, id); err != nil {
		return workflow.Run{}, err
	}
	return a.conductor(said).Lead(ctx, id)
}

// RedoStep takes a failed step of a run up again and goes on with it.
func (a *App) RedoStep(ctx context.Context, id, step string, said func(step, what string)) (workflow.Run, error) {
	if _, err := a.ContinueWorkflow(ctx, id, step); err != nil {
		return workflow.Run{}, err
	}
	return a.conductor(said).Lead(ctx, id)
}

// ContinueWorkflow takes a failed step of an open run up again, none for "", and
// returns; a process that stays goes on with the run at once.
func (a *App) ContinueWorkflow(ctx context.Context, id, step string) (workflow.Run, error) {
	if err := a.member(ctx); err != nil {
		return workflow.Run{}, err
	}
	r, err := workflows.New(a.db).WorkflowRun(ctx, id)
	switch {
	case err != nil:
		return r, err
	case step != "":
		r, err = a.conductor(nil).Redo(ctx, id, step, a.actor(ctx))
	case r.State.Status == workflow.RunDone || r.State.Status == workflow.RunCancelled:
		err = fault.New(fault.Conflict, "app.workflow", "workflow run %s is %s; there is nothing to go on with", id, r.State.Status)
	}
	a.goOn()
	return r, err
}

// CancelWorkflow ends a run. The drafts that it made stay.
func (a *App) CancelWorkflow(ctx context.Context, id, why string) (workflow.Run, error) {
	if err := a.member(ctx); err != nil {
		return workflow.Run{}, err
	}
	r, err := a.conductor(nil).Cancel(ctx, id, why, a.actor(ctx))
	if err != nil {
		return r, err
	}
	for _, x := range r.State.Steps {
		if x.Status != workflow.Cancelled || x.Run == "" {
			continue
		}
		if was, err := a.db.Run(ctx, x.Run); err == nil && was.Status == run.Running {
			if err := a.CancelRun(ctx, x.Run); err != nil {
				return r, err
			}
		}
	}
	return r, nil
}

// WorkflowRun returns one run, the newest for "".
func (a *App) WorkflowRun(ctx context.Context, id string) (workflow.Run, error) {
	if id != "" {
		return workflows.New(a.db).WorkflowRun(ctx, id)
	}
	all, err := a.WorkflowRuns(ctx, "")
	if err == nil && len(all) == 0 {
		err = fault.New(fault.NotFound, "app.workflow", "no workflow was ever run here").
			WithMend("For example: roleos workflow run discover --in FOLDER")
	}
	if err != nil {
		return workflow.Run{}, err
	}
	return all[0], nil
}

// mostRuns bounds lists of workflow runs.
const mostRuns = 200

// WorkflowRuns returns the newest runs of the status, of all for "".
func (a *App) WorkflowRuns(ctx context.Context, status workflow.RunStatus) ([]workflow.Run, error) {
	return workflows.New(a.db).WorkflowRuns(ctx, status, mostRuns)
}

// WorkflowPage returns a page of runs like DraftPage.
func (a *App) WorkflowPage(ctx context.Context, status workflow.RunStatus, cursor string) ([]workflow.Run, string, error) {
	return workflows.New(a.db).WorkflowPage(ctx, status, cursor, PageSize)
}

// ContinueWorkflows leads every open run as far as it goes without people, and
// returns those that moved. It is what a command does at its end that may have
// completed a step, and what a service does now and then.
func (a *App) ContinueWorkflows(ctx context.Context, said func(step, what string)) ([]workflow.Run, error) {
	open, err := a.WorkflowRuns(ctx, workflow.RunOpen)
	if err != nil {
		return nil, err
	}
	var moved []workflow.Run
	var stuck []error // one that cannot go on does not stop the others
	for _, was := range open {
		now, err := a.conductor(said).Lead(ctx, was.ID)
		if err != nil {
			stuck = append(stuck, err)
		} else if now.Seq != was.Seq {
			moved = append(moved, now)
		}
	}
	return moved, errors.Join(stuck...)
}

func (a *App) conductor(said func(step, what string)) *conduct.Service {
	return &conduct.Service{
		Runs: workflows.New(a.db), Desk: &desk{a: a}, Audit: a.log, Tx: a.db, Now: a.now, Most: mostDrafting, Said: said,
	}
}

// desk does what a workflow's steps need done. It looks at the input once.
type desk struct {
	a      *App
	once   sync.Once
	sorted Inputs
	err    error
}

// Draft implements conduct.Desk.
func (d *desk) Draft(ctx context.Context, j conduct.Job) (string, error) {
	if by := (Actor{ID: j.By}); d.a.actor(ctx) != by.ID {
		ctx = WithActor(ctx, d.a.Person(j.By))
	}
	paths, uploads := parted(j.Paths)
	o, err := d.a.Run(ctx, RunRequest{ID: j.Run, Agent: j.Agent, Paths: paths, Uploads: uploads, From: j.From})
	return o.Draft.ID, err
}

// Stands implements conduct.Desk.
func (d *desk) Stands(ctx context.Context, draft string) (string, error) {
	x, err := d.a.db.Draft(ctx, draft)
	return string(x.State), err
}

// Readable implements conduct.Desk.
func (d *desk) Readable(ctx context.Context, paths, kinds []string) ([]string, error) {
	if len(kinds) == 0 {
		return nil, nil
	}
	d.sort(ctx, paths)
	return d.sorted.Of(kinds), d.err
}

// sort looks at the input, once. Uploads keep the paths that name them.
func (d *desk) sort(ctx context.Context, paths []string) {
	d.once.Do(func() {
		files, uploads := parted(paths)
		unpacked, done, err := d.a.unpacked(ctx, uploads)
		if d.err = err; err != nil {
			return
		}
		defer done()
		if d.sorted, d.err = d.a.Inputs(ctx, slices.Concat(files, unpacked)); len(uploads) == 0 {
			return
		}
		named := func(path string) string {
			if i := slices.Index(unpacked, path); i >= 0 {
				return uploads[i].path()
			}
			return path
		}
		for _, of := range d.sorted.Kinds {
			for i := range of {
				of[i] = named(of[i])
			}
		}
		for i, u := range d.sorted.Unread {
			d.sorted.Unread[i].Path = named(u.Path)
		}
	})
}

// Sorted implements conduct.Desk.
func (d *desk) Sorted(ctx context.Context, paths []string) (conduct.Sorting, error) {
	d.sort(ctx, paths)
	name := func(path string) string {
		for _, root := range paths {
			if rel, err := filepath.Rel(root, path); err == nil && rel != "." && filepath.IsLocal(rel) {
				return filepath.ToSlash(rel)
			}
		}
		return filepath.Base(path)
	}
	out := conduct.Sorting{Kinds: map[string][]string{}}
	for kind, files := range d.sorted.Kinds {
		for _, f := range files {
			out.Kinds[kind] = append(out.Kinds[kind], name(f))
		}
	}
	for _, u := range d.sorted.Unread {
		out.Unread = append(out.Unread, conduct.Unread{Name: name(u.Path), Why: u.Why})
	}
	return out, d.err
}

// Vouched implements conduct.Desk.
func (d *desk) Vouched(ctx context.Context, agent string) error {
	m, err := agents.Find(agent)
	if err != nil {
		return err
	}
	return d.a.Vouched(ctx, agentSubject(m))
}

// begun returns the run of the request's id when it was begun before: one that
// was interrupted goes on, one that failed fails again.
func (a *App) begun(ctx context.Context, r RunRequest) (run.Run, error) {
	if r.ID == "" {
		return run.Run{}, nil
	}
	was, err := a.db.Run(ctx, r.ID)
	switch {
	case err != nil && fault.KindOf(err) == fault.NotFound:
		return run.Run{}, nil
	case err != nil || was.Status == run.Succeeded:
		return was, err
	case was.Status != run.Running:
		return was, fault.New(fault.Conflict, "app.run", "run %s %s: %s", was.ID, was.Status, was.Error)
	}
	if _, err := a.engine.Resume(ctx); err != nil {
		return was, err
	}
	return was, a.restart(ctx, was)
}

// draftID names the draft of a run: the same one for the same named run.
func (a *App) draftID(prefix, run string) string {
	if run == "" {
		return a.newID(prefix)
	}
	sum := sha256.Sum256([]byte(run))
	return prefix + "-" + hex.EncodeToString(sum[:5])
}

// leadEvery is how often a service looks whether a workflow can go on: people
// complete steps in other processes, and timers run out.
const leadEvery = 5 * time.Second

// goOn tells who leads workflows here that one can go on; nobody may listen.
func (a *App) goOn() {
	select {
	case a.ready <- struct{}{}:
	default: // told already
	}
}

// leadWorkflows leads open runs on every now and then until ctx ends.
func (a *App) leadWorkflows(ctx context.Context) {
	tick := time.NewTicker(leadEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-a.ready:
		}
		if _, err := a.ContinueWorkflows(ctx, nil); err != nil && ctx.Err() == nil {
			a.logger.WarnContext(ctx, "a workflow could not go on", "error", err)
		}
	}
}
