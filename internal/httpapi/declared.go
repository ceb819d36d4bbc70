package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"roleos/agents"
	"roleos/contracts"
	"roleos/guardrails"
	"roleos/guardrails/delegation"
	"roleos/internal/app"
	"roleos/internal/fault"
	"roleos/internal/roles"
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

// AgentCard is a manifest with the modes that code computes from it.
type AgentCard struct {
	Manifest agents.Manifest `json:"manifest"`
	Steps    []Step          `json:"steps" nullable:"false"`
	Standing app.Standing    `json:"standing" doc:"Whether somebody answers for it."`
}

// Step is the delegation mode of one step of an agent's task.
type Step struct {
	Step    string   `json:"step"`
	Mode    string   `json:"mode" enum:"autonomous,coordinated"`
	Reasons []string `json:"reasons" nullable:"false"`
}

// Modes is how an agent works now, and why.
type Modes struct {
	Agent    string               `json:"agent"`
	Mode     string               `json:"mode" enum:"autonomous,coordinated" doc:"autonomous only when every step is"`
	Steps    []Step               `json:"steps" nullable:"false"`
	Standing *guardrails.Standing `json:"standing,omitempty" doc:"The delegation under which it publishes without waiting."`
	Waiting  []string             `json:"waiting" nullable:"false" doc:"Drafts published alone that a person is to look at afterwards."`
	Released int                  `json:"released" doc:"Drafts published alone, in all."`
	History  []delegation.Event   `json:"history" nullable:"false"`
}

// ModeIn is a person's decision about an agent's mode.
type ModeIn struct {
	Mode string `json:"mode" enum:"autonomous,coordinated"`
	Step string `json:"step,omitempty" maxLength:"80" doc:"Without one, all of them."`
	Text string `json:"text" minLength:"1" maxLength:"2000" doc:"Why."`
	Days int    `json:"days,omitempty" minimum:"0" maximum:"90" doc:"How long a standing delegation holds; 0 means 30."`
}

// SampleIn is what a person found in a draft that was published without waiting.
type SampleIn struct {
	Clean bool   `json:"clean"`
	Text  string `json:"text,omitempty" maxLength:"2000" doc:"Required when it is not clean."`
}

// DraftModes is in which mode a draft was made.
type DraftModes struct {
	Draft string `json:"draft"`
	Agent string `json:"agent"`
	Mode  string `json:"mode" doc:"Empty for a draft that no agent made."`
	Steps []Step `json:"steps" nullable:"false"`
}

// ContractLine is a contract in a list.
type ContractLine struct {
	ID      string          `json:"id"`
	Version string          `json:"version"`
	Digest  string          `json:"digest" doc:"Of its file."`
	Purpose string          `json:"purpose"`
	From    contracts.Party `json:"from"`
	To      contracts.Party `json:"to"`
	Gates   int             `json:"gates"`
}

// ContractCard is a contract, and the page that both sides would sign.
type ContractCard struct {
	ContractLine
	Contract contracts.HandoffContract `json:"contract"`
	Page     string                    `json:"page" doc:"Markdown."`
}

// CheckIn is a document to hold against a contract.
type CheckIn struct {
	Document json.RawMessage `json:"document" doc:"The artefact's JSON."`
	Draft    string          `json:"draft,omitempty" maxLength:"80" doc:"The draft whose records the document cites. Without one, there are no records."`
}

// Checked is what a contract says of a document. Nothing is kept of it.
type Checked struct {
	contracts.Result
	Passed bool `json:"passed" doc:"Every gate that can stop a draft passed."`
	Ready  bool `json:"ready" doc:"Nothing but people's attestations is missing."`
}

// RoleCard is a role's operating system, and what does not fit in it.
type RoleCard struct {
	Role     roles.Role      `json:"role"`
	Findings []roles.Finding `json:"findings" nullable:"false"`
}

// declared is what the team has declared: people, agents, roles and contracts.
func (a *api) declared(h huma.API) {
	huma.Register(h, operation("who-am-i", http.MethodGet, "/me", "Who the token or session is for", "people"),
		func(ctx context.Context, _ *struct{}) (*Out[Me], error) {
			actor := a.App.Actor(ctx)
			return &Out[Me]{Body: Me{ID: actor.ID, Roles: append([]string{}, actor.Roles...), Solo: actor.Solo}}, nil
		})
	a.agents(h)
	a.contracts(h)
	huma.Register(h, operation("list-roles", http.MethodGet, "/roles", "The team's roles", "roles"),
		func(ctx context.Context, _ *struct{}) (*Out[Listed[roles.Role]], error) {
			t, err := a.App.Team()
			return &Out[Listed[roles.Role]]{Body: list(t.Roles, "")}, a.failed(ctx, err)
		})
	huma.Register(h, operation("get-role", http.MethodGet, "/roles/{id}", "What a role takes, gives and runs, and what does not fit", "roles"),
		func(ctx context.Context, in *byID) (*Out[RoleCard], error) {
			t, findings, err := a.App.CheckScaffold()
			if err != nil {
				return nil, a.failed(ctx, err)
			}
			r, ok := t.Find(in.ID)
			if !ok {
				return nil, a.failed(ctx, fault.New(fault.NotFound, "http.role", "there is no such role; there are %s", strings.Join(t.IDs(), ", ")))
			}
			out := RoleCard{Role: r, Findings: []roles.Finding{}}
			for _, f := range findings {
				if f.Role == r.ID {
					out.Findings = append(out.Findings, f)
				}
			}
			return &Out[RoleCard]{Body: out}, nil
		})
}

