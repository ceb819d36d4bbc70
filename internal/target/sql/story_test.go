package sql_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/change/keyfile"
	"roleos/internal/fault"
	"roleos/internal/store/storetest"
	target "roleos/internal/target/sql"
)

type noAudit struct{}

func (noAudit) Append(_ context.Context, _, _, _ string, detail any) error {
	_, err := json.Marshal(detail)
	return err
}

func service(t *testing.T, tgt *target.Target) *change.Service {
	t.Helper()
	db := storetest.Open(t, storetest.SQLiteURL(t))
	n := 0
	svc, err := change.New(change.Options{
		Sets: db, Effects: db, Grants: db, Tx: db, Audit: noAudit{}, Keys: keyfile.New(filepath.Join(t.TempDir(), "keys")),
		Targets: []change.Registered{{Manifest: target.Manifest("crm"), Target: tgt}},
		Policy:  change.Policy{Version: "1", Environment: "workspace", Solo: true},
		Now:     time.Now, NewID: func() string { n++; return fmt.Sprintf("%d-%d", time.Now().UnixNano(), n) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return svc
}

// An agent finds a superuser's address in a file and in the environment, and
// uses it in every way that is open to it: as the target, as the object, as the
// body. Nothing outside its envelope happens, and inside it the cascade's
// radius stops it.
func TestBroadCredentialsDoNothingOutsideTheEnvelope(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		dir := t.TempDir()
		db := sqliteFile(t, dir)
		exec(t, db, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 90) INSERT INTO customers (id, region, name) SELECT 1000 + i, 'gone', 'c' || i FROM n`)
		exec(t, db, `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1799) INSERT INTO orders SELECT 1000 + i, 1001 + i % 90, i FROM n`)
		count := func(table string) (n int) {
			if err := db.QueryRow("SELECT count(*) FROM " + table).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		story(t, openSQLite(t, dir, nil), filepath.Join(dir, "data.db"), count)
	})
	t.Run("postgres", func(t *testing.T) {
		database, template := pgDatabase(t, "")
		pgExec(t, database, `INSERT INTO customers (id, region, name) SELECT 1000 + i, 'gone', 'c' || i FROM generate_series(1, 90) i;
INSERT INTO orders (customer, total) SELECT 1001 + i % 90, i FROM generate_series(0, 1799) i`)
		story(t, openPostgres(t, database, template, nil), pgAddress(t, database), func(table string) int { return pgCount(t, database, "SELECT count(*) FROM "+table) })
	})
}

func story(t *testing.T, tgt *target.Target, found string, count func(table string) int) {
	note := filepath.Join(t.TempDir(), ".env")
	if err := os.WriteFile(note, []byte("DATABASE_URL="+found), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DATABASE_URL", found)
	svc := service(t, tgt)
	before := map[string]int{}
	for _, table := range []string{"customers", "orders", "tickets", "secrets"} {
		before[table] = count(table)
	}
	rule := func(op string, most int64, under ...string) guardrails.Envelope {
		e := envelope(most)
		e.Allow = []guardrails.Rule{{Target: "crm", Op: op, Under: under, Most: most}}
		return e
	}
	agent := guardrails.Principal{ID: "agent:feedback-river"}
	propose := func(on string, e guardrails.Envelope, in ...change.Intended) (change.Set, error) {
		return svc.Plan(t.Context(), change.Proposal{By: agent, Intent: "tidy up", Target: on, Changes: in, Envelope: e})
	}
	gone := change.Intended{Op: target.Delete, Object: "customers/region=gone"}
	tickets := rule(target.Update, 5, "tickets")
	for name, try := range map[string]struct {
		on string
		e  guardrails.Envelope
		in change.Intended
	}{
		"the address as the target":           {found, tickets, gone},
		"an operation that is not named":      {"crm", tickets, gone},
		"a table that is not named":           {"crm", rule(target.Delete, 1_000_000, "tickets"), gone},
		"everything, but only 100 objects":    {"crm", rule(target.Delete, 100, guardrails.Everything), gone},
		"no envelope":                         {"crm", guardrails.Envelope{}, gone},
		"a table that is not declared":        {"crm", rule(target.Delete, 1_000_000, guardrails.Everything), change.Intended{Op: target.Delete, Object: "secrets/id=1"}},
		"a cascade into one":                  {"crm", rule(target.Delete, 1_000_000, guardrails.Everything), change.Intended{Op: target.Delete, Object: "customers/id=3"}},
		"the address in front of the object":  {"crm", rule(target.Delete, 1_000_000, guardrails.Everything), change.Intended{Op: target.Delete, Object: found + "/customers/region=gone"}},
		"SQL as the operation":                {"crm", rule("DROP TABLE customers", 1_000_000, guardrails.Everything), change.Intended{Op: "DROP TABLE customers", Object: "customers/id=1"}},
		"SQL as the body":                     {"crm", rule(target.Delete, 1_000_000, guardrails.Everything), change.Intended{Op: target.Delete, Object: "customers/id=1", Body: []byte("; DROP TABLE customers")}},
		"an undo of what was never done":      {"crm", rule(target.TakeBack, 1_000_000, guardrails.Everything), change.Intended{Op: target.TakeBack, Object: "customers/id=1", Body: []byte(`{"back":false,"rows":[["customers","[1]",null]]}`)}},
		"what is stored about effects itself": {"crm", rule(target.Delete, 1_000_000, guardrails.Everything), change.Intended{Op: target.Delete, Object: "roleos_effects/live=1"}},
	} {
		if set, err := propose(try.on, try.e, try.in); err == nil {
			t.Errorf("%s: planned as %s", name, set.ID)
		}
	}
	_, err := propose("crm", rule(target.Delete, 100, "customers"), gone)
	if d, ok := change.DecisionOf(err); fault.KindOf(err) != fault.Denied || !ok || d.Allow {
		t.Errorf("90 rows are within 100, but with their cascade they are 1,890: %v", err)
	}
	// What its envelope names is planned, and without a person nothing comes of it.
	set, err := propose("crm", tickets, change.Intended{Op: target.Update, Object: "tickets/id=a", Body: set(map[string]any{"state": "closed"})})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := svc.Apply(t.Context(), set.ID); err == nil {
		t.Error("applied without a person")
	}
	if _, err := svc.Confirm(t.Context(), set.ID, agent, change.Answer{Text: "yes", Shown: time.Now()}); err == nil {
		t.Error("an agent confirmed its own proposal")
	}
	for table, n := range before {
		if now := count(table); now != n {
			t.Errorf("%s had %d rows and has %d", table, n, now)
		}
	}
}

// Through the one door: a deletion with its cascade is staged, proven, confirmed
// and done, then undone the same way, and the rows are what they were.
func TestAppliedAndUndone(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		dir := t.TempDir()
		db := sqliteFile(t, dir)
		appliedAndUndone(t, openSQLite(t, dir, nil), func(table string) (n int) {
			if err := db.QueryRow("SELECT count(*) FROM " + table).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		})
	})
	t.Run("postgres", func(t *testing.T) {
		database, template := pgDatabase(t, "")
		appliedAndUndone(t, openPostgres(t, database, template, nil), func(table string) int { return pgCount(t, database, "SELECT count(*) FROM "+table) })
	})
}

func appliedAndUndone(t *testing.T, tgt *target.Target, count func(table string) int) {
	svc := service(t, tgt)
	st, err := tgt.Stage(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	before, err := st.Fingerprint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	set, err := svc.Plan(t.Context(), change.Proposal{
		By: guardrails.Principal{ID: "agent:one"}, Intent: "forget Ann", Target: "crm", Envelope: envelope(10, target.Delete),
		Changes: []change.Intended{{Op: target.Delete, Object: "customers/id=1"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	through(t, svc, set)
	if left := count("orders"); left != 1 {
		t.Fatalf("%d orders are left", left)
	}
	undo, err := svc.Undo(t.Context(), set.ID, guardrails.Principal{ID: "agent:one"})
	if err != nil {
		t.Fatal(err)
	}
	through(t, svc, undo)
	if st, err = tgt.Stage(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if after, err := st.Fingerprint(t.Context()); err != nil || after != before {
		t.Errorf("undone, the database is another one: %v", err)
	}
}

// through takes a planned set to its end.
func through(t *testing.T, svc *change.Service, set change.Set) {
	t.Helper()
	set, err := svc.Stage(t.Context(), set.ID)
	if err != nil || !set.Proof.Reversed {
		t.Fatalf("%+v: %v", set.Proof, err)
	}
	v, err := svc.Show(t.Context(), set.ID)
	if err != nil {
		t.Fatal(err)
	}
	answer := change.Answer{Text: v.Ask.Want, View: v.Shown.Digest, Shown: time.Now()}
	if _, err := svc.Confirm(t.Context(), set.ID, guardrails.Principal{ID: "ann", Person: true}, answer); err != nil {
		t.Fatal(err)
	}
	if out, err := svc.Apply(t.Context(), set.ID); err != nil || out.Set.State != change.Applied {
		t.Fatalf("%s: %v", out.Set.State, err)
	}
}
