package tabular

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"roleos/internal/fault"
)

// LimitOp is the Op of a fault that says that everything together exceeds a limit, or that a file is hostile:
// leaving the one file out would not do.
const LimitOp = "ingest.limit"

// Limits bounds a table. What exceeds one of them is refused, never cut. Zero fields mean no limit.
type Limits struct {
	Rows      int   // data rows
	CellBytes int64 // bytes of one cell or one JSON value
	Columns   int
	Depth     int   // nesting of JSON
	Expanded  int64 // bytes that the cells of a workbook take when every shared text is written out
}

// Column is a column's name as a reader sees it.
type Column struct {
	Name    string   // unique in its table; several header rows joined by " / "
	Aliases []string // the cells of the single header rows, where they differ from Name
	Header  string   // the name as the file has it, where Name hides a part of it; never to be shown
}

// Original returns the column's name as the file has it, for looking it up and never to be shown.
func (c Column) Original() string { return cmp.Or(c.Header, c.Name) }

// Row is one row of a table. Cells is reused: copy the slice to keep it; the strings may be kept.
type Row struct {
	Cells  []string // as many as the table has columns, unless Bad is set
	Number int      // 1-based, as a spreadsheet shows it; the element's position in JSON
	Line   int      // 1-based line where the row starts; 0 in a workbook
	End    int      // bytes of the source read so far
	Bad    *Bad     // why the row does not fit; nil when it does
}

// Bad says why a row was set aside.
type Bad struct {
	Column string // "" when no single column is to blame
	What   string
	Raw    string // the beginning of the cell or line, see Head
}

// Table is one table of a source. Each may be called several times and gives the same rows.
type Table struct {
	Sheet     string
	Format    string // csv, tsv, json, jsonl, xlsx, parquet
	Delimiter rune   // of delimited text
	Columns   []Column
	Titles    int      // rows above the header that are not part of the table
	Headers   int      // header rows
	Unnamed   bool     // the table has no header row; columns are numbered
	Repeated  []string // places, at most 20, where a JSON object names a key twice; the last value wins
	Repeats   int      // how many there are
	Skipped   []string // paths of further lists of objects in a JSON document that were not taken
	rows      func(yield func(*Row) bool) error
}

// New returns a table whose rows another reader hands over, with the limits put on
// them: header names the columns, and each, which may be called several times, calls yield
// for every row in order. What all cells take when they are written out counts against Expanded.
func New(format string, header []string, limit Limits, each func(yield func(*Row) bool) error) (*Table, error) {
	if err := limit.columns(len(header)); err != nil {
		return nil, err
	}
	t := &Table{Format: format, Columns: names([][]string{header}, len(header)), Headers: 1}
	t.rows = func(yield func(*Row) bool) error {
		var over error
		n, size := 0, int64(0)
		err := each(func(r *Row) bool {
			n++
			over = limit.rows(n)
			for i, c := range r.Cells {
				size += int64(len(c)) + cellBytes
				if over == nil && limit.CellBytes > 0 && int64(len(c)) > limit.CellBytes {
					over = limit.cell(fmt.Sprintf("row %d, column %s", r.Number, Clip(t.Columns[i].Name)), len(c))
				}
			}
			if over == nil && limit.Expanded > 0 && size > limit.Expanded {
				over = fault.New(fault.Invalid, LimitOp, "the cells take more than %s when they are written out", Size(limit.Expanded)).
					WithMend("Split the file, or raise ingest.limits.total_bytes.")
			}
			return over == nil && (r.Bad == nil && blank(r.Cells) || yield(r))
		})
		return cmp.Or(over, err)
	}
	return t, nil
}

// Each calls yield for every row that is not blank, in order, until it returns
// false. It returns an error only when a limit is exceeded.
func (t *Table) Each(yield func(*Row) bool) error { return t.rows(yield) }

func (l Limits) cell(where string, n int) error {
	if l.CellBytes > 0 && int64(n) > l.CellBytes {
		return fault.New(fault.Invalid, "ingest", "%s: a single cell holds more than %s", where, Size(l.CellBytes)).
			WithMend("Shorten the cell, or check for a quotation mark that is never closed, or raise ingest.limits.cell_bytes.")
	}
	return nil
}

func (l Limits) columns(n int) error {
	if l.Columns > 0 && n > l.Columns {
		return fault.New(fault.Invalid, "ingest", "the table has more than %d columns", l.Columns).
			WithMend("Delete the columns that are not needed, or raise ingest.limits.columns.")
	}
	return nil
}

func (l Limits) rows(n int) error {
	if l.Rows > 0 && n > l.Rows {
		return fault.New(fault.Invalid, LimitOp, "there are more rows than are read at once").
			WithMend("Split the export, or raise ingest.limits.rows.")
	}
	return nil
}

// Size returns a number of bytes the way people read it: "64 MiB".
func Size(n int64) string {
	for _, u := range []struct {
		name string
		size int64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n >= u.size {
			return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(n)/float64(u.size)), ".0") + " " + u.name
		}
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

// Head returns the first 400 bytes of s: more than Clip keeps, so that what is
// masked first and clipped then never shows a part of what should be masked.
func Head(s string) string {
	if len(s) <= 400 {
		return s
	}
	return strings.ToValidUTF8(s[:400], "") + "…"
}

// Clip returns s on one line and at most 80 bytes long, for a message.
func Clip(s string) string {
	const most = 80
	cut := s
	if len(cut) > most*4 {
		cut = cut[:most*4]
	}
	cut = strings.Join(strings.Fields(strings.ToValidUTF8(cut, "")), " ")
	if len(cut) > most || len(s) > most*4 {
		cut = strings.ToValidUTF8(cut[:min(len(cut), most)], "") + "…"
	}
	return cut
}

func blank(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}
