package declared

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/fault"
	"roleos/internal/target/files"
	"roleos/internal/target/git"
	"roleos/internal/target/sql"
	"roleos/internal/target/webhook"
)

// EnvPrefix begins the variables that hold a target's addresses and secrets:
// ROLEOS_TARGET_CRM_URL, _STAGING_URL and _SECRET for the target crm.
const EnvPrefix = "ROLEOS_TARGET_"

// Options says where declared targets are opened.
type Options struct {
	Dir   string // the workspace; relative places lie below it
	State string // a folder of roleos's own, for copies of databases
	// Steering are absolute paths of what steers roleos itself: no declared target
	// may be one of them, lie in one or hold one.
	Steering []string
	Secrets  map[string]string // EnvPrefix variables by name; they win over files
	Now      func() time.Time
	Hook     func(point string) // between the steps of a write; nil: nothing
}

// Target is a declared target. It is opened at its first use, so that one that
// cannot be reached stops nothing else. It is safe for concurrent use.
type Target struct {
	d Declaration
	o Options

	mu     sync.Mutex
	opened change.Target // nil until it was opened
}

// New returns the declared target. The caller closes it.
func New(d Declaration, o Options) *Target { return &Target{d: d, o: o} }

// Close releases what was opened.
func (t *Target) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	c, ok := t.opened.(io.Closer)
	t.opened = nil
	if ok {
		return c.Close()
	}
	return nil
}

func (t *Target) use(ctx context.Context) (change.Target, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.opened != nil {
		return t.opened, nil
	}
	opened, err := t.open(ctx)
	if err != nil {
		return nil, err
	}
	t.opened = opened
	return opened, nil
}

func (t *Target) open(ctx context.Context) (change.Target, error) {
	switch d := t.d; d.Type() {
	case "files":
		dir := t.path(d.Files.Dir)
		for _, f := range d.Files.Folders {
			if err := t.apart(filepath.Join(dir, filepath.FromSlash(f))); err != nil {
				return nil, err
			}
		}
		return files.Open(files.Options{Dir: dir, Folders: d.Files.Folders, Hook: t.o.Hook})
	case "git":
		dir := t.path(d.Git.Repository)
		for _, f := range d.Git.Folders { // of the workspace's own repository: who merges the branch changes the rules
			if err := t.apart(filepath.Join(dir, filepath.FromSlash(f))); err != nil {
				return nil, err
			}
		}
		name, address, _ := committer(d.Git.Committer)
		return git.Open(git.Options{
			Dir: dir, Branch: d.Git.Branch, Folders: d.Git.Folders, Name: name, Email: address, Now: t.o.Now, Hook: t.o.Hook,
		})
	case "sqlite":
		file := t.path(d.SQLite.File)
		if err := t.apart(file); err != nil {
			return nil, err
		}
		work := filepath.Join(t.o.State, d.Name)
		if err := os.MkdirAll(work, 0o700); err != nil {
			return nil, fault.Wrap(err, fault.Unavailable, "declared.open", "there is no room for copies of %s", d.Name)
		}
		return sql.OpenSQLite(sql.SQLiteOptions{Path: file, Tables: d.SQLite.Tables, Work: work, Hook: t.o.Hook})
	case "postgres":
		return t.openPostgres(ctx)
	case "webhook":
		return t.openWebhook()
	}
	return nil, fault.New(fault.Invalid, "declared.open", "the target %s has no place", t.d.Name)
}

func (t *Target) openPostgres(ctx context.Context) (change.Target, error) {
	p := t.d.Postgres
	o := sql.PostgresOptions{
		URL: func(context.Context) (string, error) { return t.secret("URL", p.URLFile) }, Schema: p.Schema, Tables: p.Tables, Template: p.Template, Hook: t.o.Hook,
	}
	if _, err := o.URL(ctx); err != nil {
		return nil, err
	}
	if p.Template != "" {
		o.Staging = o.URL
		if p.StagingURLFile != "" || t.o.Secrets[t.variable("STAGING_URL")] != "" {
			o.Staging = func(context.Context) (string, error) { return t.secret("STAGING_URL", p.StagingURLFile) }
		}
	}
	return sql.OpenPostgres(ctx, o)
}

