package app_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"roleos/internal/app"
	"roleos/internal/artefact"
	"roleos/internal/change"
	"roleos/internal/erase"
	"roleos/internal/fault"
	"roleos/internal/handoff"
	"roleos/internal/store/storetest"
)

// secret is what one person wrote; other people's tickets are about the same.
const secret = "After my knee surgery at Saint Vincent the nightly export failed and nobody in billing called me back"

func personalExport() []byte {
	var b bytes.Buffer
	b.WriteString("id,text,email,plan\n")
	for i := range 30 {
		fmt.Fprintf(&b, "%d,the nightly export of my report fails again and again at number %d,user%d@example.com,pro\n", i, i, i)
		fmt.Fprintf(&b, "p%d,cannot reset my password because the link is dead since version %d,user%d@example.com,free\n", i, i, i)
	}
	fmt.Fprintf(&b, "900,\"%s\",Ana.Silva@example.org,pro\n", secret)
	fmt.Fprintf(&b, "901,\"the export fails, write to ana.silva@example.org please\",,free\n")
	return b.Bytes()
}

// TestWhatIsErasedIsNowhere: after an erasure no byte of the workspace holds what
// the person wrote, drafts say what is missing, the contract holds, and so do the
// log and its proofs.
func TestWhatIsErasedIsNowhere(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { whatIsErasedIsNowhere(t, nil) })
	t.Run("PostgreSQL", func(t *testing.T) {
		whatIsErasedIsNowhere(t, map[string]string{"store.url": storetest.PostgresURL(t)})
	})
}

