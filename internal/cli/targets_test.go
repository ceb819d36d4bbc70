package cli_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"
	_ "modernc.org/sqlite" // the driver of the scripts' own databases

	"roleos/internal/store/storetest"
)

// sqlite FILE SQL runs the statements and prints the first column of the last one's rows.
func sqlite(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sqlite FILE SQL")
	}
	db, err := sql.Open("sqlite", ts.MkAbs(args[0])+"?_pragma=foreign_keys(1)")
	ts.Check(err)
	defer db.Close()
	rows, err := db.Query(args[1])
	ts.Check(err)
	defer rows.Close()
	for rows.Next() {
		var v string
		ts.Check(rows.Scan(&v))
		fmt.Fprintln(ts.Stdout(), v)
	}
	ts.Check(rows.Err())
}

// postgres NAME makes an empty database of the script's own, and puts its address
// into the file NAME.url, for its owner only, and its name into $NAME.
// postgres NAME SQL runs statements there and prints the first column.
func postgres(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: postgres NAME [SQL]")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	file := ts.MkAbs(args[0] + ".url")
	if len(args) == 1 {
		base := os.Getenv(storetest.PostgresEnv)
		name := fmt.Sprintf("script_%s_%d", args[0], time.Now().UnixNano())
		admin, err := pgx.Connect(ctx, base)
		ts.Check(err)
		defer admin.Close(ctx)
		_, err = admin.Exec(ctx, "CREATE DATABASE "+name)
		ts.Check(err)
		u, err := url.Parse(base)
		ts.Check(err)
		u.Path = "/" + name
		ts.Check(os.WriteFile(file, []byte(u.String()+"\n"), 0o600))
		ts.Setenv(args[0], name)
		ts.Defer(func() {
			if c, err := pgx.Connect(context.Background(), base); err == nil {
				_, _ = c.Exec(context.Background(), "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
				_ = c.Close(context.Background())
			}
		})
		return
	}
	address, err := os.ReadFile(file)
	ts.Check(err)
	c, err := pgx.Connect(ctx, strings.TrimSpace(string(address)))
	ts.Check(err)
	defer c.Close(ctx)
	results, err := c.PgConn().Exec(ctx, args[1]).ReadAll()
	ts.Check(err)
	for _, r := range results {
		for _, row := range r.Rows {
			fmt.Fprintf(ts.Stdout(), "%s\n", row[0])
		}
	}
}

// receiver FILE starts an endpoint on this machine, puts its address into
// $RECEIVER, and appends every message that it gets to FILE, one to a line.
func receiver(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: receiver FILE")
	}
	file := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(filepath.Dir(file), 0o755))
	ts.Check(os.WriteFile(file, nil, 0o644))
	var mu sync.Mutex
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		body, err := io.ReadAll(r.Body)
		f, ferr := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil || ferr != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		defer f.Close()
		fmt.Fprintf(f, "%s signed=%t %s\n", r.Method, strings.HasPrefix(r.Header.Get("webhook-signature"), "v1,"), body)
	}))
	ts.Defer(srv.Close)
	ts.Setenv("RECEIVER", srv.URL)
}

// condition knows [postgres]: whether there is a server for tests.
func condition(name string) (bool, error) {
	if name == "postgres" {
		return os.Getenv(storetest.PostgresEnv) != "", nil
	}
	return false, fmt.Errorf("unknown condition %q", name)
}
