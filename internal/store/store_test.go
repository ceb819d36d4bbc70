package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"roleos/internal/fault"
	"roleos/internal/handoff"
	"roleos/internal/run"
	"roleos/internal/store"
	"roleos/internal/store/storetest"
)

var (
	_ handoff.Drafts  = (*store.DB)(nil)
	_ handoff.Reviews = (*store.DB)(nil)
)

func wantKind(t *testing.T, err error, want fault.Kind) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", want)
	}
	if got := fault.KindOf(err); got != want {
		t.Fatalf("error is %s (%v), want %s", got, err, want)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func at(sec int) time.Time { return time.Date(2026, 3, 4, 5, 6, sec, 789, time.UTC) }

func draft(id string, sec int) handoff.Draft {
	return handoff.Draft{
		ID: id, Kind: "feedback-synthesis", Title: "Ünïcode \"title\"", Agent: "feedback-river", Run: "run-1", Records: "set-1",
		Contract: "feedback-synthesis@1.0.0", State: handoff.Drafted, Revision: 1, CreatedAt: at(sec), UpdatedAt: at(sec),
	}
}

func TestDraftSurvivesAndOfTwoWritersOneLoses(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		d := draft("d1", 1)
		must(t, db.SaveDraft(ctx, d, nil))
		wantKind(t, db.SaveDraft(ctx, d, nil), fault.Conflict)

		got, err := db.Draft(ctx, "d1")
		must(t, err)
		if diff := cmp.Diff(d, got); diff != "" {
			t.Fatal(diff)
		}

		first, second := d, d
		first.State, second.State = handoff.Validated, handoff.Validated
		first.Title = "first"
		must(t, db.SaveDraft(ctx, first, &d))
		wantKind(t, db.SaveDraft(ctx, second, &d), fault.Conflict)
		got, err = db.Draft(ctx, "d1")
		must(t, err)
		if got.Title != "first" || got.State != handoff.Validated {
			t.Fatalf("the loser's write is visible: %+v", got)
		}

		_, err = db.Draft(ctx, "nope")
		wantKind(t, err, fault.NotFound)
		missing := draft("nope", 1)
		wantKind(t, db.SaveDraft(ctx, missing, &missing), fault.NotFound)
	})
}

func TestFiftyWritersOfOneDraftHaveOneWinner(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d := draft("d1", 1)
		must(t, db.SaveDraft(t.Context(), d, nil))
		next := d
		next.State = handoff.Validated
		var mu sync.Mutex
		var won, lost int
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				err := db.InTx(t.Context(), func(ctx context.Context) error { return db.SaveDraft(ctx, next, &d) })
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					won++
				case fault.KindOf(err) == fault.Conflict:
					lost++
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won != 1 || lost != 49 {
			t.Fatalf("%d won and %d lost, want 1 and 49", won, lost)
		}
	})
}

func TestListDraftsPagesThroughAllOnceWhileOthersAreMade(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		for i := range 25 {
			d := draft(fmt.Sprintf("d%02d", i), i/3) // several of the same time
			if i%5 == 0 {
				d.State = handoff.Validated
			}
			must(t, db.SaveDraft(ctx, d, nil))
		}
		var got []string
		cursor, pages := "", 0
		for {
			page, next, err := db.ListDrafts(ctx, store.DraftFilter{State: handoff.Drafted}, cursor, 7)
			must(t, err)
			for _, d := range page {
				got = append(got, d.ID)
			}
			must(t, db.SaveDraft(ctx, draft(fmt.Sprintf("new%d", pages), 50+pages), nil))
			if pages++; next == "" {
				break
			}
			cursor = next
		}
		want := "d24 d23 d22 d21 d19 d18 d17 d16 d14 d13 d12 d11 d09 d08 d07 d06 d04 d03 d02 d01"
		if strings.Join(got, " ") != want {
			t.Fatalf("got  %s\nwant %s", strings.Join(got, " "), want)
		}
		got = nil
		for cursor := ""; ; {
			page, next, err := db.ListDrafts(ctx, store.DraftFilter{State: handoff.Validated, Oldest: true}, cursor, 2)
			must(t, err)
			for _, d := range page {
				got = append(got, d.ID)
			}
			if cursor = next; next == "" {
				break
			}
		}
		if want := "d00 d05 d10 d15 d20"; strings.Join(got, " ") != want {
			t.Fatalf("oldest first: got %s, want %s", strings.Join(got, " "), want)
		}
		_, _, err := db.ListDrafts(ctx, store.DraftFilter{}, "no-cursor!", 7)
		wantKind(t, err, fault.Invalid)
	})
}

