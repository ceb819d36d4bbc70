package files

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/fault"
)

// writing begins the names of files that are not whole yet.
const writing = "w-"

// Apply does the write. The file is whole at every moment: it is written and
// synced beside, then takes its place in one step, and the folder is synced. It
// fails with change.ErrDrift, and nothing is written, when the file is not as
// planned.
//
// A creation never replaces a file that came meanwhile. Between the last look at
// an existing file and its replacement another program can still write to it;
// no file system that we know offers a replacement under a condition.
func (t *Target) Apply(ctx context.Context, w change.Write) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := t.check(w.Object); err != nil {
		return err
	}
	if err := t.root.MkdirAll(t.o.Work, 0o700); err != nil {
		return failed(err, w.Object)
	}
	work := writer{root: t.root, work: t.o.Work, most: t.o.MaxBytes, hook: t.o.Hook, unlinked: t.unlinked}
	return work.apply(w)
}

// writer does writes below one root, the real one or a copy.
type writer struct {
	root     *os.Root
	work     string
	most     int64
	hook     func(point string)
	unlinked func(fs.FileInfo) bool
}

func (d writer) apply(w change.Write) error {
	now, err := read(d.root, w.Object, d.most, d.unlinked)
	if err != nil {
		return err
	}
	if w.Before == "" || now.Digest != w.Before {
		return change.ErrDrift
	}
	if int64(len(w.Body)) > d.most {
		return fault.New(fault.Invalid, "files.apply", "%s would have %d bytes; at most %d are written", guardrails.Visible(w.Object), len(w.Body), d.most)
	}
	switch w.Op {
	case Create:
		if now.Digest != guardrails.Absent {
			return change.ErrDrift
		}
		return d.put(w, true)
	case Update:
		if now.Digest == guardrails.Absent {
			return change.ErrDrift
		}
		return d.put(w, false)
	case Delete:
		d.hook("before remove")
		if err := d.root.Remove(w.Object); err != nil {
			return failed(err, w.Object)
		}
		d.hook("after remove")
		return d.sync(path.Dir(w.Object))
	}
	return fault.New(fault.Invalid, "files.apply", "files know create, update and delete, not %q", w.Op)
}

// put writes the body beside and then moves it to its place.
func (d writer) put(w change.Write, fresh bool) error {
	made, err := d.folders(path.Dir(w.Object))
	if err != nil {
		return failed(err, w.Object)
	}
	keep := fs.FileMode(0) // the mode of the file that is replaced
	if info, err := d.root.Lstat(w.Object); err == nil {
		keep = info.Mode().Perm()
	}
	temp := path.Join(d.work, writing+w.Key)
	if err := d.root.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failed(err, w.Object)
	}
	if err := d.write(temp, w.Body, keep); err != nil {
		_ = d.root.Remove(temp)
		return failed(err, w.Object)
	}
	d.hook("before rename")
	if fresh {
		err = d.link(temp, w.Object)
	} else {
		err = d.root.Rename(temp, w.Object)
	}
	if err != nil {
		_ = d.root.Remove(temp)
		if errors.Is(err, fs.ErrExist) {
			return change.ErrDrift
		}
		return failed(err, w.Object)
	}
	d.hook("after rename")
	for _, dir := range append(made, path.Dir(w.Object)) {
		if err := d.sync(dir); err != nil {
			return failed(err, w.Object)
		}
	}
	return nil
}

// link gives the file its name without replacing one that is there, then takes
// the temporary name away. Where the file system knows no links it looks and renames.
func (d writer) link(temp, object string) error {
	err := d.root.Link(temp, object)
	if err == nil {
		d.hook("after link")
		return d.root.Remove(temp)
	}
	if errors.Is(err, fs.ErrExist) {
		return err
	}
	if _, lerr := d.root.Lstat(object); !errors.Is(lerr, fs.ErrNotExist) {
		return fs.ErrExist
	}
	return d.root.Rename(temp, object)
}

// folders makes the folders that are missing and returns the parents of those it made.
func (d writer) folders(dir string) (parents []string, err error) {
	for at := dir; at != "."; at = path.Dir(at) {
		if _, err := d.root.Lstat(at); errors.Is(err, fs.ErrNotExist) {
			parents = append(parents, path.Dir(at))
		}
	}
	return parents, d.root.MkdirAll(dir, 0o755)
}

// write makes a new file and syncs it. A mode of 0 is the default for new files.
func (d writer) write(name string, body []byte, mode fs.FileMode) error {
	f, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	d.hook("temp made")
	_, err = f.Write(body)
	if err == nil && mode != 0 {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// sync makes a folder's entries durable.
func (d writer) sync(dir string) error {
	f, err := d.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(syncDir(f), f.Close())
}

func failed(err error, object string) error {
	if errors.Is(err, change.ErrDrift) {
		return err
	}
	return fault.Wrap(err, fault.Unavailable, "files.apply", "%s could not be written", guardrails.Visible(object))
}
