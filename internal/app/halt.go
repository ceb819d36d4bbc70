package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"roleos/agents"
	"roleos/internal/fault"
)

// The audit records of the switch that stops all agents.
const (
	agentsHalted  = "agents.halted"
	agentsResumed = "agents.resumed"
	allAgents     = "agents" // their subject
)

// haltFile in the state folder stops all agents, whatever it holds, until the log
// says so. It needs no store, so that stopping waits for nothing and nobody.
const haltFile = "agents.halted"

// haltLook is how often a step under way looks whether it is to stop.
const haltLook = time.Second

// Halt is a person's word that no agent goes on.
type Halt struct {
	By  string    `json:"by"`
	Why string    `json:"why"`
	At  time.Time `json:"at"`
}

// HaltWorkspace stops all agents of the workspace in dir without opening its
// store. Whoever works on it sees it before every step of an agent, and within a
// second in one that is under way.
func HaltWorkspace(dir string, h Halt) error {
	if h.Why == "" {
		return fault.New(fault.Invalid, "app.halt", "say why all agents are to stop").WithMend("Add: --why \"...\"")
	}
	data, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(dir, stateDir, haltFile), data); err != nil {
		return fault.Wrap(err, fault.Unavailable, "app.halt", "the agents cannot be stopped: %s cannot be written", filepath.Join(dir, stateDir, haltFile)).
			WithMend("End the processes of roleos.")
	}
	return nil
}

// HaltAgents stops all agents, here and on every process that shares the store.
func (a *App) HaltAgents(ctx context.Context, why string) (Halt, error) {
	if err := a.member(ctx); err != nil {
		return Halt{}, err
	}
	if err := HaltWorkspace(a.cfg.Dir, Halt{By: a.actor(ctx), Why: why, At: a.now().UTC()}); err != nil {
		return Halt{}, err
	}
	h, err := a.Halted(ctx)
	if err != nil {
		return Halt{}, err
	}
	return *h, nil
}

// Halted returns who stopped all agents, nil when nobody did. A file that says so
// goes into the log, which every process that shares the store reads.
func (a *App) Halted(ctx context.Context) (*Halt, error) {
	data, err := os.ReadFile(a.stateFile(haltFile))
	if errors.Is(err, fs.ErrNotExist) {
		return a.loggedHalt(ctx)
	}
	var h Halt
	if err != nil || json.Unmarshal(data, &h) != nil {
		h = Halt{} // the file alone stops, whoever made it in a hurry
	}
	h.By, h.Why = cmp.Or(h.By, "somebody"), cmp.Or(h.Why, "there was a file "+haltFile)
	if h.At.IsZero() {
		h.At = a.now().UTC()
	}
	err = a.db.InTx(ctx, func(ctx context.Context) error {
		logged, err := a.loggedHalt(ctx)
		if err != nil || logged != nil {
			return err // stopped twice is stopped once
		}
		return a.log.Append(ctx, agentsHalted, h.By, allAgents, h)
	})
	if err != nil {
		return &h, err
	}
	// Gone before the log has it, it would stop nobody; left behind, it would stop again.
	if err := os.Remove(a.stateFile(haltFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &h, fault.Wrap(err, fault.Unavailable, "app.halt", "%s cannot be removed", a.stateFile(haltFile))
	}
	return &h, nil
}

// loggedHalt returns what the log says last.
func (a *App) loggedHalt(ctx context.Context) (*Halt, error) {
	records, err := a.log.About(ctx, allAgents)
	if err != nil || len(records) == 0 {
		return nil, err
	}
	last := records[len(records)-1]
	if last.Kind == agentsResumed {
		return nil, nil //nolint:nilnil // nobody did since
	}
	h := Halt{By: last.Actor, At: last.At}
	if err := json.Unmarshal(last.Detail, &h); err != nil {
		return nil, fmt.Errorf("the log's record of the stop: %w", err)
	}
	return &h, nil
}

// ResumeAgents lets agents run again. Only who answers for one of them may say
// so; what was ended stays ended.
func (a *App) ResumeAgents(ctx context.Context, why string) error {
	const op = "app.halt"
	if why == "" {
		return fault.New(fault.Invalid, op, "say why agents may run again").WithMend("Add: --why \"...\"")
	}
	manifests, err := agents.Manifests()
	if err != nil {
		return err
	}
	var owners []string
	for _, m := range manifests {
		owners = append(owners, m.Governance.WorkflowOwner)
	}
	slices.Sort(owners)
	if err := a.require(ctx, "let agents run again", slices.Compact(owners)...); err != nil {
		return err
	}
	h, err := a.Halted(ctx)
	if err != nil {
		return err
	}
	if h == nil {
		return fault.New(fault.Conflict, op, "the agents are not stopped")
	}
	return a.log.Append(ctx, agentsResumed, a.actor(ctx), allAgents, map[string]string{"why": why, "halted_by": h.By})
}

// mayRun refuses whatever an agent would do while all of them are stopped.
func (a *App) mayRun(ctx context.Context) error {
	h, err := a.Halted(ctx)
	if err != nil || h == nil {
		return err
	}
	return fault.New(fault.Denied, "app.halt", "all agents are stopped by %s since %s: %s", h.By, h.At.Format("2006-01-02 15:04 MST"), h.Why).
		WithMend("Whoever answers for an agent lets them run again: roleos agent resume --all --why \"...\"")
}

// whileRunning does f, a step of an agent, unless all agents are stopped. Stopped
// meanwhile, its context ends, a call of a model with it, and its result is
// thrown away.
func whileRunning[T any](a *App, f func(context.Context) (T, error)) func(context.Context) (T, error) {
	return func(ctx context.Context) (T, error) {
		var zero T
		if err := a.mayRun(ctx); err != nil {
			return zero, err
		}
		inner, cancel := context.WithCancel(ctx)
		defer cancel()
		go func() {
			look := time.NewTicker(haltLook)
			defer look.Stop()
			for {
				select {
				case <-inner.Done():
					return
				case <-look.C:
					if err := a.mayRun(inner); err != nil && fault.KindOf(err) == fault.Denied {
						cancel()
					}
				}
			}
		}()
		out, err := f(inner)
		if stopped := a.mayRun(ctx); stopped != nil {
			return zero, stopped
		}
		return out, err
	}
}
