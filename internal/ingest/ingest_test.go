package ingest_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"roleos/internal/fault"
	"roleos/internal/ingest"
)

// read reads text as a file, with personal data masked.
func read(t testing.TB, name, text string) *ingest.Result {
	t.Helper()
	r, err := ingest.ReadBytes(t.Context(), name, []byte(text), ingest.Options{Redact: true})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// finding returns the first finding of a kind.
func finding(r *ingest.Result, kind string) ingest.Finding {
	for _, f := range r.Findings {
		if f.Kind == kind {
			return f
		}
	}
	return ingest.Finding{}
}

// roles returns "role:column" of every column that is more than a field.
func roles(r *ingest.Result) string {
	var out []string
	for _, c := range r.Columns[0].Columns {
		if c.Role != "field" {
			out = append(out, string(c.Role)+":"+c.Name)
		}
	}
	return strings.Join(out, " ")
}

func TestExportBecomesRecords(t *testing.T) {
	r := read(t, "tickets.csv", "Ticket ID;Erstellt am;Kanal;Tarif;NPS;Kunde;Kommentar\r\n"+
		"A-1;03.02.2026 14:05;E-Mail;Pro;9;Acme;\"Export bricht ab; jedes Mal\"\r\n"+
		"A-2;04.02.2026 09:00;Chat;Free;2;Beta;Login geht nicht\r\n"+
		"A-3;05.02.2026 09:00;Chat;Free;;Acme;Rechnung ist falsch\r\n"+
		"A-4;06.02.2026 09:00;E-Mail;Pro;10;Gamma;Sehr schnell geworden\r\n")
	if got, want := roles(r), "id:Ticket ID time:Erstellt am channel:Kanal segment:Tarif score:NPS account:Kunde text:Kommentar"; got != want {
		t.Errorf("roles\n got %s\nwant %s", got, want)
	}
	rec := r.Records[0]
	if rec.ID != "A-1" || rec.Text != "Export bricht ab; jedes Mal" || rec.Channel != "E-Mail" || rec.Account != "Acme" || rec.Score.Kind != "nps" || rec.Score.Value != 9 ||
		rec.Segment("Tarif") != "Pro" || !rec.Time.Equal(time.Date(2026, 2, 3, 14, 5, 0, 0, time.UTC)) || rec.Origin.Row != 2 {
		t.Errorf("first record = %+v", rec)
	}
	if r.Records[2].Score != nil {
		t.Error("a missing score became a number")
	}
	s := r.Sources[0]
	if s.Records != 4 || s.Format != "csv" || s.Encoding != "utf-8" || s.ID != "src-"+s.Digest[7:19] || rec.Source != s.ID {
		t.Errorf("source = %+v", s)
	}
}

func TestColumnsAreFoundByContent(t *testing.T) {
	var b strings.Builder
	b.WriteString("a,b,c,d\n")
	for i := range 40 {
		b.WriteString("X" + string(rune('A'+i%26)) + "-" + strings.Repeat("7", i/26+1) + ",2026-01-0" + string(rune('1'+i%9)) + "," + []string{"north", "south", "east"}[i%3] + ",\"the number " + strings.Repeat("i", i) + " of something that people said\"\n")
	}
	r := read(t, "x.csv", b.String())
	if got, want := roles(r), "id:a time:b segment:c text:d"; got != want {
		t.Errorf("roles = %s, want %s", got, want)
	}
	for _, c := range r.Columns[0].Columns {
		if c.Why != "content" {
			t.Errorf("%s was found by %q, want content", c.Name, c.Why)
		}
	}
}

func TestTitleStandsInForAnEmptyText(t *testing.T) {
	r := read(t, "x.csv", "id,subject,body\n1,Cannot log in,\n2,Billing question,The invoice lists the wrong seats\n3,,\n")
	if len(r.Records) != 2 || r.Records[0].Text != "Cannot log in" || r.Records[1].Text != "The invoice lists the wrong seats" {
		t.Errorf("records = %+v", r.Records)
	}
}

func TestMappingGoesBeforeDetection(t *testing.T) {
	const text = "id,comment,extra words,plan\n1,short one here,the other column of words,x\n2,again short here,more of the other column,y\n"
	for name, c := range map[string]struct{ given, saved map[string]string }{
		"given": {map[string]string{"text": "Extra Words", "segment": "plan"}, map[string]string{"text": "comment"}},
		"saved": {nil, map[string]string{"text": "extra words", "segment": "plan"}},
		"place": {map[string]string{"text": "#3", "segment": "plan"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := ingest.ReadBytes(t.Context(), "x.csv", []byte(text), ingest.Options{
				Map: c.given, Saved: func(string) (map[string]string, bool) { return c.saved, c.saved != nil },
			})
			if err != nil {
				t.Fatal(err)
			}
			if got, want := roles(r), "id:id text:extra words segment:plan"; got != want {
				t.Errorf("roles = %s, want %s", got, want)
			}
			if m := r.Columns[0].Mapping(); m["text"] != "extra words" || m["segment"] != "plan" {
				t.Errorf("mapping to save = %v", m)
			}
		})
	}
	r, err := ingest.ReadBytes(t.Context(), "x.csv", []byte(text), ingest.Options{Map: map[string]string{"id": ""}})
	if err != nil || r.Records[0].ID != "r2" {
		t.Errorf("with id switched off: %v, %+v", err, r)
	}
}

func TestSavedMappingGivesTheSameAgain(t *testing.T) {
	var b strings.Builder
	b.WriteString("id,\"plan, or tier\",region,text\n")
	for i := range 30 {
		b.WriteString("T" + strings.Repeat("1", i) + "," + []string{"a", "b"}[i%2] + "," + []string{"x", "y"}[i%2] + ",words of theirs " + strings.Repeat("i", i) + "\n")
	}
	first := read(t, "x.csv", b.String())
	again, err := ingest.ReadBytes(t.Context(), "x.csv", []byte(b.String()), ingest.Options{Saved: func(signature string) (map[string]string, bool) {
		return first.Columns[0].Mapping(), signature == first.Columns[0].Signature
	}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := roles(again), roles(first); got != want || !strings.Contains(want, "segment:plan, or tier segment:region") {
		t.Errorf("roles = %s, before %s", got, want)
	}
	for _, c := range again.Columns[0].Columns {
		if c.Why != "saved" {
			t.Errorf("%s: why = %q, want saved", c.Name, c.Why)
		}
	}
}

func TestRowsThatDoNotFitAreSetAside(t *testing.T) {
	const text = "id,text,tag\n1,all is fine here,x\n2,one, too many,x\n3,short\n4,this one is fine,x\n"
	r := read(t, "e.csv", text)
	if len(r.Records) != 2 || len(r.SetAside) != 2 {
		t.Fatalf("%d records, %d set aside", len(r.Records), len(r.SetAside))
	}
	if got, want := r.SetAside[1].Where(), "e.csv row 4, column tag"; got != want {
		t.Errorf("place = %q, want %q", got, want)
	}
	f := finding(r, "bad_row")
	if f.Count != 2 || f.Severity != "warning" || len(f.Where) != 2 {
		t.Errorf("finding = %+v", f)
	}
	_, err := ingest.ReadBytes(t.Context(), "e.csv", []byte(text), ingest.Options{Strict: true})
	if err == nil || !strings.Contains(err.Error(), "e.csv row 3, column tag: the row has 4 cells") {
		t.Errorf("strict: %v", err)
	}
}

func TestDuplicateIdsStayApart(t *testing.T) {
	r := read(t, "x.csv", "id,text\na,one text here\nb,two texts here\na,three of them\na#2,a trap in here\na,and a fourth\nc,the last one\nd,really last\n")
	var ids []string
	for _, rec := range r.Records {
		ids = append(ids, rec.ID)
	}
	if d := cmp.Diff([]string{"a", "b", "a#3", "a#2", "a#4", "c", "d"}, ids); d != "" {
		t.Error(d)
	}
	if f := finding(r, "duplicate_id"); f.Count != 2 || f.Where[0] != "x.csv row 4, id a" {
		t.Errorf("finding = %+v", f)
	}
}

func TestSpreadsheetDamageIsReported(t *testing.T) {
	r := read(t, "x.csv", "id,date,comment\n5.7E+17,45000,first thing they said\n5.7E+17,45001.5,second thing they said\n5.71E+17,45002,third thing they said\n")
	if f := finding(r, "excel_id"); f.Severity != "warning" || !strings.Contains(f.Message, `column "id"`) {
		t.Errorf("excel_id = %+v", f)
	}
	if f := finding(r, "excel_serial_dates"); f.Count != 3 {
		t.Errorf("excel_serial_dates = %+v", f)
	}
	if want := time.Date(2023, 3, 16, 12, 0, 0, 0, time.UTC); !r.Records[1].Time.Equal(want) {
		t.Errorf("time = %v, want %v", r.Records[1].Time, want)
	}
}

func TestDayAndMonthAreSettledByTheColumn(t *testing.T) {
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	for name, c := range map[string]struct {
		dates  string
		second time.Time
		kind   string
	}{
		"day first":   {"03/04/2026 05/06/2026 25/06/2026", day(2026, 6, 5), ""},
		"month first": {"03/04/2026 05/06/2026 06/25/2026", day(2026, 5, 6), ""},
		"open":        {"03/04/2026 05/06/2026 07/08/2026", day(2026, 5, 6), "ambiguous_dates"},
		"both":        {"25/04/2026 05/06/2026 12/25/2026", day(2026, 5, 6), "ambiguous_dates"},
	} {
		t.Run(name, func(t *testing.T) {
			d := strings.Fields(c.dates)
			r := read(t, "x.csv", "date,comment\n"+d[0]+",one thing they said\n"+d[1]+",another thing they said\n"+d[2]+",a third thing they said\n")
			if !r.Records[1].Time.Equal(c.second) {
				t.Errorf("second date = %v, want %v", r.Records[1].Time, c.second)
			}
			if got := finding(r, "ambiguous_dates").Kind; got != c.kind {
				t.Errorf("finding = %q, want %q", got, c.kind)
			}
		})
	}
}

func TestZonesAreReported(t *testing.T) {
	r := read(t, "x.csv", "created_at,comment\n2026-01-02T10:00:00+02:00,one thing they said\n2026-01-02 10:00:00,another thing they said\n")
	if f := finding(r, "mixed_zones"); f.Count != 1 {
		t.Errorf("mixed_zones = %+v", f)
	}
	if h := r.Records[0].Time.Hour(); h != 8 {
		t.Errorf("hour in UTC = %d, want 8", h)
	}
}

func TestGapsAndLateStartsAreReported(t *testing.T) {
	var b strings.Builder
	b.WriteString("date,channel,comment\n")
	for d := range 90 {
		if d >= 40 && d < 52 {
			continue
		}
		at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, d).Format(time.DateOnly)
		b.WriteString(at + ",email,someone wrote this by mail " + at + "\n")
		if d >= 60 {
			b.WriteString(at + ",chat,someone wrote this in chat " + at + "\n")
		}
	}
	r := read(t, "x.csv", b.String())
	if f := finding(r, "gap"); f.Count != 12 || f.Where[0] != "2026-02-10 to 2026-02-21" {
		t.Errorf("gap = %+v", f)
	}
	if f := finding(r, "late_start"); f.Count != 30 || !strings.Contains(f.Message, `"chat" begins on 2026-03-02`) {
		t.Errorf("late_start = %+v", f)
	}
}

func TestPersonalDataIsMaskedAndKept(t *testing.T) {
	r := read(t, "x.csv", "id,email,phone,comment,order number\n"+
		"jane@x.com,jane@x.com,2095257564,write to jane@x.com or call (977) 625-2661,3348917502\n"+
		"joe@x.com,joe@x.com,2095257565,nothing to hide in here,3348917503\n"+
		"jim@x.com,JANE@x.com,2095257566,nothing to hide either,3348917504\n")
	rec := r.Records[0]
	if rec.Text != "write to [mail****] or call [phone*******]" || len(rec.Masks) != 2 {
		t.Errorf("text = %q, masks %v", rec.Text, rec.Masks)
	}
	if got := r.Originals[rec.ID]; got != "write to jane@x.com or call (977) 625-2661" || len(got) != len(rec.Text) {
		t.Errorf("original = %q", got)
	}
	if len(r.Originals) != 1 {
		t.Errorf("%d originals, want 1", len(r.Originals))
	}
	if !strings.HasPrefix(rec.Account, "acct-") || rec.Account != r.Records[2].Account || rec.Account == r.Records[1].Account {
		t.Errorf("accounts = %q %q %q", rec.Account, r.Records[1].Account, r.Records[2].Account)
	}
	var all strings.Builder
	for _, rec := range r.Records {
		all.WriteString(rec.ID + rec.Account + rec.Text)
		for _, f := range rec.Fields {
			all.WriteString(f.Value + " ")
		}
	}
	for _, c := range r.Columns[0].Columns {
		all.WriteString(c.Sample)
	}
	for _, secret := range []string{"@x.com", "@X.com", "20952575", "625-2661"} {
		if strings.Contains(all.String(), secret) {
			t.Errorf("%q is still there: %s", secret, all.String())
		}
	}
	if !strings.Contains(all.String(), "3348917502") {
		t.Error("an order number was masked")
	}
	bad := read(t, "x.csv", "id,comment\n1,fine words here\n2,"+strings.Repeat("x ", 30)+"write to jane.doe@example.com,or not\n3,fine words too\n")
	if raw := bad.SetAside[0].Raw; strings.Contains(raw, "jane") || len(raw) > 90 {
		t.Errorf("a row that was set aside shows %q", raw)
	}
	off, err := ingest.ReadBytes(t.Context(), "x.csv", []byte("id,comment\n1,mail jane@x.com please\n2,nothing to see here\n"), ingest.Options{})
	if err != nil || off.Records[0].Text != "mail jane@x.com please" || len(off.Masked) != 0 {
		t.Errorf("with masking off: %v %+v", err, off)
	}
}

func TestEncodingsGiveTheSameText(t *testing.T) {
	const want = "Grüße – schön"
	for name, raw := range map[string]string{
		"utf-8":        "id,text\n1,Grüße – schön\n2,noch etwas anderes\n",
		"windows-1252": "id,text\n1,Gr\xfc\xdfe \x96 sch\xf6n\n2,noch etwas anderes\n",
		"utf-16le":     utf16("id,text\n1,Grüße – schön\n2,noch etwas anderes\n"),
	} {
		r := read(t, "x.csv", raw)
		if r.Records[0].Text != want || r.Sources[0].Encoding != name {
			t.Errorf("%s: %q as %s", name, r.Records[0].Text, r.Sources[0].Encoding)
		}
	}
	r := read(t, "x.csv", "id,text\n1,cafÃ© is broken here\n2,a lost \uFFFD character\n")
	if finding(r, "mojibake").Count != 1 || finding(r, "encoding").Count != 1 {
		t.Errorf("findings = %+v", r.Findings)
	}
}

func utf16(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.Write([]byte{byte(r), byte(r >> 8)})
	}
	return b.String()
}

func TestReadingIsDeterministic(t *testing.T) {
	data := export(20_000)
	var before *ingest.Result
	for _, procs := range []int{1, 4} {
		old := runtime.GOMAXPROCS(procs)
		r, err := ingest.ReadBytes(t.Context(), "x.csv", data, ingest.Options{Redact: true})
		runtime.GOMAXPROCS(old)
		if err != nil {
			t.Fatal(err)
		}
		if before != nil {
			if d := cmp.Diff(before, r); d != "" {
				t.Errorf("with %d processors:\n%s", procs, d)
			}
		}
		before = r
	}
}

func TestCancelStopsTheReading(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ingest.ReadBytes(ctx, "x.csv", export(100), ingest.Options{}); err != context.Canceled {
		t.Errorf("error = %v, want context.Canceled", err)
	}
}

func TestProgressEndsWithTheWholeFile(t *testing.T) {
	data := export(50_000)
	var last int64
	_, err := ingest.ReadBytes(t.Context(), "x.csv", data, ingest.Options{Progress: func(file string, done, total int64) {
		if done < last || total != int64(len(data)) || file != "x.csv" {
			t.Errorf("progress %s %d of %d after %d", file, done, total, last)
		}
		last = done
	}})
	if err != nil || last != int64(len(data)) {
		t.Errorf("%v, %d of %d bytes", err, last, len(data))
	}
}

func TestMissingFileIsNotFound(t *testing.T) {
	_, err := ingest.Read(t.Context(), []string{filepath.Join(t.TempDir(), "none.csv")}, ingest.Options{})
	if fault.KindOf(err) != fault.NotFound {
		t.Errorf("error = %v", err)
	}
	if _, err := os.Stat("testdata"); err != nil {
		t.Error("testdata is gone")
	}
}
