package columns

import (
	"strconv"
	"strings"
)

// months maps the first letters of month names in English, German, French and Spanish.
var months = map[string]int{
	"jan": 1, "ene": 1, "jän": 1, "feb": 2, "fév": 2, "fev": 2, "mar": 3, "mär": 3, "mrz": 3, "apr": 4, "avr": 4, "abr": 4,
	"may": 5, "mai": 5, "jun": 6, "juin": 6, "jul": 7, "juil": 7, "aug": 8, "aoû": 8, "aou": 8, "ago": 8, "sep": 9, "oct": 10, "okt": 10,
	"nov": 11, "dec": 12, "dez": 12, "déc": 12, "dic": 12,
}

// zones maps the abbreviations that name one offset in practice, in minutes.
var zones = map[string]int{
	"z": 0, "utc": 0, "gmt": 0, "est": -300, "edt": -240, "cst": -360, "cdt": -300, "mst": -420, "mdt": -360,
	"pst": -480, "pdt": -420, "cet": 60, "cest": 120, "mez": 60, "mesz": 120, "bst": 60,
}

func month(word string) int {
	r := []rune(strings.TrimSuffix(word, "."))
	if len(r) < 3 || len(r) > 10 {
		return 0
	}
	if len(r) >= 4 {
		if m := months[string(r[:4])]; m > 0 {
			return m
		}
	}
	return months[string(r[:3])]
}

// written reads a date part by part, in any order that people and tools write.
func written(cell string) (Stamp, bool) {
	var y, mo, d, h, mi, s, ns int
	var f fields
	year, pm, am := false, false, false
	date, named := false, false
	cell = strings.ToLower(cell)
	if i := strings.IndexByte(cell, 't'); i >= 8 && i+1 < len(cell) && cell[i-1] >= '0' && cell[i-1] <= '9' && cell[i+1] >= '0' && cell[i+1] <= '9' {
		cell = cell[:i] + " " + cell[i+1:]
	}
	for tok := range strings.FieldsFuncSeq(cell, func(r rune) bool { return r == ' ' || r == ',' || r == '\u202f' || r == '\u00a0' }) {
		switch {
		case tok[0] == '+' || tok[0] == '-' || strings.HasPrefix(tok, "gmt+") || strings.HasPrefix(tok, "gmt-") || strings.HasPrefix(tok, "utc+"):
			off, ok := offset(strings.TrimLeft(tok, "gmtuc"))
			if !ok {
				return Stamp{}, false
			}
			f.offset, f.zoned = off, true
		case strings.IndexByte(tok, ':') > 0:
			if f.clock {
				return Stamp{}, false
			}
			rest, ok := clock(tok, &h, &mi, &s, &ns)
			if !ok {
				return Stamp{}, false
			}
			f.clock = true
			switch {
			case rest == "":
			case rest == "am" || rest == "a.m.":
				am = true
			case rest == "pm" || rest == "p.m.":
				pm = true
			case rest[0] == '+' || rest[0] == '-':
				if f.offset, ok = offset(rest); !ok {
					return Stamp{}, false
				}
				f.zoned = true
			default:
				m, ok := zones[rest]
				if !ok {
					return Stamp{}, false
				}
				f.offset, f.zoned = m*60, true
			}
		case tok == "am" || tok == "a.m.":
			am = true
		case tok == "pm" || tok == "p.m.":
			pm = true
		case tok == "at" || tok == "um" || tok == "uhr" || tok == "de" || tok == "del" || tok == "à" || tok == "a" || tok == "le" || tok == "on":
		case !date && dateToken(tok, &y, &mo, &d, &f):
			date, year, named = true, true, true
		case month(tok) > 0 && tok[0] > '9':
			if mo > 0 {
				return Stamp{}, false
			}
			mo, named = month(tok), true
		case tok[0] >= '0' && tok[0] <= '9':
			digits := strings.TrimRight(tok, ".stndrh")
			n, err := strconv.Atoi(digits)
			switch {
			case err != nil:
				return Stamp{}, false
			case len(digits) == 4 && !year:
				y, year = n, true
			case len(digits) <= 2 && d == 0 && n > 0:
				d = n
			default:
				return Stamp{}, false
			}
		case weekday(tok):
		default:
			m, ok := zones[tok]
			if !ok || !f.clock {
				return Stamp{}, false
			}
			f.offset, f.zoned = m*60, true
		}
	}
	if !year || !named || mo == 0 || d == 0 {
		return Stamp{}, false
	}
	if am || pm {
		if h > 12 || h == 0 {
			am, pm = false, false
		}
		if h == 12 {
			h = 0
		}
		if pm {
			h += 12
		}
	}
	if f.zoned { // a zoned stamp is shifted, so its parts can no longer be swapped
		f.open = f.open && f.offset == 0
	}
	return build(y, mo, d, h, mi, s, ns, f)
}

