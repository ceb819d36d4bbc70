package app

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"roleos/config"
	"roleos/internal/change/keyfile"
	"roleos/internal/fault"
	"roleos/internal/store"
)

// Backup is what a backup says it holds.
type Backup struct {
	Schema  string            `json:"schema"` // roleos/backup/v1
	At      time.Time         `json:"at"`
	Audit   int64             `json:"audit_records"` // of the log when it was made
	Digests map[string]string `json:"digests"`       // file to sha256
}

const (
	backupSchema = "roleos/backup/v1"
	backupList   = "backup.json" // the last file of the archive
	backupStore  = stateDir + "/roleos.db"
)

// maxBackupFile bounds one file of a backup that is restored.
const maxBackupFile = 64 << 30

// WriteBackup writes the workspace's store, keys and settings as one gzipped tar,
// as they are at one moment, while others go on working. What is published and
// the workspace's own folders are files that other backups hold. It holds
// signing keys: keep it where secrets are kept. One that a service writes is
// without the key of confirmations, which only its broker reads: a workspace
// restored from it makes a new one, and what was confirmed is confirmed again.
func (a *App) WriteBackup(ctx context.Context, w io.Writer) (Backup, error) {
	const op = "app.backup"
	if a.db.Dialect() != store.SQLite {
		return Backup{}, fault.New(fault.Invalid, op, "this workspace's store is on PostgreSQL, which has its own backups").
			WithMend("Use pg_dump for the database, and copy %s, which holds the keys.", a.stateFile("keys"))
	}
	b := Backup{Schema: backupSchema, At: a.now().UTC(), Digests: map[string]string{}}
	tmp, err := os.MkdirTemp("", "roleos-backup-*")
	if err != nil {
		return b, err
	}
	defer os.RemoveAll(tmp) //nolint:errcheck // a temporary folder
	copied := filepath.Join(tmp, "roleos.db")
	// The checkpoint is signed first: the copied log continues it.
	if err := a.checkpoint(ctx); err != nil {
		return b, err
	}
	if err := a.db.Copy(ctx, copied); err != nil {
		return b, err
	}
	if b.Audit, err = a.db.Audit().Size(ctx); err != nil {
		return b, err
	}
	zipped := gzip.NewWriter(w)
	out := tar.NewWriter(zipped)
	put := func(name, from string) error {
		f, err := os.Open(from)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		defer f.Close() //nolint:errcheck // only read
		info, err := f.Stat()
		if err != nil {
			return err
		}
		if err := out.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: info.Size(), ModTime: b.At}); err != nil {
			return err
		}
		sum := sha256.New()
		if _, err := io.Copy(io.MultiWriter(out, sum), f); err != nil {
			return err
		}
		b.Digests[name] = hex.EncodeToString(sum.Sum(nil))
		return nil
	}
	if err := put(backupStore, copied); err != nil {
		return b, err
	}
	keys, err := os.ReadDir(a.stateFile("keys"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return b, err
	}
	for _, k := range keys {
		if a.brokered && k.Name() == keyfile.Name {
			continue // this process never opens it
		}
		if err := put(path.Join(stateDir, "keys", k.Name()), a.stateFile("keys", k.Name())); err != nil {
			return b, err
		}
	}
	if err := put(config.FileName, filepath.Join(a.cfg.Dir, config.FileName)); err != nil {
		return b, err
	}
	list, err := json.Marshal(b)
	if err != nil {
		return b, err
	}
	err = out.WriteHeader(&tar.Header{Name: backupList, Mode: 0o600, Size: int64(len(list)), ModTime: b.At})
	if err == nil {
		_, err = out.Write(list)
	}
	return b, errors.Join(err, out.Close(), zipped.Close())
}

// Restore puts a backup into a folder that holds no workspace state. It checks
// every file against the backup's own list before anything counts as restored;
// a damaged or foreign archive leaves the folder as it was. Afterwards
// `roleos doctor` holds the log against the checkpoint that came with it.
func Restore(dir string, r io.Reader) (b Backup, err error) {
	const op = "app.restore"
	damaged := func(cause error, format string, args ...any) error {
		return fault.Wrap(cause, fault.Invalid, op, format, args...).WithMend("Nothing was restored. Use another backup.")
	}
	state := filepath.Join(dir, stateDir)
	if exists(state) {
		return b, fault.New(fault.Conflict, op, "%s is there already; a backup is never put over a workspace", state).
			WithMend("Restore into another folder, or move %s away.", stateDir)
	}
	if !exists(dir) {
		defer func() {
			if err != nil {
				_ = os.Remove(dir) // made here; a folder that holds something stays
			}
		}()
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return b, err
	}
	tmp, err := os.MkdirTemp(dir, ".roleos-restore-*")
	if err != nil {
		return b, err
	}
	defer os.RemoveAll(tmp) //nolint:errcheck // what is left of it
	unzipped, err := gzip.NewReader(r)
	if err != nil {
		return b, damaged(err, "the file is no backup of roleos")
	}
	in := tar.NewReader(unzipped)
	found := map[string]string{}
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return b, damaged(err, "the backup is damaged")
		}
		known := h.Name == backupStore || h.Name == config.FileName || h.Name == backupList ||
			path.Dir(h.Name) == stateDir+"/keys" && filepath.IsLocal(filepath.FromSlash(h.Name)) && path.Clean(h.Name) == h.Name
		if !known || h.Typeflag != tar.TypeReg || h.Size < 0 || h.Size > maxBackupFile || strings.ContainsRune(h.Name, '\\') {
			return b, damaged(nil, "the backup holds %q, which no backup of roleos does", h.Name)
		}
		if h.Name == backupList {
			if err := json.NewDecoder(io.LimitReader(in, 1<<20)).Decode(&b); err != nil || b.Schema != backupSchema {
				return b, damaged(err, "the backup's list is not readable")
			}
			continue
		}
		if _, twice := found[h.Name]; twice {
			return b, damaged(nil, "the backup holds %s twice", h.Name)
		}
		if found[h.Name], err = unpack(filepath.Join(tmp, filepath.FromSlash(h.Name)), in); err != nil {
			return b, damaged(err, "the backup is damaged at %s", h.Name)
		}
	}
	if len(b.Digests) == 0 || found[backupStore] == "" || len(found) != len(b.Digests) {
		return b, damaged(nil, "the backup is cut off")
	}
	for name, digest := range b.Digests {
		if found[name] != digest {
			return b, damaged(nil, "%s is not as it was backed up", name)
		}
	}
	if from := filepath.Join(tmp, config.FileName); exists(from) && !exists(filepath.Join(dir, config.FileName)) {
		if err := os.Rename(from, filepath.Join(dir, config.FileName)); err != nil {
			return b, err
		}
	}
	return b, os.Rename(filepath.Join(tmp, stateDir), state)
}

// unpack writes a file that only its owner reads and returns its digest.
func unpack(to string, from io.Reader) (string, error) {
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return "", err
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(f, sum), from)
	return hex.EncodeToString(sum.Sum(nil)), errors.Join(err, f.Sync(), f.Close())
}

// Files returns the names of what a backup holds, sorted.
func (b Backup) Files() []string {
	var out []string
	for name := range b.Digests {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}
