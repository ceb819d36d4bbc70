package parquet

import (
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// The codecs that are read. LZO, Brotli and the old form of LZ4 are not.
const (
	loose  = 0
	snappy = 1
	gzips  = 2
	zstds  = 6
	lz4    = 7
)

var errPacked = errors.New("a page does not unpack to what it declares")

// unpacker keeps what is costly to make. Its zero value is ready.
type unpacker struct {
	zstd     *zstd.Decoder
	unpacked int64 // bytes of all pages so far
	most     int64 // that they may take; 0: as many as there are
}

func (u *unpacker) close() {
	if u.zstd != nil {
		u.zstd.Close()
	}
}

// unpack returns the content of a page, which has to be as long as the page says.
func (u *unpacker) unpack(codec int64, s string, size int) (string, error) {
	if codec == loose {
		if len(s) != size {
			return "", errPacked
		}
		return s, nil
	}
	if size == 0 {
		return "", nil
	}
	var out []byte
	var err error
	switch codec {
	case snappy:
		out, err = unsnappy(s, size)
	case gzips:
		out, err = gunzip(s, size)
	case zstds:
		if u.zstd == nil {
			if u.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(mostPage), zstd.WithDecodeAllCapLimit(true)); err != nil {
				return "", err
			}
		}
		out, err = u.zstd.DecodeAll([]byte(s), make([]byte, 0, size))
	case lz4:
		out, err = unlz4(s, size)
	default:
		return "", fmt.Errorf("it is packed with %s, which is not read", codecName(codec))
	}
	if err != nil || len(out) != size {
		return "", errPacked
	}
	return string(out), nil
}

func codecName(codec int64) string {
	switch codec {
	case 3:
		return "LZO"
	case 4:
		return "Brotli"
	case 5:
		return "the old form of LZ4"
	}
	return fmt.Sprintf("codec %d", codec)
}

func gunzip(s string, size int) ([]byte, error) {
	r, err := gzip.NewReader(strings.NewReader(s))
	if err != nil {
		return nil, err
	}
	out := make([]byte, size)
	if _, err := io.ReadFull(r, out); err != nil {
		return nil, err
	}
	if n, err := r.Read(make([]byte, 1)); n > 0 || err != io.EOF {
		return nil, errPacked
	}
	return out, nil
}

// copyBack appends n bytes that stand offset bytes back, which may overlap what they become.
func copyBack(out []byte, offset, n int) ([]byte, bool) {
	if offset <= 0 || offset > len(out) || n > cap(out)-len(out) {
		return out, false
	}
	for ; n > 0; n-- {
		out = append(out, out[len(out)-offset])
	}
	return out, true
}

// unsnappy reads a block: https://github.com/google/snappy/blob/main/format_description.txt
func unsnappy(s string, size int) ([]byte, error) {
	declared, at := uvarint(s)
	if at <= 0 || declared != uint64(size) {
		return nil, errPacked
	}
	out := make([]byte, 0, size)
	little := func(n int) (v int) { // n bytes at at
		for i := n - 1; i >= 0; i-- {
			v = v<<8 | int(s[at+i])
		}
		at += n
		return v
	}
	for at < len(s) {
		tag := int(s[at])
		at++
		if tag&3 == 0 {
			n := tag >> 2
			if n >= 60 {
				wide := n - 59
				if at+wide > len(s) {
					return nil, errPacked
				}
				n = little(wide)
			}
			n++
			if n > len(s)-at || n > cap(out)-len(out) {
				return nil, errPacked
			}
			out = append(out, s[at:at+n]...)
			at += n
			continue
		}
		n, offset, wide := tag>>2+1, 0, [4]int{0, 1, 2, 4}[tag&3]
		if at+wide > len(s) {
			return nil, errPacked
		}
		if offset = little(wide); tag&3 == 1 {
			n, offset = tag>>2&7+4, tag>>5<<8|offset
		}
		var ok bool
		if out, ok = copyBack(out, offset, n); !ok {
			return nil, errPacked
		}
	}
	return out, nil
}

// unlz4 reads a block: https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md
func unlz4(s string, size int) ([]byte, error) {
	out := make([]byte, 0, size)
	at := 0
	long := func(n int) int { // a length of 15 goes on
		for n >= 15 && at < len(s) {
			b := int(s[at])
			at++
			if n += b; b != 255 || n > size+15 {
				break
			}
		}
		return n
	}
	for at < len(s) {
		token := int(s[at])
		at++
		n := long(token >> 4)
		if n > len(s)-at || n > cap(out)-len(out) {
			return nil, errPacked
		}
		out = append(out, s[at:at+n]...)
		if at += n; at == len(s) {
			return out, nil
		}
		if at+2 > len(s) {
			return nil, errPacked
		}
		offset := int(binary.LittleEndian.Uint16([]byte(s[at : at+2])))
		at += 2
		var ok bool
		if out, ok = copyBack(out, offset, long(token&15)+4); !ok {
			return nil, errPacked
		}
	}
	return nil, errPacked
}
