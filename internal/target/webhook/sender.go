package webhook

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"roleos/internal/change"
	"roleos/internal/fault"
)

// ErrGone is an endpoint that answers 410: it wants no more messages.
var ErrGone = errors.New("it wants no more messages")

// Sender tells one address about the service itself: a reminder, a breach. It is
// no target: nothing that an agent proposes goes through it.
type Sender struct {
	to  endpoint
	now func() time.Time
}

// NewSender returns the sender for the endpoint.
func NewSender(e Endpoint, now func() time.Time) (*Sender, error) {
	const name = "notices"
	t, err := New(map[string]Endpoint{name: e}, now)
	if err != nil {
		return nil, err
	}
	return &Sender{to: t.endpoints[name], now: now}, nil
}

// Send posts the body once. The same id twice is the same message: the receiver
// drops one of them.
func (s *Sender) Send(ctx context.Context, id string, body []byte) error {
	if len(body) == 0 || len(body) > MaxBytes {
		return fault.New(fault.Invalid, "webhook.send", "a message has 1 to %d bytes, this one %d", MaxBytes, len(body))
	}
	return s.to.post(ctx, id, body, s.now())
}

// post sends a message once. An answer other than 2xx, or none, is an error; it
// carries change.ErrNotDone when nothing can have arrived.
func (e endpoint) post(ctx context.Context, key string, body []byte, now time.Time) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return errors.Join(err, change.ErrNotDone)
	}
	req.GetBody = nil // a message is not sent again by the transport
	at := strconv.FormatInt(now.Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "roleos-webhook/1")
	req.Header.Set("webhook-id", "msg_"+key)
	req.Header.Set("webhook-timestamp", at)
	req.Header.Set("webhook-signature", signature(e.secret, "msg_"+key, at, body))
	resp, err := e.client.Do(req)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err // the address may hold a token
		}
		return fault.Wrap(err, fault.Unavailable, "webhook.send", "the endpoint did not answer")
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer))
	if resp.StatusCode == http.StatusGone {
		return fault.Wrap(ErrGone, fault.Unavailable, "webhook.send", "the endpoint answered 410")
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fault.New(fault.Unavailable, "webhook.send", "the endpoint answered %d", resp.StatusCode)
	}
	return nil
}
