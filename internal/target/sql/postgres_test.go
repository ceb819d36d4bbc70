package sql_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"roleos/internal/change"
	"roleos/internal/fault"
	"roleos/internal/store/storetest"
	target "roleos/internal/target/sql"
	"roleos/internal/target/targettest"
)

const postgresTables = `
CREATE TABLE customers (id INTEGER PRIMARY KEY, region TEXT NOT NULL, name TEXT UNIQUE, score DOUBLE PRECISION, extra BYTEA, tags TEXT[], at TIMESTAMPTZ);
CREATE TABLE orders (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE, total NUMERIC);
CREATE INDEX orders_customer ON orders (customer);
CREATE TABLE tickets (id TEXT PRIMARY KEY, customer INTEGER REFERENCES customers (id) ON DELETE SET NULL, state TEXT, text TEXT, more JSONB);
CREATE TABLE history (id TEXT PRIMARY KEY, what TEXT NOT NULL);
CREATE TABLE log (id BIGSERIAL PRIMARY KEY, what INTEGER, at TIMESTAMPTZ DEFAULT now());
CREATE FUNCTION gone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO history VALUES (old.id, 'deleted'); RETURN NULL; END $$;
CREATE TRIGGER tickets_gone AFTER DELETE ON tickets FOR EACH ROW EXECUTE FUNCTION gone();
CREATE TABLE keyless (a TEXT);
CREATE TABLE made (id INTEGER PRIMARY KEY, twice INTEGER GENERATED ALWAYS AS (id * 2) STORED);
CREATE TABLE secrets (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customers (id) ON DELETE CASCADE, secret TEXT);
CREATE VIEW everybody AS SELECT id, name FROM customers;
`

const postgresRows = `
INSERT INTO customers VALUES (1, 'eu', 'Ann', 1, '\x00ff', '{a,"b c"}', '2026-01-02 03:04:05.678+02'), (2, 'eu', 'Bob', 0.1, NULL, NULL, NULL), (3, 'us', 'Cem', -1e300, '', '{}', NULL);
INSERT INTO orders (customer, total) VALUES (1, 5), (1, 5.50), (3, 1e20);
INSERT INTO tickets VALUES ('a', 1, 'open', 'slow', '{"n": 12345678901234567890}'), ('b', 2, 'open', 'ünï "quoted" (\)', NULL), ('c', 3, 'closed', NULL, NULL);
INSERT INTO secrets VALUES (1, 3, 'x');
`

func pgAddress(t testing.TB, database string) string {
	t.Helper()
	base := os.Getenv(storetest.PostgresEnv)
	if base == "" {
		t.Skipf("SKIPPED, NOT TESTED ON POSTGRESQL: %s is not set", storetest.PostgresEnv)
	}
	return pgURL(base, database)
}

func pgURL(base, database string) string {
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	if database != "" {
		u.Path = "/" + database
	}
	return u.String()
}

func pgExec(t testing.TB, database, q string, args ...any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, pgAddress(t, database))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if len(args) == 0 {
		args = []any{pgx.QueryExecModeSimpleProtocol}
	}
	if _, err := conn.Exec(ctx, q, args...); err != nil {
		t.Fatalf("%s: %v", q, err)
	}
}

func pgCount(t testing.TB, database, q string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), pgAddress(t, database))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if err := conn.QueryRow(t.Context(), q).Scan(&n); err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return n
}

// templates are the databases that others are copied from, by what they have
// beside postgresTables. They are dropped when all tests are over.
var templates struct {
	sync.Mutex
	made map[string]string
	free map[string][]string // databases that a test has given back
	n    int
}

func pgTemplate(t testing.TB, more string) string {
	t.Helper()
	templates.Lock()
	defer templates.Unlock()
	if name, ok := templates.made[more]; ok {
		return name
	}
	if templates.made == nil {
		templates.made, templates.free = map[string]string{}, map[string][]string{}
	}
	name := fmt.Sprintf("rt%d_%d_%d", os.Getpid(), len(templates.made), time.Now().UnixNano()%1e6)
	pgExec(t, "", "CREATE DATABASE "+name)
	pgExec(t, name, postgresTables+more)
	templates.made[more] = name
	return name
}

// dropTemplates drops them and whatever copies killed processes have left.
func dropTemplates() {
	for _, name := range templates.made {
		drop(name)
	}
}

