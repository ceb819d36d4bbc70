package app_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"roleos/config"
	"roleos/internal/app"
	"roleos/internal/handoff"
	"roleos/internal/llm/llmtest"
	"roleos/internal/llm/pipeline"
)

func withModel(t *testing.T, provider, name string, events func(pipeline.Event)) *app.App {
	t.Helper()
	cfg, _, err := config.Load(config.Options{Workspace: t.TempDir(), User: "tester", Flags: map[string]string{"model.provider": provider, "model.name": name}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), app.Options{Config: cfg, ModelEvents: events})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	return a
}

// TestWhatALyingModelLeavesPassesTheContract drafts from real input with a model
// that lies and obeys whatever a text says. That it invents nothing is held to
// the records in internal/injection.
func TestWhatALyingModelLeavesPassesTheContract(t *testing.T) {
	const folder = "../../../shared/data/"
	a := withModel(t, "fake", "adversarial", nil)
	for _, c := range []struct{ agent, pattern string }{
		{"feedback-river", "feedback/support*15.csv"},
		{"feedback-river", "feedback/cfpb*.csv"},
		{"feedback-river", "feedback/app_reviews/*.csv"},
		{"stakeholder-synthesizer", "meetings/qmsum_val/B*.json"},
		{"stakeholder-synthesizer", "meetings/acd_notes/*.original.md"},
	} {
		files, err := filepath.Glob(folder + c.pattern)
		if err != nil || len(files) == 0 {
			t.Skipf("SKIPPED: no %s below ../shared/data (%v)", c.pattern, err)
		}
		o, err := a.Run(t.Context(), app.RunRequest{Agent: c.agent, Paths: files[:1]})
		if err != nil {
			t.Fatalf("%s: %v", files[0], err)
		}
		v, err := a.View(t.Context(), o.Draft.ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		if o.Draft.State != handoff.Validated {
			t.Errorf("%s: the draft is %s; gates: %+v", files[0], o.Draft.State, v.Gates)
		}
		if o.Asked.Model != "fake:adversarial" || o.Asked.Dropped == 0 || o.Asked.Calls > 25 || o.Asked.Tokens > 60_000 {
			t.Errorf("%s: %+v", files[0], o.Asked)
		}
		if c.agent == "feedback-river" {
			grounded(t, v.Synthesis, v.Records)
		}
	}
}

func TestAHelpfulModelWordsTheSampleOnceAndIsPaidOnce(t *testing.T) {
	var calls, cached atomic.Int64
	a := withModel(t, "fake", "helpful", func(e pipeline.Event) {
		switch e.Outcome {
		case "ok":
			calls.Add(1)
		case "cached":
			cached.Add(1)
		}
	})
	var first int64
	for i := range 2 {
		o, err := a.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Sample: true})
		if err != nil {
			t.Fatal(err)
		}
		if o.Draft.State != handoff.Validated || o.Asked == nil {
			t.Fatalf("%+v", o)
		}
		if i == 0 {
			first = calls.Load()
		}
	}
	if first == 0 || calls.Load() != first || cached.Load() != first {
		t.Errorf("%d calls at first, %d after the second run, %d from the store", first, calls.Load(), cached.Load())
	}
}

func TestABudgetStopsARunAndSaysSo(t *testing.T) {
	cfg, _, err := config.Load(config.Options{Workspace: t.TempDir(), User: "tester", Flags: map[string]string{
		"model.provider": "fake", "model.name": "helpful", "model.limits.run.tokens": "3000",
	}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), app.Options{Config: cfg})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close() //nolint:errcheck // the workspace is thrown away
	_, err = a.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Sample: true})
	if err == nil || !strings.Contains(err.Error(), "the limit of 3000 of tokens run:") || !strings.Contains(err.Error(), "model.limits") {
		t.Errorf("%v", err)
	}
}

