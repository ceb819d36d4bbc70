package app

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"roleos/config"
	"roleos/internal/fault"
)

// starter is the roleos.yaml of a new workspace: the settings that people change
// first. Every other key and its default: roleos config show.
const starter = `# Settings of this workspace. All keys: roleos config show
workspace:
  name: %NAME%

# Personal data is masked before anything is read. The originals stay in the local store.
privacy:
  redact: true

# How issues are ranked. Only the proportion of the weights counts.
prioritisation:
  weights: {reach: 0.35, intensity: 0.25, growth: 0.15, segment_weight: 0.10, confidence: 0.15}
  # Segments that count more than others, for example:
  # segment_weights: {"plan=enterprise": 2}

# solo: one person drafts and approves, and every record says so.
# team: who wrote a revision does not approve it.
review:
  mode: solo
`

func starterFor(name string) string {
	quoted, err := json.Marshal(name) // a JSON string is a YAML string
	if err != nil {
		quoted = []byte(`""`)
	}
	return strings.Replace(starter, "%NAME%", string(quoted), 1)
}

// InitWorkspace makes dir a workspace and returns what it made. What exists is left alone.
func InitWorkspace(dir string) ([]string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	var made []string
	for _, d := range []string{".", "context", "contracts"} {
		path := filepath.Join(abs, d)
		if exists(path) {
			continue
		}
		if err := os.MkdirAll(path, 0o755); err != nil {
			return made, fault.Wrap(err, fault.Invalid, "app.init", "cannot make the folder %s", path)
		}
		made = append(made, filepath.Join(dir, d)+string(filepath.Separator))
	}
	files := []struct{ name, text string }{
		{config.FileName, starterFor(filepath.Base(abs))},
		{".gitignore", "/.roleos/\n/reports/\n"},
	}
	for _, f := range files {
		path := filepath.Join(abs, f.name)
		w, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return made, fault.Wrap(err, fault.Invalid, "app.init", "cannot write %s", path)
		}
		_, err = w.WriteString(f.text)
		if err := errors.Join(err, w.Close()); err != nil {
			return made, err
		}
		made = append(made, filepath.Join(dir, f.name))
	}
	return made, nil
}
