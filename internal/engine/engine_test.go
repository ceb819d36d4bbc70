package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"roleos/internal/engine"
	"roleos/internal/fault"
	"roleos/internal/store"
	"roleos/internal/store/storetest"
)

var _ engine.Store = (*store.DB)(nil)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, db *store.DB, o engine.Options) *engine.Engine {
	t.Helper()
	o.DB = db
	e, err := engine.Open(t.Context(), o)
	must(t, err)
	t.Cleanup(func() { must(t, e.Close(context.Background())) })
	return e
}

func define[I, O any](t testing.TB, e *engine.Engine, name string, f func(c *engine.Context, in I) (O, error)) *engine.Workflow[I, O] {
	t.Helper()
	w, err := engine.Define(e, name, f)
	must(t, err)
	return w
}

type note struct {
	Text  string
	Count int
	At    time.Time
}

func TestARunReturnsWhatItsStepsMade(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		e := open(t, db, engine.Options{})
		var calls atomic.Int32
		w := define(t, e, "notes", func(c *engine.Context, in note) (note, error) {
			a, err := engine.Step(c, "first", func(context.Context) (int, error) { calls.Add(1); return in.Count + 1, nil })
			if err != nil {
				return note{}, err
			}
			b, err := engine.Tx(c, "second", func(ctx context.Context) (string, error) {
				calls.Add(1)
				return in.Text + "!", db.SaveMapping(ctx, "m", []byte(in.Text))
			})
			return note{Text: b, Count: a, At: in.At}, err
		})
		must(t, e.Launch(t.Context()))
		in := note{Text: "häh", Count: 41, At: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)}
		var wg sync.WaitGroup
		for range 8 { // the same id many times at once is once
			wg.Go(func() {
				if err := w.Start(t.Context(), "r1", in); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for range 2 { // and its result can be had again
			got, err := w.Wait(t.Context(), "r1")
			must(t, err)
			if want := (note{Text: "häh!", Count: 42, At: in.At}); got != want {
				t.Fatalf("%+v, want %+v", got, want)
			}
		}
		if calls.Load() != 2 {
			t.Fatalf("%d calls, want 2", calls.Load())
		}
		if b, err := db.Mapping(t.Context(), "m"); err != nil || string(b) != "häh" {
			t.Fatalf("%q %v", b, err)
		}
		_, err := w.Wait(t.Context(), "r2")
		if fault.KindOf(err) != fault.NotFound {
			t.Fatal(err)
		}
	})
}

func TestAFailureKeepsItsKindAndAdvice(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		e := open(t, db, engine.Options{})
		boom := fault.New(fault.Exhausted, "llm.call", "the budget of 5 USD is used up").WithMend("raise it")
		w := define(t, e, "fails", func(c *engine.Context, how string) (string, error) {
			return engine.Step(c, "step", func(context.Context) (string, error) {
				switch how {
				case "fault":
					return "", boom
				case "panic":
					panic("a bug")
				}
				return "", errors.New("plain")
			})
		})
		must(t, e.Launch(t.Context()))
		for how, want := range map[string]struct {
			kind fault.Kind
			text string
		}{"fault": {fault.Exhausted, boom.Error()}, "plain": {fault.Internal, "plain"}, "panic": {fault.Internal, "defect"}} {
			must(t, w.Start(t.Context(), how, how))
			_, err := w.Wait(t.Context(), how)
			if fault.KindOf(err) != want.kind || !strings.Contains(err.Error(), want.text) {
				t.Errorf("%s: %s %v", how, fault.KindOf(err), err)
			}
		}
	})
}

func TestATransactionThatFailsLeavesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		e := open(t, db, engine.Options{})
		w := define(t, e, "undo", func(c *engine.Context, _ int) (bool, error) {
			_, err := engine.Tx(c, "bad", func(ctx context.Context) (int, error) {
				if err := db.SaveMapping(ctx, "bad", []byte("x")); err != nil {
					return 0, err
				}
				return 0, fault.New(fault.Denied, "gate", "no")
			})
			if fault.KindOf(err) != fault.Denied {
				return false, fmt.Errorf("the step's error is %w", err)
			}
			return engine.Tx(c, "good", func(ctx context.Context) (bool, error) { return true, db.SaveMapping(ctx, "good", []byte("x")) })
		})
		must(t, e.Launch(t.Context()))
		must(t, w.Start(t.Context(), "r", 0))
		ok, err := w.Wait(t.Context(), "r")
		must(t, err)
		if _, err := db.Mapping(t.Context(), "bad"); !ok || fault.KindOf(err) != fault.NotFound {
			t.Fatalf("a failed transaction's write is there: %v", err)
		}
		_, err = db.Mapping(t.Context(), "good")
		must(t, err)
	})
}

func TestTransactionsOfManyRunsLoseNoUpdate(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		e := open(t, db, engine.Options{})
		must(t, db.SaveMapping(t.Context(), "sum", []byte{0}))
		w := define(t, e, "add", func(c *engine.Context, n byte) (byte, error) {
			return engine.Tx(c, "add", func(ctx context.Context) (byte, error) {
				b, err := db.Mapping(ctx, "sum")
				if err != nil {
					return 0, err
				}
				time.Sleep(time.Millisecond) // so that they meet
				return b[0] + n, db.SaveMapping(ctx, "sum", []byte{b[0] + n})
			})
		})
		must(t, e.Launch(t.Context()))
		for i := range 6 {
			must(t, w.Start(t.Context(), fmt.Sprint("r", i), 3))
		}
		for i := range 6 {
			if _, err := w.Wait(t.Context(), fmt.Sprint("r", i)); err != nil {
				t.Error(err)
			}
		}
		if b, err := db.Mapping(t.Context(), "sum"); err != nil || b[0] != 18 {
			t.Fatal(b, err)
		}
	})
}

func TestMapKeepsOrderBoundsWorkAndStopsAtAFailure(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		e := open(t, db, engine.Options{})
		var now, most, calls atomic.Int32
		w := define(t, e, "map", func(c *engine.Context, bad int) ([]string, error) {
			items := make([]int, 40)
			for i := range items {
				items[i] = i
			}
			out, err := engine.Map(c, "item", items, 4, func(_ context.Context, i int) (string, error) {
				calls.Add(1)
				most.Store(max(most.Load(), now.Add(1)))
				defer now.Add(-1)
				time.Sleep(2 * time.Millisecond)
				if i == bad {
					return "", fault.New(fault.Invalid, "item", "item %d is bad", i)
				}
				return fmt.Sprint(i * i), nil
			})
			if err != nil {
				return nil, err
			}
			return engine.Step(c, "behind", func(context.Context) ([]string, error) { return out, nil })
		})
		must(t, e.Launch(t.Context()))
		must(t, w.Start(t.Context(), "good", -1))
		out, err := w.Wait(t.Context(), "good")
		must(t, err)
		if len(out) != 40 || out[7] != "49" || out[39] != "1521" || most.Load() > 4 || most.Load() < 2 || calls.Load() != 40 {
			t.Fatalf("%v, %d at a time, %d calls", out, most.Load(), calls.Load())
		}
		calls.Store(0)
		must(t, w.Start(t.Context(), "bad", 5))
		_, err = w.Wait(t.Context(), "bad")
		if err == nil || err.Error() != "item 5 is bad" || calls.Load() > 20 {
			t.Fatalf("%v after %d calls", err, calls.Load())
		}
	})
}

