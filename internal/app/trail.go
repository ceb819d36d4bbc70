package app

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"roleos/internal/audit"
	"roleos/internal/change"
	"roleos/internal/fault"
	"roleos/internal/store"
)

// auditKey reads the key that signs checkpoints; the first use makes it.
func (a *App) auditKey(context.Context) (audit.Key, error) {
	path := a.stateFile("keys", "audit.key")
	secret, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && a.checked > 0 && a.alone() {
		return audit.Key{}, fault.New(fault.Denied, "app.audit", "the audit log has %d records, but its key %s is gone: nothing vouches for them", a.checked, path).
			WithMend("Restore the key from a backup.")
	}
	if errors.Is(err, fs.ErrNotExist) {
		made, _, gerr := audit.GenerateKey(rand.Reader, audit.KeyName)
		if gerr != nil {
			return audit.Key{}, gerr
		}
		secret, err = []byte(made+"\n"), writeSecret(path, []byte(made+"\n"))
		if errors.Is(err, fs.ErrExist) { // another process was first
			secret, err = os.ReadFile(path)
		}
	}
	if err != nil {
		return audit.Key{}, fault.Wrap(err, fault.Unavailable, "app.audit", "the audit key %s cannot be used", path)
	}
	return audit.ParseKey(strings.TrimSpace(string(secret)))
}

// writeSecret creates a file that only its owner reads; it never replaces one.
func writeSecret(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// alone reports whether this machine is the only one that writes the log, so
// that a missing key or checkpoint was once here.
func (a *App) alone() bool { return a.db.Dialect() == store.SQLite }

// vouch signs the empty log of a new workspace: from then on a missing
// checkpoint means that somebody removed it.
func (a *App) vouch(ctx context.Context) error {
	if a.checked > 0 || exists(a.checkpointFile()) {
		return nil
	}
	signed, err := a.log.Checkpoint(ctx)
	if err != nil {
		return err
	}
	return writeFile(a.checkpointFile(), signed)
}

func (a *App) checkpointFile() string { return a.stateFile("keys", "audit.checkpoint") }

// checkpoint signs the head of the log when it has grown and keeps it in a file,
// apart from the database that it vouches for.
func (a *App) checkpoint(ctx context.Context) error {
	size, err := a.db.Audit().Size(ctx)
	if err != nil || size == 0 {
		return err
	}
	if size == a.checked {
		return nil
	}
	// The last checkpoint is never replaced by one that does not continue it.
	switch saved, err := os.ReadFile(a.checkpointFile()); {
	case err == nil:
		if err := a.log.Continues(ctx, saved); err != nil {
			return fault.Wrap(err, fault.Denied, "app.audit", "no new checkpoint is signed").WithMend("Look: roleos audit verify")
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	case a.checked > 0 && a.alone():
		return fault.New(fault.Denied, "app.audit", "the checkpoint %s is gone; a new one would vouch for records that nobody held against it", a.checkpointFile()).
			WithMend("Restore it from a backup, or look at the log and sign anew: roleos audit verify --sign")
	}
	signed, err := a.log.Checkpoint(ctx)
	if err != nil {
		return err
	}
	return writeFile(a.checkpointFile(), signed)
}

// VerifyAudit recomputes the log and holds it against the checkpoint in file,
// or the last one kept beside the keys; against names the file that was used.
func (a *App) VerifyAudit(ctx context.Context, file string) (r audit.Report, against string, err error) {
	given := file != ""
	if !given {
		file = a.checkpointFile()
	}
	saved, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !given:
		saved, file = nil, ""
	case err != nil:
		return r, "", fault.Wrap(err, fault.NotFound, "app.audit", "the checkpoint %s cannot be read", file)
	}
	r, err = a.log.Verify(ctx, saved)
	if err == nil && saved == nil && r.Records > 0 {
		r.Problems = append(r.Problems, audit.Problem{
			Kind: audit.Truncated, Message: "no checkpoint kept beside the keys vouches for the log: what was cut off or rewritten cannot be told",
		})
	}
	return r, file, err
}

// Verified is what recomputing the log found, and when.
type Verified struct {
	audit.Report
	Against string    // file of the checkpoint that it was held against; "" for none
	At      time.Time // when it was begun
	took    time.Duration
}

// verifiedFor is how long a log that has not grown is not recomputed for a service.
const verifiedFor = time.Minute

// good reports whether what was found may be told again at now for a log of the
// size: it is at most a minute old and nothing was appended, or it is so young that
// recomputing would take more than a sixth of one processor, however often people ask.
func (v Verified) good(size int64, now time.Time) bool {
	age := now.Sub(v.At)
	return !v.At.IsZero() && age >= 0 && (age < 6*v.took || v.Records == size && age < verifiedFor)
}

// VerifiedAudit is VerifyAudit for a service, where anybody may ask at any time:
// one recomputation at a time, whose result is told to who else asks.
func (a *App) VerifiedAudit(ctx context.Context) (Verified, error) {
	select {
	case a.verifying <- struct{}{}:
		defer func() { <-a.verifying }()
	case <-ctx.Done():
		return Verified{}, ctx.Err()
	}
	size, err := a.db.Audit().Size(ctx)
	if err != nil || a.verified.good(size, a.now()) {
		return a.verified, err
	}
	// It is finished for the next one when this one goes away.
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Minute)
	defer stop()
	v := Verified{At: a.now()}
	if v.Report, v.Against, err = a.VerifyAudit(ctx, ""); err != nil {
		return Verified{}, err
	}
	v.took = a.now().Sub(v.At)
	a.verified = v
	return v, nil
}

// SignAudit signs the log as it is now, after a person has looked at it.
func (a *App) SignAudit(ctx context.Context) error {
	signed, err := a.log.Checkpoint(ctx)
	if err != nil {
		return err
	}
	a.checked, err = a.db.Audit().Size(ctx)
	return errors.Join(err, writeFile(a.checkpointFile(), signed))
}

// AuditRecords returns the whole log, oldest first.
func (a *App) AuditRecords(ctx context.Context) ([]audit.Record, error) {
	var out []audit.Record
	for {
		after := int64(0)
		if n := len(out); n > 0 {
			after = out[n-1].Seq
		}
		page, err := a.log.List(ctx, after, 500)
		if err != nil || len(page) == 0 {
			return out, err
		}
		out = append(out, page...)
	}
}

// ProveAudit returns the proof that the log holds record seq.
func (a *App) ProveAudit(ctx context.Context, seq int64) (audit.Proof, error) {
	return a.log.Prove(ctx, seq)
}

// ExportAudit writes the log as JSON Lines with a proof for each record.
func (a *App) ExportAudit(ctx context.Context, w io.Writer) error { return a.log.Export(ctx, w) }

// setTrail is what the log says about a change set.
func (a *App) setTrail(ctx context.Context, set string) ([]change.Trace, error) {
	records, err := a.log.About(ctx, set)
	if err != nil {
		return nil, err
	}
	out := make([]change.Trace, len(records))
	for i, r := range records {
		out[i] = change.Trace{Kind: r.Kind, Detail: r.Detail}
	}
	return out, nil
}
