package prompts

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"

	"roleos/internal/fault"
	"roleos/internal/llm"
	"roleos/internal/yamlfile"
)

//go:embed *.md schemas/*.json
var files embed.FS

// Prompt is one prompt with its front matter.
type Prompt struct {
	ID      string   `yaml:"id" json:"id"`
	Version int      `yaml:"version" json:"version"` // changes with every change of a word
	Purpose string   `yaml:"purpose" json:"purpose"`
	Agent   string   `yaml:"agent" json:"agent"`
	Inputs  []string `yaml:"inputs" json:"inputs"` // names that {{name}} stands for; never text from records
	Data    string   `yaml:"data" json:"data"`     // what goes along as marked data
	Output  string   `yaml:"output" json:"output"` // file of the JSON Schema of the answer
	Needs   Needs    `yaml:"needs" json:"needs"`
	Budget  Budget   `yaml:"budget" json:"budget"`

	System string          `yaml:"-" json:"system"`
	User   string          `yaml:"-" json:"user"`
	Schema json.RawMessage `yaml:"-" json:"schema"`
	Source string          `yaml:"-" json:"-"` // the file as it is
}

// Needs say what a model has to be able to do.
type Needs struct {
	Structured bool   `yaml:"structured" json:"structured"` // output of a form
	Tools      string `yaml:"tools" json:"tools"`           // none, or read; text of records goes into prompts without tools only
	Context    int    `yaml:"context" json:"context"`       // tokens of input and output together
}

// Budget says what the prompt may cost in one run.
type Budget struct {
	Calls  int `yaml:"calls" json:"calls"`
	Tokens int `yaml:"tokens" json:"tokens"`
	Output int `yaml:"output" json:"output"` // tokens of one answer
}

// Name is the prompt's id with its version, which accounts and metrics use.
func (p Prompt) Name() string { return fmt.Sprintf("%s/%d", p.ID, p.Version) }

// All returns every prompt, by id.
func All() ([]Prompt, error) { return load(files) }

// Find returns the prompt with the id, or a fault.NotFound.
func Find(id string) (Prompt, error) {
	all, err := All()
	if err != nil {
		return Prompt{}, err
	}
	var ids []string
	for _, p := range all {
		if p.ID == id {
			return p, nil
		}
		ids = append(ids, p.ID)
	}
	return Prompt{}, fault.New(fault.NotFound, "prompts.find", "there is no prompt %q", id).WithMend("There are %s.", strings.Join(ids, ", "))
}

func load(from fs.FS) ([]Prompt, error) {
	names, err := fs.Glob(from, "*.md")
	if err != nil {
		return nil, err
	}
	var out []Prompt
	for _, name := range names {
		data, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, err
		}
		p, err := Parse(name, data)
		if err != nil {
			return nil, err
		}
		if p.Schema, err = fs.ReadFile(from, p.Output); err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "prompts.load", "%s: output %s is not there", name, p.Output)
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b Prompt) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}

// placeholder is {{name}}.
//
//nolint:gochecknoglobals // an immutable pattern
var placeholder = regexp.MustCompile(`\{\{([a-z_]+)\}\}`)

// Parse reads one prompt: front matter between two lines of ---, then the text
// under "# system" and "# user". Its schema is read by All.
func Parse(name string, data []byte) (Prompt, error) {
	wrong := func(format string, args ...any) error {
		return fault.New(fault.Invalid, "prompts.parse", "%s: %s", name, fmt.Sprintf(format, args...))
	}
	var p Prompt
	head, body, ok := strings.Cut(strings.TrimPrefix(string(data), "---\n"), "\n---\n")
	if !ok || !strings.HasPrefix(string(data), "---\n") {
		return p, wrong("no front matter between two lines of ---")
	}
	if _, err := yamlfile.Decode(name, []byte(head), &p); err != nil {
		return p, err
	}
	system, user, ok := strings.Cut(body, "\n# user\n")
	system, first := strings.CutPrefix(strings.TrimSpace(system), "# system\n")
	if !ok || !first {
		return p, wrong("the text has to stand under \"# system\" and \"# user\"")
	}
	p.Source = string(data)
	p.System, p.User = strings.TrimSpace(system), strings.TrimSpace(user)
	switch {
	case p.ID == "" || p.Version < 1 || p.Purpose == "" || p.Data == "" || p.Output == "":
		return p, wrong("id, version, purpose, data and output have to be set")
	case p.Needs.Tools != "none" && p.Needs.Tools != "read":
		return p, wrong("needs.tools is %q, expected none or read", p.Needs.Tools)
	case p.Budget.Calls < 1 || p.Budget.Tokens < 1 || p.Budget.Output < 1:
		return p, wrong("the budget has to name calls, tokens and output")
	}
	for _, m := range placeholder.FindAllStringSubmatch(p.System+p.User, -1) {
		if !slices.Contains(p.Inputs, m[1]) {
			return p, wrong("{{%s}} is no input", m[1])
		}
	}
	for _, in := range p.Inputs {
		if !strings.Contains(p.System+p.User, "{{"+in+"}}") {
			return p, wrong("the input %s is not used", in)
		}
	}
	return p, nil
}

// Request fills the prompt in. It fails when a value is missing, left over or
// longer than a line: what comes from records goes into data.
func (p Prompt) Request(values map[string]string, data []llm.Block) (llm.Request, error) {
	for _, in := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(p.Inputs, in) {
			return llm.Request{}, fault.New(fault.Invalid, "prompts.request", "%s takes no %s", p.ID, in)
		}
		if v := values[in]; len(v) > 200 || strings.ContainsAny(v, "\r\n") {
			return llm.Request{}, fault.New(fault.Invalid, "prompts.request", "%s of %s is no short line", in, p.ID)
		}
	}
	fill := func(s string) string {
		return placeholder.ReplaceAllStringFunc(s, func(m string) string { return values[m[2:len(m)-2]] })
	}
	for _, in := range p.Inputs {
		if values[in] == "" {
			return llm.Request{}, fault.New(fault.Invalid, "prompts.request", "%s needs %s", p.ID, in)
		}
	}
	zero := 0.0
	return llm.Request{
		Purpose: p.Name(), System: fill(p.System), Schema: p.Schema, Temperature: &zero, MaxOutput: p.Budget.Output,
		Messages: []llm.Message{{Role: llm.User, Text: fill(p.User), Data: data}},
	}, nil
}