func TestCancelEndsAStepUnderWayAndBeginsNoOther(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		e := open(t, db, engine.Options{})
		begun, ended := make(chan struct{}), make(chan struct{})
		var second atomic.Bool
		w := define(t, e, "long", func(c *engine.Context, _ int) (int, error) {
			_, _ = engine.Step(c, "wait", func(ctx context.Context) (int, error) {
				close(begun)
				<-ctx.Done()
				close(ended)
				return 0, ctx.Err()
			})
			return engine.Step(c, "second", func(context.Context) (int, error) { second.Store(true); return 2, nil })
		})
		must(t, e.Launch(t.Context()))
		must(t, w.Start(t.Context(), "r", 0))
		<-begun
		must(t, e.Cancel(t.Context(), "r"))
		<-ended
		_, err := w.Wait(t.Context(), "r")
		if fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "cancelled") || second.Load() {
			t.Fatalf("%v, second step ran: %v", err, second.Load())
		}
		if err := e.Cancel(t.Context(), "none"); fault.KindOf(err) != fault.NotFound {
			t.Fatal(err)
		}
	})
}

// TestCloseInTheMiddleAndResume closes the engine while a step is under way,
// opens another on the same store and lets it finish.
func TestCloseInTheMiddleAndResume(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var calls [3]atomic.Int32
		stuck := make(chan struct{}, 1)
		var blocking atomic.Bool
		blocking.Store(true)
		build := func() (*engine.Engine, *engine.Workflow[int, int]) {
			e := open(t, db, engine.Options{ExecutorID: "replica"})
			return e, define(t, e, "three", func(c *engine.Context, n int) (int, error) {
				for i := range 3 {
					var err error
					if n, err = engine.Step(c, fmt.Sprint("s", i), func(ctx context.Context) (int, error) {
						calls[i].Add(1)
						if i == 1 && blocking.Load() {
							stuck <- struct{}{}
							<-ctx.Done()
							return 0, ctx.Err()
						}
						return n + 1, nil
					}); err != nil {
						return 0, err
					}
				}
				return n, nil
			})
		}
		e, w := build()
		must(t, e.Launch(t.Context()))
		must(t, w.Start(t.Context(), "r", 10))
		<-stuck
		waited := make(chan error, 1)
		go func() { _, err := w.Wait(t.Context(), "r"); waited <- err }()
		time.Sleep(20 * time.Millisecond)
		must(t, e.Close(t.Context()))
		if err := <-waited; fault.KindOf(err) != fault.Unavailable {
			t.Fatalf("who waited was told %v", err)
		}

		blocking.Store(false)
		e, w = build()
		must(t, e.Launch(t.Context()))
		ids, err := e.Resume(t.Context())
		must(t, err)
		if !slices.Equal(ids, []string{"r"}) {
			t.Fatalf("resumed %v", ids)
		}
		must(t, w.Start(t.Context(), "r", 10)) // changes nothing
		got, err := w.Wait(t.Context(), "r")
		must(t, err)
		if got != 13 || calls[0].Load() != 1 || calls[1].Load() != 2 || calls[2].Load() != 1 {
			t.Fatalf("result %d, calls %d %d %d", got, calls[0].Load(), calls[1].Load(), calls[2].Load())
		}
		if ids, err := e.Resume(t.Context()); err != nil || len(ids) != 0 {
			t.Fatalf("a finished run is resumed: %v %v", ids, err)
		}
	})
}

