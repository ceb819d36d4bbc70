package pipeline

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"roleos/internal/llm"
)

// provider takes log-normal time per call, 2 s in the mean, and refuses what is
// beyond its tokens a minute.
type provider struct {
	mu       sync.Mutex
	chance   *rand.Rand
	bucket   bucket
	refused  atomic.Int64
	busy     atomic.Int64 // nanoseconds of all calls
	inFlight atomic.Int64
	most     atomic.Int64
}

const meanLatency = 2 * time.Second

func (p *provider) generate(ctx context.Context, _ int, r llm.Request) (llm.Response, error) {
	p.mu.Lock()
	p.bucket.fill(time.Now())
	const sigma = 0.5
	took := time.Duration(float64(meanLatency) * math.Exp(sigma*p.chance.NormFloat64()-sigma*sigma/2))
	rate := &llm.Rate{RequestLimit: -1, RequestsLeft: -1, TokenLimit: int(p.bucket.size), TokensLeft: int(p.bucket.level)}
	if p.bucket.size > 0 && p.bucket.level < 100 {
		p.mu.Unlock()
		p.refused.Add(1)
		return llm.Response{}, &llm.Error{Kind: llm.RateLimited, Status: 429, RetryAfter: 2 * time.Second, Rate: rate}
	}
	p.bucket.take(100)
	p.mu.Unlock()
	p.most.Store(max(p.most.Load(), p.inFlight.Add(1)))
	defer p.inFlight.Add(-1)
	select {
	case <-time.After(took):
	case <-ctx.Done():
		return llm.Response{}, ctx.Err()
	}
	p.busy.Add(int64(took))
	out := says("ok")
	out.Usage = llm.Usage{Input: 60, Output: 40}
	if p.bucket.size > 0 {
		out.Rate = rate
	}
	return out, nil
}

// A run of many calls takes hardly longer than its calls side by side, or than
// the provider's rate lets it, and does not storm the provider. Time is virtual.
func TestManyCallsTakeHardlyLongerThanTheyMust(t *testing.T) {
	for _, c := range []struct {
		name            string
		calls, parallel int
		perMinute       float64 // tokens
	}{
		{"bound by concurrency", 6400, 64, 0},
		{"bound by the rate", 3200, 64, 120_000}, // 1200 calls a minute of some 1920 possible
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &provider{chance: rand.New(rand.NewPCG(1, 2))} //nolint:gosec // latencies, not secrets
				p.bucket.set(c.perMinute, time.Now())
				m := &scripted{do: p.generate}
				o := options(m)
				o.Concurrency, o.Attempts, o.TokensPerMinute = c.parallel, 10, int(c.perMinute)
				s := New(o).For()
				began := time.Now()
				var wg sync.WaitGroup
				for i := range c.calls {
					wg.Go(func() {
						r := ask(fmt.Sprint(i))
						r.MaxOutput = 40
						if _, err := s.Generate(t.Context(), r); err != nil {
							t.Error(err)
						}
					})
				}
				wg.Wait()
				took := time.Since(began)
				least := time.Duration(p.busy.Load() / int64(c.parallel))
				if c.perMinute > 0 { // the first minute's tokens are there at once; the last call begins when its tokens are
					byRate := time.Duration((float64(c.calls)*100/c.perMinute - 1) * float64(time.Minute))
					least = max(least, byRate+meanLatency)
				}
				if float64(took) > 1.05*float64(least) {
					t.Errorf("took %s, at least %s is needed", took, least)
				}
				if p.refused.Load() > int64(c.calls/100) || p.most.Load() > int64(c.parallel) {
					t.Errorf("%d refused, %d at once", p.refused.Load(), p.most.Load())
				}
				t.Logf("%d calls took %s, ideal %s (%.3f), %d refused", c.calls, took.Round(time.Millisecond), least.Round(time.Millisecond), float64(took)/float64(least), p.refused.Load())
			})
		})
	}
}

// BenchmarkOverhead is what the pipeline itself costs per call.
func BenchmarkOverhead(b *testing.B) {
	m := &scripted{do: func(context.Context, int, llm.Request) (llm.Response, error) { return says("ok"), nil }}
	s := New(options(m)).For()
	r := ask("x")
	for b.Loop() {
		if _, err := s.Generate(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
}
