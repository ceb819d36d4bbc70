package team_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"roleos/internal/diagnose"
	"roleos/internal/report/frame"
	"roleos/internal/report/page"
	"roleos/internal/report/team"
	"roleos/internal/report/term"
	"roleos/internal/roles"
	"roleos/internal/workflow"
)

func shown(t *testing.T, p page.Page) string {
	t.Helper()
	var b bytes.Buffer
	if err := page.Terminal(&b, p, frame.Frame{}, term.Options{Width: 200}); err != nil {
		t.Fatal(err)
	}
	for _, f := range []func(*bytes.Buffer) error{
		func(w *bytes.Buffer) error { return page.Markdown(w, p, frame.Frame{}) },
		func(w *bytes.Buffer) error { return page.HTML(w, p, frame.Frame{}) },
	} {
		var other bytes.Buffer
		if err := f(&other); err != nil || other.Len() == 0 || strings.Contains(other.String(), "contract check") {
			t.Errorf("another form: %v, %d bytes; no draft, so no word about its checks", err, other.Len())
		}
	}
	return b.String()
}

func has(t *testing.T, text string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("lacks %q:\n%s", w, text)
		}
	}
}

func TestARoleIsShownWithWhatItTakesAndGives(t *testing.T) {
	all, err := roles.Default()
	if err != nil {
		t.Fatal(err)
	}
	pm, _ := all.Find("pm")
	text := shown(t, team.Role(pm, []roles.Finding{{Role: "pm", Kind: "stale", Weight: roles.Problem, Message: "the strategy is old", Mend: "Ask."}, {Role: "qa", Message: "not this"}}))
	has(t, text, "Data product manager", "from leadership, quarterly, as md", "to everyone, per cycle", "stale: the strategy is old.")
	if strings.Contains(text, "not this") {
		t.Error("what was found about another role is shown")
	}
}

func TestLifecycleShowsOpenHandoffsWithTheirClocks(t *testing.T) {
	all, err := roles.Default()
	if err != nil {
		t.Fatal(err)
	}
	text := shown(t, team.Lifecycle(all, []team.Open{{Draft: "pb-1", Title: "Brief", State: "published", From: "pm", To: "architect", Waits: "acknowledged by architect", Due: "Tue", Left: "3h"}}))
	has(t, text, "pm              lead     lead     support  support  consult  lead",
		"pb-1: Brief (published; from pm to architect; waits for acknowledged by architect, due Tue, 3h)")
	has(t, shown(t, team.Lifecycle(all, nil)), "None. A draft becomes a handoff when it is published.")
}

func TestARunShowsItsStepsAndWhoseTurnItIs(t *testing.T) {
	d, err := workflow.Read(workflow.Embedded(), "discover.yaml")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	r := workflow.Run{ID: "wf-1", Definition: d, State: workflow.Begin(d, at), StartedBy: "person:ana", CreatedAt: at, Input: workflow.Input{Trigger: workflow.OnCycle}}
	for _, e := range []workflow.Event{
		{Kind: workflow.EventDone, Step: "gather", At: at},
		{Kind: workflow.EventBegun, Step: "synthesise-feedback", Run: "r", At: at},
		{Kind: workflow.EventDone, Step: "synthesise-feedback", Draft: "fs-1", At: at},
		{Kind: workflow.EventFailed, Step: "synthesise-stakeholders", Note: "no speakers", At: at},
		{Kind: workflow.EventSkipped, Step: "synthesise-market", Note: "no feeds", At: at},
	} {
		if r.State, err = workflow.Next(d, r.State, e); err != nil {
			t.Fatal(err)
		}
	}
	text := shown(t, team.Run(r, []team.Waiting{{Step: "validate-feedback", Who: "pm", Commands: []string{"roleos review approve fs-1"}}}))
	has(t, text, "4 of 13 steps are over.", "[x] synthesise-feedback: done; draft fs-1", "[!] synthesise-stakeholders: failed; no speakers",
		"[-] synthesise-market: skipped; no feeds", "[?] validate-feedback: waits for pm", "[ ] frame: comes after",
		"validate-feedback, pm: roleos review approve fs-1")
}

func TestADiagnosisPointsToWhatAddressesIt(t *testing.T) {
	text := shown(t, team.Diagnosis(diagnose.Score(map[string]diagnose.Answer{"unused-reports": "yes", "them-and-us": "no"})))
	has(t, text, "Between 1 and 12 of 13 signs", "roleos contract show cycle-learnings", "Have you built many reports", "nobody answered")
}

func TestAScaffoldThatHoldsSaysSo(t *testing.T) {
	has(t, shown(t, team.Scaffold(roles.Team{}, nil)), "It holds:")
	has(t, shown(t, team.Scaffold(roles.Team{}, []roles.Finding{{Kind: "unproduced", Weight: roles.Problem, Message: "nobody gives x", File: "roles/a.yaml", Line: 3, Mend: "Mend it."}})),
		"One thing does not hold.", "unproduced: nobody gives x. (roles/a.yaml:3)")
}
