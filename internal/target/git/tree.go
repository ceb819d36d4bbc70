package git

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"

	"roleos/internal/change"
	"roleos/internal/fault"
)

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
		if entry.Hash, err = b.keep(obj); err != nil {
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
		Message: message(w),
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
	return b.keep(obj)
}

// keep stores an object so that it outlives a power cut: the branch must never
// name a commit that is not there.
func (b *branch) keep(obj plumbing.EncodedObject) (plumbing.Hash, error) {
	h, err := b.repo.Storer.SetEncodedObject(obj)
	if err != nil {
		return h, err
	}
	name := h.String()
	folder := filepath.Join(b.dir, "objects", name[:2])
	err = syncPath(filepath.Join(folder, name[2:]))
	if errors.Is(err, fs.ErrNotExist) { // it has been packed
		return h, nil
	}
	return h, errors.Join(err, syncPath(folder))
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
