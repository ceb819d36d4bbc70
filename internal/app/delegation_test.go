package app_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"roleos/agents"
	"roleos/contracts"
	"roleos/guardrails/delegation"
	"roleos/internal/app"
	"roleos/internal/fault"
	"roleos/internal/handoff"
)

// What was drafted before a delegation was signed waits for a person as before.
func TestADelegationReleasesOnlyWhatIsMadeUnderIt(t *testing.T) {
	f := newOffice(t, nil, app.Options{Manifest: trusting})
	older := f.run()
	m, err := f.set(delegation.Autonomous)
	if err != nil || m.Standing == nil || !slices.Equal(m.Older, []string{older.ID}) {
		t.Fatalf("older drafts: %v, standing %+v (%v)", m.Older, m.Standing, err)
	}
	f.later(time.Minute) // opening the workspace publishes what waits for nobody
	if got := f.show(older.ID).State; got != handoff.Validated {
		t.Errorf("the older draft is %s", got)
	}
	if d := f.run(); d.State != handoff.Published {
		t.Errorf("the draft made under the delegation is %s", d.State)
	}
	// A new signature covers what is made after it, not what waited under the one before.
	if _, err := f.set(delegation.Autonomous); err != nil {
		t.Fatal(err)
	}
	f.later(time.Minute)
	if got := f.show(older.ID).State; got != handoff.Validated {
		t.Errorf("after the next delegation the older draft is %s", got)
	}
}

// A sample says nothing about how good an agent's work is, and is no work to publish alone.
func TestASampleNeitherCountsNorIsReleased(t *testing.T) {
	f := newOffice(t, nil, app.Options{Manifest: trusting})
	if _, err := f.set(delegation.Autonomous); err != nil {
		t.Fatal(err)
	}
	o, err := f.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Sample: true})
	if err != nil {
		t.Fatal(err)
	}
	if o.Draft.State != handoff.Validated {
		t.Fatalf("the sample draft is %s", o.Draft.State)
	}
	if _, _, err := f.Review(t.Context(), handoff.Act{Draft: o.Draft.ID, Verdict: handoff.Reject, Text: "a test"}); err != nil {
		t.Fatal(err)
	}
	m, err := f.AgentModes(t.Context(), "feedback-river")
	if err != nil || m.Mode != delegation.Autonomous || slices.ContainsFunc(m.History, func(e delegation.Event) bool { return e.Draft != "" }) {
		t.Errorf("%+v (%v)", m.History, err)
	}
}

func TestOnlyAReaderOfFeedbackReadsTheSample(t *testing.T) {
	f := newOffice(t, nil, app.Options{})
	for agent, want := range map[string]string{
		"market-scanner": "--in PATH", "stakeholder-synthesizer": "--in PATH", "problem-framer": "--from DRAFT", "pitch-shaper": "--from DRAFT",
	} {
		_, err := f.Run(t.Context(), app.RunRequest{Agent: agent, Sample: true})
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || f.Kind != fault.Invalid || !strings.Contains(f.Mend, want) {
			t.Errorf("%s: %v", agent, err)
		}
	}
}

func TestUndoNamesWhatIsBuiltOnIt(t *testing.T) {
	f := newOffice(t, nil, app.Options{})
	d := f.run()
	plan := f.publish(d.ID)
	if got, err := f.BuiltOn(t.Context(), plan); err != nil || len(got) != 0 {
		t.Fatalf("nothing is built on it, and there is %+v (%v)", got, err)
	}
	o, err := f.Run(t.Context(), app.RunRequest{Agent: "problem-framer", From: []string{d.ID}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.BuiltOn(t.Context(), plan)
	if err != nil || len(got) != 1 || got[0].ID != o.Draft.ID {
		t.Errorf("%+v (%v), want %s", got, err, o.Draft.ID)
	}
	undo, err := f.UndoPlan(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := f.BuiltOn(t.Context(), undo.ID); err != nil || len(got) != 1 {
		t.Errorf("of the undo: %+v (%v)", got, err)
	}
}

// A gate demotes the steps that it judges, and a step whose gates held stays as it was.
func TestAFailedGateDemotesTheStepThatItJudges(t *testing.T) {
	f := newOffice(t, nil, app.Options{})
	d := f.run()
	f.publish(d.ID)
	o, err := f.Run(t.Context(), app.RunRequest{Agent: "problem-framer", From: []string{d.ID}})
	if err != nil || o.Draft.State != handoff.Drafted {
		t.Fatalf("a brief without strategy, measures and constraints is %s (%v)", o.Draft.State, err)
	}
	m, err := f.AgentModes(t.Context(), "problem-framer")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range m.Steps {
		demoted := strings.Contains(strings.Join(s.Result.Reasons, " "), "a contract failed")
		if demoted != (s.Step == "frame") || (s.Step == "collect") != (s.Result.Mode == delegation.Autonomous) {
			t.Errorf("%s is %s: %s", s.Step, s.Result.Mode, s.Result.Reasons)
		}
	}
	if len(m.History) != 1 || m.History[0].Step != "frame" || !strings.Contains(m.History[0].Text, "criteria-measurable") {
		t.Errorf("%+v", m.History)
	}
}

// A gate that is misspelt in a manifest would judge nothing.
func TestEveryGateOfAManifestIsOneOfItsContract(t *testing.T) {
	all, err := agents.Manifests()
	if err != nil {
		t.Fatal(err)
	}
	known := contracts.Default()
	for _, m := range all {
		c, err := known.Get(m.Output.Contract)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range m.Delegation {
			for _, g := range s.Gates {
				if !slices.ContainsFunc(c.Gates, func(x contracts.Gate) bool { return x.ID == g }) {
					t.Errorf("%s, step %s: %s has no gate %s", m.ID, s.Name, c.ID, g)
				}
			}
		}
	}
}
