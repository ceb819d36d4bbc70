package app_test

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"roleos/config"
	"roleos/internal/app"
	"roleos/internal/artefact"
	"roleos/internal/evidence"
	"roleos/internal/handoff"
)

// TestRealFeedbackIsGrounded runs the Feedback River over every file of real
// feedback beside the project and looks, apart from the contract that passed,
// for each quote in its row and for each record in exactly one place.
func TestRealFeedbackIsGrounded(t *testing.T) {
	const folder = "../../../shared/data/feedback"
	var files []string
	for _, pattern := range []string{"*.csv", "*.json", "samples_315/*.csv", "app_reviews/*"} {
		found, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			if !strings.HasSuffix(f, ".labels.csv") {
				files = append(files, f)
			}
		}
	}
	if len(files) == 0 {
		t.Skip("SKIPPED: no real feedback at ../shared/data/feedback")
	}
	if testing.Short() { // a few of them, large and small; all takes minutes under the race detector
		var few []string
		for i, f := range files {
			if info, err := os.Stat(f); i%5 == 0 && err == nil && info.Size() < 150_000 {
				few = append(few, f)
			}
		}
		files = few
	}
	cfg, _, err := config.Load(config.Options{Workspace: t.TempDir(), User: "tester"})
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), app.Options{Config: cfg})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close() //nolint:errcheck // the workspace is thrown away
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			o, err := a.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Paths: []string{file}})
			if err != nil {
				t.Fatal(err)
			}
			v, err := a.View(t.Context(), o.Draft.ID, 0)
			if err != nil {
				t.Fatal(err)
			}
			if o.Draft.State != handoff.Validated {
				t.Errorf("the draft is %s; gates: %+v", o.Draft.State, v.Gates)
			}
			grounded(t, v.Synthesis, v.Records)
			if strings.HasSuffix(file, ".csv") {
				inTheFile(t, file, v.Synthesis)
			}
		})
	}
}

func grounded(t *testing.T, s artefact.FeedbackSynthesis, record func(string) (evidence.Record, bool)) {
	t.Helper()
	where := map[string]int{}
	for _, th := range s.Themes {
		if th.Count != len(th.RecordIDs) {
			t.Errorf("theme %s counts %d, lists %d", th.ID, th.Count, len(th.RecordIDs))
		}
		for _, id := range th.RecordIDs {
			where[id]++
		}
		for _, q := range th.Quotes {
			r, ok := record(q.RecordID)
			if !ok || r.Text[q.Start:q.End] != q.Text {
				t.Errorf("theme %s: quote %q is not in record %s", th.ID, q.Text, q.RecordID)
			}
		}
	}
	for _, id := range s.Unassigned {
		where[id]++
	}
	for id, n := range where {
		if n != 1 {
			t.Errorf("record %s stands in %d places", id, n)
		}
	}
	if len(where) != s.Summary.Records {
		t.Errorf("%d records stand somewhere, the summary says %d", len(where), s.Summary.Records)
	}
}

// inTheFile looks for the quotes in the file itself, without anything of ours
// but the row: what is masked cannot be found there and must say so.
func inTheFile(t *testing.T, path string, s artefact.FeedbackSynthesis) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // read only
	reader := csv.NewReader(f)
	reader.FieldsPerRecord = -1
	rows, err := reader.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var cells strings.Builder
	for _, row := range rows {
		cells.WriteString(strings.Join(row, "\x00") + "\x00")
	}
	all := cells.String()
	for _, th := range s.Themes {
		for _, q := range th.Quotes {
			if !strings.Contains(q.Text, "*]") && !strings.Contains(all, q.Text) {
				t.Errorf("%q stands in no cell of the file", q.Text)
			}
		}
	}
}

// TestTheSynthesisIsTheSameBytesEveryTime holds two runs against each other.
func TestTheSynthesisIsTheSameBytesEveryTime(t *testing.T) {
	cfg, _, err := config.Load(config.Options{Workspace: t.TempDir(), User: "tester"})
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), app.Options{Config: cfg})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close() //nolint:errcheck // the workspace is thrown away
	var bodies [2]string
	for i := range bodies {
		o, err := a.Run(t.Context(), app.RunRequest{Agent: "feedback-river", Sample: true})
		if err != nil {
			t.Fatal(err)
		}
		v, err := a.View(t.Context(), o.Draft.ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		body, err := json.Marshal(v.Synthesis)
		if err != nil {
			t.Fatal(err)
		}
		bodies[i] = string(body)
	}
	if bodies[0] != bodies[1] {
		t.Error("two runs over the same input differ")
	}
}
