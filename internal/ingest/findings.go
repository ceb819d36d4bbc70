package ingest

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

// The severities of a finding.
const (
	info    = "info"
	warning = "warning"
)

// mostPlaces is how many places a finding lists.
const mostPlaces = 20

// notes collects findings while reading. Places of the same kind and subject
// come together in one finding.
type notes struct {
	list  []*Finding
	index map[[2]string]*Finding
}

// add counts n occurrences at a place. subject tells findings of one kind apart: a file, a column.
func (n *notes) add(kind, subject, severity, where string, count int) *Finding {
	if n.index == nil {
		n.index = map[[2]string]*Finding{}
	}
	key := [2]string{kind, subject}
	f := n.index[key]
	if f == nil {
		f = &Finding{Kind: kind, Severity: severity, Where: []string{}}
		n.index[key] = f
		n.list = append(n.list, f)
	}
	f.Count += count
	if where != "" && len(f.Where) < mostPlaces {
		f.Where = append(f.Where, where)
	}
	return f
}

// sorted returns the findings, warnings first, then by kind; equals stay in order of discovery.
func (n *notes) sorted() []Finding {
	out := make([]Finding, len(n.list))
	for i, f := range n.list {
		out[i] = *f
	}
	slices.SortStableFunc(out, func(a, b Finding) int {
		return cmp.Or(-cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.Kind, b.Kind))
	})
	return out
}

// place names a place in a file.
func place(file string, row, line int, column string) string {
	switch {
	case row > 0:
		file += " row " + strconv.Itoa(row)
	case line > 0:
		file += " line " + strconv.Itoa(line)
	}
	if column != "" {
		file += ", column " + column
	}
	return file
}

// count says "1 row" or "12,345 rows".
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(n) + " " + many
}

func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func percent(n, of int) string {
	p := 100 * float64(n) / float64(max(1, of))
	switch {
	case p > 0 && p < 1:
		return "less than 1 %"
	case p > 99 && n < of:
		return "more than 99 %"
	}
	return fmt.Sprintf("%.0f %%", p)
}
