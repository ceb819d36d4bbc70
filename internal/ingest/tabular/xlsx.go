package tabular

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"roleos/internal/fault"
)

// unzipInMemory is the size above which a sheet is unpacked to a temporary file instead of memory.
const unzipInMemory = 32 << 20

// Workbook returns the tables of an XLSX workbook, one for each sheet that has
// rows. unpacked is the size of all its parts, which the caller has checked
// against its own limit; expanded is about what all cells take in memory. Cells are read raw; numbers that the workbook shows as dates become ISO dates.
func Workbook(ctx context.Context, raw string, unpacked int64, limit Limits) (tables []*Table, expanded int64, err error) {
	damaged := fault.New(fault.Invalid, "ingest", "the workbook is damaged or not a plain XLSX file").
		WithMend("Open it in a spreadsheet and save it again, or save the sheet as CSV.")
	defer func() {
		// The reader below is not ours; whatever a hostile file makes it do stays a message.
		if recover() != nil {
			tables, err = nil, damaged
		}
	}()
	if expanded, err = measure(raw, limit, damaged); err != nil {
		return nil, 0, err
	}
	f, openErr := excelize.OpenReader(strings.NewReader(raw), excelize.Options{
		RawCellValue: true, UnzipSizeLimit: max(unpacked+1, unzipInMemory), UnzipXMLSizeLimit: unzipInMemory,
	})
	if openErr != nil {
		return nil, expanded, damaged
	}
	defer f.Close()
	since1904 := false
	if props, err := f.GetWorkbookProps(); err == nil && props.Date1904 != nil {
		since1904 = *props.Date1904
	}
	for _, name := range f.GetSheetList() {
		t, err := sheet(ctx, f, name, since1904, limit)
		if err != nil {
			return nil, expanded, err
		}
		if t != nil {
			tables = append(tables, t)
		}
	}
	return tables, expanded, nil
}

// sheet reads one sheet, or returns nil when it holds no table.
func sheet(ctx context.Context, f *excelize.File, name string, since1904 bool, limit Limits) (*Table, error) {
	it, err := f.Rows(name)
	if err != nil {
		return nil, nil // a chart sheet
	}
	defer it.Close()
	var rows [][]string
	var numbers []int
	number := 0
	for it.Next() {
		if number++; number&0xff == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		cells, err := it.Columns()
		if err != nil {
			return nil, fault.New(fault.Invalid, "ingest", "sheet %s is damaged at row %d", name, number).
				WithMend("Open the file in a spreadsheet and save it again.")
		}
		if blank(cells) {
			continue
		}
		if err := limit.columns(len(cells)); err != nil {
			return nil, err
		}
		for i, c := range cells {
			if err := limit.cell(fmt.Sprintf("sheet %s row %d, column %d", name, number, i+1), len(c)); err != nil {
				return nil, err
			}
		}
		rows, numbers = append(rows, cells), append(numbers, number)
		if err := limit.rows(len(rows) - 20); err != nil {
			return nil, err
		}
	}
	if it.Error() != nil {
		return nil, fault.New(fault.Invalid, "ingest", "sheet %s is damaged after row %d", name, number).
			WithMend("Open the file in a spreadsheet and save it again.")
	}
	if len(rows) < 2 {
		return nil, nil
	}
	dates := dateColumns(f, name)
	width := 0
	sample := rows[:min(len(rows), sampleRows)]
	for _, r := range sample {
		width = max(width, len(r))
	}
	padded := make([][]string, len(sample))
	for i, r := range sample {
		padded[i] = append(append(make([]string, 0, width), r...), make([]string, width-len(r))...)
	}
	head := findHead(padded)
	if head.width == 0 {
		return nil, nil
	}
	t := &Table{Sheet: name, Format: "xlsx", Columns: head.columns, Titles: head.first, Headers: head.rows, Unnamed: head.rows == 0}
	t.rows = func(yield func(*Row) bool) error {
		cells := make([]string, len(t.Columns))
		for i := head.first + head.rows; i < len(rows); i++ {
			clear(cells)
			n := copy(cells, rows[i])
			row := Row{Cells: cells, Number: numbers[i]}
			if len(rows[i]) > n && !blank(rows[i][n:]) {
				row.Bad = &Bad{
					Column: t.Columns[n-1].Name, Raw: Head(rows[i][n]),
					What: fmt.Sprintf("the row has a cell in column %d, the header has %d columns", n+1, n),
				}
			}
			for j := range n {
				if j < len(dates) && dates[j] {
					cells[j] = isoDate(cells[j], since1904)
				}
			}
			if !yield(&row) {
				return nil
			}
		}
		return nil
	}
	return t, nil
}

// dateColumns says which columns show their numbers as dates, by comparing the
// raw and the shown value of the first rows: reading styles for every cell would cost ten times as much.
func dateColumns(f *excelize.File, name string) []bool {
	plain, err := f.Rows(name)
	if err != nil {
		return nil
	}
	defer plain.Close()
	shown, err := f.Rows(name)
	if err != nil {
		return nil
	}
	defer shown.Close()
	var dates, numbers []int
	for range sampleRows {
		if !plain.Next() || !shown.Next() {
			break
		}
		a, err1 := plain.Columns(excelize.Options{RawCellValue: true})
		b, err2 := shown.Columns(excelize.Options{RawCellValue: false})
		if err1 != nil || err2 != nil {
			break
		}
		for len(dates) < len(a) {
			dates, numbers = append(dates, 0), append(numbers, 0)
		}
		for i := range min(len(a), len(b)) {
			v, err := strconv.ParseFloat(a[i], 64)
			if err != nil {
				continue
			}
			numbers[i]++
			if v >= 1 && v < 80000 && a[i] != b[i] && showsDate(b[i]) {
				dates[i]++
			}
		}
	}
	out := make([]bool, len(dates))
	for i := range dates {
		out[i] = dates[i] > 0 && dates[i]*2 >= numbers[i]
	}
	return out
}

// showsDate reports whether a shown number is a date: 6/27/18, 27-Jun, 2018-06-27, 27.06.2018.
func showsDate(s string) bool {
	if strings.ContainsAny(s, "$€£%") {
		return false
	}
	for i := 1; i < len(s)-1; i++ {
		if (s[i] == '/' || s[i] == '-' || s[i] == ':') && !strings.ContainsAny(s[i-1:i], "eE") {
			return true
		}
	}
	return strings.Count(s, ".") == 2
}

// isoDate turns a day number into an ISO date, with a time of day if it has one.
func isoDate(raw string, since1904 bool) string {
	v, err := strconv.ParseFloat(raw, 64)
	if err != nil || v < 1 || v >= 80000 {
		return raw
	}
	at, err := excelize.ExcelDateToTime(v, since1904)
	if err != nil {
		return raw
	}
	if v == float64(int64(v)) {
		return at.Format("2006-01-02")
	}
	return at.Format("2006-01-02 15:04:05")
}
