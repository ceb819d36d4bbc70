package conduct

import (
	"fmt"
	"slices"
	"strings"

	"roleos/internal/workflow"
)

// Sorting is where the files of an input go, by the names that people know.
type Sorting struct {
	Kinds  map[string][]string // kind of input to its files
	Unread []Unread            // what nobody reads
}

// Unread is a file that no step reads, and why.
type Unread struct{ Name, Why string }

// The most names that a step's note lists; it counts the rest.
const (
	mostNames  = 8
	mostUnread = 40
)

// account says which agent reads which files, and what nobody reads.
func (s Sorting) account(d workflow.Definition) string {
	var parts []string
	read := map[string]bool{}
	for _, step := range d.Steps {
		if step.Kind != workflow.Agent || len(step.Reads) == 0 {
			continue
		}
		var names []string
		for _, kind := range step.Reads {
			read[kind] = true
			names = append(names, s.Kinds[kind]...)
		}
		if len(names) > 0 {
			parts = append(parts, step.Agent+" reads "+listed(names, mostNames))
		}
	}
	unread := s.unread()
	for _, kind := range workflow.Inputs() {
		for _, name := range s.Kinds[kind] {
			if !read[kind] {
				unread = append(unread, name+" (no step reads "+kind+")")
			}
		}
	}
	if len(unread) > 0 {
		parts = append(parts, "nobody reads "+listed(unread, mostUnread))
	}
	return strings.Join(parts, "; ")
}

// nothing says what was seen instead of what the first agents read, and what would do.
func (s Sorting) nothing(run, step string) string {
	seen := s.unread()
	for _, kind := range workflow.Inputs() {
		for _, name := range s.Kinds[kind] {
			seen = append(seen, name+" ("+kind+")")
		}
	}
	found := "The folder is empty"
	if len(seen) > 0 {
		found = "Seen: " + listed(seen, mostUnread)
	}
	return fmt.Sprintf("the input holds nothing that the first agents read. %s. What would do: a table of feedback (CSV, TSV, JSON, XLSX), "+
		"a conversation (VTT, SRT, Markdown, mail, a chat export) or a feed (RSS, Atom). Add files, then: roleos workflow resume %s --redo %s", found, run, step)
}

func (s Sorting) unread() []string {
	var out []string
	for _, u := range s.Unread {
		out = append(out, u.Name+" ("+u.Why+")")
	}
	return out
}

// listed names the first few and counts the rest.
func listed(names []string, most int) string {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
}
