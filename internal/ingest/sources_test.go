package ingest_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"github.com/xuri/excelize/v2"

	"roleos/internal/ingest"
)

const small = "id,text\n1,one thing they said\n2,another thing they said\n"

// packed returns a ZIP archive of name, content, name, content, ...
func packed(t testing.TB, parts ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		f, err := w.Create(parts[i])
		if err == nil {
			_, err = f.Write([]byte(parts[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestArchiveIsReadLikeAFolder(t *testing.T) {
	inner := packed(t, "deep.csv", "id,text\n9,from deep inside there\n8,also from deep inside\n")
	r := read(t, "all.zip", packed(t, "b/../../evil.csv", small, "a.jsonl", `{"id":"x","text":"said in a line"}`, "notes.pptx", "x",
		"__MACOSX/a.csv", "junk", ".DS_Store", "junk", "inner.zip", inner, "same.csv", small))
	var names []string
	for _, s := range r.Sources {
		names = append(names, s.Name)
	}
	if d := cmp.Diff([]string{"all.zip/a.jsonl", "all.zip/b/../../evil.csv", "all.zip/inner.zip/deep.csv"}, names); d != "" {
		t.Error(d)
	}
	if len(r.Records) != 5 {
		t.Errorf("%d records, want 5", len(r.Records))
	}
	if f := finding(r, "unsupported_file"); f.Count != 3 {
		t.Errorf("unsupported_file = %+v", f)
	}
	if f := finding(r, "duplicate_file"); f.Count != 1 {
		t.Errorf("duplicate_file = %+v", f)
	}
}

func TestFolderIsReadInOrder(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"b.csv": "text\nfirst thing that was said\nsecond thing that was said\n", "sub/a.csv": "text\nthird thing that was said\nfourth thing that was said\n",
		"a.csv": "text\nfifth thing that was said\nsixth thing that was said\n", "labels.csv": "id,label\n1,x\n2,y\n", "bad.json": "[1,", "page.html": "<p>hi", ".hidden.csv": small,
	} {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := ingest.Read(t.Context(), []string{dir}, ingest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var ids, kinds []string
	for _, rec := range r.Records {
		ids = append(ids, rec.ID)
	}
	for _, f := range r.Findings {
		kinds = append(kinds, f.Kind)
	}
	if d := cmp.Diff([]string{"s1-r2", "s1-r3", "s2-r2", "s2-r3", "s3-r2", "s3-r3"}, ids); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"no_text", "unreadable_file", "unsupported_file"}, kinds); d != "" {
		t.Error(d)
	}
	if r.Sources[2].Name != "sub/a.csv" {
		t.Errorf("third source = %q", r.Sources[2].Name)
	}
	if _, err := ingest.Read(t.Context(), []string{dir}, ingest.Options{Strict: true}); err == nil || !strings.Contains(err.Error(), "bad.json:1:4: not valid JSON") {
		t.Errorf("strict: %v", err)
	}
}

// book returns a workbook with the cells of a sheet.
func book(t testing.TB, rows [][]any, more func(*excelize.File)) string {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for i, r := range rows {
		cell, _ := excelize.CoordinatesToCellName(1, i+1)
		if err := f.SetSheetRow("Sheet1", cell, &r); err != nil {
			t.Fatal(err)
		}
	}
	if more != nil {
		more(f)
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWorkbook(t *testing.T) {
	raw := book(t, [][]any{
		{"Survey of May"},
		{},
		{"id", "when", "rate", "answer"},
		{"a", 45000, 12.5, "first thing they said"},
		{"b", 45001.5, 13, "second thing they said"},
		{"c", nil, nil, "third thing they said"},
		{"d", 45003, 99999999999999, nil},
		{"e", 45004, 15, "fifth thing they said", "stray"},
	}, func(f *excelize.File) {
		style, _ := f.NewStyle(&excelize.Style{NumFmt: 22})
		_ = f.SetCellStyle("Sheet1", "B4", "B8", style)
		_, _ = f.NewSheet("Lookup")
		_ = f.SetSheetRow("Lookup", "A1", &[]any{"code", "n"})
		_ = f.SetSheetRow("Lookup", "A2", &[]any{"x", 1})
		_ = f.SetSheetRow("Lookup", "A3", &[]any{"y", 2})
	})
	r := read(t, "book.xlsx", raw)
	if got, want := roles(r), "id:id time:when text:answer"; got != want {
		t.Errorf("roles = %s, want %s", got, want)
	}
	if len(r.Records) != 4 || r.Records[1].Time.Format("2006-01-02 15:04") != "2023-03-16 12:00" || r.Records[0].Fields[0].Value != "12.5" {
		t.Errorf("records = %+v", r.Records)
	}
	if o := r.Records[0].Origin; o.Sheet != "Sheet1" || o.Row != 4 || o.Line != 0 {
		t.Errorf("origin = %+v", o)
	}
	if finding(r, "excel_serial_dates").Count != 0 {
		t.Error("dates of a workbook are no damage")
	}
	if f := r.Records[3].Fields; len(f) != 2 || f[1].Name != "column 5" || f[1].Value != "stray" {
		t.Errorf("fields of the last row = %+v", f)
	}
	if f := finding(r, "no_text"); f.Count != 1 || f.Where[0] != "book.xlsx sheet Lookup" {
		t.Errorf("no_text = %+v", f)
	}
}

func TestSheetThatBreaksOffIsRefused(t *testing.T) {
	raw := book(t, [][]any{{"id", "text"}, {"a", "first thing they said"}, {"b", "second thing they said"}, {"c", "third thing they said"}}, nil)
	z, err := zip.NewReader(strings.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	for _, m := range z.File {
		r, err := m.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		text := string(content)
		if strings.HasPrefix(m.Name, "xl/worksheets/") {
			text = strings.Replace(text, `<row r="3"`, `<row r="3`, 1)
		}
		parts = append(parts, m.Name, text)
	}
	if _, err := ingest.ReadBytes(t.Context(), "x.xlsx", []byte(packed(t, parts...)), ingest.Options{}); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("error = %v, want the workbook refused", err)
	}
}

func TestHostileArchivesAreRefused(t *testing.T) {
	bomb := packed(t, "zeros.csv", "id,text\n"+strings.Repeat("0", 5<<20))
	many := make([]string, 0, 60)
	for i := range 30 {
		many = append(many, string(rune('a'+i%26))+strings.Repeat("x", i/26)+".csv", small+strings.Repeat("3,more of it\n", i))
	}
	for name, c := range map[string]struct {
		raw, want string
		limits    ingest.Limits
	}{
		"bomb":       {bomb, "unpacks to more than 200 times its size", ingest.Limits{}},
		"files":      {packed(t, many...), "there are more than 20 files", ingest.Limits{Files: 20}},
		"total":      {packed(t, "a.csv", small+strings.Repeat("3,words of it\n", 500)), "hold more than 4 KiB together", ingest.Limits{TotalBytes: 4096}},
		"three deep": {packed(t, "a.zip", packed(t, "b.zip", packed(t, "c.csv", small))), "an archive two archives deep", ingest.Limits{}},
		"damaged":    {packed(t, "a.csv", small)[:60], "damaged or unfinished", ingest.Limits{}},
		"book bomb": {
			packed(t, "xl/workbook.xml", strings.Repeat(" ", 5<<20)),
			"unpacks to more than 200 times its size",
			ingest.Limits{},
		},
		"no book": {packed(t, "xl/workbook.xml", "<x"), "damaged or not a plain XLSX file", ingest.Limits{}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ingest.ReadBytes(t.Context(), "x.zip", []byte(c.raw), ingest.Options{Limits: c.limits})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error = %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestLimitsRefuse(t *testing.T) {
	for name, c := range map[string]struct {
		file, text, want string
		limits           ingest.Limits
	}{
		"rows":    {"x.csv", small, "more rows than are read at once", ingest.Limits{Rows: 1}},
		"bytes":   {"x.csv", small, "x.csv is larger than 20 bytes", ingest.Limits{FileBytes: 20}},
		"cell":    {"x.csv", small, "a single cell holds more than 10 bytes", ingest.Limits{CellBytes: 10}},
		"columns": {"x.csv", small, "more than 1 columns", ingest.Limits{Columns: 1}},
		"depth":   {"x.json", `[{"text":[[["a"]]]}]`, "nested more than 4 deep", ingest.Limits{JSONDepth: 4}},
		"value":   {"x.json", `[{"text":"a long long text"}]`, "a single cell holds more than 10 bytes", ingest.Limits{CellBytes: 10}},
		"files":   {"x.zip", packed(t, "a.csv", small, "b.csv", "text\nsome other words here\n"), "with x.zip/b.csv there are more than 2 rows", ingest.Limits{Rows: 2}},
		"objects": {"x.json", `[{"text":"a"},{"text":"b"}]`, "more rows than are read at once", ingest.Limits{Rows: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ingest.ReadBytes(t.Context(), c.file, []byte(c.text), ingest.Options{Limits: c.limits})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "ingest.limits.") && name != "depth" {
				t.Errorf("error = %v, want %q in it and the setting", err, c.want)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	f.Add("x.zip", []byte(packed(f, "a.csv", small, "b.json", `[{"text":"a b c d"}]`)))
	f.Add("x.xlsx", []byte(book(f, [][]any{{"id", "text"}, {"a", "one thing said"}, {"b", 45000}}, nil)))
	f.Add("x.csv", []byte(small))
	f.Add("x.json", []byte(`[{"id":1,"text":"one thing"},{"id":2}]`))
	f.Add("x.json", []byte(strings.Repeat("\r", 40)+"x\xbeson\r\r"))
	f.Add("x.jsonl", []byte("{\"a\":\"b c d e f\"}\n{\"a\":\"g h i j k\"}\n"))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		limits := ingest.Limits{FileBytes: 1 << 20, TotalBytes: 1 << 20, Rows: 2000, CellBytes: 1 << 16, Columns: 100, Files: 20}
		r, err := ingest.ReadBytes(t.Context(), name, data, ingest.Options{Redact: true, Limits: limits})
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, rec := range r.Records {
			if seen[rec.ID] || rec.ID == "" || strings.TrimSpace(rec.Text) == "" {
				t.Errorf("record %+v", rec)
			}
			seen[rec.ID] = true
			if o, ok := r.Originals[rec.ID]; ok && len(o) != len(rec.Text) {
				t.Errorf("masking changed the length of %q", o)
			}
		}
	})
}

func TestParquetReadsLikeATable(t *testing.T) {
	type row struct {
		ID      string    `parquet:"ticket_id"`
		Comment string    `parquet:"comment,dict"`
		Plan    *string   `parquet:"plan,optional"`
		At      time.Time `parquet:"created_at,timestamp(millisecond)"`
		Score   int32     `parquet:"score"`
	}
	plan := "Team"
	var b bytes.Buffer
	w := parquet.NewGenericWriter[row](&b)
	for i := range 40 {
		r := row{ID: fmt.Sprintf("T-%d", i), Comment: fmt.Sprintf("The export to ana%d@example.com failed again", i%5), At: time.Date(2026, 3, 1+i%9, 12, 0, 0, 0, time.UTC), Score: int32(1 + i%5)}
		if i%2 == 0 {
			r.Plan = &plan
		}
		if _, err := w.Write([]row{r}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := ingest.ReadBytes(t.Context(), "usage.parquet", b.Bytes(), ingest.Options{Redact: true})
	if err != nil {
		t.Fatal(err)
	}
	r := got.Records[2]
	if len(got.Records) != 40 || got.Sources[0].Format != "parquet" || r.ID != "T-2" || r.Time.Day() != 3 || r.Score == nil || r.Score.Value != 3 || strings.Contains(r.Text, "ana2") {
		t.Errorf("%d records, %+v", len(got.Records), r)
	}
}
