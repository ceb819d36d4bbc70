package audit

import (
	"encoding/json"
	"time"

	"roleos/internal/fault"
)

// Limits of one record. They keep a leaf readable and the log small; whole
// documents belong in the store and are named here by their digest.
const (
	MaxDetail = 256 << 10 // bytes of a record's detail
	maxName   = 512       // bytes of kind, actor and subject
)

// Record is one entry of the log.
type Record struct {
	Seq     int64           `json:"seq"` // from 1, without gaps
	At      time.Time       `json:"at"`  // UTC
	Kind    string          `json:"kind"`
	Actor   string          `json:"actor"` // person:..., agent:..., roleos
	Subject string          `json:"subject"`
	Mode    string          `json:"mode,omitempty"` // "solo" when no second person was asked
	Detail  json.RawMessage `json:"detail,omitempty"`
}

// encode makes the record's bytes: once, to be stored and hashed as they are.
func (r Record) encode() ([]byte, error) {
	const op = "audit.append"
	switch {
	case r.Kind == "" || r.Actor == "":
		return nil, fault.New(fault.Invalid, op, "an audit record needs a kind and an actor; kind is %q, actor is %q", r.Kind, r.Actor)
	case len(r.Kind) > maxName || len(r.Actor) > maxName || len(r.Subject) > maxName:
		return nil, fault.New(fault.Invalid, op, "kind, actor and subject of an audit record have at most %d bytes each", maxName)
	case len(r.Detail) > MaxDetail:
		return nil, fault.New(fault.Invalid, op, "the detail of audit record %q has %d bytes, at most %d are kept", r.Kind, len(r.Detail), MaxDetail).
			WithMend("Store the document and name its digest.")
	}
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, op, "audit record %q cannot be written as JSON", r.Kind)
	}
	return b, nil
}

// decode reads stored bytes back.
func decode(leaf Leaf) (Record, error) {
	var r Record
	if err := json.Unmarshal(leaf.Bytes, &r); err != nil {
		return Record{}, fault.Wrap(err, fault.Internal, "audit.read", "audit record %d is damaged", leaf.Seq).
			WithMend("Run: roleos audit verify")
	}
	return r, nil
}
