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

// maxSearch bounds how many commits are searched for an effect that was done
// before. An interrupted apply goes on when roleos starts: nobody commits more
// often in between.
const maxSearch = 200

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
	var attrs attributes
	converted, err := attrs.repository(b.dir, name)
	if err != nil {
		return guardrails.State{}, 0, unreadable(err)
	}
	parts := strings.Split(name, "/")
	for i, part := range parts {
		here, err := attrs.tree(b, tree, strings.Join(parts[i:], "/"))
		if err != nil {
			return guardrails.State{}, 0, unreadable(err)
		}
		if converted = converted || here; converted {
			return guardrails.State{}, 0, fault.New(fault.Denied, "git.read", "%s is converted by git: its attributes name a filter or an encoding", guardrails.Visible(name))
		}
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
	if err := b.notCheckedOut(); err != nil {
		return errors.Join(err, change.ErrNotDone)
	}
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
	if at, err := b.done(head, w); err != nil || at != "" {
		return errors.Join(err, fault.New(fault.Conflict, "git.apply", "%s has been done already, in the commit %.12s, and somebody has taken it back since", guardrails.Visible(w.Object), at))
	}
	commit, err := b.commit(head, w, mode)
	if err != nil {
		return err
	}
	b.o.Hook("commit made")
	return b.move(head.Hash, commit)
}

// done returns the commit that is this very effect, "" when there is none among
// the newest. A write whose object is as before may have been done and undone.
func (b *branch) done(head *object.Commit, w change.Write) (string, error) {
	message := message(w)
	for range maxSearch {
		if head.Message == message {
			return head.Hash.String(), nil
		}
		if len(head.ParentHashes) == 0 {
			return "", nil
		}
		next, err := b.repo.CommitObject(head.ParentHashes[0])
		if errors.Is(err, plumbing.ErrObjectNotFound) { // a shallow clone ends here
			return "", nil
		}
		if err != nil {
			return "", fault.Wrap(err, fault.Unavailable, "git.apply", "the history of %s cannot be read", b.ref.Short())
		}
		head = next
	}
	return "", nil
}

// message is the commit's message, by which the effect is known again.
func message(w change.Write) string {
	return fmt.Sprintf("%s %s\n\n%s%s\n", w.Op, w.Object, trailer, w.Key)
}