func weekday(tok string) bool {
	tok = strings.TrimSuffix(tok, ".")
	for _, w := range []string{
		"mon", "tue", "wed", "thu", "fri", "sat", "sun", "mo", "di", "mi", "do", "fr", "sa", "so", "mon", "die", "mit", "don", "fre", "sam", "son",
		"lun", "mar", "mer", "mié", "jeu", "jue", "ven", "vie", "sáb", "dim", "dom",
	} {
		if tok == w || len(tok) > 4 && strings.HasPrefix(tok, w) && (strings.HasSuffix(tok, "day") || strings.HasSuffix(tok, "tag") || strings.HasSuffix(tok, "di") || strings.HasSuffix(tok, "es") || strings.HasSuffix(tok, "woch") || strings.HasSuffix(tok, "nche") || strings.HasSuffix(tok, "abend")) {
			return true
		}
	}
	return false
}

// dateToken reads 2025-03-04, 3/4/2025, 3.4.25, 04-mar-2025.
func dateToken(tok string, y, mo, d *int, f *fields) bool {
	i := strings.IndexAny(tok, "/-.")
	if i < 1 {
		return false
	}
	sep := tok[i]
	p := strings.Split(tok, string(sep))
	if sep == '.' && len(p) == 4 && p[3] == "" {
		p = p[:3]
	}
	if len(p) != 3 {
		return false
	}
	if m := month(p[1]); m > 0 && p[1][0] > '9' {
		a, err1 := strconv.Atoi(p[0])
		b, err2 := strconv.Atoi(p[2])
		if err1 != nil || err2 != nil {
			return false
		}
		if len(p[0]) == 4 {
			a, b = b, a
		}
		*d, *mo, *y = a, m, b
		return true
	}
	var n [3]int
	for i := range p {
		v, err := strconv.Atoi(p[i])
		if err != nil || len(p[i]) > 4 || p[i][0] == '+' || p[i][0] == '-' {
			return false
		}
		n[i] = v
	}
	switch {
	case len(p[0]) == 4 && len(p[1]) <= 2 && len(p[2]) <= 2:
		*y, *mo, *d = n[0], n[1], n[2]
	case len(p[0]) <= 2 && len(p[1]) <= 2 && (len(p[2]) == 4 || len(p[2]) == 2):
		if sep == '.' {
			*d, *mo, *y = n[0], n[1], n[2]
		} else {
			*mo, *d, *y = n[0], n[1], n[2]
			f.open = true
		}
	default:
		return false
	}
	return true
}

// clock reads 5:06, 05:06:07, 05:06:07.123 and returns what follows.
func clock(tok string, h, mi, s, ns *int) (rest string, ok bool) {
	num := func() int {
		i := 0
		for i < len(tok) && i < 2 && tok[i] >= '0' && tok[i] <= '9' {
			i++
		}
		if i == 0 {
			return -1
		}
		n, _ := strconv.Atoi(tok[:i])
		tok = tok[i:]
		return n
	}
	if *h = num(); *h < 0 || tok == "" || tok[0] != ':' {
		return "", false
	}
	tok = tok[1:]
	if *mi = num(); *mi < 0 {
		return "", false
	}
	if tok != "" && tok[0] == ':' {
		tok = tok[1:]
		if *s = num(); *s < 0 {
			return "", false
		}
		if tok != "" && (tok[0] == '.' || tok[0] == ',') {
			i := 1
			for i < len(tok) && tok[i] >= '0' && tok[i] <= '9' {
				i++
			}
			digits := (tok[1:i] + "000000000")[:9]
			*ns, _ = strconv.Atoi(digits)
			tok = tok[i:]
		}
	}
	return tok, true
}

// offset reads +01:00, +0100, +01 in seconds.
func offset(tok string) (int, bool) {
	if len(tok) < 2 {
		return 0, false
	}
	sign := 1
	if tok[0] == '-' {
		sign = -1
	}
	digits := strings.Replace(tok[1:], ":", "", 1)
	if len(digits) == 1 {
		digits = "0" + digits
	}
	if len(digits) == 2 {
		digits += "00"
	}
	n, err := strconv.Atoi(digits)
	if err != nil || len(digits) != 4 || n/100 > 14 || n%100 > 59 {
		return 0, false
	}
	return sign * (n/100*3600 + n%100*60), true
}
