package ingest_test

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"roleos/internal/fault"
	"roleos/internal/ingest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// shared returns a folder of test data, or skips.
func shared(t testing.TB, parts ...string) string {
	t.Helper()
	p := filepath.Join(append([]string{"..", "..", "..", "shared", "data"}, parts...)...)
	if _, err := os.Stat(p); err != nil {
		t.Skipf("SKIPPED: the test data in %s is not here", p)
	}
	return p
}

// TestRealFilesAreReadOrRefused reads every file one by one: it gives sound
// records, or a message that names the file and says what to do.
func TestRealFilesAreReadOrRefused(t *testing.T) {
	for _, dir := range []string{"feedback", "survey", "usage", "awkward", "injection", "pii"} {
		root := shared(t, dir)
		_ = filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || testing.Short() && strings.Contains(p, "json_test_suite") {
				return err
			}
			r, err := ingest.Read(t.Context(), []string{p}, ingest.Options{Redact: true})
			if err != nil {
				var e *fault.Error
				if !errors.As(err, &e) || e.Kind != fault.Invalid || !strings.Contains(e.Message, d.Name()) || e.Mend == "" {
					t.Errorf("%s: not a message for people: %v", p, err)
				}
				return nil
			}
			sound(t, p, r)
			return nil
		})
	}
}

// sound checks what every result promises.
func sound(t *testing.T, name string, r *ingest.Result) {
	t.Helper()
	seen := map[string]bool{}
	total := 0
	for _, s := range r.Sources {
		total += s.Records
	}
	if total != len(r.Records) {
		t.Errorf("%s: sources count %d records, there are %d", name, total, len(r.Records))
	}
	for i := range r.Records {
		rec := &r.Records[i]
		if rec.ID == "" || seen[rec.ID] || strings.TrimSpace(rec.Text) == "" || rec.Origin.Row+rec.Origin.Line == 0 {
			t.Errorf("%s: record %+v", name, rec)
		}
		seen[rec.ID] = true
		at := 0
		for _, m := range rec.Masks {
			if m.Start < at || m.End > len(rec.Text) {
				t.Errorf("%s: masks of %s: %v", name, rec.ID, rec.Masks)
			}
			at = m.End
		}
		names := map[string]bool{}
		for _, a := range slices.Concat(rec.Segments, rec.Fields) {
			if names[a.Name] {
				t.Errorf("%s: %s has %q twice", name, rec.ID, a.Name)
			}
			names[a.Name] = true
		}
	}
	for id, text := range r.Originals {
		if !seen[id] || text == "" {
			t.Errorf("%s: an original for %q, which is no record", name, id)
		}
	}
	for _, f := range r.Findings {
		if f.Message == "" || f.Kind == "" || len(f.Where) > 20 || f.Count < 1 {
			t.Errorf("%s: finding %+v", name, f)
		}
	}
}

