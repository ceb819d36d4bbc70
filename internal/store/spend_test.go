package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"roleos/internal/llm/budget"
	"roleos/internal/store"
	"roleos/internal/store/storetest"
)

// However many ask at once, what is reserved never passes the limit, and what
// fits is not refused.
func TestAHundredCallsNeverPassOneBudget(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		day := budget.Account{Name: "day:2026-09-01", Limit: budget.Spend{Tokens: 10_000}}
		need := budget.Spend{Calls: 1, Tokens: 300}
		var wg sync.WaitGroup
		var mu sync.Mutex
		admitted := 0
		for i := range 100 {
			wg.Go(func() {
				run := budget.Account{Name: fmt.Sprintf("run:%d", i)}
				err := db.Reserve(t.Context(), fmt.Sprintf("call-%d", i), need, []budget.Account{run, day})
				if _, over := errors.AsType[*budget.Exceeded](err); err != nil && !over {
					t.Errorf("call %d: %v", i, err)
				}
				if err != nil {
					return
				}
				mu.Lock()
				admitted++
				mu.Unlock()
				if i%2 == 0 {
					must(t, db.Settle(t.Context(), fmt.Sprintf("call-%d", i), budget.Spend{Calls: 1, Tokens: 300}))
				}
			})
		}
		wg.Wait()
		if admitted != 33 { // 33 * 300 <= 10000
			t.Errorf("%d calls were let through, 33 fit", admitted)
		}
		used, open, err := db.Spent(t.Context(), day.Name)
		must(t, err)
		if got := used.Plus(open); got.Tokens != int64(admitted)*300 || got.Calls != int64(admitted) {
			t.Errorf("counted %+v for %d calls", got, admitted)
		}
	})
}

func TestWhatIsRefusedLeavesNoTrace(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		wide := budget.Account{Name: "a-wide", Limit: budget.Spend{Tokens: 1000}}
		narrow := budget.Account{Name: "b-narrow", Limit: budget.Spend{Tokens: 10, Millis: 50}}
		err := db.Reserve(ctx, "c1", budget.Spend{Calls: 1, Tokens: 100}, []budget.Account{narrow, wide})
		over, ok := errors.AsType[*budget.Exceeded](err)
		if !ok || over.Account != "b-narrow" || over.What != "tokens" || over.Waits() {
			t.Fatalf("%v", err)
		}
		if used, open, err := db.Spent(ctx, "a-wide"); err != nil || used.Plus(open) != (budget.Spend{}) {
			t.Errorf("the wide account holds %+v %+v (%v)", used, open, err)
		}
		must(t, db.Reserve(ctx, "c2", budget.Spend{Calls: 1, Tokens: 5}, []budget.Account{narrow, wide}))
		must(t, db.Settle(ctx, "c2", budget.Spend{Calls: 1, Tokens: 3, Millis: 60}))
		must(t, db.Settle(ctx, "c2", budget.Spend{Calls: 1, Tokens: 3, Millis: 60})) // twice is once
		must(t, db.Settle(ctx, "unknown", budget.Spend{Calls: 9}))
		used, open, err := db.Spent(ctx, "b-narrow")
		must(t, err)
		if want := (budget.Spend{Calls: 1, Tokens: 3, Millis: 60}); used != want || open != (budget.Spend{}) {
			t.Errorf("used %+v open %+v", used, open)
		}
		err = db.Reserve(ctx, "c3", budget.Spend{Calls: 1, Tokens: 1}, []budget.Account{narrow})
		if over, ok := errors.AsType[*budget.Exceeded](err); !ok || over.What != "time" {
			t.Errorf("the time is used up, got %v", err)
		}
	})
}

func TestAnswersAreKeptOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		if _, found, err := db.Answer(ctx, "k"); found || err != nil {
			t.Fatal(found, err)
		}
		must(t, db.KeepAnswer(ctx, "k", []byte("one")))
		must(t, db.KeepAnswer(ctx, "k", []byte("two")))
		if body, found, err := db.Answer(ctx, "k"); string(body) != "one" || !found || err != nil {
			t.Errorf("%q %v %v", body, found, err)
		}
	})
}
