package git

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"roleos/internal/fault"
)

// errMoved means that the reference is not where it was, or that git holds it.
var errMoved = errors.New("the branch has moved")

// move sets the reference from one commit to the next, by git's own protocol: a
// lock file that is renamed into place. So it excludes git and is whole at every
// moment. https://git-scm.com/docs/api-lockfile
func (b *branch) move(from, to plumbing.Hash) error {
	path := filepath.Join(b.dir, filepath.FromSlash(b.ref.String()))
	lock := path + ".lock"
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fault.Wrap(err, fault.Unavailable, "git.apply", "the branch cannot be locked")
	}
	held, err := b.take(lock, to)
	if err != nil {
		return err
	}
	defer held.Close()
	b.o.Hook("branch locked")
	now, err := b.repo.Storer.Reference(b.ref)
	gone := errors.Is(err, plumbing.ErrReferenceNotFound)
	switch {
	case gone && !from.IsZero(), err == nil && now.Hash() != from:
		return errors.Join(errMoved, os.Remove(lock))
	case err != nil && !gone:
		return errors.Join(err, os.Remove(lock))
	}
	if err := os.Rename(lock, path); err != nil {
		return errors.Join(fault.Wrap(err, fault.Unavailable, "git.apply", "the branch cannot be moved"), os.Remove(lock))
	}
	b.o.Hook("branch moved")
	return syncPath(filepath.Dir(path))
}

// take makes the lock file with its content, in one step. The file it returns
// holds an advisory lock that ends with this process, however it ends.
func (b *branch) take(lock string, to plumbing.Hash) (*os.File, error) {
	temp, err := os.CreateTemp(b.dir, "roleos-*")
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "git.apply", "the branch cannot be locked")
	}
	defer os.Remove(temp.Name())
	_, err = temp.WriteString(to.String() + "\n")
	if err = errors.Join(err, temp.Chmod(0o644), temp.Sync()); err == nil {
		err = hold(temp)
	}
	if err != nil {
		return nil, errors.Join(fault.Wrap(err, fault.Unavailable, "git.apply", "the branch cannot be locked"), temp.Close())
	}
	err = os.Link(temp.Name(), lock)
	if err == nil {
		return temp, nil
	}
	if errors.Is(err, fs.ErrExist) {
		b.unlock(lock)
		err = errMoved
	}
	return nil, errors.Join(err, temp.Close())
}

// unlock removes the lock file that a killed process of ours has left: nobody
// holds it, and the commit that it was about to set is ours. Git's own lock
// files, and those of processes that live, are left alone.
func (b *branch) unlock(lock string) {
	f, err := os.Open(lock)
	if err != nil {
		return
	}
	defer f.Close()
	if !abandoned(f, b.o.Now()) {
		return
	}
	mine, err := f.Stat()
	if err != nil {
		return
	}
	// While this file is held, nobody else of ours takes its name away.
	if there, err := os.Lstat(lock); err != nil || !os.SameFile(mine, there) {
		return
	}
	raw, err := io.ReadAll(io.LimitReader(f, 100))
	if err != nil {
		return
	}
	c, err := b.repo.CommitObject(plumbing.NewHash(string(bytes.TrimSpace(raw))))
	if err == nil && strings.Contains(c.Message, "\n\n"+trailer) {
		_ = os.Remove(lock)
	}
}

// notCheckedOut refuses a branch that some work tree shows: moving it under the
// work tree would make everything in it look changed.
func (b *branch) notCheckedOut() error {
	heads, err := filepath.Glob(filepath.Join(b.dir, "worktrees", "*", "HEAD"))
	if err != nil {
		return err
	}
	cfg, err := b.repo.Config()
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "git.branch", "the repository's configuration cannot be read")
	}
	if !cfg.Core.IsBare {
		heads = append(heads, filepath.Join(b.dir, "HEAD"))
	}
	for _, h := range heads {
		raw, err := os.ReadFile(h)
		if err != nil {
			return fault.Wrap(err, fault.Unavailable, "git.branch", "the repository's HEAD cannot be read")
		}
		if strings.TrimSpace(string(raw)) == "ref: "+b.ref.String() {
			return fault.New(fault.Conflict, "git.branch", "the branch %s is checked out", b.ref.Short()).
				WithMend("name another branch, or check another one out")
		}
	}
	return nil
}
