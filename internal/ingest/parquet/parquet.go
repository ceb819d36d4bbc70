package parquet

import (
	"fmt"
	"strings"

	"roleos/internal/fault"
	"roleos/internal/ingest/tabular"
)

const (
	mostPage = 256 << 20 // bytes of one page, unpacked
	mostOpen = 512 << 20 // bytes of the pages and dictionaries that have to be open at once
)

// Is reports whether a file is one of Parquet by its first bytes.
func Is(raw string) bool { return strings.HasPrefix(raw, magic) || strings.HasPrefix(raw, sealed) }

// Table returns the table of a Parquet file. Its rows are read each time that they are
// asked for, page by page, so what is in memory at once is a page of each column. Limits that
// are zero do not bind; the bound on open pages, 512 MiB, always does. Errors are faults of kind Invalid.
func Table(raw string, limit tabular.Limits) (*tabular.Table, error) {
	f, err := readFooter(raw, limit.Columns)
	if err != nil {
		return nil, damaged(err)
	}
	header := make([]string, len(f.leaves))
	for i, l := range f.leaves {
		header[i] = l.name
	}
	if names := f.nested(); len(names) > 0 {
		some := `"` + strings.Join(names[:min(3, len(names))], `", "`) + `"`
		return nil, fault.New(fault.Invalid, "ingest", "%d of its columns hold lists, maps or structs: %s; only flat columns are read", len(names), tabular.Clip(some)).
			WithMend("Leave these columns out or write one value a cell, for example: duckdb -c 'copy (select * exclude (%s) from FILE) to FLAT.parquet'.", tabular.Clip(some))
	}
	if limit.Rows > 0 && f.rows > int64(limit.Rows) {
		return nil, fault.New(fault.Invalid, tabular.LimitOp, "there are more rows than are read at once").
			WithMend("Split the export, or raise ingest.limits.rows.")
	}
	return tabular.New("parquet", header, limit, func(yield func(*tabular.Row) bool) error {
		return f.each(raw, limit, yield)
	})
}

// damaged says what is wrong with a file as a whole.
func damaged(err error) error {
	return fault.New(fault.Invalid, "ingest", "the Parquet file cannot be read: %s", err).
		WithMend("Write it again with flat columns, unencrypted, packed with snappy, gzip, zstd or nothing; or export it as CSV.")
}

// each reads all rows.
func (f *footer) each(raw string, limit tabular.Limits, yield func(*tabular.Row) bool) error {
	u := &unpacker{most: limit.Expanded}
	defer u.close()
	row := tabular.Row{Cells: make([]string, len(f.leaves))}
	for _, g := range f.groups {
		open := 0
		columns := make([]column, len(f.leaves))
		for i := range columns {
			c := &columns[i]
			c.leaf, c.unpacker, c.open, c.most = &f.leaves[i], u, &open, mostPage
			if limit.CellBytes > 0 {
				c.most = int(min(limit.CellBytes, mostPage))
			}
			if err := c.place(raw, g.chunks[i]); err != nil {
				return c.fault(row.Number+1, err)
			}
		}
		for range g.rows {
			row.Number++
			for i := range columns {
				var err error
				if row.Cells[i], err = columns[i].cell(); err != nil {
					return columns[i].fault(row.Number, err)
				}
			}
			row.End = int(float64(len(raw)) * float64(row.Number) / float64(f.rows))
			if !yield(&row) {
				return nil
			}
		}
	}
	return nil
}

// column walks the values of one column of one group of rows.
type column struct {
	*leaf
	*unpacker
	raw        string // the chunk
	at         int
	codec      int64
	dictionary []string
	levels     *hybrid // nil when no value is missing
	values     values
	left, rest int64 // values left of the page, and of the chunk behind it
	page, dict int   // bytes of the open page and of the dictionary
	open       *int  // bytes of all that is open
	most       int   // bytes of a value
}

func (c *column) fault(row int, err error) error {
	if _, ours := err.(*fault.Error); ours {
		return err
	}
	return damaged(fmt.Errorf("column %s, row %d: %w", tabular.Clip(c.name), row, err))
}

// place finds the chunk in the file.
func (c *column) place(raw string, at chunk) error {
	from := at.data
	if at.dictionary > 0 && at.dictionary < from {
		from = at.dictionary
	}
	if from < int64(len(magic)) || at.size < 0 || from > int64(len(raw)) || at.size > int64(len(raw))-from {
		return fmt.Errorf("its values stand outside the file")
	}
	if c.kind == fixed && (c.size <= 0 || c.size > 1<<20) || c.kind < boolean || c.kind > fixed {
		return fmt.Errorf("it has a type that does not exist")
	}
	c.raw, c.codec, c.rest = raw[from:from+at.size], at.codec, at.values
	return nil
}

