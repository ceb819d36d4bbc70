//go:build unix

package ingest_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"roleos/internal/ingest"
)

const secret = "zed.secret@corp-leak.com"

// leaks fails when anything that is shown to people holds the secret.
func leaks(t *testing.T, r *ingest.Result) {
	t.Helper()
	r.Originals = nil // the one place that keeps what was masked
	out, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(out), "corp-leak") {
		i := strings.Index(string(out), "corp-leak")
		t.Errorf("the result shows %q", out[max(0, i-120):min(len(out), i+40)])
	}
}

func TestChannelInAFindingIsMasked(t *testing.T) {
	var b strings.Builder
	b.WriteString("id,date,comment,channel\n")
	for i := range 240 {
		channel := "web"
		if i >= 120 && i%2 == 0 {
			channel = secret
		}
		fmt.Fprintf(&b, "id%d,%s,the export is slow and fails for us number %d,%s\n", i, time.Date(2026, 1, 1+i, 0, 0, 0, 0, time.UTC).Format(time.DateOnly), i, channel)
	}
	r := read(t, "x.csv", b.String())
	if f := finding(r, "late_start"); f.Count == 0 {
		t.Error("the late channel was not reported")
	}
	leaks(t, r)
}

func TestPersonalDataInsideAnIDBecomesAPseudonym(t *testing.T) {
	r, err := ingest.ReadBytes(t.Context(), "x.csv", []byte("id,comment\nuser:"+secret+",the export is slow for us\nuser:"+secret+",the import is slow for us\n+49 170 9876543,nothing works at all here\nA-4,all is well with the filter\n"),
		ingest.Options{Redact: true, Map: map[string]string{"id": "id"}})
	if err != nil {
		t.Fatal(err)
	}
	leaks(t, r)
	if r.Records[1].ID != r.Records[0].ID+"#2" || !strings.HasPrefix(r.Records[0].ID, "acct-") || strings.Contains(r.Records[2].ID, "9876543") || r.Records[3].ID != "A-4" {
		t.Errorf("ids = %s, %s, %s, %s", r.Records[0].ID, r.Records[1].ID, r.Records[2].ID, r.Records[3].ID)
	}
	if f := finding(r, "duplicate_id"); f.Count != 1 || !strings.Contains(f.Where[0], r.Records[0].ID) {
		t.Errorf("finding = %+v", f)
	}
}

func TestColumnNamesAreMaskedAndStillFound(t *testing.T) {
	for name, text := range map[string]string{
		"x.csv":   "id,plan " + secret + ",comment\n1,free,the export is slow for us\n2,pro,the import is slow for us\n3,free,nothing works at all here\n",
		"x.jsonl": `{"id":"1","plan ` + secret + `":"free","comment":"the export is slow for us"}` + "\n" + `{"id":"2","plan ` + secret + `":"pro","comment":"the import is slow for us"}` + "\n",
	} {
		for _, by := range []string{"plan " + secret, "#2"} {
			r, err := ingest.ReadBytes(t.Context(), name, []byte(text), ingest.Options{Redact: true, Map: map[string]string{"segment": by}})
			if err != nil {
				t.Errorf("%s by %s: %v", name, by, err)
				continue
			}
			leaks(t, r)
			if len(r.Records[0].Segments) != 1 || !strings.HasPrefix(r.Records[0].Segments[0].Name, "plan [mail*") {
				t.Errorf("%s: segments = %+v", name, r.Records[0].Segments)
			}
		}
	}
	_, err := ingest.ReadBytes(t.Context(), "x.csv", []byte("n,"+secret+"\n1,2\n3,4\n5,6\n"), ingest.Options{Redact: true})
	if err == nil || strings.Contains(err.Error(), "corp-leak") {
		t.Errorf("error = %v", err)
	}
}

func TestNamedPipeIsRefused(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "x.csv")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip("SKIPPED: no named pipes here")
	}
	if _, err := ingest.Read(t.Context(), []string{pipe}, ingest.Options{}); err == nil || !strings.Contains(err.Error(), "is a pipe") {
		t.Errorf("error = %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "y.csv"), []byte(small), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := ingest.Read(t.Context(), []string{dir}, ingest.Options{})
	if err != nil || len(r.Records) != 2 {
		t.Errorf("folder with a pipe: %v", err)
	}
}

// sheetOf returns a workbook with the shared texts and rows as they are written.
func sheetOf(t *testing.T, shared, rows string) string {
	t.Helper()
	const ns = ` xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`
	const rel = `http://schemas.openxmlformats.org/officeDocument/2006/relationships`
	return packed(t, "xl/workbook.xml", `<workbook`+ns+` xmlns:r="`+rel+`"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="`+rel+`/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
		"xl/sharedStrings.xml", `<sst`+ns+`>`+shared+`</sst>`,
		"xl/worksheets/sheet1.xml", `<worksheet`+ns+`><sheetData>`+rows+`</sheetData></worksheet>`)
}

func TestWorkbookIsMeasuredBeforeItIsExpanded(t *testing.T) {
	const head = `<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c><c r="B1" t="inlineStr"><is><t>text</t></is></c></row>`
	big := "<si><t>" + strings.Repeat("slow export ", 5000) + "</t></si>"
	for name, c := range map[string]struct{ shared, rows, want string }{
		"shared text": {big, head + strings.Repeat(`<row><c t="s"><v>0</v></c><c t="s"><v>0</v></c></row>`, 100), "written out"},
		"far row":     {"", head + `<row r="2000000000"><c r="A2000000000"><v>1</v></c></row>`, "beyond row"},
		"huge row":    {"", head + `<row r="99999999999999999999"><c><v>1</v></c></row>`, "beyond row"},
		"far column":  {"", head + `<row r="2"><c r="XFE2"><v>1</v></c></row>`, "column 16,384"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ingest.ReadBytes(t.Context(), "x.xlsx", []byte(sheetOf(t, c.shared, c.rows)), ingest.Options{Limits: ingest.Limits{TotalBytes: 4 << 20}})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error = %v, want %q in it", err, c.want)
			}
		})
	}
}
