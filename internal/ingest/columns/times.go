package columns

import (
	"math"
	"strconv"
	"strings"
	"time"
)

type stampKind uint8

const (
	calendar stampKind = iota // written as a date
	serial                    // days since 1899-12-30, as Excel counts them
	unix                      // seconds, milli-, micro- or nanoseconds since 1970
)

// Stamp is a point in time as a cell has it. A date such as 3/4/2025 stays
// open until the whole column shows which part is the day.
type Stamp struct {
	kind  stampKind
	Zoned bool // the cell names its time zone
	Clock bool // the cell has a time of day
	open  bool // day and month may be swapped
	at    time.Time
}

// Order says which part of a date like 3/4/2025 comes first.
type Order uint8

// The orders.
const (
	MonthFirst Order = iota
	DayFirst
)

// Ambiguous reports whether the order of day and month changes the stamp.
func (s Stamp) Ambiguous() bool { return s.open && s.at.Day() != int(s.at.Month()) }

// Serial reports whether the cell holds Excel's number of a day.
func (s Stamp) Serial() bool { return s.kind == serial }

// Time returns the stamp in UTC, a time without zone taken as UTC.
func (s Stamp) Time(o Order) time.Time {
	if o == DayFirst && s.open {
		t := s.at
		return time.Date(t.Year(), time.Month(t.Day()), int(t.Month()), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	}
	return s.at
}

// Forced returns the order that a cell such as 25/4/2025 leaves no choice about.
func Forced(cell string) (Order, bool) {
	a, b, ok := slashes(cell)
	switch {
	case ok && a > 12 && b <= 12:
		return DayFirst, true
	case ok && b > 12 && a <= 12:
		return MonthFirst, true
	}
	return 0, false
}

// slashes returns the first two numbers of a date like 3/4/2025 or 3-4-25.
func slashes(cell string) (a, b int, ok bool) {
	cell = strings.TrimSpace(cell)
	i := 1
	for i < 3 && i < len(cell) && cell[i] != '/' && cell[i] != '-' {
		i++
	}
	if i > 2 || i >= len(cell) {
		return 0, 0, false
	}
	j := strings.IndexByte(cell[i+1:], cell[i])
	if j < 1 || j > 2 {
		return 0, 0, false
	}
	a, err1 := strconv.Atoi(cell[:i])
	b, err2 := strconv.Atoi(cell[i+1 : i+1+j])
	return a, b, err1 == nil && err2 == nil
}

// Parse reads a cell as a point in time: ISO 8601 and RFC 3339, 3/4/2025 and
// 3.4.2025 with or without a time, dates with month names, Unix times and
// Excel's day numbers from 1954 to 2119.
func Parse(cell string) (Stamp, bool) {
	cell = strings.TrimSpace(cell)
	if len(cell) < 5 || len(cell) > 48 {
		return Stamp{}, false
	}
	if s, ok := isoFast(cell); ok {
		return s, true
	}
	if cell[0] >= '0' && cell[0] <= '9' {
		if s, ok, plain := number(cell); plain {
			return s, ok
		}
	}
	return written(cell)
}

func two(s string) int {
	if s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9' {
		return -1
	}
	return int(s[0]-'0')*10 + int(s[1]-'0')
}

// isoFast reads the commonest forms: 2025-03-04 and 2025-03-04T05:06:07Z, with a space too.
func isoFast(c string) (Stamp, bool) {
	n := len(c)
	if n != 10 && n != 19 && (n != 20 || c[19] != 'Z') || c[4] != '-' || c[7] != '-' {
		return Stamp{}, false
	}
	y1, y2, m, d := two(c), two(c[2:]), two(c[5:]), two(c[8:])
	var h, mi, s int
	if n > 10 {
		if c[10] != 'T' && c[10] != ' ' || c[13] != ':' || c[16] != ':' {
			return Stamp{}, false
		}
		h, mi, s = two(c[11:]), two(c[14:]), two(c[17:])
	}
	return build(y1*100+y2, m, d, h, mi, s, 0, fields{clock: n > 10, zoned: n == 20})
}

// number reads a cell of digits and at most one point. plain says that it is one.
func number(c string) (s Stamp, ok, plain bool) {
	points := 0
	for i := range len(c) {
		switch {
		case c[i] == '.':
			points++
		case c[i] < '0' || c[i] > '9':
			return Stamp{}, false, false
		}
	}
	if points > 1 {
		return Stamp{}, false, false
	}
	whole := strings.IndexByte(c, '.')
	if whole < 0 {
		whole = len(c)
	}
	v, err := strconv.ParseFloat(c, 64)
	if err != nil {
		return Stamp{}, false, true
	}
	at := func(sec, frac float64) (Stamp, bool, bool) {
		if sec < 631152000 || sec > 4733510400 { // 1990 to 2120
			return Stamp{}, false, true
		}
		return Stamp{kind: unix, Zoned: true, Clock: true, at: time.Unix(int64(sec), int64(frac*1e9)).UTC()}, true, true
	}
	switch {
	case whole == 5 && v >= 20000 && v < 80000:
		return Stamp{kind: serial, Clock: v != math.Trunc(v), at: SerialTime(v, false)}, true, true
	case whole == 8 && points == 0:
		s, ok := build(two(c)*100+two(c[2:]), two(c[4:]), two(c[6:]), 0, 0, 0, 0, fields{})
		return s, ok && s.at.Year() >= 1990, true
	case whole == 9 || whole == 10:
		sec, frac := math.Modf(v)
		return at(sec, frac)
	case whole == 13 && points == 0:
		return at(math.Floor(v/1e3), math.Mod(v, 1e3)/1e3)
	case whole == 16 && points == 0:
		return at(math.Floor(v/1e6), math.Mod(v, 1e6)/1e6)
	case whole == 19 && points == 0:
		return at(math.Floor(v/1e9), 0)
	}
	return Stamp{}, false, true
}

// SerialTime returns the time of Excel's day number, to the second. In the 1904
// system, which old Macs used, day 0 is 1904-01-01.
func SerialTime(v float64, since1904 bool) time.Time {
	day := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	if since1904 {
		day = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	whole, frac := math.Modf(v)
	return day.AddDate(0, 0, int(whole)).Add(time.Duration(math.Round(frac*86400)) * time.Second)
}

type fields struct {
	clock, zoned, open bool
	offset             int // seconds east of UTC
}

func build(y, mo, d, h, mi, s, ns int, f fields) (Stamp, bool) {
	if y < 100 && y >= 0 {
		y += 2000
		if y >= 2070 {
			y -= 100
		}
	}
	if f.open && mo > 12 && d <= 12 { // 25/4: only the day can be that large
		mo, d, f.open = d, mo, false
	} else if f.open && d > 12 {
		f.open = false
	}
	if y < 1900 || y > 2200 || mo < 1 || mo > 12 || d < 1 || d > 31 || h < 0 || h > 24 || mi < 0 || mi > 59 || s < 0 || s > 60 {
		return Stamp{}, false
	}
	t := time.Date(y, time.Month(mo), d, h, mi, s, ns, time.UTC)
	if t.Day() != d && h < 24 {
		return Stamp{}, false
	}
	return Stamp{Zoned: f.zoned, Clock: f.clock, open: f.open, at: t.Add(-time.Duration(f.offset) * time.Second)}, true
}
