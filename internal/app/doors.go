package app

import (
	"context"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/change/keyfile"
	"roleos/internal/fault"
	"roleos/internal/target/files"
)

// filesTarget is the name that people type for the workspace's own files.
const filesTarget = "files"

// policyVersion names the rules that hold for every change set of this build.
const policyVersion = "roleos/policy/1"

// openChange opens the one door that acts, and the targets behind it.
func (a *App) openChange(hook func(string)) (*change.Service, error) {
	var err error
	if a.files, err = files.Open(files.Options{Dir: a.cfg.Dir, Folders: []string{a.cfg.Publish.Root}, Hook: hook}); err != nil {
		return nil, err
	}
	return change.New(change.Options{
		Sets: a.db, Effects: a.db, Grants: a.db, Tx: a.db, Audit: a.log, Keys: keyfile.New(a.stateFile("keys")),
		Targets:  []change.Registered{{Manifest: files.Manifest(filesTarget), Target: a.files}},
		Policy:   change.Policy{Version: policyVersion, Environment: "workspace", Solo: a.solo()},
		Contract: a.gate.Current,
		Now:      a.now, NewID: func() string { return a.newID("cs") }, GrantLife: a.cfg.Grants.Expiry, Owner: a.executor, Hook: hook,
	})
}

// writeOp says whether writing the object creates it or changes it.
func (a *App) writeOp(ctx context.Context, target, object string) (string, error) {
	if target != filesTarget {
		return "", fault.New(fault.Invalid, "app.publish", "there is no target %q to publish to", target)
	}
	state, err := a.files.Read(ctx, object)
	switch {
	case err != nil:
		return "", err
	case state.Digest == guardrails.Absent:
		return files.Create, nil
	}
	return files.Update, nil
}
