package targettest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"roleos/internal/target/targettest"
)

const published = "../../docs/crash-matrix.md"

// documentEnv names the file that the rows in MatrixEnv's file are written to as Markdown.
const documentEnv = "ROLEOS_TEST_CRASH_DOCUMENT"

// TestWriteTheMatrix is the second half of .ci/crash-matrix.
func TestWriteTheMatrix(t *testing.T) {
	to, from := os.Getenv(documentEnv), os.Getenv(targettest.MatrixEnv)
	if to == "" || from == "" {
		t.Skipf("%s and %s name no files; .ci/crash-matrix sets them", documentEnv, targettest.MatrixEnv)
	}
	raw, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := targettest.ReadRows(raw)
	if err != nil || len(rows) == 0 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	machine := fmt.Sprintf("%s/%s with %d cores", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	if err := os.WriteFile(to, []byte(targettest.Matrix(rows, machine)), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestMatrixSaysWhatWasCounted(t *testing.T) {
	raw := `{"target":"git","ledger":"SQLite","points":4,"tried":4,"kills":7,"happened":1,"not":2,"exact":3,"unknown":1,"effects":9,"planned":9,"seconds":1.4}
{"target":"files","ledger":"SQLite","points":10,"tried":2,"kills":4,"exact":1,"effects":7,"planned":6,"seconds":0.6}
{"target":"files","ledger":"PostgreSQL","points":10,"tried":2,"kills":4,"exact":2,"effects":6,"planned":6,"seconds":2}
`
	rows, err := targettest.ReadRows([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	got := targettest.Matrix(rows, "a machine")
	want := `| files | PostgreSQL | 10 | 2 | 4 | 0 | 0 | 2 | 1.000 | 0 | 2 |
| files | SQLite | 10 | 2 | 4 | 0 | 0 | 1 | 1.167 | 0 | 1 |
| git | SQLite | 4 | 4 | 7 | 1 | 2 | 3 | 1.000 | 1 | 1 |
| all |  | 24 | 8 | 15 | 1 | 2 | 6 | 1.048 | 1 | 4 |

This is a short form: 8 of 24 points were tried, evenly spread. Measured on a machine.
`
	if !strings.Contains(got, want) {
		t.Errorf("got\n%s\nwant in it\n%s", got, want)
	}
	if _, err := targettest.ReadRows([]byte("{\n")); err == nil {
		t.Error("half a row is read")
	}
}

// What is published was measured in full and shows what it claims.
func TestPublishedMatrix(t *testing.T) {
	raw, err := os.ReadFile(filepath.FromSlash(published))
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for l := range strings.Lines(string(raw)) {
		cells := strings.Split(l, "|")
		if len(cells) != 13 || strings.Contains(l, "---") || strings.Contains(l, "effects per grant") {
			continue
		}
		rows++
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		points, tried, exact, perGrant, unknown := cells[3], cells[4], cells[8], cells[9], cells[10]
		if points != tried || tried != exact || perGrant != "1.000" || unknown != "0" {
			t.Errorf("published: %s", l)
		}
	}
	if rows < 3 || !strings.Contains(string(raw), "Every point of every target was tried.") {
		t.Errorf("%d rows published, or not of the full form", rows)
	}
}
