package change_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/change/keyfile"
	"roleos/internal/fault"
	"roleos/internal/store"
	"roleos/internal/store/storetest"
	"roleos/internal/target/files"
)

var (
	_ change.Sets    = (*store.DB)(nil)
	_ change.Effects = (*store.DB)(nil)
	_ change.Grants  = (*store.DB)(nil)
	_ change.Tx      = (*store.DB)(nil)

	river = guardrails.Principal{ID: "agent:feedback-river"}
	ann   = guardrails.Principal{ID: "person:ann", Person: true}
	bob   = guardrails.Principal{ID: "person:bob", Person: true}
	cleo  = guardrails.Principal{ID: "person:cleo", Person: true}
)

// world is a service on a real store and a real directory, with a clock of its own.
type world struct {
	*change.Service
	t    testing.TB
	db   *store.DB
	dir  string
	memo *memo
	log  *log
	o    change.Options

	mu  sync.Mutex
	now time.Time
	ids int
}

func newWorld(t testing.TB, db *store.DB, edit func(*change.Options)) *world {
	t.Helper()
	w := &world{t: t, db: db, dir: t.TempDir(), memo: newMemo(), log: &log{}, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	w.put("context/old.md", "old\n")
	w.put("context/keep.md", "keep\n")
	tgt, err := files.Open(files.Options{Dir: w.dir, Folders: []string{"context"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tgt.Close() })
	w.o = change.Options{
		Sets: db, Effects: db, Grants: db, Tx: db, Audit: w.log, Trail: w.log.about, Keys: keyfile.New(filepath.Join(t.TempDir(), "keys")),
		Targets: []change.Registered{
			{Manifest: files.Manifest("context"), Target: tgt},
			{Manifest: w.memo.manifest(), Target: w.memo},
		},
		Policy: change.Policy{Version: "policy-1", Environment: "workspace", Solo: true},
		Contract: func(context.Context, string) (string, error) {
			return "feedback-synthesis@1.0.0", nil
		},
		Now: w.clock,
		NewID: func() string {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.ids++
			return fmt.Sprintf("id-%04d", w.ids)
		},
	}
	if edit != nil {
		edit(&w.o)
	}
	w.again(nil)
	return w
}

// again makes a new service on the same store, as a new process would.
func (w *world) again(edit func(*change.Options)) {
	w.t.Helper()
	o := w.o
	if edit != nil {
		edit(&o)
	}
	s, err := change.New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	w.Service = s
}

func sqlite(t *testing.T) *store.DB { return storetest.Open(t, storetest.SQLiteURL(t)) }

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) wait(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) put(name, text string) {
	w.t.Helper()
	p := filepath.Join(w.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.WriteFile(p, []byte(text), 0o644)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) file(name string) string {
	b, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil {
		return "(none)"
	}
	return string(b)
}

func envelope(target string) guardrails.Envelope {
	e := guardrails.Envelope{
		Window: 24 * time.Hour, MostShare: guardrails.Million, Rate: guardrails.Rate{Most: 100, Per: time.Hour}, Stop: guardrails.Stop{After: time.Minute},
	}
	for _, op := range []string{"create", "update", "delete", "send"} {
		e.Allow = append(e.Allow, guardrails.Rule{Target: target, Op: op, Under: []string{guardrails.Everything}, Most: 50})
	}
	return e
}

// publish proposes a new file and a changed one.
func publish() change.Proposal {
	return change.Proposal{
		By: river, Intent: "publish the synthesis", Target: "context", Envelope: envelope("context"), Contract: "feedback-synthesis@1.0.0",
		Changes: []change.Intended{
			{Op: files.Create, Object: "context/new.md", Body: []byte("new\n")},
			{Op: files.Update, Object: "context/old.md", Body: []byte("old\nand more\n")},
		},
	}
}

func removal() change.Proposal {
	p := publish()
	p.Changes = []change.Intended{{Op: files.Delete, Object: "context/old.md"}}
	return p
}

func (w *world) plan(p change.Proposal) change.Set {
	w.t.Helper()
	set, err := w.Plan(w.t.Context(), p)
	if err != nil {
		w.t.Fatalf("plan: %v", err)
	}
	return set
}

func (w *world) staged(p change.Proposal) change.Set {
	w.t.Helper()
	set, err := w.Stage(w.t.Context(), w.plan(p).ID)
	if err != nil {
		w.t.Fatalf("stage: %v", err)
	}
	return set
}

func (w *world) show(id string) change.View {
	w.t.Helper()
	v, err := w.Show(w.t.Context(), id)
	if err != nil {
		w.t.Fatalf("show: %v", err)
	}
	return v
}

// confirm answers as asked, after reading.
func (w *world) confirm(id string, by guardrails.Principal) (guardrails.Grant, error) {
	w.t.Helper()
	v := w.show(id)
	shown := w.clock()
	w.wait(v.Reading + time.Second)
	return w.Confirm(w.t.Context(), id, by, change.Answer{Text: v.Ask.Want, View: v.Shown.Digest, Shown: shown})
}

func (w *world) granted(p change.Proposal) change.Set {
	w.t.Helper()
	set := w.staged(p)
	if _, err := w.confirm(set.ID, ann); err != nil {
		w.t.Fatalf("confirm: %v", err)
	}
	return set
}

func (w *world) applied(p change.Proposal) change.Outcome {
	w.t.Helper()
	out, err := w.Apply(w.t.Context(), w.granted(p).ID)
	if err != nil {
		w.t.Fatalf("apply: %v", err)
	}
	return out
}

func wantKind(t testing.TB, err error, want fault.Kind) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", want)
	}
	if got := fault.KindOf(err); got != want {
		t.Fatalf("%s, want %s: %v", got, want, err)
	}
}

