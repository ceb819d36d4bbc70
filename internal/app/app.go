package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"roleos/agents"
	"roleos/config"
	"roleos/internal/artefact"
	"roleos/internal/audit"
	"roleos/internal/change"
	"roleos/internal/engine"
	"roleos/internal/handoff"
	"roleos/internal/llm/pipeline"
	"roleos/internal/models"
	"roleos/internal/store"
	"roleos/internal/store/handoffs"
)

// Options says what to open.
type Options struct {
	Config config.Config
	// State is the folder of store, keys and staging copies. Default: .roleos in the workspace.
	State string
	LogTo io.Writer        // messages for operators; nil drops them
	Now   func() time.Time // default time.Now
	// Fenced is called once when other replicas may believe this process dead; it
	// has to end the process. PostgreSQL only. Default: nothing.
	Fenced func()
	// Manifest returns an agent's manifest. Default: agents.Find. Tests give others.
	Manifest func(id string) (agents.Manifest, error)
	// Hook is called at every boundary of the journal and of the effect ledger.
	// Tests kill the process in it.
	Hook func(point string)
	// Traces shows operators how work hangs together; nil for nobody.
	Traces Traces
	// Broker signs confirmations and does what they confirm, in a process of its
	// own. Default: this process does both, with the key in the workspace.
	Broker change.Broker
	// ModelEvents is told of every call of a language model, for metrics; nil for
	// nobody. It is called concurrently.
	ModelEvents func(pipeline.Event)
	// ModelDropped is told how many of a model's statements the check of an agent's
	// draft dropped; nil for nobody. It is called concurrently.
	ModelDropped func(agent string, statements int)
}

// Traces makes spans of what an App does. It is called concurrently.
type Traces interface {
	engine.Spans
	Gate(ctx context.Context, contract, gate string) (context.Context, func(outcome string))
	Change(ctx context.Context, act, set, op string) (context.Context, func(outcome string, err error))
	Model(ctx context.Context, e pipeline.Event)
}

// storeWait is how long a command waits for another one on the same SQLite
// workspace: longer than most commands take, short enough to be told why.
const storeWait = 10 * time.Second

// App is one opened workspace. Its methods may be called concurrently.
type App struct {
	Handoff *handoff.Service

	cfg        config.Config
	state      string // Options.State
	manifest   func(id string) (agents.Manifest, error)
	executor   string // names this process among replicas
	now        func() time.Time
	logger     *slog.Logger
	db         *store.DB
	engine     *engine.Engine
	change     *change.Service
	*doors          // what changes can touch
	brokered   bool // another process holds the signing key
	log        *audit.Log
	gate       *gatekeeper
	policy     artefact.Policy
	drafting   *engine.Workflow[draftInput, draftOutput]
	publishing *engine.Workflow[publishInput, string]
	applying   *engine.Workflow[applyInput, string]
	releasing  *engine.Workflow[releaseInput, string]
	keeping    *engine.Workflow[time.Time, int]
	handoffs   *handoffs.Store

	checked int64 // size of the audit log when it was opened

	traces    Traces        // nil without anybody to see them
	verifying chan struct{} // held by who recomputes the log for the service
	verified  Verified      // what that found last

	modelEvents  func(pipeline.Event)
	modelDropped func(string, int)
	models       map[string]*models.Opened // by their settings; under mu

	mu       sync.Mutex
	kept     keptRecords
	watchers map[string]map[int]func(string, int, int)
	watching int

	endKeeping func()        // ends what Work began; nil without Work
	ready      chan struct{} // a workflow can go on
}

