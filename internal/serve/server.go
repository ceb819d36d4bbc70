package serve

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"roleos/config"
	"roleos/internal/app"
	"roleos/internal/fault"
	"roleos/internal/httpapi"
	"roleos/internal/identity"
	"roleos/internal/identity/oidc"
	"roleos/internal/telemetry"
)

// Options says what is served.
type Options struct {
	App    *app.App
	Config config.Config
	Store  httpapi.Store
	// Console answers browsers; nil sends them to the API's description.
	Console func(session func(*http.Request) (app.Actor, string, bool)) (http.Handler, error)
	Metrics *telemetry.Registry // nil: a new one
	Traces  *telemetry.Tracer   // nil: none
	Logger  *slog.Logger
	Version string
	Now     func() time.Time
	Random  io.Reader
	// Patience is how long the body of a request that is no upload may take.
	// Default 30 seconds.
	Patience time.Duration
}

// Server is the service.
type Server struct {
	o       Options
	handler http.Handler
	solo    bool
	// provider signs the people of a team in; nil: they use tokens.
	provider *oidc.Provider
	// code signs the one person of a solo workspace in, once, from the address that
	// the command prints.
	code  string
	used  atomic.Bool
	ready atomic.Bool
	hosts []string // names by which it may be asked for; empty: any
}

// New returns the service. It fails with fault.Denied when the settings would
// show a workspace without sign-in to other machines.
func New(o Options) (*Server, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{o: o, solo: o.Config.Review.Mode != "team"}
	if err := s.mayListen(o.Config.Serve.Listen); err != nil {
		return nil, err
	}
	var err error
	if s.code, err = identity.Code(o.Random); err != nil {
		return nil, err
	}
	if s.provider, err = s.openProvider(); err != nil {
		return nil, err
	}
	api := httpapi.New(httpapi.Options{App: o.App, Store: o.Store, Logger: o.Logger, Session: s.Session, Version: o.Version, Now: o.Now})
	mux := http.NewServeMux()
	mux.Handle(httpapi.Base+"/", api)
	for _, p := range []string{"/openapi.json", "/openapi.yaml", "/openapi-3.0.json", "/openapi-3.0.yaml", "/docs"} {
		mux.Handle(p, api)
	}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", s.readyz)
	if o.Metrics == nil {
		o.Metrics = telemetry.NewRegistry()
	}
	if o.App != nil {
		if _, err := telemetry.NewWorkspace(o.Metrics, o.App.Store().Tally, o.Now); err != nil {
			return nil, err
		}
	}
	mux.Handle("GET /metrics", s.watched(telemetry.Exposition(o.Metrics)))
	mux.HandleFunc("GET /signin", s.signInPage)
	mux.HandleFunc("POST /signin", s.signIn)
	mux.HandleFunc("POST /signout", s.signOut)
	if s.provider != nil {
		mux.HandleFunc("GET "+beginPath, s.toProvider)
		mux.HandleFunc("GET "+callbackPath, s.fromProvider)
		mux.HandleFunc("POST "+endedPath, s.ended)
	}
	if o.Console != nil {
		console, err := o.Console(s.Session)
		if err != nil {
			return nil, err
		}
		mux.Handle("/", console)
	} else {
		mux.Handle("GET /{$}", http.RedirectHandler("/docs", http.StatusSeeOther))
	}
	s.handler, err = telemetry.Requests(o.Metrics, o.Traces, s.outer(mux))
	return s, err
}

