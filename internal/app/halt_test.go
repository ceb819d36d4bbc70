package app_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"roleos/config"
	"roleos/guardrails/delegation"
	"roleos/internal/app"
	"roleos/internal/fault"
	"roleos/internal/handoff"
	"roleos/internal/run"
)

// A model that answers never is being asked when all agents are stopped: the call
// ends, nothing is drafted, and the run says who stopped it and why.
func TestStoppingAllAgentsEndsACallOfAModelUnderWay(t *testing.T) {
	begun, ended := make(chan struct{}), make(chan struct{})
	var first, last sync.Once
	model := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then a server hears that its client left
		first.Do(func() { close(begun) })
		<-r.Context().Done()
		last.Do(func() { close(ended) })
	}))
	defer model.Close()
	defer model.CloseClientConnections()
	dir := t.TempDir()
	cfg, _, err := config.Load(config.Options{Workspace: dir, User: "tester", Flags: map[string]string{
		"model.provider": "compatible", "model.name": "test", "model.base_url": model.URL + "/v1",
	}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), app.Options{Config: cfg})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close() //nolint:errcheck // the workspace is thrown away
	failed := make(chan error, 1)
	go func() {
		_, err := a.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Sample: true})
		failed <- err
	}()
	within := func(what string, c <-chan struct{}) {
		t.Helper()
		select {
		case <-c:
		case <-time.After(20 * time.Second):
			t.Fatal(what)
		}
	}
	within("the model was not asked", begun)
	// As a command of another process does, which cannot have the store.
	if err := app.HaltWorkspace(dir, app.Halt{By: "person:sam", Why: "it leaks"}); err != nil {
		t.Fatal(err)
	}
	within("the call of the model goes on", ended)
	if err := <-failed; fault.KindOf(err) != fault.Denied || !strings.Contains(err.Error(), "stopped by person:sam") || !strings.Contains(err.Error(), "it leaks") {
		t.Errorf("the run says: %v", err)
	}
	if drafts, err := a.Drafts(t.Context(), nil); err != nil || len(drafts) > 0 {
		t.Errorf("%d drafts: %v", len(drafts), err)
	}
	runs, err := a.Runs(t.Context(), run.Failed)
	if err != nil || len(runs) != 1 {
		t.Errorf("%d runs failed: %v", len(runs), err)
	}
	h, err := a.Halted(t.Context())
	if err != nil || h == nil || h.By != "person:sam" {
		t.Errorf("the log says %+v: %v", h, err)
	}
}

// Stopped, an agent that publishes alone does not, also when its draft was made
// before; a person still can. Afterwards it does again.
func TestStoppedAgentsPublishNothingAlone(t *testing.T) {
	f := newOffice(t, nil, app.Options{Manifest: trusting})
	if _, err := f.set(delegation.Autonomous); err != nil {
		t.Fatal(err)
	}
	if d := f.run(); d.State != handoff.Published {
		t.Fatalf("not stopped, the draft is %s", d.State)
	}
	if _, err := f.HaltAgents(t.Context(), "let us look"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Sample: true}); fault.KindOf(err) != fault.Denied {
		t.Errorf("stopped, it runs: %v", err)
	}
	f.later(time.Minute) // a new process knows it too
	if h, err := f.Halted(t.Context()); err != nil || h == nil || h.Why != "let us look" {
		t.Errorf("the next process says %+v: %v", h, err)
	}
	if err := f.ResumeAgents(t.Context(), "looked"); err != nil {
		t.Fatal(err)
	}
	if d := f.run(); d.State != handoff.Published {
		t.Errorf("resumed, the draft is %s", d.State)
	}
}
