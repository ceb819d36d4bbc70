package sql

import (
	"context"
	"time"

	"roleos/guardrails"
	"roleos/internal/change"
)

// abandoned is how old a copy is that a killed process must have left.
const abandoned = 24 * time.Hour

// Stage returns a copy of the whole database, or change.ErrNoStaging when it is
// larger than the limit or there is nowhere to put it. Close removes it.
func (t *Target) Stage(ctx context.Context, _ []guardrails.Change) (change.Stage, error) {
	db, remove, err := t.db.copy(ctx)
	if err != nil {
		return nil, err
	}
	return &stage{Target: &Target{db: db, limits: t.limits, hook: func(string) {}}, remove: remove}, nil
}

// stage is a copy; it reads and applies as the original does.
type stage struct {
	*Target
	remove func() error
}

// Fingerprint returns a digest of every row of the copy and of its schema. What
// is not rolled back does not count: sequences, counters, and roleos_effects.
func (s *stage) Fingerprint(ctx context.Context) (string, error) { return s.db.fingerprint(ctx) }

// Close removes the copy.
func (s *stage) Close() error { return s.remove() }
