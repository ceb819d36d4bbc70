package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"roleos/internal/app"
	"roleos/internal/fault"
	"roleos/internal/workflow"
)

// WorkflowCard is a workflow as it is declared, and who answers for it.
type WorkflowCard struct {
	Workflow workflow.Definition `json:"workflow"`
	Standing app.Standing        `json:"standing"`
}

// WorkflowLine is a run of a workflow in a list.
type WorkflowLine struct {
	ID        string    `json:"id"`
	Workflow  string    `json:"workflow" doc:"Its id and the version that was pinned when the run began."`
	Status    string    `json:"status"`
	StartedBy string    `json:"started_by"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// WorkflowRun is a run of a workflow with its steps, and whose turn it is.
type WorkflowRun struct {
	WorkflowLine
	Trigger string               `json:"trigger"`
	Alert   string               `json:"alert,omitempty" doc:"The draft whose alert began it."`
	Steps   []workflow.StepState `json:"steps" nullable:"false"`
	Turns   []Turn               `json:"turns" nullable:"false"`
}

// Turn is what a waiting or failed step waits for.
type Turn struct {
	Step  string `json:"step"`
	Who   string `json:"who" doc:"The role."`
	Draft string `json:"draft,omitempty" doc:"Act on it; a turn without one is a failed step, to be continued by name."`
	Said  string `json:"said,omitempty" doc:"Why the taker refused the draft."`
}

// WorkflowIn starts a workflow.
type WorkflowIn struct {
	Workflow string       `json:"workflow" maxLength:"80"`
	Uploads  []app.Upload `json:"uploads,omitempty" maxItems:"100" doc:"As POST /uploads returned them; each goes to the steps that read what it holds."`
	Alert    string       `json:"alert,omitempty" maxLength:"80" doc:"The draft whose alert begins it; without one a new cycle does."`
}

// ContinueIn goes on with a workflow.
type ContinueIn struct {
	Step string `json:"step,omitempty" maxLength:"80" doc:"A failed step, to be taken up again."`
}

func lineOf(r workflow.Run) WorkflowLine {
	return WorkflowLine{
		ID: r.ID, Workflow: r.Definition.String(), Status: string(r.State.Status), StartedBy: r.StartedBy, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
}

func (a *api) workflows(h huma.API) {
	huma.Register(h, operation("list-workflows", http.MethodGet, "/workflows", "The workflows in force", "workflows"),
		func(ctx context.Context, _ *struct{}) (*Out[Listed[workflow.Definition]], error) {
			all, err := a.App.Workflows()
			return &Out[Listed[workflow.Definition]]{Body: list(all, "")}, a.failed(ctx, err)
		})
	huma.Register(h, operation("get-workflow", http.MethodGet, "/workflows/{id}", "A workflow's steps, and who answers for it", "workflows"),
		func(ctx context.Context, in *byID) (*Out[WorkflowCard], error) {
			d, err := a.App.Workflow(in.ID)
			if err != nil {
				return nil, a.failed(ctx, err)
			}
			st, err := a.App.WorkflowStanding(ctx, in.ID)
			return &Out[WorkflowCard]{ETag: tag(d.Version), Body: WorkflowCard{d, st}}, a.failed(ctx, err)
		})
	huma.Register(h, operation("attest-workflow", http.MethodPost, "/workflows/{id}/attestations", "Say that you, who hold its owner's role, answer for it", "workflows"),
		func(ctx context.Context, in *byID) (*Out[app.Standing], error) {
			st, err := a.App.AttestWorkflow(ctx, in.ID)
			return &Out[app.Standing]{Body: st}, a.failed(ctx, err)
		})
	huma.Register(h, operation("list-workflow-runs", http.MethodGet, "/workflow-runs", "Runs of workflows, newest first", "workflows"),
		func(ctx context.Context, in *struct {
			Status string `query:"status" maxLength:"20" doc:"open, done or cancelled"`
			Cursor string `query:"cursor" maxLength:"200"`
		},
		) (*Out[Listed[WorkflowLine]], error) {
			all, next, err := a.App.WorkflowPage(ctx, workflow.RunStatus(in.Status), in.Cursor)
			var out []WorkflowLine
			for _, r := range all {
				out = append(out, lineOf(r))
			}
			return &Out[Listed[WorkflowLine]]{Body: list(out, next)}, a.failed(ctx, err)
		})
	start := operation("start-workflow", http.MethodPost, "/workflow-runs", "Begin a workflow; it goes on until people have to act", "workflows")
	start.DefaultStatus = http.StatusAccepted
	huma.Register(h, start, func(ctx context.Context, in *struct{ Body WorkflowIn }) (*Out[WorkflowRun], error) {
		r, err := a.App.BeginWorkflow(ctx, app.WorkflowRequest{Workflow: in.Body.Workflow, Uploads: in.Body.Uploads, Alert: in.Body.Alert})
		return a.workflowRun(ctx, r, err)
	})
	huma.Register(h, operation("get-workflow-run", http.MethodGet, "/workflow-runs/{id}", "A run's steps, and whose turn it is", "workflows"),
		func(ctx context.Context, in *byID) (*Out[WorkflowRun], error) {
			r, err := a.App.WorkflowRun(ctx, in.ID)
			return a.workflowRun(ctx, r, err)
		})
	huma.Register(h, operation("continue-workflow", http.MethodPost, "/workflow-runs/{id}/continue", "Go on now, taking a failed step up again when one is named", "workflows"),
		func(ctx context.Context, in *struct {
			ID string `path:"id" maxLength:"80"`
			Ref
			Body ContinueIn
		},
		) (*Out[WorkflowRun], error) {
			if err := a.stillAt(ctx, in.ID, in.digest()); err != nil {
				return nil, err
			}
			r, err := a.App.ContinueWorkflow(ctx, in.ID, in.Body.Step)
			return a.workflowRun(ctx, r, err)
		})
	huma.Register(h, operation("cancel-workflow", http.MethodPost, "/workflow-runs/{id}/cancel", "End a run; what it made stays", "workflows"),
		func(ctx context.Context, in *struct {
			ID   string `path:"id" maxLength:"80"`
			Body ReasonIn
		},
		) (*Out[WorkflowRun], error) {
			r, err := a.App.CancelWorkflow(ctx, in.ID, in.Body.Text)
			return a.workflowRun(ctx, r, err)
		})
}

// stillAt refuses a write that names another state of a workflow's run.
func (a *api) stillAt(ctx context.Context, id, seq string) error {
	if seq == "" {
		return nil
	}
	r, err := a.App.WorkflowRun(ctx, id)
	if err == nil && strconv.Itoa(r.Seq) != seq {
		err = fault.New(fault.Stale, "http.workflow", "the run has moved on since it was read").WithMend("Read it again.")
	}
	return a.failed(ctx, err)
}

func (a *api) workflowRun(ctx context.Context, r workflow.Run, err error) (*Out[WorkflowRun], error) {
	if err != nil {
		return nil, a.failed(ctx, err)
	}
	turns, err := a.App.Turns(ctx, r)
	if err != nil {
		return nil, a.failed(ctx, err)
	}
	out := WorkflowRun{WorkflowLine: lineOf(r), Trigger: r.Input.Trigger, Alert: r.Input.Of, Steps: r.State.Steps, Turns: []Turn{}}
	for _, t := range turns {
		out.Turns = append(out.Turns, Turn{Step: t.Step, Who: t.Who, Draft: t.Draft, Said: t.Said})
	}
	return &Out[WorkflowRun]{ETag: tag(strconv.Itoa(r.Seq)), Body: out}, nil
}
