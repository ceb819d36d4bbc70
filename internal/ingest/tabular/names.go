package tabular

import (
	"fmt"
	"strings"
	"unicode"
)

// names joins the header rows into unique column names.
func names(header [][]string, width int) []Column {
	cell := func(i, j int) string {
		if j >= len(header[i]) {
			return ""
		}
		return strings.Join(strings.Fields(header[i][j]), " ")
	}
	kinds := make([]rowKind, len(header))
	for i := range header {
		kinds[i] = kindOf(header[i])
	}
	columns := make([]Column, width)
	left := make([]string, len(header)) // the question a blank cell belongs to
	used := map[string]int{}
	for j := range columns {
		var parts, aliases []string
		for i := range header {
			c := cell(i, j)
			if c != "" {
				left[i] = c
			} else if kinds[i] == questions && i+1 < len(header) && cell(i+1, j) != "" {
				c = left[i]
			}
			if c == "" || kinds[i] == machine {
				continue
			}
			aliases = append(aliases, c)
			if kinds[i] == codes && len(header) > 1 || isGeneric(c) && len(parts) > 0 || len(parts) > 0 && alike(parts[len(parts)-1], c) {
				continue
			}
			parts = append(parts, c)
		}
		if len(parts) == 0 {
			parts = aliases
		}
		name := strings.Join(parts, " / ")
		if name == "" {
			name = fmt.Sprintf("column %d", j+1)
		}
		for base := name; used[name] > 0; {
			used[base]++
			name = fmt.Sprintf("%s (%d)", base, used[base])
		}
		used[name]++
		columns[j].Name = name
		for _, a := range aliases {
			if a != name {
				columns[j].Aliases = append(columns[j].Aliases, a)
			}
		}
	}
	return columns
}

// alike reports whether two names differ in nothing but case, spaces and signs.
func alike(a, b string) bool {
	bare := func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return unicode.ToLower(r)
			}
			return -1
		}, s)
	}
	return bare(a) == bare(b)
}

// rowKind is what the cells of one of several header rows are.
type rowKind int

const (
	plain     rowKind = iota
	questions         // sentences; blank cells belong to the one on their left
	codes             // Q1_0, Q1_1, ...
	machine           // import identifiers
)

func kindOf(row []string) rowKind {
	n, spaced, digits := 0, 0, 0
	for _, c := range row {
		c = strings.TrimSpace(c)
		if c == "" {
			continue
		}
		if strings.HasPrefix(c, `{"ImportId"`) {
			return machine
		}
		n++
		if strings.IndexFunc(c, unicode.IsSpace) >= 0 {
			spaced++
		}
		if strings.ContainsAny(c, "0123456789") && len(c) <= 16 {
			digits++
		}
	}
	switch {
	case n == 0:
		return plain
	case spaced*4 >= n:
		return questions
	case digits*2 >= n && spaced == 0:
		return codes
	}
	return plain
}

// isGeneric reports whether a lower header cell adds nothing to its question.
func isGeneric(cell string) bool {
	switch strings.ToLower(cell) {
	case "response", "open-ended response", "open ended response", "antwort", "réponse", "respuesta":
		return true
	}
	return false
}
