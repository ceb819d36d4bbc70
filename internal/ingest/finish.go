package ingest

import (
	"fmt"
	"strconv"
	"strings"

	"roleos/internal/fault"
	"roleos/internal/ingest/columns"
	"roleos/internal/ingest/decode"
	"roleos/internal/ingest/redact"
	"roleos/internal/ingest/tabular"
)

// finish gives every record its id, masks what must be masked, and looks at the whole.
func (s *reading) finish() (*Result, error) {
	r := s.result
	if len(r.Records) == 0 {
		return nil, s.nothing()
	}
	s.identify()
	s.threads()
	s.duplicateTexts()
	if s.o.Redact {
		if err := s.redact(); err != nil {
			return nil, err
		}
	}
	s.gaps()
	s.lateStarts() // names channels, so only once they are masked
	r.Findings = s.notes.sorted()
	return r, s.ctx.Err()
}

// nothing explains why there is no record at all.
func (s *reading) nothing() error {
	switch {
	case s.refused != nil:
		return s.refused
	case len(s.result.Columns) > 0:
		c := s.result.Columns[0]
		name := ""
		for _, col := range c.Columns {
			if col.Role == columns.Text {
				name = col.Name
			}
		}
		e := fault.New(fault.Invalid, "ingest", "%s: no row has text in column %q (%s below the header, %s set aside)", c.Name, name,
			count(c.Rows, "row", "rows"), grouped(len(s.result.SetAside)))
		if len(s.result.SetAside) > 0 {
			return e.WithMend("The first row that was set aside: %s: %s.", s.result.SetAside[0].Where(), s.result.SetAside[0].What)
		}
		return e.WithMend("Name another column: --map text=COLUMN.")
	}
	return fault.New(fault.Invalid, "ingest", "no file that holds a table or a conversation was found").
		WithMend("CSV, TSV, JSON, JSON Lines, XLSX, VTT, SRT, text, Markdown and ZIP files are read.")
}

// identify makes ids unique. The export's own id stays; a second record with it gets "#2".
// A record without one is named by its table and row.
func (s *reading) identify() {
	records := s.result.Records
	own := 0
	for i := range records {
		if records[i].ID != "" {
			own++
		}
	}
	seen := make(map[string]struct{}, own)
	claimed := make([]bool, len(records)) // has its final id
	again := map[string]int{}
	var later []int
	for i := range records {
		id := records[i].ID
		if id == "" {
			continue
		}
		if s.o.Redact && records[i].Origin.Kind == "" { // those of a conversation are made of masked names
			if _, masks := redact.Text(id); masks != nil {
				id = redact.Pseudonym(id)
				records[i].ID = id
			}
		}
		if _, dup := seen[id]; dup {
			later = append(later, i)
			continue
		}
		seen[id] = struct{}{}
		claimed[i] = true
	}
	unique := func(base string, n int) (string, int) {
		for ; ; n++ {
			id := base + "#" + strconv.Itoa(n)
			if _, dup := seen[id]; !dup {
				seen[id] = struct{}{}
				return id, n
			}
		}
	}
	for _, i := range later {
		base := records[i].ID
		f := s.notes.add("duplicate_id", "", warning, records[i].Where(s.names[records[i].Source])+", id "+tabular.Clip(base), 1)
		f.Message = fmt.Sprintf("%s an id that an earlier record has; ids from the second on got #2, #3 and so on.", count(f.Count, "record has", "records have"))
		records[i].ID, again[base] = unique(base, max(2, again[base]+1))
		claimed[i] = true
	}
	s.numberRest(claimed, seen, unique)
}

// numberRest names the records that have no id of their own: "r12", or "s2-r12" when there are several tables.
func (s *reading) numberRest(claimed []bool, seen map[string]struct{}, unique func(string, int) (string, int)) {
	records := s.result.Records
	table, numbers := 0, s.numbers
	var names strings.Builder // one allocation for many short ids
	type piece struct{ record, start, end int }
	var pieces []piece
	for i := range records {
		if i == 0 || records[i].Source != records[i-1].Source || records[i].Origin.Sheet != records[i-1].Origin.Sheet {
			table++
		}
		row := records[i].Origin.Row
		if len(numbers) > 0 && numbers[0].record == i {
			row = numbers[0].number
			numbers = numbers[1:]
		}
		if claimed[i] {
			continue
		}
		start := names.Len()
		if len(s.result.Columns) > 1 {
			names.WriteByte('s')
			names.WriteString(strconv.Itoa(table))
			names.WriteByte('-')
		}
		names.WriteByte('r')
		names.WriteString(strconv.Itoa(row))
		pieces = append(pieces, piece{i, start, names.Len()})
	}
	all := names.String()
	for _, p := range pieces {
		id := all[p.start:p.end]
		if _, dup := seen[id]; dup {
			id, _ = unique(id, 2)
		} else if len(seen) > 0 {
			seen[id] = struct{}{}
		}
		records[p.record].ID = id
	}
}

