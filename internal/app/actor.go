package app

import (
	"context"
	"slices"
	"strings"

	"roleos/guardrails"
	"roleos/internal/fault"
	"roleos/internal/identity"
)

// Actor is the person for whom a use case runs.
type Actor struct {
	ID    string   // "person:ana"
	Roles []string // pm, architect, portfolio-owner, ...; sorted
	// Solo holds every role: there is one person, and every record says so.
	Solo bool
	// Scopes are what the token or session behind the request is for; nil for a
	// command, which is for everything.
	Scopes []identity.Scope
}

// May reports whether the request that the actor sent is for the scope.
func (a Actor) May(scope identity.Scope) bool {
	return a.Scopes == nil || slices.Contains(a.Scopes, scope)
}

// Has reports whether the actor holds the role.
func (a Actor) Has(role string) bool { return a.Solo || slices.Contains(a.Roles, role) }

type actorKey struct{}

// WithActor returns a context whose use cases run for the actor. Without one
// they run for the person in the settings, which is what a command does.
func WithActor(ctx context.Context, actor Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, actor)
}

// Actor returns whom ctx's use cases run for.
func (a *App) Actor(ctx context.Context) Actor {
	if actor, ok := ctx.Value(actorKey{}).(Actor); ok {
		return actor
	}
	return a.Person(a.cfg.Principal)
}

// Person returns the actor that the settings make of a person.
func (a *App) Person(id string) Actor {
	roles := slices.Clone(a.cfg.Team.Roles[id])
	slices.Sort(roles)
	return Actor{ID: id, Roles: slices.Compact(roles), Solo: a.solo()}
}

// actor returns the id of whom ctx's use cases run for.
func (a *App) actor(ctx context.Context) string { return a.Actor(ctx).ID }

func (a *App) person(ctx context.Context) guardrails.Principal {
	return guardrails.Principal{ID: a.actor(ctx), Person: true}
}

// require refuses an actor that does not hold one of the roles. what finishes
// "only ... may".
func (a *App) require(ctx context.Context, what string, roles ...string) error {
	actor := a.Actor(ctx)
	if slices.ContainsFunc(roles, actor.Has) {
		return nil
	}
	return fault.New(fault.Denied, "app.role", "only %s may %s; %s holds %s", strings.Join(roles, " or "), what, actor.ID, orNone(actor.Roles)).
		WithMend("%s", a.rolesStand(actor.ID, roles[0]))
}

// member refuses a person whom the settings of a team give no role: a token
// outlives the roles of who left, and decides nothing then. Who types commands has
// the workspace itself in hand; there the contracts' roles count.
func (a *App) member(ctx context.Context) error {
	actor := a.Actor(ctx)
	if actor.Solo || len(actor.Roles) > 0 || actor.Scopes == nil {
		return nil
	}
	return fault.New(fault.Denied, "app.role", "%s holds no role in this team, and may look only", actor.ID).
		WithMend("%s", a.rolesStand(actor.ID, "reviewer"))
}

// rolesStand says where somebody could be given the role.
func (a *App) rolesStand(who, role string) string {
	if a.cfg.Serve.OIDC.Used() {
		return "Whoever signs in at the provider holds what serve.oidc.roles gives their groups; a token holds what team.roles gives its person."
	}
	return "Roles stand in roleos.yaml under team.roles, for example " + who + ": " + role
}

func orNone(roles []string) string {
	if len(roles) == 0 {
		return "no role"
	}
	return strings.Join(roles, ", ")
}
