package storetest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"roleos/internal/store"
)

// PostgresEnv names the variable that holds the URL of a PostgreSQL database
// in which tests may make schemas.
const PostgresEnv = "ROLEOS_TEST_POSTGRES"

// Each runs f on a fresh SQLite store and, when ROLEOS_TEST_POSTGRES is set, on
// a fresh PostgreSQL one; otherwise that part is skipped and says so.
func Each(t *testing.T, f func(t *testing.T, db *store.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, Open(t, SQLiteURL(t))) })
	t.Run("postgres", func(t *testing.T) { f(t, Open(t, PostgresURL(t))) })
}

// SQLiteURL returns the URL of a store that does not exist yet.
func SQLiteURL(t testing.TB) string {
	return "sqlite:" + filepath.Join(t.TempDir(), "roleos.db")
}

// PostgresURL returns a URL into a new schema, which is dropped after the test.
// It skips the test when ROLEOS_TEST_POSTGRES is not set.
func PostgresURL(t testing.TB) string {
	t.Helper()
	base := os.Getenv(PostgresEnv)
	if base == "" {
		t.Skipf("SKIPPED, NOT TESTED ON POSTGRESQL: %s is not set", PostgresEnv)
	}
	schema := fmt.Sprintf("t%d_%d", os.Getpid(), time.Now().UnixNano())
	exec := func(sql string) {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		conn, err := pgx.Connect(ctx, base)
		if err != nil {
			t.Fatalf("%s: %v", PostgresEnv, err)
		}
		defer conn.Close(ctx)
		if _, err := conn.Exec(ctx, sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	exec("CREATE SCHEMA " + schema)
	t.Cleanup(func() {
		exec("DROP SCHEMA " + schema + " CASCADE")
		exec("DROP SCHEMA IF EXISTS " + schema + "_dbos CASCADE") // the engine's
	})
	u, err := url.Parse(base)
	if err != nil || !strings.HasPrefix(u.Scheme, "postgres") {
		t.Fatalf("%s is not a postgres:// URL", PostgresEnv)
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

// Open opens the store at the URL and closes it after the test.
func Open(t testing.TB, url string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}
