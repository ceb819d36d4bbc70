package columns

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"roleos/internal/fault"
	"roleos/internal/ingest/tabular"
)

// Role is what a column means.
type Role string

// The roles. A column that means nothing to roleos is a field and kept as it is.
const (
	Text    Role = "text"    // what somebody said
	Title   Role = "title"   // stands in where the text is empty
	ID      Role = "id"      // the export's own id
	Time    Role = "time"    // when it was said
	Segment Role = "segment" // a group the sender belongs to; several columns may be one
	Channel Role = "channel" // how it came in
	Score   Role = "score"   // a rating
	Account Role = "account" // who said it
	Field   Role = "field"
)

var mappable = []Role{Text, Title, ID, Time, Segment, Channel, Score, Account}

// Assigned is a column with its role and the reason for it.
type Assigned struct {
	Name   string `json:"name"`
	Role   Role   `json:"role"`
	Why    string `json:"why,omitempty"`    // name, content, given, saved; "" for a field
	Filled int    `json:"filled"`           // sampled rows that have a value
	Sample string `json:"sample,omitempty"` // the beginning of the first value; to be masked and clipped
}

// Layout is the meaning of all columns of one table.
type Layout struct {
	Columns  []Assigned
	Text     int // index, -1 when there is none; so are the other single roles
	Title    int
	ID       int
	Time     int
	Channel  int
	Score    int
	Account  int
	Segments []int
	Fields   []int
	Scale    Scale   // of the score
	Nearest  int     // the column most like text when there is none; -1 when no column has values
	Others   []int   // further columns with free text, best first
	Damaged  []int   // columns whose long ids a spreadsheet rounded
	Rejected []Doubt // columns that look like a role but were not trusted
}

// Doubt says why a column that is named like a role did not get it.
type Doubt struct {
	Column int
	What   string
}

// resolve turns a mapping of role to column names into column indices.
func resolve(given map[string]string, cols []tabular.Column) (map[Role][]int, error) {
	out := map[Role][]int{}
	var unknown, missing []string
	for _, key := range slices.Sorted(maps.Keys(given)) {
		role := Role(strings.ToLower(strings.TrimSpace(key)))
		if !slices.Contains(mappable, role) {
			unknown = append(unknown, strconv.Quote(key))
			continue
		}
		out[role] = []int{}
		if strings.TrimSpace(given[key]) == "" {
			continue // the role is switched off
		}
		names := []string{given[key]}
		if find(given[key], cols) < 0 && role == Segment {
			names = split(given[key], cols)
		}
		for _, n := range names {
			i := find(n, cols)
			if i < 0 {
				missing = append(missing, fmt.Sprintf("%q (for %s)", strings.TrimSpace(n), role))
				continue
			}
			out[role] = append(out[role], i)
		}
	}
	if len(unknown)+len(missing) == 0 {
		return out, nil
	}
	var what, mend []string
	if len(unknown) > 0 {
		what, mend = append(what, "no such role: "+strings.Join(unknown, ", ")), append(mend, "Roles are "+joinRoles()+".")
	}
	if len(missing) > 0 {
		what, mend = append(what, "no such column: "+strings.Join(missing, ", ")), append(mend, "Columns are "+List(cols)+".")
	}
	return nil, fault.New(fault.Invalid, "ingest", "--map: %s", strings.Join(what, "; ")).WithMend("%s", strings.Join(mend, "\n"))
}

// split takes a list of names apart at its commas, but not inside a name that has commas itself.
func split(list string, cols []tabular.Column) []string {
	pieces := strings.Split(list, ",")
	var out []string
	for i := 0; i < len(pieces); {
		j := min(len(pieces), i+64) // no name has more commas
		for j > i+1 && find(strings.Join(pieces[i:j], ","), cols) < 0 {
			j--
		}
		out = append(out, strings.Join(pieces[i:j], ","))
		i = j
	}
	return out
}

func joinRoles() string {
	s := make([]string, len(mappable))
	for i, r := range mappable {
		s[i] = string(r)
	}
	return strings.Join(s, ", ")
}

// find returns the column with the name: exactly, then in any case, then by a
// single header row's cell if only one column has it, then by "#" and its position. -1 when there is none.
func find(name string, cols []tabular.Column) int {
	name = strings.TrimSpace(name)
	for i, c := range cols {
		if c.Name == name || c.Original() == name {
			return i
		}
	}
	for i, c := range cols {
		if strings.EqualFold(c.Name, name) || strings.EqualFold(c.Original(), name) {
			return i
		}
	}
	hit := -1
	for i, c := range cols {
		if slices.ContainsFunc(c.Aliases, func(a string) bool { return strings.EqualFold(a, name) }) {
			if hit >= 0 {
				return -1
			}
			hit = i
		}
	}
	if hit < 0 && strings.HasPrefix(name, "#") {
		if n, err := strconv.Atoi(name[1:]); err == nil && n >= 1 && n <= len(cols) {
			return n - 1
		}
	}
	return hit
}

// List returns the names of the columns for a message, at most 40 of them.
func List(cols []tabular.Column) string {
	var b strings.Builder
	for i, c := range cols {
		if i == 40 {
			fmt.Fprintf(&b, " and %d more", len(cols)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(Label(i, c.Name))
	}
	return b.String()
}

// longName is the length from which a column is called by its position.
const longName = 60

// Ref returns what can be typed after "--map text=" to mean the column: its name, or "#" and its position when the name is long.
func Ref(i int, name string) string {
	if len(name) > longName {
		return "'#" + strconv.Itoa(i+1) + "'"
	}
	return Quote(name)
}

// Label returns a column's name for a message, with its position when the name is long.
func Label(i int, name string) string {
	if len(name) > longName {
		return "#" + strconv.Itoa(i+1) + " " + Quote(tabular.Clip(name))
	}
	return Quote(name)
}

// Quote returns a column's name as it can be typed after "--map text=".
func Quote(name string) string {
	if strings.ContainsAny(name, " ,'\"$&|;<>()*?![]#~`\\") {
		return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
	}
	return name
}
