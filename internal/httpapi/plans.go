package httpapi

import (
	"cmp"
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

// PlanView is a change set as it would be done now.
type PlanView struct {
	app.Plan
	BuiltOn []BuiltOn `json:"built_on" nullable:"false" doc:"Drafts that were made from what it publishes or takes back. Taking it back leaves them as they are."`
}

// BuiltOn is a draft that was made from another one.
type BuiltOn struct {
	Draft string `json:"draft"`
	Kind  string `json:"kind"`
	State string `json:"state"`
}

// TicketsIn says how many tickets are planned.
type TicketsIn struct {
	Most int `json:"most,omitempty" minimum:"0" maximum:"100" doc:"For at most this many of the first issues; 0 means 5."`
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
		func(ctx context.Context, in *byID) (*Out[PlanView], error) {
			p, err := a.App.ShowPlan(ctx, in.ID)
			return a.plan(ctx, p, err)
		})
	move := func(id, path, summary string, f func(ctx context.Context, id string) (app.Plan, error)) {
		huma.Register(h, operation(id, http.MethodPost, "/plans/{id}/"+path, summary, "plans"),
			func(ctx context.Context, in *byID) (*Out[PlanView], error) {
				p, err := f(ctx, in.ID)
				return a.plan(ctx, p, err)
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
		) (*Out[PlanView], error) {
			if err := a.App.StillShown(ctx, in.ID, in.digest()); err != nil {
				return nil, a.failed(ctx, err)
			}
			if _, err := a.App.ConfirmPlan(ctx, in.ID, in.Body.Answer); err != nil {
				return nil, a.failed(ctx, err)
			}
			p, err := a.App.ShowPlan(ctx, in.ID)
			return a.plan(ctx, p, err)
		})
	huma.Register(h, operation("reject-plan", http.MethodPost, "/plans/{id}/reject", "End a change set that has not begun", "plans"),
		func(ctx context.Context, in *struct {
			ID   string `path:"id" maxLength:"80"`
			Body ReasonIn
		},
		) (*Out[PlanView], error) {
			p, err := a.App.RejectPlan(ctx, in.ID, in.Body.Text)
			return a.plan(ctx, p, err)
		})
	propose := operation("propose-tickets", http.MethodPost, "/drafts/{id}/tickets", "Plan tickets for the first issues of an approved draft; none is opened yet", "plans")
	propose.DefaultStatus = http.StatusCreated
	huma.Register(h, propose, func(ctx context.Context, in *struct {
		ID   string `path:"id" maxLength:"80"`
		Body TicketsIn
	},
	) (*Out[PlanView], error) {
		p, err := a.App.ProposeTickets(ctx, in.ID, cmp.Or(in.Body.Most, 5))
		return a.plan(ctx, p, err)
	})
}

// plan is a change set with what stands on it.
func (a *api) plan(ctx context.Context, p app.Plan, err error) (*Out[PlanView], error) {
	if err != nil {
		return nil, a.failed(ctx, err)
	}
	built, err := a.App.BuiltOn(ctx, p.ID)
	if err != nil {
		return nil, a.failed(ctx, err)
	}
	out := PlanView{Plan: p, BuiltOn: []BuiltOn{}}
	for _, d := range built {
		out.BuiltOn = append(out.BuiltOn, BuiltOn{d.ID, d.Kind, string(d.State)})
	}
	return &Out[PlanView]{ETag: tag(p.Digest), Body: out}, nil
}
