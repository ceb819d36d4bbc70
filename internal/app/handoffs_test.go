package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"roleos/agents"
	"roleos/config"
	"roleos/guardrails/delegation"
	"roleos/internal/app"
	"roleos/internal/change"
	"roleos/internal/fault"
	"roleos/internal/handoff"
	"roleos/internal/store/storetest"
)

// office is a workspace whose time the test tells.
type office struct {
	*app.App
	t   *testing.T
	dir string
	now time.Time
	o   app.Options
}

func newOffice(t *testing.T, flags map[string]string, o app.Options) *office {
	t.Helper()
	f := &office{t: t, dir: t.TempDir(), now: time.Date(2026, 3, 27, 15, 0, 0, 0, time.UTC), o: o} // a Friday
	cfg, _, err := config.Load(config.Options{Workspace: f.dir, User: "ada", Flags: flags})
	if err != nil {
		t.Fatal(err)
	}
	f.o.Config, f.o.Now = cfg, func() time.Time { return f.now }
	f.open()
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func (f *office) open() {
	f.t.Helper()
	a, err := app.Open(f.t.Context(), f.o)
	if err != nil {
		f.t.Fatal(err)
	}
	f.App = a
}

// later is the next command, some time later.
func (f *office) later(d time.Duration) {
	f.t.Helper()
	if err := f.Close(); err != nil {
		f.t.Fatal(err)
	}
	f.now = f.now.Add(d)
	f.open()
}

func (f *office) run() handoff.Draft {
	f.t.Helper()
	// Few rows, made up for this test: what they say does not matter here.
	rows := "id,text\n"
	for i := range 8 {
		rows += fmt.Sprintf("a-%d,the export times out on report %d\nb-%d,please send the invoice %d again\n", i, i, i, i)
	}
	file := filepath.Join(f.dir, "sample.csv")
	if err := os.WriteFile(file, []byte(rows), 0o600); err != nil {
		f.t.Fatal(err)
	}
	o, err := f.Run(f.t.Context(), app.RunRequest{Agent: "feedback-river", Paths: []string{file}})
	if err != nil {
		f.t.Fatal(err)
	}
	return o.Draft
}

// confirm confirms a plan and applies it, as the person who was shown it.
func (f *office) confirm(plan string) {
	f.t.Helper()
	v, err := f.ShowPlan(f.t.Context(), plan)
	if err == nil {
		_, err = f.ConfirmPlan(f.t.Context(), plan, v.Ask.Want)
	}
	if err == nil {
		_, err = f.ApplyPlan(f.t.Context(), plan)
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

// publish takes a draft all the way to its taker.
func (f *office) publish(draft string) (plan string) {
	f.t.Helper()
	_, p, err := f.Approve(f.t.Context(), draft, "", "")
	if err != nil {
		f.t.Fatal(err)
	}
	f.confirm(p.ID)
	return p.ID
}

func (f *office) show(draft string) app.HandoffView {
	f.t.Helper()
	v, err := f.ShowHandoff(f.t.Context(), draft)
	if err != nil {
		f.t.Fatal(err)
	}
	return v
}

func (f *office) answer(draft string, verb handoff.Verb, text string) error {
	_, err := f.Answer(f.t.Context(), draft, verb, "", text)
	return err
}

func TestAClockRunsWhereverTheProcessIs(t *testing.T) {
	var posted []string
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get("webhook-signature") == "" || r.Header.Get("webhook-id") == "" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		posted = append(posted, string(body))
	}))
	defer hook.Close()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := newOffice(t, map[string]string{"handoff.escalate.webhook": hook.URL, "handoff.escalate.secret_file": secret}, app.Options{})
	d := f.run()
	f.publish(d.ID)
	c, ok := f.show(d.ID).Running()
	if !ok || !c.Due.Equal(f.now.Add(24*time.Hour)) || c.Expect != "acknowledged" {
		t.Fatalf("the clock is %+v", c)
	}
	f.later(25 * time.Hour)
	f.later(time.Hour) // looking again says nothing new
	v := f.show(d.ID)
	if v.State != handoff.Published {
		t.Fatalf("silence made it %s", v.State)
	}
	kinds := func(v app.HandoffView) (out []string) {
		for _, n := range v.Notices {
			out = append(out, n.Key)
		}
		return out
	}
	if got := kinds(v); !slices.Equal(got, []string{"breach-1", "escalation-1"}) {
		t.Fatalf("it noticed %v", got)
	}
	data, err := os.ReadFile(filepath.Join(f.dir, ".roleos", "escalations.jsonl"))
	if err != nil || strings.Count(string(data), "\n") != 2 || len(posted) != 2 {
		t.Fatalf("file (%v):\n%s\nposted: %v", err, data, posted)
	}
	var line struct{ Schema, ID, Says, Draft string }
	if err := json.Unmarshal([]byte(posted[0]), &line); err != nil || line.Schema != app.NoticeSchema || line.Draft != d.ID ||
		!strings.Contains(line.Says, "was not acknowledged in time by the pm") {
		t.Errorf("%+v (%v)", line, err)
	}
	if err := f.answer(d.ID, handoff.Acknowledge, ""); err != nil {
		t.Fatal(err)
	}
	f.later(200 * time.Hour)
	v = f.show(d.ID)
	if got := kinds(v); len(got) != 2 || !v.Clocks[0].Broken || v.Clocks[0].End != "met" {
		t.Errorf("after the answer: %v, clock %+v", got, v.Clocks[0])
	}
	if report, _, err := f.VerifyAudit(t.Context(), ""); err != nil || len(report.Problems) > 0 {
		t.Errorf("audit: %+v (%v)", report.Problems, err)
	}
}

