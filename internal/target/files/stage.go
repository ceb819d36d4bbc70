package files

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"roleos/guardrails"
	"roleos/internal/change"
)

// Stage copies the files that the changes touch into a folder of their own
// below Work. Close removes it.
func (t *Target) Stage(ctx context.Context, changes []guardrails.Change) (change.Stage, error) {
	if err := t.root.MkdirAll(t.o.Work, 0o700); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(filepath.Join(t.root.Name(), filepath.FromSlash(t.o.Work)), "stage-")
	if err != nil {
		return nil, err
	}
	root, err := t.root.OpenRoot(path.Join(t.o.Work, filepath.Base(dir)))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	s := &stage{t: t, root: root, name: path.Join(t.o.Work, filepath.Base(dir))}
	for _, c := range changes {
		if err := s.copy(ctx, c.Object); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// stage is a copy of some files. Its own temporary files lie beside the copy.
type stage struct {
	t    *Target
	root *os.Root
	name string
}

func (s *stage) writer() writer {
	return writer{root: s.root, work: ".", most: s.t.o.MaxBytes, hook: func(string) {}}
}

func (s *stage) copy(ctx context.Context, object string) error {
	st, err := s.t.Read(ctx, object)
	if err != nil {
		return err
	}
	// The folder that is there in the original is there in the copy.
	dir := path.Dir(object)
	if _, err := s.t.root.Lstat(dir); err == nil {
		if err := s.root.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if st.Digest == guardrails.Absent {
		return nil
	}
	if err := s.writer().put(change.Write{Key: "copy", Object: object, Body: st.Body}, true); err != nil {
		return err
	}
	info, err := s.t.root.Lstat(object)
	if err != nil {
		return err
	}
	return s.root.Chmod(object, info.Mode().Perm())
}

// Read returns a file of the copy.
func (s *stage) Read(ctx context.Context, object string) (guardrails.State, error) {
	if err := errors.Join(ctx.Err(), s.t.check(object)); err != nil {
		return guardrails.State{}, err
	}
	return read(s.root, object, s.t.o.MaxBytes, nil)
}

// Apply writes to the copy.
func (s *stage) Apply(ctx context.Context, w change.Write) error {
	if err := errors.Join(ctx.Err(), s.t.check(w.Object)); err != nil {
		return err
	}
	return s.writer().apply(w)
}

// Fingerprint returns a digest over every file of the copy, its name, mode and bytes.
// Folders count by the files in them.
func (s *stage) Fingerprint(ctx context.Context) (string, error) {
	h := sha256.New()
	err := fs.WalkDir(s.root.FS(), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return errors.Join(err, ctx.Err())
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		st, err := read(s.root, p, s.t.o.MaxBytes, nil)
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%q %s %s\n", p, info.Mode(), st.Digest)
		return nil
	})
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Close removes the copy.
func (s *stage) Close() error {
	return errors.Join(s.root.Close(), s.t.root.RemoveAll(s.name))
}
