package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// fileLock is a lock on a file that ends with the process.
type fileLock struct{ f *os.File }

// heldError says that another process holds the lock.
type heldError struct{ pid string }

func (e *heldError) Error() string { return "held by process " + e.pid }

// acquireLock takes the lock at path without waiting. It writes its pid into
// the file for the one who is refused; the pid decides nothing.
func acquireLock(path string) (*fileLock, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	ok, err := tryLock(f)
	if err != nil || !ok {
		pid, _ := io.ReadAll(io.LimitReader(f, 32))
		_ = f.Close()
		if err != nil {
			return nil, err
		}
		if name := strings.TrimSpace(string(pid)); name != "" {
			return nil, &heldError{pid: name}
		}
		return nil, &heldError{pid: "(unknown)"}
	}
	if err := f.Truncate(0); err == nil {
		_, _ = f.WriteAt(fmt.Appendln(nil, os.Getpid()), 0)
	}
	return &fileLock{f}, nil
}

// awaitLock takes the lock at path, waiting for at most that long for another
// process to end.
func awaitLock(ctx context.Context, path string, most time.Duration) (*fileLock, error) {
	const pause = 50 * time.Millisecond
	for {
		lock, err := acquireLock(path)
		if _, held := errors.AsType[*heldError](err); !held || most <= 0 {
			return lock, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
			most -= pause
		}
	}
}

// release frees the lock. The file stays: removing it would let two processes
// lock two files of the same name.
func (l *fileLock) release() error {
	if err := l.f.Close(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil // released before
}
