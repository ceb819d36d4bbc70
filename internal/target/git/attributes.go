package git

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/object"
)

// attributesFile says in a tree how git converts the files below it.
const attributesFile = ".gitattributes"

// maxAttributes bounds one file of attributes.
const maxAttributes = 1 << 20

// attributes knows, for one path, what the files of attributes on the way to it
// say. What it cannot read or is not sure of counts as a conversion.
//
// A path that git converts when it is checked out, through a program that
// somebody configured or through an encoding, is not what its blob says, so that
// no digest of ours would mean anything.
// https://git-scm.com/docs/gitattributes
type attributes struct {
	macros map[string]bool // that lead to a conversion
}

// repository reads the attributes that hold for the whole repository.
func (a *attributes) repository(dir, name string) (bool, error) {
	f, err := os.Open(filepath.Join(dir, "info", "attributes"))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return true, err
	}
	raw, err := io.ReadAll(io.LimitReader(f, maxAttributes+1))
	return len(raw) > maxAttributes || a.convert(string(raw), name), errors.Join(err, f.Close())
}

// tree reads those of one folder; rest is the path below it.
func (a *attributes) tree(b *branch, t *object.Tree, rest string) (bool, error) {
	at := slices.IndexFunc(t.Entries, func(e object.TreeEntry) bool { return e.Name == attributesFile })
	if at < 0 {
		return false, nil
	}
	if !regular(t.Entries[at].Mode) {
		return true, nil
	}
	blob, err := b.repo.BlobObject(t.Entries[at].Hash)
	if err != nil {
		return true, err
	}
	if blob.Size > maxAttributes {
		return true, nil
	}
	r, err := blob.Reader()
	if err != nil {
		return true, err
	}
	var raw bytes.Buffer
	_, err = io.Copy(&raw, r)
	return a.convert(raw.String(), rest), errors.Join(err, r.Close())
}

// convert reports whether a line of text converts the file at rest.
func (a *attributes) convert(text, rest string) bool {
	if a.macros == nil {
		a.macros = map[string]bool{}
	}
	found := false
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 2 || strings.HasPrefix(fields[0], "#") || !slices.ContainsFunc(fields[1:], a.converts) {
			continue
		}
		if macro, ok := strings.CutPrefix(fields[0], "[attr]"); ok {
			a.macros[macro] = true
			continue
		}
		found = found || covers(fields[0], rest)
	}
	return found
}

// converts reports whether one attribute makes git change the bytes. Line ends
// may differ in a work tree; they are the same in every blob.
func (a *attributes) converts(field string) bool {
	name, _, _ := strings.Cut(field, "=")
	return name == "filter" || name == "ident" || name == "working-tree-encoding" || a.macros[name]
}

// covers reports whether the pattern may match the path. Patterns with a slash
// are taken to match whatever begins like them.
func covers(pattern, rest string) bool {
	pattern, rest = strings.ToLower(pattern), strings.ToLower(rest)
	if strings.ContainsAny(pattern, "\"\\[") {
		return true
	}
	if !strings.Contains(pattern, "/") {
		ok, err := path.Match(pattern, path.Base(rest))
		return ok || err != nil
	}
	literal := strings.TrimPrefix(pattern, "/")
	if i := strings.IndexAny(literal, "*?"); i >= 0 {
		literal = literal[:i]
	}
	return strings.HasPrefix(rest, literal)
}