func TestAnInterruptedRunIsOnlyResumedWhenAsked(t *testing.T) {
	db := storetest.Open(t, storetest.SQLiteURL(t))
	var calls atomic.Int32
	build := func() (*engine.Engine, *engine.Workflow[int, int]) {
		e := open(t, db, engine.Options{ExecutorID: "me"})
		w := define(t, e, "w", func(c *engine.Context, n int) (int, error) {
			return engine.Step(c, "s", func(ctx context.Context) (int, error) {
				if calls.Add(1) == 1 {
					<-ctx.Done()
				}
				return n, ctx.Err()
			})
		})
		return e, w
	}
	e, w := build()
	must(t, e.Launch(t.Context()))
	must(t, w.Start(t.Context(), "r", 5))
	for calls.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	must(t, e.Close(t.Context()))

	// One that dies after claiming, before executing, leaves the run queued.
	_, err := db.Exec(t.Context(), `UPDATE workflow_status SET status = 'ENQUEUED', queue_name = '_dbos_internal_queue'`)
	must(t, err)

	e, w = build()
	must(t, e.Launch(t.Context()))
	must(t, w.Start(t.Context(), "other", 6)) // executes, but not what nobody asked for
	if n, err := w.Wait(t.Context(), "other"); err != nil || n != 6 {
		t.Fatal(n, err)
	}
	time.Sleep(100 * time.Millisecond)
	must(t, e.Close(t.Context()))
	if calls.Load() != 2 {
		t.Fatal("a run went on though nobody asked")
	}

	e, w = build()
	must(t, e.Launch(t.Context()))
	ids, err := e.Resume(t.Context())
	must(t, err)
	if n, err := w.Wait(t.Context(), "r"); err != nil || n != 5 || len(ids) != 1 || calls.Load() != 3 {
		t.Fatal(ids, n, err)
	}
}

// TestAChangedStepListFailsTheRunInFlightAndSaysSo upgrades the step list under
// a run that is half done, and shows that a phase not yet begun is not touched.
func TestAChangedStepListFailsTheRunInFlightAndSaysSo(t *testing.T) {
	db := storetest.Open(t, storetest.SQLiteURL(t))
	build := func(release int, block bool) (*engine.Engine, *engine.Workflow[int, string]) {
		e := open(t, db, engine.Options{Version: fmt.Sprint(release)})
		w := define(t, e, "draft", func(c *engine.Context, _ int) (string, error) {
			names := []string{"ingest", "analyse"}
			if release == 2 {
				names = []string{"ingest-v2", "mask", "analyse"}
			}
			for i, name := range names {
				if _, err := engine.Step(c, name, func(ctx context.Context) (int, error) {
					if block && i == 1 {
						<-ctx.Done()
					}
					return i, ctx.Err()
				}); err != nil {
					return "", err
				}
			}
			return fmt.Sprint("release ", release), nil
		})
		return e, w
	}
	e, w := build(1, true)
	must(t, e.Launch(t.Context()))
	must(t, w.Start(t.Context(), "in-flight", 0))
	time.Sleep(50 * time.Millisecond)
	must(t, e.Close(t.Context()))

	e, w = build(2, false)
	must(t, e.Launch(t.Context()))
	ids, err := e.Resume(t.Context())
	must(t, err)
	if !slices.Equal(ids, []string{"in-flight"}) {
		t.Fatal(ids)
	}
	_, err = w.Wait(t.Context(), "in-flight")
	if fault.KindOf(err) != fault.Stale || !strings.Contains(err.Error(), "steps were others") {
		t.Fatalf("%s: %v", fault.KindOf(err), err)
	}
	must(t, w.Start(t.Context(), "next-phase", 0))
	if got, err := w.Wait(t.Context(), "next-phase"); err != nil || got != "release 2" {
		t.Fatal(got, err)
	}
}

func TestMisuseIsRefused(t *testing.T) {
	db := storetest.Open(t, storetest.SQLiteURL(t))
	e := open(t, db, engine.Options{})
	f := func(*engine.Context, int) (int, error) { return 0, nil }
	w := define(t, e, "w", f)
	if _, err := engine.Define(e, "w", f); err == nil {
		t.Error("a name was taken twice")
	}
	must(t, e.Launch(t.Context()))
	if _, err := engine.Define(e, "late", f); err == nil {
		t.Error("a workflow was defined after the launch")
	}
	if err := w.Start(t.Context(), "", 0); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
	err := db.InTx(t.Context(), func(ctx context.Context) error { return w.Start(ctx, "r", 0) })
	if err == nil || !strings.Contains(err.Error(), "inside a transaction") {
		t.Error(err)
	}
	must(t, e.Close(t.Context()))
	must(t, e.Close(t.Context()))
	_, err = db.Draft(t.Context(), "x") // the store outlives the engine
	if fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
}
