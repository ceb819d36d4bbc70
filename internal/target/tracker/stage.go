package tracker

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"roleos/guardrails"
	"roleos/internal/change"
)

// Stage makes a copy of the changes' issues in the staging project, under
// markers of this copy's own. Without a staging project it fails with
// change.ErrNoStaging.
//
// Closing the copy closes its issues and marks them as withdrawn. A process that
// is killed leaves them open; they disturb no later copy.
func (t *Target) Stage(ctx context.Context, changes []guardrails.Change) (change.Stage, error) {
	if t.o.Staging == nil {
		return nil, change.ErrNoStaging
	}
	nonce := make([]byte, 8)
	_, _ = rand.Read(nonce) // never fails since Go 1.24
	s := &stage{name: "st-" + hex.EncodeToString(nonce) + "-"}
	s.desk = desk{tracker: t.o.Staging, most: t.o.MaxIssues, hook: func(string) {}, alias: func(object string) string {
		return s.name + guardrails.Digest([]byte(object))[:16]
	}}
	for _, c := range changes {
		if err := s.copy(ctx, t.desk, c.Object); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// stage is a copy of some issues in another project.
type stage struct {
	desk desk
	name string // begins the markers of this copy
}

func (s *stage) copy(ctx context.Context, from desk, object string) error {
	p, err := from.find(ctx, object)
	if err != nil || p.ticket == nil {
		return err
	}
	t, _, _ := read(*p.ticket)
	made, err := s.desk.tracker.Create(ctx, Issue{Title: t.Title, Text: marked(t.Body, s.desk.alias(object), false), Labels: t.Labels})
	if err != nil || !t.Closed {
		return err
	}
	return s.desk.tracker.Update(ctx, Issue{
		Number: made.Number, Title: t.Title, Text: marked(t.Body, s.desk.alias(object), false), Labels: t.Labels, Closed: true,
	})
}

// Read returns the copy of an object.
func (s *stage) Read(ctx context.Context, object string) (guardrails.State, error) {
	return s.desk.read(ctx, object)
}

// Apply writes to the copy.
func (s *stage) Apply(ctx context.Context, w change.Write) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.desk.apply(ctx, w)
}

// Fingerprint returns a digest over every issue of the copy that is not withdrawn.
func (s *stage) Fingerprint(ctx context.Context) (string, error) {
	var lines []string
	err := s.each(ctx, func(i Issue, marker string, withdrawn bool) error {
		if !withdrawn {
			t, _, _ := read(i)
			lines = append(lines, marker+" "+t.state().Digest)
		}
		return nil
	})
	slices.Sort(lines)
	return guardrails.Digest([]byte(strings.Join(lines, "\n"))), err
}

func (s *stage) each(ctx context.Context, f func(i Issue, marker string, withdrawn bool) error) error {
	return s.desk.walk(ctx, Query{Has: s.name}, func(i Issue) error {
		_, marker, withdrawn := read(i)
		if !strings.HasPrefix(marker, s.name) {
			return nil
		}
		return f(i, marker, withdrawn)
	})
}

// Close closes what the copy has left open.
func (s *stage) Close() error {
	ctx := context.Background()
	var left []Issue
	err := s.each(ctx, func(i Issue, marker string, withdrawn bool) error {
		if !withdrawn {
			t, _, _ := read(i)
			i.Text, i.Closed = marked(t.Body, marker, true), true
			left = append(left, i)
		}
		return nil
	})
	for _, i := range left {
		if uerr := s.desk.tracker.Update(ctx, i); uerr != nil {
			err = errors.Join(err, fmt.Errorf("close #%d of the copy: %w", i.Number, uerr))
		}
	}
	return err
}
