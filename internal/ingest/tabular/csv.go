package tabular

import (
	"fmt"
	"strconv"
	"strings"
)

// scanner walks delimited text row by row. Cells are substrings of the text;
// only a cell with doubled quotes is copied.
//
// It follows RFC 4180 (https://www.rfc-editor.org/rfc/rfc4180) and is strict
// about quotes: a quoted cell that is not closed, or goes on after its closing
// quote, spoils its row, and reading resumes at the next line.
type scanner struct {
	text  string
	comma byte
	cr    bool // a lone carriage return ends a line
	limit Limits
	pos   int
	line  int // lines before pos
	row   int // rows before pos
	cells []string
}

func newScanner(text string, comma byte, limit Limits) scanner {
	head := text[:min(len(text), 64<<10)]
	cr := strings.IndexByte(head, '\n') < 0 && strings.IndexByte(head, '\r') >= 0
	return scanner{text: text, comma: comma, cr: cr, limit: limit}
}

// next reads one row; blank lines come as rows without cells.
func (s *scanner) next(row *Row) (bool, error) {
	if s.pos >= len(s.text) {
		return false, nil
	}
	end, after := s.lineEnd(s.pos)
	s.row++
	*row = Row{Number: s.row, Line: s.line + 1}
	s.cells = s.cells[:0]
	line := s.text[s.pos:end]
	if strings.IndexByte(line, '"') >= 0 {
		return true, s.quotedRow(row, end, after)
	}
	s.pos, s.line = after, s.line+1
	row.End = after
	if line == "" {
		return true, nil
	}
	for {
		i := strings.IndexByte(line, s.comma)
		if i < 0 {
			break
		}
		s.cells = append(s.cells, line[:i])
		line = line[i+1:]
		if err := s.check(i); err != nil {
			return false, err
		}
	}
	s.cells = append(s.cells, line)
	if err := s.check(len(line)); err != nil {
		return false, err
	}
	row.Cells = s.cells
	return true, s.limit.columns(len(s.cells))
}

func (s *scanner) check(size int) error {
	if s.limit.CellBytes == 0 || int64(size) <= s.limit.CellBytes {
		return nil
	}
	return s.limit.cell("row "+strconv.Itoa(s.row), size)
}

// lineEnd returns where the line from i ends and where the next one starts.
func (s *scanner) lineEnd(i int) (end, after int) {
	if s.cr {
		j := strings.IndexByte(s.text[i:], '\r')
		if j < 0 {
			return len(s.text), len(s.text)
		}
		end, after = i+j, i+j+1
		if after < len(s.text) && s.text[after] == '\n' {
			after++
		}
		return end, after
	}
	j := strings.IndexByte(s.text[i:], '\n')
	if j < 0 {
		end = len(s.text)
		if end > i && s.text[end-1] == '\r' {
			return end - 1, len(s.text)
		}
		return end, end
	}
	end, after = i+j, i+j+1
	if end > i && s.text[end-1] == '\r' {
		end--
	}
	return end, after
}

// quotedRow reads a row with quotation marks. end and after bound its first line.
func (s *scanner) quotedRow(row *Row, end, after int) error {
	p, lines := s.pos, 1
	for {
		cell, stop, fault := s.cell(p)
		if fault != "" {
			row.Bad = &Bad{
				Column: fmt.Sprintf("column %d", len(s.cells)+1),
				What:   fault, Raw: Head(s.text[s.pos:end]),
			}
			row.Cells = s.cells
			s.pos, s.line = after, s.line+1
			row.End = after
			return nil
		}
		if err := s.check(len(cell)); err != nil {
			return err
		}
		lines += s.newlines(s.text[p:stop])
		s.cells = append(s.cells, cell)
		if stop < len(s.text) && s.text[stop] == s.comma {
			p = stop + 1
			continue
		}
		if stop < len(s.text) {
			_, stop = s.lineEnd(stop)
		}
		s.pos, s.line = stop, s.line+lines
		row.Cells, row.End = s.cells, stop
		return s.limit.columns(len(s.cells))
	}
}

func (s *scanner) newlines(raw string) int {
	if s.cr {
		return strings.Count(raw, "\r")
	}
	return strings.Count(raw, "\n")
}

// cell reads the cell at p and returns where it stops: at a delimiter, a line
// end or the end of the text. fault says what is wrong with its quotes.
func (s *scanner) cell(p int) (cell string, stop int, fault string) {
	q := p
	for q < len(s.text) && s.text[q] == ' ' {
		q++
	}
	if q >= len(s.text) || s.text[q] != '"' {
		return s.plainCell(p)
	}
	cell, stop, fault = s.quotedCell(q)
	if fault != "" && q > p { // after a space a quote need not be one that encloses
		return s.plainCell(p)
	}
	return cell, stop, fault
}

func (s *scanner) plainCell(p int) (cell string, stop int, fault string) {
	eol := byte('\n')
	if s.cr {
		eol = '\r'
	}
	for i := p; i < len(s.text); i++ {
		switch s.text[i] {
		case s.comma:
			return s.text[p:i], i, ""
		case eol:
			if !s.cr && i > p && s.text[i-1] == '\r' {
				return s.text[p : i-1], i - 1, ""
			}
			return s.text[p:i], i, ""
		}
	}
	return strings.TrimSuffix(s.text[p:], "\r"), len(s.text), ""
}

func (s *scanner) quotedCell(q int) (cell string, stop int, fault string) {
	doubled := false
	for i := q + 1; ; {
		j := strings.IndexByte(s.text[i:], '"')
		if j < 0 {
			return "", 0, "a quotation mark opens here and is never closed"
		}
		k := i + j
		if k+1 < len(s.text) && s.text[k+1] == '"' {
			doubled = true
			i = k + 2
			continue
		}
		stop = k + 1
		for stop < len(s.text) && s.text[stop] == ' ' && s.comma != ' ' {
			stop++
		}
		if stop < len(s.text) && s.text[stop] != s.comma && s.text[stop] != '\n' && s.text[stop] != '\r' {
			return "", 0, `a quotation mark inside a quoted cell is not doubled ("")`
		}
		cell = s.text[q+1 : k]
		if doubled {
			cell = strings.ReplaceAll(cell, `""`, `"`)
		}
		return cell, stop, ""
	}
}
