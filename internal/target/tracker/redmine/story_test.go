package redmine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/change/keyfile"
	"roleos/internal/fault"
	"roleos/internal/store/storetest"
	"roleos/internal/target/tracker"
)

type wording struct {
	Title  string   `json:"title"`
	Quotes []string `json:"quotes"`
}

// feedback returns, for each issue, the ways in which customers put it.
func feedback(t *testing.T) [][]wording {
	t.Helper()
	raw, err := os.ReadFile("../testdata/rewordings.json")
	if err != nil {
		t.Fatal(err)
	}
	var issues []struct{ Wordings []wording }
	if err := json.Unmarshal(raw, &issues); err != nil {
		t.Fatal(err)
	}
	var out [][]wording
	for _, i := range issues {
		out = append(out, i.Wordings)
	}
	return out
}

// aggregate is what a feedback aggregator wants opened for an issue.
func aggregate(w wording) tracker.Wanted {
	return tracker.Wanted{Ticket: tracker.Ticket{
		Title: w.Title, Body: "Customers say:\n\n> " + strings.Join(w.Quotes, "\n\n> "), Labels: []string{"feedback"},
	}}
}

type noAudit struct{}

func (noAudit) Append(context.Context, string, string, string, any) error { return nil }

// door is the one way to the tracker, with a person who confirms whatever is asked.
type door struct {
	*change.Service
	t   *testing.T
	now time.Time
}

func newDoor(t *testing.T, tgt *tracker.Target) *door {
	t.Helper()
	db := storetest.Open(t, storetest.SQLiteURL(t))
	d := &door{t: t, now: time.Date(2026, 3, 2, 13, 0, 0, 0, time.UTC)}
	n := 0
	svc, err := change.New(change.Options{
		Sets: db, Effects: db, Grants: db, Tx: db, Audit: noAudit{}, Keys: keyfile.New(filepath.Join(t.TempDir(), "keys")),
		Targets: []change.Registered{{Manifest: tgt.Manifest("river-issues"), Target: tgt}},
		Policy:  change.Policy{Version: "1", Environment: "production", Solo: true},
		Now:     func() time.Time { return d.now },
		NewID:   func() string { n++; return fmt.Sprintf("id-%05d", n) },
	})
	if err != nil {
		t.Fatal(err)
	}
	d.Service = svc
	return d
}

// most new tickets in an afternoon.
const most = 10

func envelope() guardrails.Envelope {
	return guardrails.Envelope{
		Allow:  []guardrails.Rule{{Target: "river-issues", Op: tracker.Open, Under: []string{"issue"}, Most: most}},
		Window: 12 * time.Hour, Rate: guardrails.Rate{Most: most, Per: 12 * time.Hour}, Stop: guardrails.Stop{After: time.Minute},
	}
}

// run is one run of the aggregator: propose, and what a person then confirms is applied.
func (d *door) run(p tracker.Proposed) (change.Set, error) {
	d.t.Helper()
	set, err := d.Plan(d.t.Context(), change.Proposal{
		By: guardrails.Principal{ID: "agent:feedback-river"}, Intent: "open tickets for the top issues", Target: "river-issues",
		Changes: p.Changes, Envelope: envelope(), Provenance: p.Notes, Taint: guardrails.Taint{Untrusted: true, Sources: []string{"export.csv"}},
	})
	if err != nil {
		return set, err
	}
	if set, err = d.Stage(d.t.Context(), set.ID); err != nil || !set.Proof.Reversed {
		d.t.Fatalf("stage: %+v %v", set.Proof, err)
	}
	v, err := d.Show(d.t.Context(), set.ID)
	if err != nil {
		d.t.Fatal(err)
	}
	shown := d.now
	d.now = d.now.Add(v.Reading + time.Second)
	if _, err = d.Confirm(d.t.Context(), set.ID, guardrails.Principal{ID: "person:ann", Person: true}, change.Answer{Text: v.Ask.Want, View: v.Shown.Digest, Shown: shown}); err != nil {
		d.t.Fatalf("confirm: %v", err)
	}
	out, err := d.Apply(d.t.Context(), set.ID)
	return out.Set, err
}

// The story: an aggregator is run fifty times in an afternoon over the same
// feedback and over feedback that says the same in other words. Each ticket is
// there once.
func TestAnAfternoonOfRunsOpensEachTicketOnce(t *testing.T) {
	real(t)
	issues := feedback(t)
	l, err := newLane(project, tag(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	tgt := target(t, l, nil)
	d := newDoor(t, tgt)
	wanted, by := 0, map[tracker.Why]int{}
	lowest := 1000
	for run := range 50 {
		d.now = d.now.Add(5 * time.Minute)
		var tickets []tracker.Wanted
		for i, ways := range issues {
			way := 0 // every other run has the same feedback as the first
			if run%2 == 1 {
				way = (run/2 + i) % len(ways)
			}
			tickets = append(tickets, aggregate(ways[way]))
		}
		p, err := tgt.Propose(t.Context(), tickets, tracker.Rules{Most: most})
		if err != nil {
			t.Fatal(err)
		}
		wanted += len(tickets)
		for _, v := range p.Verdicts {
			by[v.Why]++
			if v.Why == tracker.Alike {
				lowest = min(lowest, v.Score)
			}
		}
		if len(p.Changes) == 0 {
			continue
		}
		if set, err := d.run(p); err != nil || set.State != change.Applied {
			t.Fatalf("run %d: %s %v", run+1, set.State, err)
		}
	}
	got := all(t, l)
	if len(got) != len(issues) {
		t.Errorf("%d tickets for %d issues:", len(got), len(issues))
		for _, i := range got {
			t.Logf("#%d %s", i.Number, i.Title)
		}
	}
	t.Logf("50 runs wanted %d tickets; Redmine has %d: %d were new, %d had the marker, %d were similar (threshold %d, lowest met %d)",
		wanted, len(got), by[tracker.Fresh], by[tracker.Marked], by[tracker.Alike], tracker.DefaultThreshold, lowest)
}

// When every run makes up something new, no likeness helps: the cap holds.
func TestTheCapHoldsWhateverTheRunsMakeUp(t *testing.T) {
	real(t)
	l, err := newLane(project, tag(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	tgt := target(t, l, nil)
	d := newDoor(t, tgt)
	denied := 0
	for run := range 47 {
		d.now = d.now.Add(5 * time.Minute)
		// The aggregator leaves out the comparing as well and proposes straight away.
		key := guardrails.Digest(fmt.Append(nil, run))
		p := tracker.Proposed{Changes: []change.Intended{{Op: tracker.Open, Object: tracker.Object(key), Body: ticket(key, key)}}}
		if _, err := d.run(p); err != nil {
			if dec, ok := change.DecisionOf(err); !ok || fault.KindOf(err) != fault.Denied || !dec.Has(guardrails.TooManyObjects) {
				t.Fatalf("run %d: %v", run+1, err)
			}
			denied++
		}
	}
	if got := all(t, l); len(got) != most || denied != 47-most {
		t.Errorf("%d tickets, %d runs denied; the cap is %d", len(got), denied, most)
	}
}
