package engine

import (
	"context"
	"time"

	"roleos/internal/fault"
)

// pruneBatch is how many journals are dropped in one transaction.
const pruneBatch = 500

// Prune drops the journals of runs that ended before the time, and what their steps
// remembered and were given. A run that has not ended keeps everything. Afterwards
// a run of that id would begin anew. It returns how many were dropped.
func (e *Engine) Prune(ctx context.Context, before time.Time) (int, error) {
	dropped := 0
	for {
		var ids []string
		err := e.db.InTx(ctx, func(ctx context.Context) (err error) {
			if ids, err = e.ended(ctx, before); err != nil {
				return err
			}
			for _, id := range ids {
				for _, query := range []string{
					`DELETE FROM step_memos WHERE run = ?`, `DELETE FROM signals WHERE run = ?`,
					`DELETE FROM ` + e.schema + `workflow_status WHERE workflow_uuid = ?`, // and what refers to it
				} {
					if _, err := e.db.Exec(ctx, query, id); err != nil {
						return fault.Wrap(err, fault.Internal, "engine.prune", "old journals cannot be dropped")
					}
				}
			}
			return nil
		})
		if err != nil {
			return dropped, err
		}
		if dropped += len(ids); len(ids) < pruneBatch {
			return dropped, nil
		}
	}
}

func (e *Engine) ended(ctx context.Context, before time.Time) ([]string, error) {
	rows, err := e.db.Query(ctx, `SELECT workflow_uuid FROM `+e.schema+`workflow_status
		WHERE status IN ('SUCCESS', 'ERROR', 'CANCELLED') AND updated_at < ? LIMIT ?`, before.UnixMilli(), pruneBatch)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, rows.Err()
}
