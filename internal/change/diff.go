package change

import (
	"fmt"
	"slices"
	"strings"

	"roleos/guardrails"
)

// context lines around a difference, as in every unified diff.
const around = 3

// maxEdits bounds the search for the smallest difference; texts further apart
// are shown as one replacement, which is complete as well.
const maxEdits = 1_000

// unified returns a complete unified diff of two texts, everything invisible
// made visible, and "" when they are equal.
func unified(before, after []byte) string {
	if string(before) == string(after) {
		return ""
	}
	a, b := lines(before), lines(after)
	return hunks(a, b, edits(a, b))
}

// lines splits a text and makes each line visible. A last line without an end is marked.
func lines(text []byte) []string {
	if len(text) == 0 {
		return nil
	}
	parts := strings.SplitAfter(string(text), "\n")
	if parts[len(parts)-1] == "" {
		parts = parts[:len(parts)-1]
	}
	for i, p := range parts {
		body, ended := strings.CutSuffix(p, "\n")
		parts[i] = guardrails.Visible(body)
		if !ended {
			parts[i] += "⟦no line end⟧"
		}
	}
	return parts
}

// edit is one line of the difference: kept ' ', removed '-', or added '+'.
type edit struct {
	kind byte
	text string
}

// edits returns the shortest edit script by Myers' O(ND) algorithm
// (http://www.xmailserver.org/diff2.pdf), or all out and all in when there are
// more than maxEdits.
func edits(a, b []string) []edit {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var out []edit
	for _, l := range a[:head] {
		out = append(out, edit{' ', l})
	}
	out = append(out, middle(a[head:len(a)-tail], b[head:len(b)-tail])...)
	for _, l := range a[len(a)-tail:] {
		out = append(out, edit{' ', l})
	}
	return out
}

func middle(a, b []string) []edit {
	var trace [][]int32
	limit := min(len(a)+len(b), maxEdits)
	v := make([]int32, 2*limit+3)
	off := limit + 1
	for d := 0; d <= limit; d++ {
		for k := -d; k <= d; k += 2 {
			x := v[off+k-1] + 1
			if k == -d || (k != d && v[off+k-1] < v[off+k+1]) {
				x = v[off+k+1]
			}
			y := int(x) - k
			for int(x) < len(a) && y < len(b) && a[x] == b[y] {
				x, y = x+1, y+1
			}
			v[off+k] = x
			if int(x) >= len(a) && y >= len(b) {
				return backtrack(a, b, append(trace, append([]int32(nil), v[off-d-1:off+d+2]...)), d)
			}
		}
		trace = append(trace, append([]int32(nil), v[off-d-1:off+d+2]...))
	}
	var out []edit
	for _, l := range a {
		out = append(out, edit{'-', l})
	}
	for _, l := range b {
		out = append(out, edit{'+', l})
	}
	return out
}

// backtrack walks the search back from the end. trace[d] holds the furthest
// points of depth d for the diagonals -d-1 to d+1.
func backtrack(a, b []string, trace [][]int32, d int) []edit {
	var rev []edit
	x, y := len(a), len(b)
	for ; d > 0; d-- {
		prev := trace[d-1]
		at := func(k int) int32 {
			if i := k + d; i >= 0 && i < len(prev) {
				return prev[i]
			}
			return -1
		}
		k := x - y
		from := k - 1
		if k == -d || (k != d && at(k-1) < at(k+1)) {
			from = k + 1
		}
		px := int(at(from))
		py := px - from
		start := px + 1 // of the equal lines behind the edit
		if from == k+1 {
			start = px
		}
		for ; x > start; x, y = x-1, y-1 {
			rev = append(rev, edit{' ', a[x-1]})
		}
		if from == k+1 {
			rev = append(rev, edit{'+', b[py]})
		} else {
			rev = append(rev, edit{'-', a[px]})
		}
		x, y = px, py
	}
	for x > 0 && y > 0 {
		x, y = x-1, y-1
		rev = append(rev, edit{' ', a[x]})
	}
	slices.Reverse(rev)
	return rev
}

// hunks writes the edits with their context and line numbers.
func hunks(a, b []string, es []edit) string {
	var out strings.Builder
	oldLine, newLine := 1, 1
	for i := 0; i < len(es); {
		if es[i].kind == ' ' {
			i, oldLine, newLine = i+1, oldLine+1, newLine+1
			continue
		}
		start := max(0, i-around)
		end, quiet := i, 0
		for j := i; j < len(es) && quiet <= 2*around; j++ {
			if es[j].kind == ' ' {
				quiet++
				continue
			}
			end, quiet = j, 0
		}
		stop := min(len(es), end+1+around)
		var body strings.Builder
		olds, news := 0, 0
		for _, e := range es[start:stop] {
			fmt.Fprintf(&body, "%c%s\n", e.kind, e.text)
			if e.kind != '+' {
				olds++
			}
			if e.kind != '-' {
				news++
			}
		}
		back := i - start
		fmt.Fprintf(&out, "@@ -%s +%s @@\n%s", span(oldLine-back, olds), span(newLine-back, news), body.String())
		oldLine, newLine = oldLine-back+olds, newLine-back+news
		i = stop
	}
	return out.String()
}

func span(from, n int) string {
	if n == 0 {
		from--
	}
	if n == 1 {
		return fmt.Sprint(from)
	}
	return fmt.Sprintf("%d,%d", from, n)
}
