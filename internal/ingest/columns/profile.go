package columns

import (
	"strconv"
	"strings"
	"unicode"

	"roleos/internal/ingest/tabular"
)

// sampleSize is how many rows a profile looks at, one after the other at first, then one in every stride.
const (
	firstRows = 4000
	stride    = 61
	mostRows  = 20000
)

// Profile gathers what the cells of a table look like. The zero value is not usable; call NewProfile.
type Profile struct {
	cols   []tabular.Column
	stats  []stats
	seen   int // rows offered
	sample int // rows looked at
}

// stats describes the cells of one column.
type stats struct {
	filled    int
	values    map[string]int // values and how often they occur
	bytes     int            // of all cells
	fresh     int            // bytes of cells not seen before
	words     int
	spaced    int // cells with a space inside
	long      int // cells over 64 bytes
	numbers   int
	integers  int
	decimals  int
	low, high float64
	dates     int // cells that only a date explains
	stamps    int // cells that a date could explain: numbers of seconds or days too
	letters   int
	lowers    int
	mails     int
	exponent  int // ids that a spreadsheet turned into 5.7E+17
	first     string
}

// NewProfile returns an empty profile of a table with the given columns.
func NewProfile(cols []tabular.Column) *Profile {
	p := &Profile{cols: cols, stats: make([]stats, len(cols))}
	for i := range p.stats {
		p.stats[i].values = map[string]int{}
	}
	return p
}

// Add looks at one row, or passes over it when enough rows like it were seen.
func (p *Profile) Add(cells []string) {
	p.seen++
	if p.seen > firstRows && p.seen%stride != 0 || p.sample >= mostRows {
		return
	}
	p.sample++
	for i, c := range cells[:min(len(cells), len(p.stats))] {
		p.stats[i].add(c)
	}
}

// Rows returns how many rows were offered.
func (p *Profile) Rows() int { return p.seen }

func (s *stats) add(cell string) {
	cell = strings.TrimSpace(cell)
	if Placeholder(cell) {
		return
	}
	s.filled++
	s.bytes += len(cell)
	if s.first == "" {
		s.first = cell
	}
	if s.values[cell]++; s.values[cell] == 1 {
		s.fresh += len(cell)
		s.words += wordCount(cell)
	}
	if strings.IndexByte(cell, ' ') > 0 {
		s.spaced++
	}
	if len(cell) > 64 {
		s.long++
		s.letters, s.lowers = s.letters+len(cell), s.lowers+len(cell)
		return
	}
	for _, r := range cell {
		if unicode.IsLetter(r) {
			s.letters++
			if !unicode.IsUpper(r) {
				s.lowers++
			}
		}
	}
	if strings.IndexByte(cell, '@') > 0 && !strings.Contains(cell, " ") && strings.Contains(cell[strings.IndexByte(cell, '@'):], ".") {
		s.mails++
	}
	if isExponent(cell) {
		s.exponent++
	}
	if v, err := strconv.ParseFloat(cell, 64); err == nil && !strings.ContainsAny(cell, "xXpPnNiI_") {
		if s.numbers == 0 || v < s.low {
			s.low = v
		}
		if s.numbers == 0 || v > s.high {
			s.high = v
		}
		s.numbers++
		if strings.ContainsAny(cell, ".eE") {
			s.decimals++
		} else {
			s.integers++
		}
	}
	if st, ok := Parse(cell); ok {
		s.stamps++
		if st.kind == calendar {
			s.dates++
		}
	}
}

// Placeholder reports whether a cell says nothing: empty, or one of the marks
// that tools write for a missing value.
func Placeholder(cell string) bool {
	if len(cell) > 6 {
		return false
	}
	switch cell {
	case "", "NULL", "null", "N/A", "n/a", "#N/A", "NaN", "nan", `\N`, "-", "--", ".", "<NA>":
		return true
	}
	return false
}

// isExponent reports whether a cell is a long integer as Excel shows it: 5.7E+17.
func isExponent(cell string) bool {
	i := strings.IndexAny(cell, "eE")
	if i < 1 || i+2 > len(cell) || cell[0] < '1' || cell[0] > '9' {
		return false
	}
	exp, err := strconv.Atoi(strings.TrimPrefix(cell[i+1:], "+"))
	if err != nil || exp < 9 || exp > 40 {
		return false
	}
	for _, r := range cell[:i] {
		if (r < '0' || r > '9') && r != '.' && r != ',' {
			return false
		}
	}
	return true
}

// wordCount counts words; a script without spaces counts two characters as one.
func wordCount(s string) int {
	n, wide := 0, 0
	in := false
	for _, r := range s {
		switch {
		case r >= 0x2E80 && r <= 0x9FFF || r >= 0xAC00 && r <= 0xD7A3 || r >= 0x0E00 && r <= 0x0EFF:
			wide++
			in = false
		case unicode.IsSpace(r):
			in = false
		case !in:
			in = true
			n++
		}
	}
	return n + wide/2
}

func share(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

func (s *stats) unique() float64 { return share(len(s.values), s.filled) }

func (s *stats) wordsEach() float64 { return share(s.words, len(s.values)) }
