package workflow

import (
	"slices"
	"strings"
	"time"
)

// Kind is what a step does.
type Kind string

// The kinds of step.
const (
	Agent   Kind = "agent"   // an agent drafts an artefact
	Human   Kind = "human"   // a person reviews a draft
	Gate    Kind = "gate"    // code checks something; it can fail
	Publish Kind = "publish" // a person confirms the change set that publishes a draft
	Handoff Kind = "handoff" // the next role takes the draft over
	Timer   Kind = "timer"   // a time passes
)

// Kinds returns the kinds of step.
func Kinds() []Kind { return []Kind{Agent, Human, Gate, Publish, Handoff, Timer} }

// Definition is one workflow as it is declared. It is read once and never changed.
type Definition struct {
	Kind       string     `yaml:"kind" json:"kind"` // Workflow
	ID         string     `yaml:"id" json:"id"`     // also its file's name
	Name       string     `yaml:"name" json:"name"`
	Version    string     `yaml:"version" json:"version"`
	Role       string     `yaml:"role" json:"role"`
	Stage      string     `yaml:"stage" json:"stage"`
	Purpose    string     `yaml:"purpose" json:"purpose"`
	Governance Governance `yaml:"governance" json:"governance"`
	Triggers   []Trigger  `yaml:"triggers" json:"triggers"`
	Steps      []Step     `yaml:"steps" json:"steps"`
}

// Governance answers the four questions that make a specialist of a workflow.
type Governance struct {
	WorkflowOwner string `yaml:"workflow_owner" json:"workflow_owner"`
	SourceOfTruth string `yaml:"source_of_truth" json:"source_of_truth"`
	ServiceLevel  string `yaml:"service_level" json:"service_level"`
	AuditTrail    string `yaml:"audit_trail" json:"audit_trail"`
}

// Missing returns what the governance has to say and does not.
func (g Governance) Missing() []string {
	var out []string
	for _, q := range []struct{ name, answer string }{
		{"governance.workflow_owner", g.WorkflowOwner},
		{"governance.source_of_truth", g.SourceOfTruth},
		{"governance.service_level", g.ServiceLevel},
		{"governance.audit_trail", g.AuditTrail},
	} {
		if strings.TrimSpace(q.answer) == "" {
			out = append(out, q.name)
		}
	}
	return out
}

// Trigger is a reason to begin a run.
type Trigger struct {
	On   string `yaml:"on" json:"on"` // cycle, alert
	Says string `yaml:"says" json:"says"`
	// Of is the kind of artefact whose alerts count, for alert.
	Of string `yaml:"of,omitempty" json:"of,omitempty"`
}

// Trigger names.
const (
	OnCycle = "cycle" // a person begins a new cycle
	OnAlert = "alert" // a draft reports a significant pattern
)

// Step is one step of a workflow.
type Step struct {
	ID    string   `yaml:"id" json:"id"`
	Phase string   `yaml:"phase" json:"phase"` // gather, synthesise, ...: how people group the steps
	Kind  Kind     `yaml:"kind" json:"kind"`
	Says  string   `yaml:"says" json:"says"`
	Needs []string `yaml:"needs,omitempty" json:"needs,omitempty"` // steps that are over before this one begins

	// Of an agent: which one, what it drafts, what it reads from the input and
	// which kinds of artefact it builds on. Optional: it is left out when there
	// is nothing for it to read.
	Agent    string   `yaml:"agent,omitempty" json:"agent,omitempty"`
	Gives    string   `yaml:"gives,omitempty" json:"gives,omitempty"`
	Reads    []string `yaml:"reads,omitempty" json:"reads,omitempty"`
	From     []string `yaml:"from,omitempty" json:"from,omitempty"`
	Optional bool     `yaml:"optional,omitempty" json:"optional,omitempty"`

	// Of a human, publish or handoff step: the agent step whose draft it is about,
	// who acts, and for a handoff the state it waits for (default acknowledged).
	Of    string `yaml:"of,omitempty" json:"of,omitempty"`
	By    string `yaml:"by,omitempty" json:"by,omitempty"` // role:pm
	Until string `yaml:"until,omitempty" json:"until,omitempty"`

	Check string `yaml:"check,omitempty" json:"check,omitempty"` // of a gate: its name
	For   string `yaml:"for,omitempty" json:"for,omitempty"`     // of a timer: a duration
}

// Duration returns how long a timer runs; zero for other steps.
func (s Step) Duration() time.Duration {
	d, err := time.ParseDuration(s.For)
	if err != nil {
		return 0
	}
	return d
}

// Step returns the step with the id.
func (d Definition) Step(id string) (Step, bool) {
	i := slices.IndexFunc(d.Steps, func(s Step) bool { return s.ID == id })
	if i < 0 {
		return Step{}, false
	}
	return d.Steps[i], true
}

// Phases returns the phases in the order in which their first steps stand.
func (d Definition) Phases() []string {
	var out []string
	for _, s := range d.Steps {
		if !slices.Contains(out, s.Phase) {
			out = append(out, s.Phase)
		}
	}
	return out
}

// before returns the ids of all steps that are over before the step begins, in
// the order of the definition.
func (d Definition) before(id string) []string {
	seen := map[string]bool{}
	var walk func(string)
	walk = func(id string) {
		s, _ := d.Step(id)
		for _, n := range s.Needs {
			if !seen[n] {
				seen[n] = true
				walk(n)
			}
		}
	}
	walk(id)
	var out []string
	for _, s := range d.Steps {
		if seen[s.ID] {
			out = append(out, s.ID)
		}
	}
	return out
}
