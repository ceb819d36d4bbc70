package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

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
	DefaultWork     = ".roleos/files"
)

// Manifest says what a target of this kind can do.
func Manifest(name string) guardrails.Manifest {
	return guardrails.Manifest{
		Name: name, Version: "files/1", Settles: true,
		Operations: []guardrails.Operation{
			{Name: Create, Class: guardrails.Create}, {Name: Update, Class: guardrails.Update}, {Name: Delete, Class: guardrails.Delete},
		},
	}
}

// Options says which files a Target may touch.
type Options struct {
	Dir     string   // the root directory; it must exist
	Folders []string // slash-separated folders below it; at least one; they need not exist
	// Work is a folder below Dir, outside Folders and on the same file system, for
	// files being written and copies for staging. Default DefaultWork.
	Work     string
	MaxBytes int64 // of one file; default DefaultMaxBytes
	MaxFiles int   // counted below Folders; with more the population is not known; default DefaultMaxFiles
	// Hook is called between the steps of a write. Tests kill the process in it. Default: nothing.
	Hook func(point string)
}

// Target is a directory that changes can touch. It is safe for concurrent use.
type Target struct {
	o    Options
	root *os.Root
}

// Open returns the target for the directory. The caller closes it.
func Open(o Options) (*Target, error) {
	if o.Work == "" {
		o.Work = DefaultWork
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.MaxFiles <= 0 {
		o.MaxFiles = DefaultMaxFiles
	}
	if o.Hook == nil {
		o.Hook = func(string) {}
	}
	if len(o.Folders) == 0 {
		return nil, fault.New(fault.Invalid, "files.open", "a files target needs at least one folder that may be written")
	}
	for _, f := range append([]string{o.Work}, o.Folders...) {
		if !fs.ValidPath(f) || f == "." {
			return nil, fault.New(fault.Invalid, "files.open", "%q is not a folder below the root", f)
		}
	}
	for _, f := range o.Folders {
		if f == o.Work || strings.HasPrefix(f, o.Work+"/") || strings.HasPrefix(o.Work, f+"/") {
			return nil, fault.New(fault.Invalid, "files.open", "the folder %q and the work folder %q lie in one another", f, o.Work)
		}
	}
	root, err := os.OpenRoot(o.Dir)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "files.open", "the directory cannot be opened")
	}
	return &Target{o: o, root: root}, nil
}

// Close releases the directory.
func (t *Target) Close() error { return t.root.Close() }

// Plan measures the changes: each touches one file. It fails with fault.Invalid
// for a name, size or operation that is not possible.
func (t *Target) Plan(ctx context.Context, intended []change.Intended) (change.Measured, error) {
	m := change.Measured{Population: t.population(ctx)}
	for _, in := range intended {
		if err := ctx.Err(); err != nil {
			return change.Measured{}, err
		}
		before, err := t.Read(ctx, in.Object)
		if err != nil {
			return change.Measured{}, err
		}
		c := guardrails.Change{Op: in.Op, Object: in.Object, Objects: 1, Before: before, Body: in.Body}
		if err := t.effect(&c); err != nil {
			return change.Measured{}, err
		}
		m.Changes = append(m.Changes, c)
	}
	return m, nil
}

// effect fills in what the change leads to and what takes it back.
func (t *Target) effect(c *guardrails.Change) error {
	there := c.Before.Digest != guardrails.Absent
	switch {
	case int64(len(c.Body)) > t.o.MaxBytes:
		return fault.New(fault.Invalid, "files.plan", "%s would have %d bytes; at most %d are written", guardrails.Visible(c.Object), len(c.Body), t.o.MaxBytes)
	case c.Op == Create && there:
		return fault.New(fault.Conflict, "files.plan", "%s exists already", guardrails.Visible(c.Object)).WithMend("update it instead")
	case (c.Op == Update || c.Op == Delete) && !there:
		return fault.New(fault.Conflict, "files.plan", "%s does not exist", guardrails.Visible(c.Object))
	}
	c.After = guardrails.Digest(c.Body)
	switch c.Op {
	case Create:
		c.Inverse = guardrails.Inverse{Op: Delete}
	case Update:
		c.Inverse = guardrails.Inverse{Op: Update, Body: c.Before.Body}
	case Delete:
		if len(c.Body) > 0 {
			return fault.New(fault.Invalid, "files.plan", "deleting %s takes no text", guardrails.Visible(c.Object))
		}
		c.After, c.Inverse = guardrails.Absent, guardrails.Inverse{Op: Create, Body: c.Before.Body}
	default:
		return fault.New(fault.Invalid, "files.plan", "files know create, update and delete, not %q", c.Op)
	}
	return nil
}

// population counts the regular files below the folders, -1 when it cannot.
func (t *Target) population(ctx context.Context) int64 {
	var n int64
	for _, f := range t.o.Folders {
		err := fs.WalkDir(t.root.FS(), f, func(p string, d fs.DirEntry, err error) error {
			switch {
			case err != nil && p == f && errors.Is(err, fs.ErrNotExist):
				return fs.SkipAll
			case err != nil:
				return err
			case ctx.Err() != nil:
				return ctx.Err()
			case d.Type().IsRegular():
				if n++; n > int64(t.o.MaxFiles) {
					return errors.New("too many")
				}
			}
			return nil
		})
		if err != nil {
			return -1
		}
	}
	return n
}

