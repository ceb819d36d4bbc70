package pipeline

import (
	"sync"
	"time"
)

// breaker leaves a provider alone for a while when most of its last calls
// failed, then lets one call try.
type breaker struct {
	now func() time.Time

	mu     sync.Mutex
	failed [breakOf]bool
	next   int       // where the next outcome goes
	until  time.Time // open until then; zero when closed
	trying bool      // one call tries whether the provider is well again
}

// admit returns 0 when a call may be made, or how long to wait.
func (b *breaker) admit() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch now := b.now(); {
	case b.until.IsZero():
		return 0
	case now.Before(b.until):
		return b.until.Sub(now)
	case b.trying:
		return firstDelay
	}
	b.trying = true
	return 0
}

// open reports whether the provider is left alone now.
func (b *breaker) open() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now().Before(b.until)
}

// note takes the outcome of an admitted call; asked is false for one that never
// reached the provider.
func (b *breaker) note(asked, failed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.until.IsZero() {
		if b.trying = false; !asked {
			return
		}
		if b.until = (time.Time{}); failed {
			b.until = b.now().Add(breakFor)
		}
		b.failed = [breakOf]bool{}
		return
	}
	if !asked {
		return
	}
	b.failed[b.next] = failed
	b.next = (b.next + 1) % breakOf
	n := 0
	for _, f := range b.failed {
		if f {
			n++
		}
	}
	if n >= breakAfter {
		b.until = b.now().Add(breakFor)
	}
}