func TestRevisionsAreImmutable(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		rev := func(n int, body string) handoff.Revision {
			digest, err := db.PutBlob(ctx, []byte(body))
			must(t, err)
			return handoff.Revision{Draft: "d1", N: n, Digest: digest, Body: []byte(body), Check: []byte(`{"ok":true}`), Passed: n > 1, By: "agent:feedback-river", Note: "made", At: at(n)}
		}
		one, two := rev(1, `{"a":1}`), rev(2, strings.Repeat(`{"a":2}`, 1000))
		must(t, db.AddRevision(ctx, one))
		must(t, db.AddRevision(ctx, one)) // the same again is no change
		must(t, db.AddRevision(ctx, two))
		wantKind(t, db.AddRevision(ctx, rev(2, `{"other":2}`)), fault.Conflict)
		lie := rev(3, "x")
		lie.Body = []byte("y")
		wantKind(t, db.AddRevision(ctx, lie), fault.Invalid)

		for n, want := range map[int]handoff.Revision{0: two, 1: one, 2: two} {
			got, err := db.Revision(ctx, "d1", n)
			must(t, err)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("revision %d: %s", n, diff)
			}
		}
		heads, err := db.Revisions(ctx, "d1", 0, 5)
		must(t, err)
		bare := func(r handoff.Revision) handoff.Revision { r.Body, r.Check = nil, nil; return r }
		if diff := cmp.Diff([]handoff.Revision{bare(two), bare(one)}, heads); diff != "" {
			t.Error(diff)
		}
		_, err = db.Revision(ctx, "d1", 3)
		wantKind(t, err, fault.NotFound)
		_, err = db.Revision(ctx, "d9", 0)
		wantKind(t, err, fault.NotFound)
	})
}

func TestReviewsComeOldestFirst(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		var want []handoff.Review
		for i, v := range []handoff.Verdict{handoff.Comment, handoff.RequestChanges, handoff.Approve} {
			r := handoff.Review{ID: fmt.Sprintf("z%d", 9-i), Draft: "d1", N: 1, Digest: "sha256:x", By: "person:kim", Verdict: v, Text: "té\u0000xt\xff", At: at(3)}
			must(t, db.AddReview(ctx, r))
			wantKind(t, db.AddReview(ctx, r), fault.Conflict)
			r.Text = "té\uFFFDxt\uFFFD"
			want = append(want, r)
		}
		got, err := db.Reviews(ctx, "d1")
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		got, err = db.Reviews(ctx, "none")
		if err != nil || len(got) != 0 {
			t.Fatalf("%v %v", got, err)
		}
	})
}

func TestRunsKeepTheirStatusAndStep(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		r := run.Run{ID: "r1", Kind: "draft", Agent: "feedback-river", Status: run.Queued, Input: []byte(`{"in":"a.csv"}`), StartedBy: "person:kim", CreatedAt: at(1), UpdatedAt: at(1)}
		must(t, db.SaveRun(ctx, r, nil))
		wantKind(t, db.SaveRun(ctx, r, nil), fault.Conflict)
		next := r
		next.Status = run.Running
		must(t, db.SaveRun(ctx, next, &r))
		wantKind(t, db.SaveRun(ctx, next, &r), fault.Conflict)
		must(t, db.SetStep(ctx, "r1", "mine"))
		wantKind(t, db.SetStep(ctx, "r9", "mine"), fault.NotFound)
		got, err := db.Run(ctx, "r1")
		must(t, err)
		if got.Status != run.Running || got.Step != "mine" || string(got.Input) != `{"in":"a.csv"}` || !got.CreatedAt.Equal(at(1)) {
			t.Fatalf("%+v", got)
		}
		_, err = db.Run(ctx, "r9")
		wantKind(t, err, fault.NotFound)
		for i := range 5 {
			r.ID, r.CreatedAt = fmt.Sprintf("s%d", i), at(10+i)
			must(t, db.SaveRun(ctx, r, nil))
		}
		page, cursor, err := db.ListRuns(ctx, store.RunFilter{Status: run.Queued}, "", 3)
		must(t, err)
		rest, end, err := db.ListRuns(ctx, store.RunFilter{Status: run.Queued}, cursor, 3)
		must(t, err)
		if len(page) != 3 || page[0].ID != "s4" || len(rest) != 2 || rest[1].ID != "s0" || end != "" {
			t.Fatalf("%v %v %q", page, rest, end)
		}
	})
}

