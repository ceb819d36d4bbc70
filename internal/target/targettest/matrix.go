package targettest

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// MatrixEnv names the variable with the file that Crash adds its rows to.
const MatrixEnv = "ROLEOS_TEST_CRASH_MATRIX"

// Row is what killing processes on one target with one ledger has shown.
type Row struct {
	Target   string  `json:"target"`
	Ledger   string  `json:"ledger"`   // database
	Points   int     `json:"points"`   // in an undisturbed life of the change set
	Tried    int     `json:"tried"`    // of them; each with a target and a ledger of its own
	Kills    int     `json:"kills"`    // processes
	Happened int     `json:"happened"` // interrupted writes that read back as done
	Not      int     `json:"not"`      // and as not done, so that they were done once more
	Exact    int     `json:"exact"`    // of the points tried, those that ended with every effect exactly once
	Unknown  int     `json:"unknown"`  // of the points tried, those that ended with an effect the ledger calls unknown
	Effects  int     `json:"effects"`  // counted at the target, without those of unknown ends
	Planned  int     `json:"planned"`  // what Effects has to be
	Seconds  float64 `json:"seconds"`
}

// add adds what one point has shown.
func (r *Row) add(o Row) {
	r.Tried += o.Tried
	r.Kills += o.Kills
	r.Happened += o.Happened
	r.Not += o.Not
	r.Exact += o.Exact
	r.Unknown += o.Unknown
	r.Effects += o.Effects
	r.Planned += o.Planned
}

// perGrant returns the effects counted for each one granted; 0 when nothing was counted.
func (r Row) perGrant() float64 {
	if r.Planned == 0 {
		return 0
	}
	return float64(r.Effects) / float64(r.Planned)
}

// note appends the row to the file, one line of JSON; an empty name notes nothing.
func (r Row) note(file string) error {
	if file == "" {
		return nil
	}
	raw, err := json.Marshal(r)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(append(raw, '\n')) // one write: packages are tested beside one another
	return errors.Join(err, f.Close())
}

// ReadRows reads the rows that Crash has noted, sorted by target and ledger.
func ReadRows(raw []byte) ([]Row, error) {
	var rows []Row
	lines := bufio.NewScanner(bytes.NewReader(raw))
	for lines.Scan() {
		var r Row
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("row %d of the crash matrix: %w", len(rows)+1, err)
		}
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b Row) int { return cmp.Or(cmp.Compare(a.Target, b.Target), cmp.Compare(a.Ledger, b.Ledger)) })
	return rows, lines.Err()
}

// Matrix writes the rows as the published document. machine says what they were
// measured on.
func Matrix(rows []Row, machine string) string {
	var b strings.Builder
	b.WriteString(matrixHead)
	b.WriteString("| target | ledger | points | tried | kills | settled: done | settled: not done | exactly once | effects per grant | unknown | seconds |\n")
	b.WriteString("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n")
	var all Row
	for _, r := range rows {
		line(&b, r)
		all.add(r)
		all.Points += r.Points
		all.Seconds += r.Seconds
	}
	all.Target = "all"
	line(&b, all)
	full := "Every point of every target was tried."
	if all.Tried < all.Points {
		full = fmt.Sprintf("This is a short form: %d of %d points were tried, evenly spread.", all.Tried, all.Points)
	}
	fmt.Fprintf(&b, "\n%s Measured on %s.\n%s", full, machine, matrixFoot)
	return b.String()
}

func line(b *strings.Builder, r Row) {
	fmt.Fprintf(b, "| %s | %s | %d | %d | %d | %d | %d | %d | %.3f | %d | %.0f |\n",
		r.Target, r.Ledger, r.Points, r.Tried, r.Kills, r.Happened, r.Not, r.Exact, r.perGrant(), r.Unknown, r.Seconds)
}

const matrixHead = `# The crash matrix

What happens to a change set when the process that works on it dies. Measured, and this page written, by
` + "`.ci/crash-matrix`" + `; every number below is counted, none is typed.

`

const matrixFoot = `
## How it is measured

A change set is planned, staged, confirmed and applied by a process of its own, on a real target and a real ledger, both
fresh for every point. A point is a place between two steps: before and after each move of the set or of an effect in the
ledger, before and after each write, and between the steps inside a write where the target has several. An undisturbed
process counts the points first. Then, for each point, a process is killed there with SIGKILL: no deferred call runs and
nothing is flushed. A second process starts on what is left, reads interrupted writes back, goes on, and is killed at the
same distance from its own start, if it lives that long. A third one finishes. Then the effects are counted at the
target itself, not in the ledger.

## How to read it

- **points**: in the life of one change set on this target. **tried**: how many of them a process was killed at.
- **kills**: processes killed; at most two for each point.
- **settled**: writes that were interrupted and settled by reading the target back, as done (not repeated) or as not done
  (then done once).
- **exactly once**: points after which every effect of the set was found exactly once.
- **effects per grant**: effects counted at the target for each effect that was confirmed. More than 1 is a repetition,
  less is a loss. 1.000 everywhere is the claim.
- **unknown**: points after which the ledger says of an effect that it cannot be told. They are left out of the effects per
  grant; at the target such an effect was found once or not at all.
- **seconds**: for the whole row, with two processes for each core.

The target ` + "`lines`" + ` is a file that every write appends to without looking, so that a repeated write cannot hide.

A target that could not run where this was measured has no row: Redmine needs its packages, PostgreSQL a server.

A kill is not a power failure: what the operating system has taken is kept. The ledger is synced at every move; what a
target does against a power failure is its own affair. The default tests try every fifth point, ` + "`go test -short`" + ` every
tenth, and ` + "`ROLEOS_TEST_CRASH=full`" + ` all of them.
`
