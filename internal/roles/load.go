package roles

import (
	"cmp"
	"embed"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"roleos/internal/fault"
	"roleos/internal/yamlfile"
)

//go:embed defaults/*.yaml
var embedded embed.FS

// most roles, and entries of one role, that are read.
const (
	mostRoles   = 100
	mostEntries = 100
)

// Default returns the embedded team.
func Default() (Team, error) {
	return Load(Embedded())
}

// Load reads the *.yaml files of each folder. Of two roles with one id the later
// folder's holds: it replaces the earlier one, or builds on it when it says so
// with extends. An error names file, line and column.
func Load(folders ...fs.FS) (Team, error) {
	var t Team
	for _, files := range folders {
		names, err := fs.Glob(files, "*.yaml")
		if err != nil {
			return Team{}, err
		}
		below := t
		for _, name := range names {
			r, err := read(files, name, below)
			if err != nil {
				return Team{}, err
			}
			if i := slices.Index(t.IDs(), r.ID); i >= 0 {
				t.Roles[i] = r
				continue
			}
			t.Roles = append(t.Roles, r)
		}
		t.Roles = slices.Clone(t.Roles)
	}
	if len(t.Roles) > mostRoles {
		return Team{}, fault.New(fault.Invalid, "roles.load", "there are %d roles; at most %d are read", len(t.Roles), mostRoles)
	}
	slices.SortFunc(t.Roles, func(a, b Role) int { return strings.Compare(a.ID, b.ID) })
	return t, nil
}

// read reads one role; below holds what it may extend.
func read(files fs.FS, name string, below Team) (Role, error) {
	var r Role
	d, err := yamlfile.Read(files, name, &r)
	if err != nil {
		return r, err
	}
	r.File, r.lines = name, map[string]int{}
	for i, in := range r.ContextIn {
		r.lines["in/"+in.What] = d.Line("context_in", i)
	}
	for i, out := range r.ContextOut {
		r.lines["out/"+out.What] = d.Line("context_out", i)
	}
	if r.Extends != "" {
		base, ok := below.Find(r.Extends)
		if !ok {
			return r, d.Refuse([]any{"extends"}, "there is no role %q to build on", r.Extends).
				WithMend("Roles: %s.", strings.Join(below.IDs(), ", "))
		}
		r = base.with(r)
	}
	return r, r.valid(d, strings.TrimSuffix(path.Base(name), ".yaml"))
}

// with returns the role with what r says about itself laid over it.
func (base Role) with(r Role) Role {
	out := base
	out.ID, out.Extends, out.Kind, out.File, out.Drop = r.ID, r.Extends, r.Kind, r.File, r.Drop
	out.Name, out.Purpose = cmp.Or(r.Name, base.Name), cmp.Or(r.Purpose, base.Purpose)
	out.Engagement = map[Stage]Level{}
	for _, from := range []map[Stage]Level{base.Engagement, r.Engagement} {
		for s, l := range from {
			out.Engagement[s] = l
		}
	}
	out.lines = r.lines
	dropped := func(what string) bool { return slices.Contains(r.Drop, what) }
	out.ContextIn = slices.Clone(r.ContextIn)
	for _, in := range base.ContextIn {
		if _, again := r.Takes(in.What); !again && !dropped(in.What) {
			out.ContextIn = append(out.ContextIn, in)
		}
	}
	out.ContextOut = slices.Clone(r.ContextOut)
	for _, o := range base.ContextOut {
		if _, again := r.Gives(o.What); !again && !dropped(o.What) {
			out.ContextOut = append(out.ContextOut, o)
		}
	}
	out.Agents = union(base.Agents, r.Agents, r.Drop)
	out.Workflows = union(base.Workflows, r.Workflows, r.Drop)
	return out
}

func union(a, b, without []string) []string {
	var out []string
	for _, x := range slices.Concat(a, b) {
		if !slices.Contains(out, x) && !slices.Contains(without, x) {
			out = append(out, x)
		}
	}
	return out
}

