package telemetry

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Requests counts what the service is asked and how long it takes, by method and
// by the hundred of the status: nothing of an address, so that no id becomes a
// label. Streams are counted, not timed. With traces each request is a span under
// the pattern of its route, but for those that only look whether the service lives.
func Requests(reg prometheus.Registerer, traces *Tracer, next http.Handler) (http.Handler, error) {
	total := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "roleos", Name: "http_requests_total", Help: "Requests by method and hundred of the status."}, []string{"method", "code"})
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "roleos", Name: "http_request_seconds", Help: "Time to answer a request, streams left out.",
		Buckets: []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10},
	}, []string{"method"})
	if err := register(reg, &total); err != nil {
		return nil, err
	}
	if err := register(reg, &seconds); err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		s := &status{ResponseWriter: w, code: http.StatusOK}
		if traces != nil && !unremarkable(r.URL.Path) {
			traced, end := traces.request(r)
			r = traced
			defer func() { end(r.Pattern, s.code) }()
		}
		next.ServeHTTP(s, r)
		method := r.Method
		switch method {
		case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete:
		default:
			method = "other"
		}
		total.WithLabelValues(method, strconv.Itoa(s.code/100)+"xx").Inc()
		if w.Header().Get("Content-Type") != "text/event-stream" {
			seconds.WithLabelValues(method).Observe(time.Since(begin).Seconds())
		}
	}), nil
}

// unremarkable reports whether a request asks for what is the same for everybody.
func unremarkable(path string) bool {
	return path == "/healthz" || path == "/readyz" || path == "/metrics" || strings.HasPrefix(path, "/static/")
}

type status struct {
	http.ResponseWriter
	code int
}

func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

// Unwrap lets a handler flush and set deadlines.
func (s *status) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// Flush sends what was written so far.
func (s *status) Flush() {
	if f, ok := s.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}
