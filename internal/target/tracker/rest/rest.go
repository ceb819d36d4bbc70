package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"time"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/fault"
)

// Limits and defaults.
const (
	MaxAnswer = 16 << 20         // bytes read of an answer: a page of a hundred issues of the longest kind
	Timeout   = 30 * time.Second // of one request
	MaxWait   = time.Minute      // the longest that a request waits to be let in
	tries     = 3
	maxSaid   = 300 // bytes of a server's words in an error
)

// Options says where requests go.
type Options struct {
	Base   string // address without a user and a query; https, or http on loopback
	Plain  bool   // admits http to other hosts: the token travels readable
	Token  func(ctx context.Context) (string, error)
	Header func(h http.Header, token string) // sets the token and what else every request carries
	// Limited reports whether an answer says "not now", and how long to wait. Default: 429 with Retry-After.
	Limited func(a Answer, now time.Time) (wait time.Duration, limited bool)
	// Said returns the server's reason from an answer that is an error. Default: nothing.
	Said    func(a Answer) string
	MaxWait time.Duration // default MaxWait
	Timeout time.Duration // default Timeout
	Now     func() time.Time
	Sleep   func(ctx context.Context, d time.Duration) error // default: waits or ends with ctx
	// Sent is called when a write has left and its answer is not there yet. Tests
	// kill the process in it. Default: nothing.
	Sent func()
}

// Client sends requests. It is safe for concurrent use.
type Client struct {
	o    Options
	base *url.URL
	http *http.Client
}

// Answer is a server's answer.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Error is an answer that is an error, or none at all (Status 0).
type Error struct {
	Status int
	Said   string        // the server's words, made visible and cut
	Wait   time.Duration // when it says "not now": how long it asks to wait
}

// Error returns what the server answered.
func (e *Error) Error() string {
	s := fmt.Sprintf("the tracker answered %d", e.Status)
	if e.Status == 0 {
		s = "the tracker did not answer"
	}
	if e.Said != "" {
		s += ": " + e.Said
	}
	if e.Wait > 0 {
		s += fmt.Sprintf(" (it asks to wait %s)", e.Wait.Round(time.Second))
	}
	return s
}

// New returns a client, or fault.Invalid for an address that a token must not go to.
func New(o Options) (*Client, error) {
	u, err := url.Parse(o.Base)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fault.New(fault.Invalid, "tracker.open", "the tracker's address is not a plain https address without a user and a query")
	case u.Scheme != "https" && (u.Scheme != "http" || (!o.Plain && !loopback(u.Hostname()))):
		return nil, fault.New(fault.Invalid, "tracker.open", "the tracker at %s is not reached by https", u.Host).WithMend("the token would travel readable")
	case o.Token == nil || o.Header == nil || o.Now == nil:
		return nil, errors.New("rest: Token, Header and Now are required")
	}
	if o.Limited == nil {
		o.Limited = func(a Answer, now time.Time) (time.Duration, bool) {
			return RetryAfter(a.Header, now), a.Status == http.StatusTooManyRequests
		}
	}
	if o.Said == nil {
		o.Said = func(Answer) string { return "" }
	}
	if o.MaxWait <= 0 {
		o.MaxWait = MaxWait
	}
	if o.Timeout <= 0 {
		o.Timeout = Timeout
	}
	if o.Sleep == nil {
		o.Sleep = Sleep
	}
	return &Client{o: o, base: u, http: &http.Client{Timeout: o.Timeout, CheckRedirect: stay, Transport: transport()}}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// transport marks connections that were never made: then nothing was done.
func transport() *http.Transport {
	t := &http.Transport{
		ForceAttemptHTTP2: true, MaxIdleConns: 8, IdleConnTimeout: 30 * time.Second,
		TLSHandshakeTimeout: 10 * time.Second, MaxResponseHeaderBytes: 64 << 10,
	}
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, errors.Join(err, change.ErrNotDone)
		}
		return c, nil
	}
	return t
}

// stay follows a read on the same host; a write is never sent somewhere else.
func stay(r *http.Request, via []*http.Request) error {
	first := via[0]
	if first.Method != http.MethodGet || r.URL.Host != first.URL.Host || r.URL.Scheme != first.URL.Scheme || len(via) > tries {
		return http.ErrUseLastResponse
	}
	return nil
}

// Sleep waits, or returns the context's error when that ends first.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Request is one request below the base address.
type Request struct {
	Method string
	Path   string // slash-separated, every element plain
	Query  url.Values
	Body   any // written as JSON; nil for none
	Match  string
}

