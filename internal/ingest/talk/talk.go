package talk

import (
	"fmt"
	"time"

	"roleos/internal/evidence"
	"roleos/internal/fault"
)

// The kinds of an item, as they stand in evidence.Origin.Kind.
const (
	Turn    = "turn"    // what one person said in one go in a meeting
	Message = "message" // of a chat
	Mail    = "mail"
	Note    = "note" // a bullet or paragraph that names no speaker
	Item    = "item" // of a feed
)

// The fields that every format names alike.
const (
	At    = "at"    // offset from the start of a meeting: "01:02:03"
	Until = "until" // where the turn ends, in the same form
)

// Talk is what one file holds.
//
// A record's ID is its name inside the file ("12" for turn 12), which the
// reader of files puts behind the file's own; Source is empty.
type Talk struct {
	Format  string // vtt, srt, slack, mbox, rss, ...
	Records []evidence.Record
	Whole   bool // the ids are names of their own and need no file's name before them
	Notes   []Finding
	Small   bool   // one of many such files: their findings are told together
	Links   []Link // of mails, one for each record
	// Beats names the rhythm of a meeting: two versions of one transcript have the same. "" when there is none.
	Beats string
}

// Link says which mails a mail follows.
type Link struct {
	ID      string   // its own message id, or ""
	Answers []string // ids of those it names, the first of the thread first
	Subject string
}

// Finding is something about a file that its reader must know.
type Finding struct {
	Kind    string // system_messages, unreadable_mail, ...
	Warning bool   // a reader may draw a wrong conclusion without knowing it
	Message string // a sentence without the file's name
	Where   []string
	Count   int
}

// Limits bound what is taken from one file. What exceeds one is refused. Zero fields mean no limit.
type Limits struct {
	Items     int
	TextBytes int64 // of one item's text
	Depth     int   // nesting of JSON
}

// Many refuses more items than are allowed.
func (l Limits) Many(n int) error {
	if l.Items > 0 && n > l.Items {
		return fault.New(fault.Invalid, LimitOp, "there are more messages than are read at once").
			WithMend("Read fewer files at once, or raise ingest.limits.rows.")
	}
	return nil
}

// Long refuses a text that is longer than allowed.
func (l Limits) Long(where string, n int) error {
	if l.TextBytes > 0 && int64(n) > l.TextBytes {
		return fault.New(fault.Invalid, "ingest", "%s: one text holds more than %d bytes", where, l.TextBytes).
			WithMend("Split it, or raise ingest.limits.cell_bytes.")
	}
	return nil
}

// LimitOp is the Op of a fault that says that everything together exceeds a limit.
const LimitOp = "ingest.limit"

// Clock writes an offset as "01:02:03". Parts of a second are cut.
func Clock(d time.Duration) string {
	s := int64(d / time.Second)
	return fmt.Sprintf("%02d:%02d:%02d", s/3600, s/60%60, s%60)
}
