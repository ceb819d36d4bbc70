package files_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/fault"
	"roleos/internal/target/files"
	"roleos/internal/target/targettest"
)

func TestMain(m *testing.M) {
	targettest.Main(map[string]targettest.Scenario{"files": scenario()})
	os.Exit(m.Run())
}

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	p := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, dir string) *files.Target {
	t.Helper()
	tgt, err := files.Open(files.Options{Dir: dir, Folders: []string{"context"}, MaxBytes: 1000})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tgt.Close() })
	return tgt
}

func TestSuite(t *testing.T) {
	targettest.Run(t, func(t *testing.T) targettest.Fixture {
		dir := t.TempDir()
		put(t, dir, "context/feedback/old.md", "old\n")
		put(t, dir, "context/gone.md", "")
		put(t, dir, "secret.txt", "secret")
		f := targettest.Fixture{
			Registered: change.Registered{Manifest: files.Manifest("context"), Target: open(t, dir)},
			Creates:    change.Intended{Op: files.Create, Object: "context/feedback/2026/new.md", Body: []byte("new\n")},
			Replaces:   change.Intended{Op: files.Update, Object: "context/feedback/old.md", Body: []byte("changed\n")},
			Removes:    change.Intended{Op: files.Delete, Object: "context/gone.md"},
			Tamper: func(t *testing.T, object string) {
				put(t, dir, object, "by somebody else\n")
			},
			Refused: []change.Intended{
				{Op: files.Create, Object: "context/big.md", Body: make([]byte, 1001)},
				{Op: "append", Object: "context/x.md"},
				{Op: "", Object: "context/x.md"},
			},
		}
		for _, name := range badNames {
			f.Refused = append(f.Refused, change.Intended{Op: files.Create, Object: name, Body: []byte("x")})
		}
		return f
	})
}

var badNames = []string{
	"", ".", "/", "context", "context/", "secret.txt", "other/x.md", "/etc/passwd", "context/../secret.txt", "../x", "context/./x", "context//x",
	"context/.hidden", "context/.git/config", "context/.roleos/x", ".roleos/roleos.db", "contextual/x.md", "Context/x.md",
	"context/CON", "context/con.md", "context/a/NUL.txt", "context/com1", "context/COM¹", "context/lpt9.log", "context/x.", "context/x ", "context/ x",
	`context\x.md`, `context/..\..\x`, "C:/x", "context/x:stream", "context/x\x00y", "context/x\ny", "context/\u202efdp.md", "context/a\u200bb.md",
	"context/\xff", "context/PROGRA~1", "context/" + strings.Repeat("a", 201), "context/" + strings.Repeat("a/", 600) + "a",
}

func TestLinksAreNeverTouched(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "secret.txt", "secret")
	put(t, dir, "context/plain.md", "plain")
	put(t, dir, "context/real/in.md", "in")
	link := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	link(os.Symlink(filepath.Join(dir, "secret.txt"), filepath.Join(dir, "context/sym.md")))
	link(os.Symlink("plain.md", filepath.Join(dir, "context/sym2.md")))
	link(os.Symlink("real", filepath.Join(dir, "context/dir")))
	link(os.Symlink("nowhere", filepath.Join(dir, "context/dangling.md")))
	link(os.Link(filepath.Join(dir, "secret.txt"), filepath.Join(dir, "context/hard.md")))
	link(os.Mkdir(filepath.Join(dir, "context/folder.md"), 0o755))
	tgt := open(t, dir)
	for _, object := range []string{
		"context/sym.md", "context/sym2.md", "context/dir/in.md", "context/dir/new.md", "context/dangling.md", "context/hard.md", "context/folder.md", "context/plain.md/x",
	} {
		for _, op := range []string{files.Create, files.Update, files.Delete} {
			if _, err := tgt.Plan(t.Context(), []change.Intended{{Op: op, Object: object}}); err == nil {
				t.Errorf("%s of %s was planned", op, object)
			}
			for _, before := range []string{guardrails.Absent, guardrails.Digest([]byte("secret")), guardrails.Digest([]byte("in"))} {
				if err := tgt.Apply(t.Context(), change.Write{Key: "k", Op: op, Object: object, Body: []byte("x"), Before: before}); err == nil {
					t.Errorf("%s of %s was done", op, object)
				}
			}
		}
	}
	if got, _ := os.ReadFile(filepath.Join(dir, "secret.txt")); string(got) != "secret" {
		t.Errorf("the secret is now %q", got)
	}
}

func TestFolderThatIsALink(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, "context")); err != nil {
		t.Fatal(err)
	}
	tgt := open(t, dir)
	if _, err := tgt.Plan(t.Context(), []change.Intended{{Op: files.Create, Object: "context/x.md"}}); fault.KindOf(err) != fault.Denied {
		t.Errorf("%v", err)
	}
	if left, _ := os.ReadDir(outside); len(left) > 0 {
		t.Errorf("written outside: %v", left)
	}
}

