package app_test

import (
	"bytes"
	"crypto/rand"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"roleos/config"
	"roleos/internal/app"
	"roleos/internal/fault"
	"roleos/internal/store"
)

// workspace opens the workspace in dir for one test.
func workspace(t *testing.T, dir string) *app.App {
	t.Helper()
	cfg, _, err := config.Load(config.Options{Workspace: dir, User: "tester"})
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), app.Options{Config: cfg})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// tamper runs statements against the workspace's database, past everything of ours.
func tamper(t *testing.T, dir string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, ".roleos", "roleos.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test's own connection
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// TestARevisionForgedInTheStoreIsNotApproved puts other bytes under a draft, as
// somebody with the database's file could.
func TestARevisionForgedInTheStoreIsNotApproved(t *testing.T) {
	dir := t.TempDir()
	a := workspace(t, dir)
	o, err := a.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Sample: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	cfg, _, err := config.Load(config.Options{Workspace: dir, User: "tester"})
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), store.Options{URL: cfg.Store.URL})
	if err != nil {
		t.Fatal(err)
	}
	rev, err := db.Revision(t.Context(), o.Draft.ID, 1)
	if err != nil {
		t.Fatal(err)
	}
	forged, err := db.PutBlob(t.Context(), bytes.ReplaceAll(rev.Body, []byte("Schema change"), []byte("Everything is")))
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	tamper(t, dir, "UPDATE revisions SET digest = '"+forged+"'")
	a = workspace(t, dir)
	defer a.Close() //nolint:errcheck // the workspace is thrown away
	if _, _, err := a.Approve(t.Context(), o.Draft.ID, "", ""); fault.KindOf(err) != fault.Denied || !strings.Contains(err.Error(), "audit log") {
		t.Errorf("approving a forged revision: %v", err)
	}
}

// TestACutOffLogIsNotSignedAgain drops the newest audit records and the
// checkpoints beside them, and writes on.
func TestACutOffLogIsNotSignedAgain(t *testing.T) {
	dir := t.TempDir()
	a := workspace(t, dir)
	if _, err := a.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Sample: true}); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	checkpoint := filepath.Join(dir, ".roleos", "keys", "audit.checkpoint")
	before, err := os.ReadFile(checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	tamper(t, dir, "DELETE FROM audit_checkpoints", "DELETE FROM audit_leaves WHERE seq >= 3", "UPDATE audit_size SET size = 2")
	a = workspace(t, dir)
	_, _ = a.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Sample: true})
	_ = a.Close()
	after, err := os.ReadFile(checkpoint)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the checkpoint was replaced over a log that was cut off (%v)", err)
	}
	a = workspace(t, dir)
	defer a.Close() //nolint:errcheck // it is to fail
	if r, _, err := a.VerifyAudit(t.Context(), ""); err == nil && r.Intact() {
		t.Error("a log that was cut off and written on counts as intact")
	}
}

// TestAMissingCheckpointVouchesForNothing removes the checkpoint.
func TestAMissingCheckpointVouchesForNothing(t *testing.T) {
	dir := t.TempDir()
	a := workspace(t, dir)
	if _, err := a.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Sample: true}); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, ".roleos", "keys", "audit.checkpoint")); err != nil {
		t.Fatal(err)
	}
	a = workspace(t, dir)
	defer a.Close() //nolint:errcheck // nothing was written
	if r, _, err := a.VerifyAudit(t.Context(), ""); err != nil || r.Intact() {
		t.Errorf("without a checkpoint the log counts as intact (%v)", err)
	}
}

// TestAForgedLedgerIsNotBelieved marks an effect done that nobody did, as
// somebody with the database's file could, and applies.
func TestAForgedLedgerIsNotBelieved(t *testing.T) {
	dir := t.TempDir()
	a := workspace(t, dir)
	o, err := a.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Sample: true})
	if err != nil {
		t.Fatal(err)
	}
	_, plan, err := a.Approve(t.Context(), o.Draft.ID, "", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.ConfirmPlan(t.Context(), plan.ID, plan.Ask.Want); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	tamper(t, dir, "UPDATE effects SET state = 'done' WHERE n = 0")
	a = workspace(t, dir)
	defer a.Close() //nolint:errcheck // the workspace is thrown away
	if _, err := a.ApplyPlan(t.Context(), plan.ID); fault.KindOf(err) != fault.Denied || !strings.Contains(err.Error(), "cannot be believed") {
		t.Errorf("applying over a forged ledger: %v", err)
	}
	for _, c := range a.Doctor(t.Context()) {
		if c.Name == "ledger" && c.OK {
			t.Errorf("doctor did not notice: %s", c.Found)
		}
	}
}

// TestTheLogIsNotRecomputedForEverybody: many who ask at once share one result, a
// log that grew is recomputed, and one that somebody changed is found out within
// a minute.
func TestTheLogIsNotRecomputedForEverybody(t *testing.T) {
	dir := t.TempDir()
	cfg, _, err := config.Load(config.Options{Workspace: dir, User: "ana"})
	if err != nil {
		t.Fatal(err)
	}
	now, mu := time.Now(), sync.Mutex{}
	clock := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}
	a, err := app.Open(t.Context(), app.Options{Config: cfg, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close() //nolint:errcheck // its log was changed
	pass := func(d time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(d)
	}
	token := func() {
		if _, _, err := a.CreateToken(t.Context(), rand.Reader, "", "test", []string{"read"}, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	verify := func() app.Verified {
		v, err := a.VerifiedAudit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	token()
	first := verify()
	pass(30 * time.Second)
	if v := verify(); v.At != first.At || !v.Intact() {
		t.Errorf("nothing was appended, and it was recomputed: %+v", v)
	}
	token()
	if v := verify(); v.At == first.At || v.Records != first.Records+1 {
		t.Errorf("the log has grown, and the old result is told: %+v", v)
	}
	tamper(t, dir, `UPDATE audit_leaves SET body = CAST(replace(CAST(body AS TEXT), 'person:ana', 'person:bob') AS BLOB)`)
	pass(61 * time.Second)
	if v := verify(); v.Intact() {
		t.Error("a changed log is called intact for more than a minute")
	}
}