// Read returns the file's bytes and their digest, guardrails.Absent when there
// is none. It fails with fault.Denied for whatever is not a regular file with
// one name below the folders.
func (t *Target) Read(ctx context.Context, object string) (guardrails.State, error) {
	if err := ctx.Err(); err != nil {
		return guardrails.State{}, err
	}
	if err := t.check(object); err != nil {
		return guardrails.State{}, err
	}
	return read(t.root, object, t.o.MaxBytes, t.unlinked)
}

// unlinked removes the second name that an interrupted creation has left, and
// reports whether there was one.
func (t *Target) unlinked(info fs.FileInfo) bool {
	entries, err := fs.ReadDir(t.root.FS(), t.o.Work)
	if err != nil {
		return false
	}
	for _, e := range entries {
		name := path.Join(t.o.Work, e.Name())
		if got, err := t.root.Lstat(name); err == nil && strings.HasPrefix(e.Name(), writing) && os.SameFile(info, got) {
			return t.root.Remove(name) == nil
		}
	}
	return false
}

// read reads one file below root, refusing links.
func read(root *os.Root, object string, most int64, unlinked func(fs.FileInfo) bool) (guardrails.State, error) {
	absent := guardrails.State{Digest: guardrails.Absent}
	name := guardrails.Visible(object)
	for i, r := range object {
		if r != '/' {
			continue
		}
		info, err := root.Lstat(object[:i])
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return absent, nil
		case err != nil:
			return guardrails.State{}, fault.Wrap(err, fault.Unavailable, "files.read", "%s cannot be read", name)
		case !info.IsDir():
			return guardrails.State{}, fault.New(fault.Denied, "files.read", "%s lies behind a link or a file", name)
		}
	}
	info, err := root.Lstat(object)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return absent, nil
	case err != nil:
		return guardrails.State{}, fault.Wrap(err, fault.Unavailable, "files.read", "%s cannot be read", name)
	case !info.Mode().IsRegular():
		return guardrails.State{}, fault.New(fault.Denied, "files.read", "%s is not a regular file", name).WithMend("links and special files are never touched")
	}
	f, err := root.Open(object)
	if err != nil {
		return guardrails.State{}, fault.Wrap(err, fault.Unavailable, "files.read", "%s cannot be read", name)
	}
	defer f.Close()
	opened, err := f.Stat()
	if err != nil || !os.SameFile(info, opened) {
		return guardrails.State{}, fault.New(fault.Conflict, "files.read", "%s is being changed by somebody else", name)
	}
	n, err := links(f)
	if err == nil && n > 1 && unlinked != nil && unlinked(opened) {
		n, err = links(f)
	}
	if err != nil || n != 1 {
		return guardrails.State{}, fault.New(fault.Denied, "files.read", "%s has a second name (a hard link)", name).WithMend("such files are never touched")
	}
	body, err := io.ReadAll(io.LimitReader(f, most+1))
	switch {
	case err != nil:
		return guardrails.State{}, fault.Wrap(err, fault.Unavailable, "files.read", "%s cannot be read", name)
	case int64(len(body)) > most:
		return guardrails.State{}, fault.New(fault.Denied, "files.read", "%s has more than %d bytes", name, most)
	}
	return guardrails.State{Digest: guardrails.Digest(body), Body: body}, nil
}

// check refuses every name that is not plainly a file below the folders.
func (t *Target) check(object string) error {
	refuse := func(why string) error {
		return fault.New(fault.Denied, "files.name", "%q cannot be written: %s", object, why)
	}
	const longest = 1024
	if len(object) > longest {
		return fault.New(fault.Denied, "files.name", "a name of %d bytes cannot be written: %d are the most", len(object), longest)
	}
	if !fs.ValidPath(object) {
		return refuse("it is not a plain path below the root")
	}
	if !slices.ContainsFunc(t.o.Folders, func(f string) bool { return strings.HasPrefix(object, f+"/") }) {
		return refuse(fmt.Sprintf("only files below %s are", strings.Join(t.o.Folders, ", ")))
	}
	if guardrails.Visible(object) != object || strings.ContainsAny(object, "\n\t\\:*?\"<>|") {
		return refuse("it has a character that hides something or that some systems treat specially")
	}
	for e := range strings.SplitSeq(object, "/") {
		if why := badElement(e); why != "" {
			return refuse(why)
		}
	}
	return nil
}

// badElement says what is wrong with one element of a path, "" when nothing is.
// The device names are those of
// https://learn.microsoft.com/windows/win32/fileio/naming-a-file
func badElement(e string) string {
	switch {
	case len(e) > 200:
		return "a part of its name is longer than 200 bytes"
	case strings.HasPrefix(e, "."):
		return "hidden files are not touched"
	case strings.HasSuffix(e, ".") || strings.HasSuffix(e, " ") || strings.HasPrefix(e, " "):
		return "some systems drop a dot or a space at the end"
	case strings.Contains(e, "~"):
		return "some systems read a tilde as a short name"
	}
	stem, _, _ := strings.Cut(strings.ToUpper(e), ".")
	stem = strings.TrimRight(stem, " ")
	reserved := slices.Contains([]string{"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}, stem)
	if len([]rune(stem)) == 4 && (strings.HasPrefix(stem, "COM") || strings.HasPrefix(stem, "LPT")) {
		reserved = reserved || strings.ContainsAny(stem[3:], "0123456789¹²³")
	}
	if reserved {
		return "its name is a device on some systems"
	}
	return ""
}
