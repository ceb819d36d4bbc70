package store

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// NoteShown keeps which view of a change set a person is shown. The same view
// again keeps the time at which they first had it.
func (db *DB) NoteShown(ctx context.Context, set, person, view string, at time.Time) error {
	_, err := db.q(ctx).ExecContext(ctx, `INSERT INTO shown (change_set, person, view, at) VALUES (?, ?, ?, ?)
		ON CONFLICT (change_set, person) DO UPDATE SET view = excluded.view, at = excluded.at WHERE shown.view <> excluded.view`, set, person, view, nanos(at))
	return db.failed("shown", err)
}

// Shown returns which view of a change set the person was last shown, and when
// first; "" when they were shown none.
func (db *DB) Shown(ctx context.Context, set, person string) (view string, at time.Time, err error) {
	var n int64
	err = db.r(ctx).QueryRowContext(ctx, `SELECT view, at FROM shown WHERE change_set = ? AND person = ?`, set, person).Scan(&view, &n)
	if errors.Is(err, sql.ErrNoRows) {
		return "", time.Time{}, nil
	}
	return view, fromNanos(n), db.failed("shown", err)
}
