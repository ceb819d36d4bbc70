package sql_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/fault"
	target "roleos/internal/target/sql"
	"roleos/internal/target/targettest"
)

func TestMain(m *testing.M) {
	targettest.Main(map[string]targettest.Scenario{"sqlite": sqliteScenario(), "postgres": postgresScenario()})
	code := m.Run()
	dropTemplates()
	os.Exit(code)
}

const sqliteTables = `
CREATE TABLE customers (id INTEGER PRIMARY KEY, region TEXT NOT NULL, name TEXT UNIQUE, score REAL, extra BLOB);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE, total NUMERIC);
CREATE INDEX orders_customer ON orders (customer);
CREATE TABLE tickets (id TEXT PRIMARY KEY, customer INTEGER REFERENCES customers (id) ON DELETE SET NULL, state TEXT, text TEXT) WITHOUT ROWID;
CREATE TABLE history (id INTEGER PRIMARY KEY, what TEXT NOT NULL);
CREATE TRIGGER tickets_gone AFTER DELETE ON tickets BEGIN INSERT INTO history (what) VALUES ('deleted ' || old.id); END;
CREATE TABLE keyless (a TEXT);
CREATE TABLE made (id INTEGER PRIMARY KEY, twice INTEGER AS (id * 2));
CREATE TABLE secrets (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customers (id) ON DELETE CASCADE, secret TEXT);
CREATE VIEW everybody AS SELECT id, name FROM customers;
INSERT INTO customers VALUES (1, 'eu', 'Ann', 1, x'00ff'), (2, 'eu', 'Bob', 0.1, NULL), (3, 'us', 'Cem', -1e300, x'');
INSERT INTO orders VALUES (10, 1, 5), (11, 1, 5.5), (12, 3, 'many');
INSERT INTO tickets VALUES ('a', 1, 'open', 'slow'), ('b', 2, 'open', 'ünï "quoted"'), ('c', 3, 'closed', NULL);
INSERT INTO secrets VALUES (1, 3, 'x');
`

var tables = []string{"customers", "orders", "tickets", "history", "keyless", "made", "everybody"}

