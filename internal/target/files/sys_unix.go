//go:build unix

package files

import (
	"errors"
	"os"
	"syscall"
)

// links returns how many names the file has.
func links(f *os.File) (uint64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, errors.New("the system does not say how many names a file has")
	}
	return uint64(st.Nlink), nil //nolint:unconvert // its type differs between systems
}

func syncDir(f *os.File) error { return f.Sync() }
