package declared

import (
	"cmp"
	"encoding/json"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"roleos/guardrails"
	"roleos/internal/fault"
	"roleos/internal/target/files"
	"roleos/internal/target/git"
	"roleos/internal/target/sql"
	"roleos/internal/target/webhook"
	"roleos/internal/yamlfile"
)

// Folder is where declarations stand in a workspace.
const Folder = "targets"

// Declaration is one target as a person declared it: a place, and the most that
// anybody may touch of it. It has exactly one of the five places.
type Declaration struct {
	Kind    string `yaml:"kind" json:"kind"` // Target
	Name    string `yaml:"name" json:"name"` // as people type it to confirm; the file's name
	Purpose string `yaml:"purpose" json:"purpose"`

	Files    *Files    `yaml:"files" json:"files,omitempty"`
	Git      *Git      `yaml:"git" json:"git,omitempty"`
	SQLite   *SQLite   `yaml:"sqlite" json:"sqlite,omitempty"`
	Postgres *Postgres `yaml:"postgres" json:"postgres,omitempty"`
	Webhook  *Webhook  `yaml:"webhook" json:"webhook,omitempty"`

	Agents   []string `yaml:"agents" json:"agents,omitempty"` // in whose name changes may be proposed; people always may
	Envelope Envelope `yaml:"envelope" json:"envelope"`
}

// Files is folders of a directory.
type Files struct {
	Dir     string   `yaml:"dir" json:"dir"` // below the workspace unless absolute
	Folders []string `yaml:"folders" json:"folders"`
}

// Git is folders on a branch. Staging is a reference of its own in the repository.
type Git struct {
	Repository string   `yaml:"repository" json:"repository"` // folder; below the workspace unless absolute
	Branch     string   `yaml:"branch" json:"branch"`         // one that is checked out nowhere
	Folders    []string `yaml:"folders" json:"folders"`
	Committer  string   `yaml:"committer" json:"committer"` // "Name <address>"
}

// SQLite is tables of a database file. Staging is a copy of the file.
type SQLite struct {
	File   string   `yaml:"file" json:"file"` // below the workspace unless absolute
	Tables []string `yaml:"tables" json:"tables"`
}

// Postgres is tables of a database. Its addresses are in files or in the
// environment, never here.
type Postgres struct {
	URLFile        string   `yaml:"url_file" json:"url_file,omitempty"`
	Schema         string   `yaml:"schema" json:"schema,omitempty"` // default "public"
	Tables         []string `yaml:"tables" json:"tables"`
	StagingURLFile string   `yaml:"staging_url_file" json:"staging_url_file,omitempty"` // of the server where copies are made
	Template       string   `yaml:"template" json:"template,omitempty"`                 // a database there with the same schema; none: nothing can be tried
}

// Webhook is one endpoint. Nothing that was sent can be tried or taken back.
type Webhook struct {
	URL        string `yaml:"url" json:"url,omitempty"`
	URLFile    string `yaml:"url_file" json:"url_file,omitempty"` // when the address itself is a secret
	SecretFile string `yaml:"secret_file" json:"secret_file,omitempty"`
	Private    bool   `yaml:"private" json:"private,omitempty"` // admits loopback and private addresses
}

// Envelope is the most that a day's change sets may touch of the target, whoever
// proposes them. What is not said is nothing.
type Envelope struct {
	Allow     []Allow `yaml:"allow" json:"allow"`
	MostShare float64 `yaml:"most_share" json:"most_share"`     // of the objects that are there, 0 to 1
	PerDay    int64   `yaml:"most_per_day" json:"most_per_day"` // objects over all operations, cascades included
	Within    string  `yaml:"within" json:"within,omitempty"`   // the longest an apply may take; default 5m, at most 1h
	Unproven  bool    `yaml:"unproven" json:"unproven"`         // admits what is not proven to be reversible
	Tainted   bool    `yaml:"tainted" json:"tainted"`           // admits deletions that texts of others led to
}

