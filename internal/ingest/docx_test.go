package ingest_test

import (
	"strings"
	"testing"
)

func TestWordNotesAreRead(t *testing.T) {
	para := func(style, text string) string {
		return `<w:p><w:pPr>` + style + `</w:pPr><w:r><w:t xml:space="preserve">` + text + `</w:t></w:r></w:p>`
	}
	doc := `<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>` +
		para(`<w:pStyle w:val="Heading1"/>`, "Visit at a sample customer") + para(`<w:pStyle w:val="Heading2"/>`, "What they said") +
		para(``, "They need the export &amp; the filter by May.") + para(`<w:numPr/>`, "The price is too high for their team.") +
		`<w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:r><w:t>They will </w:t></w:r><w:r><w:t>decide in March.</w:t></w:r></w:p></w:body></w:document>`
	r := read(t, "visit.docx", packed(t, "word/document.xml", doc, "[Content_Types].xml", "<x/>"))
	var got []string
	for _, rec := range r.Records {
		got = append(got, rec.Origin.Heading+": "+rec.Text)
	}
	want := "What they said: They need the export & the filter by May.|What they said: The price is too high for their team.|What they said: They will decide in March."
	if strings.Join(got, "|") != want || r.Sources[0].Format != "docx" {
		t.Errorf("%s: got %q", r.Sources[0].Format, got)
	}
}