func (a *api) agents(h huma.API) {
	huma.Register(h, operation("list-agents", http.MethodGet, "/agents", "List the agents", "agents"),
		func(ctx context.Context, _ *struct{}) (*Out[Listed[agents.Manifest]], error) {
			all, err := agents.Manifests()
			return &Out[Listed[agents.Manifest]]{Body: list(all, "")}, a.failed(ctx, err)
		})
	huma.Register(h, operation("get-agent", http.MethodGet, "/agents/{id}", "An agent's manifest, its modes and who answers for it", "agents"),
		func(ctx context.Context, in *byID) (*Out[AgentCard], error) {
			m, err := agents.Find(in.ID)
			if err != nil {
				return nil, a.failed(ctx, err)
			}
			st, err := a.App.AgentStanding(ctx, in.ID)
			return &Out[AgentCard]{ETag: tag(m.Version), Body: AgentCard{m, stepsOf(app.Modes(m)), st}}, a.failed(ctx, err)
		})
	huma.Register(h, operation("attest-agent", http.MethodPost, "/agents/{id}/attestations", "Say that you, who hold its owner's role, answer for it", "agents"),
		func(ctx context.Context, in *byID) (*Out[app.Standing], error) {
			st, err := a.App.AttestAgent(ctx, in.ID)
			return &Out[app.Standing]{Body: st}, a.failed(ctx, err)
		})
	huma.Register(h, operation("show-halt", http.MethodGet, "/halt", "Whether all agents are stopped, by whom and why", "agents"),
		func(ctx context.Context, _ *struct{}) (*Out[Halted], error) {
			return a.halted(ctx, nil)
		})
	huma.Register(h, operation("halt-agents", http.MethodPost, "/halt", "Stop all agents at once, everywhere", "agents"),
		func(ctx context.Context, in *struct{ Body ReasonIn }) (*Out[Halted], error) {
			_, err := a.App.HaltAgents(ctx, in.Body.Text)
			return a.halted(ctx, err)
		})
	huma.Register(h, operation("resume-agents", http.MethodPost, "/halt/end", "Let agents run again; only who answers for one may", "agents"),
		func(ctx context.Context, in *struct{ Body ReasonIn }) (*Out[Halted], error) {
			return a.halted(ctx, a.App.ResumeAgents(ctx, in.Body.Text))
		})
	huma.Register(h, operation("explain-modes", http.MethodGet, "/agents/{id}/modes", "How an agent works now, why, and what led there", "agents"),
		func(ctx context.Context, in *byID) (*Out[Modes], error) {
			m, err := a.App.AgentModes(ctx, in.ID)
			return a.modes(ctx, m, err)
		})
	huma.Register(h, operation("set-mode", http.MethodPost, "/agents/{id}/modes", "Tighten an agent's mode, or loosen it as far as its factors and its record allow", "agents"),
		func(ctx context.Context, in *struct {
			ID string `path:"id" maxLength:"80"`
			Ref
			Body ModeIn
		},
		) (*Out[Modes], error) {
			now, err := a.App.AgentModes(ctx, in.ID)
			if err == nil && in.digest() != "" && in.digest() != strconv.Itoa(len(now.History)) {
				err = fault.New(fault.Stale, "http.mode", "something has happened to the agent's mode since it was read").WithMend("Read it again.")
			}
			if err != nil {
				return nil, a.failed(ctx, err)
			}
			to := delegation.Coordinated
			if in.Body.Mode == delegation.Autonomous.String() {
				to = delegation.Autonomous
			}
			m, err := a.App.SetMode(ctx, app.SetMode{
				Agent: in.ID, Step: in.Body.Step, Mode: to, Text: in.Body.Text, For: time.Duration(in.Body.Days) * 24 * time.Hour,
			})
			return a.modes(ctx, m, err)
		})
	huma.Register(h, operation("draft-modes", http.MethodGet, "/drafts/{id}/modes", "In which mode a draft was made, and why", "agents"),
		func(ctx context.Context, in *byID) (*Out[DraftModes], error) {
			m, err := a.App.DraftModes(ctx, in.ID)
			return &Out[DraftModes]{Body: DraftModes{m.Draft, m.Agent, m.Mode, stepsOf(m.Steps)}}, a.failed(ctx, err)
		})
	huma.Register(h, operation("review-sample", http.MethodPost, "/drafts/{id}/sample", "Say what you found in a draft that was published without waiting", "agents"),
		func(ctx context.Context, in *struct {
			ID   string `path:"id" maxLength:"80"`
			Body SampleIn
		},
		) (*Out[Modes], error) {
			m, err := a.App.ReviewSample(ctx, in.ID, in.Body.Clean, in.Body.Text)
			return a.modes(ctx, m, err)
		})
}

