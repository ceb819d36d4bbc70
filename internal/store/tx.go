package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"roleos/internal/fault"
)

// maxTxAttempts bounds how often a PostgreSQL transaction is tried when
// concurrent ones keep it from serializing.
const maxTxAttempts = 12

type txKey struct{ db *DB }

// InTx runs f in one transaction: it commits when f returns nil and rolls back
// otherwise. f must use the context it is given. Inside another InTx f joins
// that transaction, and its outcome is the outer one's.
//
// On PostgreSQL the transaction is serializable and f is run again when it lost
// against another one, from the third time on with no other writer beside it.
// After 12 losses, which then only statements outside InTx can cause, InTx fails
// with fault.Conflict.
func (db *DB) InTx(ctx context.Context, f func(ctx context.Context) error) error {
	if db.Joined(ctx) {
		return f(ctx)
	}
	var err error
	for attempt := range maxTxAttempts {
		try := db.once
		if attempt >= 2 {
			try = db.alone
		}
		if err = try(ctx, f); err == nil || !retryable(err) {
			return err
		}
		pause := time.Duration(1+rand.IntN(4<<min(attempt, 6))) * time.Millisecond
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
	return fault.Wrap(err, fault.Conflict, "store.tx", "other writers kept changing the same data").WithMend("try again")
}

// Joined reports whether ctx carries a transaction of this store.
func (db *DB) Joined(ctx context.Context) bool { return ctx.Value(txKey{db}) != nil }

// writersLock is the advisory lock that every transaction of InTx shares, and
// that one which lost twice takes for itself.
const writersLock = 0x726f6c656f73 // "roleos"

// alone is once for a writer that keeps losing, as a slow one among quick ones
// would for ever. The lock is taken before the transaction, whose snapshot is then
// newer than what the writers before have written.
func (db *DB) alone(ctx context.Context, f func(ctx context.Context) error) error {
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return db.failed("begin", err)
	}
	defer conn.Close() //nolint:errcheck // back to the pool
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, int64(writersLock)); err != nil {
		return db.failed("turn", err)
	}
	defer func() {
		// A connection that keeps the lock must not go back to the pool.
		if _, err := conn.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, int64(writersLock)); err != nil {
			_ = conn.Raw(func(any) error { return driver.ErrBadConn })
		}
	}()
	return db.run(ctx, conn, f)
}

func (db *DB) once(ctx context.Context, f func(ctx context.Context) error) error {
	return db.run(ctx, db.write, f)
}

// run runs f in a transaction of a connection or of the pool.
func (db *DB) run(ctx context.Context, on interface {
	BeginTx(ctx context.Context, opts *sql.TxOptions) (*sql.Tx, error)
}, f func(ctx context.Context) error,
) error {
	var opts *sql.TxOptions
	if db.dialect == Postgres {
		opts = &sql.TxOptions{Isolation: sql.LevelSerializable}
	}
	tx, err := on.BeginTx(ctx, opts)
	if err != nil {
		return db.failed("begin", err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	if db.dialect == Postgres {
		if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock_shared($1)`, int64(writersLock)); err != nil {
			return db.failed("begin", err)
		}
	}
	if err := f(context.WithValue(ctx, txKey{db}, tx)); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return db.failed("commit", err)
	}
	return nil
}

// retryable reports whether PostgreSQL gave up a transaction only because of
// concurrent ones: serialization failure or deadlock.
// https://www.postgresql.org/docs/current/mvcc-serialization-failure-handling.html
func retryable(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == "40001" || pg.Code == "40P01")
}

// duplicate reports whether err is a violated unique or primary key.
func duplicate(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "23505"
	}
	type coder interface{ Code() int }
	if c, ok := errors.AsType[interface {
		error
		coder
	}](err); ok {
		return c.Code() == 2067 || c.Code() == 1555 // SQLITE_CONSTRAINT_UNIQUE, _PRIMARYKEY
	}
	return false
}

// failed turns a database's error into one that says which operation broke.
// Conflicts between transactions stay visible to InTx through the cause.
func (db *DB) failed(op string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	// PostgreSQL keeps no text with a zero byte or without an encoding.
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == "22021" {
		return fault.New(fault.Invalid, "store."+op, "a text holds a character that cannot be stored")
	}
	return fault.Wrap(err, fault.Internal, "store."+op, "the store failed")
}

// querier runs statements. Placeholders are written ?.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// q returns what reads and writes: the transaction in ctx, or the writer.
func (db *DB) q(ctx context.Context) querier { return db.rebound(ctx, db.write) }

// r returns what only reads: the transaction in ctx, or a reader.
func (db *DB) r(ctx context.Context) querier { return db.rebound(ctx, db.read) }

func (db *DB) rebound(ctx context.Context, outside querier) querier {
	q := outside
	if tx, ok := ctx.Value(txKey{db}).(*sql.Tx); ok {
		q = tx
	}
	if db.dialect == Postgres {
		return rebinder{q}
	}
	return q
}

// Exec runs a statement with ? placeholders in the transaction in ctx, or on
// the writer. It is for packages that keep tables of their own in this database.
func (db *DB) Exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return db.q(ctx).ExecContext(ctx, query, args...)
}

// Query runs a query with ? placeholders as Exec does.
func (db *DB) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return db.q(ctx).QueryContext(ctx, query, args...)
}

// Read runs a query that changes nothing: in the transaction in ctx, or on a
// reader, which does not wait for a writer.
func (db *DB) Read(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return db.r(ctx).QueryContext(ctx, query, args...)
}

// rebinder writes ? as $1, $2, ...
type rebinder struct{ querier }

func (b rebinder) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return b.querier.ExecContext(ctx, rebind(query), args...)
}

func (b rebinder) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return b.querier.QueryContext(ctx, rebind(query), args...)
}

func (b rebinder) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return b.querier.QueryRowContext(ctx, rebind(query), args...)
}

func rebind(query string) string {
	var b strings.Builder
	b.Grow(len(query) + 16)
	n := 0
	for {
		before, after, found := strings.Cut(query, "?")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		n++
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(n))
		query = after
	}
}

// nanos returns t as Unix nanoseconds, 0 for the zero time.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// fromNanos is the inverse of nanos; the time is in UTC.
func fromNanos(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// clean replaces what a text column cannot hold: NUL and broken UTF-8.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
