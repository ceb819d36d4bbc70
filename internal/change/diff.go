package change

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"roleos/guardrails"
)

// context lines around a difference, as in every unified diff.
const around = 3

// Bounds on the search for the smallest difference. Texts further apart or
// longer are shown as one replacement, which is complete as well.
const (
	maxEdits   = 1_000
	maxCompare = 10_000_000 // comparisons of two lines: some tenths of a second
	maxLines   = 500_000    // that differ, both texts together
)

// maxShown is the most bytes that the differences of one set may have together.
// What nobody can be shown whole is not confirmed.
const maxShown = 64 << 20

// stretch is neighbouring lines of one kind: kept ' ', removed '-', or added '+'.
type stretch struct {
	kind  byte
	text  []byte // whole lines; the text's last one may lack its end
	lines int
}

func newStretch(kind byte, text []byte) stretch { return stretch{kind, text, countLines(text)} }

// countLines counts a last line without an end too.
func countLines(text []byte) int {
	n := bytes.Count(text, []byte{'\n'})
	if len(text) > 0 && text[len(text)-1] != '\n' {
		n++
	}
	return n
}

// unified returns a complete unified diff of two texts, everything invisible
// made visible, and "" when they are equal. It reports false when the diff
// would have more than most bytes. It takes time in proportion to the texts,
// whatever they are.
func unified(before, after []byte, most int) (string, bool) {
	if bytes.Equal(before, after) {
		return "", true
	}
	head, tail := common(before, after)
	a, b := before[head:len(before)-tail], after[head:len(after)-tail]
	runs := []stretch{newStretch(' ', before[:head])}
	runs = append(runs, middle(a, b)...)
	runs = append(runs, newStretch(' ', before[len(before)-tail:]))
	w := writer{most: most}
	w.hunks(slices.DeleteFunc(runs, func(s stretch) bool { return s.lines == 0 }))
	return w.String(), !w.full
}

// common returns how many bytes of whole lines two texts share at the front
// and, behind that, at the end.
func common(a, b []byte) (head, tail int) {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	head = n
	if n < len(a) || n < len(b) { // the first difference may lie within a line
		head = bytes.LastIndexByte(a[:n], '\n') + 1
	}
	a, b = a[head:], b[head:]
	n = 0
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	if starts(a, len(a)-n) && starts(b, len(b)-n) {
		return head, n
	}
	first := bytes.IndexByte(a[len(a)-n:], '\n')
	if first < 0 {
		return head, 0
	}
	return head, n - first - 1
}

// starts reports whether a line of the text begins at i.
func starts(text []byte, i int) bool { return i == 0 || text[i-1] == '\n' }

// middle returns the difference of two texts that share neither their first nor
// their last line: the shortest one, or all out and all in.
func middle(a, b []byte) []stretch {
	whole := []stretch{newStretch('-', a), newStretch('+', b)}
	if len(a) == 0 || len(b) == 0 || whole[0].lines+whole[1].lines > maxLines {
		return whole
	}
	ids := make(map[string]int32)
	x, y := index(a, ids), index(b, ids)
	kinds, ok := shortest(x.ids, y.ids)
	if !ok {
		return whole
	}
	var out []stretch
	i, j := 0, 0 // lines of a and of b that are written
	for at := 0; at < len(kinds); {
		end := at
		for end < len(kinds) && kinds[end] == kinds[at] {
			end++
		}
		n := end - at
		if kinds[at] == '+' {
			out = append(out, stretch{'+', y.lines(j, j+n), n})
			j += n
		} else {
			out = append(out, stretch{kinds[at], x.lines(i, i+n), n})
			i += n
			if kinds[at] == ' ' {
				j += n
			}
		}
		at = end
	}
	return out
}

// indexed is a text with its lines' places, and a number for each line: equal
// for equal lines.
type indexed struct {
	text   []byte
	starts []int
	ids    []int32
}

func index(text []byte, ids map[string]int32) indexed {
	out := indexed{text: text}
	at := 0
	for l := range bytes.Lines(text) {
		id, ok := ids[string(l)]
		if !ok {
			id = int32(len(ids))
			ids[string(l)] = id
		}
		out.starts, out.ids = append(out.starts, at), append(out.ids, id)
		at += len(l)
	}
	out.starts = append(out.starts, at)
	return out
}

// lines returns the bytes of the lines from i up to j.
func (x indexed) lines(i, j int) []byte { return x.text[x.starts[i]:x.starts[j]] }

