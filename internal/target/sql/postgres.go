package sql

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/fault"
)

// DefaultSchema is the schema whose tables a PostgreSQL target touches.
const DefaultSchema = "public"

// PostgresOptions says which rows of a PostgreSQL database a Target may touch.
type PostgresOptions struct {
	// URL returns the address with its credential; it is asked once, when the
	// target opens, and is in no error and no log.
	URL    func(ctx context.Context) (string, error)
	Schema string   // default DefaultSchema
	Tables []string // of the schema that may be changed, by statements, cascades and triggers alike; at least one
	// Staging returns the address of a database on the server where copies are
	// made, with a role that may create databases and copy rows without their
	// triggers (a superuser, or SET on session_replication_role). Without it
	// nothing can be staged, and so nothing is proven reversible.
	Staging func(ctx context.Context) (string, error)
	// Template is a database there with the same schema, to which nobody is
	// connected. A copy is made of it and filled with the rows as they are.
	Template string
	Limits   Limits
	// Hook is called between the steps of a write. Tests kill the process in it. Default: nothing.
	Hook func(point string)
}

// OpenPostgres returns the target for the database. The caller closes it.
//
// Two connections are used for each write: the second one reads the rows as they
// were. The role needs SELECT on the tables beside what it writes, CREATE on the
// schema until roleos_effects is there, and, for inverses, SET on
// session_replication_role: without that every change is irreversible.
func OpenPostgres(ctx context.Context, o PostgresOptions) (*Target, error) {
	if o.Schema == "" {
		o.Schema = DefaultSchema
	}
	if err := checkTables(append([]string{o.Schema}, o.Tables...)); err != nil || len(o.Tables) == 0 {
		return nil, errors.Join(err, checkTables(o.Tables))
	}
	if o.Hook == nil {
		o.Hook = func(string) {}
	}
	o.Limits = o.Limits.filled(DefaultCopyRows)
	if o.URL == nil {
		return nil, fault.New(fault.Invalid, "sql.open", "a PostgreSQL target needs the address of its database")
	}
	db, err := openServer(ctx, o, o.URL, "")
	if err != nil {
		return nil, err
	}
	if err := db.notOurs(ctx); err != nil {
		return nil, errors.Join(err, db.close())
	}
	return &Target{db: db, limits: o.Limits, hook: o.Hook}, nil
}

// openServer connects to the database at the address, or to another one there.
func openServer(ctx context.Context, o PostgresOptions, address func(context.Context) (string, error), database string) (*server, error) {
	failed := func(what string) error {
		// What the driver says may hold the address, so it is not passed on.
		return fault.New(fault.Unavailable, "sql.open", "%s", what).WithMend("check the address, the role and its credential where they are kept")
	}
	u, err := address(ctx)
	if err != nil {
		return nil, failed("the address of the database is not to be had")
	}
	cfg, err := pgxpool.ParseConfig(u)
	if err != nil {
		return nil, failed("the address of the database is no postgres:// URL that can be used")
	}
	if database != "" {
		cfg.ConnConfig.Database = database
	}
	cfg.MaxConns = 4
	cfg.MaxConnIdleTime = time.Minute
	cfg.ConnConfig.ConnectTimeout = 10 * time.Second
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, failed("the database cannot be reached")
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, failed("the database does not answer, or does not let this role in")
	}
	past, err := pgxpool.NewWithConfig(ctx, cfg.Copy())
	if err != nil {
		pool.Close()
		return nil, failed("the database cannot be reached")
	}
	return &server{o: o, pool: pool, past: past}, nil
}

// notOurs refuses the schema that holds a store of roleos or its journal: whoever could change its
// rows could change what was decided, and by whom.
func (s *server) notOurs(ctx context.Context) error {
	var found int
	err := s.pool.QueryRow(ctx, `SELECT count(*) FROM pg_tables WHERE schemaname = $1 AND tablename IN ('audit_leaves', 'change_sets', 'workflow_status', 'operation_outputs')`, s.o.Schema).Scan(&found)
	switch {
	case err != nil:
		return fault.New(fault.Unavailable, "sql.open", "the database does not say which tables it has")
	case found > 1:
		return fault.New(fault.Denied, "sql.open", "the schema %s holds a store of roleos, which steers roleos itself", s.o.Schema).WithMend("declare a schema or a database of its own")
	}
	return nil
}

// server is a PostgreSQL database.
type server struct {
	o    PostgresOptions
	pool *pgxpool.Pool
	past *pgxpool.Pool // for the rows as they were; apart, so that writers never wait for one another's second connection
}

func (s *server) close() error {
	s.past.Close()
	s.pool.Close()
	return nil
}

