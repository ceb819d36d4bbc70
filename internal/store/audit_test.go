package store_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"testing"
	"time"

	"roleos/internal/audit"
	"roleos/internal/fault"
	"roleos/internal/store"
	"roleos/internal/store/storetest"
)

func auditLog(t *testing.T, db *store.DB) *audit.Log {
	t.Helper()
	secret, _, err := audit.GenerateKey(rand.Reader, audit.KeyName)
	must(t, err)
	key, err := audit.ParseKey(secret)
	must(t, err)
	return audit.New(db.Audit(), db.Audit(), func(context.Context) (audit.Key, error) { return key, nil }, func() time.Time { return at(1) })
}

func TestTheAuditLogGrowsWithItsTransactionAndStaysWhole(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		log := auditLog(t, db)
		var wg sync.WaitGroup
		for writer := range 4 {
			wg.Go(func() {
				for i := range 10 {
					id := fmt.Sprintf("d%d-%d", writer, i)
					if err := db.InTx(ctx, func(ctx context.Context) error {
						if err := db.SaveDraft(ctx, draft(id, i), nil); err != nil {
							return err
						}
						return log.Append(ctx, "draft.made", "agent:feedback-river", id, map[string]int{"n": i})
					}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		// What is rolled back is not in the log.
		_ = db.InTx(ctx, func(ctx context.Context) error {
			must(t, log.Append(ctx, "draft.made", "agent:feedback-river", "never", nil))
			return context.Canceled
		})
		saved, err := log.Checkpoint(ctx)
		must(t, err)
		must(t, log.Append(ctx, "draft.approved", "person:kim", "d0-0", nil))
		report, err := log.Verify(ctx, saved)
		must(t, err)
		if !report.Intact() || report.Records != 41 {
			t.Fatalf("%+v", report)
		}

		for name, sql := range map[string]string{
			"a record edited": `UPDATE audit_leaves SET body = (SELECT body FROM audit_leaves WHERE seq = 1) WHERE seq = 7`,
			"a record gone":   `DELETE FROM audit_leaves WHERE seq = 9`,
			"a hash gone":     `DELETE FROM audit_hashes WHERE idx = 3`,
			"the end cut off": `DELETE FROM audit_leaves WHERE seq > 39`,
		} {
			undo := fmt.Errorf("undo %s", name)
			err := db.InTx(ctx, func(ctx context.Context) error {
				_, err := db.Exec(ctx, sql)
				must(t, err)
				report, err := log.Verify(ctx, saved)
				if err == nil && report.Intact() {
					t.Errorf("%s: not noticed", name)
				}
				return undo
			})
			if err != undo { //nolint:errorlint // it must be this very error
				t.Fatal(err)
			}
		}
	})
}

func TestOneAuditRecordPerPlace(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		a := db.Audit()
		h := []audit.Hash{{1}, {2}}
		must(t, a.Append(ctx, audit.Leaf{Seq: 1, Bytes: []byte("one")}, 0, h))
		for name, err := range map[string]error{
			"the same place": a.Append(ctx, audit.Leaf{Seq: 1, Bytes: []byte("uno")}, 5, nil),
			"a gap":          a.Append(ctx, audit.Leaf{Seq: 3, Bytes: []byte("three")}, 5, nil),
			"a hash's place": a.Append(ctx, audit.Leaf{Seq: 2, Bytes: []byte("two")}, 1, h[:1]),
		} {
			if fault.KindOf(err) != fault.Conflict {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n, err := a.Size(ctx); err != nil || n != 1 {
			t.Fatalf("size %d, %v", n, err)
		}
		got, err := a.Hashes(ctx, []int64{1, 9, 0, 1})
		must(t, err)
		if len(got) != 4 || got[0] != h[1] || got[1] != (audit.Hash{}) || got[2] != h[0] || got[3] != h[1] {
			t.Fatal(got)
		}
		must(t, a.SaveCheckpoint(ctx, 1, []byte("first")))
		must(t, a.SaveCheckpoint(ctx, 1, []byte("other")))
		must(t, a.SaveCheckpoint(ctx, 5, []byte("later")))
		notes, err := a.Checkpoints(ctx, 10)
		must(t, err)
		if len(notes) != 2 || string(notes[0]) != "later" || string(notes[1]) != "first" {
			t.Fatalf("%q", notes)
		}
	})
}
