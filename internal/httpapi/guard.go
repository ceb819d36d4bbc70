package httpapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"roleos/internal/app"
	"roleos/internal/fault"
	"roleos/internal/identity"
)

// FormHeader carries a signed-in browser's own mark on every write.
const FormHeader = "X-Roleos-Form"

// guard finds out who asks, bounds how often, and makes a write that is sent
// twice happen once.
func (a *api) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if !strings.HasPrefix(r.URL.Path, Base+"/") { // the document that describes the API is for everybody
			next.ServeHTTP(w, r)
			return
		}
		scope := identity.Decide
		switch {
		case strings.HasPrefix(r.URL.Path, Base+"/tokens") || strings.HasPrefix(r.URL.Path, Base+"/webhooks") || strings.HasPrefix(r.URL.Path, Base+"/erasures") ||
			r.URL.Path == Base+"/backup":
			scope = identity.Admin
		case r.Method == http.MethodGet || r.Method == http.MethodHead:
			scope = identity.Read
		case strings.HasPrefix(r.URL.Path, Base+"/uploads") || strings.HasPrefix(r.URL.Path, Base+"/runs"), strings.HasPrefix(r.URL.Path, Base+"/workflow-runs"):
			scope = identity.Run
		}
		if !utf8.ValidString(r.URL.Path) || strings.Contains(r.URL.Path, "\x00") || badQuery(r.URL.Query()) {
			problem(w, http.StatusNotFound, "the address holds what is no text")
			return
		}
		actor, client, err := a.who(r, scope)
		if err != nil {
			if r.Header.Get("Authorization") == "" && !strings.Contains(err.Error(), "is not for") {
				w.Header().Set("WWW-Authenticate", `Bearer realm="roleos"`)
				problem(w, http.StatusUnauthorized, "a token is needed: Authorization: Bearer roleos_...")
				return
			}
			status := http.StatusUnauthorized
			if strings.Contains(err.Error(), "is not for") {
				status = http.StatusForbidden
			}
			if fault.KindOf(err) != fault.Denied {
				status = fault.KindOf(err).HTTPStatus()
			}
			problem(w, status, err.Error())
			return
		}
		if wait := a.limits.take(client, a.Now()); wait > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
			problem(w, http.StatusTooManyRequests, "too many requests; wait as long as Retry-After says")
			return
		}
		asked := r
		if strings.HasSuffix(r.URL.Path, "/events") { // a stream outlives the look at who asks
			ctx, end := a.whileLetIn(r, scope)
			defer end()
			r = r.WithContext(ctx)
		}
		r = noting(r.WithContext(app.WithActor(r.Context(), actor)))
		defer func() { asked.Pattern = r.Pattern }() // who counts requests outside wants to know which operation it was
		if key := r.Header.Get("Idempotency-Key"); key != "" && r.Method == http.MethodPost {
			a.once(w, r, client+" "+key, next)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// lookAgain is how often it is looked at whether who follows a stream may still.
const lookAgain = time.Second

// whileLetIn returns a context that ends when who sent the request is no longer let
// in: their token was revoked or expired, or their session ended. A store that does
// not answer ends nothing.
func (a *api) whileLetIn(r *http.Request, scope identity.Scope) (context.Context, context.CancelFunc) {
	ctx, end := context.WithCancel(r.Context())
	r = r.WithContext(ctx)
	go func() {
		t := time.NewTicker(lookAgain)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
				if _, _, err := a.who(r, scope); err != nil && fault.KindOf(err) == fault.Denied {
					end()
				}
			}
		}
	}()
	return ctx, end
}

// badQuery reports whether a value is no text that a database keeps.
func badQuery(q url.Values) bool {
	for _, values := range q {
		for _, v := range values {
			if !utf8.ValidString(v) || strings.Contains(v, "\x00") {
				return true
			}
		}
	}
	return false
}

// who returns the person behind a request, and a name for the client to count by.
func (a *api) who(r *http.Request, scope identity.Scope) (app.Actor, string, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		t, err := identity.Bearer(r.Context(), a.Store, header, scope, a.Now())
		if err != nil {
			return app.Actor{}, "", err
		}
		actor := a.App.Person(t.Person)
		actor.Scopes = t.Scopes
		return actor, "token " + t.ID, mayAdmin(actor, scope)
	}
	actor, csrf, ok := a.Session(r)
	if !ok {
		return app.Actor{}, "", fault.New(fault.Denied, "http.session", "nobody is signed in")
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead && (csrf == "" || subtle.ConstantTimeCompare([]byte(r.Header.Get(FormHeader)), []byte(csrf)) != 1) {
		return app.Actor{}, "", fault.New(fault.Denied, "http.session", "the write does not come from a page of roleos")
	}
	if !actor.May(scope) {
		return app.Actor{}, "", fault.New(fault.Denied, "http.session", "the session is not for %q, as the token it was made from", scope)
	}
	return actor, "session " + actor.ID, mayAdmin(actor, scope)
}

// mayAdmin refuses who does not hold the role admin, whatever the token says.
func mayAdmin(actor app.Actor, scope identity.Scope) error {
	if scope == identity.Admin && !actor.Has("admin") {
		return fault.New(fault.Denied, "http.admin", "%s does not hold the role admin, and this is not for them", actor.ID)
	}
	return nil
}

// kept is an answer as it is kept for a key.
type kept struct {
	Status int         `json:"status"`
	Header http.Header `json:"header"`
	Body   []byte      `json:"body"`
}

