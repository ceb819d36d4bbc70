package engine_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"roleos/internal/engine"
	"roleos/internal/store"
	"roleos/internal/store/storetest"
)

// spans notes what an engine shows. Its own span in a context is a name.
type spans struct {
	mu    sync.Mutex
	noted []string
}

type spanKey struct{}

func (s *spans) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noted = append(s.noted, fmt.Sprintf(format, args...))
}

func (s *spans) Run(ctx context.Context, workflow, run, mark string, resumed bool) (context.Context, func(error)) {
	s.note("run %s %s under %q resumed %v", workflow, run, mark, resumed)
	return context.WithValue(ctx, spanKey{}, "run "+run), func(err error) { s.note("end of run %s, failed %v", run, err != nil) }
}

func (s *spans) Step(ctx context.Context, name string) (context.Context, func(error)) {
	in := ctx.Value(spanKey{})
	return context.WithValue(ctx, spanKey{}, "step "+name), func(err error) { s.note("step %s in %v, failed %v", name, in, err != nil) }
}

func (s *spans) Mark(ctx context.Context) string {
	m, _ := ctx.Value(spanKey{}).(string)
	return m
}

func (s *spans) taken() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.noted
	s.noted = nil
	return out
}

// TestSpansFollowARunAcrossProcesses: what asked for a run is known to the process
// that goes on with it after the first one ended.
func TestSpansFollowARunAcrossProcesses(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		seen := &spans{}
		stuck := make(chan struct{}, 1)
		blocking := true
		build := func() (*engine.Engine, *engine.Workflow[int, int]) {
			e := open(t, db, engine.Options{ExecutorID: "replica", Spans: seen})
			return e, define(t, e, "two", func(c *engine.Context, n int) (int, error) {
				n, err := engine.Step(c, "first", func(context.Context) (int, error) { return n + 1, nil })
				if err != nil {
					return 0, err
				}
				if _, err := engine.Tx(c, "written", func(ctx context.Context) (int, error) { return 0, db.SaveMapping(ctx, "m", []byte("x")) }); err != nil {
					return 0, err
				}
				return engine.Step(c, "last", func(ctx context.Context) (int, error) {
					if blocking {
						stuck <- struct{}{}
						<-ctx.Done()
						return 0, ctx.Err()
					}
					return n + 1, nil
				})
			})
		}
		e, w := build()
		must(t, e.Launch(t.Context()))
		must(t, w.Start(context.WithValue(t.Context(), spanKey{}, "request"), "r", 1))
		<-stuck
		must(t, e.Close(t.Context()))
		first := seen.taken()
		for _, want := range []string{`run two r under "request" resumed false`, "step first in run r, failed false", "step written in run r, failed false", "step last in run r, failed true"} {
			if !slices.Contains(first, want) {
				t.Errorf("not seen: %s\nseen: %q", want, first)
			}
		}
		blocking = false
		e, w = build()
		must(t, e.Launch(t.Context()))
		_, err := e.Resume(t.Context())
		must(t, err)
		got, err := w.Wait(t.Context(), "r")
		must(t, err)
		if got != 3 {
			t.Errorf("result %d", got)
		}
		var again []string
		for range 100 { // the result is there before the end is told
			if again = append(again, seen.taken()...); len(again) >= 3 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		want := []string{`run two r under "request" resumed true`, "step last in run r, failed false", "end of run r, failed false"}
		if !slices.Equal(again, want) {
			t.Errorf("after the restart %q, want %q", again, want)
		}
	})
}
