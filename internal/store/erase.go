package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"roleos/internal/evidence"
	"roleos/internal/fault"
)

// RedactBlob leaves left in place of the bytes named digest. The name stays: it
// proves what was there to whoever has a copy, and is what others refer to.
func (db *DB) RedactBlob(ctx context.Context, digest string, left []byte) error {
	sum := sha256.Sum256(left)
	_, err := db.q(ctx).ExecContext(ctx, `UPDATE blobs SET codec = ?, size = ?, body = ? WHERE digest = ?`, codecErased, len(left), append(sum[:], left...), digest)
	return db.failed("erase", err)
}

// DropBlob forgets the bytes named digest. Nothing may refer to them: it is for
// files as they came.
func (db *DB) DropBlob(ctx context.Context, digest string) error {
	_, err := db.q(ctx).ExecContext(ctx, `DELETE FROM blobs WHERE digest = ?`, digest)
	return db.failed("erase", err)
}

// IsErased reports whether something of the bytes named digest was erased.
func (db *DB) IsErased(ctx context.Context, digest string) (bool, error) {
	var codec int
	err := db.r(ctx).QueryRowContext(ctx, `SELECT codec FROM blobs WHERE digest = ?`, digest).Scan(&codec)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return codec == codecErased, db.failed("erase", err)
}

// Blobs returns the names of all blobs, sorted.
func (db *DB) Blobs(ctx context.Context) ([]string, error) {
	return column[string](ctx, db, `SELECT digest FROM blobs ORDER BY digest`)
}

// SealedBlobs returns the names of blobs that hold the sealed bytes of change sets,
// with the id of the set.
func (db *DB) SealedBlobs(ctx context.Context) (map[string]string, error) {
	rows, err := db.q(ctx).QueryContext(ctx, `SELECT body, id FROM change_sets`)
	if err != nil {
		return nil, db.failed("erase", err)
	}
	defer rows.Close()
	out := map[string]string{}
	for rows.Next() {
		var digest, id string
		if err := rows.Scan(&digest, &id); err != nil {
			return nil, db.failed("erase", err)
		}
		out[digest] = id
	}
	return out, db.failed("erase", rows.Err())
}

func column[T any](ctx context.Context, db *DB, query string, args ...any) ([]T, error) {
	rows, err := db.q(ctx).QueryContext(ctx, query, args...)
	if err != nil {
		return nil, db.failed("erase", err)
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		var v T
		if err := rows.Scan(&v); err != nil {
			return nil, db.failed("erase", err)
		}
		out = append(out, v)
	}
	return out, db.failed("erase", rows.Err())
}

// Chunk is a slice of a record set.
type Chunk struct {
	Set                string
	Records, Originals string // names of blobs; Originals may be empty
	CreatedAt          time.Time
}

// Chunks returns the chunks of all record sets, oldest first.
func (db *DB) Chunks(ctx context.Context) ([]Chunk, error) {
	rows, err := db.q(ctx).QueryContext(ctx, `SELECT c.set_id, c.records, c.originals, s.created_at
		FROM record_chunks c JOIN record_sets s ON s.id = c.set_id ORDER BY s.created_at, s.id, c.n`)
	if err != nil {
		return nil, db.failed("erase", err)
	}
	defer rows.Close()
	var out []Chunk
	for rows.Next() {
		var c Chunk
		var originals sql.NullString
		var at int64
		if err := rows.Scan(&c.Set, &c.Records, &originals, &at); err != nil {
			return nil, db.failed("erase", err)
		}
		c.Originals, c.CreatedAt = originals.String, fromNanos(at)
		out = append(out, c)
	}
	return out, db.failed("erase", rows.Err())
}

// ReadChunk returns a chunk's records, and their texts before masking by id.
func (db *DB) ReadChunk(ctx context.Context, c Chunk) ([]evidence.Record, map[string]string, error) {
	body, err := db.Blob(ctx, c.Records)
	if err != nil {
		return nil, nil, err
	}
	var records []evidence.Record
	for line := range strings.Lines(string(body)) {
		var r evidence.Record
		if json.Unmarshal([]byte(line), &r) != nil {
			return nil, nil, damaged(c.Records)
		}
		records = append(records, r)
	}
	originals := map[string]string{}
	if c.Originals == "" {
		return records, originals, nil
	}
	if body, err = db.Blob(ctx, c.Originals); err != nil {
		return nil, nil, err
	}
	for line := range strings.Lines(string(body)) {
		var a evidence.Attr
		if json.Unmarshal([]byte(line), &a) != nil {
			return nil, nil, damaged(c.Originals)
		}
		originals[a.Name] = a.Value
	}
	return records, originals, nil
}

