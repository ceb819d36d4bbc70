package vec

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// Blocks calls f for consecutive ranges [lo,hi) of at most size items that together cover 0..n-1, on up to
// GOMAXPROCS goroutines. The ranges depend on n and size alone, so a result kept per range and joined in order
// is the same on any machine. It stops handing out ranges when ctx ends and returns ctx's error.
func Blocks(ctx context.Context, n, size int, f func(lo, hi int)) error {
	size = max(size, 1)
	count := (n + size - 1) / size
	workers := min(runtime.GOMAXPROCS(0), count)
	if workers <= 1 {
		for b := range count {
			if err := ctx.Err(); err != nil {
				return err
			}
			f(b*size, min((b+1)*size, n))
		}
		return ctx.Err()
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for ctx.Err() == nil {
				b := int(next.Add(1)) - 1
				if b >= count {
					return
				}
				f(b*size, min((b+1)*size, n))
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}