// Do sends the request. Every answer below 300, and 304, is no error. An error
// carries change.ErrNotDone when the request had certainly no effect, and
// *Error when the server answered; its kind is NotFound for 404 and 410,
// Denied for 401 and 403, Exhausted where it says "not now", Invalid for other
// 4xx and Unavailable for the rest.
func (c *Client) Do(ctx context.Context, r Request) (Answer, error) {
	var body []byte
	if r.Body != nil {
		var buf bytes.Buffer
		enc := json.NewEncoder(&buf)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(r.Body); err != nil {
			return Answer{}, errors.Join(err, change.ErrNotDone)
		}
		body = buf.Bytes()
	}
	read := r.Method == http.MethodGet
	for try := 1; ; try++ {
		a, err := c.once(ctx, r, body)
		if err == nil {
			wait, limited := c.o.Limited(a, c.o.Now())
			if !limited && (a.Status < 300 || a.Status == http.StatusNotModified) {
				return a, nil
			}
			if err = c.refused(a, wait, limited); limited {
				if wait = max(wait, time.Second); try == tries || wait > c.o.MaxWait {
					return a, err
				}
				if serr := c.o.Sleep(ctx, wait); serr != nil {
					return a, errors.Join(err, serr)
				}
				continue
			}
			if a.Status < 500 {
				return a, err
			}
		}
		// Whether a write that failed like this was done, only reading back can tell.
		if !read || try == tries || ctx.Err() != nil {
			return a, err
		}
		if serr := c.o.Sleep(ctx, time.Duration(try)*200*time.Millisecond); serr != nil {
			return a, errors.Join(err, serr)
		}
	}
}

func (c *Client) once(ctx context.Context, r Request, body []byte) (Answer, error) {
	token, err := c.o.Token(ctx)
	if err != nil || token == "" {
		return Answer{}, errors.Join(fault.New(fault.Denied, "tracker.token", "there is no token for the tracker at %s", c.base.Host), change.ErrNotDone)
	}
	u := c.base.JoinPath(r.Path)
	u.RawQuery = r.Query.Encode()
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, u.String(), reader)
	if err != nil {
		return Answer{}, errors.Join(fault.New(fault.Internal, "tracker.request", "the request cannot be made"), change.ErrNotDone)
	}
	if r.Method != http.MethodGet && c.o.Sent != nil {
		trace := &httptrace.ClientTrace{WroteRequest: func(info httptrace.WroteRequestInfo) {
			if info.Err == nil {
				c.o.Sent()
			}
		}}
		req = req.WithContext(httptrace.WithClientTrace(req.Context(), trace))
	}
	c.o.Header(req.Header, token)
	req.Header.Set("User-Agent", "roleos-tracker/1")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.Match != "" {
		req.Header.Set("If-None-Match", r.Match)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return Answer{}, c.unanswered(ctx, r, err, token)
	}
	defer resp.Body.Close()
	a := Answer{Status: resp.StatusCode, Header: resp.Header}
	a.Body, err = io.ReadAll(io.LimitReader(resp.Body, MaxAnswer+1))
	switch {
	case err != nil:
		return Answer{}, c.unanswered(ctx, r, err, token)
	case len(a.Body) > MaxAnswer:
		return Answer{}, fault.New(fault.Unavailable, "tracker.answer", "the tracker's answer has more than %d bytes", MaxAnswer)
	}
	a.Body = bytes.ReplaceAll(a.Body, []byte(token), []byte("***")) // a server that echoes it must not spread it
	return a, nil
}

// unanswered is a request without an answer. The cause is told without its address.
func (c *Client) unanswered(ctx context.Context, r Request, err error, token string) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	e := &Error{Said: cut(strings.ReplaceAll(err.Error(), token, "***"))}
	out := error(fault.Wrap(e, fault.Unavailable, "tracker.request", "%s at %s", r.Method, c.base.Host))
	if errors.Is(err, change.ErrNotDone) {
		out = errors.Join(out, change.ErrNotDone)
	}
	if cerr := ctx.Err(); cerr != nil {
		out = errors.Join(out, cerr)
	}
	return out
}

// refused is an answer that is an error.
func (c *Client) refused(a Answer, wait time.Duration, limited bool) error {
	e := &Error{Status: a.Status, Said: cut(c.o.Said(a))}
	kind := fault.Unavailable
	switch {
	case limited:
		kind, e.Wait = fault.Exhausted, max(wait, time.Second)
	case a.Status == http.StatusNotFound, a.Status == http.StatusGone:
		kind = fault.NotFound
	case a.Status == http.StatusUnauthorized, a.Status == http.StatusForbidden:
		kind = fault.Denied
	case a.Status >= 300 && a.Status < 400:
		kind = fault.Denied
		e.Said = "it sends us somewhere else, and that is not followed"
	case a.Status >= 400 && a.Status < 500:
		kind = fault.Invalid
	}
	err := error(fault.Wrap(e, kind, "tracker.request", "the tracker at %s refuses", c.base.Host))
	if a.Status >= 300 && a.Status < 500 && a.Status != http.StatusRequestTimeout {
		err = errors.Join(err, change.ErrNotDone)
	}
	return err
}

func cut(s string) string {
	s = guardrails.Visible(strings.ToValidUTF8(s, "?"))
	if len(s) > maxSaid {
		s = strings.ToValidUTF8(s[:maxSaid], "") + "..."
	}
	return s
}

// RetryAfter returns how long the header asks to wait, in either of its forms,
// 0 when it does not. https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
func RetryAfter(h http.Header, now time.Time) time.Duration {
	v := h.Get("Retry-After")
	if n, err := strconv.ParseInt(v, 10, 32); err == nil && n > 0 {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}
