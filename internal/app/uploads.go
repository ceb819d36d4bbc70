package app

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"roleos/internal/audit"
	"roleos/internal/fault"
	"roleos/internal/ingest"
)

// MaxUpload is the largest file that is taken over the network, in bytes. Larger
// ones are read on the machine they are on: roleos run AGENT --in PATH.
const MaxUpload = 64 << 20

const fileUploaded = "file.uploaded"

// Upload is a file in the store.
type Upload struct {
	Name   string `json:"name"`   // as the person called it, without folders
	Digest string `json:"digest"` // sha256:...
	Bytes  int    `json:"bytes"`
}

// PutUpload stores a file that a run will read. Storing the same bytes again is once.
func (a *App) PutUpload(ctx context.Context, name string, data []byte) (Upload, error) {
	const op = "app.upload"
	if err := a.member(ctx); err != nil {
		return Upload{}, err
	}
	name, err := fileName(name)
	switch {
	case err != nil:
		return Upload{}, err
	case len(data) == 0:
		return Upload{}, fault.New(fault.Invalid, op, "the file is empty")
	case len(data) > MaxUpload:
		return Upload{}, fault.New(fault.Invalid, op, "the file has %d MiB, at most %d are taken over the network", len(data)>>20, MaxUpload>>20)
	}
	digest, err := a.db.PutBlob(ctx, data)
	if err != nil {
		return Upload{}, err
	}
	u := Upload{Name: name, Digest: digest, Bytes: len(data)}
	return u, a.db.InTx(ctx, func(ctx context.Context) error {
		return a.log.Append(ctx, fileUploaded, a.actor(ctx), digest, map[string]any{"bytes": len(data)})
	})
}

// fileName returns what a person calls a file, without folders.
func fileName(name string) (string, error) {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	if strings.HasPrefix(name, ".") || name == "/" || len(name) > 200 || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return "", fault.New(fault.Invalid, "app.upload", "the file needs a name of at most 200 characters that does not begin with a dot")
	}
	return name, nil
}

// uploaded returns the uploads as they may be read: a request says again what it
// was told when it stored a file, and is not believed. Other things in the store,
// such as drafts and what was masked in records, are no uploads.
func (a *App) uploaded(ctx context.Context, uploads []Upload) ([]Upload, error) {
	var out []Upload
	for i, u := range uploads {
		name, err := fileName(u.Name)
		if err != nil {
			return nil, err
		}
		said, err := a.log.About(ctx, u.Digest)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(said, func(r audit.Record) bool { return r.Kind == fileUploaded }) {
			return nil, fault.New(fault.NotFound, "app.upload", "file %d of the run is not stored here", i+1).WithMend("Store it first: POST /uploads")
		}
		out = append(out, Upload{Name: name, Digest: u.Digest, Bytes: u.Bytes})
	}
	return out, nil
}

// readUploads reads stored files as if they stood in a folder together.
func (a *App) readUploads(ctx context.Context, uploads []Upload, opts ingest.Options) (*ingest.Result, error) {
	dir, err := os.MkdirTemp("", "roleos-upload-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	var paths []string
	for _, u := range uploads {
		data, err := a.db.Blob(ctx, u.Digest)
		if err != nil {
			return nil, err
		}
		name, err := fileName(u.Name)
		if err != nil {
			return nil, err
		}
		file := filepath.Join(dir, name)
		for exists(file) {
			file = filepath.Join(dir, "again-"+filepath.Base(file))
		}
		if err := os.WriteFile(file, data, 0o600); err != nil {
			return nil, err
		}
		paths = append(paths, file)
	}
	return ingest.Read(ctx, paths, opts)
}
