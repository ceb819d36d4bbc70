package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"roleos/config"
	"roleos/internal/app"
	"roleos/internal/diagnose"
	"roleos/internal/fault"
	"roleos/internal/roles"
	"roleos/internal/sample"
	"roleos/internal/workflow"
)

// house opens a workspace with the settings at the time that now tells.
func house(t *testing.T, dir, settings string, now *time.Time) *app.App {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, config.FileName), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, _, err := config.Load(config.Options{Workspace: dir, User: "pam"})
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), app.Options{Config: cfg, Now: func() time.Time { return *now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

const inATeam = "review: {mode: team}\nteam: {roles: {\"person:pam\": pm, \"person:ari\": architect}}\ngovernance: {attest_every_days: 30}\n"

func TestAnAgentRunsWhileItsOwnerAnswersForIt(t *testing.T) {
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	a := house(t, t.TempDir(), inATeam, &now)
	run := func() error {
		_, err := a.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Sample: true})
		return err
	}
	if err := run(); fault.KindOf(err) != fault.Denied || !strings.Contains(err.Error(), "roleos agent attest feedback-river") {
		t.Errorf("unattested it runs: %v", err)
	}
	architect := app.WithActor(t.Context(), app.Actor{ID: "person:ari", Roles: []string{"architect"}})
	if _, err := a.AttestAgent(architect, "feedback-river"); fault.KindOf(err) != fault.Denied {
		t.Errorf("somebody else's word counts: %v", err)
	}
	st, err := a.AttestAgent(t.Context(), "feedback-river")
	if err != nil || !st.Holds || st.Solo {
		t.Fatalf("attested: %+v, %v", st, err)
	}
	if err := run(); err != nil {
		t.Errorf("attested it does not run: %v", err)
	}
	now = now.AddDate(0, 0, 30)
	if err := run(); fault.KindOf(err) != fault.Denied || !strings.Contains(err.Error(), "lapsed on 2 December 2026") {
		t.Errorf("a lapsed owner does not stop it: %v", err)
	}
	if _, err := a.AttestAgent(t.Context(), "feedback-river"); err != nil {
		t.Fatal(err)
	}
	if err := run(); err != nil {
		t.Errorf("attested again it does not run: %v", err)
	}
}

func TestAloneThePersonAnswersByRunningItOnce(t *testing.T) {
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	a := house(t, t.TempDir(), "", &now)
	if _, err := a.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Sample: true}); err != nil {
		t.Fatal(err)
	}
	st, err := a.AgentStanding(t.Context(), "feedback-river")
	if err != nil || !st.Holds || !st.Solo || st.By != "person:pam" {
		t.Errorf("standing %+v, %v", st, err)
	}
	now = now.AddDate(0, 0, 91)
	if _, err := a.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Sample: true}); fault.KindOf(err) != fault.Denied {
		t.Errorf("what lapsed is attested by itself: %v", err)
	}
	for _, c := range a.Doctor(t.Context()) {
		if c.Name == "governance" && (c.OK || !strings.Contains(c.Found, "lapsed")) {
			t.Errorf("doctor says %+v", c)
		}
	}
}

// Everything that is embedded fits together: roles, agents, workflows, contracts,
// and what the diagnosis points to.
func TestTheEmbeddedHouseFitsTogether(t *testing.T) {
	now := time.Now()
	a := house(t, t.TempDir(), "", &now)
	team, findings, err := a.CheckScaffold()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		if f.Weight == roles.Problem {
			t.Errorf("%s: %s", f.Kind, f.Message)
		}
	}
	contracts := app.Contracts(t.TempDir())
	for _, s := range diagnose.Signs() {
		for _, p := range s.Addressed {
			switch p.Kind {
			case "contract":
				_, err = contracts.Get(p.ID)
			case "workflow":
				_, err = a.Workflow(p.ID)
			case "scaffold":
				_, ok := team.Find(p.ID)
				err = map[bool]error{false: fault.New(fault.NotFound, "test", "no role %s", p.ID)}[ok]
			default:
				err = fault.New(fault.Invalid, "test", "kind %q", p.Kind)
			}
			if err != nil {
				t.Errorf("sign %d: %v", s.N, err)
			}
		}
	}
}

