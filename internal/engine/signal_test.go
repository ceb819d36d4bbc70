package engine_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"roleos/internal/engine"
	"roleos/internal/fault"
	"roleos/internal/store"
	"roleos/internal/store/storetest"
)

func TestASignalReachesTheRunOnceWheneverItComes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Parallel()
		e := open(t, db, engine.Options{})
		arrived := make(chan struct{}, 2)
		w := define(t, e, "waits", func(c *engine.Context, _ int) (string, error) {
			if _, err := engine.Step(c, "arrive", func(context.Context) (int, error) { arrived <- struct{}{}; return 0, nil }); err != nil {
				return "", err
			}
			v, ok, err := engine.Await[note](c, "answer", time.Minute)
			if err != nil || !ok {
				return "", fmt.Errorf("no answer: %w", err)
			}
			_, again, err := engine.Await[note](c, "answer", 20*time.Millisecond)
			return fmt.Sprint(v.Text, " ", v.Count, " ", again), err
		})
		must(t, e.Launch(t.Context()))
		must(t, w.Start(t.Context(), "r", 0))
		<-arrived
		_ = db.InTx(t.Context(), func(ctx context.Context) error { // one that is not committed is none
			must(t, e.Signal(ctx, "r", "answer", "key-0", note{Text: "no"}))
			return context.Canceled
		})
		for range 3 {
			must(t, e.Signal(t.Context(), "r", "answer", "key-1", note{Text: "yes", Count: 3}))
		}
		got, err := w.Wait(t.Context(), "r")
		if err != nil || got != "yes 3 false" {
			t.Fatalf("%q %v", got, err)
		}
		if err := e.Signal(t.Context(), "none", "answer", "k", 1); fault.KindOf(err) != fault.NotFound {
			t.Fatal(err)
		}
	})
}

// TestADeadlineGoesOnWhileNobodyExecutes waits for a signal across a restart.
func TestADeadlineGoesOnWhileNobodyExecutes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		t.Parallel()
		const deadline = 900 * time.Millisecond
		build := func() (*engine.Engine, *engine.Workflow[int, bool]) {
			e := open(t, db, engine.Options{ExecutorID: "one"})
			return e, define(t, e, "waits", func(c *engine.Context, _ int) (bool, error) {
				_, ok, err := engine.Await[int](c, "never", deadline)
				return ok, err
			})
		}
		e, w := build()
		must(t, e.Launch(t.Context()))
		must(t, w.Start(t.Context(), "r", 0))
		time.Sleep(deadline / 3)
		must(t, e.Close(t.Context()))
		time.Sleep(deadline) // over by now

		e, w = build()
		must(t, e.Launch(t.Context()))
		ids, err := e.Resume(t.Context())
		must(t, err)
		begin := time.Now()
		ok, err := w.Wait(t.Context(), "r")
		if err != nil || ok || len(ids) != 1 {
			t.Fatal(ids, ok, err)
		}
		if waited := time.Since(begin); waited > deadline*2/3 {
			t.Fatalf("the wait began anew: %v", waited)
		}
	})
}

func TestEveryPeriodHasOneRunWhateverTheReplicas(t *testing.T) {
	url := storetest.PostgresURL(t)
	t.Parallel()
	const period = 300 * time.Millisecond
	var mu sync.Mutex
	runs := map[time.Time]int{}
	for i := range 2 {
		e := open(t, storetest.Open(t, url), engine.Options{ExecutorID: fmt.Sprint("replica", i)})
		w := define(t, e, "tick", func(c *engine.Context, begin time.Time) (int, error) {
			return engine.Step(c, "count", func(context.Context) (int, error) {
				mu.Lock()
				defer mu.Unlock()
				runs[begin]++
				return 0, nil
			})
		})
		must(t, e.Launch(t.Context()))
		must(t, w.Every(t.Context(), period, func(begin time.Time) time.Time { return begin }))
	}
	enough := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(runs) >= 4
	}
	for begin := time.Now(); !enough(); time.Sleep(period / 10) {
		if time.Since(begin) > 30*time.Second {
			t.Fatal("the periods pass and nothing runs")
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for begin, n := range runs {
		if n != 1 || !begin.Equal(begin.Truncate(period)) {
			t.Errorf("%d runs for %v", n, begin)
		}
	}
}
