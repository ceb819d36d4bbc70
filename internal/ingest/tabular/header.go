package tabular

import "strings"

// head is where a table starts and what its columns are called.
type head struct {
	first   int // title rows and blank rows above the header
	rows    int // header rows, 0 to 3
	width   int
	columns []Column
}

// findHead decides on the header from the first rows of a table. Rows may differ in length.
func findHead(rows [][]string) head {
	width := commonWidth(rows)
	if width == 0 {
		return head{}
	}
	h := head{width: width}
	for h.first < len(rows)-1 && (blank(rows[h.first]) || h.first < 15 && isTitle(rows[h.first], rows[h.first+1:], width)) {
		h.first++
	}
	top := rows[h.first]
	if len(top) > width && blank(top[width:]) || len(top) < width {
		// A header narrower than its rows lacks the name of a leading index column, or of trailing ones.
		if len(top) == width-1 && !blank(top) && len(rows) > h.first+1 && len(rows[h.first+1]) > 0 {
			if _, number := typed(rows[h.first+1][0]); number && !headerWord(top[0]) {
				top = append([]string{""}, top...)
				rows[h.first] = top
			}
		}
	}
	for width > lastFull(top) && emptyColumn(rows[h.first:], width) {
		width--
	}
	h.width = max(width, lastFull(top))
	types := columnTypes(rows[h.first+1:], h.width)
	h.rows = 1
	if !looksLikeHeader(top, rows[h.first+1:], types) {
		h.rows = 0
	}
	for h.rows > 0 && h.rows < 3 && len(rows) > h.first+h.rows+3 {
		next := rows[h.first+h.rows]
		body := columnTypes(rows[min(len(rows)-1, h.first+3):], h.width)
		if !continuesHeader(next, top, body) {
			break
		}
		h.rows++
	}
	h.columns = names(rows[h.first:h.first+h.rows], h.width)
	return h
}

// commonWidth returns the most frequent number of cells, the larger one on a tie.
func commonWidth(rows [][]string) int {
	counts := map[int]int{}
	best := 0
	for _, r := range rows {
		if !blank(r) {
			counts[len(r)]++
		}
	}
	for n, c := range counts {
		if c > counts[best] || c == counts[best] && n > best {
			best = n
		}
	}
	return best
}

func full(row []string) (n int) {
	for _, c := range row {
		if strings.TrimSpace(c) != "" {
			n++
		}
	}
	return n
}

func lastFull(row []string) int {
	for i := len(row); i > 0; i-- {
		if strings.TrimSpace(row[i-1]) != "" {
			return i
		}
	}
	return 0
}

// emptyColumn reports whether the last column of all rows with width cells is blank.
func emptyColumn(rows [][]string, width int) bool {
	for _, r := range rows {
		if len(r) >= width && strings.TrimSpace(r[width-1]) != "" {
			return false
		}
	}
	return width > 1
}

// isTitle reports whether row stands above the table: one or two cells, with a much fuller row soon below.
func isTitle(row []string, below [][]string, width int) bool {
	n := full(row)
	if n == 0 {
		return true
	}
	if width < 2 || n > 2 || n*2 > width && n > 1 {
		return false
	}
	for _, b := range below[:min(len(below), 10)] {
		if m := full(b); m >= max(2, (width+1)/2) && m > n {
			return true
		}
	}
	return false
}

// typed reports whether a cell is missing, and whether it is a number or a date.
func typed(cell string) (missing, number bool) {
	cell = strings.TrimSpace(cell)
	switch strings.ToLower(cell) {
	case "", "n/a", "na", "null", "-", "nan", "none", "#n/a":
		return true, false
	}
	if len(cell) > 40 {
		return false, false
	}
	digits, letters := 0, 0
	for _, r := range cell {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case strings.ContainsRune(" .,-+/:%$€£()", r):
		case strings.ContainsRune("eETZAPMampz", r):
			letters++
		default:
			return false, false
		}
	}
	return false, digits > 0 && letters <= 2
}

// columnTypes says for each column whether nearly all of its cells are numbers or dates.
func columnTypes(rows [][]string, width int) []bool {
	out := make([]bool, width)
	for j := range out {
		numbers, others := 0, 0
		for _, r := range rows {
			if j >= len(r) {
				continue
			}
			switch missing, number := typed(r[j]); {
			case missing:
			case number:
				numbers++
			default:
				others++
			}
		}
		out[j] = numbers >= 1 && others*20 <= numbers+others
	}
	return out
}

func looksLikeHeader(top []string, below [][]string, types []bool) bool {
	same, other := 0, 0
	for j, number := range types {
		if j >= len(top) || !number {
			continue
		}
		switch missing, isNumber := typed(top[j]); {
		case missing:
		case isNumber:
			same++
		default:
			other++
		}
	}
	known := false
	for _, c := range top {
		known = known || headerWord(c)
	}
	switch {
	case other > 0 || known:
		return true
	case same > 0:
		return false
	}
	if len(types) == 1 {
		return startsColumn(top[0], below)
	}
	// No column of numbers to compare with: a header is short, ends in no full stop and names no two columns alike.
	for j, c := range top {
		c = strings.TrimSpace(c)
		if len(strings.Fields(c)) > 6 && len(top) <= 3 || len(top) <= 3 && strings.HasSuffix(c, ".") {
			return false
		}
		for _, r := range below {
			if c != "" && j < len(r) && strings.TrimSpace(r[j]) == c && len(top) <= 3 {
				return false
			}
		}
	}
	return true
}

// startsColumn reports whether a line names the column below it: a few words, or
// a question above lines that ask nothing.
func startsColumn(line string, below [][]string) bool {
	if len(strings.Fields(line)) <= 3 {
		return true
	}
	questions := 0
	for _, r := range below {
		if len(r) > 0 && strings.HasSuffix(strings.TrimSpace(r[0]), "?") {
			questions++
		}
	}
	return strings.HasSuffix(strings.TrimSpace(line), "?") && questions*5 <= len(below)
}

// headerWord reports whether a cell is a word that hardly ever is data.
func headerWord(cell string) bool {
	switch strings.ToLower(strings.TrimSpace(cell)) {
	case "id", "text", "comment", "comments", "feedback", "message", "date", "time", "timestamp", "created_at", "created at",
		"query", "body", "content", "review", "description", "subject", "score", "rating", "nps", "channel", "label", "name", "category", "value", "key":
		return true
	}
	return false
}

// continuesHeader reports whether next is a further header row: where the data has numbers it has words.
func continuesHeader(next, top []string, body []bool) bool {
	numbers, words, repeats := 0, 0, 0
	for j, c := range next {
		if strings.HasPrefix(c, `{"ImportId"`) {
			return true
		}
		if j < len(top) && strings.TrimSpace(c) != "" && c == top[j] {
			repeats++
		}
		if j >= len(body) || !body[j] {
			continue
		}
		switch missing, number := typed(c); {
		case missing:
		case number:
			numbers++
		default:
			words++
		}
	}
	return words >= 2 && numbers*4 <= words || repeats >= 2 && numbers == 0
}