// RewriteChunk keeps the records and originals in place of a chunk's own. There are
// as many records, of the same ids in the same order.
func (db *DB) RewriteChunk(ctx context.Context, c Chunk, records []evidence.Record, originals map[string]string) error {
	left := encodeChunk(records, originals)
	if left.err != nil {
		return left.err
	}
	body, err := left.records.unpack()
	if err != nil {
		return err
	}
	if err := db.RedactBlob(ctx, c.Records, body); err != nil || c.Originals == "" {
		return err
	}
	body = nil
	if left.originals != nil {
		if body, err = left.originals.unpack(); err != nil {
			return err
		}
	}
	return db.RedactBlob(ctx, c.Originals, body)
}

// unsearched are tables whose texts Texts leaves alone: what is named by its digest
// is rewritten as such, and the log is only added to.
func unsearched() []string {
	return []string{"blobs", "record_chunks", "audit_size", "audit_leaves", "audit_hashes", "audit_checkpoints", "audit_subjects", "goose_db_version", "executors"}
}

// Texts shows clean every text and every blob in every table, the engine's tables
// included, and keeps what it returns in its place where that differs. Keys of rows
// and what the log says are only shown: fixed is true for them.
func (db *DB) Texts(ctx context.Context, clean func(table, column string, value []byte, fixed bool) []byte) error {
	tables, err := db.tables(ctx)
	if err != nil {
		return err
	}
	for _, t := range tables {
		if slices.Contains(unsearched(), t.name) {
			continue
		}
		if err := db.searched(ctx, t, clean); err != nil {
			return err
		}
	}
	leaves, err := column[[]byte](ctx, db, `SELECT body FROM audit_leaves ORDER BY seq`)
	for _, l := range leaves {
		clean("audit_leaves", "body", l, true)
	}
	return err
}

// table is a table as Texts sees it.
type table struct {
	schema, name string
	keys, texts  []string
	binary       map[string]bool
}

func (t table) quoted() string {
	if t.schema == "" {
		return pgx.Identifier{t.name}.Sanitize()
	}
	return pgx.Identifier{t.schema, t.name}.Sanitize()
}

func (db *DB) searched(ctx context.Context, t table, clean func(table, column string, value []byte, fixed bool) []byte) error {
	id := func(name string) string { return pgx.Identifier{name}.Sanitize() }
	for _, c := range t.texts {
		fixed := slices.Contains(t.keys, c) || len(t.keys) == 0
		list := []string{id(c)}
		for _, k := range t.keys {
			list = append(list, id(k))
		}
		rows, err := db.q(ctx).QueryContext(ctx, `SELECT `+strings.Join(list, ", ")+` FROM `+t.quoted()+` WHERE `+id(c)+` IS NOT NULL`)
		if err != nil {
			return db.failed("erase", err)
		}
		type row struct {
			value []byte
			keys  []any
		}
		var changed []row
		for rows.Next() {
			var was []byte
			keys := make([]any, len(t.keys))
			into := []any{&was}
			for i := range keys {
				into = append(into, &keys[i])
			}
			if err := rows.Scan(into...); err != nil {
				return errors.Join(db.failed("erase", err), rows.Close())
			}
			if now := clean(t.name, c, was, fixed); !fixed && string(now) != string(was) {
				changed = append(changed, row{now, keys})
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return db.failed("erase", err)
		}
		for _, r := range changed {
			var value any = string(r.value)
			if t.binary[c] {
				value = r.value
			}
			where := make([]string, len(t.keys))
			for i, k := range t.keys {
				where[i] = id(k) + " = ?"
			}
			if _, err := db.q(ctx).ExecContext(ctx, `UPDATE `+t.quoted()+` SET `+id(c)+` = ? WHERE `+strings.Join(where, " AND "), append([]any{value}, r.keys...)...); err != nil {
				return db.failed("erase", err)
			}
		}
	}
	return nil
}

// tables returns all tables of this store and of the engine beside it.
func (db *DB) tables(ctx context.Context) ([]table, error) {
	query := `SELECT '', m.name, c.name, lower(c.type), c.pk FROM sqlite_master m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.cid`
	if db.dialect == Postgres {
		query = `SELECT c.table_schema, c.table_name, c.column_name, c.data_type,
			CASE WHEN k.column_name IS NULL THEN 0 ELSE 1 END
			FROM information_schema.columns c
			JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name AND t.table_type = 'BASE TABLE'
			LEFT JOIN (SELECT u.table_schema, u.table_name, u.column_name FROM information_schema.key_column_usage u
				JOIN information_schema.table_constraints x ON x.constraint_schema = u.constraint_schema AND x.constraint_name = u.constraint_name
				AND x.table_name = u.table_name AND x.constraint_type = 'PRIMARY KEY') k
			ON k.table_schema = c.table_schema AND k.table_name = c.table_name AND k.column_name = c.column_name
			WHERE c.table_schema = current_schema() OR c.table_schema = CASE WHEN current_schema() = 'public' THEN 'dbos' ELSE current_schema() || '_dbos' END
			ORDER BY c.table_schema, c.table_name, c.ordinal_position`
	}
	rows, err := db.q(ctx).QueryContext(ctx, query)
	if err != nil {
		return nil, db.failed("erase", err)
	}
	defer rows.Close()
	var out []table
	for rows.Next() {
		var schema, name, col, kind string
		var key int
		if err := rows.Scan(&schema, &name, &col, &kind, &key); err != nil {
			return nil, db.failed("erase", err)
		}
		if n := len(out); n == 0 || out[n-1].name != name || out[n-1].schema != schema {
			out = append(out, table{schema: schema, name: name, binary: map[string]bool{}})
		}
		t := &out[len(out)-1]
		if key > 0 {
			t.keys = append(t.keys, col)
		}
		switch kind {
		case "text", "character varying":
			t.texts = append(t.texts, col)
		case "blob", "bytea":
			t.texts = append(t.texts, col)
			t.binary[col] = true
		}
	}
	return out, db.failed("erase", rows.Err())
}

// Compact makes the database forget what was overwritten: until then the old bytes
// lie in free pages, in the write-ahead log, or in dead rows. On PostgreSQL each
// table that is rewritten is locked meanwhile; its own archives of the write-ahead
// log, and backups, hold what they hold.
func (db *DB) Compact(ctx context.Context) error {
	if db.dialect == SQLite {
		if _, err := db.write.ExecContext(ctx, `VACUUM`); err != nil {
			return db.failed("compact", err)
		}
		return db.emptyLog(ctx)
	}
	tables, err := db.tables(ctx)
	if err != nil {
		return err
	}
	for _, t := range tables {
		if len(t.texts) == 0 || strings.HasPrefix(t.name, "audit_") {
			continue
		}
		if _, err := db.write.ExecContext(ctx, `VACUUM (FULL) `+t.quoted()); err != nil {
			return db.failed("compact", err)
		}
	}
	return nil
}

// logTries is how often the write-ahead log is tried to be emptied, each time for
// as long as a busy store is waited for.
const logTries = 6

// emptyLog waits for those who still read what was there before; SQLite says in a
// row, not by an error, that they kept it from emptying its log.
func (db *DB) emptyLog(ctx context.Context) error {
	for range logTries {
		var busy, pages, moved int
		if err := db.write.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &pages, &moved); err != nil {
			return db.failed("compact", err)
		}
		if busy == 0 {
			return nil
		}
	}
	return fault.New(fault.Unavailable, "store.compact", "what was overwritten still lies in the store's files, because somebody kept reading it").
		WithMend("Stop whatever works on the store, the service too: it forgets the old bytes when it is closed.")
}

