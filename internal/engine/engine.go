package engine

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"
	_ "github.com/dbos-inc/dbos-transact-golang/dbos/driver/sqlite" // lets DBOS read SQLite's error codes
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"roleos/internal/fault"
)

// appName is under which DBOS files our runs.
const appName = "roleos"

// DefaultLease is how long a process may be silent before its runs are claimed.
// A claimed run goes on within a lease and two seconds.
const DefaultLease = 6 * time.Second

// maxRecoveries is how often a run may be taken up again after crashes before
// DBOS gives it up. Its default of 100 is reached by a flapping machine.
const maxRecoveries = 100_000

// Database is where the journal is kept: the store's own database.
type Database interface {
	SQL() *sql.DB        // SQLite: the one connection that writes
	Pool() *pgxpool.Pool // PostgreSQL: the pool; nil on SQLite
	// Exclusive runs f while no other process runs one of the same name.
	Exclusive(ctx context.Context, name string, f func(ctx context.Context) error) error
	// Unsynced runs f without waiting for the disk, to fill a fresh SQLite file.
	Unsynced(ctx context.Context, f func(ctx context.Context) error) error
}

// Transactions are the store's, carried by the context.
type Transactions interface {
	InTx(ctx context.Context, f func(ctx context.Context) error) error
	Joined(ctx context.Context) bool
	Exec(ctx context.Context, query string, args ...any) (sql.Result, error)
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Store is what the engine needs of the store.
type Store interface {
	Database
	Transactions
}

// Options says how to open an engine.
type Options struct {
	// DB is the open store. Required. The engine does not close it.
	DB Store
	// Now tells the time that Every goes by. Default time.Now.
	Now func() time.Time
	// Version names the behaviour of all workflows together. Runs are resumed
	// under the current one. Default "1". Not the build: that would differ for
	// every binary.
	Version string
	// ExecutorID names this replica; no two living processes may share it. When
	// it starts again, it takes over at once what its last process left. Default:
	// a random name, whose runs are claimed after the lease.
	ExecutorID string
	// Lease is DefaultLease when zero, at least 200 ms. PostgreSQL only.
	Lease time.Duration
	// Fenced is called once, when this process was silent for half the lease and
	// others may believe it dead. It should end the process. Without it the
	// engine only stops to execute.
	Fenced func()
	// Hook is called at every boundary of the journal, with its name. For tests.
	Hook func(point string)
	// Spans is shown what is executed. Default: nobody.
	Spans Spans
	// Logger receives what DBOS reports as errors. Default: nobody.
	Logger *slog.Logger
}

// Spans shows what runs do to those who operate them. What begins a span returns a
// context for the work and what ends the span. It is called concurrently.
type Spans interface {
	// Run begins the span of a run. mark is what Mark returned where the run was
	// asked for, "" for nothing; resumed says that this was in another process, or
	// that the run was interrupted since.
	Run(ctx context.Context, workflow, run, mark string, resumed bool) (context.Context, func(error))
	// Step begins the span of one try at a step, inside its run's.
	Step(ctx context.Context, name string) (context.Context, func(error))
	// Mark names ctx's span for another process; "" when there is none.
	Mark(ctx context.Context) string
}

// Engine executes workflows. Its methods may be called concurrently.
type Engine struct {
	db     Store
	root   dbos.Context
	id     string // of this process, never used again
	name   string // of this replica
	schema string // with a dot: where DBOS keeps its tables; "" on SQLite
	o      Options

	live *liveness // PostgreSQL only

	life    context.Context // ends with Close
	quit    context.CancelFunc
	tickers sync.WaitGroup // of Every

	starting sync.Mutex // one Start at a time, so that it never holds two connections while others wait for one

	mu        sync.Mutex
	launched  bool
	executing bool
	defined   map[string]bool
	running   map[string]context.CancelFunc // runs that this process executes
	started   map[string]*result            // those of them that it was asked to start
	marks     map[string]string             // under which span those were asked for; only with Spans
}

// result is what a run came to; it can be read once done is closed.
type result struct {
	done chan struct{}
	body string
	err  error
}

// Open prepares an engine on the store. Workflows are defined next, then Launch.
// It makes DBOS's tables when they are not there. The caller closes the engine,
// before the store.
func Open(ctx context.Context, o Options) (*Engine, error) {
	if o.Version == "" {
		o.Version = "1"
	}
	if o.ExecutorID == "" {
		o.ExecutorID = "roleos-" + rand.Text()[:8]
	}
	if o.Lease <= 0 {
		o.Lease = DefaultLease
	}
	o.Lease = max(o.Lease, 200*time.Millisecond)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Hook == nil {
		o.Hook = func(string) {}
	}
	e := &Engine{
		db: o.DB, o: o, name: o.ExecutorID, id: o.ExecutorID + "/" + rand.Text()[:12],
		defined: map[string]bool{}, running: map[string]context.CancelFunc{}, started: map[string]*result{}, marks: map[string]string{},
	}
	e.life, e.quit = context.WithCancel(context.WithoutCancel(ctx))
	cfg := dbos.Config{
		AppName: appName, ApplicationVersion: o.Version, ExecutorID: e.id, Logger: quiet(o.Logger),
		SchedulerPollingInterval: time.Hour, // no schedules are kept in DBOS
	}
	var err error
	if pool := o.DB.Pool(); pool != nil {
		err = e.openPostgres(ctx, pool, cfg)
	} else {
		err = e.openSQLite(ctx, cfg)
	}
	if err != nil {
		e.quit()
		if _, ok := errors.AsType[*fault.Error](err); ok {
			return nil, err
		}
		return nil, fault.Wrap(err, fault.Internal, "engine.open", "the journal of runs cannot be opened")
	}
	// DBOS reads these two from its own environment variables as well.
	if e.root.GetExecutorID() != e.id || e.root.GetApplicationVersion() != o.Version {
		_ = e.Close(ctx)
		return nil, fault.New(fault.Invalid, "engine.open", "DBOS__VMID or DBOS__APPVERSION is set").
			WithMend("unset both: roleos names its processes itself")
	}
	return e, nil
}

func (e *Engine) openPostgres(ctx context.Context, pool *pgxpool.Pool, cfg dbos.Config) error {
	var schema string
	if err := pool.QueryRow(ctx, `SELECT current_schema()`).Scan(&schema); err != nil {
		return err
	}
	cfg.DatabaseSchema = "dbos"
	if schema != "public" {
		cfg.DatabaseSchema = schema + "_dbos" // so that several stores fit into one database
	}
	e.schema = pgx.Identifier{cfg.DatabaseSchema}.Sanitize() + "."
	// DBOS closes its pool when it shuts down, so it gets one of its own.
	own, err := pgxpool.NewWithConfig(ctx, pool.Config())
	if err != nil {
		return err
	}
	cfg.SystemDBPool = own
	if err := e.db.Exclusive(ctx, "engine", func(ctx context.Context) error {
		e.root, err = dbos.NewContext(context.WithoutCancel(ctx), cfg)
		return err
	}); err != nil {
		own.Close()
		return err
	}
	if e.live, err = newLiveness(ctx, e, pool); err != nil {
		return errors.Join(err, dbos.Shutdown(e.root, time.Second))
	}
	return nil
}

func (e *Engine) openSQLite(ctx context.Context, cfg dbos.Config) error {
	cfg.SQLiteSystemDB = borrow(e.db.SQL())
	open := func(ctx context.Context) (err error) {
		e.root, err = dbos.NewContext(context.WithoutCancel(ctx), cfg)
		return err
	}
	var tables int
	if err := e.db.SQL().QueryRowContext(ctx,
		`SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'dbos_migrations'`).Scan(&tables); err != nil {
		return err
	}
	if tables == 0 {
		// More than forty migrations in a transaction each: unsynced they take
		// a few milliseconds, synced as many as the disk needs forty times.
		return e.db.Unsynced(ctx, open)
	}
	if err := open(ctx); err != nil {
		return err
	}
	// A process that died just after claiming runs left them queued, and Launch
	// would take them up unasked.
	_, err := e.db.Exec(ctx, `UPDATE workflow_status SET status = 'PENDING', executor_id = 'gone' WHERE status = 'ENQUEUED' AND queue_name = ?`, recoveryQueue)
	return err
}

// Launch ends the definitions: nothing can be defined afterwards. Executing
// begins with the first Start, Resume or Every, so that a command which only
// looks pays nothing for it, and a Resume right after Launch goes on at once.
func (e *Engine) Launch(context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.launched = true
	return nil
}

// execute begins to execute, once.
func (e *Engine) execute(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.executing:
		return nil
	case !e.launched:
		return fault.New(fault.Internal, "engine.launch", "the engine was not launched")
	case e.root.Err() != nil:
		return fault.New(fault.Unavailable, "engine.launch", "the engine is closed")
	}
	if e.live != nil {
		if err := e.live.start(ctx); err != nil {
			return fault.Wrap(err, fault.Unavailable, "engine.launch", "this process cannot announce itself to the others")
		}
	}
	if err := dbos.Launch(e.root); err != nil {
		return fault.Wrap(err, fault.Internal, "engine.launch", "the engine cannot start")
	}
	e.executing = true
	return nil
}

