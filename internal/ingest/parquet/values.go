package parquet

import (
	"errors"
	"fmt"
)

// The encodings of values: https://github.com/apache/parquet-format/blob/master/Encodings.md
const (
	plainValues     = 0
	oldDictionary   = 2
	runs            = 3
	deltaInts       = 5
	deltaLengths    = 6
	deltaStrings    = 7
	dictionaryPlain = 8
	byteStreams     = 9
)

var errShort = errors.New("a page holds fewer values than it declares")

// hybrid walks numbers written as runs and packed groups of eight. It keeps none of them.
type hybrid struct {
	s      string
	at     int
	width  int // bits of a number, at most 32
	left   int // numbers left of the run or of the groups
	run    bool
	value  uint32
	bitPos int // of the packed groups, from at
}

func (h *hybrid) next() (uint32, error) {
	for h.left == 0 {
		if !h.run {
			h.at += (h.bitPos + 7) / 8
		}
		h.bitPos = 0
		if h.at > len(h.s) {
			return 0, errShort
		}
		head, n := uvarint(h.s[h.at:])
		if n <= 0 || head>>1 > 1<<31 {
			return 0, errShort
		}
		h.at += n
		if h.run = head&1 == 0; !h.run {
			h.left = 8 * int(head>>1)
			continue
		}
		h.left = int(head >> 1)
		wide := (h.width + 7) / 8
		if h.at+wide > len(h.s) {
			return 0, errShort
		}
		h.value = 0
		for i := range wide {
			h.value |= uint32(h.s[h.at+i]) << (8 * i)
		}
		h.at += wide
	}
	h.left--
	if h.run {
		return h.value, nil
	}
	v, ok := packed(h.s[min(h.at, len(h.s)):], h.bitPos, h.width)
	h.bitPos += h.width
	if !ok {
		return 0, errShort
	}
	return uint32(v), nil
}

// packed reads width bits, the lowest first, from a place counted in bits.
func packed(s string, place, width int) (v uint64, ok bool) {
	if place+width > 8*len(s) {
		return 0, false
	}
	for got := 0; got < width; {
		shift := place & 7
		take := min(8-shift, width-got)
		v |= uint64(s[place>>3]>>shift&(1<<take-1)) << got
		got, place = got+take, place+take
	}
	return v, true
}

// deltas walks whole numbers written as differences in blocks.
type deltas struct {
	s              string
	at             int
	block, minis   int // numbers of a block, parts of it
	left           int // numbers not handed over yet
	value          int64
	first          bool
	least          int64 // of the block
	widths         string
	mini           int // position in widths
	inMini, bitPos int // numbers left of the part, place in it
}

func newDeltas(s string) (*deltas, error) {
	d := &deltas{s: s, first: true}
	head := [3]uint64{}
	for i := range head {
		v, n := uvarint(s[d.at:])
		if n <= 0 || v > 1<<31 {
			return nil, errShort
		}
		head[i], d.at = v, d.at+n
	}
	d.block, d.minis, d.left = int(head[0]), int(head[1]), int(head[2])
	if d.block <= 0 || d.minis <= 0 || d.block%d.minis != 0 || d.block/d.minis%8 != 0 {
		return nil, errShort
	}
	v, n := uvarint(s[d.at:])
	if n <= 0 {
		return nil, errShort
	}
	d.value, d.at = unzigzag(v), d.at+n
	return d, nil
}

func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }

func (d *deltas) next() (int64, error) {
	if d.left <= 0 {
		return 0, errShort
	}
	d.left--
	if d.first {
		d.first = false
		return d.value, nil
	}
	if d.inMini == 0 {
		if err := d.turn(); err != nil {
			return 0, err
		}
	}
	width := int(d.widths[d.mini])
	v, ok := packed(d.s[d.at:], d.bitPos, width)
	if !ok {
		return 0, errShort
	}
	d.bitPos += width
	d.inMini--
	d.value += d.least + int64(v)
	return d.value, nil
}

// turn goes to the next part, and at a block's end to the next block.
func (d *deltas) turn() error {
	if d.widths != "" {
		if err := d.leave(); err != nil {
			return err
		}
		d.mini++
	}
	if d.mini == len(d.widths) {
		v, n := uvarint(d.s[d.at:])
		if n <= 0 || d.minis > len(d.s)-d.at-n {
			return errShort
		}
		d.least, d.at = unzigzag(v), d.at+n
		d.widths, d.mini = d.s[d.at:d.at+d.minis], 0
		d.at += d.minis
	}
	if d.widths[d.mini] > 64 {
		return errShort
	}
	d.inMini = d.block / d.minis
	return nil
}

// leave steps over the rest of a part: it is filled up to its whole length.
func (d *deltas) leave() error {
	whole := d.block / d.minis * int(d.widths[d.mini]) / 8
	d.bitPos = 0
	if d.at += whole; d.at > len(d.s) {
		return errShort
	}
	return nil
}

// end returns where the numbers end, once all were handed over. The last block
// is written only as far as numbers stand in it.
func (d *deltas) end() (int, error) {
	if d.left != 0 {
		return 0, errShort
	}
	if d.widths == "" {
		return d.at, nil
	}
	return d.at, d.leave()
}

// values hands over the values of a page, one by one, as text.
type values interface {
	next() (string, error)
}

// plainly walks values that stand one after the other.
type plainly struct {
	l  *leaf
	s  string
	at int // in bits for flags, else in bytes
}

