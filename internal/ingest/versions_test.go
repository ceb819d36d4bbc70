package ingest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"roleos/internal/ingest"
)

const sampleNotes = `# Sample notes of the card team

## Delivery

**Ada Sample:** We should add a delivery tracker to the card page.

**Ben Example:** Customers ask every week where their card is.

**Ada Sample:** The letter could show the expected date as well.

**Cleo Test:** The tracker costs too much for what it does.

**ACTION 12.1:** Ben to ask the card factory for its dates.
`

func TestTwoVersionsOfNotesAreNoticed(t *testing.T) {
	dir := t.TempDir()
	other := "# Sample notes\n\n**Ada Sample:** The rates page loads slowly in the morning.\n\n**Ben Example:** We moved the rates to another service.\n\n**Ada Sample:** It was faster after that for most people.\n"
	for name, text := range map[string]string{"a.md": sampleNotes, "b.md": strings.Replace(sampleNotes, "every week", "each week", 1), "c.md": other} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		files []string
		want  int
	}{{[]string{"a.md", "b.md"}, 1}, {[]string{"a.md", "c.md"}, 0}} {
		var paths []string
		for _, f := range c.files {
			paths = append(paths, filepath.Join(dir, f))
		}
		r, err := ingest.Read(t.Context(), paths, ingest.Options{Redact: true})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, f := range r.Findings {
			if f.Kind == "same_meeting" {
				n++
			}
		}
		if n != c.want {
			t.Errorf("%v: %d warnings, want %d", c.files, n, c.want)
		}
		for _, rec := range r.Records {
			if strings.HasPrefix(rec.Origin.Speaker, "ACTION") {
				t.Errorf("%q speaks", rec.Origin.Speaker)
			}
		}
	}
}
