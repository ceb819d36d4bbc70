package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// magic stands at both ends of a file; sealed at those of one whose footer is encrypted.
const (
	magic  = "PAR1"
	sealed = "PARE"
)

// The physical types.
const (
	boolean = iota
	int32s
	int64s
	int96s
	floats
	doubles
	byteArrays
	fixed
)

// reading of a value, beyond its physical type.
type meaning int

const (
	plain meaning = iota
	text
	decimal
	date
	clockTime
	timestamp
	unsigned
	uuid
	float16
	opaque // BSON, intervals, geometry: bytes that no reader takes for words
)

// leaf is a column of the schema.
type leaf struct {
	name     string
	kind     int64 // physical type
	size     int64 // bytes of a fixed value
	optional bool
	nested   bool // a group, or repeated
	children int64
	meaning  meaning
	scale    int64 // decimals after the point
	unit     int64 // of times: 3, 6 or 9 decimals of a second
	utc      bool
}

// chunk is where the values of one column of one row group stand.
type chunk struct {
	kind, codec, values, size, data, dictionary int64
	elsewhere, sealed                           bool
}

type group struct {
	rows   int64
	chunks []chunk
}

type footer struct {
	leaves []leaf
	groups []group
	rows   int64
}

var (
	errNoEnd    = errors.New("it is not finished: the table of contents at its end is missing")
	errSealed   = errors.New("it is encrypted")
	errElswhere = errors.New("its values stand in another file")
)

// readFooter reads the table of contents at the end of a file.
func readFooter(raw string, mostColumns int) (*footer, error) {
	if strings.HasPrefix(raw, sealed) {
		return nil, errSealed
	}
	n := len(raw)
	if n < 12 || raw[n-4:] != magic {
		return nil, errNoEnd
	}
	size := int64(binary.LittleEndian.Uint32([]byte(raw[n-8 : n-4])))
	if size > int64(n-12) {
		return nil, errNoEnd
	}
	f := &footer{}
	t := &thrift{s: raw[n-8-int(size) : n-8]}
	root, encrypted, tooWide := true, false, false
	t.fields(func(id int64, kind byte) {
		switch {
		case id == 2 && kind == kindList:
			t.list(func(byte) {
				l := readLeaf(t)
				if !root {
					f.leaves = append(f.leaves, l)
				}
				root = false
				if mostColumns > 0 && len(f.leaves) > mostColumns {
					tooWide = true
					t.fail()
				}
			})
		case id == 4 && kind == kindList:
			t.list(func(byte) { f.groups = append(f.groups, readGroup(t, len(f.leaves))) })
		case id == 8:
			encrypted = true
		}
	})
	switch {
	case tooWide:
		return f, nil // the number of columns says it all
	case encrypted:
		return nil, errSealed
	case t.err != nil:
		return nil, t.err
	case len(f.leaves) == 0:
		return nil, errors.New("it has no columns")
	}
	return f, f.agree()
}

// agree holds what the parts of the footer say against one another.
func (f *footer) agree() error {
	for _, l := range f.leaves {
		if l.nested {
			return nil // refused with a message of its own
		}
	}
	for i, g := range f.groups {
		if g.rows < 0 || len(g.chunks) != len(f.leaves) {
			return fmt.Errorf("group %d of its rows has %d columns where %d belong", i+1, len(g.chunks), len(f.leaves))
		}
		for j, c := range g.chunks {
			switch {
			case c.sealed:
				return errSealed
			case c.elsewhere:
				return errElswhere
			case c.kind != f.leaves[j].kind || c.values != g.rows:
				return fmt.Errorf("what it says about column %d differs from one place to another", j+1)
			}
		}
		if f.rows += g.rows; f.rows < 0 || f.rows > 1<<40 {
			return errors.New("it claims more rows than any file holds")
		}
	}
	return nil
}

