package app

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"roleos/agents"
	"roleos/config"
	"roleos/contracts"
	"roleos/internal/artefact"
	"roleos/internal/fault"
	"roleos/internal/report/page"
	"roleos/internal/roles"
	"roleos/internal/workflow"
)

// Team returns the embedded roles and, above them, those in the roles folder of
// the workspace in dir.
func Team(dir string) (roles.Team, error) {
	own := filepath.Join(dir, "roles")
	if exists(filepath.Join(dir, config.FileName)) && isDir(own) {
		return roles.Load(roles.Embedded(), os.DirFS(own))
	}
	return roles.Default()
}

// Team returns the roles of the workspace.
func (a *App) Team() (roles.Team, error) { return Team(a.cfg.Dir) }

// CheckScaffold holds the team's declarations against each other, and against
// the agents, workflows, contracts and context files that there are.
func (a *App) CheckScaffold() (roles.Team, []roles.Finding, error) {
	t, err := a.Team()
	if err != nil {
		return t, nil, err
	}
	w := roles.World{Now: a.now()}
	all, err := agents.Manifests()
	if err != nil {
		return t, nil, err
	}
	for _, m := range all {
		w.Agents = append(w.Agents, m.ID)
	}
	flows, err := a.Workflows()
	if err != nil {
		return t, nil, err
	}
	for _, d := range flows {
		w.Workflows = append(w.Workflows, d.ID)
	}
	if w.Contracts, err = ends(a.gate.contracts); err != nil {
		return t, nil, err
	}
	if w.Found, err = found([]string{filepath.Join(a.cfg.Dir, filepath.FromSlash(a.cfg.Publish.Root))}); err != nil {
		return t, nil, err
	}
	for i, f := range w.Found {
		w.Found[i].Path = a.known(f.Path)
	}
	return t, append(roles.Check(t, w), lacking(all, flows)...), nil
}

func ends(set *contracts.Set) ([]roles.Contract, error) {
	ids, err := set.IDs()
	if err != nil {
		return nil, err
	}
	var out []roles.Contract
	for _, id := range ids {
		c, err := set.Get(id)
		if err != nil {
			return nil, err
		}
		out = append(out, roles.Contract{ID: c.ID, From: c.From.Role, To: c.To.Role})
	}
	return out, nil
}

// lacking finds workflow steps whose agent there is none of.
func lacking(all []agents.Manifest, flows []workflow.Definition) []roles.Finding {
	var out []roles.Finding
	for _, d := range flows {
		for _, s := range d.Steps {
			if s.Kind == workflow.Agent && !slices.ContainsFunc(all, func(m agents.Manifest) bool { return m.ID == s.Agent }) {
				weight := roles.Problem
				if s.Optional {
					weight = roles.Note // the step is left out
				}
				out = append(out, roles.Finding{
					Kind: "unknown", Weight: weight, What: s.Agent,
					Message: fmt.Sprintf("step %s of workflow %s runs agent %q, and there is none", s.ID, d.ID, s.Agent), Mend: "See: roleos agent list",
				})
			}
		}
	}
	return out
}

// known is a path as people know it: below the workspace, else the file's name.
func (a *App) known(path string) string {
	if rel, err := filepath.Rel(a.cfg.Dir, path); err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	return filepath.Base(path)
}

// staleInput is the kind of finding that names an input past its cadence.
const staleInput = "stale_input"