func drop(prefix string) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, os.Getenv(storetest.PostgresEnv))
	if err != nil {
		return
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, "SELECT datname FROM pg_database WHERE starts_with(datname, $1)", prefix)
	if err != nil {
		return
	}
	names, _ := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, name := range names {
		_, _ = conn.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
	}
}

// pgDatabase returns a database and one to copy it from.
func pgDatabase(t testing.TB, more string) (database, template string) {
	t.Helper()
	pgAddress(t, "")
	template = pgTemplate(t, more)
	templates.Lock()
	if free := templates.free[template]; len(free) > 0 {
		database, templates.free[template] = free[0], free[1:]
	}
	templates.n++
	fresh := fmt.Sprintf("%s_db%d_", template, templates.n)
	templates.Unlock()
	if database == "" {
		database = fresh
		pgExec(t, "", "CREATE DATABASE "+database+" TEMPLATE "+template)
	} else {
		pgExec(t, database, "DROP TABLE IF EXISTS roleos_effects; TRUNCATE customers, orders, tickets, history, log, keyless, made, secrets RESTART IDENTITY")
	}
	t.Cleanup(func() {
		templates.Lock()
		defer templates.Unlock()
		templates.free[template] = append(templates.free[template], database)
	})
	pgExec(t, database, postgresRows)
	return database, template
}

func pgOptions(base, database, template string) target.PostgresOptions {
	at := func(name string) func(context.Context) (string, error) {
		return func(context.Context) (string, error) { return pgURL(base, name), nil }
	}
	return target.PostgresOptions{URL: at(database), Staging: at(""), Template: template, Tables: append([]string{"log"}, tables...)}
}

func openPostgres(t testing.TB, database, template string, change func(*target.PostgresOptions)) *target.Target {
	t.Helper()
	o := pgOptions(os.Getenv(storetest.PostgresEnv), database, template)
	if change != nil {
		change(&o)
	}
	tgt, err := target.OpenPostgres(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tgt.Close() })
	return tgt
}

func TestPostgresSuite(t *testing.T) {
	pgAddress(t, "")
	targettest.Run(t, func(t *testing.T) targettest.Fixture {
		database, template := pgDatabase(t, "")
		f := targettest.Fixture{
			Registered: change.Registered{Manifest: target.Manifest("crm"), Target: openPostgres(t, database, template, nil)},
			Refused: append(refusals(),
				change.Intended{Op: target.Delete, Object: "pg_class/oid=1"}, change.Intended{Op: target.Delete, Object: "customers/id=x"},
				change.Intended{Op: target.Delete, Object: "tickets/ctid=%280%2C1%29"}, change.Intended{Op: target.Delete, Object: "tickets/xmin%3E=1"}),
			Tamper: func(t *testing.T, object string) {
				for _, q := range tampering(object) {
					pgExec(t, database, q)
				}
			},
		}
		f.Creates, f.Replaces, f.Removes = intended()
		return f
	})
}

