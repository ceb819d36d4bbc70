package evidence

import (
	"strconv"
	"strings"
	"time"
)

// Source is one input file, as it was when it was read.
type Source struct {
	ID       string `json:"id"`     // "src-" and the first 12 hex digits of the digest
	Name     string `json:"name"`   // file name, with the inner path for an archive member
	Digest   string `json:"digest"` // "sha256:" and 64 hex digits of the file's bytes
	Bytes    int64  `json:"bytes"`
	Format   string `json:"format"`             // csv, tsv, json, jsonl, xlsx, ...
	Encoding string `json:"encoding,omitempty"` // as detected: utf-8, utf-16le, windows-1252, ...
	Records  int    `json:"records"`            // records taken from it
}

// Record is one item of a source: a ticket, a survey answer, a message, a turn.
//
// Text is what everybody downstream reads. Personal data in it is masked in
// place, byte for byte, so a span means the same range in Text and in the
// original, which stays in the local store.
type Record struct {
	ID       string    `json:"id"` // the export's own id where it has one; unique within a run
	Source   string    `json:"source"`
	Origin   Origin    `json:"origin"`
	Text     string    `json:"text"`
	Masks    []Mask    `json:"masks,omitempty"` // sorted, not overlapping
	Time     time.Time `json:"time,omitzero"`   // zero: not known
	Channel  string    `json:"channel,omitempty"`
	Account  string    `json:"account,omitempty"`
	Score    *Score    `json:"score,omitempty"`
	Segments []Attr    `json:"segments,omitempty"` // in column order; a name occurs once
	Fields   []Attr    `json:"fields,omitempty"`   // columns that mean nothing to roleos, kept as they are
	Erased   *Erased   `json:"erased,omitempty"`   // nil: the record is as it was read
}

// Erased stands in a record whose text is gone. What the record says instead is a
// notice, and quotes of the record say the same: so every quote still stands word
// for word in its record, and nobody takes a gap for a lie.
type Erased struct {
	At       time.Time          `json:"at"`
	By       string             `json:"by"`                 // the role at whose request
	Digest   string             `json:"digest"`             // "sha256:..." of the text as everybody read it
	Measures map[string]float64 `json:"measures,omitempty"` // numbers that the text gave, which figures still need
}

// Notice is what is shown in place of what was erased.
func (e Erased) Notice() string {
	return "[erased on " + e.At.UTC().Format("2 January 2006") + " at the request of " + e.By + "]"
}

// Origin says where in its source a record stands. Zero numbers do not apply.
type Origin struct {
	Sheet   string `json:"sheet,omitempty"`
	Row     int    `json:"row,omitempty"`  // 1-based, header rows counted, as a spreadsheet shows it
	Line    int    `json:"line,omitempty"` // 1-based line of the file where the record starts
	Speaker string `json:"speaker,omitempty"`
	Thread  string `json:"thread,omitempty"`
	Turn    int    `json:"turn,omitempty"`    // 1-based
	Kind    string `json:"kind,omitempty"`    // turn, message, mail, note, item; "" for a row of a table
	Heading string `json:"heading,omitempty"` // the headings above it: "Agenda / Pricing"
}

// Attr is one named value of a record.
type Attr struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Score is a rating that came with a record.
type Score struct {
	Kind  string  `json:"kind"` // nps (0..10), csat, stars, score
	Value float64 `json:"value"`
	Max   float64 `json:"max"` // the scale's top; 0 when not known
}

// Span is a byte range [Start, End) of a record's text.
type Span struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// Mask is a span that hides personal data.
type Mask struct {
	Span
	Kind string `json:"kind"` // email, phone, card, iban, ip, key
}

// Quote is text copied word for word from a record. Start and End are byte
// offsets in the record's text; Text is exactly that range.
type Quote struct {
	RecordID string `json:"record_id"`
	Text     string `json:"text"`
	Start    int    `json:"start"`
	End      int    `json:"end"`
}

// Segment returns the record's value for the named segment, with "channel" and
// "account" counted among the names, or "".
func (r *Record) Segment(name string) string {
	for i := range r.Segments {
		if r.Segments[i].Name == name {
			return r.Segments[i].Value
		}
	}
	switch name {
	case "channel":
		return r.Channel
	case "account":
		return r.Account
	}
	return ""
}

// Quote returns the quote at [start, end) of the record's text, or false when
// the range is empty or outside the text.
func (r *Record) Quote(start, end int) (Quote, bool) {
	if start < 0 || end > len(r.Text) || start >= end {
		return Quote{}, false
	}
	return Quote{RecordID: r.ID, Text: r.Text[start:end], Start: start, End: end}, true
}

// Masked reports whether [start, end) touches a mask.
func (r *Record) Masked(start, end int) bool {
	for _, m := range r.Masks {
		if m.Start < end && start < m.End {
			return true
		}
	}
	return false
}

// Where names the record's place for a reader: "export.csv row 12".
func (r *Record) Where(sourceName string) string {
	var b strings.Builder
	b.WriteString(sourceName)
	add := func(word string, n int) {
		if n > 0 {
			b.WriteString(" " + word + " ")
			b.WriteString(strconv.Itoa(n))
		}
	}
	if r.Origin.Sheet != "" {
		b.WriteString(" sheet " + r.Origin.Sheet)
	}
	if r.Origin.Row > 0 {
		add("row", r.Origin.Row)
	} else {
		add("line", r.Origin.Line)
	}
	word := "turn"
	if r.Origin.Kind == "message" || r.Origin.Kind == "item" {
		word = r.Origin.Kind
	}
	add(word, r.Origin.Turn)
	return b.String()
}
