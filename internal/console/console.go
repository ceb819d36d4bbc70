package console

import (
	"context"
	"crypto/subtle"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"roleos/agents"
	"roleos/internal/app"
	"roleos/internal/artefact"
	"roleos/internal/fault"
	"roleos/internal/handoff"
)

// Drafts reads drafts.
type Drafts interface {
	DraftPage(ctx context.Context, state handoff.State, kind, cursor string) ([]handoff.Draft, string, error)
	LongestWaiting(ctx context.Context, state handoff.State, kind string) (list []handoff.Draft, more bool, err error)
	GetDraft(ctx context.Context, id string) (handoff.Draft, error)
	View(ctx context.Context, draft string, n int) (app.Document, error)
	Revisions(ctx context.Context, draft string) ([]handoff.Revision, error)
}

// Evidence reads what stands behind a draft.
type Evidence interface {
	Quotes(ctx context.Context, draft string, n int) ([]app.Cited, error)
	Evidence(ctx context.Context, draft string, n int, which string, original bool) (app.Row, error)
	Diff(ctx context.Context, draft string, from, to int) (app.Comparison, error)
	Reviews(ctx context.Context, draft string) ([]handoff.Review, error)
}

// Deciding takes what a reviewer does.
type Deciding interface {
	Review(ctx context.Context, act handoff.Act) (handoff.Draft, handoff.Revision, error)
	ResolveEdit(ctx context.Context, draft string, e app.ThemeEdit) (artefact.Edit, error)
	Approve(ctx context.Context, draft, digest, text string) (handoff.Draft, app.Plan, error)
	UndoEdit(ctx context.Context, draft, digest string) (handoff.Draft, handoff.Revision, error)
}

// App is what the console stands on.
type App interface {
	Drafts
	Evidence
	Deciding
	Plans
	Acting
	Runs
	RunList
	Handoffs
	Answering
	Workflows
	Cancelling
	Trail
	Trust
	Budgets
	Erasing
}

// Options is what a Console needs. Every field but SignIn is required.
type Options struct {
	App App
	// Session returns who sent the request, and the token that forms of this
	// session carry; false when nobody is signed in.
	Session func(*http.Request) (actor app.Actor, csrf string, ok bool)
	SignIn  string // where a person signs in; "" shows a page that says so
	Now     func() time.Time
	Logger  *slog.Logger
}

// Console is an http.Handler. It is safe for concurrent use.
type Console struct {
	o      Options
	mux    *http.ServeMux
	pages  pages
	files  files
	bodies rendered
	known  []agents.Manifest // the agents there are, only read
}

// New returns a Console. It fails when its own templates do not parse.
func New(o Options) (*Console, error) {
	c := &Console{o: o, mux: http.NewServeMux(), files: newFiles()}
	var err error
	if c.pages, err = c.parse(); err != nil {
		return nil, err
	}
	if c.known, err = agents.Manifests(); err != nil {
		return nil, err
	}
	get := func(path string, h handler) { c.mux.HandleFunc("GET "+path, c.read(h)) }
	post := func(path string, h decider) { c.mux.HandleFunc("POST "+path, c.decide(h)) }
	c.mux.HandleFunc("GET /static/", c.files.serve)
	get("/{$}", c.home)
	get("/queue", c.queue)
	get("/drafts", func(w http.ResponseWriter, r *http.Request, _ session) error {
		http.Redirect(w, r, "/queue?state=all", http.StatusSeeOther)
		return nil
	})
	get("/drafts/{id}", c.draft)
	get("/drafts/{id}/changes", c.changes)
	get("/drafts/{id}/themes", c.themes)
	get("/drafts/{id}/said", c.said)
	get("/drafts/{id}/export/{form}", c.export)
	get("/drafts/{id}/evidence/{which}", c.evidence)
	get("/drafts/{id}/newest", c.newest)
	post("/drafts/{id}/evidence/{which}", c.original)
	post("/drafts/{id}/review", c.review)
	post("/drafts/{id}/edit", c.edit)
	post("/drafts/{id}/undo", c.undo)
	post("/drafts/{id}/attest", c.attest)
	get("/handoffs", c.handoffs)
	get("/handoffs/{id}", c.handoff)
	post("/handoffs/{id}/{verb}", c.answer)
	get("/workflows", c.workflows)
	get("/workflows/{id}", c.workflow)
	post("/workflows/{id}/cancel", c.cancelWorkflow)
	post("/workflows/{id}/continue", c.continueWorkflow)
	get("/plans", c.plans)
	get("/plans/{id}", c.plan)
	post("/plans/{id}/{verb}", c.act)
	get("/runs", c.runs)
	get("/runs/{id}", c.run)
	get("/runs/{id}/events", c.events)
	post("/runs/{id}/cancel", c.cancel)
	get("/new", c.upload)
	c.mux.HandleFunc("POST /new", c.begin)
	get("/agents", c.agents)
	get("/agents/{id}", c.agent)
	get("/budgets", c.budgets)
	post("/agents/{id}/attest", c.vouch)
	post("/agents/{id}/mode", c.setMode)
	get("/erase", c.erasures)
	c.mux.HandleFunc("POST /erase", c.erase)
	get("/audit", c.audit)
	get("/", func(w http.ResponseWriter, r *http.Request, s session) error {
		return fault.New(fault.NotFound, "console", "there is no page %s", r.URL.Path)
	})
	return c, nil
}

