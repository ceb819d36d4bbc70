package workflow

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"roleos/internal/fault"
	"roleos/internal/yamlfile"
)

//go:embed defaults/*.yaml
var embedded embed.FS

// mostSteps bounds a workflow.
const mostSteps = 100

//nolint:gochecknoglobals // immutable forms
var (
	idForm      = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	versionForm = regexp.MustCompile(`^\d+\.\d+\.\d+$`)
)

// Embedded returns the files of the embedded workflows, which a workspace's own
// are laid over.
func Embedded() fs.FS {
	files, err := fs.Sub(embedded, "defaults")
	if err != nil {
		return embedded // the folder is there: it is compiled in
	}
	return files
}

// Load reads the *.yaml files of each folder, in the order of their ids. Of two
// with one id the later folder's holds.
func Load(folders ...fs.FS) ([]Definition, error) {
	byID := map[string]Definition{}
	for _, files := range folders {
		names, err := fs.Glob(files, "*.yaml")
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			d, err := Read(files, name)
			if err != nil {
				return nil, err
			}
			byID[d.ID] = d
		}
	}
	var out []Definition
	for _, d := range byID {
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b Definition) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}

// Find returns the workflow with the id; fault.NotFound names the ones there are.
func Find(all []Definition, id string) (Definition, error) {
	var names []string
	for _, d := range all {
		if d.ID == id {
			return d, nil
		}
		names = append(names, d.ID)
	}
	return Definition{}, fault.New(fault.NotFound, "workflow.find", "there is no workflow %q", id).
		WithMend("Workflows: %s.", strings.Join(names, ", "))
}

// Read reads one workflow strictly. An error names file, line and column.
func Read(files fs.FS, name string) (Definition, error) {
	var w Definition
	d, err := yamlfile.Read(files, name, &w)
	if err != nil {
		return w, err
	}
	return w, w.valid(d, strings.TrimSuffix(path.Base(name), ".yaml"))
}

func (d Definition) valid(at yamlfile.Document, file string) error {
	for _, need := range []struct{ key, value string }{
		{"kind", d.Kind}, {"id", d.ID}, {"name", d.Name}, {"version", d.Version}, {"role", d.Role}, {"stage", d.Stage}, {"purpose", d.Purpose},
	} {
		if strings.TrimSpace(need.value) == "" {
			return at.Refuse([]any{need.key}, "the workflow has to say its %s", need.key)
		}
	}
	switch {
	case d.Kind != "Workflow":
		return at.Refuse([]any{"kind"}, "kind is %q, expected Workflow", d.Kind)
	case !idForm.MatchString(d.ID):
		return at.Refuse([]any{"id"}, "id %q: expected lower-case words joined by dashes", d.ID)
	case d.ID != file:
		return at.Refuse([]any{"id"}, "id is %q, but the file is named %s.yaml", d.ID, file)
	case !versionForm.MatchString(d.Version):
		return at.Refuse([]any{"version"}, "version is %q, expected three numbers such as 1.0.0", d.Version)
	case len(d.Steps) == 0 || len(d.Steps) > mostSteps:
		return at.Refuse([]any{"steps"}, "a workflow has 1 to %d steps", mostSteps)
	}
	if missing := d.Governance.Missing(); len(missing) > 0 {
		return at.Refuse([]any{"governance"}, "this is a copilot, not a specialist: name %s", strings.Join(missing, ", "))
	}
	for i, t := range d.Triggers {
		if t.On != OnCycle && t.On != OnAlert {
			return at.Refuse([]any{"triggers", i, "on"}, "%q begins nothing; expected cycle or alert", t.On)
		}
	}
	for i := range d.Steps {
		if err := d.step(at, i); err != nil {
			return err
		}
	}
	return nil
}

