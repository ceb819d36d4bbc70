package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"roleos/internal/app"
	"roleos/internal/notify"
)

// ResendIn says to which endpoint.
type ResendIn struct {
	Endpoint string `json:"endpoint,omitempty" maxLength:"40" doc:"Left out: to every endpoint that was to be told."`
}

// Resent says how many deliveries are tried anew.
type Resent struct {
	Deliveries int `json:"deliveries"`
}

// webhooks shows who outside is told what, to who holds the role admin. Who is told
// is decided in the settings.
func (a *api) webhooks(h huma.API) {
	huma.Register(h, operation("list-webhooks", http.MethodGet, "/webhooks", "List the endpoints that are told what happens", "operations"),
		func(ctx context.Context, _ *struct{}) (*Out[Listed[app.Webhook]], error) {
			all, err := a.App.Webhooks(ctx)
			return &Out[Listed[app.Webhook]]{Body: list(all, "")}, a.failed(ctx, err)
		})
	huma.Register(h, operation("list-deliveries", http.MethodGet, "/webhooks/deliveries", "What endpoints were or are to be told, newest first, at most 200", "operations"),
		func(ctx context.Context, in *struct {
			Endpoint string `query:"endpoint" maxLength:"40"`
			State    string `query:"state" enum:"waiting,sent,dead"`
		},
		) (*Out[Listed[notify.Delivery]], error) {
			all, err := a.App.Deliveries(ctx, in.Endpoint, in.State)
			return &Out[Listed[notify.Delivery]]{Body: list(all, "")}, a.failed(ctx, err)
		})
	huma.Register(h, operation("resend-delivery", http.MethodPost, "/webhooks/deliveries/{id}/resend", "Have the deliveries of an event tried anew", "operations"),
		func(ctx context.Context, in *struct {
			ID   string `path:"id" minLength:"1" maxLength:"80"`
			Body ResendIn
		},
		) (*Out[Resent], error) {
			n, err := a.App.Resend(ctx, in.ID, in.Body.Endpoint)
			return &Out[Resent]{Body: Resent{n}}, a.failed(ctx, err)
		})
}
