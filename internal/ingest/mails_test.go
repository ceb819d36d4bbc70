package ingest_test

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"roleos/internal/evidence"
	"roleos/internal/ingest"
)

// Every mail of the fixtures is read, most of which are broken in some way, and a sample says the right things.
func TestBrokenMailsNeverStopAFolder(t *testing.T) {
	dir := shared(t, "email")
	files := 0
	_ = filepath.WalkDir(dir, func(p string, d fs.DirEntry, _ error) error {
		if strings.HasSuffix(p, ".eml") {
			files++
		}
		return nil
	})
	r, err := ingest.Read(t.Context(), []string{dir}, ingest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	copies := 0
	for _, f := range r.Findings {
		switch f.Kind {
		case "duplicate_file":
			copies += f.Count
		case "unreadable_file":
			t.Errorf("not read: %v", f.Where)
		}
	}
	if len(r.Records)+copies != files {
		t.Errorf("%d records and %d copies of %d mails", len(r.Records), copies, files)
	}
	t.Logf("%d files, %d records, %d copies", files, len(r.Records), copies)
	byID := map[string]evidence.Record{}
	for _, rec := range r.Records {
		byID[strings.TrimPrefix(rec.ID, "mikel_mail/")] = rec
	}
	for id, want := range map[string][3]string{
		"rfc2822/example07.eml":                           {"John Doe", "1997-11-21T17:00:00Z", "This is a reply to your reply."},
		"rfc2822/example13.eml":                           {"John Doe", "0001-01-01T00:00:00Z", "This is a message just to say hello."},
		"multi_charset/ks_c_5601-1987.eml":                {"from@example.com", "2014-05-28T08:18:19Z", "스티해"},
		"multi_charset/japanese_shift_jis.eml":            {"xxxxxxx@docomo.ne.jp", "2014-05-28T08:18:19Z", "あいうえお"},
		"plain_emails/raw_email_quoted_with_0d0a.eml":     {"", "", ""},
		"mime_emails/raw_email_with_illegal_boundary.eml": {"Mikel Lindsaar", "2007-10-21T09:38:13Z", "Hello\nThis is an outlook test"},
		"rfc6532/utf8_headers.eml":                        {"Jöhn Doe", "0001-01-01T00:00:00Z", "body"},
	} {
		rec, ok := byID[id]
		if !ok || want[1] != "" && (rec.Origin.Speaker != want[0] || rec.Time.Format("2006-01-02T15:04:05Z") != want[1] || !strings.HasPrefix(rec.Text, want[2])) {
			t.Errorf("%s: %s at %s: %.60q, want %v", id, rec.Origin.Speaker, rec.Time, rec.Text, want)
		}
	}
	if a, b := byID["rfc2822/example01.eml"], byID["rfc2822/example07.eml"]; a.Origin.Thread == "" || a.Origin.Thread != b.Origin.Thread {
		t.Errorf("threads %q and %q, want the same", a.Origin.Thread, b.Origin.Thread)
	}
}

func TestMailAddressesAreMasked(t *testing.T) {
	const raw = "From: zed.secret@corp-leak.com\nTo: Zed <zed.secret@corp-leak.com>\nSubject: mail to zed.secret@corp-leak.com\nMessage-ID: <1.zed.secret@corp-leak.com>\nDate: Mon, 5 Jan 2026 10:00:00 +0100\n\nWrite to zed.secret@corp-leak.com please.\n-- \nzed.secret@corp-leak.com\n"
	r := read(t, "x.eml", raw)
	if rec := r.Records[0]; rec.ID != "x.eml" || !strings.HasPrefix(rec.Origin.Speaker, "acct-") || rec.Account != rec.Origin.Speaker {
		t.Errorf("record = %+v", rec)
	}
	leaks(t, r)
}