// TestWhatIsDroppedAndRefusedIsTold: the metrics of both would stand at zero for
// ever if nobody were told.
func TestWhatIsDroppedAndRefusedIsTold(t *testing.T) {
	for _, c := range []struct{ model, tokens string }{{"adversarial", "0"}, {"helpful", "3000"}} {
		cfg, _, err := config.Load(config.Options{Workspace: t.TempDir(), User: "tester", Flags: map[string]string{
			"model.provider": "fake", "model.name": c.model, "model.limits.run.tokens": c.tokens, "model.fallback": "offline",
		}})
		if err != nil {
			t.Fatal(err)
		}
		var dropped, refused atomic.Int64
		a, err := app.Open(t.Context(), app.Options{
			Config: cfg, ModelDropped: func(_ string, n int) { dropped.Add(int64(n)) },
			ModelEvents: func(e pipeline.Event) {
				if e.Outcome == "refused" && strings.HasPrefix(e.Account, "run:") {
					refused.Add(1)
				}
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		o, err := a.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Sample: true})
		if err != nil || o.Asked.Dropped != int(dropped.Load()) || (c.model == "adversarial") != (dropped.Load() > 0) || (c.model == "helpful") != (refused.Load() > 0) {
			t.Errorf("%s: %d dropped, %d refused, %+v %v", c.model, dropped.Load(), refused.Load(), o.Asked, err)
		}
		_ = a.Close()
	}
}

// TestTheNextModelWordsWhatTheFirstDoesNot lets the first provider die for good, at
// once or in the middle, and looks who is named on the draft; with all of them dead
// the words are those of statistics.
func TestTheNextModelWordsWhatTheFirstDoesNot(t *testing.T) {
	answers := func(c llmtest.Call) llmtest.Reply {
		if strings.Contains(string(c.Raw), "Which of these groups") {
			return llmtest.Reply{Text: `{"pairs":[]}`}
		}
		return llmtest.Reply{Text: `{"groups":[]}`}
	}
	dead := llmtest.Reply{Status: 401, Raw: `{"error":{"message":"no such key","type":"invalid_request_error"}}`}
	for _, c := range []struct {
		name, analyst string
		first, second func(llmtest.Call) llmtest.Reply
	}{
		{"dead", "compatible:two", func(llmtest.Call) llmtest.Reply { return dead }, answers},
		{"well", "compatible:one", answers, func(llmtest.Call) llmtest.Reply { return dead }},
		{"dies", "compatible:one and compatible:two", func(c llmtest.Call) llmtest.Reply {
			if c.Number > 1 {
				return dead
			}
			return answers(c)
		}, answers},
		{"both dead", "offline", func(llmtest.Call) llmtest.Reply { return dead }, func(llmtest.Call) llmtest.Reply { return dead }},
	} {
		t.Run(c.name, func(t *testing.T) {
			one, two := llmtest.NewServer(t, llmtest.OpenAI, c.first), llmtest.NewServer(t, llmtest.OpenAI, c.second)
			dir := t.TempDir()
			settings := "model: {provider: compatible, name: one, base_url: \"" + one.URL + "/v1\", concurrency: 1, fallback: [backup, offline]}\n" +
				"models: {backup: \"compatible:two base_url=" + two.URL + "/v1\"}\n"
			if err := os.WriteFile(filepath.Join(dir, config.FileName), []byte(settings), 0o600); err != nil {
				t.Fatal(err)
			}
			cfg, _, err := config.Load(config.Options{Workspace: dir, User: "tester"})
			if err != nil {
				t.Fatal(err)
			}
			a, err := app.Open(t.Context(), app.Options{Config: cfg})
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close() //nolint:errcheck // the workspace is thrown away
			o, err := a.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Sample: true})
			if err != nil {
				t.Fatal(err)
			}
			v, err := a.View(t.Context(), o.Draft.ID, 0)
			if err != nil {
				t.Fatal(err)
			}
			var page strings.Builder
			if err := v.Markdown(&page); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(page.String(), map[bool]string{true: "the words are those of statistics", false: c.analyst}[c.analyst == "offline"]) {
				t.Errorf("the draft does not name %s", c.analyst)
			}
			if c.analyst != "offline" && o.Asked.Model != c.analyst {
				t.Errorf("asked %s, want %s", o.Asked.Model, c.analyst)
			}
			if c.name == "well" && len(two.Calls()) > 0 {
				t.Error("the second was asked though the first answered")
			}
		})
	}
}

// The child process of the test below is told through these what to do.
const (
	modelDir = "ROLEOS_TEST_MODEL_DIR"
	modelURL = "ROLEOS_TEST_MODEL_URL"
)

// wordSample drafts from the sample with the model at the address, or goes on
// with what was begun.
func wordSample(dir, address string) error {
	ctx := context.Background()
	cfg, _, err := config.Load(config.Options{Workspace: dir, User: "tester", Flags: map[string]string{
		"model.provider": "compatible", "model.name": "test", "model.base_url": address, "model.concurrency": "2",
	}})
	if err != nil {
		return err
	}
	a, err := app.Open(ctx, app.Options{Config: cfg})
	if err != nil {
		return err
	}
	if _, err := a.Resume(ctx, "", nil); err != nil {
		return err
	}
	drafts, err := a.Drafts(ctx, nil)
	if err == nil && len(drafts) == 0 {
		_, err = a.Run(ctx, app.RunRequest{Agent: "feedback-river", Sample: true})
	}
	if err == nil {
		err = a.Close()
	}
	return err
}

// TestAKilledRunPaysNoAnswerTwice kills the process while calls are under way,
// lets another go on, and counts what the provider was asked.
func TestAKilledRunPaysNoAnswerTwice(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED with -short: starts processes")
	}
	begun := make(chan int, 100)
	s := llmtest.NewServer(t, llmtest.OpenAI, func(c llmtest.Call) llmtest.Reply {
		begun <- c.Number
		text := `{"groups":[]}`
		if strings.Contains(string(c.Raw), "Which of these groups") {
			text = `{"pairs":[]}`
		}
		return llmtest.Reply{Text: text, Delay: 300 * time.Millisecond}
	})
	start := func() *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Stderr = os.Stderr
		return cmd
	}
	dir := t.TempDir()
	env := append(os.Environ(), modelDir+"="+dir, modelURL+"="+s.URL+"/v1")
	first := start()
	first.Env = env
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	for n := range begun {
		if n == 3 { // two are answered, or one and two are under way
			break
		}
	}
	_ = first.Process.Kill()
	_ = first.Wait()
	second := start()
	second.Env = env
	if err := second.Run(); err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, c := range s.Calls() {
		count[string(c.Raw)]++
	}
	twice := 0
	for _, n := range count {
		if n > 2 {
			t.Errorf("one question was asked %d times", n)
		}
		if n > 1 {
			twice++
		}
	}
	if twice > 2 {
		t.Errorf("%d questions were asked twice; at most 2 were under way", twice)
	}
	t.Logf("%d calls for %d questions, %d asked twice", len(s.Calls()), len(count), twice)
}
