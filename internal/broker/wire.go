package broker

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/fault"
)

// maxFrame bounds one message: a set's bytes in base64, and what stands beside them.
const maxFrame = guardrails.MaxSetBytes/3*4 + 1<<20

// The operations.
const (
	opSign   = "sign"
	opPublic = "public"
	opDo     = "do"
)

type request struct {
	ID        uint64 `json:"id"`
	Op        string `json:"op"`
	Message   []byte `json:"message,omitempty"`
	Key       string `json:"key,omitempty"`
	Digest    string `json:"digest,omitempty"` // of the set
	Set       []byte `json:"set,omitempty"`    // its bytes, unless the broker has them
	Index     int    `json:"index,omitempty"`
	Grant     []byte `json:"grant,omitempty"`
	Signature []byte `json:"signature,omitempty"`
}

type response struct {
	ID      uint64   `json:"id"`
	Key     string   `json:"key,omitempty"`
	Data    []byte   `json:"data,omitempty"`
	NeedSet bool     `json:"need_set,omitempty"` // send the set's bytes too; nothing was done
	Failure *failure `json:"failure,omitempty"`
}

// failure is an error on its way: its kind, its words, and what it says of the write.
type failure struct {
	Kind    fault.Kind `json:"kind"`
	Op      string     `json:"op"`
	Message string     `json:"message"`
	Mend    string     `json:"mend,omitempty"`
	Drift   bool       `json:"drift,omitempty"`
	NotDone bool       `json:"not_done,omitempty"`
}

func failed(err error) *failure {
	if err == nil {
		return nil
	}
	f := &failure{Kind: fault.KindOf(err), Op: "broker", Message: err.Error(), Drift: errors.Is(err, change.ErrDrift), NotDone: errors.Is(err, change.ErrNotDone)}
	if e, ok := err.(*fault.Error); ok { //nolint:errorlint // of joined errors all words are kept
		plain := *e
		plain.Mend = ""
		f.Op, f.Message, f.Mend = e.Op, plain.Error(), e.Mend
	}
	return f
}

func (f *failure) error() error {
	if f == nil {
		return nil
	}
	e := fault.New(f.Kind, f.Op, "%s", f.Message)
	if f.Mend != "" {
		e = e.WithMend("%s", f.Mend)
	}
	return marked{e, f.Drift, f.NotDone}
}

// marked is an error that still says of the write what it said on the other side.
type marked struct {
	err            *fault.Error
	drift, notDone bool
}

func (m marked) Error() string { return m.err.Error() }

func (m marked) Unwrap() error { return m.err }

func (m marked) Is(target error) bool {
	return m.drift && target == change.ErrDrift || m.notDone && target == change.ErrNotDone //nolint:errorlint // these two are compared as they are
}

func writeFrame(w io.Writer, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(raw) > maxFrame {
		return fmt.Errorf("a message of %d bytes; at most %d are sent", len(raw), maxFrame)
	}
	_, err = w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(raw))), raw...))
	return err
}

func readFrame(r io.Reader, v any) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxFrame {
		return fmt.Errorf("a message of %d bytes; at most %d are read", n, maxFrame)
	}
	raw := make([]byte, n)
	if _, err := io.ReadFull(r, raw); err != nil {
		return err
	}
	return json.Unmarshal(raw, v)
}