// Open opens the workspace in o.Config. The caller closes it.
func Open(ctx context.Context, o Options) (_ *App, err error) {
	a := &App{
		cfg: o.Config, state: o.State, brokered: o.Broker != nil, now: o.Now, manifest: o.Manifest, traces: o.Traces, modelEvents: o.ModelEvents, modelDropped: o.ModelDropped, watchers: map[string]map[int]func(string, int, int){}, verifying: make(chan struct{}, 1),
		ready: make(chan struct{}, 1),
	}
	if a.now == nil {
		a.now = time.Now
	}
	if a.manifest == nil {
		a.manifest = agents.Find
	}
	if o.Hook == nil {
		o.Hook = func(string) {}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	a.logger = slog.New(slog.NewTextHandler(cmp.Or[io.Writer](o.LogTo, io.Discard), &slog.HandlerOptions{Level: level(o.Config.Log.Level)}))
	if a.db, err = store.Open(ctx, store.Options{URL: o.Config.Store.URL, Wait: storeWait, Now: a.now}); err != nil {
		return nil, err
	}
	a.executor = "local" // the one process that works on a SQLite workspace
	if a.db.Dialect() == store.Postgres {
		a.executor = a.newID("replica")
	}
	if a.checked, err = a.db.Audit().Size(ctx); err != nil {
		return nil, err
	}
	a.log = audit.New(a.db.Audit(), a.db.Audit(), a.auditKey, a.now)
	if a.solo() {
		a.log = a.log.WithMode("solo")
	}
	if err := a.vouch(ctx); err != nil {
		return nil, err
	}
	a.policy = settingsOf(o.Config).policy()
	kinds := a.kinds()
	a.gate = &gatekeeper{contracts: Contracts(o.Config.Dir), kinds: kinds, upstream: a.upstreamOf, traces: o.Traces, erased: a.db.IsErased}
	editors := map[string]handoff.Editor{}
	for id, k := range kinds {
		editors[id] = k.Edit
	}
	a.Handoff = &handoff.Service{
		Drafts: a.db, Reviews: a.db, Evidence: a, Gate: a.gate, Audit: a.log, Tx: a.db,
		Editors: editors,
		Team:    !a.solo(), Now: a.now, NewID: a.newID,
	}
	if err := a.openHandoffs(); err != nil {
		return nil, err
	}
	if a.change, err = a.openChange(o.Broker, o.Hook); err != nil {
		return nil, err
	}
	if a.engine, err = engine.Open(ctx, engine.Options{
		DB: a.db, Version: "1", ExecutorID: a.executor, Fenced: o.Fenced, Spans: o.Traces, Hook: o.Hook, Logger: a.logger,
	}); err != nil {
		return nil, err
	}
	if a.drafting, err = engine.Define(a.engine, "draft", a.draftRun); err != nil {
		return nil, err
	}
	if a.publishing, err = engine.Define(a.engine, "publish", a.publishRun); err != nil {
		return nil, err
	}
	if a.applying, err = engine.Define(a.engine, "apply", a.applyRun); err != nil {
		return nil, err
	}
	if a.releasing, err = engine.Define(a.engine, "release", a.releaseRun); err != nil {
		return nil, err
	}
	if a.keeping, err = engine.Define(a.engine, "clocks", a.keepTime); err != nil {
		return nil, err
	}
	if err := a.engine.Launch(ctx); err != nil {
		return nil, err
	}
	a.sweep(ctx)
	return a, nil
}

// Close stops the work and closes the store. Runs that have not ended go on
// with Resume. When something was written, it signs a checkpoint of the audit
// log and keeps it beside the keys.
func (a *App) Close() error {
	var errs []error
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if a.endKeeping != nil {
		a.endKeeping()
	}
	if a.engine != nil {
		errs = append(errs, a.engine.Close(ctx))
	}
	if a.log != nil && a.db != nil {
		errs = append(errs, a.checkpoint(ctx))
	}
	if a.doors != nil {
		errs = append(errs, a.doors.Close())
	}
	if a.db != nil {
		errs = append(errs, a.db.Close())
	}
	return errors.Join(errs...)
}

func (a *App) solo() bool { return a.cfg.Review.Mode != "team" }

func (a *App) stateFile(parts ...string) string {
	return filepath.Join(append([]string{cmp.Or(a.state, filepath.Join(a.cfg.Dir, stateDir))}, parts...)...)
}

// newID returns an unguessable id: the prefix and 10 hex digits.
func (a *App) newID(prefix string) string {
	var b [5]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	return prefix + "-" + hex.EncodeToString(b[:])
}

func level(name string) slog.Level {
	var l slog.Level
	if l.UnmarshalText([]byte(name)) != nil {
		return slog.LevelInfo
	}
	return l
}

// writeFile writes data so that a reader sees the old file or the new one, never half.
func writeFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) //nolint:errcheck // it is gone after the rename
	_, err = f.Write(data)
	if err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