func TestRealFilesGiveWhatTheyHold(t *testing.T) {
	for _, c := range []struct {
		file    string
		records int
		roles   string
		finds   string // kinds of findings that have to be there
	}{
		{"feedback/support_queries_315.csv", 315, "id:id text:text", ""},
		{"feedback/banking77_train_3000.csv", 3000, "id:id text:text", ""},
		{"feedback/banking77_train_21intents.csv", 2741, "id:id text:text segment:category", ""},
		{"feedback/cfpb_complaints_145.csv", 13, "", "empty_text"},
		{"feedback/app_reviews/ground_truth.csv", 2062, "segment:App id text:Sentence content", "id_not_used"},
		{"feedback/app_reviews/Ground_truth.xlsx", 2062, "segment:App id text:Sentence content", "id_not_used"},
		{"survey/ospo_2018_surveymonkey.csv", 27, "", "empty_text excel_serial_dates other_texts"},
		{"survey/ospo_2022_surveymonkey.csv", 134, "", "empty_text other_texts"},
		{"usage/telco-customer-churn-by-IBM.csv", -1, "no column holds text", "--map text=PaymentMethod"},
		{"usage/nyc311_animals_short.csv", -1, "no column holds text", "--map text='Complaint Type'"},
		{"feedback/support_queries_315.labels.csv", -1, "no column holds text", "--map text=label"},
	} {
		r, err := ingest.Read(t.Context(), []string{filepath.Join(shared(t), filepath.FromSlash(c.file))}, ingest.Options{Redact: true})
		if c.records < 0 {
			if err == nil || !strings.Contains(err.Error(), c.roles) || !strings.Contains(err.Error(), c.finds) {
				t.Errorf("%s: %v", c.file, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.file, err)
			continue
		}
		if len(r.Records) != c.records || c.roles != "" && roles(r) != c.roles {
			t.Errorf("%s: %d records with %s, want %d with %s", c.file, len(r.Records), roles(r), c.records, c.roles)
		}
		for kind := range strings.FieldsSeq(c.finds) {
			if finding(r, kind).Count == 0 {
				t.Errorf("%s: no finding %s", c.file, kind)
			}
		}
	}
}

func TestNineTenthsEmptyIsAClearWarning(t *testing.T) {
	r, err := ingest.Read(t.Context(), []string{shared(t, "feedback", "cfpb_complaints_145.csv")}, ingest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := `cfpb_complaints_145.csv: 132 of 145 rows (91 %) have no text in column "consumer_complaint_narrative" and were left out. What follows speaks for the others only.`
	if f := finding(r, "empty_text"); f.Severity != "warning" || f.Message != want {
		t.Errorf("finding = %+v", f)
	}
}

func TestSampleIsRead(t *testing.T) {
	r, err := ingest.Read(t.Context(), []string{filepath.Join("..", "sample", "harbour-sample.csv")}, ingest.Options{Redact: true})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := roles(r), "id:ticket_id time:created_at channel:channel segment:plan segment:region score:nps text:query"; got != want {
		t.Errorf("roles = %s, want %s", got, want)
	}
	sound(t, "sample", r)
}

// TestMessages keeps every message that a person may see, for reading.
func TestMessages(t *testing.T) {
	many := func(n int, line string) string { return strings.Repeat(line, n) }
	cases := []struct {
		name, file, text string
		o                ingest.Options
	}{
		{"empty", "a.csv", "", ingest.Options{}},
		{"blank", "a.csv", " \n\n", ingest.Options{}},
		{"header only", "a.csv", "id,text\n", ingest.Options{}},
		{"no text", "a.csv", "id,plan,n\n1,a,2\n2,b,3\n3,a,4\n", ingest.Options{}},
		{"text all empty", "a.csv", "id,text\n1,\n2,N/A\n", ingest.Options{Map: map[string]string{"text": "text"}}},
		{"page", "a.csv", "<!DOCTYPE html><html>", ingest.Options{}},
		{"xml", "a.csv", "<?xml version=\"1.0\"?><a/>", ingest.Options{}},
		{"pdf", "a.pdf", "%PDF-1.7", ingest.Options{}},
		{"picture", "a.png", "\x89PNG\r\n", ingest.Options{}},
		{"old excel", "a.xls", "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", ingest.Options{}},
		{"gzip", "a.csv.gz", "\x1f\x8b\x08", ingest.Options{}},
		{"bytes", "a.bin", many(50, "\x01\x02\x03\x04a"), ingest.Options{}},
		{"word", "a.docx", packed(t, "word/document.xml", "<w/>"), ingest.Options{}},
		{"empty archive", "a.zip", packed(t, "readme.md", "hello"), ingest.Options{}},
		{"broken json", "a.json", "[\n {\"id\": 1,\n]", ingest.Options{}},
		{"json of another shape", "a.json", "{\"n\": [1, 2]}", ingest.Options{}},
		{"unknown role", "a.csv", small, ingest.Options{Map: map[string]string{"body": "text"}}},
		{"unknown column", "a.csv", small, ingest.Options{Map: map[string]string{"text": "comment"}}},
		{"two texts", "a.csv", small, ingest.Options{Map: map[string]string{"text": "id,text"}}},
		{"strict", "a.csv", "id,text\n1,a,b\n2,some words are here\n3,other words are here\n", ingest.Options{Strict: true}},
		{"findings", "a.csv", "Title of it\n\nid,date,score,comment,remarks\n1,1/2/2026,4,cafÃ© was said by them,more words of theirs\n1,2/3/2026,five,cafÃ© was said by them,other words of theirs\n" +
			"3,soon,3,,\n4,4/5/2026 10:00,2,short of \uFFFD words today,none of the words here\n5,x\n6,\"open,1\n", ingest.Options{}},
		{"json findings", "a.json", `{"items":[{"id":1,"text":"words of one","text":"words of two"},{"id":2,"text":"words of three"},{"id":3,"text":"words of four"},7],"users":[{"id":1}]}`, ingest.Options{}},
		{"json of nothing", "a.json", "[{}, {}]", ingest.Options{}},
		{"no header", "a.csv", "1,2026-01-01,some words are here\n2,2026-01-02,other words are here\n3,2026-01-03,more words are here\n", ingest.Options{}},
	}
	var b strings.Builder
	for _, c := range cases {
		fmt.Fprintf(&b, "== %s\n", c.name)
		r, err := ingest.ReadBytes(t.Context(), c.file, []byte(c.text), c.o)
		if err != nil {
			fmt.Fprintf(&b, "%s\n", err)
			continue
		}
		for _, f := range r.Findings {
			fmt.Fprintf(&b, "%s %s %d: %s %q\n", f.Severity, f.Kind, f.Count, f.Message, f.Where)
		}
	}
	golden := filepath.Join("testdata", "messages.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), b.String()); d != "" {
		t.Errorf("messages changed (-update rewrites them), -want +got:\n%s", d)
	}
}

// export returns a synthetic export of n rows of about 100 bytes.
func export(n int) []byte {
	var b strings.Builder
	b.Grow(n * 108)
	b.WriteString("id,created_at,channel,plan,nps,text\n")
	channels := []string{"email", "chat", "phone", "web"}
	plans := []string{"free", "team", "enterprise"}
	words := strings.Fields("export times out again the dashboard is empty when I choose more than one region please fix billing seats invoice login slow report cannot")
	for i := range n {
		fmt.Fprintf(&b, "T-%d,2025-%02d-%02dT%02d:15:00Z,%s,%s,%d,", i, i*12/n+1, i%28+1, i%24, channels[i%4], plans[i%3], i%11)
		quoted := i%4 == 0
		if quoted {
			b.WriteByte('"')
		}
		for k := range 9 {
			if k > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(words[(i*7+k*k*(i%13+1))%len(words)])
		}
		if i%50 == 0 {
			b.WriteString(" mail me at jane@example.com")
		}
		if quoted {
			b.WriteString(", really\"")
		}
		b.WriteByte('\n')
	}
	return []byte(b.String())
}

func BenchmarkRead(b *testing.B) {
	for _, n := range []int{1000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("csv-%d", n), func(b *testing.B) {
			if n > 100_000 && testing.Short() {
				b.Skip("SKIPPED in short mode: a million rows")
			}
			data := export(n)
			path := filepath.Join(b.TempDir(), "export.csv")
			if err := os.WriteFile(path, data, 0o600); err != nil {
				b.Fatal(err)
			}
			size := int64(len(data))
			data = nil
			b.SetBytes(size)
			b.ReportAllocs()
			var r *ingest.Result
			for b.Loop() {
				var err error
				if r, err = ingest.Read(b.Context(), []string{path}, ingest.Options{Redact: true}); err != nil {
					b.Fatal(err)
				}
			}
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(m.HeapAlloc)/float64(size), "heap/byte")
			runtime.KeepAlive(r)
		})
	}
}
