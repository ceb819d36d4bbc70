package app

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"roleos/agents"
	"roleos/config"
	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/fault"
	"roleos/internal/target/declared"
	"roleos/internal/target/files"
)

// openDeclared adds the targets that the workspace declares. A declaration that
// cannot be meant is no target.
func (d *doors) openDeclared(c config.Config, now func() time.Time, hook func(string)) error {
	if !exists(filepath.Join(c.Dir, config.FileName)) {
		return nil
	}
	var err error
	if d.declared, err = declared.Load(os.DirFS(c.Dir)); err != nil {
		return err
	}
	o := declared.Options{
		Dir: c.Dir, State: filepath.Join(c.Dir, stateDir, "targets"), Secrets: c.TargetSecrets, Now: now, Hook: hook, Steering: steering(c),
	}
	for _, e := range d.declared {
		if e.Err != nil {
			continue
		}
		t := declared.New(e.Declaration, o)
		limits := e.Declaration.Limits()
		d.opened = append(d.opened, t)
		d.all = append(d.all, change.Registered{Manifest: e.Declaration.Manifest(), Target: t, Ceiling: &limits})
	}
	return nil
}

// steering lists what says what may be done here; no declared target reaches it.
func steering(c config.Config) []string {
	var out []string
	for _, name := range []string{stateDir, config.FileName, declared.Folder, "contracts", "roles", "workflows"} {
		out = append(out, filepath.Join(c.Dir, name))
	}
	if file, ok := strings.CutPrefix(c.Store.URL, "sqlite:"); ok {
		out = append(out, file)
	}
	return out
}

// Place is something that changes can touch, as people look at it.
type Place struct {
	Name       string                 `json:"name"`
	Type       string                 `json:"type"`
	Purpose    string                 `json:"purpose,omitempty"`
	Where      string                 `json:"where"`
	Reversible string                 `json:"reversible"`
	Operations []guardrails.Operation `json:"operations"`
	Agents     []string               `json:"agents"`           // in whose name changes may be proposed
	Limits     *declared.Envelope     `json:"limits,omitempty"` // of everybody; nil where each agent's manifest has its own
	Digest     string                 `json:"digest,omitempty"` // of the declaration
	Problem    string                 `json:"problem,omitempty"`
}

// Places returns every target: the workspace's files, the tracker of the
// settings, and what is declared in targets/, with what is wrong with it.
func (a *App) Places() []Place {
	out := []Place{{
		Name: filesTarget, Type: "files", Purpose: "approved drafts", Where: a.cfg.Publish.Root, Operations: files.Manifest(filesTarget).Operations,
		Reversible: "proven: tried on a copy of the files and undone there", Agents: a.touching(filesTarget),
	}}
	if a.tracker != nil {
		p := Place{
			Name: trackerTarget, Type: a.cfg.Tracker.Kind, Purpose: "tickets for first issues", Where: "project " + a.cfg.Tracker.Project,
			Operations: a.tracker.Manifest(trackerTarget).Operations, Agents: a.touching(trackerTarget),
			Reversible: "not proven: no staging project to try tickets in",
		}
		if a.cfg.Tracker.StagingProject != config.None {
			p.Reversible = "tried in project " + a.cfg.Tracker.StagingProject
		}
		out = append(out, p)
	}
	for _, e := range a.declared {
		if e.Err != nil {
			out = append(out, Place{Name: e.Name, Type: "?", Problem: e.Err.Error()})
			continue
		}
		d := e.Declaration
		out = append(out, Place{
			Name: d.Name, Type: d.Type(), Purpose: d.Purpose, Where: d.Place(), Reversible: d.Reversible(), Operations: d.Manifest().Operations,
			Agents: d.Agents, Limits: &d.Envelope, Digest: d.Digest(),
		})
	}
	return out
}

