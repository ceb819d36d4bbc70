package ingest

import (
	"context"

	"roleos/internal/evidence"
	"roleos/internal/ingest/columns"
	"roleos/internal/ingest/tabular"
)

// Options steer a reading. The zero value reads with the default limits, detects every column and masks nothing.
type Options struct {
	// Map gives a role (text, title, id, time, segment, channel, score, account) its
	// column by name; segment takes several, separated by commas, and an empty
	// name switches a role off. A column can also be given by the cell of one of several header rows or by "#"
	// and its position. It goes before everything that is detected.
	Map    map[string]string
	Strict bool // the first row that does not fit, and the first file that cannot be read, end the reading
	Redact bool // mask personal data
	Limits Limits
	// Saved returns the mapping that was saved for a header's signature. It may be nil.
	Saved func(signature string) (map[string]string, bool)
	// Fetch gets the bytes of a feed at an address that is named instead of a file. Nil: no address is read.
	Fetch func(ctx context.Context, address string) ([]byte, error)
	// Progress hears about bytes read of each file, from one goroutine. It may be nil.
	Progress func(file string, done, total int64)
}

// Limits bound what is read. What exceeds one of them is refused, never cut.
// A zero field means its default.
type Limits struct {
	FileBytes    int64 // of one file, unpacked; default 1 GiB
	TotalBytes   int64 // of all files, unpacked; default 4 GiB
	Rows         int   // of all tables; default 5,000,000
	CellBytes    int64 // of one cell or value; default 1 MiB
	Columns      int   // of one table; default 2,000
	JSONDepth    int   // default 64
	Files        int   // members of archives counted; default 10,000
	ArchiveRatio int   // bytes that one packed byte may unpack to; default 200
}

func (l Limits) orDefaults() Limits {
	def := func(n *int, v int) {
		if *n <= 0 {
			*n = v
		}
	}
	def64 := func(n *int64, v int64) {
		if *n <= 0 {
			*n = v
		}
	}
	def64(&l.FileBytes, 1<<30)
	def64(&l.TotalBytes, 4<<30)
	def(&l.Rows, 5_000_000)
	def64(&l.CellBytes, 1<<20)
	def(&l.Columns, 2000)
	def(&l.JSONDepth, 64)
	def(&l.Files, 10_000)
	def(&l.ArchiveRatio, 200)
	return l
}

func (l Limits) table(rows int) tabular.Limits {
	return tabular.Limits{Rows: max(1, l.Rows-rows), CellBytes: l.CellBytes, Columns: l.Columns, Depth: l.JSONDepth}
}

// Result is what a reading gave.
type Result struct {
	Sources   []evidence.Source
	Records   []evidence.Record // by source, then by row; ids are unique
	Originals map[string]string // record id to unmasked text, only where the two differ
	Columns   []SourceColumns
	Findings  []Finding // warnings first
	SetAside  []BadRow
	Masked    map[string]int // kind of personal data to number of masks, in texts and in other values
}

// SourceColumns says what the columns of one table mean and why, for people to see and change.
type SourceColumns struct {
	Source    string             `json:"source"` // Source.ID
	Name      string             `json:"name"`   // file name
	Sheet     string             `json:"sheet,omitempty"`
	Signature string             `json:"signature"` // of the header; the key of a saved mapping
	Rows      int                `json:"rows"`      // rows below the header that fit it
	Columns   []columns.Assigned `json:"columns"`
}

// Mapping returns the mapping that gives the same roles again, for saving under the signature.
func (c SourceColumns) Mapping() map[string]string {
	out := map[string]string{}
	for _, col := range c.Columns {
		switch {
		case col.Role == columns.Field:
		case out[string(col.Role)] != "":
			out[string(col.Role)] += "," + col.Name
		default:
			out[string(col.Role)] = col.Name
		}
	}
	return out
}

// Finding is something about the data that its reader must know.
type Finding struct {
	Kind     string   `json:"kind"`     // bad_row, empty_text, duplicate_id, gap, ...
	Severity string   `json:"severity"` // info, warning
	Message  string   `json:"message"`
	Where    []string `json:"where"` // places such as "export.csv row 12, column score"; at most 20
	Count    int      `json:"count"`
}

// BadRow is a row that was set aside.
type BadRow struct {
	Source string `json:"source"` // file name, with the sheet
	Row    int    `json:"row"`    // 1-based, as a spreadsheet shows it
	Line   int    `json:"line,omitempty"`
	Column string `json:"column,omitempty"`
	What   string `json:"what"`
	Raw    string `json:"raw"` // the cell or line, masked and clipped
}

// Where names the row's place: "export.csv row 12, column score".
func (b BadRow) Where() string { return place(b.Source, b.Row, b.Line, b.Column) }
