package telemetry

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"roleos/internal/fault"
	"roleos/internal/llm"
	"roleos/internal/llm/pipeline"
)

// Tracer makes spans of what is done, from a request to its effects. It may be
// used concurrently. Who has none makes none: the packages that do the work hold
// it behind ports of their own that may be nil.
//
// Spans hold ids of runs and change sets, names of steps, gates and operations,
// counts and kinds of errors. They hold no name of a person, no path of a file, no
// text of an error, and no content unless TraceOptions.Content is set.
type Tracer struct {
	spans   trace.Tracer
	content bool
	close   func(context.Context) error
}

// Close sends what is not sent yet, for as long as ctx lasts. A nil Tracer has nothing.
func (t *Tracer) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.close(ctx)
}

// Command begins the span around one command line.
func (t *Tracer) Command(ctx context.Context, path string) (context.Context, func(error)) {
	ctx, span := t.spans.Start(ctx, path)
	return ctx, func(err error) { end(span, "", err) }
}

// Run begins the span of a run of a workflow. mark is what Mark gave where the run
// was asked for; "" is nowhere. Executed for the first time, the run belongs to
// what asked for it. Taken up again after its process died, it is a trace of its
// own that links to that one, which may have ended long ago.
func (t *Tracer) Run(ctx context.Context, workflow, run, mark string, resumed bool) (context.Context, func(error)) {
	begin := []trace.SpanStartOption{trace.WithAttributes(
		attribute.String("roleos.workflow", workflow), attribute.String("roleos.run.id", run), attribute.Bool("roleos.run.resumed", resumed),
	)}
	switch from := trace.SpanContextFromContext(marked(mark)); {
	case !from.IsValid():
		begin = append(begin, trace.WithNewRoot())
	case resumed:
		begin = append(begin, trace.WithNewRoot(), trace.WithLinks(trace.Link{SpanContext: from}))
	default:
		ctx = trace.ContextWithRemoteSpanContext(ctx, from)
	}
	ctx, span := t.spans.Start(ctx, "run "+workflow, begin...)
	return ctx, func(err error) { end(span, "", err) }
}

// Step begins the span of one try at a step of a run.
func (t *Tracer) Step(ctx context.Context, name string) (context.Context, func(error)) {
	ctx, span := t.spans.Start(ctx, "step "+name)
	return ctx, func(err error) { end(span, "", err) }
}

// Gate begins the span of one gate's check. A gate that does not pass is an
// outcome, not an error.
func (t *Tracer) Gate(ctx context.Context, contract, gate string) (context.Context, func(outcome string)) {
	ctx, span := t.spans.Start(ctx, "gate "+gate, trace.WithAttributes(attribute.String("roleos.contract", contract)))
	return ctx, func(outcome string) { end(span, outcome, nil) }
}

// Change begins the span of one act on a change set: plan, stage, prove, grant,
// apply, undo, or the effect of one operation.
func (t *Tracer) Change(ctx context.Context, act, set, op string) (context.Context, func(outcome string, err error)) {
	name := act
	if op != "" {
		name += " " + op
	}
	ctx, span := t.spans.Start(ctx, name)
	if set != "" {
		span.SetAttributes(attribute.String("roleos.change_set.id", set))
	}
	return ctx, func(outcome string, err error) {
		if err == nil && (outcome == "failed" || outcome == "unknown" || outcome == "halted" || outcome == "diverged") {
			span.SetStatus(codes.Error, outcome)
		}
		end(span, outcome, err)
	}
}

