package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"roleos/internal/artefact"
	"roleos/internal/report/say"
)

// JSON writes an artefact's stored bytes with an indent of two spaces and a
// final newline. The same artefact gives the same bytes. Characters that a terminal would obey
// or a reader would not see are written as \u escapes, which any JSON parser
// reads back as they were.
func JSON(w io.Writer, body []byte) error {
	var b bytes.Buffer
	if err := json.Indent(&b, body, "", "  "); err != nil {
		return err
	}
	b.WriteByte('\n')
	_, err := w.Write(escapeJSON(plainJSON(b.Bytes())))
	return err
}

// plainJSON writes <, > and & as they are: stored bytes have them escaped.
func plainJSON(in []byte) []byte {
	out := in[:0]
	for len(in) > 0 {
		if in[0] != '\\' || len(in) < 6 {
			out, in = append(out, in[0]), in[1:]
			continue
		}
		switch string(in[1:6]) {
		case "u003c":
			out, in = append(out, '<'), in[6:]
		case "u003e":
			out, in = append(out, '>'), in[6:]
		case "u0026":
			out, in = append(out, '&'), in[6:]
		default:
			out, in = append(out, in[:2]...), in[2:]
		}
	}
	return out
}

// escapeJSON escapes what deceives. Such characters stand inside strings only.
func escapeJSON(in []byte) []byte {
	if bytes.IndexFunc(in, say.Deceives) < 0 {
		return in
	}
	out := make([]byte, 0, len(in)+64)
	for len(in) > 0 {
		r, n := utf8.DecodeRune(in)
		switch {
		case !say.Deceives(r):
			out = append(out, in[:n]...)
		case r > 0xffff:
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		in = in[n:]
	}
	return out
}

// CSVOptions sets what a CSV file is for. The zero value is for programs.
type CSVOptions struct {
	BOM bool // start with a UTF-8 byte order mark, without which Excel misreads accents
}

// CSV writes one row per record: its theme, the theme's confidence, its
// segments, its place and its text. Records stand in the order of their themes;
// those that fit nowhere come last, with an empty theme.
//
// Every field is quoted, line breaks inside a field become a space, and a field
// that a spreadsheet would run as a formula gets a leading apostrophe, also
// where a reader that splits at semicolons or tabs would see a new field begin.
// The JSON form has the exact text. https://owasp.org/www-community/attacks/CSV_Injection
func CSV(w io.Writer, v View, o CSVOptions) error {
	c := csvWriter{w: w}
	if o.BOM {
		c.write("\uFEFF")
	}
	s := &v.Synthesis
	head := []string{"id", "theme_id", "theme", "confidence"}
	taken := map[string]bool{"time": true, "source": true, "place": true, "text": true}
	for _, h := range head {
		taken[h] = true
	}
	for _, d := range s.Segments {
		name := d.Name
		for taken[name] {
			name = "segment_" + name
		}
		taken[name] = true
		head = append(head, name)
	}
	c.row(append(head, "time", "source", "place", "text")...)
	for i := range s.Themes {
		for _, id := range s.Themes[i].RecordIDs {
			c.record(&v, id, &s.Themes[i])
		}
	}
	for _, id := range s.Unassigned {
		c.record(&v, id, nil)
	}
	return c.err
}

type csvWriter struct {
	w   io.Writer
	err error
	buf []byte
}

func (c *csvWriter) write(s string) {
	if c.err == nil {
		_, c.err = io.WriteString(c.w, s)
	}
}

func (c *csvWriter) record(v *View, id string, t *artefact.Theme) {
	row := []string{id, "", "", ""}
	if t != nil {
		row = []string{id, t.ID, t.Label, strconv.FormatFloat(t.Confidence, 'f', -1, 64)}
	}
	r, ok := v.record(id)
	for _, d := range v.Synthesis.Segments {
		row = append(row, r.Segment(d.Name))
	}
	at, place := "", ""
	if !r.Time.IsZero() {
		at = r.Time.Format(time.RFC3339)
	}
	if ok {
		place = strings.TrimSpace(r.Where(""))
	}
	c.row(append(row, at, v.source(r.Source), place, r.Text)...)
}

func (c *csvWriter) row(fields ...string) {
	c.buf = c.buf[:0]
	for i, f := range fields {
		if i > 0 {
			c.buf = append(c.buf, ',')
		}
		c.buf = append(c.buf, '"')
		c.buf = append(c.buf, strings.ReplaceAll(neutral(f), `"`, `""`)...)
		c.buf = append(c.buf, '"')
	}
	c.buf = append(c.buf, '\r', '\n')
	if c.err == nil {
		_, c.err = c.w.Write(c.buf)
	}
}

// neutral returns s so that no spreadsheet takes it, or a part of it, for a formula.
func neutral(s string) string {
	if harmless(s) {
		return s
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	var b strings.Builder
	start, first := true, true // a field could begin here; it would be the first
	lead, broke := false, false
	for i, r := range s {
		if lineBreak(r) {
			lead = lead || i == 0 // a break in front is itself a trigger
			if !broke {
				b.WriteByte(' ')
			}
			broke = true
			continue
		}
		broke = false
		switch {
		case start && trigger(r):
			if first {
				lead = true
			} else {
				b.WriteByte('\'')
			}
			start = false
		case r == ';' || r == '\t':
			lead = lead || i == 0 && r == '\t'
			start, first = true, false
		case !passedOver(r):
			start = false
		}
		b.WriteRune(r)
	}
	if lead {
		return "'" + b.String()
	}
	return b.String()
}

// harmless reports whether s is plain ASCII that begins with a letter or digit
// and has no separator: what most texts are, and needs no further look.
func harmless(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c > '~' || c == ';' {
			return false
		}
	}
	return s == "" || s[0] >= '0' && s[0] <= '9' || s[0] >= 'A' && s[0] <= 'Z' || s[0] >= 'a' && s[0] <= 'z'
}

// lineBreak reports whether some reader takes r for the end of a row.
func lineBreak(r rune) bool {
	return r >= '\n' && r <= '\r' || r == 0x85 || r == 0x2028 || r == 0x2029
}

// trigger reports whether a cell that begins with r is run as a formula; the
// full-width forms are in East Asian versions.
func trigger(r rune) bool { return strings.ContainsRune("=+-@＝＋－＠", r) }

// passedOver reports whether a spreadsheet may skip r before it looks for a formula.
func passedOver(r rune) bool {
	return unicode.IsSpace(r) || say.Deceives(r) || strings.ContainsRune("\"'`“”‘’„«»", r)
}
