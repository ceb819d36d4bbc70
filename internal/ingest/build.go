package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/ingest/columns"
	"roleos/internal/ingest/redact"
	"roleos/internal/ingest/tabular"
)

// signature names a header: the same columns in the same order give the same.
func signature(cols []tabular.Column) string {
	h := sha256.New()
	for _, c := range cols {
		h.Write([]byte(c.Original()))
		h.Write([]byte{0x1f})
	}
	return "cols-" + hex.EncodeToString(h.Sum(nil)[:6])
}

// builder makes the records of one table.
type builder struct {
	*reading
	source *evidence.Source
	label  string // file name, with the sheet
	table  *tabular.Table
	layout *columns.Layout
	first  int // position of the table's first record in the result
	rows   int // rows that fit
	empty  int
	times  timeColumn
	failed error // the first value that Strict does not let pass
	// attrs holds the segments and fields of all records in few large pieces.
	attrs []evidence.Attr
}

// read adds the records of a table to the result.
func (s *reading) read(source *evidence.Source, t *tabular.Table) error {
	s.maskNames(t)
	b := &builder{reading: s, source: source, label: source.Name, table: t, first: len(s.result.Records)}
	if t.Sheet != "" {
		b.label += " sheet " + t.Sheet
	}
	if err := b.understand(); err != nil {
		return err
	}
	return b.build()
}

// understand looks at all rows once and decides what the columns mean.
func (b *builder) understand() error {
	profile := columns.NewProfile(b.table.Columns)
	seen := 0
	err := b.table.Each(func(r *tabular.Row) bool {
		if r.Bad == nil {
			profile.Add(r.Cells)
		}
		seen++
		return seen&0xfff != 0 || b.ctx.Err() == nil
	})
	if err != nil {
		return b.in(err)
	}
	if err := b.ctx.Err(); err != nil {
		return err
	}
	b.rows = profile.Rows()
	if b.readRows+b.rows > b.limits.Rows {
		return fault.New(fault.Invalid, tabular.LimitOp, "with %s there are more than %s rows", b.label, grouped(b.limits.Rows)).
			WithMend("Read fewer files at once, or raise ingest.limits.rows.")
	}
	shown := SourceColumns{Source: b.source.ID, Name: b.source.Name, Sheet: b.table.Sheet, Signature: signature(b.table.Columns), Rows: b.rows}
	var saved map[string]string
	if b.o.Saved != nil {
		saved, _ = b.o.Saved(shown.Signature)
	}
	layout, err := profile.Detect(b.o.Map, saved)
	if err != nil {
		return b.in(err)
	}
	if layout.Text < 0 {
		return b.noText(layout)
	}
	b.layout = layout
	for i := range layout.Columns {
		c := &layout.Columns[i]
		c.Sample = b.shown(c.Name, c.Sample)
	}
	shown.Columns = layout.Columns
	b.result.Columns = append(b.result.Columns, shown)
	b.tableNotes()
	return nil
}

// in names the table in an error about it.
func (b *builder) in(err error) error {
	if f, ok := err.(*fault.Error); ok && !strings.HasPrefix(f.Message, b.label) {
		c := *f
		c.Message = b.label + ": " + c.Message
		return &c
	}
	return err
}

// noText explains that no column holds what people said, and how to name one.
func (b *builder) noText(l *columns.Layout) error {
	if b.rows == 0 {
		return fault.New(fault.Invalid, "ingest", "%s has a header and no rows", b.label).
			WithMend("Export it again with data, or leave the file out.")
	}
	guess := max(0, l.Nearest)
	return fault.New(fault.Invalid, noTextOp, "%s: no column holds text that people wrote (columns: %s)", b.label, columns.List(b.table.Columns)).
		WithMend("Name it if there is one, for example: --map text=%s", columns.Ref(guess, l.Columns[guess].Name))
}

// build makes the records.
func (b *builder) build() error {
	var failed error
	b.result.Records = slices.Grow(b.result.Records, b.rows)
	width := len(b.layout.Segments) + len(b.layout.Fields)
	n, next := 0, 0
	err := b.table.Each(func(r *tabular.Row) bool {
		if n++; n&0xfff == 0 {
			if failed = b.ctx.Err(); failed != nil {
				return false
			}
		}
		if r.End >= next && b.o.Progress != nil {
			b.o.Progress(b.source.Name, min(int64(r.End), b.source.Bytes), b.source.Bytes)
			next = r.End + 1<<20
		}
		if r.Bad != nil {
			failed = b.setAside(r)
			return failed == nil
		}
		b.record(r, width)
		failed = b.failed
		return failed == nil
	})
	if err != nil || failed != nil {
		return b.in(orElse(err, failed))
	}
	b.readRows += b.rows
	b.source.Records += len(b.result.Records) - b.first
	b.finishTimes()
	b.finishRows()
	if b.o.Progress != nil {
		b.o.Progress(b.source.Name, b.source.Bytes, b.source.Bytes)
	}
	return nil
}