// Allow is one operation with the objects on which it is allowed.
type Allow struct {
	Op    string   `yaml:"op" json:"op"`
	Under []string `yaml:"under" json:"under"` // folders, tables or single objects; "." is the whole target
	Most  int64    `yaml:"most" json:"most"`   // objects in a day, creations and cascades included
}

const (
	day           = 24 * time.Hour
	defaultWithin = 5 * time.Minute
	mostWithin    = time.Hour
)

//nolint:gochecknoglobals // an immutable form
var nameForm = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// Entry is one file of the folder: its declaration, or why there is none.
type Entry struct {
	Name        string // the file's, without .yaml
	Declaration Declaration
	Err         error
}

// Load reads the declarations in a workspace's folder, in the order of their
// names. One that cannot be meant is no target and keeps no other from being one.
func Load(workspace fs.FS) ([]Entry, error) {
	names, err := fs.Glob(workspace, Folder+"/*.yaml")
	if err != nil {
		return nil, err
	}
	var out []Entry
	for _, name := range names {
		e := Entry{Name: strings.TrimSuffix(path.Base(name), ".yaml")}
		e.Declaration, e.Err = Read(workspace, name)
		out = append(out, e)
	}
	return out, nil
}

// Read reads one declaration strictly; fault.Invalid with file, line and column.
func Read(workspace fs.FS, name string) (Declaration, error) {
	var d Declaration
	doc, err := yamlfile.Read(workspace, name, &d)
	if err != nil {
		return d, err
	}
	return d, d.valid(doc, strings.TrimSuffix(path.Base(name), ".yaml"))
}

// Type is the kind of place: files, git, sqlite, postgres or webhook; "" when
// there is none or more than one.
func (d Declaration) Type() string {
	var found []string
	for name, there := range map[string]bool{
		"files": d.Files != nil, "git": d.Git != nil, "sqlite": d.SQLite != nil, "postgres": d.Postgres != nil, "webhook": d.Webhook != nil,
	} {
		if there {
			found = append(found, name)
		}
	}
	if len(found) != 1 {
		return ""
	}
	return found[0]
}

// Digest names everything that the declaration says.
func (d Declaration) Digest() string {
	raw, err := json.Marshal(d)
	if err != nil {
		return ""
	}
	return guardrails.Digest(raw)
}

// Manifest says what the target can do. Its version holds the declaration's
// digest, so that no plan, proof or grant outlives a change of the declaration.
func (d Declaration) Manifest() guardrails.Manifest {
	var m guardrails.Manifest
	switch d.Type() {
	case "files":
		m = files.Manifest(d.Name)
	case "git":
		m = git.Manifest(d.Name)
	case "sqlite", "postgres":
		m = sql.Manifest(d.Name)
	case "webhook":
		m = webhook.Manifest(d.Name)
	}
	m.Version += " declared " + d.Digest()[:12]
	return m
}

// Reversible says for people how the target's changes are tried and taken back.
func (d Declaration) Reversible() string {
	switch d.Type() {
	case "files":
		return "proven: tried on a copy of the files and undone there"
	case "git":
		return "proven: tried on a reference of its own and undone there; undoing is a commit, nothing is rewritten"
	case "sqlite":
		return "proven: tried on a copy of the file and undone there"
	case "postgres":
		if d.Postgres.Template != "" {
			return "proven: tried on a copy made from " + d.Postgres.Template + " and undone there"
		}
		return "not proven: no template to make a copy from, so nothing can be tried"
	}
	return "never: what was sent cannot be called back"
}

// Place says for people where the target is, without what is secret about it.
func (d Declaration) Place() string {
	list := func(s []string) string { return strings.Join(s, ", ") }
	switch d.Type() {
	case "files":
		return d.Files.Dir + ": " + list(d.Files.Folders)
	case "git":
		return d.Git.Repository + ", branch " + d.Git.Branch + ": " + list(d.Git.Folders)
	case "sqlite":
		return d.SQLite.File + ": " + list(d.SQLite.Tables)
	case "postgres":
		return "schema " + cmp.Or(d.Postgres.Schema, sql.DefaultSchema) + ": " + list(d.Postgres.Tables)
	}
	if u, err := url.Parse(d.Webhook.URL); err == nil && u.Host != "" {
		return u.Scheme + "://" + u.Host // the rest may be a token
	}
	return "an address that is kept apart"
}