// maxKept bounds the request and the answer of a write with a key.
const maxKept = 1 << 20

// once answers a write with a key from what was kept, or keeps its answer.
func (a *api) once(w http.ResponseWriter, r *http.Request, key string, next http.Handler) {
	if given := r.Header.Get("Idempotency-Key"); len(given) < 8 || len(given) > 200 || strings.ContainsFunc(given, func(c rune) bool { return c < ' ' || c > '~' }) {
		problem(w, http.StatusUnprocessableEntity, "Idempotency-Key has 8 to 200 characters, all of them ASCII")
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxKept+1))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		problem(w, http.StatusRequestTimeout, "the body did not come in time")
		return
	}
	if err != nil || len(body) > maxKept {
		problem(w, http.StatusRequestEntityTooLarge, "a request with an Idempotency-Key has at most 1 MiB; uploads are stored once without one")
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	sum := sha256.Sum256([]byte(r.Method + " " + r.URL.RequestURI() + "\n" + string(body)))
	request := hex.EncodeToString(sum[:])
	err = a.Store.ClaimReply(r.Context(), key, request, a.Now())
	if fault.KindOf(err) == fault.Conflict && err != nil {
		was, answer, rerr := a.Store.KeptReply(r.Context(), key)
		switch {
		case rerr != nil:
			problem(w, http.StatusConflict, "the first request with this Idempotency-Key is still going on")
		case was != request:
			problem(w, http.StatusUnprocessableEntity, "this Idempotency-Key was used for another request")
		default:
			replay(w, answer)
		}
		return
	}
	if err != nil {
		problem(w, fault.KindOf(err).HTTPStatus(), "")
		return
	}
	rec := &recorder{header: http.Header{}, status: http.StatusInternalServerError}
	defer func() { // also when the client has gone, and when the use case panics
		answer, err := json.Marshal(kept{Status: rec.status, Header: rec.header, Body: rec.body.Bytes()})
		if err != nil || rec.status >= statusGone || len(answer) > 4*maxKept {
			answer = nil // it may be tried again
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 10*time.Second)
		defer cancel()
		if err := a.Store.KeepReply(ctx, key, answer); err != nil {
			a.Logger.WarnContext(ctx, "an answer was not kept", "error", err)
		}
	}()
	next.ServeHTTP(rec, r)
	rec.copyTo(w)
}

// statusGone is what is noted for a client that went away before its answer.
const statusGone = 499

func replay(w http.ResponseWriter, answer []byte) {
	var k kept
	if json.Unmarshal(answer, &k) != nil {
		problem(w, http.StatusInternalServerError, "")
		return
	}
	k.Header.Set("Idempotent-Replayed", "true")
	(&recorder{header: k.Header, status: k.Status, body: *bytes.NewBuffer(k.Body)}).copyTo(w)
}

type recorder struct {
	header http.Header
	status int
	wrote  bool
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header    { return r.header }
func (r *recorder) WriteHeader(status int) { r.status, r.wrote = status, true }

func (r *recorder) Write(b []byte) (int, error) {
	if !r.wrote {
		r.WriteHeader(http.StatusOK)
	}
	return r.body.Write(b)
}

func (r *recorder) copyTo(w http.ResponseWriter) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body.Bytes())
}

// methods answers what the mux would answer as text, 404 and 405, as problems.
func methods(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern == "" || pattern == Base+"/" {
			var allowed []string
			for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete} {
				if m != r.Method {
					probe := r.Clone(r.Context())
					probe.Method = m
					if _, p := mux.Handler(probe); p != "" && p != Base+"/" {
						allowed = append(allowed, m)
					}
				}
			}
			if len(allowed) > 0 {
				w.Header().Set("Allow", strings.Join(allowed, ", "))
				problem(w, http.StatusMethodNotAllowed, "this path takes "+strings.Join(allowed, " and "))
				return
			}
			problem(w, http.StatusNotFound, "there is nothing at this path; see /docs")
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// problem writes a problem document.
func problem(w http.ResponseWriter, status int, detail string) {
	if status >= http.StatusInternalServerError && detail == "" {
		detail = "Something went wrong here. The log of the service has the reason."
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"title": http.StatusText(status), "status": status, "detail": detail})
}

// limiter counts requests by client: a bucket that fills at rate a second and
// holds burst.
type limiter struct {
	rate, burst float64
	mu          sync.Mutex
	clients     map[string]bucket
}

type bucket struct {
	left float64
	at   time.Time
}

// maxClients bounds the buckets that are kept; full ones are forgotten first.
const maxClients = 10_000

func newLimiter(rate, burst float64) *limiter {
	return &limiter{rate: rate, burst: burst, clients: map[string]bucket{}}
}

// take counts a request and returns 0, or how long to wait.
func (l *limiter) take(client string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, ok := l.clients[client]
	if !ok {
		b = bucket{left: l.burst, at: now}
	}
	b.left = min(l.burst, b.left+l.rate*max(0, now.Sub(b.at).Seconds()))
	b.at = now
	wait := time.Duration(0)
	if b.left < 1 {
		wait = time.Duration((1 - b.left) / l.rate * float64(time.Second))
	} else {
		b.left--
	}
	if len(l.clients) >= maxClients {
		for name, c := range l.clients {
			if c.left+l.rate*now.Sub(c.at).Seconds() >= l.burst {
				delete(l.clients, name)
			}
		}
	}
	l.clients[client] = b
	return wait
}

// String shows a bucket in a test's failure.
func (b bucket) String() string { return fmt.Sprintf("%.1f left", b.left) }
