package app

import (
	"context"
	"slices"
	"strconv"

	"roleos/internal/audit"
	"roleos/internal/change"
	"roleos/internal/handoff"
	"roleos/internal/run"
	"roleos/internal/store"
)

// PageSize is how many entries a page of a list holds.
const PageSize = 50

// DraftPage returns a page of drafts, newest first, behind cursor, and the cursor
// of the next page, "" at the end. An empty state or kind means all.
func (a *App) DraftPage(ctx context.Context, state handoff.State, kind, cursor string) ([]handoff.Draft, string, error) {
	return a.db.ListDrafts(ctx, store.DraftFilter{State: state, Kind: kind}, cursor, PageSize)
}

// LongestWaiting returns the drafts in a state that were made first, a page of
// them, and whether there are more.
func (a *App) LongestWaiting(ctx context.Context, state handoff.State, kind string) (list []handoff.Draft, more bool, err error) {
	list, next, err := a.db.ListDrafts(ctx, store.DraftFilter{State: state, Kind: kind, Oldest: true}, "", PageSize)
	return list, next != "", err
}

// RunPage returns a page of runs like DraftPage.
func (a *App) RunPage(ctx context.Context, status run.Status, agent, cursor string) ([]run.Run, string, error) {
	return a.db.ListRuns(ctx, store.RunFilter{Status: status, Agent: agent}, cursor, PageSize)
}

// PlanPage returns a page of change sets like DraftPage.
func (a *App) PlanPage(ctx context.Context, state change.State, cursor string) ([]change.Set, string, error) {
	return a.change.List(ctx, change.Filter{State: state}, cursor, PageSize)
}

// GetDraft returns one draft.
func (a *App) GetDraft(ctx context.Context, id string) (handoff.Draft, error) {
	return a.db.Draft(ctx, id)
}

// Reviews returns what reviewers did with a draft, oldest first.
func (a *App) Reviews(ctx context.Context, draft string) ([]handoff.Review, error) {
	return a.db.Reviews(ctx, draft)
}

// maxRevisions bounds how many revisions a page holds.
const maxRevisions = 40

// Revisions returns the newest revisions of a draft, the newest first, without their bytes.
func (a *App) Revisions(ctx context.Context, draft string) ([]handoff.Revision, error) {
	all, _, err := a.RevisionPage(ctx, draft, 0)
	return all, err
}

// RevisionPage returns the revisions numbered below before, those from the newest
// on for 0, the newest first and without their bytes; and what before is for the
// next page, "" at the end.
func (a *App) RevisionPage(ctx context.Context, draft string, before int) (out []handoff.Revision, next string, err error) {
	out, err = a.db.Revisions(ctx, draft, before, maxRevisions)
	if err == nil && len(out) == 0 && before == 0 {
		_, err = a.db.Revision(ctx, draft, 0) // says that there is none
	}
	if n := len(out); n == maxRevisions && out[n-1].N > 1 {
		next = strconv.Itoa(out[n-1].N)
	}
	return out, next, err
}

// ReadSet is one reading of input: its files, and how many records it gave.
type ReadSet = store.ReadSet

// SourcePage returns a page of what was read, newest first, like DraftPage.
func (a *App) SourcePage(ctx context.Context, cursor string) ([]ReadSet, string, error) {
	return a.db.ListSources(ctx, cursor, PageSize)
}

// AuditPageSize is how many records a page of the audit log holds.
const AuditPageSize = 100

// AuditPage returns records of the audit log, the newest first, of those numbered
// below before; 0 means from the newest on. A subject, when it is not empty,
// keeps the records about it.
func (a *App) AuditPage(ctx context.Context, subject string, before int64) ([]audit.Record, error) {
	var list []audit.Record
	var err error
	if subject != "" {
		if list, err = a.log.About(ctx, subject); err != nil {
			return nil, err
		}
		if before > 0 {
			list = slices.DeleteFunc(list, func(r audit.Record) bool { return r.Seq >= before })
		}
	} else {
		if before <= 0 {
			size, err := a.db.Audit().Size(ctx)
			if err != nil {
				return nil, err
			}
			before = size + 1
		}
		after := max(before-1-AuditPageSize, 0)
		if list, err = a.log.List(ctx, after, int(before-1-after)); err != nil {
			return nil, err
		}
	}
	list = list[max(0, len(list)-AuditPageSize):]
	slices.Reverse(list)
	return list, nil
}
