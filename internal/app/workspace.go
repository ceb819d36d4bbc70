package app

import (
	"os"
	"path/filepath"

	"roleos/config"
)

// stateDir holds the store, keys and staging copies of a workspace.
const stateDir = ".roleos"

// FindWorkspace returns the folder that commands work in: dir when it is given,
// else the nearest folder from the current one upwards that has a roleos.yaml,
// else the current folder. found reports whether there is a roleos.yaml.
func FindWorkspace(dir string) (folder string, found bool) {
	has := func(d string) bool {
		_, err := os.Stat(filepath.Join(d, config.FileName))
		return err == nil
	}
	if dir != "" {
		return dir, has(dir)
	}
	cwd, err := os.Getwd()
	if err != nil {
		return ".", false
	}
	for d := cwd; ; {
		if has(d) {
			return d, true
		}
		parent := filepath.Dir(d)
		if parent == d {
			return cwd, false
		}
		d = parent
	}
}
