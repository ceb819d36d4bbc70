package say_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/fstest"

	"roleos/contracts"
	"roleos/contracts/say"
	"roleos/contracts/skeleton"
)

// folder returns what 'contract new' writes, changed.
func folder(t *testing.T, change ...string) *contracts.Set {
	t.Helper()
	files, err := skeleton.Files(skeleton.Spec{ID: "risk-note", FromRole: "pm", FromStage: "discover", ToRole: "architect", ToStage: "decide"})
	if err != nil {
		t.Fatal(err)
	}
	out := fstest.MapFS{}
	for _, f := range files {
		out[f.Path] = &fstest.MapFile{Data: []byte(strings.NewReplacer(change...).Replace(string(f.Body)))}
	}
	return contracts.Default().Beside(out)
}

// named fills in who answers for the contract, as the first message asks.
func named() []string {
	return []string{`workflow_owner: ""`, "workflow_owner: pm", `source_of_truth: ""`, "source_of_truth: context", `service_level: ""`, "service_level: two days", `audit_trail: ""`, "audit_trail: log"}
}

// Somebody new goes from one message to the next until lint accepts the contract.
func TestMessagesLeadANewContractToItsEnd(t *testing.T) {
	_, err := folder(t).Get("risk-note")
	if err == nil || !strings.Contains(err.Error(), "risk-note.yaml:8:19: governance has no workflow_owner, source_of_truth, service_level, audit_trail") {
		t.Errorf("first: %v", err)
	}
	c, err := folder(t, named()...).Get("risk-note")
	if err != nil {
		t.Fatal(err)
	}
	findings := contracts.Lint(t.Context(), c)
	if len(findings) != 1 || findings[0].Gate != "my-gate" || !strings.Contains(findings[0].String(), "The example is bad by: replace /points/0/source.") {
		t.Errorf("second: %v", findings)
	}
	c, err = folder(t, append(named(), `cel: "true"`, "cel: draft.points.all(p, !p.source.blank())")...).Get("risk-note")
	if err != nil {
		t.Fatal(err)
	}
	if findings := contracts.Lint(t.Context(), c); len(findings) > 0 {
		t.Errorf("third: %v", findings)
	}
	text := say.Trials(c, contracts.Try(t.Context(), c))
	for _, want := range []string{
		"examples/risk-note/good.yaml  A draft that you would take.\n  passed   all 3 gates\n",
		"  failed   schema: missing: title  (as wanted)\n  skipped  2 gates, which need the form\n",
		"risk-note@0.1.0: 4 examples, 3 gates, all as wanted\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
}

func TestTrialsSayWhatIsNotAsWanted(t *testing.T) {
	c, err := folder(t, named()...).Get("risk-note")
	if err != nil {
		t.Fatal(err)
	}
	text := say.Trials(c, contracts.Try(t.Context(), c))
	if !strings.Contains(text, "  passed   my-gate\n           NOT AS WANTED: the gate says in fails_on that it refuses this") || !strings.Contains(text, "1 of 4 examples not as wanted") {
		t.Error(text)
	}
}

func TestVerdictsNameWhoIsWaitedFor(t *testing.T) {
	c, err := contracts.Default().Get("release-candidate")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range contracts.Try(t.Context(), c) {
		text := say.Verdict(x.Result)
		switch {
		case strings.HasSuffix(x.Name, "good.yaml") && !strings.Contains(text, "the draft passes\n"),
			strings.HasSuffix(x.Name, "acceptance-open.yaml") && !strings.Contains(text, "passes every check and waits for a pm and a portfolio-owner"),
			strings.HasSuffix(x.Name, "risk-unowned.yaml") && !strings.Contains(text, "the draft does not pass"):
			t.Errorf("%s:\n%s", x.Name, text)
		}
	}
}

// The log is what the standard asks for: SARIF 2.1.0, 3.13 to 3.30.
func TestLogsAreSARIF(t *testing.T) {
	c, err := folder(t, named()...).Get("risk-note")
	if err != nil {
		t.Fatal(err)
	}
	_, broken := folder(t).Get("risk-note")
	data, err := say.SARIF("1.2.3", []say.Found{
		{Folder: "our contracts", Findings: contracts.Lint(t.Context(), c)},
		{Folder: "x", Findings: []contracts.Finding{contracts.Unread("risk-note.yaml", broken)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var log struct {
		Schema  string `json:"$schema"`
		Version string `json:"version"`
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name, Version string
					Rules         []struct{ ID string }
				}
			}
			Results []struct {
				RuleID    string
				RuleIndex int
				Level     string
				Message   struct{ Text string }
				Locations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine, StartColumn int }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(data, &log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "2.1.0" || len(log.Runs) != 1 || log.Runs[0].Tool.Driver.Name != "roleos" || len(log.Runs[0].Results) != 2 {
		t.Fatalf("%s", data)
	}
	for i, want := range []struct {
		rule, uri    string
		line, column int
	}{{"bad-example-accepted", "our%20contracts/risk-note.yaml", 48, 15}, {"unreadable", "x/risk-note.yaml", 8, 19}} {
		r := log.Runs[0].Results[i]
		at := r.Locations[0].PhysicalLocation
		if r.RuleID != want.rule || log.Runs[0].Tool.Driver.Rules[r.RuleIndex].ID != want.rule || r.Level != "error" || r.Message.Text == "" ||
			at.ArtifactLocation.URI != want.uri || at.Region.StartLine != want.line || at.Region.StartColumn < 1 {
			t.Errorf("%+v, want %+v", r, want)
		}
	}
}

func TestComparisonsSayWhichVersionIsAskedFor(t *testing.T) {
	was, err := folder(t, named()...).Get("risk-note")
	if err != nil {
		t.Fatal(err)
	}
	is, err := folder(t, append(named(), ">= 3 &&", ">= 2 &&", "version: 0.1.0", "version: 0.1.1")...).Get("risk-note")
	if err != nil {
		t.Fatal(err)
	}
	text := say.Comparison(contracts.Compare(t.Context(), was, is))
	for _, want := range []string{"BREAKING: drafts that were refused may be accepted", "seen: examples/risk-note/two-points.yaml of 0.1.0", "asks for a new minor version: 0.2.0 after 0.1.0, and not 0.1.1"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
}