func (t *Target) openWebhook() (change.Target, error) {
	w := t.d.Webhook
	address := w.URL
	if address == "" {
		var err error
		if address, err = t.secret("URL", w.URLFile); err != nil {
			return nil, err
		}
	}
	secret, err := t.secret("SECRET", w.SecretFile)
	if err != nil {
		return nil, err
	}
	return webhook.New(map[string]webhook.Endpoint{t.d.Name: {URL: address, Secret: secret, Private: w.Private}}, t.o.Now)
}

func (t *Target) variable(what string) string {
	return EnvPrefix + strings.ToUpper(strings.ReplaceAll(t.d.Name, "-", "_")) + "_" + what
}

// secret reads an address or a secret from the environment or from a file that
// its owner alone can read. It is in no error.
func (t *Target) secret(what, file string) (string, error) {
	const op, most = "declared.secret", 8 << 10
	if v := strings.TrimSpace(t.o.Secrets[t.variable(what)]); v != "" {
		return v, nil
	}
	if file == "" {
		return "", fault.New(fault.Unavailable, op, "the target %s has no %s", t.d.Name, strings.ToLower(strings.ReplaceAll(what, "_", " "))).
			WithMend("Put it into a file that only you can read and name that file in %s/%s.yaml (%s_file), or set %s.", Folder, t.d.Name, strings.ToLower(what), t.variable(what))
	}
	path := t.path(file)
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", fault.Wrap(err, fault.Unavailable, op, "the file %s of the target %s cannot be read", file, t.d.Name)
	case !info.Mode().IsRegular() || info.Size() > most:
		return "", fault.New(fault.Invalid, op, "%s is no file of one line", file)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return "", fault.New(fault.Denied, op, "%s can be read by others (%s)", file, info.Mode().Perm()).WithMend("chmod 600 %s", file)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable, op, "the file %s of the target %s cannot be read", file, t.d.Name)
	}
	return strings.TrimSpace(string(raw)), nil
}

func (t *Target) path(p string) string {
	p = filepath.FromSlash(p)
	if filepath.IsAbs(p) {
		return filepath.Clean(p)
	}
	return filepath.Join(t.o.Dir, p)
}

// apart refuses a place that steers roleos, lies in such a one or holds one,
// whatever links lead there: a change set must not change the rules it is under.
func (t *Target) apart(place string) error {
	if i := slices.IndexFunc(t.o.Steering, func(s string) bool { return within(place, s) || within(s, place) }); i >= 0 {
		return fault.New(fault.Denied, "declared.open", "the target %s would reach %s, which steers roleos itself", t.d.Name, filepath.Base(t.o.Steering[i])).
			WithMend("Declare a place of its own.")
	}
	return nil
}

// within reports whether path is folder or lies in it, links resolved.
func within(path, folder string) bool {
	rel, err := filepath.Rel(resolved(folder), resolved(path))
	return err == nil && (rel == "." || filepath.IsLocal(rel))
}

// resolved follows the links of as much of the path as is there.
func resolved(path string) string {
	rest := ""
	for p := filepath.Clean(path); ; p = filepath.Dir(p) {
		if real, err := filepath.EvalSymlinks(p); err == nil {
			return filepath.Join(real, rest)
		}
		if p == filepath.Dir(p) {
			return filepath.Clean(path)
		}
		rest = filepath.Join(filepath.Base(p), rest)
	}
}

// Plan implements change.Target.
func (t *Target) Plan(ctx context.Context, intended []change.Intended) (change.Measured, error) {
	at, err := t.use(ctx)
	if err != nil {
		return change.Measured{}, err
	}
	return at.Plan(ctx, intended)
}

// Stage implements change.Target.
func (t *Target) Stage(ctx context.Context, changes []guardrails.Change) (change.Stage, error) {
	at, err := t.use(ctx)
	if err != nil {
		return nil, err
	}
	return at.Stage(ctx, changes)
}

// Read implements change.Target.
func (t *Target) Read(ctx context.Context, object string) (guardrails.State, error) {
	at, err := t.use(ctx)
	if err != nil {
		return guardrails.State{}, err
	}
	return at.Read(ctx, object)
}

// Apply implements change.Target.
func (t *Target) Apply(ctx context.Context, w change.Write) error {
	at, err := t.use(ctx)
	if err != nil {
		return errors.Join(err, change.ErrNotDone)
	}
	return at.Apply(ctx, w)
}
