package webhook

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/fault"
)

// Send is the one operation of the target.
const Send = "send"

// Limits.
const (
	MaxBytes       = 256 << 10 // of a message
	maxAnswer      = 64 << 10  // read of an answer
	DefaultTimeout = 15 * time.Second
	MaxTimeout     = time.Minute
)

// Manifest says what a target of this kind can do.
func Manifest(name string) guardrails.Manifest {
	return guardrails.Manifest{Name: name, Version: "webhook/1", Operations: []guardrails.Operation{{Name: Send, Class: guardrails.Send}}}
}

// Endpoint is where messages may go.
type Endpoint struct {
	URL string // https; http only with Private
	// Secret signs the messages: "whsec_" and at least 24 bytes in base64.
	Secret string
	// Private admits loopback, private and link-local addresses.
	Private bool
	// Timeout bounds one message from looking up the name to the end of the
	// answer. Default DefaultTimeout, at most MaxTimeout.
	Timeout time.Duration
}

// Target sends messages. It is safe for concurrent use.
type Target struct {
	endpoints map[string]endpoint
	now       func() time.Time
}

type endpoint struct {
	url    string
	secret []byte
	client *http.Client
}

// New returns the target for the named endpoints. A message's object is the
// endpoint's name, a slash, and a name for the message.
func New(endpoints map[string]Endpoint, now func() time.Time) (*Target, error) {
	t := &Target{endpoints: make(map[string]endpoint, len(endpoints)), now: now}
	for name, e := range endpoints {
		u, err := url.Parse(e.URL)
		if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || (u.Scheme != "https" && (u.Scheme != "http" || !e.Private)) {
			return nil, fault.New(fault.Invalid, "webhook.new", "the address of the endpoint %q is not an https address without a user", name)
		}
		encoded, ok := strings.CutPrefix(e.Secret, "whsec_")
		secret, err := base64.StdEncoding.DecodeString(encoded)
		if !ok || err != nil || len(secret) < 24 || len(secret) > 64 {
			return nil, fault.New(fault.Invalid, "webhook.new", "the secret of the endpoint %q is not whsec_ and 24 to 64 bytes in base64", name)
		}
		if name == "" || strings.ContainsAny(name, "/ ") || guardrails.Visible(name) != name {
			return nil, fault.New(fault.Invalid, "webhook.new", "%q is no name for an endpoint", name)
		}
		if e.Timeout < 0 || e.Timeout > MaxTimeout {
			return nil, fault.New(fault.Invalid, "webhook.new", "the timeout of the endpoint %q is %s; it may be 0 for %s, or up to %s", name, e.Timeout, DefaultTimeout, MaxTimeout)
		}
		t.endpoints[name] = endpoint{url: u.String(), secret: secret, client: client(e.Private, cmp.Or(e.Timeout, DefaultTimeout))}
	}
	return t, nil
}

// client returns a client that looks at each address right before it connects,
// so that no name can resolve to something else in between.
func client(private bool, timeout time.Duration) *http.Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		ap, err := netip.ParseAddrPort(address)
		if err == nil && (private || public(ap.Addr())) {
			return nil
		}
		return fmt.Errorf("%s is no public address", address)
	}}
	return &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy: nil, // a proxy would connect for us, to whatever it likes
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				c, err := dialer.DialContext(ctx, network, address)
				if err != nil {
					return nil, errors.Join(err, change.ErrNotDone)
				}
				return c, nil
			},
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    5 * time.Second,
			DisableKeepAlives:      true, // a reused connection is sent to again when it turns out dead
			MaxResponseHeaderBytes: maxAnswer,
		},
	}
}

// public reports whether an address is out on the internet. The blocks are those
// of https://www.iana.org/assignments/iana-ipv4-special-registry and its twin for
// IPv6 that are not globally reachable or lead into IPv4.
func public(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.Zone() != "" {
		return false
	}
	for _, block := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
	} {
		if netip.MustParsePrefix(block).Contains(a) {
			return false
		}
	}
	return true
}

// Plan measures the messages. Nothing is connected to.
func (t *Target) Plan(_ context.Context, intended []change.Intended) (change.Measured, error) {
	m := change.Measured{Population: int64(len(t.endpoints))}
	for _, in := range intended {
		if _, err := t.endpoint(in.Op, in.Object, in.Body); err != nil {
			return change.Measured{}, err
		}
		m.Changes = append(m.Changes, guardrails.Change{
			Op: in.Op, Object: in.Object, Objects: 1, Body: in.Body, Before: guardrails.State{Digest: guardrails.Absent},
		})
	}
	return m, nil
}

func (t *Target) endpoint(op, object string, body []byte) (endpoint, error) {
	name, message, ok := strings.Cut(object, "/")
	e, known := t.endpoints[name]
	switch {
	case op != Send:
		return e, fault.New(fault.Invalid, "webhook.plan", "a webhook can send, not %q", op)
	case !known:
		return e, fault.New(fault.Denied, "webhook.plan", "there is no endpoint %.100q", name)
	case !ok || message == "" || len(object) > 300 || guardrails.Visible(object) != object:
		return e, fault.New(fault.Invalid, "webhook.plan", "%.300q is not an endpoint, a slash and a message's name", object)
	case len(body) == 0 || len(body) > MaxBytes:
		return e, fault.New(fault.Invalid, "webhook.plan", "a message has 1 to %d bytes, this one %d", MaxBytes, len(body))
	}
	return e, nil
}

// Stage fails with change.ErrNoStaging: there is no copy of the world.
func (t *Target) Stage(context.Context, []guardrails.Change) (change.Stage, error) {
	return nil, change.ErrNoStaging
}

// Read says that the message is not there: what was sent cannot be read back.
func (t *Target) Read(context.Context, string) (guardrails.State, error) {
	return guardrails.State{Digest: guardrails.Absent}, nil
}

// Apply sends the message once. An answer other than 2xx, or none, is an error;
// it carries change.ErrNotDone when nothing can have arrived.
func (t *Target) Apply(ctx context.Context, w change.Write) error {
	e, err := t.endpoint(w.Op, w.Object, w.Body)
	if err != nil {
		return errors.Join(err, change.ErrNotDone)
	}
	return e.post(ctx, w.Key, w.Body, t.now())
}

// signature returns the header's value: version 1, HMAC-SHA256 over id, time and body.
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
func signature(secret []byte, id, at string, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s.%s.%s", id, at, body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