// Place returns one target; fault.NotFound names the ones there are.
func (a *App) Place(name string) (Place, error) {
	var names []string
	for _, p := range a.Places() {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Place{}, fault.New(fault.NotFound, "app.target", "there is no target %q", name).
		WithMend("Targets: %s. Declare one in %s/%s.yaml.", strings.Join(names, ", "), declared.Folder, name)
}

// touching lists the agents whose manifests have an envelope for the target.
func (a *App) touching(target string) []string {
	all, err := agents.Manifests()
	if err != nil {
		return nil
	}
	var out []string
	for _, m := range all {
		if _, err := m.Envelope(target); err == nil {
			out = append(out, m.ID)
		}
	}
	return out
}

// Tried is what looking at a target in earnest found.
type Tried struct {
	Name    string        `json:"name"`
	Objects int64         `json:"objects"` // that it holds now; below zero: more than are counted
	Staged  bool          `json:"staged"`  // a copy could be made and was removed
	Took    time.Duration `json:"took"`    // nanoseconds
	Problem string        `json:"problem,omitempty"`
	Mend    string        `json:"mend,omitempty"`
}

// TryTargets opens the declared targets, or the one named, counts what they hold
// and makes a copy of each that can be staged. It writes nothing to them.
func (a *App) TryTargets(ctx context.Context, name string) ([]Tried, error) {
	if name != "" {
		if _, err := declared.Find(a.declared, name); err != nil && fault.KindOf(err) == fault.NotFound {
			return nil, err
		}
	}
	var out []Tried
	next := 0
	for _, e := range a.declared {
		var t *declared.Target
		if e.Err == nil {
			t, next = a.opened[next], next+1
		}
		if name != "" && e.Name != name {
			continue
		}
		tried, err := Tried{Name: e.Name}, e.Err
		began := a.now()
		if err == nil {
			tried.Objects, tried.Staged, err = try(ctx, t)
		}
		tried.Took = a.now().Sub(began)
		if err != nil {
			tried.Problem = err.Error()
		}
		out = append(out, tried)
	}
	return out, nil
}

func try(ctx context.Context, t change.Target) (objects int64, staged bool, err error) {
	m, err := t.Plan(ctx, nil)
	if err != nil {
		return 0, false, err
	}
	copied, err := t.Stage(ctx, nil)
	if errors.Is(err, change.ErrNoStaging) {
		return m.Population, false, nil
	}
	if err != nil {
		return m.Population, false, err
	}
	_, err = copied.Fingerprint(ctx)
	return m.Population, err == nil, errors.Join(err, copied.Close())
}

// declaredSoundly fails for the first declaration that cannot be meant.
func (a *App) declaredSoundly() error {
	for _, e := range a.declared {
		if e.Err != nil {
			return e.Err
		}
	}
	return nil
}

// Propose plans what a written proposal asks of a declared target and tries it
// on a copy. It is asked for in the person's name, or in that of the agent which
// the proposal says made it; the target's envelope bounds both. beside holds the
// files that it names.
//
// It fails with fault.Invalid and the line for what cannot be meant, and with
// fault.Denied, with the Decision in the chain, when the guardrails refuse.
func (a *App) Propose(ctx context.Context, name string, document []byte, beside fs.FS) (Plan, error) {
	if err := a.member(ctx); err != nil {
		return Plan{}, err
	}
	p, err := declared.ParseProposal(name, document)
	if err != nil {
		return Plan{}, err
	}
	d, err := declared.Find(a.declared, p.Target)
	if err != nil {
		return Plan{}, err
	}
	intended, err := p.Intended(d, beside)
	if err != nil {
		return Plan{}, err
	}
	by := a.person(ctx)
	provenance := []string{provenProposal + p.Digest() + provenGiver + by.ID, "target declared as " + d.Digest()}
	if p.By != "" {
		if _, err := agents.Find(strings.TrimPrefix(p.By, "agent:")); err != nil {
			return Plan{}, err
		}
		if err := a.mayRun(ctx); err != nil {
			return Plan{}, err
		}
		by = guardrails.Principal{ID: p.By}
	}
	set, err := a.change.Plan(ctx, change.Proposal{
		By: by, Intent: p.Reason, Target: d.Name, Changes: intended, Envelope: d.Limits(), Taint: p.Taint(),
		Provenance: slices.Concat(provenance, prefixed("from ", p.From)),
	})
	if err != nil {
		return Plan{}, err
	}
	return a.StagePlan(ctx, set.ID)
}

// The line of a set's provenance that names a written proposal, and who gave it.
const (
	provenProposal = "proposal "
	provenGiver    = ", given by "
)

// givenBy reports whether a set's provenance says that who gave its proposal.
func givenBy(provenance []string, who string) bool {
	return slices.ContainsFunc(provenance, func(line string) bool {
		return strings.HasPrefix(line, provenProposal) && strings.HasSuffix(line, provenGiver+who)
	})
}

func prefixed(with string, texts []string) []string {
	var out []string
	for _, t := range texts {
		out = append(out, with+t)
	}
	return out
}
