package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"roleos/internal/fault"
)

// Dialect names the database behind a store.
type Dialect string

// The databases.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// Options says which store to open.
type Options struct {
	// URL is "sqlite:" and a file path, or a postgres:// URL. Required.
	URL string
	// Wait is how long to wait for another process that works on a SQLite store.
	// Default: not at all.
	Wait time.Duration
	// Now tells the time of what the store itself dates. Default time.Now.
	Now func() time.Time
}

// DB is an open store. All methods may be called concurrently.
type DB struct {
	dialect Dialect
	now     func() time.Time
	write   *sql.DB       // SQLite: exactly one connection
	read    *sql.DB       // SQLite: query-only connections; PostgreSQL: the same as write
	pool    *pgxpool.Pool // PostgreSQL only
	lock    *fileLock     // SQLite only
}

// Open opens the store at o.URL, makes it when it does not exist, and migrates it.
//
// A SQLite store belongs to one process at a time: Open fails with
// fault.Unavailable and the other's pid while it is held. The operating system
// frees it when a process dies, however it dies. A store written by a newer
// roleos is refused with fault.Invalid. The caller closes the store.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	switch {
	case strings.HasPrefix(o.URL, "sqlite:"):
		path := strings.TrimPrefix(strings.TrimPrefix(o.URL, "sqlite:"), "//")
		if path == "" || strings.HasPrefix(path, ":memory:") {
			return nil, fault.New(fault.Invalid, "store.open", "the store URL %q names no file", o.URL).
				WithMend("write it like sqlite:.roleos/roleos.db")
		}
		return openSQLite(ctx, path, o.Wait, o.Now)
	case strings.HasPrefix(o.URL, "postgres://"), strings.HasPrefix(o.URL, "postgresql://"):
		return openPostgres(ctx, o.URL, o.Now)
	}
	scheme, _, _ := strings.Cut(o.URL, ":")
	return nil, fault.New(fault.Invalid, "store.open", "a store URL cannot begin with %q", scheme).
		WithMend("write sqlite:PATH or postgres://USER@HOST/DATABASE")
}

func openSQLite(ctx context.Context, path string, wait time.Duration, now func() time.Time) (_ *DB, err error) {
	if path, err = filepath.Abs(path); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "store.open", "the store %s cannot be opened", path)
	}
	unusable := func(err error) error {
		return fault.Wrap(err, fault.Unavailable, "store.open", "the store %s cannot be opened", path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, unusable(err)
	}
	lock, err := awaitLock(ctx, path+".lock", wait)
	if err != nil {
		if held, ok := errors.AsType[*heldError](err); ok {
			return nil, fault.New(fault.Unavailable, "store.open", "another roleos (process %s) works on the store %s", held.pid, path).
				WithMend("Try again when it is done. If that is roleos serve, work in its console or through its API " +
					"(a backup: GET /api/v1/backup), or end it first. Several at once need PostgreSQL: set store.url.")
		}
		return nil, unusable(err)
	}
	db := &DB{dialect: SQLite, now: now, lock: lock}
	defer func() {
		if err != nil {
			_ = db.Close()
		}
	}()
	// Made here, so that it and the WAL beside it are never readable by others.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, unusable(err)
	}
	if err := errors.Join(f.Chmod(0o600), f.Close()); err != nil {
		return nil, unusable(err)
	}
	if db.write, err = sql.Open("sqlite", sqliteDSN(path, "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "busy_timeout(5000)")); err != nil {
		return nil, unusable(err)
	}
	db.write.SetMaxOpenConns(1)
	db.write.SetMaxIdleConns(1)
	if db.read, err = sql.Open("sqlite", sqliteDSN(path, "query_only(1)", "busy_timeout(5000)")); err != nil {
		return nil, unusable(err)
	}
	db.read.SetMaxOpenConns(4)
	db.read.SetMaxIdleConns(4)
	if err := db.migrate(ctx); err != nil {
		return nil, err
	}
	return db, nil
}

// sqliteDSN returns the driver's name for path with pragmas set on every
// connection. Transactions begin immediate: a deferred one that turns into a
// writer half way fails instead of waiting.
func sqliteDSN(path string, pragmas ...string) string {
	q := url.Values{"_txlock": {"immediate"}, "_pragma": pragmas}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(), RawQuery: q.Encode()}).String()
}

func openPostgres(ctx context.Context, raw string, now func() time.Time) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(raw)
	if err != nil {
		// The cause repeats the URL, and with it perhaps a password.
		return nil, fault.New(fault.Invalid, "store.open", "the PostgreSQL URL cannot be read").
			WithMend("write it like postgres://USER@HOST:5432/DATABASE")
	}
	if !strings.Contains(raw, "pool_max_conns") {
		cfg.MaxConns = 10
	}
	if cfg.ConnConfig.ConnectTimeout == 0 {
		cfg.ConnConfig.ConnectTimeout = 10 * time.Second
	}
	where := fmt.Sprintf("%s:%d/%s", cfg.ConnConfig.Host, cfg.ConnConfig.Port, cfg.ConnConfig.Database)
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err == nil {
		err = pool.Ping(ctx)
	}
	if err != nil {
		if pool != nil {
			pool.Close()
		}
		return nil, fault.Wrap(err, fault.Unavailable, "store.open", "PostgreSQL at %s does not answer", where).
			WithMend("check that it runs and that the user may connect")
	}
	db := &DB{dialect: Postgres, now: now, pool: pool, write: stdlib.OpenDBFromPool(pool)}
	db.read = db.write
	if err := db.migrate(ctx); err != nil {
		_ = db.Close()
		return nil, err
	}
	return db, nil
}

// Close ends all work and frees the store. It waits for open transactions.
// Closing again does nothing.
func (db *DB) Close() error {
	var errs []error
	if db.read != nil && db.read != db.write {
		errs = append(errs, db.read.Close())
	}
	if db.write != nil {
		errs = append(errs, db.write.Close())
	}
	if db.pool != nil {
		db.pool.Close()
	}
	if db.lock != nil {
		errs = append(errs, db.lock.release())
	}
	return errors.Join(errs...)
}

// Dialect returns which database is behind the store.
func (db *DB) Dialect() Dialect { return db.dialect }

// SQL returns the writer: on SQLite the one connection that may write, on
// PostgreSQL the pool. The caller must not close it.
func (db *DB) SQL() *sql.DB { return db.write }

// Pool returns the PostgreSQL pool, nil on SQLite. The caller must not close it.
func (db *DB) Pool() *pgxpool.Pool { return db.pool }
