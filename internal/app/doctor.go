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
	"roleos/contracts"
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
	add("switch", a.mayRun(ctx), "", "nobody has stopped all agents")
	err = a.answeredFor(ctx)
	add("governance", err, "", "somebody answers for every agent and workflow that was attested here")
	r, against, err := a.VerifyAudit(ctx, "")
	if err == nil && !r.Intact() {
		err = fmt.Errorf("%d problems, first: %s", len(r.Problems), r.Problems[0].Message)
	}
	held := "no checkpoint yet"
	if against != "" {
		held = "held against the last checkpoint"
	}
	add("audit", err, "See all of them: roleos audit verify", "%d records intact, %s", r.Records, held)
	err = a.ledgersHold(ctx)
	add("ledger", err, "Somebody changed the store. Compare with a backup; roleos audit list says what was done.", "every change set is what was planned and logged")
	err = a.draftsHold(ctx)
	add("drafts", err, "Somebody changed the store, or it is damaged. Restore a backup.", "every draft's newest revision is readable and logged")
	endpoints, err := a.told(ctx)
	add("webhooks", err, "See: roleos webhook deliveries --state dead. Then: roleos webhook resend --dead", "%s", endpoints)
	out = append(out, a.declarations(ctx)...)
	out = append(out, a.unfinished(ctx)...)
	return out
}

// ledgersHold holds every change set against its sealed bytes and the audit log.
func (a *App) ledgersHold(ctx context.Context) error {
	sets, err := a.Plans(ctx)
	if err != nil {
		return err
	}
	for _, set := range sets {
		doubts, err := a.change.Doubts(ctx, set.ID)
		if err == nil && len(doubts) > 0 {
			err = errors.New(doubts[0])
		}
		if err != nil {
			return fmt.Errorf("%s: %w", set.ID, err)
		}
	}
	return nil
}

// draftsHold reads every draft's newest revision and holds it against the audit log.
func (a *App) draftsHold(ctx context.Context) error {
	drafts, err := a.Drafts(ctx, nil)
	if err != nil {
		return err
	}
	for _, d := range drafts {
		if _, _, err := a.logged(ctx, d.ID); err != nil {
			return err
		}
	}
	return nil
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
		c = Check{Name: "work", Found: interrupted(n, "run"), Mend: "Go on: roleos resume"}
	} else if n := len(sets); n > 0 {
		c = Check{Name: "work", Found: interrupted(n, "change set"), Mend: "Go on: roleos resume"}
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

// declarations loads what the team declares, as work does when it needs it, and
// names folders that look like declarations but are not in force.
func (a *App) declarations(ctx context.Context) []Check {
	var out []Check
	add := func(name string, err error, found, mend string) {
		c := Check{Name: name, OK: err == nil, Found: found}
		if err != nil {
			c.Found, c.Mend = err.Error(), mend
		}
		out = append(out, c)
	}
	n, err := a.soundContracts(ctx)
	add("contracts", err, fmt.Sprintf("all %d can be read and enforced", n), "See all of it: roleos contract lint")
	_, err = a.Team()
	add("roles", err, "all can be read", "See all of it: roleos scaffold check")
	_, err = a.Workflows()
	add("workflows", err, "all can be read", "Correct the file.")
	err = a.declaredSoundly()
	add("targets", err, "all that are declared can be used", "See all of them: roleos target list; try them: roleos target check")
	if exists(filepath.Join(a.cfg.Dir, config.FileName)) {
		return out
	}
	for _, folder := range []string{"contracts", "roles", "workflows", "targets"} {
		// Other projects have folders of these names too, so only those that hold YAML count.
		if files, err := filepath.Glob(filepath.Join(a.cfg.Dir, folder, "*.yaml")); err == nil && len(files) > 0 {
			add("folders", fmt.Errorf("%s/ is not in force: there is no %s beside it", folder, config.FileName), "", "If it is meant for roleos, make the folder a workspace: roleos init .")
		}
	}
	return out
}

// soundContracts loads and lints every contract in force and returns how many there are.
func (a *App) soundContracts(ctx context.Context) (int, error) {
	set := Contracts(a.cfg.Dir)
	ids, err := set.IDs()
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		k, err := set.Get(id)
		if err != nil {
			return 0, err
		}
		for _, f := range contracts.Lint(ctx, k) {
			if f.Severity == contracts.Error {
				return 0, fmt.Errorf("%s:%d: %s", f.File, f.Line, f.Message)
			}
		}
	}
	return len(ids), nil
}

func interrupted(n int, what string) string {
	if n == 1 {
		return "1 " + what + " was interrupted"
	}
	return fmt.Sprintf("%d %ss were interrupted", n, what)
}
