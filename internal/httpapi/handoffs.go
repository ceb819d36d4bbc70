package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"roleos/internal/app"
	"roleos/internal/handoff"
)

// AnswerIn is what the taking side says.
type AnswerIn struct {
	Text string `json:"text,omitempty" maxLength:"20000" doc:"Required for refuse and pause."`
}

// AttestIn is a person's word on a gate.
type AttestIn struct {
	Gate string `json:"gate" maxLength:"80"`
	Text string `json:"text,omitempty" maxLength:"20000"`
}

func (a *api) handoffs(h huma.API) {
	huma.Register(h, operation("list-handoffs", http.MethodGet, "/handoffs", "Open handoffs, the nearest deadline first", "handoffs"),
		func(ctx context.Context, in *struct {
			All bool `query:"all"`
		},
		) (*Out[Listed[app.HandoffView]], error) {
			all, err := a.App.Handoffs(ctx, in.All)
			return &Out[Listed[app.HandoffView]]{Body: list(all, "")}, a.failed(ctx, err)
		})
	huma.Register(h, operation("get-handoff", http.MethodGet, "/handoffs/{id}", "One handoff with its clocks and moves", "handoffs"),
		func(ctx context.Context, in *byID) (*Out[app.HandoffView], error) {
			v, err := a.App.ShowHandoff(ctx, in.ID)
			return &Out[app.HandoffView]{ETag: tag(v.Digest), Body: v}, a.failed(ctx, err)
		})
	for _, verb := range []handoff.Verb{handoff.Acknowledge, handoff.Refuse, handoff.Start, handoff.Close, handoff.Hold, handoff.GoOn} {
		huma.Register(h, operation(string(verb)+"-handoff", http.MethodPost, "/handoffs/{id}/"+string(verb), "The taking side: "+string(verb), "handoffs"),
			func(ctx context.Context, in *struct {
				ID string `path:"id" maxLength:"80"`
				Ref
				Body AnswerIn
			},
			) (*Out[handoff.Draft], error) {
				d, err := a.App.Answer(ctx, in.ID, verb, in.digest(), in.Body.Text)
				return &Out[handoff.Draft]{Body: d}, a.failed(ctx, err)
			})
	}
	huma.Register(h, operation("attest-gate", http.MethodPost, "/drafts/{id}/attestations", "Give the word that a gate asks a person for", "handoffs"),
		func(ctx context.Context, in *struct {
			ID string `path:"id" maxLength:"80"`
			Ref
			Body AttestIn
		},
		) (*Out[handoff.Draft], error) {
			d, _, err := a.App.Attest(ctx, in.ID, in.Body.Gate, in.digest(), in.Body.Text)
			return &Out[handoff.Draft]{Body: d}, a.failed(ctx, err)
		})
}
