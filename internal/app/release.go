package app

import (
	"context"
	"encoding/json"
	"log/slog"

	"roleos/guardrails"
	"roleos/guardrails/delegation"
	"roleos/internal/change"
	"roleos/internal/engine"
	"roleos/internal/fault"
	"roleos/internal/handoff"
	"roleos/internal/run"
	"roleos/internal/store/handoffs"
)

// releaseInput starts the publication of a draft that waits for nobody.
type releaseInput struct {
	Run      string `json:"run"`
	Draft    string `json:"draft"`
	Digest   string `json:"digest"`
	Agent    string `json:"agent"`
	Standing string `json:"standing"`
	By       string `json:"by"` // the person who signed the standing delegation
}

// release publishes the draft without waiting, if its agent's mode is autonomous
// and a person's standing delegation holds; else it does nothing. The way is the
// one of every publication: plan, stage, prove, grant, apply. What the guardrails
// do not let through waits for a person's review.
func (a *App) release(ctx context.Context, d handoff.Draft) error {
	if d.State != handoff.Validated || d.Revision != 1 || d.Agent == "" {
		return nil
	}
	standing, err := a.entrusted(ctx, d)
	if err != nil || standing == nil {
		return err
	}
	head, err := a.db.Revision(ctx, d.ID, 0)
	if err != nil || !head.Passed {
		return err
	}
	in := releaseInput{
		Run: "release-" + d.ID + "-" + head.Digest[len("sha256:"):][:8], Draft: d.ID, Digest: head.Digest, Agent: d.Agent,
		Standing: standing.ID, By: standing.By.ID,
	}
	input, err := json.Marshal(in)
	if err != nil {
		return err
	}
	now := a.now()
	err = a.db.SaveRun(ctx, run.Run{
		ID: in.Run, Kind: kindRelease, Agent: d.Agent, Status: run.Running, Input: input, Draft: d.ID, StartedBy: "standing:" + standing.ID,
		CreatedAt: now, UpdatedAt: now,
	}, nil)
	if fault.KindOf(err) == fault.Conflict && err != nil {
		return nil // it was tried; what it ended with stands in the run
	}
	if err != nil {
		return err
	}
	if err := a.releasing.Start(ctx, in.Run, in); err != nil {
		return err
	}
	return a.released(ctx, in.Run, in)
}

// released waits for a release. One that failed leaves its draft to a person.
func (a *App) released(ctx context.Context, id string, in releaseInput) error {
	_, err := a.releasing.Wait(ctx, id)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	a.logger.WarnContext(ctx, "not published alone; a person decides", slog.String("draft", in.Draft), slog.Any("why", err))
	ferr := a.fail(ctx, id, err)
	d, derr := a.db.Draft(ctx, in.Draft)
	if derr != nil || d.State != handoff.Approved {
		return derr
	}
	if d.ChangeSet != "" {
		if err := a.dropPlan(ctx, d.ChangeSet, "it could not be published under "+in.Standing); err != nil {
			return err
		}
	}
	if _, err := a.Handoff.Withdrawn(ctx, in.Draft, in.Digest, "roleos"); err != nil {
		return err
	}
	if fault.KindOf(ferr) == fault.Internal {
		return ferr
	}
	return nil
}

// entrusted returns the standing delegation under which the draft may be
// published now, nil when it may not: a delegation covers what was drafted under
// it and nothing older, and never a sample.
func (a *App) entrusted(ctx context.Context, d handoff.Draft) (*guardrails.Standing, error) {
	if h, err := a.Halted(ctx); err != nil || h != nil {
		return nil, err // a person may still publish it
	}
	standing, err := a.standingOf(ctx, d.Agent)
	if err != nil || standing == nil {
		return nil, err
	}
	how, err := a.DraftModes(ctx, d.ID)
	if err != nil || how.Standing != standing.ID {
		return nil, err
	}
	if sample, err := a.fromSample(ctx, d); err != nil || sample {
		return nil, err
	}
	modes, err := a.modesOf(ctx, d.Agent)
	if err != nil || modes.Mode != delegation.Autonomous {
		return nil, err
	}
	return standing, nil
}

