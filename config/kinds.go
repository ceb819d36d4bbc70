package config

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// shape is what a value looks like where it was written.
type shape uint8

const (
	untyped  shape = iota // from the environment or a flag: text that may mean anything
	aText                 // YAML string
	aWhole                // YAML integer
	aNumber               // YAML float
	aBool                 // YAML true or false
	aMapping              // YAML mapping, flattened to "name:value,name:value"
	aList                 // YAML sequence
	aNothing              // YAML null or no value
)

// String names the shape in an error message.
func (s shape) String() string {
	return [...]string{"a value", "text", "a whole number", "a number", "true or false", "a mapping", "a list", "nothing"}[s]
}

// kind is a type with its bounds: which shapes it accepts and how text becomes a value.
type kind struct {
	bound   string
	accepts []shape // besides untyped
	parse   func(string) (any, error)
	secret  bool // values may hold a password
}

// read returns the value for what was written, or an error that says what was expected.
func (k kind) read(written string, s shape) (any, error) {
	if s != untyped && !slices.Contains(k.accepts, s) {
		return nil, fmt.Errorf("is %s, expected %s", s, k.bound)
	}
	v, err := k.parse(written)
	if err != nil {
		shown := written
		if k.secret {
			shown = maskURL(written)
		}
		return nil, fmt.Errorf("is %s, expected %s", quoteShort(shown), k.bound)
	}
	return v, nil
}

// errBound says only that a value is refused; kind.read says what was expected.
var errBound = errors.New("out of bounds")

func check[T any](v T, ok bool) (any, error) {
	if !ok {
		return nil, errBound
	}
	return v, nil
}

func text(most int) kind {
	return kind{
		bound: fmt.Sprintf("text of 1 to %d characters on one line", most), accepts: []shape{aText},
		parse: func(s string) (any, error) {
			return check(s, strings.TrimSpace(s) != "" && utf8.RuneCountInString(s) <= most && printable(s))
		},
	}
}

// None is the value of a setting that names something there need not be.
const None = "none"

// optional also accepts None.
func optional(k kind) kind {
	parse := k.parse
	k.bound = None + ", or " + k.bound
	k.parse = func(s string) (any, error) {
		if s == None {
			return s, nil
		}
		return parse(s)
	}
	return k
}

func person() kind {
	form := regexp.MustCompile(`^person:[a-z0-9][a-z0-9._@+-]{0,79}$`)
	return kind{
		bound: `"person:" and a name of lower-case letters, digits and . _ @ + -`, accepts: []shape{aText},
		parse: func(s string) (any, error) { return check(s, form.MatchString(s)) },
	}
}

func choice(values ...string) kind {
	return kind{
		bound: strings.Join(values[:len(values)-1], ", ") + " or " + values[len(values)-1], accepts: []shape{aText},
		parse: func(s string) (any, error) { return check(s, slices.Contains(values, s)) },
	}
}

func yesNo() kind {
	return kind{
		bound: "true or false", accepts: []shape{aBool},
		parse: func(s string) (any, error) { return check(s == "true", s == "true" || s == "false") },
	}
}

func whole(least, most int) kind {
	k := whole64(int64(least), int64(most))
	wide := k.parse
	k.parse = func(s string) (any, error) {
		v, err := wide(s)
		if err != nil {
			return nil, err
		}
		n, _ := v.(int64)
		return int(n), nil
	}
	return k
}

func whole64(least, most int64) kind {
	return kind{
		bound: fmt.Sprintf("a whole number from %d to %d", least, most), accepts: []shape{aWhole},
		parse: func(s string) (any, error) {
			n, err := strconv.ParseInt(strings.ReplaceAll(s, "_", ""), 10, 64)
			return check(n, err == nil && n >= least && n <= most)
		},
	}
}

func number(least, most float64) kind {
	return kind{
		bound: fmt.Sprintf("a number from %s to %s", plain(least), plain(most)), accepts: []shape{aWhole, aNumber},
		parse: func(s string) (any, error) {
			f, err := strconv.ParseFloat(s, 64)
			return check(f, err == nil && f >= least && f <= most) // NaN fails both
		},
	}
}

// size reads bytes: a whole number, or one with a unit (kB MB GB TB, KiB MiB GiB TiB).
func size(least, most int64) kind {
	form := regexp.MustCompile(`^([0-9_]+) ?([kMGT]B|[KMGT]iB|B)?$`)
	units := map[string]int64{
		"": 1, "B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
		"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
	}
	return kind{
		bound: fmt.Sprintf("bytes from %s to %s, such as 64MiB", bytesText(least), bytesText(most)), accepts: []shape{aWhole, aText},
		parse: func(s string) (any, error) {
			m := form.FindStringSubmatch(s)
			if m == nil {
				return nil, errBound
			}
			n, err := strconv.ParseInt(strings.ReplaceAll(m[1], "_", ""), 10, 64)
			unit := units[m[2]]
			if err != nil || n > math.MaxInt64/unit {
				return nil, errBound
			}
			return check(n*unit, n*unit >= least && n*unit <= most)
		},
	}
}

func duration(least, most string) kind {
	lo, _ := time.ParseDuration(least)
	hi, _ := time.ParseDuration(most)
	return kind{
		bound: fmt.Sprintf("a duration from %s to %s, such as 10m", least, most), accepts: []shape{aText},
		parse: func(s string) (any, error) {
			d, err := time.ParseDuration(s)
			return check(d, err == nil && d >= lo && d <= hi)
		},
	}
}

