package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"path"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"roleos/internal/app"
	"roleos/internal/fault"
	"roleos/internal/identity"
)

// Base is the path that every operation stands under.
const Base = "/api/v1"

// Options says what the API serves. All but Now and Rate are required.
type Options struct {
	App    *app.App
	Store  Store
	Logger *slog.Logger
	// Session returns who is signed in with a browser, and the mark that a write of
	// theirs has to carry in the X-Roleos-Form header.
	Session func(*http.Request) (actor app.Actor, csrf string, ok bool)
	Version string
	Now     func() time.Time
	// Rate is how many requests a client makes each second, ten seconds' worth at
	// once. Default 50.
	Rate float64
}

// Store is what the API itself keeps.
type Store interface {
	identity.Store
	// KeptReply returns the answer that was kept under the key; fault.NotFound when
	// there is none, and fault.Conflict when the first request is still going on.
	KeptReply(ctx context.Context, key string) (request string, answer []byte, err error)
	// ClaimReply keeps the key for a request; fault.Conflict when it is kept already.
	ClaimReply(ctx context.Context, key, request string, at time.Time) error
	// KeepReply keeps the answer of a claimed key; nil gives the key back.
	KeepReply(ctx context.Context, key string, answer []byte) error
}

type api struct {
	Options
	limits *limiter
	names  map[string]bool // that the description has for properties and parameters
	words  []string        // of its paths
}

// New returns the API as a handler for Base, /openapi.json and /docs.
func New(o Options) http.Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rate <= 0 {
		o.Rate = 50
	}
	a := &api{Options: o, limits: newLimiter(o.Rate, 10*o.Rate)}
	mux := http.NewServeMux()
	config := huma.DefaultConfig("roleos", o.Version)
	config.DocsPath = ""    // ours needs no CDN
	config.SchemasPath = "" // everything is in the one document
	config.CreateHooks = nil
	config.Formats = map[string]huma.Format{"application/json": strictJSON(), "json": strictJSON()}
	config.Transformers = append(config.Transformers, a.discreet)
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", Description: "roleos token create"},
	}
	config.Security = []map[string][]string{{"token": {}}}
	h := humago.New(mux, config)
	a.declared(h)
	a.workflows(h)
	a.drafts(h)
	a.runs(h)
	a.plans(h)
	a.handoffs(h)
	a.trail(h)
	a.read(h)
	a.erasures(h)
	a.backup(h)
	a.webhooks(h)
	a.names = properties(h.OpenAPI())
	for p := range h.OpenAPI().Paths {
		a.words = append(a.words, strings.Split(p, "/")...)
	}
	mux.HandleFunc("GET /docs", docs(h.OpenAPI()))
	mux.HandleFunc(Base+"/", func(w http.ResponseWriter, _ *http.Request) {
		problem(w, http.StatusNotFound, "there is nothing at this path; see /docs")
	})
	return a.guard(methods(mux))
}

// schemaName names a type's schema after its package and itself: two packages may
// have a type of the same name.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Array || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	pkg := path.Base(t.PkgPath())
	if t.PkgPath() == "" || pkg == "httpapi" || !strings.HasPrefix(t.PkgPath(), "roleos/") {
		return name
	}
	return strings.ToUpper(pkg[:1]) + pkg[1:] + name
}

// failed turns a use case's error into a problem. What only we can mend is logged
// and not shown.
func (a *api) failed(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) {
		return huma.NewError(statusGone, "the client went away")
	}
	kind := fault.KindOf(err)
	if kind == fault.Internal {
		a.Logger.ErrorContext(ctx, "a request failed", slog.Any("error", err))
		return huma.NewError(kind.HTTPStatus(), "")
	}
	var f *fault.Error
	detail := err.Error()
	if errors.As(err, &f) {
		detail = f.Message
		if f.Mend != "" {
			detail += "\n" + f.Mend
		}
	}
	return &huma.ErrorModel{
		Type: "urn:roleos:" + kind.String(), Status: kind.HTTPStatus(), Title: http.StatusText(kind.HTTPStatus()), Detail: detail,
	}
}

// operation is one entry of the API.
func operation(id, method, path, summary, tag string) huma.Operation {
	op := huma.Operation{
		OperationID: id, Method: method, Path: Base + path, Summary: summary, Tags: []string{tag},
		Errors: []int{400, 401, 403, 404, 409, 412, 413, 415, 422, 428, 429, 500, 503},
	}
	if method == http.MethodPost {
		op.Parameters = []*huma.Param{{
			Name: "Idempotency-Key", In: "header", Description: "The same key again returns the first answer and does nothing.",
			Schema: &huma.Schema{Type: "string", MinLength: ptr(8), MaxLength: ptr(200)},
		}}
	}
	return op
}

func ptr[T any](v T) *T { return &v }

// Ref names one revision for a conditional write.
type Ref struct {
	IfMatch string `header:"If-Match" doc:"The revision's digest, as the ETag gave it; another newest revision is refused with 412."`
}

func (r Ref) digest() string { return strings.Trim(strings.TrimPrefix(r.IfMatch, "W/"), `"`) }

func tag(digest string) string { return `"` + digest + `"` }

// Listed is a page of a list.
type Listed[T any] struct {
	Items []T    `json:"items" nullable:"false"`
	Next  string `json:"next,omitempty" doc:"Cursor of the next page; absent on the last."`
}

// Out is an answer with a body and its entity tag.
type Out[T any] struct {
	ETag string `header:"ETag"`
	Body T
}

func list[T any](items []T, next string) Listed[T] {
	if items == nil {
		items = []T{}
	}
	return Listed[T]{Items: items, Next: next}
}
