package app_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"roleos/config"
	"roleos/internal/app"
	"roleos/internal/fault"
)

// TestARestoredWorkspaceGoesOn backs a workspace up with a draft in review,
// restores it elsewhere and publishes the draft there.
func TestARestoredWorkspaceGoesOn(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, config.FileName), []byte("workspace:\n  name: harbour\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := workspace(t, dir)
	o, err := a.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Sample: true})
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	made, err := a.WriteBackup(t.Context(), &archive)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	whole := archive.Bytes()
	for name, broken := range map[string][]byte{
		"empty": nil, "text": []byte("hello"), "cut off": whole[:len(whole)/2], "a bit flipped": flipped(whole, len(whole)/3),
	} {
		to := filepath.Join(t.TempDir(), "w")
		if _, err := app.Restore(to, bytes.NewReader(broken)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(to, ".roleos")); err == nil {
			t.Errorf("%s: something was restored", name)
		}
	}
	to := filepath.Join(t.TempDir(), "w")
	got, err := app.Restore(to, bytes.NewReader(whole))
	if err != nil || got.Audit != made.Audit || len(got.Files()) < 4 {
		t.Fatalf("restored %v, %v", got.Files(), err)
	}
	if _, err := app.Restore(to, bytes.NewReader(whole)); fault.KindOf(err) != fault.Conflict {
		t.Errorf("restoring over a workspace: %v", err)
	}
	b := workspace(t, to)
	defer b.Close() //nolint:errcheck // thrown away
	for _, c := range b.Doctor(t.Context()) {
		if !c.OK {
			t.Errorf("%s: %s", c.Name, c.Found)
		}
	}
	_, plan, err := b.Approve(t.Context(), o.Draft.ID, "", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.ConfirmPlan(t.Context(), plan.ID, plan.Ask.Want); err != nil {
		t.Fatal(err)
	}
	if _, err := b.ApplyPlan(t.Context(), plan.ID); err != nil {
		t.Fatal(err)
	}
}

func flipped(b []byte, at int) []byte {
	out := bytes.Clone(b)
	out[at] ^= 0x40
	return out
}
