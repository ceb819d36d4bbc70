package ingest_test

import (
	"strings"
	"testing"

	"roleos/internal/ingest"
)

func TestMarkupIsNoTable(t *testing.T) {
	for _, text := range []string{
		"<catalogue version=\"9\">\n<entry>one, two, three words</entry>\n<entry>and four more words</entry>\n</catalogue>\n",
		"<!-- a comment -->\n<data>\n<p>some words, here</p>\n</data>\n",
	} {
		if _, err := ingest.ReadBytes(t.Context(), "news.xml", []byte(text), ingest.Options{}); err == nil || !strings.Contains(err.Error(), "XML") {
			t.Errorf("%v", err)
		}
	}
}

func TestStrictStopsAtADateThatCannotBeRead(t *testing.T) {
	text := "id,date,text\n1,2026-01-02,the export is very slow today\n2,2026-13-45,I cannot find the button anywhere\n" +
		strings.Repeat("3,2026-01-04,please add a dark mode for us\n", 30)
	_, err := ingest.ReadBytes(t.Context(), "e.csv", []byte(text), ingest.Options{Strict: true})
	if err == nil || !strings.Contains(err.Error(), "row 3") || !strings.Contains(err.Error(), "date") || !strings.Contains(err.Error(), "2026-13-45") {
		t.Errorf("strict: %v", err)
	}
	read, err := ingest.ReadBytes(t.Context(), "e.csv", []byte(text), ingest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range read.Findings {
		if f.Kind == "bad_time" && strings.Contains(f.Message, "The first: e.csv row 3, column date") {
			return
		}
	}
	t.Errorf("%+v", read.Findings)
}
