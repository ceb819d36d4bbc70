package app

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"roleos/internal/audit"
	"roleos/internal/evidence"
	"roleos/internal/fault"
	"roleos/internal/ingest"
	"roleos/internal/store/uploads"
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
	if erased, err := a.db.IsErased(ctx, digest); err != nil || erased {
		return Upload{}, cmp.Or(err, error(fault.New(fault.Denied, op, "this very file was stored before, and personal data in it was erased").
			WithMend("Take the rows of the person out of the file and store that.")))
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
func (a *App) uploaded(ctx context.Context, given []Upload) ([]Upload, error) {
	var out []Upload
	for i, u := range given {
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

// readInput reads files where they lie, and stored ones as if they stood in a
// folder together.
func (a *App) readInput(ctx context.Context, paths []string, stored []Upload, opts ingest.Options) (*ingest.Result, error) {
	files, done, err := a.unpacked(ctx, stored)
	if err != nil {
		return nil, err
	}
	defer done()
	return ingest.Read(ctx, slices.Concat(paths, files), opts)
}

// unpacked writes stored files into a temporary folder, in their order; done
// takes it away.
func (a *App) unpacked(ctx context.Context, stored []Upload) (paths []string, done func(), err error) {
	if len(stored) == 0 {
		return nil, func() {}, nil
	}
	dir, err := os.MkdirTemp("", "roleos-upload-*")
	if err != nil {
		return nil, nil, err
	}
	done = func() { _ = os.RemoveAll(dir) }
	defer func() {
		if err != nil {
			done()
		}
	}()
	for _, u := range stored {
		data, err := a.db.Blob(ctx, u.Digest)
		if err != nil {
			return nil, nil, err
		}
		name, err := fileName(u.Name)
		if err != nil {
			return nil, nil, err
		}
		file := filepath.Join(dir, name)
		for exists(file) {
			file = filepath.Join(dir, "again-"+filepath.Base(file))
		}
		if err := os.WriteFile(file, data, 0o600); err != nil {
			return nil, nil, err
		}
		paths = append(paths, file)
	}
	return paths, done, nil
}

// storedPath is the scheme of a path that names an upload: a workflow keeps it among
// the paths of its input.
const storedPath = "stored:"

// path names the upload among paths; its last part is its name.
func (u Upload) path() string { return storedPath + u.Digest + "/" + u.Name }

// parted divides paths into those of files and those that name uploads.
func parted(paths []string) (files []string, kept []Upload) {
	for _, p := range paths {
		digest, name, ok := strings.Cut(strings.TrimPrefix(p, storedPath), "/")
		if !ok || !strings.HasPrefix(p, storedPath) {
			files = append(files, p)
			continue
		}
		kept = append(kept, Upload{Name: name, Digest: digest})
	}
	return files, kept
}

// OpenUpload is a file that comes in parts.
type OpenUpload struct {
	ID     string
	Name   string
	Bytes  int64   // when it is whole
	Offset int64   // where the next part begins
	Stored *Upload // once it is whole
	Until  time.Time
}

// partBytes is how much of a part is kept at once: what a broken connection can lose.
const partBytes = 1 << 20

// BeginUpload opens a file of so many bytes that comes in parts.
func (a *App) BeginUpload(ctx context.Context, name string, size int64) (OpenUpload, error) {
	const op = "app.upload"
	if err := a.member(ctx); err != nil {
		return OpenUpload{}, err
	}
	name, err := fileName(name)
	if err != nil {
		return OpenUpload{}, err
	}
	if size < 1 || size > MaxUpload {
		return OpenUpload{}, fault.New(fault.Invalid, op, "a file has 1 byte to %d MiB over the network", MaxUpload>>20)
	}
	u := uploads.Upload{ID: a.newID("up"), Name: name, Owner: a.actor(ctx), Size: size, CreatedAt: a.now().UTC()}
	return openUpload(u), uploads.New(a.db).Open(ctx, u)
}

func openUpload(u uploads.Upload) OpenUpload {
	out := OpenUpload{ID: u.ID, Name: u.Name, Bytes: u.Size, Offset: u.Got, Until: u.CreatedAt.Add(uploads.Life)}
	if u.Digest != "" {
		out.Stored = &Upload{Name: u.Name, Digest: u.Digest, Bytes: int(u.Size)}
	}
	return out
}

// ShowUpload returns where an upload stands. Another person's is fault.NotFound.
func (a *App) ShowUpload(ctx context.Context, id string) (OpenUpload, error) {
	u, err := a.ownUpload(ctx, id)
	return openUpload(u), err
}

func (a *App) ownUpload(ctx context.Context, id string) (uploads.Upload, error) {
	u, err := uploads.New(a.db).Upload(ctx, id)
	if err == nil && (u.Owner != a.actor(ctx) || a.now().Sub(u.CreatedAt) >= uploads.Life) {
		return uploads.Upload{}, fault.New(fault.NotFound, "app.upload", "there is no such upload, or it is older than a day").WithMend("Begin anew.")
	}
	return u, err
}

// GoOnUpload keeps what body brings, which begins at offset, as it comes: when the
// connection breaks, the upload goes on behind what was kept. The part that makes
// the file whole stores it.
func (a *App) GoOnUpload(ctx context.Context, id string, offset int64, body io.Reader) (OpenUpload, error) {
	const op = "app.upload"
	if err := a.member(ctx); err != nil {
		return OpenUpload{}, err
	}
	u, err := a.ownUpload(ctx, id)
	if err != nil || u.Digest != "" {
		return openUpload(u), err
	}
	table := uploads.New(a.db)
	for part := make([]byte, partBytes); offset < u.Size; {
		n, rerr := io.ReadFull(body, part[:min(partBytes, u.Size-offset)])
		if n > 0 {
			// Also what came before the connection broke.
			if err := table.Add(context.WithoutCancel(ctx), id, offset, part[:n]); err != nil {
				return OpenUpload{}, err
			}
			offset += int64(n)
		}
		if errors.Is(rerr, io.EOF) || errors.Is(rerr, io.ErrUnexpectedEOF) {
			break
		}
		if rerr != nil {
			return OpenUpload{}, fault.New(fault.Unavailable, op, "the part broke off").WithMend("Ask for the upload's state, and go on at its offset.")
		}
	}
	if n, _ := body.Read(make([]byte, 1)); n > 0 {
		return OpenUpload{}, fault.New(fault.Invalid, op, "the part is longer than what is missing of the file")
	}
	if u, err = a.ownUpload(ctx, id); err != nil || u.Got < u.Size || u.Digest != "" {
		return openUpload(u), err
	}
	data, err := table.Bytes(ctx, u)
	if err != nil {
		return OpenUpload{}, err
	}
	whole, err := a.PutUpload(ctx, u.Name, data)
	if err != nil {
		return OpenUpload{}, err
	}
	u.Digest = whole.Digest
	return openUpload(u), table.Done(ctx, id, u.Digest)
}

// DropUpload ends an upload; a file that is whole stays stored.
func (a *App) DropUpload(ctx context.Context, id string) error {
	if err := a.member(ctx); err != nil {
		return err
	}
	if _, err := a.ownUpload(ctx, id); err != nil {
		return err
	}
	return uploads.New(a.db).Forget(ctx, id)
}

// reread shows found the records of a person as they stand in the files that runs
// read, where those are still there: an address in a column of its own is masked
// in the store, and nothing there tells whose record it is.
func (e *erasing) reread(ctx context.Context, found func(source string, r *evidence.Record)) error {
	if !strings.Contains(e.sel.Person, "@") {
		return nil
	}
	all, err := e.a.Drafts(ctx, nil)
	if err != nil {
		return err
	}
	done := map[string]bool{}
	for _, d := range all {
		in, err := e.a.draftedFrom(ctx, d)
		if err != nil {
			return err
		}
		in.Paths = slices.DeleteFunc(in.Paths, func(p string) bool { return address(p) || !exists(p) })
		if done[d.Records] || len(in.Paths)+len(in.Uploads) == 0 {
			continue
		}
		done[d.Records] = true
		read, err := e.a.readInput(ctx, in.Paths, in.Uploads, ingest.Options{Map: in.Map, Limits: ingest.Limits(in.Settings.Limits)})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			continue // it is not what it was, or was erased itself
		}
		names := map[string]string{}
		for _, s := range read.Sources {
			names[s.ID] = s.Name
		}
		for i := range read.Records {
			if r := &read.Records[i]; e.sel.Picks(r, r.Text) {
				found(names[r.Source], r)
			}
		}
	}
	return nil
}

// archives returns the stored files that runs over the touched sets read and whose
// members cannot be searched one by one.
func (e *erasing) archives(ctx context.Context) (map[string]bool, error) {
	out := map[string]bool{}
	all, err := e.a.Drafts(ctx, nil)
	if err != nil {
		return nil, err
	}
	for _, d := range all {
		if !e.sets[d.Records] {
			continue
		}
		in, err := e.a.draftedFrom(ctx, d)
		if err != nil {
			return nil, err
		}
		for _, u := range in.Uploads {
			body, err := e.a.db.Blob(ctx, u.Digest)
			if err != nil && fault.KindOf(err) != fault.NotFound {
				return nil, err
			}
			if bytes.HasPrefix(body, []byte("PK")) || bytes.HasPrefix(body, []byte{0x1f, 0x8b}) {
				out[u.Digest] = true
			}
		}
	}
	return out, nil
}
