package tracker

import "context"

// Tracker is one project's issues. Its methods may be called concurrently.
// Errors carry change.ErrNotDone when a write was certainly not done, and a
// fault kind: NotFound, Denied, Invalid, Exhausted (limits), Unavailable.
type Tracker interface {
	// Issues returns a page of the project's issues, newest first. What it leaves
	// out at the query's wish is exact or is not left out: it reads no index that lags.
	Issues(ctx context.Context, q Query) (Page, error)
	// Issue returns one; fault.NotFound.
	Issue(ctx context.Context, number int64) (Issue, error)
	// Create opens an issue; its Number and Closed are not read.
	Create(ctx context.Context, i Issue) (Issue, error)
	// Update writes title, text, labels and whether it is closed.
	Update(ctx context.Context, i Issue) error
}

// Issue is what we read and write of an issue.
type Issue struct {
	Number int64
	Title  string
	Text   string // with our marker in its last line, where it has one
	Labels []string
	Closed bool
}

// Query chooses issues. The zero Query chooses all.
type Query struct {
	Has    string // only issues with this in their text; a tracker that cannot tell exactly returns more
	Open   bool   // only open ones
	Cursor string // Page.Next
}

// Page is some issues.
type Page struct {
	Issues []Issue
	Next   string // cursor; empty at the end
	Total  int64  // matching the query; below zero is not known
}