// cell returns the next value; "" stands for one that is missing.
func (c *column) cell() (string, error) {
	for c.left == 0 {
		if err := c.turn(); err != nil {
			return "", err
		}
	}
	c.left--
	if c.levels != nil {
		level, err := c.levels.next()
		if err != nil || level == 0 {
			return "", err
		}
	}
	return c.values.next()
}

// turn opens the next page.
func (c *column) turn() error {
	t := &thrift{s: c.raw, at: c.at}
	p := readPage(t)
	if t.err != nil || p.packed < 0 || p.unpacked < 0 || p.values < 0 || p.packed > int64(len(c.raw)-t.at) {
		return errShort
	}
	body := c.raw[t.at : t.at+int(p.packed)]
	c.at = t.at + int(p.packed)
	switch {
	case p.kind != dataPage && p.kind != dataPage2 && p.kind != dictionaryPage:
		return nil // an index
	case p.kind != dictionaryPage && p.values > c.rest:
		return fmt.Errorf("its pages hold more values than there are rows")
	}
	used := c.page
	if p.kind == dictionaryPage {
		used = c.dict
	}
	*c.open += int(p.unpacked) - used
	if p.unpacked > mostPage || *c.open > mostOpen {
		return fault.New(fault.Invalid, tabular.LimitOp, "the Parquet file has pages of more than %s, or that take more than %s together while a row is read", tabular.Size(mostPage), tabular.Size(mostOpen)).
			WithMend("Write it again with smaller pages or fewer columns.")
	}
	// Pages without a value, and those that several groups name, cost no cell.
	if c.unpacked += p.unpacked; c.unpacker.most > 0 && c.unpacked > c.unpacker.most {
		return fault.New(fault.Invalid, tabular.LimitOp, "the pages of the Parquet file take more than %s when they are unpacked", tabular.Size(c.unpacker.most)).
			WithMend("Split the export, or raise ingest.limits.total_bytes.")
	}
	switch p.kind {
	case dictionaryPage:
		return c.entries(p, body)
	case dataPage:
		return c.firstForm(p, body)
	}
	return c.secondForm(p, body)
}

// entries reads the dictionary. What its entries take is a multiple of their page at most.
func (c *column) entries(p page, body string) error {
	if c.dictionary != nil {
		return fmt.Errorf("it has two dictionaries")
	}
	s, err := c.unpack(c.codec, body, int(p.unpacked))
	if err != nil {
		return err
	}
	least := int64(4) // bytes that a value takes
	if w := c.width(); w > 0 {
		least = int64(w)
	}
	if c.kind == boolean || p.encoding != plainValues && p.encoding != oldDictionary || p.values > int64(len(s))/least {
		return errShort
	}
	c.dict, c.dictionary = int(p.unpacked), make([]string, p.values)
	in := &plainly{l: c.leaf, s: s}
	for i := range c.dictionary {
		if c.dictionary[i], err = in.next(); err != nil {
			return err
		}
	}
	return nil
}

func (c *column) firstForm(p page, body string) error {
	s, err := c.unpack(c.codec, body, int(p.unpacked))
	if err != nil {
		return err
	}
	c.levels = nil
	if c.optional {
		if p.levelEncoding != runs {
			return fmt.Errorf("its missing values are marked in a way that is not read (encoding %d)", p.levelEncoding)
		}
		if len(s) < 4 || le(s[:4]) > uint64(len(s)-4) {
			return errShort
		}
		n := 4 + int(le(s[:4]))
		c.levels, s = &hybrid{s: s[4:n], width: 1}, s[n:]
	}
	return c.start(p, s)
}

func (c *column) secondForm(p page, body string) error {
	levels := p.repetition + p.definition
	if p.repetition < 0 || p.definition < 0 || levels > int64(len(body)) || levels > p.unpacked {
		return errShort
	}
	codec := c.codec
	if p.loose {
		codec = loose
	}
	s, err := c.unpack(codec, body[levels:], int(p.unpacked-levels))
	if err != nil {
		return err
	}
	c.levels = nil
	if c.optional {
		c.levels = &hybrid{s: body[p.repetition:levels], width: 1}
	}
	return c.start(p, s)
}

func (c *column) start(p page, s string) (err error) {
	c.page, c.left, c.rest = int(p.unpacked), p.values, c.rest-p.values
	c.values, err = c.leaf.open(p, s, c.dictionary, c.most)
	return err
}
