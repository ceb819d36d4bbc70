package audit

import (
	"context"
	"encoding/json"

	"golang.org/x/mod/sumdb/tlog"

	"roleos/internal/fault"
)

// Proof shows that a record is in the log that a checkpoint signed, to whoever
// has the public key and nothing else.
type Proof struct {
	Seq        int64  `json:"seq"`
	Record     string `json:"record"`     // the record's bytes as they were hashed
	Path       []Hash `json:"path"`       // RFC 6962 audit path
	Checkpoint string `json:"checkpoint"` // signed note
}

// maxPath is the longest path in a log of maxSize records.
const maxPath = 64

// Prove returns the proof that the log as it is now holds record seq. It makes a checkpoint.
func (l *Log) Prove(ctx context.Context, seq int64) (Proof, error) {
	const op = "audit.prove"
	leaves, err := l.storage.Leaves(ctx, seq-1, 1)
	if err != nil {
		return Proof{}, err
	}
	if seq < 1 || len(leaves) == 0 || leaves[0].Seq != seq {
		return Proof{}, fault.New(fault.NotFound, op, "the audit log has no record %d", seq)
	}
	signed, err := l.Checkpoint(ctx)
	if err != nil {
		return Proof{}, err
	}
	key, err := l.keys(ctx)
	if err != nil {
		return Proof{}, err
	}
	head, err := OpenCheckpoint(signed, key.Verifiers)
	if err != nil {
		return Proof{}, err
	}
	path, err := l.path(head, leaves[0], l.reader(ctx))
	return Proof{Seq: seq, Record: string(leaves[0].Bytes), Path: path, Checkpoint: string(signed)}, err
}

// path returns the audit path of a leaf and makes sure that it proves the leaf.
func (l *Log) path(head Head, leaf Leaf, r tlog.HashReader) ([]Hash, error) {
	const op = "audit.prove"
	if leaf.Seq > head.Size {
		return nil, fault.New(fault.NotFound, op, "the checkpoint of %d records says nothing about record %d", head.Size, leaf.Seq)
	}
	path, err := tlog.ProveRecord(head.Size, leaf.Seq-1, r)
	if err != nil {
		return nil, err
	}
	if err := tlog.CheckRecord(path, head.Size, head.Root, leaf.Seq-1, tlog.RecordHash(leaf.Bytes)); err != nil {
		return nil, fault.New(fault.Denied, op, "record %d cannot be proved: it is not what was written", leaf.Seq).
			WithMend("Find what was changed: roleos audit verify")
	}
	return path, nil
}

// VerifyProof checks a proof against the believed keys and returns the record it proves.
func VerifyProof(p Proof, believed Verifiers) (Record, error) {
	head, err := OpenCheckpoint([]byte(p.Checkpoint), believed)
	if err != nil {
		return Record{}, err
	}
	return verifyRecord(head, p.Seq, []byte(p.Record), p.Path)
}

func verifyRecord(head Head, seq int64, record []byte, path []Hash) (Record, error) {
	const op = "audit.prove"
	refused := fault.New(fault.Denied, op, "record %d is not proved by its checkpoint", seq)
	if seq < 1 || seq > head.Size || len(path) > maxPath {
		return Record{}, refused
	}
	if err := tlog.CheckRecord(path, head.Size, head.Root, seq-1, tlog.RecordHash(record)); err != nil {
		return Record{}, refused
	}
	var r Record
	if err := json.Unmarshal(record, &r); err != nil || r.Seq != seq {
		return Record{}, fault.New(fault.Denied, op, "the bytes proved as record %d do not read as that record", seq)
	}
	return r, nil
}
