package contracts_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"roleos/contracts"
	"roleos/contracts/gate"
)

// The boundaries that no agent drafts for: each bad example breaks its gate, and
// no gate but those named here.
func TestBadExamplesOfTheBoundariesBreakOneGate(t *testing.T) {
	also := map[string][]string{
		"working-components/no-component.yaml":   {"criteria-tested", "constraints-met", "coverage-high"},
		"release-candidate/acceptance-open.yaml": {"users-accepted", "risks-accepted"},
	}
	for _, id := range []string{"working-components", "release-candidate", "live-product", "cycle-learnings"} {
		c, err := contracts.Default().Get(id)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range c.Gates[1:] {
			e, err := contracts.LoadExample(os.DirFS("."), g.FailsOn)
			if err != nil {
				t.Fatal(err)
			}
			s, err := e.Subject()
			if err != nil {
				t.Fatal(err)
			}
			name := strings.TrimPrefix(g.FailsOn, "examples/")
			r := contracts.Check(t.Context(), c, s)
			for _, x := range r.Open() {
				wants := contracts.Failed
				if x.Kind == gate.Attested {
					wants = contracts.Waiting
				}
				if x.Status != wants || x.ID != g.ID && !slices.Contains(also[name], x.ID) {
					t.Errorf("%s: gate %s is %s: %s", name, x.ID, x.Status, x.Observed)
				}
				if strings.Contains(x.Observed, "cannot be shown") {
					t.Errorf("%s: gate %s: %s", name, x.ID, x.Observed)
				}
			}
		}
	}
}

// What a tester, an owner and the next cycle need is asked for at each boundary.
func TestEveryBoundaryAsksForWhatItsStageNeeds(t *testing.T) {
	for id, want := range map[string]struct {
		from, to string
		gates    []string
	}{
		"working-components": {"build", "test", []string{"components-listed", "documented", "coverage-measured", "nothing-lost"}},
		"release-candidate":  {"test", "ship", []string{"criteria-measured", "risks-owned", "groups-compared", "risks-accepted", "nothing-lost"}},
		"live-product":       {"ship", "evaluate", []string{"criteria-observed", "signals-alive", "rollback-tried", "nothing-lost"}},
		"cycle-learnings":    {"evaluate", "discover", []string{"every-criterion-answered", "verdicts-follow", "learnings-rest-on-outcomes", "nothing-lost"}},
	} {
		c, err := contracts.Default().Get(id)
		if err != nil {
			t.Fatal(err)
		}
		if c.From.Stage != want.from || c.To.Stage != want.to || len(c.SLA) == 0 {
			t.Errorf("%s goes from %s to %s with %d clocks", id, c.From.Stage, c.To.Stage, len(c.SLA))
		}
		for _, g := range want.gates {
			if i := slices.IndexFunc(c.Gates, func(x contracts.Gate) bool { return x.ID == g }); i < 0 || c.Gates[i].Enforcement != contracts.Deny {
				t.Errorf("%s has no gate %s that stops a draft", id, g)
			}
		}
	}
}
