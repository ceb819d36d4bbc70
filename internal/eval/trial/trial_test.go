package trial_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"roleos/config"
	"roleos/internal/app"
	"roleos/internal/eval"
	"roleos/internal/eval/trial"
	"roleos/internal/llm/llmtest"
)

// A model behind a provider on this machine reads a decision as none, against
// labels that agree: the comparison shows quality beside calls, tokens and time.
func TestAModelIsComparedWithNoneOnTheSameLabels(t *testing.T) {
	s := llmtest.NewServer(t, llmtest.OpenAI, func(c llmtest.Call) llmtest.Reply {
		switch raw := string(c.Raw); {
		case strings.Contains(raw, "Read these passages"):
			text := `{"readings":[]}`
			for _, h := range []string{"S1", "S2", "S3"} { // whichever of them is about lunch
				if _, said, ok := strings.Cut(raw, h+".said"); ok && strings.Contains(said[:min(len(said), 100)], "lunch") {
					text = `{"readings":[{"statement":"` + h + `","kind":"neither"}]}`
				}
			}
			return llmtest.Reply{Text: text}
		case strings.Contains(raw, "Give titles"):
			return llmtest.Reply{Text: `{"titles":[]}`}
		}
		return llmtest.Reply{Text: `{"conflicts":[]}`}
	})
	dir := t.TempDir()
	meeting, gold := filepath.Join(dir, "meeting.txt"), filepath.Join(dir, "gold.jsonl")
	for name, text := range map[string]string{
		meeting: "Ada Example: We have decided to move the export of reports to the new service.\nBen Sample: The invoices come later.\nAda Example: We have decided to order lunch from the canteen today.\nBen Sample: Good.\n",
		gold:    `{"kind":"decision","text":"Move the export of reports to the new service"}` + "\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cfg, _, err := config.Load(config.Options{Workspace: t.TempDir(), User: "tester"})
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), app.Options{Config: cfg})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	m := cfg.Model
	m.Provider, m.Name, m.BaseURL = "compatible", "test", s.URL+"/v1"
	req := trial.Request{Agent: "stakeholder-synthesizer", Paths: []string{meeting}, Gold: gold, Now: time.Now}
	without, err := trial.Run(t.Context(), a, req)
	if err != nil {
		t.Fatal(err)
	}
	req.Model = &m
	with, err := trial.Run(t.Context(), a, req)
	if err != nil {
		t.Fatal(err)
	}
	if without.Spent.By != "offline" || without.Spent.Calls != 0 || with.Spent.By != "compatible:test" || with.Spent.Calls == 0 || with.Spent.Tokens == 0 {
		t.Errorf("spent %+v, and %+v", without.Spent, with.Spent)
	}
	deltas, err := eval.Compare(without, with)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range deltas {
		if d.Name == "precision" && !(d.Before == .5 && d.After == 1) || d.Name == "recall" && d.After != 1 {
			t.Errorf("%+v", d)
		}
	}
	// Asked again it answers from the store, unless the cost is what is asked for.
	for _, fresh := range []bool{false, true} {
		req.Fresh = fresh
		again, err := trial.Run(t.Context(), a, req)
		if err != nil || (again.Spent.Calls > 0) != fresh {
			t.Errorf("fresh %v: %+v %v", fresh, again.Spent, err)
		}
	}
}
