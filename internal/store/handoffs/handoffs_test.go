package handoffs_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"roleos/internal/clock"
	"roleos/internal/fault"
	"roleos/internal/handoff"
	"roleos/internal/store"
	"roleos/internal/store/handoffs"
	"roleos/internal/store/storetest"
)

var (
	_ handoff.Moves        = (*handoffs.Store)(nil)
	_ handoff.Clocks       = (*handoffs.Store)(nil)
	_ handoff.Notices      = (*handoffs.Store)(nil)
	_ handoff.Attestations = (*handoffs.Store)(nil)
)

func at(min int) time.Time { return time.Date(2026, 3, 4, 5, min, 6, 789, time.UTC) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantConflict(t *testing.T, err error) {
	t.Helper()
	if err == nil || fault.KindOf(err) != fault.Conflict {
		t.Fatalf("%v, want a conflict", err)
	}
}

func each(t *testing.T, f func(t *testing.T, db *store.DB, s *handoffs.Store)) {
	storetest.Each(t, func(t *testing.T, db *store.DB) { f(t, db, handoffs.New(db)) })
}

func TestMovesAreNumberedAndKept(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, s *handoffs.Store) {
		ctx := t.Context()
		a := handoff.Move{Draft: "d1", To: handoff.Drafted, Digest: "sha256:1", By: "agent:x", At: at(1)}
		b := handoff.Move{Draft: "d1", From: handoff.Drafted, To: handoff.Validated, Digest: "sha256:1", By: "person:ada", Role: "pm", Text: "nul \x00 \xff", At: at(2)}
		for i, m := range []handoff.Move{a, b} {
			n, err := s.AddMove(ctx, m)
			must(t, err)
			if n != i+1 {
				t.Fatalf("move %d is number %d", i+1, n)
			}
		}
		undone := errors.New("undone")
		if err := db.InTx(ctx, func(ctx context.Context) error {
			if _, err := s.AddMove(ctx, a); err != nil {
				return err
			}
			return undone
		}); !errors.Is(err, undone) {
			t.Fatal(err)
		}
		a.N, b.N, b.Text = 1, 2, "nul \uFFFD \uFFFD"
		for _, draft := range []string{"d1", ""} {
			got, err := s.Moves(ctx, draft)
			must(t, err)
			if diff := cmp.Diff([]handoff.Move{a, b}, got); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

func TestOfTwoWhoMoveAClockOneWins(t *testing.T) {
	each(t, func(t *testing.T, _ *store.DB, s *handoffs.Store) {
		ctx := t.Context()
		c := clock.Clock{ID: "ck-1", Draft: "d1", On: "published", Expect: "acknowledged", Within: time.Hour, Remind: []time.Duration{time.Minute}, Started: at(1)}
		must(t, s.AddClock(ctx, c, at(2)))
		must(t, s.AddClock(ctx, clock.Clock{ID: "ck-1", Draft: "other"}, at(2))) // there is one already
		due, err := s.DueClocks(ctx, at(2), 10)
		must(t, err)
		if len(due) != 0 {
			t.Fatal("due before its time")
		}
		due, err = s.DueClocks(ctx, at(3), 10)
		must(t, err)
		if diff := cmp.Diff([]clock.Clock{c}, due); diff != "" {
			t.Fatal(diff)
		}
		var mu sync.Mutex
		var wg sync.WaitGroup
		won := 0
		for range 10 {
			wg.Go(func() {
				err := s.MoveClock(ctx, c.Did("reminder-1"), c, time.Time{})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					won++
				} else if fault.KindOf(err) != fault.Conflict {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won != 1 {
			t.Fatalf("%d won", won)
		}
		if due, _ = s.DueClocks(ctx, at(59), 10); len(due) != 0 {
			t.Fatal("a clock with nothing to do is due")
		}
	})
}

func TestOpenClocksLeaveTheEndedOut(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, s *handoffs.Store) {
		ctx := t.Context()
		for i, d := range []struct {
			id    string
			state handoff.State
			next  time.Time
		}{{"published", handoff.Published, time.Time{}}, {"closed", handoff.Closed, time.Time{}}, {"refused", handoff.Drafted, at(9)}} {
			must(t, db.SaveDraft(ctx, handoff.Draft{ID: d.id, Contract: "c@1", State: d.state, CreatedAt: at(i), UpdatedAt: at(i)}, nil))
			must(t, s.AddClock(ctx, clock.Clock{ID: "ck-" + d.id, Draft: d.id, Started: at(i)}, d.next))
		}
		_, err := s.AddMove(ctx, handoff.Move{Draft: "closed", From: handoff.Started, To: handoff.Closed, At: at(3)})
		must(t, err)
		open, err := s.OpenClocks(ctx)
		must(t, err)
		var of []string
		for _, c := range open {
			of = append(of, c.Draft)
		}
		if diff := cmp.Diff([]string{"published", "refused"}, of); diff != "" {
			t.Error(diff)
		}
		contracts, err := s.Contracts(ctx)
		must(t, err)
		if diff := cmp.Diff(map[string]string{"closed": "c@1"}, contracts); diff != "" {
			t.Error(diff)
		}
	})
}

func TestANoticeIsKeptOnceAndSentByOne(t *testing.T) {
	each(t, func(t *testing.T, _ *store.DB, s *handoffs.Store) {
		ctx := t.Context()
		n := handoff.Notice{Clock: "ck-1", Key: "breach-1", Kind: clock.Breach, Step: 1, Draft: "d1", Title: "a title", Due: at(1), Fell: at(1), Noted: at(2), Late: time.Minute}
		must(t, s.AddNotice(ctx, n, []string{"file", "webhook"}))
		must(t, s.AddNotice(ctx, handoff.Notice{Clock: "ck-1", Key: "breach-1", Draft: "d2"}, []string{"file"}))
		got, err := s.Notices(ctx, "d1")
		must(t, err)
		if diff := cmp.Diff([]handoff.Notice{n}, got); diff != "" {
			t.Fatal(diff)
		}
		claim := func(now, until int) int {
			t.Helper()
			got, err := s.ClaimNotices(ctx, "file", at(now), at(until))
			must(t, err)
			return len(got)
		}
		if first, second := claim(3, 5), claim(4, 6); first != 1 || second != 0 {
			t.Fatalf("claimed %d times by the first and %d by the second", first, second)
		}
		must(t, s.NoticeSent(ctx, n, "file", at(4), "nobody answered"))
		if again := claim(5, 7); again != 1 {
			t.Fatal("what was not sent is not tried again")
		}
		must(t, s.NoticeSent(ctx, n, "file", at(6), ""))
		if again := claim(50, 55); again != 0 {
			t.Fatal("what was sent is sent again")
		}
		if other, err := s.ClaimNotices(ctx, "webhook", at(50), at(55)); err != nil || len(other) != 1 {
			t.Fatalf("the other channel got %d (%v)", len(other), err)
		}
	})
}

func TestAWordIsGivenOnceAndRenewsTheCheck(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB, s *handoffs.Store) {
		ctx := t.Context()
		body := []byte(`{"a":1}`)
		digest, err := db.PutBlob(ctx, body)
		must(t, err)
		r := handoff.Revision{Draft: "d1", N: 1, Digest: digest, Body: body, Check: []byte("waiting"), By: "agent:x", At: at(1)}
		must(t, db.AddRevision(ctx, r))
		a := handoff.Attestation{ID: "at-1", Draft: "d1", Gate: "priority", Role: "portfolio-owner", Digest: digest, By: "person:olga", Text: "read it", At: at(2)}
		must(t, s.AddAttestation(ctx, a))
		again := a
		again.ID = "at-2"
		wantConflict(t, s.AddAttestation(ctx, again))
		got, err := s.Attestations(ctx, "d1")
		must(t, err)
		if diff := cmp.Diff([]handoff.Attestation{a}, got); diff != "" {
			t.Fatal(diff)
		}
		r.Check, r.Passed = []byte("passed"), true
		must(t, s.Recheck(ctx, r))
		now, err := db.Revision(ctx, "d1", 1)
		must(t, err)
		if !now.Passed || string(now.Check) != "passed" || string(now.Body) != string(body) {
			t.Fatalf("%+v", now)
		}
		r.Digest = "sha256:other"
		wantConflict(t, s.Recheck(ctx, r))
	})
}
