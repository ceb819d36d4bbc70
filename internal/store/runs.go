package store

import (
	"context"
	"database/sql"
	"errors"

	"roleos/internal/fault"
	"roleos/internal/run"
)

const runColumns = `id, kind, agent, status, input, step, draft, error, started_by, created_at, updated_at`

// SaveRun writes r; a new one when was is nil. It fails with fault.Conflict when
// the stored run's status is not that of was.
func (db *DB) SaveRun(ctx context.Context, r run.Run, was *run.Run) error {
	input := r.Input
	if input == nil {
		input = []byte{}
	}
	if was == nil {
		_, err := db.q(ctx).ExecContext(ctx, `INSERT INTO runs (`+runColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			r.ID, r.Kind, r.Agent, string(r.Status), input, clean(r.Step), r.Draft, clean(r.Error), r.StartedBy, nanos(r.CreatedAt), nanos(r.UpdatedAt))
		if duplicate(err) {
			return fault.New(fault.Conflict, "store.run", "there is a run %s already", r.ID)
		}
		return db.failed("run", err)
	}
	res, err := db.q(ctx).ExecContext(ctx,
		`UPDATE runs SET kind = ?, agent = ?, status = ?, input = ?, step = ?, draft = ?, error = ?, started_by = ?, updated_at = ? WHERE id = ? AND status = ?`,
		r.Kind, r.Agent, string(r.Status), input, clean(r.Step), r.Draft, clean(r.Error), r.StartedBy, nanos(r.UpdatedAt), r.ID, string(was.Status))
	if err != nil {
		return db.failed("run", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return db.failed("run", err)
	}
	now, err := db.Run(ctx, r.ID)
	if err != nil {
		return err
	}
	return fault.New(fault.Conflict, "store.run", "run %s has changed meanwhile: it is %s", r.ID, now.Status)
}

// SetStep notes the step that a run has begun; fault.NotFound.
func (db *DB) SetStep(ctx context.Context, id, step string) error {
	res, err := db.q(ctx).ExecContext(ctx, `UPDATE runs SET step = ?, updated_at = ? WHERE id = ?`, clean(step), nanos(db.now()), id)
	if err != nil {
		return db.failed("run", err)
	}
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		return noRun(id)
	}
	return db.failed("run", err)
}

func noRun(id string) error {
	return fault.New(fault.NotFound, "store.run", "there is no run %q", id).WithMend("`roleos runs list` shows what there is")
}

// Run returns the run; fault.NotFound.
func (db *DB) Run(ctx context.Context, id string) (run.Run, error) {
	r, err := scanRun(db.r(ctx).QueryRowContext(ctx, `SELECT `+runColumns+` FROM runs WHERE id = ?`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return r, noRun(id)
	}
	return r, db.failed("run", err)
}

func scanRun(row interface{ Scan(...any) error }) (run.Run, error) {
	var r run.Run
	var created, updated int64
	err := row.Scan(&r.ID, &r.Kind, &r.Agent, &r.Status, &r.Input, &r.Step, &r.Draft, &r.Error, &r.StartedBy, &created, &updated)
	r.CreatedAt, r.UpdatedAt = fromNanos(created), fromNanos(updated)
	return r, err
}

// RunFilter chooses runs. Empty fields choose all.
type RunFilter struct {
	Status run.Status
	Kind   string
	Agent  string
}

// ListRuns returns the newest runs first, paged as by ListDrafts.
func (db *DB) ListRuns(ctx context.Context, f RunFilter, cursor string, limit int) (runs []run.Run, next string, err error) {
	p, err := newPage(cursor, limit)
	if err != nil {
		return nil, "", err
	}
	p.equal("status", string(f.Status))
	p.equal("kind", f.Kind)
	p.equal("agent", f.Agent)
	query, args := p.query(`SELECT ` + runColumns + ` FROM runs`)
	rows, err := db.r(ctx).QueryContext(ctx, query, args...)
	if err != nil {
		return nil, "", db.failed("runs", err)
	}
	defer rows.Close()
	for rows.Next() {
		r, err := scanRun(rows)
		if err != nil {
			return nil, "", db.failed("runs", err)
		}
		runs = append(runs, r)
	}
	if len(runs) > p.limit {
		runs = runs[:p.limit]
		last := runs[p.limit-1]
		next = pageAfter(last.CreatedAt, last.ID)
	}
	return runs, next, db.failed("runs", rows.Err())
}

// SaveMapping keeps a column mapping for tables whose header has the signature;
// it replaces an earlier one.
func (db *DB) SaveMapping(ctx context.Context, signature string, body []byte) error {
	_, err := db.q(ctx).ExecContext(ctx,
		`INSERT INTO mappings (signature, body, updated_at) VALUES (?, ?, ?)
		 ON CONFLICT (signature) DO UPDATE SET body = excluded.body, updated_at = excluded.updated_at`,
		clean(signature), body, nanos(db.now()))
	return db.failed("mapping", err)
}

// Mapping returns the mapping kept for the signature; fault.NotFound.
func (db *DB) Mapping(ctx context.Context, signature string) ([]byte, error) {
	var body []byte
	err := db.r(ctx).QueryRowContext(ctx, `SELECT body FROM mappings WHERE signature = ?`, clean(signature)).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "store.mapping", "no mapping is saved for this header")
	}
	return body, db.failed("mapping", err)
}