// settings make the text forms of values the same on every server, and bound the time.
func (s *server) settings(how mode) string {
	ms := s.o.Limits.Time.Milliseconds()
	q := fmt.Sprintf(`SET LOCAL statement_timeout = %d; SET LOCAL lock_timeout = %d; SET LOCAL idle_in_transaction_session_timeout = %d;
SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'postgres'; SET LOCAL extra_float_digits = 1;
SET LOCAL bytea_output = 'hex'; SET LOCAL xmloption = 'content'; SET LOCAL synchronous_commit = 'on'`, ms, min(ms, 5000), ms)
	if how == restoring {
		q += "; SET LOCAL session_replication_role = 'replica'"
	}
	return q
}

func (s *server) begin(ctx context.Context, how mode) (tx, error) { return s.open(ctx, s.pool, how) }

func (s *server) open(ctx context.Context, pool *pgxpool.Pool, how mode) (*serverTx, error) {
	// Repeatable read: PostgreSQL itself refuses a row whose xmax says that
	// somebody else changed it after this transaction first looked.
	opt := pgx.TxOptions{IsoLevel: pgx.RepeatableRead}
	if how == reading {
		opt.AccessMode = pgx.ReadOnly
	}
	t, err := pool.BeginTx(ctx, opt)
	if err != nil {
		return nil, pgError(err)
	}
	if _, err := t.Exec(ctx, s.settings(how), pgx.QueryExecModeSimpleProtocol); err != nil {
		_ = t.Rollback(context.WithoutCancel(ctx))
		return nil, pgError(err)
	}
	return &serverTx{s: s, tx: t}, nil
}

// serverTx is a transaction.
type serverTx struct {
	s       *server
	tx      pgx.Tx
	tables  map[string]*table
	version string
	inverse bool // whether this role can write without triggers
}

func (x *serverTx) commit(ctx context.Context) error { return pgError(x.tx.Commit(ctx)) }

func (x *serverTx) rollback() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = x.tx.Rollback(ctx) // a connection that cannot is thrown away
}

func (x *serverTx) name(of string) string { return pgx.Identifier{x.s.o.Schema, of}.Sanitize() }

// query puts the table and PostgreSQL's parameters into a shared query.
func (x *serverTx) query(q string) string {
	var b strings.Builder
	n := 0
	for part := range strings.SplitSeq(strings.ReplaceAll(q, "%s", x.name(EffectsTable)), "?") {
		if n > 0 {
			b.WriteString("$" + strconv.Itoa(n))
		}
		b.WriteString(part)
		n++
	}
	return b.String()
}

