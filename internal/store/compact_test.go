package store_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"roleos/internal/store/storetest"
)

// TestCompactForgetsBesideReaders: a statement that reads, such as an export that a
// client takes its time with, keeps old bytes in the file and its log. Compact waits
// for it, and says so when it lasts.
func TestCompactForgetsBesideReaders(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes six seconds")
	}
	dir := t.TempDir()
	db := storetest.Open(t, "sqlite:"+filepath.Join(dir, "roleos.db"))
	words := []byte("after my knee surgery at Saint Vincent")
	digest, err := db.PutBlob(t.Context(), words)
	must(t, err)
	must(t, db.RedactBlob(t.Context(), digest, words)) // as it stands, not packed
	rows, err := db.Read(t.Context(), `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 1000000) SELECT i, (SELECT count(*) FROM blobs) FROM n`)
	must(t, err)
	defer rows.Close()
	if !rows.Next() {
		t.Fatal(rows.Err())
	}
	must(t, db.RedactBlob(t.Context(), digest, []byte("[erased]")))
	time.AfterFunc(6*time.Second, func() { _ = rows.Close() }) // longer than a busy store is waited for
	must(t, db.Compact(t.Context()))
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	must(t, err)
	for _, name := range names {
		if data, err := os.ReadFile(name); err != nil || bytes.Contains(data, []byte("Saint Vincent")) {
			t.Errorf("%s still holds it (%v)", filepath.Base(name), err)
		}
	}
}