// shortest returns the shortest edit script by Myers' O(ND) algorithm
// (http://www.xmailserver.org/diff2.pdf), one kind for each line, and false when
// it takes more than maxEdits or maxCompare.
func shortest(a, b []int32) (kinds []byte, ok bool) {
	var trace [][]int32
	limit := min(len(a)+len(b), maxEdits)
	v := make([]int32, 2*limit+3)
	off := limit + 1
	compared := 0
	for d := 0; d <= limit; d++ {
		for k := -d; k <= d; k += 2 {
			x := v[off+k-1] + 1
			if k == -d || (k != d && v[off+k-1] < v[off+k+1]) {
				x = v[off+k+1]
			}
			from := x
			y := int(x) - k
			for int(x) < len(a) && y < len(b) && a[x] == b[y] {
				x, y = x+1, y+1
			}
			v[off+k] = x
			if int(x) >= len(a) && y >= len(b) {
				return backtrack(len(a), len(b), append(trace, slices.Clone(v[off-d-1:off+d+2])), d), true
			}
			if compared += int(x-from) + 1; compared > maxCompare {
				return nil, false
			}
		}
		trace = append(trace, slices.Clone(v[off-d-1:off+d+2]))
	}
	return nil, false
}

// backtrack walks the search back from the end. trace[d] holds the furthest
// points of depth d for the diagonals -d-1 to d+1.
func backtrack(x, y int, trace [][]int32, d int) []byte {
	var rev []byte
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
		start, kind := px+1, byte('-') // start of the equal lines behind the edit
		if from == k+1 {
			start, kind = px, '+'
		}
		for ; x > start; x-- {
			rev = append(rev, ' ')
		}
		rev = append(rev, kind)
		x, y = px, px-from
	}
	for ; x > 0 && y > 0; x, y = x-1, y-1 {
		rev = append(rev, ' ')
	}
	slices.Reverse(rev)
	return rev
}

// writer writes hunks up to a number of bytes.
type writer struct {
	strings.Builder
	most int
	full bool // something did not fit
}

// hunks writes the differences with their context and line numbers.
func (w *writer) hunks(runs []stretch) {
	oldLine, newLine := 1, 1
	for i := 0; i < len(runs) && !w.full; {
		if r := runs[i]; r.kind == ' ' {
			oldLine, newLine, i = oldLine+r.lines, newLine+r.lines, i+1
			continue
		}
		var hunk []stretch
		back := 0
		if i > 0 && runs[i-1].kind == ' ' {
			r := last(runs[i-1], around)
			hunk, back = append(hunk, r), r.lines
		}
		for ; i < len(runs); i++ {
			r := runs[i]
			if r.kind == ' ' && (i == len(runs)-1 || r.lines > 2*around) {
				hunk = append(hunk, first(r, around))
				break
			}
			hunk = append(hunk, r)
		}
		olds, news := 0, 0
		for _, r := range hunk {
			if r.kind != '+' {
				olds += r.lines
			}
			if r.kind != '-' {
				news += r.lines
			}
		}
		fmt.Fprintf(w, "@@ -%s +%s @@\n", span(oldLine-back, olds), span(newLine-back, news))
		for _, r := range hunk {
			for l := range bytes.Lines(r.text) {
				w.line(r.kind, l)
			}
		}
		oldLine, newLine = oldLine-back+olds, newLine-back+news
		if i < len(runs) { // of the kept lines that ended the hunk some are written
			oldLine, newLine = oldLine-hunk[len(hunk)-1].lines, newLine-hunk[len(hunk)-1].lines
		}
	}
}

// first returns at most n lines from the stretch's front.
func first(r stretch, n int) stretch {
	end := 0
	for range min(n, r.lines) {
		if i := bytes.IndexByte(r.text[end:], '\n'); i >= 0 {
			end += i + 1
		} else {
			end = len(r.text)
		}
	}
	return stretch{r.kind, r.text[:end], min(n, r.lines)}
}

// last returns at most n lines from the stretch's end.
func last(r stretch, n int) stretch {
	start := len(r.text)
	for range min(n, r.lines) {
		start = bytes.LastIndexByte(r.text[:max(start-1, 0)], '\n') + 1
	}
	return stretch{r.kind, r.text[start:], min(n, r.lines)}
}

// line writes one line, visible. A last line without an end is marked.
func (w *writer) line(kind byte, line []byte) {
	body, ended := bytes.CutSuffix(line, []byte{'\n'})
	w.WriteByte(kind)
	// What is invisible takes many times its place when it is written out, so
	// the room is looked at between pieces.
	const piece = 4 << 10
	for len(body) > 0 && !w.full {
		n := min(piece, len(body))
		for back := 0; n < len(body) && back < utf8.UTFMax; back++ {
			if utf8.RuneStart(body[n-back]) {
				n -= back // no character is cut
				break
			}
		}
		w.WriteString(guardrails.Visible(string(body[:n])))
		body = body[n:]
		w.full = w.Len() > w.most
	}
	if !ended {
		w.WriteString("⟦no line end⟧")
	}
	w.WriteByte('\n')
	w.full = w.full || w.Len() > w.most
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
