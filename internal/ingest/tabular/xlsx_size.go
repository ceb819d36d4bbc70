package tabular

import (
	"archive/zip"
	"encoding/xml"
	"io"
	"strconv"
	"strings"

	"golang.org/x/net/html/charset"

	"roleos/internal/fault"
)

// The size of a sheet: https://support.microsoft.com/en-us/office/excel-specifications-and-limits-1672b34d-7043-467e-8e27-269d656771c3
const (
	sheetRows    = 1_048_576
	sheetColumns = 16_384
)

// cellBytes is what a cell takes in memory besides its text.
const cellBytes = 16

// sheetSize adds up what a workbook takes once it is read.
type sheetSize struct {
	limit    Limits
	damaged  error
	shared   []int32 // bytes of each shared text
	expanded int64
}

// measure walks all parts of a workbook and returns the bytes that its cells
// take, before the reader that is not ours expands them. It refuses a sheet that
// is not whole XML, which that reader would take for its end: rows behind the fault would be missing without a word.
func measure(raw string, limit Limits, damaged error) (int64, error) {
	z, err := zip.NewReader(strings.NewReader(raw), int64(len(raw)))
	if err != nil {
		return 0, damaged
	}
	s := sheetSize{limit: limit, damaged: damaged}
	for _, m := range z.File {
		if strings.EqualFold(strings.ReplaceAll(m.Name, `\`, "/"), "xl/sharedStrings.xml") {
			if err := s.texts(m); err != nil {
				return 0, err
			}
		}
	}
	for _, m := range z.File {
		name := strings.ToLower(strings.ReplaceAll(m.Name, `\`, "/"))
		if !strings.HasSuffix(name, ".xml") || strings.HasSuffix(name, "sharedstrings.xml") {
			continue
		}
		whole, err := s.sheet(m)
		if err != nil {
			return 0, err
		}
		if !whole && strings.HasPrefix(name, "xl/worksheets/") {
			return 0, damaged
		}
	}
	return s.expanded, nil
}

// tokens hands over the tokens of a part and reports whether it is whole XML.
func tokens(m *zip.File, yield func(xml.Token) error) (whole bool, err error) {
	r, err := m.Open()
	if err != nil {
		return false, nil
	}
	defer r.Close()
	d := xml.NewDecoder(r)
	d.CharsetReader = charset.NewReaderLabel
	for {
		t, err := d.Token()
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return false, nil
		}
		if err := yield(t); err != nil {
			return false, err
		}
	}
}

// texts notes how long the shared texts are.
func (s *sheetSize) texts(m *zip.File) error {
	whole, err := tokens(m, func(t xml.Token) error {
		switch t := t.(type) {
		case xml.StartElement:
			if t.Name.Local == "si" {
				s.shared = append(s.shared, 0)
			}
		case xml.CharData:
			if n := len(s.shared); n > 0 {
				s.shared[n-1] = int32(min(int64(s.shared[n-1])+int64(len(t)), 1<<30))
			}
		}
		return nil
	})
	if err == nil && !whole {
		err = s.damaged
	}
	return err
}

// sheet adds the cells of one part.
func (s *sheetSize) sheet(m *zip.File) (whole bool, err error) {
	row, column, isShared, inValue := 0, 0, false, false
	return tokens(m, func(t xml.Token) error {
		switch t := t.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "row":
				row, column = row+1, 0
				if n, ok := position(attribute(t, "r")); ok {
					row = n
				}
				if row > sheetRows {
					return s.outside()
				}
			case "c":
				from := column
				column++
				if n := columnOf(attribute(t, "r")); n > 0 {
					column = n
				}
				if column > sheetColumns {
					return s.outside()
				}
				isShared = attribute(t, "t") == "s"
				return s.add(int64(max(1, column-from)) * cellBytes)
			case "v":
				inValue = true
			}
		case xml.EndElement:
			inValue = inValue && t.Name.Local != "v"
		case xml.CharData:
			if !inValue || !isShared {
				return s.add(int64(len(t)))
			}
			if i, err := strconv.Atoi(strings.TrimSpace(string(t))); err == nil && i >= 0 && i < len(s.shared) {
				return s.add(int64(s.shared[i]))
			}
		}
		return nil
	})
}

func (s *sheetSize) add(n int64) error {
	if s.expanded += n; s.limit.Expanded > 0 && s.expanded > s.limit.Expanded {
		return fault.New(fault.Invalid, LimitOp, "the cells of the workbook take more than %s when they are written out", Size(s.limit.Expanded)).
			WithMend("Split the workbook, or raise ingest.limits.total_bytes.")
	}
	return nil
}

func (s *sheetSize) outside() error {
	return fault.New(fault.Invalid, LimitOp, "a sheet names a cell beyond row 1,048,576 or column 16,384, where no sheet has one").
		WithMend("Open the file in a spreadsheet and save it again, or save the sheet as CSV.")
}

func attribute(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

// position reads a row number; one too large for a number is beyond every sheet.
func position(s string) (int, bool) {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	if err != nil && len(s) > 9 {
		return sheetRows + 1, true
	}
	return n, err == nil && n > 0
}

// columnOf reads the letters of a cell's place, as the "AB" of AB12; 0 when there are none.
func columnOf(place string) int {
	n := 0
	for i := 0; i < len(place) && place[i]|0x20 >= 'a' && place[i]|0x20 <= 'z' && n <= sheetColumns; i++ {
		n = n*26 + int(place[i]|0x20-'a') + 1
	}
	return n
}
