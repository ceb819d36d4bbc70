package page

import (
	"slices"
	"strings"

	"roleos/internal/report/say"
	"roleos/internal/report/term"
)

// narrow is how many columns a table column keeps at least.
const narrow = 9

// table writes aligned columns whose cells wrap; where even narrow ones do not
// fit, each row is written as a paragraph.
func (t *screen) table(b Table) {
	t.Para("", b.Caption, term.Dim)
	rows := b.Rows[:min(len(b.Rows), termRows)]
	columns := len(b.Head)
	for _, r := range rows {
		columns = max(columns, len(r))
	}
	cell := func(r []string, i int) string {
		if i >= len(r) {
			return ""
		}
		return t.Plain(r[i])
	}
	widths := make([]int, columns)
	for i := range widths {
		widths[i] = say.Width(cell(b.Head, i))
		for _, r := range rows {
			widths[i] = max(widths[i], say.Width(cell(r, i)))
		}
		widths[i] = min(max(widths[i], 1), t.Width())
	}
	if columns == 0 || !fit(widths, t.Width()-2*(columns-1)) {
		t.rowsAsText(b.Head, rows)
	} else {
		write := func(r []string, s term.Style) {
			parts, height := make([][]string, columns), 1
			for i, w := range widths {
				parts[i] = say.Wrap(cell(r, i), w)
				height = max(height, len(parts[i]))
			}
			for k := range height {
				line := ""
				for i, w := range widths {
					text := ""
					if k < len(parts[i]) {
						text = parts[i][k]
					}
					if slices.Contains(b.Right, i) {
						text = strings.Repeat(" ", max(0, w-say.Width(text))) + text
					}
					if i > 0 {
						line += "  "
					}
					line += say.Fit(text, w, "")
				}
				t.Line(t.Paint(s, strings.TrimRight(line, " ")))
			}
		}
		if len(b.Head) > 0 {
			write(b.Head, term.Dim)
		}
		for _, r := range rows {
			write(r, term.None)
		}
	}
	t.Rest(len(b.Rows)-len(rows)+b.Omitted, "row", "rows")
	if len(rows) == 0 {
		t.Para("", "There is nothing to show here.", term.Dim)
	}
}

// fit narrows the widest columns until all of them take room, and reports
// whether they do.
func fit(widths []int, room int) bool {
	total := 0
	for _, w := range widths {
		total += w
	}
	for total > room {
		widest := 0
		for i, w := range widths {
			if w > widths[widest] {
				widest = i
			}
		}
		if widths[widest] <= narrow {
			return false
		}
		widths[widest]--
		total--
	}
	return true
}

func (t *screen) rowsAsText(head []string, rows [][]string) {
	for _, r := range rows {
		for i, c := range r {
			if i == 0 {
				t.Para("", c, term.Bold)
				continue
			}
			if c == "" {
				continue
			}
			label := ""
			if i < len(head) && head[i] != "" {
				label = head[i] + ": "
			}
			t.Para("  ", label+c, term.None)
		}
	}
}