// Model makes the span of a call of a model that has ended, or of an answer from
// the cache, as the GenAI conventions want it.
func (t *Tracer) Model(ctx context.Context, e pipeline.Event) {
	if e.Outcome == "repair" || e.Outcome == "refused" { // no call
		trace.SpanFromContext(ctx).AddEvent("model." + e.Outcome)
		return
	}
	about := []attribute.KeyValue{
		attribute.String(GenAIOperation, GenAIChat), attribute.String(GenAIProvider, genAIProvider(e.Provider)),
		attribute.String(GenAIRequestModel, e.Model), attribute.String("roleos.prompt", e.Purpose), attribute.String("roleos.outcome", e.Outcome),
	}
	if e.Attempt > 0 {
		about = append(about, attribute.Int("roleos.model.attempt", e.Attempt))
	}
	if e.Usage.Total() > 0 {
		about = append(about, attribute.Int(GenAIInputTokens, e.Usage.Input), attribute.Int(GenAIOutputTokens, e.Usage.Output), attribute.Bool("roleos.usage.estimated", e.Usage.Estimated))
	}
	if e.Priced {
		about = append(about, attribute.Float64("roleos.model.cost", float64(e.Micros)/1e6))
	}
	if t.content && e.Asked != nil {
		about = append(about, contentOf(*e.Asked, e.Answered)...)
	}
	_, span := t.spans.Start(ctx, GenAIChat+" "+e.Model, trace.WithSpanKind(trace.SpanKindClient), trace.WithTimestamp(e.Began), trace.WithAttributes(about...))
	if e.Outcome != "ok" && e.Outcome != "cached" {
		span.SetAttributes(attribute.String(ErrorType, e.Outcome))
		span.SetStatus(codes.Error, e.Outcome)
	}
	span.End(trace.WithTimestamp(e.Began.Add(e.Took)))
}

// genAIProvider is a provider's name as the conventions have it.
func genAIProvider(name string) string {
	switch name {
	case "azure":
		return "azure.ai.openai"
	case "gemini":
		return "gcp.gemini"
	case "bedrock":
		return "aws.bedrock"
	case "mistral":
		return "mistral_ai"
	}
	return name
}

// contentOf is what a model was asked and answered, in the conventions' form.
func contentOf(asked llm.Request, answered string) []attribute.KeyValue {
	type part struct {
		Type    string `json:"type"`
		Content string `json:"content"`
	}
	type message struct {
		Role  string `json:"role,omitempty"`
		Parts []part `json:"parts"`
	}
	text := func(v any) string {
		body, _ := json.Marshal(v) // of texts only: cannot fail
		return string(body)
	}
	in := []message{}
	for _, m := range asked.Messages {
		in = append(in, message{Role: string(m.Role), Parts: []part{{"text", m.Content()}}})
	}
	out := []attribute.KeyValue{
		attribute.String(GenAISystem, text([]part{{"text", asked.System}})), attribute.String(GenAIInput, text(in)),
	}
	if answered != "" {
		out = append(out, attribute.String(GenAIOutput, text([]message{{Role: string(llm.Assistant), Parts: []part{{"text", answered}}}})))
	}
	return out
}

// Mark names the span of ctx for another process or a later time, as a W3C
// traceparent; "" when there is none.
func (t *Tracer) Mark(ctx context.Context) string {
	m := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, m)
	return m["traceparent"]
}

// marked returns a context that continues from a mark. What is no mark gives one
// without a span.
func marked(mark string) context.Context {
	return propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": mark})
}

// request begins the span of a request. It continues the trace that the request
// names in its traceparent.
func (t *Tracer) request(r *http.Request) (*http.Request, func(pattern string, status int)) {
	ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	method := r.Method
	if !slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}, method) {
		method = "_OTHER" // whatever somebody sends does not name a span
	}
	ctx, span := t.spans.Start(ctx, method, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attribute.String("http.request.method", method)))
	return r.WithContext(ctx), func(pattern string, status int) {
		if route := routeOf(pattern); route != "" {
			span.SetName(method + " " + route)
			span.SetAttributes(attribute.String("http.route", route))
		}
		span.SetAttributes(attribute.Int("http.response.status_code", status))
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, strconv.Itoa(status))
			span.SetAttributes(attribute.String(ErrorType, strconv.Itoa(status)))
		}
		span.End()
	}
}

// routeOf is a mux's pattern without its method; "" for what matched nothing.
func routeOf(pattern string) string {
	if _, path, ok := strings.Cut(pattern, " "); ok {
		return path
	}
	return pattern
}

// end ends a span. Of an error it tells the kind: its text may hold content.
func end(span trace.Span, outcome string, err error) {
	if outcome != "" {
		span.SetAttributes(attribute.String("roleos.outcome", outcome))
	}
	if err != nil {
		kind := fault.KindOf(err).String()
		if errors.Is(err, context.Canceled) {
			kind = "canceled"
		}
		span.SetStatus(codes.Error, kind)
		span.SetAttributes(attribute.String(ErrorType, kind))
	}
	span.End()
}