func (p *plainly) next() (string, error) {
	if p.l.kind == boolean {
		v, ok := packed(p.s, p.at, 1)
		p.at++
		if !ok {
			return "", errShort
		}
		return flag(v != 0), nil
	}
	n := p.l.width()
	if p.l.kind == byteArrays {
		if len(p.s)-p.at < 4 {
			return "", errShort
		}
		n = int(le(p.s[p.at : p.at+4]))
		p.at += 4
	}
	if n < 0 || n > len(p.s)-p.at {
		return "", errShort
	}
	p.at += n
	return p.l.text(p.s[p.at-n : p.at])
}

type looked struct {
	indexes    hybrid
	dictionary []string
}

func (d *looked) next() (string, error) {
	i, err := d.indexes.next()
	if err != nil {
		return "", err
	}
	if int64(i) >= int64(len(d.dictionary)) {
		return "", fmt.Errorf("a value names entry %d of a dictionary of %d", i, len(d.dictionary))
	}
	return d.dictionary[i], nil
}

type flags struct{ hybrid }

func (f *flags) next() (string, error) {
	v, err := f.hybrid.next()
	return flag(v != 0), err
}

type whole struct {
	l *leaf
	d *deltas
}

func (w *whole) next() (string, error) {
	v, err := w.d.next()
	if err != nil {
		return "", err
	}
	if w.l.kind == int32s {
		v = int64(int32(v))
	}
	return w.l.integer(v)
}

// measured walks strings whose lengths stand before all of them.
type measured struct {
	l       *leaf
	lengths *deltas
	s       string
}

func (m *measured) next() (string, error) {
	n, err := m.lengths.next()
	if err != nil {
		return "", err
	}
	if n < 0 || n > int64(len(m.s)) {
		return "", errShort
	}
	v := m.s[:n]
	m.s = m.s[n:]
	return m.l.text(v)
}

// continued walks strings of which each keeps the beginning of the one before.
type continued struct {
	l        *leaf
	prefixes *deltas
	rest     measured
	last     string
	most     int // bytes of a value
}

func (c *continued) next() (string, error) {
	keep, err := c.prefixes.next()
	if err != nil {
		return "", err
	}
	n, err := c.rest.lengths.next()
	if err != nil {
		return "", err
	}
	if keep < 0 || keep > int64(len(c.last)) || n < 0 || n > int64(len(c.rest.s)) {
		return "", errShort
	}
	if keep+n > int64(c.most) {
		return "", fmt.Errorf("a single cell holds more than %d bytes", c.most)
	}
	c.last = c.last[:keep] + c.rest.s[:n]
	c.rest.s = c.rest.s[n:]
	return c.l.text(c.last)
}

// streams walks values whose first bytes stand together, then all second ones.
type streams struct {
	l    *leaf
	s    string
	at   int
	many int
}

func (b *streams) next() (string, error) {
	w := b.l.width()
	if b.at >= b.many {
		return "", errShort
	}
	v := make([]byte, w)
	for i := range v {
		v[i] = b.s[i*b.many+b.at]
	}
	b.at++
	return b.l.text(string(v))
}

// open finds the reader of a page's values. A value takes most bytes at most.
func (l *leaf) open(p page, s string, dictionary []string, most int) (values, error) {
	switch encoding := p.encoding; {
	case encoding == plainValues:
		return &plainly{l: l, s: s}, nil
	case encoding == oldDictionary, encoding == dictionaryPlain:
		if s == "" { // every value is missing
			return &looked{}, nil
		}
		if s[0] > 32 {
			return nil, errShort
		}
		return &looked{indexes: hybrid{s: s[1:], width: int(s[0])}, dictionary: dictionary}, nil
	case encoding == runs && l.kind == boolean:
		if len(s) < 4 {
			return nil, errShort
		}
		return &flags{hybrid{s: s[4:], width: 1}}, nil
	case encoding == deltaInts && (l.kind == int32s || l.kind == int64s):
		d, err := newDeltas(s)
		return &whole{l, d}, err
	case encoding == deltaLengths && l.kind == byteArrays:
		lengths, at, err := prelude(s, p.values)
		return &measured{l, lengths, s[at:]}, err
	case encoding == deltaStrings && (l.kind == byteArrays || l.kind == fixed):
		prefixes, at, err := prelude(s, p.values)
		if err != nil {
			return nil, err
		}
		lengths, behind, err := prelude(s[at:], p.values)
		return &continued{l: l, prefixes: prefixes, rest: measured{l, lengths, s[at+behind:]}, most: most}, err
	case encoding == byteStreams && l.width() > 0 && len(s)%l.width() == 0:
		return &streams{l: l, s: s, many: len(s) / l.width()}, nil
	}
	return nil, fmt.Errorf("its values are written in a way that is not read (encoding %d)", p.encoding)
}

// prelude walks the numbers that stand before strings once, to find where those
// begin, and returns them to be walked again. There are as many as the page has values at most:
// numbers that are all alike take no bytes, so their bytes are no bound.
func prelude(s string, many int64) (*deltas, int, error) {
	d, err := newDeltas(s)
	if err != nil {
		return nil, 0, err
	}
	if int64(d.left) > many {
		return nil, 0, errShort
	}
	for d.left > 0 {
		if _, err := d.next(); err != nil {
			return nil, 0, err
		}
	}
	at, err := d.end()
	if err != nil {
		return nil, 0, err
	}
	again, err := newDeltas(s)
	return again, at, err
}

// le reads up to eight bytes, the lowest first.
func le(s string) (v uint64) {
	for i := len(s) - 1; i >= 0; i-- {
		v = v<<8 | uint64(s[i])
	}
	return v
}
