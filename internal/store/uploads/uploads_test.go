package uploads_test

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"roleos/internal/fault"
	"roleos/internal/store"
	"roleos/internal/store/storetest"
	"roleos/internal/store/uploads"
)

// TestPartsMakeTheFile: parts are kept in order, one of two that begin at the same
// place is taken, and what is too much is refused.
func TestPartsMakeTheFile(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, up := t.Context(), uploads.New(db)
		now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
		if err := up.Open(ctx, uploads.Upload{ID: "up-1", Name: "a.csv", Owner: "person:ana", Size: 10, CreatedAt: now}); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		results := make([]error, 4)
		for i := range results {
			all.Go(func() { results[i] = up.Add(ctx, "up-1", 0, []byte("hello")) })
		}
		all.Wait()
		taken := 0
		for _, err := range results {
			if err == nil {
				taken++
			} else if fault.KindOf(err) != fault.Conflict {
				t.Error(err)
			}
		}
		if taken != 1 {
			t.Errorf("%d of four parts at the same place were taken", taken)
		}
		for _, c := range []struct {
			at   int64
			part string
		}{{0, "again"}, {4, "before"}, {6, "gap"}, {5, "too much"}} {
			if err := up.Add(ctx, "up-1", c.at, []byte(c.part)); fault.KindOf(err) != fault.Conflict {
				t.Errorf("%q at %d: %v", c.part, c.at, err)
			}
		}
		if err := up.Add(ctx, "up-1", 5, []byte("world")); err != nil {
			t.Fatal(err)
		}
		u, err := up.Upload(ctx, "up-1")
		data, derr := up.Bytes(ctx, u)
		if errors.Join(err, derr) != nil || u.Got != 10 || !bytes.Equal(data, []byte("helloworld")) {
			t.Errorf("%+v %q %v %v", u, data, err, derr)
		}
		if err := up.Done(ctx, "up-1", "sha256:x"); err != nil {
			t.Fatal(err)
		}
		if u, err = up.Upload(ctx, "up-1"); err != nil || u.Digest != "sha256:x" {
			t.Errorf("%+v %v", u, err)
		}
		for i := range uploads.MostOpen {
			if err := up.Open(ctx, uploads.Upload{ID: fmt.Sprint(i), Owner: "person:ana", Size: 1, CreatedAt: now}); err != nil {
				t.Fatal(err)
			}
		}
		if err := up.Open(ctx, uploads.Upload{ID: "more", Owner: "person:ana", Size: 1, CreatedAt: now}); fault.KindOf(err) != fault.Exhausted {
			t.Errorf("one more than a person may have: %v", err)
		}
		if err := up.Open(ctx, uploads.Upload{ID: "later", Owner: "person:ana", Size: 1, CreatedAt: now.Add(uploads.Life)}); err != nil {
			t.Errorf("a day later: %v", err)
		}
		if _, err := up.Upload(ctx, "1"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("an old one is still there: %v", err)
		}
	})
}
