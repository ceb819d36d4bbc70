package engine

import (
	"encoding/json"
	"errors"
	"fmt"

	"roleos/internal/fault"
)

// outcome is what the journal keeps of a step or a run: its value or its error.
// Errors keep their kind and their advice, so that a resumed run fails just as
// one that was never interrupted.
type outcome struct {
	Value json.RawMessage `json:"value,omitempty"`
	Error *failure        `json:"error,omitempty"`
}

type failure struct {
	Kind    string `json:"kind,omitempty"` // a fault.Kind's name; "": not a fault.Error
	Op      string `json:"op,omitempty"`
	Message string `json:"message"`
	Mend    string `json:"mend,omitempty"`
}

// encode returns the journal's form of a value or an error.
func encode[T any](v T, err error) (string, error) {
	var o outcome
	if err != nil {
		o.Error = describe(err)
	} else if o.Value, err = json.Marshal(v); err != nil {
		return "", fault.Wrap(err, fault.Internal, "engine.journal", "a result of type %T cannot be journalled", v)
	}
	body, err := json.Marshal(o)
	return string(body), err
}

// decode is the inverse of encode.
func decode[T any](body string) (T, error) {
	var v T
	var o outcome
	if err := json.Unmarshal([]byte(body), &o); err != nil {
		return v, fault.Wrap(err, fault.Internal, "engine.journal", "the journal holds something unreadable")
	}
	if o.Error != nil {
		return v, o.Error.revive()
	}
	if err := json.Unmarshal(o.Value, &v); err != nil {
		return v, fault.Wrap(err, fault.Internal, "engine.journal", "the journal holds something that is no %T", v)
	}
	return v, nil
}

// describe keeps the whole text of err, and of the first fault in its chain what
// callers act on.
func describe(err error) *failure {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return &failure{Message: err.Error()}
	}
	if whole := err.Error(); whole != f.Error() {
		return &failure{Kind: f.Kind.String(), Op: f.Op, Message: whole} // wrapped: the wrapper's words count too
	}
	short := *f
	short.Mend = ""
	return &failure{Kind: f.Kind.String(), Op: f.Op, Message: short.Error(), Mend: f.Mend}
}

func (f *failure) revive() error {
	if f.Kind == "" {
		return errors.New(f.Message)
	}
	kind := fault.Internal
	for k := fault.Internal; k <= fault.Unavailable; k++ {
		if k.String() == f.Kind {
			kind = k
		}
	}
	return &fault.Error{Op: f.Op, Kind: kind, Message: f.Message, Mend: f.Mend}
}

// safely calls f and turns a panic into an error.
func safely[T any](f func() (T, error)) (v T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.Wrap(fmt.Errorf("panic: %v", p), fault.Internal, "engine.run", "a defect in roleos stopped this step")
		}
	}()
	return f()
}
