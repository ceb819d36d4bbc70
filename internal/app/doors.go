package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"roleos/agents"
	"roleos/agents/feedbackriver"
	"roleos/config"
	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/change/keyfile"
	"roleos/internal/fault"
	"roleos/internal/handoff"
	"roleos/internal/target/files"
	"roleos/internal/target/tracker"
	"roleos/internal/target/tracker/github"
	"roleos/internal/target/tracker/redmine"
)

// filesTarget is the name that people type for the workspace's own files.
const filesTarget = "files"

// trackerTarget is the name that people type for the issue tracker.
const trackerTarget = "tracker"

// policyVersion names the rules that hold for every change set of this build.
const policyVersion = "roleos/policy/1"

// openChange opens the one door that acts, and the targets behind it.
func (a *App) openChange(hook func(string)) (*change.Service, error) {
	var err error
	if a.files, err = files.Open(files.Options{Dir: a.cfg.Dir, Folders: []string{a.cfg.Publish.Root}, Hook: hook}); err != nil {
		return nil, err
	}
	targets := []change.Registered{{Manifest: files.Manifest(filesTarget), Target: a.files}}
	if a.cfg.Tracker.Kind != config.None {
		if a.tracker, err = a.openTracker(hook); err != nil {
			return nil, err
		}
		targets = append(targets, change.Registered{Manifest: a.tracker.Manifest(trackerTarget), Target: a.tracker})
	}
	more, err := a.openDeclared(hook)
	if err != nil {
		return nil, err
	}
	targets = append(targets, more...)
	var span func(context.Context, string, string, string) (context.Context, func(string, error))
	if a.traces != nil {
		span = a.traces.Change
	}
	return change.New(change.Options{
		Sets: a.db, Effects: a.db, Grants: a.db, Tx: a.db, Audit: a.log, Trail: a.setTrail, Keys: keyfile.New(a.stateFile("keys")),
		Targets:  targets,
		Policy:   change.Policy{Version: policyVersion, Environment: "workspace", Solo: a.solo()},
		Contract: a.gate.Current, Standing: a.inForce,
		Now: a.now, NewID: func() string { return a.newID("cs") }, GrantLife: a.cfg.Grants.Expiry, Owner: a.executor, Span: span, Hook: hook,
	})
}

// openTracker opens the issue tracker of the settings. Its key is read from its
// file for each request and kept nowhere.
func (a *App) openTracker(hook func(string)) (*tracker.Target, error) {
	t := a.cfg.Tracker
	project, err := a.project(t.Project)
	if err != nil {
		return nil, err
	}
	o := tracker.Options{Tracker: project, Dir: a.stateFile("tracker"), Now: a.now, Hook: hook}
	if t.StagingProject != config.None {
		if o.Staging, err = a.project(t.StagingProject); err != nil {
			return nil, err
		}
	}
	return tracker.New(o)
}

func (a *App) project(name string) (tracker.Tracker, error) {
	t := a.cfg.Tracker
	key := func(context.Context) (string, error) {
		path := t.KeyFile
		if !filepath.IsAbs(path) {
			path = filepath.Join(a.cfg.Dir, path)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return "", fault.Wrap(err, fault.Unavailable, "app.tracker", "the tracker's key cannot be read").WithMend("Set tracker.key_file.")
		}
		return strings.TrimSpace(string(data)), nil
	}
	base := t.URL
	if base == config.None {
		base = ""
	}
	if t.Kind == "redmine" {
		return redmine.New(redmine.Options{Base: base, Project: name, Token: key, Now: a.now})
	}
	owner, repo, _ := strings.Cut(name, "/")
	return github.New(github.Options{Base: base, Owner: owner, Repo: repo, Token: key, Now: a.now})
}

// ProposeTickets plans the tickets that the draft's agent proposes for its first
// issues. Those that the tracker has already, by their marker or by their words,
// are left out, and the plan says why. A person confirms it like every other.
func (a *App) ProposeTickets(ctx context.Context, draft string, most int) (Plan, error) {
	const op = "app.propose"
	if err := a.member(ctx); err != nil {
		return Plan{}, err
	}
	if a.tracker == nil {
		return Plan{}, fault.New(fault.Invalid, op, "no issue tracker is set up").
			WithMend("Set tracker.kind, tracker.project and tracker.key_file; see: roleos config show")
	}
	d, rev, s, err := a.synthesis(ctx, draft, 0)
	if err != nil {
		return Plan{}, err
	}
	if d.State != handoff.Approved && d.State != handoff.Published && d.State != handoff.Acknowledged && d.State != handoff.Started {
		return Plan{}, fault.New(fault.Denied, op, "draft %s is %s; patterns become tickets only after a person approved them", d.ID, d.State).
			WithMend("First: roleos review approve %s", d.ID)
	}
	m, err := agents.Find(d.Agent)
	if err != nil {
		return Plan{}, err
	}
	e, err := m.Envelope(trackerTarget)
	if err != nil {
		return Plan{}, err
	}
	var wanted []tracker.Wanted
	for _, t := range feedbackriver.Tickets(s, d.ID, most) {
		wanted = append(wanted, tracker.Wanted{Key: t.Key, Ticket: tracker.Ticket{Title: t.Title, Body: t.Body, Labels: []string{"feedback"}}})
	}
	proposed, err := a.tracker.Propose(ctx, wanted, tracker.Rules{Most: e.MostEach})
	if err != nil {
		return Plan{}, err
	}
	if len(proposed.Changes) == 0 {
		return Plan{}, fault.New(fault.Conflict, op, "there is no new ticket to propose:\n%s", strings.Join(proposed.Notes, "\n"))
	}
	set, err := a.change.Plan(ctx, change.Proposal{
		By: guardrails.Principal{ID: "agent:" + d.Agent}, Run: d.Run, Draft: d.ID, Target: trackerTarget,
		Intent:  fmt.Sprintf("Open %d tickets for the first issues of “%s”", len(proposed.Changes), d.Title),
		Changes: proposed.Changes, Envelope: envelope(m, e, ""), Contract: d.Contract,
		Taint:      guardrails.Taint{Untrusted: true, Sources: sourceNames(s.Sources)},
		Provenance: append([]string{"draft " + d.ID, "records " + d.Records, "from revision " + rev.Digest}, proposed.Notes...),
	})
	if err != nil {
		return Plan{}, err
	}
	return a.StagePlan(ctx, set.ID)
}

// writeOp says whether writing the file creates it or changes it.
func (a *App) writeOp(ctx context.Context, object string) (string, error) {
	state, err := a.files.Read(ctx, object)
	switch {
	case err != nil:
		return "", err
	case state.Digest == guardrails.Absent:
		return files.Create, nil
	}
	return files.Update, nil
}
