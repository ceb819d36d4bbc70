package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"roleos/internal/app"
	"roleos/internal/change"
)

// PlanLine is a change set in a list.
type PlanLine struct {
	ID        string    `json:"id"`
	State     string    `json:"state"`
	By        string    `json:"by"`
	Target    string    `json:"target"`
	Intent    string    `json:"intent"`
	Undoes    string    `json:"undoes,omitempty"`
	Reason    string    `json:"reason,omitempty"`
	CreatedAt time.Time `json:"created_at"`
}

// ConfirmIn is a person's typed answer.
type ConfirmIn struct {
	Answer string `json:"answer" maxLength:"200" doc:"What the plan asks for, word for word: the target's name, or the set's short digest."`
}

// ReasonIn says why.
type ReasonIn struct {
	Text string `json:"text" minLength:"1" maxLength:"2000"`
}

func (a *api) plans(h huma.API) {
	huma.Register(h, operation("list-plans", http.MethodGet, "/plans", "List change sets, newest first", "plans"),
		func(ctx context.Context, in *struct {
			State  string `query:"state" maxLength:"20"`
			Cursor string `query:"cursor" maxLength:"200"`
		},
		) (*Out[Listed[PlanLine]], error) {
			all, next, err := a.App.PlanPage(ctx, change.State(in.State), in.Cursor)
			var out []PlanLine
			for _, s := range all {
				out = append(out, PlanLine{
					ID: s.ID, State: string(s.State), By: s.By, Target: s.Target, Intent: s.Intent, Undoes: s.Undoes, Reason: s.Reason, CreatedAt: s.CreatedAt,
				})
			}
			return &Out[Listed[PlanLine]]{Body: list(out, next)}, a.failed(ctx, err)
		})
	huma.Register(h, operation("show-plan", http.MethodGet, "/plans/{id}", "A change set as it would be done now; who has seen it may confirm it", "plans"),
		func(ctx context.Context, in *byID) (*Out[app.Plan], error) {
			p, err := a.App.ShowPlan(ctx, in.ID)
			return &Out[app.Plan]{ETag: tag(p.Digest), Body: p}, a.failed(ctx, err)
		})
	move := func(id, path, summary string, f func(ctx context.Context, id string) (app.Plan, error)) {
		huma.Register(h, operation(id, http.MethodPost, "/plans/{id}/"+path, summary, "plans"),
			func(ctx context.Context, in *byID) (*Out[app.Plan], error) {
				p, err := f(ctx, in.ID)
				return &Out[app.Plan]{Body: p}, a.failed(ctx, err)
			})
	}
	move("stage-plan", "stage", "Try it on a copy and prove its inverse there", a.App.StagePlan)
	move("apply-plan", "apply", "Do what was confirmed", a.App.ApplyPlan)
	move("undo-plan", "undo", "Plan the change set that takes it back", a.App.UndoPlan)
	huma.Register(h, operation("confirm-plan", http.MethodPost, "/plans/{id}/confirm", "Confirm exactly what was shown", "plans"),
		func(ctx context.Context, in *struct {
			ID string `path:"id" maxLength:"80"`
			Ref
			Body ConfirmIn
		},
		) (*Out[app.Plan], error) {
			if err := a.App.StillShown(ctx, in.ID, in.digest()); err != nil {
				return nil, a.failed(ctx, err)
			}
			if _, err := a.App.ConfirmPlan(ctx, in.ID, in.Body.Answer); err != nil {
				return nil, a.failed(ctx, err)
			}
			p, err := a.App.ShowPlan(ctx, in.ID)
			return &Out[app.Plan]{Body: p}, a.failed(ctx, err)
		})
	huma.Register(h, operation("reject-plan", http.MethodPost, "/plans/{id}/reject", "End a change set that has not begun", "plans"),
		func(ctx context.Context, in *struct {
			ID   string `path:"id" maxLength:"80"`
			Body ReasonIn
		},
		) (*Out[app.Plan], error) {
			p, err := a.App.RejectPlan(ctx, in.ID, in.Body.Text)
			return &Out[app.Plan]{Body: p}, a.failed(ctx, err)
		})
}