// Erasure is one erasure as it is remembered.
type Erasure struct {
	ID        string          `json:"id"`
	By        string          `json:"by"`
	AskedBy   string          `json:"asked_by"` // the role at whose request
	Records   int             `json:"records"`
	Body      json.RawMessage `json:"-"` // which, by their digests
	CreatedAt time.Time       `json:"created_at"`
}

// AddErasure keeps an erasure; fault.Conflict when there is one of that id.
func (db *DB) AddErasure(ctx context.Context, e Erasure) error {
	_, err := db.q(ctx).ExecContext(ctx, `INSERT INTO erasures (id, done_by, asked_by, records, body, created_at) VALUES (?, ?, ?, ?, ?, ?)`,
		e.ID, e.By, e.AskedBy, e.Records, []byte(e.Body), nanos(e.CreatedAt))
	if duplicate(err) {
		return fault.New(fault.Conflict, "store.erase", "there is an erasure %s already", e.ID)
	}
	return db.failed("erase", err)
}

// ErasureCount returns how many erasures there were: what a process keeps in memory
// of records counts until it grows.
func (db *DB) ErasureCount(ctx context.Context) (n int, err error) {
	err = db.r(ctx).QueryRowContext(ctx, `SELECT count(*) FROM erasures`).Scan(&n)
	return n, db.failed("erase", err)
}

// Erasures returns erasures, newest first, paged as by ListDrafts.
func (db *DB) Erasures(ctx context.Context, cursor string, limit int) (all []Erasure, next string, err error) {
	p, err := newPage(cursor, limit)
	if err != nil {
		return nil, "", err
	}
	query, args := p.query(`SELECT id, done_by, asked_by, records, body, created_at FROM erasures`)
	rows, err := db.r(ctx).QueryContext(ctx, query, args...)
	if err != nil {
		return nil, "", db.failed("erase", err)
	}
	defer rows.Close()
	for rows.Next() {
		var e Erasure
		var at int64
		if err := rows.Scan(&e.ID, &e.By, &e.AskedBy, &e.Records, (*[]byte)(&e.Body), &at); err != nil {
			return nil, "", db.failed("erase", err)
		}
		e.CreatedAt = fromNanos(at)
		all = append(all, e)
	}
	if len(all) > p.limit {
		all = all[:p.limit]
		next = pageAfter(all[p.limit-1].CreatedAt, all[p.limit-1].ID)
	}
	return all, next, db.failed("erase", rows.Err())
}