// Close stops executing. Steps see their context end and get until ctx ends, or
// ten seconds, to return. What is unfinished stays resumable. Closing again does
// nothing.
func (e *Engine) Close(ctx context.Context) error {
	e.quit()
	e.tickers.Wait()
	timeout := 10 * time.Second
	if d, ok := ctx.Deadline(); ok {
		timeout = max(time.Until(d), time.Millisecond)
	}
	err := dbos.Shutdown(e.root, timeout)
	if e.live != nil {
		// Last, so that nobody claims a run whose step still unwinds.
		err = errors.Join(err, e.live.stop(context.WithoutCancel(ctx)))
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "engine.close", "not everything stopped in time")
	}
	return nil
}

// quiet returns a logger for DBOS that passes errors on and nothing else.
func quiet(to *slog.Logger) *slog.Logger {
	if to == nil {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(errorsOnly{to.Handler()})
}

type errorsOnly struct{ slog.Handler }

func (h errorsOnly) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelError && h.Handler.Enabled(ctx, l)
}

func (h errorsOnly) WithAttrs(a []slog.Attr) slog.Handler { return errorsOnly{h.Handler.WithAttrs(a)} }

func (h errorsOnly) WithGroup(g string) slog.Handler { return errorsOnly{h.Handler.WithGroup(g)} }
