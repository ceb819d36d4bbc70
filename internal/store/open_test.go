package store_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"roleos/internal/fault"
	"roleos/internal/store"
	"roleos/internal/store/storetest"
)

// holdEnv tells a re-executed test binary to open a store and hold it.
const holdEnv = "STORE_TEST_HOLD"

func TestMain(m *testing.M) {
	if url := os.Getenv(holdEnv); url != "" {
		if _, err := store.Open(context.Background(), store.Options{URL: url}); err != nil {
			fmt.Println("refused:", err)
			os.Exit(1)
		}
		fmt.Println("open")
		time.Sleep(time.Minute)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func TestASecondProcessIsRefusedByNameUntilTheFirstIsKilled(t *testing.T) {
	url := storetest.SQLiteURL(t)
	holder := exec.Command(os.Args[0])
	holder.Env = append(os.Environ(), holdEnv+"="+url)
	out, err := holder.StdoutPipe()
	must(t, err)
	must(t, holder.Start())
	defer holder.Process.Kill() //nolint:errcheck // killed below already
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "open\n" {
		t.Fatalf("holder said %q, %v", line, err)
	}

	_, err = store.Open(t.Context(), store.Options{URL: url})
	wantKind(t, err, fault.Unavailable)
	if want := fmt.Sprintf("process %d", holder.Process.Pid); !strings.Contains(err.Error(), want) {
		t.Errorf("the refusal does not name %s: %v", want, err)
	}

	must(t, holder.Process.Kill()) // kill -9
	_ = holder.Wait()
	storetest.Open(t, url)
}

func TestTheStoreIsNotReadableByOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a dir?", "b", "roleos#1.db")
	db := storetest.Open(t, "sqlite:"+path)
	must(t, db.SaveDraft(t.Context(), draft("d1", 1), nil))
	names, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	must(t, err)
	if len(names) < 3 { // database, WAL, lock
		t.Fatalf("files: %v", names)
	}
	for _, name := range append(names, filepath.Dir(path)) {
		info, err := os.Stat(name)
		must(t, err)
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
}

func TestWhatWasWrittenIsThereAfterReopening(t *testing.T) {
	for name, url := range map[string]func(testing.TB) string{"sqlite": storetest.SQLiteURL, "postgres": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			at := url(t)
			db, err := store.Open(t.Context(), store.Options{URL: at})
			must(t, err)
			must(t, db.SaveDraft(t.Context(), draft("d1", 1), nil))
			must(t, db.Close())
			_, err = storetest.Open(t, at).Draft(t.Context(), "d1")
			must(t, err)
		})
	}
}

func TestManyProcessesMayMigrateOnePostgresAtOnce(t *testing.T) {
	url := storetest.PostgresURL(t)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			db, err := store.Open(t.Context(), store.Options{URL: url})
			if err != nil {
				t.Error(err)
				return
			}
			_ = db.Close()
		})
	}
	wg.Wait()
}

// While replicas are replaced, those of the version before go on, and start again,
// on a store that the new version has migrated.
func TestAnOlderVersionWorksOnANewerStore(t *testing.T) {
	for name, url := range map[string]func(testing.TB) string{"sqlite": storetest.SQLiteURL, "postgres": storetest.PostgresURL} {
		t.Run(name, func(t *testing.T) {
			at := url(t)
			running := storetest.Open(t, at)
			ctx := t.Context()
			must(t, running.SaveDraft(ctx, draft("d1", 1), nil))
			for _, q := range []string{
				`CREATE TABLE later (id TEXT PRIMARY KEY)`,
				`ALTER TABLE drafts ADD COLUMN later TEXT NOT NULL DEFAULT ''`,
				`INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, ` + map[string]string{"sqlite": "1", "postgres": "true"}[name] + `)`,
			} {
				_, err := running.Exec(ctx, q)
				must(t, err)
			}
			must(t, running.SaveDraft(ctx, draft("d2", 2), nil))
			must(t, running.Close())
			again, err := store.Open(ctx, store.Options{URL: at})
			must(t, err)
			defer again.Close() //nolint:errcheck // a test's own
			must(t, again.SaveDraft(ctx, draft("d3", 3), nil))
			list, _, err := again.ListDrafts(ctx, store.DraftFilter{}, "", 10)
			must(t, err)
			if len(list) != 3 {
				t.Errorf("%d drafts, want 3", len(list))
			}
		})
	}
}

