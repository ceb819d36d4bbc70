package engine

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"roleos/internal/fault"
)

// recoveryQueue is DBOS's own queue, which every engine serves. Runs to resume
// are put there, as DBOS itself does with those of its own executor.
const recoveryQueue = "_dbos_internal_queue"

// Resume takes up every run whose process is gone and returns their ids: on
// SQLite all unfinished runs of earlier processes; on PostgreSQL those of
// processes that were silent for the lease, that ended, or that had our name.
// From then on, on PostgreSQL, it goes on doing so until Close.
//
// As the first thing after Launch, the runs go on at once; when this process
// executes already, within a second.
func (e *Engine) Resume(ctx context.Context) (ids []string, err error) {
	if e.live != nil {
		e.live.rescuing.Store(true)
		ids, err = e.live.rescue(ctx, true)
	} else {
		// The store is ours alone, so whoever else executed is gone.
		ids, err = e.requeue(ctx, `executor_id <> ?`, e.id)
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "engine.resume", "interrupted runs cannot be taken up")
	}
	return ids, e.execute(ctx)
}

// requeue queues the pending runs that match. They run under our version: runs
// of an older one would wait for ever.
func (e *Engine) requeue(ctx context.Context, where string, args ...any) (ids []string, err error) {
	rows, err := e.db.Query(ctx, `UPDATE `+e.schema+`workflow_status
		SET status = 'ENQUEUED', started_at_epoch_ms = NULL, queue_name = ?, application_version = ?
		WHERE status = 'PENDING' AND `+where+` RETURNING workflow_uuid`, append([]any{recoveryQueue, e.o.Version}, args...)...)
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		ids = append(ids, id)
	}
	return ids, errors.Join(rows.Err(), rows.Close())
}

// halted returns an error, after waiting for the engine to close, when this
// process may do nothing more. It waits because whatever a step returns to DBOS
// is journalled unless the run's context has ended.
func (e *Engine) halted(ctx context.Context) error {
	if e.live == nil || !e.live.fenced() {
		return nil
	}
	<-ctx.Done()
	return context.Cause(ctx)
}

// liveness shows other processes that this one lives, and looks after theirs.
// All times of the table are PostgreSQL's, so that no two clocks are compared.
type liveness struct {
	e        *Engine
	pool     *pgxpool.Pool // of one connection, so that a full pool is no silence
	lease    time.Duration
	rescuing atomic.Bool

	last   atomic.Pointer[time.Time] // when the last sign of life was sent; monotonic
	lost   atomic.Bool
	tell   sync.Once
	cancel context.CancelFunc
	loops  sync.WaitGroup
}

const pgNow = `(extract(epoch FROM clock_timestamp()) * 1000)::bigint`

func newLiveness(ctx context.Context, e *Engine, pool *pgxpool.Pool) (*liveness, error) {
	cfg := pool.Config()
	cfg.MaxConns, cfg.MinConns = 1, 0
	own, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return &liveness{e: e, pool: own, lease: e.o.Lease}, nil
}

// start announces this process and keeps announcing it.
func (l *liveness) start(ctx context.Context) error {
	begun := time.Now()
	if _, err := l.pool.Exec(ctx, `INSERT INTO executors (id, name, beat_at, claimed_by) VALUES ($1, $2, `+pgNow+`, '')`, l.e.id, l.e.name); err != nil {
		return err
	}
	l.last.Store(&begun)
	ctx, l.cancel = context.WithCancel(context.WithoutCancel(ctx))
	l.loops.Go(func() { every(ctx, l.lease/6, func() { l.beat(ctx) }) })
	l.loops.Go(func() { every(ctx, l.lease/20, func() { l.fenced() }) })
	l.loops.Go(func() {
		every(ctx, l.lease/6, func() {
			if l.rescuing.Load() && !l.lost.Load() {
				_, _ = l.rescue(ctx, false) // tried again at the next tick
			}
		})
	})
	return nil
}

// stop ends the announcements and takes this process off the list, so that
// others need not wait for the lease.
func (l *liveness) stop(ctx context.Context) error {
	defer l.pool.Close()
	if l.cancel == nil {
		return nil
	}
	l.cancel()
	l.loops.Wait()
	l.cancel = nil
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	_, err := l.pool.Exec(ctx, `DELETE FROM executors WHERE id = $1`, l.e.id)
	return err
}

func every(ctx context.Context, d time.Duration, f func()) {
	t := time.NewTicker(d)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			f()
		}
	}
}

// beat sends a sign of life. A process that was claimed meanwhile is fenced.
func (l *liveness) beat(ctx context.Context) {
	if l.fenced() {
		return // silent from now on, so that others may claim what it left
	}
	ctx, cancel := context.WithTimeout(ctx, l.lease/2)
	defer cancel()
	begun := time.Now() // not when the answer came: the lease counts from the server's write
	tag, err := l.pool.Exec(ctx, `UPDATE executors SET beat_at = `+pgNow+` WHERE id = $1 AND claimed_by = ''`, l.e.id)
	switch {
	case err != nil: // silence; fenced notices when it lasts
	case tag.RowsAffected() == 0:
		l.lost.Store(true)
		l.fenced()
	case !l.fenced(): // a late answer does not bring a fenced process back
		l.last.Store(&begun)
	}
}

// fenced reports whether others may believe this process dead: its last sign of
// life is older than half the lease. Once fenced it stays so.
func (l *liveness) fenced() bool {
	last := l.last.Load()
	if last == nil {
		return false
	}
	if !l.lost.Load() && time.Since(*last) <= l.lease/2 {
		return false
	}
	l.lost.Store(true)
	l.tell.Do(func() {
		if l.e.o.Fenced != nil {
			go l.e.o.Fenced()
		}
	})
	return true
}

// rescue claims silent processes, and with ours those of our name, and queues the
// runs that no living one executes.
func (l *liveness) rescue(ctx context.Context, ours bool) (ids []string, err error) {
	e := l.e
	name := ""
	if ours {
		name = e.name
	}
	err = e.db.InTx(ctx, func(ctx context.Context) error {
		if _, err := e.db.Exec(ctx, `UPDATE executors SET claimed_by = ? WHERE claimed_by = '' AND id <> ? AND (name = ? OR beat_at < `+pgNow+` - ?)`,
			e.id, e.id, name, l.lease.Milliseconds()); err != nil {
			return err
		}
		// By who lives, not by whom we just claimed: a process that wakes after
		// having been claimed may yet put its name to a run.
		ids, err = e.requeue(ctx, `executor_id <> ? AND executor_id NOT IN (SELECT id FROM executors WHERE claimed_by = '')`, e.id)
		return err
	})
	return ids, err
}
