package say

import (
	"fmt"
	"slices"
	"strings"

	"roleos/contracts"
)

// Trials says of each example what every gate makes of it, and whether that is
// what the contract's author wanted.
func Trials(c *contracts.HandoffContract, trials []contracts.Trial) string {
	var b strings.Builder
	for _, t := range trials {
		fmt.Fprintf(&b, "%s  %s\n", t.Name, t.Says)
		if t.Err != nil {
			fmt.Fprintf(&b, "  cannot be used: %v\n\n", t.Err)
			continue
		}
		var passed []string
		skipped := 0
		for _, g := range t.Result.Gates {
			if g.Status == contracts.Passed && !t.Off(g) {
				passed = append(passed, g.ID)
				continue
			}
			if g.Status == contracts.Skipped && !t.Off(g) {
				skipped++
				continue
			}
			line := fmt.Sprintf("  %-8s %s%s: %s", g.Status, g.ID, at(g.Where), g.Observed)
			switch {
			case t.Off(g) && slices.Contains(t.Passes, g.ID):
				line += "\n           NOT AS WANTED: the gate says in passes_on that it passes here"
			case t.Off(g):
				line = fmt.Sprintf("  %-8s %s\n           NOT AS WANTED: the gate says in fails_on that it refuses this", g.Status, g.ID)
			case slices.Contains(t.Fails, g.ID):
				line += "  (as wanted)"
			}
			fmt.Fprintln(&b, line)
		}
		if skipped > 0 {
			fmt.Fprintf(&b, "  skipped  %s, which need the form\n", count(skipped, "gate"))
		}
		switch {
		case len(passed) == len(t.Result.Gates):
			fmt.Fprintf(&b, "  passed   all %d gates\n", len(passed))
		case len(passed) > 0:
			fmt.Fprintf(&b, "  passed   %s\n", wrap(strings.Join(passed, ", "), 11))
		}
		fmt.Fprintln(&b)
	}
	off := 0
	for _, t := range trials {
		if !t.Wanted() {
			off++
		}
	}
	if off == 0 {
		fmt.Fprintf(&b, "%s: %s, %s, all as wanted\n", c.Name(), count(len(trials), "example"), count(len(c.Gates), "gate"))
	} else {
		fmt.Fprintf(&b, "%s: %d of %s not as wanted\n", c.Name(), off, count(len(trials), "example"))
	}
	return b.String()
}

func at(where string) string {
	if where == "" {
		return ""
	}
	return " at " + where
}

// Verdict says what each gate makes of one draft.
func Verdict(r contracts.Result) string {
	var b strings.Builder
	for _, g := range r.Gates {
		if g.Status == contracts.Passed {
			fmt.Fprintf(&b, "passed   %s\n", g.ID)
			continue
		}
		fmt.Fprintf(&b, "%-8s %s%s: %s\n         %s\n", g.Status, g.ID, at(g.Where), g.Observed, g.Mend)
		for i, v := range g.Also {
			if i == 3 {
				fmt.Fprintf(&b, "         and %d more\n", g.Count-4)
				break
			}
			fmt.Fprintf(&b, "         also%s: %s\n", at(v.Where), v.Observed)
		}
	}
	switch {
	case r.Passed():
		fmt.Fprintf(&b, "\n%s: the draft passes\n", r.Contract)
	case r.Ready():
		var by []string
		for _, g := range r.Waiting() {
			if g.Enforcement == contracts.Deny && !slices.Contains(by, g.By) {
				by = append(by, g.By)
			}
		}
		fmt.Fprintf(&b, "\n%s: the draft passes every check and waits for %s\n", r.Contract, strings.ReplaceAll(strings.Join(by, " and "), "role:", "a "))
	default:
		fmt.Fprintf(&b, "\n%s: the draft does not pass\n", r.Contract)
	}
	return b.String()
}

// Comparison says what one version changes of another, what breaks first.
func Comparison(c contracts.Comparison) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s -> %s\n", c.From, c.To)
	if len(c.Differences) == 0 {
		fmt.Fprintln(&b, "\nThey say the same.")
		return b.String()
	}
	part := func(title string, of func(contracts.Difference) bool) {
		first := true
		for _, d := range c.Differences {
			if !of(d) {
				continue
			}
			if first {
				fmt.Fprintf(&b, "\n%s\n", title)
				first = false
			}
			if d.Example != "" {
				fmt.Fprintf(&b, "  - seen: %s\n", wrap(d.Says, 4))
				continue
			}
			fmt.Fprintf(&b, "  - %s\n", wrap(d.Where+" "+d.Says, 4))
		}
	}
	has := func(e contracts.Effect) func(contracts.Difference) bool {
		return func(d contracts.Difference) bool { return slices.Contains(d.Effects, e) }
	}
	part("BREAKING: drafts that were accepted may be refused", has(contracts.Rejects))
	part("BREAKING: drafts that were refused may be accepted", has(contracts.Accepts))
	part("BREAKING: drafts go from or to somebody else", has(contracts.Moves))
	part("Added or changed, and stops no draft", has(contracts.Adds))
	part("Only said differently", has(contracts.Words))
	fmt.Fprintln(&b)
	_, was, _ := strings.Cut(c.From, "@")
	_, is, _ := strings.Cut(c.To, "@")
	switch {
	case c.Enough():
		fmt.Fprintf(&b, "This asks for a new %s version, and %s after %s is one. Drafts that wait keep the version they pinned.\n", c.Asks, is, was)
	case was == is:
		fmt.Fprintf(&b, "This asks for a new %s version, and both are called %s: call the new one %s.\n", c.Asks, is, next(was, c.Asks))
	default:
		fmt.Fprintf(&b, "This asks for a new %s version: %s after %s, and not %s.\n", c.Asks, next(was, c.Asks), was, is)
	}
	return b.String()
}

// next returns the least version after v with the part moved up.
func next(v string, by contracts.Bump) string {
	var major, minor, patch int
	if _, err := fmt.Sscanf(v, "%d.%d.%d", &major, &minor, &patch); err != nil {
		return "a later one"
	}
	switch by {
	case contracts.Major:
		return fmt.Sprintf("%d.0.0", major+1)
	case contracts.Minor:
		return fmt.Sprintf("%d.%d.0", major, minor+1)
	case contracts.Patch, contracts.NoBump:
	}
	return fmt.Sprintf("%d.%d.%d", major, minor, patch+1)
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// wrap breaks lines at 100 columns; further lines are indented.
func wrap(s string, indent int) string {
	const width = 100
	var b strings.Builder
	at := indent
	for i, w := range strings.Fields(s) {
		n := len([]rune(w))
		switch {
		case i == 0:
		case at+1+n > width:
			fmt.Fprintf(&b, "\n%s", strings.Repeat(" ", indent))
			at = indent
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(w)
		at += n
	}
	return b.String()
}
