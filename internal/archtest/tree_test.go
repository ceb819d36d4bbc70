package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	module = "roleos"
	root   = "../.."
)

// pkg is one package of the module.
type pkg struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
}

// packages returns the module's packages by their path below the module ("guardrails").
func packages(t *testing.T) map[string]pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Dir,GoFiles,Imports", "./...")
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	all := map[string]pkg{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		if len(p.GoFiles) > 0 {
			all[strings.TrimPrefix(p.ImportPath, module+"/")] = p
		}
	}
}

// inside returns the path below the module of an import, or false for others' packages.
func inside(path string) (string, bool) { return strings.CutPrefix(path, module+"/") }

// standard reports whether an import is of the standard library.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".") && first != module
}

// below reports whether path is the package prefix or one beneath it.
func below(path, prefix string) bool { return path == prefix || strings.HasPrefix(path, prefix+"/") }

// forTests reports whether a package holds a suite that only tests run, such as internal/store/storetest.
func forTests(rel string) bool { return strings.HasSuffix(rel, "test") }

// goFiles visits every Go file of the module for any platform, tests left out.
func goFiles(t *testing.T, visit func(path string, src []byte)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if rel != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || rel == "internal/tools" || slices.Contains(unkept(t), rel)) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(rel, ".go") || strings.HasSuffix(rel, "_test.go") {
			return nil
		}
		src, err := os.ReadFile(path)
		if err == nil {
			visit(rel, src)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// unkept returns the top-level names that .gitignore leaves out of the tree.
func unkept(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	if err != nil {
		t.Fatal(err)
	}
	names := []string{".git", ".DS_Store"}
	for line := range strings.Lines(string(data)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "/"); ok {
			names = append(names, strings.TrimSuffix(name, "/"))
		}
	}
	return names
}

func TestTopLevelIsTheAgreedSet(t *testing.T) {
	must := []string{".ci", ".gitignore", ".golangci.yml", "README.md", "agents", "cmd", "config", "contracts", "go.mod", "go.sum", "guardrails", "internal"}
	may := []string{"LICENSE", "prompts"}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	skip := unkept(t)
	seen := map[string]bool{}
	for _, e := range entries {
		seen[e.Name()] = true
		if !slices.Contains(must, e.Name()) && !slices.Contains(may, e.Name()) && !slices.Contains(skip, e.Name()) {
			t.Errorf("%s stands at the top level; the set is %s", e.Name(), strings.Join(must, " "))
		}
	}
	for _, name := range must {
		if !seen[name] {
			t.Errorf("%s is missing at the top level", name)
		}
	}
}

func TestFilesAndPackagesStayReadable(t *testing.T) {
	const mostLines, mostFiles = 500, 14
	// The packages that hold one file for each use case, command or port, with little
	// to share between them; splitting them would only spread the wiring.
	wide := map[string]int{"internal/app": 36, "internal/cli": 32, "internal/store": 26}
	files := map[string]int{}
	goFiles(t, func(path string, src []byte) {
		files[filepath.ToSlash(filepath.Dir(path))]++
		if n := bytes.Count(src, []byte("\n")); n > mostLines {
			t.Errorf("%s has %d lines, at most %d are read with pleasure: split it", path, n, mostLines)
		}
	})
	for dir, n := range files {
		if most := max(mostFiles, wide[dir]); n > most {
			t.Errorf("%s has %d files, at most %d: make it two packages", dir, n, most)
		}
	}
}

func TestEveryPackageSaysWhatItDecides(t *testing.T) {
	for rel, p := range packages(t) {
		file, begins := "doc.go", "Package "+rel[strings.LastIndexByte(rel, '/')+1:]+" "
		if below(rel, "cmd") { // a command is one file and says there what it is for
			file, begins = "main.go", "Command "
		}
		if !slices.Contains(p.GoFiles, file) {
			t.Errorf("%s has no %s", rel, file)
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, file), nil, parser.ParseComments|parser.PackageClauseOnly)
		if err != nil {
			t.Error(err)
			continue
		}
		if f.Doc == nil || !strings.HasPrefix(f.Doc.Text(), begins) {
			t.Errorf("%s: %s does not begin with %q", rel, file, begins)
		} else if file == "doc.go" && !strings.Contains(f.Doc.Text(), "never") {
			t.Errorf("%s: doc.go does not say what the package never does", rel)
		}
	}
}

// The environment is an input like any other: read in one place, shown by 'roleos config show'.
func TestOnlyConfigReadsTheEnvironment(t *testing.T) {
	readers := []string{"Getenv", "LookupEnv", "Environ", "ExpandEnv"}
	goFiles(t, func(path string, src []byte) {
		if dir := filepath.ToSlash(filepath.Dir(path)); dir == "config" || forTests(dir) {
			return
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, src, 0)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && slices.Contains(readers, s.Sel.Name) {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "os" {
					t.Errorf("%s reads the environment with os.%s; take it from config", path, s.Sel.Name)
				}
			}
			return true
		})
	})
}

// What is not done is said in the rough edges of internal/docs, where a reader looks for it.
func TestNoWorkIsLeftAsANoteInTheCode(t *testing.T) {
	notes := []string{"TO" + "DO", "FIX" + "ME", "not " + "implemented"}
	goFiles(t, func(path string, src []byte) {
		for i, line := range bytes.Split(src, []byte("\n")) {
			for _, note := range notes {
				if bytes.Contains(line, []byte(note)) {
					t.Errorf("%s:%d: %q", path, i+1, note)
				}
			}
		}
	})
}