// Limits returns the envelope in the guardrails' terms: the ceiling of everybody.
func (d Declaration) Limits() guardrails.Envelope {
	e := guardrails.Envelope{
		Window: day, MostShare: int64(d.Envelope.MostShare * guardrails.Million), Rate: guardrails.Rate{Most: d.Envelope.PerDay, Per: day},
		Stop: guardrails.Stop{After: d.within()}, Irreversible: d.Envelope.Unproven, Tainted: d.Envelope.Tainted,
	}
	for _, a := range d.Envelope.Allow {
		e.Allow = append(e.Allow, guardrails.Rule{Target: d.Name, Op: a.Op, Under: a.Under, Most: a.Most})
	}
	return e
}

func (d Declaration) within() time.Duration {
	if d.Envelope.Within == "" {
		return defaultWithin
	}
	t, err := time.ParseDuration(d.Envelope.Within)
	if err != nil || t <= 0 || t > mostWithin {
		return 0 // refused by valid, and by the guardrails
	}
	return t
}

// valid refuses a declaration that cannot be meant, above all one that could
// never allow what it names.
func (d Declaration) valid(at yamlfile.Document, file string) error {
	switch {
	case d.Kind != "Target":
		return at.Refuse([]any{"kind"}, "kind is %q, expected Target", d.Kind)
	case !nameForm.MatchString(d.Name) || len(d.Name) < 3 || len(d.Name) > 60:
		return at.Refuse([]any{"name"}, "name %q: expected 3 to 60 characters, lower-case words joined by dashes", d.Name)
	case d.Name != file:
		return at.Refuse([]any{"name"}, "name is %q, but the file is named %s.yaml", d.Name, file)
	case d.Name == "files" || d.Name == "tracker" || strings.HasSuffix(d.Name, "-staging"):
		return at.Refuse([]any{"name"}, "the name %q is taken: the workspace's files, the tracker of the settings, and names in -staging are", d.Name)
	case strings.TrimSpace(d.Purpose) == "":
		return at.Refuse([]any{"purpose"}, "the target has to say its purpose")
	case d.Type() == "":
		return at.Refuse(nil, "a target is exactly one of files, git, sqlite, postgres and webhook")
	}
	if err := d.place(at); err != nil {
		return err
	}
	return d.limits(at)
}

// place refuses a place that lacks what it needs.
func (d Declaration) place(at yamlfile.Document) error {
	type need struct {
		key string
		ok  bool
		why string
	}
	var needs []need
	folders := func(list []string) bool {
		return len(list) > 0 && !slices.ContainsFunc(list, func(f string) bool { return !fs.ValidPath(f) || f == "." })
	}
	const some = "at least one folder below it, such as docs"
	switch {
	case d.Files != nil:
		needs = []need{{"dir", d.Files.Dir != "", "a directory"}, {"folders", folders(d.Files.Folders), some}}
	case d.Git != nil:
		g := d.Git
		needs = []need{{"repository", g.Repository != "", "the folder of a repository"}, {"branch", g.Branch != "", "a branch"}, {"folders", folders(g.Folders), some}}
		if _, _, ok := committer(g.Committer); !ok {
			needs = append(needs, need{"committer", false, "NAME <ADDRESS>"})
		}
	case d.SQLite != nil:
		needs = []need{{"file", d.SQLite.File != "", "a database file"}, {"tables", len(d.SQLite.Tables) > 0, "the tables that may be changed"}}
	case d.Postgres != nil:
		p := d.Postgres
		needs = []need{
			{"tables", len(p.Tables) > 0, "the tables that may be changed"},
			{"template", p.Template != "" || p.StagingURLFile == "", "the database that copies are made from"},
			{"url_file", !strings.Contains(p.URLFile, "://"), "the name of a file: an address with its credential does not stand in a declaration"},
			{"staging_url_file", !strings.Contains(p.StagingURLFile, "://"), "the name of a file"},
		}
	case d.Webhook != nil:
		needs = []need{{"url", d.Webhook.URL == "" || d.Webhook.URLFile == "", "one of url and url_file"}}
	}
	for _, n := range needs {
		if !n.ok {
			return at.Refuse([]any{d.Type(), n.key}, "%s of a %s target: expected %s", n.key, d.Type(), n.why)
		}
	}
	return nil
}