func whatIsErasedIsNowhere(t *testing.T, flags map[string]string) {
	f := newOffice(t, flags, app.Options{})
	ctx := t.Context()
	up, err := f.PutUpload(ctx, "tickets.csv", personalExport())
	if err != nil {
		t.Fatal(err)
	}
	o, err := f.Run(ctx, app.RunRequest{Agent: "feedback-river", Uploads: []app.Upload{up}})
	if err != nil {
		t.Fatal(err)
	}
	v, err := f.View(ctx, o.Draft.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	theme := ""
	for _, th := range v.Synthesis.Themes {
		for _, id := range th.RecordIDs {
			if id == "900" {
				theme = th.ID
			}
		}
	}
	if theme == "" {
		theme = v.Synthesis.Themes[0].ID
	}
	// A reviewer makes a theme of it, so that the draft quotes it, and says why.
	edit, _ := json.Marshal(artefact.Edit{Op: artefact.Split, Theme: theme, Label: "Lost after surgery", Records: []string{"900"}})
	if _, _, err := f.Review(ctx, handoff.Act{Draft: o.Draft.ID, Verdict: handoff.Edit, Edit: edit, Text: "look"}); err != nil {
		t.Log(err) // it fits nowhere, and is listed
	}
	if _, _, err := f.Review(ctx, handoff.Act{Draft: o.Draft.ID, Verdict: handoff.Comment, Text: "why did nobody in billing call back?"}); err != nil {
		t.Fatal(err)
	}
	f.publish(o.Draft.ID)
	feed := filepath.Join(f.dir, ".roleos", "feeds", "0123456789abcdef.json") // as an answer of a feed is kept
	if err := errors.Join(os.MkdirAll(filepath.Dir(feed), 0o700), os.WriteFile(feed, []byte(secret), 0o600)); err != nil {
		t.Fatal(err)
	}
	published := f.grep(filepath.Join(f.dir, "context"), "knee surgery at Saint")

	sel := erase.Selection{Person: "ana.silva@example.org"}
	p, err := f.PlanErasure(ctx, sel)
	if err != nil {
		t.Fatal(err)
	}
	if p.Count != 2 || p.Uploads != 1 || len(p.Drafts) != 1 || len(published) > 0 && len(p.Files) == 0 {
		t.Errorf("the plan: %+v; published in %v", p, published)
	}
	if data, _ := json.Marshal(p); strings.Contains(string(data), "surgery") || strings.Contains(strings.ToLower(string(data)), "ana.silva") {
		t.Errorf("the plan repeats what shall be forgotten: %s", data)
	}
	if _, err := f.Erase(ctx, sel, "yes"); fault.KindOf(err) != fault.NeedsConfirmation {
		t.Errorf("yes erases: %v", err)
	}
	if _, err := f.Erase(ctx, sel, p.Ask); err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{"surgery at Saint", "Saint Vincent", "ana.silva@", "Ana.Silva@"} {
		if found := f.everywhere(words); len(found) > 0 {
			t.Errorf("%q still stands in %v", words, found)
		}
	}
	gates, err := f.CheckAgain(ctx, o.Draft.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range gates {
		if g.Status != "passed" {
			t.Errorf("gate %s is %s: %s %s", g.ID, g.Status, g.Where, g.Observed)
		}
	}
	quotes, err := f.Quotes(ctx, o.Draft.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	gaps := 0
	for _, q := range quotes {
		if q.Quote.RecordID == "900" {
			gaps++
			if q.Quote.Text != "[erased on 27 March 2026 at the request of data-subject]" {
				t.Errorf("the draft says %q", q.Quote.Text)
			}
			if row, err := f.Evidence(ctx, o.Draft.ID, 0, fmt.Sprint(q.N), false); err != nil || row.Text != q.Quote.Text {
				t.Errorf("its evidence: %+v %v", row, err)
			}
		}
	}
	if gaps == 0 {
		t.Error("the draft does not quote the record; this test shows nothing of quotes")
	}
	if r, _, err := f.VerifyAudit(ctx, ""); err != nil || !r.Intact() {
		t.Errorf("the log: %+v %v", r, err)
	}
	for _, c := range f.Doctor(ctx) {
		if !c.OK && c.Name != "work" {
			t.Errorf("doctor, %s: %s", c.Name, c.Found)
		}
	}
	sets, err := f.Plans(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sets {
		if view, err := f.ShowPlan(ctx, s.ID); err != nil || s.State != change.Applied {
			t.Errorf("change set %s: %+v %v", s.ID, view.State, err)
		}
		if _, err := f.UndoPlan(ctx, s.ID); len(p.ChangeSets) > 0 && fault.KindOf(err) != fault.Conflict {
			t.Errorf("undoing what was erased: %v", err)
		}
	}
	if _, err := f.PlanErasure(ctx, sel); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a second time: %v", err)
	}
	if _, err := f.PutUpload(ctx, "tickets.csv", personalExport()); fault.KindOf(err) != fault.Denied {
		t.Errorf("the same file again: %v", err)
	}
	if out, err := f.Run(ctx, app.RunRequest{Agent: "feedback-river", Sample: true}); err != nil || out.Draft.State != handoff.Validated {
		t.Errorf("work goes on: %+v %v", out.Draft.State, err)
	}
}

func (f *office) grep(dir, words string) []string {
	f.t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(words)) {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return out
}

// bytesOf returns everything that the store holds, unpacked.
func (f *office) bytesOf() map[string]string {
	f.t.Helper()
	out := map[string]string{}
	db, ctx := f.Store(), f.t.Context()
	names, err := db.Blobs(ctx)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, n := range names {
		b, err := db.Blob(ctx, n)
		if err != nil {
			f.t.Fatal(err)
		}
		out["blob "+n] = string(b)
	}
	err = db.Texts(ctx, func(table, column string, value []byte, _ bool) []byte {
		out[fmt.Sprint(table, " ", column, " ", len(out))] = string(value)
		return value
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return out
}

// everywhere says where words stand: in files, in the database's own file, in
// anything that the store holds.
func (f *office) everywhere(words string) []string {
	out := f.grep(f.dir, words)
	for name, text := range f.bytesOf() {
		if strings.Contains(text, words) {
			out = append(out, name)
		}
	}
	return out
}

// TestWhatWasKeptLongEnough: after their days unmasked texts and stored files go,
// then what records said, and the journals of finished runs; the drafts, their
// figures and the log stay.
func TestWhatWasKeptLongEnough(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { keptLongEnough(t, map[string]string{}) })
	t.Run("PostgreSQL", func(t *testing.T) { keptLongEnough(t, map[string]string{"store.url": storetest.PostgresURL(t)}) })
}

func keptLongEnough(t *testing.T, flags map[string]string) {
	flags["retention.originals_days"], flags["retention.records_days"], flags["retention.journal_days"] = "30", "60", "10"
	f := newOffice(t, flags, app.Options{})
	ctx := t.Context()
	up, err := f.PutUpload(ctx, "tickets.csv", personalExport())
	if err != nil {
		t.Fatal(err)
	}
	o, err := f.Run(ctx, app.RunRequest{Agent: "feedback-river", Uploads: []app.Upload{up}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Store().Exec(ctx, `UPDATE record_sets SET created_at = ?`, f.now.UnixNano()) // the store was opened with this time, or with the true one
	if err != nil {
		t.Fatal(err)
	}
	step := func(days int) app.Retained {
		f.later(time.Duration(days) * 24 * time.Hour)
		got, err := f.Retain(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := step(20); got.Originals+got.Files+got.Records != 0 {
		t.Errorf("after 20 days: %+v", got)
	}
	if got := step(20); got.Originals != 1 || got.Files != 1 || got.Records != 0 {
		t.Errorf("after 40 days: %+v", got)
	}
	if found := f.everywhere("ana.silva@"); len(found) > 0 {
		t.Errorf("an address stands in %v", found)
	}
	if got := step(40); got.Records != 62 {
		t.Errorf("after 80 days: %+v", got)
	}
	if found := f.everywhere("Saint Vincent"); len(found) > 0 {
		t.Errorf("the words stand in %v", found)
	}
	if got := step(1); got != (app.Retained{}) {
		t.Errorf("a second time: %+v", got)
	}
	gates, err := f.CheckAgain(ctx, o.Draft.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range gates {
		if g.Status != "passed" {
			t.Errorf("gate %s is %s: %s %s", g.ID, g.Status, g.Where, g.Observed)
		}
	}
	if r, _, err := f.VerifyAudit(ctx, ""); err != nil || !r.Intact() {
		t.Errorf("the log: %+v %v", r, err)
	}
}

// TestWhatWasErasedOrNeverFinishedDoesNotComeBack: retention keeps in mind which
// files were erased, and parts of a file that nobody finished go after a day, also
// when nobody begins another one.
func TestWhatWasErasedOrNeverFinishedDoesNotComeBack(t *testing.T) {
	f := newOffice(t, map[string]string{"retention.originals_days": "30"}, app.Options{})
	ctx := t.Context()
	up, err := f.PutUpload(ctx, "tickets.csv", personalExport())
	if err != nil {
		t.Fatal(err)
	}
	if _, err = f.Run(ctx, app.RunRequest{Agent: "feedback-river", Uploads: []app.Upload{up}}); err != nil {
		t.Fatal(err)
	}
	if _, err = f.Store().Exec(ctx, `UPDATE record_sets SET created_at = ?`, f.now.UnixNano()); err != nil {
		t.Fatal(err)
	}
	sel := erase.Selection{Person: "ana.silva@example.org"}
	p, err := f.PlanErasure(ctx, sel)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = f.Erase(ctx, sel, p.Ask); err != nil {
		t.Fatal(err)
	}
	part, err := f.BeginUpload(ctx, "more.csv", 1000)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = f.GoOnUpload(ctx, part.ID, 0, strings.NewReader("half of a file")); err != nil {
		t.Fatal(err)
	}
	f.later(40 * 24 * time.Hour)
	if _, err := f.GoOnUpload(ctx, part.ID, 14, strings.NewReader("more")); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a file that was begun 40 days ago goes on: %v", err)
	}
	if _, err := f.Retain(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := f.PutUpload(ctx, "tickets.csv", personalExport()); fault.KindOf(err) != fault.Denied {
		t.Errorf("the file that was erased is stored again: %v", err)
	}
	rows, err := f.Store().Query(ctx, `SELECT upload FROM upload_parts`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	if rows.Next() || rows.Err() != nil {
		t.Errorf("parts of 40 days ago are there (%v)", rows.Err())
	}
}