func stepsOf(all []app.StepMode) []Step {
	out := []Step{}
	for _, s := range all {
		out = append(out, Step{Step: s.Step, Mode: s.Result.Mode.String(), Reasons: append([]string{}, s.Result.Reasons...)})
	}
	return out
}

func (a *api) modes(ctx context.Context, m app.AgentModes, err error) (*Out[Modes], error) {
	if err != nil {
		return nil, a.failed(ctx, err)
	}
	out := Modes{
		Agent: m.Agent, Mode: m.Mode.String(), Steps: stepsOf(m.Steps), Standing: m.Standing, Released: m.Released,
		Waiting: append([]string{}, m.Older...), History: append([]delegation.Event{}, m.History...),
	}
	for _, r := range m.Waiting {
		out.Waiting = append(out.Waiting, r.Draft)
	}
	return &Out[Modes]{ETag: tag(strconv.Itoa(len(m.History))), Body: out}, nil
}

func (a *api) contracts(h huma.API) {
	line := func(k *contracts.HandoffContract) ContractLine {
		return ContractLine{ID: k.ID, Version: k.Version, Digest: k.Digest(), Purpose: k.Purpose, From: k.From, To: k.To, Gates: len(k.Gates)}
	}
	huma.Register(h, operation("list-contracts", http.MethodGet, "/contracts", "The handoff contracts in force", "contracts"),
		func(ctx context.Context, _ *struct{}) (*Out[Listed[ContractLine]], error) {
			all, err := a.App.InForce()
			var out []ContractLine
			for _, k := range all {
				out = append(out, line(k))
			}
			return &Out[Listed[ContractLine]]{Body: list(out, "")}, a.failed(ctx, err)
		})
	huma.Register(h, operation("get-contract", http.MethodGet, "/contracts/{id}", "A contract; id@version names one that was in force before", "contracts"),
		func(ctx context.Context, in *byID) (*Out[ContractCard], error) {
			k, err := a.App.Contract(in.ID)
			if err != nil {
				return nil, a.failed(ctx, err)
			}
			return &Out[ContractCard]{ETag: tag(k.Digest()), Body: ContractCard{line(k), *k, contracts.Show(k)}}, nil
		})
	huma.Register(h, operation("check-document", http.MethodPost, "/contracts/{id}/check", "Hold a document against a contract; nothing is kept", "contracts"),
		func(ctx context.Context, in *struct {
			ID   string `path:"id" maxLength:"80"`
			Body CheckIn
		},
		) (*Out[Checked], error) {
			r, err := a.App.CheckDocument(ctx, in.ID, in.Body.Document, in.Body.Draft)
			return &Out[Checked]{Body: Checked{r, r.Passed(), r.Ready()}}, a.failed(ctx, err)
		})
	huma.Register(h, operation("check-draft", http.MethodPost, "/drafts/{id}/check", "Run a draft's pinned contract again over its stored bytes and records", "contracts"),
		func(ctx context.Context, in *byID) (*Out[Listed[contracts.GateResult]], error) {
			gates, err := a.App.CheckAgain(ctx, in.ID)
			return &Out[Listed[contracts.GateResult]]{Body: list(gates, "")}, a.failed(ctx, err)
		})
}

// Halted says whether all agents are stopped.
type Halted struct {
	Stopped bool      `json:"stopped"`
	By      string    `json:"by,omitempty"`
	Why     string    `json:"why,omitempty"`
	At      time.Time `json:"at,omitzero"`
}

func (a *api) halted(ctx context.Context, err error) (*Out[Halted], error) {
	var h *app.Halt
	if err == nil {
		h, err = a.App.Halted(ctx)
	}
	if err != nil {
		return nil, a.failed(ctx, err)
	}
	if h == nil {
		return &Out[Halted]{}, nil
	}
	return &Out[Halted]{Body: Halted{Stopped: true, By: h.By, Why: h.Why, At: h.At}}, nil
}
