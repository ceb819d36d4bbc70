package files

import (
	"os"
	"syscall"
)

// links returns how many names the file has.
func links(f *os.File) (uint64, error) {
	var info syscall.ByHandleFileInformation
	if err := syscall.GetFileInformationByHandle(syscall.Handle(f.Fd()), &info); err != nil {
		return 0, err
	}
	return uint64(info.NumberOfLinks), nil
}

// syncDir does nothing: Windows makes a rename durable with the file's own flush.
func syncDir(*os.File) error { return nil }
