package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"roleos/internal/app"
	"roleos/internal/handoff"
	"roleos/internal/report"
	"roleos/internal/report/say"
	"roleos/internal/report/words"
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

// Revision is one revision of a draft in a list.
type Revision struct {
	N      int       `json:"n"`
	Digest string    `json:"digest"`
	Passed bool      `json:"passed" doc:"Its contract, when it was last checked."`
	By     string    `json:"by"`
	Note   string    `json:"note,omitempty"`
	At     time.Time `json:"at"`
}

// Diff is what changed between two revisions, in structure and in words.
type Diff struct {
	app.Comparison
	Text []Words `json:"text" nullable:"false" doc:"The reports of both, word by word."`
}

// Words is neighbouring words with one fate.
type Words struct {
	Op   string `json:"op" enum:"kept,out,in"`
	Text string `json:"text"`
}

// keptWords bounds the bytes of unchanged words at each end of a change.
const keptWords = 120

// wordsOf is a difference in words, with long unchanged passages cut short.
func wordsOf(from, to string) []Words {
	out := []Words{}
	runs := words.Diff(from, to)
	for i, r := range runs {
		text := r.Text
		if r.Op == words.Kept && len(text) > 2*keptWords {
			head, _ := say.Clip(text, keptWords)
			tail := strings.ToValidUTF8(text[len(text)-keptWords:], "")
			switch i {
			case 0:
				head = ""
			case len(runs) - 1:
				tail = ""
			}
			text = head + " … " + tail
		}
		out = append(out, Words{[]string{"kept", "out", "in"}[r.Op], text})
	}
	return out
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
		) (*Out[Diff], error) {
			c, err := a.App.Diff(ctx, in.ID, in.From, in.To)
			if err != nil {
				return nil, a.failed(ctx, err)
			}
			var text [2]bytes.Buffer
			for i, n := range []int{c.From, c.To} {
				v, err := a.App.View(ctx, in.ID, n)
				if err == nil {
					err = v.Markdown(&text[i])
				}
				if err != nil {
					return nil, a.failed(ctx, err)
				}
			}
			return &Out[Diff]{Body: Diff{c, wordsOf(text[0].String(), text[1].String())}}, nil
		})
	huma.Register(h, operation("list-revisions", http.MethodGet, "/drafts/{id}/revisions", "A draft's revisions, newest first", "drafts"),
		func(ctx context.Context, in *struct {
			ID     string `path:"id" maxLength:"80"`
			Before int    `query:"before" minimum:"0" maximum:"100000" doc:"Those numbered below this; 0 begins with the newest."`
		},
		) (*Out[Listed[Revision]], error) {
			all, next, err := a.App.RevisionPage(ctx, in.ID, in.Before)
			var out []Revision
			for _, r := range all {
				out = append(out, Revision{r.N, r.Digest, r.Passed, r.By, r.Note, r.At})
			}
			return &Out[Listed[Revision]]{Body: list(out, next)}, a.failed(ctx, err)
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
