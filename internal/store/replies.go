package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"roleos/internal/fault"
)

// replyLife is how long an answer is kept for a request that is sent again.
const replyLife = 24 * time.Hour

// ClaimReply keeps an idempotency key for a request; fault.Conflict when it is kept
// already. Keys older than a day are forgotten.
func (db *DB) ClaimReply(ctx context.Context, key, request string, at time.Time) error {
	if _, err := db.q(ctx).ExecContext(ctx, `DELETE FROM replies WHERE at <= ?`, nanos(at.Add(-replyLife))); err != nil {
		return db.failed("reply", err)
	}
	_, err := db.q(ctx).ExecContext(ctx, `INSERT INTO replies (key, request, answer, at) VALUES (?, ?, NULL, ?)`, key, request, nanos(at))
	if duplicate(err) {
		return fault.New(fault.Conflict, "store.reply", "the key is in use")
	}
	return db.failed("reply", err)
}

// KeptReply returns what was kept under a key: fault.NotFound when nothing is, and
// fault.Conflict while the first request goes on.
func (db *DB) KeptReply(ctx context.Context, key string) (request string, answer []byte, err error) {
	err = db.r(ctx).QueryRowContext(ctx, `SELECT request, answer FROM replies WHERE key = ?`, key).Scan(&request, &answer)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", nil, fault.New(fault.NotFound, "store.reply", "nothing is kept under this key")
	case err != nil:
		return "", nil, db.failed("reply", err)
	case answer == nil:
		return request, nil, fault.New(fault.Conflict, "store.reply", "the first request goes on")
	}
	return request, answer, nil
}

// KeepReply keeps the answer of a claimed key; nil gives the key back.
func (db *DB) KeepReply(ctx context.Context, key string, answer []byte) error {
	query, args := `UPDATE replies SET answer = ? WHERE key = ?`, []any{answer, key}
	if answer == nil {
		query, args = `DELETE FROM replies WHERE key = ?`, []any{key}
	}
	_, err := db.q(ctx).ExecContext(ctx, query, args...)
	return db.failed("reply", err)
}
