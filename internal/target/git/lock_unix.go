//go:build unix

package git

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// hold marks the file as one of a living process, until that ends or closes it.
func hold(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// abandoned reports whether no living process holds the file, and holds it then.
func abandoned(f *os.File, _ time.Time) bool { return hold(f) == nil }

// syncPath makes a file, or a folder's entries, durable.
func syncPath(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
