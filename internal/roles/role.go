package roles

import (
	"cmp"
	"slices"
)

// Stage is one of the six stages of the lifecycle.
type Stage string

// Stages returns the stages in their order.
func Stages() []Stage { return []Stage{"discover", "decide", "build", "test", "ship", "evaluate"} }

// Level says how far a role engages in a stage.
type Level string

// The levels. A stage that a role does not name is None.
const (
	Lead    Level = "lead"
	Support Level = "support"
	Consult Level = "consult"
	None    Level = "none"
)

// Levels returns the levels, the most engaged first.
func Levels() []Level { return []Level{Lead, Support, Consult, None} }

// Role is one role of the team with its operating system.
type Role struct {
	Kind       string          `yaml:"kind" json:"kind"` // Role
	ID         string          `yaml:"id" json:"id"`     // also its file's name
	Extends    string          `yaml:"extends,omitempty" json:"extends,omitempty"`
	Name       string          `yaml:"name" json:"name"`
	Purpose    string          `yaml:"purpose" json:"purpose"`
	Engagement map[Stage]Level `yaml:"engagement" json:"engagement"`
	ContextIn  []Input         `yaml:"context_in" json:"context_in"`
	ContextOut []Output        `yaml:"context_out" json:"context_out"`
	Drop       []string        `yaml:"drop,omitempty" json:"drop,omitempty"` // with extends: inputs and outputs that are not taken over
	Agents     []string        `yaml:"agents" json:"agents"`
	Workflows  []string        `yaml:"workflows" json:"workflows"`

	File string `yaml:"-" json:"file"` // where it was read from

	lines map[string]int // of context entries, by in/ or out/ and what
}

// Input is one thing that a role takes.
type Input struct {
	What    string   `yaml:"what" json:"what"` // strategy, problem-brief: the same word where it is produced
	Says    string   `yaml:"says" json:"says"`
	Format  []string `yaml:"format" json:"format"` // any of them will do
	Cadence Cadence  `yaml:"cadence" json:"cadence"`
	From    Party    `yaml:"from" json:"from"`
}

// Output is one thing that a role gives.
type Output struct {
	What     string   `yaml:"what" json:"what"`
	Says     string   `yaml:"says" json:"says"`
	Format   []string `yaml:"format" json:"format"` // all of them are given
	Cadence  Cadence  `yaml:"cadence" json:"cadence"`
	To       []Party  `yaml:"to" json:"to"`
	Contract string   `yaml:"contract,omitempty" json:"contract,omitempty"` // it crosses the boundary under this contract
}

// At returns how far the role engages in the stage.
func (r Role) At(s Stage) Level { return cmp.Or(r.Engagement[s], None) }

// Takes returns the role's input of that name.
func (r Role) Takes(what string) (Input, bool) {
	i := slices.IndexFunc(r.ContextIn, func(in Input) bool { return in.What == what })
	if i < 0 {
		return Input{}, false
	}
	return r.ContextIn[i], true
}

// Gives returns the role's output of that name.
func (r Role) Gives(what string) (Output, bool) {
	i := slices.IndexFunc(r.ContextOut, func(out Output) bool { return out.What == what })
	if i < 0 {
		return Output{}, false
	}
	return r.ContextOut[i], true
}

// Party is who gives or takes: "role:architect", "role:everyone" (takers only),
// or "source:support", which stands outside the team.
type Party string

// Everyone is all other roles.
const Everyone Party = "role:everyone"

// Role returns the role's id; false for a source outside the team.
func (p Party) Role() (string, bool) {
	const prefix = "role:"
	if len(p) > len(prefix) && p[:len(prefix)] == prefix {
		return string(p[len(prefix):]), true
	}
	return "", false
}

// Team is all roles of a workspace, in the order of their ids.
type Team struct{ Roles []Role }

// Find returns the role with the id.
func (t Team) Find(id string) (Role, bool) {
	i := slices.IndexFunc(t.Roles, func(r Role) bool { return r.ID == id })
	if i < 0 {
		return Role{}, false
	}
	return t.Roles[i], true
}

// IDs returns the ids of the roles.
func (t Team) IDs() []string {
	out := make([]string, 0, len(t.Roles))
	for _, r := range t.Roles {
		out = append(out, r.ID)
	}
	return out
}

// Engaged returns the ids of the roles that engage at the level in the stage.
func (t Team) Engaged(s Stage, l Level) []string {
	var out []string
	for _, r := range t.Roles {
		if r.At(s) == l {
			out = append(out, r.ID)
		}
	}
	return out
}
