package ingest

import (
	"errors"
	"runtime"
	"strconv"
	"sync"

	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/ingest/redact"
	"roleos/internal/ingest/tabular"
)

// maskPiece is how many records one worker masks at a time.
const maskPiece = 8192

// masker masks the values of records and counts what it masked. One goroutine uses it.
type masker struct {
	phones map[string]bool // column name: speaks of phones
	masked map[string]int
}

func newMasker() *masker { return &masker{phones: map[string]bool{}, masked: map[string]int{}} }

func (m *masker) cell(name, value string) string {
	phone, known := m.phones[name]
	if !known {
		phone = redact.NamesPhone(name)
		m.phones[name] = phone
	}
	out, masks := redact.Cell(value, phone)
	for _, k := range masks {
		m.masked[k.Kind]++
	}
	return out
}

// account masks an account. One that is personal data as a whole becomes a
// pseudonym, so that its records can still be counted together.
func (m *masker) account(value string) string {
	out, masks := redact.Cell(value, false)
	if len(masks) == 1 && masks[0].Start == 0 && masks[0].End == len(value) {
		m.masked[masks[0].Kind]++
		return redact.Pseudonym(value)
	}
	for _, k := range masks {
		m.masked[k.Kind]++
	}
	return out
}

func (m *masker) attrs(list []evidence.Attr) {
	for i := range list {
		list[i].Value = m.cell(list[i].Name, list[i].Value)
	}
}

// redact masks all records, in pieces on all processors; each piece has its own
// counts, which are then added, so the result does not depend on who did what.
func (s *reading) redact() error {
	records := s.result.Records
	pieces := (len(records) + maskPiece - 1) / maskPiece
	originals := make([]map[string]string, pieces)
	counts := make([]map[string]int, pieces)
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), pieces) {
		wg.Go(func() {
			for p := range next {
				m := newMasker()
				originals[p] = m.records(records[p*maskPiece : min(len(records), (p+1)*maskPiece)])
				counts[p] = m.masked
			}
		})
	}
	for p := range pieces {
		if s.ctx.Err() != nil {
			break
		}
		next <- p
	}
	close(next)
	wg.Wait()
	for p := range pieces {
		for id, text := range originals[p] {
			s.result.Originals[id] = text
		}
		for kind, n := range counts[p] {
			s.result.Masked[kind] += n
		}
	}
	return s.ctx.Err()
}

func (m *masker) records(records []evidence.Record) map[string]string {
	originals := map[string]string{}
	for i := range records {
		r := &records[i]
		text, masks := redact.Text(r.Text)
		if masks != nil {
			originals[r.ID] = r.Text
			r.Text, r.Masks = text, masks
			for _, k := range masks {
				m.masked[k.Kind]++
			}
		}
		if r.Account != "" {
			r.Account = m.account(r.Account)
		}
		if r.Channel != "" {
			r.Channel = m.cell("channel", r.Channel)
		}
		if r.Origin.Speaker != "" {
			r.Origin.Speaker = m.account(r.Origin.Speaker)
		}
		if r.Origin.Heading != "" {
			r.Origin.Heading = m.cell("heading", r.Origin.Heading)
		}
		m.attrs(r.Segments)
		m.attrs(r.Fields)
	}
	return originals
}

// maskNames masks what a table calls its columns and its sheet, before anything
// shows them. A mapping still finds a column by the name in the file.
func (s *reading) maskNames(t *tabular.Table) {
	if !s.o.Redact {
		return
	}
	t.Sheet, _ = redact.Text(t.Sheet)
	used := make(map[string]bool, len(t.Columns))
	for _, c := range t.Columns {
		used[c.Name] = true
	}
	for i := range t.Columns {
		c := &t.Columns[i]
		name, masks := redact.Text(c.Name)
		if masks == nil {
			continue
		}
		base := name
		for n := 2; used[name]; n++ {
			name = base + " (" + strconv.Itoa(n) + ")"
		}
		used[name] = true
		c.Name, c.Header = name, c.Name
	}
}

// masked returns an error whose message and advice show no personal data.
func (s *reading) masked(err error) error {
	if !s.o.Redact {
		return err
	}
	var syntax *tabular.SyntaxError
	if errors.As(err, &syntax) {
		c := *syntax
		c.What, _ = redact.Text(c.What)
		return &c
	}
	var e *fault.Error
	if errors.As(err, &e) {
		c := *e
		c.Message, _ = redact.Text(c.Message)
		c.Mend, _ = redact.Text(c.Mend)
		return &c
	}
	return err
}

// shown returns a value for a place outside the records, masked and then clipped. It does not count.
func (s *reading) shown(column, value string) string {
	if s.o.Redact {
		value, _ = redact.Cell(value, redact.NamesPhone(column))
	}
	return tabular.Clip(value)
}
