package app_test

import (
	"encoding/json"
	"testing"

	"roleos/internal/app"
	"roleos/internal/artefact"
	"roleos/internal/fault"
	"roleos/internal/handoff"
)

func TestUndoGoesBackEditByEdit(t *testing.T) {
	a := workspace(t, t.TempDir())
	defer a.Close() //nolint:errcheck // the workspace is thrown away
	o, err := a.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Sample: true})
	if err != nil {
		t.Fatal(err)
	}
	labels := func() []string {
		v, err := a.View(t.Context(), o.Draft.ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, th := range v.Synthesis.Themes {
			out = append(out, th.Label)
		}
		return out
	}
	view, err := a.View(t.Context(), o.Draft.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	rename := func(to string) {
		edit, _ := json.Marshal(artefact.Edit{Op: artefact.Rename, Theme: view.Synthesis.Themes[0].ID, Label: to})
		if _, _, err := a.Review(t.Context(), handoff.Act{Draft: o.Draft.ID, Verdict: handoff.Edit, Edit: edit}); err != nil {
			t.Fatal(err)
		}
	}
	first := labels()[0]
	rename("sample label one")
	rename("sample label two")
	head, err := a.View(t.Context(), o.Draft.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"sample label one", first} {
		if _, _, err := a.UndoEdit(t.Context(), o.Draft.ID, head.Digest); err != nil {
			t.Fatal(err)
		}
		if got := labels()[0]; got != want {
			t.Errorf("after undo the label is %q, want %q", got, want)
		}
		if _, _, err := a.UndoEdit(t.Context(), o.Draft.ID, head.Digest); fault.KindOf(err) != fault.Stale {
			t.Errorf("a stale undo gives %v", err)
		}
		if head, err = a.View(t.Context(), o.Draft.ID, 0); err != nil {
			t.Fatal(err)
		}
	}
	if head.Digest != view.Digest {
		t.Error("the draft is not again what it was, byte for byte")
	}
	if _, _, err := a.UndoEdit(t.Context(), o.Draft.ID, head.Digest); fault.KindOf(err) != fault.Conflict {
		t.Errorf("with nothing left to take back: %v", err)
	}
	forged, _ := json.Marshal(map[string]any{"op": "restore", "to": 1, "digest": "sha256:" + "00"})
	if _, _, err := a.Review(t.Context(), handoff.Act{Draft: o.Draft.ID, Verdict: handoff.Edit, Edit: forged}); fault.KindOf(err) != fault.Denied {
		t.Errorf("bytes that were never a revision: %v", err)
	}
}
