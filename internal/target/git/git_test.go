package git_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	gogit "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/fault"
	"roleos/internal/target/git"
	"roleos/internal/target/targettest"
)

func TestMain(m *testing.M) {
	targettest.Main(map[string]targettest.Scenario{"git": scenario()})
	os.Exit(m.Run())
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fresh makes a repository with three files on main and another branch checked out.
func fresh(t testing.TB, dir string) *gogit.Repository {
	t.Helper()
	repo, err := gogit.PlainInitWithOptions(dir, &gogit.PlainInitOptions{InitOptions: gogit.InitOptions{DefaultBranch: "refs/heads/main"}})
	must(t, err)
	tree, err := repo.Worktree()
	must(t, err)
	for name, text := range map[string]string{"context/feedback/old.md": "old\n", "context/gone.md": "gone\n", "code/main.go": "package main\n"} {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	must(t, os.Symlink("../code/main.go", filepath.Join(dir, "context/link.md")))
	must(t, tree.AddGlob("."))
	_, err = tree.Commit("first", &gogit.CommitOptions{Author: &object.Signature{Name: "ann", Email: "ann@example.com", When: time.Unix(1, 0)}})
	must(t, err)
	must(t, tree.Checkout(&gogit.CheckoutOptions{Branch: "refs/heads/other", Create: true}))
	return repo
}

func options(dir string) git.Options {
	return git.Options{Dir: dir, Branch: "main", Folders: []string{"context"}, Name: "roleos", Email: "roleos@example.com", Now: time.Now, MaxBytes: 1000}
}

func open(t testing.TB, dir string) *git.Target {
	t.Helper()
	tgt, err := git.Open(options(dir))
	must(t, err)
	return tgt
}

func TestSuite(t *testing.T) {
	targettest.Run(t, func(t *testing.T) targettest.Fixture {
		dir := t.TempDir()
		fresh(t, dir)
		f := targettest.Fixture{
			Registered: change.Registered{Manifest: git.Manifest("context"), Target: open(t, dir)},
			Creates:    change.Intended{Op: git.Create, Object: "context/feedback/2026/new.md", Body: []byte("new\n")},
			Replaces:   change.Intended{Op: git.Update, Object: "context/feedback/old.md", Body: []byte("changed\n")},
			Removes:    change.Intended{Op: git.Delete, Object: "context/gone.md"},
			Tamper: func(t *testing.T, name string) {
				other := open(t, dir)
				st, err := other.Read(t.Context(), name)
				must(t, err)
				op := git.Update
				if st.Digest == guardrails.Absent {
					op = git.Create
				}
				must(t, other.Apply(t.Context(), change.Write{Key: "theirs", Op: op, Object: name, Body: []byte("theirs\n"), Before: st.Digest}))
			},
			Refused: []change.Intended{
				{Op: git.Create, Object: "context/big.md", Body: make([]byte, 1001)},
				{Op: "push", Object: "context/x.md"},
			},
		}
		for _, name := range []string{
			"", ".", "context", "code/main.go", "../x", "/x", "context/../code/main.go", "context/.git/config", "context/.GIT/x", "context/.gitmodules",
			".gitattributes", ".github/workflows/x.yml", "context/git~1", "context/link.md", "context/link.md/x", "context/feedback", "context/gone.md/x",
			"context/x\ny", "context/\u202ex", `context\x`, "context/x:y", "context/x.",
		} {
			f.Refused = append(f.Refused, change.Intended{Op: git.Create, Object: name, Body: []byte("x")})
		}
		return f
	})
}

func TestTheHistoryIsPlainGit(t *testing.T) {
	dir := t.TempDir()
	repo := fresh(t, dir)
	tgt := open(t, dir)
	for i, w := range []change.Write{
		{Key: "k1", Op: git.Create, Object: "context/a/b/c.md", Body: []byte("c"), Before: guardrails.Absent},
		{Key: "k2", Op: git.Create, Object: "context/a.md", Body: []byte("sorts between a and a/"), Before: guardrails.Absent},
		{Key: "k3", Op: git.Delete, Object: "context/a/b/c.md", Before: guardrails.Digest([]byte("c"))},
	} {
		if err := tgt.Apply(t.Context(), w); err != nil {
			t.Fatalf("write %d: %v", i, err)
		}
	}
	head, err := repo.Reference("refs/heads/main", true)
	must(t, err)
	commits, err := repo.Log(&gogit.LogOptions{From: head.Hash()})
	must(t, err)
	var subjects []string
	must(t, commits.ForEach(func(c *object.Commit) error {
		subjects = append(subjects, strings.SplitN(c.Message, "\n", 2)[0])
		return nil
	}))
	if got := strings.Join(subjects, ", "); got != "delete context/a/b/c.md, create context/a.md, create context/a/b/c.md, first" {
		t.Error(got)
	}
	c, err := repo.CommitObject(head.Hash())
	must(t, err)
	if !strings.HasSuffix(c.Message, "\n\nRoleos-Effect: k3\n") {
		t.Errorf("%q", c.Message)
	}
	if _, err := c.File("code/main.go"); err != nil {
		t.Error("a file that nobody touched is gone")
	}
	tree, err := c.Tree()
	must(t, err)
	if _, err := tree.FindEntry("context/a"); err == nil {
		t.Error("an empty folder is left")
	}
	if bin, err := exec.LookPath("git"); err != nil {
		t.Log("NOT CHECKED BY GIT ITSELF: there is no git here")
	} else if out, err := exec.CommandContext(t.Context(), bin, "-C", dir, "fsck", "--strict").CombinedOutput(); err != nil {
		t.Errorf("git fsck: %v\n%s", err, out)
	}
	refs, err := repo.References()
	must(t, err)
	must(t, refs.ForEach(func(r *plumbing.Reference) error {
		if strings.HasPrefix(r.Name().String(), "refs/roleos/") {
			t.Errorf("%s is left", r.Name())
		}
		return nil
	}))
}

func TestACheckedOutBranchIsNotMoved(t *testing.T) {
	dir := t.TempDir()
	fresh(t, dir)
	o := options(dir)
	o.Branch = "other"
	if _, err := git.Open(o); fault.KindOf(err) != fault.Conflict {
		t.Errorf("%v", err)
	}
	o.Branch = "missing"
	if _, err := git.Open(o); fault.KindOf(err) != fault.Invalid {
		t.Errorf("%v", err)
	}
	o = options(t.TempDir())
	if _, err := git.Open(o); fault.KindOf(err) != fault.Invalid {
		t.Errorf("%v", err)
	}
}

func TestManyWritersLoseNothing(t *testing.T) {
	dir := t.TempDir()
	repo := fresh(t, dir)
	var wg sync.WaitGroup
	for i := range 8 {
		tgt := open(t, dir)
		wg.Go(func() {
			for j := range 3 {
				w := change.Write{Key: fmt.Sprintf("%d-%d", i, j), Op: git.Create, Object: fmt.Sprintf("context/%d-%d.md", i, j), Body: []byte("x"), Before: guardrails.Absent}
				for {
					err := tgt.Apply(context.Background(), w)
					if err == nil {
						break
					}
					if fault.KindOf(err) != fault.Conflict {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	head, err := repo.Reference("refs/heads/main", true)
	must(t, err)
	c, err := repo.CommitObject(head.Hash())
	must(t, err)
	for i := range 8 {
		for j := range 3 {
			if _, err := c.File(fmt.Sprintf("context/%d-%d.md", i, j)); err != nil {
				t.Errorf("%d-%d is lost", i, j)
			}
		}
	}
}

func TestGitsOwnLockIsRespected(t *testing.T) {
	dir := t.TempDir()
	repo := fresh(t, dir)
	head, err := repo.Reference("refs/heads/main", true)
	must(t, err)
	lock := filepath.Join(dir, ".git/refs/heads/main.lock")
	must(t, os.WriteFile(lock, []byte(head.Hash().String()+"\n"), 0o644))
	w := change.Write{Key: "k", Op: git.Create, Object: "context/x.md", Body: []byte("x"), Before: guardrails.Absent}
	tgt := open(t, dir)
	if err := tgt.Apply(t.Context(), w); fault.KindOf(err) != fault.Conflict {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(lock); err != nil {
		t.Error("git's lock was removed")
	}
	must(t, os.Remove(lock))
	must(t, tgt.Apply(t.Context(), w))
	// Packed references are read too.
	must(t, repo.Storer.PackRefs())
	w = change.Write{Key: "k", Op: git.Delete, Object: "context/x.md", Before: guardrails.Digest([]byte("x"))}
	must(t, tgt.Apply(t.Context(), w))
}

func scenario() targettest.Scenario {
	rule := func(op string) guardrails.Rule {
		return guardrails.Rule{Target: "context", Op: op, Under: []string{"context"}, Most: 5}
	}
	return targettest.Scenario{
		Open: func(dir string, hook func(string)) (change.Registered, error) {
			o := options(filepath.Join(dir, "repo"))
			o.Hook = hook
			tgt, err := git.Open(o)
			return change.Registered{Manifest: git.Manifest("context"), Target: tgt}, err
		},
		Prepare: func(t *testing.T, dir string) { fresh(t, filepath.Join(dir, "repo")) },
		Changes: []change.Intended{
			{Op: git.Create, Object: "context/new/new.md", Body: []byte("new")},
			{Op: git.Update, Object: "context/feedback/old.md", Body: []byte("changed")},
			{Op: git.Delete, Object: "context/gone.md"},
		},
		Envelope: guardrails.Envelope{
			Allow:  []guardrails.Rule{rule(git.Create), rule(git.Update), rule(git.Delete)},
			Window: time.Hour, MostShare: guardrails.Million, Rate: guardrails.Rate{Most: 10, Per: time.Minute}, Stop: guardrails.Stop{After: time.Minute},
		},
		// Each effect is a commit, so a repetition would be one too.
		Effects: func(t *testing.T, dir string) []int {
			repo, err := gogit.PlainOpen(filepath.Join(dir, "repo"))
			must(t, err)
			head, err := repo.Reference("refs/heads/main", true)
			must(t, err)
			commits, err := repo.Log(&gogit.LogOptions{From: head.Hash()})
			must(t, err)
			counts := make([]int, 3)
			must(t, commits.ForEach(func(c *object.Commit) error {
				for i, subject := range []string{"create context/new/new.md", "update context/feedback/old.md", "delete context/gone.md"} {
					if strings.HasPrefix(c.Message, subject+"\n") {
						counts[i]++
					}
				}
				return nil
			}))
			return counts
		},
	}
}

func TestKilledAtEveryPoint(t *testing.T) { targettest.Crash(t, "git", scenario()) }
