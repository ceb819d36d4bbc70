package ingest_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"roleos/internal/ingest"
)

const sampleFeed = `<rss version="2.0"><channel><title>Sample news</title><item><title>A rival cuts its prices by half</title><link>https://example.org/1</link><pubDate>Mon, 05 Jan 2026 10:00:00 GMT</pubDate></item></channel></rss>`

// A folder may hold everything at once; each file is what its content says, not what its name says.
func TestAFolderMixesEverything(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{
		"feedback.csv": small, "README.md": "# About\n\nThis describes the files.", "meeting.vtt": "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ada>We need it.\n",
		"calls/visit.md": "# Visit\n\n- They need the export.\n", "calls/talk.txt": "Ada: We need it.\nBo: Why?\nAda: For May.\n",
		"mail/in.mbox": "From a@example.org Mon Jan  5 10:00:00 2026\nFrom: Ada <a@example.org>\nSubject: Export\n\nCan we have it?\n",
		"news.xml":     sampleFeed, "odd.csv": "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Bo>Named wrongly.\n", "page.html": "<p>x",
		"ws/users.json": `[{"id":"U1","name":"ada"}]`, "ws/general/2026-01-05.json": `[{"type":"message","user":"U1","text":"hello all","ts":"1767600001.000200"}]`,
	}
	for name, text := range files {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := ingest.Read(t.Context(), []string{dir}, ingest.Options{Redact: true})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range r.Sources {
		got = append(got, s.Name+" "+s.Format)
	}
	want := []string{
		"calls/talk.txt transcript", "calls/visit.md markdown", "feedback.csv csv", "mail/in.mbox mbox", "meeting.vtt vtt", "news.xml feed", "odd.csv vtt", "ws slack",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	var ids []string
	for _, rec := range r.Records {
		ids = append(ids, rec.ID)
	}
	if d := cmp.Diff("calls/talk.txt#1 calls/talk.txt#2 calls/talk.txt#3 calls/visit.md#L3 1 2 mail/in.mbox#1 meeting.vtt#1 news.xml#18c17418 odd.csv#1 general/1767600001.000200", strings.Join(ids, " ")); d != "" {
		t.Error(d)
	}
}

func TestAddressesAreFetchedOnlyThroughTheDoorThatIsGiven(t *testing.T) {
	_, err := ingest.Read(t.Context(), []string{"https://example.org/feed.xml?token=s"}, ingest.Options{})
	if err == nil || !strings.Contains(err.Error(), "network") {
		t.Errorf("error = %v", err)
	}
	r, err := ingest.Read(t.Context(), []string{"https://example.org/feed.xml?token=s"}, ingest.Options{Fetch: func(_ context.Context, address string) ([]byte, error) {
		if address != "https://example.org/feed.xml?token=s" {
			t.Errorf("asked for %s", address)
		}
		return []byte(sampleFeed), nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if r.Sources[0].Name != "example.org/feed.xml" || r.Records[0].Channel != "feed" || r.Records[0].Segment("feed") != "Sample news" {
		t.Errorf("sources = %+v, records = %+v", r.Sources, r.Records)
	}
}
