package guard

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"roleos/internal/llm"
)

// Endpoint is what every adapter is told about its provider.
type Endpoint struct {
	Provider string
	Model    string
	BaseURL  string // with the path before the protocol's own; empty is the provider's public address
	// Key returns the key for one request; nil for a server that wants none.
	Key  func(ctx context.Context) (string, error)
	Base http.RoundTripper // nil: see Options.Base
	Now  func() time.Time  // nil: time.Now
}

// Client returns a client that sends to the endpoint's host only, with the key
// in header behind prefix. It fails with llm.Invalid when the address is no
// https address; http is taken for this machine only.
func (e Endpoint) Client(header, prefix string) (*http.Client, *url.URL, error) {
	u, err := url.Parse(e.BaseURL)
	switch {
	case err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return nil, nil, &llm.Error{Kind: llm.Invalid, Provider: e.Provider, Message: "the address of the model is no plain https address"}
	case u.Scheme == "https", u.Scheme == "http" && local(u.Hostname()):
	default:
		return nil, nil, &llm.Error{Kind: llm.Invalid, Provider: e.Provider, Message: "the address of the model is not https; http is for this machine only"}
	}
	return Client(Options{
		Provider: e.Provider, Host: u.Host, Plain: u.Scheme == "http",
		Header: header, Prefix: prefix, Key: e.Key, Base: e.Base, Now: e.Now,
	}), u, nil
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// Placeholder stands where a client library insists on a key of its own. It is
// taken out again before anything is sent.
const Placeholder = "set-by-guard"
