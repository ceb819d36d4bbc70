package git

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	gogit "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/fault"
)

// The operations of the target.
const (
	Create = "create"
	Update = "update"
	Delete = "delete"
)

// Defaults.
const (
	DefaultMaxBytes = change.MaxBody
	DefaultMaxFiles = 100_000
)

// staging begins the names of references to try changes on.
const staging = "refs/roleos/stage/"

// Manifest says what a target of this kind can do.
func Manifest(name string) guardrails.Manifest {
	return guardrails.Manifest{
		Name: name, Version: "git/1", Settles: true,
		Operations: []guardrails.Operation{
			{Name: Create, Class: guardrails.Create}, {Name: Update, Class: guardrails.Update}, {Name: Delete, Class: guardrails.Delete},
		},
	}
}

// Options says which files on which branch a Target may touch.
type Options struct {
	Dir      string   // of the repository: bare, or with a work tree that has another branch checked out
	Branch   string   // it must exist
	Folders  []string // slash-separated folders; at least one
	Name     string   // of the committer
	Email    string
	Now      func() time.Time
	MaxBytes int64 // of one file; default DefaultMaxBytes
	MaxFiles int   // counted below Folders; with more the population is not known; default DefaultMaxFiles
	// Hook is called between the steps of a write. Tests kill the process in it. Default: nothing.
	Hook func(point string)
}

// Target is a branch that changes can touch. It is safe for concurrent use with
// itself and with git.
type Target struct {
	branch
	o Options
}

// Open returns the target. It fails with fault.Invalid for a repository or
// branch that cannot be used.
func Open(o Options) (*Target, error) {
	if o.MaxBytes <= 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.MaxFiles <= 0 {
		o.MaxFiles = DefaultMaxFiles
	}
	if o.Hook == nil {
		o.Hook = func(string) {}
	}
	if len(o.Folders) == 0 || o.Name == "" || o.Email == "" || o.Now == nil {
		return nil, fault.New(fault.Invalid, "git.open", "a git target needs folders, a committer and a clock")
	}
	for _, f := range o.Folders {
		if !fs.ValidPath(f) || f == "." {
			return nil, fault.New(fault.Invalid, "git.open", "%q is not a folder of the repository", f)
		}
	}
	repo, err := gogit.PlainOpen(o.Dir)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "git.open", "%s is no git repository that can be opened", o.Dir)
	}
	store, ok := repo.Storer.(*filesystem.Storage)
	if !ok {
		return nil, fault.New(fault.Invalid, "git.open", "%s is not kept in files", o.Dir)
	}
	ref := plumbing.NewBranchReferenceName(o.Branch)
	if err := ref.Validate(); err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "git.open", "%q is no name of a branch", o.Branch)
	}
	t := &Target{o: o, branch: branch{repo: repo, dir: store.Filesystem().Root(), ref: ref, o: &o, mu: &sync.Mutex{}}}
	if _, err := t.head(); err != nil {
		return nil, err
	}
	if err := t.notCheckedOut(); err != nil {
		return nil, err
	}
	return t, t.sweep()
}

// sweep removes staging references that killed processes left a day ago or more.
func (t *Target) sweep() error {
	refs, err := t.repo.Storer.IterReferences()
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "git.open", "the repository's references cannot be read")
	}
	defer refs.Close()
	return refs.ForEach(func(r *plumbing.Reference) error {
		rest, ok := strings.CutPrefix(r.Name().String(), staging)
		_, at, ok2 := strings.Cut(rest, "-")
		ns, err := strconv.ParseInt(at, 10, 64)
		if !ok || !ok2 || err != nil || t.o.Now().Sub(time.Unix(0, ns)) < 24*time.Hour {
			return nil
		}
		return t.repo.Storer.RemoveReference(r.Name())
	})
}

// Plan measures the changes: each touches one file.
func (t *Target) Plan(ctx context.Context, intended []change.Intended) (change.Measured, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	head, err := t.head()
	if err != nil {
		return change.Measured{}, err
	}
	m := change.Measured{Population: t.population(ctx, head)}
	for _, in := range intended {
		if err := errors.Join(ctx.Err(), t.o.check(in.Object)); err != nil {
			return change.Measured{}, err
		}
		before, _, err := t.at(head, in.Object)
		if err != nil {
			return change.Measured{}, err
		}
		c := guardrails.Change{Op: in.Op, Object: in.Object, Objects: 1, Before: before, Body: in.Body}
		if err := t.o.effect(&c); err != nil {
			return change.Measured{}, err
		}
		m.Changes = append(m.Changes, c)
	}
	return m, nil
}

