package guard

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"roleos/internal/llm"
)

// Bounds of what is read from a provider.
const (
	MaxErrorBytes  = 64 << 10 // of the body of a failed answer
	MaxAnswerBytes = 16 << 20 // of any answer, streams included
)

// Options describe one provider. Provider and Host are required.
type Options struct {
	Provider string
	Host     string // host[:port] that requests may go to; any other is refused
	Plain    bool   // http is accepted for Host: for a server on this machine
	Header   string // where the key goes; empty for no key
	Prefix   string // before the key: "Bearer "
	// Key returns the key for one request; it is asked each time, so that a key
	// may be changed while a process runs. Nil for none.
	Key func(ctx context.Context) (string, error)
	// Base sends the request. Nil is a transport of its own, with limits on
	// connecting and on waiting for the first byte left to the context.
	Base http.RoundTripper
	Now  func() time.Time // for dates in Retry-After; nil is time.Now
}

// Transport is an http.RoundTripper; see the package comment.
type Transport struct{ o Options }

// New returns a transport.
func New(o Options) *Transport {
	if o.Base == nil {
		o.Base = &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			TLSHandshakeTimeout: 10 * time.Second,
			ForceAttemptHTTP2:   true, MaxIdleConnsPerHost: 64, IdleConnTimeout: 90 * time.Second,
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Transport{o: o}
}

// Client returns a client over a transport with these options that follows no redirect.
func Client(o Options) *http.Client {
	return &http.Client{
		Transport:     New(o),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// keyNames are the headers and query parameters in which client libraries put a
// key of their own.
//
//nolint:gochecknoglobals // an immutable table
var (
	keyHeaders = []string{"Authorization", "X-Api-Key", "X-Goog-Api-Key", "Api-Key"}
	keyParams  = []string{"key", "api_key", "api-key", "apikey", "access_token", "token"}
)

// RoundTrip sends the request with the key in its header. Every status of 300
// and more, and a JSON answer that holds an error, is an *llm.Error.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := t.admit(req.URL); err != nil {
		drop(req.Body)
		return nil, err
	}
	out := req.Clone(req.Context())
	secret, err := t.authorize(out)
	if err != nil {
		drop(req.Body)
		return nil, err
	}
	resp, err := t.o.Base.RoundTrip(out)
	if err != nil {
		return nil, t.broken(req.Context(), err)
	}
	seen := t.noted(req.Context(), resp.Header)
	if resp.StatusCode >= http.StatusMultipleChoices {
		return nil, t.refused(resp, seen, secret)
	}
	return t.bounded(resp, seen, secret)
}

func drop(body io.Closer) {
	if body != nil {
		_ = body.Close() // the contract of RoundTripper; nothing was sent
	}
}

func (t *Transport) admit(u *url.URL) error {
	switch {
	case u.Host != t.o.Host:
		return t.err(llm.Invalid, "a request to another host than the configured one was refused")
	case u.Scheme == "https", u.Scheme == "http" && t.o.Plain:
		return nil
	}
	return t.err(llm.Invalid, "keys and records go over https only")
}

// authorize takes out whatever key a library put in and sets the configured one.
func (t *Transport) authorize(req *http.Request) (secret string, err error) {
	signed := strings.HasPrefix(req.Header.Get("Authorization"), "AWS4-")
	for _, h := range keyHeaders {
		if h != "Authorization" || !signed { // a signature is no key and covers the request
			req.Header.Del(h)
		}
	}
	if q := req.URL.Query(); slices.ContainsFunc(keyParams, q.Has) {
		for _, p := range keyParams {
			q.Del(p)
		}
		u := *req.URL
		u.RawQuery = q.Encode()
		req.URL = &u
	}
	if t.o.Key == nil || t.o.Header == "" {
		return "", nil
	}
	secret, err = t.o.Key(req.Context())
	switch {
	case err != nil:
		return "", &llm.Error{Kind: llm.Auth, Provider: t.o.Provider, Message: "the key could not be read", Err: err}
	case secret == "":
		return "", t.err(llm.Auth, "the key is empty")
	case strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "", t.err(llm.Auth, "the key holds characters that no key has, such as a line break")
	}
	req.Header.Set(t.o.Header, t.o.Prefix+secret)
	return secret, nil
}

func (t *Transport) err(k llm.Kind, message string) *llm.Error {
	return &llm.Error{Kind: k, Provider: t.o.Provider, Message: message}
}

// broken types an error of the network. Its text may hold an address, so only
// its sort is told.
func (t *Transport) broken(ctx context.Context, err error) *llm.Error {
	e := t.err(llm.Connection, "no connection")
	var timeout net.Error
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		e.Kind, e.Message = llm.Canceled, "given up"
	case ctx.Err() != nil, errors.As(err, &timeout) && timeout.Timeout():
		e.Kind, e.Message = llm.Timeout, "no answer in time"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		e.Message = "the connection broke"
	}
	e.Err = ctx.Err()
	return e
}

// bounded returns resp with a body that ends at MaxAnswerBytes. JSON is read
// whole here, so that a body that breaks off, or one that holds an error under
// status 200, is an error whatever a library would make of it.
func (t *Transport) bounded(resp *http.Response, seen *Seen, secret string) (*http.Response, error) {
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	ctx := resp.Request.Context()
	fail := func(err error) error {
		seen.broken = t.cut(ctx, err)
		return seen.broken
	}
	switch kind {
	case "text/event-stream":
		resp.Body = &events{body: resp.Body, left: MaxAnswerBytes, fail: fail}
		return resp, nil
	case "application/json":
	default: // AWS event streams and what a proxy may put in between
		resp.Body = &capped{body: resp.Body, left: MaxAnswerBytes, fail: fail}
		return resp, nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, MaxAnswerBytes+1))
	drop(resp.Body)
	switch {
	case err != nil:
		return nil, t.cut(ctx, err)
	case len(body) > MaxAnswerBytes:
		return nil, t.err(llm.TooLarge, fmt.Sprintf("the answer is larger than %d MiB", MaxAnswerBytes>>20))
	}
	if holdsError(body) {
		e := t.explained(resp.StatusCode, body, secret)
		e.RequestID, e.Rate = seen.RequestID, seen.Rate
		return nil, e
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return resp, nil
}

func (t *Transport) cut(ctx context.Context, err error) *llm.Error {
	e := t.err(llm.Truncated, "the answer broke off")
	if ctx.Err() != nil {
		return t.broken(ctx, err)
	}
	if errors.Is(err, errTooLarge) {
		e.Kind, e.Message = llm.TooLarge, fmt.Sprintf("the answer is larger than %d MiB", MaxAnswerBytes>>20)
		return e
	}
	e.Err = io.ErrUnexpectedEOF
	return e
}

// holdsError reports whether a JSON object, or the first of a list, has a member "error" that is not empty.
func holdsError(body []byte) bool {
	type answer struct {
		Error json.RawMessage `json:"error"`
		Type  string          `json:"type"`
	}
	var top answer
	if json.Unmarshal(body, &top) != nil {
		var list []answer // Gemini's streams
		if json.Unmarshal(body, &list) != nil || len(list) == 0 {
			return false
		}
		top = list[0]
	}
	switch string(bytes.TrimSpace(top.Error)) {
	case "", "null", `""`, "{}", "false":
		return top.Type == "error"
	}
	return true
}
