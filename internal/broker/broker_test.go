package broker_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"roleos/guardrails"
	"roleos/internal/broker"
	"roleos/internal/change"
	"roleos/internal/change/keyfile"
	"roleos/internal/fault"
	"roleos/internal/store/storetest"
	"roleos/internal/target/files"
)

// childDir has a process of this test be the broker of a folder; diesAt names the
// point of a write at which it is killed, once.
const (
	childDir = "ROLEOS_TEST_BROKER_DIR"
	diesAt   = "ROLEOS_TEST_BROKER_DIES"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := child(dir, os.Getenv(diesAt)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(dir, point string) error {
	once := filepath.Join(dir, "died")
	tgt, err := files.Open(files.Options{Dir: dir, Folders: []string{"docs"}, Hook: func(at string) {
		if _, err := os.Stat(once); err == nil || at != point {
			return
		}
		_ = os.WriteFile(once, []byte(at), 0o600)
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			_ = self.Kill()
		}
		select {}
	}})
	if err != nil {
		return err
	}
	keys := keyfile.New(filepath.Join(dir, "keys"))
	hand, err := change.NewHand(keys, []change.Registered{{Manifest: files.Manifest("docs"), Target: tgt}})
	if err != nil {
		return err
	}
	return broker.Server{Keys: keys, Hand: hand, Solo: true, Now: time.Now}.Serve(context.Background(), os.Stdin, os.Stdout)
}

// world is a service whose broker is another process, the way roleos serve has it.
type world struct {
	*change.Service
	*testing.T
	dir    string // of the broker: its keys and the files
	broker *broker.Client

	mu  sync.Mutex
	cmd *exec.Cmd // the broker's newest process
	n   int
}

type noAudit struct{}

func (noAudit) Append(_ context.Context, _, _, _ string, detail any) error {
	_, err := json.Marshal(detail)
	return err
}

func newWorld(t *testing.T, dies string) *world {
	t.Helper()
	w := &world{T: t, dir: t.TempDir()}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	w.broker = broker.New(func() *exec.Cmd {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.cmd = exec.Command(self)
		w.cmd.Env = append(os.Environ(), childDir+"="+w.dir, diesAt+"="+dies)
		w.cmd.Stderr = os.Stderr
		w.n++
		return w.cmd
	})
	t.Cleanup(func() {
		if err := w.broker.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
			t.Error(err)
		}
	})
	tgt, err := files.Open(files.Options{Dir: w.dir, Folders: []string{"docs"}, Hook: func(string) { t.Error("the service writes by itself") }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tgt.Close() })
	db := storetest.Open(t, storetest.SQLiteURL(t))
	ids := 0
	w.Service, err = change.New(change.Options{
		Sets: db, Effects: db, Grants: db, Tx: db, Audit: noAudit{}, Keys: w.broker, Hand: w.broker,
		Targets: []change.Registered{{Manifest: files.Manifest("docs"), Target: staged{tgt}}},
		Policy:  change.Policy{Version: "1", Environment: "workspace", Solo: true},
		Now:     time.Now, NewID: func() string { ids++; return fmt.Sprintf("id-%d-%d", time.Now().UnixNano(), ids) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// staged is the target as the service has it: it reads and stages, and no write goes through it.
type staged struct{ *files.Target }

func (staged) Stage(context.Context, []guardrails.Change) (change.Stage, error) {
	return nil, change.ErrNoStaging
}

func (staged) Apply(context.Context, change.Write) error {
	return errors.New("a service does not write by itself")
}

// confirmed plans and confirms the file.
func (w *world) confirmed(object string) change.Set {
	w.Helper()
	e := guardrails.Envelope{
		Allow:  []guardrails.Rule{{Target: "docs", Op: files.Create, Under: []string{"."}, Most: 100}},
		Window: time.Hour, MostShare: guardrails.Million, Rate: guardrails.Rate{Most: 100, Per: time.Hour}, Stop: guardrails.Stop{After: time.Minute}, Irreversible: true,
	}
	set, err := w.Plan(w.Context(), change.Proposal{
		By: guardrails.Principal{ID: "agent:one"}, Intent: "write", Target: "docs", Envelope: e,
		Changes: []change.Intended{{Op: files.Create, Object: object, Body: []byte("text")}},
	})
	if err != nil {
		w.Fatal(err)
	}
	if _, err := w.Stage(w.Context(), set.ID); err != nil {
		w.Fatal(err)
	}
	v, err := w.Show(w.Context(), set.ID)
	if err != nil {
		w.Fatal(err)
	}
	answer := change.Answer{Text: v.Ask.Want, View: v.Shown.Digest, Shown: time.Now()}
	if _, err := w.Confirm(w.Context(), set.ID, guardrails.Principal{ID: "person:ana", Person: true}, answer); err != nil {
		w.Fatal(err)
	}
	return set
}

func (w *world) file(object string) string {
	raw, err := os.ReadFile(filepath.Join(w.dir, filepath.FromSlash(object)))
	if err != nil {
		return "none"
	}
	return string(raw)
}

func (w *world) process() *exec.Cmd {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cmd
}

// The service has no way to the key and no way to write: it is given neither a
// key file nor a folder for one, and its own target refuses. Still what a person
// confirms is signed and done, in the other process.
func TestAServiceWithoutTheKeyConfirmsAndApplies(t *testing.T) {
	w := newWorld(t, "")
	set := w.confirmed("docs/a.md")
	out, err := w.Apply(t.Context(), set.ID)
	if err != nil || out.Set.State != change.Applied || w.file("docs/a.md") != "text" {
		t.Fatalf("%s, the file is %q: %v", out.Set.State, w.file("docs/a.md"), err)
	}
	if w.process().Process.Pid == os.Getpid() {
		t.Error("the broker is this process")
	}
	if _, err := w.Apply(t.Context(), set.ID); fault.KindOf(err) != fault.Conflict {
		t.Errorf("applied twice: %v", err)
	}
}

func TestABrokerThatDiedIsStartedAnew(t *testing.T) {
	w := newWorld(t, "")
	set := w.confirmed("docs/a.md")
	if err := w.process().Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if out, err := w.Apply(t.Context(), set.ID); err == nil && out.Set.State != change.Applied {
		t.Errorf("the set is %s", out.Set.State)
	}
	// Whether the first was still in time is chance; the next one is not.
	next := w.confirmed("docs/b.md")
	if out, err := w.Apply(t.Context(), next.ID); err != nil || out.Set.State != change.Applied || w.file("docs/b.md") != "text" {
		t.Errorf("%s: %v", out.Set.State, err)
	}
	if w.n < 2 {
		t.Errorf("%d processes were started", w.n)
	}
}

// Killed in the middle of a write, the effect has happened once or not at all,
// and the ledger says which by having read it back.
func TestAWriteThatTheBrokerDiedInIsReadBack(t *testing.T) {
	points := filePoints(t)
	for _, point := range points {
		t.Run(point, func(t *testing.T) {
			w := newWorld(t, point)
			set := w.confirmed("docs/a.md")
			out, err := w.Apply(t.Context(), set.ID)
			there := w.file("docs/a.md") == "text"
			e := out.Effects[0]
			if there != (e.State == change.EffectDone) || !there && (err == nil || e.State != change.EffectFailed) {
				t.Errorf("there: %t, the ledger says %s: %v", there, e.State, err)
			}
			next := w.confirmed("docs/b.md")
			if out, err := w.Apply(t.Context(), next.ID); err != nil || out.Set.State != change.Applied {
				t.Errorf("the next one: %s: %v", out.Set.State, err)
			}
		})
	}
}

// filePoints lists the points of one write of a file.
func filePoints(t *testing.T) []string {
	var points []string
	tgt, err := files.Open(files.Options{Dir: t.TempDir(), Folders: []string{"docs"}, Hook: func(p string) { points = append(points, p) }})
	if err != nil {
		t.Fatal(err)
	}
	defer tgt.Close()
	err = tgt.Apply(t.Context(), change.Write{Key: "k", Op: files.Create, Object: "docs/a.md", Body: []byte("text"), Before: guardrails.Absent, After: guardrails.Digest([]byte("text"))})
	if err != nil || len(points) == 0 {
		t.Fatalf("%d points: %v", len(points), err)
	}
	return points
}

// An order that its grant does not cover is refused by the one who writes,
// whatever the one who asks believes.
func TestDoesOnlyWhatAGrantIsBoundTo(t *testing.T) {
	dir := t.TempDir()
	keys := keyfile.New(filepath.Join(dir, "keys"))
	writes := 0
	tgt, err := files.Open(files.Options{Dir: dir, Folders: []string{"docs"}, Hook: func(string) { writes++ }})
	if err != nil {
		t.Fatal(err)
	}
	defer tgt.Close()
	reg := change.Registered{Manifest: files.Manifest("docs"), Target: tgt}
	hand, err := change.NewHand(keys, []change.Registered{reg})
	if err != nil {
		t.Fatal(err)
	}
	version := reg.Manifest.Version + " manifest " + reg.Manifest.Digest()[:16]
	seal := func(edit func(*guardrails.Content)) *guardrails.ChangeSet {
		c := guardrails.Content{
			ID: "cs-1", By: guardrails.Principal{ID: "agent:one"}, Target: "docs", TargetVersion: version, Policy: "1", Environment: "workspace",
			Changes: []guardrails.Change{{
				Op: files.Create, Object: "docs/a.md", Class: guardrails.Create, Objects: 1, Before: guardrails.State{Digest: guardrails.Absent},
				After: guardrails.Digest([]byte("text")), Body: []byte("text"),
			}},
		}
		if edit != nil {
			edit(&c)
		}
		cs, err := guardrails.Seal(c)
		if err != nil {
			t.Fatal(err)
		}
		return cs
	}
	order := func(cs *guardrails.ChangeSet, edit func(*guardrails.Grant)) change.Order {
		now := time.Now().UTC()
		g := guardrails.Grant{ID: "g", Binding: cs.Binding(), Approver: guardrails.Principal{ID: "person:ana", Person: true}, Granted: now, Expires: now.Add(time.Minute)}
		if edit != nil {
			edit(&g)
		}
		raw, err := guardrails.SealGrant(g)
		if err != nil {
			t.Fatal(err)
		}
		key, sig, err := keys.Sign(t.Context(), guardrails.SignedPart(raw))
		if err != nil {
			t.Fatal(err)
		}
		return change.Order{Set: cs, Grant: raw, Signature: sig, Key: key}
	}
	good := seal(nil)
	for name, o := range map[string]change.Order{
		"no set":   {Index: 0},
		"no grant": {Set: good},
		"another set's grant": func() change.Order {
			o := order(seal(func(c *guardrails.Content) { c.ID = "cs-2" }), nil)
			o.Set = good
			return o
		}(),
		"a change that is not":     func() change.Order { o := order(good, nil); o.Index = 1; return o }(),
		"a flipped bit":            func() change.Order { o := order(good, nil); o.Signature[3] ^= 1; return o }(),
		"another key":              func() change.Order { o := order(good, nil); o.Key = "0123456789abcdef"; return o }(),
		"an agent's grant":         order(good, func(g *guardrails.Grant) { g.Approver.Person = false }),
		"a grant for a day":        order(good, func(g *guardrails.Grant) { g.Expires = g.Granted.Add(24 * time.Hour) }),
		"a target it has not":      order(seal(func(c *guardrails.Content) { c.Target = "elsewhere" }), nil),
		"another target's rules":   order(seal(func(c *guardrails.Content) { c.TargetVersion = version + "0" }), nil),
		"a milder class than ours": order(seal(func(c *guardrails.Content) { c.Changes[0].Op = files.Delete }), nil),
	} {
		if err := hand.Do(t.Context(), o); !errors.Is(err, change.ErrNotDone) || writes > 0 {
			t.Errorf("%s: %d steps of a write: %v", name, writes, err)
		}
	}
	if err := hand.Do(t.Context(), order(good, nil)); err != nil {
		t.Fatal(err)
	}
	if err := hand.Do(t.Context(), order(good, nil)); !errors.Is(err, change.ErrNotDone) || fault.KindOf(err) != fault.Conflict {
		t.Errorf("done twice: %v", err)
	}
}

func TestSignsAPersonsWordOfNowAndNothingElse(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	grant := func(edit func(*guardrails.Grant)) []byte {
		g := guardrails.Grant{
			ID: "g", View: "v", Nonce: "n", Binding: guardrails.Binding{Set: "s", Requester: guardrails.Principal{ID: "agent:one"}},
			Approver: guardrails.Principal{ID: "person:ana", Person: true}, Granted: now, Expires: now.Add(guardrails.GrantLife),
		}
		edit(&g)
		raw, err := guardrails.SealGrant(g)
		if err != nil {
			t.Fatal(err)
		}
		return guardrails.SignedPart(raw)
	}
	standing := func(edit func(*guardrails.Standing)) []byte {
		d := guardrails.Standing{
			ID: "d", Agent: guardrails.Principal{ID: "agent:one"}, Target: "files", By: guardrails.Principal{ID: "person:ana", Person: true},
			Granted: now, Expires: now.Add(guardrails.StandingLife),
		}
		edit(&d)
		raw, err := guardrails.SealStanding(d)
		if err != nil {
			t.Fatal(err)
		}
		return guardrails.StandingPart(raw)
	}
	for name, c := range map[string]struct {
		message []byte
		signed  bool
	}{
		"a confirmation":            {grant(func(*guardrails.Grant) {}), true},
		"a delegation":              {standing(func(*guardrails.Standing) {}), true},
		"an agent's":                {grant(func(g *guardrails.Grant) { g.Approver.Person = false }), false},
		"nobody's":                  {grant(func(g *guardrails.Grant) { g.Approver.ID = "" }), false},
		"a second that is an agent": {grant(func(g *guardrails.Grant) { g.Second.ID = "agent:two" }), false},
		"the requester's own":       {grant(func(g *guardrails.Grant) { g.Binding.Requester = g.Approver }), false},
		"solo in a team":            {grant(func(g *guardrails.Grant) { g.Solo = true }), false},
		"bound to nothing":          {grant(func(g *guardrails.Grant) { g.Binding.Set = "" }), false},
		"for what nobody was shown": {grant(func(g *guardrails.Grant) { g.View = "" }), false},
		"yesterday's":               {grant(func(g *guardrails.Grant) { g.Granted = now.AddDate(0, 0, -1) }), false},
		"tomorrow's": {grant(func(g *guardrails.Grant) {
			g.Granted, g.Expires = now.Add(24*time.Hour), now.Add(24*time.Hour+time.Minute)
		}), false},
		"too long":                 {grant(func(g *guardrails.Grant) { g.Expires = now.Add(time.Hour) }), false},
		"a delegation for a year":  {standing(func(d *guardrails.Standing) { d.Expires = now.AddDate(1, 0, 0) }), false},
		"a delegation by an agent": {standing(func(d *guardrails.Standing) { d.By.Person = false }), false},
		"a delegation to a person": {standing(func(d *guardrails.Standing) { d.Agent.Person = true }), false},
		"a manifest":               {guardrails.ManifestPart([]byte(`{}`)), false},
		"nonsense":                 {guardrails.SignedPart([]byte(`{"approver":`)), false},
		"a name twice":             {guardrails.SignedPart([]byte(`{"id":"a","id":"b"}`)), false},
		"anything":                 {[]byte("release the funds"), false},
		"nothing":                  {nil, false},
	} {
		err := broker.Signable(c.message, now, false)
		if (err == nil) != c.signed || err != nil && (fault.KindOf(err) != fault.Denied || !strings.Contains(err.Error(), "not signed")) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