// effect fills in what the change leads to and what takes it back.
func (o *Options) effect(c *guardrails.Change) error {
	name := guardrails.Visible(c.Object)
	there := c.Before.Digest != guardrails.Absent
	switch {
	case int64(len(c.Body)) > o.MaxBytes:
		return fault.New(fault.Invalid, "git.plan", "%s would have %d bytes; at most %d are written", name, len(c.Body), o.MaxBytes)
	case c.Op == Create && there:
		return fault.New(fault.Conflict, "git.plan", "%s exists already", name).WithMend("update it instead")
	case (c.Op == Update || c.Op == Delete) && !there:
		return fault.New(fault.Conflict, "git.plan", "%s does not exist", name)
	case c.Op == Delete && len(c.Body) > 0:
		return fault.New(fault.Invalid, "git.plan", "deleting %s takes no text", name)
	}
	c.After = guardrails.Digest(c.Body)
	switch c.Op {
	case Create:
		c.Inverse = guardrails.Inverse{Op: Delete}
	case Update:
		c.Inverse = guardrails.Inverse{Op: Update, Body: c.Before.Body}
	case Delete:
		c.After, c.Inverse = guardrails.Absent, guardrails.Inverse{Op: Create, Body: c.Before.Body}
	default:
		return fault.New(fault.Invalid, "git.plan", "git knows create, update and delete, not %q", c.Op)
	}
	return nil
}

// population counts the files below the folders, -1 when it cannot.
func (t *Target) population(ctx context.Context, head *object.Commit) int64 {
	files, err := head.Files()
	if err != nil {
		return -1
	}
	defer files.Close()
	var n int64
	for {
		f, err := files.Next()
		switch {
		case errors.Is(err, io.EOF):
			return n
		case err != nil || ctx.Err() != nil:
			return -1
		case t.o.below(f.Name):
			if n++; n > int64(t.o.MaxFiles) {
				return -1
			}
		}
	}
}

func (o *Options) below(name string) bool {
	return slices.ContainsFunc(o.Folders, func(f string) bool { return strings.HasPrefix(name, f+"/") })
}

// check refuses every name that is not plainly a file below the folders.
func (o *Options) check(name string) error {
	refuse := func(why string) error {
		return fault.New(fault.Denied, "git.name", "%.300q cannot be written: %s", name, why)
	}
	switch {
	case len(name) > 1024:
		return refuse("the name is longer than 1024 bytes")
	case !fs.ValidPath(name):
		return refuse("it is not a plain path of the repository")
	case !o.below(name):
		return refuse(fmt.Sprintf("only files below %s are", strings.Join(o.Folders, ", ")))
	case guardrails.Visible(name) != name || strings.ContainsAny(name, "\n\t\\:~"):
		return refuse("it has a character that hides something or that some systems treat specially")
	}
	for e := range strings.SplitSeq(name, "/") {
		// .git in any spelling, .gitattributes, .gitmodules, .github: these command others.
		if strings.HasPrefix(e, ".") || strings.HasSuffix(e, ".") || strings.HasSuffix(e, " ") || strings.HasPrefix(e, " ") {
			return refuse("hidden files, and names that some systems shorten, are not touched")
		}
	}
	return nil
}

// Stage returns a reference of its own on the branch's commit. Close deletes it.
func (t *Target) Stage(ctx context.Context, changes []guardrails.Change) (change.Stage, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	head, err := t.head()
	if err != nil {
		return nil, err
	}
	var seed []byte
	for _, c := range changes {
		seed = fmt.Appendf(seed, "%q%q%q", c.Op, c.Object, c.After)
	}
	name := fmt.Sprintf(staging+"%.16s-%d", guardrails.Digest(seed), t.o.Now().UnixNano())
	s := &stage{branch{repo: t.repo, dir: t.dir, ref: plumbing.ReferenceName(name), o: t.branch.o, mu: t.mu}}
	if err := s.move(plumbing.ZeroHash, head.Hash); err != nil {
		return nil, err
	}
	return s, nil
}

// stage is a reference to try changes on.
type stage struct{ branch }

// Fingerprint returns the name of the whole tree.
func (s *stage) Fingerprint(context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	head, err := s.head()
	if err != nil {
		return "", err
	}
	return head.TreeHash.String(), nil
}

// Close deletes the reference; its commits stay until git collects them.
func (s *stage) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.repo.Storer.RemoveReference(s.ref); err != nil {
		return fault.Wrap(err, fault.Unavailable, "git.stage", "the staging reference %s could not be removed", s.ref)
	}
	return nil
}

// regular reports whether a tree's entry is a plain file.
func regular(m filemode.FileMode) bool { return m == filemode.Regular || m == filemode.Executable }
