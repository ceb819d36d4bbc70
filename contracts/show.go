package contracts

import (
	"fmt"
	"strings"

	"roleos/contracts/gate"
)

// Show writes the contract as the Markdown page that both sides would sign:
// what is asked, what happens when it is not met, and how each gate is checked.
func Show(c *HandoffContract) string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("# Handoff contract: %s, version %s\n", c.ID, c.Version)
	if c.Purpose != "" {
		p("%s\n", strings.TrimSpace(c.Purpose))
	}
	p("| | role | stage |\n|---|---|---|\n| gives | %s | %s |\n| takes | %s | %s |\n", cell(c.From.Role), c.From.Stage, cell(c.To.Role), c.To.Stage)
	p("| governance | |\n|---|---|\n| workflow owner | %s |\n| source of truth | %s |\n| service level | %s |\n| audit trail | %s |\n",
		cell(c.Governance.WorkflowOwner), cell(c.Governance.SourceOfTruth), cell(c.Governance.ServiceLevel), cell(c.Governance.AuditTrail))
	if c.Tightens != "" {
		p("It adds to `%s`, all of whose gates hold.\n", c.Tightens)
	}
	for _, part := range []struct {
		of    Enforcement
		title string
	}{{Deny, "What has to hold before the draft crosses"}, {Warn, "What the reviewer is told"}, {Audit, "What is only recorded"}} {
		n := 0
		for _, g := range c.Gates {
			if g.Enforcement != part.of {
				continue
			}
			if n++; n == 1 {
				p("## %s\n", part.title)
			}
			p("%d. **%s** (%s)", n, strings.TrimSpace(g.Says), g.ID)
			p("   - checked: %s", how(g))
			p("   - if not: %s", strings.TrimSpace(g.Mend))
		}
		if n > 0 {
			p("")
		}
	}
	if len(c.SLA) > 0 {
		p("## Clocks\n\nA clock reminds and escalates. It never approves: silence is not consent.\n")
		p("| from | until | by | within | then |\n|---|---|---|---|---|")
		for _, s := range c.SLA {
			p("| %s | %s | %s | %s | %s |", cell(s.On), cell(s.Expect), cell(s.By), cell(s.Within), cell(s.Then))
		}
		p("")
	}
	if len(c.Preferences) > 0 {
		p("## Preferences\n\nWished for, and not checked.\n")
		for _, s := range c.Preferences {
			p("- %s", strings.TrimSpace(s))
		}
		p("")
	}
	p("## Signed\n\n| role | name | date |\n|---|---|---|\n| %s | | |\n| %s | | |\n", cell(c.From.Role), cell(c.To.Role))
	p("Contract `%s`, `%s`.", c.Name(), c.Digest())
	return b.String()
}

// how says in a phrase what a gate's check looks at.
func how(g Gate) string {
	over := make([]string, len(g.Over))
	for i, o := range g.Over {
		over[i] = "`" + o + "`"
	}
	places := strings.Join(over, ", ")
	switch g.Check {
	case gate.CheckSchema:
		return "against the JSON Schema; no key may occur twice"
	case gate.CheckQuotes:
		return "each quote at " + places + " against the bytes of its record"
	case gate.CheckFigures:
		return "each number has a figure, and each figure is computed again from the records"
	case gate.CheckPartition:
		return "the ids at " + places + " against the records"
	}
	if g.Kind == gate.Threshold {
		s := "each number at " + places
		if g.AtLeast != nil {
			s += fmt.Sprintf(" is at least %v", *g.AtLeast)
		}
		if g.AtMost != nil {
			s += fmt.Sprintf(" is at most %v", *g.AtMost)
		}
		return s
	}
	expr := "`" + strings.Join(strings.Fields(g.CEL), " ") + "`"
	if places != "" {
		return "for each `it` at " + places + ": " + expr
	}
	return expr
}

func cell(s string) string { return strings.ReplaceAll(strings.TrimSpace(s), "|", `\|`) }
