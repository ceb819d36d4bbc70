package engine_test

import (
	"context"
	"testing"
	"time"

	"roleos/internal/engine"
	"roleos/internal/fault"
	"roleos/internal/store"
	"roleos/internal/store/storetest"
)

// TestOnlyEndedJournalsGo: a journal goes when its run ended before the time, with
// what its steps remembered; one that goes on keeps all of it.
func TestOnlyEndedJournalsGo(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		e := open(t, db, engine.Options{})
		goOn := make(chan struct{})
		w := define(t, e, "notes", func(c *engine.Context, wait bool) (string, error) {
			if _, err := engine.Tx(c, "note", func(context.Context) (string, error) { return "noted", nil }); err != nil {
				return "", err
			}
			return engine.Step(c, "wait", func(ctx context.Context) (string, error) {
				if wait {
					select {
					case <-goOn:
					case <-ctx.Done():
					}
				}
				return "done", ctx.Err()
			})
		})
		must(t, e.Launch(t.Context()))
		must(t, w.Start(t.Context(), "ends", false))
		must(t, w.Start(t.Context(), "goes-on", true))
		_, err := w.Wait(t.Context(), "ends")
		must(t, err)
		memos := func() (n int) {
			rows, err := db.Query(t.Context(), `SELECT run FROM step_memos`)
			must(t, err)
			defer rows.Close()
			for rows.Next() {
				n++
			}
			must(t, rows.Err())
			return n
		}
		for memos() < 2 {
			time.Sleep(5 * time.Millisecond)
		}
		if n, err := e.Prune(t.Context(), time.Now().Add(-time.Hour)); err != nil || n != 0 {
			t.Fatalf("an hour ago: %d, %v", n, err)
		}
		if n, err := e.Prune(t.Context(), time.Now().Add(time.Hour)); err != nil || n != 1 || memos() != 1 {
			t.Fatalf("%d dropped, %d memos left, %v", n, memos(), err)
		}
		close(goOn)
		if got, err := w.Wait(t.Context(), "goes-on"); err != nil || got != "done" {
			t.Fatalf("the other one: %q, %v", got, err)
		}
		if _, err := w.Wait(t.Context(), "ends"); fault.KindOf(err) != fault.NotFound && err != nil {
			t.Fatal(err)
		}
	})
}
