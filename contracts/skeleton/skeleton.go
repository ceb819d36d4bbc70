package skeleton

import (
	"embed"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"roleos/internal/fault"
)

//go:embed files
var files embed.FS

// Spec is what a new contract is about.
type Spec struct {
	ID        string // lower-case words joined by hyphens
	FromRole  string
	FromStage string
	ToRole    string
	ToStage   string
}

// Title returns the id in words, as a sentence begins: "Risk note".
func (s Spec) Title() string {
	words := strings.ReplaceAll(s.ID, "-", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

// File is one file to write, its path below the contracts folder.
type File struct {
	Path string
	Body []byte
}

var word = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

func stages() []string { return []string{"discover", "decide", "build", "test", "ship", "evaluate"} }

// Files returns the files of a new contract, the contract first.
func Files(s Spec) ([]File, error) {
	const op = "contract.new"
	for _, p := range []struct{ what, value string }{{"the id", s.ID}, {"a role", s.FromRole}, {"a role", s.ToRole}} {
		if !word.MatchString(p.value) {
			return nil, fault.New(fault.Invalid, op, "%s is %q, expected lower-case words joined by hyphens, such as risk-note", p.what, p.value)
		}
	}
	for _, stage := range []string{s.FromStage, s.ToStage} {
		if !slices.Contains(stages(), stage) {
			return nil, fault.New(fault.Invalid, op, "there is no stage %q; there are %s", stage, strings.Join(stages(), ", "))
		}
	}
	var out []File
	for _, f := range []struct{ from, to string }{
		{"contract.yaml", s.ID + ".yaml"},
		{"schema.json", "schema/" + s.ID + ".json"},
		{"good.yaml", "examples/" + s.ID + "/good.yaml"},
		{"without-title.yaml", "examples/" + s.ID + "/without-title.yaml"},
		{"two-points.yaml", "examples/" + s.ID + "/two-points.yaml"},
		{"not-this.yaml", "examples/" + s.ID + "/not-this.yaml"},
	} {
		text, err := fs.ReadFile(files, "files/"+f.from)
		if err != nil {
			return nil, fault.Wrap(err, fault.Internal, op, "the skeleton is incomplete")
		}
		t, err := template.New(f.from).Delims("<<", ">>").Parse(string(text))
		if err != nil {
			return nil, fault.Wrap(err, fault.Internal, op, "the skeleton cannot be read")
		}
		var b strings.Builder
		if err := t.Execute(&b, s); err != nil {
			return nil, fault.Wrap(err, fault.Internal, op, "the skeleton cannot be written")
		}
		out = append(out, File{Path: f.to, Body: []byte(b.String())})
	}
	return out, nil
}