// policy lets a page load this console's own files and nothing else, and no
// script make markup of text.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; " +
	"base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// ServeHTTP implements http.Handler.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	c.mux.ServeHTTP(w, r)
}

// session is who sent a request.
type session struct {
	actor app.Actor
	csrf  string
}

// handler shows a page; an error becomes a page that says so.
type handler func(w http.ResponseWriter, r *http.Request, s session) error

// decider performs what a form asks for and returns where to go then; done names
// the sentence that is shown there, see told.
type decider func(w http.ResponseWriter, r *http.Request, s session) (to, done string, err error)

// signedIn returns the session, or shows where to sign in.
func (c *Console) signedIn(w http.ResponseWriter, r *http.Request) (*http.Request, session, bool) {
	actor, csrf, ok := c.o.Session(r)
	if ok {
		return r.WithContext(app.WithActor(r.Context(), actor)), session{actor, csrf}, true
	}
	if c.o.SignIn != "" && r.Method == http.MethodGet {
		http.Redirect(w, r, c.o.SignIn+"?to="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		return r, session{}, false
	}
	c.fail(w, r, session{}, &unsigned{})
	return r, session{}, false
}

func (c *Console) read(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r, s, ok := c.signedIn(w, r)
		if !ok {
			return
		}
		if err := h(w, r, s); err != nil {
			c.fail(w, r, s, err)
		}
	}
}

// maxForm bounds a form that is no upload, in bytes.
const maxForm = 256 << 10

func (c *Console) decide(h decider) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r, s, ok := c.signedIn(w, r)
		if !ok {
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			c.fail(w, r, s, fault.New(fault.Invalid, "console", "the form is not readable, or has more than %d KiB", maxForm>>10))
			return
		}
		if err := own(r, s, r.PostFormValue("csrf")); err != nil {
			c.fail(w, r, s, err)
			return
		}
		to, done, err := h(w, r, s)
		c.finish(w, r, s, to, done, err)
	}
}

func (c *Console) finish(w http.ResponseWriter, r *http.Request, s session, to, done string, err error) {
	switch {
	case err != nil:
		c.fail(w, r, s, err)
	case to != "": // else the decider has answered
		if done != "" {
			to += map[bool]string{true: "&", false: "?"}[strings.Contains(to, "?")] + "done=" + url.QueryEscape(done)
		}
		http.Redirect(w, r, to, http.StatusSeeOther)
	}
}

// own refuses a form that did not come from a page of this session.
func own(r *http.Request, s session, token string) error {
	site := r.Header.Get("Sec-Fetch-Site")
	origin := r.Header.Get("Origin")
	foreign := site != "" && site != "same-origin" && site != "none"
	if u, err := url.Parse(origin); origin != "" && (err != nil || u.Host != r.Host) {
		foreign = true
	}
	if foreign || s.csrf == "" || subtle.ConstantTimeCompare([]byte(token), []byte(s.csrf)) != 1 {
		return fault.New(fault.Denied, "console", "this form is not from a page of your session, or the session has been renewed since").
			WithMend("Go back, load the page again and repeat it. Nothing was changed.")
	}
	return nil
}
