package tabular

import (
	"fmt"
	"math"
	"strings"
)

// delimiters are tried in this order; the first of the best wins.
const delimiters = ",;\t|"

// sampleRows is how many rows decide on delimiter and header.
const sampleRows = 200

// Delimited returns the table in delimited text. A tab-separated file name
// ending in .tsv or .tab prefers the tab. It returns nil when the text has no rows.
func Delimited(text, name string, limit Limits) (*Table, error) {
	comma, start := separator(text)
	if comma == 0 {
		comma = detect(text, strings.ToLower(name))
	}
	origin := newScanner(text[start:], comma, limit)
	if start > 0 {
		origin.line = 1
	}
	// Read a sample, find the header in it, then start again behind the header.
	probe := origin
	var sample [][]string
	var marks []scanner // state in front of each sampled row
	for len(sample) < sampleRows {
		var row Row
		before := probe
		ok, err := probe.next(&row)
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		if row.Bad != nil {
			if len(sample) == 0 {
				continue
			}
			row.Cells = nil
		}
		before.cells = nil
		marks = append(marks, before)
		sample = append(sample, append([]string(nil), row.Cells...))
	}
	marks = append(marks, probe)
	head := findHead(sample)
	if head.width == 0 {
		return nil, nil
	}
	t := &Table{
		Format: "csv", Delimiter: rune(comma), Columns: head.columns,
		Titles: head.first, Headers: head.rows, Unnamed: head.rows == 0,
	}
	if comma == '\t' {
		t.Format = "tsv"
	}
	data := marks[head.first+head.rows]
	data.cells = nil
	t.rows = func(yield func(*Row) bool) error {
		s, seen := data, 0
		var row Row
		for {
			ok, err := s.next(&row)
			if err != nil || !ok {
				return err
			}
			row.End += start
			if row.Bad == nil {
				if len(row.Cells) == 0 || len(row.Cells) != len(t.Columns) && blank(row.Cells) {
					continue
				}
				fit(&row, t.Columns)
			} else if i := len(row.Cells); i < len(t.Columns) {
				row.Bad.Column = t.Columns[i].Name
			}
			if seen++; limit.Rows > 0 && seen > limit.Rows {
				return limit.rows(seen)
			}
			if !yield(&row) {
				return nil
			}
		}
	}
	return t, nil
}

// fit marks a row that has more or fewer cells than the header. Empty cells
// beyond the header say nothing and are let go.
func fit(row *Row, columns []Column) {
	n, want := len(row.Cells), len(columns)
	switch {
	case n == want:
	case n > want && blank(row.Cells[want:]):
		row.Cells = row.Cells[:want]
	case n > want:
		row.Bad = &Bad{
			Column: columns[want-1].Name, Raw: Head(row.Cells[want]),
			What: fmt.Sprintf("the row has %d cells, the header has %d: a delimiter inside a cell is probably not quoted", n, want),
		}
	default:
		row.Bad = &Bad{
			Column: columns[n].Name, Raw: Head(row.Cells[n-1]),
			What: fmt.Sprintf("the row has %d cells, the header has %d: the row ends before this column", n, want),
		}
	}
}

// separator reads Excel's "sep=;" line and returns the delimiter and where the
// table starts, or 0, 0.
func separator(text string) (comma byte, start int) {
	head := text[:min(len(text), 16)]
	if head = strings.TrimPrefix(head, `"`); len(head) < 5 || !strings.EqualFold(head[:4], "sep=") {
		return 0, 0
	}
	comma = head[4]
	end := strings.IndexAny(text, "\r\n")
	if end < 0 || end > 7 {
		return 0, 0
	}
	start = end + 1
	if text[end] == '\r' && start < len(text) && text[start] == '\n' {
		start++
	}
	return comma, start
}

// detect picks the delimiter under which most rows have the same number of
// cells. Free text has commas too, but not the same number in every line.
func detect(text, name string) byte {
	best, bestScore := byte(','), 0.0
	for i := range len(delimiters) {
		score := consistency(text, delimiters[i])
		if delimiters[i] == ',' && strings.HasSuffix(name, ".txt") && prose(text) {
			score = 0
		}
		if delimiters[i] == '\t' && score > 0 && (strings.HasSuffix(name, ".tsv") || strings.HasSuffix(name, ".tab")) {
			score += 0.5
		}
		if score > bestScore+1e-9 && score >= 0.4 {
			best, bestScore = delimiters[i], score
		}
	}
	if bestScore > 0 {
		return best
	}
	for _, c := range []byte(",;\t|") { // one column: a delimiter that does not occur keeps each line whole
		if strings.IndexByte(text, c) < 0 {
			return c
		}
	}
	return '\x1f'
}

// consistency scores a delimiter by the share of rows with the most frequent
// number of cells, 0 when that is one. A header with as many cells speaks for it, a first line
// without the delimiter against it, unless it looks like a title above a table.
func consistency(text string, comma byte) float64 {
	const window = 256 << 10
	s := newScanner(text[:min(len(text), window)], comma, Limits{})
	counts := map[int]int{}
	total, broken, first, second := 0, 0, 0, 0
	blankBefore, blanks := false, false
	firstCell := ""
	var row Row
	for range sampleRows {
		if ok, _ := s.next(&row); !ok || len(text) > window && s.pos >= window {
			break
		}
		n := len(row.Cells)
		switch {
		case row.Bad != nil:
			broken++
			continue
		case n == 0:
			blanks = true
			continue
		case first == 0:
			first, firstCell = n, row.Cells[0]
		case second == 0 && n > 1:
			second, blankBefore = n, blanks
		}
		counts[n]++
		total++
	}
	mode, most := 0, 0
	for n, c := range counts {
		if c > most || c == most && n > mode {
			mode, most = n, c
		}
	}
	if mode < 2 {
		return 0
	}
	score := float64(most)/float64(total+broken) + 0.02*math.Log2(float64(mode))
	switch {
	case first == mode, first == 1 && second == mode && (mode > 2 || blankBefore):
		score += 0.2
	case first == 1 && headerWord(firstCell):
		return 0
	case first == 1:
		score -= 0.6
	}
	return score
}

// prose reports whether nearly every comma of a text is followed by a space, as in sentences.
func prose(text string) bool {
	text = text[:min(len(text), 64<<10)]
	commas := strings.Count(text, ",")
	return commas > 0 && strings.Count(text, ", ")*10 >= commas*9
}
