package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"roleos/agents"
	"roleos/internal/app"
)

// Me is who asks.
type Me struct {
	ID    string   `json:"id"`
	Roles []string `json:"roles" nullable:"false"`
	Solo  bool     `json:"solo" doc:"There is one person, who holds every role; every record says so."`
}

type byID struct {
	ID string `path:"id" maxLength:"80"`
}

func (a *api) people(h huma.API) {
	huma.Register(h, operation("who-am-i", http.MethodGet, "/me", "Who the token or session is for", "people"),
		func(ctx context.Context, _ *struct{}) (*Out[Me], error) {
			actor := a.App.Actor(ctx)
			roles := actor.Roles
			if roles == nil {
				roles = []string{}
			}
			return &Out[Me]{Body: Me{ID: actor.ID, Roles: roles, Solo: actor.Solo}}, nil
		})
	huma.Register(h, operation("list-agents", http.MethodGet, "/agents", "List the agents", "agents"),
		func(ctx context.Context, _ *struct{}) (*Out[Listed[agents.Manifest]], error) {
			all, err := agents.Manifests()
			return &Out[Listed[agents.Manifest]]{Body: list(all, "")}, a.failed(ctx, err)
		})
	huma.Register(h, operation("get-agent", http.MethodGet, "/agents/{id}", "An agent's manifest and its modes", "agents"),
		func(ctx context.Context, in *byID) (*Out[AgentCard], error) {
			m, err := agents.Find(in.ID)
			if err != nil {
				return nil, a.failed(ctx, err)
			}
			card := AgentCard{Manifest: m, Steps: []Step{}}
			for _, s := range app.Modes(m) {
				card.Steps = append(card.Steps, Step{Step: s.Step, Mode: s.Result.Mode.String(), Reasons: append([]string{}, s.Result.Reasons...)})
			}
			return &Out[AgentCard]{Body: card}, nil
		})
}

// AgentCard is a manifest with the modes that code computes from it.
type AgentCard struct {
	Manifest agents.Manifest `json:"manifest"`
	Steps    []Step          `json:"steps" nullable:"false"`
}

// Step is the delegation mode of one step of an agent's task.
type Step struct {
	Step    string   `json:"step"`
	Mode    string   `json:"mode" enum:"autonomous,coordinated"`
	Reasons []string `json:"reasons" nullable:"false"`
}
