package app

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"roleos/config"
	"roleos/internal/fault"
)

// Untouched reports whether nothing was ever kept in the workspace on this machine.
func Untouched(c config.Config) bool {
	return c.Store.URL == "sqlite:"+filepath.Join(c.Dir, stateDir, "roleos.db") && !exists(filepath.Join(c.Dir, stateDir))
}

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

// InitWorkspace makes dir a workspace and returns what it made. What exists is left alone.
func InitWorkspace(dir string) ([]string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	var made []string
	for _, d := range []string{".", "context", "contracts", "roles"} {
		path := filepath.Join(abs, d)
		if exists(path) {
			continue
		}
		if err := os.MkdirAll(path, 0o755); err != nil {
			return made, fault.Wrap(err, fault.Invalid, "app.init", "cannot make the folder %s", path)
		}
		made = append(made, filepath.Join(dir, d)+string(filepath.Separator))
	}
	files := []struct{ name, text string }{
		{config.FileName, string(config.Template())},
		{".gitignore", "/.roleos/\n/reports/\n"},
	}
	for _, f := range files {
		path := filepath.Join(abs, f.name)
		w, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return made, fault.Wrap(err, fault.Invalid, "app.init", "cannot write %s", path)
		}
		_, err = w.WriteString(f.text)
		if err := errors.Join(err, w.Close()); err != nil {
			return made, err
		}
		made = append(made, filepath.Join(dir, f.name))
	}
	return made, nil
}
