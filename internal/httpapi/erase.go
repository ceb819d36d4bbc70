package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"roleos/internal/app"
	"roleos/internal/erase"
)

// SelectionIn says whose data goes: a person or a record.
type SelectionIn struct {
	Person string `json:"person,omitempty" maxLength:"200" doc:"An e-mail address, or a name as the source has it."`
	Record string `json:"record,omitempty" maxLength:"400"`
	Source string `json:"source,omitempty" maxLength:"400" doc:"Only what was read from the file of this name."`
	By     string `json:"by,omitempty" maxLength:"40" doc:"The role at whose request, as the notice says it. Default: data-subject."`
}

// EraseIn erases what a plan shows.
type EraseIn struct {
	SelectionIn
	Answer string `json:"answer" maxLength:"80" doc:"What the plan asks for, word for word."`
}

// Erasure is one that was done. Whose data it was is not kept.
type Erasure struct {
	ID        string    `json:"id"`
	By        string    `json:"by"`
	AskedBy   string    `json:"asked_by" doc:"The role at whose request."`
	Records   int       `json:"records"`
	CreatedAt time.Time `json:"created_at"`
}

func (s SelectionIn) selection() erase.Selection { return erase.Selection(s) }

// erasures is for tokens with the scope admin, of people who hold that role.
func (a *api) erasures(h huma.API) {
	huma.Register(h, operation("list-erasures", http.MethodGet, "/erasures", "What was erased, newest first", "operations"),
		func(ctx context.Context, in *struct {
			Cursor string `query:"cursor" maxLength:"200"`
		},
		) (*Out[Listed[Erasure]], error) {
			all, next, err := a.App.Erasures(ctx, in.Cursor)
			var out []Erasure
			for _, e := range all {
				out = append(out, Erasure{e.ID, e.By, e.AskedBy, e.Records, e.CreatedAt})
			}
			return &Out[Listed[Erasure]]{Body: list(out, next)}, a.failed(ctx, err)
		})
	huma.Register(h, operation("plan-erasure", http.MethodPost, "/erasures/plan", "What an erasure would take; nothing is changed", "operations"),
		func(ctx context.Context, in *struct{ Body SelectionIn }) (*Out[app.ErasePlan], error) {
			p, err := a.App.PlanErasure(ctx, in.Body.selection())
			return &Out[app.ErasePlan]{Body: p}, a.failed(ctx, err)
		})
	huma.Register(h, operation("erase", http.MethodPost, "/erasures", "Erase exactly what the plan shows; it cannot be undone", "operations"),
		func(ctx context.Context, in *struct{ Body EraseIn }) (*Out[app.ErasePlan], error) {
			p, err := a.App.Erase(ctx, in.Body.selection(), in.Body.Answer)
			return &Out[app.ErasePlan]{Body: p}, a.failed(ctx, err)
		})
}