func TestCascadesAndTriggersCountOnPostgres(t *testing.T) {
	database, template := pgDatabase(t, "")
	pgExec(t, database, `INSERT INTO customers (id, region, name) SELECT 1000 + i, 'gone', 'c' || i FROM generate_series(1, 90) i;
INSERT INTO orders (customer, total) SELECT 1001 + i % 90, i FROM generate_series(0, 179999) i; ANALYZE`)
	tgt := openPostgres(t, database, template, func(o *target.PostgresOptions) { o.Limits.Time = 5 * time.Minute })
	m := planned(t, tgt, change.Intended{Op: target.Delete, Object: "customers/region=gone"})
	c := m.Changes[0]
	if c.Objects != 180_090 {
		t.Errorf("deleting 90 rows that take 180,000 with them touches %d rows", c.Objects)
	}
	if want := "90 in customers, 180,000 in orders"; c.Note != want {
		t.Errorf("its reader is told %q, want %q", c.Note, want)
	}
	t.Logf("the inverse of 180,090 rows has %d bytes", len(c.Inverse.Body))
	st, err := tgt.Stage(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	before, err := st.Fingerprint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []change.Write{write(c, "k"), back(c, "b")} {
		if err := st.Apply(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	if after, err := st.Fingerprint(t.Context()); err != nil || after != before {
		t.Errorf("after the inverse the copy is another one: %v", err)
	}
	if err := st.Close(); err != nil {
		t.Error(err)
	}
	if got := planned(t, tgt, change.Intended{Op: target.Delete, Object: "tickets/id=a"}).Changes[0]; got.Objects != 2 || got.Inverse.Op != target.TakeBack {
		t.Errorf("a deletion and what its trigger writes down touch %d rows, inverse %q", got.Objects, got.Inverse.Op)
	}
	if _, err := tgt.Plan(t.Context(), []change.Intended{{Op: target.Delete, Object: "customers/id=3"}}); fault.KindOf(err) != fault.Denied || !strings.Contains(fmt.Sprint(err), "secrets") {
		t.Errorf("a cascade into secrets: %v", err)
	}
}

func TestACascadeThatGrewIsNotDoneOnPostgres(t *testing.T) {
	database, template := pgDatabase(t, "")
	tgt := openPostgres(t, database, template, nil)
	c := planned(t, tgt, change.Intended{Op: target.Delete, Object: "customers/id=1"}).Changes[0]
	pgExec(t, database, "INSERT INTO orders (customer) VALUES (1)")
	if err := tgt.Apply(t.Context(), write(c, "k")); err == nil || !strings.Contains(err.Error(), "measured") {
		t.Errorf("%v", err)
	}
	if n := pgCount(t, database, "SELECT count(*) FROM customers WHERE id = 1"); n != 1 {
		t.Errorf("%d rows left", n)
	}
}

func TestUndoNeverOverwritesOnPostgres(t *testing.T) {
	for name, q := range map[string]string{
		"a row that came back":     "INSERT INTO customers (id, region) VALUES (1, 'x')",
		"a cascaded row":           "INSERT INTO orders OVERRIDING SYSTEM VALUE VALUES (1, 2, 1)",
		"a unique value":           "INSERT INTO customers (id, region, name) VALUES (8, 'x', 'Ann')",
		"a row that was set free":  "UPDATE tickets SET text = 'other' WHERE id = 'a'",
		"nothing, it is done then": "",
	} {
		t.Run(name, func(t *testing.T) {
			database, template := pgDatabase(t, "")
			tgt := openPostgres(t, database, template, nil)
			c := planned(t, tgt, change.Intended{Op: target.Delete, Object: "customers/id=1"}).Changes[0]
			if err := tgt.Apply(t.Context(), write(c, "k")); err != nil {
				t.Fatal(err)
			}
			if q != "" {
				pgExec(t, database, q)
			}
			if err := tgt.Apply(t.Context(), back(c, "b")); (err == nil) != (q == "") {
				t.Errorf("%v", err)
			}
		})
	}
}

// What a server does behind a statement's back is measured or refused.
func TestTriggersOnPostgres(t *testing.T) {
	const f = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN %s RETURN NULL; END $$; CREATE %s TRIGGER t AFTER UPDATE ON tickets %s FOR EACH ROW EXECUTE FUNCTION f();"
	for name, c := range map[string]struct {
		ddl     string
		refused string
	}{
		"a counter and a clock in another table": {fmt.Sprintf(f, "INSERT INTO log (what) VALUES (1);", "", ""), ""},
		"deferred to the commit, out of reach":   {fmt.Sprintf(f, "INSERT INTO secrets VALUES (7, NULL, 'x');", "CONSTRAINT", "DEFERRABLE INITIALLY DEFERRED"), "reaches public.secrets"},
		"empties a table":                        {fmt.Sprintf(f, "TRUNCATE history;", "", ""), "whole tables"},
		"changes a table":                        {fmt.Sprintf(f, "ALTER TABLE history ADD COLUMN x TEXT;", "", ""), "whole tables"},
		"deletes on an update":                   {fmt.Sprintf(f, "DELETE FROM orders WHERE id = 1;", "", ""), "rows are deleted"},
		"hides in a subtransaction":              {fmt.Sprintf(f, "BEGIN INSERT INTO history VALUES ('z', 'z'); EXCEPTION WHEN OTHERS THEN NULL; END;", "", ""), "row by row"},
	} {
		t.Run(name, func(t *testing.T) {
			database, template := pgDatabase(t, c.ddl)
			tgt := openPostgres(t, database, template, nil)
			_, in, _ := intended()
			m, err := tgt.Plan(t.Context(), []change.Intended{in})
			if (err != nil) != (c.refused != "") || !strings.Contains(fmt.Sprint(err), c.refused) {
				t.Fatalf("%v", err)
			}
			if c.refused != "" {
				return
			}
			if m.Changes[0].Objects != 2 || m.Changes[0].Inverse.Op != "" {
				t.Errorf("%d rows, inverse %q: what cannot be found again has none", m.Changes[0].Objects, m.Changes[0].Inverse.Op)
			}
			if err := tgt.Apply(t.Context(), write(m.Changes[0], "k")); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestManyAtOnceOnPostgres(t *testing.T) {
	database, template := pgDatabase(t, "")
	tgt := openPostgres(t, database, template, nil)
	_, in, _ := intended()
	c := planned(t, tgt, in).Changes[0]
	var wg sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for i := range 12 {
		wg.Go(func() {
			if err := tgt.Apply(t.Context(), write(c, fmt.Sprint(i))); err == nil {
				mu.Lock()
				done++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if done != 1 {
		t.Errorf("of 12 writes against the same rows %d were done", done)
	}
}

func TestCredentialsAreInNoError(t *testing.T) {
	for _, address := range []string{"postgres://root:hunter2@127.0.0.1:1/x", "postgres://root:hunter2@127.0.0.1:5432/nowhere?sslmode=disable", "postgres://root:hunter2@[bad/x", "host=127.0.0.1 password=hunter2 port=bad"} {
		_, err := target.OpenPostgres(t.Context(), target.PostgresOptions{
			Tables: []string{"a"}, URL: func(context.Context) (string, error) { return address, nil },
		})
		if err == nil || strings.Contains(fmt.Sprintf("%v %+v", err, err), "hunter2") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// postgresScenario does the same as sqliteScenario.
func postgresScenario() targettest.Scenario {
	creates, replaces, removes := intended()
	read := func(dir string) (database, template string) {
		raw, _ := os.ReadFile(filepath.Join(dir, "database"))
		database, template, _ = strings.Cut(string(raw), " ")
		return database, template
	}
	return targettest.Scenario{
		Open: func(dir string, hook func(string)) (change.Registered, error) {
			database, template := read(dir)
			o := pgOptions(os.Getenv(storetest.PostgresEnv), database, template)
			o.Hook = hook
			tgt, err := target.OpenPostgres(context.Background(), o)
			return change.Registered{Manifest: target.Manifest("crm"), Target: tgt}, err
		},
		Prepare: func(t *testing.T, dir string) {
			database, template := pgDatabase(t, `
CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO history SELECT tg_argv[0] || count(*), tg_argv[0] FROM history WHERE what = tg_argv[0]; RETURN NULL; END $$;
CREATE TRIGGER log1 AFTER INSERT ON tickets FOR EACH ROW WHEN (new.text = 'n') EXECUTE FUNCTION noted('0');
CREATE TRIGGER log2 AFTER UPDATE ON tickets FOR EACH ROW WHEN (new.text = 'changed') EXECUTE FUNCTION noted('1');
CREATE TRIGGER log3 AFTER DELETE ON customers FOR EACH ROW EXECUTE FUNCTION noted('2');`)
			if err := os.WriteFile(filepath.Join(dir, "database"), []byte(database+" "+template), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		Changes:  []change.Intended{creates, replaces, removes},
		Envelope: envelope(10, target.Insert, target.Update, target.Delete),
		Effects: func(t *testing.T, dir string) []int {
			database, _ := read(dir)
			counts := make([]int, 3)
			for i := range counts {
				counts[i] = pgCount(t, database, fmt.Sprintf("SELECT count(*) FROM history WHERE what = '%d'", i))
			}
			return counts
		},
	}
}

func TestKilledAtEveryPointOnPostgres(t *testing.T) {
	pgAddress(t, "")
	targettest.Crash(t, "postgres", postgresScenario())
}

// The rows of a store say what was decided and by whom: they are no target.
func TestTheStoreItselfIsNoTarget(t *testing.T) {
	address := storetest.PostgresURL(t)
	storetest.Open(t, address)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	_, err = target.OpenPostgres(t.Context(), target.PostgresOptions{
		URL: func(context.Context) (string, error) { return address, nil }, Schema: u.Query().Get("search_path"), Tables: []string{"tokens"},
	})
	if fault.KindOf(err) != fault.Denied || !strings.Contains(err.Error(), "steers roleos itself") {
		t.Errorf("the store opens: %v", err)
	}
}
