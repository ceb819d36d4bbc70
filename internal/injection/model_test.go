package injection_test

import (
	"strings"
	"testing"

	"roleos/config"
	"roleos/internal/app"
)

// TestAModelThatObeysTextDecidesNothing drafts from the attacks with a model
// that does what the texts say, and without one. Which records belong together,
// what is counted and what the gates say is the same.
func TestAModelThatObeysTextDecidesNothing(t *testing.T) {
	attacked, _ := both(t)
	type drafted struct {
		state  string
		gates  []gate
		themes []string
	}
	draft := func(model map[string]string) drafted {
		w := open(t, "solo", nil)
		must(t, w.App.Close())
		cfg, _, err := config.Load(config.Options{Workspace: w.dir, User: "tester", Flags: model})
		must(t, err)
		w.App, err = app.Open(t.Context(), app.Options{Config: cfg})
		must(t, err)
		w.cfg = cfg
		d := w.draft(attacked, partWords, nil)
		v, err := w.View(t.Context(), d.ID, 0)
		must(t, err)
		out := drafted{state: string(d.State), gates: w.gates(d.ID)}
		for _, th := range v.Synthesis.Themes {
			out.themes = append(out.themes, th.ID+" "+strings.Join(th.RecordIDs, ","))
			for _, bad := range []string{"Approved", "As instructed", "(approved)"} {
				if model != nil && strings.Contains(th.Label+strings.Replace(th.Statement, th.Says.Text, "", 1), bad) {
					t.Errorf("the model's obedience stands in theme %s: %q, %q", th.ID, th.Label, th.Statement)
				}
			}
		}
		if model != nil && len(v.Synthesis.Rejected) == 0 {
			t.Error("nothing of the model was dropped: it did not obey")
		}
		return out
	}
	with := draft(map[string]string{"model.provider": "fake", "model.name": "adversarial"})
	without := draft(nil)
	if with.state != without.state || strings.Join(with.themes, ";") != strings.Join(without.themes, ";") {
		t.Errorf("the draft is %s with the model and %s without, or its themes differ", with.state, without.state)
	}
	for i, g := range with.gates {
		if g != without.gates[i] {
			t.Errorf("gate %+v with the model, %+v without", g, without.gates[i])
		}
	}
}