func sqliteFile(t testing.TB, dir string) *sql.DB {
	t.Helper()
	path := filepath.Join(dir, "data.db")
	fresh := false
	if _, err := os.Stat(path); err != nil {
		fresh = true
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if fresh {
		exec(t, db, "PRAGMA journal_mode = WAL")
		exec(t, db, sqliteTables)
	}
	return db
}

func exec(t testing.TB, db *sql.DB, q string, args ...any) {
	t.Helper()
	if _, err := db.Exec(q, args...); err != nil {
		t.Fatalf("%s: %v", q, err)
	}
}

func openSQLite(t testing.TB, dir string, change func(*target.SQLiteOptions)) *target.Target {
	t.Helper()
	o := target.SQLiteOptions{Path: filepath.Join(dir, "data.db"), Tables: tables, Work: t.TempDir()}
	if change != nil {
		change(&o)
	}
	tgt, err := target.OpenSQLite(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tgt.Close(); err != nil {
			t.Error(err)
		}
		if left, _ := os.ReadDir(o.Work); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
	return tgt
}

func set(values map[string]any) []byte {
	b, err := target.Set(values)
	if err != nil {
		panic(err)
	}
	return b
}

func intended() (creates, replaces, removes change.Intended) {
	return change.Intended{Op: target.Insert, Object: "tickets/id=new", Body: set(map[string]any{"customer": 3, "state": "open", "text": "n"})},
		change.Intended{Op: target.Update, Object: "tickets/customer=2&state=open", Body: set(map[string]any{"text": "changed"})},
		change.Intended{Op: target.Delete, Object: "customers/id=1"}
}

// refusals are what no proposer can bring a target to do.
func refusals() []change.Intended {
	ok := set(map[string]any{"text": "x"})
	out := []change.Intended{
		{Op: "", Object: "tickets/id=a"},
		{Op: "drop", Object: "tickets/id=a"},
		{Op: "truncate", Object: "tickets/id=a"},
		{Op: "DELETE FROM tickets", Object: "tickets/id=a"},
		{Op: target.Delete, Object: "tickets/id=a", Body: []byte("{}")},
		{Op: target.Delete, Object: "tickets/nothing=a"},
		{Op: target.Delete, Object: "keyless/a=b"},
		{Op: target.Delete, Object: "everybody/id=1"},
		{Op: target.Delete, Object: "made/id=1"},
		{Op: target.Delete, Object: "secrets/id=1"},
		{Op: target.Delete, Object: "tickets/id=nobody"},
		{Op: target.Insert, Object: "tickets/id=a", Body: ok},
		{Op: target.Insert, Object: "tickets/state=a", Body: ok},
		{Op: target.Insert, Object: "tickets/id=z&state=open", Body: ok},
		{Op: target.Insert, Object: "tickets/id=z", Body: set(map[string]any{"customer": 99})}, // refers to nobody
		{Op: target.Insert, Object: "customers/id=nan", Body: set(map[string]any{"region": "eu"})},
		{Op: target.Update, Object: "tickets/id=a", Body: set(map[string]any{"id": "b"})},
		{Op: target.Update, Object: "tickets/id=a", Body: set(map[string]any{"state = 'x' --": "b"})},
		{Op: target.Update, Object: "tickets/id=a", Body: []byte(`{"set":{"text":"` + strings.Repeat("x", 70<<10) + `"}}`)},
		{Op: target.TakeBack, Object: "tickets/id=a", Body: []byte(`{"back":true,"rows":[["tickets",null,"[\"a\",1,\"open\",\"slow\"]"]]}`)},
		{Op: target.PutBack, Object: "tickets/id=a", Body: []byte(`{"back":false,"rows":[["tickets",null,"[\"q\",1,\"open\",\"slow\"]"]]}`)},
		{Op: target.PutBack, Object: "tickets/id=a"},
		{Op: target.PutBack, Object: "tickets/id=a", Body: []byte(`{"back":true,"gzip":"AAAA"}`)},
	}
	for _, body := range []string{
		"", "null", "{}", `{"set":null}`, `{"set":{}}`, `{"set":[]}`, `{"set":{"text":[1]}}`, `{"set":{"text":{"sql":"now()"}}}`, `{"set":{"text":1},"where":"1=1"}`,
		`{"set":{"text":1,"text":2}}`, `{"Set":{"text":1}}`, `{"set":{"text":1}}; DROP TABLE tickets`, `DROP TABLE tickets`,
	} {
		out = append(out, change.Intended{Op: target.Update, Object: "tickets/id=a", Body: []byte(body)})
	}
	for _, object := range []string{
		"", "tickets", "tickets/", "tickets/1", "tickets/id", "tickets/id=a&id=a", "tickets/state=open&id=a", "tickets/id=a or 1=1", "tickets/id='a'",
		"tickets/id=%61", "tickets/id=a;DROP TABLE tickets", "tickets; DROP TABLE tickets/id=a", `tickets" /id=a`, "tickets/id=a%00", "tickets/id=%ff", "tickets/id=a/x", "../tickets/id=a",
		"sqlite_master/name=tickets", "roleos_effects/key=plan", "TICKETS/id=a", "main.tickets/id=a", "tickets/1=1", "tickets/id=a&", "tickets/id:null=1", "tickets/rowid=1",
		"tickets/id=" + strings.Repeat("a", 1100), "PRAGMA writable_schema/id=a", "ATTACH 'x' AS y/id=a",
	} {
		out = append(out, change.Intended{Op: target.Delete, Object: object})
	}
	return out
}

func TestSQLiteSuite(t *testing.T) {
	targettest.Run(t, func(t *testing.T) targettest.Fixture {
		dir := t.TempDir()
		db := sqliteFile(t, dir)
		f := targettest.Fixture{
			Registered: change.Registered{Manifest: target.Manifest("crm"), Target: openSQLite(t, dir, nil)},
			Refused:    refusals(),
			Tamper: func(t *testing.T, object string) {
				for _, q := range tampering(object) {
					exec(t, db, q)
				}
			},
		}
		f.Creates, f.Replaces, f.Removes = intended()
		return f
	})
}

func tampering(object string) []string {
	return map[string][]string{
		"tickets/id=new":                {"INSERT INTO tickets VALUES ('new', 1, 'open', 'by somebody else')"},
		"tickets/customer=2&state=open": {"UPDATE tickets SET text = 'by somebody else' WHERE id = 'b'"},
		"customers/id=1":                {"UPDATE customers SET score = 7 WHERE id = 1"},
	}[object]
}

// rule allows an operation on some tables.
func envelope(most int64, ops ...string) guardrails.Envelope {
	e := guardrails.Envelope{
		Window: time.Hour, MostShare: guardrails.Million, Rate: guardrails.Rate{Most: most, Per: time.Minute}, Stop: guardrails.Stop{After: time.Minute},
	}
	for _, op := range ops {
		e.Allow = append(e.Allow, guardrails.Rule{Target: "crm", Op: op, Under: []string{"customers", "tickets"}, Most: most})
	}
	return e
}

func planned(t *testing.T, tgt *target.Target, in ...change.Intended) change.Measured {
	t.Helper()
	m, err := tgt.Plan(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func write(c guardrails.Change, key string) change.Write {
	return change.Write{Key: key, Op: c.Op, Object: c.Object, Body: c.Body, Before: c.Before.Digest, After: c.After}
}

func back(c guardrails.Change, key string) change.Write {
	return change.Write{Key: key, Op: c.Inverse.Op, Object: c.Object, Body: c.Inverse.Body, Before: c.After, After: c.Before.Digest}
}

func TestCascadesAndTriggersCount(t *testing.T) {
	dir := t.TempDir()
	db := sqliteFile(t, dir)
	exec(t, db, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 90) INSERT INTO customers (id, region, name) SELECT 1000 + i, 'gone', 'c' || i FROM n`)
	exec(t, db, `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 179999) INSERT INTO orders SELECT 1000 + i, 1001 + i % 90, i FROM n`)
	tgt := openSQLite(t, dir, func(o *target.SQLiteOptions) { o.Limits.Time = 5 * time.Minute }) // the race detector is slow
	m := planned(t, tgt, change.Intended{Op: target.Delete, Object: "customers/region=gone"})
	if got := m.Changes[0].Objects; got != 180_090 {
		t.Errorf("deleting 90 rows that take 180,000 with them touches %d rows", got)
	}
	if got, want := m.Changes[0].Note, "90 in customers, 180,000 in orders"; got != want {
		t.Errorf("its reader is told %q, want %q", got, want)
	}
	if m.Changes[0].Inverse.Op != target.PutBack {
		t.Errorf("the inverse of it is %q", m.Changes[0].Inverse.Op)
	}
	t.Logf("the inverse of 180,090 rows has %d bytes", len(m.Changes[0].Inverse.Body))
	m = planned(t, tgt, change.Intended{Op: target.Delete, Object: "tickets/id=a"})
	if got := m.Changes[0].Objects; got != 2 {
		t.Errorf("a deletion and what its trigger writes down touch %d rows", got)
	}
	if m.Changes[0].Inverse.Op != target.TakeBack {
		t.Errorf("taking back a deletion that was written down is %q", m.Changes[0].Inverse.Op)
	}
	// A cascade into a table that was not declared is refused.
	if _, err := tgt.Plan(t.Context(), []change.Intended{{Op: target.Delete, Object: "customers/id=3"}}); fault.KindOf(err) != fault.Denied || !strings.Contains(fmt.Sprint(err), "secrets") {
		t.Errorf("a cascade into secrets: %v", err)
	}
	few := openSQLite(t, dir, func(o *target.SQLiteOptions) { o.Limits.Rows = 3 })
	if _, err := few.Plan(t.Context(), []change.Intended{{Op: target.Delete, Object: "customers/id=1"}}); fault.KindOf(err) != fault.Denied || !strings.Contains(fmt.Sprint(err), "touches 4 rows") {
		t.Errorf("beyond the limit of rows: %v", err)
	}
}

func TestACascadeThatGrewIsNotDone(t *testing.T) {
	dir := t.TempDir()
	db := sqliteFile(t, dir)
	tgt := openSQLite(t, dir, nil)
	c := planned(t, tgt, change.Intended{Op: target.Delete, Object: "customers/id=1"}).Changes[0]
	exec(t, db, "INSERT INTO orders VALUES (99, 1, 1)")
	if err := tgt.Apply(t.Context(), write(c, "k")); err == nil || !strings.Contains(err.Error(), "measured") {
		t.Errorf("%v", err)
	}
	var n int
	if err := db.QueryRow("SELECT count(*) FROM customers WHERE id = 1").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d rows left: %v", n, err)
	}
}

func TestUndoNeverOverwrites(t *testing.T) {
	for name, q := range map[string]string{
		"a row that came back":     "INSERT INTO customers (id, region) VALUES (1, 'x')",
		"a cascaded row":           "INSERT INTO orders VALUES (10, 2, 1)",
		"a unique value":           "INSERT INTO customers (id, region, name) VALUES (8, 'x', 'Ann')",
		"a row that was set free":  "UPDATE tickets SET text = 'other' WHERE id = 'a'",
		"nothing, it is done then": "",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			db := sqliteFile(t, dir)
			tgt := openSQLite(t, dir, nil)
			c := planned(t, tgt, change.Intended{Op: target.Delete, Object: "customers/id=1"}).Changes[0]
			if err := tgt.Apply(t.Context(), write(c, "k")); err != nil {
				t.Fatal(err)
			}
			if q != "" {
				exec(t, db, q)
			}
			if err := tgt.Apply(t.Context(), back(c, "b")); (err == nil) != (q == "") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestUndoOfAnInsertThatOthersReferTo(t *testing.T) {
	dir := t.TempDir()
	db := sqliteFile(t, dir)
	tgt := openSQLite(t, dir, nil)
	c := planned(t, tgt, change.Intended{Op: target.Insert, Object: "customers/id=50", Body: set(map[string]any{"region": "eu"})}).Changes[0]
	if err := tgt.Apply(t.Context(), write(c, "k")); err != nil {
		t.Fatal(err)
	}
	exec(t, db, "INSERT INTO orders VALUES (60, 50, 1)")
	if err := tgt.Apply(t.Context(), back(c, "b")); fault.KindOf(err) != fault.Conflict {
		t.Errorf("an order would be left without its customer: %v", err)
	}
}

func TestASchemaChangeChangesTheVersion(t *testing.T) {
	dir := t.TempDir()
	db := sqliteFile(t, dir)
	tgt := openSQLite(t, dir, nil)
	_, in, _ := intended()
	seen := map[string]bool{planned(t, tgt, in).Version: true}
	for _, q := range []string{
		"CREATE INDEX more ON orders (total)", "ALTER TABLE orders ADD COLUMN note TEXT", "DROP TRIGGER tickets_gone", "CREATE TABLE other (id INTEGER PRIMARY KEY)",
	} {
		exec(t, db, q)
		v := planned(t, tgt, in).Version
		if seen[v] {
			t.Errorf("the version is as before after %s", q)
		}
		seen[v] = true
	}
	c := planned(t, tgt, in).Changes[0]
	if err := tgt.Apply(t.Context(), write(c, "k")); err != nil {
		t.Fatal(err)
	}
	if v := planned(t, tgt, change.Intended{Op: target.Delete, Object: "tickets/id=c"}).Version; !seen[v] {
		t.Error("our own record of effects changes the version")
	}
}

// sqliteScenario inserts, updates and deletes; a log that only triggers write
// tells how often each happened.
func sqliteScenario() targettest.Scenario {
	creates, replaces, removes := intended()
	return targettest.Scenario{
		Open: func(dir string, hook func(string)) (change.Registered, error) {
			tgt, err := target.OpenSQLite(target.SQLiteOptions{
				Path: filepath.Join(dir, "data.db"), Tables: append([]string{"log"}, tables...), Work: dir, Hook: hook,
			})
			return change.Registered{Manifest: target.Manifest("crm"), Target: tgt}, err
		},
		Prepare: func(t *testing.T, dir string) {
			exec(t, sqliteFile(t, dir), `CREATE TABLE log (id TEXT PRIMARY KEY, what INTEGER);
CREATE TRIGGER log1 AFTER INSERT ON tickets BEGIN INSERT INTO log SELECT 'i' || count(*), 0 FROM log WHERE what = 0; END;
CREATE TRIGGER log2 AFTER UPDATE ON tickets WHEN new.text = 'changed' BEGIN INSERT INTO log SELECT 'u' || count(*), 1 FROM log WHERE what = 1; END;
CREATE TRIGGER log3 AFTER DELETE ON customers BEGIN INSERT INTO log SELECT 'd' || count(*), 2 FROM log WHERE what = 2; END;`)
		},
		Changes:  []change.Intended{creates, replaces, removes},
		Envelope: envelope(10, target.Insert, target.Update, target.Delete),
		Effects: func(t *testing.T, dir string) []int {
			counts := make([]int, 3)
			db := sqliteFile(t, dir)
			for i := range counts {
				if err := db.QueryRow("SELECT count(*) FROM log WHERE what = ?", i).Scan(&counts[i]); err != nil {
					t.Error(err)
				}
			}
			return counts
		},
	}
}

func TestKilledAtEveryPointOnSQLite(t *testing.T) {
	targettest.Crash(t, "sqlite", sqliteScenario())
}