// TestMigrationsOnlyAdd holds what lets two versions run side by side.
func TestMigrationsOnlyAdd(t *testing.T) {
	added := regexp.MustCompile(`(?is)^(CREATE (UNIQUE )?(TABLE|INDEX|TRIGGER|FUNCTION|OR REPLACE FUNCTION) |ALTER TABLE \w+\s+ADD COLUMN .*DEFAULT|INSERT INTO )`)
	// Nobody is signed in any more after it: every version bears that.
	signedOut := "DELETE FROM sessions"
	for _, dialect := range []string{"sqlite", "postgres"} {
		files, err := filepath.Glob("migrations/" + dialect + "/*.sql")
		must(t, err)
		if len(files) == 0 {
			t.Fatal("no migrations")
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			must(t, err)
			up, _, _ := strings.Cut(string(data), "-- +goose Down")
			if strings.Contains(up, "StatementBegin") {
				continue // a function or a trigger, in one piece
			}
			up = regexp.MustCompile(`(?m)--.*$`).ReplaceAllString(up, "")
			for s := range strings.SplitSeq(up, ";") {
				if s = strings.TrimSpace(s); s != "" && s != signedOut && !added.MatchString(s) {
					t.Errorf("%s takes something away, or may: %s\nnumber it from the next thousand on: an older roleos then refuses the store", file, s)
				}
			}
		}
	}
}

func TestOpenRefusesWhatItCannotUse(t *testing.T) {
	dir := t.TempDir()
	notes := filepath.Join(dir, "notes.txt")
	must(t, os.WriteFile(notes, []byte(strings.Repeat("these are no database pages\n", 100)), 0o600))
	newer := filepath.Join(dir, "newer.db")
	db := storetest.Open(t, "sqlite:"+newer)
	_, err := db.Exec(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`)
	must(t, err)
	must(t, db.Close())
	for url, want := range map[string]struct {
		kind fault.Kind
		says string
	}{
		"":                                   {fault.Invalid, "store URL"},
		"mysql://root:secret@x/y":            {fault.Invalid, "mysql"},
		"sqlite:":                            {fault.Invalid, "names no file"},
		"sqlite::memory:":                    {fault.Invalid, "names no file"},
		"sqlite:" + notes:                    {fault.Invalid, "not a database"},
		"sqlite:" + newer:                    {fault.Invalid, "newer roleos"},
		"sqlite:" + notes + "/x.db":          {fault.Unavailable, "cannot be opened"},
		"postgres://u:secret@127.0.0.1:1/db": {fault.Unavailable, "127.0.0.1:1/db"},
		"postgres://u:secret@127.0.0.1:x/db": {fault.Invalid, "cannot be read"},
	} {
		_, err := store.Open(t.Context(), store.Options{URL: url})
		wantKind(t, err, want.kind)
		if !strings.Contains(err.Error(), want.says) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %q in it and no password", url, err, want.says)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	b.Run("fresh", func(b *testing.B) {
		dir := b.TempDir()
		n := 0
		for b.Loop() {
			n++
			db, err := store.Open(b.Context(), store.Options{URL: fmt.Sprintf("sqlite:%s/%d.db", dir, n)})
			if err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
			_ = db.Close()
			b.StartTimer()
		}
	})
	b.Run("existing", func(b *testing.B) {
		url := storetest.SQLiteURL(b)
		for b.Loop() {
			db, err := store.Open(b.Context(), store.Options{URL: url})
			if err != nil {
				b.Fatal(err)
			}
			if err := db.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
