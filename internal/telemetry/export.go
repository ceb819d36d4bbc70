package telemetry

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"

	"roleos/internal/fault"
)

// TraceOptions says where spans go.
type TraceOptions struct {
	// URL is posted to as OTLP over HTTP, in batches. "": nowhere.
	URL     string
	Headers map[string]string
	// File gets a line of JSON for each span when it ends. "": none.
	File string
	// Content lets spans of models hold what was asked and answered.
	Content bool
	Version string
	Logger  *slog.Logger // is told, once, that a collector does not take spans; required
}

// exportTime bounds one attempt to hand spans over; what a collector does not take
// in that time, tried again, is lost.
const exportTime = 5 * time.Second

// OpenTraces returns a Tracer, or nil when spans would go nowhere. The caller
// closes it.
func OpenTraces(ctx context.Context, o TraceOptions) (*Tracer, error) {
	const op = "telemetry.open"
	var to []sdk.TracerProviderOption
	closeFile := func() error { return nil }
	if o.File != "" {
		f, err := os.OpenFile(o.File, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return nil, fault.Wrap(err, fault.Unavailable, op, "the file for traces cannot be written").WithMend("Check telemetry.trace_file, or --trace.")
		}
		closeFile = f.Close
		to = append(to, sdk.WithSyncer(&quietly{SpanExporter: &lines{w: f}, to: "the file", logger: o.Logger})) // at once: a killed process leaves what it had ended
	}
	if o.URL != "" {
		exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(o.URL), otlptracehttp.WithHeaders(o.Headers), otlptracehttp.WithTimeout(exportTime),
			otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: true, InitialInterval: 200 * time.Millisecond, MaxInterval: time.Second, MaxElapsedTime: exportTime}),
			otlptracehttp.WithHTTPClient(&http.Client{Timeout: exportTime, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}))
		if err != nil {
			return nil, errors.Join(fault.New(fault.Invalid, op, "telemetry.traces_url cannot be used"), closeFile())
		}
		to = append(to, sdk.WithBatcher(&quietly{SpanExporter: exporter, to: host(o.URL), logger: o.Logger}))
	}
	if len(to) == 0 {
		return nil, nil //nolint:nilnil // no traces is a setting, not a failure
	}
	provider := sdk.NewTracerProvider(append(to, sdk.WithResource(resource.NewSchemaless(
		attribute.String("service.name", "roleos"), attribute.String("service.version", o.Version),
	)))...)
	return &Tracer{spans: provider.Tracer("roleos"), content: o.Content, close: func(ctx context.Context) error {
		err := provider.Shutdown(ctx)
		if err != nil {
			o.Logger.WarnContext(ctx, "not all traces were handed over in time")
		}
		return closeFile()
	}}, nil
}

func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// quietly keeps a receiver's failures from anybody but the log, and says the
// first only: the work goes on without it.
type quietly struct {
	sdk.SpanExporter
	to     string
	logger *slog.Logger
	once   sync.Once
}

// ExportSpans implements sdk.SpanExporter.
func (q *quietly) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	if err := q.SpanExporter.ExportSpans(ctx, spans); err != nil {
		q.once.Do(func() {
			q.logger.WarnContext(ctx, "traces are not taken and dropped", slog.String("by", q.to))
		})
	}
	return nil
}

// lines writes spans for a person, one a line.
type lines struct {
	mu sync.Mutex
	w  io.Writer
}

// line is a span as it stands in a file.
type line struct {
	Start  time.Time      `json:"start"`
	Millis float64        `json:"ms"`
	Name   string         `json:"name"`
	Error  string         `json:"error,omitempty"` // its kind
	Trace  string         `json:"trace"`
	Span   string         `json:"span"`
	Parent string         `json:"parent,omitempty"`
	Links  []string       `json:"links,omitempty"` // trace/span
	About  map[string]any `json:"about,omitempty"`
}

// ExportSpans implements sdk.SpanExporter. Each line is one write, so that several
// processes may share the file.
func (l *lines) ExportSpans(_ context.Context, spans []sdk.ReadOnlySpan) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range spans {
		out := line{
			Start: s.StartTime().UTC(), Millis: float64(s.EndTime().Sub(s.StartTime()).Microseconds()) / 1000, Name: s.Name(),
			Trace: s.SpanContext().TraceID().String(), Span: s.SpanContext().SpanID().String(), About: map[string]any{},
		}
		if s.Status().Code == codes.Error {
			out.Error = s.Status().Description
		}
		if s.Parent().HasSpanID() {
			out.Parent = s.Parent().SpanID().String()
		}
		for _, k := range s.Links() {
			out.Links = append(out.Links, k.SpanContext.TraceID().String()+"/"+k.SpanContext.SpanID().String())
		}
		for _, a := range s.Attributes() {
			out.About[string(a.Key)] = a.Value.AsInterface()
		}
		body, err := json.Marshal(out)
		if err == nil {
			_, err = l.w.Write(append(body, '\n'))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Shutdown implements sdk.SpanExporter.
func (*lines) Shutdown(context.Context) error { return nil }
