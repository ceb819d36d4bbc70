package config

import (
	"slices"
	"strings"
)

// suggestKey says which key somebody who wrote name may have meant.
func suggestKey(name string, keys []Key) string {
	const all = "'roleos config show' lists every key."
	var full, sections []string
	for _, k := range keys {
		full = append(full, k.Name)
		for i, r := range k.Name {
			if r == '.' && !slices.Contains(sections, k.Name[:i]) {
				sections = append(sections, k.Name[:i])
			}
		}
	}
	if slices.Contains(full, dotted(name)) && dotted(name) != name {
		return "Did you mean \"" + dotted(name) + "\"? " + all
	}
	section, last := split(name)
	var siblings, elsewhere []string
	for _, k := range full {
		switch in, leaf := split(k); {
		case in == section:
			siblings = append(siblings, leaf)
		case leaf == last:
			elsewhere = append(elsewhere, k)
		}
	}
	best := ""
	switch sibling := nearest(last, siblings); {
	case sibling != "":
		best = section + sibling
	case len(elsewhere) > 0: // the right name in the wrong section
		best = elsewhere[0]
	default:
		best = nearest(name, append(full, sections...))
	}
	if best != "" {
		return "Did you mean \"" + best + "\"? " + all
	}
	return all
}

// split cuts a key's name after its last dot.
func split(name string) (section, leaf string) {
	i := strings.LastIndexByte(name, '.') + 1
	return name[:i], name[i:]
}

// dotted reads a name the way people write it by mistake: other case, dashes.
func dotted(name string) string {
	return strings.ReplaceAll(strings.ToLower(name), "-", "_")
}

// nearest returns the candidate with the fewest edits from s, the earlier one
// of equals, or "" when none is within a third of s's length.
func nearest(s string, candidates []string) string {
	best, least := "", max(1, len(s)/3)+1
	if len(s) > 100 {
		return ""
	}
	for _, c := range candidates {
		if d := edits(s, c); d < least {
			best, least = c, d
		}
	}
	return best
}

// edits counts insertions, deletions, replacements and swaps of neighbours that turn a into b.
// https://en.wikipedia.org/wiki/Damerau%E2%80%93Levenshtein_distance (optimal string alignment)
func edits(a, b string) int {
	before, row := make([]int, len(b)+1), make([]int, len(b)+1)
	var next []int
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next = make([]int, len(b)+1)
		next[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			next[j] = min(next[j-1]+1, row[j]+1, row[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