// older returns the agent's validated drafts that were not made under the
// standing delegation: they wait for a person.
func (a *App) older(ctx context.Context, agent, standing string) ([]string, error) {
	drafts, err := a.Drafts(ctx, []handoff.State{handoff.Validated})
	if err != nil {
		return nil, err
	}
	var out []string
	for _, d := range drafts {
		if d.Agent != agent {
			continue
		}
		how, err := a.DraftModes(ctx, d.ID)
		if err != nil {
			return nil, err
		}
		if how.Standing != standing {
			out = append(out, d.ID)
		}
	}
	return out, nil
}

// releaseAll publishes what waits for nobody: drafts that a killed process left.
func (a *App) releaseAll(ctx context.Context) {
	all, err := a.handoffs.Standings(ctx, "")
	if err != nil || len(all) == 0 {
		return
	}
	drafts, err := a.Drafts(ctx, []handoff.State{handoff.Validated})
	if err != nil {
		return
	}
	for _, d := range drafts {
		if err := a.release(ctx, d); err != nil {
			a.logger.WarnContext(ctx, "not published", slog.String("draft", d.ID), slog.Any("error", err))
		}
	}
}

// releaseRun is the durable way of a draft that waits for nobody.
func (a *App) releaseRun(c *engine.Context, in releaseInput) (string, error) {
	as := "standing:" + in.Standing
	_, err := engine.Tx(c, "approve", func(ctx context.Context) (string, error) {
		_, err := a.Handoff.Release(ctx, handoff.Release{Draft: in.Draft, Digest: in.Digest, By: as, For: in.By})
		return "", err
	})
	if err != nil {
		return "", err
	}
	set, err := step(a, c, in.Run, "plan", func(ctx context.Context) (string, error) {
		return a.planPublication(ctx, publishInput{Run: in.Run, Draft: in.Draft, Digest: in.Digest, By: as + " of " + in.By})
	})
	if err != nil {
		return "", err
	}
	_, err = step(a, c, in.Run, "stage", func(ctx context.Context) (string, error) {
		_, err := a.change.Stage(ctx, set)
		return "", err
	})
	if err != nil {
		return "", err
	}
	_, err = engine.Tx(c, "prepared", func(ctx context.Context) (string, error) {
		_, err := a.Handoff.Prepared(ctx, in.Draft, in.Digest, set)
		return "", err
	})
	if err != nil {
		return "", err
	}
	_, err = step(a, c, in.Run, "apply", func(ctx context.Context) (string, error) {
		out, err := a.change.Get(ctx, set)
		if err != nil {
			return "", err
		}
		if out.Set.State == change.Staged || out.Set.State == change.Granted { // what has begun is finished
			if err := a.mayRun(ctx); err != nil {
				return "", err
			}
			if err := a.stillEntrusted(ctx, in); err != nil {
				return "", err
			}
			if _, err := a.change.Delegate(ctx, set, in.Standing); err != nil {
				return "", err
			}
		}
		if err := a.stillApproved(ctx, set); err != nil {
			return "", err
		}
		out, err = a.change.Resume(ctx, set)
		return string(out.Set.State), err
	})
	if err != nil {
		return "", err
	}
	return engine.Tx(c, "published", func(ctx context.Context) (string, error) {
		if err := a.notePublication(ctx, set, as); err != nil {
			return "", err
		}
		r := handoffs.Release{
			Draft: in.Draft, Digest: in.Digest, Agent: in.Agent, Standing: in.Standing,
			Sampled: delegation.Sampled(in.Digest, a.cfg.Delegation.SampleShare), At: a.now(),
		}
		if err := a.handoffs.AddRelease(ctx, r); err != nil {
			return "", err
		}
		err := a.log.Append(ctx, auditReleased, as, in.Draft, map[string]any{
			"digest": in.Digest, "standing": in.Standing, "for": in.By, "set": set, "sampled": r.Sampled, "share": a.cfg.Delegation.SampleShare,
		})
		if err != nil {
			return "", err
		}
		return "", a.end(ctx, in.Run, run.Succeeded, "")
	})
}

// stillEntrusted refuses to go on when the mode or the delegation ended meanwhile.
func (a *App) stillEntrusted(ctx context.Context, in releaseInput) error {
	d, err := a.db.Draft(ctx, in.Draft)
	if err != nil {
		return err
	}
	standing, err := a.entrusted(ctx, d)
	if err == nil && (standing == nil || standing.ID != in.Standing) {
		err = fault.New(fault.Denied, "app.release", "%s works in coordination now, or its standing delegation ended", in.Agent)
	}
	return err
}
