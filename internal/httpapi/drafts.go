package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"roleos/internal/app"
	"roleos/internal/handoff"
	"roleos/internal/report"
)

// DraftView is a draft with its newest revision's standing.
type DraftView struct {
	handoff.Draft
	Digest string        `json:"digest" doc:"Of the revision shown; the ETag."`
	Gates  []report.Gate `json:"gates" nullable:"false"`
	Next   []string      `json:"next" nullable:"false"`
}

// ReviewIn is one act of a reviewer.
type ReviewIn struct {
	Verdict string          `json:"verdict" enum:"approve,request_changes,reject,comment,edit"`
	Text    string          `json:"text,omitempty" maxLength:"20000"`
	Edit    json.RawMessage `json:"edit,omitempty" doc:"For the verdict edit: the edit of the artefact's kind."`
}

// Reviewed is what a review led to.
type Reviewed struct {
	Draft    handoff.Draft     `json:"draft"`
	Revision *handoff.Revision `json:"revision,omitempty"`
	Plan     *app.Plan         `json:"plan,omitempty" doc:"The change set that would publish an approved draft; nothing is written before it is confirmed."`
}

type listDrafts struct {
	State  string `query:"state" maxLength:"20"`
	Kind   string `query:"kind" maxLength:"60"`
	Cursor string `query:"cursor" maxLength:"200"`
}

type draftIn struct {
	ID       string `path:"id" maxLength:"80"`
	Revision int    `query:"revision" minimum:"0" maximum:"100000" doc:"0 is the newest."`
}

type artefactOut struct {
	ContentType string `header:"Content-Type"`
	ETag        string `header:"ETag"`
	Body        []byte
}

func (a *api) drafts(h huma.API) {
	huma.Register(h, operation("list-drafts", http.MethodGet, "/drafts", "List drafts, newest first", "drafts"),
		func(ctx context.Context, in *listDrafts) (*Out[Listed[handoff.Draft]], error) {
			all, next, err := a.App.DraftPage(ctx, handoff.State(in.State), in.Kind, in.Cursor)
			return &Out[Listed[handoff.Draft]]{Body: list(all, next)}, a.failed(ctx, err)
		})
	huma.Register(h, operation("get-draft", http.MethodGet, "/drafts/{id}", "A draft, its gates and what it waits for", "drafts"),
		func(ctx context.Context, in *draftIn) (*Out[DraftView], error) {
			v, err := a.App.Brief(ctx, in.ID, in.Revision)
			if err != nil {
				return nil, a.failed(ctx, err)
			}
			out := DraftView{Draft: v.Draft, Digest: v.Digest, Gates: v.Gates, Next: v.Next}
			if out.Gates == nil {
				out.Gates = []report.Gate{}
			}
			if out.Next == nil {
				out.Next = []string{}
			}
			return &Out[DraftView]{ETag: tag(v.Digest), Body: out}, nil
		})
	for _, form := range []struct {
		name, summary, content string
		write                  func(app.Document, *bytes.Buffer) error
	}{
		{"artefact", "The artefact's JSON", "application/json", func(d app.Document, b *bytes.Buffer) error { return d.JSON(b) }},
		{"report", "The report as one HTML file", "text/html; charset=utf-8", func(d app.Document, b *bytes.Buffer) error { return d.HTML(b) }},
		{"markdown", "The report as Markdown", "text/markdown; charset=utf-8", func(d app.Document, b *bytes.Buffer) error { return d.Markdown(b) }},
	} {
		op := operation("get-"+form.name, http.MethodGet, "/drafts/{id}/"+form.name, form.summary, "drafts")
		shape := &huma.Schema{Type: huma.TypeString}
		if form.name == "artefact" {
			shape = &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true, Description: "Its property schema names the artefact's own schema."}
		}
		op.Responses = map[string]*huma.Response{"200": {Description: form.summary, Content: map[string]*huma.MediaType{strings.Split(form.content, ";")[0]: {Schema: shape}}}}
		huma.Register(h, op, func(ctx context.Context, in *draftIn) (*artefactOut, error) {
			v, err := a.App.View(ctx, in.ID, in.Revision)
			if err != nil {
				return nil, a.failed(ctx, err)
			}
			var b bytes.Buffer
			if err := form.write(v, &b); err != nil {
				return nil, a.failed(ctx, err)
			}
			return &artefactOut{ContentType: form.content, ETag: tag(v.Digest), Body: b.Bytes()}, nil
		})
	}
	huma.Register(h, operation("list-quotes", http.MethodGet, "/drafts/{id}/quotes", "Every quote of a draft with its place", "drafts"),
		func(ctx context.Context, in *draftIn) (*Out[Listed[app.Cited]], error) {
			all, err := a.App.Quotes(ctx, in.ID, in.Revision)
			return &Out[Listed[app.Cited]]{Body: list(all, "")}, a.failed(ctx, err)
		})
	huma.Register(h, operation("get-evidence", http.MethodGet, "/drafts/{id}/evidence/{which}", "The record behind a quote's number or a record's id", "drafts"),
		func(ctx context.Context, in *struct {
			draftIn
			Which string `path:"which" maxLength:"400"`
		},
		) (*Out[app.Row], error) {
			row, err := a.App.Evidence(ctx, in.ID, in.Revision, in.Which, false)
			return &Out[app.Row]{Body: row}, a.failed(ctx, err)
		})
	huma.Register(h, operation("get-diff", http.MethodGet, "/drafts/{id}/diff", "What changed between two revisions", "drafts"),
		func(ctx context.Context, in *struct {
			ID   string `path:"id" maxLength:"80"`
			From int    `query:"from" minimum:"0" maximum:"100000"`
			To   int    `query:"to" minimum:"0" maximum:"100000"`
		},
		) (*Out[app.Comparison], error) {
			c, err := a.App.Diff(ctx, in.ID, in.From, in.To)
			return &Out[app.Comparison]{Body: c}, a.failed(ctx, err)
		})
	huma.Register(h, operation("list-reviews", http.MethodGet, "/drafts/{id}/reviews", "What reviewers did, oldest first", "drafts"),
		func(ctx context.Context, in *byID) (*Out[Listed[handoff.Review]], error) {
			all, err := a.App.Reviews(ctx, in.ID)
			return &Out[Listed[handoff.Review]]{Body: list(all, "")}, a.failed(ctx, err)
		})
	review := operation("review-draft", http.MethodPost, "/drafts/{id}/reviews", "Approve, ask for changes, reject, comment or edit", "drafts")
	review.DefaultStatus = http.StatusCreated
	huma.Register(h, review, func(ctx context.Context, in *struct {
		ID string `path:"id" maxLength:"80"`
		Ref
		Body ReviewIn
	},
	) (*Out[Reviewed], error) {
		if in.Body.Verdict == string(handoff.Approve) {
			d, plan, err := a.App.Approve(ctx, in.ID, in.digest(), in.Body.Text)
			if err != nil {
				return nil, a.failed(ctx, err)
			}
			return &Out[Reviewed]{Body: Reviewed{Draft: d, Plan: &plan}}, nil
		}
		d, rev, err := a.App.Review(ctx, handoff.Act{
			Draft: in.ID, Digest: in.digest(), Verdict: handoff.Verdict(in.Body.Verdict), Text: in.Body.Text, Edit: in.Body.Edit,
		})
		if err != nil {
			return nil, a.failed(ctx, err)
		}
		return &Out[Reviewed]{ETag: tag(rev.Digest), Body: Reviewed{Draft: d, Revision: &rev}}, nil
	})
}
