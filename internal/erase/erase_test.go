package erase_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"roleos/internal/erase"
	"roleos/internal/evidence"
)

const notice = "[erased]"

func TestTheRecordsWordsGoAndOthersStay(t *testing.T) {
	s := erase.New(notice)
	s.Record("r1", "My knee surgery on Tuesday made me miss the billing deadline.")
	s.Record("r2", "too slow here")
	s.Name("ana@example.org")
	for name, c := range map[string][2]string{
		"the whole text":        {"My knee surgery on Tuesday made me miss the billing deadline.", notice + "."},
		"a part, in quotes":     {"People say: “my knee surgery on Tuesday…”", "People say: “" + notice + "…”"},
		"in another case":       {"MY KNEE SURGERY ON TUESDAY", notice},
		"over a line's end":     {"she said made me\nmiss the billing deadline, and left", "she said " + notice + ", and left"},
		"three words":           {"the billing deadline", "the billing deadline"},
		"a short text":          {"They wrote: too slow here.", "They wrote: " + notice + "."},
		"an address":            {"Write to Ana@Example.org today", "Write to " + notice + " today"},
		"a longer address":      {"hana@example.org", "hana@example.org"},
		"nothing of it":         {"Exports fail every night.", "Exports fail every night."},
		"two passages":          {"my knee surgery on Tuesday and miss the billing deadline", notice + " and " + notice},
		"bytes that JSON keeps": {`{"x":"TXkga25lZSBzdXJnZXJ5IG9uIFR1ZXNkYXk="}`, `{"x":"W2VyYXNlZF0="}`},
	} {
		got, _ := s.Bytes([]byte(c[0]))
		if string(got) != c[1] {
			t.Errorf("%s: %q, want %q", name, got, c[1])
		}
	}
}

// TestQuotesOfOthersStay: another record may say the same words; its quotes stay
// what they are, and quotes of the record become quotes of the notice.
func TestQuotesOfOthersStay(t *testing.T) {
	s := erase.New(notice)
	s.Record("7", "the export fails every night at two")
	in := `{"quotes":[{"record_id":"7","text":"fails every night","start":11,"end":28},{"record_id":"8","text":"the export fails every night","start":0,"end":28},` +
		`{"record_id":"7","text":"Another set's record","start":0,"end":20}],"statement":"People say: “the export fails every night”","n":12345678901234567890}`
	got, n := s.Bytes([]byte(in))
	var out struct {
		Quotes    []evidence.Quote
		Statement string
		N         json.Number
	}
	if err := json.Unmarshal(got, &out); err != nil {
		t.Fatal(err)
	}
	if out.Quotes[0] != (evidence.Quote{RecordID: "7", Text: notice, End: len(notice)}) {
		t.Errorf("its quote is %+v", out.Quotes[0])
	}
	if out.Quotes[1].Text != "the export fails every night" || out.Quotes[2].Text != "Another set's record" {
		t.Errorf("quotes of others are %+v", out.Quotes[1:])
	}
	if strings.Contains(out.Statement, "export") || out.N != "12345678901234567890" || n != 2 {
		t.Errorf("%d places; %s", n, got)
	}
	if again, n := s.Bytes(got); n != 0 || string(again) != string(got) {
		t.Errorf("a second time finds %d: %s", n, again)
	}
}

func TestWhoIsPicked(t *testing.T) {
	r := evidence.Record{ID: "1", Text: "Write me at ****", Origin: evidence.Origin{Speaker: "Ana Silva"}, Segments: []evidence.Attr{{Name: "plan", Value: "pro"}}}
	original := "Write me at ana@example.org"
	for _, c := range []struct {
		s    erase.Selection
		want bool
	}{
		{erase.Selection{Person: "ANA@example.org"}, true},
		{erase.Selection{Person: "na@example.org"}, false},
		{erase.Selection{Person: "ana silva"}, true},
		{erase.Selection{Person: "Ana"}, false},
		{erase.Selection{Person: "pro"}, true},
		{erase.Selection{Record: "1"}, true},
		{erase.Selection{Record: "2"}, false},
	} {
		if got := c.s.Picks(&r, original); got != c.want {
			t.Errorf("%+v picks it: %v", c.s, got)
		}
	}
	e := evidence.Erased{At: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC), By: "data-subject"}
	gone := erase.Selection{Person: "pro"}.Redacted(r, e)
	if gone.Text != "[erased on 21 November 2026 at the request of data-subject]" || gone.Segments[0].Value != gone.Text || r.Segments[0].Value != "pro" {
		t.Errorf("%+v from %+v", gone, r)
	}
	for _, s := range []erase.Selection{{}, {Person: "a@b", Record: "1"}, {Person: "ab"}, {Person: "a@b.c", By: "Me!"}} {
		if _, err := s.Valid(); err == nil {
			t.Errorf("%+v is taken", s)
		}
	}
}
