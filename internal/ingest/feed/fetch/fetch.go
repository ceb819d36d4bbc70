package fetch

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"roleos/internal/fault"
)

// Defaults of a Client's zero fields.
const (
	DefaultTimeout  = 20 * time.Second
	DefaultBytes    = 16 << 20
	mostRedirects   = 5
	agent           = "roleos (feed reader)"
	acceptableTypes = "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.1"
)

// Client fetches from the hosts it is allowed to.
type Client struct {
	Hosts     []string          // allowed, as "example.org", or "example.org:8080" for another port; no host by default
	Timeout   time.Duration     // for one address, redirects included
	Bytes     int64             // most that one answer may hold
	Transport http.RoundTripper // nil: one without proxy, cookies and credentials
}

// Stored is what an earlier answer left behind. The zero value asks for everything.
type Stored struct {
	ETag     string `json:"etag,omitempty"`
	Modified string `json:"modified,omitempty"` // the Last-Modified header, as it came
	Body     []byte `json:"body,omitempty"`
}

// Get returns the feed at an address. fresh is false when it is what was stored.
// Errors are of kind Denied (not allowed), Unavailable (worth another try) and Invalid.
func (c *Client) Get(ctx context.Context, address string, old Stored) (got Stored, fresh bool, err error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return Stored{}, false, fault.New(fault.Invalid, "feed.fetch", "%q is no address of a feed", address).WithMend("Write it in full: https://example.org/feed.xml")
	}
	if err := c.allowed(u); err != nil {
		return Stored{}, false, err
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(c.Timeout, DefaultTimeout))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return Stored{}, false, fault.Wrap(err, fault.Invalid, "feed.fetch", "%s cannot be asked for", u.Redacted())
	}
	req.Header.Set("User-Agent", agent)
	req.Header.Set("Accept", acceptableTypes)
	if len(old.Body) > 0 {
		setUnlessEmpty(req.Header, "If-None-Match", old.ETag)
		setUnlessEmpty(req.Header, "If-Modified-Since", old.Modified)
	}
	client := &http.Client{Transport: c.transport(), CheckRedirect: func(next *http.Request, via []*http.Request) error {
		if len(via) >= mostRedirects {
			return fault.New(fault.Invalid, "feed.fetch", "%s leads through more than %d redirects", u.Redacted(), mostRedirects)
		}
		return c.allowed(next.URL)
	}}
	resp, err := client.Do(req)
	if err != nil {
		return Stored{}, false, failed(err, u)
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotModified && len(old.Body) > 0:
		return old, false, nil
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500:
		return Stored{}, false, fault.New(fault.Unavailable, "feed.fetch", "%s answers %s", u.Redacted(), resp.Status).WithMend("Try again later.")
	case resp.StatusCode != http.StatusOK:
		return Stored{}, false, fault.New(fault.Invalid, "feed.fetch", "%s answers %s", u.Redacted(), resp.Status).WithMend("Check the address in a browser.")
	}
	most := cmp.Or(c.Bytes, DefaultBytes)
	body, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	if err != nil {
		return Stored{}, false, failed(err, u)
	}
	if int64(len(body)) > most {
		return Stored{}, false, fault.New(fault.Invalid, "feed.fetch", "%s sends more than %d bytes", u.Redacted(), most).WithMend("Raise ingest.feeds.bytes, or leave the feed out.")
	}
	return Stored{ETag: resp.Header.Get("ETag"), Modified: resp.Header.Get("Last-Modified"), Body: body}, true, nil
}

// allowed says why an address may not be asked, or nil.
func (c *Client) allowed(u *url.URL) error {
	if u.Scheme != "https" && u.Scheme != "http" {
		return fault.New(fault.Denied, "feed.fetch", "%s is neither http nor https", u.Redacted())
	}
	if u.User != nil {
		return fault.New(fault.Denied, "feed.fetch", "%s carries credentials", u.Redacted()).WithMend("Save such a feed to a file and read that.")
	}
	host := strings.ToLower(u.Hostname())
	full := host
	if p := u.Port(); p != "" && (u.Scheme != "https" || p != "443") && (u.Scheme != "http" || p != "80") {
		full += ":" + p
	}
	if slices.ContainsFunc(c.Hosts, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), full) }) {
		return nil
	}
	return fault.New(fault.Denied, "feed.fetch", "%s is not among the hosts that feeds may be fetched from", full).
		WithMend("Allow it in roleos.yaml: ingest: {feeds: {hosts: %q}}", full)
}

func (c *Client) transport() http.RoundTripper {
	if c.Transport != nil {
		return c.Transport
	}
	return &http.Transport{
		DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10,
		TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: cmp.Or(c.Timeout, DefaultTimeout),
	}
}

// failed keeps a refusal as it is and calls everything else unavailable.
func failed(err error, u *url.URL) error {
	var f *fault.Error
	if errors.As(err, &f) {
		return f
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fault.New(fault.Unavailable, "feed.fetch", "%s did not answer in time", u.Redacted()).WithMend("Try again later, or raise ingest.feeds.timeout.")
	}
	return fault.Wrap(err, fault.Unavailable, "feed.fetch", "%s cannot be reached", u.Redacted()).WithMend("Check the address and the connection.")
}

func setUnlessEmpty(h http.Header, name, value string) {
	if value != "" {
		h.Set(name, value)
	}
}
