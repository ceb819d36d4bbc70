package agents

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"roleos/internal/fault"
)

//go:embed manifests/*.yaml
var embedded embed.FS

// Manifest declares an agent: what it is for, who answers for it, what it may
// read and touch, and how far it is trusted.
type Manifest struct {
	Kind       string     `yaml:"kind" json:"kind"` // AgentManifest
	ID         string     `yaml:"id" json:"id"`
	Name       string     `yaml:"name" json:"name"`
	Version    string     `yaml:"version" json:"version"`
	Role       string     `yaml:"role" json:"role"`
	Stage      string     `yaml:"stage" json:"stage"`
	Purpose    string     `yaml:"purpose" json:"purpose"`
	Governance Governance `yaml:"governance" json:"governance"`
	Inputs     []Input    `yaml:"inputs" json:"inputs"`
	Output     Output     `yaml:"output" json:"output"`
	Oversight  []string   `yaml:"oversight" json:"oversight"`
	Envelopes  []Envelope `yaml:"envelopes" json:"envelopes"` // one for each target; none means that nothing may be touched
	Delegation []Step     `yaml:"delegation" json:"delegation"`
	Cadence    string     `yaml:"cadence" json:"cadence"`
	Budget     Budget     `yaml:"budget" json:"budget"`
}

// Governance answers the four questions that make a specialist of an agent.
type Governance struct {
	WorkflowOwner string `yaml:"workflow_owner" json:"workflow_owner"`
	SourceOfTruth string `yaml:"source_of_truth" json:"source_of_truth"`
	ServiceLevel  string `yaml:"service_level" json:"service_level"`
	AuditTrail    string `yaml:"audit_trail" json:"audit_trail"`
}

// Input is one kind of evidence the agent reads.
type Input struct {
	Name    string   `yaml:"name" json:"name"`
	Formats []string `yaml:"formats" json:"formats"`
	Cadence string   `yaml:"cadence" json:"cadence"`
}

// Output is what the agent drafts and the contract it must pass.
type Output struct {
	Artefact string `yaml:"artefact" json:"artefact"`
	Contract string `yaml:"contract" json:"contract"`
	To       string `yaml:"to" json:"to"`
}

// Envelope is the most that change sets made from the agent's drafts may touch
// of one target.
type Envelope struct {
	Target     string   `yaml:"target" json:"target"`
	Operations []string `yaml:"operations" json:"operations"` // as the target names them: create, update, open, ...
	Paths      []string `yaml:"paths" json:"paths"`           // folders of the target; for files below the publication root
	MostEach   int      `yaml:"most_objects_per_operation" json:"most_objects_per_operation"`
	MostShare  float64  `yaml:"most_share_of_population" json:"most_share_of_population"`
	PerDay     int      `yaml:"most_changes_per_day" json:"most_changes_per_day"`
	// Unproven admits changes whose undoing could not be proven; a person then
	// types the target's name.
	Unproven bool `yaml:"unproven" json:"unproven"`
}

// Envelope returns the envelope for the target; fault.Denied when the agent may not touch it.
func (m Manifest) Envelope(target string) (Envelope, error) {
	for _, e := range m.Envelopes {
		if e.Target == target {
			return e, nil
		}
	}
	return Envelope{}, fault.New(fault.Denied, "agents.envelope", "%s may not touch %s: its manifest has no envelope for it", m.Name, target)
}

// Step is one part of the agent's task with its three delegation factors.
type Step struct {
	Name           string `yaml:"name" json:"name"`
	ErrorTolerance Factor `yaml:"error_tolerance" json:"error_tolerance"`
	ToolSpan       Factor `yaml:"tool_span" json:"tool_span"`
	Independence   Factor `yaml:"independence" json:"independence"`
	// Gates are those of the output's contract that judge this step and no step
	// that does not name them too. A gate that no step names judges all of them.
	Gates []string `yaml:"gates,omitempty" json:"gates,omitempty"`
}

