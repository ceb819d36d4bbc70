package webhooktest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// Secret signs what the receiver takes.
const Secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"

// Receiver is an endpoint that keeps what it is sent.
type Receiver struct {
	*httptest.Server

	mu     sync.Mutex
	times  map[string]int
	bodies map[string]string
	do     func(w http.ResponseWriter)
	asked  int
}

// New starts a receiver that ends with the test, which fails when a message is not
// signed or one id comes with two bodies.
func New(t testing.TB) *Receiver {
	t.Helper()
	r := &Receiver{times: map[string]int{}, bodies: map[string]string{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return // the sender was killed
		}
		id := req.Header.Get("webhook-id")
		key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(Secret, "whsec_"))
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + req.Header.Get("webhook-timestamp") + "." + string(body)))
		if req.Header.Get("webhook-signature") != "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)) || req.Header.Get("Content-Type") != "application/json" {
			t.Errorf("message %s is not signed", id)
		}
		r.mu.Lock()
		do := r.do
		r.asked++
		if was, ok := r.bodies[id]; ok && was != string(body) {
			t.Errorf("message %s was %s and is %s", id, was, body)
		}
		r.bodies[id] = string(body)
		r.mu.Unlock()
		if do != nil {
			do(w)
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.times[id]++
	}))
	t.Cleanup(r.Close)
	return r
}

// Does has the receiver answer by do from now on, nil: take what comes. What do
// answers is not taken.
func (r *Receiver) Does(do func(w http.ResponseWriter)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.do, r.asked = do, 0
}

// Asked returns how many messages came since Does.
func (r *Receiver) Asked() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked
}

// Taken returns how often each message was taken, by its id.
func (r *Receiver) Taken() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.times)
}

// Bodies returns what was sent, by its id.
func (r *Receiver) Bodies() map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.bodies)
}
