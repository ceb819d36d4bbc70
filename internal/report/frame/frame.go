package frame

import (
	_ "embed" // the section on checks
	"fmt"
	"strings"
	"time"

	"roleos/internal/report/say"
)

// Frame is what is known of a draft beside its artefact. The zero value of every
// field is allowed; what is missing is left out.
type Frame struct {
	Draft     string    // id: "fs-3f2a91c0"
	Revision  string    // number: "2"
	Digest    string    // of the revision's bytes: "sha256:..."
	State     string    // as in handoff: "validated", "in_review", ...
	Mode      string    // how the agent worked: "autonomous" or "coordinated"
	ModeWhy   string    // a sentence that says why it worked so; may be empty
	Said      string    // the reviewer's last words
	Generated time.Time // when the revision was made
	Gates     []Gate
	Next      []string // exact next commands, the first is the one to take
	Solo      bool     // author and reviewer may be the same person
}

// Gate is the result of one check of the contract.
type Gate struct {
	ID, Says, Status string // Status: passed, failed, error, skipped, warned (did not pass, and cannot stop the draft)
	Where, Observed  string
	Mend             string
}

// Passed reports whether the gate let the draft through.
func (g Gate) Passed() bool { return g.Status == "passed" }

// Mark is a sign for the gate's outcome: "x" for what stops a draft only.
func (g Gate) Mark() string {
	switch g.Status {
	case "passed":
		return "✓"
	case "warned":
		return "!"
	case "skipped":
		return "–"
	}
	return "x"
}

// SampleNote marks what was made from the embedded sample.
const SampleNote = "Sample data, written for demonstration. It is not feedback from real customers."

// Standing says where the draft is on its way and what it waits for.
func (f *Frame) Standing() string {
	if f.ModeWhy != "" {
		return f.standing() + " " + f.ModeWhy
	}
	return f.standing()
}

func (f *Frame) standing() string {
	switch f.State {
	case "drafted":
		if t := f.Tally(); len(f.Gates) > 0 && len(t.Failed) == 0 {
			return "Changes were requested. Edit it, then approve."
		}
		return "Drafted. Its contract has not passed, so it is not ready for review."
	case "validated", "in_review":
		if n := len(f.Tally().Waiting); n > 0 {
			return "It waits for a person's word on " + say.Plural(n, "gate", "gates") + " before anybody can approve it."
		}
		if f.State == "in_review" {
			return "In review. It waits for the reviewer's verdict."
		}
		return "Validated. It passed its contract and waits for a person's review."
	case "approved":
		return "Approved. Its publication waits for a person's confirmation."
	case "published":
		return "Published. It waits for the next role to acknowledge it."
	case "acknowledged":
		return "Acknowledged by the next role. The work on it has not started."
	case "started":
		return "The next role has started work on it."
	case "closed":
		return "Closed."
	case "rejected":
		return "Rejected by its reviewer."
	case "":
		return "Not stored as a draft."
	}
	return "State: " + f.State + "."
}

// Tally is a contract's gates by outcome.
type Tally struct {
	Passed, Skipped int
	Warned, Failed  []Gate
	Waiting         []Gate // for a person's word
}

// Tally sorts the gates by outcome.
func (f *Frame) Tally() Tally {
	var t Tally
	for _, g := range f.Gates {
		switch {
		case g.Passed():
			t.Passed++
		case g.Status == "skipped":
			t.Skipped++
		case g.Status == "waiting":
			t.Waiting = append(t.Waiting, g)
		case g.Status == "warned":
			t.Warned = append(t.Warned, g)
		default:
			t.Failed = append(t.Failed, g)
		}
	}
	return t
}

// GateLine sums up the contract check in a sentence.
func (f *Frame) GateLine() string {
	t := f.Tally()
	switch {
	case len(f.Gates) == 0:
		return "No contract check is attached."
	case len(t.Failed) > 0:
		return fmt.Sprintf("%d of %s did not pass.", len(t.Failed), say.Plural(len(f.Gates), "contract gate", "contract gates"))
	case len(t.Waiting) > 0:
		verb := "waits"
		if len(t.Waiting) > 1 {
			verb = "wait"
		}
		return fmt.Sprintf("%s passed, %d %s for a person's word.", say.Plural(t.Passed, "contract gate", "contract gates"), len(t.Waiting), verb)
	case len(t.Warned) > 0:
		line := "It passed every gate that can stop it; " + say.Plural(len(t.Warned), "gate warns", "gates warn")
		if t.Skipped > 0 {
			line += fmt.Sprintf(", %d skipped", t.Skipped)
		}
		return line + "."
	case t.Skipped > 0:
		return fmt.Sprintf("%s passed, %d skipped.", say.Plural(t.Passed, "contract gate", "contract gates"), t.Skipped)
	}
	return say.Plural(t.Passed, "contract gate", "contract gates") + " passed, none failed."
}

// Fact is one label with its value.
type Fact struct{ Label, Value string }

// About names the draft for whoever has to find it again.
func (f *Frame) About() []Fact {
	var out []Fact
	if f.Draft != "" {
		d := f.Draft
		if f.Revision != "" {
			d += ", revision " + f.Revision
		}
		out = append(out, Fact{"Draft", d})
	}
	if f.Digest != "" {
		out = append(out, Fact{"Digest", f.Digest})
	}
	return out
}

// Status says how the draft stands, for the line under a title.
func (f *Frame) Status() []Fact {
	var out []Fact
	if f.State != "" {
		out = append(out, Fact{"Status", strings.ReplaceAll(f.State, "_", " ")})
	}
	if f.Mode != "" {
		out = append(out, Fact{"Delegation mode", f.Mode})
	}
	if !f.Generated.IsZero() {
		out = append(out, Fact{"Report made", f.Generated.Format("2 Jan 2006, 15:04 MST")})
	}
	return out
}

// Checks is the section on checks, ready for its template.
type Checks struct {
	Line, Standing, Said string
	Solo                 bool
	Gates                []Row
	Next                 []string
}

// Row is one gate of the section.
type Row struct {
	Gate
	OK   bool
	Mark string // ✓, !, – or x
}

// Checks returns the section on checks.
func (f *Frame) Checks() Checks {
	c := Checks{Line: f.GateLine(), Standing: f.Standing(), Said: f.Said, Solo: f.Solo, Next: f.Next}
	for _, g := range f.Gates {
		g.Where, g.Observed = strings.TrimSuffix(g.Where, "."), strings.TrimSuffix(g.Observed, ".")
		c.Gates = append(c.Gates, Row{g, g.Passed(), g.Mark()})
	}
	return c
}

//go:embed checks.gohtml
var checks string

// Template returns the template "checks", which shows a Checks.
func Template() string { return checks }