// Judged returns the steps that the gates speak about, in the manifest's order;
// all of them when a gate is named by none, or there are no gates.
func (m Manifest) Judged(gates []string) []string {
	var some, all []string
	mapped := map[string]bool{}
	for _, s := range m.Delegation {
		all = append(all, s.Name)
		for _, g := range s.Gates {
			mapped[g] = true
		}
		if slices.ContainsFunc(gates, func(g string) bool { return slices.Contains(s.Gates, g) }) {
			some = append(some, s.Name)
		}
	}
	if len(gates) == 0 || slices.ContainsFunc(gates, func(g string) bool { return !mapped[g] }) {
		return all
	}
	return some
}

// Factor is a delegation factor with the reason for it.
type Factor struct {
	Value  string `yaml:"value" json:"value"`
	Reason string `yaml:"reason" json:"reason"`
}

// Budget bounds what one run may cost, whatever the settings allow. Zero means
// that nothing may be spent: with no tokens, no model is asked.
type Budget struct {
	Tokens  int     `yaml:"tokens" json:"tokens"`
	Money   float64 `yaml:"money" json:"money"`
	Minutes int     `yaml:"minutes" json:"minutes"`
}

// Manifests returns the embedded manifests in order of their ids.
func Manifests() ([]Manifest, error) {
	names, err := fs.Glob(embedded, "manifests/*.yaml")
	if err != nil {
		return nil, err
	}
	var out []Manifest
	for _, name := range names {
		data, err := embedded.ReadFile(name)
		if err != nil {
			return nil, err
		}
		m, err := ParseManifest(path.Base(name), data)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b Manifest) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}

// Find returns the embedded manifest with the id; fault.NotFound names the ones there are.
func Find(id string) (Manifest, error) {
	all, err := Manifests()
	if err != nil {
		return Manifest{}, err
	}
	var names []string
	for _, m := range all {
		if m.ID == id {
			return m, nil
		}
		names = append(names, m.ID)
	}
	return Manifest{}, fault.New(fault.NotFound, "agents.find", "there is no agent %q", id).
		WithMend("Agents: %s.", strings.Join(names, ", "))
}

// ParseManifest reads one manifest strictly: unknown and duplicate keys and
// wrong types are errors that show file, line and column.
func ParseManifest(file string, data []byte) (Manifest, error) {
	var m Manifest
	const op = "agents.manifest"
	if err := yaml.UnmarshalWithOptions(data, &m, yaml.Strict(), yaml.DisallowUnknownField()); err != nil {
		return m, fault.New(fault.Invalid, op, "%s:%s", file, strings.TrimPrefix(yaml.FormatError(err, false, true), "["))
	}
	if missing := m.Missing(); len(missing) > 0 {
		return m, fault.New(fault.Invalid, op, "%s: this is a copilot, not a specialist: name %s", file, strings.Join(missing, ", "))
	}
	return m, nil
}

// Missing returns the names of what the manifest has to say and does not.
func (m Manifest) Missing() []string {
	var out []string
	need := func(name, value string) {
		if strings.TrimSpace(value) == "" {
			out = append(out, name)
		}
	}
	need("kind: AgentManifest", map[bool]string{true: m.Kind}[m.Kind == "AgentManifest"])
	need("id", m.ID)
	need("name", m.Name)
	need("version", m.Version)
	need("purpose", m.Purpose)
	need("governance.workflow_owner", m.Governance.WorkflowOwner)
	need("governance.source_of_truth", m.Governance.SourceOfTruth)
	need("governance.service_level", m.Governance.ServiceLevel)
	need("governance.audit_trail", m.Governance.AuditTrail)
	need("output.artefact", m.Output.Artefact)
	need("output.contract", m.Output.Contract)
	need("oversight", strings.Join(m.Oversight, ""))
	for i, e := range m.Envelopes {
		need(fmt.Sprintf("envelopes[%d].target", i), e.Target)
	}
	if len(m.Envelopes) == 0 {
		out = append(out, "envelopes")
	}
	if len(m.Delegation) == 0 {
		out = append(out, "delegation")
	}
	for i, s := range m.Delegation {
		for name, f := range map[string]Factor{"error_tolerance": s.ErrorTolerance, "tool_span": s.ToolSpan, "independence": s.Independence} {
			if f.Value == "" || f.Reason == "" {
				out = append(out, fmt.Sprintf("delegation[%d].%s with its reason", i, name))
			}
		}
	}
	slices.Sort(out)
	return out
}