// step refuses a step that cannot be reached, joined or carried out. Needs point
// back only, so there are no circles.
func (d Definition) step(at yamlfile.Document, i int) error {
	s := d.Steps[i]
	here := func(key string) []any { return []any{"steps", i, key} }
	earlier := d.Steps[:i]
	find := func(id string) int { return slices.IndexFunc(earlier, func(x Step) bool { return x.ID == id }) }
	switch {
	case !idForm.MatchString(s.ID):
		return at.Refuse(here("id"), "step id %q: expected lower-case words joined by dashes", s.ID)
	case find(s.ID) >= 0:
		return at.Refuse(here("id"), "there are two steps %q", s.ID)
	case !slices.Contains(Kinds(), s.Kind):
		return at.Refuse(here("kind"), "step %s has kind %q; expected agent, human, gate, publish, handoff or timer", s.ID, s.Kind)
	case s.Phase == "" || s.Says == "":
		return at.Refuse([]any{"steps", i}, "step %s has to name its phase and say what happens in it", s.ID)
	}
	for n, need := range s.Needs {
		if find(need) < 0 {
			return at.Refuse([]any{"steps", i, "needs", n}, "step %s needs %q, and no step above it has that id", s.ID, need)
		}
	}
	if err := d.fields(at, i); err != nil {
		return err
	}
	before := d.before(s.ID)
	for n, kind := range s.From {
		if !slices.ContainsFunc(earlier, func(x Step) bool { return x.Gives == kind && slices.Contains(before, x.ID) }) {
			return at.Refuse([]any{"steps", i, "from", n}, "step %s builds on a %s, and no step that it needs gives one", s.ID, kind)
		}
	}
	if s.Of != "" {
		of, ok := d.Step(s.Of)
		if !ok || of.Kind != Agent || !slices.Contains(before, s.Of) {
			return at.Refuse(here("of"), "step %s is about the draft of %q, which is no agent step that it needs", s.ID, s.Of)
		}
	}
	return nil
}

// fields refuses what a kind of step needs and lacks, or has and cannot use.
func (d Definition) fields(at yamlfile.Document, i int) error {
	s := d.Steps[i]
	has := []struct {
		key   string
		set   bool
		kinds []Kind // that need it
		may   []Kind // that may have it
	}{
		{"agent", s.Agent != "", []Kind{Agent}, nil},
		{"gives", s.Gives != "", []Kind{Agent}, nil},
		{"reads", len(s.Reads) > 0, nil, []Kind{Agent, Gate}},
		{"from", len(s.From) > 0, nil, []Kind{Agent}},
		{"optional", s.Optional, nil, []Kind{Agent}},
		{"of", s.Of != "", []Kind{Human, Publish, Handoff}, nil},
		{"by", s.By != "", []Kind{Human, Publish, Handoff}, nil},
		{"until", s.Until != "", nil, []Kind{Handoff}},
		{"check", s.Check != "", []Kind{Gate}, nil},
		{"for", s.For != "", []Kind{Timer}, nil},
	}
	for _, f := range has {
		needs := slices.Contains(f.kinds, s.Kind)
		if needs && !f.set {
			return at.Refuse([]any{"steps", i}, "step %s is of kind %s and needs %s", s.ID, s.Kind, f.key)
		}
		if f.set && !needs && !slices.Contains(f.may, s.Kind) {
			return at.Refuse([]any{"steps", i, f.key}, "step %s is of kind %s, which has no %s", s.ID, s.Kind, f.key)
		}
	}
	switch {
	case s.Kind == Gate && !slices.Contains(Checks(), s.Check):
		return at.Refuse([]any{"steps", i, "check"}, "%q is no check; expected %s", s.Check, strings.Join(Checks(), " or "))
	case s.Kind == Timer && s.Duration() <= 0:
		return at.Refuse([]any{"steps", i, "for"}, "%q is no time to wait; expected a duration such as 48h", s.For)
	case s.Kind == Handoff && !slices.Contains([]string{"", "acknowledged", "started"}, s.Until):
		return at.Refuse([]any{"steps", i, "until"}, "a handoff waits until acknowledged or started, not %q", s.Until)
	case s.By != "" && !strings.HasPrefix(s.By, "role:"):
		return at.Refuse([]any{"steps", i, "by"}, "by is %q; expected role:ID", s.By)
	}
	for n, r := range s.Reads {
		if !slices.Contains(Inputs(), r) {
			return at.Refuse([]any{"steps", i, "reads", n}, "%q is no kind of input; expected %s", r, strings.Join(Inputs(), ", "))
		}
	}
	return nil
}

// InputsReadable is the check that something of what the gate reads is there.
const InputsReadable = "inputs-readable"

// Checks returns what a gate can check.
func Checks() []string { return []string{InputsReadable} }

// The kinds of input that a step can read.
const (
	Feedback     = "feedback"     // tables of tickets, answers, notes
	Conversation = "conversation" // meetings, chats, mail
	Feed         = "feed"         // news and announcements
	Context      = "context"      // documents that roles give each other: strategy, constraints
)

// Inputs returns the kinds of input.
func Inputs() []string { return []string{Feedback, Conversation, Feed, Context} }

// String returns the workflow's name with its version.
func (d Definition) String() string { return fmt.Sprintf("%s@%s", d.ID, d.Version) }

// Deadline returns when a timer that began at the time is over.
func (s Step) Deadline(began time.Time) time.Time { return began.Add(s.Duration()) }