// watched lets the machine itself, or a token that may read, see the metrics.
func (s *Server) watched(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		// A proxy on this machine passes on what comes from others.
		passed := r.Header.Get("X-Forwarded-For")+r.Header.Get("X-Forwarded-Host")+r.Header.Get("X-Real-Ip")+r.Header.Get("Forwarded")+r.Header.Get("Via") != ""
		if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() || passed {
			if _, err := identity.Bearer(r.Context(), s.o.Store, r.Header.Get("Authorization"), identity.Read, s.o.Now()); err != nil {
				http.Error(w, "metrics need a token with the scope read", http.StatusUnauthorized)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// mayListen refuses an address that other machines reach when there is nobody to
// tell apart.
func (s *Server) mayListen(addr string) error {
	const op = "serve.listen"
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fault.New(fault.Invalid, op, "serve.listen is %q, expected HOST:PORT such as 127.0.0.1:8484", addr)
	}
	ip := net.ParseIP(host)
	local := host == "localhost" || ip != nil && ip.IsLoopback()
	if s.solo && !local {
		return fault.New(fault.Denied, op, "a solo workspace is served to this machine only, not on %q: there is one person, and nobody signs in", addr).
			WithMend("Listen on 127.0.0.1:%s, or set review.mode: team and team.roles or serve.oidc.", port)
	}
	if local { // a page from elsewhere must not reach it under a name of its own
		s.hosts = []string{"127.0.0.1", "localhost", "::1"}
	}
	if o := s.o.Config.Serve.Origin; o != config.None {
		u, err := url.Parse(o)
		if err != nil || u.Host == "" {
			return fault.New(fault.Invalid, op, "serve.origin is %q, expected https://HOST", o)
		}
		s.hosts = append(s.hosts, u.Hostname())
	}
	return nil
}

// Handler returns everything that is served.
func (s *Server) Handler() http.Handler { return s.handler }

// SignInURL is the address that signs the one person of a solo workspace in,
// once; "" for a team.
func (s *Server) SignInURL(addr string) string {
	if !s.solo {
		return ""
	}
	return "http://" + addr + "/signin?code=" + s.code
}

// outer is around every request: the name it asked for, the headers that every
// answer has, and a recovery that logs.
func (s *Server) outer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler { //nolint:errorlint // it is compared by identity
					panic(p)
				}
				s.o.Logger.ErrorContext(r.Context(), "a request failed", slog.Any("panic", p), slog.String("path", r.URL.Path))
				http.Error(w, "Something went wrong here. The log of the service has the reason.", http.StatusInternalServerError)
			}
		}()
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		if !s.asked(r.Host) {
			http.Error(w, "This service does not answer under that name. Set serve.origin to the address people use.", http.StatusMisdirectedRequest)
			return
		}
		if s.secure() {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, s.timed(w, r, s.o.Now()))
	})
}

// asked reports whether the service answers under a Host header's name.
func (s *Server) asked(host string) bool {
	if len(s.hosts) == 0 {
		return true
	}
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	for _, h := range s.hosts {
		if strings.EqualFold(h, host) {
			return true
		}
	}
	return false
}

func (s *Server) secure() bool { return strings.HasPrefix(s.o.Config.Serve.Origin, "https://") }

func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	if !s.ready.Load() {
		http.Error(w, "not ready", http.StatusServiceUnavailable)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if err := s.o.App.Alive(ctx); err != nil {
		s.o.Logger.WarnContext(ctx, "the store does not answer", slog.Any("error", err))
		http.Error(w, "the store does not answer", http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, "ready\n")
}

// Run serves on the listener until ctx ends, then lets requests end for up to
// ten seconds. started is called when it answers.
func (s *Server) Run(ctx context.Context, l net.Listener, started func()) error {
	// Streams end with this, so that nobody waits for them.
	base, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	srv := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return base },
		ErrorLog:    slog.NewLogLogger(s.o.Logger.Handler(), slog.LevelDebug),
	}
	if err := s.o.App.Work(base); err != nil {
		return err
	}
	s.ready.Store(true)
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	started()
	select {
	case err := <-failed:
		return fmt.Errorf("the service stopped: %w", err)
	case <-ctx.Done():
	}
	s.ready.Store(false)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	time.AfterFunc(time.Second, stop)
	err := srv.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		err = srv.Close()
	}
	return err
}
