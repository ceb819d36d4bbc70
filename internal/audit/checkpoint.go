package audit

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"roleos/internal/fault"
)

// Origin is the first line of every checkpoint. The text follows
// https://c2sp.org/tlog-checkpoint: origin, size, root, one to a line, signed as a note.
const Origin = "roleos/audit"

const maxNote = 8 << 10 // bytes of a signed checkpoint

// Head is what a checkpoint says: how many records there were, and the root over them.
type Head struct {
	Size int64
	Root tlog.Hash
}

// text returns the bytes that are signed.
func (h Head) text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", Origin, h.Size, h.Root)
}

// parseHead reads a checkpoint's text back; it accepts exactly what text writes.
func parseHead(text string) (Head, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return Head{}, errors.New("want three lines: origin, size, root")
	}
	if lines[0] != Origin {
		return Head{}, fmt.Errorf("it is about %q, not about %q", clip(lines[0]), Origin)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || size > maxSize || lines[1] != strconv.FormatInt(size, 10) {
		return Head{}, fmt.Errorf("%q is no log size", clip(lines[1]))
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil || root.String() != lines[2] {
		return Head{}, fmt.Errorf("%q is no root hash", clip(lines[2]))
	}
	return Head{Size: size, Root: root}, nil
}

// OpenCheckpoint returns what a signed checkpoint says, once a believed key
// signed it. Any other bytes are fault.Invalid.
func OpenCheckpoint(signed []byte, believed Verifiers) (Head, error) {
	const op = "audit.checkpoint"
	if len(signed) > maxNote {
		return Head{}, fault.New(fault.Invalid, op, "a checkpoint has at most %d bytes, this has %d", maxNote, len(signed))
	}
	n, err := note.Open(signed, believed)
	if err != nil {
		if u, ok := errors.AsType[*note.UnverifiedNoteError](err); ok && len(u.Note.UnverifiedSigs) > 0 {
			s := u.Note.UnverifiedSigs[0]
			return Head{}, fault.New(fault.Invalid, op, "the checkpoint is signed by %s+%08x, a key that is not believed here", s.Name, s.Hash).
				WithMend("Use the key of this workspace, or name the retired key that signed it.")
		}
		return Head{}, fault.Wrap(err, fault.Invalid, op, "this is no signed checkpoint")
	}
	h, err := parseHead(n.Text)
	if err != nil {
		return Head{}, fault.Wrap(err, fault.Invalid, op, "the checkpoint does not read as one")
	}
	return h, nil
}

// Checkpoint signs the log as it is now and returns the note; keep it where who
// can write the log cannot. It refuses to sign a log that does not continue the
// newest checkpoint kept beside it.
func (l *Log) Checkpoint(ctx context.Context) ([]byte, error) {
	const op = "audit.checkpoint"
	key, err := l.keys(ctx)
	if err != nil {
		return nil, err
	}
	if key.Signer == nil {
		return nil, fault.New(fault.Invalid, op, "there is no key to sign a checkpoint with")
	}
	size, err := l.storage.Size(ctx)
	if err != nil {
		return nil, err
	}
	head, err := l.head(ctx, size)
	if err != nil {
		return nil, err
	}
	if err := l.continues(ctx, key, head); err != nil {
		return nil, err
	}
	signed, err := note.Sign(&note.Note{Text: head.text()}, key.Signer)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, op, "the checkpoint could not be signed")
	}
	if l.checkpoints != nil {
		if err := l.checkpoints.SaveCheckpoint(ctx, size, signed); err != nil {
			return nil, err
		}
	}
	return signed, nil
}

func (l *Log) head(ctx context.Context, size int64) (Head, error) {
	if size < 0 || size > maxSize {
		return Head{}, fault.New(fault.Internal, "audit.checkpoint", "the audit log says it has %d records", size)
	}
	root, err := tlog.TreeHash(size, l.reader(ctx))
	return Head{Size: size, Root: root}, err
}

// Continues checks, with the stored hashes alone, that the log still begins with
// the records that a checkpoint kept elsewhere vouches for. It fails with
// fault.Denied when it does not: then records were edited, dropped or cut off.
func (l *Log) Continues(ctx context.Context, saved []byte) error {
	const op = "audit.checkpoint"
	key, err := l.keys(ctx)
	if err != nil {
		return err
	}
	was, err := OpenCheckpoint(saved, key.Verifiers)
	if err != nil {
		return err
	}
	size, err := l.storage.Size(ctx)
	if err != nil {
		return err
	}
	if size < was.Size {
		return fault.New(fault.Denied, op, "the audit log has %d records; a checkpoint vouches for %d", size, was.Size)
	}
	now, err := l.head(ctx, was.Size)
	if err != nil {
		return err
	}
	if now.Root != was.Root {
		return fault.New(fault.Denied, op, "the first %d records of the audit log are not those that a checkpoint vouches for", was.Size)
	}
	return nil
}

// continues checks with the stored hashes alone that head extends the newest
// checkpoint: cheap, and enough not to sign over a change unseen.
func (l *Log) continues(ctx context.Context, key Key, head Head) error {
	const op = "audit.checkpoint"
	if l.checkpoints == nil {
		return nil
	}
	kept, err := l.checkpoints.Checkpoints(ctx, 1)
	if err != nil || len(kept) == 0 {
		return err
	}
	last, err := OpenCheckpoint(kept[0], key.Verifiers)
	if err != nil {
		return err
	}
	refused := fault.New(fault.Denied, op, "the log no longer holds the %d records of its last checkpoint as they were; it is not signed again", last.Size).
		WithMend("Find what was changed: roleos audit verify")
	switch {
	case last.Size > head.Size:
		return refused
	case last.Size == 0:
		return nil
	}
	was, err := tlog.TreeHash(last.Size, l.reader(ctx))
	if err != nil {
		return err
	}
	if was != last.Root {
		return refused
	}
	return nil
}

func clip(s string) string {
	const most = 60
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}