func wantCode(t *testing.T, err error, want guardrails.Code) {
	t.Helper()
	d, ok := change.DecisionOf(err)
	if !ok || !d.Has(want) {
		t.Fatalf("want a denial for %s, got %v", want, err)
	}
}

// log is an audit log in memory.
type log struct {
	mu    sync.Mutex
	kinds []string
	trail map[string][]change.Trace
	fail  bool
}

func (l *log) about(_ context.Context, set string) ([]change.Trace, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.trail[set]), nil
}

func (l *log) Append(_ context.Context, kind, actor, subject string, detail any) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail {
		return errors.New("the audit log is full")
	}
	raw, err := json.Marshal(detail)
	if err != nil || kind == "" || actor == "" || subject == "" {
		return fmt.Errorf("a poor record: %q %q %q %w", kind, actor, subject, err)
	}
	l.kinds = append(l.kinds, kind)
	if l.trail == nil {
		l.trail = map[string][]change.Trace{}
	}
	l.trail[subject] = append(l.trail[subject], change.Trace{Kind: kind, Detail: raw})
	return nil
}

func (l *log) has(kind string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Contains(l.kinds, kind)
}

// memo is a target in memory that does as it is told, also wrongly. A write is
// an effect each time that it is done: it looks at no precondition.
type memo struct {
	mu      sync.Mutex
	objects map[string]string
	writes  map[string]int
	extra   int64 // objects that every change drags along

	lieInverse bool                       // the planned inverse restores something else
	wrong      string                     // the original turns this object's text into something else
	onApply    func(w change.Write) error // called before the original's write; an error keeps it from happening
	afterApply func(w change.Write) error // called after it
	unstaged   bool                       // there is no staging
	schema     string                     // version
}

func newMemo() *memo { return &memo{objects: map[string]string{}, writes: map[string]int{}, extra: 0} }

func (m *memo) manifest() guardrails.Manifest {
	return guardrails.Manifest{Name: "tracker", Version: "memo/1", Settles: true, Operations: []guardrails.Operation{
		{Name: "create", Class: guardrails.Create},
		{Name: "update", Class: guardrails.Update},
		{Name: "delete", Class: guardrails.Delete},
		{Name: "send", Class: guardrails.Send},
	}}
}

func state(objects map[string]string, object string) guardrails.State {
	text, ok := objects[object]
	if !ok {
		return guardrails.State{Digest: guardrails.Absent}
	}
	return guardrails.State{Digest: guardrails.Digest([]byte(text)), Body: []byte(text)}
}

func (m *memo) Read(_ context.Context, object string) (guardrails.State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return state(m.objects, object), nil
}

func (m *memo) Plan(_ context.Context, intended []change.Intended) (change.Measured, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := change.Measured{Population: 1000, Version: m.schema}
	for _, in := range intended {
		c := guardrails.Change{
			Op: in.Op, Object: in.Object, Body: in.Body, Objects: 1 + m.extra, Class: guardrails.Read, // a lie that must not count
			Before: state(m.objects, in.Object), After: guardrails.Digest(in.Body),
		}
		switch in.Op {
		case "create":
			c.Inverse = guardrails.Inverse{Op: "delete"}
		case "update":
			c.Inverse = guardrails.Inverse{Op: "update", Body: c.Before.Body}
		case "delete":
			c.After, c.Inverse = guardrails.Absent, guardrails.Inverse{Op: "create", Body: c.Before.Body}
		case "send":
			c.After = ""
		}
		if m.lieInverse && c.Inverse.Op == "update" {
			c.Inverse.Body = []byte("not what it was")
		}
		out.Changes = append(out.Changes, c)
	}
	return out, nil
}

func (m *memo) Apply(_ context.Context, w change.Write) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.onApply != nil {
		if err := m.onApply(w); err != nil {
			return err
		}
	}
	m.writes[w.Object]++
	do(m.objects, w)
	if m.wrong == w.Object {
		m.objects[w.Object] += " (garbled)"
	}
	if m.afterApply != nil {
		return m.afterApply(w)
	}
	return nil
}

func do(objects map[string]string, w change.Write) {
	if w.Op == "delete" {
		delete(objects, w.Object)
		return
	}
	objects[w.Object] = string(w.Body)
}

func (m *memo) Stage(_ context.Context, _ []guardrails.Change) (change.Stage, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.unstaged {
		return nil, change.ErrNoStaging
	}
	return memoStage{maps.Clone(m.objects)}, nil
}

type memoStage struct{ objects map[string]string }

func (s memoStage) Read(_ context.Context, object string) (guardrails.State, error) {
	return state(s.objects, object), nil
}

func (s memoStage) Apply(_ context.Context, w change.Write) error {
	do(s.objects, w)
	return nil
}

func (s memoStage) Fingerprint(context.Context) (string, error) {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(s.objects)) {
		fmt.Fprintf(&b, "%q %q\n", k, s.objects[k])
	}
	return guardrails.Digest([]byte(b.String())), nil
}

func (memoStage) Close() error { return nil }

// tickets proposes one new object per title.
func tickets(titles ...string) change.Proposal {
	p := change.Proposal{By: river, Intent: "open tickets", Target: "tracker", Envelope: envelope("tracker")}
	for _, title := range titles {
		p.Changes = append(p.Changes, change.Intended{Op: "create", Object: title, Body: []byte("ticket " + title)})
	}
	return p
}
