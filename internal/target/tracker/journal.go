package tracker

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"roleos/guardrails"
)

// journal remembers on disk which writes went out and have no answer yet. A
// process that is killed leaves its entry, and the next one knows that reading
// back too early proves nothing. Without a directory it remembers nothing.
type journal struct{ dir string }

// pending is a write that may still arrive.
type pending struct {
	Before string    `json:"before"` // the object's digest when it was sent
	At     time.Time `json:"at"`
}

func openJournal(dir string) (journal, error) {
	if dir == "" {
		return journal{}, nil
	}
	return journal{dir}, os.MkdirAll(dir, 0o700)
}

func (j journal) file(object string) string {
	return filepath.Join(j.dir, "sent-"+guardrails.Digest([]byte(object))[:32])
}

// begin makes the entry durable before the write goes out.
func (j journal) begin(object string, p pending) error {
	if j.dir == "" {
		return nil
	}
	raw, err := json.Marshal(p)
	if err != nil {
		return err
	}
	name := j.file(object)
	f, err := os.OpenFile(name+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(name+".new", name); err != nil {
		return err
	}
	d, err := os.Open(j.dir)
	if err != nil {
		return err
	}
	_ = d.Sync() // not every system can; a killed process needs no more than the name
	return d.Close()
}

// pending returns the object's entry, and whether there is one.
func (j journal) pending(object string) (p pending, ok bool, err error) {
	if j.dir == "" {
		return p, false, nil
	}
	f, err := os.Open(j.file(object))
	if errors.Is(err, fs.ErrNotExist) {
		return p, false, nil
	}
	if err != nil {
		return p, false, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil {
		return p, false, err
	}
	err = json.Unmarshal(raw, &p)
	return p, err == nil, err
}

// end forgets the entry.
func (j journal) end(object string) error {
	if j.dir == "" {
		return nil
	}
	if err := os.Remove(j.file(object)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
