package parquet

import (
	"errors"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

var errValue = errors.New("a value does not fit the type of its column")

func flag(v bool) string { return strconv.FormatBool(v) }

// width is how many bytes a value of this column takes; 0 when that differs from value to value.
func (l *leaf) width() int {
	switch l.kind {
	case int32s, floats:
		return 4
	case int64s, doubles:
		return 8
	case int96s:
		return 12
	case fixed:
		return int(l.size)
	}
	return 0
}

// text writes a value, given as the plain encoding has it, the way people read it.
func (l *leaf) text(s string) (string, error) {
	if w := l.width(); w > 0 && len(s) != w {
		return "", errValue
	}
	switch l.kind {
	case int32s:
		return l.integer(int64(int32(le(s))))
	case int64s:
		return l.integer(int64(le(s)))
	case int96s: // nanoseconds of the day, then the Julian day, as Hive and Impala write times
		day, nanos := int64(le(s[8:])), int64(le(s[:8]))
		return moment(time.Unix((day-2440588)*86400, nanos).UTC(), false), nil
	case floats:
		return number(float64(math.Float32frombits(uint32(le(s)))), 32), nil
	case doubles:
		return number(math.Float64frombits(le(s)), 64), nil
	}
	switch {
	case l.meaning == decimal:
		if len(s) > 64 {
			return "", errValue
		}
		v := new(big.Int).SetBytes([]byte(s))
		if s != "" && s[0] >= 0x80 {
			v.Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(8*len(s))))
		}
		return l.scaled(v.String()), nil
	case l.meaning == uuid && len(s) == 16:
		const hex = "0123456789abcdef"
		var b strings.Builder
		for i := range len(s) {
			if i == 4 || i == 6 || i == 8 || i == 10 {
				b.WriteByte('-')
			}
			b.WriteByte(hex[s[i]>>4])
			b.WriteByte(hex[s[i]&15])
		}
		return b.String(), nil
	case l.meaning == float16 && len(s) == 2:
		return number(half(uint16(le(s))), 32), nil
	case l.meaning == text:
		return strings.ToValidUTF8(s, "\uFFFD"), nil
	case l.meaning == plain && utf8.ValidString(s) && !strings.ContainsRune(s, 0): // older writers do not say that bytes are words
		return s, nil
	}
	return "(" + strconv.Itoa(len(s)) + " bytes)", nil
}

// integer writes a whole number: as such, or as what the column says that it counts.
func (l *leaf) integer(v int64) (string, error) {
	switch l.meaning {
	case decimal:
		return l.scaled(strconv.FormatInt(v, 10)), nil
	case date:
		if v < -1e6 || v > 4e6 {
			return "", errValue
		}
		return time.Unix(v*86400, 0).UTC().Format("2006-01-02"), nil
	case clockTime:
		at, ok := l.instant(v)
		if !ok {
			return "", errValue
		}
		return at.Format("15:04:05.999999999"), nil
	case timestamp:
		at, ok := l.instant(v)
		if !ok {
			return "", errValue
		}
		return moment(at, l.utc), nil
	case unsigned:
		if l.kind == int32s {
			return strconv.FormatUint(uint64(uint32(v)), 10), nil
		}
		return strconv.FormatUint(uint64(v), 10), nil
	}
	return strconv.FormatInt(v, 10), nil
}

func (l *leaf) instant(v int64) (time.Time, bool) {
	var at time.Time
	switch l.unit {
	case 3:
		at = time.UnixMilli(v)
	case 6:
		at = time.UnixMicro(v)
	case 9:
		at = time.Unix(0, v)
	default:
		return at, false
	}
	at = at.UTC()
	return at, at.Year() >= -9999 && at.Year() <= 9999
}

// moment writes a time; one that is not known to be of UTC has no zone.
func moment(at time.Time, utc bool) string {
	if utc {
		return at.Format("2006-01-02T15:04:05.999999999Z")
	}
	return at.Format("2006-01-02 15:04:05.999999999")
}

// scaled sets the point into a whole number.
func (l *leaf) scaled(digits string) string {
	n := int(l.scale)
	if n <= 0 || n > 128 {
		return digits
	}
	digits, negative := strings.CutPrefix(digits, "-")
	if pad := n + 1 - len(digits); pad > 0 {
		digits = strings.Repeat("0", pad) + digits
	}
	digits = digits[:len(digits)-n] + "." + digits[len(digits)-n:]
	if negative {
		return "-" + digits
	}
	return digits
}

func number(v float64, size int) string {
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.FormatFloat(v, 'g', -1, size)
	}
	return strconv.FormatFloat(v, 'f', -1, size)
}

// half reads a float of 16 bits (IEEE 754 binary16).
func half(b uint16) float64 {
	sign, exponent, fraction := 1-2*float64(b>>15), int(b>>10&31), float64(b&1023)
	switch exponent {
	case 0:
		return sign * math.Ldexp(fraction, -24)
	case 31:
		if fraction != 0 {
			return math.NaN()
		}
		return math.Inf(int(sign))
	}
	return sign * math.Ldexp(1024+fraction, exponent-25)
}

// nested names the columns that hold lists, maps or structs.
func (f *footer) nested() (names []string) {
	for i := 0; i < len(f.leaves); i++ {
		if !f.leaves[i].nested {
			continue
		}
		names = append(names, f.leaves[i].name)
		for below := f.leaves[i].children; below > 0 && i+1 < len(f.leaves); below-- { // what stands in it is not named
			i++
			below += f.leaves[i].children
		}
	}
	return names
}
