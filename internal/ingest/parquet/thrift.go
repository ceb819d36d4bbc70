package parquet

import "errors"

// The kinds of a value in Thrift's compact protocol:
// https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
const (
	kindStop   = 0
	kindTrue   = 1
	kindFalse  = 2
	kindByte   = 3
	kindI64    = 6 // i16 and i32, 4 and 5, are written like it
	kindDouble = 7
	kindBinary = 8
	kindList   = 9
	kindSet    = 10
	kindMap    = 11
	kindStruct = 12
)

// mostDepth bounds how deep structs and lists stand in one another; Parquet's own need six.
const mostDepth = 16

var errThrift = errors.New("its description breaks off or holds what no writer writes")

// thrift walks a value in Thrift's compact protocol. The first fault stays: from
// then on every value is zero and every list empty, so a caller asks once, at the end.
type thrift struct {
	s     string
	at    int
	depth int
	err   error
}

func (t *thrift) fail() { t.err, t.at = errThrift, len(t.s) }

func (t *thrift) byte() byte {
	if t.at >= len(t.s) {
		t.fail()
		return 0
	}
	t.at++
	return t.s[t.at-1]
}

func (t *thrift) uvarint() uint64 {
	v, n := uvarint(t.s[t.at:])
	if n <= 0 {
		t.fail()
		return 0
	}
	t.at += n
	return v
}

func (t *thrift) int() int64 {
	u := t.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

func (t *thrift) string() string {
	n := t.uvarint()
	if n > uint64(len(t.s)-t.at) {
		t.fail()
		return ""
	}
	t.at += int(n)
	return t.s[t.at-int(n) : t.at]
}

// fields calls yield for each field of a struct. yield reads the value, whose
// kind it gets, or leaves it: what was not read is skipped.
func (t *thrift) fields(yield func(id int64, kind byte)) {
	if t.depth++; t.depth > mostDepth {
		t.fail()
	}
	id := int64(0)
	for t.err == nil {
		head := t.byte()
		kind := head & 0xf
		if t.err != nil || kind == kindStop {
			break
		}
		if delta := head >> 4; delta != 0 {
			id += int64(delta)
		} else {
			id = t.int()
		}
		before := t.at
		if yield(id, kind); t.at == before && kind != kindTrue && kind != kindFalse {
			t.skip(kind)
		}
	}
	t.depth--
}

// list calls yield for each element of a list, which yield has to read.
func (t *thrift) list(yield func(kind byte)) {
	if t.depth++; t.depth > mostDepth {
		t.fail()
	}
	head := t.byte()
	n, kind := uint64(head>>4), head&0xf
	if n == 15 {
		n = t.uvarint()
	}
	for ; n > 0 && t.err == nil; n-- {
		if t.at >= len(t.s) { // an element takes a byte at least
			t.fail()
			break
		}
		yield(kind)
	}
	t.depth--
}

func (t *thrift) skip(kind byte) {
	switch kind {
	case kindTrue, kindFalse, kindByte: // as an element of a list a flag takes a byte
		t.byte()
	case 4, 5, kindI64:
		t.uvarint()
	case kindDouble:
		if t.at+8 > len(t.s) {
			t.fail()
			return
		}
		t.at += 8
	case kindBinary:
		t.string()
	case kindList, kindSet:
		t.list(t.skip)
	case kindMap:
		n := t.uvarint()
		if n == 0 {
			return
		}
		if t.depth++; t.depth > mostDepth {
			t.fail()
		}
		kinds := t.byte()
		for ; n > 0 && t.err == nil; n-- {
			t.skip(kinds >> 4)
			t.skip(kinds & 0xf)
		}
		t.depth--
	case kindStruct:
		t.fields(func(int64, byte) {})
	default:
		t.fail()
	}
}

// uvarint is binary.Uvarint over a string: n is 0 or less when there is none.
func uvarint(s string) (v uint64, n int) {
	for i := 0; i < len(s) && i < 10; i++ {
		b := s[i]
		if b < 0x80 {
			if i == 9 && b > 1 {
				return 0, -1
			}
			return v | uint64(b)<<(7*i), i + 1
		}
		v |= uint64(b&0x7f) << (7 * i)
	}
	return 0, 0
}
