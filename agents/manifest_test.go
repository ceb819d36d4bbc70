package agents_test

import (
	"strings"
	"testing"

	"roleos/agents"
)

func TestEmbeddedManifestsAreComplete(t *testing.T) {
	all, err := agents.Manifests()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("no manifest is embedded")
	}
	for _, m := range all {
		if missing := m.Missing(); len(missing) > 0 {
			t.Errorf("%s lacks %v", m.ID, missing)
		}
	}
}

func TestAnAgentWithoutGovernanceIsACopilot(t *testing.T) {
	_, err := agents.ParseManifest("x.yaml", []byte("kind: AgentManifest\nid: x\nname: X\nversion: 1.0.0\npurpose: p\n"))
	if err == nil || !strings.Contains(err.Error(), "this is a copilot, not a specialist") ||
		!strings.Contains(err.Error(), "governance.workflow_owner") {
		t.Errorf("error %v does not name what is missing", err)
	}
}

func TestManifestsAreReadStrictly(t *testing.T) {
	for name, text := range map[string]string{
		"unknown key":   "kind: AgentManifest\nid: x\nblast_raduis: 3\n",
		"duplicate key": "kind: AgentManifest\nid: x\nid: y\n",
		"wrong type":    "kind: AgentManifest\noversight: 3\n",
	} {
		_, err := agents.ParseManifest("x.yaml", []byte(text))
		if err == nil || !strings.Contains(err.Error(), "x.yaml:") {
			t.Errorf("%s: error %v, want one that names the place", name, err)
		}
	}
}

func TestFindNamesTheAgentsThereAre(t *testing.T) {
	_, err := agents.Find("feedback-rivr")
	if err == nil || !strings.Contains(err.Error(), "feedback-river") {
		t.Errorf("error %v does not name feedback-river", err)
	}
}
