package notify_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"roleos/internal/audit"
	"roleos/internal/notify"
)

var at = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // of the test

func TestWhatTheLogSaysIsTold(t *testing.T) {
	for _, c := range []struct {
		kind, detail string
		want         notify.Type // "" for none
	}{
		{"draft.validated", `{"digest":"sha256:1","contract":"feedback-synthesis@1.0.0","passed":true}`, notify.DraftWaiting},
		{"draft.drafted", `{"digest":"sha256:1"}`, ""},
		{"review.edit", `{"digest":"sha256:1","from":"drafted","to":"validated","text":"private words"}`, notify.DraftWaiting},
		{"review.edit", `{"digest":"sha256:1","from":"validated","to":"in_review"}`, ""},
		{"review.comment", `{"from":"validated","to":"in_review","text":"private words"}`, ""},
		{"review.approve", `{"digest":"sha256:1","from":"in_review","to":"approved"}`, notify.DraftApproved},
		{"draft.published", `{"digest":"sha256:1","change_set":"cs-1","state":"published"}`, notify.DraftPublished},
		{"handoff.acknowledged", `{"verb":"acknowledge","from":"published","to":"acknowledged","role":"architect"}`, notify.HandoffAcknowledged},
		{"handoff.drafted", `{"verb":"refuse","from":"acknowledged","to":"drafted","role":"architect","text":"private words"}`, notify.HandoffRefused},
		{"handoff.started", `{"verb":"start","from":"acknowledged","to":"started"}`, ""},
		{"clock.breach", `{"clock":"ck-1","expect":"acknowledged","role":"architect","due":"2026-03-01T09:00:00Z"}`, notify.HandoffBreached},
		{"clock.reminder", `{"clock":"ck-1","expect":"acknowledged"}`, ""},
		{"change.staged", `{"digest":"sha256:1","staged":true,"diverged":false,"note":"private words"}`, notify.ChangeSetWaiting},
		{"change.staged", `{"digest":"sha256:1","diverged":true}`, ""},
		{"change.applied", `{"digest":"sha256:1"}`, notify.ChangeSetApplied},
		{"run.failed", `{"error":"private words: cannot read /home/ana/x.csv","draft":"fs-1"}`, notify.RunFailed},
		{"run.succeeded", `{}`, ""},
		{"original.shown", `{"draft":"fs-1"}`, ""},
		{"governance.attested", `{"from":7,"to":["x"]}`, ""},
		{"draft.validated", ``, notify.DraftWaiting},
	} {
		r := audit.Record{Seq: 7, At: at, Kind: c.kind, Actor: "person:ana@example.org", Subject: "fs-1", Detail: json.RawMessage(c.detail)}
		e, ok := notify.Of(r)
		if ok != (c.want != "") || e.Type != c.want {
			t.Errorf("%s %s is told as %q", c.kind, c.detail, e.Type)
		}
		if !ok {
			continue
		}
		body, err := e.Body("")
		if err != nil || strings.Contains(string(body), "private") || strings.Contains(string(body), "ana@") {
			t.Errorf("%s tells %s, %v", c.kind, body, err)
		}
		again, _ := notify.Of(r)
		r.At = at.Add(time.Nanosecond)
		if other, _ := notify.Of(r); again.ID != e.ID || other.ID == e.ID || !strings.HasPrefix(e.ID, "evt-") {
			t.Errorf("%s is called %s, then %s, and another one %s", c.kind, e.ID, again.ID, other.ID)
		}
	}
}

func TestABodyIsWhatTheSpecificationAsksFor(t *testing.T) {
	e, _ := notify.Of(audit.Record{Seq: 7, At: at, Kind: "clock.breach", Subject: "fs-1", Detail: json.RawMessage(`{"expect":"acknowledged","role":"architect","due":"2026-03-01T08:00:00Z","digest":"sha256:1"}`)})
	for title, want := range map[string]string{
		"":        `{"type":"handoff.breached","timestamp":"2026-03-01T09:00:00Z","data":{"digest":"sha256:1","due":"2026-03-01T08:00:00Z","expect":"acknowledged","id":"fs-1","role":"architect"}}`,
		"A title": `{"type":"handoff.breached","timestamp":"2026-03-01T09:00:00Z","data":{"digest":"sha256:1","due":"2026-03-01T08:00:00Z","expect":"acknowledged","id":"fs-1","role":"architect","title":"A title"}}`,
	} {
		if body, err := e.Body(title); err != nil || string(body) != want {
			t.Errorf("%s, %v", body, err)
		}
	}
}

func TestABudgetIsToldAtFourFifthsAndAtTheEnd(t *testing.T) {
	for share, want := range map[float64]string{0: "", 0.79: "", 0.8: "budget.warned", 0.99: "budget.warned", 1: "budget.warned budget.exhausted", 1.2: "budget.warned budget.exhausted"} {
		var got []string
		for _, e := range notify.OfBudget(notify.Budget{Account: "day:2026-03-01", Share: share}, at) {
			got = append(got, string(e.Type))
			later := notify.OfBudget(notify.Budget{Account: "day:2026-03-01", Share: 1}, at.Add(time.Hour))
			if e.ID != later[0].ID && e.ID != later[1].ID {
				t.Errorf("at %g and later %s has two names", share, e.Type)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%g: %v, want %s", share, got, want)
		}
	}
}

func TestWhatFailsIsTriedForThreeDays(t *testing.T) {
	for _, jitter := range []float64{0, 1} {
		now, tries := at, 0
		for {
			tries++
			next, again := notify.Next(tries, now, jitter)
			if !again {
				break
			}
			if !next.After(now) {
				t.Fatalf("try %d is at %s, after one at %s", tries+1, next, now)
			}
			now = next
		}
		if took := now.Sub(at); tries != notify.Tries() || took < 72*time.Hour || took > 92*time.Hour {
			t.Errorf("with jitter %g: %d tries in %s", jitter, tries, took)
		}
	}
	if first, _ := notify.Next(1, at, 0); first.Sub(at) > 10*time.Second {
		t.Error(fmt.Sprint("the second try waits for ", first.Sub(at)))
	}
}