func TestModeIsKeptAndAPrivateFileCannotBeBroughtBackInSilence(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "context/private.md", "p")
	if err := os.Chmod(filepath.Join(dir, "context/private.md"), 0o600); err != nil {
		t.Fatal(err)
	}
	tgt := open(t, dir)
	d := guardrails.Digest([]byte("p"))
	if err := tgt.Apply(t.Context(), change.Write{Key: "k", Op: files.Update, Object: "context/private.md", Body: []byte("q"), Before: d}); err != nil {
		t.Fatal(err)
	}
	if info, _ := os.Stat(filepath.Join(dir, "context/private.md")); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	left, _ := filepath.Glob(filepath.Join(dir, files.DefaultWork, "*"))
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestOptions(t *testing.T) {
	dir := t.TempDir()
	for _, o := range []files.Options{
		{Dir: dir},
		{Dir: dir, Folders: []string{"."}},
		{Dir: dir, Folders: []string{".."}},
		{Dir: dir, Folders: []string{"/etc"}},
		{Dir: dir, Folders: []string{"context"}, Work: "context/work"},
		{Dir: dir, Folders: []string{".roleos"}},
		{Dir: filepath.Join(dir, "missing"), Folders: []string{"context"}},
	} {
		if tgt, err := files.Open(o); err == nil {
			t.Errorf("%+v is opened", o)
			_ = tgt.Close()
		}
	}
}

// What we say about the target decides what is asked before a write, so that it
// does not change unseen. The digest is that of the manifest as it was reviewed.
func TestManifestIsTheReviewedOne(t *testing.T) {
	const reviewed = "68ab11ed03ba71f8f36d2df30b5e73b8634c05736864be1d8b935b0dbc8f3bbc"
	if got := files.Manifest("context").Digest(); got != reviewed {
		t.Errorf("the manifest's digest is %s: look at what changed, then put it here", got)
	}
}

func TestTooManyFilesAreNotCounted(t *testing.T) {
	dir := t.TempDir()
	for i := range 4 {
		put(t, dir, fmt.Sprintf("context/%d.md", i), "x")
	}
	for most, want := range map[int]int64{3: -1, 4: 4} {
		tgt, err := files.Open(files.Options{Dir: dir, Folders: []string{"context"}, MaxFiles: most})
		if err != nil {
			t.Fatal(err)
		}
		m, err := tgt.Plan(t.Context(), []change.Intended{{Op: files.Create, Object: "context/new.md"}})
		if err != nil || m.Population != want {
			t.Errorf("at most %d: population %d, %v", most, m.Population, err)
		}
		_ = tgt.Close()
	}
}

// scenario creates, replaces and deletes a file each; the writes themselves tell
// how often they reached the directory.
func scenario() targettest.Scenario {
	rule := func(op string) guardrails.Rule {
		return guardrails.Rule{Target: "context", Op: op, Under: []string{"context"}, Most: 5}
	}
	return targettest.Scenario{
		Open: func(dir string, hook func(string)) (change.Registered, error) {
			seen := func(point string) {
				hook("before noting " + point)
				if point == "after link" || point == "after rename" || point == "after remove" {
					f, err := os.OpenFile(filepath.Join(dir, "log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
					if err == nil {
						_, _ = f.WriteString(point + "\n")
						_ = f.Close()
					}
				}
				hook(point)
			}
			tgt, err := files.Open(files.Options{Dir: filepath.Join(dir, "ws"), Folders: []string{"context"}, Hook: seen})
			return change.Registered{Manifest: files.Manifest("context"), Target: tgt}, err
		},
		Prepare: func(t *testing.T, dir string) {
			put(t, dir, "ws/context/old.md", "old")
			put(t, dir, "ws/context/gone.md", "gone")
		},
		Changes: []change.Intended{
			{Op: files.Create, Object: "context/new/new.md", Body: []byte("new")},
			{Op: files.Update, Object: "context/old.md", Body: []byte("changed")},
			{Op: files.Delete, Object: "context/gone.md"},
		},
		Envelope: guardrails.Envelope{
			Allow:  []guardrails.Rule{rule(files.Create), rule(files.Update), rule(files.Delete)},
			Window: time.Hour, MostShare: guardrails.Million, Rate: guardrails.Rate{Most: 10, Per: time.Minute}, Stop: guardrails.Stop{After: time.Minute},
		},
		Effects: func(t *testing.T, dir string) []int {
			counts := make([]int, 3)
			is := func(name, want string) int {
				got, err := os.ReadFile(filepath.Join(dir, "ws/context", name))
				if (want == "") != os.IsNotExist(err) || string(got) != want {
					return 0
				}
				return 1
			}
			counts[0], counts[1], counts[2] = is("new/new.md", "new"), is("old.md", "changed"), is("gone.md", "")
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			if n := strings.Count(string(log), "after link"); n > 1 {
				counts[0] = n
			}
			if n := strings.Count(string(log), "after remove"); n > 1 {
				counts[2] = n
			}
			return counts
		},
	}
}

func TestKilledAtEveryPoint(t *testing.T) { targettest.Crash(t, "files", scenario()) }
