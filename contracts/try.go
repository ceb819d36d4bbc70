package contracts

import (
	"context"
	"slices"
)

// Trial is what a contract says about one of its examples.
type Trial struct {
	Name    string // path of the example
	Says    string // what it shows
	Subject Subject
	Result  Result
	Passes  []string // ids of the gates that have to pass on it
	Fails   []string // ids of the gates that have to refuse it
	Err     error    // it cannot be used; the rest is empty
}

// Wanted reports whether every gate that names the example says what it has to.
func (t Trial) Wanted() bool {
	return t.Err == nil && !slices.ContainsFunc(t.Result.Gates, func(g GateResult) bool { return t.Off(g) })
}

// Off reports whether a gate does not say of the example what it has to.
func (t Trial) Off(g GateResult) bool {
	return slices.Contains(t.Passes, g.ID) && g.Status != Passed ||
		slices.Contains(t.Fails, g.ID) && g.Status != Failed && g.Status != Waiting
}

// Try runs every example that c's gates name through all of its gates, in the
// order in which they are first named.
func Try(ctx context.Context, c *HandoffContract) []Trial {
	var out []Trial
	l := &linter{c: c, examples: map[*byte]map[string]*Example{}}
	seen := map[*byte]map[string]int{}
	for _, g := range c.Gates {
		file := &g.src.data[0]
		if seen[file] == nil {
			seen[file] = map[string]int{}
		}
		for _, name := range []string{g.PassesOn, g.FailsOn} {
			i, ok := seen[file][name]
			if !ok {
				i = len(out)
				seen[file][name] = i
				t := Trial{Name: name}
				e, err := loadExample(g.src.files, name, maxBases, l.known(g))
				if err == nil {
					t.Says = e.Says
					t.Subject, err = e.Subject()
				}
				if t.Err = err; err == nil {
					t.Result = Check(ctx, c, t.Subject)
				}
				out = append(out, t)
			}
			if name == g.PassesOn {
				out[i].Passes = append(out[i].Passes, g.ID)
			} else {
				out[i].Fails = append(out[i].Fails, g.ID)
			}
		}
	}
	return out
}
