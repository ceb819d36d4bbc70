package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"roleos/agents"
	"roleos/config"
	"roleos/internal/change"
	"roleos/internal/run"
	"roleos/internal/store"
)

// Check is one thing that doctor looked at.
type Check struct {
	Name  string `json:"name"`
	OK    bool   `json:"ok"`
	Found string `json:"found"`
	Mend  string `json:"mend,omitempty"`
}

// Doctor looks at everything that a workspace stands on.
func (a *App) Doctor(ctx context.Context) []Check {
	var out []Check
	add := func(name string, err error, mend, format string, args ...any) {
		c := Check{Name: name, OK: err == nil, Found: fmt.Sprintf(format, args...)}
		if err != nil {
			c.Found, c.Mend = err.Error(), mend
		}
		out = append(out, c)
	}
	if exists(filepath.Join(a.cfg.Dir, config.FileName)) {
		add("workspace", nil, "", "%s", a.cfg.Dir)
	} else {
		add("workspace", nil, "", "%s has no %s; defaults hold (make one: roleos init)", a.cfg.Dir, config.FileName)
	}
	add("privacy", nil, "", "masking of personal data is %s", map[bool]string{true: "on", false: "off"}[a.cfg.Privacy.Redact])
	_, _, err := a.db.ListDrafts(ctx, store.DraftFilter{}, "", 1)
	add("store", err, "Restore a backup of the store.", "%s", a.db.Dialect())
	add("publish", writable(filepath.Join(a.cfg.Dir, a.cfg.Publish.Root)), "Make the folder writable, or set publish.root.", "%s can be written", a.cfg.Publish.Root)
	add("reports", writable(a.cfg.ReportDir()), "Make the folder writable, or set report.dir.", "%s can be written", a.cfg.Report.Dir)
	add("keys", a.keysAreSecret(), "Run: chmod 600 "+a.stateFile("keys", "*"), "readable by their owner only")
	_, err = agents.Manifests()
	add("agents", err, "", "every manifest is complete")
	r, against, err := a.VerifyAudit(ctx, "")
	if err == nil && !r.Intact() {
		err = fmt.Errorf("%d problems, first: %s", len(r.Problems), r.Problems[0].Message)
	}
	held := "no checkpoint yet"
	if against != "" {
		held = "held against the last checkpoint"
	}
	add("audit", err, "See all of them: roleos audit verify", "%d records intact, %s", r.Records, held)
	out = append(out, a.unfinished(ctx)...)
	return out
}

func (a *App) unfinished(ctx context.Context) []Check {
	c := Check{Name: "work", OK: true, Found: "nothing was interrupted"}
	runs, err := a.Runs(ctx, run.Running)
	if err != nil {
		return []Check{{Name: "work", Found: err.Error()}}
	}
	sets, _, err := a.change.List(ctx, change.Filter{State: change.Applying}, "", 100)
	if err != nil {
		return []Check{{Name: "work", Found: err.Error()}}
	}
	if n := len(runs); n > 0 {
		c = Check{Name: "work", Found: fmt.Sprintf("%d runs were interrupted", n), Mend: "Go on: roleos resume"}
	} else if n := len(sets); n > 0 {
		c = Check{Name: "work", Found: fmt.Sprintf("%d change sets were interrupted", n), Mend: "Go on: roleos resume"}
	}
	return []Check{c}
}

func (a *App) keysAreSecret() error {
	files, err := os.ReadDir(a.stateFile("keys"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, f := range files {
		info, ierr := f.Info()
		if ierr != nil {
			return ierr
		}
		if strings.HasSuffix(f.Name(), ".key") && info.Mode().Perm()&0o077 != 0 {
			return fmt.Errorf("%s can be read by others (%v)", f.Name(), info.Mode().Perm())
		}
	}
	return err
}

// writable reports whether files can be made in dir, or dir itself can.
func writable(dir string) error {
	for !exists(dir) {
		parent := filepath.Dir(dir)
		if parent == dir {
			break
		}
		dir = parent
	}
	f, err := os.CreateTemp(dir, ".roleos-doctor-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