func (x *serverTx) effects(ctx context.Context) error {
	const ours = 0x726f6c65 // CREATE TABLE IF NOT EXISTS fails when two do it at once
	for _, q := range []string{
		"SELECT pg_advisory_xact_lock(" + strconv.Itoa(ours) + ")",
		`CREATE TABLE IF NOT EXISTS %s (seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key TEXT NOT NULL UNIQUE, object TEXT NOT NULL,
	op TEXT NOT NULL, effect TEXT NOT NULL, touched BIGINT NOT NULL, live SMALLINT NOT NULL)`,
		"CREATE INDEX IF NOT EXISTS roleos_effects_object ON %s (object, live, seq)",
	} {
		if _, err := x.exec(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

func (x *serverTx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	tag, err := x.tx.Exec(ctx, x.query(query), args...)
	return tag.RowsAffected(), pgError(err)
}

func (x *serverTx) text(ctx context.Context, query string, args ...any) (string, error) {
	var s string
	err := x.tx.QueryRow(ctx, x.query(query), args...).Scan(&s)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return s, pgError(err)
}

// definitions is everything in a schema that decides what a statement does.
const definitions = `
SELECT concat_ws(' ', 'column', c.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
	c.relkind, c.relrowsecurity, pg_get_expr(d.adbin, d.adrelid)) AS def
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = $1::text::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname <> 'roleos_effects'
UNION ALL SELECT concat_ws(' ', 'constraint', c.relname, o.conname, pg_get_constraintdef(o.oid)) FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid
WHERE (c.relnamespace = $1::text::regnamespace OR o.confrelid IN (SELECT oid FROM pg_class WHERE relnamespace = $1::text::regnamespace)) AND c.relname <> 'roleos_effects'
UNION ALL SELECT concat_ws(' ', 'index', pg_get_indexdef(i.indexrelid)) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
WHERE c.relnamespace = $1::text::regnamespace AND i.indisunique AND c.relname <> 'roleos_effects'
UNION ALL SELECT concat_ws(' ', 'trigger', g.tgenabled, pg_get_triggerdef(g.oid), p.prosrc) FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_proc p ON p.oid = g.tgfoid
WHERE c.relnamespace = $1::text::regnamespace AND NOT g.tgisinternal
UNION ALL SELECT concat_ws(' ', 'rule', pg_get_ruledef(r.oid)) FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class WHERE c.relnamespace = $1::text::regnamespace
UNION ALL SELECT concat_ws(' ', 'policy', to_jsonb(p)) FROM pg_policies p WHERE p.schemaname = $1::text
UNION ALL SELECT concat_ws(' ', 'function', p.oid::regprocedure, p.prosrc) FROM pg_proc p WHERE p.pronamespace = $1::text::regnamespace`

func (x *serverTx) schema(ctx context.Context) (*schema, error) {
	rows, err := x.tx.Query(ctx, definitions, x.s.o.Schema)
	if err != nil {
		return nil, pgError(err)
	}
	defs, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, pgError(err)
	}
	slices.Sort(defs) // the server's own order depends on its locale
	h := sha256.New()
	for _, d := range defs {
		fmt.Fprintf(h, "%q\n", d)
	}
	s := &schema{tables: map[string]*table{}, version: hex.EncodeToString(h.Sum(nil))}
	err = x.tx.QueryRow(ctx, `SELECT to_regclass($1) IS NOT NULL, CASE WHEN current_setting('server_version_num')::int >= 150000
	THEN has_parameter_privilege('session_replication_role', 'SET') ELSE current_setting('is_superuser') = 'on' END`, x.name(EffectsTable)).Scan(&s.effects, &x.inverse)
	if err != nil {
		return nil, pgError(err)
	}
	rows, err = x.tx.Query(ctx, `SELECT c.relname, c.relkind::text, a.attname, format_type(a.atttypid, a.atttypmod), a.attgenerated <> '',
	a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid), '') ~ '[(]|CURRENT_|LOCALTIME',
	coalesce(array_position(i.indkey::int2[], a.attnum), -1), EXISTS (SELECT FROM pg_inherits WHERE inhrelid = c.oid OR inhparent = c.oid)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = $1::text::regnamespace AND c.relname = ANY($2) ORDER BY c.relname, a.attnum`, x.s.o.Schema, x.s.o.Tables)
	if err != nil {
		return nil, pgError(err)
	}
	defer rows.Close()
	keys := map[string]map[int]int{}
	for rows.Next() {
		var name, kind string
		var c column
		var generated, loose, inherits bool
		var key int
		if err := rows.Scan(&name, &kind, &c.name, &c.kind, &generated, &loose, &key, &inherits); err != nil {
			return nil, pgError(err)
		}
		t := s.tables[name]
		if t == nil {
			t = &table{name: name}
			s.tables[name], keys[name] = t, map[int]int{}
		}
		switch {
		case kind != "r":
			t.refused = "it is no ordinary table"
		case inherits:
			t.refused = "it is a part of other tables, or has parts"
		case generated && t.refused == "":
			t.refused = "it has generated columns"
		}
		if loose {
			t.loose = append(t.loose, len(t.columns))
		}
		if key >= 0 {
			keys[name][key] = len(t.columns)
		}
		t.columns = append(t.columns, c)
	}
	for name, t := range s.tables {
		for i := range len(keys[name]) {
			t.key = append(t.key, keys[name][i])
		}
		if len(t.key) == 0 && t.refused == "" {
			t.refused = "it has no primary key, so a change of it could not be taken back"
		}
	}
	x.tables, x.version = s.tables, s.version
	return s, pgError(rows.Err())
}

func (x *serverTx) population(ctx context.Context) (int64, error) {
	var sum int64
	for _, t := range x.tables {
		var n int64
		if err := x.tx.QueryRow(ctx, "SELECT count(*) FROM "+x.name(t.name)).Scan(&n); err != nil {
			return -1, pgError(err)
		}
		sum += n
	}
	return sum, nil
}

// pgError says what the server refused, without where it is. What a concurrent
// change made impossible is drift.
func pgError(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return fault.Wrap(err, fault.Unavailable, "sql.postgres", "the database was not done in time")
		}
		return fault.New(fault.Unavailable, "sql.postgres", "the database did not answer")
	}
	say := func(kind fault.Kind, what string) error {
		return fault.New(kind, "sql.postgres", "%s: %s (%s)", what, guardrails.Visible(e.Message), e.Code)
	}
	switch {
	case e.Code == "40001":
		return fmt.Errorf("%w: %w", say(fault.Conflict, "somebody else changed these rows meanwhile"), change.ErrDrift)
	case slices.Contains([]string{"22", "23", "44"}, e.Code[:min(2, len(e.Code))]):
		return say(fault.Conflict, "the database refuses it")
	case e.Code == "42501":
		return say(fault.Denied, "this role may not do it")
	}
	return say(fault.Unavailable, "the database did not do it")
}
