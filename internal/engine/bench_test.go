package engine_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"roleos/internal/engine"
	"roleos/internal/store"
	"roleos/internal/store/storetest"
)

// sixSteps opens a store and an engine, runs a workflow of six steps, two of them
// transactions, and closes both: what one command pays for being durable.
func sixSteps(b *testing.B, url, id string) {
	ctx := b.Context()
	db, err := store.Open(ctx, store.Options{URL: url})
	must(b, err)
	e, err := engine.Open(ctx, engine.Options{DB: db})
	must(b, err)
	w, err := engine.Define(e, "six", func(c *engine.Context, n int) (int, error) {
		for i := range 6 {
			do := engine.Step[int]
			if i%3 == 2 {
				do = engine.Tx[int]
			}
			var err error
			if n, err = do(c, fmt.Sprint("step", i), func(ctx context.Context) (int, error) {
				if i%3 == 2 {
					return n + 1, db.SaveMapping(ctx, "six", []byte{byte(n)})
				}
				return n + 1, nil
			}); err != nil {
				return 0, err
			}
		}
		return n, nil
	})
	must(b, err)
	must(b, e.Launch(ctx))
	must(b, w.Start(ctx, id, 0))
	if n, err := w.Wait(ctx, id); err != nil || n != 6 {
		b.Fatal(n, err)
	}
	must(b, e.Close(ctx))
	must(b, db.Close())
}

// BenchmarkOneCommand reports the least time as well: disks and neighbours make
// the mean noisy.
func BenchmarkOneCommand(b *testing.B) {
	measure := func(b *testing.B, f func(n int)) {
		least := time.Hour
		n := 0
		for b.Loop() {
			n++
			begin := time.Now()
			f(n)
			least = min(least, time.Since(begin))
		}
		b.ReportMetric(float64(least.Microseconds())/1000, "least-ms")
	}
	b.Run("fresh", func(b *testing.B) {
		dir := b.TempDir()
		measure(b, func(n int) { sixSteps(b, fmt.Sprintf("sqlite:%s/%d/roleos.db", dir, n), "r") })
	})
	b.Run("existing", func(b *testing.B) {
		url := storetest.SQLiteURL(b)
		sixSteps(b, url, "r0")
		b.ResetTimer()
		measure(b, func(n int) { sixSteps(b, url, fmt.Sprint("r", n)) })
	})
}

// BenchmarkCalls is 200 calls of 20 ms, 16 at a time; the ideal is 260 ms.
func BenchmarkCalls(b *testing.B) {
	for name, url := range map[string]func(testing.TB) string{"sqlite": storetest.SQLiteURL, "postgres": storetest.PostgresURL} {
		b.Run(name, func(b *testing.B) {
			e := open(b, storetest.Open(b, url(b)), engine.Options{})
			w := define(b, e, "calls", func(c *engine.Context, n int) (int, error) {
				out, err := engine.Map(c, "call", make([]int, n), 16, func(context.Context, int) (int, error) {
					time.Sleep(20 * time.Millisecond)
					return 1, nil
				})
				return len(out), err
			})
			must(b, e.Launch(b.Context()))
			n := 0
			for b.Loop() {
				n++
				must(b, w.Start(b.Context(), fmt.Sprint("r", n), 200))
				if got, err := w.Wait(b.Context(), fmt.Sprint("r", n)); err != nil || got != 200 {
					b.Fatal(got, err)
				}
			}
		})
	}
}