func orElse(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// setAside keeps a bad row for the reader, or fails in strict mode.
func (b *builder) setAside(r *tabular.Row) error {
	bad := BadRow{Source: b.label, Row: r.Number, Line: r.Line, Column: r.Bad.Column, What: r.Bad.What, Raw: r.Bad.Raw}
	if b.json() {
		bad.Row = 0
	}
	bad.Raw = b.shown("", bad.Raw)
	if b.o.Redact {
		bad.What, _ = redact.Text(bad.What)
	}
	if b.o.Strict {
		return fault.New(fault.Invalid, "ingest", "%s: %s", bad.Where(), bad.What).
			WithMend("Mend the row, or read without --strict to set such rows aside.")
	}
	b.result.SetAside = append(b.result.SetAside, bad)
	f := b.notes.add("bad_row", b.label, warning, bad.Where(), 1)
	f.Message = fmt.Sprintf("%s: %s could not be read and %s set aside; the others were read. The first: %s.",
		b.label, count(f.Count, "row", "rows"), was(f.Count), first(f.Message, bad.Where()+": "+bad.What))
	return nil
}

func was(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

// first keeps the reason that a bad_row message already gives.
func first(message, what string) string {
	if _, reason, ok := strings.Cut(message, "The first: "); ok {
		return strings.TrimSuffix(reason, ".")
	}
	return what
}

func (b *builder) json() bool { return b.table.Format == "json" || b.table.Format == "jsonl" }

// record adds one record, unless the row has no text.
func (b *builder) record(r *tabular.Row, width int) {
	l := b.layout
	text := r.Cells[l.Text]
	if columns.Placeholder(strings.TrimSpace(text)) {
		if l.Title < 0 || columns.Placeholder(strings.TrimSpace(r.Cells[l.Title])) {
			b.empty++
			if b.empty <= mostPlaces {
				b.notes.add("empty_text", b.label, info, b.where(r, l.Text), 0)
			}
			return
		}
		text = r.Cells[l.Title]
	}
	b.result.Records = append(b.result.Records, evidence.Record{Source: b.source.ID, Text: text})
	rec := &b.result.Records[len(b.result.Records)-1]
	rec.Origin = evidence.Origin{Sheet: b.table.Sheet, Row: r.Number, Line: r.Line}
	if b.json() {
		rec.Origin.Row = 0
		b.numbers = append(b.numbers, numbered{len(b.result.Records) - 1, r.Number})
	}
	at := func(i int) string {
		if i < 0 {
			return ""
		}
		return trimmed(r.Cells[i])
	}
	rec.ID = at(l.ID)
	rec.Channel = at(l.Channel)
	rec.Account = at(l.Account)
	if v := at(l.Time); v != "" {
		b.time(rec, r, v)
	}
	if v := at(l.Score); v != "" {
		b.score(rec, r, v)
	}
	if cap(b.attrs)-len(b.attrs) < width {
		b.attrs = make([]evidence.Attr, 0, max(width, 4096))
	}
	rec.Segments = b.take(l.Segments, r.Cells)
	rec.Fields = b.take(l.Fields, r.Cells)
}

// take returns the cells that say something, as attributes.
func (b *builder) take(cols []int, cells []string) []evidence.Attr {
	start := len(b.attrs)
	for _, i := range cols {
		if v := trimmed(cells[i]); v != "" {
			b.attrs = append(b.attrs, evidence.Attr{Name: b.table.Columns[i].Name, Value: v})
		}
	}
	if len(b.attrs) == start {
		return nil
	}
	return b.attrs[start:len(b.attrs):len(b.attrs)]
}

func trimmed(cell string) string {
	cell = strings.TrimSpace(cell)
	if columns.Placeholder(cell) {
		return ""
	}
	return cell
}

func (b *builder) where(r *tabular.Row, col int) string {
	name := ""
	if col >= 0 {
		name = tabular.Clip(b.table.Columns[col].Name)
	}
	if b.json() {
		return place(b.label, 0, r.Line, name)
	}
	return place(b.label, r.Number, r.Line, name)
}

func (b *builder) score(rec *evidence.Record, r *tabular.Row, cell string) {
	v, ok := columns.ParseScore(cell)
	if !ok {
		f := b.notes.add("bad_score", b.label, info, b.where(r, b.layout.Score), 1)
		f.Message = fmt.Sprintf("%s, column %q: %s not a number and %s left out.", b.label, b.layout.Columns[b.layout.Score].Name, count(f.Count, "score is", "scores are"), was(f.Count))
		return
	}
	if len(b.scores) == cap(b.scores) {
		b.scores = make([]evidence.Score, 0, 4096) // pointers into a piece stay valid: it never grows
	}
	b.scores = append(b.scores, evidence.Score{Kind: b.layout.Scale.Kind, Value: v, Max: b.layout.Scale.Max})
	rec.Score = &b.scores[len(b.scores)-1]
}
