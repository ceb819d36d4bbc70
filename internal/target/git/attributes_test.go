package git_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	gogit "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing/object"

	"roleos/guardrails"
	"roleos/internal/change"
	"roleos/internal/fault"
	"roleos/internal/target/git"
)

// with makes a repository whose main branch has these files, and another one checked out.
func with(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	repo, err := gogit.PlainInitWithOptions(dir, &gogit.PlainInitOptions{InitOptions: gogit.InitOptions{DefaultBranch: "refs/heads/main"}})
	must(t, err)
	tree, err := repo.Worktree()
	must(t, err)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(files[name]), 0o644))
		_, err := tree.Add(name)
		must(t, err)
	}
	_, err = tree.Commit("first", &gogit.CommitOptions{Author: &object.Signature{Name: "ann", Email: "ann@example.com", When: time.Unix(1, 0)}})
	must(t, err)
	must(t, tree.Checkout(&gogit.CheckoutOptions{Branch: "refs/heads/other", Create: true}))
	return dir
}

func TestWhatGitConvertsIsNotTouched(t *testing.T) {
	for name, tt := range map[string]struct {
		attributes map[string]string
		denied     bool
	}{
		"none":               {map[string]string{"README": "x"}, false},
		"a filter":           {map[string]string{".gitattributes": "*.md filter=lfs diff=lfs -text\n"}, true},
		"another file":       {map[string]string{".gitattributes": "*.png filter=lfs\n# *.md filter=lfs\n"}, false},
		"taken away":         {map[string]string{".gitattributes": "*.md -filter !ident\n"}, false},
		"an encoding":        {map[string]string{"context/.gitattributes": "plain.md working-tree-encoding=UTF-16\n"}, true},
		"a keyword":          {map[string]string{"context/.gitattributes": "/plain.md ident\n"}, true},
		"a sibling's":        {map[string]string{"code/.gitattributes": "*.md filter=lfs\n"}, false},
		"everything below":   {map[string]string{".gitattributes": "context/** filter=x\n"}, true},
		"a macro":            {map[string]string{".gitattributes": "[attr]big filter=lfs\n*.md big\n"}, true},
		"another case":       {map[string]string{".gitattributes": "*.MD filter=lfs\n"}, true},
		"line ends":          {map[string]string{".gitattributes": "* text=auto eol=lf\n"}, false},
		"quoted":             {map[string]string{".gitattributes": "\"context/plain.md\" filter=lfs\n"}, true},
		"for this copy only": {map[string]string{"README": "x"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			tt.attributes["context/plain.md"] = "plain\n"
			dir := with(t, tt.attributes)
			if name == "for this copy only" {
				must(t, os.MkdirAll(filepath.Join(dir, ".git/info"), 0o755))
				must(t, os.WriteFile(filepath.Join(dir, ".git/info/attributes"), []byte("*.md filter=x\n"), 0o644))
			}
			tgt := open(t, dir)
			_, err := tgt.Plan(t.Context(), []change.Intended{{Op: git.Update, Object: "context/plain.md", Body: []byte("x")}})
			if (fault.KindOf(err) == fault.Denied) != tt.denied || (err == nil) == tt.denied {
				t.Errorf("planned: %v", err)
			}
			w := change.Write{Key: "k", Op: git.Update, Object: "context/plain.md", Body: []byte("x"), Before: guardrails.Digest([]byte("plain\n"))}
			if err := tgt.Apply(t.Context(), w); (err != nil) != tt.denied {
				t.Errorf("applied: %v", err)
			}
		})
	}
}

// An effect that somebody has taken back reads as if it had never happened; its
// commit says that it did.
func TestAnEffectThatWasTakenBackIsNotDoneAgain(t *testing.T) {
	tgt := open(t, with(t, map[string]string{"context/plain.md": "plain\n"}))
	before, after := guardrails.Digest([]byte("plain\n")), guardrails.Digest([]byte("ours\n"))
	w := change.Write{Key: "the effect", Op: git.Update, Object: "context/plain.md", Body: []byte("ours\n"), Before: before, After: after}
	must(t, tgt.Apply(t.Context(), w))
	if err := tgt.Apply(t.Context(), w); !errors.Is(err, change.ErrDrift) {
		t.Errorf("again: %v", err)
	}
	must(t, tgt.Apply(t.Context(), change.Write{Key: "theirs", Op: git.Update, Object: "context/plain.md", Body: []byte("plain\n"), Before: after}))
	err := tgt.Apply(t.Context(), w)
	if fault.KindOf(err) != fault.Conflict || errors.Is(err, change.ErrDrift) || errors.Is(err, change.ErrNotDone) {
		t.Errorf("after somebody took it back: %v", err)
	}
	st, err := tgt.Read(t.Context(), "context/plain.md")
	if err != nil || st.Digest != before {
		t.Errorf("it was done again: %v", err)
	}
	w.Key = "another effect"
	must(t, tgt.Apply(t.Context(), w))
}

func TestABranchThatIsCheckedOutMeanwhileIsNotMoved(t *testing.T) {
	dir := with(t, map[string]string{"context/plain.md": "plain\n"})
	tgt := open(t, dir)
	must(t, os.WriteFile(filepath.Join(dir, ".git/HEAD"), []byte("ref: refs/heads/main\n"), 0o644))
	w := change.Write{Key: "k", Op: git.Create, Object: "context/new.md", Body: []byte("x"), Before: guardrails.Absent}
	if err := tgt.Apply(t.Context(), w); fault.KindOf(err) != fault.Conflict || !errors.Is(err, change.ErrNotDone) {
		t.Errorf("%v", err)
	}
	must(t, os.WriteFile(filepath.Join(dir, ".git/HEAD"), []byte("ref: refs/heads/other\n"), 0o644))
	must(t, tgt.Apply(t.Context(), w))
}
