package redmine_test

import (
	"testing"
	"time"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/target/tracker"
)

// Undoing a creation closes the issue, which a person confirms by typing the
// target's name, and the aggregator does not open it again.
func TestUndoneIsClosedAndStaysSo(t *testing.T) {
	real(t)
	l, err := newLane(project, tag(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	tgt := target(t, l, nil)
	d := newDoor(t, tgt)
	wanted := []tracker.Wanted{aggregate(feedback(t)[0][0])}
	p, err := tgt.Propose(t.Context(), wanted, tracker.Rules{Most: most})
	if err != nil {
		t.Fatal(err)
	}
	set, err := d.run(p)
	if err != nil {
		t.Fatal(err)
	}
	ann := guardrails.Principal{ID: "person:ann", Person: true}
	undo, err := d.Undo(t.Context(), set.ID, ann)
	if err != nil {
		t.Fatal(err)
	}
	if undo, err = d.Stage(t.Context(), undo.ID); err != nil || !undo.Proof.Reversed {
		t.Fatalf("%+v %v", undo.Proof, err)
	}
	v, err := d.Show(t.Context(), undo.ID)
	if err != nil || !v.Ask.Name {
		t.Fatalf("closing is not confirmed by name: %+v %v", v.Ask, err)
	}
	shown := d.now
	d.now = d.now.Add(v.Reading + time.Second)
	by := guardrails.Principal{ID: "person:bob", Person: true} // who asked cannot confirm
	if _, err := d.Confirm(t.Context(), undo.ID, by, change.Answer{Text: v.Ask.Want, View: v.Shown.Digest, Shown: shown}); err != nil {
		t.Fatal(err)
	}
	if out, err := d.Apply(t.Context(), undo.ID); err != nil || out.Set.State != change.Applied {
		t.Fatalf("%s %v", out.Set.State, err)
	}
	if got := all(t, l); len(got) != 1 || !got[0].Closed {
		t.Errorf("%+v", got)
	}
	for _, way := range feedback(t)[0] {
		p, err := tgt.Propose(t.Context(), []tracker.Wanted{aggregate(way)}, tracker.Rules{Most: most})
		if err != nil || len(p.Changes) > 0 {
			t.Errorf("%q would be opened again: %v %v", way.Title, p.Notes, err)
		}
	}
}
