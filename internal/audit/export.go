package audit

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/tlog"

	"roleos/internal/fault"
)

// ExportSchema names the form of an export's first line.
const ExportSchema = "roleos/audit-export/v1"

// maxLine holds a record whose every byte is escaped, and its path.
const maxLine = 6*(MaxDetail+4*maxName) + 64<<10

type exportHeader struct {
	Schema     string `json:"schema"`
	Records    int64  `json:"records"`
	Checkpoint string `json:"checkpoint"`
}

type exportLine struct {
	Seq    int64  `json:"seq"`
	Record string `json:"record"`
	Path   []Hash `json:"path"`
}

// Export writes the log as JSON Lines: first the signed checkpoint, then every
// record with the path that proves it. A record is a JSON string of its very
// bytes, because writing it anew could change them. A log that does not prove
// is not exported any further than that.
func (l *Log) Export(ctx context.Context, w io.Writer) error {
	signed, err := l.Checkpoint(ctx)
	if err != nil {
		return err
	}
	key, err := l.keys(ctx)
	if err != nil {
		return err
	}
	head, err := OpenCheckpoint(signed, key.Verifiers)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(exportHeader{Schema: ExportSchema, Records: head.Size, Checkpoint: string(signed)}); err != nil {
		return err
	}
	r := remember(l.reader(ctx))
	for seq := int64(0); seq < head.Size; {
		leaves, err := l.storage.Leaves(ctx, seq, maxPage)
		if err != nil {
			return err
		}
		if len(leaves) == 0 {
			return fault.New(fault.Denied, "audit.export", "%s missing", span(seq+1, head.Size)+" "+verb(seq+1, head.Size, "is", "are")).
				WithMend("Run: roleos audit verify")
		}
		for _, leaf := range leaves {
			if leaf.Seq > head.Size {
				break // appended while exporting
			}
			if leaf.Seq != seq+1 || !utf8.Valid(leaf.Bytes) {
				return fault.New(fault.Denied, "audit.export", "record %d is missing or damaged", seq+1).
					WithMend("Run: roleos audit verify")
			}
			path, err := l.path(head, leaf, r)
			if err != nil {
				return err
			}
			if err := enc.Encode(exportLine{Seq: leaf.Seq, Record: string(leaf.Bytes), Path: path}); err != nil {
				return err
			}
			seq = leaf.Seq
		}
	}
	return out.Flush()
}

// remember keeps hashes that were read: neighbouring paths share most of theirs.
func remember(r tlog.HashReader) tlog.HashReader {
	const most = 1 << 16
	known := map[int64]tlog.Hash{}
	return tlog.HashReaderFunc(func(indexes []int64) ([]Hash, error) {
		var unknown []int64
		for _, i := range indexes {
			if _, ok := known[i]; !ok {
				unknown = append(unknown, i)
			}
		}
		if len(unknown) > 0 {
			if len(known) > most {
				clear(known)
				unknown = indexes
			}
			read, err := r.ReadHashes(unknown)
			if err != nil {
				return nil, err
			}
			for k, i := range unknown {
				known[i] = read[k]
			}
		}
		out := make([]Hash, len(indexes))
		for k, i := range indexes {
			out[k] = known[i]
		}
		return out, nil
	})
}

// VerifyExport reads an export and checks every record in it. It needs no log,
// only the believed keys, and returns what the checkpoint in it says.
func VerifyExport(r io.Reader, believed Verifiers) (Head, error) {
	const op = "audit.verify_export"
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	next := func(into any) (bool, error) {
		if !lines.Scan() {
			return false, lines.Err()
		}
		dec := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		dec.DisallowUnknownFields()
		if err := dec.Decode(into); err != nil {
			return false, err
		}
		if dec.More() {
			return false, errors.New("more than one value on the line")
		}
		return true, nil
	}
	var header exportHeader
	if ok, err := next(&header); err != nil || !ok || header.Schema != ExportSchema {
		return Head{}, fault.New(fault.Invalid, op, "this is no audit export: its first line has no schema %q", ExportSchema)
	}
	head, err := OpenCheckpoint([]byte(header.Checkpoint), believed)
	if err != nil {
		return Head{}, err
	}
	seq := int64(0)
	for {
		var line exportLine
		ok, err := next(&line)
		if err != nil {
			return head, fault.Wrap(err, fault.Invalid, op, "line %d of the export cannot be read", seq+2)
		}
		if !ok {
			break
		}
		seq++
		if line.Seq != seq {
			return head, fault.New(fault.Denied, op, "line %d of the export should hold record %d, it holds record %d", seq+1, seq, line.Seq)
		}
		if _, err := verifyRecord(head, line.Seq, []byte(line.Record), line.Path); err != nil {
			return head, err
		}
	}
	if seq != head.Size {
		return head, fault.New(fault.Denied, op, "the export holds %d of the %d records its checkpoint signs", seq, head.Size)
	}
	return head, nil
}
