package console_test

import (
	"net/url"
	"strings"
	"testing"

	"roleos/internal/app"
)

// TestErasingOnAPage: the plan is shown before anything goes, and only what it asks
// for has it done; afterwards the draft says what is missing.
func TestErasingOnAPage(t *testing.T) {
	s := newSite(t)
	o, err := s.app.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Sample: true})
	if err != nil {
		t.Fatal(err)
	}
	quotes, err := s.app.Quotes(t.Context(), o.Draft.ID, 0)
	if err != nil || len(quotes) == 0 {
		t.Fatal(quotes, err)
	}
	q := quotes[0].Quote
	form := url.Values{"record": {q.RecordID}, "csrf": {token}, "by": {"admin"}}
	if a := s.post(t, "/erase", url.Values{"csrf": {token}, "person": {"nobody@example.org"}}); a.status != 404 {
		t.Errorf("nobody's records: %d", a.status)
	}
	a := s.post(t, "/erase", form)
	ask := between(a.body, "Type <kbd>", "</kbd>")
	if a.status != 200 || !strings.HasPrefix(ask, "erase 1 ") || strings.Contains(a.body, q.Text) {
		t.Fatalf("the plan: %d %q", a.status, ask)
	}
	if !strings.Contains(s.get(t, "/drafts/"+o.Draft.ID).body, q.Text) {
		t.Error("the draft does not quote it before")
	}
	form.Set("answer", "yes")
	if a := s.post(t, "/erase", form); a.status != 428 {
		t.Errorf("yes erases: %d", a.status)
	}
	form.Set("answer", ask)
	if a := s.post(t, "/erase", form); a.status != 200 || !strings.Contains(a.body, "Erased. The digests stay") || !strings.Contains(a.body, "at the request of") {
		t.Errorf("erasing: %d %.300s", a.status, a.body)
	}
	if body := s.get(t, "/drafts/"+o.Draft.ID).body; strings.Contains(body, q.Text) || !strings.Contains(body, "at the request of admin]") {
		t.Error("the draft's page still says it, or does not say what is missing")
	}
}

func between(s, from, to string) string {
	_, s, _ = strings.Cut(s, from)
	s, _, _ = strings.Cut(s, to)
	return s
}

// TestWhatWasATypedCommand: drafts are listed under their own address, what builds
// on a publication is named before it is taken back, a workflow starts from files
// that are sent, a mode is tightened, and advice leads to pages.
func TestWhatWasATypedCommand(t *testing.T) {
	s := newSite(t)
	ctx := t.Context()
	o, err := s.app.Run(ctx, app.RunRequest{Agent: "feedback-river", Sample: true})
	if err != nil {
		t.Fatal(err)
	}
	if a := s.get(t, "/drafts"); a.status != 200 || !strings.Contains(a.body, o.Draft.ID) {
		t.Errorf("/drafts: %d at %s", a.status, a.path)
	}
	_, plan, err := s.app.Approve(ctx, o.Draft.ID, "", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.app.ConfirmPlan(ctx, plan.ID, plan.Ask.Want); err != nil {
		t.Fatal(err)
	}
	if _, err := s.app.ApplyPlan(ctx, plan.ID); err != nil {
		t.Fatal(err)
	}
	built, err := s.app.Run(ctx, app.RunRequest{Agent: "problem-framer", From: []string{o.Draft.ID}})
	if err != nil {
		t.Fatal(err)
	}
	if a := s.get(t, "/plans/"+plan.ID); !strings.Contains(a.body, "built on what this takes back") || !strings.Contains(a.body, built.Draft.ID) {
		t.Error("the change set's page does not say what is built on it")
	}
	a := s.post(t, "/plans/"+plan.ID+"/undo", url.Values{"csrf": {token}})
	if a.status != 200 || !strings.Contains(a.body, built.Draft.ID) {
		t.Errorf("nor does the one that takes it back: %d at %s", a.status, a.path)
	}
	a = s.post(t, "/agents/market-scanner/mode", url.Values{"csrf": {token}, "mode": {"coordinated"}, "text": {"not this week"}})
	if a.status != 200 || !strings.Contains(a.body, "not this week") {
		t.Errorf("tightening: %d", a.status)
	}
	a = s.post(t, "/agents/feedback-river/mode", url.Values{"csrf": {token}, "mode": {"autonomous"}, "text": {"please"}})
	if a.status != 403 || strings.Contains(a.body, "roleos mode") || !strings.Contains(a.body, `href="/agents/feedback-river"`) {
		t.Errorf("loosening what may not be: %d\n%s", a.status, a.body)
	}
	if a := s.get(t, "/new?agent=workflow:discover"); !strings.Contains(a.body, `value="workflow:discover" checked`) {
		t.Error("a workflow cannot be chosen")
	}
}