// A draft names the inputs that were past their cadence when it was made.
func TestADraftNamesItsStaleInputs(t *testing.T) {
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	dir := t.TempDir()
	a := house(t, dir, "", &now)
	notes := "---\nkind: sales-notes\ndate: 2026-06-01\n---\n# Calls\n\n- The export is too slow for our month end.\n- They want to see prices per seat.\n- The export breaks on large files.\n"
	path := filepath.Join(dir, "calls.md")
	if err := os.WriteFile(path, []byte(notes), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := a.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Paths: []string{path}})
	if err != nil {
		t.Fatal(err)
	}
	v, err := a.View(t.Context(), o.Draft.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(v.Body), "calls.md is of 1 June 2026, 154 days ago; sales-notes comes weekly") {
		t.Errorf("findings %+v", v.Synthesis.Findings)
	}
}

// A service goes on with a workflow whose step a person completed elsewhere.
func TestAServiceLeadsWorkflowsOn(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: it waits for the service to look, five seconds")
	}
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	dir := t.TempDir()
	a := house(t, dir, "", &now)
	material := filepath.Join(dir, "material")
	if err := os.MkdirAll(material, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(material, "sample.csv"), sample.CSV(), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := a.RunWorkflow(t.Context(), app.WorkflowRequest{Workflow: "discover", Paths: []string{material}})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Work(t.Context()); err != nil {
		t.Fatal(err)
	}
	x, _ := r.State.Step("validate-feedback")
	if _, _, err := a.Approve(t.Context(), x.Draft, "", ""); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if r, err = a.WorkflowRun(t.Context(), r.ID); err != nil {
			t.Fatal(err)
		}
		if x, _ := r.State.Step("frame"); x.Status == workflow.Done {
			return
		}
	}
	t.Errorf("nobody framed the problem: %+v", r.State.Steps)
}

// Whoever answers for a workflow begins it when it begins by itself: once for each
// occasion, however many look, and never while nobody's word holds.
func TestAWorkflowBeginsByItself(t *testing.T) {
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	dir := t.TempDir()
	a := house(t, dir, inATeam+"workflows: {in: material, cycle: weekly}\n", &now)
	begun := func() (ids []string) {
		t.Helper()
		var all sync.WaitGroup
		var mu sync.Mutex
		for range 4 {
			all.Go(func() {
				runs, err := a.BeginDue(t.Context())
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				for _, r := range runs {
					ids = append(ids, r.ID)
				}
			})
		}
		all.Wait()
		return ids
	}
	why := func() string {
		t.Helper()
		next, err := a.Upcoming(t.Context())
		if err != nil || len(next) != 1 {
			t.Fatalf("%v, %v", next, err)
		}
		return next[0].Why
	}
	if got := begun(); len(got) != 0 || !strings.Contains(why(), "workflows.in") {
		t.Errorf("without material it began: %v, %q", got, why())
	}
	if err := os.Mkdir(filepath.Join(dir, "material"), 0o700); err != nil {
		t.Fatal(err)
	}
	if got := begun(); len(got) != 0 || !strings.Contains(why(), "roleos workflow attest discover") {
		t.Errorf("unattested it began: %v, %q", got, why())
	}
	if _, err := a.AttestWorkflow(app.WithActor(t.Context(), app.Actor{ID: "person:pam", Roles: []string{"pm"}}), "discover"); err != nil {
		t.Fatal(err)
	}
	first := begun()
	if len(first) != 1 {
		t.Fatalf("began %v", first)
	}
	r, err := a.WorkflowRun(t.Context(), first[0])
	if err != nil || r.StartedBy != "person:pam" || !r.Input.Itself || r.Input.Trigger != workflow.OnCycle {
		t.Errorf("%+v, %v", r.Input, err)
	}
	now = now.AddDate(0, 0, 8)
	if got := begun(); len(got) != 0 {
		t.Errorf("while the cycle before is open, began %v", got)
	}
	if _, err := a.CancelWorkflow(t.Context(), first[0], "over"); err != nil {
		t.Fatal(err)
	}
	if got := begun(); len(got) != 1 || got[0] == first[0] {
		t.Errorf("the next cycle: %v", got)
	}
}