// duplicateTexts counts the records that repeat an earlier text byte for byte.
func (s *reading) duplicateTexts() {
	records := s.result.Records
	seen := make(map[string]struct{}, len(records))
	n := 0
	var where []string
	for i := range records {
		if records[i].Origin.Kind != "" { // people say the same short things
			continue
		}
		t := records[i].Text
		if _, dup := seen[t]; dup {
			n++
			if len(where) < mostPlaces {
				where = append(where, records[i].Where(s.names[records[i].Source]))
			}
			continue
		}
		seen[t] = struct{}{}
	}
	if n == 0 {
		return
	}
	severity := info
	if n*2 > len(records) {
		severity = warning
	}
	f := s.notes.add("duplicate_text", "", severity, "", n)
	f.Where = where
	f.Message = fmt.Sprintf("%s (%s) %s the text of an earlier one word for word. All are kept and counted.", count(n, "record", "records"), percent(n, len(records)), map[bool]string{true: "repeats", false: "repeat"}[n == 1])
}

// tableNotes says what was assumed about a table's header and columns.
func (b *builder) tableNotes() {
	t, l := b.table, b.layout
	say := func(kind, severity, where string, n int, format string, args ...any) {
		f := b.notes.add(kind, b.label+where, severity, b.label+where, n)
		f.Message = b.label + ": " + fmt.Sprintf(format, args...)
	}
	if t.Unnamed {
		say("no_header", warning, "", 1, "the first row looks like data, so the columns are numbered. If it is a header, give the columns names that are words.")
	}
	if t.Titles > 0 && t.Format != "json" {
		say("title_rows", info, "", t.Titles, "%s above the header skipped.", count(t.Titles, "row", "rows"))
	}
	if t.Repeats > 0 {
		f := b.notes.add("duplicate_key", b.label, warning, "", t.Repeats)
		f.Message = fmt.Sprintf("%s: %s a key twice; the last value was taken.", b.label, count(t.Repeats, "object names", "objects name"))
		for _, p := range t.Repeated {
			f.Where = append(f.Where, b.label+" "+p)
		}
	}
	if len(t.Skipped) > 0 {
		say("other_lists", info, "", len(t.Skipped), "%s not read (%s); the longest list was taken.",
			count(len(t.Skipped), "further list of records was", "further lists of records were"), b.shown("", strings.Join(t.Skipped, ", ")))
	}
	for _, d := range l.Rejected {
		name := t.Columns[d.Column].Name
		say("id_not_used", info, ", column "+tabular.Clip(name), 1, "column %q looks like an id, but %s; rows are named by their number instead.", name, d.What)
	}
	if len(l.Others) > 0 {
		var names []string
		for _, i := range l.Others[:min(len(l.Others), 5)] {
			names = append(names, columns.Label(i, t.Columns[i].Name))
		}
		say("other_texts", info, "", len(l.Others), "%s text too (%s). Column %s was taken; --map text=COLUMN takes another, by name or by #position.",
			count(len(l.Others), "further column holds", "further columns hold"), strings.Join(names, ", "), columns.Label(l.Text, t.Columns[l.Text].Name))
	}
}

// finishRows says how many rows had no text, and which ids a spreadsheet spoilt.
func (b *builder) finishRows() {
	name := tabular.Clip(b.table.Columns[b.layout.Text].Name)
	if b.empty > 0 {
		f := b.notes.add("empty_text", b.label, info, "", b.empty)
		f.Message = fmt.Sprintf("%s: %s of %s (%s) have no text in column %q and were left out.", b.label,
			grouped(b.empty), count(b.rows, "row", "rows"), percent(b.empty, b.rows), name)
		if b.empty == 1 {
			f.Message = strings.Replace(f.Message, ") have", ") has", 1)
			f.Message = strings.Replace(f.Message, "were left", "was left", 1)
		}
		if b.empty*5 > b.rows {
			f.Severity = warning
			f.Message += " What follows speaks for the others only."
		}
	}
	for _, i := range b.layout.Damaged {
		f := b.notes.add("excel_id", b.label+b.table.Columns[i].Name, warning, b.label+", column "+tabular.Clip(b.table.Columns[i].Name), b.layout.Columns[i].Filled)
		f.Message = fmt.Sprintf("%s, column %q: a spreadsheet rounded long ids to forms like 5.7E+17; they no longer tell records apart. Export again with the column as text.",
			b.label, b.table.Columns[i].Name)
	}
}

// encodingNotes says what decoding could not do.
func (s *reading) encodingNotes(name string, text decode.Text) {
	lost := strings.Count(text.String, "\uFFFD")
	if lost > 0 {
		f := s.notes.add("encoding", name, warning, name, lost)
		f.Message = fmt.Sprintf("%s: %s unreadable (shown as \uFFFD), in the file or because it is not really %s.", name, count(lost, "character is", "characters are"), text.Encoding)
	}
	if n := decode.Mojibake(text.String); n > 0 {
		f := s.notes.add("mojibake", name, warning, name, n)
		f.Message = fmt.Sprintf("%s: %s such as Ã© for é: the text was decoded wrongly before it was exported. It is kept as it is.", name, count(n, "place has marks", "places have marks"))
	}
}