func storeURL() kind {
	return kind{
		bound: "sqlite:PATH or postgres://HOST/DATABASE", accepts: []shape{aText}, secret: true,
		parse: func(s string) (any, error) {
			if file, ok := strings.CutPrefix(s, "sqlite:"); ok {
				return check(s, file != "" && printable(file))
			}
			u, err := url.Parse(s)
			return check(s, err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql") && printable(s) && strings.Trim(u.Path, "/") != "")
		},
	}
}

func folder() kind {
	return kind{
		bound: "a folder", accepts: []shape{aText},
		parse: func(s string) (any, error) {
			return check(s, strings.TrimSpace(s) != "" && len(s) <= 4096 && printable(s))
		},
	}
}

// innerFolder is a folder that cannot leave the workspace and is not roleos's own.
func innerFolder() kind {
	return kind{
		bound: "a folder inside the workspace, relative to it, without .. and not .roleos", accepts: []shape{aText},
		parse: func(s string) (any, error) {
			first, _, _ := strings.Cut(s, "/")
			ok := s == path.Clean(s) && s != "." && filepath.IsLocal(filepath.FromSlash(s)) && !strings.Contains(s, `\`) &&
				!strings.EqualFold(first, ".roleos") && !strings.EqualFold(first, ".git") && len(s) <= 255 && printable(s)
			return check(s, ok)
		},
	}
}

// maxWeights bounds the number of segments that may have a weight of their own.
const maxWeights = 200

// weights reads "name=value:number" pairs, separated by commas.
func weights() kind {
	return kind{
		bound: fmt.Sprintf("at most %d of name=value: number, each number from 0 to 100, such as plan=enterprise: 2", maxWeights), accepts: []shape{aMapping},
		parse: func(s string) (any, error) {
			out := map[string]float64{}
			if s == "" {
				return out, nil
			}
			for pair := range strings.SplitSeq(s, ",") {
				i := strings.LastIndex(pair, ":")
				if i < 0 {
					return nil, errBound
				}
				segment := strings.TrimSpace(pair[:i])
				name, value, ok := strings.Cut(segment, "=")
				w, err := strconv.ParseFloat(strings.TrimSpace(pair[i+1:]), 64)
				_, twice := out[segment]
				if !ok || name == "" || value == "" || !printable(segment) || twice || err != nil || !(w >= 0 && w <= 100) {
					return nil, errBound
				}
				out[segment] = w
			}
			return check(out, len(out) <= maxWeights)
		},
	}
}

// maxPeople bounds the number of people that may be named with their roles.
const maxPeople = 1000

// peopleRoles reads "person:name:role+role" entries, separated by commas.
func peopleRoles() kind {
	who := person()
	return holders("person: roles joined by +, such as person:ana: pm+portfolio-owner", func(name string) bool {
		_, err := who.parse(name)
		return err == nil
	})
}

// holders reads "who:role+role" entries, separated by commas.
func holders(form string, valid func(who string) bool) kind {
	role := regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)
	return kind{
		bound: fmt.Sprintf("at most %d of %s", maxPeople, form), accepts: []shape{aMapping},
		parse: func(s string) (any, error) {
			out := map[string][]string{}
			if s == "" {
				return out, nil
			}
			for entry := range strings.SplitSeq(s, ",") {
				i := strings.LastIndex(entry, ":")
				if i < 0 {
					return nil, errBound
				}
				name := strings.TrimSpace(entry[:i])
				roles := strings.Split(strings.ReplaceAll(entry[i+1:], " ", ""), "+")
				_, twice := out[name]
				if !valid(name) || twice || slices.ContainsFunc(roles, func(r string) bool { return !role.MatchString(r) }) {
					return nil, errBound
				}
				out[name] = roles
			}
			return check(out, len(out) <= maxPeople)
		},
	}
}

// Bounds of the products that may be named.
const (
	maxProducts = 50
	maxTerms    = 40
)

// productTerms reads "name: term + term" entries, separated by commas.
func productTerms() kind {
	return kind{
		bound: fmt.Sprintf("at most %d of name: terms joined by +, such as Example Reports: exports + report builder", maxProducts), accepts: []shape{aMapping},
		parse: func(s string) (any, error) {
			out := map[string][]string{}
			if s == "" {
				return out, nil
			}
			for entry := range strings.SplitSeq(s, ",") {
				name, list, ok := strings.Cut(entry, ":")
				name = strings.TrimSpace(name)
				var terms []string
				for term := range strings.SplitSeq(list, "+") {
					if term = strings.Join(strings.Fields(term), " "); term != "" {
						terms = append(terms, term)
					}
				}
				_, twice := out[name]
				if !ok || name == "" || twice || len(name) > 80 || len(terms) > maxTerms || !printable(entry) {
					return nil, errBound
				}
				out[name] = terms
			}
			return check(out, len(out) <= maxProducts)
		},
	}
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

func plain(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func bytesText(n int64) string {
	for _, u := range []struct {
		name string
		of   int64
	}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n >= u.of && n%u.of == 0 {
			return strconv.FormatInt(n/u.of, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}

// quoteShort quotes what was written, cut so that a message stays readable.
func quoteShort(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return strconv.Quote(s)
}

// maskURL hides the password of a database address. What is no address is hidden whole.
func maskURL(s string) string {
	if strings.HasPrefix(s, "sqlite:") {
		return s
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return "****"
	}
	q := u.Query()
	for name := range q {
		if strings.Contains(strings.ToLower(name), "password") {
			q.Set(name, "xxxxx")
			u.RawQuery = q.Encode()
		}
	}
	return u.Redacted()
}