func TestBlobsAreNamedByTheirBytesAndCheckedOnReading(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		for name, body := range map[string][]byte{
			"empty": {}, "nil": nil, "short": []byte("a"), "text": bytes.Repeat([]byte("hello world "), 10_000), "binary": {0, 1, 2, 255, 254},
		} {
			digest, err := db.PutBlob(ctx, body)
			must(t, err)
			again, err := db.PutBlob(ctx, body)
			must(t, err)
			got, err := db.Blob(ctx, digest)
			must(t, err)
			if digest != again || !bytes.Equal(got, body) {
				t.Errorf("%s: %s %s, %d bytes back of %d", name, digest, again, len(got), len(body))
			}
		}
		_, err := db.Blob(ctx, "sha256:00")
		wantKind(t, err, fault.NotFound)

		digest, err := db.PutBlob(ctx, []byte("the truth, the whole truth"))
		must(t, err)
		_, err = db.Exec(ctx, `UPDATE blobs SET body = ? WHERE digest = ?`, []byte("the truth, the whole trutH"), digest)
		must(t, err)
		_, err = db.Blob(ctx, digest)
		wantKind(t, err, fault.Internal)
		if !strings.Contains(err.Error(), "damaged") {
			t.Fatal(err)
		}
	})
}

func TestATransactionIsAllOrNothingAndNests(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		boom := errors.New("boom")
		err := db.InTx(ctx, func(ctx context.Context) error {
			must(t, db.SaveDraft(ctx, draft("d1", 1), nil))
			if _, err := db.Draft(ctx, "d1"); err != nil {
				t.Errorf("a transaction does not see its own write: %v", err)
			}
			return db.InTx(ctx, func(ctx context.Context) error {
				must(t, db.SaveDraft(ctx, draft("d2", 1), nil))
				return boom
			})
		})
		if !errors.Is(err, boom) {
			t.Fatal(err)
		}
		for _, id := range []string{"d1", "d2"} {
			_, err := db.Draft(ctx, id)
			wantKind(t, err, fault.NotFound)
		}
	})
}

func TestCountingInTransactionsLosesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		// Read, add one, write: lost updates show in the sum.
		must(t, db.SaveMapping(t.Context(), "counter", []byte{0}))
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 5 {
					if err := db.InTx(t.Context(), func(ctx context.Context) error {
						b, err := db.Mapping(ctx, "counter")
						if err != nil {
							return err
						}
						return db.SaveMapping(ctx, "counter", []byte{b[0] + 1})
					}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		b, err := db.Mapping(t.Context(), "counter")
		must(t, err)
		if b[0] != 20 {
			t.Fatalf("counted to %d, want 20", b[0])
		}
		_, err = db.Mapping(t.Context(), "none")
		wantKind(t, err, fault.NotFound)
	})
}

func TestASlowWriterWinsAgainstManyQuickOnes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		must(t, db.SaveMapping(t.Context(), "counter", []byte{0}))
		add := func(pause time.Duration) error {
			return db.InTx(t.Context(), func(ctx context.Context) error {
				b, err := db.Mapping(ctx, "counter")
				if err != nil {
					return err
				}
				time.Sleep(pause)
				return db.SaveMapping(ctx, "counter", []byte{b[0] + 1})
			})
		}
		var quick sync.WaitGroup
		done := make(chan struct{})
		for range 3 {
			quick.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
					}
					if err := add(0); err != nil {
						t.Error("a quick one:", err)
						return
					}
				}
			})
		}
		for range 3 {
			if err := add(20 * time.Millisecond); err != nil {
				t.Error("the slow one:", err)
			}
		}
		close(done)
		quick.Wait()
	})
}

func TestACancelledContextLeavesNothingBehind(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		err := db.InTx(ctx, func(ctx context.Context) error {
			must(t, db.SaveDraft(ctx, draft("d1", 1), nil))
			cancel()
			return nil
		})
		if err == nil {
			t.Fatal("a cancelled transaction committed")
		}
		_, err = db.Draft(t.Context(), "d1")
		wantKind(t, err, fault.NotFound)
		must(t, db.SaveDraft(t.Context(), draft("d1", 1), nil)) // the connection is usable
	})
}
