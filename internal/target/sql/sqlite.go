package sql

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"modernc.org/sqlite"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/fault"
)

// SQLiteOptions says which rows of an SQLite database a Target may touch.
type SQLiteOptions struct {
	Path   string   // of the database file; it must exist
	Tables []string // that may be changed, by statements, cascades and triggers alike; at least one
	// Work is a folder for copies for staging. Default: the system's for temporary files.
	Work   string
	Limits Limits
	// Hook is called between the steps of a write. Tests kill the process in it. Default: nothing.
	Hook func(point string)
}

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`)

// checkTables refuses names that cannot be an object's first part, and our own table.
func checkTables(names []string) error {
	if len(names) == 0 {
		return fault.New(fault.Invalid, "sql.open", "a database target needs at least one table that may be changed")
	}
	for _, n := range names {
		if !identifier.MatchString(n) || strings.EqualFold(n, EffectsTable) || strings.HasPrefix(strings.ToLower(n), "sqlite_") {
			return fault.New(fault.Invalid, "sql.open", "%.100q cannot be a table that may be changed", n)
		}
	}
	return nil
}

// OpenSQLite returns the target for the database file. The caller closes it.
func OpenSQLite(o SQLiteOptions) (*Target, error) {
	if err := checkTables(o.Tables); err != nil {
		return nil, err
	}
	if o.Hook == nil {
		o.Hook = func(string) {}
	}
	o.Limits = o.Limits.filled(DefaultCopyBytes)
	db, err := openFile(o)
	if err != nil {
		return nil, err
	}
	return &Target{db: db, limits: o.Limits, hook: o.Hook}, nil
}

// openFile opens a database whose every transaction names its own kind.
func openFile(o SQLiteOptions) (*file, error) {
	info, err := os.Stat(o.Path)
	if err != nil || !info.Mode().IsRegular() {
		return nil, fault.New(fault.Unavailable, "sql.open", "there is no database file at the path given")
	}
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "sql.open", "the path of the database is not usable")
	}
	q := url.Values{"_pragma": {"busy_timeout(10000)", "synchronous(FULL)", "trusted_schema(OFF)"}, "_defensive": {"1"}, "mode": {"rw"}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "sql.open", "the database cannot be opened")
	}
	db.SetMaxOpenConns(4)
	return &file{o: o, db: db}, nil
}

// file is an SQLite database.
type file struct {
	o  SQLiteOptions
	db *sql.DB
}

func (f *file) close() error { return f.db.Close() }

func (f *file) begin(ctx context.Context, how mode) (tx, error) {
	conn, err := f.db.Conn(ctx)
	if err != nil {
		return nil, sqliteError(err)
	}
	x := &fileTx{f: f, conn: conn}
	keys, begin := "ON", "BEGIN IMMEDIATE"
	switch how {
	case reading:
		begin = "BEGIN"
	case restoring:
		keys = "OFF"
	case writing:
	}
	for _, q := range []string{"PRAGMA foreign_keys = " + keys, begin} {
		if _, err := conn.ExecContext(ctx, q); err != nil {
			return nil, errors.Join(sqliteError(err), conn.Close())
		}
	}
	return x, nil
}

// fileTx is a transaction on a connection of its own.
type fileTx struct {
	f      *file
	conn   *sql.Conn
	ended  bool
	tables map[string]*table
}

func (x *fileTx) commit(ctx context.Context) error {
	_, err := x.conn.ExecContext(ctx, "COMMIT")
	if err == nil {
		x.ended = true
		err = x.conn.Close()
	}
	return sqliteError(err)
}

func (x *fileTx) rollback() {
	if x.ended {
		return
	}
	x.ended = true
	if _, err := x.conn.ExecContext(context.Background(), "ROLLBACK"); err != nil {
		// The connection is not to be used again with whatever it still holds.
		_ = x.conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	_ = x.conn.Close()
}

func (x *fileTx) effects(ctx context.Context) error {
	_, err := x.exec(ctx, `CREATE TABLE IF NOT EXISTS %s (
	seq INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, object TEXT NOT NULL, op TEXT NOT NULL,
	effect TEXT NOT NULL, touched INTEGER NOT NULL, live INTEGER NOT NULL)`)
	if err == nil {
		_, err = x.exec(ctx, "CREATE INDEX IF NOT EXISTS roleos_effects_object ON %s (object, live, seq)")
	}
	return err
}

func (x *fileTx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := x.conn.ExecContext(ctx, strings.ReplaceAll(query, "%s", EffectsTable), args...)
	if err != nil {
		return 0, sqliteError(err)
	}
	n, err := res.RowsAffected()
	return n, sqliteError(err)
}

func (x *fileTx) text(ctx context.Context, query string, args ...any) (string, error) {
	var s string
	err := x.conn.QueryRowContext(ctx, strings.ReplaceAll(query, "%s", EffectsTable), args...).Scan(&s)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return s, sqliteError(err)
}

// schema reads what the declared tables are. The version covers every table,
// index, trigger and view.
func (x *fileTx) schema(ctx context.Context) (*schema, error) {
	s := &schema{tables: map[string]*table{}}
	rows, err := x.conn.QueryContext(ctx, "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master ORDER BY type, name")
	if err != nil {
		return nil, sqliteError(err)
	}
	defer rows.Close()
	h := sha256.New()
	for rows.Next() {
		var kind, name, of, text string
		if err := rows.Scan(&kind, &name, &of, &text); err != nil {
			return nil, sqliteError(err)
		}
		if of == EffectsTable {
			s.effects = true
			continue
		}
		if strings.HasPrefix(name, "sqlite_") {
			continue
		}
		fmt.Fprintf(h, "%q %q %q %q\n", kind, name, of, text)
		if (kind == "table" || kind == "view") && slices.Contains(x.f.o.Tables, name) {
			t := &table{name: name}
			switch {
			case kind == "view":
				t.refused = "it is a view"
			case strings.HasPrefix(strings.ToUpper(strings.TrimSpace(text)), "CREATE VIRTUAL"):
				t.refused = "it is a virtual table"
			}
			s.tables[name] = t
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, sqliteError(err)
	}
	for _, t := range s.tables {
		if err := x.columns(ctx, t); err != nil {
			return nil, err
		}
	}
	s.version, x.tables = hex.EncodeToString(h.Sum(nil)), s.tables
	return s, nil
}

func (x *fileTx) columns(ctx context.Context, t *table) error {
	rows, err := x.conn.QueryContext(ctx, "SELECT name, type, pk, hidden, coalesce(dflt_value, '') FROM pragma_table_xinfo(?) ORDER BY cid", t.name)
	if err != nil {
		return sqliteError(err)
	}
	defer rows.Close()
	keys := map[int]int{}
	for rows.Next() {
		var c column
		var pk, hidden int
		var def string
		if err := rows.Scan(&c.name, &c.kind, &pk, &hidden, &def); err != nil {
			return sqliteError(err)
		}
		if hidden != 0 && t.refused == "" {
			t.refused = "it has generated columns"
		}
		if strings.ContainsRune(def, '(') || strings.Contains(strings.ToUpper(def), "CURRENT_") {
			t.loose = append(t.loose, len(t.columns))
		}
		if pk > 0 {
			keys[pk] = len(t.columns)
		}
		t.columns = append(t.columns, c)
	}
	for i := range len(keys) {
		t.key = append(t.key, keys[i+1])
	}
	if len(t.key) == 0 && t.refused == "" {
		t.refused = "it has no primary key, so a change of it could not be taken back"
	}
	return sqliteError(rows.Err())
}

func (x *fileTx) population(ctx context.Context) (int64, error) {
	var sum int64
	for _, t := range x.tables {
		var n int64
		if err := x.conn.QueryRowContext(ctx, "SELECT count(*) FROM "+quoted(t.name)).Scan(&n); err != nil {
			return -1, sqliteError(err)
		}
		sum += n
	}
	return sum, nil
}

// copy writes the whole database into a file of its own.
func (f *file) copy(ctx context.Context) (database, func() error, error) {
	var pages, size int64
	err := errors.Join(
		f.db.QueryRowContext(ctx, "PRAGMA page_count").Scan(&pages),
		f.db.QueryRowContext(ctx, "PRAGMA page_size").Scan(&size))
	if err != nil {
		return nil, nil, sqliteError(err)
	}
	if pages*size > f.o.Limits.Copy {
		return nil, nil, change.ErrNoStaging
	}
	f.sweep()
	dir, err := os.MkdirTemp(f.o.Work, copies)
	if err != nil {
		return nil, nil, err
	}
	remove := func() error { return os.RemoveAll(dir) }
	o := f.o
	o.Path = filepath.Join(dir, "copy.db")
	if _, err := f.db.ExecContext(ctx, "VACUUM INTO ?", o.Path); err != nil {
		return nil, nil, errors.Join(sqliteError(err), remove())
	}
	c, err := openFile(o)
	if err != nil {
		return nil, nil, errors.Join(err, remove())
	}
	return c, func() error { return errors.Join(c.close(), remove()) }, nil
}

// copies begins the names of the folders with copies.
const copies = "roleos-sql-"

// sweep removes the copies that killed processes have left.
func (f *file) sweep() {
	work := f.o.Work
	if work == "" {
		work = os.TempDir()
	}
	old, _ := filepath.Glob(filepath.Join(work, copies+"*"))
	for _, dir := range old {
		if info, err := os.Lstat(dir); err == nil && info.IsDir() && time.Since(info.ModTime()) > abandoned {
			_ = os.RemoveAll(dir)
		}
	}
}

// quoted returns the name as an SQL identifier.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// sqliteError says what the database refused, in its own words.
func sqliteError(err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok && e.Code()&0xff == 19 { // SQLITE_CONSTRAINT
		return fault.Wrap(err, fault.Conflict, "sql.sqlite", "the database refuses it: %s", guardrails.Visible(e.Error()))
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	return fault.Wrap(err, fault.Unavailable, "sql.sqlite", "the database did not do it")
}
