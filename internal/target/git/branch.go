package git

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	gogit "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/fault"
)

// trailer marks our commits with the effect that they are.
const trailer = "Roleos-Effect: "

// maxTries bounds how often a commit is made anew on top of others' commits.
const maxTries = 10

// branch is a reference whose commits hold the files.
type branch struct {
	repo *gogit.Repository
	dir  string // the repository's own, .git or bare
	ref  plumbing.ReferenceName
	o    *Options
	mu   *sync.Mutex // go-git's storage does not promise concurrent use
}

func (b *branch) head() (*object.Commit, error) {
	ref, err := b.repo.Storer.Reference(b.ref)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "git.read", "the branch %s cannot be read", b.ref.Short())
	}
	c, err := b.repo.CommitObject(ref.Hash())
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "git.read", "the commit of %s cannot be read", b.ref.Short())
	}
	return c, nil
}

// Read returns the file as the branch has it, guardrails.Absent when it has
// none. It fails with fault.Denied for whatever is not a plain file.
func (b *branch) Read(ctx context.Context, name string) (guardrails.State, error) {
	if err := errors.Join(ctx.Err(), b.o.check(name)); err != nil {
		return guardrails.State{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	head, err := b.head()
	if err != nil {
		return guardrails.State{}, err
	}
	st, _, err := b.at(head, name)
	return st, err
}

// at reads a file of a commit and its mode.
func (b *branch) at(head *object.Commit, name string) (guardrails.State, filemode.FileMode, error) {
	unreadable := func(err error) error {
		return fault.Wrap(err, fault.Unavailable, "git.read", "%s cannot be read", guardrails.Visible(name))
	}
	tree, err := head.Tree()
	if err != nil {
		return guardrails.State{}, 0, unreadable(err)
	}
	parts := strings.Split(name, "/")
	for i, part := range parts {
		at := slices.IndexFunc(tree.Entries, func(e object.TreeEntry) bool { return e.Name == part })
		if at < 0 {
			return guardrails.State{Digest: guardrails.Absent}, filemode.Regular, nil
		}
		e := tree.Entries[at]
		if i < len(parts)-1 {
			if e.Mode != filemode.Dir {
				return guardrails.State{}, 0, fault.New(fault.Denied, "git.read", "%s lies behind a link, a submodule or a file", guardrails.Visible(name))
			}
			if tree, err = b.repo.TreeObject(e.Hash); err != nil {
				return guardrails.State{}, 0, unreadable(err)
			}
			continue
		}
		if !regular(e.Mode) {
			return guardrails.State{}, 0, fault.New(fault.Denied, "git.read", "%s is not a plain file", guardrails.Visible(name))
		}
		body, err := b.blob(e.Hash)
		if err != nil {
			return guardrails.State{}, 0, unreadable(err)
		}
		return guardrails.State{Digest: guardrails.Digest(body), Body: body}, e.Mode, nil
	}
	return guardrails.State{}, 0, unreadable(fs.ErrInvalid)
}

func (b *branch) blob(h plumbing.Hash) (body []byte, err error) {
	blob, err := b.repo.BlobObject(h)
	if err != nil {
		return nil, err
	}
	if blob.Size > b.o.MaxBytes {
		return nil, fmt.Errorf("it has %d bytes, at most %d are read", blob.Size, b.o.MaxBytes)
	}
	r, err := blob.Reader()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return io.ReadAll(r)
}

// Apply commits the write on top of the branch. When somebody else commits
// meanwhile, it is tried again on top of that, unless the file itself has
// changed: then nothing is written and Apply fails with change.ErrDrift.
func (b *branch) Apply(ctx context.Context, w change.Write) error {
	if err := b.o.check(w.Object); err != nil {
		return err
	}
	if int64(len(w.Body)) > b.o.MaxBytes {
		return fault.New(fault.Invalid, "git.apply", "%s would have %d bytes; at most %d are written", guardrails.Visible(w.Object), len(w.Body), b.o.MaxBytes)
	}
	for range maxTries {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := b.once(w); !errors.Is(err, errMoved) {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fault.New(fault.Conflict, "git.apply", "others kept committing to %s", b.ref.Short()).WithMend("try again")
}

// once tries to commit the write; errMoved when somebody else was faster.
func (b *branch) once(w change.Write) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	head, err := b.head()
	if err != nil {
		return err
	}
	now, mode, err := b.at(head, w.Object)
	if err != nil {
		return err
	}
	if w.Before == "" || now.Digest != w.Before || (w.Op == Create) != (now.Digest == guardrails.Absent) {
		return change.ErrDrift
	}
	commit, err := b.commit(head, w, mode)
	if err != nil {
		return err
	}
	b.o.Hook("commit made")
	return b.move(head.Hash, commit)
}

// commit makes the commit's objects; nothing points at them yet.
func (b *branch) commit(head *object.Commit, w change.Write, mode filemode.FileMode) (plumbing.Hash, error) {
	entry := &object.TreeEntry{Mode: mode}
	switch w.Op {
	case Create, Update:
		obj := b.repo.Storer.NewEncodedObject()
		obj.SetType(plumbing.BlobObject)
		wr, err := obj.Writer()
		if err != nil {
			return plumbing.ZeroHash, err
		}
		if _, err := wr.Write(w.Body); err != nil {
			return plumbing.ZeroHash, err
		}
		if err := wr.Close(); err != nil {
			return plumbing.ZeroHash, err
		}
		if entry.Hash, err = b.repo.Storer.SetEncodedObject(obj); err != nil {
			return plumbing.ZeroHash, err
		}
	case Delete:
		entry = nil
	default:
		return plumbing.ZeroHash, fault.New(fault.Invalid, "git.apply", "git knows create, update and delete, not %q", w.Op)
	}
	tree, err := b.tree(head.TreeHash, strings.Split(w.Object, "/"), entry)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	if tree.IsZero() { // nothing is left
		if tree, err = b.save(&object.Tree{}); err != nil {
			return plumbing.ZeroHash, err
		}
	}
	who := object.Signature{Name: b.o.Name, Email: b.o.Email, When: b.o.Now()}
	c := &object.Commit{
		Author: who, Committer: who, TreeHash: tree, ParentHashes: []plumbing.Hash{head.Hash},
		Message: fmt.Sprintf("%s %s\n\n%s%s\n", w.Op, w.Object, trailer, w.Key),
	}
	return b.save(c)
}

type encoder interface {
	Encode(o plumbing.EncodedObject) error
}

func (b *branch) save(e encoder) (plumbing.Hash, error) {
	obj := b.repo.Storer.NewEncodedObject()
	if err := e.Encode(obj); err != nil {
		return plumbing.ZeroHash, err
	}
	return b.repo.Storer.SetEncodedObject(obj)
}

// tree returns the tree with the entry at path put, or taken out when it is nil.
// A folder that becomes empty goes, as everywhere in git; then the hash is zero.
func (b *branch) tree(from plumbing.Hash, path []string, put *object.TreeEntry) (plumbing.Hash, error) {
	t := &object.Tree{}
	if !from.IsZero() {
		var err error
		if t, err = b.repo.TreeObject(from); err != nil {
			return plumbing.ZeroHash, err
		}
	}
	next := &object.Tree{Entries: slices.Clone(t.Entries)}
	at := slices.IndexFunc(next.Entries, func(e object.TreeEntry) bool { return e.Name == path[0] })
	entry := put
	if len(path) > 1 {
		sub := plumbing.ZeroHash
		if at >= 0 {
			sub = next.Entries[at].Hash
		}
		h, err := b.tree(sub, path[1:], put)
		if err != nil {
			return plumbing.ZeroHash, err
		}
		entry = &object.TreeEntry{Mode: filemode.Dir, Hash: h}
		if h.IsZero() {
			entry = nil
		}
	}
	if at >= 0 {
		next.Entries = slices.Delete(next.Entries, at, at+1)
	}
	if entry != nil {
		next.Entries = append(next.Entries, object.TreeEntry{Name: path[0], Mode: entry.Mode, Hash: entry.Hash})
	}
	if len(next.Entries) == 0 {
		return plumbing.ZeroHash, nil
	}
	slices.SortFunc(next.Entries, byName)
	return b.save(next)
}

// byName is git's order of entries: folders as if their names ended in a slash.
func byName(a, b object.TreeEntry) int {
	key := func(e object.TreeEntry) string {
		if e.Mode == filemode.Dir {
			return e.Name + "/"
		}
		return e.Name
	}
	return strings.Compare(key(a), key(b))
}