func readLeaf(t *thrift) leaf {
	var l leaf
	repetition, converted := int64(0), int64(-1)
	logical := leaf{}
	t.fields(func(id int64, kind byte) {
		switch id {
		case 1:
			l.kind = t.int()
		case 2:
			l.size = t.int()
		case 3:
			repetition = t.int()
		case 4:
			if kind == kindBinary {
				l.name = strings.ToValidUTF8(t.string(), "?")
			}
		case 5:
			l.children = max(0, min(t.int(), 1<<20))
		case 6:
			converted = t.int()
		case 7:
			l.scale = t.int()
		case 10:
			if kind == kindStruct {
				logical = readLogical(t)
			}
		}
	})
	l.optional, l.nested = repetition == 1, l.children > 0 || repetition == 2
	if logical.meaning != plain {
		l.meaning, l.unit, l.utc = logical.meaning, logical.unit, logical.utc
		if l.meaning == decimal {
			l.scale = logical.scale
		}
		return l
	}
	switch converted { // the older way to say the same
	case 0, 4, 19:
		l.meaning = text
	case 5:
		l.meaning = decimal
	case 6:
		l.meaning = date
	case 7, 8:
		l.meaning, l.unit = clockTime, 3*(converted-6)
	case 9, 10:
		l.meaning, l.unit, l.utc = timestamp, 3*(converted-8), true
	case 11, 12, 13, 14:
		l.meaning = unsigned
	case 20, 21:
		l.meaning = opaque
	}
	return l
}

// readLogical reads the union LogicalType.
func readLogical(t *thrift) leaf {
	var l leaf
	t.fields(func(id int64, kind byte) {
		if kind != kindStruct {
			return
		}
		switch id {
		case 1, 4, 12:
			l.meaning = text
		case 5:
			l.meaning = decimal
		case 6:
			l.meaning = date
		case 7:
			l.meaning = clockTime
		case 8:
			l.meaning = timestamp
		case 10:
			l.meaning = unsigned // unless it says that it has a sign
		case 13, 16, 17, 18:
			l.meaning = opaque
		case 14:
			l.meaning = uuid
		case 15:
			l.meaning = float16
		}
		t.fields(func(field int64, kind byte) {
			switch {
			case id == 5 && field == 1:
				l.scale = t.int()
			case (id == 7 || id == 8) && field == 1:
				l.utc = kind == kindTrue
			case (id == 7 || id == 8) && field == 2 && kind == kindStruct:
				t.fields(func(unit int64, _ byte) { l.unit = 3 * unit })
			case id == 10 && field == 2 && kind == kindTrue:
				l.meaning = plain
			}
		})
	})
	return l
}

func readGroup(t *thrift, columns int) group {
	var g group
	t.fields(func(id int64, kind byte) {
		switch {
		case id == 1 && kind == kindList:
			t.list(func(byte) {
				if len(g.chunks) > columns {
					t.fail()
				}
				g.chunks = append(g.chunks, readChunk(t))
			})
		case id == 3:
			g.rows = t.int()
		}
	})
	return g
}

func readChunk(t *thrift) chunk {
	var c chunk
	t.fields(func(id int64, kind byte) {
		switch {
		case id == 1:
			c.elsewhere = true
		case id == 8:
			c.sealed = true
		case id == 3 && kind == kindStruct:
			t.fields(func(id int64, kind byte) {
				if kind == kindStruct || kind == kindList || kind == kindBinary {
					return
				}
				switch id {
				case 1:
					c.kind = t.int()
				case 4:
					c.codec = t.int()
				case 5:
					c.values = t.int()
				case 7:
					c.size = t.int()
				case 9:
					c.data = t.int()
				case 11:
					c.dictionary = t.int()
				}
			})
		}
	})
	return c
}

// page is the head of a page.
type page struct {
	kind, unpacked, packed, values, encoding int64
	levelEncoding                            int64 // of a page of the first form
	repetition, definition                   int64 // bytes of the levels in a page of the second form
	loose                                    bool  // of the second form, and not packed
}

// The kinds of a page.
const (
	dataPage       = 0
	dictionaryPage = 2
	dataPage2      = 3
)

func readPage(t *thrift) page {
	var p page
	t.fields(func(id int64, kind byte) {
		switch {
		case id == 1:
			p.kind = t.int()
		case id == 2:
			p.unpacked = t.int()
		case id == 3:
			p.packed = t.int()
		case kind != kindStruct:
		case id == 5, id == 7:
			t.fields(func(field int64, kind byte) {
				switch {
				case kind == kindStruct:
				case field == 1:
					p.values = t.int()
				case field == 2:
					p.encoding = t.int()
				case field == 3 && id == 5:
					p.levelEncoding = t.int()
				}
			})
		case id == 8:
			t.fields(func(field int64, kind byte) {
				switch field {
				case 1:
					p.values = t.int()
				case 4:
					p.encoding = t.int()
				case 5:
					p.definition = t.int()
				case 6:
					p.repetition = t.int()
				case 7:
					p.loose = kind == kindFalse
				}
			})
		}
	})
	return p
}
