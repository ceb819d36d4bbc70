//go:build !unix

package git

import (
	"os"
	"time"
)

// abandoned is after how long a lock file of ours counts as left by a dead
// process where the system cannot tell: a live one holds it for milliseconds.
const abandoned = 10 * time.Second

// tryLock reports whether the file is new or was left long ago.
func tryLock(f *os.File) bool {
	info, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(f.Name())
	return err == nil && (time.Since(info.ModTime()) > abandoned || there.Size() == 0 || info.Size() == 41)
}

// syncDir does nothing: here a rename is made durable by the system.
func syncDir(string) error { return nil }
