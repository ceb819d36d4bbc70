package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"roleos/agents"
	"roleos/agents/feedbackriver"
	"roleos/config"
	"roleos/guardrails"
	"roleos/internal/broker"
	"roleos/internal/change"
	"roleos/internal/change/keyfile"
	"roleos/internal/fault"
	"roleos/internal/handoff"
	"roleos/internal/target/declared"
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

// doors are the targets of a workspace. They stand in every process that may
// write to them: a command's own, and the broker of a service.
type doors struct {
	files    *files.Target
	tracker  *tracker.Target // nil without one in the settings
	declared []declared.Entry
	opened   []*declared.Target // of those that can be meant
	all      []change.Registered
}

// openDoors opens the targets of the settings; what a workspace declares is
// opened when it is used.
func openDoors(c config.Config, now func() time.Time, hook func(string)) (*doors, error) {
	d := &doors{}
	var err error
	if d.files, err = files.Open(files.Options{Dir: c.Dir, Folders: []string{c.Publish.Root}, Hook: hook}); err != nil {
		return nil, err
	}
	d.all = []change.Registered{{Manifest: files.Manifest(filesTarget), Target: d.files}}
	if c.Tracker.Kind != config.None {
		if d.tracker, err = openTracker(c, now, hook); err != nil {
			return nil, errors.Join(err, d.Close())
		}
		d.all = append(d.all, change.Registered{Manifest: d.tracker.Manifest(trackerTarget), Target: d.tracker})
	}
	if err := d.openDeclared(c, now, hook); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// Close releases the targets.
func (d *doors) Close() error {
	errs := []error{d.files.Close()}
	for _, t := range d.opened {
		errs = append(errs, t.Close())
	}
	return errors.Join(errs...)
}

// openChange opens the one door that acts. broker signs and writes; nil has this
// process do both, with the key in the workspace.
func (a *App) openChange(broker change.Broker, hook func(string)) (_ *change.Service, err error) {
	if a.doors, err = openDoors(a.cfg, a.now, hook); err != nil {
		return nil, err
	}
	o := change.Options{
		Sets: a.db, Effects: a.db, Grants: a.db, Tx: a.db, Audit: a.log, Trail: a.setTrail,
		Targets:  a.doors.all,
		Policy:   change.Policy{Version: policyVersion, Environment: "workspace", Solo: a.solo()},
		Contract: a.gate.Current, Standing: a.inForce,
		Now: a.now, NewID: func() string { return a.newID("cs") }, GrantLife: a.cfg.Grants.Expiry, Owner: a.executor, Hook: hook,
	}
	if a.traces != nil {
		o.Span = a.traces.Change
	}
	if broker != nil {
		o.Keys, o.Hand = broker, broker
	} else {
		o.Keys = keyfile.New(a.stateFile("keys"))
	}
	return change.New(o)
}

// OpenBroker returns what signs and writes for a service on this workspace, from
// a process of its own: it alone reads the signing key. It needs no store.
func OpenBroker(c config.Config, now func() time.Time) (broker.Server, io.Closer, error) {
	d, err := openDoors(c, now, func(string) {})
	if err != nil {
		return broker.Server{}, nil, err
	}
	keys := keyfile.New(filepath.Join(c.Dir, stateDir, "keys"))
	hand, err := change.NewHand(keys, d.all)
	if err != nil {
		return broker.Server{}, nil, errors.Join(err, d.Close())
	}
	return broker.Server{Keys: keys, Hand: hand, Solo: c.Review.Mode != "team", Now: now}, d, nil
}

// openTracker opens the issue tracker of the settings. Its key is read from its
// file for each request and kept nowhere.
func openTracker(c config.Config, now func() time.Time, hook func(string)) (*tracker.Target, error) {
	t := c.Tracker
	project, err := openProject(c, t.Project, now)
	if err != nil {
		return nil, err
	}
	o := tracker.Options{Tracker: project, Dir: filepath.Join(c.Dir, stateDir, "tracker"), Now: now, Hook: hook}
	if t.StagingProject != config.None {
		if o.Staging, err = openProject(c, t.StagingProject, now); err != nil {
			return nil, err
		}
	}
	return tracker.New(o)
}

func openProject(c config.Config, name string, now func() time.Time) (tracker.Tracker, error) {
	t := c.Tracker
	key := func(context.Context) (string, error) {
		path := t.KeyFile
		if !filepath.IsAbs(path) {
			path = filepath.Join(c.Dir, path)
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
		return redmine.New(redmine.Options{Base: base, Project: name, Token: key, Now: now})
	}
	owner, repo, _ := strings.Cut(name, "/")
	return github.New(github.Options{Base: base, Owner: owner, Repo: repo, Token: key, Now: now})
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
	if err := a.mayRun(ctx); err != nil {
		return Plan{}, err
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