// staleInputs returns a finding for each file that the run reads and that says
// itself that it is past the cadence at which the agent's role takes it, and
// those of the drafts that it builds on. They stand on the draft. When a file was
// last written tells nothing here: a copy is new, its content is not.
func (a *App) staleInputs(ctx context.Context, in draftInput) ([]artefact.Finding, error) {
	m, err := agents.Find(in.Agent)
	if err != nil {
		return nil, err
	}
	t, err := a.Team()
	if err != nil {
		return nil, err
	}
	used, err := found(in.Paths)
	if err != nil {
		return nil, err
	}
	used = slices.DeleteFunc(used, func(f roles.Found) bool { return !f.Stated })
	for i := range used {
		used[i].Path = a.known(used[i].Path)
	}
	var out []artefact.Finding
	if role, ok := t.Find(m.Role); ok {
		for _, f := range roles.Stale(role, used, in.Now) {
			out = append(out, artefact.Finding{
				Kind: staleInput, Severity: "warning", Message: f.Message + ". " + f.Mend, Count: 1, Where: []string{f.File},
			})
		}
	}
	for _, u := range in.Upstream {
		rev, err := a.db.Revision(ctx, u.Draft, u.Revision)
		if err != nil {
			return nil, err
		}
		for _, f := range staleIn(rev.Body) {
			if !slices.ContainsFunc(out, func(x artefact.Finding) bool { return x.Message == f.Message }) {
				out = append(out, f)
			}
		}
	}
	return out, nil
}

// staleIn returns the findings of an artefact that name inputs past their cadence.
func staleIn(body []byte) []artefact.Finding {
	var x struct {
		Findings []artefact.Finding `json:"findings"`
	}
	if json.Unmarshal(body, &x) != nil {
		return nil // a kind whose findings have another shape
	}
	return slices.DeleteFunc(x.Findings, func(f artefact.Finding) bool { return f.Kind != staleInput })
}

// staleFacts names them at the top of a draft's page.
func staleFacts(body []byte) []page.Fact {
	var out []page.Fact
	for _, f := range staleIn(body) {
		out = append(out, page.Fact{Label: "Past its cadence", Value: f.Message})
	}
	return out
}

// Turn is what a waiting step of a workflow waits for.
type Turn struct {
	Step     string   `json:"step"`
	Who      string   `json:"who"` // the role
	Draft    string   `json:"draft"`
	Commands []string `json:"commands"`
	Said     string   `json:"said,omitempty"` // why the taker refused the draft, when that opened it again
}

// Turns says for each waiting step of a run whose turn it is, and what they type.
func (a *App) Turns(ctx context.Context, r workflow.Run) ([]Turn, error) {
	out := []Turn{}
	for _, id := range r.State.In(workflow.Waiting) {
		step, _ := r.Definition.Step(id)
		x, _ := r.State.Step(id)
		if x.Draft == "" {
			continue
		}
		d, err := a.db.Draft(ctx, x.Draft)
		if err != nil {
			return nil, err
		}
		rev, err := a.db.Revision(ctx, x.Draft, 0)
		if err != nil {
			return nil, err
		}
		t := Turn{Step: id, Who: strings.TrimPrefix(step.By, "role:"), Draft: d.ID, Commands: NextFor(d, rev.Passed)}
		if _, _, t.Said, err = a.wayOf(ctx, d); err != nil {
			return nil, err
		}
		asked, err := asked(id, d.ID, rev.Check)
		if err != nil {
			return nil, err
		}
		t.Commands = slices.DeleteFunc(t.Commands, func(c string) bool { return strings.HasPrefix(c, attestCommand+d.ID) })
		out = append(append(out, asked...), t)
	}
	for _, id := range r.State.In(workflow.Failed) {
		out = append(out, Turn{Step: id, Who: r.Definition.Role, Commands: []string{"roleos workflow resume " + r.ID + " --redo " + id}})
	}
	return out, nil
}

const attestCommand = "roleos review attest "

// asked are the turns of those whose word a draft's gates wait for.
func asked(step, draft string, check []byte) ([]Turn, error) {
	var result contracts.Result
	if err := json.Unmarshal(check, &result); err != nil {
		return nil, fault.Wrap(err, fault.Internal, "app.turns", "a stored contract result is not readable")
	}
	var out []Turn
	for _, g := range result.Gates {
		if result.Ready() && g.Status == contracts.Waiting {
			out = append(out, Turn{Step: step, Who: strings.TrimPrefix(g.By, "role:"), Draft: draft, Commands: []string{attestCommand + draft + " " + g.ID}})
		}
	}
	return out, nil
}
