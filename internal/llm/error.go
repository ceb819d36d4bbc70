package llm

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Kind says how asking failed, in terms a caller can act on. The zero value is Server.
type Kind uint8

// The kinds.
const (
	Server      Kind = iota // the provider failed: 5xx
	Invalid                 // the request is wrong, or the model cannot do what it asks
	Auth                    // no key, or one that is not accepted
	NotFound                // no such model or address
	RateLimited             // too many requests or tokens for now
	Quota                   // nothing left on the provider's account; waiting does not help
	Overloaded              // the provider asks to come back later: 503, 529
	Timeout                 // no answer in time
	Connection              // no connection, or it broke
	TooLarge                // more than the model's context, or than is read here
	Refusal                 // the model or its provider would not answer
	Truncated               // the answer broke off: its limit was reached, or the stream
	Protocol                // the answer is not of the protocol
	Schema                  // the answer does not have the form asked for
	Budget                  // our own limit
	Canceled                // the caller gave up
)

// String returns the kind's stable name, which metrics and logs use.
func (k Kind) String() string {
	names := [...]string{
		"server", "invalid", "auth", "not_found", "rate_limited", "quota", "overloaded", "timeout", "connection",
		"too_large", "refusal", "truncated", "protocol", "schema", "budget", "canceled",
	}
	if int(k) < len(names) {
		return names[k]
	}
	return "unknown"
}

// Error is a failure to get a whole answer. It never holds a key, and no text of
// the request: its Message is safe to show.
type Error struct {
	Kind       Kind
	Status     int           // HTTP status; 0 for none
	RetryAfter time.Duration // what the provider asked for; 0 when it said nothing
	Provider   string
	RequestID  string
	Message    string
	Usage      Usage // what the failed answer cost, where the provider said so
	Rate       *Rate
	Err        error // the cause; may be nil
}

// Error names the provider, the status and the message.
func (e *Error) Error() string {
	s := e.Message
	if s == "" {
		s = e.Kind.String()
	}
	if e.Status != 0 {
		s = fmt.Sprintf("%s (HTTP %d)", s, e.Status)
	}
	if e.Provider != "" {
		s = e.Provider + ": " + s
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Retryable reports whether the same request may succeed later.
func (e *Error) Retryable() bool {
	switch e.Kind {
	case Server, RateLimited, Overloaded, Timeout, Connection, Protocol:
		return true
	case Truncated: // a broken stream yes, a limit that was reached no
		return e.Status == 0 && e.Err != nil
	}
	return false
}

// Fails reports whether the failure says that the provider is unwell. Being
// told to slow down does not: a breaker that opened on it would turn a limit
// into an outage.
func (e *Error) Fails() bool {
	switch e.Kind {
	case Server, Overloaded, Timeout, Connection, Protocol:
		return true
	}
	return false
}

// AsError returns the *Error in err's chain, or one of the kind that fits err.
// AsError(nil) is nil.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	switch {
	case errors.Is(err, context.Canceled):
		return &Error{Kind: Canceled, Message: "given up", Err: err}
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Kind: Timeout, Message: "no answer in time", Err: err}
	}
	return &Error{Kind: Protocol, Message: "the answer could not be read", Err: err}
}

// Rate is what a provider says about its limits in the headers of an answer.
// Negative counts are unknown.
type Rate struct {
	RequestLimit, RequestsLeft int
	TokenLimit, TokensLeft     int
	RequestReset, TokenReset   time.Duration // until the limit is whole again; 0 when unknown
}