// limits refuses an envelope under which nothing it names could ever be done.
func (d Declaration) limits(at yamlfile.Document) error {
	e := d.Envelope
	may := d.proposable()
	here := func(parts ...any) []any { return append([]any{"envelope"}, parts...) }
	if len(e.Allow) == 0 {
		return at.Refuse(here("allow"), "the envelope allows nothing: name at least one of %s", strings.Join(may, ", "))
	}
	existing := false
	for i, a := range e.Allow {
		switch {
		case !slices.Contains(may, a.Op):
			return at.Refuse(here("allow", i, "op"), "a %s target knows %s, not %q", d.Type(), strings.Join(may, ", "), a.Op)
		case len(a.Under) == 0:
			return at.Refuse(here("allow", i, "under"), "under names where %s is allowed; %q is the whole target", a.Op, guardrails.Everything)
		case a.Most < 1:
			return at.Refuse(here("allow", i, "most"), "most is the number of objects that %s may touch in a day: 1 or more", a.Op)
		}
		class := d.Manifest().Class(a.Op)
		existing = existing || class == guardrails.Update || class == guardrails.Delete
	}
	switch {
	case e.MostShare < 0 || e.MostShare > 1:
		return at.Refuse(here("most_share"), "most_share is %v: 0 to 1", e.MostShare)
	case existing && e.MostShare == 0:
		return at.Refuse(here("most_share"), "most_share is 0, so that nothing that is there could ever be changed: 0.05 is a twentieth of it in a day")
	case e.PerDay < 1:
		return at.Refuse(here("most_per_day"), "most_per_day is the number of objects that may be touched in a day: 1 or more")
	case d.within() == 0:
		return at.Refuse(here("within"), "within is %q: a time such as 5m, at most 1h", e.Within)
	case !e.Unproven && !strings.HasPrefix(d.Reversible(), "proven"):
		return at.Refuse(here("unproven"), "nothing could ever be confirmed here, because no change can be tried on a copy: say unproven: true, and every change asks for the target's name")
	}
	if err := d.Limits().Check(); err != nil {
		return at.Refuse(here(), "%v", err)
	}
	return nil
}

// proposable returns the operations that can be asked for; what takes back is not.
func (d Declaration) proposable() []string {
	switch d.Type() {
	case "webhook":
		return []string{webhook.Send}
	case "sqlite", "postgres":
		return []string{sql.Insert, sql.Update, sql.Delete}
	}
	return []string{files.Create, files.Update, files.Delete}
}

// committer parts "Name <address>".
func committer(s string) (name, address string, ok bool) {
	name, rest, ok := strings.Cut(s, " <")
	address, closed := strings.CutSuffix(rest, ">")
	return name, address, ok && closed && name != "" && strings.Contains(address, "@") && !strings.ContainsAny(s, "\n\r\x00")
}

// Find returns the entry with the name; fault.NotFound names the ones there are,
// and an entry that cannot be meant fails with what is wrong with it.
func Find(all []Entry, name string) (Declaration, error) {
	var names []string
	for _, e := range all {
		if e.Name == name {
			return e.Declaration, e.Err
		}
		names = append(names, e.Name)
	}
	err := fault.New(fault.NotFound, "declared.find", "there is no declared target %q", name)
	if len(names) == 0 {
		return Declaration{}, err.WithMend("Declare it in %s/%s.yaml.", Folder, name)
	}
	return Declaration{}, err.WithMend("Declared are: %s.", strings.Join(names, ", "))
}
