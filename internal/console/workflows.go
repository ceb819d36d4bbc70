package console

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"roleos/internal/app"
	"roleos/internal/workflow"
)

// Workflows shows workflows and their runs.
type Workflows interface {
	Workflows() ([]workflow.Definition, error)
	WorkflowRuns(ctx context.Context, status workflow.RunStatus) ([]workflow.Run, error)
	WorkflowRun(ctx context.Context, id string) (workflow.Run, error)
	Turns(ctx context.Context, r workflow.Run) ([]app.Turn, error)
}

// Cancelling begins, goes on with and ends runs of workflows.
type Cancelling interface {
	BeginWorkflow(ctx context.Context, r app.WorkflowRequest) (workflow.Run, error)
	ContinueWorkflow(ctx context.Context, id, step string) (workflow.Run, error)
	CancelWorkflow(ctx context.Context, id, why string) (workflow.Run, error)
}

type workflowsPage struct {
	Definitions []workflow.Definition
	Runs        []workflow.Run
}

func (c *Console) workflows(w http.ResponseWriter, r *http.Request, s session) error {
	var p workflowsPage
	var err error
	if p.Definitions, err = c.o.App.Workflows(); err != nil {
		return err
	}
	if p.Runs, err = c.o.App.WorkflowRuns(r.Context(), ""); err != nil {
		return err
	}
	return c.show(w, r, s, http.StatusOK, "workflows", layout{Title: "Workflows", Active: "workflows", Page: p})
}

type workflowPage struct {
	workflow.Run
	Steps []workflowStep
	Turns []app.Turn
	Form  form
}

type workflowStep struct {
	workflow.StepState
	Kind, Tone string
}

func (c *Console) workflow(w http.ResponseWriter, r *http.Request, s session) error {
	x, err := c.o.App.WorkflowRun(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	p := workflowPage{Run: x, Form: form{CSRF: s.csrf}}
	for _, st := range x.State.Steps {
		step := workflowStep{StepState: st}
		if d, ok := x.Definition.Step(st.ID); ok {
			step.Kind = string(d.Kind)
		}
		step.Tone = map[workflow.Status]string{workflow.Done: "good", workflow.Failed: "bad", workflow.Waiting: "unsure", workflow.Running: "notable"}[st.Status]
		p.Steps = append(p.Steps, step)
	}
	if p.Turns, err = c.o.App.Turns(r.Context(), x); err != nil {
		return err
	}
	open := x.State.Status == workflow.RunOpen
	return c.show(w, r, s, http.StatusOK, "workflow", layout{Title: x.Definition.Name, Active: "workflows", Live: open, Page: p})
}

func (c *Console) cancelWorkflow(_ http.ResponseWriter, r *http.Request, _ session) (to, done string, err error) {
	id := r.PathValue("id")
	_, err = c.o.App.CancelWorkflow(r.Context(), id, strings.TrimSpace(r.PostFormValue("text")))
	return "/workflows/" + url.PathEscape(id), "cancelled", err
}

func (c *Console) continueWorkflow(_ http.ResponseWriter, r *http.Request, _ session) (to, done string, err error) {
	id := r.PathValue("id")
	_, err = c.o.App.ContinueWorkflow(r.Context(), id, r.PostFormValue("step"))
	return "/workflows/" + url.PathEscape(id), "resumed", err
}