// A service that stays up looks by itself.
func TestAServiceKeepsTime(t *testing.T) {
	f := newOffice(t, nil, app.Options{})
	d := f.run()
	f.publish(d.ID)
	f.now = f.now.Add(60 * time.Hour)
	if err := f.KeepTime(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 200 {
		if n := f.show(d.ID).Notices; len(n) == 3 {
			if says := app.NoticeText(n[2]); !strings.Contains(says, "is still not acknowledged by the pm") || !strings.Contains(says, "told to the pm") {
				t.Errorf("the second escalation says: %s", says)
			}
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("it noticed %+v", f.show(d.ID).Notices)
}

func TestARefusalReopensTheDraftAndSaysWhy(t *testing.T) {
	f := newOffice(t, nil, app.Options{})
	d := f.run()
	plan := f.publish(d.ID)
	if err := f.answer(d.ID, handoff.Refuse, " "); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a refusal without reasons: %v", err)
	}
	if err := f.answer(d.ID, handoff.Refuse, "the export has no dates"); err != nil {
		t.Fatal(err)
	}
	v := f.show(d.ID)
	if _, runs := v.Running(); runs || v.State != handoff.Drafted {
		t.Errorf("it is %s, a clock runs: %v", v.State, runs)
	}
	doc, err := f.View(t.Context(), d.ID, 0)
	if err != nil || !strings.Contains(doc.Said, "the export has no dates") {
		t.Errorf("the draft does not say why: %q (%v)", doc.Said, err)
	}
	if _, _, err := f.Approve(t.Context(), d.ID, "", ""); fault.KindOf(err) != fault.Denied {
		t.Errorf("what was refused is approved unchanged: %v", err)
	}
	// Taking the publication back afterwards still works, and leaves the draft where it is.
	undo, err := f.UndoPlan(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	f.confirm(undo.ID)
	if got := f.show(d.ID).State; got != handoff.Drafted {
		t.Errorf("after the undo it is %s", got)
	}
}

func TestUndoingAPublicationTakesItBackFromItsTaker(t *testing.T) {
	for _, verbs := range [][]handoff.Verb{{handoff.Acknowledge}, {handoff.Acknowledge, handoff.Start}, {handoff.Acknowledge, handoff.Start, handoff.Close}} {
		f := newOffice(t, nil, app.Options{})
		d := f.run()
		plan := f.publish(d.ID)
		for _, v := range verbs {
			if err := f.answer(d.ID, v, ""); err != nil {
				t.Fatal(err)
			}
		}
		undo, err := f.UndoPlan(t.Context(), plan)
		if err != nil {
			t.Fatal(err)
		}
		f.confirm(undo.ID)
		want := handoff.InReview
		if len(verbs) == 3 {
			want = handoff.Closed
		}
		if v := f.show(d.ID); v.State != want {
			t.Errorf("after %v and the undo it is %s, want %s", verbs, v.State, want)
		}
	}
}

// trusting lets the Feedback River be autonomous in every step.
func trusting(id string) (agents.Manifest, error) {
	m, err := agents.Find(id)
	for i := range m.Delegation {
		s := &m.Delegation[i]
		s.ErrorTolerance = agents.Factor{Value: delegation.CheapToFix, Reason: "a test"}
		s.ToolSpan = agents.Factor{Value: delegation.SingleTool, Reason: "a test"}
		s.Independence = agents.Factor{Value: delegation.SelfContained, Reason: "a test"}
	}
	return m, err
}

func (f *office) set(mode delegation.Mode) (app.AgentModes, error) {
	return f.SetMode(f.t.Context(), app.SetMode{Agent: "feedback-river", Mode: mode, Text: "a test"})
}

func TestNobodyLoosensAModeBelowItsFactors(t *testing.T) {
	f := newOffice(t, nil, app.Options{})
	if _, err := f.set(delegation.Autonomous); fault.KindOf(err) != fault.Denied {
		t.Fatalf("%v, want a denial", err)
	}
	d := f.run()
	if d.State != handoff.Validated {
		t.Errorf("coordinated work is %s", d.State)
	}
	how, err := f.DraftModes(t.Context(), d.ID)
	if err != nil || how.Mode != "coordinated" || len(how.Steps) != 2 {
		t.Errorf("%+v (%v)", how, err)
	}
}

func TestAutonomousWorkIsPublishedAndLookedAtAfterwards(t *testing.T) {
	f := newOffice(t, map[string]string{"delegation.sample_share": "1"}, app.Options{Manifest: trusting})
	if d := f.run(); d.State != handoff.Validated {
		t.Fatalf("nobody has entrusted the agent, and its draft is %s", d.State)
	}
	m, err := f.set(delegation.Autonomous)
	if err != nil || m.Standing == nil {
		t.Fatalf("%+v (%v)", m, err)
	}
	d := f.run()
	v := f.show(d.ID)
	if d.State != handoff.Published || v.Moves[1].By != "standing:"+m.Standing.ID {
		t.Fatalf("it is %s; moves: %+v", d.State, v.Moves)
	}
	p, err := f.ShowPlan(t.Context(), d.ChangeSet)
	if err != nil || p.State != change.Applied || p.Grant == nil || p.Grant.Standing != m.Standing.ID || p.Grant.Approver.ID != "person:ada" {
		t.Fatalf("%s, grant %+v (%v)", p.State, p.Grant, err)
	}
	if m, err = f.AgentModes(t.Context(), "feedback-river"); err != nil || len(m.Waiting) != 1 {
		t.Fatalf("samples: %+v (%v)", m.Waiting, err)
	}
	// A sample that was wrong ends it at once.
	if _, err := f.ReviewSample(t.Context(), d.ID, false, ""); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a finding without words: %v", err)
	}
	if m, err = f.ReviewSample(t.Context(), d.ID, false, "two themes are one"); err != nil || m.Mode != delegation.Coordinated || m.Standing != nil {
		t.Fatalf("%+v (%v)", m, err)
	}
	if d := f.run(); d.State != handoff.Validated {
		t.Errorf("after the demotion it is %s", d.State)
	}
	if _, err := f.set(delegation.Autonomous); fault.KindOf(err) != fault.Denied {
		t.Errorf("promoted without clean reviews: %v", err)
	}
	for range delegation.CleanReviews {
		if _, _, err := f.Approve(t.Context(), f.run().ID, "", ""); err != nil {
			t.Fatal(err)
		}
	}
	if m, err = f.set(delegation.Autonomous); err != nil || m.Mode != delegation.Autonomous || m.Standing == nil {
		t.Fatalf("after %d clean reviews and a signature: %+v (%v)", delegation.CleanReviews, m, err)
	}
	f.later(31 * 24 * time.Hour)
	if d := f.run(); d.State != handoff.Validated {
		t.Errorf("under a delegation that has ended it is %s", d.State)
	}
}

func TestARevertedChangeDemotes(t *testing.T) {
	f := newOffice(t, nil, app.Options{Manifest: trusting})
	if _, err := f.set(delegation.Autonomous); err != nil {
		t.Fatal(err)
	}
	d := f.run()
	undo, err := f.UndoPlan(t.Context(), d.ChangeSet)
	if err != nil {
		t.Fatal(err)
	}
	f.confirm(undo.ID)
	m, err := f.AgentModes(t.Context(), "feedback-river")
	if err != nil || m.Mode != delegation.Coordinated || m.Standing != nil || !strings.Contains(strings.Join(m.Steps[0].Result.Reasons, " "), "a change was taken back") {
		t.Errorf("%+v (%v)", m, err)
	}
}

func TestAFailedGateDemotes(t *testing.T) {
	f := newOffice(t, nil, app.Options{Manifest: trusting})
	if _, err := f.set(delegation.Autonomous); err != nil {
		t.Fatal(err)
	}
	strict := `kind: HandoffContract
id: feedback-synthesis
version: 1.1.0
tightens: feedback-synthesis@1.0.0
gates:
  - id: many-themes
    says: There are more than a thousand themes.
    kind: automatic
    cel: draft.themes.size() > 1000
    observe: draft.themes.size()
    mend: This gate is for a test.
    passes_on: examples/good.yaml
    fails_on: examples/bad.yaml
`
	own := filepath.Join(f.dir, "contracts", "feedback-synthesis.yaml")
	if err := os.MkdirAll(filepath.Dir(own), 0o755); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{filepath.Join(f.dir, config.FileName): "", own: strict} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f.later(time.Minute)
	if d := f.run(); d.State != handoff.Drafted {
		t.Fatalf("it is %s", d.State)
	}
	m, err := f.AgentModes(t.Context(), "feedback-river")
	if err != nil || m.Mode != delegation.Coordinated || m.Standing != nil || !strings.Contains(strings.Join(m.Steps[1].Result.Because, " "), "a contract failed") {
		t.Errorf("%+v (%v)", m, err)
	}
}

func TestTighteningHoldsUntilItIsTakenBack(t *testing.T) {
	f := newOffice(t, nil, app.Options{Manifest: trusting})
	if _, err := f.set(delegation.Autonomous); err != nil {
		t.Fatal(err)
	}
	m, err := f.set(delegation.Coordinated)
	if err != nil || m.Mode != delegation.Coordinated || m.Standing != nil {
		t.Fatalf("%+v (%v)", m, err)
	}
	f.later(time.Minute)
	if d := f.run(); d.State != handoff.Validated {
		t.Errorf("tightened, and it is %s", d.State)
	}
	if m, err = f.set(delegation.Autonomous); err != nil || m.Mode != delegation.Autonomous {
		t.Errorf("%+v (%v)", m, err)
	}
}

// What the envelope does not hold waits for a person, whoever entrusted the agent.
func TestBeyondTheEnvelopeAPersonDecides(t *testing.T) {
	narrow := func(id string) (agents.Manifest, error) {
		m, err := trusting(id)
		m.Envelopes = slices.Clone(m.Envelopes)
		for i := range m.Envelopes {
			m.Envelopes[i].PerDay = 3 // one publication writes two files
		}
		return m, err
	}
	f := newOffice(t, nil, app.Options{Manifest: narrow})
	if _, err := f.set(delegation.Autonomous); err != nil {
		t.Fatal(err)
	}
	if d := f.run(); d.State != handoff.Published {
		t.Fatalf("the first is %s", d.State)
	}
	if d := f.run(); d.State != handoff.InReview {
		t.Errorf("the second, beyond the rate, is %s", d.State)
	}
}

// Rows that somebody writes into the store entrust nobody.
func TestAForgedDelegationPublishesNothing(t *testing.T) {
	f := newOffice(t, nil, app.Options{Manifest: trusting})
	if _, err := f.set(delegation.Autonomous); err != nil {
		t.Fatal(err)
	}
	if _, err := f.set(delegation.Coordinated); err != nil {
		t.Fatal(err)
	}
	if _, err := f.set(delegation.Autonomous); err != nil {
		t.Fatal(err)
	}
	if _, err := f.set(delegation.Coordinated); err != nil {
		t.Fatal(err)
	}
	f.exec(`UPDATE standings SET revoked_at = 0`)
	f.exec(`DELETE FROM mode_events`)
	if d := f.run(); d.State != handoff.Validated {
		t.Errorf("it is %s", d.State)
	}
}

// exec writes into the closed store as somebody with the file can.
func (f *office) exec(query string) {
	f.t.Helper()
	if err := f.Close(); err != nil {
		f.t.Fatal(err)
	}
	tamper(f.t, f.dir, query)
	f.open()
}

// Two replicas that look at the same clocks at the same time tell of each thing once.
func TestTwoReplicasSayItOnce(t *testing.T) {
	url := storetest.PostgresURL(t)
	f := newOffice(t, map[string]string{"store.url": url}, app.Options{})
	d := f.run()
	f.publish(d.ID)
	f.now = f.now.Add(30 * time.Hour)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			a, err := app.Open(context.WithoutCancel(t.Context()), f.o)
			if err != nil {
				t.Error(err)
				return
			}
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(f.show(d.ID).Notices); n != 2 {
		t.Errorf("%d notices, want a breach and an escalation", n)
	}
	data, err := os.ReadFile(filepath.Join(f.dir, ".roleos", "escalations.jsonl"))
	if err != nil || strings.Count(string(data), "\n") != 2 {
		t.Errorf("%v\n%s", err, data)
	}
}
