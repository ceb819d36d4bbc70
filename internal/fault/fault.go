package fault

import (
	"errors"
	"fmt"
)

// Kind names what went wrong in terms a caller can act on. The zero value is Internal.
type Kind uint8

// The kinds, in the order of the tables below.
const (
	Internal          Kind = iota // a defect here; the detail is logged, not shown
	Invalid                       // the input is wrong; the sender mends it
	NotFound                      // the thing named does not exist
	Conflict                      // another change came first
	Denied                        // a gate, check or guard said no
	NeedsConfirmation             // a person has to confirm first
	Stale                         // what was decided on has changed since
	Exhausted                     // a limit or budget is used up
	Unavailable                   // something outside is not answering; try later
)

// row is the one table from Kind to its name, its exit code and its HTTP status
// (RFC 9110; written as numbers, so that agents do not come to import net/http).
// Exit codes: 1 a gate, check or guard said no; 2 usage; 3 system.
func (k Kind) row() (name string, exit, status int) {
	switch k {
	case Invalid:
		return "invalid", 2, 422
	case NotFound:
		return "not_found", 2, 404
	case Conflict:
		return "conflict", 1, 409
	case Denied:
		return "denied", 1, 403
	case NeedsConfirmation:
		return "needs_confirmation", 1, 428
	case Stale:
		return "stale", 1, 412
	case Exhausted:
		return "exhausted", 1, 429
	case Unavailable:
		return "unavailable", 3, 503
	}
	return "internal", 3, 500
}

// String returns the kind's stable snake_case name.
func (k Kind) String() string { n, _, _ := k.row(); return n }

// ExitCode returns the process exit code for the kind.
func (k Kind) ExitCode() int { _, c, _ := k.row(); return c }

// HTTPStatus returns the HTTP status for the kind.
func (k Kind) HTTPStatus() int { _, _, s := k.row(); return s }

// Error is a failure with a message for the person who can mend it.
//
// Message says what went wrong, where, and what was expected. Mend says what to
// do next and may be empty. Err is the cause; for Internal errors it is logged
// and not shown.
type Error struct {
	Op      string
	Kind    Kind
	Message string
	Mend    string
	Err     error
}

// New returns an Error without a cause. The message is formatted as by fmt.Sprintf.
func New(kind Kind, op, format string, args ...any) *Error {
	return &Error{Op: op, Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// Wrap returns an Error around cause. The message is formatted as by fmt.Sprintf.
func Wrap(cause error, kind Kind, op, format string, args ...any) *Error {
	return &Error{Op: op, Kind: kind, Message: fmt.Sprintf(format, args...), Err: cause}
}

// WithMend returns a copy of e that says what to do next.
func (e *Error) WithMend(format string, args ...any) *Error {
	c := *e
	c.Mend = fmt.Sprintf(format, args...)
	return &c
}

// Error returns the message, the cause and what to do next in one line each.
func (e *Error) Error() string {
	s := e.Message
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.Mend != "" {
		s += "\n" + e.Mend
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the first Error in err's chain, Internal when there is none.
// KindOf(nil) is Internal: ask only about errors.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}