//nolint:gochecknoglobals // an immutable form
var idForm = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// valid refuses a role that says too little or uses words that are none.
func (r Role) valid(d yamlfile.Document, file string) error {
	for _, need := range []struct{ key, value string }{{"kind", r.Kind}, {"id", r.ID}, {"name", r.Name}, {"purpose", r.Purpose}} {
		if strings.TrimSpace(need.value) == "" {
			return d.Refuse([]any{need.key}, "the role has to say its %s", need.key)
		}
	}
	switch {
	case r.Kind != "Role":
		return d.Refuse([]any{"kind"}, "kind is %q, expected Role", r.Kind)
	case !idForm.MatchString(r.ID):
		return d.Refuse([]any{"id"}, "id %q: expected lower-case words joined by dashes", r.ID)
	case r.ID != file:
		return d.Refuse([]any{"id"}, "id is %q, but the file is named %s.yaml", r.ID, file)
	case len(r.ContextIn) > mostEntries || len(r.ContextOut) > mostEntries:
		return d.Refuse([]any{"context_in"}, "a role has at most %d inputs and %d outputs", mostEntries, mostEntries)
	case len(r.Drop) > 0 && r.Extends == "":
		return d.Refuse([]any{"drop"}, "drop needs extends: there is nothing to leave out")
	}
	for stage, level := range r.Engagement {
		if !slices.Contains(Stages(), stage) {
			return d.Refuse([]any{"engagement"}, "%q is no stage; stages: discover, decide, build, test, ship, evaluate", stage)
		}
		if !slices.Contains(Levels(), level) {
			return d.Refuse([]any{"engagement", string(stage)}, "%q is no engagement; expected lead, support, consult or none", level)
		}
	}
	return r.entries(d)
}

func (r Role) entries(d yamlfile.Document) error {
	seen := map[string]bool{}
	check := func(list string, i int, what, says string, format []string, c Cadence, parties ...Party) error {
		at := func(key string) []any { return []any{list, i, key} }
		switch {
		case !idForm.MatchString(what):
			return d.Refuse(at("what"), "what is %q: expected lower-case words joined by dashes, such as problem-brief", what)
		case seen[list+what]:
			return d.Refuse(at("what"), "%s is named twice", what)
		case strings.TrimSpace(says) == "":
			return d.Refuse([]any{list, i}, "%s has to say in a sentence what it holds: says: ...", what)
		case len(format) == 0:
			return d.Refuse([]any{list, i}, "%s has no format: without one nobody can tell whether two ends meet", what)
		case !slices.Contains(Cadences(), string(c)):
			return d.Refuse(at("cadence"), "%s has cadence %q; expected one of: %s", what, c, strings.Join(Cadences(), ", "))
		case len(parties) == 0:
			return d.Refuse([]any{list, i}, "%s goes to nobody: to: [role:...]", what)
		}
		seen[list+what] = true
		for _, p := range parties {
			kind, name, _ := strings.Cut(string(p), ":")
			if (kind != "role" && kind != "source") || name == "" {
				return d.Refuse([]any{list, i}, "%s names %q; expected role:ID, or source:NAME for what comes from outside the team", what, p)
			}
		}
		return nil
	}
	for i, in := range r.ContextIn {
		if err := check("context_in", i, in.What, in.Says, in.Format, in.Cadence, in.From); err != nil {
			return err
		}
	}
	for i, out := range r.ContextOut {
		if err := check("context_out", i, out.What, out.Says, out.Format, out.Cadence, out.To...); err != nil {
			return err
		}
	}
	return nil
}

// Embedded returns the files of the embedded team, which a workspace's own are laid over.
func Embedded() fs.FS {
	files, err := fs.Sub(embedded, "defaults")
	if err != nil {
		return embedded // the folder is there: it is compiled in
	}
	return files
}
