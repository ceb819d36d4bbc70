package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/pressly/goose/v3"

	"roleos/internal/fault"
)

//go:embed migrations
var migrations embed.FS

// era is how many numbers an era of migrations has. Within one, a migration only
// adds (tables, indexes, columns with a default), so that an older roleos works on
// beside a newer one while replicas are replaced; one that takes something away
// begins the next era.
const era = 1000

// migrate brings the schema up to the newest migration of this binary.
func (db *DB) migrate(ctx context.Context) error {
	dir, err := fs.Sub(migrations, "migrations/"+string(db.dialect))
	if err != nil {
		return db.failed("migrate", err)
	}
	newest, err := newestMigration(dir)
	if err != nil {
		return db.failed("migrate", err)
	}
	// Asking is much cheaper than goose, and nearly always enough.
	have, err := db.schemaVersion(ctx)
	if err != nil {
		return err
	}
	switch {
	case have >= newest && have/era == newest/era:
		return nil
	case have > newest:
		return fault.New(fault.Invalid, "store.migrate", "the store was written by a newer roleos (schema %d, this one knows %d)", have, newest).
			WithMend("use that newer roleos, or a copy of the store made before")
	}
	up := func(ctx context.Context) error {
		dialect := goose.DialectSQLite3
		if db.dialect == Postgres {
			dialect = goose.DialectPostgres
		}
		p, err := goose.NewProvider(dialect, db.write, dir, goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
		if err == nil {
			_, err = p.Up(ctx)
		}
		if err != nil {
			return fault.Wrap(err, fault.Internal, "store.migrate", "the store could not be brought to schema %d", newest)
		}
		return nil
	}
	return db.Exclusive(ctx, "migrate", func(ctx context.Context) error {
		if have == 0 {
			return db.Unsynced(ctx, up)
		}
		return up(ctx)
	})
}

// Unsynced runs f on SQLite without waiting for the disk after every commit.
// It is for filling a store that holds nothing yet: a power cut during f may
// lose what f wrote, never more. The first commit afterwards makes all of it
// durable. On PostgreSQL it only runs f.
func (db *DB) Unsynced(ctx context.Context, f func(ctx context.Context) error) (err error) {
	if db.dialect != SQLite {
		return f(ctx)
	}
	// Without checkpoints nothing reaches the database file itself, so a torn
	// write can only be in the WAL, whose checksums cut it off.
	if _, err := db.write.ExecContext(ctx, `PRAGMA synchronous=OFF; PRAGMA wal_autocheckpoint=0`); err != nil {
		return db.failed("unsynced", err)
	}
	defer func() {
		_, back := db.write.ExecContext(context.WithoutCancel(ctx), `PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=1000`)
		err = errors.Join(err, back)
	}()
	return f(ctx)
}

// Exclusive runs f while no other process runs an Exclusive of the same name on
// this store. On PostgreSQL that is an advisory lock; on SQLite the process has
// the store to itself anyway.
func (db *DB) Exclusive(ctx context.Context, name string, f func(ctx context.Context) error) error {
	if db.dialect == SQLite {
		return f(ctx)
	}
	conn, err := db.pool.Acquire(ctx)
	if err != nil {
		return db.failed("lock", err)
	}
	defer conn.Release()
	h := fnv.New64a()
	fmt.Fprintf(h, "roleos/%s", name)
	key := int64(h.Sum64()) //nolint:gosec // any 64 bits will do
	// Asked for again and again instead of waited for: a waiting statement has a
	// snapshot, and CREATE INDEX CONCURRENTLY, which the holder may be at, waits
	// until every older snapshot is gone. The two would wait for each other.
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		var got bool
		if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, key).Scan(&got); err != nil {
			return db.failed("lock", err)
		}
		if got {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
	defer func() {
		if _, err := conn.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, key); err != nil {
			_ = conn.Conn().Close(context.WithoutCancel(ctx)) // the server unlocks when the session ends
		}
	}()
	return f(ctx)
}

// schemaVersion returns the newest migration applied, 0 for a fresh database.
func (db *DB) schemaVersion(ctx context.Context) (int64, error) {
	probe := `SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'goose_db_version'`
	if db.dialect == Postgres {
		probe = `SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'goose_db_version'`
	}
	var tables int
	if err := db.write.QueryRowContext(ctx, probe).Scan(&tables); err != nil {
		if db.dialect == SQLite {
			return 0, fault.Wrap(err, fault.Invalid, "store.open", "the store is not a database that roleos can read").
				WithMend("restore it from a backup, or move the file away to begin anew")
		}
		return 0, db.failed("migrate", err)
	}
	if tables == 0 {
		return 0, nil
	}
	var v sql.NullInt64
	if err := db.write.QueryRowContext(ctx, `SELECT max(version_id) FROM goose_db_version`).Scan(&v); err != nil {
		return 0, db.failed("migrate", err)
	}
	return v.Int64, nil
}

// newestMigration returns the highest number among the files' names.
func newestMigration(dir fs.FS) (int64, error) {
	names, err := fs.Glob(dir, "*.sql")
	if err != nil {
		return 0, err
	}
	var newest int64
	for _, name := range names {
		number, _, _ := strings.Cut(name, "_")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("migration %s has no number: %w", name, err)
		}
		newest = max(newest, n)
	}
	return newest, nil
}
