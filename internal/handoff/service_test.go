package handoff_test

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/handoff"
	"roleos/internal/store"
)

// gate passes every body that does not hold the word "broken".
type gate struct{}

func (gate) Check(_ context.Context, s handoff.Subject) (handoff.Check, error) {
	ok := !bytes.Contains(s.Body, []byte("broken"))
	return handoff.Check{Passed: ok, Ready: ok, Report: []byte("{}")}, nil
}

// trail keeps what was audited.
type trail struct {
	mu   sync.Mutex
	seen []string
}

func (l *trail) Append(_ context.Context, kind, actor, subject string, _ any) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = append(l.seen, kind+" "+actor+" "+subject)
	return nil
}

type desk struct {
	*handoff.Service
	trail *trail
}

func newDesk(t *testing.T, team bool) desk {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "roleos.db"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	set, err := db.PutRecords(t.Context(), store.RecordSet{Records: []evidence.Record{{ID: "r1", Text: "the export is slow"}}})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	n := 0
	d := desk{trail: &trail{}}
	d.Service = &handoff.Service{
		Drafts: db, Reviews: db, Evidence: db, Gate: gate{}, Audit: d.trail, Tx: db, Team: team,
		Editors: map[string]handoff.Editor{"note": func(_, edit []byte, by string, _ []evidence.Record) ([]byte, string, error) {
			return edit, "rewritten by " + by, nil
		}},
		Now: func() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) },
		NewID: func(prefix string) string {
			mu.Lock()
			defer mu.Unlock()
			n++
			return fmt.Sprintf("%s-%d", prefix, n)
		},
	}
	for id, body := range map[string]string{"good": "fine", "bad": "broken"} {
		_, _, err := d.Submit(t.Context(), handoff.Submission{
			ID: id, Kind: "note", Title: id, Agent: "feedback-river", Run: "run-1", Records: set, Contract: "note@1.0.0", Body: []byte(body),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func (d desk) act(t *testing.T, a handoff.Act) (handoff.Draft, handoff.Revision, error) {
	t.Helper()
	if a.Draft == "" {
		a.Draft = "good"
	}
	if a.By == "" {
		a.By = "person:ada"
	}
	return d.Review(t.Context(), a)
}

func TestADraftThatFailsItsContractWaitsForNobody(t *testing.T) {
	d := newDesk(t, false)
	got, err := d.Drafts.Draft(t.Context(), "bad")
	if err != nil || got.State != handoff.Drafted {
		t.Fatalf("state %s (%v), want drafted", got.State, err)
	}
	_, _, err = d.act(t, handoff.Act{Draft: "bad", Verdict: handoff.Approve})
	if fault.KindOf(err) != fault.Denied {
		t.Errorf("approving it: %v, want a denial", err)
	}
	after, rev, err := d.act(t, handoff.Act{Draft: "bad", Verdict: handoff.Edit, Edit: []byte("mended")})
	if err != nil || after.State != handoff.InReview || rev.N != 2 || !rev.Passed {
		t.Errorf("after mending: %s revision %d passed %v (%v)", after.State, rev.N, rev.Passed, err)
	}
}

func TestReviewVerdicts(t *testing.T) {
	for _, c := range []struct {
		name string
		act  handoff.Act
		want handoff.State
		kind fault.Kind // of the error, when want is empty
	}{
		{"approve", handoff.Act{Verdict: handoff.Approve}, handoff.Approved, 0},
		{"comment opens it", handoff.Act{Verdict: handoff.Comment, Text: "why so few?"}, handoff.InReview, 0},
		{"an empty comment says nothing", handoff.Act{Verdict: handoff.Comment, Text: " "}, "", fault.Invalid},
		{"request changes", handoff.Act{Verdict: handoff.RequestChanges, Text: "two themes are one"}, handoff.Drafted, 0},
		{"request changes without a reason", handoff.Act{Verdict: handoff.RequestChanges}, "", fault.Invalid},
		{"reject", handoff.Act{Verdict: handoff.Reject, Text: "wrong export"}, handoff.Rejected, 0},
		{"an agent cannot review", handoff.Act{By: "agent:feedback-river", Verdict: handoff.Approve}, "", fault.Denied},
		{"an unnamed reviewer cannot review", handoff.Act{By: "ada", Verdict: handoff.Approve}, "", fault.Denied},
		{"a verdict on an older revision", handoff.Act{Verdict: handoff.Approve, Digest: "sha256:00"}, "", fault.Stale},
		{"an unknown verdict", handoff.Act{Verdict: "yes"}, "", fault.Invalid},
		{"a missing draft", handoff.Act{Draft: "none", Verdict: handoff.Approve}, "", fault.NotFound},
		{"an edit that changes nothing", handoff.Act{Verdict: handoff.Edit, Edit: []byte("fine")}, "", fault.Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, false)
			before := len(d.trail.seen)
			got, _, err := d.act(t, c.act)
			switch {
			case c.want != "" && (err != nil || got.State != c.want):
				t.Errorf("state %s (%v), want %s", got.State, err, c.want)
			case c.want == "" && fault.KindOf(err) != c.kind:
				t.Errorf("error %v, want %s", err, c.kind)
			}
			if logged := len(d.trail.seen) > before; logged != (err == nil) {
				t.Errorf("audited: %v, though the error is %v", logged, err)
			}
		})
	}
}

func TestWhoWroteARevisionDoesNotApproveItInATeam(t *testing.T) {
	for _, team := range []bool{true, false} {
		d := newDesk(t, team)
		if _, _, err := d.act(t, handoff.Act{Verdict: handoff.Edit, Edit: []byte("better")}); err != nil {
			t.Fatal(err)
		}
		_, _, err := d.act(t, handoff.Act{Verdict: handoff.Approve})
		if denied := fault.KindOf(err) == fault.Denied && err != nil; denied != team {
			t.Errorf("team %v: %v", team, err)
		}
		if !team {
			continue
		}
		if _, _, err := d.act(t, handoff.Act{By: "person:grace", Verdict: handoff.Approve}); err != nil {
			t.Errorf("a second person: %v", err)
		}
	}
}

func TestAnEditVoidsTheApproval(t *testing.T) {
	d := newDesk(t, false)
	_, approved, err := d.act(t, handoff.Act{Verdict: handoff.Approve})
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := d.act(t, handoff.Act{Verdict: handoff.Edit, Edit: []byte("better")})
	if err != nil || got.State != handoff.InReview {
		t.Fatalf("state %s (%v)", got.State, err)
	}
	if _, err := d.Published(t.Context(), "good", approved.Digest, "person:ada"); fault.KindOf(err) != fault.Stale {
		t.Errorf("publishing the old revision: %v, want stale", err)
	}
}

func TestPublishingTwiceIsOnce(t *testing.T) {
	d := newDesk(t, false)
	_, rev, err := d.act(t, handoff.Act{Verdict: handoff.Approve})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := d.Published(t.Context(), "good", rev.Digest, "person:ada"); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for _, line := range d.trail.seen {
		if strings.HasPrefix(line, "draft.published") {
			n++
		}
	}
	if n != 1 {
		t.Errorf("published %d times", n)
	}
	if _, _, err := d.act(t, handoff.Act{Verdict: handoff.Comment, Text: "late"}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a review after publication: %v, want a conflict", err)
	}
}

func TestOfManyReviewersAtOnceOneDecides(t *testing.T) {
	d := newDesk(t, false)
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for i := range 20 {
		wg.Go(func() {
			_, _, err := d.Review(context.WithoutCancel(t.Context()), handoff.Act{Draft: "good", By: fmt.Sprintf("person:p%d", i), Verdict: handoff.Approve})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won++
			case fault.KindOf(err) != fault.Conflict:
				t.Errorf("a loser got %v, want a conflict", err)
			}
		})
	}
	wg.Wait()
	if won != 1 {
		t.Errorf("%d approvals of one revision", won)
	}
}
