//go:build !unix

package git

import (
	"os"
	"time"
)

// stale is after how long a lock file of ours counts as left by a dead process
// where the system does not tell: a living one keeps it for milliseconds.
const stale = 10 * time.Second

// hold does nothing: here a file's age tells whether its process lives.
func hold(*os.File) error { return nil }

// abandoned reports whether the file is older than any living process would keep it.
func abandoned(f *os.File, now time.Time) bool {
	info, err := f.Stat()
	return err == nil && now.Sub(info.ModTime()) > stale
}

// syncPath does nothing: here the system makes a rename durable, and a file that is read-only cannot be flushed.
func syncPath(string) error { return nil }
