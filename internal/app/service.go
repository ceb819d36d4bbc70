package app

import (
	"context"
	"log/slog"

	"roleos/internal/run"
	"roleos/internal/store"
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
// here and on replicas that end, and keeps the clocks. It returns at once and
// ends with Close.
func (a *App) Work(ctx context.Context) error {
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
	a.keepWorkflows(ctx)
	return nil
}
