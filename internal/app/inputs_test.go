package app

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"roleos/agents/feedbackriver"
	"roleos/config"
	"roleos/internal/handoff"
	"roleos/internal/sample"
	"roleos/internal/workflow"
)

func TestOnlyWhatPeopleWroteIsFeedback(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"feedback.csv":                string(sample.CSV()),
		"call/transcript.vtt":         "WEBVTT\n\n00:01.000 --> 00:03.000\nAna: We need the export by May.\n\n00:04.000 --> 00:06.000\nBen: I do not think so.\n",
		"call/transcript_changes.tsv": "original\tcorrected\tconfidence\nPrism\tPrysm\thigh\nAragon\tErigon\thigh\nGath\tGeth\tlow\n",
		"call/tldr.json":              `{"meeting":"Sync","highlights":[{"at":"00:01","text":"The export is wanted by May this year"},{"at":"00:04","text":"Ben does not think that it can be done"}]}`,
		"odd.xml":                     "<data>\n<x>one two, three</x>\n<x>four five, six</x>\n</data>\n",
	} {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a := &App{cfg: config.Config{}}
	a.cfg.Ingest.Limits = config.Limits{Files: 100}
	in, err := a.Inputs(t.Context(), []string{dir})
	if err != nil {
		t.Fatal(err)
	}
	if got := in.Kinds[workflow.Feedback]; !slices.Equal(got, []string{filepath.Join(dir, "feedback.csv")}) {
		t.Errorf("feedback: %v", got)
	}
	if len(in.Unread) != 3 {
		t.Errorf("unread: %+v", in.Unread)
	}
	for _, u := range in.Unread {
		if u.Why == "" {
			t.Errorf("%s is unread without a reason", u.Path)
		}
	}
}

func TestARefusedDraftIsChangedByTheCommandOfItsKind(t *testing.T) {
	for kind, want := range map[string]string{feedbackriver.Kind: "roleos review edit --help", "problem-brief": "roleos review change pb-1 --help"} {
		if next := NextFor(handoff.Draft{ID: "pb-1", Kind: kind, State: handoff.Drafted}, true); next[0] != want {
			t.Errorf("%s: %v", kind, next)
		}
	}
}
